#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed, as ratios measured side by side in one run. Usage: bench.py BUILD-FOLDER [kld|audit]

kld    the row kernel of the KLD axis against a plain scalar loop, in log-probability pairs per second
audit  a whole audit of the bundled model against the seconds that the engine itself reports
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DEMO = SOURCE / "data" / "demo"
CANDIDATES = ["ctk=q8_0,ctv=q8_0", "ctk=q4_0,ctv=q4_0", "ctk=q8_0,ctv=q4_0"]


def audit_once(refract, n_candidates):
    """Seconds of one audit: on the wall, computing as the engine reports it, loading."""
    with tempfile.TemporaryDirectory(prefix="refract-bench-") as folder:
        command = [refract, "score", "--model", DEMO / "model.gguf", "--corpus", DEMO / "corpus.txt",
                   "--haystack", DEMO / "haystack.txt", "--axes", "trajectory,kld,rniah,plad",
                   "--rniah-lengths", "512,1024,2048", "--rniah-n-predict", "32", "--fresh",
                   "--quiet", "--json-out", folder + "/"]
        for candidate in CANDIDATES[:n_candidates]:
            command += ["--candidate", candidate]
        environment = dict(os.environ, XDG_STATE_HOME=folder, REFRACT_DATA_DIR=str(SOURCE))
        begun = time.monotonic()
        subprocess.run(command, check=True, env=environment)
        wall = time.monotonic() - begun

        extensions = []
        for path in pathlib.Path(folder).glob("*.json"):
            extensions.append(json.loads(path.read_text())["extension"])
        runs = [extension["performance"] for extension in extensions]
        runs.append(extensions[0]["reference_performance"])
        return (wall, sum(run["engine_seconds"] for run in runs),
                sum(run["load_seconds"] for run in runs))


def audit(build):
    refract = build / "src" / "cli" / "refract"
    audit_once(refract, 1)  # files into the page cache
    walls = []
    for n in (1, 2, 3):
        wall, computing, loading = audit_once(refract, n)
        walls.append(wall)
        print(f"{n} candidate{'s' if n > 1 else ''}: {wall:6.2f} s on the wall, the engine reports "
              f"{computing:6.2f} s computing and {loading:.2f} s start-up: ratio "
              f"{wall / (computing + loading):.2f} (at most 1.30)")
    for n in (1, 2):
        print(f"candidate {n + 1}: {walls[n] - walls[n - 1]:6.2f} s, {(walls[n] - walls[n - 1]) / walls[0]:.2f} "
              f"of the first (at most 0.55)")


def kld(build):
    subprocess.run([build / "tools" / "bench" / "bench-kld"], check=True)


def main():
    build = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:] or ["kld", "audit"]
    benches = {"kld": kld, "audit": audit}
    for name in wanted:
        if name not in benches:
            sys.exit(__doc__)
        benches[name](build)


if __name__ == "__main__":
    main()
