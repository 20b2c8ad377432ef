#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the shared libraries of a program that are not there.

usage: stand-ins.py PROGRAM ROOT OUT

Debian's fio is linked with the clients of four storage clusters: 80 MB of libraries that nothing calls
here but the dynamic linker, which wants all of their symbols. A stand-in has those the program names, under
the versions it wants, and each of them ends the program.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

CROSS = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    program, root, out = sys.argv[1:]
    there = {p.name for p in pathlib.Path(root).rglob("*.so*")}
    dump = output(f"{CROSS}objdump", "-p", program)
    missing = [n for n in re.findall(r"NEEDED +(\S+)", dump) if n not in there]
    of_version = {}  # version -> library
    for library, versions in re.findall(r"required from (\S+):\n((?: +0x.*\n)*)", dump):
        for version in re.findall(r"(\S+)$", versions, re.M):
            of_version.setdefault(version, library)
    wanted = {n: collections.defaultdict(list) for n in missing}
    for line in output(f"{CROSS}nm", "-D", "--undefined-only", program).splitlines():
        name, _, version = line.split()[-1].partition("@")
        version = version.lstrip("@")
        if version:
            library = of_version.get(version)
            if library in wanted:
                wanted[library][version].append(name)
        elif missing and line.split()[0] == "U":
            wanted[missing[0]][""].append(name)
    for library, versions in wanted.items():
        build(library, versions, pathlib.Path(out, library))


def build(library, versions, out):
    asm, script = [".text"], []
    for version, names in sorted(versions.items()):
        for name in sorted(names):
            asm += [f".globl {name}", f".type {name}, %function", f"{name}:"]
        if version:
            script.append(f"{version} {{ {' '.join(n + ';' for n in sorted(names))} }};")
    asm += ["\tbrk #1"]
    with tempfile.TemporaryDirectory() as work:
        source, map_file = pathlib.Path(work, "s.s"), pathlib.Path(work, "map")
        source.write_text("\n".join(asm) + "\n")
        map_file.write_text("\n".join(script) + "\n")
        command = [f"{CROSS}gcc", "-nostdlib", "-shared", "-s", f"-Wl,-soname,{library}", "-o", str(out), str(source)]
        if script:
            command.append(f"-Wl,--version-script={map_file}")
        subprocess.run(command, check=True)


main()
