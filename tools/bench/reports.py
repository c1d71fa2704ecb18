# SPDX-License-Identifier: GPL-3.0-or-later
"""Many reports: what `refract compare` and `refract leaderboard` take, against parsing the same files in Python."""

import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

FULL = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "full-demo-q4_0.refract.json"


def measure(command):
    """Seconds on the wall, and of all processors together."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def parse_seconds():
    """Of one report in Python, reading included."""
    start = time.process_time()
    for _ in range(20):
        json.loads(FULL.read_text(encoding="utf-8"))
    return (time.process_time() - start) / 20


def bench(build):
    refract = build / "src" / "cli" / "refract"
    with tempfile.TemporaryDirectory(prefix="refract-bench-") as folder:
        files = [os.path.join(folder, f"{i}.refract.json") for i in range(5000)]
        for i, file in enumerate(files):
            if i < 10:
                pathlib.Path(file).write_bytes(FULL.read_bytes())
            else:
                os.link(files[i % 10], file)
        board = os.path.join(folder, "board.md")
        measure([refract, "leaderboard", folder, "--out", board])  # into the page cache
        for name, n, command, limit in (
                ("compare", 200, [refract, "compare", *files[:200]], 2),
                ("leaderboard", 5000, [refract, "leaderboard", folder, "--low-confidence", "--out", board], 10)):
            wall, processor = measure(command)
            print(f"{name} of {n} reports: {wall:.2f} s on the wall (at most {limit}), {processor:.2f} s of processors: "
                  f"{processor / n / parse_seconds():.2f} of parsing them in Python", flush=True)
