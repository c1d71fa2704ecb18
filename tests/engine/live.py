# SPDX-License-Identifier: GPL-3.0-or-later
"""live.py ENGINE ENVIRONMENT MODELS FOLDER: audits the bundled model on a real engine, four axes, the reference against
itself and a candidate; prints what came out. On vLLM and SGLang a small audit is recorded first, for the tests that
have no such server. Run by `tools/box engines test`."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

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


# How a user would start the servers, and in which environment; {} is the model.
SERVERS = {
    "vllm": ("-m vllm.entrypoints.cli.main serve {} --served-model-name refract --max-logprobs -1 --enable-scale-out "
             "--generation-config vllm --no-enable-prefix-caching --enforce-eager",
             {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "TORCHDYNAMO_DISABLE": "1"}),
    "sglang": ("-m sglang.launch_server --model-path {} --served-model-name refract --device cpu --dtype float32 "
               "--attention-backend torch_native --max-total-tokens 65536 --disable-radix-cache --random-seed 1",
               {"SGLANG_USE_CPU_ENGINE": "1"}),
}


# SGLang computes a float32 model in float16 unless told otherwise.
FLAGS = {"sglang": ["--engine-flags", "--dtype float32"]}


def audit(engine, model, folder, *more, python=None, configurations=None):
    """The reports, by candidate; by default of the reference against itself and of the candidate."""
    reference, *candidates = configurations or (ENGINES[engine][1], *ENGINES[engine][1:])
    command = [os.environ["REFRACT"], "score", "--backend", engine, "--model", model, "--reference", reference,
               "--axes", "trajectory,kld,rniah,plad", "--corpus", os.path.join(DEMO, "corpus.txt"),
               "--haystack", os.path.join(DEMO, "haystack.txt"), "--json-out", folder + "/", "--fresh", *more]
    for candidate in candidates:
        command += ["--candidate", candidate]
    shutil.rmtree(folder, ignore_errors=True)
    if python:
        command += ["--python", python, *FLAGS.get(engine, [])]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            report = json.load(file)
        found[report["candidate"]] = report
    return [found[candidate] for candidate in candidates]


def is_ready(url):
    try:
        with urllib.request.urlopen(url + "/health", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


@contextlib.contextmanager
def own_server(engine, recorder, model, kv, folder):
    """A server that a user has started at configuration kv, behind the recorder; its log is in the folder."""
    command, settings = SERVERS[engine]
    port = stand_in.free_port()
    url = f"http://127.0.0.1:{port}"
    with open(os.path.join(folder, f"own-{kv.removeprefix('kv=')}.log"), "wb") as log:
        server = subprocess.Popen([os.path.join(recorder, "bin", "python"), *command.format(model).split(), "--host",
                                   "127.0.0.1", "--port", str(port), "--kv-cache-dtype", kv.removeprefix("kv=")],
                                  env=dict(os.environ, HF_HUB_OFFLINE="1", **settings), stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log)
    try:
        while not is_ready(url):
            if server.poll() is not None:
                sys.exit(f"{engine} with {kv} did not start (log: {log.name})")
            time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait()


def record_reference(engine, recorder, model, folder):
    """The small audit of a user's server of the reference, against itself."""
    reference = ENGINES[engine][1]
    with own_server(engine, recorder, model, reference, folder) as url:
        audit(engine, model, os.path.join(folder, "reference"), *SMALL, "--reference-url", url, "--candidate-url", url,
              configurations=(reference, reference))


def record_candidate(engine, recorder, model, folder):
    """The small audit of a user's server of the candidate; the reference is what was recorded just now, so that there
    is never more than one such server."""
    reference, candidate = ENGINES[engine][1:]
    tape = tapes.tape_from_notes(os.path.join(folder, "notes", f"{engine}-{reference.removeprefix('kv=')}.jsonl"), {})
    with tapes.Player(tape, model=model) as player, own_server(engine, recorder, model, candidate, folder) as url:
        audit(engine, model, os.path.join(folder, "candidate"), *SMALL, "--reference-url", player.url, "--candidate-url", url,
              configurations=(reference, candidate))


def record(engine, version, environment, model, folder):
    """A small audit on servers of the user's, and once more on servers of ours."""
    shutil.rmtree(folder, ignore_errors=True)
    notes = os.path.join(folder, "notes")
    os.makedirs(notes)
    recorder = stand_in.make_environment(os.path.join(folder, "environment"), engine, version, real=environment, notes=notes)
    record_reference(engine, recorder, model, folder)
    record_candidate(engine, recorder, model, folder)
    audit(engine, model, os.path.join(folder, "small"), *SMALL, python=recorder)
    for name in sorted(n.removesuffix(".jsonl") for n in os.listdir(notes) if n.endswith(".jsonl")):
        save(engine, version, os.path.join(notes, name), os.path.join(TAPES, name + ".xz"))


def save(engine, version, base, target):
    with open(base + ".log", encoding="utf-8") as log, open(base + ".arguments", encoding="utf-8") as arguments:
        about = {"engine": engine, "version": version, "arguments": json.load(arguments), "log": log.read().splitlines()}
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
    itself, candidate = audit(engine, model, os.path.join(folder, "reports"), *LARGE, python=environment)
    print(f"{engine} {version}\n  {describe(itself)}\n  {describe(candidate)}")
    problems = []
    if itself["composite"] != 100 or itself["axes"]["kld"]["mean_kld"] != 0:
        problems.append("the reference differs from itself")
    if not (candidate["composite"] < 100 and candidate["axes"]["kld"]["mean_kld"] > 0):
        problems.append("the candidate is not told from the reference")
    sys.exit("; ".join(problems) or None)


if __name__ == "__main__":
    main()
