/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about addresses and interrupts: memory, devices, interrupts of the machine and of VMs. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/base/memory.h"
#include "core/board.h"
#include "core/console/console.h"
#include "core/irq.h"
#include "core/shell/shell.h"
#include "core/shell/view.h"
#include "core/vgic/inspect.h"
#include "core/vm_life.h"

/* A heading, then fn(sh, vm) for each VM, or for the one named. */
static int for_each(struct shell *sh, u32 argc, const char *const *argv, const char *heading,
		    void (*fn)(struct shell *sh, struct vm *vm))
{
	struct vm *only = argc > 1 ? shell_vm(sh, argv[1]) : NULL;

	if (argc == 1 || only != NULL) {
		shell_print(sh, "%s", heading);
	}
	for (u32 i = 0; i < VM_MAX && (argc == 1 || only != NULL); i++) {
		if (vm_at(i) != NULL && (argc == 1 || only == vm_at(i))) {
			fn(sh, vm_at(i));
		}
	}
	return 0;
}

/* ---- Devices */

struct device_view {
	const char *type, *name;
	ipa_t base;
	u32 intid, holes;
	bool line;
	char status[160];
};

static struct vdev *device_at(struct vm *vm, u32 index)
{
	struct vdev *d = vm->vdevs;

	while (d != NULL && index-- != 0) {
		d = d->next;
	}
	return d;
}

static bool view_device(struct vm *vm, u32 index, struct device_view *out)
{
	struct vdev *d;
	u64 flags;

	if (!view_open(vm, &flags)) {
		return false;
	}
	d = device_at(vm, index);
	if (d != NULL) {
		out->type = d->type->name;
		out->name = d->cfg->name;
		out->base = d->base;
		out->intid = d->intid;
		out->status[0] = '\0';
		vdev_lock(d);
		out->holes = d->unknown;
		out->line = d->line;
		if (d->type->status != NULL) {
			d->type->status(d, out->status, sizeof(out->status));
		}
		vdev_unlock(d);
	}
	view_close(vm, flags);
	return d != NULL;
}

static void show_devices(struct shell *sh, struct vm *vm)
{
	struct device_view v;

	for (u32 i = 0; view_device(vm, i, &v); i++) {
		if (v.base == 0 && v.intid == 0) {
			continue; /* the interrupt controller: `irqs` has it */
		}
		shell_print(sh, "%-12s %-14s %10lx %5u %s%6u", vm->cfg->name, v.name != NULL ? v.name : v.type,
			    v.base, v.intid, v.line ? "high" : "low ", v.holes);
		if (v.status[0] != '\0') {
			shell_print(sh, "             %s", v.status);
		}
	}
}

SHELL_COMMAND(devices, "devices", "[VM]", "devices: place, interrupt, its line, accesses to holes, state")
{
	return for_each(sh, argc, argv, "VM           device            address INTID line holes", show_devices);
}

/* ---- Memory */

static void show_range(struct shell *sh, const char *what, u64 start, u64 size)
{
	shell_print(sh, "%-9s %12lx-%012lx %8lu KiB", what, start, start + size - 1, size >> 10);
}

static void show_host_memory(struct shell *sh)
{
	static const char kinds[][9] = { "firmware", "no-map", "module", "initrd", "monitor" };
	const struct board *b = shell_board;

	for (u32 i = 0; i < b->ram_count; i++) {
		show_range(sh, "RAM", b->ram[i].start, b->ram[i].size);
	}
	for (u32 i = 0; i < b->reserved_count; i++) {
		show_range(sh, kinds[b->reserved[i].kind], b->reserved[i].start, b->reserved[i].size);
	}
	shell_print(sh, "free      %lu of %lu KiB", mem_free_bytes() >> 10, mem_total_bytes() >> 10);
}

static bool view_ram(struct vm *vm, u32 index, struct vm_ram *out)
{
	bool there;
	u64 flags;

	if (!view_open(vm, &flags)) {
		return false;
	}
	there = index < vm->ram_count;
	if (there) {
		*out = vm->ram[index];
	}
	view_close(vm, flags);
	return there;
}

