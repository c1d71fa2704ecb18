# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with finished reports: compare, leaderboard, export; and repeatability, which makes them."""

import csv
import json
import os
import unittest
import zipfile

import refract_cli
from refract_cli import CORPUS, MODEL

DATA = os.path.join(os.path.dirname(__file__), "..", "data")
LEGACY = os.path.join(DATA, "legacy-v0.3.1-gemma26b.json")
FULL = os.path.join(DATA, "full-demo-q4_0.refract.json")


class Reports(refract_cli.CliTest):
    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def test_compare(self):
        out, _ = self.check(0, "compare", FULL, LEGACY, says=["number of decoded tokens differs (128, 50)", "29.12"])
        self.assertIn("Trajectory", out)

    def test_compare_with_itself(self):
        out, _ = self.check(0, "compare", FULL, FULL, says="No prompt, chunk or cell changed by more than chance.")
        self.assertNotIn("differs", out)
        self.assertNotIn("lower", out)

    def test_compare_to_files(self):
        self.check(0, "compare", FULL, LEGACY, "--html", self.path("c.html"), "--markdown", self.path("c.md"), "--csv",
                   self.path("c.csv"))
        self.assertIn("Content-Security-Policy", self.read("c.html"))
        self.assertIn("| Composite |", self.read("c.md"))
        rows = list(csv.reader(self.read("c.csv").splitlines()))
        self.assertEqual(rows[1][0], "Composite")
        self.assertAlmostEqual(float(rows[1][2]), 29.119378931499842)

    def test_compare_needs_two(self):
        self.check(2, "compare", FULL, says="two reports")
        self.check(2, "compare", FULL, self.write("x.json", "{}"), says=["x.json", "not a REFRACT report"])

    def test_leaderboard(self):
        os.mkdir(self.path("r"))
        os.symlink(os.path.abspath(LEGACY), self.path("r", "a.json"))
        os.symlink(os.path.abspath(FULL), self.path("r", "b.json"))
        self.write("r/broken.json", "{")
        for name in ("l.md", "l.html", "l.csv"):
            self.check(0, "leaderboard", self.path("r"), "--out", self.path(name), says="broken.json")
        self.assertIn("is not a ranking of models", self.read("l.md"))
        self.assertIn("gemma-4-26B-A4B-it-Q8\\_0", self.read("l.md"))
        self.assertIn("29.119378931499842", self.read("l.csv"))
        self.check(0, "leaderboard", self.path("r"), "--comparable", says="not comparable")
        self.check(0, "leaderboard", self.path("r"), "--by", "model", says="Candidates for")

    def test_leaderboard_bad_input(self):
        self.check(2, "leaderboard", self.path("nowhere"), says="nowhere")
        self.check(2, "leaderboard", self.dir, "--out", self.path("l.pdf"), says=[])
        os.mkdir(self.path("empty"))
        self.check(2, "leaderboard", self.path("empty"), says="no report")

    def test_export(self):
        out, _ = self.check(0, "export", FULL, "--markdown", "-")
        self.assertIn("Cite as: ", out)
        out, _ = self.check(0, "export", FULL, "--csv", "-")
        self.assertEqual(out.splitlines()[0], "axis,item,index,key,second_key,name,value")
        self.check(0, "export", LEGACY, "--badge-markdown", "-", says="img.shields.io")
        self.check(0, "export", LEGACY, "--model-index", "-", says="value: 29.12")
        self.check(2, "export", FULL, says="at least one form")
        self.check(2, "export", FULL, LEGACY, "--csv", "-", says="one report")
        self.check(3, "export", FULL, "--html", self.path("no", "such", "folder.html"), says="folder.html")

    def test_bundle(self):
        self.check(0, "export", FULL, "--bundle", self.path("b.zip"))
        with zipfile.ZipFile(self.path("b.zip")) as bundle:
            self.assertEqual(bundle.namelist(), ["report-1.refract.json", "report.html", "report.md", "selftest.json"])
            with open(FULL, encoding="utf-8") as file:
                self.assertEqual(json.loads(bundle.read("report-1.refract.json")), json.load(file))
            self.assertIn("checks", json.loads(bundle.read("selftest.json")))

    @unittest.skipUnless(refract_cli.HAS_ENGINE, "no llama.cpp")
    def test_repeatability(self):
        plan = ["--quiet", "--model", MODEL, "--corpus", CORPUS, "--chunks", "2", "--n-predict", "8", "--candidate", "q4_0/q4_0"]
        self.check(0, "repeatability", "--runs", "2", *plan, "--json-out", self.path("r.json"), says="stable")
        result = json.loads(self.read("r.json"))["candidates"][0]
        self.assertEqual((result["verdict"], result["composite"]["n"], result["composite"]["sd"]), ("stable", 2, 0))
        self.assertTrue(result["fits_interval"])
        # The bundle of a report of the same plan, model and engine has it; that of another has not.
        for redact in ([], ["--redact"]):
            self.check(0, "score", *plan, *redact, "--json-out", self.path("s.refract.json"))
            self.check(0, "export", self.path("s.refract.json"), "--bundle", self.path("b.zip"))
            with zipfile.ZipFile(self.path("b.zip")) as bundle:
                self.assertEqual(json.loads(bundle.read("repeatability.json"))["candidates"], [result])
        self.assertIn("(redacted)", self.read("s.refract.json"))
        self.check(0, "score", *plan, "--seed", "7", "--json-out", self.path("t.refract.json"))
        self.check(0, "export", self.path("t.refract.json"), "--bundle", self.path("c.zip"))
        with zipfile.ZipFile(self.path("c.zip")) as bundle:
            self.assertNotIn("repeatability.json", bundle.namelist())

    def test_repeatability_usage(self):
        self.check(2, "repeatability", "--runs", "1", says="from 2 to 100")


if __name__ == "__main__":
    refract_cli.main()
