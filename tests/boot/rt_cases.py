# SPDX-License-Identifier: Apache-2.0
"""A real-time guest beside others: it gets all of its samples, and all of them live. Nothing here is timed."""
from case import Case
from machine import Failure, image


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


def rt_cases(full):
    cases = [mixed(gic=3, smp=2), mixed(gic=2, smp=2)]
    if full:
        cases += [mixed(gic=gic, smp=smp) for gic in (2, 3) for smp in (1, 4)]
    return cases
