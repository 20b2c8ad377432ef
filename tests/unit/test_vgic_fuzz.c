/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operation of the virtual GIC against a plain model of the architecture, one record an
 * interrupt and no list registers. After every operation the machine is let settle; then what an
 * acknowledge returns, what the registers read and whether WFI would wake must agree.
 */
#include "core/spec/hcr.h"
#include "tests/unit/test.h"
#include "tests/unit/vgic_util.h"

#define SPI_LAST 80
#define MAX_NEST 33

struct irq {
	bool enabled, group1, edge, level, active, latch;
	u8 prio, sources, act_src; /* sources: GICv2 SGIs */
	unsigned int target;       /* SPIs: vCPU, or >= vcpus: nobody */
};

struct service {
	u32 iar;
	u8 prio;
	bool group1;
};

static struct irq spi[SPI_LAST], ppi[VM_MAX_CPUS][32];
static struct service stack[VM_MAX_CPUS][MAX_NEST], late[VM_MAX_CPUS][512];
static unsigned int depth[VM_MAX_CPUS], lates[VM_MAX_CPUS];
static u32 groups_on;
static unsigned int version, vcpus;
static bool split;
static u64 seed;

static u32 rnd(u32 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)((seed >> 16) % n);
}

static struct irq *irq_of(unsigned int cpu, u32 intid)
{
	return intid < 32 ? &ppi[cpu][intid] : &spi[intid];
}

static bool pending(unsigned int cpu, u32 intid)
{
	const struct irq *q = irq_of(cpu, intid);

	if (intid == 27) {
		return timer_line[cpu];
	}
	return q->latch || q->sources || (q->level && !q->edge);
}

static bool interface_group(unsigned int cpu, bool group1)
{
	return (iface(cpu) & (group1 ? ICH_VMCR_ENG1 : ICH_VMCR_ENG0)) != 0;
}

/* Priority of the best that could be signalled to `cpu`, 256 if none. */
static u32 best(unsigned int cpu)
{
	u32 prio = 256;

	for (u32 i = 0; i < SPI_LAST; i++) {
		const struct irq *q = irq_of(cpu, i);

		if (q->enabled && !q->active && pending(cpu, i) && (i < 32 || q->target == cpu) &&
		    (groups_on & (q->group1 ? 2 : 1)) && interface_group(cpu, q->group1)) {
			prio = MIN(prio, q->prio);
		}
	}
	return prio < iface(cpu) >> 24 ? prio : 256;
}

static u32 running(unsigned int cpu)
{
	u32 prio = 256;

	for (unsigned int i = 0; i < depth[cpu]; i++) {
		prio = MIN(prio, stack[cpu][i].prio);
	}
	return prio;
}

/* What list registers signal while one of higher priority is in service wakes as well; nothing asks for that. */
static void op_wfi(unsigned int cpu)
{
	u32 prio = best(cpu);

	CHECK_EQ(vgic_has_interrupt(on(cpu)), emulated ? prio >> 3 < running(cpu) >> 3 : prio != 256);
}

static void op_ack(unsigned int cpu)
{
	u32 want = best(cpu), iar = ack(cpu), intid = iar & 0x3ff;
	struct irq *q;

	if (want >> 3 >= running(cpu) >> 3) {
		CHECK_EQ(iar, NONE);
		return;
	}
	REQUIRE(intid < SPI_LAST);
	q = irq_of(cpu, intid);
	CHECK(q->enabled && !q->active && pending(cpu, intid));
	CHECK(intid < 32 || q->target == cpu);
	CHECK_EQ(q->prio, want);
	if (version == 2 && intid < 16) {
		CHECK(q->sources & (1u << (iar >> 10)));
		q->sources &= (u8)~(1u << (iar >> 10));
	}
	q->latch = false;
	q->active = true;
	stack[cpu][depth[cpu]++] = (struct service){ iar, q->prio, q->group1 };
}

static void op_eoi(unsigned int cpu)
{
	struct service s;

	if (depth[cpu] == 0 || (split && lates[cpu] == ARRAY_SIZE(late[0]))) {
		return;
	}
	s = stack[cpu][--depth[cpu]];
	if (emulated) {
		wr(cpu, GICC + GICC_EOIR, 4, s.iar);
	} else {
		on(cpu);
		host_gic_guest_eoi(s.iar, s.group1);
	}
	if (split) {
		late[cpu][lates[cpu]++] = s;
	} else {
		irq_of(cpu, s.iar & 0x3ff)->active = false;
	}
}

