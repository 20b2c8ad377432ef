# SPDX-License-Identifier: Apache-2.0
"""One QEMU machine under test: its console is read, waited on and typed to."""
import codecs
import os
import re
import selectors
import signal
import subprocess
import time

QEMU = os.environ.get("QEMU", "qemu-system-aarch64")
BUILD = os.environ.get("BUILD", "build")
TAIL = 25  # console lines shown when a test fails


class Failure(Exception):
    """What a test expected and did not get."""


class Machine:
    """A QEMU board. `args` come behind the usual ones; output is kept in `log`."""

    def __init__(self, image=None, machine="virt,virtualization=on", gic=3, cpu="cortex-a57",
                 smp=2, mem="1G", serial=("stdio",), args=()):
        machine = f"{machine},gic-version={gic}" if gic else machine
        command = [QEMU, "-M", machine, "-smp", str(smp), "-m", mem, "-nic", "none",
                   "-display", "none", "-monitor", "none", "-no-reboot"]
        command += ["-cpu", cpu] if cpu else []
        for end in serial:
            command += ["-serial", end]
        if image:
            command += ["-kernel", image]
        self.command = command + list(args)
        self.log = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.at = 0  # where the next expect() looks from
        self.proc = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.proc.stdout.fileno(), False)
        self.sel = selectors.DefaultSelector()
        self.sel.register(self.proc.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGKILL)
        self.proc.wait()

    def read(self, seconds):
        """Take in what has come, for at most `seconds`. False once QEMU has ended."""
        if not self.sel.select(seconds):
            return True
        data = self.proc.stdout.read()
        if data == b"":
            return False
        self.log += self.decoder.decode(data or b"").replace("\r", "")
        return True

    def expect(self, pattern, seconds=60):
        """Wait until `pattern` appears behind what was expected before; returns the match."""
        until = time.time() + seconds
        regex = re.compile(pattern, re.M)
        alive = True
        while True:
            m = regex.search(self.log, self.at)
            if m:
                self.at = m.end()
                return m
            if not alive:
                raise Failure(f"QEMU ended before /{pattern}/")
            if time.time() > until:
                raise Failure(f"no /{pattern}/ within {seconds} s")
            alive = self.read(min(1, max(0.01, until - time.time())))

    def never(self, pattern):
        """Fail if `pattern` stands anywhere in the console so far."""
        m = re.search(pattern, self.log, re.M)
        if m:
            raise Failure(f"unexpected: {m.group(0)}")

    def ends(self, seconds=30):
        """Wait for QEMU itself to end."""
        until = time.time() + seconds
        while self.read(0.2):
            if time.time() > until:
                raise Failure(f"QEMU still runs after {seconds} s")
        self.proc.wait()

    def send(self, text):
        self.proc.stdin.write(text.encode())
        self.proc.stdin.flush()

    def tail(self):
        return "\n".join("    | " + line[:300] for line in self.log.splitlines()[-TAIL:])


def image(name):
    """Path of the image of configs/NAME.build; the Makefile has made it."""
    return f"{BUILD}/{name}.img"
