# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines that are missing, wrong, broken, slow or killed; nothing of them is ever left behind."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

from refract_cli import (CORPUS, HAS_ENGINE, HAYSTACK, MODEL, CliTest, main, processes, wait_until)

SCORE = ("score", "--model", MODEL, "--candidate", "ctk=q8_0,ctv=q8_0", "--corpus", CORPUS)
SMALL = ("--axes", "trajectory,kld", "--n-predict", "16", "--chunks", "4")
# How often each kill is tried; by hand: REFRACT_TEST_KILLS=20.
KILLS = int(os.environ.get("REFRACT_TEST_KILLS", "3"))


@unittest.skipUnless(HAS_ENGINE, "no llama-server here")
class Engines(CliTest):
    def engine(self, name, text):
        """A folder with the real engine but for the program `name`, which is a script."""
        folder = self.path("engine")
        os.makedirs(folder, exist_ok=True)
        for program in ("llama-server", "llama-perplexity"):
            if program != name and not os.path.lexists(os.path.join(folder, program)):
                os.symlink(shutil.which(program), os.path.join(folder, program))
        self.write(os.path.join("engine", name), "#!/bin/sh\n" + text, 0o755)
        return folder

    def pass_questions(self, name, then):
        """--help and the like are answered by the real program; a start runs `then`."""
        real = shutil.which(name)
        return self.engine(name, f'for a in "$@"; do case "$a" in -m|--model) {then};; esac; done\n'
                                 f'exec {real} "$@"\n')

    def score(self, status, says, folder, *more):
        return self.check(status, *SCORE, *SMALL, "--engine-dir", folder, *more, says=says)

    def test_missing(self):
        os.mkdir(self.path("empty"))
        self.score(3, "llama-server", self.path("empty"))

    def test_perplexity_missing(self):
        folder = self.engine("llama-server", f'exec {shutil.which("llama-server")} "$@"\n')
        os.unlink(os.path.join(folder, "llama-perplexity"))
        self.score(3, "llama-perplexity", folder)

    def test_wrong_program(self):
        self.score(3, "llama-server", self.engine("llama-server", 'echo "I am a calculator"\n'))

    def test_too_old(self):
        text = 'echo "usage: server [options]"; echo "  -m FNAME, --model FNAME  model path"\n'
        self.score(3, "llama-server", self.engine("llama-server", text))

    def test_missing_library(self):
        text = 'echo "llama-server: error while loading shared libraries: libllama.so.1: cannot ' \
               'open shared object file: No such file or directory" >&2; exit 127\n'
        self.score(3, "libllama.so.1", self.engine("llama-server", text))

    def test_exits_at_start(self):
        self.score(3, ["42"], self.pass_questions("llama-server", 'echo "no such device" >&2; exit 42'))

    def test_prints_garbage(self):
        self.score(3, "", self.pass_questions(
            "llama-server", "head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2; exit 1"))

    def test_out_of_memory_at_start(self):
        """The real engine with a context that does not fit into what it may use."""
        real = shutil.which("llama-server")
        folder = self.pass_questions("llama-server", f'ulimit -v 330000; exec {real} "$@" --threads-http 2')
        self.score(3, "memory", folder, "--axes", "trajectory", "--n-predict", "65536",
                   "--reference", "ctk=f32,ctv=f32")

    def test_hangs_and_is_cancelled(self):
        folder = self.pass_questions("llama-server", "exec sleep 1000")
        process = self.start(*SCORE, *SMALL, "--engine-dir", folder)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, 130)
        self.assertLess(time.monotonic() - begun, 5)

    def test_killed_while_it_decodes(self):
        process = self.start(*SCORE, "--axes", "trajectory", "--n-predict", "2000", "--fresh")
        self.assertTrue(wait_until(lambda: self.engines("llama-server"), 30))
        time.sleep(1.5)
        for pid in self.engines("llama-server"):
            os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, out + err)
        self.assertIn("signal 9", err)

    def test_perplexity_writes_half(self):
        folder = self.pass_questions(
            "llama-perplexity",
            'while [ "$1" != --kl-divergence-base ]; do shift; done; '
            "printf '_logits_\\000\\002\\000\\000' > \"$2\"; exit 0")
        self.score(3, "", folder)

    def test_did_not_engage(self):
        """An engine that quietly uses another type, as a fork does with some of its own."""
        real = shutil.which("llama-server")
        folder = self.pass_questions(
            "llama-server",
            'for b in "$@"; do shift; [ "$b" = q4_0 ] && b=q8_0; set -- "$@" "$b"; done; '
            f'exec {real} "$@"')
        out, err = self.check(3, "score", "--model", MODEL, "--candidate", "ctk=q4_0,ctv=q4_0",
                              "--corpus", CORPUS, *SMALL, "--engine-dir", folder)
        self.assertIn("q4_0", err)
        self.assertIn("q8_0", err)

    def test_some_candidates_fail(self):
        real = shutil.which("llama-server")
        folder = self.pass_questions(
            "llama-server",
            f'case "$*" in *q4_0*) exit 7;; *) exec {real} "$@";; esac')
        out, err = self.score(4, ["K q4_0 / V q4_0", "7"], folder, "--candidate", "ctk=q4_0,ctv=q4_0",
                              "--json-out", self.path("reports"))
        self.assertEqual(len(os.listdir(self.path("reports"))), 1)
        self.assert_no_half_report(self.path("reports"))

    def test_disk_full_while_writing_logits(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200000, 200000))

        self.check(3, *SCORE, "--axes", "kld", "--chunks", "8", preexec_fn=small_files, says="logits")
        left = [name for _, _, names in os.walk(self.path("state")) for name in names
                if "logits" in name]
        self.assertEqual(left, [], "a half-written file was left")

    # ---- endings ----

    def engines(self, name):
        found = []
        for pid in processes(self.runtime):
            try:
                program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            except OSError:
                continue
            if program == name:
                found.append(pid)
        return found

    def start_long(self, *more):
        return self.start("score", "--model", MODEL, "--candidate", "ctk=q8_0,ctv=q8_0",
                          "--corpus", CORPUS, "--haystack", HAYSTACK, "--fresh", *more)

    def end_at(self, stage, end_signal):
        """Ends refract by a signal in a stage of its run; returns the process."""
        if stage == "load":
            process = self.start_long("--axes", "trajectory")
            name = "llama-server"
            wait = random.uniform(0, 0.15)
        elif stage == "prefill":
            process = self.start_long("--axes", "rniah", "--rniah-lengths", "3000,3500,4000",
                                      "--rniah-n-predict", "4")
            name = "llama-server"
            wait = random.uniform(0.4, 1.5)
        elif stage == "decode":
            process = self.start_long("--axes", "trajectory", "--n-predict", "3000", "--slots", "1")
            name = "llama-server"
            wait = random.uniform(0.5, 1.5)
        else:
            process = self.start_long("--axes", "kld", "--chunks", "64")
            name = "llama-perplexity"
            wait = random.uniform(0.05, 0.6)
        self.assertTrue(wait_until(lambda: self.engines(name), 30), f"{name} did not start")
        time.sleep(wait)
        self.assertIsNone(process.poll(), "refract ended too early for this test")
        process.send_signal(end_signal)
        return process

    def kill(self, stage):
        for i in range(KILLS):
            process = self.end_at(stage, signal.SIGKILL)
            process.communicate()
            self.assertTrue(wait_until(lambda: not processes(self.runtime), 2),
                            f"{stage}, try {i + 1}: engine processes live 2 s after the kill")

    def test_kill_during_load(self):
        self.kill("load")

    def test_kill_during_prefill(self):
        self.kill("prefill")

    def test_kill_during_decode(self):
        self.kill("decode")

    def test_kill_during_perplexity(self):
        self.kill("perplexity")

    def test_interrupt(self):
        for stage in ("load", "prefill", "decode", "perplexity"):
            with self.subTest(stage=stage):
                process = self.end_at(stage, signal.SIGINT)
                begun = time.monotonic()
                out, err = process.communicate(timeout=10)
                self.assertEqual(process.returncode, 130, out + err)
                self.assertIn("Cancelled", err)
                self.assertEqual(processes(self.runtime), [])


if __name__ == "__main__":
    main()
