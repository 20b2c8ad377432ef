# SPDX-License-Identifier: Apache-2.0
"""The monitor's shell at work: two guests that live on, and what an operator asks of them."""
import re
import time

from case import Case
from machine import Failure, image

ESCAPE = "\x1d"
PROMPT = r"quoin> "


class Operator:
    """Types at the shell of machine `m` and reads what it answers."""

    def __init__(self, m):
        self.m = m

    def enter(self):
        self.m.expect(r"Ctrl-\] m is the monitor's shell", 120)
        self.m.send(ESCAPE + "m")
        self.m.expect(r"quoin: console input goes to the monitor's shell")
        self.m.expect(PROMPT)

    def ask(self, line, *wants):
        """The answer to `line` has lines like `wants`, in this order; lines of guests may stand between."""
        self.m.at = len(self.m.log)
        self.m.send(line + "\r")
        for want in wants:
            self.m.expect(want)

    def ask_until(self, line, want, times=50):
        """Ask again until `want` is in the answer: what is asked for comes a moment later."""
        for _ in range(times):
            self.ask(line, PROMPT)
            if re.search(want, self.m.log[self.m.log.rindex(line):], re.M):
                return
            time.sleep(0.1)
        raise Failure(f"{line}: no /{want}/")


def ticks(m, name, count=3, seconds=60):
    """`count` lines of the guest, each with the next number."""
    last = None
    for _ in range(count):
        got = int(m.expect(rf"{name}: tick (\d+)\n", seconds).group(1))
        if last is not None and got != last + 1:
            raise Failure(f"{name}: tick {got} after tick {last}")
        last = got
    return last


def looks(**kw):
    """Each command that shows something, while both guests run; they do not notice."""
    gic = kw["gic"]

    def body(start):
        m = start(image("two-steady"), **kw)
        op = Operator(m)
        op.enter()
        op.ask("help", r"^vms +VMs: ")
        op.ask("version", rf"^Quoin, build [0-9a-f]{{16}}, on \S+, GICv{gic}$")
        op.ask("uptime", r"^up 0:00:\d\d, 2 CPUs, \d+ of \d+ KiB free$")
        op.ask("vms", r"^ 1 one +running +2 +65536K +1 +\d+\.\d%  -$", r"^ 2 two +running +2 ")
        op.ask("vcpus", r"^one\.0 +\w+ +\d +10r +all +\d+\.\d% +\d+$")
        op.ask("vcpus two", r"^two\.0 ", r"^two\.1 ")
        op.ask("cpus", r"^  0 arm,cortex-a57 +[0-9a-f]+ +\d+ +\d+\.\d% \S+$", r"^  1 ")
        op.ask("threads", r"^shell +running ")
        op.ask("exits one", r"^mmio +\d+$")
        op.ask("exits one 1", r"^vtimer +\d+$")
        op.ask("mem", r"^RAM +40000000-")
        op.ask("mem one", r"^ram +80000000-000083ffffff +65536 KiB at [0-9a-f]+$", r"^pl011 +1c090000-")
        op.ask("irqs", r"^ +\d+ virtual timers$")
        op.ask("irqs one", r"^   27    0 .*enabled.* virtual timer\n")
        op.ask("devices one", r"^one +pl011 +1c090000 +37 (high|low ) +0$", r"^ +cr ")
        op.ask("log 3", r"^\[ *\d+\.\d+\] ")
        op.ask("regs one", r"^x0  [0-9a-f]{16}  x1 ", r"^sp_el0 ", r"^sctlr ", r"^vbar ")
        op.ask("md one 0x80000038 4", r"^0080000038  41 52 4d 64 +ARMd$")
        for line, answer in (("frob", r"^no command 'frob', help lists them$"),
                             ("stop", r"^expected: stop VM\|all$"),
                             ("stop three", r"^no VM 'three', there is: one two$"),
                             ("md one 1x", r"^'1x' is not a number, expected "),
                             ("md one 0", r"^one: no RAM or ROM at 0x0$"),
                             ("regs one 7", r"^one: no vCPU 7 now$"),
                             ("poweroff", r"^expected: poweroff now$")):
            op.ask(line, answer)
        ticks(m, "one")
        ticks(m, "two")
        m.never(r"GUEST-FAULT|panic")
        op.ask("poweroff now", r"quoin: two: ")
        m.ends()
    return Case(f"shell looks gic={gic} smp=2", ["two-steady"], body)


