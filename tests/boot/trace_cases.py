# SPDX-License-Identifier: Apache-2.0
"""The trace of a running machine, fetched by QMP, against what is known of its guests."""
import json
import os
import re
import subprocess

from case import Case
from machine import BUILD, Failure, image
from shell_cases import ESCAPE, Operator

CALL = r"exit hvc, pc 0x[0-9a-f]+, esr 0x5a000000, x0 0xc6001234$"  # what steady does when told `h`


class Traced:
    """A machine with a QMP socket, and qtrace on what comes out of it."""

    def __init__(self, start, name, config, append="", **kw):
        self.sock = f"{BUILD}/{name}.qmp"
        self.file = f"{BUILD}/{name}.qtrace"
        args = ("-qmp", f"unix:{self.sock},server=on,wait=off") + (("-append", append) if append else ())
        self.m = start(image(config), args=args, **kw)

    def fetch(self, ok=True):
        env = dict(os.environ, QMP=self.sock, OUT=self.file)
        done = subprocess.run(["make", "trace"], env=env, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if ok != (done.returncode == 0):
            raise Failure(f"make trace: {done.stdout}")
        return done.stdout

    def qtrace(self, *words):
        done = subprocess.run([f"{BUILD}/tools/qtrace", *words, self.file], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            raise Failure(f"qtrace {words}: {done.returncode} {done.stderr}")
        return done.stdout


def equal(got, want, what):
    if got != want:
        raise Failure(f"{what}: {got}, expected {want}")


def need(text, pattern):
    if not re.search(pattern, text, re.M):
        raise Failure(f"no /{pattern}/ in:\n{text[:3000]}")


def counted(summary):
    """The count column of the summary's exits, interrupts together."""
    counts = {}
    for name, n in re.findall(r"^(irq|[\w-]+)(?: \d+)? +(\d+) +\d+ +\d+ +\d+ ", summary, re.M):
        counts[name] = counts.get(name, 0) + int(n)
    return counts


def exits(op, vm):
    """What the shell's counters say of a paused VM."""
    op.m.send(f"exits {vm}\r")
    op.m.expect(rf"exits {vm}(\x1b\[K)?\n")
    text = op.m.expect(r"((?:^[\w-]+ +\d+\n)+)quoin> ").group(1)
    return {name: int(n) for name, n in re.findall(r"^([\w-]+) +(\d+)$", text, re.M)}


def tell(m, vm, byte, answer):
    """A byte for a guest, typed at the shell's prompt; back to the shell when it has answered."""
    m.send(f"focus {vm}\r")
    m.expect(rf"console input goes to {vm}")
    m.send(byte)
    m.expect(answer)
    m.send(ESCAPE + "m")
    m.expect(r"quoin> ")


def agrees(**kw):
    """From the first instruction on: the events are what the exit counters counted, by reason."""
    def body(start):
        t = Traced(start, f"trace-agrees-{kw['gic']}", "two-steady", "trace=4M", **kw)
        m, op = t.m, Operator(t.m)
        m.expect(r"(one|two): steady: 2 CPUs(.*\n)*.*(one|two): steady: 2 CPUs")
        m.at = 0
        op.enter()
        tell(m, "one", "h", r"called$")
        m.expect(r"one: tick 2$")
        op.ask("pause two", r"^two: paused$")  # no line of it in the middle of what follows
        op.ask("pause one", r"^one: paused$")
        want = exits(op, "one")
        t.fetch()
        got = counted(t.qtrace("summary", "--vm", "one"))
        sgi = want.pop("sgi", 0)
        want["sysreg"] = want.get("sysreg", 0) - sgi
        want["sgi"] = sgi
        want["irq"] = sum(want.pop(k, 0) for k in ("vtimer", "kick", "el2-timer", "maintenance", "irq"))
        equal({k: got.get(k, 0) for k in want}, want, "exits by reason")
        listing = t.qtrace("list", "--vm", "one")
        equal(len(re.findall(CALL, listing, re.M)), 1000, "calls in the listing")
        need(listing, r"^ +0\.\d{9} \[\d\] one/0: vCPU created\n")
        for state in ("new", "ready", "running", "paused"):
            need(listing, rf"one: VM is {state}$")
        need(listing, r"one: interrupt 37 pends$")  # the console's input
        need(listing, r"one/\d: exit irq 27, ")
        need(t.qtrace("list"), r"\(blocked\) -> (one|two)/\d, priority 10$")
        if t.qtrace("list", "--vm", "two").find("one/0: ") >= 0:
            raise Failure("another VM's events")
        timeline(t)
        op.ask("trace off", r"^trace is off$")
        m.send("poweroff now\r")
        m.ends()
    return Case(f"trace agrees with the counters gic={kw['gic']}", ["two-steady"], body)


def timeline(t):
    """The JSON is JSON, its slices lie in the capture and those of a vCPU do not overlap."""
    events = json.loads(t.qtrace("json"))["traceEvents"]
    names = {e["args"]["name"] for e in events if e["ph"] == "M"}
    if not {"CPUs", "CPU 0", "CPU 1", "one", "one/0", "two/1"} <= names:
        raise Failure(f"tracks: {names}")
    tracks = {}
    for e in events:
        if e["ph"] == "X" and e["pid"] != 0:
            tracks.setdefault((e["pid"], e["tid"]), []).append((e["ts"], e["ts"] + e["dur"]))
    equal(sorted(tracks), [(1, 0), (1, 1), (2, 0), (2, 1)], "tracks of vCPUs")
    for slices in tracks.values():
        for (_, end), (begin, _) in zip(slices, slices[1:]):
            if begin < end - 0.002:  # three digits, rounded down
                raise Failure(f"slices overlap at {begin} us")


def on_and_off(**kw):
    """Switched on and off at the shell: nothing before, exactly what happens meanwhile, nothing after."""
    def body(start):
        t = Traced(start, f"trace-switch-{kw['gic']}", "two-steady", **kw)
        m, op = t.m, Operator(t.m)
        m.expect(r"(one|two): steady: 2 CPUs(.*\n)*.*(one|two): steady: 2 CPUs")
        m.at = 0
        op.enter()
        op.ask("trace", r"^trace is off$")
        need(t.fetch(ok=False), r"error: nothing has been traced: switch it on")
        op.ask("trace on 3K", r"^trace: bad size '3K', expected a power of two from 4K to 32M$")
        op.ask("trace show 1x", r"^'1x' is not a number")
        op.ask("trace frob", r"^expected: trace \[on\|off\|status\|show\] \[SIZE\|N\]$")
        op.ask("trace on 1M", r"^trace is on$\n^CPU 0: \d+ events, 0 overwritten, ring of 32768 at 0x")
        m.expect(r"^CPU 1: \d+ events")
        tell(m, "two", "h", r"called$")
        op.ask("trace off", r"^trace is off$")
        first = [m.expect(rf"^CPU {i}: (\d+) events").group(1) for i in (0, 1)]
        tell(m, "two", "h", r"called$")
        op.ask("trace status", r"^trace is off$")
        equal([m.expect(rf"^CPU {i}: (\d+) events").group(1) for i in (0, 1)], first, "events while off")
        t.fetch()
        equal(len(re.findall(CALL, t.qtrace("list"), re.M)), 1000, "calls in the listing")
        need(t.qtrace("list"), r"\[0\] trace on\n(.*\n)*.*\[0\] trace off$")
        op.ask("trace show 3", r"^ +\d+\.\d{6} \[[01]\] \S.*\n.*\n.*\[[01]\] trace off$")
        # A ring that wraps: the latest events, and it is told how many are gone.
        op.ask("trace on", r"^trace is on$")
        for _ in range(25):
            tell(m, "two", "h", r"called$")
        t.fetch()
        need(t.qtrace("summary"), r"^\d+ events in \d+\.\d+ ms, [1-9]\d* older ones overwritten$")
        m.send("poweroff now\r")
        m.ends()
    return Case(f"trace on and off gic={kw['gic']}", ["two-steady"], body)


def linux(**kw):
    """Linux and its boot: a summary with all that a guest does, and damage that is found."""
    def body(start):
        t = Traced(start, f"trace-linux-{kw['gic']}", "linux", "trace=8M", **kw)
        t.m.expect(r"quoin:/root# ", 300)
        t.fetch()
        summary = t.qtrace("summary")
        for name in ("hvc", "mmio", "irq 27", "sysreg"):
            need(summary, rf"^{name} +\d+ +\d+ +\d+ +\d+ +\d+\.\d +\d+\.\d%$")
        for i in range(kw["smp"]):
            need(summary, rf"^linux/{i} +\d+ +\d+\.\d{{3}} +\d+\.\d{{3}} +\d+\.\d{{3}} +\d+\.\d%$")
        json.loads(t.qtrace("json"))
        data = open(t.file, "rb").read()
        for bad in (data[:-1], data[:100], b"", data[:5000] + bytes(64) + data[5064:]):
            with open(t.file + ".bad", "wb") as f:
                f.write(bad)
            done = subprocess.run([f"{BUILD}/tools/qtrace", "list", t.file + ".bad"], text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if done.returncode != 1 or done.stdout or not re.fullmatch(r"\S+\.bad: error: .*\n", done.stderr):
                raise Failure(f"a damaged capture: {done}")
    return Case(f"trace linux gic={kw['gic']}", ["linux"], body)


def trace_cases(full):
    cases = []
    for gic in (3, 2):
        cpu = {3: "cortex-a57", 2: "cortex-a53"}[gic]  # one with hardened vectors, one without
        cases += [agrees(gic=gic, cpu=cpu), on_and_off(gic=gic, cpu=cpu), linux(gic=gic, cpu=cpu, smp=2)]
    if full:
        cases += [linux(gic=3, smp=4, cpu="max")]
    return cases
