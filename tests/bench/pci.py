# SPDX-License-Identifier: Apache-2.0
"""
Real devices in a guest's hands, behind an SMMU, with MSI-X by the virtual ITS: what EL2 executes for one read of
4 KiB from an NVMe disk, and for one interrupt of a network card. Two runs of different length; what both have in
common, the boot, falls out of the difference.
"""
from lib import BUILD, GUESTS, dialog, find, make_from, qemu, result

READS, PINGS = (1000, 5000), (500, 2500)
MACHINE = "virt,virtualization=on,iommu=smmuv3"
CMDLINE = "randomize_kstack_offset=off quiet loglevel=1 nokaslr mitigations=off kpti=off console=ttyAMA0 "
VM = ("system pci cpu runmask 0 ram 0x40000000,256M load /guests/linux/Image initrd load /guests/linux/bench.cpio "
      "vdev gic loc 0x08000000 gicr 0x080a0000 vdev pl011 loc 0x09000000 intr gic:33 hostdev - "
      'pass pci:0:1 cmdline "{}"')
READ = r"^QUOIN-FIO depth=\d+ ios=(\d+) at=(\d+)\r?\n"
PING = r"^QUOIN-PING received=(\d+) irqs=(\d+)\r?\n"


def nvme():
    path = f"{BUILD}/bench-nvme.disk"
    with open(path, "wb") as f:
        f.truncate(32 << 20)
    return ["-drive", f"if=none,id=d,format=raw,file={path}", "-device", "nvme,serial=q,drive=d,addr=1"]


def card():
    return ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,romfile=,disable-legacy=on,iommu_platform=on,addr=1"]


def run(name, words, pattern, device):
    """What the guest says, and EL2's instructions, of a whole run."""
    image = make_from(name, [VM.format(CMDLINE + words)])
    text = dialog([(pattern, "\x1dm"), (r"quoin>", "poweroff now\r")], "-kernel", image, *device, machine=MACHINE)
    return [int(find(r"el2_instructions=(\d+)", text, name).group(1)), *map(int, find(pattern, text, name).groups())]


def native(words, pattern, device):
    """The same without hypervisor, to see what the guest says."""
    text = qemu("-kernel", f"{GUESTS}/linux/Image", "-initrd", f"{GUESTS}/linux/bench.cpio", "-append", CMDLINE + words,
                *device, machine="virt", mem="256M")
    return [*map(int, find(pattern, text, "native").groups())]


def per_one(name, runs):
    """EL2's instructions for one more of what the guest has counted last."""
    (el2, *short), (el2_more, *long) = runs
    each = [b - a for a, b in zip(short, long)]
    print(f"{name}: {el2_more - el2} EL2 instructions for {each}", flush=True)
    return el2_more - el2, each


def measure():
    el2, (reads, _) = per_one("NVMe, depth 1", [
        run("nvme", f"quoin.test=fio quoin.disk=nvme0n1 quoin.fio=1,{n}", READ, nvme()) for n in READS])
    result["nvme_el2_qd1"] = round(el2 / reads)
    el2, (_, irqs) = per_one("network card", [
        run("nic", f"quoin.test=ping quoin.pings={n}", PING, card()) for n in PINGS])
    result["nic_el2_irq"] = round(el2 / irqs)


if __name__ == "__main__":
    measure()
    print(result)
