# SPDX-License-Identifier: Apache-2.0
"""Watchdogs, dumps of guests and debugging: `make dump`, `make debug`, and gdb with a guest's symbols."""
import os
import re
import shutil
import subprocess

from case import Case, GUESTS
from machine import BUILD, Failure
from shell_cases import Operator
from trouble import guest, make_image

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
    return make_image(name, BUILDFILE % ("\n".join(VM % vm for vm in vms), CRASH[1]))


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


def words(kw):
    return " ".join(f"{k}={v}" for k, v in kw.items())


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
    return Case(f"dump of a crash, {how} " + words(kw), ["hello"],
                body, needs=GDB)


def fiq(**kw):
    """Action fiq: a FIQ of the guest's own, computing and in WFI, until it has fed the watchdog."""
    def body(start):
        m = start(build("dog-fiq", [("dog", "fiq", "vdev wdt-sp805 action fiq")]), **kw)
        m.expect(r"^FIQS: 3")
        m.expect(r"dog: ended, the guest powered off")
        m.ends()
    return Case("watchdog, action fiq " + words(kw), ["hello"], body)


def terminate(**kw):
    """Action terminate: code 4, and nothing is held, whatever option dump says."""
    def body(start):
        m = start(build("dog-bites", [("dog", "watchdog", "dump /tmp vdev wdt-sp805")]), **kw)
        m.expect(r"dog: ended, its watchdog has expired, exit code 4")
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never("held")
    return Case("watchdog, action terminate " + words(kw), ["hello"], body)


def restarts_after():
    """A policy that restarts a VM waits until its dump has been fetched."""
    def body(start):
        extra = "restart crash,1 vdev wdt-sp805 action dump,terminate"
        img = build("dump-again", [("boiler", "watchdog", extra)])
        option, path = qmp("dump-again")
        m = start(img, args=option)
        for _ in range(2):
            m.expect(r"CRASH: watchdog")
            m.expect(r"boiler: held for its dump")
            text_of(["tools/dump", "--qmp", path, "--out", f"{BUILD}/dump-again.gcore"])
        m.expect(r"no VM runs, powering off")
        m.ends()
        if m.log.count("CRASH: ") != 2:
            raise Failure("expected two lives")
    return Case("dump before a restart", ["hello"], body)


def nothing_to_fetch():
    """make dump says what is wrong: no QEMU, no VM held, no VM of that name."""
    def body(start):
        option, path = qmp("dump-none")
        out = text_of(["tools/dump", "--qmp", path + "x"], ok=False)
        in_order(out, r"^error: no QEMU answers at .*dump-none.qmpx: is `make run` running")
        m = start(build("dump-none", [("boiler", "spin", ""), ("other", "watchdog",
                        "vdev wdt-sp805 action dump,terminate")]), args=option)
        m.expect(r"CRASH: spin")
        m.expect(r"other: held for its dump")
        out = text_of(["tools/dump", "--qmp", path, "--vm", "boiler"], ok=False)
        in_order(out, r"^error: VM 'boiler' is not held for a dump: these are: other$")
        m.never("other: .*powered off|no VM runs")
        out = text_of(["tools/dump", "--qmp", path, "--out", f"{BUILD}/dump-none.gcore"])
        in_order(out, r"DUMP +other: ")
        out = text_of(["tools/dump", "--qmp", path], ok=False)
        in_order(out, r"^error: no VM is held for a dump")
    return Case("dump of nothing", ["hello"], body)


def of_a_live_vm(**kw):
    """The shell's command: the VM is paused, fetched, and goes on; its watchdog has not run meanwhile."""
    def body(start):
        option, path = qmp("dump-live")
        core = f"{BUILD}/dump-live.gcore"
        m = start(build("dump-live", [("boiler", "spin", "")]), args=option, **kw)
        m.expect(r"CRASH: spin\n")
        m.at = 0
        op = Operator(m)
        op.enter()
        op.ask("dump nobody", r"no VM 'nobody'")
        op.ask("dump boiler", r"^boiler is paused until its dump is fetched: make dump VM=boiler")
        op.ask("vms", r"boiler +paused")
        text_of(["tools/dump", "--qmp", path, "--out", core])
        in_order(look(core), r"signal SIGUSR2")
        op.ask_until("vms", r"boiler +running")
        op.ask("dump 1", r"^boiler is paused until")
        op.ask("resume boiler", r"^boiler: running")
        op.ask("vms", r"boiler +running")
        in_order(text_of(["tools/dump", "--qmp", path], ok=False), r"no VM is held for a dump")
        op.ask("kill boiler", r"boiler: stopped, killed by the operator")
    return Case("dump of a VM that is well " + words(kw), ["hello"], body, needs=GDB)


