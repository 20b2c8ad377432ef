# SPDX-License-Identifier: Apache-2.0
"""gdb commands that understand the monitor; `quoin` lists them. Loaded by `make debug`.

They read physical memory and walk the monitor's own page tables, so they work wherever the CPUs
stand: in a guest, in EL2, or before EL2's MMU is on (then there is nothing to see yet).
"""
import struct

import gdb

VM_STATES = "building ready running paused ending held ended".split()
VM_ENDS = ("", "powered off", "reset", "killed", "not started", "all CPUs off", "unsupported operation",
           "watchdog", "device failed", "stopped", "restarted")
POWER = ("off", "on pending", "on", "suspended")
THREAD = ("ready", "running", "blocked", "dead")
LEVELS = "fatal internal error warn info debug verbose".split()
ADDRESS = (1 << 48) - 0x1000


class Unreadable(Exception):
    """Why the monitor's memory cannot be read."""


def register(name):
    try:
        return int(gdb.parse_and_eval("$" + name))
    except (gdb.error, TypeError):
        return None


def cpus():
    """(number of the CPU, its gdb thread), from 0."""
    return sorted((t.ptid[1] - 1, t) for t in gdb.selected_inferior().threads())


def on_cpu(thread, fn):
    """fn() as seen by another CPU."""
    before = gdb.selected_thread()
    try:
        thread.switch()
        return fn()
    finally:
        before.switch()


def level():
    """The exception level of the selected CPU."""
    return register("cpsr") >> 2 & 3


class Physical:
    """Memory past all address translation: QEMU's gdb server can give it."""

    def __enter__(self):
        self.mode(1)
        return gdb.selected_inferior()

    def __exit__(self, *exc):
        self.mode(0)

    @staticmethod
    def mode(on):
        gdb.execute(f"maintenance packet Qqemu.PhyMemMode:{on}", to_string=True)


class Monitor:
    """EL2's memory at the time the machine is stopped."""

    def __init__(self):
        roots = [on_cpu(t, lambda: register("TTBR0_EL2")) for _, t in cpus()]
        self.root = next((r & ADDRESS for r in roots if r), 0)
        self.pages = {}
        if not self.root:
            raise Unreadable("the monitor has not turned its MMU on yet: `hbreak quoin_main`, `continue`")

    def page(self, va):
        """One page of virtual memory; 48-bit addresses, 4 KiB granule (ARM ARM D8.2)."""
        va &= ADDRESS
        if va not in self.pages:
            with Physical() as memory:
                table = self.root
                for shift in (39, 30, 21, 12):
                    at = table + 8 * (va >> shift & 511)
                    entry = struct.unpack("<Q", bytes(memory.read_memory(at, 8)))[0]
                    if not entry & 1:
                        raise Unreadable(f"{va:#x} is not mapped at EL2")
                    table = entry & ADDRESS
                    if shift == 12 or not entry & 2:
                        break
                start = (table & ~((1 << shift) - 1)) + (va & (1 << shift) - 1)
                self.pages[va] = bytes(memory.read_memory(start, 4096))
        return self.pages[va]

    def read(self, va, size):
        data = b""
        while len(data) < size:
            at = va + len(data)
            data += self.page(at)[at & 4095:][:size - len(data)]
        return data

    def object(self, va, kind):
        """A structure as a value of gdb, NULL as None."""
        kind = gdb.lookup_type(kind) if isinstance(kind, str) else kind
        return gdb.Value(self.read(int(va), kind.sizeof), kind) if int(va) else None

    def symbol(self, expression):
        value = gdb.parse_and_eval("&" + expression)
        return self.object(value, value.type.target())

    def text(self, va):
        """A string of C."""
        va, data = int(va), b""
        while va and b"\0" not in data and len(data) < 256:
            data += self.read(va + len(data), 1 + (~(va + len(data)) & 15))
        return data.split(b"\0")[0].decode(errors="replace")

    def vms(self):
        table = self.symbol("'core/vm_request.c'::vm_table")
        for i in range(table.type.range()[1] + 1):
            if int(table[i]):
                yield self.object(table[i], "struct vm")

    def name(self, vm):
        config = self.object(vm["cfg"], "struct vm_config")
        return bytes(int(config["name"][i]) for i in range(32)).split(b"\0")[0].decode()

    def vcpus(self, vm):
        for i in range(int(vm["vcpu_count"])):
            yield int(vm["vcpu"][i]), self.object(vm["vcpu"][i], "struct vcpu")

    def percpus(self):
        table = self.symbol("'core/sched.c'::percpus")
        return [table[i] for i in range(int(self.symbol("'core/sched.c'::cpu_count")))]

    def devices(self, vm):
        at = int(vm["vdevs"])
        while at:
            d = self.object(at, "struct vdev")
            yield d
            at = int(d["next"])


