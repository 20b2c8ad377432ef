# SPDX-License-Identifier: Apache-2.0
"""How VMs begin and end: several at once, restarts and their policies, suspend, CPU_ON races."""
import re
import time

from case import Case, GUESTS
from machine import Failure, image
from shell_cases import ESCAPE, Operator
from trouble import build, guest, vm

LIFE, STRESS, STEADY = guest("life.bin"), guest("stress.bin"), guest("steady.bin")


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


def linux_paused(**kw):
    """A Linux that is paused for ten seconds has not noticed: neither time nor a stall."""
    def body(start):
        m = start(image("linux"), **kw)
        op = Operator(m)
        m.expect(r"/root# ", 300)
        m.send("while :; do :; done & cat /proc/uptime; sleep 15; echo UP\n")
        before = float(m.expect(r"^(\d+\.\d+) \d", 60).group(1))
        entered = time.time()
        m.at = 0
        op.enter()
        op.ask("pause linux", r"^linux: paused$")
        op.ask("vcpus linux", r"^linux\.0 +paused .*\n.*linux\.1 +paused ")
        began = time.time()
        while time.time() < began + 10:
            m.read(1)
        op.ask("regs linux 1", r"pc +[0-9a-f]{16}")
        op.ask("resume linux", r"^linux: running$")
        paused = time.time() - began
        m.send("quit\r")
        m.expect(r"^UP$", 60)
        m.send("cat /proc/uptime\n")
        after = float(m.expect(r"^(\d+\.\d+) \d", 60).group(1))
        if after - before > time.time() - entered - paused + 3:
            raise Failure(f"uptime {before} and {after} around a pause of {paused:.1f} s")
        m.send("kill %1; nproc; poweroff\n")
        m.expect(r"^2$", 60)
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|soft lockup")
    return Case(f"linux paused {words(**kw)}", ["linux"], body)


def linux_suspends(**kw):
    """Suspend to RAM by PSCI SYSTEM_SUSPEND, three times; a byte typed on its console wakes it."""
    def body(start):
        m = start(image("linux"), **kw)
        op = Operator(m)
        m.expect(r"/root# ", 300)
        m.send("echo enabled > /sys/class/tty/ttyAMA0/power/wakeup; cat /sys/power/mem_sleep; "
               "echo N > /sys/module/printk/parameters/console_suspend\n")
        m.expect(r"\[deep\]", 60)
        for n in range(3):
            m.expect(r"/root# ", 60)
            m.send(f"echo mem > /sys/power/state; echo WOKE{n} $? $(nproc)\n")
            m.expect(r"CPU1 killed", 60)
            m.send(ESCAPE + "m")
            m.expect(r"quoin> ", 60)
            # Asleep: not even its timer makes it leave.
            op.ask("vcpus linux", r"^linux\.0 +(suspended|\w+) .*\n.*linux\.1 +off ")
            m.send("quit\r")
            m.expect(r"console input goes to linux", 60)
            m.send(" ")
            m.expect(rf"^WOKE{n} 0 2$", 120)
        m.send("poweroff\n")
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|soft lockup")
    return Case(f"linux suspends {words(**kw)}", ["linux"], body)


def hotplug_under_load(**kw):
    """CPUs of a busy Linux go and come while its neighbour needs them, too."""
    def body(start):
        m = start(build("hotplug", [linux_line("linux", "cpu cpu cpu"),
                                    vm("stress", STRESS[0], "cpu cpu", "secs=60")], [STRESS] + linux_files()), **kw)
        m.expect(r"/root# ", 400)
        m.send("for i in 1 2 3 4; do while :; do :; done & done\n")
        m.send("for i in $(seq 10); do for c in 1 2; do echo 0 > /sys/devices/system/cpu/cpu$c/online || echo BAD; "
               "done; for c in 2 1; do echo 1 > /sys/devices/system/cpu/cpu$c/online || echo BAD; done; done; "
               "echo ONLINE $(cat /sys/devices/system/cpu/online)\n")
        m.expect(r"ONLINE 0-2$", 300)
        m.never(r"^(linux: )?BAD|Call trace|Kernel panic|rcu: INFO|STRESS-FAIL")
    return Case(f"linux hotplug under load {words(**kw)}", ["linux"], body)


