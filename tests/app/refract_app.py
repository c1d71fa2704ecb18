# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the running program share: it is started with a home of its own, seen through AT-SPI, and driven
by mouse and keyboard. Widgets are told apart by their ids in the Blueprint files."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

warnings.simplefilter("ignore")
try:
    import gi

    gi.require_version("Atspi", "2.0")
    from gi.repository import Atspi, GLib
except (ImportError, ValueError) as error:
    print(error)
    sys.exit(77)

PROGRAM = os.environ["REFRACT_DESKTOP"]
SOURCE = os.environ["REFRACT_DATA_DIR"]
MODEL = os.path.join(SOURCE, "data", "demo", "model.gguf")
LEGACY = os.path.join(SOURCE, "tests", "data", "legacy-v0.3.1-gemma26b.json")
HAS_ENGINE = shutil.which("llama-server") is not None and shutil.which("llama-perplexity") is not None

COMPLAINT = re.compile(r"WARNING|CRITICAL|Warning:|runtime error|AddressSanitizer")
# X11 provokes it whenever a popover opens.
KNOWN = re.compile(r"gdk_frame_timings_submitted\(\) called on submitted frame")

State = Atspi.StateType


def states(node):
    return node.get_state_set()


def text_of(node):
    """Name, or what a text widget shows."""
    name = node.get_name()
    if not name and node.get_text_iface() is not None:
        name = Atspi.Text.get_text(node, 0, -1)
    return name or ""


def children(node):
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield child


def walk(node):
    """The node and all below it; widgets come and go meanwhile."""
    yield node
    try:
        for child in children(node):
            yield from walk(child)
    except GLib.Error:
        pass


def matches(node, id=None, role=None, name=None, state=None, usable=False):
    try:
        return ((id is None or node.get_accessible_id() == id)
                and (role is None or node.get_role_name() == role)
                and (name is None or re.search(name, text_of(node)) is not None)
                and (state is None or states(node).contains(state))
                and (not usable or states(node).contains(State.SHOWING) and states(node).contains(State.SENSITIVE)))
    except GLib.Error:
        return False


