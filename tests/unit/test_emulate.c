/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses the syndrome does not describe. Encodings are what GNU as 2.40 makes of the text beside
 * them.
 */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"

#define X2 0x2222222222222222
#define X3 0x3333333333333333
#define READS 0xf8f7f6f5f4f3f2f1 /* the device's first value, then one more */

struct form {
	const char *text;
	u32 insn;
	s64 off;      /* of the first access from the base register */
	u8 count, size;
	bool write;
	u64 x2, x3;   /* after a load */
	s64 moved;    /* of the base register */
};

/* x1 is the base (sp where the text says so), x4 = -4 in its low word. */
static const struct form forms[] = {
	{ "ldp x2, x3, [x1]", 0xa9400c22, 0, 2, 8, false, READS, READS + 1, 0 },
	{ "ldp x2, x3, [x1, #16]", 0xa9410c22, 16, 2, 8, false, READS, READS + 1, 0 },
	{ "ldp w2, w3, [x1, #-8]", 0x297f0c22, -8, 2, 4, false, 0xf4f3f2f1, 0xf4f3f2f2, 0 },
	{ "ldp x2, x3, [x1], #16", 0xa8c10c22, 0, 2, 8, false, READS, READS + 1, 16 },
	{ "ldp x2, x3, [x1, #-16]!", 0xa9ff0c22, -16, 2, 8, false, READS, READS + 1, -16 },
	{ "ldpsw x2, x3, [x1, #8]", 0x69410c22, 8, 2, 4, false, 0xfffffffff4f3f2f1,
	  0xfffffffff4f3f2f2, 0 },
	{ "ldnp x2, x3, [x1, #16]", 0xa8410c22, 16, 2, 8, false, READS, READS + 1, 0 },
	{ "stp x2, x3, [x1]", 0xa9000c22, 0, 2, 8, true, X2, X3, 0 },
	{ "stp w2, w3, [x1, #8]!", 0x29810c22, 8, 2, 4, true, X2, X3, 8 },
	{ "stp x2, xzr, [x1], #-16", 0xa8bf7c22, 0, 2, 8, true, X2, X3, -16 },
	{ "stnp w2, w3, [x1]", 0x28000c22, 0, 2, 4, true, X2, X3, 0 },
	{ "ldr w2, [x1], #4", 0xb8404422, 0, 1, 4, false, 0xf4f3f2f1, X3, 4 },
	{ "ldr x2, [x1, #8]!", 0xf8408c22, 8, 1, 8, false, READS, X3, 8 },
	{ "str w2, [x1], #-4", 0xb81fc422, 0, 1, 4, true, X2, X3, -4 },
	{ "str x2, [x1, #-8]!", 0xf81f8c22, -8, 1, 8, true, X2, X3, -8 },
	{ "ldrb w2, [x1], #1", 0x38401422, 0, 1, 1, false, 0xf1, X3, 1 },
	{ "ldrh w2, [x1, #2]!", 0x78402c22, 2, 1, 2, false, 0xf2f1, X3, 2 },
	{ "strb w2, [x1, #1]!", 0x38001c22, 1, 1, 1, true, X2, X3, 1 },
	{ "strh w2, [x1], #2", 0x78002422, 0, 1, 2, true, X2, X3, 2 },
	{ "ldrsb w2, [x1], #1", 0x38c01422, 0, 1, 1, false, 0xfffffff1, X3, 1 },
	{ "ldrsb x2, [x1], #1", 0x38801422, 0, 1, 1, false, 0xfffffffffffffff1, X3, 1 },
	{ "ldrsh w2, [x1, #2]!", 0x78c02c22, 2, 1, 2, false, 0xfffff2f1, X3, 2 },
	{ "ldrsh x2, [x1, #2]!", 0x78802c22, 2, 1, 2, false, 0xfffffffffffff2f1, X3, 2 },
	{ "ldrsw x2, [x1], #4", 0xb8804422, 0, 1, 4, false, 0xfffffffff4f3f2f1, X3, 4 },
	{ "ldur w2, [x1, #-4]", 0xb85fc022, -4, 1, 4, false, 0xf4f3f2f1, X3, 0 },
	{ "stur x2, [x1, #-8]", 0xf81f8022, -8, 1, 8, true, X2, X3, 0 },
	{ "ldtr w2, [x1, #4]", 0xb8404822, 4, 1, 4, false, 0xf4f3f2f1, X3, 0 },
	{ "sttr w2, [x1, #4]", 0xb8004822, 4, 1, 4, true, X2, X3, 0 },
	{ "ldr w2, [x1, w4, sxtw]", 0xb864c822, -4, 1, 4, false, 0xf4f3f2f1, X3, 0 },
	{ "ldr w2, [x1, w4, uxtw #2]", 0xb8645822, 0x3fffffff0, 1, 4, false, 0xf4f3f2f1, X3, 0 },
	{ "ldr w2, [x1, x4]", 0xb8646822, 0xfffffffc, 1, 4, false, 0xf4f3f2f1, X3, 0 },
	{ "ldr w2, [x1, x4, lsl #2]", 0xb8647822, 0x3fffffff0, 1, 4, false, 0xf4f3f2f1, X3, 0 },
	{ "str x2, [x1, x4, sxtx #3]", 0xf824f822, 0x7ffffffe0, 1, 8, true, X2, X3, 0 },
	{ "ldrsw x2, [x1, #4]", 0xb9800422, 4, 1, 4, false, 0xfffffffff4f3f2f1, X3, 0 },
	{ "ldr x2, [x1, #32]", 0xf9401022, 32, 1, 8, false, READS, X3, 0 },
};

