# SPDX-License-Identifier: Apache-2.0
"""Devices other than virtio, driven by bare-metal guests: shared memory, the SP804, one from outside the tree."""
import os
import subprocess

from case import Case
from machine import BUILD, Failure
from trouble import guest

SHMEM, SP804, SAMPLE = guest("shmem.bin"), guest("sp804.bin"), guest("sample.bin")
PL011 = "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -"


def words(**kw):
    return " ".join(f"{k}={v}" for k, v in kw.items())


def make(name, vdevs, vms, files):
    """An image of these devices and VMs, or what mkimage has against it."""
    path = f"{BUILD}/{name}.build"
    with open(path, "w", encoding="utf-8") as f:
        f.write("[virtual=aarch64le,raw] boot = {\n    quoin\n" + "".join(f"    vdev-{v}\n" for v in vdevs) +
                "}\n[+script] startup = {\n" + "".join(f"    qvm {vm}\n" for vm in vms) +
                "    on-idle poweroff\n}\n" + "".join(f"{a} = {b}\n" for a, b in files))
    cross = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
    done = subprocess.run([f"{BUILD}/tools/mkimage", "--monitor", f"{BUILD}/quoin.o", "--vdev-dir", BUILD, "--cross",
                           cross, "-o", f"{BUILD}/{name}.img", path], capture_output=True, text=True, check=False)
    return f"{BUILD}/{name}.img" if done.returncode == 0 else None, done.stderr


def vm(name, image, cmdline, vdev):
    return f'system {name} cpu ram 0x80000000,8M load {image[0]} cmdline "{cmdline}" {PL011} {vdev}'


def made(result):
    if result[0] is None:
        raise Failure(result[1])
    return result[0]


def shmem(**kw):
    """1,000 messages there and back; in the middle one side restarts, which the other sees."""
    def body(start):
        m = start(made(make("shmem", ["pl011", "shmem"], [
            vm("ping", SHMEM, "role=ping messages=1000", "vdev shmem loc 0x1c050000 intr gic:50 deny secret*"),
            vm("pong", SHMEM, "role=pong reset=500", "vdev shmem allow lab allow nobody* allow vast")], [SHMEM])), **kw)
        m.expect(r"SHMEM-PING-OK messages=1000 left=1", 120)
        m.at = 0
        m.expect(r"SHMEM-PONG-OK last=1000", 60)
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
        m.never("SHMEM-FAIL|GUEST-FAULT|quoin: panic")
    return Case(f"shmem: two VMs {words(**kw)}", ["hello"], body)


def sp804(hz, **kw):
    def body(start):
        option = "" if hz == 1000000 else f" frequency {hz}"
        m = start(made(make(f"sp804-{hz}", ["pl011", "timer-sp804"], [
            vm("vm", SP804, f"hz={hz}", f"vdev timer-sp804 loc 0x1c110000 intr gic:34{option}")], [SP804])), **kw)
        m.expect(rf"SP804-OK hz={hz}", 120)
        m.ends()
        m.never("SP804-FAIL|GUEST-FAULT|quoin: panic")
    return Case(f"timer-sp804 at {hz} Hz {words(**kw)}", ["hello"], body)


def compile_vdev(source):
    """`make vdev` from outside of make: its flags come from the Makefile alone."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", "vdev", f"SRC={source}"], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"make vdev SRC={source}: {done.stdout}{done.stderr}")


def sample(**kw):
    """The sample device, made as an out-of-tree device is, in an image, driven by a guest."""
    def body(start):
        compile_vdev("tests/vdev-sample/trace.c")
        compile_vdev("tests/vdev-sample/virtio-flip.c")
        m = start(made(make("vdev-sample", ["pl011", "trace", "virtio-flip"], [
            vm("vm", SAMPLE, "", "vdev trace loc 0x1c110000 emit-logger vdev virtio-flip")], [SAMPLE])), **kw)
        m.expect(r"SAMPLE-OK counted to [4-9]", 60)
        m.ends()
        m.never("SAMPLE-FAIL|GUEST-FAULT|quoin: panic")
        m.at = 0
        for n in (1, 2, 3):
            m.expect(rf"trace: {n}$", 1)
    return Case(f"vdev from outside the tree {words(**kw)}", ["hello"], body)


def vdev_cases(full):
    cases = [shmem(gic=3, smp=2), shmem(gic=2, smp=1), sp804(1000000, gic=3), sp804(32768, gic=2), sample(gic=3)]
    if full:
        cases += [shmem(gic=3, smp=1), shmem(gic=2, smp=2), sp804(1000000, gic=2), sp804(32768, gic=3), sample(gic=2)]
    return cases
