/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMMUv3 driver against registers, queues and a walker played as IHI 0070 has them. The fake remembers all it may:
 * first-level descriptors, stream table entries, translations; and, where its walks do not snoop, sees
 * of memory only what was cleaned.
 */
#include <errno.h>
#include <stdlib.h>
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "arch_io.h"
#include "core/base/memory.h"
#include "core/spec/smmu.h"

/* ---- Memory as a walker without snooping sees it: lines that were cleaned. */
#define LINES 4096
static struct line {
	u64 at;
	u8 data[64];
} lines[LINES];
static bool snoops;

static struct line *line_of(u64 at)
{
	u32 h = (u32)(at / 64 * 2654435761u % LINES);

	while (lines[h].at != 0 && lines[h].at != at) {
		h = (h + 1) % LINES;
	}
	return &lines[h];
}

static void clean(const void *p, size_t n)
{
	u64 from = (u64)p / 64 * 64;

	for (; !snoops && from < (u64)p + n; from += 64) {
		struct line *l = line_of(from);

		l->at = from;
		memcpy(l->data, (void *)from, 64);
	}
}

static u64 rd64(u64 at)
{
	const struct line *l = line_of(at / 64 * 64);
	u64 v;

	if (snoops) {
		return *(u64 *)at;
	}
	if (l->at == 0) {
		return 0xdeadbeefdeadbeef; /* what was there before */
	}
	memcpy(&v, l->data + at % 64, 8);
	return v;
}

#define arch_clean_dcache clean
#define arch_clean_inval_dcache clean
#include "arch/aarch64/iommu/smmuv3_queue.c"
#include "arch/aarch64/iommu/smmuv3.c"
bool s2_dma_clean, s2_dma_copied;

#define REGS 0x9050000UL
#define SIDS 65536

static struct {
	u32 reg[SMMU_REGS_SIZE / 4];
	u32 idr0, idr1, idr5;
	u32 frozen;       /* commands it takes before it stops taking any; ~0: all */
	u32 reject;       /* command that is an error; times_abt: so often it cannot be read */
	u32 abt;
	bool gbpa_stuck, cr0_stuck;
	u32 taken;
	bool opened;      /* a transaction could pass untranslated after the driver had begun */
	bool watching, spying;
	/* What it remembers; 0: nothing. */
	u64 l1[SIDS]; /* what the way of a stream led through */
	u64 ste[SIDS][SMMU_STE_WORDS];
	bool ste_cached[SIDS];
	u64 tlb[256][4]; /* VMID: root, seen once */
	u32 tlb_flushes, irqs;
} hw;

static u32 *reg(u32 off)
{
	return &hw.reg[off / 4];
}

static u64 reg64(u32 off)
{
	return *reg(off) | (u64)*reg(off + 4) << 32;
}

static void gerror(u32 bit)
{
	if (((*reg(SMMU_GERROR) ^ *reg(SMMU_GERRORN)) & bit) == 0) {
		*reg(SMMU_GERROR) ^= bit;
	}
}

static void record(u64 w0, u64 w1, u64 w2)
{
	u32 log2 = (u32)reg64(SMMU_EVENTQ_BASE) & 31, size = 1u << log2;
	u32 prod = *reg(SMMU_EVENTQ_PROD), cons = *reg(SMMU_EVENTQ_CONS);
	u64 *at = (u64 *)(reg64(SMMU_EVENTQ_BASE) & BITS(51, 5)) + 4 * (prod & (size - 1));

	if ((*reg(SMMU_CR0) & CR0_EVENTQEN) == 0 || hw.spying) {
		return;
	}
	if (((prod - cons) & (2 * size - 1)) == size) {
		if (((prod ^ cons) & QUEUE_OVERFLOW) == 0) {
			*reg(SMMU_EVENTQ_PROD) ^= QUEUE_OVERFLOW;
		}
		return;
	}
	at[0] = w0;
	at[1] = w1;
	at[2] = w2;
	at[3] = 0;
	*reg(SMMU_EVENTQ_PROD) = (prod & QUEUE_OVERFLOW) | ((prod + 1) & (2 * size - 1));
	hw.irqs++;
}