static void op_dir(unsigned int cpu)
{
	u32 i, intid;

	if (lates[cpu] == 0) {
		return;
	}
	i = rnd(lates[cpu]);
	intid = late[cpu][i].iar & 0x3ff;
	on(cpu);
	if (version == 2) {
		wr(cpu, GICC + GICC_DIR, 4, late[cpu][i].iar);
	} else if (host_gic_guest_dir(intid)) {
		vgic_dir(on(cpu), intid);
	}
	irq_of(cpu, intid)->active = false;
	late[cpu][i] = late[cpu][--lates[cpu]];
}

/* Address of a register with `bits` bits per interrupt; private ones: that of vCPU `of`. */
static ipa_t reg(unsigned int of, u32 off, u32 intid, u32 bits)
{
	ipa_t base = intid < 32 && version == 3 ? REDIST + SGI_BASE(of) : DIST;

	return base + off + intid / (32 / bits) * 4;
}

/* A random INTID whose bank of 32 is that of vCPU *of; *from may access it. */
static u32 pick(unsigned int *from, unsigned int *of)
{
	u32 i = rnd(4) ? rnd(SPI_LAST) : rnd(32);

	*of = rnd(vcpus);
	*from = version == 2 && i < 32 ? *of : rnd(vcpus);
	return i;
}

static void op_enable(void)
{
	unsigned int from, of;
	u32 i = pick(&from, &of), m = rnd(2) ? 1u << (i % 32) : rnd(~0u) & rnd(~0u);
	bool set = rnd(3) != 0;

	wr(from, reg(of, set ? GICD_ISENABLER : GICD_ICENABLER, i, 1), 4, m);
	for (u32 n = 0; n < 32; n++) {
		u32 k = (i & ~31u) + n;

		if (((m >> n) & 1) && k < SPI_LAST && !(version == 2 && k < 16)) {
			irq_of(of, k)->enabled = set;
		} else if (((m >> n) & 1) && k < 16) {
			irq_of(of, k)->enabled = set;
		}
	}
}

static void op_prio(void)
{
	unsigned int from, of;
	u32 i = pick(&from, &of), prio = rnd(32) * 8;

	if (!irq_of(of, i)->active) {
		wr(from, reg(of, GICD_IPRIORITYR, i, 8) + i % 4, 1, prio | rnd(8));
		irq_of(of, i)->prio = (u8)prio;
	}
}

static void op_group(void)
{
	unsigned int from, of;
	u32 i = pick(&from, &of), val = 0;

	for (u32 n = 0; n < 32; n++) {
		u32 k = (i & ~31u) + n;

		if (k < SPI_LAST && !irq_of(of, k)->active && rnd(8) == 0) {
			irq_of(of, k)->group1 = !irq_of(of, k)->group1;
		}
		val |= k < SPI_LAST && irq_of(of, k)->group1 ? 1u << n : 0;
	}
	wr(from, reg(of, GICD_IGROUPR, i, 1), 4, val);
}

static void op_pend(void)
{
	unsigned int from, of;
	u32 i = pick(&from, &of);
	bool set = rnd(2);

	if (i == 27) {
		return;
	}
	if (version == 2 && i < 16) {
		u32 src = rnd(vcpus);

		wr(from, DIST + (set ? GICD_SPENDSGIR : GICD_CPENDSGIR) + i, 1, 1u << src);
		ppi[of][i].sources = (u8)(set ? ppi[of][i].sources | 1u << src :
						ppi[of][i].sources & ~(1u << src));
		return;
	}
	wr(from, reg(of, set ? GICD_ISPENDR : GICD_ICPENDR, i, 1), 4, 1u << (i % 32));
	irq_of(of, i)->latch = set;
}

static void op_line(void)
{
	unsigned int from, of;
	u32 i = pick(&from, &of);
	struct irq *q = irq_of(of, i);
	bool level = rnd(2);

	if (i < 16) {
		return;
	}
	if (i == 27) {
		/* It falls unseen only while in service: a pending list register would be stale. */
		timer_line[of] = level || (timer_line[of] && !q->active);
		return;
	}
	q->latch |= q->edge && level && !q->level;
	q->level = level;
	on(from);
	if (i < 32) {
		vgic_set_ppi(&test_vcpu[of], i, level);
	} else {
		vgic_set_line(&test_vm, i, level);
	}
}

