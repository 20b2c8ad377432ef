# SPDX-License-Identifier: Apache-2.0
"""The boot tests: what is started, and what its console must say."""
import glob
import importlib
import os
import shutil
import struct
import subprocess

from case import Case, GUESTS, UBOOT, selftest_passes
from machine import BUILD, Failure, image
from trouble import trouble_cases

CPUS = ("cortex-a53", "cortex-a57", "cortex-a72", "neoverse-n1", "max")


def where(machine="virt,virtualization=on", **kw):
    """A setting in a few words, for the test's name."""
    words = [f"{k}={v}" for k, v in kw.items()]
    return " ".join(words + (["secure"] if "secure=on" in machine else []))


# --- bare-metal guests

def hello(**kw):
    def body(start):
        m = start(image("hello"), **kw)
        m.expect(r"^Hello from EL1")
        m.expect(r"^quoin: hello: ended, the guest powered off")
        m.ends()
    return Case("hello " + where(**kw), ["hello"], body)


def selftest(**kw):
    def body(start):
        m = start(image("selftest"), **kw)
        selftest_passes(m, 20)
        m.expect(r"ended, the guest powered off")
        m.ends()
    return Case("selftest " + where(**kw), ["selftest"], body)


def hostile(**kw):
    def body(start):
        m = start(image("hostile"), **kw)
        m.expect(r"HOSTILE: \d+ probes survived", 240)
        m.expect(r"ended, the guest powered off")
        m.ends()
    return Case("hostile guest " + where(**kw), ["hostile"], body)


def two_vms(**kw):
    def body(start):
        m = start(image("two-hello"), **kw)
        m.expect(r"^quoin: .*no VM runs, powering off")
        m.ends()
        lines = [line for line in m.log.splitlines() if "Hello from EL1" in line]
        if len(lines) != 2 or any(": Hello" not in line for line in lines):
            raise Failure(f"expected one prefixed line of each VM, got {lines}")
    return Case("two VMs " + where(**kw), ["two-hello"], body)


# --- Linux

def linux(test="smoke", want=r"QUOIN-SMOKE-OK cpus=2", **kw):
    def body(start):
        m = start(image("linux"), args=(), **kw)
        m.expect(r"/root# ", 240)
        m.send("nproc; echo PAGES $(grep -c . /proc/interrupts)\n")
        m.expect(r"^2$", 60)
        m.expect(r"^PAGES \d+")
        m.send(f"sh /tests/{test}.sh\n")
        m.expect(want, 120)
        m.send("poweroff\n")
        m.expect(r"quoin: linux: ended, the guest powered off", 60)
        m.expect(r"no VM runs, powering off")
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO")
    return Case(f"linux {test} " + where(**kw), ["linux"], body)


def linux_reboot(**kw):
    """`reboot` starts the VM again from its image; it is a fresh one."""
    def body(start):
        m = start(image("linux"), **kw)
        m.expect(r"/root# ", 240)
        m.send("echo left > /tmp/behind; reboot\n")
        m.expect(r"quoin: linux: the guest asked for a reset, restarting", 60)
        m.expect(r"/root# ", 240)
        m.send("ls /tmp/behind; nproc; poweroff\n")
        m.expect(r"No such file", 60)
        m.expect(r"^2$", 60)
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
    return Case("linux reboot " + where(**kw), ["linux"], body)


def buildroot(**kw):
    """The Buildroot guest, if somebody made one or names a Buildroot to make it with."""
    files = [f"{GUESTS}/buildroot/{name}" for name in ("Image", "rootfs.cpio")]
    missing = [] if os.environ.get("BUILDROOT") else [f for f in files if not os.path.exists(f)]

    def body(start):
        m = start(image("buildroot"), **kw)
        m.expect(r"login: |[#$] ", 240)
        m.send("root\n")
        m.expect(r"[#$] ", 60)
        m.send("echo CPUS $(grep -c ^processor /proc/cpuinfo)\n")
        m.expect(r"^CPUS 2$", 60)
        m.send("poweroff\n")
        m.expect(r"quoin: buildroot: ended, the guest powered off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO")
    return Case("buildroot", [] if missing else ["buildroot"], body,
                needs=[(f, "no Buildroot") for f in missing])


# --- how the image is started

def spin_table():
    """A board without PSCI: CPUs wait for an address, and nothing can switch it off."""
    def body(start):
        dtb = f"{BUILD}/spin-table.dtb"
        subprocess.run(["dtc", "-q", "-O", "dtb", "-o", dtb, "tests/data/spin-table.dts"], check=True)
        m = start(image("hello"), machine="raspi4b", gic=0, cpu="cortex-a72", smp=4, mem="2G",
                  args=("-dtb", dtb, "-append", "-v"))
        m.expect(r"quoin: CPU 1: MIDR 0x410fd083")
        m.expect(r"quoin: spin-table board: 2 of 2 CPUs, GICv2")
        m.expect(r"^Hello from EL1")
        m.expect(r"quoin: power off: the firmware offers no way, CPU parked")
    return Case("spin table", ["hello"], body,
                needs=[] if shutil.which("dtc") else [("/usr/bin/dtc", "no dtc")])


