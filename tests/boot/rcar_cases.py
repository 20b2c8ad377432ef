# SPDX-License-Identifier: Apache-2.0
"""R-Car H3: the same image on the QEMU board that is closest, and what its firmware keeps in a tree made for it.

There is no model of the board itself: what drives its parts is tested on the build machine (docs/boards/rcar-h3.md).
"""
import os
import re
import subprocess
import sys

from board_cases import TREES, on
from case import Case
from machine import BUILD, QEMU, Failure, image
from trouble import build, guest, vm

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "lib"))
import qemu  # noqa: E402

LATENCY = guest("latency.bin")
ZCU102 = "xilinx/zynqmp-zcu102-rev1.0"


def same_image():
    """GIC-400 with the 64K alias, Cortex-A53, the non-secure view of a TF-A board: what is not there is said, the rest runs."""
    def body(start):
        m = on("zcu102 secure", image("rcar-h3/linux"), start)
        m.expect(r"error: the board has no device '/soc/mmc@ee140000'", 60)
        m.expect(r"warning: the board has no cluster 'a57': ignored, expected one of cortex-a53", 30)
        m.expect(r"quoin: emmc: not started", 30)
        m.expect(r"quoin: rt: starting, 1 vCPU", 60)
        m.expect(r"^RT n=\d+ min=\d+", 120)
        m.never(r"panic|BUG")
    return Case("rcar-h3 image on zcu102 secure", ["rcar-h3/linux"], body,
                [(f"{TREES}/{ZCU102}.dtb", "no device trees of boards: make board-trees")])


def entered_at_el1():
    """What TF-A does unless it is built otherwise: a line on the console that the tree names, and no more."""
    def body(start):
        m = start(image("rcar-h3/linux"), machine="xlnx-zcu102,virtualization=off,secure=on", gic=0, cpu=None, smp=4,
                  mem="2G", args=("-dtb", f"{TREES}/{ZCU102}.dtb"))
        m.expect(r"^quoin: cannot start: entered at EL1, a hypervisor needs EL2", 60)
        m.never(r"starting, ")
    return Case("rcar-h3 image entered at EL1", ["rcar-h3/linux"], body,
                [(f"{TREES}/{ZCU102}.dtb", "no device trees of boards: make board-trees")])


def tree(name, chip):
    """The tree of QEMU's virt, as one of that chip; its RAM begins at 0x40000000, as R-Car's low bank does."""
    out = f"{BUILD}/{name}.dtb"
    subprocess.run([QEMU, "-M", f"virt,virtualization=on,gic-version=2,dumpdtb={out}", "-cpu", "cortex-a57", "-smp", "2",
                    "-m", "1G", "-nic", "none", "-display", "none"], check=True, capture_output=True)
    subprocess.run(["fdtput", "-t", "s", out, "/", "compatible", "linux,dummy-virt", chip], check=True)
    return out


def mapped(machine, address):
    """Whether CPU 1, which idles at EL2, has that address mapped."""
    answer = machine.command("human-monitor-command", **{"command-line": f"gva2gpa {address:#x}", "cpu-index": 1})
    if not re.match(r"gpa: |Unmapped", answer):
        raise Failure(f"gva2gpa: {answer}")
    return answer.startswith("gpa: ")


def secure_window(chip, kept):
    """EL2's own page tables, looked up by QEMU: the firmware's window is in them on no other board but that chip's."""
    name = "rcar-window" if kept else "rcar-no-window"

    def body(start):
        img = build(name, [vm("rt", LATENCY[0], "cpu runmask 0", "us=10000 every=1")], [LATENCY])
        path = f"{BUILD}/{name}.qmp"
        m = start(img, gic=2, smp=2, mem="1G", args=("-dtb", tree(name, chip), "-qmp", f"unix:{path},server=on,wait=off"))
        m.expect(r"^RT n=\d+", 60)
        q = qemu.Qemu(path)
        for address, there in ((0x43eff000, True), (0x43f00000, not kept), (0x44000000, not kept), (0x47dff000, not kept),
                               (0x47e00000, True)):
            if mapped(q, address) != there:
                raise Failure(f"{address:#x} is {'not ' if there else ''}mapped at EL2")
    return Case(f"secure window {'unmapped' if kept else 'of another chip mapped'}", [], body)


def rcar_cases(full):
    return [same_image(), entered_at_el1(), secure_window("renesas,r8a7795", True)] + \
        ([secure_window("maker,other", False)] if full else [])
