# SPDX-License-Identifier: Apache-2.0
"""A driver that breaks the rules of virtio, beside a VM that works on through the same switch."""
from case import Case
from machine import Failure
from trouble import build, guest

GUEST = guest("vhostile.bin")
VM = ('    qvm system %s cpu %s ram 0x80000000,64M load %s cmdline "%s" '
      "vdev pl011 loc 0x1c090000 intr gic:37 hostdev - "
      "vdev virtio-blk hostdev ram:1M vdev virtio-net peer sw0 source any")


def hostile_driver(**kw):
    """Every deed is refused or ignored, each device works after a reset; the other VM's I/O goes on."""
    def body(start):
        path = build("vhostile", [VM % ("hostile", "cpu", GUEST[0], "x"),
                                  VM % ("honest", "", GUEST[0], "honest=15")],
                     [GUEST], options="-v\n    vdev-virtio-blk\n    vdev-virtio-net")
        m = start(path, **kw)
        wanted = {"hostile", "honest"}
        while wanted:
            got = m.expect(r"^(?:\w+: )?(VHOSTILE|HONEST): (.*)\n", 400)
            if got.group(1) == "VHOSTILE":
                if not got.group(2).endswith(" on 2 devices, 0 failures"):
                    raise Failure(got.group(0))
                wanted.discard("hostile")
            else:
                if not got.group(2).startswith("0 failed, ") or got.group(2) == "0 failed, 0 rounds":
                    raise Failure(got.group(0))
                wanted.discard("honest")
        m.ends()
        m.never(r"VHOSTILE-FAIL|quoin: panic|stopped, ")
        for deed in ("a chain of itself", "indirect nested", "an index that jumps", "places of used"):
            for device in ("blk", "net"):
                if f"on {device}, {deed}: refused, works again" not in m.log:
                    raise Failure(f"{device}: {deed}: not refused")
    return Case("virtio: a hostile driver " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def hostile_virtio_cases(full):
    cases = [hostile_driver(gic=3, smp=2), hostile_driver(gic=2, smp=2)]
    if full:
        cases += [hostile_driver(gic=3, smp=1)]
    return cases