/* What stands behind a window: the device of that address, or else the interrupt controller. */
static const char *view_window(struct vm *vm, u32 index, struct range *out)
{
	const char *name = NULL;
	u64 flags;

	if (!view_open(vm, &flags)) {
		return NULL;
	}
	if (index < vm->window_count) {
		*out = (struct range){ vm->window[index].base, vm->window[index].size };
		name = "gic";
		for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
			if (d->base == out->start) {
				name = d->type->name;
			}
		}
	}
	view_close(vm, flags);
	return name;
}

static void show_guest_memory(struct shell *sh, struct vm *vm)
{
	struct vm_ram ram;
	struct range window;
	const char *name;

	for (u32 i = 0; view_ram(vm, i, &ram); i++) {
		shell_print(sh, "%-9s %12lx-%012lx %8lu KiB at %lx", ram.rom ? "rom" : "ram", ram.ipa,
			    ram.ipa + ram.size - 1, ram.size >> 10, ram.pa);
	}
	for (u32 i = 0; (name = view_window(vm, i, &window)) != NULL; i++) {
		show_range(sh, name, window.start, window.size);
	}
	shell_print(sh, "stage 2   %u x 1 GiB, %u x 2 MiB, %u x 4 KiB in %u tables", vm->s2.leaf[1],
		    vm->s2.leaf[2], vm->s2.leaf[3], vm->s2.tables);
}

SHELL_COMMAND(mem, "mem", "[VM]", "the machine's memory, or a VM's address map")
{
	if (argc == 1) {
		show_host_memory(sh);
		return 0;
	}
	return for_each(sh, argc, argv, "what            from-to", show_guest_memory);
}

/* ---- Interrupts */

static void show_host_irqs(struct shell *sh)
{
	const char *what;
	u32 intid;

	shell_print(sh, "INTID for");
	for (u32 i = 0; (what = irq_describe(i, &intid)) != NULL; i++) {
		what = intid == console_intid() ? "console" : what;
		shell_print(sh, "%5u %s", intid, what);
	}
}

/* The device whose line an interrupt is, a name that stays with the VM's configuration. */
static const char *owner_of(const struct vm *vm, u32 intid)
{
	for (const struct cfg_vdev *c = vm->cfg->vdev; c != NULL; c = c->next) {
		for (const struct cfg_intr *i = c->intr; i != NULL; i = i->next) {
			if (i->line == intid) {
				return c->name != NULL ? c->name : c->type_name;
			}
		}
	}
	switch (intid) {
	case VGIC_PMU:
		return "PMU";
	case VGIC_VTIMER:
		return "virtual timer";
	case VGIC_PTIMER:
		return "physical timer";
	default:
		return "";
	}
}

static void show_irq(struct shell *sh, struct vm *vm, u32 vcpu, u32 intid)
{
	struct vgic_view v;
	char who[16];
	bool used;
	u64 flags;

	if (!view_open(vm, &flags)) {
		return;
	}
	used = vgic_inspect(vm, vcpu, intid, &v);
	view_close(vm, flags);
	/* Guests enable all SGIs, whether they send them or not. */
	if (!used || (intid < 16 && !v.pending && !v.active)) {
		return;
	}
	fmt_str(who, sizeof(who), intid < 32 ? "%u" : "0x%x", intid < 32 ? vcpu : v.targets);
	shell_print(sh, "%5u %4s   %02x %u %s %s %s %s %s %s", intid, who, v.prio, (u32)v.group1,
		    v.edge ? "edge " : "level", v.enabled ? "enabled" : "-      ", v.line ? "high" : "low ",
		    v.pending ? "pending" : "-      ", v.active ? "active" : "-     ", owner_of(vm, intid));
}

static void show_irqs(struct shell *sh, struct vm *vm)
{
	for (u32 k = 0; k < vm->vcpu_count; k++) {
		for (u32 i = 0; i < 32; i++) {
			show_irq(sh, vm, k, i);
		}
	}
	for (u32 i = 32; i < vm->vgic.words * 32u; i++) {
		show_irq(sh, vm, 0, i);
	}
}

SHELL_COMMAND(irqs, "irqs", "[VM]", "the monitor's interrupts, or a VM's that are in use")
{
	if (argc == 1) {
		show_host_irqs(sh);
		return 0;
	}
	return for_each(sh, argc, argv, "INTID vCPU prio g mode  enabled line pending active for", show_irqs);
}
