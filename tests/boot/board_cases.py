# SPDX-License-Identifier: Apache-2.0
"""Other boards of QEMU, with the same image: their device trees are those of real ones."""
import subprocess

from case import BUILD, Case, selftest_passes
from machine import QEMU, image
from trouble import build, guest, vm

TREES = f"{BUILD}/boards"
SELFTEST = guest("selftest.bin")
CANNOT_OFF = r"quoin: power off: the firmware offers no way, CPU parked"

# name: machine, device tree, CPUs in QEMU, CPUs the monitor uses, can be switched off, further settings
BOARDS = {
    "zcu102": ("xlnx-zcu102,virtualization=on", "xilinx/zynqmp-zcu102-rev1.0", 4, 4, True, {}),
    "zcu102 secure": ("xlnx-zcu102,virtualization=on,secure=on", "xilinx/zynqmp-zcu102-rev1.0", 4, 4, True, {}),
    "versal-virt": ("xlnx-versal-virt", None, 4, 2, True, {}),
    "raspi4b": ("raspi4b", "broadcom/bcm2711-rpi-4-b", 4, 4, False, {}),
    "imx8mp-evk": ("imx8mp-evk", "freescale/imx8mp-evk", 4, 4, True, {"serial": ("null", "stdio")}),
    "sbsa-ref": ("sbsa-ref", "sbsa-ref.dts", 4, 1, False,
                 {"args": ("-global", "bochs-display.romfile=")}),
}


def tree_of(name):
    """The file for -dtb; one of tests/data is compiled."""
    if not name.endswith(".dts"):
        return f"{TREES}/{name}.dtb"
    out = f"{BUILD}/{name[:-1]}b"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", out, f"tests/data/{name}"], check=True)
    return out


def on(board, path, start):
    """Boot the image `path` on a board; all CPUs it has are used."""
    machine, tree, smp, cpus, _, more = BOARDS[board]
    more = dict(more)
    args = ("-append", "-v", *more.pop("args", ()), *(("-dtb", tree_of(tree)) if tree else ()))
    m = start(path, machine=machine, gic=0, cpu=None, smp=smp, mem="2G", args=args, **more)
    m.expect(rf"quoin: .*: {cpus} of \d+ CPUs, GICv", 60)
    return m


def over(m, board):
    if BOARDS[board][4]:
        m.ends()
    else:
        m.expect(CANNOT_OFF, 30)


def case(board, config, body):
    tree = BOARDS[board][1]
    needs = [] if tree is None or tree.endswith(".dts") else \
        [(f"{TREES}/{tree}.dtb", "no device trees of boards: make board-trees")]
    return Case(f"{config} on {board}", [config], body, needs)


def selftest(board):
    def body(start):
        cpus = BOARDS[board][3]  # all of them; two vCPUs that share one of a busy machine miss their deadlines
        m = on(board, build(f"selftest-{cpus}", [vm("selftest", SELFTEST[0], "cpu " * cpus)], [SELFTEST]),
               start)
        m.expect(rf"^# selftest: .*, {cpus} CPUs?, GICv", 60)
        selftest_passes(m, 20, 180)
        m.expect(r"ended, the guest powered off", 30)
        over(m, board)
    return case(board, "selftest", body)


def linux(board):
    def body(start):
        m = on(board, image("linux"), start)
        m.expect(r"quoin:/root# ", 240)
        m.send("echo CPUS $(grep -c ^processor /proc/cpuinfo)\n")
        m.expect(r"^CPUS 2\n", 60)
        m.send("poweroff\n")
        m.expect(r"quoin: linux: ended, the guest powered off", 120)
        over(m, board)
        m.never(r"Call trace|Kernel panic|rcu: INFO")
    return case(board, "linux", body)


def board_cases(full):
    cases = [selftest(b) for b in BOARDS if full or b != "zcu102"]
    cases += [linux(b) for b in ("zcu102 secure", "versal-virt", "raspi4b")]
    if full:
        cases += [linux("zcu102"), linux("imx8mp-evk")]
    return cases
