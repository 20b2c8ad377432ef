# SPDX-License-Identifier: Apache-2.0
"""Guests in the network of the machine's card: addresses by DHCP, bytes to and from a server outside."""
import hashlib
import os
import socket
import threading

from case import Case
from machine import Failure, image
from shell_cases import Operator
from trouble import build, guest

ESCAPE = "\x1d"
SIZE = 3 << 20
ROM = ",romfile="  # the card's own boot code is another package, and not wanted


class Server:
    """On this machine, which guests see as 10.0.2.2: sends `data` to whoever connects, and takes what comes."""

    def __init__(self):
        self.data = os.urandom(SIZE)
        self.taken = []
        self.down, self.up = self.listen(self.send), self.listen(self.take)

    def listen(self, serve):
        s = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.loop, args=(s, serve), daemon=True).start()
        return s

    @staticmethod
    def loop(s, serve):
        while True:
            try:
                c = s.accept()[0]
            except OSError:
                return
            with c:
                serve(c)

    def send(self, c):
        c.sendall(self.data)

    def take(self, c):
        h = hashlib.md5()
        while data := c.recv(65536):
            h.update(data)
        self.taken.append(h.hexdigest())

    @staticmethod
    def port(s):
        return s.getsockname()[1]

    def close(self):
        for s in (self.down, self.up):
            s.close()


DHCP = ("printf '#!/bin/sh\\n[ $1 = bound ] && ifconfig $interface $ip netmask $subnet && "
        "route add default gw $router\\n' >/tmp/dhcp; chmod 755 /tmp/dhcp; "
        "ip link set eth0 up; udhcpc -i eth0 -n -q -s /tmp/dhcp >/tmp/lease 2>&1; grep -o 'lease of [0-9.]*' /tmp/lease\n")


def address(m, number):
    """The guest asks for an address; which one it has got."""
    m.send(f"{ESCAPE}{number}")
    m.expect(r"console input goes to", 30)
    m.send(DHCP)
    return m.expect(r"^lease of (10\.0\.2\.\d+)\n", 90).group(1)


def both_ways(m, server, tag):
    want = hashlib.md5(server.data).hexdigest()
    m.send(f"nc 10.0.2.2 {server.port(server.down)} </dev/null >/tmp/got; md5sum /tmp/got; echo {tag}-$((40+2))\n")
    m.expect(want, 120)
    m.expect(f"{tag}-42", 30)
    m.send(f"nc 10.0.2.2 {server.port(server.up)} </tmp/got; echo {tag}-$((40+3))\n")
    m.expect(f"{tag}-43", 120)


def guests(device, gic, **kw):
    """Two guests on one card: each reaches the outside, and the other."""
    def body(start):
        server = Server()
        args = ["-netdev", "user,id=net", "-device", f"{device},netdev=net" + ROM * ("pci" in device)]
        m = start(image("uplink"), gic=gic, args=args, **kw)
        m.expect(r"quoin: /dev/nic0: virtio-(mmio|pci), 52:54:00:12:34:56", 120)
        for _ in range(2):
            m.expect(r"(one|two): quoin:/root# ", 240)
        first = address(m, 1)
        both_ways(m, server, "ONE")
        second = address(m, 2)
        if first == second:
            raise Failure(f"both have {first}")
        both_ways(m, server, "TWO")
        m.send(f"ping -c 3 {first}\n")
        m.expect(r"3 packets received", 60)
        for number in (2, 1):
            m.send(f"{ESCAPE}{number}")
            m.send("poweroff\n")
            m.expect(r"ended, the guest powered off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|panic")
        want = hashlib.md5(server.data).hexdigest()
        server.close()
        if server.taken != [want] * 2:
            raise Failure(f"sent {want}, came {server.taken}")
    return Case(f"uplink: two guests, {device} gic={gic}", ["uplink"], body)


def no_card():
    """A VM that wants a card that is not there does not start; the other does."""
    def body(start):
        lines = ["    qvm system lost cpu ram 0x80000000,64M load /guests/hello.bin "
                 "vdev virtio-net peer /dev/nic1",
                 "    qvm system good cpu ram 0x80000000,64M load /guests/hello.bin "
                 "vdev pl011 loc 0x1c090000 intr gic:37 hostdev -"]
        m = start(build("no-card", lines, [guest("hello.bin")], "\n    vdev-virtio-net"))
        m.expect(r"startup:\d+:\d+: error: vdev virtio-net: '/dev/nic1': there is no such network card", 60)
        m.at = 0  # either may be first
        m.expect(r"quoin: good: ended", 60)
        m.ends()
        m.never("panic")
    return Case("uplink: no such card", ["hello"], body)


def link(gic=3):
    """The cable is pulled and put back: the guest sees it, the shell shows it."""
    def body(start):
        args = ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net" + ROM]
        m = start(image("uplink"), gic=gic, args=args)
        m.expect(r"quoin: /dev/nic0: link up", 120)
        op = Operator(m)
        op.enter()
        op.ask("nics", r"^/dev/nic0 +52:54:00:12:34:56 +virtio-pci, link up,.*in use$")
        op.ask("poweroff now", r"quoin: one: ")
        m.ends()
    return Case("uplink: in the shell", ["uplink"], body)


def uplink_cases(full):
    cases = [guests("virtio-net-pci", gic=3), no_card()]
    if full:
        cases += [guests("virtio-net-device", gic=2), guests("virtio-net-pci", gic=2, smp=1), link()]
    return cases
