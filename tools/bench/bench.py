#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed, as ratios measured side by side in one run. Usage: bench.py BUILD-FOLDER [kld|audit|library|reports]

kld    the row kernel of the KLD axis against a plain scalar loop, in log-probability pairs per second
audit  a whole audit of the bundled model against the seconds that the engine itself reports
library  the window over 5,000 reports: its first frame against an empty window's, its list, its search, its memory
reports  comparing 200 full reports and ranking 5,000, against parsing the same files in Python
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import library
import reports

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEMO = SOURCE / "data" / "demo"
CANDIDATES = ["ctk=q8_0,ctv=q8_0", "ctk=q4_0,ctv=q4_0", "ctk=q8_0,ctv=q4_0"]


def audit_once(refract, n_candidates):
    """Seconds of one audit: on the wall, computing as the engine reports it, loading; and a list of what each
    candidate took on the wall, the first with everything before it."""
    with tempfile.TemporaryDirectory(prefix="refract-bench-") as folder:
        command = [refract, "score", "--model", DEMO / "model.gguf", "--corpus", DEMO / "corpus.txt",
                   "--haystack", DEMO / "haystack.txt", "--axes", "trajectory,kld,rniah,plad",
                   "--rniah-lengths", "512,1024,2048", "--rniah-n-predict", "32", "--fresh",
                   "--json-out", folder + "/"]
        for candidate in CANDIDATES[:n_candidates]:
            command += ["--candidate", candidate]
        environment = dict(os.environ, XDG_STATE_HOME=folder, REFRACT_DATA_DIR=str(SOURCE))
        times = [time.monotonic()]
        configurations = []
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as process:
            for line in process.stderr:  # [3/10] K f16 / V f16: trajectory
                stage = re.match(r"\[\d+/\d+\] (.*): ", line)
                if stage and stage[1] not in configurations:
                    configurations.append(stage[1])
                    if len(configurations) > 2:
                        times.append(time.monotonic())
        if process.returncode != 0:
            sys.exit(f"refract ended with status {process.returncode}")
        times.append(time.monotonic())

        extensions = []
        for path in pathlib.Path(folder).glob("*.json"):
            extensions.append(json.loads(path.read_text())["extension"])
        runs = [extension["performance"] for extension in extensions]
        runs.append(extensions[0]["reference_performance"])
        return (times[-1] - times[0], sum(run["engine_seconds"] for run in runs),
                sum(run["load_seconds"] for run in runs), [b - a for a, b in zip(times, times[1:])])


def audit(build):
    refract = build / "src" / "cli" / "refract"
    audit_once(refract, 1)  # files into the page cache
    for n in (1, 2, 3):
        wall, computing, loading, costs = audit_once(refract, n)
        print(f"{n} candidate{'s' if n > 1 else ''}: {wall:6.2f} s on the wall, the engine reports "
              f"{computing:6.2f} s computing and {loading:.2f} s start-up: ratio "
              f"{wall / (computing + loading):.2f} (at most 1.30)")
        for i, cost in enumerate(costs[1:]):
            print(f"  candidate {i + 2}: {cost:6.2f} s, {cost / costs[0]:.2f} of the first with its reference, "
                  f"{costs[0]:.2f} s (at most 0.55)", flush=True)


def kld(build):
    subprocess.run([build / "tools" / "bench" / "bench-kld"], check=True)


def main():
    build = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:] or ["kld", "audit"]
    benches = {"kld": kld, "audit": audit, "library": library.bench, "reports": reports.bench}
    for name in wanted:
        if name not in benches:
            sys.exit(__doc__)
        benches[name](build)


if __name__ == "__main__":
    main()