# Typed at gdb, as tools/run --debug starts it; the second VM is the one whose guest is debugged.
SESSION = f"""set pagination off
set print entry-values no
set debuginfod enabled off
hbreak quoin_main
continue
backtrace 1
delete
add-symbol-file {ELF}
break open_valve if $quoin_vm() == 2
continue
backtrace
info args
quoin-vms
quoin-cpus
quoin-devices boiler
quoin-threads
quoin-log 20
delete
break vm_end_request
continue
backtrace 1
quoin-vms
quoin-vcpu boiler 0
"""


def debug(**kw):
    """`make debug`: EL2 by symbols, a guest's function by its own, the helper commands."""
    def body(start):
        del start
        os.makedirs(f"{BUILD}/debug", exist_ok=True)
        img = build("debug/two", [("idler", "spin", ""), ("boiler", "watchdog", "vdev wdt-sp805")])
        script = f"{BUILD}/debug/session.gdb"
        with open(script, "w", encoding="utf-8") as f:
            f.write(SESSION)
        env = dict(os.environ, GDB_ARGS=f"-batch -x {script}",
                   **{k.upper(): str(v) for k, v in kw.items()})
        out = text_of(["tools/run", "--debug", img], env=env)
        in_order(out, r"^#0 +quoin_main \(boot=", r"hit Breakpoint .*open_valve",
                 r"^#0 +open_valve \(pressure=8192\)", r"^#1 .*fill_boiler \(boiler=7, pressure=4096\)",
                 r"^#2 .*guest_main \(\)", r"^pressure = 8192",
                 r"^vm 1 idler: running, started 1 times$", r"^vm 2 boiler: running",
                 r"vcpu 0: on, .* on cpu \d, prio 10, pc 0x\w+ <open_valve>",
                 r"^cpu 0: ", r"^cpu 1: ", r"^vm 2 boiler$", r"^  wdt-sp805: 0x1c0f0000, ",
                 r"^boiler: .*vCPU$", r"^\[ +\d+\.\d+\] info: .*boiler: starting",
                 r"hit Breakpoint .*vm_end_request \(vm=.*why=VM_END_WATCHDOG\)",
                 r"^vm 2 boiler: running", r"<last_words \+ \d+>", r"^x0 ", r"^vbar ")
        in_order(out, r"^cpu \d: boiler vCPU 0, .* EL1 pc 0x\w+ <open_valve>")
    return Case("make debug " + words(kw), ["hello"], body, needs=GDB)


def dump_cases(full):
    watchdog = "vdev wdt-sp805 action dump,terminate"
    reference = "dump /tmp unsupported reference abort"
    killed = r"boiler: stopped, read from unsupported address 0x3fff0000 .* exit code 5"
    bitten = r"boiler: ended, its watchdog has expired, exit code 4"
    cases = [
        crashed("watchdog", bitten, "SIGALRM", watchdog, gic=3),
        crashed("reference", killed, "SIGKILL", reference, gic=2),
        crashed("reference", killed, "SIGKILL", reference, gic=3, cpu="max", smp=1),
        crashed("watchdog", bitten, "SIGALRM", watchdog, gic=2, smp=4),
        fiq(gic=3), fiq(gic=2, smp=1),
        of_a_live_vm(gic=3, smp=4), of_a_live_vm(gic=2, smp=4),
        terminate(gic=2), restarts_after(), nothing_to_fetch(),
        debug(gic=3, smp=2), debug(gic=2, smp=4),
    ]
    return cases
