# SPDX-License-Identifier: GPL-3.0-or-later
"""The window as it opens: its actions, dialogs and keys."""

import subprocess

from refract_app import PROGRAM, AppTest, app_environment, main, wait


class Shell(AppTest):
    def test_quits_by_key(self):
        app = self.start()
        self.assertNamed(app)
        app.press("ctrl+q")
        self.assertEqual(app.process.wait(10), 0)

    def test_shortcuts_dialog(self):
        app = self.start()
        app.press("ctrl+question")
        dialog = app.find(role="dialog")
        wait(lambda: [n for n in app.all(name="^Preferences$")], 5, "the shortcut of the preferences", app)
        app.press("Escape")
        app.gone(role="dialog")
        self.assertIsNotNone(dialog)

    def test_preferences(self):
        app = self.start()
        app.press("ctrl+comma")
        app.find(name="^Preferences$", role="dialog")
        self.assertNamed(app)
        # Twelve layers, by the keyboard alone.
        app.tab_to(lambda node: node.get_accessible_id() == "spin")
        app.press("ctrl+a")
        app.type("12\n")
        app.press("Escape")
        app.gone(name="^Preferences$", role="dialog")
        app.press("ctrl+q")
        self.assertEqual(app.process.wait(10), 0)

        # Another start remembers.
        app = self.start()
        app.press("ctrl+comma")
        spin = app.find(id="spin")
        self.assertEqual(spin.get_current_value(), 12)

    def test_about(self):
        app = self.start()
        app.press("F10")
        app.find(role="menu item", seconds=5)
        app.press("Up", "Return")
        app.find(name="^About$", role="dialog")
        app.press("Escape")

    def test_second_start_is_the_first(self):
        app = self.start()
        second = subprocess.run([PROGRAM], env=app_environment(self.home), timeout=20)
        self.assertEqual(second.returncode, 0)
        self.assertIsNone(app.process.poll())

    def test_narrow(self):
        app = self.start()
        app.resize(370, 650)
        wait(lambda: not app.too_wide(370), 5, "a page that fits", app)


if __name__ == "__main__":
    main()
