# SPDX-License-Identifier: Apache-2.0
"""Parts of a machine that do not answer at start-up: one line says so, and what works goes on."""
import json
import os
import socket
import subprocess
import time

from case import BUILD, Case
from machine import QEMU, Failure, image
from trouble import HELLO, build, vm

HOLE = 0x0b000000  # nothing is there on `virt`: external abort
ZEROS = 0x04000000  # its second flash, without contents
ONES = 0x04000000   # the same, filled


def tree(name, gic, edits, smp=2):
    """virt's device tree, changed: (path, property, cells) each; None: the property is deleted."""
    path = f"{BUILD}/startup-{name}.dtb"
    subprocess.run([QEMU, "-M", f"virt,virtualization=on,gic-version={gic},dumpdtb={path}", "-smp", str(smp),
                    "-cpu", "cortex-a57", "-m", "1G", "-nic", "none", "-display", "none"],
                   check=True, capture_output=True)
    for node, prop, cells in edits:
        if cells is None:
            command = ["fdtput", "-d", path, node, prop]
        elif isinstance(cells, str):
            command = ["fdtput", "-p", "-t", "s", path, node, prop, cells]
        else:
            command = ["fdtput", "-p", "-t", "x", path, node, prop, *(f"{c:x}" for c in cells)]
        subprocess.run(command, check=True)
    return path


def ones():
    path = f"{BUILD}/startup-ones.bin"
    if not os.path.exists(path):
        with open(path, "wb") as f:
            f.write(b"\xff" * (64 << 20))
    return ("-drive", f"if=pflash,unit=1,format=raw,readonly=on,file={path}")


def startup(name, gic, edits, wants, args=(), never="Hello", smp=2, parked=None, part=None):
    """`wants` in this order; `parked`: what x0 ends with, and which CPU's if not 0."""
    def body(start):
        sock = f"{BUILD}/startup-{os.getpid()}.sock"
        if os.path.exists(sock):
            os.unlink(sock)
        path = image("hello") if part is None else \
            build(f"startup-{part}", [vm("hello", HELLO[0])], [HELLO], f"-v\n    {part}")
        m = start(path, gic=gic, smp=smp,
                  args=("-dtb", tree(name.replace(" ", "-"), gic, edits, smp), *args,
                        *(("-qmp", f"unix:{sock},server=on,wait=off") if parked else ())))
        for w in wants:
            m.expect(w, 60)
        if parked:
            park_code(sock, *parked)
        if never:
            m.never(never)
        m.never("quoin: panic")
    return Case(f"start-up gic={gic}: {name}", ["hello"], body)


