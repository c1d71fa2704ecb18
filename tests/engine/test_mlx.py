# SPDX-License-Identifier: GPL-3.0-or-later
"""The MLX backend through the command line, with the real MLX: REFRACT_TEST_MLX_PYTHON is a Python that has it,
REFRACT_TEST_HF_MODEL the folder with the bundled model converted. mlx_peers.py computes what is compared with."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cli"))
from refract_cli import CORPUS, HAYSTACK, SOURCE, CliTest, processes, read_reports, wait_until

PYTHON = os.environ.get("REFRACT_TEST_MLX_PYTHON", "")
MODEL = os.path.join(os.environ.get("REFRACT_TEST_HF_MODEL", ""), "float16")
PEERS = os.path.join(HERE, "mlx_peers.py")
WORKER = "refract_mlx_worker.py"
SCORE = ("score", "--backend", "mlx", "--python", PYTHON, "--reference", "bits=16", "--corpus", CORPUS)
TINY = ("--axes", "trajectory", "--n-predict", "4")
KLD = ("--axes", "kld", "--chunks", "2", "--ctx", "256")
# What goes wrong in a worker that is not ours: library defaults, and a cache converted too late.
TRAPS = {
    "start-5000": "def late(model, classes, kv):\n"
                  "    from mlx_lm.models.cache import make_prompt_cache\n"
                  "    return make_prompt_cache(model)\n"
                  "worker.make_cache = late\n",
    "after-the-forward": "read = worker.read_back\n"
                         "def late(model, classes, kv):\n"
                         "    from mlx_lm.models.cache import make_prompt_cache\n"
                         "    late.kv = kv\n"
                         "    return make_prompt_cache(model)\n"
                         "def read_back(caches, classes, n):\n"
                         "    if 'bits' in late.kv:\n"
                         "        caches = [c.to_quantized(group_size=late.kv['group'], bits=late.kv['bits']) for c in caches]\n"
                         "    return read(caches, classes, n)\n"
                         "worker.make_cache, worker.read_back = late, read_back\n",
}


def reason_to_skip():
    if not PYTHON:
        return "REFRACT_TEST_MLX_PYTHON is not set"
    if not os.path.isfile(os.path.join(MODEL, "config.json")):
        return "REFRACT_TEST_HF_MODEL is not the folder with the converted model"
    check = subprocess.run([PYTHON, "-c", "import mlx.core, numpy"], capture_output=True, text=True, check=False)
    return f"{PYTHON} has no MLX: {check.stderr.strip()[-200:]}" if check.returncode else None


class Mlx(CliTest):
    @classmethod
    def setUpClass(cls):
        cls.models = tempfile.mkdtemp(prefix="refract-test-")
        subprocess.run([PYTHON, "-B", PEERS, "models", MODEL, cls.models], check=True, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.models)

    def score(self, *args, model=MODEL, status=0, says=()):
        """The reports, by candidate."""
        out = self.path("out")
        shutil.rmtree(out, ignore_errors=True)
        self.check(status, *SCORE, "--model", model, "--json-out", out + "/", "--fresh", *args, says=says)
        return read_reports(out) if status == 0 else None

    def workers(self):
        return processes(WORKER) and [p for p in processes(WORKER) if p in processes(self.runtime)]

    def test_four_axes(self):
        reports = self.score("--candidate", "bits=16", "--candidate", "bits=8", "--candidate", "bits=4,group=32",
                             "--axes", "trajectory,kld,rniah,plad", "--haystack", HAYSTACK, "--n-predict", "16",
                             "--prompts", os.path.join(SOURCE, "tests", "data", "engines", "prompts.jsonl"), "--chunks", "2", "--rniah-lengths", "512", "--rniah-n-predict", "12", "--measure-floor")
        itself, good, bad = reports["bits=16"], reports["bits=8,group=64"], reports["bits=4,group=32"]
        for axis in ("gtm", "kld", "rniah", "plad"):
            self.assertEqual(itself["axes"][axis]["score"], 100, axis)
        self.assertEqual(itself["axes"]["kld"]["mean_kld"], 0)
        self.assertEqual(good["composite_detail"]["floor_score"], 100)
        self.assertLess(bad["composite"], good["composite"])
        self.assertLess(good["composite"], 100)
        self.assertGreater(bad["axes"]["kld"]["mean_kld"], good["axes"]["kld"]["mean_kld"])
        self.assertGreater(good["axes"]["kld"]["mean_kld"], 0)
        kv = bad["extension"]["kv"]
        self.assertEqual(kv["evidence"], "proved")
        self.assertEqual((kv["in_use"]["type_k"], kv["in_use"]["layers"], kv["in_use"]["layers_quantized"]),
                         ("4-bit/32", 3, 3))
        self.assertIn("float32", kv["in_use"]["note"])
        self.assertGreater(bad["extension"]["performance"]["decode_tps"], 0)
        self.assertGreater(bad["extension"]["performance"]["peak_rss_bytes"], 1 << 20)
        # One load serves the run: only the reference and the floor, which has a process of its own, waited for one.
        self.assertEqual(bad["extension"]["performance"]["load_seconds"], 0)

    def test_kld_is_numpys(self):
        for bits, group in ((8, 64), (4, 32)):
            peer = json.loads(subprocess.run([PYTHON, "-B", PEERS, "kld", MODEL, CORPUS, "512", "3", str(bits), str(group)],
                                             check=True, capture_output=True).stdout)
            report = self.score("--candidate", f"bits={bits},group={group}", "--axes", "kld", "--chunks", "3")
            report = report[f"bits={bits},group={group}"]
            own, extension = report["axes"]["kld"]["mean_kld"], report["extension"]["axes"]["kld"]
            self.assertAlmostEqual(own / peer["mean"], 1, delta=1e-6)
            self.assertAlmostEqual(extension["max_kld"] / peer["max"], 1, delta=1e-6)
            self.assertAlmostEqual(extension["flip_rate"], peer["flips"], delta=1e-12)
            self.assertEqual(extension["n_positions"], peer["n"])

    def test_widths_that_mlx_lm_gets_wrong(self):
        reports = self.score(*KLD, *(a for b in (2, 3, 5, 6) for a in ("--candidate", f"bits={b},group=32")))
        means = [reports[f"bits={b},group=32"]["axes"]["kld"]["mean_kld"] for b in (2, 3, 5, 6)]
        self.assertEqual(means, sorted(means, reverse=True))

    def test_simulated(self):
        reports = self.score(*KLD, "--candidate", "k_bits=8,v_bits=4", "--candidate", "k_bits=4,v_bits=8",
                             "--candidate", "k_bits=4,v_bits=16", "--candidate", "bits=4")
        mean = {name: report["axes"]["kld"]["mean_kld"] for name, report in reports.items()}
        self.assertLess(mean["k_bits=8,v_bits=4,group=64"], mean["k_bits=4,v_bits=8,group=64"])
        self.assertLess(mean["k_bits=4,v_bits=8,group=64"], 1.5 * mean["bits=4,group=64"])
        in_use = reports["k_bits=4,v_bits=16,group=64"]["extension"]["kv"]["in_use"]
        self.assertEqual((in_use["type_k"], in_use["type_v"]), ("4-bit/64", "float32"))
        self.assertIn("Simulated", in_use["note"])

    def test_layers_that_cannot_be_quantized(self):
        for model, layers in (("window", "RotatingKVCache"), ("hybrid", "ArraysCache")):
            reports = self.score(*KLD, "--candidate", "bits=4", model=os.path.join(self.models, model))
            in_use = reports["bits=4,group=64"]["extension"]["kv"]["in_use"]
            self.assertEqual((in_use["layers"], in_use["layers_quantized"]), (3, 1))
            self.assertIn("1 of 3 layers quantized", in_use["note"])
            self.assertIn(layers, in_use["note"])

    def test_traps(self):
        """Nothing is quantized, or not what was measured: no score."""
        data = self.path("data")
        os.makedirs(os.path.join(data, "mlx-worker"))
        for name in ("prompts", "data"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(data, name))
        self.env["REFRACT_DATA_DIR"] = data
        for name, patch in TRAPS.items():
            self.write(f"data/mlx-worker/{WORKER}",
                       f"import sys\nsys.path.insert(0, {os.path.join(SOURCE, 'data', 'mlx-worker')!r})\n"
                       f"import refract_mlx_worker as worker\n{patch}worker.main()\n")
            for axes in (TINY, KLD):
                with self.subTest(name, axes=axes):
                    self.score("--candidate", "bits=4", *axes, status=3, says="stored its KV cache quantized")

    def test_code_of_a_model(self):
        model = os.path.join(self.models, "code")
        self.score("--candidate", "bits=4", *TINY, model=model, status=2, says="--allow-model-code")
        self.assertFalse(os.path.exists(os.path.join(model, "was-run")))
        self.score("--candidate", "bits=4", *TINY, "--allow-model-code", model=model)
        self.assertTrue(os.path.exists(os.path.join(model, "was-run")))

    def test_no_mlx(self):
        self.check(3, *SCORE[:3], "--python", sys.executable, *SCORE[5:], "--model", MODEL, "--candidate", "bits=4", *TINY,
                   says="-m pip install")
        self.check(3, *SCORE[:3], "--python", "/bin/true", *SCORE[5:], "--model", MODEL, "--candidate", "bits=4", *TINY,
                   says="is not a Python that runs")
        self.check(3, "selftest", "--backend", "mlx", "--python", self.dir, says="✗ Python")

    def test_selftest(self):
        out, _ = self.check(0, "selftest", "--backend", "mlx", "--python", PYTHON, "--model", MODEL)
        for title in ("Python", "MLX", "Device", "Model", "Greedy decode", "Quantized KV cache"):
            self.assertIn(f"✓ {title}", out)

    def sockets(self):
        """Connections of the workers that have a model: one to be asked, one more for log-probabilities."""
        count = 0
        for pid in self.workers():
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                    arguments = file.read().split("\0")
                if MODEL in arguments and arguments[1] == "-u":  # the supervisor has them behind its own
                    count += sum(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
                                 for fd in os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                pass  # it ended meanwhile
        return count

    def answers(self):
        """Bytes of the journal: it has every answer that is whole."""
        return sum(os.path.getsize(os.path.join(folder, name))
                   for folder, _, names in os.walk(self.path("state")) for name in names if name.endswith(".jsonl"))

    def busy_at(self, stage):
        """A run whose worker loads, computes log-probabilities, or decodes."""
        axes = {"load": TINY, "prefill": ("--axes", "kld", "--chunks", "80"),
                "decode": ("--axes", "trajectory", "--n-predict", "512")}[stage]
        process = self.start(*SCORE, "--model", MODEL, "--candidate", "bits=8", "--quiet", "--fresh", *axes)
        reached = {"load": lambda: self.sockets() == 1, "prefill": lambda: self.sockets() == 2,
                   "decode": lambda: self.answers() > 1000}[stage]
        self.assertTrue(wait_until(lambda: reached() or process.poll() is not None, 120), "it does not get there")
        self.assertIsNone(process.poll())
        return process

    def end(self, stage, number):
        process = self.busy_at(stage)
        process.send_signal(number)
        process.communicate(timeout=60)
        self.assertTrue(wait_until(lambda: not processes(self.runtime), 5), "a worker outlives its owner")
        return process.returncode

    def test_killed(self):
        for stage in ("load", "prefill", "decode"):
            with self.subTest(stage):
                self.assertEqual(self.end(stage, signal.SIGKILL), -signal.SIGKILL)

    def test_cancelled(self):
        for stage in ("load", "prefill", "decode"):
            with self.subTest(stage):
                self.assertEqual(self.end(stage, signal.SIGINT), 130)


if __name__ == "__main__":
    skip = reason_to_skip()
    if skip:
        print(skip)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
