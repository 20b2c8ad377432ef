# SPDX-License-Identifier: Apache-2.0
"""One console for several VMs: who has the input, how lines look, who waits for whom."""
import re
import time

from case import Case, GUESTS
from machine import BUILD, Failure
from trouble import build, guest, vm

TALK = guest("talk.bin")
ESC = "\x1d"
HELP = r"quoin: Ctrl-\] then 1-8: that VM, n: the next, m: the shell, Ctrl-\]: itself; input goes to "


def goes(name):
    return rf"^quoin: console input goes to {name}$"


def talkers(name, modes, **kw):
    """An image with one VM per word: NAME=MODE."""
    return build(name, [vm(m.split("=")[0], TALK[0], cmdline="talk=" + m.split("=")[1]) for m in modes],
                 [TALK], **kw)


def lines_of(m, owner):
    return [line[len(owner) + 2:] for line in m.log.splitlines() if line.startswith(owner + ": ")]


def focus(**kw):
    """The escape key chooses; each VM gets what was typed for it and nothing else."""
    def body(start):
        m = start(talkers("console-focus", ["a=echo", "b=echo", "c=echo"]), **kw)
        # The first of them that listens, told at length once; they start side by side.
        m.expect(r"^quoin: console input goes to [abc]; Ctrl-\] m is the monitor's shell, Ctrl-\] \? helps$")
        m.at = 0
        m.expect(r"^quoin: console input goes to a(;.*)?$")
        for name in "abc":
            m.at = 0
            m.expect(rf"^{name}: talk: listening")
        m.send("one\r")
        m.expect(r"^a: line 1: 3 bytes, sum \d+: one$")
        m.send(ESC + "2two\r")
        m.expect(goes("b"))
        m.expect(r"^line 1: 3 bytes, sum \d+: two$")
        m.send(ESC + "3" + "three\r")
        m.expect(goes("c"))
        m.expect(r"^line 1: 5 bytes, sum \d+: three$")
        m.send(ESC + "nfour\r")
        m.expect(goes("a"))
        m.expect(r"^line 2: 4 bytes, sum \d+: four$")
        # Half a line each, in turns: the halves meet in the right VM.
        m.send("fi" + ESC + "2" + "six\r" + ESC + "1" + "ve\r")
        at = m.at
        m.expect(r"line 3: 4 bytes, sum \d+: five$")
        m.at = at
        m.expect(r"line 2: 3 bytes, sum \d+: six$")
        m.send(ESC + ESC + "x\r")
        m.expect(r"line 4: 2 bytes, sum 149: \^x$")
        m.send(ESC + "?" + ESC + "x" + ESC + "7")
        m.expect(HELP + "a$")
        m.expect(HELP + "a$")
        m.expect(r"^quoin: no such VM is on the console$")
        m.send("still here\r")
        m.expect(r"line 5: 10 bytes, sum \d+: still here$")
        m.never(r"quoin: panic")
    return Case("console focus " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def paste(**kw):
    """A burst as long as the FIFO is not lost, nor is one much longer while the guest reads."""
    def body(start):
        m = start(talkers("console-paste", ["a=echo", "b=flood"]), **kw)
        m.expect(r"^a: talk: listening")
        for number, size in enumerate((900, 20000), 1):
            burst = "".join(chr(33 + i * 7 % 90) for i in range(size))
            m.send(burst + "\r")
            m.expect(rf"^a: line {number}: {size} bytes, sum {sum(burst.encode())}: ", 120)
    return Case("console paste " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def flood(mode, **kw):
    """A guest that never stops talking: another is heard and typed to at once, no line is mixed."""
    def body(start):
        m = start(talkers(f"console-{mode}", [f"loud={mode}", "a=echo"]), **kw)
        m.expect(r"^loud: ")
        m.at = 0
        m.expect(r"^a: talk: listening")
        for i in range(1, 6):
            m.send(ESC + "2" + f"hello {i}\r")
            m.expect(rf"^line {i}: 7 bytes, sum \d+: hello {i}$")
            m.send(ESC + "1")
            m.expect(goes("loud"))
        m.send(ESC + "2")
        m.expect(goes("a"))
        if mode == "flood":
            said = [line for line in m.log.splitlines() if re.match(r"(loud: )?flood \d+", line)]
            numbers = [int(line.split("flood ")[1].split()[0]) for line in said]
            if numbers != list(range(len(numbers))):
                wrong = next(i for i, n in enumerate(numbers) if n != i)
                raise Failure(f"lines lost or mixed: {said[wrong - 1:wrong + 2]}")
    return Case(f"console beside {mode} " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def unmixed(**kw):
    """Four VMs talk at once: all lines of each come, whole and in order, then the monitor's."""
    def body(start):
        names = [f"vm{i}" for i in range(4)]
        m = start(talkers("console-lines", [f"{n}=lines" for n in names]), **kw)
        m.expect(r"no VM runs, powering off", 180)
        m.ends()
        for name in names:
            want = [f"of QVM-Quoin {name} line {i} " + "-" * (i % 100) + "." for i in range(300)]
            if lines_of(m, name)[:300] != want:
                raise Failure(f"lines of {name} are lost or mixed")
    return Case("console unmixed " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def forged(**kw):
    """Nothing of a VM that is not chosen looks like a line of the monitor or moves the cursor."""
    def body(start):
        m = start(talkers("console-forge", ["a=echo", "bad=forge"]), **kw)
        m.expect(r"^bad: talk: listening")
        bad = lines_of(m, "bad")
        if len([line for line in bad if "forged" in line]) != 5:
            raise Failure(f"expected five lines with the name in front, got {bad}")
        m.never(r"^quoin: forged")
        m.never("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
        m.at = 0
        m.expect(r"forged 5 ä€$")
    return Case("console forged lines " + " ".join(f"{k}={v}" for k, v in kw.items()), ["hello"], body)


def deaf(**kw):
    """A guest that does not read its console does not keep the operator."""
    def body(start):
        m = start(talkers("console-deaf", ["loud=flood", "a=echo"]), **kw)
        m.expect(r"^a: talk: listening")
        m.send("x" * 3000 + ESC + "2" + "hello\r")
        m.expect(r"^quoin: console input is not read, what is typed now is lost$")
        m.expect(goes("a"))
        m.expect(r"^line 1: 5 bytes, sum \d+: hello$")
    return Case("console of a guest that does not read " + " ".join(f"{k}={v}" for k, v in kw.items()),
                ["hello"], body)


def no_escape():
    """escape=none: every byte is the VM's."""
    def body(start):
        m = start(talkers("console-none", ["a=echo"], options="escape=none"))
        m.expect(r"^talk: listening")
        m.send(ESC + "2" + ESC + "m\r")
        m.expect(r"^line 1: 4 bytes, sum 217: \^2\^m$")
        m.never("console input goes")
        m = start(talkers("console-ctrl-a", ["a=echo", "b=echo"], options="escape=^a"))
        m.expect(r"^quoin: console input goes to a; Ctrl-A m")
        m.expect(r"^b: talk: listening")
        m.send("\x012" + ESC + "x\r")
        m.expect(r"^line 1: 2 bytes, sum 149: \^x$")
    return Case("console escape=", ["hello"], body)


def hostdev():
    """Input out of a file, output in batches, options without effect; then the console again."""
    def body(start):
        answers = f"{BUILD}/answers.txt"
        with open(answers, "w", encoding="utf-8") as f:
            f.write("one\n" + "y" * 600 + "\nlast\n")
        line = ("    qvm system a cpu ram 0x80000000,64M load " + TALK[0] + " vdev pl011 loc 0x1c090000 "
                "intr gic:37 hostdev </answers hostdev - batch 500 delayed forever name uart0")
        m = start(build("console-hostdev", [line], [TALK, ("/answers", answers)]))
        m.expect(r"^line 1: 3 bytes, sum \d+: one$")
        m.expect(rf"^line 2: 600 bytes, sum {600 * ord('y')}: ")
        m.expect(r"^line 3: 4 bytes, sum \d+: last$")
        m.send("typed\r")
        m.expect(r"^line 4: 5 bytes, sum \d+: typed$")
        # Nothing on the console: the shell shows what was kept.
        off = line.replace("hostdev - batch", "hostdev >log batch")
        m = start(build("console-kept", [off], [TALK, ("/answers", answers)], options="-v"))
        m.expect(r"quoin: a: starting")
        m.send(ESC + "m")
        m.expect(r"quoin> ")
        for _ in range(20):
            m.send("output a\r")
            m.expect(r"output a")
            m.expect(r"quoin> ")
            if "line 3: 4 bytes" in m.log:
                break
            time.sleep(0.5)
        m.at = 0
        m.expect(r"^line 1: 3 bytes, sum \d+: one$")
    return Case("console hostdev forms", ["hello"], body)


def two_linux(gic):
    """Two shells: an editor's screen arrives as it is, the other's lines come beside it."""
    kernel = ("/guests/Image", f"{GUESTS}/linux/Image"), ("/guests/initrd", f"{GUESTS}/linux/rootfs.cpio.gz")

    def body(start):
        vms = [f'    qvm system l{i} cpu ram 0x80000000,256M load /guests/Image initrd load /guests/initrd '
               'cmdline "console=ttyAMA0 quiet" vdev pl011 loc 0x1c090000 intr gic:37 hostdev -'
               for i in (1, 2)]
        m = start(build(f"console-linux{gic}", vms, kernel), gic=gic, mem="2G")
        for i in (1, 2):
            m.at = 0
            m.expect(rf"^l{i}: .*/root# ", 300)
        m.send(ESC + "2")
        m.expect(goes("l2"))
        m.send("(sleep 6; echo; echo from the second) & printf '\\033[1;31mred\\033[0m%s\\n' ok\n")
        m.expect("\x1b\\[1;31mred\x1b\\[0mok", 60)
        m.send(ESC + "1")
        m.expect(goes("l1"))
        m.send("echo first $((40+2))\n")
        m.expect(r"^first 42$", 60)
        m.expect(r"^l2: from the second$", 60)
        m.never(r"^l1: .*red|Kernel panic|Call trace")
    return Case(f"console two linux gic={gic}", ["linux"], body)


def console_cases(full):
    cases = [focus(gic=3, smp=2), focus(gic=2, smp=1), paste(gic=3, smp=2), flood("flood", gic=3, smp=2),
             flood("stream", gic=2, smp=1), unmixed(gic=3, smp=2), forged(gic=2, smp=2), deaf(gic=3, smp=2),
             no_escape(), hostdev(), two_linux(3)]
    if full:
        cases += [f(gic=g, smp=s) for f in (focus, paste, unmixed, forged, deaf)
                  for g in (2, 3) for s in (1, 4)]
        cases += [flood(mode, gic=g, smp=s) for mode in ("flood", "stream") for g in (2, 3) for s in (1, 4)]
        cases += [two_linux(2)]
    return cases
