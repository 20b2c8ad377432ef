# SPDX-License-Identifier: Apache-2.0
"""What only the running machine can say of a `pass`: functions that are not there, lines that two VMs would share,
what is left for `pass rest`. The VM in question does not start, the others do."""
from case import Case
from shell_cases import Operator
from trouble import build, guest

VIRT = "virt,virtualization=on,iommu=smmuv3"
ARGS = ["-device", "edu,addr=3", "-device", "edu,addr=7", "-device", "edu,addr=0xb"]


def line(name, ram, words):
    return (f"    qvm system {name} cpu ram {ram},16M load /guests/steady.bin "
            f"vdev pl011 loc 0x1c090000 intr gic:37 hostdev - {words}")


def refused():
    """Each at its own line of the start script; the good ones run."""
    def body(start):
        lines = [line("good", "0x80000000", "pass pci:0:3.0 pass dt:/pl031@9010000"),
                 line("nofn", "0x80000000", "pass pci:0:9.0"),
                 line("shared", "0x80000000", "pass pci:0:7.0"),
                 line("same", "0x80000000", "pass pci:0x1234/0x11e8"),
                 line("page", "0x80000000", "pass loc 0x9010000,0x1000,rwn"),
                 line("mine", "0x80000000", "pass dt:serial0"),
                 line("beyond", "0x80000000", "pass intr gic:40=700"),
                 line("quiet", "0x80000000", "pass pci:0:11.0 intx none")]
        m = start(build("pass-check", lines, [guest("steady.bin")]), gic=3, machine=VIRT, args=ARGS)
        for text in (r"error: the board has no PCI 00:09.0",
                     r"error: PCI 00:07.0 shares interrupt 38 with PCI 00:03.0 of VM 'good', at \S+: expected 'intx none'",
                     r"error: PCI device 0x1234/0x11e8 is passed to VM 'good' already, at ",
                     r"error: host range at 0x9010000 is passed to VM 'good' already, at ",
                     r"error: host range at 0x9000000, size 0x1000, is the monitor's console",
                     r"error: host interrupt 700: the board's GIC has 32 to 287"):
            m.at = 0
            m.expect(text)
        m.at = 0
        m.expect(r"^quiet: tick \d")
        m.expect(r"^good: tick \d")
        m.at = 0
        for name in ("nofn", "shared", "same", "page", "mine", "beyond"):
            m.expect(rf"quoin: {name}: not started")
        m.never(r"^(nofn|shared|same|page|mine|beyond): tick|panic|GUEST-FAULT")
        op = Operator(m)
        op.enter()
        op.ask("poweroff now", r"quoin: good: ")
        m.ends()
    return Case("pass: refused where the machine says so", ["hello"], body)


def pass_check_cases(full):
    return [refused()]
