# SPDX-License-Identifier: Apache-2.0
"""QEMU's own tree with something wrong in it: one line on the console for each, and what is right is used."""
import shutil
import subprocess

from case import BUILD, Case
from machine import QEMU, image

MACHINE = "virt,virtualization=on,iommu=smmuv3"


def tree(name, changes, extra=()):
    """What QEMU would give the image, changed: words for fdtput each. The file for -dtb."""
    out = f"{BUILD}/bad-{name.replace(' ', '-')}.dtb"
    subprocess.run([QEMU, "-M", f"{MACHINE},gic-version=3,dumpdtb={out}", "-cpu", "cortex-a57", "-smp", "3", "-m", "1G",
                    "-nic", "none", "-display", "none", *extra], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    for words in changes:
        subprocess.run(["fdtput", *words[:1 if words[0].startswith("-") else 0], out,
                        *words[1 if words[0].startswith("-") else 0:]], check=True)
    return out


def boot(start, name, changes):
    return start(image("hello"), machine=MACHINE, gic=3, smp=3, args=("-dtb", tree(name, changes), "-append", "-v"))


def case(name, body):
    return Case(name, ["hello"], body, needs=[] if shutil.which("fdtput") else [("/usr/bin/fdtput", "no fdtput")])


def the_rest_goes_on():
    """A CPU twice, transports and the SMMU in RAM, timers without interrupts, a console that is not there."""
    def body(start):
        m = boot(start, "rest", [
            ("-tx", "/cpus/cpu@2", "reg", "1"),
            ("-tx", "/virtio_mmio@a000000", "reg", "0", "50000000", "0", "200"),
            ("-tx", "/smmuv3@9050000", "reg", "0", "50000000", "0", "20000"),
            ("-d", "/timer", "interrupts"),
            ("-ts", "/chosen", "stdout-path", "/nothing@0"),
            ("-tx", "/pl031@9010000", "phandle", "8001"),
        ])
        for line in (r"/cpus/cpu@2: MPIDR 0x1 is that of a CPU before: expected one of its own; this CPU is left out",
                     r"/chosen: stdout-path '/nothing@0' names no node: expected an enabled UART",
                     r"/smmuv3@9050000: registers 0x50000000,0x20000 lie in RAM: expected an address of their own; it is not used",
                     r"/virtio_mmio@a000000: registers 0x50000000,0x200 lie in RAM: .*; it is not used",
                     r"/timer: no interrupts: expected four PPIs of the GIC; 13, 14, 11 and 10 are assumed"):
            m.at = 0  # the order is that of the tree
            m.expect(rf"quoin: .*device tree: warning: {line}\n")
        m.expect(r"quoin: .*: 2 of 2 CPUs, GICv3")
        m.expect(r"^Hello from EL1")
        m.expect(r"quoin: hello: ended, the guest powered off")
        m.ends()
    return case("bad tree: the rest goes on", body)


def refused(name, changes, line):
    """One error on the console, which the tree still names."""
    def body(start):
        m = boot(start, name, changes)
        m.expect(rf"quoin: .*device tree: error: {line}\n")
        m.expect(r"quoin: .*cannot start: the device tree is damaged or lacks what is needed")
        m.never(r"device tree: error: .*\n(?:.*\n)*.*device tree: |panic")
    return case(f"bad tree: {name}", body)


def no_interrupts():
    """The root's interrupt-parent is nobody: the console has no input, timers have their usual lines."""
    def body(start):
        m = boot(start, "parent", [("-tx", "/", "interrupt-parent", "99")])
        m.expect(r"device tree: warning: /.*: interrupt-parent 0x99 is no node: expected the GIC's 0x[0-9a-f]+; nothing with it "
                 r"has interrupts\n")
        m.expect(r"quoin: .*: 3 of 3 CPUs, GICv3")
        m.expect(r"^Hello from EL1")
        m.expect(r"quoin: hello: ended, the guest powered off")
        m.ends()
    return case("bad tree: interrupt-parent", body)


def bad_tree_cases(full):
    cases = [the_rest_goes_on(),
             refused("GIC in RAM", [("-tx", "/intc@8000000", "reg", "0", "48000000", "0", "10000", "0", "80a0000", "0", "f60000")],
                     r"/intc@8000000: registers 0x48000000,0x10000 lie in RAM: expected an address of their own")]
    if full:
        cases += [no_interrupts(),
                  refused("no CPU", [("-d", f"/cpus/cpu@{i}", "reg") for i in range(3)],
                          r"/cpus: no usable CPU: expected nodes with device_type \"cpu\" and a reg"),
                  refused("cells", [("-tx", "/cpus", "#address-cells", "7")],
                          r"/cpus: #address-cells 7, #size-cells 0: expected 4 at most")]
    return cases
