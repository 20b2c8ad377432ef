# SPDX-License-Identifier: Apache-2.0
"""The machine's own disks: found behind every transport, by every name, with their partitions."""
import os

import gptdisk
from case import Case
from machine import BUILD
from shell_cases import Operator
from trouble import build, guest

ROOT, DATA = "0f9df5d2-3b6c-4f0a-9d55-6c0a8f6d1e01", "0f9df5d2-3b6c-4f0a-9d55-6c0a8f6d1e02"


def disk(name, size=32 << 20, parts=True, **kw):
    """An image with two partitions, made anew."""
    path = f"{BUILD}/{name}.disk"
    if os.path.exists(path):
        os.unlink(path)
    if not parts:
        with open(path, "wb") as f:
            f.truncate(size)
        return path
    block = kw.get("block", 512)
    return gptdisk.make(path, size, [(256, 1279, ROOT, "root"), (1280, 2303, DATA, "data")], **kw) \
        if block == 512 else gptdisk.make(path, size, [(32, 159, ROOT, "root"), (160, 287, DATA, "data")], **kw)


def drive(ident, path, options=""):
    return ["-drive", f"if=none,id={ident},format=raw,file={path}{options}"]


def image():
    """A guest that lives on; it has a disk in memory, so that what disks need is in the image."""
    line = ("    qvm system one cpu ram 0x80000000,64M load /guests/steady.bin "
            "vdev pl011 loc 0x1c090000 intr gic:37 hostdev - vdev virtio-blk hostdev ram:64K")
    return build("disks", [line], [guest("steady.bin")], "\n    vdev-virtio-blk\n    part-disk")


LEGACY = []
MODERN = ["-global", "virtio-mmio.force-legacy=false"]


def shown(start, args, wants, gic, never=(), **kw):
    """What `disks` says, in this order; twice, as the first time looks and the second remembers."""
    m = start(image(), gic=gic, args=args, **kw)
    op = Operator(m)
    op.enter()
    op.ask("disks", *wants)
    op.ask("disks", *wants)
    for text in never:
        m.never(text)
    m.never(r"panic|GUEST-FAULT")
    return m, op


def mmio(gic, modern):
    def body(start):
        args = [*(MODERN if modern else LEGACY),
                *drive("a", disk("first", block=512)), "-device", "virtio-blk-device,drive=a,serial=alpha",
                *drive("b", disk("second", parts=False), ",readonly=on"),
                "-device", "virtio-blk-device,drive=b,serial=beta"]
        # The board lists the last place first, as the device tree does.
        m, op = shown(start, args, [
            r"^disk0 +32768 KiB  virtio-mmio, blocks of 512, serial beta, read-only$",
            r"^disk1 +32768 KiB  virtio-mmio, blocks of 512, serial alpha$",
            rf"^disk1p1 +512 KiB  {ROOT} root$", rf"^disk1p2 +512 KiB  {DATA} data$"], gic)
        op.ask("irqs", r"^ +\d+ virtio-mmio$", r"^ +\d+ virtio-mmio$")
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case(f"disk: virtio-mmio {'modern' if modern else 'legacy'} gic={gic}", ["hello"], body)


def pci(gic):
    """Behind a root port and a bridge, too; two share an interrupt."""
    def body(start):
        args = [*drive("a", disk("first")), *drive("b", disk("second", block=4096)), *drive("c", disk("third", parts=False)),
                "-device", "virtio-blk-pci,drive=a,serial=alpha,addr=3",
                "-device", "pcie-root-port,id=rp,chassis=1,addr=4",
                "-device", "virtio-blk-pci,bus=rp,drive=b,serial=beta,logical_block_size=4096,physical_block_size=4096",
                "-device", "pcie-root-port,id=rp2,chassis=2,addr=5",
                "-device", "pcie-pci-bridge,id=br,bus=rp2",
                "-device", "virtio-blk-pci,bus=br,addr=3,drive=c,serial=gamma"]
        m, op = shown(start, args, [
            r"^disk0 +32768 KiB  virtio-pci, blocks of 512, serial alpha$", rf"^disk0p1 +512 KiB  {ROOT} root$",
            r"^disk1 +32768 KiB  virtio-pci, blocks of 4096, serial beta$", rf"^disk1p2 +512 KiB  {DATA} data$",
            r"^disk2 +32768 KiB  virtio-pci, blocks of 512, serial gamma$"], gic)
        op.ask("irqs", *[r"^ +\d+ virtio-pci$"] * 3)
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case(f"disk: virtio-pci gic={gic}", ["hello"], body)


def damaged(gic=3):
    """One with a damaged table, one with a damaged backup, one with neither: each said once, none stops another."""
    def body(start):
        size, args = 32 << 20, []
        places = {"first": [512], "second": [size - 512], "third": [512, size - 512]}
        for ident, spots in places.items():
            path = disk(ident)
            for at in spots:
                gptdisk.damage(path, at + 30)
            args += [*drive(ident, path), "-device", f"virtio-blk-pci,drive={ident},serial={ident}"]
        m, op = shown(start, args, [
            r"serial first$", r"^disk0p2 ", r"serial second$", r"^disk1p1 ", r"serial third$"], gic,
            never=[r"^disk2p"])
        for text in (r"quoin: disk0 has a damaged partition table, its backup is used",
                     r"quoin: disk1 has a damaged backup of its partition table",
                     r"quoin: disk2 has a damaged partition table and no good backup: no partitions"):
            m.at = 0
            m.expect(text, 5)
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case("disk: damaged partition tables", ["hello"], body)


def none(gic):
    def body(start):
        m, op = shown(start, ["-device", "virtio-rng-device", "-device", "virtio-rng-pci"], [r"^no disks$"], gic)
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case(f"disk: none gic={gic}", ["hello"], body)


def disk_cases(full):
    cases = [mmio(gic=3, modern=False), pci(gic=2)]
    if full:
        cases += [mmio(gic=2, modern=True), mmio(gic=3, modern=True), pci(gic=3), damaged(), none(gic=3)]
    return cases
