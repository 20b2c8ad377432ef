# SPDX-License-Identifier: Apache-2.0
"""Virtio devices with the drivers of an unmodified Linux."""
from case import Case
from machine import Failure, image
from trouble import build

ESCAPE = "\x1d"


def both_at_their_shells(start, **kw):
    """What is typed next is for the first."""
    m = start(image("virtio"), **kw)
    for _ in range(2):
        m.expect(r"(one|two): quoin:/root# ", 240)
    m.send(ESCAPE + "1")
    m.expect(r"console input goes to one", 30)
    return m


def two_guests(**kw):
    """A disk written and read back, random numbers, and a network between two VMs."""
    def body(start):
        m = both_at_their_shells(start, **kw)
        m.send("dd if=/dev/urandom of=/tmp/r bs=1M count=8 && dd if=/tmp/r of=/dev/vda bs=64k conv=fsync && "
               "echo 3 > /proc/sys/vm/drop_caches; cmp -n 8388608 /tmp/r /dev/vda && echo DISK-$((40+2))\n")
        m.expect(r"DISK-42", 120)
        m.send("cat /sys/block/vda/serial; echo; head -c 64 /dev/hwrng | wc -c\n")
        m.expect(r"^scratch$", 60)
        m.expect(r"^64$", 60)
        m.send("for i in $(seq 1 2000); do echo hvc $i; done >/dev/hvc0; echo HVC-$((40+2))\n")
        m.expect(r"hvc 1999\n+hvc 2000", 60)
        m.expect(r"HVC-42", 60)
        m.send("ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; nc -l -p 5000 >/tmp/got; "
               "cmp /tmp/got /tmp/r || md5sum /tmp/got\n")
        m.send(ESCAPE + "2")
        m.expect(r"console input goes to two", 30)
        m.send("ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up; ping -c 3 10.0.0.1\n")
        m.expect(r"3 packets received", 60)
        m.send("dd if=/dev/urandom of=/tmp/x bs=1M count=4; md5sum /tmp/x; nc 10.0.0.1 5000 </tmp/x; echo SENT\n")
        sent = m.expect(r"([0-9a-f]{32})  /tmp/x", 60).group(1)
        m.expect(r"^SENT", 120)
        m.expect(rf"{sent}  /tmp/got", 60)
        m.send("poweroff\n")
        m.expect(r"quoin: two: ended, the guest powered off", 60)
        m.send(ESCAPE + "1")
        m.send("poweroff\n")
        m.expect(r"quoin: one: ended, the guest powered off", 60)
        m.ends()
        m.never(r"Call trace|Kernel panic|rcu: INFO|I/O error")
    return Case("virtio: disk, random numbers, network " + " ".join(f"{k}={v}" for k, v in kw.items()),
                ["virtio"], body)


def unbind_and_restart(**kw):
    """Drivers come and go, and the VM restarts, while its disk is busy."""
    def body(start):
        m = both_at_their_shells(start, **kw)
        m.send("cd /sys/bus/virtio/drivers/virtio_blk; for i in 1 2 3 4 5; do "
               "dd if=/dev/zero of=/dev/vda bs=64k count=300 2>/dev/null & echo virtio0 >unbind; "
               "wait; echo virtio0 >bind; done; ls /dev/vda && echo BOUND-$((40+2))\n")
        m.expect(r"BOUND-42", 120)
        m.send("cd /; (while :; do dd if=/dev/zero of=/dev/vda bs=64k; done) 2>/dev/null & sleep 1; "
               "ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; reboot -f\n")
        m.expect(r"one: the guest asked for a reset, restarting", 60)
        m.expect(r"one: Linux|^Linux", 120)
        m.expect(r"quoin:/root# ", 120)
        m.send("dd if=/dev/vda bs=1M | wc -c\n")
        m.expect(r"^33554432", 60)
        m.never(r"Call trace|Kernel panic|rcu: INFO|quoin: panic")
    return Case("virtio: unbind, bind, restart " + " ".join(f"{k}={v}" for k, v in kw.items()),
                ["virtio"], body)


def missing_file():
    """A disk that is not in the image is refused before anything boots."""
    def body(start):
        del start
        line = ("    qvm system bad cpu ram 0x80000000,64M load module:0 "
                "vdev virtio-blk hostdev /disks/none.img")
        try:
            build("no-disk", [line])
        except Failure as e:
            if "'/disks/none.img' is not in the image" not in str(e):
                raise
            return
        raise Failure("an image was made")
    return Case("virtio: a disk that is not in the image", ["hello"], body)


def virtio_cases(full):
    cases = [two_guests(gic=3, smp=2), missing_file(), unbind_and_restart(gic=3, smp=2)]
    if full:
        cases += [two_guests(gic=2, smp=1), unbind_and_restart(gic=2, smp=2), two_guests(gic=3, smp=4, cpu="max")]
    return cases
