# SPDX-License-Identifier: Apache-2.0
"""Virtual disks over the machine's own: what a guest writes is there after its restart, and after the machine's."""
from case import GUESTS, Case
from disk_cases import MODERN, disk, drive
from machine import Failure
from trouble import build

LINUX = [("/guests/linux/Image", f"{GUESTS}/linux/Image"), ("/guests/linux/initrd", f"{GUESTS}/linux/rootfs.cpio.gz")]
VDEVS = "-v\n    vdev-virtio-blk"


def vm(name, *disks, more=""):
    return (f"    qvm system {name} cpu cpu ram 0x80000000,128M load /guests/linux/Image "
            'initrd load /guests/linux/initrd cmdline "console=ttyAMA0" '
            f"vdev pl011 loc 0x1c090000 intr gic:37 hostdev - {more} "
            + " ".join(f"vdev virtio-blk hostdev {d}" for d in disks))


def real_disk(bus, **kw):
    """Written, synced, read back after a restart of the VM and of the machine; and while it is busy, reset."""
    device = {"mmio": [*MODERN, "-device", "virtio-blk-device,drive=a,serial=alpha"],
              "pci": ["-device", "virtio-blk-pci,drive=a,serial=alpha,addr=3"]}[bus]

    def body(start):
        path = disk(f"blk-{bus}")
        args = [*drive("a", path), *device]
        image = build(f"blk-{bus}", [vm("one", "/dev/disk0p1", "/dev/disk/by-partlabel/data")], LINUX, VDEVS)
        m = start(image, args=args, **kw)
        m.expect(r"quoin:/root# ", 240)
        m.send("cat /sys/block/vda/size /sys/block/vda/serial; echo; cat /sys/block/vda/queue/write_cache\n")
        m.expect(r"^1024\r?\n+alpha", 60)
        m.expect(r"^write back", 60)
        m.send("dd if=/dev/urandom of=/tmp/r bs=4k count=128 2>/dev/null; dd if=/tmp/r of=/dev/vda bs=32k conv=fsync "
               "2>/dev/null; echo 3 >/proc/sys/vm/drop_caches; cmp /tmp/r /dev/vda && echo SAME-$((40+2)); md5sum /tmp/r\n")
        m.expect(r"^SAME-42", 120)
        digest = m.expect(r"([0-9a-f]{32})  /tmp/r", 60).group(1)
        m.send("(while :; do dd if=/dev/zero of=/dev/vdb bs=64k 2>/dev/null; done) & sleep 1; reboot -f\n")
        m.expect(r"one: the guest asked for a reset, restarting", 60)
        m.expect(r"quoin:/root# ", 240)
        m.send("md5sum /dev/vda; cd /sys/bus/virtio/drivers/virtio_blk; (while :; do dd if=/dev/vda of=/dev/null bs=4k "
               "2>/dev/null || break; done) & for i in 1 2 3; do echo virtio1 >unbind; echo virtio1 >bind; done; "
               "echo virtio0 >unbind; wait; echo virtio0 >bind; md5sum /dev/vda\n")
        m.expect(rf"{digest}  /dev/vda", 60)
        m.expect(rf"{digest}  /dev/vda", 120)
        m.send("poweroff\n")
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|quoin: panic|I/O error.*vda")
        m = start(image, args=args, **kw)
        m.expect(r"quoin:/root# ", 240)
        m.send("md5sum /dev/vda; poweroff\n")
        m.expect(rf"{digest}  /dev/vda", 60)
        m.ends()
    return Case(f"blk: a disk of the machine, {bus} " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello", "linux"], body)


def missing_disk():
    """A VM without its disk does not start, others do; one that may wait waits, and is stopped."""
    def body(start):
        lines = [vm("bad", "/dev/disk5"), vm("late", "/dev/disk/by-serial/nobody", more="").replace(
                 "nobody", "nobody delayed 2"), vm("good", "/dev/disk0")]
        m = start(build("blk-missing", lines, LINUX, VDEVS), gic=3, smp=2, mem="1G",
                  args=[*MODERN, *drive("a", disk("blk-missing")), "-device", "virtio-blk-device,drive=a"])
        m.expect(r"\S+:\d+:\d+: error: vdev virtio-blk: /dev/disk5: there is no such disk or partition", 60)
        m.expect(r"late: virtio-blk: waits for its disk", 60)
        m.expect(r"vdev virtio-blk: /dev/disk/by-serial/nobody: there is no such disk", 60)
        m.expect(r"quoin:/root# ", 240)
        m.send("poweroff\n")
        m.ends()
    return Case("blk: a VM whose disk is missing", ["hello", "linux"], body)


def damaged():
    """Files that are no raw disk are refused before anything boots."""
    def body(start):
        del start
        for name, content, why in (("qcow2", b"QFI\xfb" + bytes(2044), "qcow2"), ("odd", bytes(1000), "multiple of 512"),
                                   ("short", b"", "damaged")):
            path = f"{disk('blk-damaged')}.{name}"
            if name == "short":
                with open(disk("blk-damaged"), "rb") as f:
                    content = f.read(1 << 20)
            with open(path, "wb") as f:
                f.write(content)
            try:
                build("blk-damaged", [vm("bad", "</disks/a.img")], [*LINUX, ("/disks/a.img", path)], VDEVS)
            except Failure as e:
                if why not in str(e) or "/disks/a.img" not in str(e):
                    raise
                continue
            raise Failure(f"an image was made with {path}")
    return Case("blk: images that are no disk", ["hello", "linux"], body)


def blk_cases(full):
    cases = [damaged(), real_disk("mmio", gic=3, smp=2)]
    if full:
        cases += [real_disk("pci", gic=2, smp=1), real_disk("pci", gic=3, smp=2), missing_disk()]
    return cases
