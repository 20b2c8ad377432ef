# SPDX-License-Identifier: Apache-2.0
"""Debians whose virtio devices are functions of their own PCI bus."""
from case import Case
from debian import Debian, TROUBLE
from machine import Failure, image


def pci(msi, full, **kw):
    """Root, disk, network, entropy, console and sockets; interrupts by MSI-X; once more after a reboot."""
    def body(start):
        m = start(image("virtio-pci"), mem="2G", **kw)
        one, two = Debian(m, 1, "one"), Debian(m, 2, "two")
        m.expect(r"debian:~# ", 400)
        m.expect(r"debian:~# ", 400)
        for number, vm in enumerate((one, two), 1):
            vm.quiet()
            if vm.sh("ls /sys/bus/pci/devices | wc -l").split()[-1] != "7" or "0x5678" not in vm.sh(
                    "cat /sys/bus/pci/devices/0000:00:09.0/device"):
                raise Failure("not all of the functions are there")
            if "virtio,mmio" in vm.sh("cat /proc/device-tree/vdevs/*/compatible | tr '\\0' ' '"):
                raise Failure("a virtio device on MMIO")
            if msi not in vm.sh("grep virtio /proc/interrupts"):
                raise Failure(f"no {msi} interrupts")
            vm.sh("dd if=/dev/urandom of=/dev/vdb bs=1M count=8 && sync && echo 3 >/proc/sys/vm/drop_caches; "
                  "cksum /dev/vdb >/tmp/a; echo 3 >/proc/sys/vm/drop_caches; cksum /dev/vdb | cmp - /tmp/a", 240)
            vm.sh("test $(dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c) = 64")
            vm.sh(f"ip link set eth0 up && ip addr add 10.0.0.{number}/24 dev eth0")
        one.sh("ping -c 20 -i 0.1 10.0.0.2", 120)
        if full:
            two.take()
            m.send("reboot\n")
            m.expect(r"two: start 2", 120)
            m.expect(r"debian:~# ", 400)
            two.quiet()
            two.sh("ip link set eth0 up && ip addr add 10.0.0.2/24 dev eth0")
            one.sh("ping -c 5 10.0.0.2", 120)
        for vm in (two, one):
            vm.take()
            m.send("poweroff\n")
            m.expect(rf"quoin: {vm.name}: ended, the guest powered off", 120)
        m.ends()
        m.never(TROUBLE)
    where = " ".join(f"{k}={v}" for k, v in kw.items())
    return Case("debian virtio on PCI " + where, ["virtio-pci"], body)


def virtio_pci_cases(full):
    cases = [pci("ITS-MSI", False, gic=3, smp=2)]
    if full:
        cases += [pci("ITS-MSI", True, gic=3, smp=4, cpu="max"), pci("MSI", True, gic=2, smp=2)]
    return cases
