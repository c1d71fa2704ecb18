# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line's tests share: running refract with private folders, and seeing its engines."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

REFRACT = os.environ.get("REFRACT", "refract")
SOURCE = os.environ.get("REFRACT_DATA_DIR", os.getcwd())
DEMO = os.path.join(SOURCE, "data", "demo")
MODEL = os.path.join(DEMO, "model.gguf")
CORPUS = os.path.join(DEMO, "corpus.txt")
HAYSTACK = os.path.join(DEMO, "haystack.txt")
HAS_ENGINE = shutil.which("llama-server") is not None

# What says when, how fast and how wide a run was; everything else has to be the same.
VARYING = {"timestamp", "run_id", "performance", "reference_performance", "slots", "decode_tps", "prefill_tps",
           "load_seconds", "peak_rss_bytes", "wall_seconds", "engine_seconds"}


def without_times(value):
    """A report without what may differ between two runs of a plan."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in VARYING}
    if isinstance(value, list):
        return [without_times(v) for v in value]
    return value


def bytes_without_times(report):
    plan = report["extension"]["plan"]
    plan.pop("slots", None)
    report = without_times(report)
    report.pop("repro_command")
    return json.dumps(report, indent=1)


def read_reports(folder):
    """The reports in a folder, by candidate; strict JSON. A page may stand beside them."""
    def refuse(constant):
        raise AssertionError(f"{constant} in a report")

    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".html"):
            continue
        with open(os.path.join(folder, name)) as f:
            report = json.load(f, parse_constant=refuse)
        found[report["candidate"]] = report
    return found


def processes(marker):
    """Ids of the processes that have `marker` in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read()
            with open(f"/proc/{pid}/stat", "rb") as f:
                state = f.read().rsplit(b")", 1)[1].split()[0]
        except OSError:
            continue
        if marker.encode() in line and state != b"Z":
            found.append(int(pid))
    return found


def wait_until(condition, seconds):
    """Whether `condition` came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


class CliTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="refract-test-")
        self.runtime = os.path.join(self.dir, "runtime")
        os.mkdir(self.runtime, 0o700)
        self.env = dict(
            os.environ,
            XDG_RUNTIME_DIR=self.runtime,
            XDG_STATE_HOME=os.path.join(self.dir, "state"),
            XDG_CACHE_HOME=os.path.join(self.dir, "cache"),
            XDG_DATA_HOME=os.path.join(self.dir, "data"),
            TMPDIR=self.runtime,
            LC_ALL="C.UTF-8",
        )

    def tearDown(self):
        for pid in processes(self.runtime):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(text, bytes) else "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def start(self, *args, **options):
        return subprocess.Popen([REFRACT, *args], env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                errors="replace", **options)

    def run_refract(self, *args, timeout=300, **options):
        """Status, standard output, standard error."""
        with self.start(*args, **options) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, out, err

    def check(self, status, *args, says=(), **options):
        """Runs refract and checks its exit status and that each of `says` is in what it said."""
        code, out, err = self.run_refract(*args, **options)
        self.assertEqual(code, status, f"{args}\n{out}\n{err}")
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, out + err)
        self.assertNotIn("CRITICAL", err)
        self.assertEqual(processes(self.runtime), [], "an engine was left behind")
        return out, err

    def assert_no_half_report(self, folder):
        """Every file in `folder` is whole JSON."""
        for name in os.listdir(folder):
            with open(os.path.join(folder, name)) as f:
                json.load(f)


def main():
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
