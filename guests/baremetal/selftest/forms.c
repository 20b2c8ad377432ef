/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of every form a compiler may use on a device register. A hypervisor gets no syndrome for many of
 * them (ISV = 0) and has to read the instruction.
 */
#include "check.h"

#define A	((u64)(board.gicd + GICD_IPRIORITYR + (spare_spi(0) & ~31U)))

static void load_forms(void)
{
	u64 p, v, w, base = A;

	mmio_write32(A, 0x98a0b0c0);
	mmio_write32(A + 4, 0x70605040);
	p = base;
	__asm__ volatile("ldr %w0, [%1], #4" : "=r"(v), "+r"(p) : : "memory");
	check_eq(v, 0x98a0b0c0, "LDR post-index value");
	check_eq(p - base, 4, "LDR post-index address");
	p = base;
	__asm__ volatile("ldr %w0, [%1, #4]!" : "=r"(v), "+r"(p) : : "memory");
	check_eq(v, 0x70605040, "LDR pre-index value");
	check_eq(p - base, 4, "LDR pre-index address");
	p = base;
	__asm__ volatile("ldrb %w0, [%1], #-1" : "=r"(v), "+r"(p) : : "memory");
	check_eq(v, 0xc0, "LDRB post-index value");
	check_eq(p - base, ~0UL, "LDRB post-index address");
	__asm__ volatile("ldrsb %w0, [%1]" : "=r"(v) : "r"(base) : "memory");
	check_eq(v, 0xffffffc0, "LDRSB to W");
	__asm__ volatile("ldrsb %0, [%1]" : "=r"(v) : "r"(base + 3) : "memory");
	check_eq(v, 0xffffffffffffff98, "LDRSB to X");
	__asm__ volatile("ldrsw %0, [%1]" : "=r"(v) : "r"(base) : "memory");
	check_eq(v, 0xffffffff98a0b0c0, "LDRSW");
	p = base;
	__asm__ volatile("ldrsw %0, [%1], #4" : "=r"(v), "+r"(p) : : "memory");
	check_eq(v, 0xffffffff98a0b0c0, "LDRSW post-index");
	__asm__ volatile("ldur %w0, [%1, #-4]" : "=r"(v) : "r"(base + 8) : "memory");
	check_eq(v, 0x70605040, "LDUR");
	__asm__ volatile("ldr %w0, [%1, %2, lsl #2]" : "=r"(v) : "r"(base), "r"(1UL) : "memory");
	check_eq(v, 0x70605040, "LDR register offset");
	__asm__ volatile("ldar %w0, [%1]" : "=r"(v) : "r"(base) : "memory");
	check_eq(v, 0x98a0b0c0, "LDAR");
	w = 1;
	__asm__ volatile("ldr wzr, [%1]\n\tmov %0, #7" : "=r"(w) : "r"(base) : "memory");
	check_eq(w, 7, "LDR to WZR");
}

static void store_forms(void)
{
	u64 p, base = A;

	p = base;
	__asm__ volatile("str %w1, [%0], #4" : "+r"(p) : "r"(0x10203040) : "memory");
	check_eq(p - base, 4, "STR post-index address");
	check_eq(mmio_read32(base), 0x10203040, "STR post-index value");
	p = base;
	__asm__ volatile("str %w1, [%0, #4]!" : "+r"(p) : "r"(0x50607080) : "memory");
	check_eq(p - base, 4, "STR pre-index address");
	check_eq(mmio_read32(base + 4), 0x50607080, "STR pre-index value");
	p = base;
	__asm__ volatile("strb %w1, [%0], #1" : "+r"(p) : "r"(0xa0) : "memory");
	check_eq(mmio_read32(base), 0x102030a0, "STRB post-index");
	__asm__ volatile("str wzr, [%0]" : : "r"(base) : "memory");
	check_eq(mmio_read32(base), 0, "STR of WZR");
	__asm__ volatile("stlr %w1, [%0]" : : "r"(base), "r"(0x20304050) : "memory");
	check_eq(mmio_read32(base), 0x20304050, "STLR");
}

