/* SPDX-License-Identifier: Apache-2.0 */
/* Single accesses that no driver makes. */
#include "hostile.h"

#define LOAD(form, address) \
	attempt(__asm__ volatile(form : "=&r"(value) : "r"((u64)(address)) : "x8", "x9", "memory"))
#define STORE(form, address) \
	attempt(__asm__ volatile(form : : "r"((u64)(address)), "r"(0x5a5a5a5aUL) : "x8", "x9", "memory"))

static void unmapped_load(void)
{
	describe("", attempt(value = mmio_read32(hole())));
}

static void unmapped_store(void)
{
	describe("", attempt(mmio_write32(hole(), 1)));
}

static void unmapped_forms(void)
{
	describe("LDP", LOAD("ldp %0, x8, [%1]", hole()));
	describe("; LDR Q", LOAD("ldr q0, [%1]\n\tmov %0, #0", hole()));
	describe("; LDXR", LOAD("ldxr %0, [%1]", hole()));
	describe("; STP", STORE("stp %1, %1, [%0], #16", hole()));
	describe("; DC ZVA", STORE("dc zva, %0", hole()));
	describe("; DC CIVAC", STORE("dc civac, %0", hole()));
	describe("; IC IVAU", STORE("ic ivau, %0", hole()));
}

/* The ends of address spaces: of 32 bits, of the usual IPA sizes, of everything. */
static void wild_addresses(void)
{
	static const u64 addresses[] = {
		0, 0xfff, 0xfffffffc, 0x100000000, 0xffffffffc, 0x1000000000, 0xfffffffffc, 0x10000000000,
		0xfffffffffffc, 0x1000000000000, 0xffffffffffffc, 0x7ffffffffffffff8, 0xfffffffffffffff8,
	};
	unsigned int i, faults = 0;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		if (board_is_memory(addresses[i])) {
			continue;
		}
		faults += attempt(value = mmio_read32(addresses[i] & ~3UL)).hits;
		faults += LOAD("ldr %0, [%1], #8", addresses[i] & ~7UL).hits;
	}
	printf("%u of %lu faulted", faults, 2 * ARRAY_SIZE(addresses));
}

/* The last bytes before and the first after each end of memory. */
static void memory_edges(void)
{
	unsigned int i, faults = 0;

	for (i = 0; i < board.nr_memory; i++) {
		u64 base = board.memory[i].base, end = base + board.memory[i].size;

		faults += LOAD("ldp %0, x8, [%1]", base - 8).hits;
		faults += LOAD("ldp %0, x8, [%1]", end - 8).hits;
		faults += LOAD("ldr %0, [%1]", end).hits;
		faults += LOAD("ldr q0, [%1]\n\tmov %0, #0", end - 8).hits;
	}
	printf("%u faulted", faults);
}

static void gicd_ldp(void)
{
	describe("", LOAD("ldp %w0, w8, [%1]", board.gicd));
}

static void gicd_ctlr_64bit(void)
{
	describe("", attempt(value = mmio_read64(board.gicd + GICD_CTLR)));
}

static void gicd_ctlr_byte(void)
{
	describe("", attempt(mmio_write8(board.gicd + GICD_CTLR, mmio_read32(board.gicd + GICD_CTLR))));
}

static void gicd_id_write(void)
{
	describe("", attempt(mmio_write32(board.gicd + 0xfe8, 0); value = mmio_read32(board.gicd + 0xfe8)));
}

static void gicd_reserved(void)
{
	describe("", attempt(value = mmio_read32(board.gicd + 0x40) | mmio_read32(board.gicd + 0xfcc);
			     mmio_write32(board.gicd + 0x40, ~0U)));
}

static void private_byte_write(void)
{
	u64 reg = gic_reg(GICD_ISENABLER, 0, 1);

	describe("", attempt(mmio_write8(reg + 1, 0xff); value = mmio_read32(reg)));
}

static void gicd_exclusive(void)
{
	describe("LDXR", LOAD("ldxr %w0, [%1]", board.gicd));
	describe("; LDXP", LOAD("ldxp %w0, w8, [%1]", board.gicd));
	describe("; STXR", LOAD("clrex\n\tstxr w8, wzr, [%1]\n\tmov %0, x8", board.gicd));
}

/* LSE atomics by opcode: ldadd w8, w0, [x1] and cas; x1 holds the address. */
static void gicd_atomic(void)
{
	if ((read_sysreg(id_aa64isar0_el1) >> 20 & 15) == 0) {
		printf("this CPU has none");
		return;
	}
	describe("LDADD", run_instruction(0xb8280001, board.gicd));	/* ldadd w8, w1, [x0] */
	describe("; SWP", run_instruction(0xb8288001, board.gicd));	/* swp w8, w1, [x0] */
	describe("; CAS", run_instruction(0x88a87c01, board.gicd));	/* cas w8, w1, [x0] */
	describe("; CASP", run_instruction(0x08207c02, board.gicd));	/* casp w0, w1, w2, w3, [x0] */
}

