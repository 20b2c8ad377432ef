# SPDX-License-Identifier: Apache-2.0
"""
Disks: what EL2 executes and how often the driver has to notify it for one random read of 4 KiB, by Linux
with fio. Two runs of different length; what both have in common, the boot, falls out of the difference.
"""
import os
import subprocess

from lib import BUILD, GUESTS, dialog, fail, find, result

COPY = 4096 // 64 * 6  # LDP and STP of 16 bytes, and the loop
SHORT, LONG = 1000, 4000
CMDLINE = ("randomize_kstack_offset=off quiet loglevel=1 nokaslr mitigations=off kpti=off console=ttyAMA0 "
           "quoin.test=fio quoin.fio={},{}")
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
    text = dialog([(r"^QUOIN-FIO .* at=\d+\r?$", "\x1dm"), (r"quoin>", "devices\r"), (r"notifies.*", "poweroff now\r")],
                  "-kernel", f"{path}.img", *args)
    m = find(r"^QUOIN-FIO depth=\d+ ios=(\d+) at=(\d+)", text, "fio")
    n = find(r"(\d+) requests, (\d+) notifies, (\d+) interrupts", text, "devices")
    e = find(r"el2_instructions=(\d+)", text, "fio")
    return [int(m.group(1)), int(e.group(1)), int(n.group(2)), int(n.group(3)), int(m.group(2))]


def per_io(disk, depth, args=()):
    short, long = run(disk, depth, SHORT, args), run(disk, depth, LONG, args)
    ios, *rest = [b - a for a, b in zip(short, long)]
    print(f"{disk} depth {depth}: {ios} requests", [round(x / ios, 3) for x in rest], flush=True)
    return [x / ios for x in rest]


def measure():
    for depth in (1, 32):
        el2, notify, irqs, total = per_io("ram:32M", depth)
        result[f"blk_el2_qd{depth}"] = round(el2 - COPY)
        result[f"blk_notify_qd{depth}"] = round(notify, 3)


if __name__ == "__main__":
    measure()
    print(result)
