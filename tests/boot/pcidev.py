# SPDX-License-Identifier: Apache-2.0
"""PCI functions of QEMU's that a Debian drives: the machine they are in, and what each must do."""
import re
import socket
import subprocess
import time

from case import GUESTS
from machine import BUILD, Failure

ROM = "romfile="  # a card's own boot code is another package, and not wanted
# Places on bus 0 of the machine: what a VM is given by `pass pci:0:N`.
# N and N + 4 share their INTx line, so such a pair cannot go to two VMs.
NVME, NET, EDU, XHCI, E1000E, NVME2 = 1, 2, 3, 4, 5, 8
# What no kernel may say while its devices are used. An I/O error is one of a device that was taken away.
TROUBLE = r"Call trace|Kernel panic|rcu: INFO|quoin: panic|BUG:|blocked for more than|nvme.*(timeout|Abort)|NETDEV WATCHDOG"


def virt(gic, native=False):
    """QEMU's machine: an SMMU in front of PCI where there is a GICv3."""
    return "virt" + ",virtualization=on" * (not native) + ",iommu=smmuv3" * (gic == 3)


def zeros(name, mib):
    path = f"{BUILD}/{name}.disk"
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    return path


def nvme(path, at=NVME, serial="q"):
    return ("-drive", f"file={path},format=raw,if=none,id={serial}", "-device", f"nvme,serial={serial},drive={serial},addr={at}")


def net(at=NET, kind="virtio-net-pci", name="n"):
    more = ",disable-legacy=on,iommu_platform=on" if kind == "virtio-net-pci" else ""
    return ("-netdev", f"user,id={name}", "-device", f"{kind},netdev={name},{ROM},addr={at}{more}")


def edu(at=EDU):
    return ("-device", f"edu,dma_mask=0xffffffffffff,addr={at}")


def usb(path, at=XHCI):
    return ("-device", f"qemu-xhci,id=x,addr={at}", "-drive", f"file={path},format=raw,if=none,id=u",
            "-device", "usb-storage,bus=x.0,drive=u")


class Peer:
    """iperf3's server on this machine, which a guest on QEMU's user network sees as 10.0.2.2."""

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            self.port = s.getsockname()[1]
        self.proc = subprocess.Popen(["iperf3", "-s", "-B", "127.0.0.1", "-p", str(self.port)], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.1)
        raise Failure("iperf3 does not serve")

    def __exit__(self, *exc):
        self.proc.kill()
        self.proc.wait()


def function(d, ident):
    """The name in sysfs of the function with device ID `ident`, as 0x11e8."""
    said = d.sh(f"grep -l {ident} /sys/bus/pci/devices/*/device")
    return re.search(r"devices/(\S+)/device", said).group(1)


def interrupts(d, name):
    """How many interrupts have come whose line in /proc/interrupts fits, and by what chip."""
    lines = [s for s in d.sh("cat /proc/interrupts").splitlines() if re.search(name, s)]
    count = sum(int(n) for s in lines for n in re.match(r" *\w+:((?: +\d+)+) ", s).group(1).split())
    return count, " ".join(lines)


def interrupted(d, name, chip, work):
    """`work` brings interrupts to `name`, through `chip`."""
    before, _ = interrupts(d, name)
    work()
    after, lines = interrupts(d, name)
    if after <= before or not re.search(chip, lines):
        raise Failure(f"{name}: {after - before} interrupts, {chip} expected:\n{lines}")


def job(disk, size="4m", bs="4k", depth=16, more=""):
    """fio reads back and compares what it wrote; says something only if it fails."""
    return (f"fio --name=job --filename={disk} --rw=randwrite --bs={bs} --size={size} --iodepth={depth} --direct=1 "
            f"--ioengine=libaio --verify=crc32c --verify_fatal=1 {more} >/tmp/fio 2>&1 || {{ tail -n 20 /tmp/fio; false; }}")


def drive_nvme(d, chip, disk="/dev/nvme0n1"):
    def work():
        d.sh(job(disk), 300)
        d.sh(job(disk, bs="512-256k", size="16m", depth=32, more="--numjobs=2 --offset_increment=16m --group_reporting"), 300)
        d.sh(job(disk, size="1m", depth=1, more="--fsync=32"), 300)
    d.settles(f"[ -b {disk} ]")
    interrupted(d, r" nvme0q[1-9]", chip, work)


def drive_net(d, chip, peer, interface="eth0", irq=r" virtio\d+-(in|out)put", size="6M"):
    def work():
        d.sh(f"ip link set {interface} up; udhcpc -i {interface} -n -q -t 10 -s /etc/udhcpc/default.script 2>&1", 200)
        for way in ("", "-R", "-P 3"):
            d.sh(f"iperf3 -J -c 10.0.2.2 -p {peer.port} -n {size} {way} >/tmp/i || {{ tail -n 5 /tmp/i; false; }}", 300)
            d.sh("grep -A4 -E '\"sum(_received)?\":' /tmp/i | grep '\"bytes\":' | grep -v ' 0,'")
    interrupted(d, irq, chip, work)
    d.sh(f"ip addr flush dev {interface}; ip link set {interface} down")


def drive_edu(d, chip):
    at = function(d, "0x11e8")
    d.sh(f"edu {at} check | grep OK")
    d.sh("[ -e /dev/uio0 ] || { modprobe -q uio_pci_generic; echo 1234 11e8 >/sys/bus/pci/drivers/uio_pci_generic/new_id; }")
    interrupted(d, r" uio_pci_generic", chip, lambda: d.sh(f"edu {at} irq uio0 | grep OK"))
    d.sh(f"edu {at} check | grep OK")


def drive_usb(d, chip, md5):
    def work():
        d.settles("[ -b /dev/sda ]", 60)
        d.sh(f"md5sum /dev/sda | grep {md5}", 200)
        d.sh(job("/dev/sda", size="2m"), 300)
    interrupted(d, r" xhci_hcd", chip, work)


def debian_files(generic=False):
    kind = ".generic" if generic else ""
    folder = f"{GUESTS}/debian"
    return [("/guests/debian/Image", f"{folder}/Image{kind}"), ("/guests/debian/initrd", f"{folder}/initrd{kind}.cpio.gz"),
            ("/disks/root.img", f"{folder}/root.img")]


def native_args(generic=False, words=""):
    """QEMU's words for the same guest without hypervisor."""
    (_, image), (_, initrd), (_, root) = debian_files(generic)
    return image, ("-initrd", initrd, "-append", f"console=ttyAMA0 root=/dev/vda rw quiet {words}", "-drive",
                   f"file={root},if=none,id=r,snapshot=on,format=raw", "-device", "virtio-blk-device,drive=r")
