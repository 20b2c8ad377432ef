/* SPDX-License-Identifier: Apache-2.0 */
/* SMCCC and PSCI calls as a guest makes them, by HVC and SMC. Function numbers are literal. */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"
#include "core/rng.h"

static u64 call_by(struct guest *g, unsigned int ec, u64 fid, u64 a1, u64 a2, u64 a3)
{
	guest_rewind(g);
	g->v->x[0] = fid;
	g->v->x[1] = a1;
	g->v->x[2] = a2;
	g->v->x[3] = a3;
	guest_exit(g, ec, 0);
	return g->v->x[0];
}

static u64 call(struct guest *g, u64 fid, u64 a1, u64 a2, u64 a3)
{
	return call_by(g, 0x16, fid, a1, a2, a3);
}

static s64 err(u64 x0)
{
	return (s64)x0;
}

/* HVC leaves the PC behind itself, a trapped SMC at itself (ARM ARM D1.3.2). */
static void both_conduits_answer_and_go_on(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(call(g, 0x84000000, 1, 2, 3), 0x10001);
	CHECK_EQ(read_elr_el2(), G_PC);
	CHECK_EQ(call_by(g, 0x17, 0x84000000, 1, 2, 3), 0x10001);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	CHECK_EQ(g->v->x[1], 1);
	CHECK_EQ(g->v->x[3], 3);
	CHECK_EQ(call_by(g, 0x17, 0xdeadbeef, 1, 2, 3), ~0UL);
	CHECK_EQ(read_elr_el2(), G_PC + 4);
	guest_free(g);
}