static void gicd_simd(void)
{
	describe("LDR S", LOAD("ldr s0, [%1]\n\tmov %0, #0", board.gicd));
	describe("; LDR Q", LOAD("ldr q0, [%1]\n\tmov %0, #0", board.gicd));
	describe("; STP Q", STORE("stp q0, q1, [%0]", board.gicd + 0x400));
	describe("; LD4", LOAD(".arch_extension simd\n\tld4 {v0.4s, v1.4s, v2.4s, v3.4s}, [%1]\n\tmov %0, #0", board.gicd));
	describe("; ST1", STORE(".arch_extension simd\n\tst1 {v0.b}[3], [%0]", board.gicd + 0x400));
}

static void device_zero(void)
{
	describe("GICD", STORE("dc zva, %0", board.gicd));
	describe("; UART", STORE("dc zva, %0", board.uart));
}

static void device_cache(void)
{
	describe("DC CIVAC", STORE("dc civac, %0", board.gicd));
	describe("; DC IVAC", STORE("dc ivac, %0", board.gicd));
	describe("; DC CVAU", STORE("dc cvau, %0", board.uart));
	describe("; PRFM", STORE("prfm pldl1keep, [%0]", board.gicd));
}

static void misaligned(void)
{
	describe("word", LOAD("ldr %w0, [%1]", board.gicd + 0x401));
	describe("; doubleword", LOAD("ldr %0, [%1]", board.gicd + 0x404));
	describe("; across the page", LOAD("ldr %0, [%1]", board.gicd + 0xffc));
	describe("; LDP across the page", LOAD("ldp %w0, w8, [%1]", board.gicd + 0xffc));
}

/* SP_EL0 as base register of a load that has to be read by the hypervisor; exceptions use SP_EL1. */
static void stack_pointer_base(void)
{
	u64 before, after = 0;
	struct attempt a;

	before = board.gicd;
	a = attempt(__asm__ volatile("mrs x8, sp_el0\n\tmsr sp_el0, %2\n\tmsr spsel, #0\n\tldr %w0, [sp], #8\n\t"
				     "msr spsel, #1\n\tmrs %1, sp_el0\n\tmsr sp_el0, x8"
				     : "=&r"(value), "=&r"(after) : "r"(before) : "x8", "memory"));
	describe("", a);
	printf(", SP moved by %ld", (long)(after - before));
}

/* Forms whose result the architecture leaves open: the base register is loaded too, or one register twice. */
static void unpredictable_forms(void)
{
	describe("LDR x0,[x0],#8", run_instruction(0xf8408400, board.gicd));
	describe("; LDP w1,w1,[x0]", run_instruction(0x29400401, board.gicd));
	describe("; LDP x0,x1,[x0],#16", run_instruction(0xa8c10400, board.gicd));
	describe("; STP x0,x1,[x0],#16", run_instruction(0xa8810400, board.gicd + 0x400));
}

static void jump_unmapped(void)
{
	void (*nowhere)(void) = (void (*)(void))hole();

	describe("", attempt(nowhere()));
}

static void jump_device(void)
{
	void (*nowhere)(void) = (void (*)(void))board.gicd;

	describe("GICD", attempt(nowhere()));
	nowhere = (void (*)(void))board.uart;
	describe("; UART", attempt(nowhere()));
	nowhere = (void (*)(void))(hole() + 2);
	describe("; misaligned", attempt(nowhere()));
}

static void set_way(void)
{
	u64 i;

	for (i = 0; i < 64; i++) {
		__asm__ volatile("dc cisw, %0\n\tdc csw, %0\n\tdc isw, %0" : : "r"(i << 6) : "memory");
	}
	describe("", attempt(__asm__ volatile("dc cisw, %0" : : "r"(~0UL) : "memory")));
}

const struct hostile_probe access_probes[] = {
	{ "unmapped-load", unmapped_load },
	{ "unmapped-store", unmapped_store },
	{ "unmapped-forms", unmapped_forms },
	{ "wild-addresses", wild_addresses },
	{ "memory-edges", memory_edges },
	{ "gicd-ldp", gicd_ldp },
	{ "gicd-ctlr-64bit", gicd_ctlr_64bit },
	{ "gicd-ctlr-byte", gicd_ctlr_byte },
	{ "gicd-id-write", gicd_id_write },
	{ "gicd-reserved", gicd_reserved },
	{ "private-byte-write", private_byte_write },
	{ "gicd-exclusive", gicd_exclusive },
	{ "gicd-atomic", gicd_atomic },
	{ "gicd-simd", gicd_simd },
	{ "device-zero", device_zero },
	{ "device-cache", device_cache },
	{ "misaligned", misaligned },
	{ "sp-base", stack_pointer_base },
	{ "unpredictable", unpredictable_forms },
	{ "jump-unmapped", jump_unmapped },
	{ "jump-device", jump_device },
	{ "set-way", set_way },
	{ NULL, NULL },
};
