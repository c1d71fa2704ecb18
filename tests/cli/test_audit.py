# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole audits of the bundled model on the real engine."""

import json
import os
import shutil
import signal
import time
import unittest

from refract_cli import (CORPUS, HAS_ENGINE, HAYSTACK, MODEL, CliTest, bytes_without_times, main,
                         read_reports)

SMALL = ("--axes", "trajectory,kld,rniah,plad", "--n-predict", "24", "--chunks", "6",
         "--rniah-lengths", "512,1024", "--rniah-n-predict", "24")


@unittest.skipUnless(HAS_ENGINE, "no llama-server here")
class Audits(CliTest):
    def audit(self, *more, status=0, small=SMALL, folder="reports"):
        out, err = self.check(status, "score", "--model", MODEL, "--corpus", CORPUS, "--haystack",
                              HAYSTACK, *small, *more, "--json-out", self.path(folder) + "/")
        return out, self.reports(folder)

    def reports(self, folder):
        return read_reports(self.path(folder))

    def test_demo(self):
        out, err = self.check(0, "demo", "--json-out", self.path("demo") + "/")
        reports = self.reports("demo")
        self.assertEqual(len(reports), 3)
        q8, q4 = reports["ctk=q8_0,ctv=q8_0"], reports["ctk=q4_0,ctv=q4_0"]
        control = reports["ctk=q4_0,ctv=q4_0,attn_rot_disable=1"]
        for report in reports.values():
            axes = report["axes"]
            self.assertFalse([name for name, axis in axes.items() if axis.get("skipped")])
            self.assertEqual(axes["rniah"]["confidence"], "ok")
            self.assertEqual(axes["plad"]["skipped_perturbations"], [])
            self.assertEqual(report["extension"]["kv"]["evidence"], "proved")
        self.assertGreaterEqual(q8["axes"]["gtm"]["score"], 90)
        self.assertLessEqual(q4["axes"]["gtm"]["score"], 80)
        self.assertLess(control["axes"]["gtm"]["score"], q4["axes"]["gtm"]["score"] - 5)
        for axis in ("kld", "plad"):
            self.assertLess(control["axes"][axis]["score"], q4["axes"][axis]["score"])
        self.assertLess(control["composite"], q4["composite"] - 10)
        interval = lambda report: report["extension"]["axes"]["trajectory"]["interval"]
        self.assertGreater(interval(q8)["low"], interval(q4)["high"])
        self.assertGreaterEqual(q4["axes"]["rniah"]["base_acc_avg"], 0.9)
        self.assertEqual(q8["axes"]["rniah"]["score"], 100)
        self.assertLess(q4["axes"]["rniah"]["score"], 100)
        self.assertEqual(q4["extension"]["floor"]["composite"], 100)
        for text in ("Trajectory", "KLD@D", "R-NIAH", "PLAD", "K q8_0 / V q8_0"):
            self.assertIn(text, out)

    def counting_engine(self):
        """The real engine behind scripts that note every start with a model."""
        for name in ("llama-server", "llama-perplexity"):
            self.write(f"engine/{name}", f"""#!/bin/sh
case " $* " in *" -m "*|*" --model "*) echo {name} >> {self.path("launches")};; esac
exec {shutil.which(name)} "$@"
""", 0o755)
        return self.path("engine")

    def test_reference_against_itself(self):
        """Two launches of each program, the same requests to both: nothing is taken from a cache."""
        out, reports = self.audit("--candidate", "ctk=f16,ctv=f16", "--engine-dir",
                                  self.counting_engine(), "--slots", "8")
        report = reports["ctk=f16,ctv=f16"]
        with open(self.path("launches")) as f:
            launches = f.read().split()
        self.assertEqual(sorted(launches), ["llama-perplexity"] * 2 + ["llama-server"] * 2)
        requests = report["extension"]["performance"]["requests"]
        # one that measures speed, and batches of 8: 30 prompts, 6 cells, 30 anchors with their variants
        batches = 1 + 4 + 1 + -(-len(report["axes"]["plad"]["per_prompt"]) // 8) + 3
        self.assertGreaterEqual(requests, batches)
        self.assertEqual(report["composite"], 100)
        self.assertEqual([axis["score"] for axis in report["axes"].values()], [100] * 4)
        self.assertEqual(report["axes"]["kld"]["mean_kld"], 0)
        self.assertTrue(report["axes"]["kld"]["is_self_reference"])

    def test_order_and_slots_change_nothing(self):
        candidates = ["--candidate", "ctk=q8_0,ctv=q8_0", "--candidate", "ctk=q4_0,ctv=q4_0",
                      "--candidate", "ctk=q8_0,ctv=q4_0"]
        turned = candidates[4:] + candidates[2:4] + candidates[:2]
        first = None
        for slots, order in (("8", candidates), ("30", turned), ("1", turned)):
            out, reports = self.audit(*order, "--slots", slots, "--fresh", folder="slots" + slots)
            texts = {name: bytes_without_times(report) for name, report in reports.items()}
            if first is None:
                first = texts
            for name, text in texts.items():
                self.assertEqual(text, first[name], f"{name} with {slots} slots")

    def test_interrupted_run_goes_on(self):
        arguments = ("score", "--model", MODEL, "--corpus", CORPUS, "--haystack", HAYSTACK, *SMALL,
                     "--n-predict", "96", "--candidate", "ctk=q4_0,ctv=q4_0")
        process = self.start(*arguments)
        time.sleep(4)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertNotEqual(os.listdir(self.path("state", "refract", "runs")), [])
        out, err = self.check(0, *arguments, "--json-out", self.path("resumed") + "/")
        self.assertIn("Going on", err)
        self.assertEqual(os.listdir(self.path("state", "refract", "runs")), [])
        self.check(0, *arguments, "--json-out", self.path("whole") + "/")
        resumed, whole = self.reports("resumed"), self.reports("whole")
        for name in whole:
            self.assertEqual(bytes_without_times(resumed[name]), bytes_without_times(whole[name]))

    def test_fail_below(self):
        self.check(1, "score", "--model", MODEL, "--corpus", CORPUS, "--axes", "trajectory",
                   "--n-predict", "64", "--candidate", "ctk=q4_0,ctv=q4_0", "--fail-below", "99.9")

    def test_redact(self):
        out, reports = self.audit("--candidate", "ctk=q8_0,ctv=q8_0", "--redact")
        text = json.dumps(reports)
        with open(os.path.join(os.environ["REFRACT_DATA_DIR"], "prompts", "v1.jsonl")) as f:
            for line in f:
                self.assertNotIn(json.loads(line)["prompt"][:40], text)
        self.assertNotIn("ref_token_ids", text)

    def test_nothing_personal(self):
        out, reports = self.audit("--candidate", "ctk=q8_0,ctv=q8_0")
        text = json.dumps(reports)
        for secret in (self.dir, os.path.expanduser("~") + "/", os.uname().nodename,
                       os.path.dirname(MODEL)):
            self.assertNotIn(secret, text)

    def test_context_ladder(self):
        out, reports = self.audit("--candidate", "ctk=q8_0,ctv=q8_0",
                                  small=("--axes", "kld", "--chunks", "4", "--ctx", "512,1024"))
        report = reports["ctk=q8_0,ctv=q8_0"]
        self.assertEqual(report["axes"]["kld"]["ctx"], 512)
        ladder = report["extension"]["axes"]["kld"]["ladder"]
        self.assertEqual([step["ctx"] for step in ladder], [1024])

    def test_saved_plan(self):
        plan = self.write("plan.json", json.dumps({
            "version": 1, "model": MODEL, "corpus": CORPUS, "axes": "kld", "chunks": 4,
            "candidates": ["ctk=q8_0,ctv=q8_0"]}))
        out, err = self.check(0, "score", "--plan", plan, "--json-out", self.path("one.json"))
        with open(self.path("one.json")) as f:
            self.assertEqual(json.load(f)["axes"]["kld"]["chunks"], 4)

    def test_quiet(self):
        out, err = self.check(0, "score", "--model", MODEL, "--corpus", CORPUS, "--axes", "kld",
                              "--chunks", "4", "--candidate", "ctk=q8_0,ctv=q8_0", "--quiet")
        self.assertEqual((out, err), ("", ""))


if __name__ == "__main__":
    main()