enum outcome { PASSED = 1, ABORTED, FAULTED, BYPASSED };

static const u64 *fetch(u32 sid)
{
	u32 cfg = *reg(SMMU_STRTAB_BASE_CFG), split = cfg >> 6 & 31;
	u64 base = reg64(SMMU_STRTAB_BASE) & BITS(51, 6), at;

	if (hw.ste_cached[sid]) {
		return hw.ste[sid];
	}
	if (cfg & STRTAB_2LEVEL) {
		u64 *l1 = &hw.l1[sid];

		if (*l1 == 0) {
			*l1 = rd64(base + (sid >> split) * 8UL);
		}
		CHECK_EQ(*l1 & 31, split + 1);
		at = (*l1 & BITS(51, 6)) + (sid & ((1u << split) - 1)) * 64UL;
	} else {
		at = base + sid * 64UL;
	}
	for (u32 i = 0; i < SMMU_STE_WORDS; i++) {
		hw.ste[sid][i] = rd64(at + 8 * i);
	}
	hw.ste_cached[sid] = true;
	return hw.ste[sid];
}

/* A transaction of a device; pa: where it went. */
static enum outcome access(u32 sid, u64 addr, bool write, u64 *pa)
{
	const u64 *ste;
	u64 e, root, w1 = write ? 0 : EVENT_1_RNW, id = (u64)sid << 32;
	u32 t0sz;

	if ((*reg(SMMU_CR0) & CR0_SMMUEN) == 0) {
		return *reg(SMMU_GBPA) & GBPA_ABORT ? ABORTED : BYPASSED;
	}
	if (sid >= 1u << (*reg(SMMU_STRTAB_BASE_CFG) & 63)) {
		record(id | EVENT_C_BAD_STREAMID, 0, 0);
		return FAULTED;
	}
	ste = fetch(sid);
	if ((ste[0] & STE_V) == 0) {
		record(id | EVENT_C_BAD_STE, 0, 0);
		return FAULTED;
	}
	switch (ste[0] >> 1 & 7) {
	case 0:
		return ABORTED;
	case 6:
		break;
	default:
		return BYPASSED;
	}
	t0sz = ste[2] >> 32 & 63;
	CHECK_EQ(ste[2] >> 38 & 3, 1);     /* start at level 1 */
	CHECK_EQ(ste[2] >> 46 & 3, 0);     /* 4 KiB */
	CHECK((ste[2] >> 48 & 7) <= (hw.idr5 & 7));
	CHECK((ste[2] & BIT(51)) != 0 && (ste[2] & BIT(57)) == 0); /* AArch64, no stalls */
	CHECK_EQ(ste[1] >> 28 & 3, 0);     /* EATS */
	CHECK_EQ(ste[1] >> 44 & 3, 1);
	if (addr >= 1UL << (64 - t0sz)) {
		goto fault;
	}
	/* One level of 1 GiB blocks is all that these tests map. */
	root = hw.tlb[ste[2] & 0xff][0] != 0 ? hw.tlb[ste[2] & 0xff][0] : (hw.tlb[ste[2] & 0xff][0] = ste[3]);
	e = *(u64 *)((root & BITS(51, 4)) + (addr >> 30) * 8);
	if (e & 1) {
		*pa = (e & BITS(47, 30)) | (addr & (GiB(1) - 1));
		return PASSED;
	}
fault:
	if (ste[2] & STE_2_S2R) {
		record(id | EVENT_F_TRANSLATION, w1 | BIT(39), addr);
	}
	return FAULTED;
}

