# SPDX-License-Identifier: GPL-3.0-or-later
"""What people come for: an audit from the wizard to its report, stopped and resumed, by mouse and by keyboard; reports
that are imported, found again and filtered. With the real engine, where there is one."""

import json
import os
import unittest

from refract_app import HAS_ENGINE, LEGACY, AppTest, State, children, main, matches, reports, text_of, wait, walk, xdotool

AUDIT_SECONDS = 180


class Library(AppTest):
    def test_import_search_filter(self):
        app = self.start(LEGACY)
        # It opens by itself, in the library and as a page.
        app.find(name="gemma", role="list item")
        self.assertEqual(len(reports(self.home)), 1)
        self.assertNamed(app)

        app.press("ctrl+f")
        app.find(role="entry", state=State.FOCUSED)
        app.type("nothing like it")
        app.find(name="^No Reports Found$")
        app.press("ctrl+a")
        app.type("gemma")
        app.find(name="gemma", role="list item")
        app.press("Escape")

        # The same once more is not a second one.
        app.stop()
        app = self.start(LEGACY)
        app.find(name="in the library already")
        self.assertEqual(len(reports(self.home)), 1)

    def test_import_by_dialog(self):
        """Chosen in GTK's own dialog: no portal is running."""
        app = self.start()
        main_window = app.window_id
        app.press("ctrl+o")
        dialog = wait(lambda: next((n for n in children(app.node()) if n.get_name() == "Import Reports"), None), 20,
                      "the file dialog", app)
        app.window_id = wait(lambda: next((w for w in app.visible_windows() if w != main_window), None), 10,
                             "its window", app)

        def typed():
            # Keys are lost until the dialog is ready for them.
            xdotool("windowfocus", app.window_id)
            app.press("slash", "ctrl+a")
            app.type(LEGACY)
            return any(text_of(n) == LEGACY for n in walk(dialog))

        wait(typed, 60, "the path", app)
        app.window_id = main_window

        def ended():
            # The button may be pressed before the dialog has looked at what was typed: then once more.
            for node in walk(dialog):
                if matches(node, name="^Open$", role="button", usable=True):
                    app.do(node)
            return len(app.visible_windows()) == 1

        wait(ended, 60, "the end of the dialog", app)
        app.find(name="gemma", role="list item", seconds=20)
        self.assertEqual(len(reports(self.home)), 1)
        app.find(id="RefractReportPage")

    def test_filter_by_band(self):
        app = self.start(LEGACY)
        row = app.find(name="gemma", role="list item")
        with open(LEGACY) as file:
            band = json.load(file)["band"].capitalize()
        app.press("ctrl+f")
        app.do(next(n for n in walk(app.find(id="filter_button")) if n.get_role_name() == "toggle button"))
        app.tab_to(lambda node: text_of(node) == band)
        app.press("space")
        app.find(name="^No Reports Found$")
        app.press("Escape")
        app.gone(role="check box")
        app.click(name="^Clear Filters$")
        app.find(name="gemma", role="list item")
        self.assertIsNotNone(row)

    def test_foreign_file(self):
        """What is no report is said, and nothing else happens."""
        path = os.path.join(self.home, "other.json")
        with open(path, "w") as file:
            file.write('{"schema": "something else"}')
        app = self.start(path)
        app.find(name="was not imported")
        self.assertEqual(reports(self.home), [])


@unittest.skipUnless(HAS_ENGINE, "no llama.cpp")
class Audit(AppTest):
    def test_by_mouse(self):
        """Stopped on the way, and resumed."""
        app = self.start()
        app.click(self.wizard(app))
        app.find(name="^Measuring…$", seconds=20)
        self.assertNamed(app)
        wait(lambda: self.measured() > 3, AUDIT_SECONDS, "something measured", app)
        app.click(name="^Stop$", role="button")
        app.click(name="^Resume$", role="button")
        wait(lambda: reports(self.home), AUDIT_SECONDS, "a report", app)
        app.find(name="K q8_0 / V q8_0: .* of 100", role="list item", seconds=20)
        app.find(id="RefractReportPage", seconds=20)
        self.assertNamed(app)

    def measured(self):
        """Lines in the journal."""
        n = 0
        for folder, _, files in os.walk(os.path.join(self.home, "state", "refract", "runs")):
            if "journal.jsonl" in files:
                with open(os.path.join(folder, "journal.jsonl")) as file:
                    n += len(file.readlines())
        return n

    def test_by_keyboard(self):
        """From the start to the report without a mouse, in a narrow window, and what opens is where the focus is."""
        app = self.start()
        app.resize(370, 650)
        app.press("ctrl+n")
        app.find(name="^New Audit$", role="dialog")
        app.tab_to(lambda node: "Use the Demo Model" in text_of(node))
        app.press("Return")
        for step in (2, 3, 4, 5):
            button = app.find(name="^Next$", role="button", usable=True, seconds=30)
            app.tab_to(lambda node: node == button)
            app.press("Return")
            app.find(name=f"^Step {step} of 5$", role="label")
        button = app.find(name="^Start Audit$", role="button", usable=True, seconds=30)
        app.tab_to(lambda node: node == button)
        app.press("Return")
        wait(lambda: reports(self.home), AUDIT_SECONDS, "a report", app)
        app.find(id="RefractReportPage", seconds=20)
        self.assertEqual(app.too_wide(370), [])


if __name__ == "__main__":
    main()
