# SPDX-License-Identifier: Apache-2.0
"""QEMU's own tree with something wrong in it: one line on the console for each, and what is right is used."""
import pathlib
import shutil
import struct
import subprocess

from case import BUILD, Case
from machine import QEMU, image
from trouble import HELLO, build, vm

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


def raw(start, name, changes, cut=None, what=None):
    """The tree as it is: given to the image as other firmware does, QEMU's own would mend it. `cut`: bytes of it."""
    path, stub = pathlib.Path(tree(name, changes)), pathlib.Path(f"{BUILD}/bad-stub.bin")
    if cut is not None:
        path.write_bytes(path.read_bytes()[:cut])
    # mov x0, #0x48000000; mov x4, #0x40200000; br x4
    stub.write_bytes(struct.pack("<3I", 0xd2a90000, 0xd2a80404, 0xd61f0080))
    loads = [f"loader,file={path},addr=0x48000000,force-raw=on", f"loader,file={stub},addr=0x47000000,force-raw=on,cpu-num=0",
             f"loader,file={what or image('hello')},addr=0x40200000,force-raw=on"]
    return start(None, machine=MACHINE, gic=3, smp=3, args=[w for d in loads for w in ("-device", d)])


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


def memory_and_firmware():
    """A bank that no address leads to, one twice; PSCI without a method: the boot CPU runs alone."""
    def body(start):
        m = raw(start, "memory", [
            ("-tx", "/memory@40000000", "reg", "0", "40000000", "0", "30000000", "2000", "0", "0", "40000000",
             "0", "60000000", "0", "20000000"),
            ("-d", "/psci", "method"),
        ])
        for line in (r"/psci: no method \"smc\" or \"hvc\": firmware calls are not used, other CPUs stay off",
                     r"/memory@40000000: 0x60000000,0x20000000 overlaps 0x40000000,0x30000000: .*; they are one"):
            m.at = 0
            m.expect(rf"quoin: .*device tree: warning: {line}\n")
        m.at = 0
        m.expect(r"quoin: .*RAM at 0x200000000000, 0x40000000 bytes, cannot be mapped: not used\n")
        m.expect(r"quoin: .*: 1 of 3 CPUs, GICv3, (\d+) MiB free\n")
        m.expect(r"^Hello from EL1")
        m.expect(r"quoin: hello: ended, the guest powered off")
    return case("bad tree: memory and firmware", body)


def truncated(cut):
    """The names of all properties are at the end: no console is found in it, the image's own option has one."""
    def body(start):
        m = raw(start, f"cut {cut}", [], cut, build("earlycon", [vm("hello", HELLO[0])], [HELLO], "earlycon=pl011,0x9000000"))
        m.expect(r"quoin: .*device tree: error: .* \(at byte 0x[0-9a-f]+\)\n")
        m.expect(r"quoin: .*cannot start: the device tree is damaged or lacks what is needed")
        m.never(r"panic|device tree: error: .*\n(?:.*\n)*.*device tree: ")
    return case(f"bad tree: {cut} bytes of it", body)


def bad_tree_cases(full):
    cases = [the_rest_goes_on(),
             refused("GIC in RAM", [("-tx", "/intc@8000000", "reg", "0", "48000000", "0", "10000", "0", "80a0000", "0", "f60000")],
                     r"/intc@8000000: registers 0x48000000,0x10000 lie in RAM: expected an address of their own")]
    cases += [truncated(4000)]
    if full:
        cases += [no_interrupts(), memory_and_firmware(), truncated(6000),
                  refused("no CPU", [("-d", f"/cpus/cpu@{i}", "reg") for i in range(3)],
                          r"/cpus: no usable CPU: expected nodes with device_type \"cpu\" and a reg"),
                  refused("cells", [("-tx", "/cpus", "#address-cells", "7")],
                          r"/cpus: #address-cells 7, #size-cells 0: expected 4 at most")]
    return cases
