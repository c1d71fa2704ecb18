# SPDX-License-Identifier: GPL-3.0-or-later
"""check-mime.py PACKAGE.xml SOURCE-ROOT: the types are valid, and are found by name and by content."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

REPORT = "application/vnd.refract.report+json"
GGUF = "application/vnd.gguf"


def content_type(path, env):
    text = subprocess.run(["gio", "info", "-a", "standard::content-type", path], env=env, check=True,
                          capture_output=True, text=True).stdout
    return text.rsplit(" ", 1)[-1].strip()


def main():
    package, source = map(pathlib.Path, sys.argv[1:])
    for program in ("update-mime-database", "gio"):
        if shutil.which(program) is None:
            print(f"no {program}")
            return 77
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        (home / "mime/packages").mkdir(parents=True)
        shutil.copy(package, home / "mime/packages")
        made = subprocess.run(["update-mime-database", home / "mime"], capture_output=True, text=True, check=True)
        if "refract" in made.stderr:
            print(made.stderr)
            failures += 1
        env = {**os.environ, "XDG_DATA_HOME": folder}
        legacy = (source / "tests/data/legacy-v0.3.1-gemma26b.json").read_bytes()
        model = (source / "data/demo/model.gguf").read_bytes()[:4096]
        for name, content, expected in (
                ("a.refract.json", b"{}", REPORT),
                ("report-without-suffix", legacy, REPORT),
                ("a.json", b'{"schema": 1}', "application/json"),
                ("a.gguf", b"GGUF", GGUF),
                ("model-without-suffix", model, GGUF)):
            path = home / name
            path.write_bytes(content)
            found = content_type(path, env)
            if found != expected:
                print(f"{name}: {found}, not {expected}")
                failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
