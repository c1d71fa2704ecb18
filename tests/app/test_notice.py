# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program says without being looked at: the desktop notification at the end of an audit and its button, and
what a screen reader is told."""

import os
import threading
import unittest

from refract_app import HAS_ENGINE, LEGACY, PROGRAM, SOURCE, AppTest, app_environment, main, reports, text_of, wait

from gi.repository import Gio, GLib

AUDIT_SECONDS = 180
NAME = "io.github.refract_desktop.Refract"
FULL = os.path.join(SOURCE, "tests", "data", "full-demo-q4_0.refract.json")
SERVER = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.freedesktop.Notifications">
  <method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
</interface></node>""")


class Listener(threading.Thread):
    """A connection to a bus with a main loop of its own."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address = address
        self.ready = threading.Event()

    def run(self):
        self.context = GLib.MainContext.new()
        self.context.push_thread_default()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.connection = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        self.listen()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.ready.set()
        self.loop.run()
        self.connection.close_sync(None)

    def __enter__(self):
        self.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.quit()
        self.join(10)


class Notifications(Listener):
    """The desktop, as far as notifications go: shows none, keeps them all."""

    def __init__(self, home):
        super().__init__(os.environ["DBUS_SESSION_BUS_ADDRESS"])
        self.home = home
        self.shown = []

    def invoke(self, number, action):
        """The person presses a button of a notification."""
        self.connection.emit_signal(None, "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
                                    "ActionInvoked", GLib.Variant("(us)", (number, action)))

    def activate(self, action, target):
        """What a desktop does for it that remembers only the application's name."""
        self.call("UpdateActivationEnvironment", GLib.Variant("(a{ss})", (app_environment(self.home),)))
        self.connection.call_sync(NAME, "/" + NAME.replace(".", "/"), "org.freedesktop.Application", "ActivateAction",
                                  GLib.Variant("(sava{sv})", (action, [GLib.Variant("s", target)], {})), None, 0, 20000,
                                  None)

    def owner(self):
        return self.call("GetConnectionUnixProcessID", GLib.Variant("(s)", (NAME,))).unpack()[0]

    def call(self, method, parameters):
        return self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
                                         parameters, None, 0, -1, None)

    def listen(self):
        self.connection.register_object("/org/freedesktop/Notifications", SERVER.interfaces[0], self.called, None, None)
        self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                                  GLib.Variant("(su)", ("org.freedesktop.Notifications", 0)), None, 0, -1, None)

    def called(self, connection, sender, path, interface, method, parameters, invocation):
        if method == "Notify":
            invocation.return_value(GLib.Variant("(u)", (len(self.shown) + 1,)))
            self.shown.append(parameters.unpack())
        else:
            invocation.return_value(GLib.Variant("(as)", (["actions", "body"],)) if method == "GetCapabilities" else None)


class Announcements(Listener):
    """A screen reader, as far as it is spoken to."""

    def __init__(self):
        session = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        super().__init__(session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0,
                                           -1, None).unpack()[0])
        self.said = []

    def listen(self):
        self.connection.signal_subscribe(None, "org.a11y.atspi.Event.Object", "Announcement", None, None, 0,
                                         lambda *signal: self.said.append(str(signal[5].unpack())))


class Notice(AppTest):
    @unittest.skipUnless(HAS_ENGINE, "no llama.cpp")
    def test_notification(self):
        """The window is closed while an audit runs; at its end a notification has a button for the report."""
        with Notifications(self.home) as desktop:
            app = self.start()
            app.click(self.wizard(app))
            app.find(name="^Measuring…$", seconds=20)
            app.press("ctrl+w")
            app.click(name="^Keep Running$", role="button")
            wait(lambda: app._visible_window() is None, 10, "the window's end", app)
            shown = wait(lambda: desktop.shown, AUDIT_SECONDS, "a notification", app)[0]
            self.assertEqual(shown[3], "Audit Finished")
            self.assertEqual(shown[4], "Demo")
            actions = dict(zip(shown[5][1::2], shown[5][::2]))
            self.assertEqual(set(actions) - {""}, {"Show Report"})
            report = reports(self.home)[0]
            self.assertEqual(actions["Show Report"], f"app.show-report('{report}')")

            # The program waits for the button though it has no window any more.
            desktop.invoke(1, actions["Show Report"])
            app.wait_for_window().find(id="RefractReportPage", seconds=20)
            app.press("ctrl+w")
            self.assertEqual(app.process.wait(20), 0)

            # It has ended: the desktop has the bus start it for the button, as its service file says.
            self.write_service()
            desktop.activate("show-report", report)
            again = self.adopt(desktop.owner())
            again.find(id="RefractReportPage", seconds=20)
            again.press("ctrl+w")
            self.assertEqual(again.process.wait(20), 0)

    def write_service(self):
        folder = os.path.join(os.environ["REFRACT_TEST_SERVICES"], "dbus-1", "services")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(SOURCE, "data", NAME + ".service.in")) as file:
            text = file.read().replace("@bindir@", os.path.dirname(PROGRAM))
        with open(os.path.join(folder, NAME + ".service"), "w") as file:
            file.write(text)

    def test_announcements(self):
        """A chart that is walked through says each of its points."""
        with Announcements() as reader:
            app = self.start(LEGACY)
            app.find(id="RefractReportPage", seconds=20)
            app.tab_to(lambda node: node.get_role_name() == "image" and "score" in text_of(node).lower())
            app.press("Right")
            said = wait(lambda: reader.said, 10, "an announcement", app)
            self.assertRegex(said[-1], r"\d")

    def test_sections(self):
        """Every page of a report says what is on it."""
        app = self.start(FULL)
        app.find(id="RefractReportPage", seconds=20)
        for section, name in (("Trajectory", "Trajectory"), ("KLD@D", "Kld"), ("R-NIAH", "Rniah"), ("PLAD", "Plad"),
                              ("Details", "Details"), ("Overview", "Overview")):
            app.do(name=f"^{section}$", role="page tab")
            app.find(id=f"RefractReport{name}")
            self.assertNamed(app)


if __name__ == "__main__":
    main()
