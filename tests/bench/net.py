# SPDX-License-Identifier: Apache-2.0
"""TCP between two Linux guests: iperf3 over a link, with all offloads, on one CPU."""
import re

from lib import GUESTS, fail, find, make_from, qemu, result

QUIET = ("randomize_kstack_offset=off quiet loglevel=1 nokaslr mitigations=off kpti=off console=ttyAMA0 "
         "quoin.test=iperf")
MIB = (64, 320)  # two runs: what lies between them is free of booting and connecting


def vm(name, peer, words, gic):
    places = "gicr 0x080a0000" if gic == 3 else "gicc 0x08010000"
    return (f'system {name} cpu runmask 0 ram 0x40000000,256M load /guests/linux/Image '
            f'initrd load /guests/linux/net.cpio cmdline "{QUIET} {words}" '
            f"vdev gic loc 0x08000000 {places} vdev pl011 loc 0x09000000 intr gic:33 hostdev - "
            f"vdev virtio-net name eth peer /dev/qvm/{peer}/eth")


def run(mib, gic):
    """EL2's instructions, trapped notifications, payload bytes, and iperf3's bits a second, of one run."""
    image = make_from("net", [vm("server", "client", "quoin.ip=10.0.0.1/24", gic),
                              vm("client", "server", f"quoin.ip=10.0.0.2/24 quoin.server=10.0.0.1 quoin.bytes={mib}M", gic)])
    text = qemu("-kernel", image, gic=gic)
    counts = re.findall(r"el2_instructions=(\d+)", text)
    notifies = re.findall(r"virtio-net .* (\d+) notifies", text)
    if len(counts) != 2 or len(notifies) != 2:
        fail(f"iperf3 between guests, {mib} MiB:\n{text[-2000:]}")
    return (int(counts[-1]), sum(map(int, notifies)), received(text), rate(text))


def received(text):
    return int(find(r"QUOIN-IPERF received bytes=(\d+)", text, "iperf3").group(1))


def rate(text):
    return int(find(r"QUOIN-IPERF received .*bits_per_second=(\d+)", text, "iperf3").group(1))


def native():
    """Two of QEMU's own cards in one Linux without hypervisor, the second one in a network namespace."""
    cards = [w for i in (0, 1) for w in ("-netdev", f"hubport,id=n{i},hubid=0",
                                         "-device", f"virtio-net-device,netdev=n{i},mac=52:54:00:00:00:0{i + 1}")]
    words = f"{QUIET} quoin.ip=10.0.0.2/24 quoin.other=10.0.0.1/24 quoin.server=10.0.0.1 quoin.bytes={MIB[0]}M"
    return rate(qemu("-kernel", f"{GUESTS}/linux/Image", "-initrd", f"{GUESTS}/linux/net.cpio", *cards,
                     "-append", words, machine="virt", mem="512M"))


def measure():
    for gic, suffix in ((3, ""), (2, "_gicv2")):
        (el2, notifies, got, _), (el2_more, notifies_more, got_more, bits) = (run(m, gic) for m in MIB)
        got = got_more - got
        result["net_bytes_per_el2" + suffix] = round(got / (el2_more - el2), 2)
        result["net_notify_per_mib" + suffix] = round((notifies_more - notifies) * 2**20 / got, 1)
        result["net_mbit" + suffix] = bits // 10**6
    result["net_mbit_native"] = native() // 10**6