class App:
    """The running program."""

    def __init__(self, home, *arguments, env=None):
        self.log = open(os.path.join(home, "stderr"), "a+b")
        self.process = subprocess.Popen([PROGRAM, *arguments], env={**app_environment(home), **(env or {})},
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        self.frame = None
        self.window_id = None

    @classmethod
    def of(cls, home, pid):
        """The program that runs as process `pid`."""
        self = cls.__new__(cls)
        self.log = open(os.path.join(home, "stderr"), "a+b")
        self.process, self.frame, self.window_id = Started(pid), None, None
        return self

    def stderr(self):
        with open(self.log.name, errors="replace") as file:
            return file.read()

    def node(self):
        desktop = Atspi.get_desktop(0)
        for child in children(desktop):
            try:
                if child.get_process_id() == self.process.pid:
                    return child
            except GLib.Error:
                pass
        return None

    def wait_for_window(self, seconds=20):
        self.frame = wait(lambda: next((n for n in children(self.node() or Atspi.get_desktop(0))
                                        if n.get_role_name() == "frame"), None) if self.node() else None,
                          seconds, "the window")
        self.window_id = wait(self._visible_window, seconds, "the X window")
        xdotool("mousemove", "--window", self.window_id, "300", "300", "windowfocus", "--sync", self.window_id)
        return self

    def _visible_window(self):
        return next(iter(reversed(self.visible_windows())), None)

    def visible_windows(self):
        return subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)],
                              capture_output=True, text=True).stdout.split()

    def all(self, **selector):
        return [node for node in walk(self.frame) if matches(node, **selector)]

    def find(self, seconds=10, **selector):
        """The first widget that is shown; the ids are those of the Blueprint files."""
        selector.setdefault("state", State.SHOWING)
        return wait(lambda: next(iter(self.all(**selector)), None), seconds, str(selector), self)

    def gone(self, seconds=10, **selector):
        selector.setdefault("state", State.SHOWING)
        wait(lambda: not self.all(**selector), seconds, f"the end of {selector}", self)

    @staticmethod
    def box(node):
        """In the window's picture, its frame included."""
        return node.get_extents(Atspi.CoordType.WINDOW)

    def too_wide(self, width):
        """What does not fit; a node that has no place says nonsense."""
        return [text_of(n) for n in self.all(state=State.SHOWING)
                if n.get_component_iface() is not None and width + 20 < self.box(n).width < 1 << 20]

    def point(self, node):
        """Where a widget's middle is, in the window's picture."""
        box, frame = self.box(node), self.box(self.frame)
        return str(box.x - frame.x + box.width // 2), str(box.y - frame.y + box.height // 2)

    def click(self, node=None, **selector):
        node = node if node is not None else self.find(**selector)
        wait(lambda: states(node).contains(State.SENSITIVE), 10, "a widget that can be clicked")
        xdotool("mousemove", "--window", self.window_id, *self.point(node), "click", "1")
        return node

    def do(self, node=None, **selector):
        """A widget's own action: what is in a popover has no place in the window's picture."""
        node = node if node is not None else self.find(**selector)
        node.do_action(0)
        return node

    def press(self, *keys):
        # xdotool adds Alt to F10 by its name.
        xdotool("key", "--delay", "20", *(key if key != "F10" else "76" for key in keys))

    def type(self, text):
        xdotool("type", "--delay", "2", text)

    def focused(self):
        return next(iter(self.all(state=State.FOCUSED)), None)

    def tab_to(self, condition, limit=60):
        """Tabs on until the focused widget is the one wanted."""
        seen = []
        for _ in range(limit):
            node = self.focused()
            if node is not None and condition(node):
                return node
            seen.append(f"{node.get_role_name()} {text_of(node)!r}" if node is not None else "?")
            self.press("Tab")
            end = time.monotonic() + (2 if node is not None else 0.3) # an AdwSpinRow does not say that it has the focus
            while self.focused() == node and time.monotonic() < end:
                time.sleep(0.02)
        raise AssertionError(f"not in the Tab order: {seen}")

    def act(self, action, node=None):
        """An action by its name, such as win.new-audit."""
        node = node or self.frame
        names = [node.get_action_name(i) for i in range(node.get_n_actions())]
        node.do_action(names.index(action))

    def resize(self, width, height):
        xdotool("windowsize", self.window_id, str(width), str(height))
        wait(lambda: abs(self.box(self.frame).width - width) <= 20, 5, "the new size")

    def tree(self):
        """For a failure's message."""
        lines = []

        def add(node, depth):
            try:
                shown = states(node).contains(State.SHOWING)
                if shown:
                    lines.append("  " * depth + f"{node.get_role_name()} {text_of(node)!r} #{node.get_accessible_id()}")
                for child in children(node):
                    add(child, depth + shown)
            except GLib.Error:
                pass

        if self.frame is not None:
            add(self.frame, 0)
        return "\n".join(lines)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Started:
    """A program that somebody else has started, as far as App asks one."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        return None if os.path.isdir(f"/proc/{self.pid}") else 0

    def wait(self, seconds=10):
        wait(lambda: self.poll() == 0, seconds, "the program's end")
        return 0

    def terminate(self):
        os.kill(self.pid, signal.SIGTERM)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)


def app_environment(home):
    env = {k: v for k, v in os.environ.items() if k not in ("GTK_A11Y", "G_TEST_SRCDIR", "G_TEST_BUILDDIR")}
    runtime = os.path.join(home, "run")
    os.makedirs(runtime, mode=0o700, exist_ok=True)
    env.update(HOME=home, XDG_DATA_HOME=f"{home}/data", XDG_STATE_HOME=f"{home}/state",
               XDG_CACHE_HOME=f"{home}/cache", XDG_CONFIG_HOME=f"{home}/config", XDG_RUNTIME_DIR=runtime, TMPDIR=runtime,
               GSETTINGS_BACKEND="keyfile", G_DEBUG="fatal-criticals", ASAN_OPTIONS="detect_leaks=0")
    return env


def reports(home):
    folder = os.path.join(home, "data", "refract", "reports")
    return [name for name in os.listdir(folder) if name.endswith(".refract.json")] if os.path.isdir(folder) else []


def xdotool(*arguments):
    subprocess.run(["xdotool", *arguments], check=True)


def wait(condition, seconds, what, app=None):
    """What `condition` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except GLib.Error:
            value = None
        if value:
            return value
        if app is not None and app.process.poll() is not None:
            raise AssertionError(f"the program ended ({app.process.returncode}): {app.stderr()}")
        if time.monotonic() > end:
            raise AssertionError(f"no {what} in {seconds} s" + (f"\n{app.tree()}\n{app.stderr()}" if app else ""))
        time.sleep(0.02)


class AppTest(unittest.TestCase):
    """One home for each test; every program started with start() is ended, and has said nothing on stderr."""

    maxDiff = None

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="refract-app-")
        self.apps = []
        self.expected_complaints = None

    def start(self, *arguments, env=None):
        app = App(self.home, *arguments, env=env)
        self.apps.append(app)
        return app.wait_for_window()

    def adopt(self, pid):
        self.apps.append(App.of(self.home, pid))
        return self.apps[-1].wait_for_window()

    def tearDown(self):
        for app in self.apps:
            app.stop()
        complaints = []
        if self.apps:
            with open(os.path.join(self.home, "stderr"), errors="replace") as file:
                complaints = [line for line in file if COMPLAINT.search(line) and not KNOWN.search(line)]
        shutil.rmtree(self.home, ignore_errors=True)
        self.assertEqual(complaints, [])

    def wizard(self, app):
        """From the window to the page where an audit is started."""
        app.click(name="^New Audit$", role="button")
        app.click(name="^Use the Demo Model$")
        for step in (2, 3, 4, 5):
            self.next(app)
            app.find(name=f"^Step {step} of 5$", role="label")
            self.assertNamed(app)
        return app.find(name="^Start Audit$", role="button", usable=True, seconds=30)

    def next(self, app):
        app.click(app.find(name="^Next$", role="button", usable=True, seconds=30))

    def assertNamed(self, app):
        """Whatever the keyboard can reach says what it is."""
        nameless = [f"{n.get_role_name()} #{n.get_accessible_id()}" for n in app.all(state=State.FOCUSABLE)
                    if states(n).contains(State.SHOWING) and n.get_role_name() not in UNNAMED
                    and not text_of(n) and not labelled(n)]
        self.assertEqual(nameless, [])


# Containers that take the focus only to hand it on, and what has its text in itself.
UNNAMED = ("frame", "scroll pane", "label", "panel", "filler", "viewport", "page tab list", "list")


def labelled(node):
    # What an AdwComboRow shows of its choice: the row has the name.
    if node.get_parent().get_accessible_id() == "current":
        return True
    # An AdwExpanderRow hands the focus to the row that is its head.
    if any(n.get_accessible_id() == "action_row" and text_of(n) for n in walk(node)):
        return True
    return any(r.get_relation_type() == Atspi.RelationType.LABELLED_BY for r in node.get_relation_set())


def main():
    signal.signal(signal.SIGTERM, lambda *a: sys.exit(1))
    unittest.main(verbosity=2)
