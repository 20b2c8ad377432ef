# SPDX-License-Identifier: Apache-2.0
"""What measurements share: images, QEMU with one instruction a tick, the figures."""
import os
import re
import selectors
import subprocess
import sys
import time

BUILD = os.environ.get("BUILD", "build")
QEMU = os.environ.get("QEMU", "qemu-system-aarch64")
GUESTS = os.environ.get("GUESTS_DIR", f"{BUILD}/guests")
CPU = "neoverse-n1,cntfrq=1000000000"
result = {}


def fail(why):
    print(f"error: {why}", file=sys.stderr)
    sys.exit(1)


def make_image(name, *variables, build=BUILD):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "image", f"CONFIG={name}", f"BUILD={build}",
                           f"GUESTS_DIR={GUESTS}", *variables],
                          env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"configs/{name}.build does not build:\n{done.stdout}{done.stderr}")
    return f"{build}/{name}.img"


def make_masked(name):
    """The same image of a monitor that times how long it keeps interrupts masked."""
    return make_image(name, "EXTRA_EL2=-DQUOIN_BENCH", f"NEWLIB={BUILD}/newlib",
                      f"LIBFDT={BUILD}/libfdt", build=f"{BUILD}/masked")


def make_from(name, vms, build=BUILD, extra=""):
    """An image for one measurement, of the monitor in `build`; `vms` are the qvm lines of its start script, `extra` more lines."""
    lines = "\n".join("    qvm " + vm for vm in vms)
    files = sorted(set(re.findall(r"/guests/\S+", lines)))
    devices = "".join(f"    vdev-{name}\n" for name in sorted(set(re.findall(r"vdev (virtio-\w+)", lines))))
    text = ("[virtual=aarch64le,raw] boot = {\n    quoin mitigations=off bench\n    vdev-pl011\n" + devices + "}\n"
            f"[+script] startup = {{\n{lines}\n    on-idle poweroff\n}}\n")
    text += "".join(f"{f} = {os.path.abspath(GUESTS)}/{f[len('/guests/'):]}\n" for f in files)
    text += extra
    path = f"{build}/bench-{name}"
    with open(f"{path}.build", "w", encoding="utf-8") as f:
        f.write(text)
    done = subprocess.run([f"{build}/tools/mkimage", "-o", f"{path}.img", f"{path}.build"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"{path}.build:\n{done.stdout}{done.stderr}")
    return f"{path}.img"


def command_of(args, machine, gic, smp, mem):
    return [QEMU, "-M", f"{machine},dtb-randomness=off,gic-version={gic}", "-cpu", CPU, "-smp", str(smp),
            "-m", mem, "-icount", "shift=0,sleep=off", "-nic", "none", "-display", "none",
            "-monitor", "none", "-serial", "stdio", "-no-reboot", *args]


def qemu(*args, machine="virt,virtualization=on", gic=3, smp=1, mem="1G", seconds=600):
    """Run to the end; the console's text."""
    command = command_of(args, machine, gic, smp, mem)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        fail("no end of " + " ".join(command))
    return done.stdout


def qemu_until(stop, *args, keys=(), gic=3, smp=1, mem="2G", seconds=1200):
    """
    Run until the pattern `stop` is printed; the console's text. `keys` are typed one after the other, over and
    over, each when something has been printed since.
    """
    command = command_of(args, "virt,virtualization=on", gic, smp, mem)
    text, typed, until = b"", 0, time.time() + seconds
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as proc:
        os.set_blocking(proc.stdout.fileno(), False)
        with selectors.DefaultSelector() as sel:
            sel.register(proc.stdout, selectors.EVENT_READ)
            while not re.search(stop.encode(), text, re.M):
                if time.time() > until:
                    proc.kill()
                    fail("no end of " + " ".join(command) + "\n" + text[-2000:].decode(errors="replace"))
                if not sel.select(0.3):
                    continue
                data = proc.stdout.read()
                if not data:
                    break
                text += data
                if keys:
                    proc.stdin.write(keys[typed % len(keys)].encode())
                    proc.stdin.flush()
                    typed += 1
                    time.sleep(0.1)
        proc.kill()
    return text.decode(errors="replace")


def dialog(steps, *args, machine="virt,virtualization=on", gic=3, smp=1, mem="1G", seconds=900, stop=False):
    """
    Run to the end, or to the last step if `stop`; the console's text. Of each step: type its second when its first has
    been printed.
    """
    command = command_of(args, machine, gic, smp, mem)
    text, at, steps, until = b"", 0, list(steps), time.time() + seconds
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as proc:
        os.set_blocking(proc.stdout.fileno(), False)
        with selectors.DefaultSelector() as sel:
            sel.register(proc.stdout, selectors.EVENT_READ)
            while True:
                m = re.search(steps[0][0].encode(), text[at:], re.M) if steps else None
                if m:
                    at += m.end()
                    proc.stdin.write(steps.pop(0)[1].encode())
                    proc.stdin.flush()
                    continue
                if stop and not steps:
                    proc.kill()
                    break
                if time.time() > until:
                    proc.kill()
                    fail("no end of " + " ".join(command) + "\n" + text[-2000:].decode(errors="replace"))
                if sel.select(0.5):
                    data = proc.stdout.read()
                    if not data:
                        break
                    text += data
    if steps:
        fail(f"no {steps[0][0]} in\n" + text[-2000:].decode(errors="replace"))
    return text.decode(errors="replace").replace("\r", "")


def find(pattern, text, what):
    m = re.search(pattern, text, re.M)
    if not m:
        fail(f"{what}: no /{pattern}/ in\n{text[-2000:]}")
    return m
