/* SPDX-License-Identifier: Apache-2.0 */
/* Processor state that makes no sense: illegal returns, page tables in nowhere, single step. */
#include "hostile.h"

#define HIGH_ADDRESS	0xffffff8000000000UL	/* the first one TTBR1 translates with T1SZ 25 */
#define TCR_T1		(25UL << 16 | BIT(31))	/* T1SZ, 4 KiB granule; EPD1 clear, walks uncached */
#define TCR_EPD1	BIT(23)

/* Return to a mode there is none of; the next instruction faults and the handler clears PSTATE.IL. */
static struct attempt illegal_return(u64 spsr)
{
	return attempt(__asm__ volatile("adr x8, 1f\n\tmsr elr_el1, x8\n\tmsr spsr_el1, %0\n\tisb\n\teret\n1:\tnop"
					: : "r"(spsr) : "x8", "memory"));
}

static void illegal_pstate(void)
{
	describe("EL2h", illegal_return(0x3c9));
	describe("; EL3h", illegal_return(0x3cd));
	describe("; reserved", illegal_return(0x3c6));
	describe("; AArch32", illegal_return(0x1df));
	__asm__ volatile("msr daifset, #15" : : : "memory");
}

static void exceptions(void)
{
	describe("SVC", attempt(__asm__ volatile("svc #1" : : : "memory")));
	describe("; BRK", attempt(__asm__ volatile("brk #1" : : : "memory")));
	describe("; HLT", attempt(__asm__ volatile("hlt #1" : : : "memory")));
	describe("; UDF", run_instruction(0, 0));
	describe("; ERET here", illegal_return(0x3c5));
	__asm__ volatile("msr daifset, #15" : : : "memory");
}

static struct attempt walk(u64 table)
{
	u64 tcr = read_sysreg(tcr_el1), ttbr = read_sysreg(ttbr1_el1);
	struct attempt a;

	write_sysreg(ttbr1_el1, table & ~0xfffUL);
	write_sysreg(tcr_el1, (tcr & ~TCR_EPD1) | TCR_T1);
	isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	a = attempt(value = mmio_read32(HIGH_ADDRESS));
	write_sysreg(tcr_el1, tcr);
	write_sysreg(ttbr1_el1, ttbr);
	isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	return a;
}

/* The hypervisor sees a fault of the walk, not of the access: HPFAR is valid, FAR is not the device's. */
static void table_walks(void)
{
	mmu_on();
	describe("tables in nowhere", walk(hole()));
	describe("; in GICD", walk(board.gicd));
	describe("; in the UART", walk(board.uart));
	describe("; far away", walk(1UL << 47));
	describe("; AT", attempt(__asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(value)
						  : "r"(HIGH_ADDRESS) : "memory")));
}

/* The same with the CPU's own eyes: MMU on, device registers by virtual address, forms that need decoding. */
static void virtual_forms(void)
{
	mmu_on();
	describe("LDP", attempt(__asm__ volatile("ldp %w0, w8, [%1], #8" : "=&r"(value)
						 : "r"(board.gicd) : "x8", "memory")));
	describe("; LDXR", attempt(__asm__ volatile("ldxr %w0, [%1]" : "=&r"(value) : "r"(board.gicd) : "memory")));
	describe("; hole", attempt(value = mmio_read32(hole())));
	describe("; jump", attempt(((void (*)(void))hole())()));
}

static void single_step(void)
{
	struct attempt a = attempt(write_sysreg(mdscr_el1, 0x8001); isb();
				   __asm__ volatile("nop\n\tnop"); write_sysreg(mdscr_el1, 0); isb());

	describe("", a);
}

const struct hostile_probe state_probes[] = {
	{ "illegal-pstate", illegal_pstate },
	{ "exceptions", exceptions },
	{ "single-step", single_step },
	{ NULL, NULL },
};

/* Last of all: they leave the MMU on. */
const struct hostile_probe mapped_probes[] = {
	{ "table-walks", table_walks },
	{ "virtual-forms", virtual_forms },
	{ NULL, NULL },
};
