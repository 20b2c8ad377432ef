# SPDX-License-Identifier: Apache-2.0
"""Debian guests that use their devices as people do: file systems, fio, iperf3, suspend, restarts."""
import hashlib
import os
import time

import gptdisk
from case import Case
from debian import (DEVICES, FILES, TROUBLE, Debian, at_the_shell, boot_pair, contents, disk_copy, e2fsck, fio, line,
                    partitioned)
from machine import BUILD, Failure
from trouble import build

# One instruction is a nanosecond and nothing waits: network and scheduling do not depend on the machine's load.
ICOUNT = {"smp": 1, "cpu": "neoverse-n1", "args": ("-icount", "shift=0,sleep=off")}
NET = "vdev virtio-net name eth peer lan"


def words(args=(), **kw):
    return " ".join([f"{k}={v}" for k, v in kw.items()] + (["icount"] if args else []))


def drive(serial, kind, path):
    """QEMU's words for a disk of the machine."""
    return ("-drive", f"file={path},format=raw,if=none,id={serial}", "-device", f"{kind},drive={serial},serial={serial}")


def disks(**kw):
    """The root on a disk; every kind of disk under fio, file systems, discard, swap; a restart keeps what was written."""
    def body(start):
        zeros, halves = f"{BUILD}/debian-real.disk", f"{BUILD}/debian-halves.disk"
        with open(zeros, "wb") as f:
            f.truncate(24 << 20)
        gptdisk.make(halves, 48 << 20, [(2048, 51199, "6a0f9d3e-1b7c-4c6e-9d1b-0a5a7c1e2f33", "half"),
                                        (51200, 90000, "6a0f9d3e-1b7c-4c6e-9d1b-0a5a7c1e2f34", "other")])
        m = start(build("debian-disks", [line("debian", ("/disks/root.img", "ram:48M name ram", "</disks/root.img name ro",
                                                         "ram:16M legacy name old", "/dev/disk/by-serial/real",
                                                         "/dev/disk/by-partlabel/half"))],
                        FILES, options=f"-v\n{DEVICES}"), **kw,
                  args=(*drive("real", "virtio-blk-device", zeros), *drive("halves", "virtio-blk-pci", halves)))
        d = Debian(m).boots()
        d.sh("grep -q ' / ext4 rw' /proc/mounts && [ $(cat /sys/block/vda/mq/*/cpu_list | wc -l) = 2 ]")
        d.sh("[ $(cat /sys/block/vdb/serial) = ram ] && [ $(cat /sys/block/vdc/ro) = 1 ]")
        # A file of random bytes, on the disk alone after the caches are dropped.
        d.sh("head -c 6000000 /dev/urandom >/root/r; md5sum /root/r >/root/sum; sync; "
             "echo 3 >/proc/sys/vm/drop_caches; md5sum -c /root/sum")
        d.sh(fio("/root/job", size="6m"))
        d.sh(fio("/dev/vdb", size="16m", depth=32, more="--numjobs=2 --offset_increment=16m --group_reporting"))
        d.sh(fio("/dev/vdb", rw="randrw", bs="512-128k", size="8m"))
        d.sh(fio("/dev/vdc", rw="randread", size="4m"))
        d.sh(fio("/dev/vdd", rw="randrw", size="4m"))
        d.sh("! dd if=/dev/zero of=/dev/vdc bs=4k count=1 oflag=direct 2>/dev/null")
        for disk in ("/dev/vde", "/dev/vdf"):  # a disk of the machine, a partition of another
            d.sh(fio(disk, size="8m", depth=32, more="--numjobs=2 --offset_increment=8m --group_reporting --fsync=100"))
            d.sh(fio(disk, rw="randrw", bs="512-128k", size="8m"))
            d.sh(f"blkdiscard -z -l 4M {disk} && cmp -n 4194304 {disk} /dev/zero && blkdiscard {disk} && "
                 f"mke2fs -q -t ext4 {disk} && mount {disk} /mnt && cp -r /usr/sbin /mnt && umount /mnt")
        # Discard and write zeroes; big requests.
        d.sh("dd if=/dev/urandom of=/dev/vdb bs=4M count=4 oflag=direct 2>/dev/null && blkdiscard -z -o 4M -l 4M /dev/vdb && "
             "cmp -n 4194304 -i 4194304:0 /dev/vdb /dev/zero && ! cmp -s -n 4096 /dev/vdb /dev/zero && blkdiscard /dev/vdb")
        d.sh("mke2fs -q -t ext4 /dev/vdb && mount -o discard /dev/vdb /mnt && cp -r /usr/sbin /mnt && sync && "
             "rm -rf /mnt/sbin && fstrim -v /mnt && umount /mnt && e2fsck -fn /dev/vdb")
        d.sh("mkswap /dev/vdb && swapon -d /dev/vdb && swapoff /dev/vdb")
        said = d.sh("head -c 4096 /dev/hwrng | od -An -v -w1 -tx1 | sort -u | wc -l")
        if int(said.split()[-1]) < 200:
            raise Failure(f"hwrng gives {said} different bytes")
        d.sh("sync")
        m.send("reboot -f\n")
        m.expect(r"the guest asked for a reset, restarting", 60)
        d.boots()
        d.sh("md5sum -c /root/sum")
        d.poweroff()
        m.ends()
        m.never(TROUBLE)
        e2fsck(zeros)
        with open(halves, "rb") as f:  # nothing outside the partition was written
            f.seek(51200 * 512)
            if f.read((90000 - 51200) * 512).strip(b"\0"):
                raise Failure("the other partition was written to")
    return Case("debian disks " + words(**kw), ["debian"], body)