/* Natively a pair may reach the device as one access of twice the size, which it need not accept. */
static void pair_forms(void)
{
	u64 p, v, w, base = A;

	mmio_write32(A, 0x98a0b0c0);
	mmio_write32(A + 4, 0x70605040);
	__asm__ volatile("ldp %w0, %w1, [%2]" : "=&r"(v), "=&r"(w) : "r"(base) : "memory");
	check(v == 0x98a0b0c0 && w == 0x70605040, "LDP of words: %lx %lx", v, w);
	p = base;
	__asm__ volatile("ldp %w0, %w1, [%2], #8" : "=&r"(v), "=&r"(w), "+r"(p) : : "memory");
	check(v == 0x98a0b0c0 && w == 0x70605040 && p - base == 8, "LDP post-index: %lx %lx", v, w);
	p = base - 8;
	__asm__ volatile("ldp %w0, %w1, [%2, #8]!" : "=&r"(v), "=&r"(w), "+r"(p) : : "memory");
	check(v == 0x98a0b0c0 && w == 0x70605040 && p == base, "LDP pre-index: %lx %lx", v, w);
	__asm__ volatile("ldpsw %0, %1, [%2]" : "=&r"(v), "=&r"(w) : "r"(base) : "memory");
	check(v == 0xffffffff98a0b0c0 && w == 0x70605040, "LDPSW: %lx %lx", v, w);
	__asm__ volatile("ldnp %w0, %w1, [%2]" : "=&r"(v), "=&r"(w) : "r"(base) : "memory");
	check(v == 0x98a0b0c0 && w == 0x70605040, "LDNP: %lx %lx", v, w);
	__asm__ volatile("stp %w1, %w2, [%0]" : : "r"(base), "r"(0x10203040), "r"(0x50607080) : "memory");
	check_eq(mmio_read32(base), 0x10203040, "STP's first word");
	check_eq(mmio_read32(base + 4), 0x50607080, "STP's second word");
	p = base;
	__asm__ volatile("stp wzr, %w1, [%0], #8" : "+r"(p) : "r"(0x40404040) : "memory");
	check(mmio_read32(base) == 0 && mmio_read32(base + 4) == 0x40404040 && p - base == 8, "STP post-index");
}

/* What no device takes: the guest gets an external abort, at the instruction. */
static void refused_forms(void)
{
	static const char *const names[] = {
		"LDXR", "STXR", "LDR of a SIMD register", "STR of a SIMD register", "LDP of SIMD registers",
		"LD1", "DC ZVA",
	};
	u64 base = A, hits[ARRAY_SIZE(names)], esr[ARRAY_SIZE(names)], v;
	unsigned int i;
	u32 fail;

#define TRY(n, statement)						\
	do {								\
		probe_begin();						\
		statement;						\
		hits[n] = probe_end();					\
		esr[n] = this_cpu()->probe.esr;				\
	} while (0)
	TRY(0, __asm__ volatile("ldxr %w0, [%1]" : "=r"(v) : "r"(base) : "memory"));
	TRY(1, __asm__ volatile("ldxr %w0, [%1]\n\tstxr %w0, wzr, [%1]" : "=&r"(fail) : "r"(base) : "memory"));
	TRY(2, __asm__ volatile("ldr q0, [%0]" : : "r"(base) : "memory"));
	TRY(3, __asm__ volatile("str q0, [%0]" : : "r"(base) : "memory"));
	TRY(4, __asm__ volatile("ldp d0, d1, [%0]" : : "r"(base) : "memory"));
	TRY(5, __asm__ volatile(".arch_extension simd\n\tld1 {v0.16b}, [%0]" : : "r"(base) : "memory"));
	TRY(6, __asm__ volatile("dc zva, %0" : : "r"(base) : "memory"));
#undef TRY
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		check(hits[i] >= 1, "%s aborts", names[i]);
		check_eq(ESR_EC(esr[i]), EC_DABT, "%s: a data abort", names[i]);
	}
	check_eq(ESR_FSC(esr[0]), FSC_SEA, "an external one");
}

void test_forms(void)
{
	load_forms();
	store_forms();
	if (board_is_vm()) {
		pair_forms();
		refused_forms();
	}
	mmio_write32(A, PRIORITY_DEFAULT * 0x01010101U);
	mmio_write32(A + 4, PRIORITY_DEFAULT * 0x01010101U);
}
