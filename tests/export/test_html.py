# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that leave the machine, in a real browser: reports, comparison, leaderboard."""

import copy
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import unittest

from chromium import PROGRAM, Chromium

try:
    import pypdf
except ImportError:
    pypdf = None

if PROGRAM is None:
    print("SKIP: neither chromium-headless-shell nor chromium is installed")
    sys.exit(77)

REFRACT = os.environ["REFRACT"]
DATA = os.path.join(os.environ["REFRACT_DATA_DIR"], "tests", "data")
AXE = os.environ.get("REFRACT_AXE", "/usr/local/share/axe-core/axe.min.js")
HOSTILE = "</script></div><img src=x onerror=document.title='owned'>]]>&\u0001\u001b[31m\u202eabc" + "W" * 3000
TEXTS = {"prompt", "perturbed_prompt", "ref_token_ids", "cand_token_ids", "ref_text", "cand_text", "base_answer",
         "cand_answer", "needle", "password_keyword", "keyword", "token", "context", "token_text", "context_text"}


def load(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        return json.load(file)


def walk(node, change):
    """Replaces every member by change (key, value); None takes it out."""
    if isinstance(node, dict):
        found = {key: change(key, walk(value, change)) for key, value in node.items()}
        return {key: value for key, value in found.items() if value is not None or node[key] is None}
    return [walk(value, change) for value in node] if isinstance(node, list) else node


def redacted(report):
    report = walk(report, lambda key, value: None if key in TEXTS else value)
    report["extension"]["redacted"] = True
    return report


def hostile(report):
    """Everything that is text and not what the layout needs says something hostile."""
    kept = {"schema", "timestamp", "band", "confidence", "evidence", "rule", "prompt_mode", "ship", "axis", "bytes_source"}
    return walk(report, lambda key, value: HOSTILE if isinstance(value, str) and key not in kept else value)


def sweep(report):
    """The reports of all candidates of the run of @report, as far as one of them tells of the others."""
    reports = []
    for row in report["extension"]["ranking"] + [report["extension"]["control"]]:
        other = copy.deepcopy(report)
        other["candidate"] = row["candidate"]
        other["composite"] = row["composite"]
        other["band"] = row["band"]
        other["extension"]["interval"] = row["interval"]
        other["extension"]["kv"]["label"] = row["label"]
        other["extension"]["is_control"] = row is report["extension"]["control"]
        reports.append(other)
    return reports


class HtmlTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="refract-html-")
        cls.browser = Chromium()
        cls.full = load("full-demo-q4_0.refract.json")
        reports = sweep(cls.full)
        cls.pages = {}
        for name, several in {
            "sweep": reports,
            "single": [cls.full],
            "legacy": [load("legacy-v0.3.1-gemma26b.json")],
            "redacted": [redacted(cls.full)],
            "hostile": [hostile(cls.full), hostile(reports[0])],
        }.items():
            cls.pages[name] = cls.write(name, "export", several)
        cls.pages["compare"] = cls.write("compare", "compare", reports)
        cls.pages["differing"] = cls.write("differing", "compare", [*reports, load("report-charts.json"),
                                                                    load("legacy-v0.3.1-gemma26b.json")])
        cls.pages["hostile-compare"] = cls.write("hostile-compare", "compare", [hostile(cls.full), hostile(reports[0])])
        cls.pages["leaderboard"] = cls.write("leaderboard", "leaderboard", reports)
        cls.pages["hostile-leaderboard"] = cls.write("hostile-leaderboard", "leaderboard",
                                                     [hostile(cls.full), hostile(reports[1])])

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        shutil.rmtree(cls.folder)

    @classmethod
    def write(cls, name, command, reports):
        """The page that `refract COMMAND` makes of the reports."""
        page = os.path.join(cls.folder, name + ".html")
        folder = os.path.join(cls.folder, name + "-reports")
        os.mkdir(folder)
        paths = []
        for i, report in enumerate(reports):
            paths.append(os.path.join(folder, f"{i}.refract.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(report, file, ensure_ascii=False)
        arguments = [folder, "--by", "model", "--out", page] if command == "leaderboard" else [*paths, "--html", page]
        subprocess.run([REFRACT, command, *arguments], check=True, stdout=subprocess.DEVNULL)
        return page

    def open(self, name, **options):
        page = self.browser.page(**options)
        page.open(self.pages[name])
        return page

    def test_sizes(self):
        # This sweep is three times the worst report of one.
        for name, limit in (("redacted", 150), ("legacy", 150), ("single", 400), ("sweep", 450)):
            with self.subTest(name):
                self.assertLessEqual(os.path.getsize(self.pages[name]), limit * 1000)

    def test_opens(self):
        """No complaint, no request, nothing beyond the edge, in every size and colour."""
        for name in self.pages:
            for width in (1280, 390):
                for dark in (False, True):
                    with self.subTest(name, width=width, dark=dark), self.open(name, width=width, dark=dark) as page:
                        self.assertEqual(page.complaints(), [])
                        self.assertEqual([url for url in page.requests() if not url.startswith("file:")], [])
                        self.assertEqual(len(page.requests()), 1)
                        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                        self.assertEqual(page.evaluate("""[...document.querySelectorAll("main *")].filter(e =>
                            e.checkVisibility() && !e.closest(".scroll, svg") && e.scrollWidth > e.clientWidth + 1 &&
                            getComputedStyle(e).display !== "inline").map(e => e.outerHTML.slice(0, 200))"""), [])
                        # On a phone rows stand as labelled values, without scrolling.
                        self.assertEqual(page.evaluate("""[...document.querySelectorAll(".scroll:has(.stack)")].filter(
                            e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(
                            e => e.getAttribute("aria-label"))""") if width < 600 else [], [])

    def test_first_screen(self):
        """Verdict, recommendation and bars are seen without scrolling."""
        for width, height in ((1280, 800), (390, 844)):
            with self.subTest(width=width), self.open("sweep", width=width, height=height) as page:
                bottom = page.evaluate("""Math.max(...[".verdict", "figure:has([id=c1-title])"].map(
                    s => document.querySelector(s).getBoundingClientRect().bottom))""")
                self.assertEqual(page.evaluate("document.getElementById('c1-title').textContent"), "Score by axis")
                self.assertLessEqual(bottom, height)
                lead = page.evaluate("document.querySelector('.lead').innerText")
                self.assertEqual(lead, self.full["extension"]["recommendation"]["sentence"])

    def test_structure(self):
        """What is on the page, not how it is written."""
        outline = """[...document.querySelectorAll("h1, h2, h3, h4")].map(e => e.tagName + " " + e.textContent)"""
        axes = ["What was found, and what to do", "Axis by axis", "Trajectory", "KLD@D", "R-NIAH", "PLAD"]
        end = ["Run details", "Repeat it, and the data"]
        with self.open("single") as page:
            headings = [h for h in page.evaluate(outline) if h[1] != "3"]
            self.assertEqual(headings, ["H1 " + page.evaluate("document.querySelector('h1').textContent")]
                             + ["H2 " + h for h in ["All candidates of the run", *axes, *end]])
            self.assertEqual(page.evaluate("[...document.querySelectorAll('figcaption')].map(e => e.textContent)"),
                             ["Composite score", "Score by axis", "Fidelity by memory", "Memory and speed",
                              "Where answers part", "Positions by divergence", "Divergence by depth",
                              "Retrieval by length and position", "PLAD score by change of the prompt",
                              "Memory and speed"])
            rows = page.evaluate("""[...document.querySelector("[aria-label='Scores by axis'] tbody").rows].map(
                row => [...row.cells].slice(0, 2).map(cell => cell.textContent))""")
            for (_, score), key in zip(rows, ("gtm", "kld", "rniah", "plad")):
                self.assertAlmostEqual(float(score), self.full["axes"][key]["score"], delta=0.011)
            self.assertEqual(page.evaluate("document.querySelectorAll('details details').length"), 30)
            self.assertEqual(page.evaluate("document.querySelectorAll('details[open]').length"), 0)
            ranking = page.evaluate("""[...document.querySelector("[aria-label='Ranking'] tbody").rows].map(
                row => row.cells[1].textContent)""")
            self.assertEqual(ranking, [row["label"] for row in self.full["extension"]["ranking"]
                                       + [self.full["extension"]["control"]]])
        with self.open("sweep") as page:
            headings = page.evaluate(outline)
            for heading in axes:
                self.assertEqual(headings.count("H4 " + heading), 3)
        with self.open("legacy") as page:
            headings = page.evaluate(outline)
            self.assertEqual([h for h in headings if h[1] == "2"], ["H2 " + h for h in axes + end])
            self.assertIn("29.1", page.evaluate("document.getElementById('c0-desc').textContent"))

    def test_structure_of_several(self):
        """Comparison and leaderboard: what is on the page."""
        headings = """[...document.querySelectorAll("h1, h2")].map(e => e.tagName + " " + e.textContent)"""
        figures = "[...document.querySelectorAll('figure')].map(e => e.querySelector('figcaption').textContent)"
        named = """[...document.querySelectorAll("figure svg")].every(e => e.getAttribute("role") === "img" &&
            document.getElementById(e.getAttribute("aria-labelledby").split(" ")[0]).textContent)"""
        labels = [row["label"] for row in self.full["extension"]["ranking"] + [self.full["extension"]["control"]]]
        with self.open("compare") as page:
            self.assertEqual(page.evaluate(headings),
                             ["H1 KV cache fidelity, side by side", "H2 At a glance", "H2 Scores and figures",
                              "H2 Differences", "H2 What is found in long contexts",
                              "H2 Where each answer leaves its reference (token)"])
            self.assertEqual(page.evaluate(figures),
                             ["Composite", "Trajectory", "KLD@D", "R-NIAH", "PLAD", "Fidelity by memory",
                              "Fidelity by speed", *("Retrieval: " + label for label in labels[1:])])
            self.assertTrue(page.evaluate(named))
            self.assertEqual(page.evaluate("""[...document.querySelector("[aria-label='Scores and figures'] thead").rows[0]
                .cells].slice(1).map(e => e.textContent)"""), labels)
            for score in (row["composite"] for row in self.full["extension"]["ranking"]):
                self.assertIn(f"{int(score)}.", page.evaluate("document.getElementById('c0-desc').textContent"))
        with self.open("differing") as page:
            self.assertIn("H2 Not the same in all", page.evaluate(headings))
            self.assertGreater(page.evaluate("document.querySelectorAll('p.warning').length"), 0)
        with self.open("leaderboard") as page:
            found = page.evaluate(headings)
            self.assertEqual(found[0], "H1 KV cache fidelity, ranked")
            self.assertEqual(found[1:], [f"H2 Candidates for {self.model()}", "H2 Negative controls: bad on purpose"])
            self.assertEqual(page.evaluate(figures), ["Composite", "Fidelity by memory", "Fidelity by speed"])
            self.assertTrue(page.evaluate(named))
            self.assertIn("not a ranking of models", page.evaluate("document.querySelector('main .note').textContent"))

    def model(self):
        with self.open("single") as page:
            return page.evaluate("document.querySelector('h1').textContent")

    def test_without_scripts(self):
        page = self.browser.page()
        with page:
            page.call("Emulation.setScriptExecutionDisabled", value=True)
            page.open(self.pages["single"])
            page.call("Emulation.setScriptExecutionDisabled", value=False)
            text = page.evaluate("document.body.innerText")
            self.assertIn(self.full["extension"]["ship"]["sentence"], text)
            self.assertIn(self.full["repro_command"].split("\n")[0], text)
            # What cannot work does not show.
            self.assertEqual(page.evaluate("[...document.querySelectorAll('button')].filter(e => e.checkVisibility()).length"),
                             0)

    def test_theme(self):
        for name in ("single", "compare", "leaderboard"):
            with self.subTest(name):
                self.check_theme(name)

    def check_theme(self, name):
        background = "getComputedStyle(document.body).backgroundColor"
        with self.open(name) as page:
            light = page.evaluate(background)
            page.evaluate("document.getElementById('theme').click()")
            dark = page.evaluate(background)
            self.assertNotEqual(light, dark)
            page.open(self.pages[name])
            self.assertEqual(page.evaluate(background), dark)
            # Paper is white whatever the screen is.
            page.emulate(False, media="print")
            self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('h1')).color"), "rgb(43, 41, 48)")
            self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('.rf-foreground')).color"),
                             "rgba(0, 0, 6, 0.8)")
            page.emulate(False)
            page.evaluate("document.getElementById('theme').click()")
            self.assertEqual(page.evaluate(background), light)
            page.evaluate("localStorage.clear()")

    def test_copy(self):
        with self.open("single") as page:
            page.evaluate("""document.addEventListener("copy", () => { window.copied = getSelection().toString() ||
                document.activeElement.value; })""")
            page.evaluate("""Object.defineProperty(navigator, "clipboard", {value: {writeText: text => {
                window.copied = text; return Promise.resolve(); }}})""")
            page.evaluate("document.querySelector('[data-copy]').click()")
            self.assertEqual(page.evaluate("new Promise(done => setTimeout(() => done(window.copied)))"),
                             self.full["repro_command"])
            self.assertEqual(page.evaluate("document.querySelector('[data-copy]').textContent"), "Copied")

    def test_json(self):
        """What is saved is the report; the page itself unpacks it."""
        for name, reports in (("single", [self.full]), ("sweep", sweep(self.full))):
            with self.open(name) as page:
                page.evaluate("""window.saved = []; window.names = [];
                    URL.createObjectURL = blob => { window.saved.push(blob.text()); return "#"; };
                    HTMLAnchorElement.prototype.click = function () { window.names.push(this.download); }; 0""")
                for i, report in enumerate(reports):
                    page.evaluate(f"document.querySelector('[data-json=json{i}][data-name]').click()")
                    text = page.evaluate(f"""new Promise(function wait(done) {{
                        window.saved.length > {i} ? window.saved[{i}].then(done) : setTimeout(wait, 10, done); }})""")
                    self.assertEqual(json.loads(text), report)
                self.assertTrue(all(re.fullmatch(r"[^/\\ ]+\.refract\.json", n) for n in page.evaluate("window.names")))
                page.evaluate("document.querySelector('[data-into]').click()")
                shown = page.evaluate("""new Promise(function wait(done) { const text =
                    document.getElementById("text0").textContent; text ? done(text) : setTimeout(wait, 10, done); })""")
                self.assertEqual(json.loads(shown), reports[0])

    def test_keyboard(self):
        """The first key goes to the link that skips, and what has the focus shows it."""
        with self.open("single") as page:
            for i in range(3):
                page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
                page.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
                focus = page.evaluate("""[document.activeElement.className || document.activeElement.tagName,
                    getComputedStyle(document.activeElement).outlineStyle,
                    document.activeElement.getBoundingClientRect().left]""")
                if i == 0:
                    self.assertEqual(focus[0], "skip")
                self.assertEqual(focus[1], "solid")
                self.assertGreaterEqual(focus[2], 0)

    def test_hostile(self):
        """What models and files say stays text."""
        for name in ("hostile", "hostile-compare", "hostile-leaderboard"):
            with self.subTest(name), self.open(name, width=390) as page:
                page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
                self.assertEqual(page.evaluate("document.querySelectorAll('img, [onerror], iframe, object').length"), 0)
                self.assertEqual(page.evaluate("[...document.scripts].filter(e => !e.type).length"), 1)
                self.assertTrue(page.evaluate("document.title").startswith("KV cache fidelity"))
                self.assertIn("<img src=x onerror", page.evaluate("document.body.innerText"))
                self.assertNotIn("\u202e", page.evaluate("document.body.innerHTML"))
                self.assertEqual(page.complaints(), [])
        with self.open("hostile", width=390) as page:
            page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
            self.assertIn("‹U+202E›abc", page.evaluate("document.body.innerText"))
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)

    @unittest.skipIf(pypdf is None, "python3-pypdf is not installed")
    def test_print(self):
        with self.open("sweep", dark=True) as page:
            document = pypdf.PdfReader(io.BytesIO(page.pdf()))
            text = " ".join(" ".join(sheet.extract_text() for sheet in document.pages).split())
            text = unicodedata.normalize("NFKC", text)  # no ligatures
            for sheet in document.pages:
                self.assertAlmostEqual(float(sheet.mediabox.width), 595, delta=1)
                self.assertAlmostEqual(float(sheet.mediabox.height), 842, delta=1)
                self.assertNotEqual(sheet.extract_text().strip(), "")  # no page is empty
            self.assertLessEqual(len(document.pages), 20)
            for row in self.full["extension"]["ranking"] + [self.full["extension"]["control"]]:
                self.assertIn(row["label"], text)
            # Candidates that are closed on the screen are printed too.
            self.assertEqual(text.count("What was found, and what to do"), 3)
            self.assertEqual(text.count("Retrieval by length and position"), 3)
            for finding in self.full["extension"]["findings"]:
                self.assertIn(finding["remedy"][:40], text)
            self.assertIn("Repeat it, and the data", text)
            self.assertNotIn("Save JSON", text)
            self.assertFalse(page.evaluate("document.querySelectorAll('details.candidate')[1].open"))

    @unittest.skipIf(pypdf is None, "python3-pypdf is not installed")
    def test_print_of_several(self):
        for name, title in (("differing", "side by side"), ("leaderboard", "ranked")):
            with self.subTest(name), self.open(name, dark=True) as page:
                document = pypdf.PdfReader(io.BytesIO(page.pdf()))
                text = " ".join(" ".join(sheet.extract_text() for sheet in document.pages).split())
                self.assertIn(title, unicodedata.normalize("NFKC", text))
                self.assertNotIn("Skip to", text)
                page.emulate(False, media="print")
                page.call("Emulation.setDeviceMetricsOverride", width=688, height=900, deviceScaleFactor=1, mobile=False)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 688)  # A4 less its margins
                for sheet in document.pages:
                    self.assertNotEqual(sheet.extract_text().strip(), "")
                self.assertLessEqual(len(document.pages), 10)

    @unittest.skipUnless(os.path.exists(AXE), "axe-core is not there: " + AXE)
    def test_axe(self):
        """No violation, contrast of text included, with everything open."""
        with open(AXE, encoding="utf-8") as file:
            axe = file.read()
        for name in self.pages:
            for width, dark in ((1280, False), (1280, True), (390, False)):
                with self.subTest(name, width=width, dark=dark), self.open(name, width=width, dark=dark) as page:
                    page.call("Page.setBypassCSP", enabled=True)
                    page.open(self.pages[name])
                    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
                    page.evaluate(axe + ";0")
                    self.assertEqual(json.loads(page.evaluate("""axe.run().then(result => JSON.stringify(
                        result.violations.map(v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 300))])))""")),
                        [])

    @unittest.skipIf(shutil.which("vnu") is None, "vnu is not installed")
    def test_valid(self):
        # The browser judges the policy; of texts of several lines vnu computes another hash.
        result = subprocess.run(["vnu", "--stdout", "--Werror", "--filterpattern", ".*Content Security Policy.*",
                                 *self.pages.values()], stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual([line[-300:] for line in result.stdout.splitlines()], [], result.returncode)


if __name__ == "__main__":
    unittest.main(verbosity=2)
