#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings POTFILES.in, refract.pot and the translations up to date with the source: po/update.py

With --check nothing is written: it says what is out of date, untranslated or fuzzy, and fails.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

PO = pathlib.Path(__file__).resolve().parent
TOP = PO.parent
SOURCES = ("data/*.desktop.in", "data/*.metainfo.xml.in", "data/*.mime.xml.in", "data/*.gschema.xml", "src/**/*.c",
           "ui/*.blp")
# What the library prints from a format in these is a text for a person (core/refract-translate.h), and needs no mark.
PRINTING = {"g_set_error": 4, "g_set_error_literal": 4, "g_prefix_error": 2, "fail": 2,
            "refract_gguf_reader_fail_damaged": 3, "refract_axis_result_note": 2, "refract_findings_add": 3,
            "refract_selftest_add": 5}
MARKED = re.compile(rf"\b(?:_|N_|C_|NC_|ngettext|g_dngettext|{'|'.join(PRINTING)})\s*\(")
XGETTEXT = ["xgettext", "--from-code=UTF-8", "--package-name=refract", "--default-domain=refract",
            "--add-comments=Translators", "--add-location=file", "--keyword=_", "--keyword=N_", "--keyword=C_:1c,2",
            "--keyword=NC_:1c,2", "--keyword=ngettext:1,2", "--keyword=g_dngettext:2,3",
            "--keyword=g_dpgettext2:2c,3", "--flag=g_strdup_printf:1:c-format", "--flag=g_string_append_printf:2:c-format",
            "--flag=g_set_error:4:c-format", "--flag=g_print:1:c-format", "--flag=g_printerr:1:c-format",
            "--flag=N_:1:pass-c-format", "--flag=_:1:pass-c-format", "--flag=C_:2:pass-c-format",
            "--flag=ngettext:1:pass-c-format", "--flag=ngettext:2:pass-c-format",
            *(f"--keyword={name}:{argument}" for name, argument in PRINTING.items()),
            *(f"--flag={name}:{argument}:c-format" for name, argument in PRINTING.items()
              if not name.endswith("_literal"))]


def run(*command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    # Blueprint reads as C, as far as strings go.
    complaints = [line for line in done.stderr.splitlines() if "unknown; will try C" not in line]
    if done.returncode != 0:
        sys.exit("\n".join(complaints))
    return done.stdout, complaints


def files():
    for pattern in SOURCES:
        for path in TOP.glob(pattern):
            if path.suffix != ".c" or MARKED.search(path.read_text()):
                yield str(path.relative_to(TOP))


def template(paths):
    """The template's text, without the time that it was made."""
    text, complaints = run(*XGETTEXT, "--output=-", *paths)
    for line in complaints:
        print(line)
    return re.sub(r'"POT-Creation-Date: .*\\n"\n', "", text)


def merged(language, pot):
    with tempfile.NamedTemporaryFile("w", suffix=".pot") as file:
        # msgmerge wants the header.
        file.write(pot)
        file.flush()
        return run("msgmerge", "--quiet", "--add-location=file", "--no-fuzzy-matching", "--output-file=-",
                   str(PO / f"{language}.po"), file.name)[0]


def missing(text):
    """The entries that say nothing in the language, or that a person has to look at."""
    with tempfile.NamedTemporaryFile("w", suffix=".po") as file:
        file.write(text)
        file.flush()
        run("msgfmt", "--check", "--output-file=/dev/null", file.name)
        bad = run("msgattrib", "--untranslated", "--no-obsolete", "--no-wrap", file.name)[0]
        bad += run("msgattrib", "--only-fuzzy", "--no-obsolete", "--no-wrap", file.name)[0]
    return [line for line in bad.splitlines() if line.startswith("msgid ") and line != 'msgid ""']


def main():
    check = sys.argv[1:] == ["--check"]
    paths = sorted(files())
    pot = template(paths)
    failures = []
    wanted = {PO / "POTFILES.in": "".join(f"{path}\n" for path in paths), PO / "refract.pot": pot}
    languages = [line for line in (PO / "LINGUAS").read_text().split() if not line.startswith("#")]
    for language in languages:
        wanted[PO / f"{language}.po"] = text = merged(language, pot)
        absent = missing(text)
        if absent:
            failures.append(f"{language}: {len(absent)} untranslated or fuzzy:\n  " + "\n  ".join(absent))
    for path, text in wanted.items():
        if check and (not path.exists() or path.read_text() != text):
            failures.append(f"{path.relative_to(TOP)} is out of date: run po/update.py")
        elif not check:
            path.write_text(text)
    print("\n".join(failures))
    return 1 if check and failures else 0


if __name__ == "__main__":
    sys.exit(main())