static void command(const u64 *c)
{
	u32 sid = (u32)(c[0] >> 32), op = c[0] & 0xff;

	switch (op) {
	case CMD_CFGI_STE:
		hw.ste_cached[sid] = false;
		if ((c[1] & 1) == 0) {
			hw.l1[sid] = 0;
		}
		break;
	case CMD_CFGI_STE_RANGE:
		for (u32 i = 0; i < SIDS; i++) {
			if ((c[1] & 31) == 31 || (i ^ sid) >> ((c[1] & 31) + 1) == 0) {
				hw.ste_cached[i] = false;
				hw.l1[i] = 0;
			}
		}
		break;
	case CMD_TLBI_S12_VMALL:
		memset(hw.tlb[c[0] >> 32 & 0xff], 0, sizeof(hw.tlb[0]));
		hw.tlb_flushes++;
		break;
	case CMD_TLBI_NSNH_ALL:
		memset(hw.tlb, 0, sizeof(hw.tlb));
		break;
	case CMD_SYNC:
	case CMD_TLBI_EL2_ALL:
		break;
	default:
		CHECK_EQ(op, 0xff);
	}
}

static void consume(void)
{
	u32 log2 = (u32)reg64(SMMU_CMDQ_BASE) & 31, size = 1u << log2;
	u64 base = reg64(SMMU_CMDQ_BASE) & BITS(51, 5);

	while ((*reg(SMMU_CR0) & CR0_CMDQEN) != 0 && hw.frozen != 0 &&
	       ((*reg(SMMU_GERROR) ^ *reg(SMMU_GERRORN)) & GERROR_CMDQ) == 0 &&
	       (*reg(SMMU_CMDQ_CONS) & (2 * size - 1)) != (*reg(SMMU_CMDQ_PROD) & (2 * size - 1))) {
		u32 cons = *reg(SMMU_CMDQ_CONS) & (2 * size - 1);
		u64 at = base + (cons & (size - 1)) * 16;
		const u64 c[2] = { rd64(at), rd64(at + 8) };
		u32 why = hw.abt != 0 ? CERROR_ABT : (c[0] & 0xff) == hw.reject ? 1 : 0;

		if (why != 0) {
			hw.abt -= hw.abt != 0;
			*reg(SMMU_CMDQ_CONS) = cons | why << 24;
			gerror(GERROR_CMDQ);
			return;
		}
		command(c);
		hw.taken++;
		hw.frozen -= hw.frozen != ~0u;
		*reg(SMMU_CMDQ_CONS) = (cons + 1) & (2 * size - 1);
	}
}

static u64 io(pa_t pa, u32 size, bool write, u64 val)
{
	u32 off = (u32)(pa - REGS), v = (u32)val;
	u64 out;

	CHECK(pa >= REGS && off < SMMU_REGS_SIZE && size == 4 && off % 4 == 0);
	host_set_time_ns(host_time_ns() + 1000);
	if (!write) {
		switch (off) {
		case SMMU_IDR0:
			return hw.idr0;
		case SMMU_IDR1:
			return hw.idr1;
		case SMMU_IDR5:
			return hw.idr5;
		default:
			return *reg(off);
		}
	}
	switch (off) {
	case SMMU_CR0:
		*reg(off) = v;
		if (!hw.cr0_stuck) {
			*reg(SMMU_CR0ACK) = v;
		}
		break;
	case SMMU_IRQ_CTRL:
		*reg(off) = *reg(SMMU_IRQ_CTRLACK) = v;
		break;
	case SMMU_GBPA:
		if (hw.gbpa_stuck) {
			break;
		}
		CHECK((v & GBPA_UPDATE) != 0);
		*reg(off) = v & ~(u32)GBPA_UPDATE;
		break;
	case SMMU_GERROR:
	case SMMU_IDR0:
		CHECK(false);
		break;
	case SMMU_STRTAB_BASE:
	case SMMU_STRTAB_BASE_CFG:
	case SMMU_CR1:
		CHECK((*reg(SMMU_CR0) & CR0_SMMUEN) == 0);
		*reg(off) = v;
		break;
	case SMMU_CMDQ_BASE:
		CHECK((*reg(SMMU_CR0) & CR0_CMDQEN) == 0);
		*reg(off) = v;
		break;
	default:
		*reg(off) = v;
	}
	if (off == SMMU_CMDQ_PROD || off == SMMU_GERRORN) {
		consume();
	}
	if (hw.watching && (*reg(SMMU_CR0) & CR0_CMDQEN) == 0 && *reg(SMMU_GBPA) & GBPA_ABORT) {
		hw.watching = false; /* closed: from here on nothing may pass */
	} else if (!hw.watching) {
		hw.spying = true;
		hw.opened |= access(0x18, 0x1000, false, &out) == BYPASSED;
		hw.spying = false;
	}
	return 0;
}

