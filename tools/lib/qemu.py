# SPDX-License-Identifier: Apache-2.0
"""A running QEMU, spoken to over its QMP socket: its memory, and the monitor image in it."""
import json
import os
import re
import socket
import struct
import tempfile
import time

IMAGE_STEP = 0x200000  # the image lies at a multiple of this
ARM64_MAGIC = b"ARM\x64"
QUOIN_MAGIC = b"QUOIN\0\x1a\n"
HEADER = struct.Struct("<8s6I12Q")  # struct quoin_header, core/spec/quoin_image.h


class Error(Exception):
    """What is wrong, for people."""


class Qemu:
    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        here = os.getcwd()
        try:
            # The length of a socket's name is limited: go where it is.
            os.chdir(os.path.dirname(self.path))
            self.sock.connect(os.path.basename(self.path))
        except OSError as e:
            raise Error(f"no QEMU answers at {path}: is `make run` running? ({e.strerror})") from e
        finally:
            os.chdir(here)
        self.file = self.sock.makefile("rwb")
        if not self.file.readline():
            raise Error(f"QEMU at {path} is in use by another client")
        self.command("qmp_capabilities")

    def command(self, name, **args):
        message = {"execute": name, "arguments": args} if args else {"execute": name}
        self.file.write(json.dumps(message).encode() + b"\n")
        self.file.flush()
        while True:
            try:
                line = self.file.readline()
            except socket.timeout as e:
                raise Error("QEMU does not answer") from e
            if not line:
                raise Error("QEMU has gone")
            answer = json.loads(line)
            if "error" in answer:
                raise Error(f"QEMU refuses {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def monitor(self, line):
        return self.command("human-monitor-command", **{"command-line": line})

    def words(self, address, count):
        """32-bit words of physical memory."""
        text = self.monitor(f"xp /{count}xw {address:#x}")
        return [int(w, 16) for w in re.findall(r"0x[0-9a-f]{8}\b", re.sub(r"(?m)^\S+:", "", text))]

    def save(self, address, size, path):
        """Physical memory into a file."""
        self.command("pmemsave", val=address, size=size, filename=os.path.abspath(path))

    def read(self, address, size):
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(self.path)) as f:
            self.save(address, size, f.name)
            return open(f.name, "rb").read()

    def ram(self):
        """Ranges of the machine's memory: (start, size)."""
        found = {(int(a, 16), int(b, 16) - int(a, 16) + 1) for a, b in re.findall(
            r"([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, ram\)", self.monitor("info mtree -f"))}
        return sorted(r for r in found if r[1] >= IMAGE_STEP)

    def images(self):
        """The monitor images in memory: their address and struct quoin_header."""
        for start, size in self.ram():
            first = -(-start // IMAGE_STEP) * IMAGE_STEP
            for at in range(first, start + size - 0x1000, IMAGE_STEP):
                words = self.words(at + 0x38, 4)
                if struct.pack("<IxxxxII", words[0], *words[2:])[:16] == \
                        ARM64_MAGIC + bytes(4) + QUOIN_MAGIC:
                    yield at, HEADER.unpack(self.read(at + 0x40, HEADER.size))

    def poke(self, address, value):
        """Write a 32-bit word, through a gdb server made for it: QMP itself cannot. False: in use."""
        if re.search(r"(?m)^gdb:", self.monitor("info chardev")):
            return False
        if self.command("query-status")["status"] != "running":
            return False
        path = tempfile.mktemp(prefix="gdb-", dir=os.path.dirname(self.path))
        self.monitor(f"gdbserver unix:{path},server=on,wait=off")
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(path)
                for packet in ("Qqemu.PhyMemMode:1",
                               f"M{address:x},4:{struct.pack('<I', value).hex()}", "D"):
                    self.packet(s, packet)
        except OSError:
            return False
        finally:
            self.monitor("gdbserver none")
            if os.path.exists(path):
                os.unlink(path)
            if self.command("query-status")["status"] != "running":
                self.command("cont")
        return True

    @staticmethod
    def packet(s, text):
        s.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        got, until = b"", time.time() + 20
        while not re.search(rb"\$[^#]*#..", got):
            if time.time() > until:
                raise OSError("no answer")
            got += s.recv(4096)
        s.sendall(b"+")
        if b"$OK#" not in got:
            raise OSError(got.decode(errors="replace"))