static void op_sgi(void)
{
	unsigned int from = rnd(vcpus);
	u32 i = rnd(16), list = rnd(1u << vcpus);

	if (rnd(2)) {
		list = 1u << from;
	}
	if (version == 3) {
		vgic_sgi1r(on(from), (u64)i << 24 | list);
	} else {
		wr(from, DIST + GICD_SGIR, 4, list << 16 | i);
	}
	for (unsigned int c = 0; c < vcpus; c++) {
		if ((list >> c) & 1) {
			ppi[c][i].latch = version == 3;
			ppi[c][i].sources |= (u8)(version == 2 ? 1u << from : 0);
		}
	}
}

static void op_route(void)
{
	u32 i = 32 + rnd(SPI_LAST - 32), to = rnd(vcpus + 1);

	spi[i].target = version == 2 && vcpus == 1 ? 0 : to;
	if (version == 3) {
		wr(rnd(vcpus), DIST + GICD_IROUTER + i * 8, 8, to);
	} else {
		wr(rnd(vcpus), DIST + GICD_ITARGETSR + i, 1, 1u << to);
	}
}

static void op_interface(void)
{
	unsigned int n = rnd(vcpus);

	set_iface(n, (iface(n) & (ICH_VMCR_EOIM | (emulated ? 4 : 0))) | ICH_VMCR_RESET |
		     (rnd(4) ? 0xf8 : rnd(32) * 8) << 24 | (rnd(6) ? ICH_VMCR_ENG0 : 0) |
		     (rnd(6) ? ICH_VMCR_ENG1 : 0));
}

/* Two vCPUs change places, or one is taken off and comes back. */
static void op_switch(void)
{
	unsigned int a = rnd(vcpus), b = rnd(vcpus), cpu = test_vcpu[a].thread.cpu;

	vgic_put(on(a));
	if (a != b) {
		vgic_put(on(b));
	}
	CHECK_EQ(vgic_has_interrupt(on(a)) || timer_line[a], best(a) != 256 || timer_line[a]);
	test_vcpu[a].thread.cpu = test_vcpu[b].thread.cpu;
	test_vcpu[b].thread.cpu = cpu;
	for (unsigned int i = 0; i < vcpus; i++) {
		percpus[test_vcpu[i].thread.cpu].current = &test_vcpu[i].thread;
	}
	vgic_load(on(a));
	if (a != b) {
		vgic_load(on(b));
	}
}

static void op_read(void)
{
	static const u32 regs[] = { GICD_ISENABLER, GICD_ICPENDR, GICD_ISACTIVER };
	unsigned int from, of, r = rnd(3);
	u32 i = pick(&from, &of), want = 0, mask = 0;

	for (u32 n = 0; n < 32; n++) {
		u32 k = (i & ~31u) + n;

		if (k < SPI_LAST) {
			const struct irq *q = irq_of(of, k);

			mask |= 1u << n;
			want |= (r == 0 ? q->enabled : r == 1 ? pending(of, k) : q->active) ?
					1u << n : 0;
		}
	}
	CHECK_EQ(rd(from, reg(of, regs[r], i, 1), 4) & mask, want);
}

/* Nothing pending in a list register that is disabled or not for this vCPU. */
static void check_lists(void)
{
	for (unsigned int c = 0; c < vcpus; c++) {
		if (emulated) { /* one that several may take is signalled to one of them */
			bool due = best(c) >> 3 < running(c) >> 3;

			CHECK_EQ((test_vcpu[c].hcr & HCR_VI) != 0, due);
		}
		on(c);
		for (u32 n = 0; n < gic_hw.lr_count; n++) {
			u64 lr = gic_lr_read(n);
			const struct irq *q = irq_of(c, (u32)(lr & 0x3ff));

			if (lr & ICH_LR_PENDING) {
				CHECK(q->enabled && (groups_on & (q->group1 ? 2 : 1)));
				CHECK((lr & 0x3ff) < 32 || q->target == c);
				CHECK_EQ(field_get(ICH_LR_PRIO, lr), q->prio);
				CHECK_EQ((lr & ICH_LR_GROUP) != 0, q->group1);
			}
		}
	}
}

