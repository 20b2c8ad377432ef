# SPDX-License-Identifier: Apache-2.0
"""Speculation workarounds end to end: firmware at EL3 that counts its calls, and what Linux says of its CPUs."""
import os
import re
import subprocess

from case import Case
from machine import BUILD, Failure, image

OFFERS = {True: 0, False: -1}  # SMCCC_ARCH_FEATURES: there is a call, not supported


def firmware(wa1, wa3):
    """tests/boot/el3.S, for the flash at 0."""
    name = f"{BUILD}/el3-{int(wa1)}{int(wa3)}"
    cross = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
    subprocess.run([f"{cross}gcc", "-nostdlib", "-static", "-Wl,-Ttext=0,--build-id=none", f"-DWA1={OFFERS[wa1]}",
                    f"-DWA3={OFFERS[wa3]}", "-o", f"{name}.elf", "tests/boot/el3.S"], check=True)
    subprocess.run([f"{cross}objcopy", "-O", "binary", "-j", ".text", f"{name}.elf", f"{name}.bin"], check=True)
    return f"{name}.bin"


def at_el3(start, config, cpu, wa1, wa3):
    """The image on QEMU virt below that firmware, which finds it and the tree where QEMU's loader puts them."""
    machine, tree = "virt,virtualization=on,secure=on", f"{BUILD}/el3.dtb"
    # With -kernel QEMU means to answer PSCI itself, and the tree says so.
    start(image(config), machine=f"{machine},dumpdtb={tree}", cpu=cpu).ends()
    load = [x for path, at in ((image(config), 0x40200000), (tree, 0x48000000))
            for x in ("-device", f"loader,file={path},addr={at:#x},force-raw=on")]
    return start(None, machine=machine, cpu=cpu, args=("-bios", firmware(wa1, wa3), "-semihosting", *load))


def calls(m):
    """How often the firmware was called for WORKAROUND_1 and 3, when it is all over."""
    got = m.expect(r"^EL3: 1 ([0-9a-f]{8}) 3 ([0-9a-f]{8})$", 60)
    m.ends()
    return int(got.group(1), 16), int(got.group(2), 16)


def entry(cpu, wa1, wa3, call, loop):
    """Every exit of the self-test calls what the core needs, and no register of the guest suffers."""
    def body(start):
        m = at_el3(start, "selftest", cpu, wa1, wa3)
        if cpu == "cortex-a57":  # r1p0 in QEMU
            for text in ("834220 1319537: worked around", "826974 .* 859972: left to the firmware",
                         "832075: guests may hang this core"):
                m.expect(rf"CPU 0: errata {text}\n", 60)
            m.at = 0
        for n in range(2):
            m.expect(rf"CPU {n}: MIDR .*history loop {loop}, firmware call {call:#x}, CLRBHB no\n", 60)
        got = m.expect(r"^SELFTEST: (\d+) passed, (\d+) failed\n", 240)
        if got.group(2) != "0":
            raise Failure(got.group(0))
        one, three = calls(m)
        used, other = (one, three) if call == 0x80008000 else (three, one)
        if other != 0 or (used < 10000 if call else used != 0):
            raise Failure(f"{one} calls of WORKAROUND_1, {three} of WORKAROUND_3")
        m.never(r"may steer the branch predictor")
    offers = " and ".join(n for n, there in (("WORKAROUND_1", wa1), ("WORKAROUND_3", wa3)) if there)
    return Case(f"firmware with {offers}, {cpu}", ["selftest"], body)


def linux(cpu, says, fw=False):
    """Linux believes what ARCH_FEATURES tells it, and says so in /sys."""
    def body(start):
        m = at_el3(start, "linux", cpu, True, True) if fw else start(image("linux"), cpu=cpu)
        m.expect(r"quoin:/root# ", 240)
        m.send("cd /sys/devices/system/cpu/vulnerabilities; grep . sp*; echo END\n")
        m.expect(r"^END$", 60)
        for name, text in says.items():
            if not re.search(rf"^{name}:{text}$", m.log, re.M):
                raise Failure(f"not {name}: {text}")
        m.send("poweroff\n")
        m.expect(r"quoin: linux: ended, the guest powered off", 120)
        if fw and calls(m)[1] < 10000:
            raise Failure("the firmware was not called")
        m.never(r"Call trace|Kernel panic")
    return Case(f"Linux' vulnerabilities on {cpu}" + (", firmware with workarounds" if fw else ""), ["linux"], body)


SAFE = {"spectre_v2": "Not affected", "spec_store_bypass": "Not affected", "spectre_v1": "Mitigation: .*"}
EXPOSED = {"spectre_v2": "Vulnerable.*", "spec_store_bypass": "Vulnerable"}
LATER = {"spectre_v2": "Mitigation: CSV2, BHB", "spec_store_bypass": "Mitigation: .*"}
WORKED_AROUND = {"spectre_v2": "Mitigation: Branch predictor hardening, BHB"}


def errata_cases(full):
    cases = [entry("cortex-a57", True, True, 0x80003fff, 0)]
    if full:
        cases += [entry("cortex-a72", True, False, 0x80008000, 0), entry("cortex-a53", True, True, 0, 0),
                  entry("neoverse-n1", True, True, 0, 24)]
        cases += [linux("cortex-a53", SAFE), linux("cortex-a57", EXPOSED), linux("cortex-a72", EXPOSED),
                  linux("cortex-a76", LATER), linux("neoverse-n1", LATER),
                  linux("cortex-a57", WORKED_AROUND, fw=True)]
    return cases
