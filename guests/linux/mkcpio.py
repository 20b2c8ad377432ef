#!/usr/bin/env python3
"""Write a folder as a cpio archive (newc) for the kernel's initramfs, on stdout.

usage: mkcpio.py FOLDER

Everything belongs to root and carries no time, so the result depends on the content alone. The
console device, which cannot be made without root rights, is added as an entry.
"""
import os
import stat
import sys

INODE = 0


def entry(out, name, mode, data=b"", rdev=(0, 0), links=1):
    global INODE
    INODE += 1
    fields = (INODE, mode, 0, 0, links, 0, len(data), 0, 0, rdev[0], rdev[1], len(name) + 1, 0)
    record = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
    record += b"\0" * (-len(record) % 4)
    out.write(record + data + b"\0" * (-len(data) % 4))


def main():
    top, out = sys.argv[1], sys.stdout.buffer
    for folder, dirs, files in os.walk(top):
        dirs.sort()
        for name in sorted(dirs + files):
            path = os.path.join(folder, name)
            rel = os.path.relpath(path, top)
            if os.path.islink(path):
                entry(out, rel, stat.S_IFLNK | 0o777, os.readlink(path).encode())
            elif os.path.isdir(path):
                entry(out, rel, stat.S_IFDIR | 0o755, links=2)
            else:
                with open(path, "rb") as f:
                    mode = 0o755 if os.access(path, os.X_OK) else 0o644
                    entry(out, rel, stat.S_IFREG | mode, f.read())
    entry(out, "dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    entry(out, "TRAILER!!!", 0)


main()
