# SPDX-License-Identifier: Apache-2.0
"""What goes wrong must stay where it is: hostile guests, bad VMs, damaged trees, odd formats."""
import gzip
import os
import subprocess

from case import Case, GUESTS, UBOOT
from machine import BUILD, Failure

BOOT = "[virtual=aarch64le,raw] boot = {\n    quoin %s\n    vdev-pl011\n}\n"
VM = ("system %s %s ram 0x80000000,64M load %s %s "
      "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -")


def vm(name, guest, cpus="cpu", cmdline=""):
    """One qvm line of a start script."""
    words = f'cmdline "{cmdline}"' if cmdline else ""
    return "    qvm " + VM % (name, cpus, guest, words)


def make_image(name, text, ok=True):
    """The image that this buildfile makes."""
    path = f"{BUILD}/{name}.build"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    cross = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
    done = subprocess.run([f"{BUILD}/tools/mkimage", "--monitor", f"{BUILD}/quoin.o", "--vdev-dir",
                           BUILD, "--cross", cross, "-o", f"{BUILD}/{name}.img", path],
                          capture_output=True, text=True, check=False)
    if ok and done.returncode:
        raise Failure(f"mkimage {path}: {done.stderr}")
    return f"{BUILD}/{name}.img"


def build(name, vms, files=(), options="", ok=True):
    """An image made for one test; the paths `files` are (name in the image, file here)."""
    text = BOOT % options + "[+script] startup = {\n" + "\n".join(vms) + "\n    on-idle poweroff\n}\n"
    text += "".join(f"{target} = {source}\n" for target, source in files)
    return make_image(name, text, ok)


def guest(name):
    return f"/guests/{name}", f"{GUESTS}/baremetal/{name}"


HOSTILE, STRESS, HELLO = guest("hostile.bin"), guest("stress.bin"), guest("hello.bin")

# What a guest does for ever, and what the monitor must say of it (None: nothing, it just goes on).
DEEDS = {
    "vector-loop": None,
    "unmapped-vector": r"hostile: stopped, no memory at the guest's own exception vector",
    "device-vector": r"hostile: stopped",
    "unmapped-tables": None,
    "sgi-storm": None,
    "hvc-flood": None,
    "abort-flood": None,
    "setway-flood": None,
    "uart-flood": None,
    "psci-flood": None,
    "irq-storm": None,
    "cpu-off": r"hostile: ended, the last vCPU switched itself off",
}