/* The instruction stands at G_PC and its access (or the half `half` of a pair) has faulted at `addr`. */
static void execute(struct guest *g, u32 insn, u64 addr, unsigned int size, unsigned int half,
		    bool write)
{
	memcpy(g->ram + (G_PC - G_RAM), &insn, 4);
	g->v->x[2] = X2;
	g->v->x[3] = X3;
	g->v->x[4] = 0xfffffffc;
	g->value = READS;
	guest_abort(g, addr + half * size, write ? BIT(6) : 0);
}

static void check_form(const struct form *f, unsigned int half)
{
	struct guest *g = guest_new();
	u64 addr = G_DEV + 0x100, base = addr - (u64)f->off;

	guest_rewind(g);
	g->v->x[1] = base;
	execute(g, f->insn, addr, f->size, half, f->write);
	if (g->accesses != f->count || read_elr_el2() != G_PC + 4) {
		test_fail(__FILE__, __LINE__, "%s: %u accesses, pc %#lx", f->text, g->accesses,
			  read_elr_el2());
		guest_free(g);
		return;
	}
	for (unsigned int i = 0; i < f->count; i++) {
		u64 mask = f->size == 8 ? ~0UL : BIT(f->size * 8) - 1;

		CHECK_EQ(g->last[i].off, 0x100 + i * f->size);
		CHECK_EQ(g->last[i].size, f->size);
		CHECK_EQ(g->last[i].write, f->write);
		if (f->write) {
			u64 second = f->insn == 0xa8bf7c22 ? 0 : X3; /* the one that stores xzr */

			CHECK_EQ(g->last[i].val, (i == 0 ? X2 : second) & mask);
		}
	}
	if (g->v->x[2] != f->x2 || g->v->x[3] != f->x3 || g->v->x[1] != base + (u64)f->moved) {
		test_fail(__FILE__, __LINE__, "%s: x2 %#lx x3 %#lx base moved %ld", f->text,
			  g->v->x[2], g->v->x[3], (s64)(g->v->x[1] - base));
	}
	guest_free(g);
}

static void every_form_does_what_the_manual_says(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		check_form(&forms[i], 0);
	}
}

/* FAR_EL2 is at whichever half faulted first. */
static void pair_may_fault_at_its_second_half(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
		if (forms[i].count == 2) {
			check_form(&forms[i], 1);
		}
	}
}

