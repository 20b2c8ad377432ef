# SPDX-License-Identifier: Apache-2.0
"""Debian guests that drive PCI functions of the machine by themselves, with and without an SMMU."""
import hashlib
import os
import time

from case import Case, GUESTS
from debian import DEVICES, Debian, at_the_shell, boot_pair, contents, disk_copy, e2fsck, line
from machine import BUILD, Failure
from pcidev import (E1000E, EDU, NET, NVME, NVME2, TROUBLE, XHCI, Peer, debian_files, drive_edu, drive_net, drive_nvme,
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
    text = line(name, more=more + " vdev gic version 2" * v2m, **kw)
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


BUSY = ("(n=0; while :; do fio --name=x --filename=/dev/nvme0n1 --rw=randwrite --bs=16k --iodepth=32 --ioengine=libaio "
        "--direct=1 --size=8m --offset=16m --verify=crc32c --verify_fatal=1 >/tmp/busy 2>&1 || { echo failed >>/tmp/bad; "
        "cat /tmp/busy >>/tmp/bad; }; n=$((n+1)); echo $n >/tmp/rounds; done) >/dev/null 2>&1 &")
RANDOM = "head -c 4194304 /dev/urandom >/tmp/r; dd if=/tmp/r of=/dev/nvme0n1 bs=1M oflag=direct 2>/dev/null; sync; md5sum /tmp/r"


def progress(d):
    """The verifying loop in this VM has done another round, and none has failed."""
    d.sh("r=$(cat /tmp/rounds 2>/dev/null); n=0; while [ \"$(cat /tmp/rounds)\" = \"$r\" ] && [ $n -lt 240 ]; do sleep 0.5; n=$((n+1)); "
         "done; [ $n -lt 240 ] && ! cat /tmp/bad 2>/dev/null", 300)


def hardship(gic, rounds, **kw):
    """Drivers and functions that come and go, pauses, restarts, stops under load; another VM's devices work on."""
    chip = msi(gic)

    def body(start):
        path = build("pci-hardship", [vm(gic, "one", NVME, NET, v2m=gic == 2, cpus="cpu cpu"),
                                      vm(gic, "two", NVME2, EDU, number=1, cpus="cpu")], debian_files(), options=PCI)
        m = start(path, machine=virt(gic), gic=gic, mem="2G",
                  args=(*nvme(zeros("pci-one", 64)), *net(), *edu(), *nvme(zeros("pci-two", 64), NVME2, "r")), **kw)
        one, two = boot_pair(m)
        two.settles("[ -b /dev/nvme0n1 ]")
        two.sh(BUSY)
        at = {d: function(one, i) for d, i in (("nvme", "0x0010"), ("virtio-pci", "0x1041"))}
        with Peer() as peer:
            drive_nvme(one, chip)
            drive_net(one, chip, peer, size="2M")
            for driver, load in (("nvme", "dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct"),
                                 ("virtio-pci", "ip link set eth0 up; ping -f 10.0.2.2")):
                one.sh(f"cd /sys/bus/pci/drivers/{driver}; for i in $(seq {rounds}); do ({load}) >/dev/null 2>&1 & sleep 0.4; "
                       f"echo {at[driver]} >unbind && echo {at[driver]} >bind || break; kill $! 2>/dev/null; wait; done; cd /; "
                       f"[ $i = {rounds} ]", 60 + 30 * rounds)
            for name in at.values():  # taken out of the bus and found again
                one.sh(f"echo 1 >/sys/bus/pci/devices/{name}/remove; sleep 0.2; echo 1 >/sys/bus/pci/rescan; "
                       f"[ -e /sys/bus/pci/devices/{name}/driver ]")
            drive_nvme(one, chip)
            drive_net(one, chip, peer, size="2M")
            progress(two)

            one.sh(BUSY)
            for _ in range(rounds):
                at_the_shell(m, "pause one")
                time.sleep(0.5)
                at_the_shell(m, "resume one")
            progress(one)

            for n in range(rounds):
                md5 = one.sh(RANDOM).split()[0]
                one.sh("ping -f 10.0.2.2 >/dev/null 2>&1 &")
                if n % 2:
                    at_the_shell(m, "stop one", "start one")
                else:
                    at_the_shell(m, "restart one")
                one.boots_again()
                one.sh(f"dd if=/dev/nvme0n1 bs=1M count=4 2>/dev/null | md5sum | grep {md5}")
                progress(two)
                drive_nvme(one, chip)
                drive_net(one, chip, peer, size="2M")
                one.sh(BUSY)
        attack(m, two, gic)
        progress(two)
        one.poweroff()
        progress(two)
        two.poweroff()
        m.ends()
        m.never(TROUBLE)
    return Case(f"pci hardship gic={gic}", ["debian"], body)


def attack(m, d, gic):
    """DMA of a guest's device to the monitor, and to memory another VM has: refused and said."""
    if gic == 2:
        return
    name = function(d, "0x11e8")
    for address in ("40200000", "40210000", "48000000", "7f000000", "9050000", "8000000"):
        said = d.sh(f"edu {name} poke {address} 1122334455667788; edu {name} peek {address}")
        if "5566778" in said.split("PEEK")[1] or "QUOIN-EDU-PEEK" not in said:
            raise Failure(f"DMA to 0x{address}: {said}")
    m.at = 0
    m.expect(r"VM 'two': DMA fault", 30)
    d.sh(f"edu {name} check | grep OK")


def power_cycle(gic, **kw):
    """A Debian whose root is on its own NVMe disk loses its power: what was synced is there, and e2fsck is content."""
    def body(start):
        disk = disk_copy("pci-power")
        path = build("pci-power", [vm(gic, "debian", NVME, v2m=gic == 2, disks=(), cmdline="root=/dev/nvme0n1", cpus="cpu cpu")],
                     debian_files()[:2], options=PCI)
        for cycle in range(2):
            m = start(path, machine=virt(gic), gic=gic, args=nvme(disk), **kw)
            d = Debian(m).boots()
            d.sh("findmnt -no SOURCE / | grep nvme0n1")
            if cycle:
                d.sh("md5sum -c /root/sum")
            d.sh(job("/root/job", size="4m"), 300)
            said = d.sh("head -c 3000000 /dev/urandom >/root/r; md5sum /root/r | tee /root/sum; sync")
            d.sh("(cat /dev/urandom >/root/x) & (while :; do echo x >>/root/y; sync; done) & sleep 2")
            m.never(TROUBLE)
            m.__exit__()
            e2fsck(disk)
            if hashlib.md5(contents(disk, "/root/r")).hexdigest() not in said:
                raise Failure(f"/root/r of {disk} is not what was synced: {said}")
        os.remove(disk)
    return Case(f"pci power cycle, root on NVMe gic={gic}", ["debian"], body)


def hostile(gic, **kw):
    """A guest does to its PCI bus, its ITS and by DMA what it must not, and is refused; another's device works on."""
    def body(start):
        path = build("phostile", [
            f'    qvm system {name} {cpus} ram {RAM[n] if gic == 2 else "0x80000000,64M"} load {PHOSTILE[0]} cmdline "{words}" '
            f"vdev pl011 loc 0x1c090000 intr gic:37 hostdev - pass pci:0:{at} {'dma unprotected' * (gic == 2)}"
            for n, (name, cpus, words, at) in enumerate([
                ("hostile", "cpu cpu", "skip=dma" if gic == 2 else "x", EDU), ("honest", "cpu", "honest=90", NET)])],
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
    cases = [drives(3), drives(2)]
    if full:
        cases += [hardship(3, 3), hardship(2, 2), power_cycle(3), power_cycle(2), hostile(3, smp=2), hostile(2, smp=2)]
        cases += [drives(g, generic=True, intx=i) for g in (3, 2) for i in (False, True)]
        cases += [drives(g, generic=x, native=True) for g in (3, 2) for x in (False, True)]
    return cases
