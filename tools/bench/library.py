# SPDX-License-Identifier: GPL-3.0-or-later
"""The window over a library of 5,000 full reports, on a display that nobody sees."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

REPORT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "full-demo-q4_0.refract.json"
N_REPORTS = 5000
N_STARTS = 7
TYPES = ["q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]


def fill(folder):
    """Copies of a whole report that differ in their ids, times, models, candidates and scores; the newest last."""
    text = REPORT.read_text()
    report = json.loads(text)
    run, day, score = report["extension"]["run_id"], report["timestamp"], repr(report["composite"])
    fixed = re.split("|".join(map(re.escape, (run, day, score, "Refract demo", "K q4_0 / V q4_0"))), text)
    found = re.findall("|".join(map(re.escape, (run, day, score, "Refract demo", "K q4_0 / V q4_0"))), text)
    os.makedirs(folder)
    for i in range(N_REPORTS):
        minute = i * 97  # eleven months
        new = {run: f"20260101-{i:06}", score: f"{i * 7919 % 10000 / 100:.2f}", "Refract demo": f"Model {i * 31 % 60:02}",
               "K q4_0 / V q4_0": f"K {TYPES[i % 5]} / V {TYPES[i // 5 % 5]}",
               day: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1767225600 + minute * 60))}
        copy = "".join(part + new.get(word, "") for part, word in zip(fixed, found + [""]))
        (folder / f"report-{i:04}.refract.json").write_text(copy)
    return len(text)


def start(program, *arguments, home):
    environment = dict(os.environ, XDG_DATA_HOME=str(home), GDK_BACKEND="x11", GDK_DISABLE="gl,vulkan", GTK_A11Y="none",
                       ADW_DISABLE_PORTAL="1", GSETTINGS_BACKEND="memory",
                       REFRACT_BENCH_START=str(time.monotonic_ns() // 1000))
    done = subprocess.run([program, *arguments], env=environment, stdout=subprocess.PIPE, check=True, timeout=600)
    return json.loads(done.stdout)


def tell(what, value, limit, unit):
    print(f"{what}: {value:.2f}{unit} (at most {limit}{unit}){'' if value <= limit else '  MISSED'}", flush=True)
    return value <= limit


def show(title, run):
    good = tell(f"{title}: list shown after the first frame", (run["list_shown_ms"] - run["first_frame_ms"]) / 1000,
                0.5, " s")
    print(f"{title}: all {run['n']} listed after {run['all_listed_ms'] / 1000:.2f} s")
    good &= tell(f"{title}: longest turn of the main loop while they load, its own time", run["loading_cpu_ms"], 50,
                 " ms")
    good &= tell(f"{title}: slowest key in the search, until it is drawn", max(k["ms"] for k in run["keys"]), 50, " ms")
    print(f"{title}: the keys' own time {', '.join(str(k['cpu_ms']) for k in run['keys'])} ms")
    good &= tell(f"{title}: longest turn of the main loop while typing, its own time", run["typing_cpu_ms"], 50, " ms")
    good &= tell(f"{title}: resident memory", run["rss_kb"] / 1024, 300, " MB")
    print(f"{title}: at its peak {run['peak_kb'] / 1024:.0f} MB")
    return good


def bench(build):
    program, empty = build / "tools" / "bench" / "bench-library", build / "tools" / "bench" / "bench-empty-window"
    with tempfile.TemporaryDirectory(prefix="refract-bench-") as folder:
        home = pathlib.Path(folder)
        size = fill(home / "refract" / "reports")
        print(f"{N_REPORTS} reports of {size / 1000:.0f} kB")
        cold = start(program, "list", home=home)
        warm = start(program, "list", home=home)
        frames = [(start(empty, home=home)["first_frame_ms"], start(program, "frame", home=home)["first_frame_ms"])
                  for _ in range(N_STARTS)]
    mine, least = (statistics.median(column) for column in (tuple(zip(*frames))[1], tuple(zip(*frames))[0]))
    print(f"first frame: {mine:.0f} ms, of an empty window {least:.0f} ms")
    good = tell("first frame, times an empty window's", mine / least, 1.2, "")
    good &= show("warm start", warm)
    good &= show("cold start", cold)
    if not good:
        sys.exit(1)