def steers(**kw):
    """The life of one VM from the shell, beside another that goes on."""
    gic = kw["gic"]

    def body(start):
        m = start(image("two-steady"), **kw)
        op = Operator(m)
        op.enter()
        ticks(m, "one", 1)
        op.ask("pause one", r"^one: paused$")
        at = m.at
        ticks(m, "two", 4)
        if re.search(r"one: tick", m.log[at:m.at]):
            raise Failure("a paused VM ticks")
        op.ask("vcpus one", r"^one\.0 +paused ")
        op.ask("regs one 1", r"^x0 ")
        op.ask("pause one", r"^one: cannot pause, it is paused$")
        op.ask("resume one", r"^one: running$")
        ticks(m, "one")
        op.ask("restart one", r"^one: running$")
        m.expect(r"one: tick 1\n")
        op.ask("vms", r"^ 1 one +running +2 +65536K +2 ", r"^ 2 two +running +2 +65536K +1 ")
        op.ask("stop one", r"^one: ended$")
        op.ask("regs one", r"^one: no vCPU 0 now$")
        op.ask("vms", r"^ 1 one +ended .* stopped$")
        op.ask("stop one", r"^one: cannot stop, it is ended$")
        ticks(m, "two")
        op.ask("start 1", r"^one: running$")
        m.expect(r"one: tick 2\n")
        op.ask("kill one", r"one: stopped, killed by the operator")
        ticks(m, "two")
        op.ask("stop all", r"^two: ended$")
        # With the operator there the machine waits for what he wants next; when he leaves, it ends.
        op.ask("start two", r"^two: running$")
        ticks(m, "two", 2)
        op.ask("stop two", r"no VM runs; on-idle waits")
        m.send("quit\r")
        m.expect(r"no VM runs, powering off")
        m.ends()
    return Case(f"shell steers gic={gic} smp=2", ["two-steady"], body)


def edits(**kw):
    """Keys, completion, the way to a VM and back."""
    def body(start):
        m = start(image("two-steady"), **kw)
        op = Operator(m)
        op.enter()
        m.send("vcp\ttw\t\r")
        m.expect(r"^two\.0 ")
        m.send("vsion\x01\x1b[Cer\x1b[F\r")
        m.expect(r"^Quoin, build ")
        m.send("\x1b[A\r")
        m.expect(r"^Quoin, build ")
        m.send("poweroff now\x03uptime\r")
        m.expect(r"^up 0:00:")
        m.send("".join(chr(c) for c in range(1, 32) if chr(c) not in "\r\n\x1d") + "\x7f\x03")
        m.send("focus two\r")
        m.expect(r"quoin: console input goes to two")
        m.send("x")
        m.expect(r"got 0x78")
        m.send(ESCAPE + "m")
        m.expect(PROMPT)
        op.ask("exit", r"quoin: console input goes to two")
        m.send("y")
        m.expect(r"got 0x79")
        m.send(ESCAPE + "mpoweroff now\r")
        m.ends()
    return Case("shell edits gic=3", ["two-steady"], body)


def busy(**kw):
    """Guests that never sleep have taken the CPUs: the shell answers nevertheless."""
    gic = kw["gic"]

    def body(start):
        m = start(image("two-steady"), **kw)
        op = Operator(m)
        m.expect(r"Ctrl-\] m is the monitor's shell", 120)
        ticks(m, "one", 1)
        ticks(m, "two", 1)
        m.send(ESCAPE + "1s")
        m.expect(r"spinning")
        m.send(ESCAPE + "m")
        m.expect(PROMPT)
        op.ask("restart one", r"^one: running$")
        ticks(m, "one", 2)
        # Now one that is not to be interrupted at the usual priority, either.
        m.send(ESCAPE + "1s" + ESCAPE + "2s")
        # Of the VM in front a line has no name, and may stand behind the prompt that it wipes away.
        m.expect(r"(?<!one: )spinning")
        time.sleep(1)  # let the other one say so, too: not in the middle of the answer
        m.send(ESCAPE + "mvms\r")
        m.expect(r"(^|\033\[K) 1 one +running ")
        op.ask("kill two", r"two: stopped, killed by the operator")
        op.ask("stop one", r"^one: ended$")
        m.send("quit\r")
        m.ends()
    return Case(f"shell beside busy guests gic={gic} smp={kw['smp']}", ["two-steady"], body)


def linux(**kw):
    """A look into Linux: where an idle CPU stands there is a WFI, by the kernel's own translation."""
    def body(start):
        m = start(image("linux"), **kw)
        m.expect(r"/root# ", 240)
        m.send(ESCAPE + "m")
        m.expect(PROMPT)
        for _ in range(20):
            pc = int(op_pc(m), 16)
            m.send(f"md linux v:{pc - 4:#x} 4\r")
            if m.expect(r"^[0-9a-f]{16}  (.. .. .. ..) ").group(1) == "7f 20 03 d5":
                break
        else:
            raise Failure("the CPU is never idle")
        m.send("quit\r")
        m.expect(r"quoin: console input goes to linux")
        m.send("\necho still $((6*7))\n")
        m.expect(r"^still 42$")
        m.send("poweroff\n")
        m.expect(r"no VM runs, powering off", 60)
        m.ends()
    return Case(f"shell and Linux gic={kw['gic']}", ["linux"], body)


def op_pc(m):
    m.send("regs linux 0\r")
    return m.expect(r"^x30 .*  pc  ([0-9a-f]{16}) ").group(1)


def shell_cases(full):
    cases = [looks(gic=3), looks(gic=2), steers(gic=3), steers(gic=2), edits(gic=3),
             busy(gic=3, smp=1), busy(gic=2, smp=2), linux(gic=3)]
    if full:
        cases += [looks(gic=3, cpu="max"), steers(gic=3, cpu="cortex-a53"), busy(gic=2, smp=1),
                  busy(gic=3, smp=2), linux(gic=2)]
    return cases
