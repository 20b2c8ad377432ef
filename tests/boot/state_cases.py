# SPDX-License-Identifier: Apache-2.0
"""What a vCPU owns: registers, debug, performance monitors, pointer authentication keys."""
import re

from case import Case
from machine import Failure, image


def where(**kw):
    return " ".join(f"{k}={v}" for k, v in kw.items())


def state(groups, lives=2, **kw):
    """
    VMs full of patterns share a CPU. Each looks for what is not its own, twice: the second time after a
    restart. `groups`: a digit each for PMU, pointer authentication, DISR_EL1, GICv3 registers.
    """
    def body(start):
        m = start(image("state"), smp=1, **kw)
        done = {"one": 0, "two": 0, "three": 0}
        while min(done.values()) < lives:
            got = m.expect(r"^(\w+): STATE: (.*)\n", 240)
            want = groups if got.group(1) != "three" else "0" + groups[1:]
            fields = re.fullmatch(r"0 wrong, (\d+) registers filled, groups (\d+), \d+ rounds",
                                  got.group(2))
            if not fields or fields.group(2) != want or int(fields.group(1)) < 30:
                raise Failure(got.group(0))
            done[got.group(1)] += 1
    return Case("state " + where(**kw), ["state"], body)


def linux_state(**kw):
    """Debian: ptrace with the CPU's registers, perf events with their interrupt, on every CPU."""
    def body(start):
        m = start(image("linux"), **kw)
        m.expect(r"hw perfevents: enabled with armv8_pmuv3", 240)
        m.expect(r"/root# ", 240)
        m.send("sh /tests/state.sh\n")
        m.expect(r"QUOIN-STATE-OK cpus=2", 240)
        m.send("poweroff\n")
        m.expect(r"quoin: linux: ended, the guest powered off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO")
    return Case("linux state " + where(**kw), ["linux"], body)


def without_pmu(**kw):
    """A board whose CPUs lack what can be had."""
    def body(start):
        m = start(image("selftest"), **kw)
        got = m.expect(r"^SELFTEST: (\d+) passed, 0 failed", 120)
        m.expect(r"ended, the guest powered off")
        m.ends()
        m.never(r"^ok \d+ - pmu:|^ok .*nothing of it traps")
        if not re.search(r"^ok \d+ - pauth: keys are undefined", m.log, re.M):
            raise Failure("pointer authentication was not looked for: " + got.group(0))
    return Case("selftest " + where(**kw), ["selftest"], body)


def state_cases(full):
    cases = [
        state("1111", gic=3, cpu="max"),
        state("1000", gic=2, cpu="cortex-a53"),
        state("1011", gic=3, cpu="neoverse-n1"),
        linux_state(gic=3, cpu="max", smp=2),
        linux_state(gic=2, cpu="cortex-a57", smp=2),
        without_pmu(gic=3, cpu="max,pmu=off,pauth=off", smp=2),
    ]
    if full:
        cases += [state("1110", gic=2, cpu="max"), state("1001", gic=3, cpu="cortex-a57"),
                  state("1010", gic=2, cpu="neoverse-n1"), state("1001", gic=3, cpu="cortex-a53"),
                  linux_state(gic=3, cpu="neoverse-n1", smp=2),
                  linux_state(gic=2, cpu="cortex-a53", smp=4)]
    return cases
