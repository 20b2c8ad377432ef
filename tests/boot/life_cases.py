# SPDX-License-Identifier: Apache-2.0
"""How VMs begin and end: several at once, restarts and their policies, suspend, CPU_ON races."""
import re

from case import Case
from machine import Failure, image
from trouble import build, guest, vm

LIFE, STRESS = guest("life.bin"), guest("stress.bin")


def words(**kw):
    return " ".join(f"{k}={v}" for k, v in kw.items())


def life(name, how, options="", cpus="cpu", ram="4M"):
    """One qvm line: the `life` guest that ends as `how` says."""
    return (f'    qvm system {name} {cpus} ram 0x80000000,{ram} load {LIFE[0]} cmdline "{how}" {options} '
            "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -")


def linux_line(name, cpus="cpu cpu"):
    return (f"    qvm system {name} {cpus} ram 0x80000000,256M load /guests/Image "
            'initrd load /guests/initrd cmdline "console=ttyAMA0" '
            "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -")


def linux_files():
    from case import GUESTS
    return [("/guests/Image", f"{GUESTS}/linux/Image"),
            ("/guests/initrd", f"{GUESTS}/linux/rootfs.cpio.gz")]


def policy(name, how, option, want, starts, **kw):
    """One guest, one `restart` option: how often it starts, and what is said in the end."""
    def body(start):
        m = start(build(f"policy-{name}", [life("vm", how, option)], [LIFE], "-v"), **kw)
        m.expect(want)
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never("LIFE-FAIL|GUEST-FAULT")
        got = len(re.findall(r"vm: starting,", m.log))
        if got != starts:
            raise Failure(f"{got} starts, expected {starts}")
    return Case(f"policy {name} {words(**kw)}", ["hello"], body)


def suspend(cpus, **kw):
    def body(start):
        m = start(build("suspend", [life("vm", "end=suspend", "", cpus)], [LIFE]), **kw)
        m.expect(r"LIFE-SUSPEND-OK")
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never("LIFE-FAIL|GUEST-FAULT")
    return Case(f"SYSTEM_SUSPEND {cpus} {words(**kw)}", ["hello"], body)


def race(n, **kw):
    """CPU_ON of the same CPU by many at once, beside a guest that notices delays."""
    def body(start):
        m = start(build("race", [life("vm", "end=race secs=2", "", "cpu " * n),
                                 vm("stress", STRESS[0], "cpu cpu", "secs=3")], [LIFE, STRESS]), **kw)
        m.expect(r"LIFE-RACE-OK", 180)
        m.at = 0
        m.expect(r"STRESS-OK", 120)
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never("LIFE-FAIL|STRESS-FAIL|GUEST-FAULT")
    return Case(f"CPU_ON races of {n} vCPUs {words(**kw)}", ["hello"], body)


def reset_loop(**kw):
    """A guest that does nothing but reset itself: few lines, and others get their time."""
    def body(start):
        m = start(build("reset-loop", [life("loop", "ms=0 end=reset"),
                                       vm("stress", STRESS[0], "cpu cpu", "secs=6")], [LIFE, STRESS]), **kw)
        m.expect(r"STRESS-OK", 120)
        m.expect(r"loop: [1-9]\d* restarts before this one were not logged", 60)
        m.never("LIFE-FAIL|STRESS-FAIL|GUEST-FAULT")
        lines = len(re.findall(r"loop: (starting|the guest asked)", m.log))
        if lines > 120:
            raise Failure(f"{lines} lines of the loop")
    return Case(f"a loop of resets {words(**kw)}", ["hello"], body)


def thousand(**kw):
    """1,000 restarts beside a Linux: the same number of pages is free, and Linux does not care."""
    def body(start):
        m = start(build("thousand", [linux_line("linux"),
                                     life("small", "ms=1 end=reset", "restart always,1000")],
                        [LIFE] + linux_files(), "-v"), **kw)
        first = m.expect(r"small: start 1, (\d+) pages free", 120).group(1)
        m.expect(r"small: restarted 1000 times, not again", 300)
        m.expect(r"small: ended, \d+ pages free", 60)
        counts = set(re.findall(r"small: start (?!1,)\d+, (\d+) pages free", m.log))
        if len(counts - {first}) > 1:
            raise Failure(f"free pages change: {first} at the first start, then {counts}")
        m.expect(r"/root# ", 300) if "/root# " not in m.log else None
        m.send("T=$(date +%s); sleep 3; echo SLEPT $(($(date +%s) - T))\n")
        slept = int(m.expect(r"SLEPT (\d+)$", 120).group(1))
        if slept not in (3, 4):
            raise Failure(f"a sleep of 3 seconds took {slept}")
        m.never(r"Call trace|Kernel panic|rcu: INFO|soft lockup|LIFE-FAIL|GUEST-FAULT")
    return Case(f"1,000 restarts beside Linux {words(**kw)}", ["linux"], body)


def two_linux(**kw):
    def body(start):
        m = start(image("two-linux"), **kw)
        for name in ("one", "two"):
            m.at = 0
            m.expect(rf"{name}: .*/root# ", 400)
        m.send("echo CPUS $(nproc); poweroff\n")
        m.expect(r"CPUS 2$", 120)
        m.expect(r"quoin: one: ended, the guest powered off \(PSCI SYSTEM_OFF\), exit code 0", 120)
        m.send("echo CPUS $(nproc); poweroff\n")
        m.expect(r"CPUS 2$", 120)
        m.expect(r"quoin: two: ended, the guest powered off", 120)
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO")
    return Case(f"two Linux {words(**kw)}", ["two-linux"], body)


def life_cases(full):
    cases = [
        policy("default-off", "end=off", "", r"powered off .*exit code 0", 1, gic=3),
        policy("default-crash", "end=crash", "", r"stopped, .*exit code 7", 1, gic=2),
        policy("never-reset", "end=reset", "restart never", r"ended, the guest asked for a reset", 1),
        policy("crash-crash", "end=crash", "restart crash,3", r"restarted 3 times, not again", 4, gic=3),
        policy("crash-off", "end=off", "restart crash", r"powered off .*exit code 0", 1),
        policy("always-off", "end=off", "restart always,2", r"restarted 2 times, not again", 3, gic=2),
        policy("always-cpuoff", "end=cpuoff", "restart always,2", r"restarted 2 times, not again", 3),
        policy("always-reset", "end=reset", "restart always,4", r"restarted 4 times, not again", 5),
        suspend("cpu", gic=3), suspend("cpu cpu", gic=2, smp=1), suspend("cpu cpu", gic=3, smp=2),
        race(8, gic=3, smp=2), race(8, gic=2, smp=4),
        reset_loop(gic=3, smp=1),
        thousand(gic=3, smp=2),
        two_linux(gic=3, smp=2),
    ]
    if full:
        cases += [race(n, gic=g, smp=s) for n in (3, 8) for g in (2, 3) for s in (1, 8)]
        cases += [reset_loop(gic=2, smp=2), thousand(gic=2, smp=4), two_linux(gic=2, smp=4)]
    return cases
