# SPDX-License-Identifier: Apache-2.0
"""A real-time guest beside others: it gets all of its samples, and all of them live. Nothing here is timed."""
from case import Case
from machine import Failure, image
from trouble import HOSTILE, build, guest, vm

LATENCY = guest("latency.bin")


def mixed(**kw):
    """Linux, the real-time guest and a payload of no known format run together."""
    def body(start):
        m = start(image("mixed"), **kw)
        m.expect(r"raw: Raw payload at 0x80100000, EL1", 120)
        m.expect(r"/root# ", 400)
        m.send("nproc; sh /tests/smoke.sh\n")
        m.expect(r"QUOIN-SMOKE-OK cpus=2", 120)
        # Both others go on after Linux has come up, and after it has gone.
        m.expect(r"raw: raw payload beat \d+", 120)
        samples = int(m.expect(r"rt: RT n=(\d+) min=\d+ mean=", 120).group(1))
        m.send("poweroff\n")
        m.expect(r"quoin: linux: ended, the guest powered off", 120)
        later = int(m.expect(r"rt: RT n=(\d+) min=\d+ mean=", 120).group(1))
        m.expect(r"raw: raw payload beat \d+", 120)
        if later <= samples:
            raise Failure(f"{samples} samples, {later} later")
        m.never(r"GUEST-FAULT|quoin: panic|Kernel panic|rcu: INFO|RT strays")
    return Case("mixed " + " ".join(f"{k}={v}" for k, v in kw.items()), ["mixed"], body)


def beside(deed, **kw):
    """On one CPU with a VM that floods the monitor and one that is restarted and scrubbed all the time."""
    def body(start):
        m = start(build(f"rt-{deed}", [
            vm("rt", LATENCY[0], "cpu runmask 0 sched 200f", "n=1500 us=2000 every=0"),
            vm("flood", HOSTILE[0], "cpu cpu", f"hostile={deed}"),
            vm("again", HOSTILE[0], "cpu", "hostile=reset")], [LATENCY, HOSTILE]), **kw)
        m.expect(r"again: the guest asked for a reset, restarting", 120)
        m.expect(r"rt: RT n=1500 min=\d+ mean=", 240)
        m.expect(r"rt: RT-END", 60)
        m.expect(r"quoin: rt: ended, the guest powered off", 60)
        m.never(r"GUEST-FAULT|quoin: panic|RT strays|flood: stopped|flood: ended")
    return Case(f"real time beside {deed} " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def rt_cases(full):
    cases = [mixed(gic=3, smp=2), mixed(gic=2, smp=2)]
    cases += [beside("uart-flood", gic=3, smp=1), beside("sgi-storm", gic=2, smp=1)]
    if full:
        cases += [beside(deed, gic=gic, smp=1) for gic in (2, 3) for deed in
                  ("irq-storm", "hvc-flood", "mmio-flood", "abort-flood", "setway-flood", "psci-flood")]
        cases += [mixed(gic=gic, smp=smp) for gic in (2, 3) for smp in (1, 4)]
    return cases