static void unknown_functions_are_not_supported_and_silent(void)
{
	static const u64 fids[] = {
		0x0, 0x04000000, 0xdeadbeef, 0xffffffff, 0x84000005, 0x84000007, 0x8400000d,
		0x84000013, 0x8400001f, 0x84000020, 0x8400ffff, 0xc4000000, 0xc4000002, 0xc4000008,
		0xc400000a, 0x80000002, 0x8600ff00, 0x86000000, 0xc6000000, 0x84000060, 0xc5000020,
		0x84010000, 0x44000003, 0xbf00ff01,
	};
	struct guest *g = guest_new();
	u64 before = g->v->exits[EC_HVC64];

	for (unsigned int i = 0; i < ARRAY_SIZE(fids); i++) {
		for (unsigned int n = 4; n < 31; n++) {
			g->v->x[n] = n;
		}
		CHECK_EQ(call(g, fids[i], 1, 2, 3), ~0UL);
		for (unsigned int n = 1; n < 31; n++) {
			CHECK_EQ(g->v->x[n], n);
		}
	}
	CHECK_EQ(g->v->exits[EC_HVC64] - before, ARRAY_SIZE(fids)); /* counted */
	CHECK_EQ(g->vm.guest_lines, 0);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

/* The upper half of x0 is not part of the function number. */
static void function_number_is_w0(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(call(g, 0xffffffff84000000, 0, 0, 0), 0x10001);
	CHECK_EQ(call(g, 0x1280000000, 0, 0, 0), 0x10001);
	guest_free(g);
}

static void other_immediates_are_undefined(void)
{
	struct guest *g = guest_new();

	write_elr_el2(G_PC + 4);
	g->v->x[0] = 0x84000000;
	guest_exit(g, 0x16, 0x1234);
	CHECK(guest_took(0)); /* at the HVC itself */
	CHECK_EQ(g->v->x[0], 0x84000000);
	guest_rewind(g);
	guest_exit(g, 0x17, 1);
	CHECK(guest_took(0));
	guest_free(g);
}

static void smccc_discovery(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(call(g, 0x80000000, 0, 0, 0), 0x10001);
	CHECK_EQ(call(g, 0x80000001, 0x80000000, 0, 0), 0);
	CHECK_EQ(call(g, 0x80000001, 0x80000001, 0, 0), 0);
	CHECK_EQ(err(call(g, 0x80000001, 0x80000002, 0, 0)), -1);
	CHECK_EQ(err(call(g, 0x80000001, 0x84000000, 0, 0)), -1);
	CHECK_EQ(call(g, 0x8600ff01, 0, 0, 0) >> 32, 0);
	CHECK(g->v->x[0] != 0xffffffff);
	CHECK(g->v->x[0] != 0xb66fb428); /* nobody else's */
	guest_free(g);
}

static void psci_features(void)
{
	static const u64 yes[] = {
		0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004,
		0xc4000004, 0x84000006, 0x84000008, 0x84000009, 0x8400000a, 0x8400000e, 0xc400000e,
		0x84000012, 0xc4000012,
		0x80000000,
	};
	static const u64 no[] = { 0x84000005, 0x8400000d, 0xc4000002, 0x84000013, 0x80000001, 0 };
	struct guest *g = guest_new();

	for (unsigned int i = 0; i < ARRAY_SIZE(yes); i++) {
		CHECK_EQ(call(g, 0x8400000a, yes[i], 0, 0), 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(no); i++) {
		CHECK_EQ(err(call(g, 0x8400000a, no[i], 0, 0)), -1);
	}
	CHECK_EQ(call(g, 0x84000006, 0, 0, 0), 2);
	guest_free(g);
}

/* ---- Power states */

static void cpu_on_starts_an_off_cpu_once(void)
{
	struct guest *g = guest_new();
	struct vcpu *t = guest_add_vcpu(g, 1);

	t->thread.state = THREAD_BLOCKED;
	CHECK_EQ(call(g, 0xc4000004, 1, 0, 0), 1); /* OFF */
	CHECK_EQ(call(g, 0xc4000003, 1, G_RAM + 0x40, 0x1234567890), 0);
	CHECK_EQ(t->power, VCPU_ON_PENDING);
	CHECK_EQ(t->on_entry, G_RAM + 0x40);
	CHECK_EQ(t->on_context, 0x1234567890);
	CHECK_EQ(t->thread.state, THREAD_READY); /* woken */
	CHECK_EQ(call(g, 0xc4000004, 1, 0, 0), 2); /* ON_PENDING */
	CHECK_EQ(err(call(g, 0xc4000003, 1, G_RAM + 0x80, 9)), -5);
	CHECK_EQ(t->on_entry, G_RAM + 0x40);
	t->power = VCPU_ON; /* its thread has got there */
	CHECK_EQ(call(g, 0xc4000004, 1, 0, 0), 0); /* ON */
	CHECK_EQ(err(call(g, 0xc4000003, 1, G_RAM, 9)), -4);
	t->power = VCPU_SUSPENDED;
	CHECK_EQ(err(call(g, 0xc4000003, 1, G_RAM, 9)), -4);
	CHECK_EQ(call(g, 0xc4000004, 1, 0, 0), 0);
	t->power = VCPU_OFF;
	CHECK_EQ(call(g, 0x84000003, 1, G_RAM, 9), 0);
	guest_free(g);
}

static void cpu_on_checks_its_arguments_in_order(void)
{
	struct guest *g = guest_new();

	(void)guest_add_vcpu(g, 1);
	CHECK_EQ(err(call(g, 0xc4000003, 7, G_RAM, 0)), -2);             /* no such CPU */
	CHECK_EQ(err(call(g, 0xc4000003, 0x80000001, G_RAM, 0)), -2);    /* MPIDR bit 31 */
	CHECK_EQ(err(call(g, 0xc4000003, 0x100000001, G_RAM, 0)), -2);   /* Aff3 */
	CHECK_EQ(err(call(g, 0xc4000003, ~0UL, G_RAM, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000003, 0, 0xbad, 0)), -4);             /* oneself, bad entry */
	CHECK_EQ(err(call(g, 0xc4000003, 1, 0xbad0000, 0)), -9);         /* nothing there */
	CHECK_EQ(err(call(g, 0xc4000003, 1, G_DEV, 0)), -9);             /* a device */
	CHECK_EQ(err(call(g, 0xc4000003, 1, G_RAM + 2, 0)), -9);         /* no instruction boundary */
	CHECK_EQ(err(call(g, 0xc4000003, 1, G_RAM + G_RAM_SIZE, 0)), -9);
	CHECK_EQ(g->vm.vcpu[1]->power, VCPU_OFF);
	CHECK_EQ(call(g, 0xc4000003, 1, G_ROM, 0), 0);                   /* ROM is fine */
	guest_free(g);
}

/* SMC32 arguments are 32-bit: rubbish above them does not count. */
static void narrow_calls_have_narrow_arguments(void)
{
	struct guest *g = guest_new();

	(void)guest_add_vcpu(g, 1);
	CHECK_EQ(call(g, 0x84000004, 0xffffffff00000001, 0xffffffff00000000, 0), 1);
	CHECK_EQ(call(g, 0x84000003, 0xffffffff00000001, 0xffffffff00000000 | G_RAM,
		      0xffffffff00000007), 0);
	CHECK_EQ(g->vm.vcpu[1]->on_entry, G_RAM);
	CHECK_EQ(g->vm.vcpu[1]->on_context, 7);
	guest_free(g);
}

static void affinity_info_looks_at_levels(void)
{
	struct guest *g = guest_new();
	struct vcpu *a = guest_add_vcpu(g, 1), *b = guest_add_vcpu(g, 2);

	a->vmpidr = BIT(31) | 0x100;
	b->vmpidr = BIT(31) | 0x101;
	CHECK_EQ(call(g, 0xc4000004, 0x100, 0, 0), 1);
	CHECK_EQ(call(g, 0xc4000004, 0x100, 1, 0), 1); /* cluster 1 is off */
	b->power = VCPU_ON_PENDING;
	CHECK_EQ(call(g, 0xc4000004, 0x100, 1, 0), 2);
	a->power = VCPU_ON;
	CHECK_EQ(call(g, 0xc4000004, 0x1ff, 1, 0), 0);
	CHECK_EQ(call(g, 0xc4000004, 0, 3, 0), 0);
	CHECK_EQ(err(call(g, 0xc4000004, 0x102, 0, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000004, 0x200, 1, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000004, 0, 4, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000004, 0, ~0UL, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000004, BIT(31), 0, 0)), -2);
	guest_free(g);
}

static void turn_off(void *arg)
{
	(void)call(arg, 0x84000002, 0, 0, 0);
	CHECK(!"CPU_OFF returns");
}

/* CPU_OFF leaves the exit for good: its thread waits to be powered on again. */
static void cpu_off_turns_the_caller_off(void)
{
	struct guest *g = guest_new();
	struct vcpu *t = guest_add_vcpu(g, 1);

	t->power = VCPU_ON;
	g->vm.running = 2;
	host_percpu->current = host_percpu->idle;
	thread_init(&g->v->thread, "vcpu", 10, 1, NULL, turn_off, g);
	thread_wake(&g->v->thread);
	schedule();
	CHECK_EQ(g->v->thread.state, THREAD_BLOCKED);
	CHECK_EQ(g->v->power, VCPU_OFF);
	CHECK_EQ(g->vm.running, 1);
	CHECK_EQ(g->vm.lock.taken, 0);
	/* The other CPU may turn it on again. */
	host_percpu->current = &t->thread;
	t->x[0] = 0xc4000003;
	t->x[1] = 0;
	t->x[2] = G_RAM;
	write_esr_el2(0x16UL << 26);
	exit_sync(t);
	CHECK_EQ(t->x[0], 0);
	CHECK_EQ(g->v->power, VCPU_ON_PENDING);
	guest_free(g);
}

static void standby_waits_and_returns(void)
{
	struct guest *g = guest_new();

	g->v->hcr |= HCR_VF; /* an interrupt waits already */
	CHECK_EQ(call(g, 0xc4000001, 0, 0xbad, 5), 0);
	CHECK_EQ(read_elr_el2(), G_PC);
	CHECK_EQ(err(call(g, 0xc4000001, BIT(17), G_RAM, 5)), -2);
	CHECK_EQ(err(call(g, 0xc4000001, BIT(31), G_RAM, 5)), -2);
	guest_free(g);
}

static void powerdown_suspend_ends_at_the_entry_point(void)
{
	struct guest *g = guest_new();

	g->v->hcr |= HCR_VF; /* an interrupt waits already */
	CHECK_EQ(err(call(g, 0xc4000001, BIT(16), 0xbad0000, 5)), -9);
	CHECK_EQ(read_elr_el2(), G_PC);
	CHECK_EQ(call(g, 0xc4000001, BIT(16), G_RAM + 0x100, 0xabcdef0123), 0xabcdef0123);
	CHECK_EQ(read_elr_el2(), G_RAM + 0x100);
	CHECK_EQ(read_spsr_el2(), 0x3c5);
	CHECK_EQ(read_sctlr_el1() & 5, 0); /* MMU and caches off */
	guest_free(g);
}

static void system_suspend_is_for_the_last_cpu(void)
{
	struct guest *g = guest_new();
	struct vcpu other = { .power = VCPU_ON };

	g->v->hcr |= HCR_VF;
	g->vm.vcpu[g->vm.vcpu_count++] = &other;
	CHECK_EQ(err(call(g, 0xc400000e, G_RAM + 0x100, 5, 0)), -3);
	other.power = VCPU_ON_PENDING;
	CHECK_EQ(err(call(g, 0xc400000e, G_RAM + 0x100, 5, 0)), -3);
	other.power = VCPU_OFF;
	CHECK_EQ(err(call(g, 0xc400000e, 0xbad0000, 5, 0)), -9);
	CHECK_EQ(err(call(g, 0xc400000e, G_RAM + 2, 5, 0)), -9);
	CHECK_EQ(read_elr_el2(), G_PC);
	CHECK_EQ(call(g, 0xc400000e, G_RAM + 0x100, 0xabcdef0123, 0), 0xabcdef0123);
	CHECK_EQ(read_elr_el2(), G_RAM + 0x100);
	CHECK_EQ(read_spsr_el2(), 0x3c5);
	CHECK_EQ(g->v->suspended, 0);
	g->vm.vcpu_count--;
	guest_free(g);
}

static void system_calls_end_the_vm(void)
{
	static const struct {
		u64 fid, type;
		u8 end;
	} t[] = {
		{ 0x84000008, 0, VM_END_OFF },
		{ 0x84000009, 0, VM_END_RESET },
		{ 0x84000012, 0, VM_END_RESET },
		{ 0xc4000012, 0, VM_END_RESET },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct guest *g = guest_new();

		(void)call(g, t[i].fid, t[i].type, 0, 0);
		CHECK_EQ(g->vm.end, t[i].end);
		CHECK_EQ(g->v->work & VWORK_STOP, VWORK_STOP);
		guest_free(g);
	}
}

static void unknown_reset_types_are_refused(void)
{
	struct guest *g = guest_new();

	CHECK_EQ(err(call(g, 0x84000012, 1, 0, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000012, 0x80000000, 0, 0)), -2);
	CHECK_EQ(g->vm.state, VM_RUNNING);
	guest_free(g);
}

/* ---- Speculation workarounds */

static u64 fw_calls;

static bool firmware(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r)
{
	(void)a1;
	(void)a2;
	(void)a3;
	memset(r, 0, sizeof(*r));
	if (fid == 0x80008000 || fid == 0x80003fff) {
		fw_calls++;
	} else {
		test_fail(__FILE__, __LINE__, "%#lx reached the firmware", fid);
	}
	return true;
}

#define WA1 0x80008000
#define WA2 0x80007fff
#define WA3 0x80003fff

static void workarounds_by_core_and_firmware(void)
{
	struct guest *g = guest_new();

	struct percpu *c = host_percpu;

	/* Cortex-A57, no firmware: vulnerable, nothing to offer */
	c->midr = 0x411fd070;
	host_firmware = firmware;
	fw_calls = 0;
	CHECK_EQ(err(call(g, 0x80000001, WA1, 0, 0)), -1);
	CHECK_EQ(err(call(g, 0x80000001, WA2, 0, 0)), -1);
	CHECK_EQ(err(call(g, 0x80000001, WA3, 0, 0)), -1);
	CHECK_EQ(err(call(g, WA1, 0, 0, 0)), -1);
	CHECK_EQ(fw_calls, 0);
	/* with one: forwarded, but the one that acts on the CPU for good */
	c->workaround[0] = WA_CALL;
	c->workaround[1] = WA_CALL;
	c->workaround[2] = WA_CALL;
	CHECK_EQ(call(g, 0x80000001, WA1, 0, 0), 0);
	CHECK_EQ(err(call(g, 0x80000001, WA2, 0, 0)), -2);
	CHECK_EQ(call(g, 0x80000001, WA3, 0, 0), 0);
	CHECK_EQ(call(g, WA1, 0, 0, 0), 0);
	CHECK_EQ(call(g, WA3, 0, 0, 0), 0);
	CHECK_EQ(fw_calls, 2);
	CHECK_EQ(call(g, WA2, 0, 0, 0), 0);
	CHECK_EQ(fw_calls, 2);
	/* the way in has done it already: 3 does what 1 does, not the other way round */
	c->hardening.fid = 0x80003fff;
	CHECK_EQ(call(g, WA1, 0, 0, 0), 0);
	CHECK_EQ(call(g, WA3, 0, 0, 0), 0);
	CHECK_EQ(fw_calls, 2);
	c->hardening.fid = 0x80008000;
	CHECK_EQ(call(g, WA1, 0, 0, 0), 0);
	CHECK_EQ(fw_calls, 2);
	CHECK_EQ(call(g, WA3, 0, 0, 0), 0);
	CHECK_EQ(fw_calls, 3);
	c->hardening.fid = 0;
	/* what the firmware says otherwise is handed on */
	c->workaround[0] = WA_UNAFFECTED;
	c->workaround[1] = WA_NOT_REQUIRED;
	c->workaround[2] = WA_NONE;
	CHECK_EQ(call(g, 0x80000001, WA1, 0, 0), 1);
	CHECK_EQ(err(call(g, 0x80000001, WA2, 0, 0)), -2);
	CHECK_EQ(err(call(g, 0x80000001, WA3, 0, 0)), -1);
	/* Cortex-A53: not affected */
	memset(c->workaround, WA_NONE, sizeof(c->workaround));
	c->midr = 0x410fd034;
	CHECK_EQ(call(g, 0x80000001, WA1, 0, 0), 1);
	CHECK_EQ(err(call(g, 0x80000001, WA2, 0, 0)), -2);
	CHECK_EQ(call(g, 0x80000001, WA3, 0, 0), 1);
	CHECK_EQ(call(g, WA1, 0, 0, 0), 0);
	CHECK_EQ(fw_calls, 3);
	/* Neoverse N1: CSV2, and an old firmware */
	c->midr = 0x414fd0c1;
	c->pfr0 = 1UL << 56;
	CHECK_EQ(call(g, 0x80000001, WA1, 0, 0), 1);
	CHECK_EQ(err(call(g, 0x80000001, WA3, 0, 0)), -1);
	host_firmware = NULL;
	guest_free(g);
}

/* ---- TRNG (runs before anything seeds the generator, then after) */

static void random_numbers_need_a_seed(void)
{
	struct guest *g = guest_new();

	REQUIRE(!rng_ready());
	CHECK_EQ(err(call(g, 0x84000050, 0, 0, 0)), -1);
	CHECK_EQ(err(call(g, 0xc4000053, 64, 0, 0)), -1);
	guest_free(g);
}

static void random_numbers_come_in_the_asked_width(void)
{
	struct guest *g = guest_new();
	u64 a, b;

	rng_add("0123456789abcdef0123456789abcdef", 32, 256);
	CHECK_EQ(call(g, 0x84000050, 0, 0, 0), 0x10000);
	CHECK_EQ(call(g, 0x84000051, 0x84000053, 0, 0), 0);
	CHECK_EQ(call(g, 0x84000051, 0xc4000053, 0, 0), 0);
	CHECK_EQ(err(call(g, 0x84000051, 0xc4000050, 0, 0)), -1);
	CHECK(call(g, 0x84000052, 0, 0, 0) != 0xffffffff);

	CHECK_EQ(err(call(g, 0xc4000053, 0, 0, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000053, 193, 0, 0)), -2);
	CHECK_EQ(err(call(g, 0xc4000053, ~0UL, 0, 0)), -2);
	CHECK_EQ(err(call(g, 0x84000053, 97, 0, 0)), -2);
	CHECK_EQ(g->v->x[3], 0);

	CHECK_EQ(call(g, 0xc4000053, 192, 7, 7), 0);
	a = g->v->x[1] ^ g->v->x[2] ^ g->v->x[3];
	CHECK(g->v->x[1] != 0 && g->v->x[2] != 0 && g->v->x[3] != 0);
	CHECK_EQ(call(g, 0xc4000053, 192, 7, 7), 0);
	b = g->v->x[1] ^ g->v->x[2] ^ g->v->x[3];
	CHECK(a != b);
	for (unsigned int bits = 1; bits <= 192; bits++) {
		CHECK_EQ(call(g, 0xc4000053, bits, ~0UL, ~0UL), 0);
		CHECK_EQ(bits < 64 ? g->v->x[3] >> bits : 0, 0);
		CHECK_EQ(bits <= 64 ? g->v->x[2] : bits < 128 ? g->v->x[2] >> (bits - 64) : 0, 0);
		CHECK_EQ(bits <= 128 ? g->v->x[1] : bits < 192 ? g->v->x[1] >> (bits - 128) : 0, 0);
	}
	for (unsigned int bits = 1; bits <= 96; bits++) {
		CHECK_EQ(call(g, 0x84000053, bits, ~0UL, ~0UL), 0);
		CHECK_EQ(bits < 32 ? g->v->x[3] >> bits : g->v->x[3] >> 32, 0);
		CHECK_EQ(bits <= 32 ? g->v->x[2] : bits < 64 ? g->v->x[2] >> (bits - 32) : 0, 0);
		CHECK_EQ(bits <= 64 ? g->v->x[1] : bits < 96 ? g->v->x[1] >> (bits - 64) : 0, 0);
	}
	guest_free(g);
}

/* ---- pass smc: */

static bool sip_firmware(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r)
{
	fw_calls++;
	*r = (struct smc_result){ { fid + 1, a1, a2, a3 } };
	return true;
}

static void listed_functions_reach_the_firmware(void)
{
	struct guest *g = guest_new();
	struct cfg_smc smc[2] = { { .first = 0xc2000000, .last = 0xc200000b, .next = &smc[1] },
				  { .first = 0x80000000, .last = 0xffffffff } };

	g->vm.cfg->smc = smc;
	g->v->calls = 1;
	smc[0].next = NULL;
	host_firmware = sip_firmware;
	fw_calls = 0;
	for (unsigned int i = 1; i < 8; i++) {
		g->v->x[i] = i;
	}
	call(g, 0xc2000003, 1, 2, 3);
	CHECK_EQ(fw_calls, 1);
	CHECK_EQ(g->v->x[0], 0xc2000004);
	CHECK_EQ(g->v->x[1], 1 + 4); /* x4 to x7 went along */
	CHECK_EQ(g->v->x[2], 2 + 5);
	CHECK_EQ(g->v->x[3], 3 + 6 + 7);
	CHECK_EQ(call(g, 0x84000000c2000003, 0, 0, 0), 0xc2000004); /* a function is 32 bits, there as well */
	fw_calls--;
	CHECK_EQ(err(call(g, 0xc200000c, 0, 0, 0)), -1);
	CHECK_EQ(err(call(g, 0xc1ffffff, 0, 0, 0)), -1);
	CHECK_EQ(err(call(g, 0x82000003, 0, 0, 0)), -1);
	CHECK_EQ(fw_calls, 1);
	/* PSCI and what the monitor answers by itself is never passed, whatever is listed. */
	g->vm.cfg->smc = &smc[1];
	CHECK_EQ(call(g, 0x84000000, 0, 0, 0), 0x10001);
	CHECK_EQ(call(g, 0x80000000, 0, 0, 0), 0x10001);
	call(g, 0x84000012, 0, 0, 0); /* PSCI, of no function the monitor has */
	call(g, 0x84000050, 0, 0, 0);
	call(g, 0xc5000020, 0, 0, 0);
	CHECK_EQ(fw_calls, 1);
	/* No firmware to be called. */
	host_firmware = NULL;
	g->vm.cfg->smc = &smc[0];
	smc[0].next = NULL;
	CHECK_EQ(err(call(g, 0xc2000003, 0, 0, 0)), -1);
	g->vm.cfg->smc = NULL;
	guest_free(g);
}

TEST_MAIN(RUN(both_conduits_answer_and_go_on), RUN(unknown_functions_are_not_supported_and_silent),
	  RUN(function_number_is_w0), RUN(other_immediates_are_undefined), RUN(smccc_discovery),
	  RUN(psci_features), RUN(cpu_on_starts_an_off_cpu_once),
	  RUN(cpu_on_checks_its_arguments_in_order), RUN(narrow_calls_have_narrow_arguments),
	  RUN(affinity_info_looks_at_levels), RUN(cpu_off_turns_the_caller_off),
	  RUN(standby_waits_and_returns), RUN(powerdown_suspend_ends_at_the_entry_point),
	  RUN(system_suspend_is_for_the_last_cpu), RUN(system_calls_end_the_vm), RUN(unknown_reset_types_are_refused),
	  RUN(workarounds_by_core_and_firmware), RUN(random_numbers_need_a_seed),
	  RUN(random_numbers_come_in_the_asked_width),
	  RUN(listed_functions_reach_the_firmware))
