# SPDX-License-Identifier: Apache-2.0
"""Two Linux guests over named ports of a virtio console and over sockets, and a guest at the monitor's shell."""
from case import Case
from machine import image

ESCAPE = "\x1d"
PROMPT = r"quoin:/root# "


def at(m, number, name, line, want=None, seconds=60):
    """Type a line at a VM; what it answers."""
    m.send(ESCAPE + str(number))
    m.expect(rf"console input goes to {name}", 30)
    m.send(line + "\n")
    return m.expect(want, seconds) if want else None


def ports(m):
    """Named ports: their names, a few bytes, many bytes, and the end of a file when the other side closes."""
    at(m, 1, "one", "cat /sys/class/virtio-ports/vport*/name; stty size </dev/hvc0", r"^org\.quoin\.data\nlog\n", 60)
    m.expect(r"^(43 132|132 43)$", 30)  # kernels differ in the order
    at(m, 1, "one", "for i in $(seq 1 500); do echo hvc $i; done >/dev/hvc0; echo kept >/dev/vport0p2; echo HVC-$((40+2))",
       r"hvc 499\n+hvc 500")
    m.expect(r"HVC-42", 60)
    # With the other side closed a reader would be at the end of the file.
    at(m, 1, "one", "exec 3<>/dev/vport0p1; echo OPEN-$((40+2))", r"OPEN-42")
    at(m, 2, "two", "exec 3<>/dev/vport0p1; cat <&3 >&3 & echo ECHO-$((40+2))", r"ECHO-42")
    at(m, 1, "one", "echo ping-$((40+2)) >&3; head -n 1 <&3", r"^ping-42")
    m.send("head -c 600000 /dev/urandom >/tmp/r; cat /tmp/r >&3 & head -c 600000 <&3 | cmp - /tmp/r && echo PORT-$((40+2))\n")
    m.expect(r"PORT-42", 120)
    at(m, 2, "two", "kill %1; exec 3>&-; echo closed-$((40+2))", r"closed-42")
    at(m, 1, "one", "cat <&3; echo EOF-$((40+2))", r"EOF-42")


def sockets(m):
    """Both directions, 4 MiB; where nobody listens; where one may not."""
    at(m, 2, "two", "vsock serve 5 &")
    at(m, 1, "one", "vsock serve 7 & sleep 1; vsock check 40 5 4096", r"^QUOIN-VSOCK-OK 4194304", 120)
    m.send("vsock check 40 6 64; vsock check 41 5 64\n")
    for _ in range(2):
        m.expect(r"^QUOIN-VSOCK: no connection, error 104", 30)
    at(m, 2, "two", "vsock check 3 7 256", r"^QUOIN-VSOCK-OK 262144", 60)
    m.send("echo vms | vsock connect 2 23\n")
    m.expect(r"^QUOIN-VSOCK: no connection, error 104", 30)


def shell(m):
    """What the monitor's shell says to a guest, and that it does what it is told."""
    at(m, 1, "one", "echo vms | vsock connect 2 23", r"no name +state", 30)
    m.expect(r" 1 one +running", 30)
    m.expect(r" 2 two +running", 30)
    m.expect(PROMPT, 30)
    m.send("echo output one | vsock connect 2 23\n")
    m.expect(r"^kept", 30)
    m.expect(PROMPT, 30)
    m.send("mkfifo /tmp/f; exec 4<>/tmp/f; (vsock connect 40 5 <&4; echo CUT-$((40+2))) & sleep 1; "
           "echo restart two | vsock connect 2 23\n")
    m.expect(r"CUT-42", 60)
    m.expect(r"two: " + PROMPT, 240)
    at(m, 2, "two", "vsock serve 5 &")
    at(m, 1, "one", "sleep 1; vsock check 40 5 64; for i in $(seq 1 200); do vsock check 40 5 64; done | grep -c VSOCK-OK",
       r"^200", 120)


def two_guests(**kw):
    def body(start):
        m = start(image("sockets"), **kw)
        for _ in range(2):
            m.expect(r"(one|two): " + PROMPT, 240)
        ports(m)
        sockets(m)
        shell(m)
        at(m, 2, "two", "poweroff", r"quoin: two: ended, the guest powered off")
        at(m, 1, "one", "poweroff", r"quoin: one: ended, the guest powered off")
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|quoin: panic")
    return Case("sockets: ports, sockets, a guest at the shell " + " ".join(f"{k}={v}" for k, v in kw.items()),
                ["sockets"], body)


def sockets_cases(full):
    cases = [two_guests(gic=3, smp=2)]
    if full:
        cases += [two_guests(gic=2, smp=1), two_guests(gic=3, smp=4, cpu="max")]
    return cases
