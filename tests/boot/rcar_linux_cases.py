# SPDX-License-Identifier: Apache-2.0
"""Debian's driver of R-Car's SDHI and the tree that a VM on an R-Car H3 gets: it binds, and waits for nothing.

The nodes are those of configs/rcar-h3/emmc.qvmconf on that board, merged into the tree of a VM on QEMU's virt. There is no
device behind them: what is read is ones, so no card is found.
"""
import subprocess

from case import GUESTS, Case
from machine import BUILD, Failure
from trouble import build

KERNEL, INITRD = f"{GUESTS}/debian/Image.generic", f"{GUESTS}/debian/initrd.generic.cpio.gz"
VM = ("    qvm system sdhi cpu ram 0x80000000,512M load /Image initrd load /initrd fdt load /passed.dtb "
      'cmdline \\"console=ttyAMA0\\" vdev gic version 2 vdev pl011 loc 0x1c090000 intr gic:37 hostdev - '
      "vdev pl011 loc 0x1c0a0000 intr gic:220").replace("\\", "")


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{words[0]}: {done.stderr}")
    return done.stdout


def block(text, at):
    """A node of dtc's output that begins at `at`, with all below it."""
    end = text.index("{", at) + 1
    depth = 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[at:end] + ";"


def passed_nodes(out, lack=""):
    """What is passed, with its clocks and regulators, as a tree of its own; without the property `lack`."""
    board, guest, source = f"{BUILD}/sdhi-board.dtb", f"{BUILD}/sdhi-guest.dtb", out.replace(".dtb", ".dts")
    tool("dtc", "-q", "-O", "dtb", "-o", board, "tests/data/r8a77951.dts")
    tool(f"{BUILD}/tools/qvm-check", "-q", "--board", board, "--fdt", guest, "configs/rcar-h3/emmc.qvmconf")
    if lack:
        tool("fdtput", "-d", guest, "/passed/mmc@ee140000", lack)
    text = tool("dtc", "-q", "-I", "dtb", "-O", "dts", guest)
    names = [line.strip() for line in text.splitlines() if line.startswith("\tpassed") and line.endswith("{")]
    with open(source, "w", encoding="ascii") as f:
        f.write("/dts-v1/;\n/ {\n\t#address-cells = <2>;\n\t#size-cells = <2>;\n" +
                "\n".join(block(text, text.index(f"\t{n}")) for n in names) + "\n};\n")
    tool("dtc", "-q", "-O", "dtb", "-o", out, source)


def sdhi(lack=""):
    name = "sdhi-" + (lack or "bound")

    def body(start):
        passed_nodes(f"{BUILD}/{name}-nodes.dtb", lack)
        img = build(name, [VM], [("/Image", KERNEL), ("/initrd", INITRD), ("/passed.dtb", f"{BUILD}/{name}-nodes.dtb")])
        m = start(img, gic=2, smp=1, mem="1G", cpu="cortex-a53")
        if not lack:
            m.expect(r"renesas_sdhi_internal_dmac ee140000.mmc: mmc0 base at 0x[0-9a-f]+, max clock rate (199|200) MHz", 240)
        m.expect(r"the command line has no root=, a shell", 240)
        m.send("mount -t debugfs d /sys/kernel/debug; echo; cat /sys/kernel/debug/devices_deferred; echo DEFERRED-END\n")
        waits = m.expect(r"^((?:.*\n)*?)DEFERRED-END\n", 60).group(1)
        if ("ee140000" in waits) != bool(lack):
            raise Failure(f"deferred: {waits}")
    return Case(f"linux and R-Car's SDHI{', no ' + lack if lack else ''}", [], body,
                [(KERNEL, "no Debian kernel with drivers of boards: make guest-debian-generic")])


def rcar_linux_cases(full):
    return [sdhi()] + ([sdhi("vmmc-supply")] if full else [])  # that the test would see it
