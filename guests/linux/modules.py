#!/usr/bin/env python3
"""Copy kernel modules and what they depend on, and write the order to load them in.

usage: modules.py UNPACKED-KERNEL-PACKAGE OUT MODULE...        ->   OUT/*.ko, OUT/load
       modules.py UNPACKED-KERNEL-PACKAGE OUT --tree MODULE... ->   OUT/lib/modules/..., for depmod

Modules may be .ko or .ko.xz; they are stored unpacked. One that the kernel has built in, or does
not have, is left out.
"""
import lzma
import pathlib
import sys


def read(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def depends(data):
    """The modules named in the .modinfo string `depends=a,b`."""
    at = data.find(b"\0depends=")
    if at < 0:
        return []
    at += len(b"\0depends=")
    text = data[at:data.index(b"\0", at)].decode()
    return [name.replace("-", "_") for name in text.split(",") if name]


def main():
    package, out, wanted = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    tree = "--tree" in wanted
    have = {}
    for path in package.rglob("*.ko*"):
        have[path.name.split(".ko")[0].replace("-", "_")] = path
    order = []

    def add(name, chain=()):
        if name in order or name in chain or name not in have:
            return
        data = read(have[name])
        for d in depends(data):
            add(d, chain + (name,))
        order.append(name)
        to = out / (have[name].relative_to(package).with_name(name + ".ko") if tree else name + ".ko")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(data)

    for name in wanted:
        add(name)
    if not tree:
        (out / "load").write_text("".join(name + "\n" for name in order))


main()