def network(**kw):
    """iperf3 in all its ways between two, floods of pings, offloads on and off."""
    def body(start):
        m = start(build("debian-net", [line(n, more=f"{NET} vdev virtio-vsock cid {cid} peer lan shell on", cpus=kw.get("cpus", "cpu"))
                                       for n, cid in (("one", 41), ("two", 42))], FILES,
                        options=f"-v\n{DEVICES}"), **{k: v for k, v in kw.items() if k != "cpus"})
        one, two = boot_pair(m)
        one.sh("ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; iperf3 -s -D")
        two.sh("ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up; ping -c 2 -w 20 10.0.0.1")
        for feature in ("tcp-segmentation-offload", "tx-checksumming", "rx-checksumming", "scatter-gather"):
            two.sh(f"ethtool -k eth0 | grep '{feature}: on'")

        def iperf(more):
            # What was received, in bytes: the file says so behind `"sum_received"`.
            two.sh(f"iperf3 -J -c 10.0.0.1 {more} >/tmp/i || {{ tail -n 5 /tmp/i; false; }}")
            two.sh("grep -A4 -E '\"sum(_received)?\":' /tmp/i | grep '\"bytes\":' | grep -v ' 0,'")
        iperf("-n 24M")
        iperf("-n 24M -R")
        iperf("-n 16M -P 4")
        iperf("-n 4M -u -b 100M")
        two.sh("ping -q -f -c 300 10.0.0.1 && ping -q -f -s 20000 -c 50 10.0.0.1")
        two.sh("ethtool -K eth0 tso off gso off gro off tx off sg off")
        two.sh("ethtool -k eth0 | grep -q 'tcp-segmentation-offload: off'")
        iperf("-n 6M")
        iperf("-n 6M -R")
        one.sh("ethtool -K eth0 tso off gso off gro off tx off sg off")
        iperf("-n 4M")
        two.sh("ethtool -K eth0 tx on sg on tso on gso on gro on")
        iperf("-n 8M")
        # Sockets between the two, an echo and a bulk of bytes that come back; the monitor's shell.
        one.sh("(socat VSOCK-LISTEN:1234,fork EXEC:cat &) 2>/dev/null; sleep 1")
        two.sh("head -c 2000000 /dev/urandom >/tmp/r; echo hello | socat -t 10 - VSOCK-CONNECT:41:1234 | grep hello && "
               "socat -t 20 - VSOCK-CONNECT:41:1234 </tmp/r | cmp - /tmp/r")
        two.sh("! echo x | socat - VSOCK-CONNECT:41:99 2>/dev/null")
        one.sh("(echo vms; sleep 1; echo quit) | socat -t 5 - VSOCK-CONNECT:2:23 | grep 'two .*running'")
        # IPv6 and multicast; an address that is not the card's is dropped by the switch.
        two.sh("sleep 2; ping -c 3 ff02::1%eth0 | grep -q 'duplicates\\|DUP'")
        two.sh("ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:05; ip link set eth0 up; "
               "! ping -c 2 -w 3 10.0.0.1")
        for d in (one, two):
            d.sh("! nstat -az | grep -E 'InCsumErrors +[1-9]'")
            d.poweroff()
        m.ends()
        m.never(TROUBLE)
    return Case("debian network " + words(**kw), ["debian"], body)


def power_cycle(kind, part=False, **kw):
    """The machine loses its power while a Debian writes to its root on a real disk: what was synced is there, and e2fsck is content."""
    def body(start):
        disk, at = partitioned("debian-power") if part else (disk_copy("debian-power"), 0)
        name = "by-partlabel/root" if part else "by-serial/root"
        path = build("debian-power", [line("debian", (f"/dev/disk/{name}",))], FILES[:2], options=f"-v\n{DEVICES}")
        for cycle in range(2):
            m = start(path, args=drive("root", kind, disk), **kw)
            d = Debian(m).boots()
            if cycle:
                d.sh("md5sum -c /root/sum")
            d.sh(fio("/root/job", size="4m"))
            said = d.sh("head -c 3000000 /dev/urandom >/root/r; md5sum /root/r | tee /root/sum; sync")
            d.sh("(cat /dev/urandom >/root/x) & (while :; do echo x >>/root/y; sync; done) & sleep 2")
            m.never(TROUBLE)
            m.__exit__()
            if at:
                with open(disk, "rb") as f, open(disk + ".part", "wb") as to:
                    f.seek(at)
                    to.write(f.read(os.path.getsize(FILES[2][1])))
            fs = disk + ".part" if at else disk
            e2fsck(fs)
            if hashlib.md5(contents(fs, "/root/r")).hexdigest() not in said:
                raise Failure(f"/root/r of {fs} is not what was synced: {said}")
        os.remove(disk)
    return Case(f"debian power cycle {kind}{' partition' if part else ''} " + words(**kw), ["debian"], body)


