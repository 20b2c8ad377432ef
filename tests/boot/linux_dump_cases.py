# SPDX-License-Identifier: Apache-2.0
"""The watchdog and dumps of a Debian kernel: its driver, its panic, its symbols."""
import os
import re
import time

from case import Case, GUESTS
from dump_cases import GDB, gdb, in_order, make_image, qmp, text_of, words
from machine import BUILD, Failure
from shell_cases import Operator

VMLINUX = f"{GUESTS}/linux/vmlinux"
SCRIPT = """[virtual=aarch64le,raw] boot = {
    quoin -v
    vdev-pl011
    vdev-wdt-sp805
}
[+script] startup = {
    qvm system linux cpu cpu ram 0x80000000,256M load /guests/Image initrd load /guests/initrd \
cmdline "console=ttyAMA0 %s" vdev pl011 loc 0x1c090000 intr gic:37 hostdev - vdev wdt-sp805 intr gic:45 %s
    on-idle poweroff
}
/guests/Image = ${GUESTS_DIR}/linux/Image
/guests/initrd = ${GUESTS_DIR}/linux/rootfs.cpio.gz
"""


def boots(start, name, cmdline, extra, args=(), **kw):
    m = start(make_image(name, SCRIPT % (cmdline, extra)), args=args, **kw)
    m.expect(r"/root# ", 240)
    m.send("ls -l /dev/watchdog; cat /proc/interrupts | grep -c arch_timer\n")
    m.expect(r"^crw.* /dev/watchdog$", 60)
    return m


def unfed(**kw):
    """Linux's driver keeps the VM alive while its program feeds it, and no longer."""
    def body(start):
        m = boots(start, "linux-dog", "", "", **kw)
        m.send("watchdog -T 2 -t 1 /dev/watchdog; sleep 8; echo ALIVE; killall -STOP watchdog\n")
        m.expect(r"^ALIVE", 120)
        m.expect(r"quoin: linux: ended, its watchdog has expired, exit code 4", 60)
        m.expect(r"no VM runs, powering off")
        m.ends()
    return Case("linux watchdog " + words(kw), ["linux"], body)


def fiq(**kw):
    """Action fiq: Linux has no use for a FIQ but to panic where it is."""
    def body(start):
        m = boots(start, "linux-fiq", "", "action fiq", **kw)
        m.send("watchdog -T 2 -t 1 /dev/watchdog; sleep 1; killall -STOP watchdog\n")
        m.expect(r"Kernel panic - not syncing: FIQ taken without a root FIQ handler", 60)
        m.expect(r"end Kernel panic", 60)
    return Case("linux watchdog, action fiq " + words(kw), ["linux"], body)


def no_symbols():
    """Why the kernel has no symbols, or None."""
    if os.path.exists(VMLINUX):
        return []
    try:
        with open(VMLINUX + ".missing", encoding="utf-8") as f:
            why = f.read().strip()
    except OSError:
        why = "guests/linux/symbols was not run"
    return [(VMLINUX, f"no kernel symbols: {why}")]


def panics(cmdline="", **kw):
    """A panic, nobody feeds the watchdog, the dump: gdb names the functions of both CPUs."""
    def body(start):
        option, path = qmp("linux-dump")
        core = f"{BUILD}/linux-dump.gcore"
        m = boots(start, "linux-dump", cmdline, "action dump,terminate", args=option, **kw)
        m.send("watchdog -T 2 -t 1 /dev/watchdog; sleep 1; "
               "taskset 2 sh -c 'echo c >/proc/sysrq-trigger'\n")
        m.expect(r"Kernel panic - not syncing: sysrq triggered crash", 60)
        m.expect(r"quoin: linux: held for its dump", 120)
        out = text_of(["tools/dump", "--qmp", path, "--out", core])
        moved = re.search(r"symbol-file -o (0x[0-9a-f]+) ", out)
        if not moved:
            raise Failure(f"no offset of the kernel in:\n{out}")
        if ("nokaslr" in cmdline) != (int(moved.group(1), 16) == 0):
            raise Failure(f"kernel moved by {moved.group(1)} with '{cmdline}'")
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
        out = gdb(f"symbol-file -o {moved.group(1)} {VMLINUX}", f"core-file {core}", "info threads",
                  "thread 2", "bt", "thread 1", "bt", "p linux_banner", "p init_task.comm",
                  "p nr_cpu_ids")
        in_order(out, r"signal SIGALRM", r"^#\d+ .*panic \(", r"^#\d+ .*sysrq_handle_crash \(",
                 r"^#\d+ .*write_sysrq_trigger \(", r"^#\d+ .*vfs_write \(", r"^#0 ",
                 r'^\$1 = .*"Linux version 6', r'^\$2 = "swapper')
        # The other one was stopped by the panic, wherever it was.
        in_order(out[out.index("Switching to thread 1"):],
                 r"^#\d+ .*(ipi_cpu_stop|cpu_park_loop|do_handle_IPI|ipi_handler) ?\(",
                 r"^#\d+ .*(gic_handle_irq|handle_percpu_devid_irq|el1_interrupt) ?\(")
    return Case("linux dump " + words(kw) + (" " + cmdline if cmdline else ""), ["linux"], body,
                needs=GDB + no_symbols())


def idles(**kw):
    """A dump of a Linux that sleeps, by the shell's command; it goes on, its watchdog fed."""
    def body(start):
        option, path = qmp("linux-live")
        core = f"{BUILD}/linux-live.gcore"
        m = boots(start, "linux-live", "nokaslr", "", args=option, **kw)
        m.send("watchdog -T 2 -t 1 /dev/watchdog; sleep 1; echo FED\n")
        m.expect(r"^FED\n.*/root# ", 60)
        time.sleep(2)
        op = Operator(m)
        m.at = 0
        op.enter()
        op.ask("dump linux", r"^linux is paused until its dump is fetched", 60)
        time.sleep(5)
        text_of(["tools/dump", "--qmp", path, "--out", core])
        op.ask("quit", r"")
        m.send("\necho ON $((6 * 7)); sleep 6; echo ALIVE\n")
        m.expect(r"^ON 42", 60)
        m.expect(r"^ALIVE", 120)
        out = gdb(f"file {VMLINUX}", f"core-file {core}", "thread apply all bt")
        # Most of the time both sleep; an interrupt may have been about to be handled.
        in_order(out, r"signal SIGUSR2", r"^Thread 2 ", r"^#3 .* in \w+ \(", r"^Thread 1 ",
                 r"^#3 .* in \w+ \(")
        if "cpu_do_idle (" not in out or "?? ()" in out:
            raise Failure(f"no backtrace of a Linux that sleeps:\n{out}")
    return Case("linux dump while idle " + words(kw), ["linux"], body, needs=GDB + no_symbols())


def linux_dump_cases(full):
    cases = [unfed(gic=3, smp=2)]
    if full:
        cases += [unfed(gic=2, smp=1), fiq(gic=3, smp=2), fiq(gic=2, smp=1),
                  idles(gic=3, smp=2), panics(gic=3, smp=2), panics("nokaslr", gic=2, smp=2),
                  panics(gic=3, smp=2, cpu="max")]
    return cases