static struct iommu unit;
static u64 *roots[4];
static u64 before;

static void begin(bool coherent)
{
	host_init();
	before = mem_free_bytes();
	memset(&hw, 0, sizeof(hw));
	memset(lines, 0, sizeof(lines));
	hw.idr0 = 0x0d44101b;
	hw.idr1 = 0x02730010;
	hw.idr5 = 0x74;
	hw.frozen = ~0u;
	hw.reject = ~0u;
	hw.watching = true;
	snoops = coherent;
	host_io = io;
	s2_dma_clean = false;
	unit = (struct iommu){ .ops = &iommu_smmuv3, .regs = REGS, .regs_size = SMMU_REGS_SIZE, .coherent = coherent };
	unit.empty = mem_page_alloc();
	for (u32 i = 0; i < 4; i++) {
		roots[i] = pa_ptr(mem_page_alloc());
	}
}

static const char *start(void)
{
	const char *why = NULL;
	int err = unit.ops->init(&unit, &why);

	unit.dead = err != 0;
	CHECK((err != 0) == (why != NULL));
	return why;
}

static struct iommu_view view(u32 i)
{
	return (struct iommu_view){ ptr_pa(roots[i]), 3UL << 12 | 5UL << 10 | 1UL << 6 | 5UL << 16 | 24, (u8)(i + 1) };
}

static u32 faults(void)
{
	struct iommu_fault f;
	u32 n = 0;

	while (unit.ops->fault(&unit, &f)) {
		n++;
	}
	return n;
}

static void from_boot_on_nothing_is_reached_and_all_is_recorded(void)
{
	for (u32 coherent = 0; coherent < 2; coherent++) {
		struct iommu_fault f;
		u64 pa;

		begin(coherent);
		/* Firmware has left it on, with all that can be wrong. */
		*reg(SMMU_CR0) = *reg(SMMU_CR0ACK) = CR0_SMMUEN | CR0_CMDQEN | CR0_EVENTQEN;
		*reg(SMMU_GERROR) = 0x1ff;
		*reg(SMMU_IRQ_CTRL) = 7;
		hw.ste_cached[0x18] = true;
		hw.ste[0x18][0] = STE_V | 4 << 1; /* it lets everything through */
		CHECK(start() == NULL);
		CHECK(!hw.opened);
		CHECK_EQ(unit.sids, SIDS);
		CHECK_EQ(unit.addr_bits, 44);
		CHECK_EQ(s2_dma_clean, !coherent);
		CHECK_EQ(*reg(SMMU_CR0), CR0_SMMUEN | CR0_CMDQEN | CR0_EVENTQEN);
		CHECK_EQ(*reg(SMMU_CR2), CR2_RECINVSID | CR2_PTM);
		for (u32 sid = 0; sid < SIDS; sid += sid < 300 ? 1 : 77) {
			CHECK_EQ(access(sid, sid * 0x123456789UL % BIT(40), sid & 1, &pa), FAULTED);
			CHECK(unit.ops->fault(&unit, &f));
			CHECK_EQ(f.sid, sid);
			CHECK_EQ(f.addr, sid * 0x123456789UL % BIT(40));
			CHECK(f.has_addr && f.write == (sid & 1) && !f.lost);
			CHECK_STR(f.what, "not its memory");
			CHECK(!unit.ops->fault(&unit, &f));
		}
		CHECK_EQ(access(SIDS, 0, false, &pa), FAULTED);
		CHECK(unit.ops->fault(&unit, &f) && f.sid == SIDS && !f.has_addr);
		CHECK(before - mem_free_bytes() < 12 * PAGE_SIZE); /* 64 K entries would be 4 MiB */
	}
}

