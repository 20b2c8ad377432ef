# SPDX-License-Identifier: Apache-2.0
"""
The real-time proof: one CPU, a guest of high priority with a periodic timer, and what may disturb it. Each
figure is a number of instructions from the timer's deadline to the guest's handler.
"""
import os
import re
import subprocess

from lib import BUILD, fail, find, make_from, make_image, make_masked, qemu, qemu_until, result

PERIOD = 100003  # ticks: prime, so that the deadline moves through whatever else is periodic
IO_BOOT = 30000  # samples until both stations have booted
UART = "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -"
QUIET = "randomize_kstack_offset=off quiet loglevel=1 nokaslr mitigations=off console=ttyAMA0"
# What one guest does for ever to disturb another (guests/baremetal/hostile/forever.c).
DEEDS = ("uart-flood", "sgi-storm", "irq-storm", "timer-storm", "wfi-storm", "hvc-flood", "smc-flood",
         "mmio-flood", "gic-flood", "abort-flood", "sysreg-flood", "setway-flood", "psci-flood",
         "vector-loop", "unmapped-tables", "reset")
# Stop, build and start a VM from the monitor's shell.
REBUILD = ("\x1dm", "stop third\r", "start third\r", "vcpus\r", "restart third\r")


def rt(samples, skip=10):
    return ("system rt cpu runmask 0 sched 200f ram 0x80000000,16M load /guests/baremetal/latency.bin "
            f'cmdline "n={samples} skip={skip} ticks={PERIOD} every=0" {UART}')


def linux(name, test="load"):
    return (f"system {name} cpu cpu ram 0x80000000,128M load /guests/linux/Image "
            f'initrd load /guests/linux/rootfs.cpio.gz cmdline "{QUIET} quoin.test={test}" {UART}')


def station(name, n):
    """A Linux that does disk, network and console I/O, with the other one of two."""
    return (linux(name, f"io quoin.io={n}") +
            f" vdev virtio-blk hostdev ram:8M vdev virtio-net peer lan mac 52:54:00:00:00:0{n}")


def hostile(deed, name="hostile", cpus="cpu cpu", ram="64M"):
    return (f"system {name} {cpus} ram 0x80000000,{ram} load /guests/baremetal/hostile.bin "
            f'cmdline "hostile={deed}" {UART}')


def loads(samples):
    """Name, the VMs, what is typed meanwhile."""
    linuxes = [linux("one"), linux("two")]
    third = hostile("reset", "third", "cpu", "256M")
    stations = [station("one", 1), station("two", 2)]
    yield "idle", [rt(samples)], ()
    yield "linux", [rt(samples), *linuxes], ()
    yield "io", [rt(samples, IO_BOOT), *stations], ()
    yield "rebuild", [rt(samples), *linuxes, third], REBUILD
    for deed in DEEDS:
        yield deed, [rt(max(samples // 10, 500)), hostile(deed)], ()


def figures(text, what):
    m = find(r"RT n=(\d+) min=(\d+) mean=([\d.]+) p99=(\d+) max=(\d+) missed=(\d+)", text, what)
    if m.group(6) != "0":
        fail(f"{what}: {m.group(0)}")
    return {"min": int(m.group(2)), "mean": float(m.group(3)), "p99": int(m.group(4)),
            "max": int(m.group(5))}


def latency(gic, samples, suffix):
    worst = {}
    for name, vms, keys in loads(samples):
        image = make_from(f"rt-{name}", vms)
        text = qemu_until(r"RT-END", "-kernel", image, gic=gic, keys=keys)
        f = figures(text, f"{name} on GICv{gic}")
        worst[name] = f["max"]
        print(f"{name:18} GICv{gic}  min {f['min']:>5}  mean {f['mean']:>7}  p99 {f['p99']:>5}  max {f['max']:>5}",
              flush=True)
        if name in ("idle", "linux", "io", "rebuild"):
            prefix = {"idle": "rt_idle_", "linux": "rt_", "io": "rt_io_", "rebuild": "rt_rebuild_"}[name]
            for key, value in f.items():
                result[prefix + key + suffix] = value
    floods = {name: worst[name] for name in DEEDS}
    result["rt_flood_max" + suffix] = max(floods.values())
    result["rt_flood_worst" + suffix] = max(floods, key=floods.get)
    result["rt_max_over_idle" + suffix] = max(worst.values()) - worst["idle"]


def place(image, addr):
    """Function and line of an address, as the compiler's helpers say."""
    tool = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-") + "addr2line"
    done = subprocess.run([tool, "-fse", image.replace(".img", ".elf"), addr], capture_output=True,
                          text=True, check=False)
    return " ".join(done.stdout.split()) or addr


def longest(text, image, what):
    """Keep the longest stretch of this run, if it is longer than all before."""
    reports = re.findall(r"el2_longest=(\d+)", text)
    if not reports:
        fail(f"{what}: no masked stretches in\n{text[-2000:]}")
    took = max(map(int, reports))
    print(f"{what:18} longest masked stretch {took}", flush=True)
    if took > result.get("el2_longest", 0):
        result["el2_longest"] = took
        m = re.search(rf"masked {took} from (0x\w+) to (0x\w+) esr (0x\w+) (\S+)", text)
        if m:
            result["el2_longest_where"] = (f"{what}, {m.group(4)}: {place(image, m.group(1))} to "
                                           f"{place(image, m.group(2))}, ESR {m.group(3)}")


def masked(samples):
    image = make_masked("bench-linux")
    longest(qemu("-kernel", image), image, "Linux boot")
    for gic in (3, 2):
        for name, vms, keys in loads(samples):
            image = make_from(f"rt-{name}", vms, f"{BUILD}/masked")
            text = qemu_until(r"rt: ended", "-kernel", image, gic=gic, keys=keys)
            longest(text, image, f"{name} GICv{gic}")
    # Two CPUs: WFI exits to EL2, so that it is known when the other one executes nothing.
    wfi = " set exit-on-halt on"
    image = make_from("rt-smp", [vm + wfi for vm in (rt(samples), linux("one", "smoke"))], f"{BUILD}/masked")
    longest(qemu_until(r"rt: ended", "-kernel", image, smp=2), image, "two CPUs")


def measure(samples=20000):
    make_image("bench-rt")
    latency(3, samples, "")
    latency(2, samples // 4, "_gicv2")
    masked(samples // 4)
