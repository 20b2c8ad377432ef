# SPDX-License-Identifier: Apache-2.0
"""Debian guests that drive PCI functions of the machine by themselves, with and without an SMMU."""
import hashlib
import os
import time

from case import Case, GUESTS
from debian import DEVICES, Debian, at_the_shell, boot_pair, disk_copy, e2fsck, line
from machine import BUILD, Failure
from pcidev import (E1000E, EDU, NET, NET2, NVME, NVME2, TROUBLE, XHCI, Peer, debian_files, drive_edu, drive_net, drive_nvme,
                    drive_usb, edu, function, job, native_args, net, nvme, usb, virt, zeros)
from trouble import build, guest

PCI = f"-v\n{DEVICES}"
PHOSTILE = guest("phostile.bin")
RAM = ("0x60000000,256M", "0x50000000,256M")  # of VMs whose DMA goes by physical addresses: theirs are the same


def needs(generic):
    return [(f"{GUESTS}/debian/Image.generic", "no Image.generic: make guest-debian-generic")] if generic else []


def vm(gic, name, *places, v2m=False, number=0, **kw):
    """One qvm line: a Debian with the functions at `places`; without an SMMU it says that it knows."""
    more = " ".join(f"pass pci:0:{p}" + " dma unprotected" * (gic == 2) + " msi v2m" * v2m for p in places)
    text = line(name, more=more, **kw)
    return text.replace("ram 0x80000000,256M", f"ram {RAM[number]}") if gic == 2 else text


def msi(gic, intx=False):
    """What /proc/interrupts calls the chip."""
    return r"GIC" if intx else r"ITS-MSI" if gic == 3 else r" MSI "


def drives(gic, generic=False, intx=False, native=False, **kw):
    """NVMe, a network card, edu and, with the ordinary kernel, USB: each at work, by MSI or by INTx."""
    words = "pci=nomsi" if intx else ""
    chip = msi(gic, intx)

    def body(start):
        stick = f"{BUILD}/pci-usb.disk"
        with open(stick, "wb") as f:
            f.write(os.urandom(4 << 20))
        with open(stick, "rb") as f:
            md5 = hashlib.md5(f.read()).hexdigest()
        args = [*nvme(zeros("pci-nvme", 64)), *net(), *edu()]
        places = [NVME, NET, EDU]
        if generic:
            args += [*usb(stick), *net(E1000E, "e1000e", "e")]
            places += [XHCI, E1000E]
        if native:
            image, more = native_args(generic, words)
        else:
            image, more = build("pci-drives", [vm(gic, "debian", *places, v2m=gic == 2 and not intx, cpus="cpu cpu",
                                                  cmdline=words)], debian_files(generic), options=PCI), ()
        m = start(image, machine=virt(gic, native), gic=gic, args=(*more, *args), **kw)
        d = Debian(m).boots()
        with Peer() as peer:
            drive_nvme(d, chip)
            drive_net(d, chip, peer, irq=r" virtio\d+" + ("(?!-)" if intx else "-(in|out)put"))
            if not native or gic == 2:  # what drives it by physical addresses knows nothing of an SMMU
                drive_edu(d, "GIC")
            if generic:
                drive_net(d, chip, peer, "eth1", r" eth1")
                drive_usb(d, chip, md5)
            drive_nvme(d, chip)
        if native:
            return
        d.poweroff()
        m.ends()
        m.never(TROUBLE)
        m.never("DMA fault")
    return Case(f"pci {'native' if native else 'debian'} gic={gic}" + " ordinary kernel" * generic + " INTx" * intx, ["debian"], body,
                needs(generic))


def hostile(gic, **kw):
    """A guest does to its PCI bus, its ITS and by DMA what it must not, and is refused; another's device works on."""
    def body(start):
        words = "dma unprotected" if gic == 2 else ""
        path = build("phostile", [
            f'    qvm system {name} {cpus} ram {RAM[n] if gic == 2 else "0x80000000,64M"} load {PHOSTILE[0]} cmdline "{words}" '
            f"vdev pl011 loc 0x1c090000 intr gic:37 hostdev - pass pci:0:{at} {'dma unprotected' * (gic == 2)}"
            for n, (name, cpus, words, at) in enumerate([
                ("hostile", "cpu cpu", "only=config" if gic == 2 else "x", EDU), ("honest", "cpu", "honest=60", NET)])],
            [PHOSTILE], options="-v")
        m = start(path, machine=virt(gic), gic=gic, args=(*edu(), *edu(NET)), **kw)
        wanted = {"PHOSTILE", "PHONEST"}
        while wanted:
            got = m.expect(r"^(?:\w+: )?(PHOSTILE|PHONEST): (.*)\n", 600)
            good = "0 failures" if got.group(1) == "PHOSTILE" else "0 failed"
            if not got.group(2).startswith(good) or " 0 rounds" in got.group(2) or (gic == 3 and "not" in got.group(2)):
                raise Failure(got.group(0))
            wanted.remove(got.group(1))
        m.ends()
        m.never(r"PHOSTILE-FAIL|GUEST-FAULT|quoin: panic|stopped, ")
        if gic == 3:
            m.at = 0
            m.expect(r"DMA fault", 1)
    return Case(f"pci hostile guest gic={gic}", ["hello"], body)


def pci_cases(full):
    cases = []
    if full:
        cases += [drives(3), drives(2), hostile(3, smp=2), hostile(2, smp=2)]
        cases += [drives(g, generic=True, intx=i) for g in (3, 2) for i in (False, True)]
        cases += [drives(g, generic=x, native=True) for g in (3, 2) for x in (False, True)]
    return cases
