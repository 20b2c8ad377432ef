# SPDX-License-Identifier: Apache-2.0
"""
Devices of the machine in VMs: QEMU's second UART, its clock and its GPIOs, in Linux and in a bare-metal guest that storms,
masks and resets in its handler.
"""
import os
import re
import socket
import tempfile
import time

from case import Case
from life_cases import linux_files
from machine import Failure, image
from shell_cases import Operator
from trouble import STRESS, build, guest, vm

PASS = guest("pass.bin")
UART = "pass loc 0x09040000,0x1000,rwn intr gic:40"


def words(**kw):
    return " ".join(f"{k}={v}" for k, v in kw.items())


def uart_vm(name, end, what=UART, options="", cpus="cpu cpu"):
    """One qvm line: the guest that has the second UART."""
    return (f"    qvm system {name} {cpus} ram 0x80000000,4M load {PASS[0]} {what} "
            f'cmdline "uart=151257088 intid=40 {end}" {options} vdev pl011 loc 0x1c090000 intr gic:37 hostdev -')


class Wire:
    """The other end of QEMU's second serial port."""

    def __init__(self):
        self.path = os.path.join(tempfile.mkdtemp(prefix="quoin-"), "uart")
        self.args = ["-chardev", f"socket,id=wire,path={self.path},server=on,wait=off", "-serial", "chardev:wire"]
        self.socket, self.got = None, b""

    def send(self, text):
        if self.socket is None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(self.path)
            self.socket.settimeout(1)
        self.socket.sendall(text.encode())

    def expect(self, text, m, seconds=60):
        """Bytes up to `text`; the machine's console is read meanwhile."""
        until = time.time() + seconds
        self.send("")
        while text.encode() not in self.got:
            try:
                self.got += self.socket.recv(65536)
            except TimeoutError:
                pass
            m.read(0)
            if time.time() > until:
                raise Failure(f"no {text!r} on the second port, but {self.got[-200:]!r}")
        got, self.got = self.got.split(text.encode(), 1)
        return got


def deeds(end, starts, **kw):
    """The bare-metal guest does all it can think of to its interrupt; a neighbour on the same CPUs runs well."""
    def body(start):
        m = start(build(f"pass-{end}", [uart_vm("uart", f"end={end}"), vm("stress", STRESS[0], "cpu cpu", "secs=3")],
                        [PASS, STRESS]), args=["-serial", "null"], **kw)
        m.expect(r"STRESS-OK", 180)
        m.expect(r"no VM runs, powering off", 120)
        m.ends()
        m.never("STRESS-FAIL|PASS-FAIL|GUEST-FAULT|quoin: panic")
        m.at = 0
        m.expect("PASS-OK")
        if len(re.findall("uart: starting", m.log)) != starts:
            raise Failure(f"not {starts} starts")
    return Case(f"a passed UART, {end} {words(**kw)}", ["hello"], body)


def storm(**kw):
    """A line that is never let down: its VM spins, is paused, restarted and stopped at will, the neighbour runs."""
    def body(start):
        m = start(build("pass-storm", [uart_vm("uart", "end=storm secs=3600"),
                                       vm("stress", STRESS[0], "cpu cpu", "secs=5")], [PASS, STRESS], "-v"),
                  args=["-serial", "null"], **kw)
        op = Operator(m)
        op.enter()
        if "PASS-STORMS" not in m.log:
            m.expect("PASS-STORMS", 120)
        for _ in range(3):
            op.ask("pause uart", "uart")
            op.ask("resume uart", "uart")
            op.ask("restart uart", r"PASS-STORMS")
        op.ask("stop uart", r"uart: ended, stopped by the operator")
        op.ask("start uart", r"PASS-STORMS")
        op.ask("kill uart", r"uart: (ended|stopped)")
        m.at = 0
        m.expect("STRESS-OK", 180)
        m.never("STRESS-FAIL|PASS-FAIL|quoin: panic")
    return Case(f"a passed UART storms {words(**kw)}", ["hello"], body)


def linux(**kw):
    """Debian's kernel drives all three; the UART both ways, after a reboot as well."""
    def body(start):
        wire = Wire()
        m = start(image("pass"), args=wire.args, **kw)
        for life in range(2):
            m.expect(r"^Linux \S+ aarch64 on QVM", 240)
            m.expect(r"quoin:/root# ", 60)
            wire.send("")  # bytes nobody listens for are lost
            time.sleep(2)  # the shell asks the terminal where its cursor is
            m.send("stty -F /dev/ttyAMA1 raw -echo; echo out-$((40 + 2)) > /dev/ttyAMA1; echo said-$((1 + 1))\n")
            m.expect("said-2", 60)
            wire.expect("out-42\n", m)
            m.send("echo ready-$((1 + 2)); read x < /dev/ttyAMA1; echo got-$x\n")
            m.expect("ready-3")
            time.sleep(0.5)
            wire.send(f"in{life}\n")
            m.expect(f"got-in{life}", 60)
            m.send("(head -c 20000 /dev/zero | tr '\\0' A; echo END) > /dev/ttyAMA1\n")
            if len(wire.expect("END\n", m, 120)) != 20000:
                raise Failure("bytes are missing")
            m.send("echo rtc $(cat /sys/class/rtc/rtc0/since_epoch) $(date +%s) gpio $(ls /sys/bus/gpio/devices) .\n")
            rtc, now = m.expect(r"rtc (\d+) (\d+) gpio gpiochip0 \.", 60).groups()
            if abs(int(rtc) - time.time()) > 300 or abs(int(rtc) - int(now)) > 5:
                raise Failure(f"the clock says {rtc}, Linux {now}")
            m.send("reboot -f\n" if life == 0 else "poweroff -f\n")
        m.expect("no VM runs, powering off", 120)
        m.never("quoin: panic|irq .*nobody cared|Unhandled fault")
    return Case(f"Linux with devices of the machine {words(**kw)}", ["pass"], body)


def two(**kw):
    """Linux has the clock, a bare-metal guest the UART."""
    def body(start):
        wire = Wire()
        line = ('    qvm system linux cpu ram 0x80000000,256M load /guests/Image initrd load /guests/initrd '
                'cmdline "console=ttyAMA0" vdev pl011 loc 0x1c090000 intr gic:37 hostdev - pass dt:/pl031@9010000')
        m = start(build("pass-two", [uart_vm("uart", "end=talk"), line], [PASS] + linux_files()), args=wire.args, **kw)
        m.expect("PASS-TALKS", 120)
        wire.send("hello, wire\n")
        m.expect("TALK hello, wire", 60)
        wire.expect("hello, wire\n", m)
        m.at = 0
        m.expect(r"rtc-pl031 9010000.pl031: registered as rtc0", 240)
    return Case(f"two VMs with a device each {words(**kw)}", ["hello"], body)


def pass_cases(full):
    cases = [deeds("restart", 2, gic=3, smp=2), deeds("all", 1, gic=2, smp=2), linux(gic=2, smp=2)]
    if full:
        cases += [deeds("all", 1, gic=3, smp=1), deeds("restart", 2, gic=2, smp=1), deeds("all", 1, gic=3, smp=4),
                  storm(gic=3, smp=2), storm(gic=2, smp=2), linux(gic=3, smp=2), two(gic=3, smp=2), two(gic=2, smp=2)]
    return cases
