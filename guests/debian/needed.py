#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail if a program of the root file system lacks a shared library.

usage: needed.py ROOT
"""
import os
import pathlib
import re
import subprocess
import sys

CROSS = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
# Of packages whose other programs are wanted: su and runuser, hwclock, arpd, watch and their like.
SPARED = {"libpam.so.0", "libpam_misc.so.0", "libaudit.so.1", "libdb-5.3.so", "libncursesw.so.6", "libsystemd.so.0"}


def main():
    root = pathlib.Path(sys.argv[1])
    there = {p.name for p in root.rglob("*.so*")}
    bad = False
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        dump = subprocess.run([f"{CROSS}objdump", "-p", str(path)], check=True, capture_output=True, text=True).stdout
        for name in re.findall(r"NEEDED +(\S+)", dump):
            if name in there:
                continue
            if name in SPARED:
                path.unlink()
                break
            else:
                print(f"error: {path.relative_to(root)} needs {name}", file=sys.stderr)
                bad = True
    sys.exit(bad)


main()
