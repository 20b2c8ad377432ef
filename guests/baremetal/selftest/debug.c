/* SPDX-License-Identifier: Apache-2.0 */
/* Self-hosted debug at EL1 (ARM ARM D2): breakpoints, watchpoints, single steps over plain and emulated instructions. */
#include "check.h"

#define EC_BREAKPOINT	0x31	/* all taken without a change of level */
#define EC_STEP		0x33
#define EC_WATCHPOINT	0x35

#define MDSCR_SS	BIT(0)
#define MDSCR_KDE	BIT(13)
#define MDSCR_MDE	BIT(15)
#define SPSR_D		BIT(9)
#define SPSR_SS		BIT(21)
#define BCR_EL1		(BIT(0) | 1 << 1 | 0xf << 5)		/* enabled, at EL1, the whole word */
#define WCR_EL1		(BIT(0) | 1 << 1 | 3 << 3 | 0xff << 5)	/* at EL1, loads and stores, eight bytes */

#define FIELD(value, shift)	((value) >> (shift) & 15)

static volatile unsigned int hits, steps, strays;
static volatile u64 hit_elr, hit_far, step_next, step_end;
static u64 watched[2];

/* A breakpoint or watchpoint is off once it was hit, so that the instruction can be done. */
static bool on_breakpoint(struct trap_frame *frame)
{
	hits++;
	hit_elr = frame->elr;
	write_sysreg(dbgbcr0_el1, 0);
	isb();
	return true;
}

static bool on_watchpoint(struct trap_frame *frame)
{
	hits++;
	hit_elr = frame->elr;
	hit_far = frame->far;
	write_sysreg(dbgwcr0_el1, 0);
	isb();
	return true;
}

/* BRK starts stepping, of what follows it. */
static bool on_brk(struct trap_frame *frame)
{
	frame->elr += 4;
	frame->spsr = (frame->spsr & ~SPSR_D) | SPSR_SS;
	step_next = frame->elr + 4;
	write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE | MDSCR_SS);
	isb();
	return true;
}

static bool on_step(struct trap_frame *frame)
{
	steps++;
	strays += frame->elr != step_next;
	step_next = frame->elr + 4;
	if (frame->elr == step_end || steps > 100) {
		write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
		isb();
	} else {
		frame->spsr |= SPSR_SS;
	}
	return true;
}