static void step(void)
{
	switch (rnd(18)) {
	case 0:
		op_enable();
		break;
	case 1:
		op_prio();
		break;
	case 2:
		if (rnd(4) == 0) {
			op_group();
		}
		break;
	case 3:
	case 4:
		op_pend();
		break;
	case 5:
	case 6:
		op_line();
		break;
	case 7:
	case 8:
		op_sgi();
		break;
	case 9:
		op_route();
		break;
	case 10:
		if (rnd(4) == 0) {
			groups_on = rnd(3) ? 3 : rnd(4);
			wr(rnd(vcpus), DIST + GICD_CTLR, 4, groups_on);
		}
		break;
	case 11:
		if (rnd(4) == 0) {
			op_interface();
		}
		break;
	case 12:
		if (rnd(4) == 0) {
			op_switch();
		}
		break;
	case 13:
		if (rnd(4) == 0) {
			op_wfi(rnd(vcpus));
		} else {
			op_read();
		}
		break;
	case 14:
		op_eoi(rnd(vcpus));
		op_dir(rnd(vcpus));
		break;
	case 15:
		op_eoi(rnd(vcpus));
		break;
	default:
		op_ack(rnd(vcpus));
		break;
	}
	CHECK(settle_all());
	check_lists();
}

static void run(unsigned int ver, unsigned int n, unsigned int lrs, bool eoimode1, u64 s,
		unsigned int steps)
{
	int before = test_failures;

	version = ver;
	vcpus = n;
	split = eoimode1;
	seed = s * 0x9e3779b97f4a7c15UL + 1;
	memset(spi, 0, sizeof(spi));
	memset(ppi, 0, sizeof(ppi));
	memset(depth, 0, sizeof(depth));
	memset(lates, 0, sizeof(lates));
	start(ver, n, lrs, 64);
	groups_on = 3;
	wr(0, DIST + GICD_CTLR, 4, 3);
	for (u32 i = 16; i < SPI_LAST; i += 16) {
		u32 cfg = i == 16 ? 0x000000f0 & 0xaaaaaaaa : rnd(~0u) & 0xaaaaaaaa;

		for (unsigned int c = 0; c < n; c++) {
			wr(c, reg(c, GICD_ICFGR, i, 2), 4, cfg);
			for (u32 k = 0; k < 16; k++) {
				irq_of(c, i + k)->edge = (cfg >> (2 * k + 1)) & 1;
			}
		}
	}
	for (unsigned int c = 0; c < n; c++) {
		set_iface(c, (iface(c) & 0x00ffffff) | 0xf8000000u | (split ? ICH_VMCR_EOIM : 0));
		for (u32 i = 0; i < SPI_LAST; i++) {
			struct irq *q = irq_of(c, i);

			q->group1 = ver == 3;
			q->enabled = ver == 2 && i < 16;
			q->edge |= i < 16;
			q->target = ver == 3 || n == 1 ? 0 : n;
		}
	}
	for (unsigned int i = 0; i < steps && test_failures == before; i++) {
		step();
		if (test_failures != before) {
			test_fail(__FILE__, __LINE__, "GICv%u, %u vCPUs, %u list registers, "
				  "EOImode %d, seed %lu, step %u", ver, n, lrs, eoimode1, s, i);
		}
	}
	stop_all();
}

static void all_runs(unsigned int ver, bool eoimode1)
{
	static const unsigned int lrs[] = { 4, 2, 3, 16 };

	for (u64 s = 0; s < 40; s++) {
		run(ver, 1 + s % 3, lrs[(s / 3) % 4], eoimode1, s, 3000);
	}
}

static void gicv3(void)
{
	all_runs(3, false);
}

static void gicv3_split_eoi(void)
{
	all_runs(3, true);
}

static void gicv2(void)
{
	all_runs(2, false);
}

static void gicv2_split_eoi(void)
{
	all_runs(2, true);
}

/* A machine on which list registers cannot be trusted to end the timer's interrupt. */
static void gicv2_unlinked_timer(void)
{
	unlinked = true;
	all_runs(2, false);
	all_runs(2, true);
	unlinked = false;
}

/* On a GICv3 without a GICv2's CPU interface: it traps, and what it signals is HCR_EL2.VI. */
static void gicv2_emulated(void)
{
	emulated = true;
	all_runs(2, false);
	all_runs(2, true);
	emulated = false;
}

TEST_MAIN(RUN(gicv2_emulated), RUN(gicv3), RUN(gicv3_split_eoi), RUN(gicv2), RUN(gicv2_split_eoi),
	  RUN(gicv2_unlinked_timer))