static void a_stream_reaches_its_view_and_its_neighbours_do_not(void)
{
	for (u32 coherent = 0; coherent < 2; coherent++) {
		struct iommu_view v0 = view(0), v1 = view(1);
		u64 pa = 0;

		begin(coherent);
		v0.root = ptr_pa(roots[0]);
		v1.root = ptr_pa(roots[1]);
		CHECK(start() == NULL);
		roots[0][2] = GiB(5) | 1;
		roots[1][2] = GiB(7) | 1;
		CHECK_EQ(access(0x18, GiB(2), true, &pa), FAULTED); /* its entry is remembered from here on */
		CHECK_EQ(access(0x19, GiB(2), true, &pa), FAULTED);
		CHECK_EQ(unit.ops->set(&unit, 0x18, &v0), 0);
		CHECK_EQ(unit.ops->set(&unit, 0x1234, &v1), 0);
		CHECK_EQ(access(0x18, GiB(2) + 5, true, &pa), PASSED);
		CHECK_EQ(pa, GiB(5) + 5);
		CHECK_EQ(access(0x1234, GiB(2) + 5, true, &pa), PASSED);
		CHECK_EQ(pa, GiB(7) + 5);
		CHECK_EQ(access(0x18, GiB(3), true, &pa), FAULTED);
		faults();
		for (u32 sid = 0; sid < 0x2000; sid++) {
			struct iommu_fault f;

			if (sid != 0x18 && sid != 0x1234) {
				CHECK_EQ(access(sid, GiB(2), true, &pa), FAULTED);
				CHECK(unit.ops->fault(&unit, &f) && f.has_addr && f.sid == sid);
			}
		}
		/* Another of the same leaf, which the SMMU knows. */
		CHECK_EQ(unit.ops->set(&unit, 0x19, &v1), 0);
		CHECK_EQ(access(0x19, GiB(2), true, &pa), PASSED);
		CHECK_EQ(pa, GiB(7));
		/* From one view to another, to nothing, to silence. */
		CHECK_EQ(unit.ops->set(&unit, 0x18, &v1), 0);
		CHECK_EQ(access(0x18, GiB(2), true, &pa), PASSED);
		CHECK_EQ(pa, GiB(7));
		CHECK_EQ(unit.ops->set(&unit, 0x18, NULL), 0);
		CHECK_EQ(access(0x18, GiB(2), true, &pa), ABORTED);
		CHECK_EQ(faults(), 0);
		CHECK(!hw.opened);
	}
}

static void what_is_flushed_is_forgotten(void)
{
	struct iommu_view v;
	u64 pa, *other;

	begin(true);
	v = view(0);
	CHECK(start() == NULL);
	roots[0][2] = GiB(5) | 1;
	CHECK_EQ(unit.ops->set(&unit, 3, &v), 0);
	CHECK_EQ(access(3, GiB(2), false, &pa), PASSED);
	other = roots[1];
	hw.tlb[v.vmid][0] = ptr_pa(other); /* something old */
	CHECK_EQ(access(3, GiB(2), false, &pa), FAULTED);
	unit.ops->flush(&unit, v.vmid);
	CHECK_EQ(hw.tlb_flushes, 1);
	CHECK_EQ(access(3, GiB(2), false, &pa), PASSED);
	/* Many more than the queue has room for. */
	for (u32 i = 0; i < 3000; i++) {
		unit.ops->flush(&unit, v.vmid);
	}
	CHECK_EQ(hw.tlb_flushes, 3001);
	CHECK(!unit.dead);
}