def cycles(n, **kw):
    """Taken down and built anew n times from the shell: the same memory is free each time."""
    def body(start):
        m = start(build("cycles", [life("small", "ms=100000000", "", "cpu cpu cpu"), vm("stress", STRESS[0], "cpu",
                                                                                  "secs=1000")],
                        [LIFE, STRESS], "-v"), **kw)
        op = Operator(m)
        op.enter()
        for i in range(n):
            op.ask("stop small", r"^small: ended$")
            if i % 5 == 1:
                op.ask("restart small", r"^small: running$")
            else:
                op.ask("start small", r"^small: running$")
            if i % 3 == 0:
                op.ask("kill small", r"^small: ended$")
                op.ask("start small", r"^small: running$")
        counts = set(re.findall(r"small: ended, (\d+) pages free", m.log))
        if len(counts) != 1:
            raise Failure(f"free pages change: {counts}")
        op.ask("poweroff now", r"quoin: ")
        m.ends()
        m.never("LIFE-FAIL|STRESS-FAIL|GUEST-FAULT|panic")
    return Case(f"{n} times stopped and started {words(**kw)}", ["hello"], body)


def crossing(**kw):
    """Requests of the operator cross resets and ends of the guest's own: each is answered, none hangs."""
    def body(start):
        m = start(build("crossing", [life("a", "ms=1 end=reset", "", "cpu cpu"),
                                     life("b", "ms=2 end=off", "restart always", "cpu"),
                                     life("c", "ms=1 end=crash", "restart crash", "cpu")], [LIFE]), **kw)
        op = Operator(m)
        m.expect(r"c: [1-9]\d* restarts before this one were not logged", 60)
        m.at = 0
        op.enter()
        verbs = ("pause", "resume", "restart", "stop", "start", "kill", "pause", "stop", "start", "pause",
                 "restart", "pause", "resume", "kill", "start", "resume")
        for i in range(3 * len(verbs) * 2):
            verb, name = verbs[i // 3 % len(verbs)], "abc"[i % 3]
            m.send(f"{verb} {name}\r") # what it echoes may be torn by lines of the log
            m.expect(rf"^{name}: (cannot {verb}|running|paused|ended|ending|ready|building)")
        for name in "abc":
            m.send(f"stop {name}\r")
            m.expect(rf"^{name}: (ended|cannot stop, it is ended)$")
        m.send("quit\r")
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never("LIFE-FAIL|GUEST-FAULT|panic")
    return Case(f"requests cross ends {words(**kw)}", ["hello"], body)


def starved(**kw):
    """vCPUs that get no CPU because of a spinning guest of a higher priority still leave when they are to."""
    def body(start):
        line = ("    qvm system %s cpu runmask 0 sched %s ram 0x80000000,4M load %s "
                "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -")
        m = start(build("starved", [line % ("hog", "50f", STEADY[0]), line % ("meek", "9r", STEADY[0])], [STEADY]),
                  **kw)
        op = Operator(m)
        m.expect(r"meek: tick 1$")
        m.at = 0
        m.expect(r"Ctrl-\] m is")
        m.send(ESCAPE + "1s")
        m.expect(r"spinning")
        m.at = 0
        op.enter()
        op.ask("pause meek", r"^meek: paused$")
        op.ask("vcpus meek", r"^meek.0 +paused +0 +9r")
        op.ask("resume meek", r"^meek: running$")
        op.ask("restart meek", r"^meek: running$")
        op.ask("stop meek", r"^meek: ended$")
        op.ask("poweroff now", r"quoin: ")
        m.ends()
    return Case(f"stopped though starved {words(**kw)}", ["hello"], body)


def eight(**kw):
    """Eight VMs, seven of eight vCPUs, each in use; one that finds no memory does not stop them."""
    def body(start):
        lines = [life(f"v{n}", "end=race secs=1", "", "cpu " * 8) for n in range(7)]
        lines.append(life("huge", "end=off", "", "cpu", "990M"))
        m = start(build("eight", lines, [LIFE]), **kw)
        m.expect(r"huge: not started", 120)
        m.expect(r"no VM runs, powering off", 300)
        m.ends()
        m.never("LIFE-FAIL|GUEST-FAULT|panic")
        got = set(re.findall(r"v\d(?=: LIFE-RACE-OK cpus=8)", m.log))
        if len(got) != 7:
            raise Failure(f"only {sorted(got)} ran")
    return Case(f"eight VMs {words(**kw)}", ["hello"], body)


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
        linux_paused(gic=3, smp=2), linux_suspends(gic=3, smp=2), linux_suspends(gic=2, smp=1),
        hotplug_under_load(gic=3, smp=2),
        starved(gic=3, smp=2), eight(gic=3, smp=4), eight(gic=2, smp=2),
        cycles(20, gic=3, smp=2), crossing(gic=3, smp=2), crossing(gic=2, smp=1),
    ]
    if full:
        cases += [linux_paused(gic=2, smp=1), hotplug_under_load(gic=2, smp=4), cycles(100, gic=2, smp=4)]
        cases += [race(n, gic=g, smp=s) for n in (3, 8) for g in (2, 3) for s in (1, 8)]
        cases += [reset_loop(gic=2, smp=2), thousand(gic=2, smp=4), two_linux(gic=2, smp=4)]
    return cases
