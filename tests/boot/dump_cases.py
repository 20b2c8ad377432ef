# SPDX-License-Identifier: Apache-2.0
"""Watchdogs, dumps of guests and debugging: `make dump`, `make debug`, and gdb with a guest's symbols."""
import os
import re
import shutil
import subprocess

from case import Case, GUESTS
from machine import BUILD, Failure
from trouble import guest

CRASH = guest("crash.elf")
ELF = CRASH[1]
GDB = [("/usr/bin/gdb-multiarch", "no gdb-multiarch")]
BUILDFILE = """[virtual=aarch64le,raw] boot = {
    quoin -v
    vdev-pl011
    vdev-wdt-sp805
}
[+script] startup = {
%s
    on-idle poweroff
}
/guests/crash.elf = %s
"""
VM = ('    qvm system %s cpu cpu ram 0x80000000,16M ram 0x90000000,8M load /guests/crash.elf '
      'cmdline "crash=%s" vdev pl011 loc 0x1c090000 intr gic:37 hostdev - %s')


def build(name, vms):
    path = f"{BUILD}/{name}.build"
    with open(path, "w", encoding="utf-8") as f:
        f.write(BUILDFILE % ("\n".join(VM % vm for vm in vms), CRASH[1]))
    cross = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
    done = subprocess.run([f"{BUILD}/tools/mkimage", "--monitor", f"{BUILD}/quoin.o", "--vdev-dir",
                           BUILD, "--cross", cross, "-o", f"{BUILD}/{name}.img", path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"mkimage {path}: {done.stderr}")
    return f"{BUILD}/{name}.img"


def text_of(command, ok=True, env=None):
    """What a command prints, both streams."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False, env=env)
    text = done.stdout.decode(errors="replace")
    if ok != (done.returncode == 0):
        raise Failure(f"{' '.join(command)}: exit status {done.returncode}:\n{text}")
    return text


def gdb(*commands):
    words = ["gdb-multiarch", "-nx", "-batch", "-ex", "set pagination off", "-ex",
             "set debuginfod enabled off", "-ex", "set print entry-values no"]
    return text_of(words + [w for c in commands for w in ("-ex", c)])


def in_order(text, *patterns):
    """Each pattern stands behind the one before."""
    at = 0
    for p in patterns:
        m = re.compile(p, re.M).search(text, at)
        if not m:
            raise Failure(f"no /{p}/ where it belongs in:\n{text}")
        at = m.end()


def qmp(name):
    """A socket for tools/dump; QEMU's option and its path."""
    path = f"{BUILD}/{name}.qmp"
    return ("-qmp", f"unix:{path},server=on,wait=off"), path


# A debugger's view of guests/baremetal/crash.c: its frames, with the arguments of each.
FRAMES = (r"^#0 .*last_words \(pressure=8193, why=.*", r"^#1 .*open_valve \(pressure=8192\)",
          r"^#2 .*fill_boiler \(boiler=7, pressure=4096\)", r"^#3 .*guest_main \(\)")
SECOND = (r"^#0 .*second_waits \(since=8226\)", r"^#1 .*second_main \(arg=")


def look(core):
    """What gdb makes of a core of the crash guest."""
    out = gdb(f"file {ELF}", f"core-file {core}", "info threads", "thread 1", "bt", "p how",
              "p/x board.memory[1].base", "p/x $pc == (unsigned long)$pc", "info registers pc cpsr",
              "thread 2", "bt", "x/2xw 0x90000000")
    in_order(out, *FRAMES, r'^\$1 = "[rsw]', r"^\$2 = 0x90000000", r"^pc +0x8", *SECOND,
             r"^0x90000000:")
    return out


def crashed(how, says, signal, extra, **kw):
    """A VM that comes to a bad end is held, its dump is fetched, and then it ends."""
    def body(start):
        img = build(f"dump-{how}", [("boiler", how, extra)])
        option, path = qmp(f"dump-{how}")
        core = f"{BUILD}/dump-{how}.gcore"
        m = start(img, args=option, **kw)
        m.expect(r"CRASH: " + how)
        m.expect(says)
        m.expect(r"boiler: held for its dump", 60)
        env = dict(os.environ, QMP=path, OUT=core, VM="")
        out = text_of(["make", "dump"], env=env)
        in_order(out, r"DUMP +boiler: ")
        m.expect(r"no VM runs, powering off")
        m.ends()
        in_order(look(core), rf"signal {signal}")
    return Case(f"dump of a crash, {how} " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"],
                body, needs=GDB)


def dump_cases(full):
    watchdog = "vdev wdt-sp805 action dump,terminate"
    cases = [
        crashed("watchdog", r"its watchdog", "SIGALRM", watchdog, gic=3),
        crashed("reference", r"boiler: stopped, ", "SIGKILL",
                "dump /tmp unsupported reference abort", gic=2),
    ]
    return cases