static void one_that_does_not_obey_is_stopped(void)
{
	static const u32 rejected[] = { CMD_CFGI_STE, CMD_TLBI_S12_VMALL, CMD_SYNC };
	struct iommu_view v;
	u64 pa;

	for (u32 i = 0; i < ARRAY_SIZE(rejected); i++) {
		begin(true);
		v = view(0);
		CHECK(start() == NULL);
		CHECK_EQ(unit.ops->set(&unit, 3, &v), 0);
		roots[0][2] = GiB(5) | 1;
		CHECK_EQ(access(3, GiB(2), false, &pa), PASSED);
		hw.reject = rejected[i];
		if (i == 0) {
			CHECK_EQ(unit.ops->set(&unit, 3, NULL), -ENODEV);
		} else {
			unit.ops->flush(&unit, v.vmid);
		}
		CHECK(unit.dead);
		CHECK_EQ(access(3, GiB(2), false, &pa), ABORTED);
		CHECK_EQ(unit.ops->set(&unit, 4, &v), -ENODEV);
		unit.ops->flush(&unit, v.vmid);
	}
	/* It answers no more. */
	begin(true);
	v = view(0);
	CHECK(start() == NULL);
	hw.frozen = 1;
	CHECK_EQ(unit.ops->set(&unit, 3, &v), -ENODEV);
	CHECK(unit.dead);
	CHECK_EQ(access(3, GiB(2), false, &pa), ABORTED);
}

static void a_command_that_could_not_be_read_is_read_again(void)
{
	begin(true);
	CHECK(start() == NULL);
	hw.abt = 2;
	unit.ops->flush(&unit, 1);
	CHECK(!unit.dead);
	CHECK_EQ(hw.tlb_flushes, 1);
	hw.abt = 100;
	unit.ops->flush(&unit, 1);
	CHECK(unit.dead);
}

static void lost_faults_are_told_once(void)
{
	struct iommu_fault f;
	u64 pa;
	u32 n = 0, lost = 0;

	begin(false);
	CHECK(start() == NULL);
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < 500; i++) {
			CHECK_EQ(access(i, 0x5000, true, &pa), FAULTED);
		}
		n = lost = 0;
		while (unit.ops->fault(&unit, &f)) {
			CHECK_EQ(f.sid, n);
			n++;
			lost += f.lost;
		}
		CHECK_EQ(n, 128);
		CHECK_EQ(lost, 1);
	}
	access(7, 0x5000, true, &pa);
	CHECK(unit.ops->fault(&unit, &f) && f.sid == 7 && !f.lost);
}

static void its_own_errors_are_acknowledged(void)
{
	u64 pa;

	begin(true);
	CHECK(start() == NULL);
	gerror(GERROR_EVENTQ);
	unit.ops->errors(&unit);
	CHECK_EQ(*reg(SMMU_GERROR) ^ *reg(SMMU_GERRORN), 0);
	CHECK(!unit.dead);
	gerror(GERROR_SFM);
	unit.ops->errors(&unit);
	CHECK(unit.dead);
	CHECK_EQ(access(0, 0, false, &pa), ABORTED);
}

