# SPDX-License-Identifier: Apache-2.0
"""A driver that breaks the rules of virtio, beside a VM that works on through the same switch."""
from case import Case
from machine import Failure
from trouble import build, guest

GUEST = guest("vhostile.bin")
VM = ('    qvm system %s cpu %s ram 0x80000000,64M load %s cmdline "%s" '
      "vdev pl011 loc 0x1c090000 intr gic:37 hostdev - ")
DEVICES = ["vdev virtio-blk hostdev ram:1M", "vdev virtio-net peer sw0 source any", "vdev virtio-console hostdev >bytes"]
MODERN = " ".join(DEVICES[:2] + [
    "vdev virtio-console name c hostdev >bytes port a peer /dev/qvm/honest/c/a port b hostdev >more", "vdev virtio-entropy",
    "vdev virtio-vsock peer lan shell on"])
LEGACY = " ".join(d + " legacy" for d in DEVICES)
MODULES = "".join(f"\n    vdev-virtio-{name}" for name in ("blk", "net", "console", "entropy", "vsock"))


def hostile_driver(layout, devices, count, **kw):
    """Every deed is refused or ignored, each device works after a reset; the other VM's I/O goes on."""
    def body(start):
        path = build(f"vhostile-{layout}", [VM % ("hostile", "cpu", GUEST[0], "x") + devices,
                                            VM % ("honest", "", GUEST[0], "honest=20") + " ".join(DEVICES[:2])],
                     [GUEST], options="-v" + MODULES)
        m = start(path, **kw)
        wanted = {"hostile", "honest"}
        while wanted:
            got = m.expect(r"^(?:\w+: )?(VHOSTILE|HONEST): (.*)\n", 400)
            if got.group(1) == "VHOSTILE":
                if got.group(2) != f"{count} devices, 0 failures":
                    raise Failure(got.group(0))
                wanted.discard("hostile")
            else:
                if not got.group(2).startswith("0 failed, ") or got.group(2).startswith("0 failed, 0 rounds"):
                    raise Failure(got.group(0))
                wanted.discard("honest")
        m.ends()
        m.never(r"VHOSTILE-FAIL|GUEST-FAULT|quoin: panic|stopped, ")
        legacy = "legacy " if layout == "legacy" else ""
        deeds = ["a chain of itself", "indirect nested", "an index that jumps"]
        deeds += ["places of rings", "the last PFN"] if legacy else ["places of used", "packed, a chain of all"]
        for deed in deeds:
            for device in ("blk", "net", "console"):
                if f"on {legacy}{device}, {deed}: refused, works again" not in m.log:
                    raise Failure(f"{device}: {deed}: not refused")
    return Case(f"virtio: a hostile driver, {layout} " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def hostile_virtio_cases(full):
    cases = [hostile_driver("modern", MODERN, 5, gic=3, smp=2), hostile_driver("legacy", LEGACY, 3, gic=2, smp=2)]
    if full:
        cases += [hostile_driver("modern", MODERN, 5, gic=2, smp=1), hostile_driver("legacy", LEGACY, 3, gic=3, smp=1)]
    return cases
