/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of node of the firmware's tree says about the board. */
#include "core/board_parse.h"

#include <string.h>
#include "core/clock/clock.h"

void board_raw_irq_of(const struct board_parser *p, struct board_raw_irq *raw)
{
	enum board_prop id = board_has(p, PROP_INTERRUPTS_EXTENDED) ? PROP_INTERRUPTS_EXTENDED :
								      PROP_INTERRUPTS;

	if (!board_has(p, id)) {
		return;
	}
	raw->data = p->prop[id].data;
	raw->len = p->prop[id].len;
	raw->extended = id == PROP_INTERRUPTS_EXTENDED;
	raw->parent = p->frame[p->depth - 1].intr_parent;
}

u32 board_phandle(const struct board_parser *p)
{
	return board_prop_u32(p, PROP_PHANDLE, board_prop_u32(p, PROP_LINUX_PHANDLE, 0));
}

static void root_node(struct board_parser *p)
{
	const char *s = board_prop_string(p, PROP_MODEL);

	if (s != NULL) {
		p->b->model = s;
	}
	s = board_prop_string(p, PROP_COMPATIBLE);
	if (s != NULL) {
		p->b->compatible = s;
		p->b->compatible_len = p->prop[PROP_COMPATIBLE].len;
	}
}

static void memory_node(struct board_parser *p)
{
	const struct board_frame *bus = &p->frame[p->depth - 2];
	u32 step = 4 * (bus->acells + bus->scells), i, n;
	struct board *b = p->b;
	struct range x;

	n = board_has(p, PROP_REG) ? p->prop[PROP_REG].len / step : 0;
	if (board_has(p, PROP_REG) && p->prop[PROP_REG].len % step != 0) {
		board_warn(p, "reg of %u bytes: expected a multiple of %u, an address and a size", p->prop[PROP_REG].len, step);
	}
	for (i = 0; i < n; i++) {
		if (!board_reg(p, i, &x)) {
			if (x.size != 0) { /* an empty bank, as bootloaders leave them, is none */
				board_warn(p, "0x%lx,0x%lx: expected an end below 2^64; it is not used", x.start, x.size);
			}
			continue;
		}
		for (u32 k = 0; k < b->ram_count; k++) {
			if (range_overlaps(b->ram[k].start, b->ram[k].size, x.start, x.size)) {
				board_warn(p, "0x%lx,0x%lx overlaps 0x%lx,0x%lx: expected banks of their own; they are one",
					   x.start, x.size, b->ram[k].start, b->ram[k].size);
				break;
			}
		}
		if (b->ram_count == BOARD_MAX_RAM) {
			board_warn(p, "more than %d RAM banks, 0x%lx,0x%lx and on are left unused",
				   BOARD_MAX_RAM, x.start, x.size);
			return;
		}
		b->ram[b->ram_count++] = x;
	}
}

static void reserved_node(struct board_parser *p)
{
	enum board_reserve_kind kind = board_has(p, PROP_NO_MAP) ? RESERVED_NO_MAP :
								   RESERVED_FIRMWARE;
	const struct board_frame *bus = &p->frame[p->depth - 2];
	u32 step = 4 * (bus->acells + bus->scells), len = board_has(p, PROP_REG) ? p->prop[PROP_REG].len : 0;
	struct range x;

	/* Without reg the operating system chooses its place. */
	if (len == 0) {
		return;
	}
	if (bus->acells - 1 > 1 || bus->scells - 1 > 1 || len % step != 0) {
		board_warn(p, "reg of %u bytes, with %u address and %u size cells: cannot be read, expected an address and a size",
			   len, bus->acells, bus->scells);
		return;
	}
	for (u32 i = 0; i < len / step; i++) {
		if (!board_reg(p, i, &x)) {
			if (x.size != 0) {
				board_warn(p, "0x%lx,0x%lx: expected an end below 2^64 and a ranges that has it", x.start, x.size);
			}
			continue;
		}
		board_check_reserved(p, &x);
		if (board_reserve(p->b, x.start, x.size, kind) != 0) {
			board_fail(p, "more than %d reserved memory ranges", BOARD_MAX_RESERVED);
			return;
		}
	}
}

