/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vCPU owns is its own: fills every register that EL1 can write with a pattern, and looks again each time
 * the CPU was away, that is, with another VM. Begins with the values of a reset and ends with one: nothing of the
 * other VM's, nor of this one's former life, may show. Boot arguments: seed=N (different VMs, different patterns),
 * rounds=N.
 */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fp.h"
#include "rt/probe.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"
#include "rt/trap.h"
#include "state.h"

#define SCTLR_RESET	0x30d00800UL
#define CPACR_FPEN	(3UL << 20)
#define PMCR_E		1UL
#define MDSCR_SET	(BIT(13) | BIT(15))	/* KDE, MDE; PSTATE.D keeps everything from firing */
#define SPSR_D		BIT(9)

/*
 * X(name, encoding, bits that are filled). FIXED adds bits that are always set. What there is not in every
 * machine stands behind: it is asked for first.
 */
#define PLAIN(X)										\
	X(ttbr0, ttbr0_el1, ~0UL) X(ttbr1, ttbr1_el1, ~0UL) X(tcr, tcr_el1, 0xffffffff)	\
	X(mair, mair_el1, ~0UL) X(contextidr, contextidr_el1, 0xffffffff)			\
	X(esr, esr_el1, 0xffffffff) X(far, far_el1, ~0UL) X(elr, elr_el1, ~0UL) X(spsr, spsr_el1, 0xf00003c5)		\
	X(par, par_el1, ~0UL) X(sp_el0, sp_el0, ~0UL) X(tpidr_el0, tpidr_el0, ~0UL)		\
	X(tpidrro, tpidrro_el0, ~0UL) X(csselr, csselr_el1, 0xe) X(cntkctl, cntkctl_el1, 0x3ff)	\
	X(cntv_cval, cntv_cval_el0, ~0UL) X(cntp_cval, cntp_cval_el0, ~0UL)			\
	X(fpcr, fpcr, 0x07c00000) X(fpsr, fpsr, 0xf800009f)					\
	X(bvr0, dbgbvr0_el1, 0xfffffffffffc) X(bcr0, dbgbcr0_el1, 0x1e6)			\
	X(bvr1, dbgbvr1_el1, 0xfffffffffffc) X(bcr1, dbgbcr1_el1, 0x1e6)			\
	X(wvr0, dbgwvr0_el1, 0xfffffffffff8) X(wcr0, dbgwcr0_el1, 0x1ffe)			\
	X(wvr1, dbgwvr1_el1, 0xfffffffffff8) X(wcr1, dbgwcr1_el1, 0x1ffe)
/* Those that may ignore what is written. */
#define LOSSY(X)										\
	X(afsr0, afsr0_el1, ~0UL) X(afsr1, afsr1_el1, ~0UL) X(amair, amair_el1, ~0UL)		\
	X(actlr, actlr_el1, ~0UL) X(mdccint, mdccint_el1, ~0UL) X(oseccr, oseccr_el1, ~0UL)	\
	X(dbgclaim, dbgclaimset_el1, 0xff)
#define FIXED(X)										\
	X(cntv_ctl, cntv_ctl_el0, 1, 2) X(cntp_ctl, cntp_ctl_el0, 1, 2)				\
	X(sctlr, sctlr_el1, BIT(26) | BIT(15) | BIT(14) | BIT(9), SCTLR_RESET)			\
	X(cpacr, cpacr_el1, 0, CPACR_FPEN) X(mdscr, mdscr_el1, BIT(12), MDSCR_SET)
#define RUNTIME(X) X(vbar, vbar_el1, ~0x7ffUL) X(tpidr_el1, tpidr_el1, ~0UL)
#define PMU(X)											\
	X(pmselr, pmselr_el0, 0x1f) X(pmuserenr, pmuserenr_el0, 0xf)				\
	X(pmccntr, pmccntr_el0, ~0UL) X(pmccfiltr, pmccfiltr_el0, 0xf0000000)			\
	X(pmevcntr0, pmevcntr0_el0, 0xffffffff) X(pmevtyper0, pmevtyper0_el0, 0xf0000000)	\
	X(pmevcntr1, pmevcntr1_el0, 0xffffffff) X(pmevtyper1, pmevtyper1_el0, 0xf0000000)
#define PMU_SETS(X)										\
	X(pmcnten, pmcntenset_el0, pmcntenclr_el0, 0x3f) X(pmovs, pmovsset_el0, pmovsclr_el0, 0x3f) \
	X(pminten, pmintenset_el1, pmintenclr_el1, 0x8000003f)
#define PAUTH(X)										\
	X(apia_lo, S3_0_C2_C1_0, ~0UL) X(apia_hi, S3_0_C2_C1_1, ~0UL) X(apib_lo, S3_0_C2_C1_2, ~0UL) \
	X(apib_hi, S3_0_C2_C1_3, ~0UL) X(apda_lo, S3_0_C2_C2_0, ~0UL) X(apda_hi, S3_0_C2_C2_1, ~0UL) \
	X(apdb_lo, S3_0_C2_C2_2, ~0UL) X(apdb_hi, S3_0_C2_C2_3, ~0UL) X(apga_lo, S3_0_C2_C3_0, ~0UL) \
	X(apga_hi, S3_0_C2_C3_1, ~0UL)
