# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the programs of an engine's Python environment: plays tapes, or records the real ones.

make_environment() writes a folder that looks like a virtual environment; its programs run this file.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tape as tapes

PROGRAMS = ("python", "python3", "vllm")
SERVERS = ("vllm.entrypoints.cli.main", "vllm.entrypoints.openai.api_server", "sglang.launch_server")
KEYS = ("VLLM_API_KEY", "REFRACT_ENGINE_KEY")


def make_environment(folder, engine, version, **settings):
    """`settings`: either `tapes`, paths by KV type, with a `fault` for Faulty if wanted, or `start` "exit" or "hang";
    or `real`, an environment, with `notes`, a folder for what is recorded."""
    packages = os.path.join(folder, "lib", f"python3.{sys.version_info.minor}", "site-packages")
    os.makedirs(os.path.join(packages, f"{engine}-{version}.dist-info"))
    os.makedirs(os.path.join(folder, "bin"))
    with open(os.path.join(packages, f"{engine}-{version}.dist-info", "METADATA"), "w") as file:
        file.write(f"Metadata-Version: 2.1\nName: {engine}\nVersion: {version}\n")
    with open(os.path.join(folder, "pyvenv.cfg"), "w") as file:
        file.write("include-system-site-packages = false\n")
    with open(os.path.join(folder, "stand-in.json"), "w") as file:
        json.dump(dict(settings, engine=engine), file)
    for name in PROGRAMS:
        path = os.path.join(folder, "bin", name)
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\nexec {sys.executable} -B {os.path.abspath(__file__)} {folder} {name} \"$@\"\n")
        os.chmod(path, 0o755)
    return folder


def said_unknown(folder):
    """What servers of this environment were asked that is not on their tapes."""
    with open(os.path.join(folder, "unknown"), "a+", encoding="utf-8") as file:
        file.seek(0)
        return file.read()


def option(arguments, name, default=None):
    for i, argument in enumerate(arguments):
        if argument == name and i + 1 < len(arguments):
            return arguments[i + 1]
        if argument.startswith(name + "="):
            return argument[len(name) + 1:]
    return default


def is_server(program, arguments):
    if program == "vllm":
        return arguments[:1] == ["serve"]
    return arguments[:1] in (["-m"], ["-c"]) and any(name in arguments[1] for name in SERVERS)


def model_of(arguments):
    named = option(arguments, "--model-path") or option(arguments, "--model")
    return named or arguments[arguments.index("serve") + 1]


def key_of(arguments):
    return next(filter(None, [option(arguments, "--api-key"), *map(os.environ.get, KEYS)]), None)


def scrub(line, model, key):
    """A line of a log without what belongs to the machine that it was written on."""
    line = line.replace(model, tapes.PLACE)
    if key:
        line = line.replace(key, "@KEY@")
    line = re.sub(r"\b(?!127\.0\.0\.1\b|0\.0\.0\.0\b)\d{1,3}(\.\d{1,3}){3}\b", "192.0.2.1", line)
    line = line.replace(socket.gethostname(), "@HOST@")
    return re.sub(r"/(root|home|tmp|usr|var|opt|work)/[^\s'\",:;)\]]*", "@PATH@", line)


def play(folder, settings, arguments):
    kv = option(arguments, "--kv-cache-dtype", "auto")
    model = model_of(arguments)
    tape = tapes.Tape.load(settings["tapes"][kv])
    for line in tape.about["log"]:
        print(line.replace(tapes.PLACE, model), file=sys.stderr, flush=True)
    # As real ones do: processes of its own, which do not end by themselves when it is killed.
    workers = [subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()", folder]) for _ in range(2)]
    if settings.get("start") == "exit":
        for worker in workers:
            worker.kill()
        print("(EngineCore pid=1) ERROR [core.py:1] RuntimeError: the cause of it all\n"
              "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.",
              file=sys.stderr, flush=True)
        return 1
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    player = None
    if settings.get("start") != "hang":
        options = dict(model=model, key=key_of(arguments), port=int(option(arguments, "--port")))
        player = (tapes.Faulty(tape, **settings["fault"], **options) if "fault" in settings
                  else tapes.Player(tape, **options)).start()
    while not stopped.wait(0.05):
        pass
    for worker in workers:
        worker.kill()
        worker.wait()
    if player and player.unknown:
        with open(os.path.join(folder, "unknown"), "a", encoding="utf-8") as file:
            file.write("\n".join(player.unknown) + "\n")
    return 0


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def pass_on(stream, to, log, model, key, stopped):
    for line in stream:
        to.buffer.write(line)
        to.flush()
        if stopped.is_set():
            continue
        with open(log, "a", encoding="utf-8") as file:
            file.write(scrub(line.decode("utf-8", "replace"), model, key))


def record(settings, program, arguments):
    """Starts the real server on a port of its own, and the recorder where it was to be."""
    port, inner = option(arguments, "--port"), free_port()
    kv = option(arguments, "--kv-cache-dtype", "auto")
    model, key = model_of(arguments), key_of(arguments)
    notes = os.path.join(settings["notes"], f"{settings['engine']}-{kv}")
    real = [str(inner) if a == port else f"--port={inner}" if a == f"--port={port}" else a for a in arguments]
    with open(notes + ".arguments", "w") as file:
        json.dump([scrub(a, model, key) for a in arguments], file)
    child = subprocess.Popen([os.path.join(settings["real"], "bin", program), *real], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    # The log of the first start is the one that is kept.
    log = notes + ".log" if not os.path.exists(notes + ".log") else os.devnull
    stopped = threading.Event()
    for stream, to in ((child.stdout, sys.stdout), (child.stderr, sys.stderr)):
        threading.Thread(target=pass_on, args=(stream, to, log, model, key, stopped), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: (stopped.set(), child.terminate()))
    while child.poll() is None:
        try:
            http.client.HTTPConnection("127.0.0.1", inner, timeout=5).connect()
            break
        except OSError:
            time.sleep(0.1)
    if child.poll() is None:
        tapes.Recorder(f"127.0.0.1:{inner}", notes + ".jsonl", model, port=int(port)).start()
    return child.wait()


def main():
    folder, program, *arguments = sys.argv[1:]
    with open(os.path.join(folder, "stand-in.json")) as file:
        settings = json.load(file)
    if is_server(program, arguments):
        sys.exit(record(settings, program, arguments) if "real" in settings else play(folder, settings, arguments))
    real = os.path.join(settings["real"], "bin", program) if "real" in settings else shutil.which(program) or sys.executable
    os.execv(real, [real, *arguments])


if __name__ == "__main__":
    main()
