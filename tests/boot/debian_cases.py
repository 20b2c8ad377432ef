# SPDX-License-Identifier: Apache-2.0
"""Debian guests that use their devices as people do: file systems, fio, iperf3, suspend, restarts."""
from case import Case
from debian import DEVICES, FILES, TROUBLE, Debian, boot_pair, fio, line
from machine import Failure, image
from trouble import build


def words(**kw):
    return " ".join(f"{k}={v}" for k, v in kw.items())


def disks(**kw):
    """The root file system on a disk, every kind of disk under fio, file systems, swap; a restart keeps what was written."""
    def body(start):
        m = start(build("debian-disks", [line("debian", ("/disks/root.img", "ram:48M name ram", "</disks/root.img name ro"))],
                        FILES, options=f"-v\n{DEVICES}"), **kw)
        d = Debian(m).boots()
        d.sh("grep -q ' / ext4 rw' /proc/mounts && [ $(cat /sys/block/vda/mq/*/cpu_list | wc -l) = 2 ]")
        d.sh("[ $(cat /sys/block/vdb/serial) = ram ] && [ $(cat /sys/block/vdc/ro) = 1 ]")
        # A file of random bytes, on the disk alone after the caches are dropped.
        d.sh("head -c 6000000 /dev/urandom >/root/r; md5sum /root/r >/root/sum; sync; "
             "echo 3 >/proc/sys/vm/drop_caches; md5sum -c /root/sum")
        d.sh(fio("/root/job", size="6m"))
        d.sh(fio("/dev/vdb", size="16m", depth=32, more="--numjobs=2 --offset_increment=16m --group_reporting"))
        d.sh(fio("/dev/vdb", rw="randrw", bs="512-128k", size="8m", more="--bsrange=512-128k"))
        d.sh(fio("/dev/vdc", rw="randread", size="4m"))
        d.sh("! dd if=/dev/zero of=/dev/vdc bs=4k count=1 oflag=direct 2>/dev/null")
        d.sh("cmp -n 4194304 /dev/vdc /dev/vdc")
        # Discard and write zeroes; big requests.
        d.sh("dd if=/dev/urandom of=/dev/vdb bs=4M count=4 oflag=direct 2>/dev/null && blkdiscard -z -o 4M -l 4M /dev/vdb && "
             "cmp -n 4194304 -i 4194304:0 /dev/vdb /dev/zero && blkdiscard /dev/vdb")
        d.sh("mke2fs -q -t ext4 /dev/vdb && mount -o discard /dev/vdb /mnt && cp -r /usr/sbin /mnt && sync && "
             "rm -rf /mnt/sbin && fstrim -v /mnt && umount /mnt && e2fsck -fn /dev/vdb")
        d.sh("mkswap /dev/vdb && swapon -d /dev/vdb && swapoff /dev/vdb")
        d.sh("head -c 4096 /dev/hwrng | od -An -v -tx1 | sort -u | wc -l")
        d.sh("sync")
        m.send("reboot -f\n")
        m.expect(r"the guest asked for a reset, restarting", 60)
        d.boots()
        d.sh("md5sum -c /root/sum")
        d.poweroff()
        m.ends()
        m.never(TROUBLE)
    return Case("debian disks " + words(**kw), ["debian"], body)


def debian_cases(full):
    cases = [disks(gic=3, smp=2)]
    if full:
        cases += [disks(gic=2, smp=2, cpu="cortex-a53")]
    return cases