static void stack_pointer_is_the_one_in_use(void)
{
	struct guest *g = guest_new();

	write_sp_el1(G_DEV + 0x110);
	write_sp_el0(0x1000);
	execute(g, 0xa9bf0fe2 /* stp x2, x3, [sp, #-16]! */, G_DEV + 0x100, 8, 0, true);
	CHECK_EQ(g->accesses, 2);
	CHECK_EQ(read_sp_el1(), G_DEV + 0x100);
	CHECK_EQ(read_sp_el0(), 0x1000);

	guest_rewind(g);
	write_spsr_el2(0x4); /* EL1t */
	write_sp_el0(G_DEV + 0x20);
	execute(g, 0xb80047e2 /* str w2, [sp], #4 */, G_DEV + 0x20, 4, 0, true);
	CHECK_EQ(read_sp_el0(), G_DEV + 0x24);
	CHECK_EQ(read_sp_el1(), G_DEV + 0x100);

	guest_rewind(g);
	write_spsr_el2(0x0); /* EL0 */
	write_sp_el0(G_DEV + 0x30);
	execute(g, 0xa9410fe2 /* ldp x2, x3, [sp, #16] */, G_DEV + 0x40, 8, 0, false);
	CHECK_EQ(g->accesses, 2);
	CHECK_EQ(g->v->x[3], READS + 1);
	guest_free(g);
}

static void zero_register_is_read_as_zero_and_not_written(void)
{
	struct guest *g = guest_new();

	g->v->pc = 0xaaaa;
	g->v->x[1] = G_DEV;
	execute(g, 0xb840443f /* ldr wzr, [x1], #4 */, G_DEV, 4, 0, false);
	CHECK_EQ(g->v->pc, 0xaaaa);
	CHECK_EQ(g->v->x[1], G_DEV + 4);
	guest_rewind(g);
	execute(g, 0xb8004c3f /* str wzr, [x1, #4]! */, G_DEV + 8, 4, 0, true);
	CHECK_EQ(g->last[0].val, 0);
	CHECK_EQ(g->v->x[1], G_DEV + 8);
	guest_free(g);
}

/* Refused forms get the abort of a bus and change nothing. */
static void other_forms_abort(void)
{
	static const u32 refused[] = {
		0x885f7c22, /* ldxr w2, [x1] */
		0x88057c22, /* stxr w5, w2, [x1] */
		0xc87f8c22, /* ldaxp x2, x3, [x1] */
		0xb8220023, /* ldadd w2, w3, [x1] */
		0xf8228023, /* swp x2, x3, [x1] */
		0xc8a27c23, /* cas x2, x3, [x1] */
		0xd50b7421, /* dc zva, x1 */
		0x3dc00020, /* ldr q0, [x1] */
		0xad400420, /* ldp q0, q1, [x1] */
		0xfc408420, /* ldr d0, [x1], #8 */
		0x2d000420, /* stp s0, s1, [x1] */
		0x4c407020, /* ld1 {v0.16b}, [x1] */
		0xf8201c22, /* ldraa x2, [x1, #8]! */
		0xf9800020, /* prfm pldl1keep, [x1] */
		0xa8c10c21, /* ldp x1, x3, [x1], #16 */
		0xf8408421, /* ldr x1, [x1], #8 */
		0xa9400822, /* ldp x2, x2, [x1] */
		0xd503201f, /* nop */
		0x00000000, 0xffffffff,
		0xe9400c22, /* unallocated pair */
		0x69000c22, /* stgp x2, x3, [x1] */
	};
	struct guest *g = guest_new();

	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
		for (unsigned int write = 0; write < 2; write++) {
			guest_rewind(g);
			g->v->x[1] = G_DEV;
			execute(g, refused[i], G_DEV, 4, 0, write != 0);
			if (!guest_took(0x25) || g->accesses != 0 || g->v->x[1] != G_DEV ||
			    g->v->x[2] != X2 || g->v->x[3] != X3) {
				test_fail(__FILE__, __LINE__, "%#x was not refused", refused[i]);
			}
		}
	}
	guest_free(g);
}

