# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, driven over two pipes: no port, no network, nothing but the standard library."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
SECONDS = 60  # for any one answer, on a machine that has much else to do


class Chromium:
    """The browser; a context manager."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="refract-chromium-")
        self.buffer = b""
        self.id = 0
        self.events = []
        to_browser, self.writing = os.pipe()
        self.reading, from_browser = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec 3<&{to_browser} 4>&{from_browser} "$@"', "sh", PROGRAM, "--disable-gpu", "--headless",
             "--remote-debugging-pipe", f"--user-data-dir={self.folder}", "--no-first-run", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--disable-background-networking", "--allow-file-access-from-files=false"]
            + (["--no-sandbox"] if os.geteuid() == 0 else []),
            pass_fds=(to_browser, from_browser), stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except (OSError, AssertionError):
            pass
        os.close(self.writing)
        os.close(self.reading)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def receive(self, end):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self.reading, 1 << 20)
            assert data, "the browser is gone"
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.id += 1
        message = {"id": self.id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writing, data):]
        end = time.monotonic() + SECONDS
        while True:
            answer = self.receive(end)
            if answer.get("id") == self.id:
                assert "error" not in answer, f"{method}: {answer.get('error')}"
                return answer["result"]
            self.events.append(answer)

    def page(self, **options):
        return Page(self, **options)


class Page:
    """A tab of its own. @width, @height: of its window, px"""

    def __init__(self, browser, width=1280, height=800, dark=False):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.emulate(dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def emulate(self, dark, media=""):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def of(self, method):
        """The parameters of the events of this tab that have come."""
        return [event["params"] for event in self.browser.events
                if event.get("sessionId") == self.session and event["method"] == method]

    def wait_for(self, method, before=0):
        """Until more than @before events of this kind have come."""
        end = time.monotonic() + SECONDS
        while len(self.of(method)) <= before:
            self.browser.events.append(self.browser.receive(end))

    def open(self, path):
        loaded = len(self.of("Page.loadEventFired"))
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait_for("Page.loadEventFired", loaded)

    def evaluate(self, expression):
        """The value of a JavaScript expression; of a promise what it resolves to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
                           userGesture=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self):
        """What the console, the policy and the audits of the browser had to say."""
        found = [f"exception: {e['exceptionDetails']}" for e in self.of("Runtime.exceptionThrown")]
        found += [f"console: {e['type']} {e['args']}" for e in self.of("Runtime.consoleAPICalled")]
        found += [f"log: {e['entry']['text']}" for e in self.of("Log.entryAdded")]
        found += [f"issue: {e['issue']}" for e in self.of("Audits.issueAdded")]
        return found

    def requests(self):
        return [e["request"]["url"] for e in self.of("Network.requestWillBeSent")]

    def picture(self, path, whole=True):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        options = {}
        if whole:
            options = {"captureBeyondViewport": True,
                       "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}}
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png", **options)["data"]))

    def pdf(self):
        """The page printed on A4, as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])