def neighbour(deed, says, **kw):
    """A VM beside a hostile one runs its stress test to the end, on the same CPUs."""
    def body(start):
        image = build(f"deed-{deed}", [vm("hostile", HOSTILE[0], "cpu", f"hostile={deed}"),
                                       vm("stress", STRESS[0], "cpu cpu", "secs=3")],
                      [HOSTILE, STRESS])
        m = start(image, **kw)
        m.expect(r"STRESS-OK", 180)
        m.never("STRESS-FAIL|quoin: panic")
        if says:
            m.at = 0
            m.expect(says)
    return Case(f"beside hostile={deed} " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def bad_vm_beside_good():
    """A VM that cannot be loaded does not start, says why, and the other one runs."""
    def body(start):
        image = build("bad-vm", [vm("bad", "module:7"), vm("good", HELLO[0])], [HELLO])
        m = start(image)
        m.expect(r"startup:1:\d+: error: .*module")
        m.expect(r"good: Hello from EL1|^Hello from EL1")
        m.expect(r"no VM runs, powering off")
        m.ends()
    return Case("a VM without its module beside a good one", ["hello"], body)


def no_vm_starts():
    def body(start):
        m = start(build("no-vm", [vm("bad", "module:0")]))
        m.expect(r"error: .*module")
        m.expect(r"no VM runs, powering off")
        m.ends()
    return Case("no VM can start", ["hello"], body)


def too_much_memory():
    def body(start):
        image = build("too-big", ["    qvm system big cpu ram 0x80000000,3G load module:0"])
        m = start(image, args=("-device",
                               f"guest-loader,addr=0x60000000,kernel={GUESTS}/baremetal/hello.bin"))
        m.expect(r"startup:1:\d+: error: ram of 3072 MiB")
        m.expect(r"no VM runs, powering off")
        m.ends()
    return Case("more RAM than the board has", ["hello"], body)


def formats(what):
    """The same guest as ELF and as a gzip-compressed Image that mkimage unpacks."""
    def body(start):
        source = f"{GUESTS}/baremetal/hello.elf"
        if what == "gzip":
            source = f"{BUILD}/hello.bin.gz"
            with open(f"{GUESTS}/baremetal/hello.bin", "rb") as f, gzip.open(source, "wb") as g:
                g.write(f.read())
        m = start(build(f"format-{what}", [vm("hello", "/guests/hello")], [("/guests/hello", source)]))
        m.expect(r"^Hello from EL1")
        m.expect(r"ended, the guest powered off")
        m.ends()
    return Case(f"guest as {what}", ["hello"], body)


def raw_address():
    """A blob of no known format runs from its first byte at any address given."""
    def body(start):
        raw = f"{BUILD}/hello.raw"
        with open(f"{GUESTS}/baremetal/hello.bin", "rb") as f:
            data = bytearray(f.read())
        data[0x38:0x3c] = b"    "  # no longer an arm64 Image
        with open(raw, "wb") as f:
            f.write(data)
        line = ("    qvm system hello cpu ram 0x80000000,64M load 0x81235000,/guests/hello.raw "
                "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -")
        m = start(build("raw-address", [line], [("/guests/hello.raw", raw)]))
        m.expect(r"^Hello from EL1 at 0x81235000")
        m.expect(r"ended, the guest powered off")
        m.ends()
    return Case("raw guest at an address of its own", ["hello"], body)


def resets():
    """PSCI SYSTEM_RESET starts the VM again from its image, for ever; the neighbour does not care."""
    def body(start):
        image = build("resets", [vm("hostile", HOSTILE[0], "cpu", "hostile=reset"),
                                 vm("stress", STRESS[0], "cpu", "secs=2")], [HOSTILE, STRESS])
        m = start(image)
        for _ in range(5):
            m.expect(r"hostile: the guest asked for a reset, restarting", 60)
        m.at = 0
        m.expect(r"STRESS-OK", 120)
    return Case("a guest that resets itself", ["hello"], body)


def damaged_tree(what, commands, want):
    """U-Boot spoils the device tree before it starts the image, which prints on its earlycon."""
    def body(start):
        image = build("earlycon", [vm("hello", HELLO[0])], [HELLO], "earlycon=pl011,0x9000000")
        m = start(machine="virt,virtualization=on", mem="2G", args=(
            "-bios", UBOOT, "-device", f"loader,file={image},addr=0x50000000,force-raw=on"))
        m.expect(r"Hit any key|=> ", 120)
        m.send("\n")
        for c in ["fdt addr ${fdtcontroladdr}", "fdt move ${fdtcontroladdr} 0x60000000 0x100000",
                  *commands]:
            m.send(c + "\n")
            m.expect(r"=> ")
        m.send("booti 0x50000000 - 0x60000000\n")
        m.expect(want, 60)
        m.never("Hello from EL1")
    return Case(f"device tree {what}", ["hello"], body, needs=((UBOOT, "no u-boot-qemu"),))


def trouble_cases(full):
    smp1 = {"gic": 3, "smp": 1}
    cases = [
        bad_vm_beside_good(), no_vm_starts(), too_much_memory(), formats("ELF"), formats("gzip"),
        raw_address(), resets(),
        damaged_tree("without CPUs", ["fdt rm /cpus"], r"quoin: .*(CPU|cpu)"),
        damaged_tree("without a GIC", ["fdt rm /intc@8000000"], r"quoin: .*(GIC|interrupt)"),
        damaged_tree("with garbage inside", ["mw.l 0x60000048 0x12345678 0x40"],
                     r"ERROR|quoin: .*device tree|Bad|error"),
    ]
    deeds = DEEDS if full else ("vector-loop", "unmapped-vector", "sgi-storm", "abort-flood",
                                "uart-flood", "cpu-off")
    cases += [neighbour(d, DEEDS[d], **smp1) for d in deeds]
    if full:
        cases += [neighbour(d, s, gic=2, smp=2) for d, s in DEEDS.items()]
    return cases