#define RAS(X) X(disr, S3_0_C12_C1_1, 0x81ffffff)
#define GICV3(X) X(icc_pmr, S3_0_C4_C6_0, 0xf8) X(icc_igrpen1, S3_0_C12_C12_7, 1)

struct reg {
	const char *name;
	u64 (*read)(void);
	void (*write)(u64 value);
	u64 mask, fixed;
	u64 reset;		/* as after a reset */
	u64 want, written;
};

#define ACCESS(name, encoding, ...)								\
	static u64 read_##name(void) { return read_sysreg(encoding); }				\
	static void write_##name(u64 value) { write_sysreg(encoding, value); }
#define ACCESS_SET(name, set, clear, mask)							\
	static u64 read_##name(void) { return read_sysreg(set); }				\
	static void write_##name(u64 value) { write_sysreg(clear, ~0UL); write_sysreg(set, value); }
#define ROW(name, encoding, mask) { #name, read_##name, write_##name, mask, 0, 0, 0, 0 },
#define ROW_FIXED(name, encoding, mask, fixed) { #name, read_##name, write_##name, mask, fixed, 0, 0, 0 },
#define ROW_SET(name, set, clear, mask) { #name, read_##name, write_##name, mask, 0, 0, 0, 0 },
PLAIN(ACCESS) LOSSY(ACCESS) FIXED(ACCESS) PMU(ACCESS) PMU_SETS(ACCESS_SET) PAUTH(ACCESS) RAS(ACCESS) GICV3(ACCESS) RUNTIME(ACCESS)

static struct reg plain[] = { PLAIN(ROW) FIXED(ROW_FIXED) };
static struct reg lossy[] = { LOSSY(ROW) };
static struct reg pmu[] = { PMU(ROW) PMU_SETS(ROW_SET) };
static struct reg pauth[] = { PAUTH(ROW) };
static struct reg ras[] = { RAS(ROW) };
static struct reg gicv3[] = { GICV3(ROW) };
static struct reg runtime[] = { RUNTIME(ROW) };

static struct group {
	struct reg *regs;
	unsigned int count;
	bool there;
} groups[] = {
	{ plain, ARRAY_SIZE(plain), true },
	{ pmu, ARRAY_SIZE(pmu), false },
	{ pauth, ARRAY_SIZE(pauth), false },
	{ ras, ARRAY_SIZE(ras), false },
	{ gicv3, ARRAY_SIZE(gicv3), false },
	{ runtime, ARRAY_SIZE(runtime), false },
	{ lossy, ARRAY_SIZE(lossy), true },
};

static u64 seed;
static unsigned int wrong;

static u64 pattern(u64 salt)
{
	u64 x = (seed << 32 | salt) * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	return x ^ x >> 27;
}

static void complain(const char *when, const char *name, u64 got, u64 want)
{
	if (wrong++ < 20) {
		printf("STATE: %s: %s is 0x%lx, expected 0x%lx\n", when, name, got, want);
	}
}

/* Every register of a group that is there: fn(register, its number). */
static void each(struct group *only, void (*fn)(struct reg *r, unsigned int n))
{
	unsigned int n = 0, g, i;

	for (g = 0; g < ARRAY_SIZE(groups); g++) {
		for (i = 0; i < groups[g].count; i++, n++) {
			if (groups[g].there && (!only || only == &groups[g])) {
				fn(&groups[g].regs[i], n);
			}
		}
	}
}

static void look_fresh(struct reg *r, unsigned int n)
{
	u64 got = r->read() & ~r->reset;

	(void)n;
	if (got) {
		complain("after reset", r->name, got, 0);
	}
}

/* Hidden from this VM, and full of the others' values in the hardware: zero. */
static void look_hidden(struct reg *r, unsigned int n)
{
	(void)n;
	if (r->read()) {
		complain("hidden", r->name, r->read(), 0);
	}
}

static u64 fill_number;
static unsigned int filled;

static void fill(struct reg *r, unsigned int n)
{
	r->written = (pattern(fill_number * 256 + n) & r->mask) | r->fixed;
	r->write(r->written);
	isb();
}

static void remember(struct reg *r, unsigned int n)
{
	(void)n;
	r->want = r->read() & (r->mask | r->fixed);
	if (r->want != r->written && (r < lossy || r >= lossy + ARRAY_SIZE(lossy)) && r != &ras[0]) {
		complain("at once", r->name, r->want, r->written);
	}
	filled += (r->want & r->mask) != 0;
}

static void look(struct reg *r, unsigned int n)
{
	u64 got = r->read() & (r->mask | r->fixed);

	(void)n;
	if (got != r->want) {
		complain("another time", r->name, got, r->want);
		r->want = got;
	}
}

