# SPDX-License-Identifier: Apache-2.0
"""Debian guests at work: their shells driven over the console, their disks looked at from outside."""
import os
import re
import subprocess

import gptdisk
from case import GUESTS
from machine import BUILD, Failure

ESCAPE = "\x1d"
FILES = [("/guests/debian/Image", f"{GUESTS}/debian/Image"),
         ("/guests/debian/initrd", f"{GUESTS}/debian/initrd.cpio.gz"),
         ("/disks/root.img", f"{GUESTS}/debian/root.img")]
DEVICES = "\n".join(f"    vdev-virtio-{d}" for d in ("blk", "net", "entropy", "console", "vsock"))
# What no kernel may say while its devices are used.
TROUBLE = r"Call trace|Kernel panic|rcu: INFO|quoin: panic|BUG:|I/O error|EXT4-fs error|blocked for more than"


def line(name, disks=("/disks/root.img",), more="", cpus="cpu cpu", ram="256M", cmdline=""):
    """One qvm line: a Debian whose first disk is its root."""
    words = " ".join(f"vdev virtio-blk hostdev {d}" for d in disks)
    return (f"    qvm system {name} {cpus} ram 0x80000000,{ram} load /guests/debian/Image "
            f'initrd load /guests/debian/initrd cmdline "console=ttyAMA0 root=/dev/vda rw quiet {cmdline}" '
            f"vdev pl011 loc 0x1c090000 intr gic:37 hostdev - {words} vdev virtio-entropy {more}")


class Debian:
    """The shell of one VM. Several share the console: the one that is spoken to has the focus."""
    focus = {}
    marks = 0

    def __init__(self, m, number=1, name=None):
        self.m, self.number, self.name = m, number, name

    def boots(self, seconds=240):
        """Wait for the prompt, and make the shell say only what it is asked."""
        self.m.expect(r"debian:~# ", seconds)
        self.quiet()
        return self

    def take(self):
        """This VM has the focus; a VM that is alone has it always."""
        if self.name and self.focus.get(self.m) != self.name:
            self.m.send(f"{ESCAPE}{self.number}")
            self.m.expect(rf"console input goes to {self.name}", 60)
            self.focus[self.m] = self.name

    def quiet(self):
        """No echo, no prompt, no line editing."""
        self.take()
        self.m.send("stty -echo; PS1= exec dash\n")
        self.sh("PS1=; stty -echo")

    def sh(self, command, seconds=120, ok=True):
        """Run it to its end: what it says. `ok`: a bad exit status is a failure."""
        self.take()
        Debian.marks += 1
        mark = f"MARK{Debian.marks}"
        begin = len(self.m.log)
        self.m.at = begin
        self.m.send(f"{command}\necho {mark[:2]}''{mark[2:]} $?\n")
        status = self.m.expect(rf"{mark} (\d+)\n", seconds).group(1)
        text = self.m.log[begin:self.m.at]
        said = "\n".join(s for s in text.splitlines() if not re.match(r"quoin: |\w+: |MARK", s))
        if ok and status != "0":
            raise Failure(f"{self.name or 'debian'}: '{command}' ends with {status}: {said[-600:]}")
        return said

    def boots_again(self, seconds=240):
        """After a restart, with the other VMs' lines in between."""
        self.m.expect(r"Debian GNU.*root /dev/vda rw", seconds)
        self.focus.pop(self.m, None)
        self.take()
        self.m.send("\n")
        self.boots(60)

    def settles(self, command, seconds=60):
        """What has to become true soon."""
        self.sh(f"n=0; until {command}; do n=$((n+1)); [ $n -lt {seconds * 2} ] || {{ n=; break; }}; sleep 0.5; done; "
                "[ -n \"$n\" ]", 4 * seconds)

    def poweroff(self):
        self.take()
        self.m.send("sync; poweroff\n")
        self.m.expect(r"ended, the guest powered off", 90)


def boot_pair(m, names=("one", "two"), seconds=300):
    """Two VMs of one machine, ready."""
    for _ in names:
        m.expect(r"debian:~# ", seconds)
    pair = [Debian(m, i + 1, name) for i, name in enumerate(names)]
    for d in pair:
        d.quiet()
    return pair


def disk_copy(name):
    """A copy of the root file system, for a disk of the machine."""
    path = f"{BUILD}/{name}.disk"
    subprocess.run(["cp", "--sparse=always", f"{GUESTS}/debian/root.img", path], check=True)
    return path


def partitioned(name):
    """A disk with a partition `root` that holds a copy of it: its path and where the partition begins."""
    with open(f"{GUESTS}/debian/root.img", "rb") as f:
        data = f.read()
    first, path = 2048, f"{BUILD}/{name}.disk"
    last = first + len(data) // 512 - 1
    gptdisk.make(path, (last + 2048) * 512, [(first, last, "6a0f9d3e-1b7c-4c6e-9d1b-0a5a7c1e2f33", "root")],
                 contents=[(first * 512, data)])
    return path, first * 512


def e2fsprogs(*command):
    """A program of e2fsprogs on the host."""
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def e2fsck(path):
    """The file system in the host's file is clean once its journal has been replayed, as the next mount does."""
    e2fsprogs("e2fsck", "-E", "journal_only", "-fy", path)
    done = e2fsprogs("e2fsck", "-fn", path)
    if done.returncode:
        raise Failure(f"e2fsck -fn {path}: {done.returncode}: {done.stdout[-800:]}")


def contents(path, name):
    """A file of the file system in the host's file."""
    out = f"{path}.out"
    e2fsprogs("debugfs", "-R", f"dump {name} {out}", path)
    with open(out, "rb") as f:
        data = f.read()
    os.remove(out)
    return data


def fio(disk, rw="randwrite", bs="4k", size="8m", depth=16, more=""):
    """A fio job that reads back what it wrote and compares it; says something only if it fails."""
    verify = "" if rw.endswith("read") else "--verify=crc32c --verify_fatal=1"
    return (f"fio --name=job --filename={disk} --rw={rw} --bs={bs} --size={size} --iodepth={depth} --direct=1 "
            f"--ioengine=libaio {verify} {more} >/tmp/fio 2>&1 || {{ tail -n 20 /tmp/fio; false; }}")


def at_the_shell(m, *commands):
    """Lines for the monitor's shell, each until its next prompt."""
    m.at = len(m.log)
    m.send(ESCAPE + "m")
    m.expect(r"quoin> ", 60)
    for c in commands:
        m.send(c + "\n")
        m.expect(re.escape(c) + r"\n", 60)
        m.expect(r"quoin> ", 60)
    Debian.focus.pop(m, None)
