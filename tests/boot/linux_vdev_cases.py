# SPDX-License-Identifier: Apache-2.0
"""Devices other than virtio, driven by an unmodified Linux: shared memory from user space, the SP804."""
import subprocess

from case import Case, GUESTS
from machine import BUILD
from vdev_cases import PL011, SHMEM, made, make, vm, words

IMAGE = ("/guests/linux/Image", f"{GUESTS}/linux/Image")
INITRD = ("/guests/linux/initrd", f"{GUESTS}/linux/rootfs.cpio.gz")


def linux(name, cpus, cmdline, vdev):
    return (f"system {name}{' cpu' * cpus} ram 0x80000000,256M load {IMAGE[0]} initrd load {INITRD[0]} "
            f'cmdline "console=ttyAMA0 quiet {cmdline}" {PL011} {vdev}')


def shmem(peer, messages, **kw):
    """The sample program through /dev/mem, and at the other end itself in another Linux or a bare-metal guest."""
    def body(start):
        vms = [linux("tux", 1, f"quoin.test=shmem quoin.shmem=ping,lab,{messages}", "vdev shmem loc 0x1c050000 intr gic:50"),
               linux("peer", 1, "quoin.test=shmem quoin.shmem=pong,lab", "vdev shmem create lab,16K")
               if peer == "linux" else vm("peer", SHMEM, "role=pong", "vdev shmem deny secret*")]
        m = start(made(make(f"shmem-{peer}", ["pl011", "shmem"], vms, [IMAGE, INITRD, SHMEM])), **kw)
        m.expect(rf"SHMEM-PING-OK messages={messages}", 300)
        m.at = 0
        m.expect(rf"SHMEM-PONG-OK last={messages}", 60)
        m.expect(r"no VM runs, powering off", 120)
        m.ends()
        m.never("SHMEM-FAIL|GUEST-FAULT|quoin: panic|Call trace")
    return Case(f"shmem: Linux and {peer} {words(**kw)}", ["linux", "hello"], body)


def sp804(idle, **kw):
    """Linux's own driver: a clock source; with an idle state that stops the CPUs' timers it wakes them up."""
    def body(start):
        files, merge = [IMAGE, INITRD], ""
        if idle:
            dtb = f"{BUILD}/idle-state.dtb"
            subprocess.run(["dtc", "-q", "-O", "dtb", "-o", dtb, "tests/boot/idle-state.dts"], check=True)
            files, merge = files + [("/idle-state.dtb", dtb)], "fdt load /idle-state.dtb"
        m = start(made(make("sp804-linux", ["pl011", "timer-sp804"], [
            linux("tux", 2, "quoin.test=sp804", f"vdev timer loc 0x1c110000 intr gic:34 {merge}")], files)), **kw)
        if idle:
            m.expect(r"^QUOIN-SP804-BROADCAST", 240)
        m.expect(r"^QUOIN-SP804-OK", 240)
        m.ends()
        m.never("SP804-FAILED|Call trace|rcu: INFO|quoin: panic")
    return Case(f"timer-sp804: Linux{' that idles by it' if idle else ''} {words(**kw)}", ["linux"], body)


def linux_vdev_cases(full):
    cases = [shmem("linux", 300, gic=3, smp=2), shmem("bare-metal", 300, gic=2, smp=2), sp804(True, gic=3)]
    if full:
        cases += [shmem("linux", 1000, gic=2, smp=1), shmem("bare-metal", 1000, gic=3, smp=1), sp804(False, gic=2),
                  sp804(True, gic=2)]
    return cases