def park_code(sock, want, cpu=0):
    """x0 of a CPU once it is parked."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    until = time.time() + 30
    while s.connect_ex(sock) != 0:
        if time.time() > until:
            raise Failure("QEMU takes no connection")
        time.sleep(0.1)
    f = s.makefile("rw")
    f.readline()
    text = ""

    def do(command, **arguments):
        f.write(json.dumps({"execute": command, **({"arguments": arguments} if arguments else {})}) + "\n")
        f.flush()
        while True:
            answer = json.loads(f.readline())
            if "return" in answer or "error" in answer:
                return answer.get("return")

    do("qmp_capabilities")
    until = time.time() + 30
    while time.time() < until:
        text = do("human-monitor-command", **{"command-line": "info registers", "cpu-index": cpu})
        if f"X00={0x51554f4900000000 | want:016x}" in text:
            s.close()
            return
        time.sleep(0.3)
    raise Failure("no park code: " + text[:200])


DISTRIBUTOR = "/intc@8000000"
UART = "/pl011@9000000"
OTHER = "/pl011@b000000"


def gic3(at_dist=0x8000000, at_redist=0x80a0000, redist=0xf60000):
    return [(DISTRIBUTOR, "reg", (0, at_dist, 0, 0x10000, 0, at_redist, 0, redist))]


def gic2(dist=0x8000000, cpu=0x8010000, hyp=0x8030000, vcpu=0x8040000):
    return [(DISTRIBUTOR, "reg", (0, dist, 0, 0x10000, 0, cpu, 0, 0x10000, 0, hyp, 0, 0x10000, 0, vcpu, 0, 0x10000))]


def uart_first(base):
    """stdout-path names a UART at `base`; the real one is the next."""
    return [(OTHER, "reg", (0, base, 0, 0x1000)), (OTHER, "compatible", "arm,pl011"),
            ("/chosen", "stdout-path", OTHER)]


# What tests/data/firmware.S does wrong.
DEEDS = ("none", "CPU silent", "CPU refused", "CPU at EL1", "CPU late", "no CNTFRQ", "MMU on", "x0 is 1", "x0 is a hole",
         "entry at EL1", "entry at EL3", "no timer interrupt")


def firmware(deed, wants, parked=None, edits=(), never=None, config="hello", also=""):
    """The image is started by firmware of its own, which is wrong in one way."""
    def body(start):
        cross = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
        out = f"{BUILD}/startup-firmware"
        subprocess.run([f"{cross}gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0", "-Wl,--build-id=none", "-o", f"{out}.elf",
                        "tests/data/firmware.S"], check=True)
        subprocess.run([f"{cross}objcopy", "-O", "binary", f"{out}.elf", f"{out}.bin"], check=True)
        sock = f"{BUILD}/startup-{os.getpid()}.sock"
        if os.path.exists(sock):
            os.unlink(sock)
        m = start(machine="virt,virtualization=on,secure=on", gic=3, smp=3, args=(
            "-bios", f"{out}.bin", "-device", f"loader,file={image(config)},addr=0x50200000,force-raw=on",
            "-device", f"loader,file={tree('firmware', 3, edits, 3)},addr=0x4f000000,force-raw=on",
            "-device", f"loader,addr=0x4ff00000,data={DEEDS.index(deed)},data-len=4",
            *(("-qmp", f"unix:{sock},server=on,wait=off") if parked else ())))
        for w in wants:
            m.expect(w, 60)
        if parked:
            park_code(sock, *parked)
        m.never("quoin: panic")
        if never:
            m.never(never)
    return Case(f"start-up by firmware: {deed}{also}", [config], body)


STOPS = r"cannot start: the interrupt controller cannot be used"
GOES_ON = [r"^Hello from EL1", r"ended, the guest powered off"]


def startup_cases(full):
    cases = [
        startup("GICD aborts", 3, gic3(HOLE), [r"GICD at 0xb000000 does not answer: an access to 0xb00\w+ is aborted", STOPS],
                parked=(0x12,)),
        startup("UART aborts", 3, uart_first(HOLE),
                [r"UART at 0xb000000 does not answer \(an access is aborted\), not used", *GOES_ON], never=None),
        startup("UART reads ones", 2, uart_first(ONES),
                [r"UART at 0x4000000 does not answer \(\w.*\), not used", *GOES_ON], ones(), never=None),
    ]
    if full:
        cases += [
            startup("GICD reads zeros", 3, gic3(ZEROS), [r"GICD at 0x4000000 does not answer: it reads as 0x0", STOPS],
                    parked=(0x12,)),
            startup("GICD reads ones", 3, gic3(ONES), [r"GICD at 0x4000000 does not answer: it reads as 0xffffffff", STOPS],
                    ones()),
            startup("GICD reads ones", 2, gic2(ONES), [r"GICD at 0x4000000 does not answer: it reads as 0xffffffff", STOPS],
                    ones()),
            startup("GICR aborts", 3, gic3(at_redist=HOLE), [r"GICR at 0xb000000 does not answer: an access to", STOPS]),
            startup("GICR reads zeros", 3, gic3(at_redist=ZEROS),
                    [r"GICR at 0x4000000 does not answer as a GICv3's: PIDR2 reads as 0x0", STOPS]),
            startup("GICR reads ones", 3, gic3(at_redist=ONES),
                    [r"GICR at 0x4000000 does not answer as a GICv3's: PIDR2 reads as 0xffffffff", STOPS], ones()),
            startup("one redistributor", 3, gic3(redist=0x20000),
                    [r"CPU 1 \(MPIDR 0x1\): the GICv3 has no redistributor for it",
                     r"CPU 1 \(MPIDR 0x1\): its part of the GIC does not work, not used", r"1 of 2 CPUs, GICv3", *GOES_ON],
                    never=None),
            startup("GICC aborts", 2, gic2(cpu=HOLE), [r"GICC at 0xb000000 does not answer: an access to", STOPS]),
            startup("GICC reads zeros", 2, gic2(cpu=ZEROS), [r"GICC at 0x4000000 does not answer: it reads", STOPS]),
            startup("GICH aborts", 2, gic2(hyp=HOLE), [r"GICH at 0xb000000 does not answer: an access to", STOPS],
                    parked=(0x12,)),
            startup("GICH reads zeros", 2, gic2(hyp=ZEROS), [r"GICH at 0x4000000 does not answer: it reads", STOPS]),
            startup("GICV aborts", 2, gic2(vcpu=HOLE), [r"GICV at 0xb000000 does not answer: an access to", STOPS]),
            startup("GICD aborts", 2, gic2(dist=HOLE), [r"GICD at 0xb000000 does not answer: an access to", STOPS]),
            startup("UART reads zeros", 3, uart_first(ZEROS),
                    [r"UART at 0x4000000 does not answer \(\w.*\), not used", *GOES_ON], never=None),
            startup("no UART answers", 3, [(UART, "reg", (0, HOLE, 0, 0x1000))], [], parked=None),
            startup("UART and GIC abort", 3, [(UART, "reg", (0, HOLE, 0, 0x1000)), *gic3(HOLE)], [], parked=(0x12,)),
        ]
    cases += [
        firmware("CPU silent", [r"CPU 1 \(MPIDR 0x1\): asked for but did not come, not used", r"2 of 3 CPUs", *GOES_ON]),
        firmware("MMU on", [r"3 of 3 CPUs", *GOES_ON]),
        firmware("x0 is 1", [], parked=(0x11,), never="Hello"),
    ]
    if full:
        cases += [
            firmware("none", [r"3 of 3 CPUs", *GOES_ON]),
            firmware("CPU refused", [r"CPU 1 \(MPIDR 0x1\): the firmware does not start it \(-6\)", r"2 of 3 CPUs", *GOES_ON]),
            firmware("CPU at EL1", [r"CPU 1 \(MPIDR 0x1\): it came up at EL1, not EL2, not used", r"2 of 3 CPUs", *GOES_ON]),
            firmware("CPU late", [r"CPU 1 \(MPIDR 0x1\): asked for but did not come, not used", r"2 of 3 CPUs", *GOES_ON],
                     parked=(0x21, 1)),
            firmware("no CNTFRQ", [r"CNTFRQ_EL0 is 0: 62500000 Hz assumed", r"3 of 3 CPUs", *GOES_ON]),
            firmware("no CNTFRQ", [r"CNTFRQ_EL0 is 0: 24000000 Hz by clock-frequency of the device tree", r"3 of 3 CPUs", *GOES_ON],
                     edits=[("/timer", "clock-frequency", (24000000,))], also=", a frequency in the tree"),
            startup("a CPU of a spin table that sleeps", 3,
                    [("/cpus/cpu@1", "enable-method", "spin-table"), ("/cpus/cpu@1", "cpu-release-addr", (0, 0x7fff0000))],
                    [r"CPU 1 \(MPIDR 0x1\): asked for but did not come, not used", r"1 of 2 CPUs", *GOES_ON], never=None),
            startup("watchdog aborts", 3, [("/watchdog@b000000", "reg", (0, HOLE, 0, 0x1000)),
                                           ("/watchdog@b000000", "compatible", "arm,sp805")],
                    [r"watchdog /watchdog@b000000 at 0xb000000 does not answer", *GOES_ON],
                    ("-append", "watchdog=kick"), never=None),
            startup("SMMU aborts", 3, [("/smmu@b000000", "reg", (0, HOLE, 0, 0x20000)), ("/smmu@b000000", "compatible", "arm,smmu-v3"),
                                       ("/smmu@b000000", "#iommu-cells", (1,))],
                    [r"arm,smmu-v3 at 0xb000000: it does not answer \(an access is aborted\)", *GOES_ON], never=None, part="part-iommu"),
            startup("SMMU reads zeros", 3, [("/smmu@4000000", "reg", (0, ZEROS, 0, 0x20000)),
                                            ("/smmu@4000000", "compatible", "arm,smmu-v3"),
                                            ("/smmu@4000000", "#iommu-cells", (1,))],
                    [r"arm,smmu-v3 at 0x4000000: it", *GOES_ON], never=None, part="part-iommu"),
            firmware("x0 is a hole", [], parked=(0x11,), never="Hello"),
            firmware("entry at EL1", [r"cannot start: entered at EL1"], parked=(1,), never="Hello"),
            firmware("entry at EL3", [], parked=(3,), never="Hello"),
            firmware("no timer interrupt", [r"CPU 0: the hypervisor timer's interrupt 26 does not come", r"3 of 3 CPUs"]),
        ]
    return cases