static bool is_there(u64 (*read)(void))
{
	probe_begin();
	(void)read();
	return probe_end() == 0;
}

/* Until another VM has had the CPU; false when that does not happen. */
static bool wait_away(void)
{
	u64 gap = timer_frequency() / 1000, end = timer_count() + timer_frequency() * 5, last = timer_count(), now;

	for (;;) {
		now = timer_count();
		if (now - last > gap) {
			return true;
		}
		if (now > end) {
			return false;
		}
		last = now;
	}
}

static void registers(unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		if (i % 4 == 0) {
			fill_number++;
			each(NULL, fill);
			filled = 0;
			each(NULL, remember);
			fp_fill(pattern(fill_number));
		}
		if (!wait_away()) {
			complain("waiting", "the other VM", 0, 1);
			return;
		}
		each(NULL, look);
		if (!groups[1].there) {
			groups[1].there = true;
			each(&groups[1], look_hidden);
			groups[1].there = false;
		}
		if (fp_check(pattern(fill_number))) {
			complain("another time", "v0-v31", fp_check(pattern(fill_number)), 0);
			fp_fill(pattern(fill_number));
		}
	}
}

static volatile unsigned int breakpoints, watchpoints;
static volatile u64 watched;

static bool on_breakpoint(struct trap_frame *frame)
{
	(void)frame;
	breakpoints++;
	write_sysreg(dbgbcr0_el1, 0);
	isb();
	return true;
}

static bool on_watchpoint(struct trap_frame *frame)
{
	(void)frame;
	watchpoints++;
	write_sysreg(dbgwcr0_el1, 0);
	isb();
	return true;
}

static __attribute__((noinline)) void target(void)
{
	__asm__ volatile("nop" : : : "memory");
}

/* A VM has a breakpoint, a watchpoint or neither, and each does what the others' wait for. */
static void debug(unsigned int rounds)
{
	bool breaks = seed % 3 == 1, watches = seed % 3 == 2;
	unsigned int i;

	trap_set_handler(0x31, on_breakpoint);
	trap_set_handler(0x35, on_watchpoint);
	write_sysreg(dbgbcr1_el1, 0);
	write_sysreg(dbgwcr1_el1, 0);
	write_sysreg(dbgbvr0_el1, (u64)target);
	write_sysreg(dbgwvr0_el1, (u64)&watched);
	write_sysreg(mdscr_el1, breaks || watches ? MDSCR_SET : 0);
	for (i = 0; i < rounds; i++) {
		write_sysreg(dbgbcr0_el1, breaks ? 0x1e3 : 0);
		write_sysreg(dbgwcr0_el1, watches ? 0x1ffb : 0);
		isb();
		(void)wait_away();
		breakpoints = watchpoints = 0;
		__asm__ volatile("msr daifclr, #8\n\tisb");
		target();
		watched++;
		__asm__ volatile("msr daifset, #8\n\tisb");
		if (breakpoints != breaks || watchpoints != watches) {
			complain("hits", "breakpoints", breakpoints, breaks);
			complain("hits", "watchpoints", watchpoints, watches);
		}
	}
}

void guest_main(void)
{
	unsigned int rounds = (unsigned int)board_arg_number("rounds", 100), version;
	u64 vbar = read_sysreg(vbar_el1), cpu = read_sysreg(tpidr_el1), dfr0 = read_sysreg(id_aa64dfr0_el1);
	unsigned int i;

	seed = board_arg_number("seed", 1);
	for (i = 0; i < groups[0].count; i++) {
		/* What the runtime or the architecture sets. */
		plain[i].reset = plain[i].read == read_sctlr ? SCTLR_RESET : plain[i].read == read_cpacr ? CPACR_FPEN : 0;
	}
	each(NULL, look_fresh);
	if (fp_any()) {
		complain("after reset", "v0-v31", fp_any(), 0);
	}
	version = dfr0 >> 8 & 15;
	groups[1].there = version != 0 && version != 15;
	groups[2].there = is_there(read_apia_lo);
	groups[3].there = is_there(read_disr);
	groups[4].there = board.gic_version == 3;
	for (i = 1; i < 5; i++) {
		each(&groups[i], look_fresh);
	}
	wrong += strangers();
	write_sysreg(oslar_el1, 0);
	if (groups[1].there) {
		write_sysreg(pmcr_el0, PMCR_E | 0x40);
	}
	groups[5].there = true;
	registers(rounds);
	write_sysreg(sctlr_el1, SCTLR_RESET);
	write_sysreg(vbar_el1, vbar);
	write_sysreg(tpidr_el1, cpu);
	isb();
	debug(rounds / 2);
	printf("STATE: %u wrong, %u registers filled, groups %u%u%u%u, %u rounds\n", wrong, filled, groups[1].there,
	       groups[2].there, groups[3].there, groups[4].there, rounds);
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}