static void what_cannot_be_used_lets_nothing_through(void)
{
	static const struct {
		u32 idr0, idr1, idr5;
		const char *why;
	} t[] = {
		{ 0x0d44101a, 0x02730010, 0x74, "it has no stage 2" },
		{ 0x0d441013, 0x02730010, 0x74, "it cannot read our tables" },
		{ 0x0d641 << 12 | 0x01b, 0x02730010, 0x74, "it cannot read our tables" },
		{ 0x0d44101b, 0x02730010, 0x64, "it cannot read our tables" },
		{ 0x0e44101b, 0x02730010, 0x74, "it cannot but stall devices" },
		{ 0x0d44101b, 0x22730010, 0x74, "its tables are at fixed places" },
		{ 0x0d44101b, 0x42730010, 0x74, "its tables are at fixed places" },
	};
	const char *why;
	u64 pa;

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		begin(true);
		hw.idr0 = t[i].idr0;
		hw.idr1 = t[i].idr1;
		hw.idr5 = t[i].idr5;
		why = start();
		CHECK(why != NULL && strncmp(why, t[i].why, strlen(t[i].why)) == 0);
		CHECK_EQ(access(0, 0, false, &pa), ABORTED);
	}
	begin(true);
	hw.frozen = 0;
	why = start();
	CHECK(why != NULL && strcmp(why, "it does not start") == 0);
	CHECK_EQ(access(0, 0, false, &pa), ABORTED);
	begin(true);
	hw.cr0_stuck = true;
	CHECK(start() != NULL);
	begin(true);
	hw.gbpa_stuck = true;
	CHECK(start() != NULL);
	begin(true);
	unit.regs_size = 0x10000;
	CHECK(start() != NULL);
}

/* Up to 64 streams there may be no two-level table; more than a million are not used. */
static void tables_of_other_sizes(void)
{
	struct iommu_view v;
	u64 pa;

	begin(false);
	hw.idr0 &= ~(3u << 27);
	hw.idr1 = (hw.idr1 & ~0x3fu) | 4;
	CHECK(start() == NULL);
	CHECK_EQ(unit.sids, 16);
	CHECK_EQ(*reg(SMMU_STRTAB_BASE_CFG), 4);
	v = view(2);
	roots[2][0] = GiB(9) | 1;
	CHECK_EQ(unit.ops->set(&unit, 5, &v), 0);
	CHECK_EQ(access(5, 0x10, false, &pa), PASSED);
	CHECK_EQ(pa, GiB(9) + 0x10);
	CHECK_EQ(access(4, 0x10, false, &pa), FAULTED);
	CHECK_EQ(access(16, 0x10, false, &pa), FAULTED);

	begin(true);
	hw.idr1 = (hw.idr1 & ~0x3fu) | 32;
	CHECK(start() == NULL);
	CHECK_EQ(unit.sids, BIT(SMMU_SID_BITS));
	v = view(2);
	roots[2][0] = GiB(9) | 1;
	CHECK_EQ(unit.ops->set(&unit, 0xabcd, &v), 0);
	CHECK_EQ(access(0xabcd, 0x10, false, &pa), PASSED);

	begin(true); /* small queues, a narrow bus */
	hw.idr1 = 2u << 21 | 1u << 16 | 16;
	hw.idr5 = 0x71;
	CHECK(start() == NULL);
	CHECK_EQ(unit.addr_bits, 36);
	v = view(2);
	roots[2][0] = GiB(9) | 1;
	for (u32 i = 0; i < 20; i++) {
		CHECK_EQ(unit.ops->set(&unit, i, &v), 0);
		CHECK_EQ(access(i, 0x10, false, &pa), PASSED);
		CHECK_EQ(access(i, GiB(1), false, &pa), FAULTED);
		CHECK_EQ(faults(), 1);
	}
}

TEST_MAIN(RUN(from_boot_on_nothing_is_reached_and_all_is_recorded), RUN(a_stream_reaches_its_view_and_its_neighbours_do_not),
	  RUN(what_is_flushed_is_forgotten), RUN(one_that_does_not_obey_is_stopped),
	  RUN(a_command_that_could_not_be_read_is_read_again), RUN(lost_faults_are_told_once), RUN(its_own_errors_are_acknowledged),
	  RUN(what_cannot_be_used_lets_nothing_through), RUN(tables_of_other_sizes))
