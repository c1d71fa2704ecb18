# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a report in the sidebar, by the keyboard alone."""

import os

from refract_app import LEGACY, AppTest, State, main, text_of

ROW = r"^gemma-4-26B"
STORE = "^_?Store$"


class Library(AppTest):
    def reports(self):
        folder = os.path.join(self.home, "data", "refract", "reports")
        return [name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith(".")]

    def start_on_row(self):
        app = self.start(LEGACY)
        app.find(role="list item", name=ROW)
        app.tab_to(lambda node: node.get_role_name() == "list item")
        return app

    def test_note(self):
        app = self.start_on_row()
        app.press("68")  # F2: xdotool adds modifiers to it by its name, as to F10
        app.find(role="button", name=STORE)
        app.find(name="^Note$", role="text", state=State.FOCUSED)
        app.type("plugged in")
        app.press("Return")
        app.gone(role="button", name=STORE)
        app.find(role="list item", name=ROW + ".*, plugged in$")
        # The note is searched.
        app.press("ctrl+f")
        app.find(id="search_entry", state=State.FOCUSED)
        app.type("PLUGGED")
        app.find(role="list item", name=ROW)
        app.type(" nowhere")
        app.gone(role="list item", name=ROW)

    def test_menu(self):
        app = self.start_on_row()
        app.press("shift+76")  # F10, see refract_app.py
        app.find(role="menu item", seconds=5)
        app.press("Return")
        app.find(role="button", name=STORE)
        app.press("Escape")
        app.gone(role="button", name=STORE)
        app.gone(role="menu item")

    def test_delete_and_undo(self):
        app = self.start_on_row()
        self.assertEqual(len(self.reports()), 1)
        app.press("Delete")
        app.gone(role="list item", name=ROW)
        self.assertEqual(self.reports(), [])
        undo = app.find(role="button", name="Undo")
        app.tab_to(lambda node: text_of(node) == text_of(undo))
        app.press("Return")
        app.find(role="list item", name=ROW)
        self.assertEqual(len(self.reports()), 1)


if __name__ == "__main__":
    main()
