# SPDX-License-Identifier: Apache-2.0
"""Parts of the monitor that are not in an image: a board's IOMMU is left alone, a VM that needs one is refused."""
import glob
import os
import shutil
import subprocess

from case import Case
from machine import BUILD, Failure
from trouble import BOOT, HELLO, build, vm

SMMU = "virt,virtualization=on,iommu=smmuv3"


def left_alone(start):
    """No VM has devices: the SMMU is as firmware has left it, one line says so. Asked for, it is closed."""
    vms = [vm("hello", HELLO[0])]
    m = start(build("iommu-absent", vms, [HELLO], options="-v"), gic=3, machine=SMMU)
    m.expect(r"quoin: iommu: 1 left as firmware has set it up: no VM has devices")
    m.expect(r"quoin: hello: ended")
    m.ends()
    m = start(build("iommu-asked", vms, [HELLO], options="-v\n    part-iommu"), gic=3, machine=SMMU)
    m.expect(r"quoin: arm,smmu-v3 at 0x9050000: 65536 streams, none reaches memory yet")
    m.expect(r"quoin: hello: ended")
    m.ends()


def missing(start):
    """A monitor whose parts were all taken away: VMs that need one are refused, the other one runs."""
    folder = f"{BUILD}/without-parts"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for path in glob.glob(f"{BUILD}/*.o"):
        name = os.path.basename(path)
        if not name.startswith(("part-", "iommu-")):
            shutil.copy(path, f"{folder}/{name.replace('absent-', 'part-')}")
    needy = {"passes": "pass loc 0x09040000,0x1000,rwn intr gic:40", "its": "vdev gic its 0x30000000 num-lpis 64",
             "bus": "vdev virtio-entropy loc pci:0:1.0", "disk": "vdev virtio-blk hostdev /dev/disk0"}
    lines = [f"{vm(name, HELLO[0])} {words}" for name, words in needy.items()] + [vm("plain", HELLO[0])]
    text = BOOT % "\n    vdev-virtio-entropy\n    vdev-virtio-blk" + "[+script] startup = {\n" + "\n".join(lines) + "\n}\n"
    text += f"{HELLO[0]} = {HELLO[1]}\n"
    with open(f"{folder}/x.build", "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run([f"{BUILD}/tools/mkimage", "--monitor", f"{folder}/quoin.o", "-o", f"{folder}/x.img",
                           f"{folder}/x.build"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"mkimage: {done.stderr}")
    m = start(f"{folder}/x.img", gic=3)
    m.expect(r"quoin: plain: ended")
    m.ends()
    m.at = 0
    for part in ("pass", "msi", "vpci", "disk"):
        m.at = 0
        m.expect(rf"error: .*this image has no part '{part}'")
    m.never(r"panic|quoin: (passes|its|bus|disk): ended")


def parts_cases(full):
    return [Case("parts: an IOMMU nobody needs", ["hello"], left_alone)] + \
        ([Case("parts: not in the image", ["hello"], missing)] if full else [])
