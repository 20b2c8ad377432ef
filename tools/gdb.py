"""gdb commands that understand the monitor: quoin-cpus, quoin-vms, quoin-vcpu VM VCPU.

Loaded by `make debug`. Symbols are at the monitor's EL2 address: before its MMU is on, nothing can
be read; `hbreak quoin_main` and `continue` lead to the first line of C there.
"""
import gdb

VM_STATES = ("new", "ready", "running", "ending", "dead")
POWER = ("off", "on pending", "on", "suspended")
THREAD = ("ready", "running", "blocked", "dead")


def text(value):
    """A char array or pointer as a Python string, '' for NULL."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR and not value:
        return ""
    return value.string(errors="replace")


def pick(names, number):
    return names[number] if number < len(names) else str(number)


def vms():
    table = gdb.lookup_static_symbol("vms").value()
    for i in range(table.type.range()[1] + 1):
        if table[i]:
            yield table[i].dereference()


def loaded_on(vcpu):
    """The number of the CPU whose registers hold this vCPU's state, or None."""
    cpus = gdb.parse_and_eval("percpus")
    for i in range(int(gdb.parse_and_eval("cpu_count"))):
        if cpus[i]["loaded"] == vcpu:
            return i
    return None


class Command(gdb.Command):
    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        try:
            self.show(gdb.string_to_argv(arg))
        except gdb.MemoryError:
            print("the monitor's memory cannot be read: it has not turned its MMU on yet, or this "
                  "CPU runs a guest (try another: `info threads`)")


class Cpus(Command):
    """List the CPUs and what each runs."""
    name = "quoin-cpus"

    def show(self, argv):
        cpus = gdb.parse_and_eval("percpus")
        for i in range(int(gdb.parse_and_eval("cpu_count"))):
            t = cpus[i]["current"]
            what = text(t["name"]) if t else "nothing"
            print(f"cpu {i}: {what}, {int(cpus[i]['ready'])} ready")


class Vms(Command):
    """List the virtual machines and their vCPUs."""
    name = "quoin-vms"

    def show(self, argv):
        reasons = int(gdb.parse_and_eval("(int)EXIT_REASONS"))
        for vm in vms():
            print(f"vm {int(vm['id'])} {text(vm['cfg']['name'])}: "
                  f"{pick(VM_STATES, int(vm['state']))}, started {int(vm['starts'])} times "
                  f"{text(vm['reason'])}")
            for i in range(int(vm["vcpu_count"])):
                v = vm["vcpu"][i]
                cpu = loaded_on(v)
                where = f"on cpu {cpu}" if cpu is not None else f"pc {int(v['pc']):#x}"
                print(f"  vcpu {i}: {pick(POWER, int(v['power']))}, "
                      f"thread {pick(THREAD, int(v['thread']['state']))}, {where}, "
                      f"{sum(int(v['exits'][n]) for n in range(reasons))} exits")


class Vcpu(Command):
    """Show the registers of a vCPU: quoin-vcpu VM VCPU."""
    name = "quoin-vcpu"

    def show(self, argv):
        vm = next((m for m in vms() if len(argv) == 2 and int(m["id"]) == int(argv[0])), None)
        if vm is None or int(argv[1]) >= int(vm["vcpu_count"]):
            raise gdb.GdbError("usage: quoin-vcpu VM VCPU, with numbers from quoin-vms")
        v = vm["vcpu"][int(argv[1])]
        cpu = loaded_on(v)
        if cpu is not None:
            print(f"loaded on cpu {cpu}: its EL1 registers are that CPU's, its pc is ELR_EL2")
        for i in range(0, 31):
            print(f"x{i:<3}{int(v['x'][i]):#018x}", end="\n" if i % 4 == 3 else "  ")
        print(f"\npc  {int(v['pc']):#018x}  pstate {int(v['pstate']):#x}")
        regs = v["regs"]
        for field in regs.type.fields():
            if field.type.strip_typedefs().code == gdb.TYPE_CODE_INT:
                print(f"{field.name:<12}{int(regs[field.name]):#018x}")


Cpus()
Vms()
Vcpu()
