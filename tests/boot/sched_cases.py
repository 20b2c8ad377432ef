# SPDX-License-Identifier: Apache-2.0
"""Who gets the CPUs: priorities, slices, budgets, placement, stolen time."""
import re

from case import Case
from machine import Failure, image
from trouble import build, guest

SHARE, STRESS = guest("share.bin"), guest("stress.bin")
# All of them sleep until FROM, so that every VM is there when the measuring begins.
FROM, UNTIL = 5, 8
# One CPU's time is what it executes: the shares are those of the scheduler, however busy this machine is.
ICOUNT = ("-icount", "shift=4,sleep=off")


def vm(name, cpus, mode="spin", more="", load=SHARE):
    return (f"    qvm system {name} {cpus} ram 0x80000000,32M load {load[0]} "
            f'cmdline "mode={mode} from={FROM} until={UNTIL} {more}" '
            "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -")


def results(start, name, vms, **kw):
    """Boot and take the lines of all VMs: {VM: [{field: number} of each CPU]}."""
    m = start(build("sched-" + name.replace(" ", "-"), vms, [SHARE]),
              args=ICOUNT if kw.get("smp") == 1 else (), **kw)
    m.expect(r"no VM runs, powering off", 120)
    m.ends()
    m.never(r"SHARE-LATE|SHARE-NONE|UNFINISHED")
    got = {}
    for one, fields in re.findall(r"^(?:(\w+): )?SHARE (cpu=.*)$", m.log, re.M):
        got.setdefault(one or "alone", []).append({k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", fields)})
    return got


def share(got, name):
    """Its part of all rounds, in percent."""
    return 100 * sum(r["rounds"] for r in got[name]) // max(
        1, sum(r["rounds"] for all_of in got.values() for r in all_of))


def between(got, name, low, high):
    if not low <= share(got, name) <= high:
        raise Failure(f"{name} got {share(got, name)} %, expected {low} to {high}: {got}")


def stolen(got, name, low, high, cpu=0):
    """Percent of the time that were stolen from one of its CPUs. Right on a busy machine, too, where rounds are not."""
    part = got[name][cpu]["stolen_us"] // (10000 * (UNTIL - FROM))
    if not low <= part <= high:
        raise Failure(f"{part} % were stolen from {name}, CPU {cpu}, expected {low} to {high}: {got}")


def scenario(name, vms, check, **kw):
    def body(start):
        check(results(start, name, vms, **kw))
    words = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case(f"sched {name} {words}", [], body)


def priorities(**kw):
    """The one that matters more has it all; one that matters less does not take from it."""
    def check(got):
        between(got, "high", 100, 100)
        stolen(got, "high", 0, 1)
        stolen(got, "low", 90, 120)
    return scenario("priorities", [vm("low", "cpu sched 10"), vm("high", "cpu sched 20")], check, **kw)


def round_robin(**kw):
    def check(got):
        for name in ("one", "two"):
            between(got, name, 45, 55)
            stolen(got, name, 45, 55)
    return scenario("round robin", [vm("one", "cpu sched 10"), vm("two", "cpu sched 10r")], check, **kw)


def fifo(**kw):
    """Between equals, the first one keeps the CPU."""
    def check(got):
        if not 97 <= max(share(got, "one"), share(got, "two")):
            raise Failure(f"the first did not keep the CPU: {got}")
    return scenario("fifo", [vm("one", "cpu sched 10f"), vm("two", "cpu sched 10f")], check, **kw)


def sporadic(**kw):
    """5 ms of 20 go before the others; what is left over is theirs."""
    def check(got):
        between(got, "budget", 22, 28)
        stolen(got, "other", 22, 28)
    return scenario("sporadic", [vm("budget", "cpu sched 20,5,8,20000,5000s"), vm("other", "cpu sched 10")],
                    check, **kw)


def sporadic_alone(**kw):
    """Without others it loses nothing."""
    def check(got):
        stolen(got, "alone", 0, 3)
    return scenario("sporadic alone", [vm("alone", "cpu sched 20,5,1,20000,5000s")], check, **kw)


def halt(**kw):
    """A sleeper gives the CPU away at once, however important it is, and is woken in time."""
    def check(got):
        between(got, "busy", 100, 100)
        stolen(got, "busy", 0, 10)
        tick = got["tick"][0]
        if tick["ticks"] < 480 * (UNTIL - FROM) or tick["late_us"] > 500:
            raise Failure(f"a descheduled vCPU's timer came late or not at all: {got}")
    return scenario("halt", [vm("tick", "cpu sched 20", "tick", "period=2000"),
                             vm("rest", "cpu sched 30", "rest"), vm("busy", "cpu sched 5")], check, **kw)


def placed(**kw):
    """Two bound to CPU 0, two that float: the floating ones find the other CPU, and nobody has all."""
    def check(got):
        for name in ("float", "bound"):
            stolen(got, name, 30, 70, 0)
            stolen(got, name, 30, 70, 1)
    return scenario("placement", [vm("float", "cpu cpu"), vm("bound", "cpu runmask 0 cpu runmask 0")],
                    check, smp=2, **kw)


def spread(**kw):
    """As many busy vCPUs as CPUs: each has one of its own."""
    def check(got):
        for name in ("one", "two"):
            stolen(got, name, 0, 15, 0)
            stolen(got, name, 0, 15, 1)
    return scenario("spread", [vm("one", "cpu cpu"), vm("two", "cpu cpu")], check, smp=4, **kw)


def starved(**kw):
    """One that floats does not wait behind a more important one while it could share elsewhere."""
    def check(got):
        stolen(got, "first", 0, 3)
        stolen(got, "bound", 30, 70)
        stolen(got, "float", 30, 70)
    return scenario("starved", [vm("bound", "cpu runmask 1"), vm("float", "cpu"),
                                vm("first", "cpu runmask 0 sched 20f")], check, smp=2, **kw)


def stress(**kw):
    """Twelve vCPUs that sleep, wake each other and keep numbers in their FP registers, all on the move."""
    def body(start):
        vms = [vm(n, "cpu cpu cpu cpu", more="secs=10", load=STRESS) for n in ("one", "two", "three")]
        m = start(build("sched-stress", vms, [STRESS]), **kw)
        m.expect(r"no VM runs, powering off", 240)
        m.ends()
        m.never(r"STRESS-FAIL")
        if len(re.findall(r"STRESS-OK cpus=4", m.log)) != 3:
            raise Failure("not every VM came through")
    words = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case(f"sched stress {words}", [], body)


def crowd(**kw):
    """Linux on more vCPUs than there are CPUs; it knows what is stolen from it."""
    def body(start):
        m = start(image("crowd"), **kw)
        m.expect(r"/root# ", 300)
        m.send("nproc; dmesg | grep -c 'using stolen time'\n")
        m.expect(r"^8$", 60)
        m.expect(r"^1$", 60)
        m.send("awk '/^cpu /{print \"STEAL\", $9}' /proc/stat\n")
        before = int(m.expect(r"^STEAL (\d+)\n", 60).group(1))
        m.send("for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; sleep 5; kill $(jobs -p)\n")
        m.send("awk '/^cpu /{print \"STEAL\", $9}' /proc/stat\n")
        after = int(m.expect(r"^STEAL (\d+)\n", 120).group(1))
        if after - before < 500:
            raise Failure(f"{after - before} ticks stolen while eight compute on fewer CPUs for 5 s")
        m.send("poweroff\n")
        m.expect(r"no VM runs, powering off", 120)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO")
    words = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case(f"sched crowd {words}", ["crowd"], body)


def sched_cases(full):
    cases = [
        priorities(gic=3, smp=1), round_robin(gic=2, smp=1), fifo(gic=3, smp=1), sporadic(gic=3, smp=1),
        sporadic_alone(gic=2, smp=1), halt(gic=3, smp=1), placed(gic=3), spread(gic=2), starved(gic=3),
        stress(gic=3, smp=3), stress(gic=2, smp=2), crowd(gic=3, smp=2),
    ]
    if full:
        for g in (2, 3):
            cases += [priorities(gic=g, smp=1), round_robin(gic=g, smp=1), fifo(gic=g, smp=1),
                      sporadic(gic=g, smp=1), halt(gic=g, smp=1), placed(gic=g), spread(gic=g),
                      starved(gic=g), crowd(gic=g, smp=3)]
            cases += [stress(gic=g, smp=s) for s in (1, 2, 4, 8)]
    return cases