def entered_at_el1(gic):
    def body(start):
        m = start(image("hello"), machine="virt", gic=gic)
        m.expect(r"quoin: .*entered at EL1, a hypervisor needs EL2")
        m.never("Hello")
    return Case(f"entry at EL1 gic={gic}", ["hello"], body)


def damaged(what, offset, want):
    """One byte of the image is changed."""
    def body(start):
        path = f"{BUILD}/damaged-{what.replace(' ', '-')}.img"
        data = bytearray(open(image("hello"), "rb").read())
        at = offset(data)
        data[at] ^= 0x40
        with open(path, "wb") as f:
            f.write(data)
        m = start(path)
        m.expect(want)
        m.never("Hello")
    return Case(f"damaged image: {what}", ["hello"], body)


def header_field(index):
    """A 64-bit field of the raw header behind its 32 bytes of magic, versions and CRCs."""
    return lambda data: struct.unpack_from("<Q", data, 0x40 + 32 + 8 * index)[0]


def uboot(address, want, gic=3, commands=()):
    """U-Boot's booti, as a board would do it; the image is in memory already."""
    def body(start):
        m = start(machine="virt,virtualization=on", gic=gic, mem="2G",
                  args=("-bios", UBOOT, "-device",
                        f"loader,file={image('hello')},addr={address:#x},force-raw=on"))
        m.expect(r"Hit any key|=> ", 120)
        m.send("\n")
        m.expect(r"=> ")
        m.send("fdt addr ${fdtcontroladdr}\n")
        m.expect(r"=> ")
        for c in commands:
            m.send(c + "\n")
            m.expect(r"=> ")
        m.send(f"booti {address:#x} - ${{fdtcontroladdr}}\n")
        m.expect(want, 120)
    return Case(f"U-Boot booti at {address:#x}" + (" " + commands[-1] if commands else ""), ["hello"],
                body, needs=((UBOOT, "no u-boot-qemu"),))


def module(gic):
    """A guest left in memory by the bootloader."""
    def body(start):
        m = start(image("module"), gic=gic, args=(
            "-device", f"guest-loader,addr=0x60000000,kernel={GUESTS}/baremetal/hello.bin"))
        m.expect(r"^Hello from EL1")
        m.expect(r"ended, the guest powered off")
        m.ends()
    return Case(f"load module:0 gic={gic}", ["module"], body)


def all_cases(full):
    secure = "virt,virtualization=on,secure=on"
    cases = [
        hello(gic=3, cpu="cortex-a57", smp=2, mem="512M"),
        hello(gic=2, cpu="cortex-a53", smp=8, mem="8G"),
        hello(gic=3, cpu="neoverse-n1", smp=8, mem="8G"),
        hello(gic=2, cpu="cortex-a72", smp=1, mem="512M"),
        hello(gic=3, cpu="max", smp=4, mem="2G"),
        hello(machine=secure, gic=3),
        hello(machine=secure, gic=2),
        selftest(gic=3, cpu="cortex-a57", smp=4),
        selftest(gic=2, cpu="cortex-a57", smp=4),
        selftest(gic=3, cpu="max", smp=1),
        selftest(gic=2, cpu="cortex-a53", smp=1),
        selftest(machine=secure, gic=3, smp=4),
        hostile(gic=3),
        hostile(gic=2),
        two_vms(gic=3, smp=2),
        two_vms(gic=2, smp=1),
        linux(gic=3, cpu="cortex-a57", smp=2),
        linux(gic=2, cpu="cortex-a72", smp=4),
        linux(gic=3, cpu="max", smp=2),
        linux(gic=3, cpu="neoverse-n1", smp=1),
        linux("hotplug", r"QUOIN-HOTPLUG-OK", gic=3, cpu="cortex-a57", smp=2),
        linux("timer", r"QUOIN-TIMER-OK", gic=2, cpu="cortex-a53", smp=2),
        linux_reboot(gic=3, cpu="cortex-a57", smp=2),
        buildroot(smp=2),
        spin_table(),
        entered_at_el1(2),
        entered_at_el1(3),
        damaged("monitor", lambda d: 0x9000, r"quoin: .*the image is damaged"),
        damaged("index", header_field(6), r"quoin: .*the image is damaged"),
        uboot(0x50000000, r"^Hello from EL1"),
        uboot(0x7e200000, r"^Hello from EL1", gic=2),
        module(3),
    ]
    if full:
        cases += [hello(gic=g, cpu=c, smp=s, mem=m) for g in (2, 3) for c in CPUS
                  for s in range(1, 9) for m in ("512M", "1G", "8G")]
        cases += [selftest(gic=g, cpu=c, smp=s) for g in (2, 3) for c in CPUS for s in (1, 2, 4)]
        cases += [linux(gic=g, cpu=c, smp=s) for g in (2, 3) for c in CPUS for s in (1, 2, 4)]
    return cases + trouble_cases(full) + other_cases(full)


def other_cases(full):
    """Of every file NAME_cases.py beside this one: what its function NAME_cases() gives."""
    cases = []
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*_cases.py"))):
        name = os.path.basename(path)[:-3]
        cases += getattr(importlib.import_module(name), name)(full)
    return cases
