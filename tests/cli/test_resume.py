# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit that is killed again and again measures nothing twice but what was in flight, and ends in the same report."""

import os
import random
import shutil
import signal
import unittest

from refract_cli import (CORPUS, HAS_ENGINE, HAYSTACK, MODEL, CliTest, bytes_without_times, main, processes,
                         read_reports, wait_until)

# How often the audit is killed; by hand: REFRACT_TEST_KILLS=20.
KILLS = int(os.environ.get("REFRACT_TEST_KILLS", "4"))
BATCH = 8
SCORE = ("score", "--model", MODEL, "--corpus", CORPUS, "--haystack", HAYSTACK,
         "--axes", "trajectory,kld,rniah,plad", "--n-predict", "16", "--chunks", "4", "--rniah-lengths", "512",
         "--rniah-n-predict", "16", "--candidate", "ctk=q4_0,ctv=q4_0", "--slots", str(BATCH))


@unittest.skipUnless(HAS_ENGINE and shutil.which("bash"), "no llama-server here")
class Resume(CliTest):
    def engine(self):
        """The real engine, its log written down as well: it has a line for every prompt that it decodes."""
        for name in ("llama-server", "llama-perplexity"):
            self.write(f"engine/{name}", f"""#!/bin/bash
case " $* " in *" -m "*|*" --model "*) exec 2> >(exec tee -a {self.path("log")} >&2);; esac
exec {shutil.which(name)} "$@"
""", 0o755)
        return self.path("engine")

    def decoded(self):
        try:
            with open(self.path("log"), errors="replace") as f:
                return f.read().count("processing task")
        except FileNotFoundError:
            return 0

    def test_killed_at_random_points(self):
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        arguments = (*SCORE, "--engine-dir", self.engine())

        self.check(0, *arguments, "--json-out", self.path("whole") + "/")
        whole = self.decoded()
        os.unlink(self.path("log"))

        killed = 0
        finished = False
        while killed < KILLS and not finished:
            until = self.decoded() + chance.randrange(1, max(2, whole // KILLS))
            process = self.start(*arguments, "--quiet")
            wait_until(lambda: self.decoded() >= until or process.poll() is not None, 120)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.communicate()
            self.assertTrue(wait_until(lambda: not processes(self.runtime), 5), "an engine outlives its owner")
            # The end of a run is forgetting its journal, a moment before its process ends.
            finished = os.listdir(self.path("state", "refract", "runs")) == []
        self.check(0, *arguments, "--json-out", self.path("resumed") + "/")

        if not finished:
            self.assertLessEqual(self.decoded(), whole + killed * BATCH, f"seed {seed}")
        self.assertGreater(killed, 0, f"seed {seed}")
        expected, resumed = read_reports(self.path("whole")), read_reports(self.path("resumed"))
        self.assertEqual(list(resumed), list(expected))
        for name in expected:
            self.assertEqual(bytes_without_times(resumed[name]), bytes_without_times(expected[name]), f"seed {seed}")


if __name__ == "__main__":
    main()
