# SPDX-License-Identifier: Apache-2.0
"""The SMMU: the monitor's own devices behind it, and guests whose devices reach for what is not theirs."""
import disk_cases
from case import Case
from shell_cases import Operator

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


def smmu_cases(full):
    return [own_disks()] + ([no_stage2()] if full else [])
