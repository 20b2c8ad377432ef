# SPDX-License-Identifier: Apache-2.0
"""
vdev cpg-mssr at EL2. No board of QEMU has the controller: a page of RAM that keeps what is written plays its registers, which
shows who writes what, not that a clock stops. How the real one behaves is the model's of tests/unit/test_cpg.c.
"""
import json
import os
import re
import socket
import subprocess
import tempfile

from case import BUILD, Case, GUESTS
from machine import QEMU, Failure
from trouble import HELLO, build

CPG = 0x7fe00000
NODES = """
/ {
    extal: extal { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <16666666>; };
    cpg: clock-controller@7fe00000 {
        compatible = "renesas,r8a774a1-cpg-mssr"; reg = <0 0x7fe00000 0 0x1000>; clocks = <&extal>;
        #clock-cells = <2>; #power-domain-cells = <0>; #reset-cells = <1>;
    };
    reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
        cpg@7fe00000 { reg = <0 0x7fe00000 0 0x20000>; no-map; };
    };
};
&{/pl011@9000000} { clocks = <0x8000 0x8000 &cpg 1 310>; };
"""
ON = "-v\n    vdev-cpg-mssr"


def tree(gic):
    """QEMU's own tree, with the controller, and a console whose clock it has."""
    out = f"{BUILD}/cpg-{gic}"
    subprocess.run([QEMU, "-M", f"virt,virtualization=on,gic-version={gic},dumpdtb={out}.dtb", "-cpu", "cortex-a57", "-smp", "2",
                    "-m", "1G", "-nic", "none", "-display", "none"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    text = subprocess.run(["dtc", "-q", f"{out}.dtb"], check=True, capture_output=True, text=True).stdout
    with open(f"{out}.dts", "w", encoding="utf-8") as f:
        f.write(text + NODES)
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", f"{out}.dtb", f"{out}.dts"], check=True)
    return f"{out}.dtb"


class Memory:
    """The machine's memory, through QMP."""

    def __init__(self):
        self.path = os.path.join(tempfile.mkdtemp(prefix="quoin-"), "qmp")
        self.args = ["-qmp", f"unix:{self.path},server=on,wait=off"]

    def words(self, address, count):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.path)
            f = s.makefile("rw")
            f.readline()
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": "human-monitor-command",
                             "arguments": {"command-line": f"xp /{count}xw {address:#x}"}}):
                f.write(json.dumps(command) + "\n")
                f.flush()
                line = {}
                while "return" not in line and "error" not in line:
                    line = json.loads(f.readline())
        return [int(w, 16) for w in re.findall(r" 0x([0-9a-f]{8})", str(line.get("return")))]


def changed(memory):
    """What is not zero among the controller's registers: offset, value."""
    words = memory.words(CPG, 0x400)
    if len(words) != 0x400:
        raise Failure(f"{len(words)} registers read")
    return {4 * i: w for i, w in enumerate(words) if w != 0}


def there(gic):
    """A VM with a virtual controller starts on a board that has one, not on others; nothing is written."""
    def body(start):
        path = build("cpg-there", [f"    qvm system {name} cpu ram 0x80000000,4M load {HELLO[0]} {more} vdev pl011 loc "
                                   f"0x1c090000 intr gic:37 hostdev -"
                                   for name, more in (("one", "vdev cpg-mssr modules 812,314"), ("two", "vdev cpg-mssr modules 314"),
                                                      ("three", "vdev cpg-mssr modules 310"))], [HELLO], options=ON)
        m = start(path, gic=gic, args=("-dtb", tree(gic)))
        m.expect(r"error: module 314 is VM 'one's already: neither could stop it")
        m.expect(r"error: vdev 'cpg-mssr': module 310 is one that the monitor needs")
        m.expect(r"Hello from EL1")
        m.ends()
        m = start(path, gic=gic)
        m.expect(r"error: vdev 'cpg-mssr': the board has no clock controller of that kind")
        m.ends()
    return Case(f"vdev cpg-mssr gic={gic}", ["hello"], body)


def linux(gic):
    """Linux' own driver sweeps all clocks that it does not use: of the real registers only the VM's own bit changes."""
    def body(start):
        memory = Memory()
        path = build("cpg-linux", [
            '    qvm system linux cpu cpu ram 0x80000000,512M load /k initrd load /i cmdline "console=ttyAMA0 ignore_loglevel" '
            "vdev pl011 loc 0x1c090000 intr gic:37 hostdev - vdev cpg-mssr modules 812"],
            [("/k", f"{GUESTS}/debian/Image.generic"), ("/i", f"{GUESTS}/linux/rootfs.cpio.gz")], options=ON)
        # RPCCKCR as after a reset, for its divider.
        m = start(path, gic=gic, args=("-dtb", tree(gic), *memory.args, "-device",
                                       f"loader,addr={CPG + 0x238:#x},data=0x13,data-len=4"))
        m.expect(r"clk: Disabling unused clocks", 300)
        m.expect(r"BusyBox v", 120)
        m.never(r"quoin: panic|Failed to enable SMSTP")
        got = changed(memory)
        # SRSTCLR8 is the monitor's, before the VM starts; then the stop bit of 812, with its key.
        if got != {0x238: 0x13, 0x960: 0x1000, 0x990: 0x1000, 0x900: ~0x1000 & 0xffffffff}:
            raise Failure(f"registers {[(hex(k), hex(v)) for k, v in got.items()]}, expected the stop bit of 812")
    return Case(f"Linux' driver on vdev cpg-mssr gic={gic}", ["linux"], body,
                [(f"{GUESTS}/debian/Image.generic", "no Image.generic: make guest-debian-generic")])


def clock_cases(full):
    return [there(3)] + ([there(2), linux(3), linux(2)] if full else [])
