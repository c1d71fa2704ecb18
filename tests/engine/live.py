# SPDX-License-Identifier: GPL-3.0-or-later
"""live.py ENGINE ENVIRONMENT MODELS FOLDER: audits the bundled model on a real engine, four axes, the reference against
itself and a candidate; prints what came out. On vLLM and SGLang a small audit is recorded first, for the tests that
have no such server. Run by `tools/box engines test`."""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stand_in
import tape as tapes

SOURCE = os.environ["REFRACT_DATA_DIR"]
DEMO = os.path.join(SOURCE, "data", "demo")
TAPES = os.path.join(SOURCE, "tests", "data", "engines")
# Model type, reference, candidate.
ENGINES = {
    "mlx": ("float16", "bits=16", "bits=4,group=64"),
    "vllm": ("float16", "kv=auto", "kv=fp8"),
    "sglang": ("float32", "kv=auto", "kv=bfloat16"),
}
SMALL = ("--prompts", os.path.join(TAPES, "prompts.jsonl"), "--n-predict", "16", "--chunks", "2", "--ctx", "64,1024",
         "--rniah-lengths", "256,512", "--rniah-positions", "0.2,0.8", "--rniah-n-predict", "16")
LARGE = ("--n-predict", "128", "--chunks", "16", "--rniah-lengths", "512,1024,2048", "--rniah-n-predict", "64")


def audit(engine, environment, model, folder, *more):
    """The reports, by candidate."""
    _, reference, candidate = ENGINES[engine]
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([os.environ["REFRACT"], "score", "--backend", engine, "--python", environment, "--model", model,
                    "--reference", reference, "--candidate", reference, "--candidate", candidate,
                    "--axes", "trajectory,kld,rniah,plad", "--corpus", os.path.join(DEMO, "corpus.txt"),
                    "--haystack", os.path.join(DEMO, "haystack.txt"), "--json-out", folder + "/", "--fresh", *more],
                   check=True, stdin=subprocess.DEVNULL)
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            report = json.load(file)
        found[report["candidate"]] = report
    return found[reference], found[candidate]


def record(engine, version, environment, model, folder):
    shutil.rmtree(folder, ignore_errors=True)
    notes = os.path.join(folder, "notes")
    os.makedirs(notes)
    recorder = stand_in.make_environment(os.path.join(folder, "environment"), engine, version, real=environment, notes=notes)
    audit(engine, recorder, model, os.path.join(folder, "small"), *SMALL)
    for name in sorted(n.removesuffix(".jsonl") for n in os.listdir(notes) if n.endswith(".jsonl")):
        base = os.path.join(notes, name)
        with open(base + ".log", encoding="utf-8") as log, open(base + ".arguments", encoding="utf-8") as arguments:
            about = {"engine": engine, "version": version, "arguments": json.load(arguments),
                     "log": log.read().splitlines()}
        target = os.path.join(TAPES, name + ".xz")
        tape = tapes.tape_from_notes(base + ".jsonl", about)
        tape.save(target)
        print(f"{os.path.relpath(target, SOURCE)}: {len(tape.requests)} requests, {os.path.getsize(target)} bytes")


def describe(report):
    axes = report["axes"]
    scores = ", ".join(f"{name} {axes[name]['score']:.2f}" for name in ("gtm", "kld", "rniah", "plad"))
    return f"{report['candidate']}: composite {report['composite']:.2f} ({scores}), mean KLD {axes['kld']['mean_kld']:.3g}"


def version_of(environment, engine):
    """As the package's metadata has it."""
    program = f"import importlib.metadata as m; print(m.version({engine!r}))"
    return subprocess.run([os.path.join(environment, "bin", "python"), "-c", program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def main():
    engine, environment, models, folder = sys.argv[1:]
    model = os.path.join(models, ENGINES[engine][0])
    version = version_of(environment, engine)
    if engine != "mlx":
        record(engine, version, environment, model, folder)
    itself, candidate = audit(engine, environment, model, os.path.join(folder, "reports"), *LARGE)
    print(f"{engine} {version}\n  {describe(itself)}\n  {describe(candidate)}")
    problems = []
    if itself["composite"] != 100 or itself["axes"]["kld"]["mean_kld"] != 0:
        problems.append("the reference differs from itself")
    if not (candidate["composite"] < 100 and candidate["axes"]["kld"]["mean_kld"] > 0):
        problems.append("the candidate is not told from the reference")
    sys.exit("; ".join(problems) or None)


if __name__ == "__main__":
    main()