static void cpu_node(struct board_parser *p)
{
	const struct board_frame *bus = &p->frame[p->depth - 2];
	const char *method = board_prop_string(p, PROP_ENABLE_METHOD);
	struct board *b = p->b;
	struct board_cpu *c;
	u64 mpidr;
	u32 i;

	if (!board_has(p, PROP_REG) || p->prop[PROP_REG].len < 4 * bus->acells) {
		board_warn(p, "no usable reg: expected its MPIDR in %u cell%s; this CPU is left out", bus->acells,
			   bus->acells == 1 ? "" : "s");
		return;
	}
	/* Binding "arm/cpus": MPIDR_EL1's affinity fields, Aff3 in the first of two cells. */
	mpidr = fdt_cells(p->prop[PROP_REG].data, bus->acells) & 0xff00ffffffUL;
	for (i = 0; i < b->cpu_count; i++) {
		if (b->cpu[i].mpidr == mpidr) {
			board_warn(p, "MPIDR 0x%lx is that of a CPU before: expected one of its own; this CPU is left out", mpidr);
			return;
		}
	}
	if (b->cpu_count == BOARD_MAX_CPUS) {
		b->cpu_skipped++;
		return;
	}
	c = &b->cpu[b->cpu_count++];
	c->mpidr = mpidr;
	c->compatible = board_prop_string(p, PROP_COMPATIBLE);
	if (method != NULL && strcmp(method, "psci") == 0) {
		c->enable = ENABLE_PSCI;
	} else if (method != NULL && strcmp(method, "spin-table") == 0) {
		c->enable = ENABLE_SPIN_TABLE;
		c->release_addr = board_prop_number(p, PROP_CPU_RELEASE_ADDR);
		if (c->release_addr == 0) {
			board_warn(p, "a spin table without cpu-release-addr: expected an address; it stays off unless it is "
				   "the boot CPU");
		}
	}
}

static void psci_node(struct board_parser *p, u32 version)
{
	const char *method = board_prop_string(p, PROP_METHOD);

	if (method != NULL && strcmp(method, "smc") == 0) {
		p->b->psci.conduit = CONDUIT_SMC;
	} else if (method != NULL && strcmp(method, "hvc") == 0) {
		p->b->psci.conduit = CONDUIT_HVC;
	} else {
		board_warn(p, "no method \"smc\" or \"hvc\": firmware calls are not used, other CPUs stay off");
		p->psci_told = true;
		return;
	}
	p->b->psci.version = version;
}

static void clock_node(struct board_parser *p)
{
	if (p->clock_count < BOARD_MAX_CLOCKS && board_phandle(p) != 0) {
		p->clock[p->clock_count].phandle = board_phandle(p);
		p->clock[p->clock_count++].hz = board_prop_u32(p, PROP_CLOCK_FREQUENCY, 0);
	}
}

/*
 * Which nodes are UARTs is known by generic name (Devicetree Specification v0.4,
 * 2.2.2: "serial") or by compatible; which of them can be driven, drivers know.
 */
static bool looks_like_uart(const struct board_parser *p, const char *name)
{
	static const char *const words[] = { "uart", "pl011", "scif", "16550" };
	const char *compatible = board_prop_string(p, PROP_COMPATIBLE);
	u32 i;

	if (compatible == NULL) {
		return false;
	}
	if (strncmp(name, "serial", 6) == 0) {
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strncmp(name, words[i], strlen(words[i])) == 0) {
			return true;
		}
	}
	for (; *compatible != '\0'; compatible++) {
		if (strncmp(compatible, "uart", 4) == 0) {
			return true;
		}
	}
	return false;
}

static void uart_node(struct board_parser *p)
{
	struct board *b = p->b;
	struct board_uart *u;
	struct range x;

	if (b->uart_count == BOARD_MAX_UARTS || !board_reg(p, 0, &x)) {
		return;
	}
	if (board_prop_u32(p, PROP_REG_SHIFT, 0) > 4 || board_prop_u32(p, PROP_REG_IO_WIDTH, 0) > 4) {
		board_warn(p, "reg-shift %u, reg-io-width %u: expected up to 4; this UART is left out",
			   board_prop_u32(p, PROP_REG_SHIFT, 0), board_prop_u32(p, PROP_REG_IO_WIDTH, 0));
		return;
	}
	u = &b->uart[b->uart_count];
	u->regs = x;
	u->compatible = board_prop_string(p, PROP_COMPATIBLE);
	u->compatible_len = p->prop[PROP_COMPATIBLE].len;
	u->reg_shift = board_prop_u32(p, PROP_REG_SHIFT, 0);
	u->reg_io_width = board_prop_u32(p, PROP_REG_IO_WIDTH, 0);
	u->clock_hz = board_prop_u32(p, PROP_CLOCK_FREQUENCY, 0);
	board_raw_irq_of(p, &p->uart_irq[b->uart_count]);
	p->uart_clock[b->uart_count] = board_prop_u32(p, PROP_CLOCKS, 0);
	p->uart_node[b->uart_count] = p->frame[p->depth - 1].node;
	p->uart_path[b->uart_count] = p->frame[p->depth - 1].path_hash;
	b->uart_count++;
}

/* True if it is a chip's clock and reset controller that is driven. */
static bool controller_node(struct board_parser *p)
{
	struct board_clock *c = &p->b->clock;
	const char *s = board_prop_string(p, PROP_COMPATIBLE), *which = NULL;
	const struct clock_ops *ops = s == NULL || c->ops != NULL ? NULL :
				      clock_driver(s, p->prop[PROP_COMPATIBLE].len, &which);

	if (ops == NULL || !board_reg(p, 0, &c->regs)) {
		return false;
	}
	c->ops = ops;
	c->compatible = which;
	c->phandle = board_phandle(p);
	p->clock_input = board_prop_u32(p, PROP_CLOCKS, 0);
	return true;
}

