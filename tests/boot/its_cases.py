# SPDX-License-Identifier: Apache-2.0
"""LPIs and virtual ITSs without a device: INT commands, and Linux's driver."""
from case import Case
from machine import Failure, image


def commands(**kw):
    """The self-test's LPIs, beside a Linux that has an ITS as well."""
    def body(start):
        m = start(image("its"), mem="1G", **kw)
        ended = None
        booted = False
        while not (ended and booted):
            got = m.expect(r"SELFTEST: (\d+) passed, (\d+) failed|/root# ", 300)
            if got.group(1) is None:
                booted = True
            else:
                ended = got
        if ended.group(2) != "0" or int(ended.group(1)) < 30:
            raise Failure(ended.group(0))
        m.send("dmesg | grep -c 'using allocated LPI pending table'; poweroff\n")
        m.expect(r"^(linux: )?2\n", 60)
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
        if "restricted LPI range [256]" not in m.log:
            raise Failure("Linux does not take the ITS's range of LPIs")
        m.never(r"linux: ITS: |Call trace|Kernel panic|rcu: INFO|ITS.*(fail|error)|stuck|timeout")
    where = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case("ITS commands " + where, ["its"], body)


def its_cases(full):
    cases = [commands(gic=3, smp=4)]
    if full:
        cases += [commands(gic=3, smp=2, cpu="cortex-a57"), commands(gic=3, smp=1, cpu="max")]
    return cases
