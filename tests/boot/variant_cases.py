# SPDX-License-Identifier: Apache-2.0
"""Machines nobody has asked for: kinds of QEMU's virt, boards without what is needed. Never silence."""
from board_cases import TREES
from case import Case
from machine import image
from trouble import HELLO, build, vm

VIRT = "virt,virtualization=on"
NUMA = ("-object", "memory-backend-ram,size=1G,id=m0", "-object", "memory-backend-ram,size=1G,id=m1",
        "-numa", "node,cpus=0-1,memdev=m0", "-numa", "node,cpus=2-3,memdev=m1")

# name: what Machine() is given
VARIANTS = {
    "cortex-a35": {"cpu": "cortex-a35"}, "cortex-a55": {"cpu": "cortex-a55"},
    "cortex-a76": {"cpu": "cortex-a76"}, "cortex-a710": {"cpu": "cortex-a710"},
    "neoverse-v1": {"cpu": "neoverse-v1"}, "neoverse-n2": {"cpu": "neoverse-n2"}, "a64fx": {"cpu": "a64fx"},
    "GICv4": {"gic": 4, "cpu": "max", "smp": 4},
    "MTE": {"machine": f"{VIRT},mte=on", "cpu": "max"},
    "MTE and EL3": {"machine": f"{VIRT},mte=on,secure=on", "cpu": "max"},
    "GICv2 and EL3": {"machine": f"{VIRT},secure=on", "gic": 2, "smp": 4},
    "no ITS": {"machine": f"{VIRT},its=off"},
    "no high memory": {"machine": f"{VIRT},highmem=off"},
    "low ECAM": {"machine": f"{VIRT},highmem-ecam=off"},
    "no randomness": {"machine": f"{VIRT},dtb-randomness=off"},
    "two NUMA nodes": {"smp": 4, "mem": "2G", "args": NUMA},
    "virt-2.12": {"machine": "virt-2.12,virtualization=on"},
    "virt-9.0, SMMU": {"machine": "virt-9.0,virtualization=on,iommu=smmuv3", "cpu": "max"},
    "one CPU": {"smp": 1}, "16 CPUs": {"smp": 16}, "130 CPUs": {"smp": 130},
    "8 CPUs, GICv2": {"smp": 8, "gic": 2, "cpu": "cortex-a53"},
    "192 MiB": {"mem": "192M"}, "8 GiB": {"mem": "8G"},
    "versal-virt, 8 GiB": {"machine": "xlnx-versal-virt", "gic": 0, "cpu": None, "smp": 4, "mem": "8G"},
}


def variant(name):
    def body(start):
        m = start(image("hello"), **VARIANTS[name])
        m.expect(r"^Hello from EL1", 60)
        m.expect(r"^quoin: hello: ended, the guest powered off")
        m.ends()
    return Case(f"hello, {name}", ["hello"], body)


def refused(name, says, options="", tree=None, **kw):
    """One line that says what is missing, then nothing."""
    def body(start):
        args = (*kw.pop("args", ()), *(("-dtb", f"{TREES}/{tree}.dtb") if tree else ()))
        m = start(build("refused", [vm("hello", HELLO[0])], [HELLO], options), cpu=None, args=args, **kw)
        m.expect(says, 60)
    needs = [(f"{TREES}/{tree}.dtb", "no device trees of boards: make board-trees")] if tree else []
    return Case(f"refused: {name}", ["hello"], body, needs)


def variant_cases(full):
    cases = [variant(n) for n in VARIANTS if full or n in ("GICv4", "two NUMA nodes")]
    if full:
        cases += [
            refused("no GIC on raspi3b", r"^quoin: device tree: error: no interrupt controller: expected arm,gic-v3",
                    machine="raspi3b", gic=0, smp=4, mem="1G", tree="broadcom/bcm2837-rpi-3-b"),
            refused("no tree on raspi4b", r"^quoin: cannot start: x0 does not point at a device tree",
                    options="earlycon=pl011,0xfe201000", machine="raspi4b", gic=0, smp=4, mem="2G"),
            refused("the tree of sbsa-ref without console and timers", r"^quoin: cannot start: ",
                    options="earlycon=pl011,0x60000000", machine="sbsa-ref", gic=0, smp=1, mem="2G",
                    args=("-global", "bochs-display.romfile=")),
        ]
    return cases