static __attribute__((noinline)) u64 target(u64 x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static void breakpoint(void)
{
	u64 x;

	hits = 0;
	write_sysreg(dbgbvr0_el1, (u64)target);
	write_sysreg(dbgbcr0_el1, BCR_EL1);
	isb();
	check_eq(read_sysreg(dbgbvr0_el1), (u64)target, "DBGBVR0_EL1 keeps its value");
	check_eq(read_sysreg(dbgbcr0_el1), BCR_EL1, "DBGBCR0_EL1 likewise");
	x = target(1);
	check_eq(hits, 1, "a breakpoint fires once");
	check_eq(hit_elr, (u64)target, "at its instruction");
	check_eq(x, 2, "which is executed then");
	write_sysreg(dbgbcr0_el1, BCR_EL1 & ~BIT(0));
	isb();
	(void)target(1);
	check_eq(hits, 1, "a disabled one does not fire");
	write_sysreg(dbgbcr0_el1, BCR_EL1);
	write_sysreg(mdscr_el1, MDSCR_KDE);
	isb();
	(void)target(1);
	check_eq(hits, 1, "nor any with MDE clear");
	write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	if (!board_is_vm()) {
		return; /* QEMU looks at another bit than the lock (10.0) */
	}
	write_sysreg(oslar_el1, 1);
	isb();
	(void)target(1);
	check_eq(hits, 1, "nor with the OS lock set");
	check_eq(read_sysreg(oslsr_el1) & 2, 2, "which OSLSR_EL1 shows");
	write_sysreg(oslar_el1, 0);
	isb();
	(void)target(1);
	check_eq(hits, 2, "and again when it is clear");
}

static void watchpoint(void)
{
	volatile u64 *at = &watched[1];
	u64 x;

	hits = 0;
	*at = 5;
	write_sysreg(dbgwvr0_el1, (u64)at);
	write_sysreg(dbgwcr0_el1, WCR_EL1);
	isb();
	watched[0] = 1;
	__asm__ volatile("" : : "r"(watched) : "memory");
	check_eq(hits, 0, "a watchpoint does not fire beside its address");
	*at = 6;
	check_eq(hits, 1, "it fires at a store");
	check_eq(hit_far, (u64)at, "with the address");
	write_sysreg(dbgwcr0_el1, WCR_EL1);
	isb();
	x = *at;
	check_eq(hits, 2, "and at a load");
	check_eq(x, 6, "which is done then");
}

static void single_step(void)
{
	u64 start, end, device = board.uart;

	steps = strays = 0;
	__asm__ volatile("adr %0, 2f\n\tstr %0, %2\n\tadr %1, 1f\n\tb 3f\n"
			 "3:\tbrk #7\n"
			 "1:\tnop\n"
			 "\tmrs x9, id_aa64pfr0_el1\n"	/* emulated: trapped registers, reads and writes */
			 "\tmov x10, #0\n"
			 "\tmsr dbgbvr1_el1, x10\n"
			 "\tldr w11, [%3, #0x18]\n"	/* and a device */
			 "\tldr w11, [%3, #0x18]\n"
			 "\tdc cvac, %3\n"
			 "\tisb\n"
			 "\tnop\n"
			 "2:\tnop\n"
			 : "=&r"(end), "=&r"(start), "=m"(step_end) : "r"(device) : "x9", "x10", "x11", "memory");
	check_eq(steps, (end - start) / 4, "each instruction is a step");
	check_eq(strays, 0, "one behind the other");
	if (!board_is_vm()) {
		return;
	}
	steps = strays = 0;
	__asm__ volatile("adr %0, 2f\n\tstr %0, %2\n\tadr %1, 1f\n"
			 "\tmovz x0, #0x8400, lsl #16\n"	/* PSCI_VERSION */
			 "\tbrk #7\n"
			 "1:\tnop\n"
			 "\thvc #0\n"
			 "\tmov x0, #-1\n"
			 "\tsmc #0\n"
			 "\tnop\n"
			 "2:\tnop\n"
			 : "=&r"(end), "=&r"(start), "=m"(step_end) : : "x0", "x1", "x2", "x3", "memory");
	check_eq(steps, (end - start) / 4, "so are HVC and SMC");
	check_eq(strays, 0, "one behind the other");
}

void test_debug(void)
{
	u64 dfr0 = read_sysreg(id_aa64dfr0_el1);

	check(FIELD(dfr0, 0) >= 6 && FIELD(dfr0, 12) >= 1 && FIELD(dfr0, 20) >= 1,
	      "%lu breakpoints, %lu watchpoints", FIELD(dfr0, 12) + 1, FIELD(dfr0, 20) + 1);
	trap_set_handler(EC_BREAKPOINT, on_breakpoint);
	trap_set_handler(EC_WATCHPOINT, on_watchpoint);
	trap_set_handler(EC_BRK, on_brk);
	trap_set_handler(EC_STEP, on_step);
	write_sysreg(oslar_el1, 0);
	write_sysreg(mdscr_el1, MDSCR_KDE | MDSCR_MDE);
	__asm__ volatile("msr daifclr, #8\n\tisb");
	check_eq(read_sysreg(mdscr_el1) & (MDSCR_KDE | MDSCR_MDE), MDSCR_KDE | MDSCR_MDE, "MDSCR_EL1 keeps KDE, MDE");
	breakpoint();
	watchpoint();
	single_step();
	__asm__ volatile("msr daifset, #8\n\tisb");
	write_sysreg(mdscr_el1, 0);
	trap_set_handler(EC_BREAKPOINT, NULL);
	trap_set_handler(EC_WATCHPOINT, NULL);
	trap_set_handler(EC_BRK, NULL);
	trap_set_handler(EC_STEP, NULL);
}