def pick(names, number):
    number = int(number)
    return names[number] if number < len(names) else str(number)


def function_at(pc):
    symbol = gdb.execute(f"info symbol {pc:#x}", to_string=True).split(" in section")[0].strip()
    return "" if symbol.startswith("No symbol") else f" <{symbol}>"


def where(monitor, address):
    """Which CPU's registers hold this vCPU, and the guest's pc: (cpu or None, pc or None)."""
    threads = dict(cpus())
    for i, c in enumerate(monitor.percpus()):
        if int(c["loaded"]) == address and i in threads:
            current = monitor.object(c["current"], "struct thread")
            if not current or int(current["vcpu"]) != address:
                return i, None
            return i, on_cpu(threads[i], lambda: register("pc") if level() < 2 else register("ELR_EL2"))
    return None, None


def wanted(monitor, argv, least, usage):
    """The VM that a command's first word names; None: none is named."""
    if not least <= len(argv):
        raise gdb.GdbError("usage: " + usage)
    if not argv:
        return None
    for vm in monitor.vms():
        if argv[0] in (str(int(vm["id"]) + 1), monitor.name(vm)):
            return vm
    raise gdb.GdbError(f"no VM '{argv[0]}': quoin-vms lists them")


class Command(gdb.Command):
    """A subclass's docstring is its help, its `show` what it does."""
    all = []

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_STATUS)
        Command.all.append(self)

    def invoke(self, argument, from_tty):
        try:
            self.show(gdb.string_to_argv(argument))
        except Unreadable as e:
            raise gdb.GdbError(str(e)) from None
        except gdb.error as e:
            raise gdb.GdbError(f"cannot look at the monitor: {e}") from None


class Cpus(Command):
    """List the CPUs: where each is, and what it runs."""
    name = "quoin-cpus"

    def show(self, argv):
        m = Monitor()
        threads = dict(cpus())
        for i, c in enumerate(m.percpus()):
            current = m.object(c["current"], "struct thread")
            what = m.text(current["name"]) if current else "nothing"
            if current and int(current["vcpu"]):
                what += f" vCPU {int(m.object(current['vcpu'], 'struct vcpu')['id'])}"
            if i in threads:
                el, pc = on_cpu(threads[i], lambda: (level(), register("pc")))
                place = f"EL{el} pc {pc:#x}{function_at(pc)}"
            print(f"cpu {i}: {what}, {int(c['ready'])} ready, {place if i in threads else '?'}")


class Vms(Command):
    """List the virtual machines and their vCPUs: state, where they run, the guest's pc."""
    name = "quoin-vms"

    def show(self, argv):
        m = Monitor()
        for vm in m.vms():
            reason = bytes(int(vm["reason"][i]) for i in range(96)).split(b"\0")[0].decode()
            end = ", last end: " + pick(VM_ENDS, vm["end"]) if int(vm["end"]) else ""
            print(f"vm {int(vm['id']) + 1} {m.name(vm)}: {pick(VM_STATES, vm['state'])}, "
                  f"started {int(vm['starts'])} times{end}{', ' + reason if reason else ''}")
            for address, v in m.vcpus(vm):
                cpu, pc = where(m, address)
                pc = int(v["pc"]) if pc is None else pc
                print(f"  vcpu {int(v['id'])}: {pick(POWER, v['power'])}, "
                      f"thread {pick(THREAD, v['thread']['state'])}, "
                      f"{'loaded on cpu %d' % cpu if cpu is not None else 'not loaded'}, "
                      f"prio {int(v['thread']['prio'])}, pc {pc:#x}{function_at(pc)}")


