# SPDX-License-Identifier: Apache-2.0
"""
Disks: what EL2 executes and how often the driver has to notify it for one random read of 4 KiB, by Linux
with fio. Two runs of different length; what both have in common, the boot, falls out of the difference.
"""
import os
import subprocess

from lib import BUILD, GUESTS, dialog, fail, find, result

COPY = 600  # 4096 bytes by LDP and STP of 16, and the loop around them
SHORT, LONG = 1000, 5000
CMDLINE = ("randomize_kstack_offset=off quiet loglevel=1 nokaslr mitigations=off kpti=off console=ttyAMA0 "
           "quoin.test=fio quoin.fio={},{}")
END = r"^QUOIN-FIO depth=\d+ ios=(\d+) at=(\d+)\r?\n"
UART = "vdev pl011 loc 0x09000000 intr gic:33 hostdev -"
VM = ("system blk cpu runmask 0 ram 0x40000000,256M load /guests/linux/Image "
      "initrd load /guests/linux/bench.cpio "
      f"vdev gic loc 0x08000000 gicr 0x080a0000 {UART} vdev virtio-blk hostdev {{}} cmdline \"{CMDLINE}\"")


def run(disk, depth, count, args=()):
    """EL2's instructions, the guest's counter, requests and notifications of a whole run."""
    vm = VM.format(disk, depth, count)
    path = f"{BUILD}/bench-blk"
    with open(f"{path}.build", "w", encoding="utf-8") as f:
        f.write("[virtual=aarch64le,raw] boot = {\n    quoin mitigations=off bench\n    vdev-pl011\n"
                f"    vdev-virtio-blk\n}}\n[+script] startup = {{\n    qvm {vm}\n    on-idle poweroff\n}}\n"
                f"/guests/linux/Image = {os.path.abspath(GUESTS)}/linux/Image\n"
                f"/guests/linux/bench.cpio = {os.path.abspath(GUESTS)}/linux/bench.cpio\n")
    done = subprocess.run([f"{BUILD}/tools/mkimage", "-o", f"{path}.img", f"{path}.build"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"{path}.build:\n{done.stdout}{done.stderr}")
    text = dialog([(END, "\x1dm"), (r"quoin>", "devices\r"), (r"notifies.*", "poweroff now\r")],
                  "-kernel", f"{path}.img", *args)
    m = find(END, text, "fio")
    n = find(r"(\d+) requests, (\d+) notifies, (\d+) interrupts", text, "devices")
    e = find(r"el2_instructions=(\d+)", text, "fio")
    return [int(m.group(1)), int(e.group(1)), int(n.group(2)), int(n.group(3)), int(m.group(2))]


def run_disk(depth, count):
    return run("/dev/disk0", depth, count, disk_args())


def disk_args():
    """A disk of QEMU's own, of zeroes."""
    path = f"{BUILD}/bench-blk.disk"
    with open(path, "wb") as f:
        f.truncate(32 << 20)
    return ["-global", "virtio-mmio.force-legacy=false", "-drive", f"if=none,id=d,format=raw,file={path}",
            "-device", "virtio-blk-device,drive=d"]


def native(depth, count):
    """The guest's counter of the same kernel and root without hypervisor."""
    text = dialog([(END, "")], "-kernel", f"{GUESTS}/linux/Image", "-initrd", f"{GUESTS}/linux/bench.cpio",
                  "-append", CMDLINE.format(depth, count), *disk_args(), machine="virt", mem="256M", stop=True)
    m = find(END, text, "native fio")
    return [int(m.group(1)), int(m.group(2))]


def per_io(name, measured, *args):
    short, long = measured(*args, SHORT), measured(*args, LONG)
    ios, *rest = [b - a for a, b in zip(short, long)]
    print(f"{name}: {ios} reads", [round(x / ios, 3) for x in rest], flush=True)
    return [x / ios for x in rest]


def measure():
    for depth in (1, 32):
        el2, notify, _, ours = per_io(f"memory, depth {depth}", run, "ram:32M", depth)
        bare, = per_io(f"native, depth {depth}", native, depth)
        result[f"blk_el2_qd{depth}"] = round(el2 - COPY)
        result[f"blk_notify_qd{depth}"] = round(notify, 3)
        result[f"blk_over_native_qd{depth}"] = round(ours / bare, 3)
    el2, *_ = per_io("disk, depth 1", run_disk, 1)
    result["disk_el2_qd1"] = round(el2)


if __name__ == "__main__":
    measure()
    print(result)