def rebind(d, driver, device, rounds, load, after):
    """The driver goes and comes while a load runs on its device."""
    d.sh(f"n=$(basename $(readlink -f {device})); cd /sys/bus/virtio/drivers/{driver}; "
         f"for i in $(seq {rounds}); do ({load}) >/dev/null 2>&1 & sleep 0.4; echo $n >unbind && echo $n >bind || break; "
         f"kill $! 2>/dev/null; wait; {after}; done; cd /; [ $i = {rounds} ]", 60 + 20 * rounds)


def hardship(rounds, **kw):
    """Drivers that come and go, pauses, suspends and restarts while fio and iperf3 run; the peer goes on."""
    def body(start):
        m = start(build("debian-hardship", [line(n, ("/disks/root.img", "ram:16M"), more=NET) for n in ("one", "two")],
                        FILES, options=f"-v\n{DEVICES}"), **kw)
        one, two = boot_pair(m)
        up = "ip addr add 10.0.0.%d/24 dev eth0; ip link set eth0 up"
        one.sh(up % 1 + "; iperf3 -s -D; echo enabled >/sys/class/tty/ttyAMA0/power/wakeup")
        two.sh(up % 2 + "; iperf3 -s -D; ping -c 2 -w 30 10.0.0.1")
        busy = ("(fio --name=x --filename=/dev/vdb --rw=randwrite --bs=16k --iodepth=32 --ioengine=libaio --direct=1 --size=16m "
                "--verify=crc32c --time_based --runtime=10 >/tmp/busy 2>&1; echo fio $? >>/tmp/busy) &")

        two.sh("(while :; do iperf3 -c 10.0.0.1 -t 5 --connect-timeout 2000; sleep 1; done) >/dev/null 2>&1 &")
        rebind(one, "virtio_net", "/sys/bus/virtio/drivers/virtio_net/virtio*", rounds, "true", up % 1)
        rebind(one, "virtio_rng", "/sys/bus/virtio/drivers/virtio_rng/virtio*", rounds, "cat /dev/hwrng", "true")
        rebind(one, "virtio_blk", "/sys/block/vdb/device", rounds,
               "fio --name=x --filename=/dev/vdb --rw=randwrite --bs=16k --iodepth=32 --ioengine=libaio --direct=1 --size=16m", "true")
        one.sh("head -c 32 /dev/hwrng | wc -c; ping -c 2 -w 30 10.0.0.2")
        one.sh(fio("/dev/vdb"))

        one.sh(busy)
        for _ in range(rounds // 2):
            at_the_shell(m, "pause one")
            time.sleep(0.5)
            at_the_shell(m, "resume one")
        one.settles("grep -q '^fio 0' /tmp/busy")

        one.sh(busy)
        for _ in range(rounds // 2):
            one.take()
            m.at = len(m.log)
            m.send("echo mem >/sys/power/state; echo WO''KEN $?\n")
            time.sleep(2)
            while "WOKEN" not in m.log[m.at:]:  # the first key may come while it still falls asleep
                m.send("\n")
                m.read(1)
            m.expect(r"WOKEN 0", 60)
        one.settles("grep -q '^fio 0' /tmp/busy")
        one.sh("ping -c 2 -w 30 10.0.0.2")

        one.sh("head -c 1000000 /dev/urandom >/root/r; md5sum /root/r >/root/sum; sync")
        for _ in range(rounds // 5):
            one.sh(busy + " (cat /dev/urandom >/root/x) & (cat /dev/hwrng >/dev/null) & sleep 1")
            at_the_shell(m, "restart one")
            one.boots_again()
            one.sh(up % 1 + "; iperf3 -s -D; md5sum -c /root/sum && rm -f /root/x && ping -c 2 -w 30 10.0.0.2")
        one.sh("sync; mount -o remount,ro / && e2fsck -fn /dev/vda")
        two.sh("uptime; ping -c 2 -w 30 10.0.0.1")
        for d in (one, two):
            d.poweroff()
        m.ends()
        m.never(TROUBLE)
    return Case("debian hardship " + words(**kw), ["debian"], body)


def debian_cases(full):
    cases = [disks(gic=3, smp=2), network(gic=3, **ICOUNT), hardship(3, gic=3, smp=2),
             power_cycle("virtio-blk-device", gic=3, smp=2), power_cycle("virtio-blk-pci", part=True, gic=2, smp=2, cpu="cortex-a53")]
    if full:
        cases += [disks(gic=2, smp=2, cpu="cortex-a53"), disks(gic=3, smp=4, cpu="max"), network(gic=2, **ICOUNT),
                  network(gic=3, smp=2, cpus="cpu cpu"), hardship(20, gic=3, smp=2), hardship(20, gic=2, smp=1),
                  power_cycle("virtio-blk-pci", gic=3, smp=1), power_cycle("virtio-blk-device", part=True, gic=2, smp=1)]
    return cases
