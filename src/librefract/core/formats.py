#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the library's formats from the translators' template: formats.py refract.pot > refract-formats.inc"""

import re
import sys

ENTRY = re.compile(r'((?:^#:.*\n)+)(?:^#.*\n)*(?:^msgctxt .*\n)?^msgid ((?:".*"\n)+)(?:^msgid_plural ((?:".*"\n)+))?', re.M)
CONVERSION = re.compile(r"%(?:\d+\$)?[-+#0-9.*]*(?:[hlzjt]*[diouxXeEfFgGcs]|<PRI)")


def literal(lines):
    # A number's width is the machine's: xgettext has it as %<PRIu64>.
    return re.sub(r"<(PRI\w+)>", r'" \1 "', lines.strip().replace("\n", " "))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    for places, singular, plural in ENTRY.findall(text):
        if re.search("src/(librefract|cli)/", places) and CONVERSION.search(singular.replace("%%", "")):
            print(f"{{ {literal(singular)}, {literal(plural) if plural else 'NULL'} }},")


main()
