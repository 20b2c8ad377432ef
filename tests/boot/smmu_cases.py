# SPDX-License-Identifier: Apache-2.0
"""The SMMU: the monitor's own devices behind it, and guests whose devices reach for what is not theirs."""
import disk_cases
from case import Case
from pcidev import EDU, edu
from shell_cases import Operator
from trouble import build, guest

VIRT = "virt,virtualization=on,iommu=smmuv3"
BEHIND = "iommu_platform=on,disable-legacy=on"


def own_disks():
    """Behind the root bus, a root port and a PCI bridge; all of the partition table is read by DMA."""
    def body(start):
        args = [*disk_cases.drive("a", disk_cases.disk("first")), *disk_cases.drive("b", disk_cases.disk("second")),
                *disk_cases.drive("c", disk_cases.disk("third", parts=False)),
                "-device", f"virtio-blk-pci,drive=a,serial=alpha,addr=3,{BEHIND}",
                "-device", "pcie-root-port,id=rp,chassis=1,addr=4",
                "-device", f"virtio-blk-pci,bus=rp,drive=b,serial=beta,{BEHIND}",
                "-device", "pcie-root-port,id=rp2,chassis=2,addr=5",
                "-device", "pcie-pci-bridge,id=br,bus=rp2",
                "-device", f"virtio-blk-pci,bus=br,addr=3,drive=c,serial=gamma,{BEHIND}"]
        m = start(disk_cases.image(), gic=3, machine=VIRT, args=args)
        op = Operator(m)
        op.enter()
        m.at = 0
        m.expect(r"quoin: arm,smmu-v3 at 0x9050000: 65536 streams, none reaches memory yet")
        op.ask("disks", r"serial alpha$", rf"^disk0p1 +512 KiB  {disk_cases.ROOT} root$", r"serial beta$",
               rf"^disk1p1 +512 KiB  {disk_cases.ROOT} root$", r"serial gamma$")
        op.ask("iommu", r"^0  arm,smmu-v3 at 0x9050000, 65536 streams, 44 bits$",
               r"^  stream 0x18  the monitor, virtio-pci: 0 faults$")
        m.never(r"DMA fault|not used|panic")
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case("smmu: the monitor's disks", ["hello"], body)


def no_stage2():
    """An SMMU of stage 1 only is said, and what is behind it reaches nothing."""
    def body(start):
        args = [*disk_cases.drive("a", disk_cases.disk("first")),
                "-device", f"virtio-blk-pci,drive=a,serial=alpha,addr=3,{BEHIND}"]
        m = start(disk_cases.image(), gic=3, machine="virt-9.1,virtualization=on,iommu=smmuv3", args=args)
        op = Operator(m)
        op.enter()
        m.at = 0
        m.expect(r"quoin: arm,smmu-v3 at 0x9050000: it has no stage 2")
        op.ask("disks", r"quoin: virtio-pci 00:03.0: no way through its IOMMU|no disks")
        op.ask("iommu", r"^0  arm,smmu-v3 .*STOPPED$")
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case("smmu: without stage 2", ["hello"], body)


DMA = guest("dma.bin")


def vm(name, cmdline, more=""):
    return (f"    qvm system {name} cpu ram 0x80000000,64M load {DMA[0]} cmdline \"{cmdline}\" "
            f"vdev pl011 loc 0x1c090000 intr gic:37 hostdev - {more}")


def attack(step, places=99, **kw):
    """A guest's device reads and writes all there is; nobody loses or gives away a byte, and each try is said."""
    def body(start):
        path = build("dma-attack", [vm("victim", "role=victim"), vm("attacker", f"step={step} list={places}", f"pass pci:0:{EDU}")], [DMA],
                     options="-v")
        m = start(path, gic=3, machine=VIRT, args=edu(), **kw)
        m.expect(r"victim: round 1\n", 120)
        for life in range(2):
            m.expect(r"DMA: edu at 0x", 60)
            m.expect(rf"VM 'attacker': DMA fault of .*00:0{EDU}.0 \(stream 0x18\) at 0x\w+, read: not its memory", 60)
            m.expect(r"DMA: \d+ places tried", 300)
            m.expect(r"DMA: 0 failed", 60)
        got = int(m.expect(r"victim: round (\d+)\n").group(1))
        m.expect(rf"victim: round {got + 2}\n", 60)
        op = Operator(m)
        m.at = 0
        op.enter()
        op.ask("iommu", r"^  stream 0x18  attacker, .*: \d+ faults, last a (read|write) at 0x")
        m.never(r"VICTIM-FAIL|is left in memory|its own memory|^attacker: read at|panic|GUEST-FAULT")
        op.ask("poweroff now", r"quoin: attacker: ")
        m.ends()
    return Case(f"smmu: DMA attack step={step}M", ["hello"], body)


def stops(start):
    """fault stop: the first fault ends the VM; the other one runs on."""
    path = build("dma-stop", [vm("victim", "role=victim"), vm("attacker", "x", f"pass pci:0:{EDU} fault stop")], [DMA])
    m = start(path, gic=3, machine=VIRT, args=edu())
    m.expect(r"attacker: stopped, DMA fault of .*\(stream 0x18\) at 0x40000000, exit code 6", 120)
    got = int(m.expect(r"victim: round (\d+)\n", 60).group(1))
    m.expect(rf"victim: round {got + 2}\n", 60)
    m.never(r"VICTIM-FAIL|panic")


def smmu_cases(full):
    cases = [own_disks(), attack(64, 8)]
    if full:
        cases += [no_stage2(), attack(4, cpu="max"), Case("smmu: fault stop", ["hello"], stops)]
    return cases