static void virtio_node(struct board_parser *p)
{
	struct board *b = p->b;

	if (b->virtio_count < BOARD_MAX_VIRTIO && board_reg(p, 0, &b->virtio[b->virtio_count].regs)) {
		p->virtio_node[b->virtio_count] = p->frame[p->depth - 1].node;
		board_raw_irq_of(p, &p->virtio_irq[b->virtio_count++]);
	}
}

/* Nodes known by what they are compatible with, wherever they stand. */
static void device_node(struct board_parser *p, const char *name)
{
	static const char *const gicv2[] = {
		"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", "qcom,msm-qgic2",
	};
	u32 i;

	if (!board_has(p, PROP_COMPATIBLE)) {
		return;
	}
	if (board_has(p, PROP_CLOCK_FREQUENCY) && board_compatible(p, "fixed-clock")) {
		clock_node(p);
		return;
	}
	if (board_has(p, PROP_METHOD) || strncmp(name, "psci", 4) == 0) {
		if (board_compatible(p, "arm,psci-1.0")) {
			psci_node(p, 0x10000);
		} else if (board_compatible(p, "arm,psci-0.2")) {
			psci_node(p, 0x2);
		}
		return;
	}
	if (board_compatible(p, "arm,armv8-timer")) {
		p->timer_node = p->frame[p->depth - 1].node;
		board_raw_irq_of(p, &p->timer);
		p->b->timer.frequency = board_prop_u32(p, PROP_CLOCK_FREQUENCY, 0);
		return;
	}
	if (!board_has(p, PROP_REG)) {
		if (p->pmu.len == 0 && strncmp(name, "pmu", 3) == 0) {
			board_raw_irq_of(p, &p->pmu);
		}
		return;
	}
	if (board_has(p, PROP_IOMMU_CELLS)) {
		board_iommu_node(p);
		return;
	}
	if (board_has(p, PROP_CLOCK_CELLS) && controller_node(p)) {
		return;
	}
	if (board_compatible(p, "virtio,mmio")) {
		virtio_node(p);
		return;
	}
	if (board_has(p, PROP_INTERRUPT_MAP) && board_compatible(p, "pci-host-ecam-generic")) {
		board_pci_node(p);
		return;
	}
	if (board_compatible(p, "arm,gic-v3")) {
		board_gic_node(p, 3);
		return;
	}
	if (board_compatible(p, "arm,gic-v3-its")) {
		board_its_node(p);
		return;
	}
	if (board_compatible(p, "arm,gic-v2m-frame")) {
		board_v2m_node(p);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(gicv2); i++) {
		if (board_compatible(p, gicv2[i])) {
			board_gic_node(p, 2);
			return;
		}
	}
	if (looks_like_uart(p, name)) {
		uart_node(p);
	}
}

void board_node(struct board_parser *p)
{
	struct board_frame *f = &p->frame[p->depth - 1];
	const char *type = board_prop_string(p, PROP_DEVICE_TYPE);
	const char *name = f->name;

	if (p->depth == 1) {
		f->kind = NODE_ROOT;
		root_node(p);
		return;
	}
	switch (p->frame[p->depth - 2].kind) {
	case NODE_ROOT:
		if ((type != NULL && strcmp(type, "memory") == 0) ||
		    strncmp(name, "memory@", 7) == 0 || strcmp(name, "memory") == 0) {
			memory_node(p);
		} else if (strcmp(name, "chosen") == 0) {
			f->kind = NODE_CHOSEN;
			board_chosen_node(p);
		} else if (strcmp(name, "cpus") == 0) {
			f->kind = NODE_CPUS;
			if (f->acells - 1 > 1) {
				board_fail(p, "#address-cells is %u: expected 1 or 2, for the CPUs' MPIDRs", f->acells);
			}
		} else if (strcmp(name, "reserved-memory") == 0) {
			f->kind = NODE_RESERVED;
			if (f->ranges == NULL) {
				f->ranges = (const u8 *)""; /* they are addresses of memory, what else */
			}
		} else {
			device_node(p, name);
		}
		break;
	case NODE_CPUS:
		if (type != NULL ? strcmp(type, "cpu") == 0 : strncmp(name, "cpu@", 4) == 0) {
			cpu_node(p);
		}
		break;
	case NODE_RESERVED: reserved_node(p); break;
	case NODE_CHOSEN:
		if (board_compatible(p, "multiboot,module") ||
		    board_compatible(p, "xen,multiboot-module")) {
			board_module_node(p);
		}
		break;
	default: device_node(p, name); break;
	}
}