class Vcpu(Command):
    """Show the registers of a vCPU: quoin-vcpu VM VCPU."""
    name = "quoin-vcpu"

    def show(self, argv):
        m = Monitor()
        vm = wanted(m, argv, 2, "quoin-vcpu VM VCPU, with numbers from quoin-vms")
        found = [(a, v) for a, v in m.vcpus(vm) if str(int(v["id"])) == argv[1]]
        if not found:
            raise gdb.GdbError(f"VM '{argv[0]}' has no vCPU {argv[1]}")
        address, v = found[0]
        cpu, pc = where(m, address)
        if cpu is not None:
            print(f"loaded on cpu {cpu} (gdb's thread {cpu + 1}): its EL1 registers are that CPU's"
                  + ("; while it is in the guest so are all others" if pc is not None else ""))
        for i in range(31):
            print(f"x{i:<3}{int(v['x'][i]):#018x}", end="\n" if i % 4 == 3 else "  ")
        print(f"\npc  {int(v['pc']) if pc is None else pc:#018x}  pstate {int(v['pstate']):#x}")
        for field in v["regs"].type.fields():
            if field.type.strip_typedefs().code == gdb.TYPE_CODE_INT:
                print(f"{field.name:<12}{int(v['regs'][field.name]):#018x}")


class Devices(Command):
    """List the devices of a VM or of all: quoin-devices [VM]."""
    name = "quoin-devices"

    def show(self, argv):
        m = Monitor()
        only = wanted(m, argv, 0, "quoin-devices [VM]")
        for vm in [only] if only else m.vms():
            print(f"vm {int(vm['id']) + 1} {m.name(vm)}")
            for d in m.devices(vm):
                kind = m.object(d["type"], "struct vdev_type")
                line = f", INTID {int(d['intid'])} {'high' if int(d['line']) else 'low'}" \
                    if int(d["intid"]) else ""
                print(f"  {m.text(kind['name'])}: {int(d['base']):#x}, {int(d['size']):#x} bytes{line}, "
                      f"{int(d['unknown'])} accesses to holes")


class Threads(Command):
    """List the threads of EL2, those of vCPUs among them."""
    name = "quoin-threads"

    def show(self, argv):
        m = Monitor()
        head = gdb.parse_and_eval("&'core/thread.c'::threads")
        offset = next(f.bitpos // 8 for f in gdb.lookup_type("struct thread").fields() if f.name == "all")
        at = int(m.object(head, "struct list")["next"])
        while at != int(head):
            t = m.object(at - offset, "struct thread")
            print(f"{m.text(t['name'])}: {pick(THREAD, t['state'])}, cpu {int(t['cpu'])}, "
                  f"prio {int(t['prio'])}{', vCPU' if int(t['vcpu']) else ''}")
            at = int(t["all"]["next"])


class Log(Command):
    """Show what the monitor has logged, the last N lines: quoin-log [N]."""
    name = "quoin-log"

    def show(self, argv):
        m = Monitor()
        ring, hz = m.symbol("'core/log_ring.c'::log_ring"), int(m.symbol("'arch/aarch64/timer.c'::counter_hz")) or 1
        data = m.read(int(gdb.parse_and_eval("&'core/log_ring.c'::log_ring.buf")), ring["buf"].type.sizeof)
        head, at, lines = int(ring["head"]), int(ring["tail"]), []
        while at < head:
            record = b"".join(data[(at + i) % len(data):][:1] for i in range(10))
            n, kind, when = struct.unpack("<BBQ", record)
            text = bytes(data[(at + 10 + i) % len(data)] for i in range(n)).decode(errors="replace")
            lines.append(f"[{when / hz:12.6f}] {pick(LEVELS, kind)}: {text}")
            at += 10 + n
        print("\n".join(lines[-int(argv[0]) if argv else 0:]))


class Quoin(Command):
    """List the monitor's commands."""
    name = "quoin"

    def show(self, argv):
        for command in Command.all:
            print(f"{command.name:<14} {command.__doc__}")
        print("$quoin_vm()    the VM whose guest this CPU runs, 0 in EL2: break FUNCTION if $quoin_vm() == 1")


class VmHere(gdb.Function):
    """The number of the VM whose guest the CPU runs, 0 in EL2; for conditions of breakpoints."""

    def __init__(self):
        super().__init__("quoin_vm")

    def invoke(self):
        return register("VTTBR_EL2") >> 48 & 0xff if level() < 2 else 0 # the VMID is the number


gdb.execute("set backtrace limit 64") # the first frame of an EL2 stack has none behind it
for kind in (Cpus, Vms, Vcpu, Devices, Threads, Log, Quoin):
    kind()
VmHere()