/* Whatever the instruction memory holds: no crash, at most two accesses, inside the faulting page. */
static void any_word_is_safe(void)
{
	struct guest *g = guest_new();
	u32 x = 1;

	for (unsigned int i = 0; i < 400000; i++) {
		x = x * 1664525 + 1013904223;
		guest_rewind(g);
		g->v->x[1] = G_DEV + 0x40;
		/* Half of them from the load and store space on base x1. */
		execute(g, i % 2 ? x : (x & 0xfffffc1f) | 0x28000020, G_DEV + 0x40, 4, 0, i % 4 < 2);
		if (g->accesses > 2 || (read_elr_el2() != G_PC + 4 && !guest_took(0x25))) {
			test_fail(__FILE__, __LINE__, "%#x: %u accesses, pc %#lx", x, g->accesses,
				  read_elr_el2());
			break;
		}
	}
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

static void instruction_that_does_not_fit_the_fault_aborts(void)
{
	struct guest *g = guest_new();

	/* The address, then the direction, is another one: the code was changed meanwhile. */
	g->v->x[1] = G_DEV + 0x40;
	execute(g, 0xa9400c22, G_DEV, 8, 0, false);
	CHECK(guest_took(0x25));
	guest_rewind(g);
	g->v->x[1] = G_DEV;
	execute(g, 0xa9400c22, G_DEV, 8, 0, true);
	CHECK(guest_took(0x25));
	guest_rewind(g);
	g->v->x[1] = G_DEV;
	execute(g, 0xb8404422 /* ldr w2, [x1], #4 */, G_DEV, 4, 1, false);
	CHECK(guest_took(0x25));
	CHECK_EQ(g->accesses, 0);
	guest_free(g);
}

static void tagged_pointers_are_the_same_address(void)
{
	struct guest *g = guest_new();

	g->v->x[1] = G_DEV | 0xab00000000000000;
	execute(g, 0xa8c10c22, G_DEV, 8, 0, false);
	CHECK_EQ(g->accesses, 2);
	CHECK_EQ(g->v->x[1], (G_DEV + 16) | 0xab00000000000000);
	guest_free(g);
}

static void pair_across_a_page_aborts(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(vm_add_window(&g->vm, G_DEV + 0x1000, 0x1000, guest_device, g), 0);
	g->v->x[1] = G_DEV + 0xff8;
	execute(g, 0xa9400c22, G_DEV + 0xff8, 8, 0, false);
	CHECK(guest_took(0x25));
	CHECK_EQ(g->accesses, 0);
	guest_rewind(g);
	execute(g, 0xa9400c22, G_DEV + 0xff8, 8, 1, false);
	CHECK(guest_took(0x25));
	CHECK_EQ(g->accesses, 0);
	guest_free(g);
}

static void code_outside_of_ram_is_not_read(void)
{
	struct guest *g = guest_new();

	write_elr_el2(G_DEV + 0x800);
	guest_abort(g, G_DEV, 0);
	CHECK_EQ(read_elr_el1(), G_DEV + 0x800);
	CHECK_EQ(g->accesses, 0);
	guest_free(g);
}

static void aarch32_aborts(void)
{
	struct guest *g = guest_new();

	g->v->x[1] = G_DEV;
	write_spsr_el2(0x10);
	execute(g, 0xa9400c22, G_DEV, 8, 0, false);
	CHECK(guest_took(0x24));
	CHECK_EQ(g->accesses, 0);
	guest_free(g);
}

static void device_that_refuses_leaves_the_registers(void)
{
	struct guest *g = guest_new();

	g->result = MMIO_ABORT;
	g->v->x[1] = G_DEV;
	execute(g, 0xa8c10c22, G_DEV, 8, 0, false);
	CHECK(guest_took(0x25));
	CHECK_EQ(g->accesses, 1);
	CHECK_EQ(g->v->x[1], G_DEV);
	CHECK_EQ(g->v->x[2], X2);
	guest_free(g);
}

TEST_MAIN(RUN(every_form_does_what_the_manual_says), RUN(pair_may_fault_at_its_second_half),
	  RUN(stack_pointer_is_the_one_in_use), RUN(zero_register_is_read_as_zero_and_not_written),
	  RUN(other_forms_abort), RUN(any_word_is_safe),
	  RUN(instruction_that_does_not_fit_the_fault_aborts),
	  RUN(tagged_pointers_are_the_same_address), RUN(pair_across_a_page_aborts),
	  RUN(code_outside_of_ram_is_not_read), RUN(aarch32_aborts),
	  RUN(device_that_refuses_leaves_the_registers))
