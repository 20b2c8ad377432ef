# SPDX-License-Identifier: Apache-2.0
"""Guests with a GICv2 of their own, on machines with and without one."""
from case import Case, selftest_passes
from machine import Failure, image


def guests(emulated, **kw):
    """A guest that misbehaves, and Debian on four CPUs, side by side."""
    def body(start):
        m = start(image("gicv2"), mem="2G", **kw)
        seen = set()
        while seen != {"hostile", "linux"}:
            got = m.expect(r"HOSTILE: \d+ probes survived|/root# ", 360)
            seen.add("hostile" if "HOSTILE" in got.group(0) else "linux")
        m.send("sh /tests/smoke.sh\n")
        m.expect(r"QUOIN-SMOKE-OK cpus=4", 120)
        m.send("grep -c GIC-0 /proc/interrupts; poweroff\n")
        m.expect(r"^(linux: )?[1-9]\d*\n", 60)
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|Synchronous Abort")
        if emulated != ("its CPU interface is emulated" in m.log):
            raise Failure("what the CPU interface costs is not told as it is")
    where = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case("guests with a GICv2 " + where, ["gicv2"], body)


def selftest(**kw):
    def body(start):
        m = start(image("selftest-gicv2"), **kw)
        selftest_passes(m, 400)
        m.expect(r"ended, the guest powered off")
        m.ends()
    where = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case("selftest with a GICv2 " + where, ["selftest-gicv2"], body)


def gicv2_cases(full):
    cases = [guests(True, gic=3, smp=4), selftest(gic=3, smp=2)]
    if full:
        cases += [guests(True, gic=3, smp=1, cpu="cortex-a53"), guests(True, gic=3, smp=2, cpu="max"),
                  guests(False, gic=2, smp=4), selftest(gic=3, smp=1, cpu="max")]
    return cases
