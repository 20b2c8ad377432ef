/* SPDX-License-Identifier: Apache-2.0 */
/* Stolen time: where the guest finds it, what it says; and what a vCPU that moves sees of caches. */
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"
#include "core/base/memory.h"
#include "core/spec/smccc.h"
#include "core/stolen.h"
#include "core/sysreg/sysreg.h"

#define AT 0x2f010000UL
#define MS 1000000UL

static u64 call(struct guest *g, u64 fid, u64 a1)
{
	guest_rewind(g);
	g->v->x[0] = fid;
	g->v->x[1] = a1;
	guest_exit(g, 0x16, 0);
	return g->v->x[0];
}

static u64 word(struct guest *g, u32 vcpu, u32 at)
{
	return ((u64 *)pa_ptr(g->vm.stolen))[vcpu * 8 + at];
}

static void is_read_only_and_goes_with_the_vm(void)
{
	struct guest *g = guest_new();
	struct s2_leaf leaf;
	u64 left;

	REQUIRE(s2_init(&g->vm.s2, 1, 40) == 0);
	left = mem_free_bytes();
	CHECK_EQ(stolen_create(&g->vm), 0); /* no address: no page, and that is no error */
	CHECK_EQ(g->vm.stolen, 0);
	stolen_destroy(&g->vm);
	g->cfg.stolen = AT;
	CHECK_EQ(stolen_create(&g->vm), 0);
	CHECK(s2_lookup(&g->vm.s2, AT, &leaf));
	CHECK_EQ(leaf.pa, g->vm.stolen);
	CHECK_EQ(leaf.attr, S2_ROM);
	CHECK(!s2_lookup(&g->vm.s2, AT + PAGE_SIZE, &leaf));
	s2_unmap(&g->vm.s2, AT, PAGE_SIZE);
	stolen_destroy(&g->vm);
	CHECK_EQ(g->vm.stolen, 0);
	CHECK_EQ(mem_free_bytes(), left);
	s2_destroy(&g->vm.s2);
	guest_free(g);
}

static void calls_find_it(void)
{
	struct guest *g = guest_new();

	REQUIRE(s2_init(&g->vm.s2, 1, 40) == 0);
	/* Without a page there is no such thing. */
	CHECK_EQ((s64)call(g, SMCCC_ARCH_FEATURES, PV_TIME_FEATURES), -1);
	CHECK_EQ((s64)call(g, PV_TIME_FEATURES, PV_TIME_ST), -1);
	CHECK_EQ((s64)call(g, PV_TIME_ST, 0), -1);
	g->cfg.stolen = AT;
	CHECK_EQ(stolen_create(&g->vm), 0);
	g->v->thread.waited = 7 * MS;
	stolen_reset(&g->vm);
	CHECK_EQ(call(g, SMCCC_ARCH_FEATURES, PV_TIME_FEATURES), 0);
	CHECK_EQ((s64)call(g, SMCCC_ARCH_FEATURES, PV_TIME_ST), -1); /* that is asked of PV_TIME_FEATURES */
	CHECK_EQ(call(g, PV_TIME_FEATURES, PV_TIME_ST), 0);
	CHECK_EQ(call(g, PV_TIME_FEATURES, PV_TIME_FEATURES), 0);
	CHECK_EQ((s64)call(g, PV_TIME_FEATURES, 0xc5000022), -1);
	CHECK_EQ((s64)call(g, 0xc5000022, 0), -1);
	CHECK_EQ((s64)call(g, 0x85000020, PV_TIME_ST), -1); /* 64-bit calls only */
	g->v->id = 0;
	/* Until it is asked for nothing is written. */
	stolen_update(g->v);
	CHECK_EQ(word(g, 0, 1), 0);
	g->v->thread.waited = 12 * MS;
	stolen_update(g->v);
	CHECK_EQ(word(g, 0, 1), 0);
	CHECK_EQ(call(g, PV_TIME_ST, 0), AT);
	CHECK_EQ(word(g, 0, 0), 0); /* revision, attributes */
	CHECK_EQ(word(g, 0, 1), 5 * MS);
	g->v->thread.waited = 13 * MS;
	stolen_update(g->v);
	CHECK_EQ(word(g, 0, 1), 6 * MS);
	/* Each has its own. */
	g->v->id = 7;
	CHECK_EQ(call(g, PV_TIME_ST, 0), AT + 7 * 64);
	CHECK_EQ(word(g, 7, 1), 6 * MS);
	g->v->id = 0;
	/* A restart begins anew. */
	stolen_reset(&g->vm);
	CHECK_EQ(word(g, 0, 1), 0);
	CHECK(!g->v->stolen_on);
	g->v->thread.waited = 20 * MS;
	CHECK_EQ(call(g, PV_TIME_ST, 0), AT);
	CHECK_EQ(word(g, 0, 1), 7 * MS);
	stolen_destroy(&g->vm);
	s2_destroy(&g->vm.s2);
	guest_free(g);
}

/* Cortex-A53, A57, A72 r0, Neoverse N1 with IDC and DIC. */
#define A53 0x84448004UL
#define A57 0x8444c004UL
#define N1  0xb444c004UL

static void mixed_cpus_have_one_cache_type(void)
{
	CHECK_EQ(cache_type_both(A53, A53), A53);
	CHECK_EQ(cache_type_both(A53, A57), A53); /* VIPT is safe for PIPT */
	CHECK_EQ(cache_type_both(A57, N1), A57);  /* maintenance is needed on one */
	CHECK_EQ(cache_type_both(A57, 0x8455c003), 0x8454c003); /* smaller lines, larger granules */
	CHECK_EQ(cache_type_both(A57, 0x8005c004), 0x8004c004); /* granules that are not told */
	CHECK_EQ(cache_type_both(A57 | 4UL << 32, A57 | 3UL << 32), A57 | 3UL << 32);
}

static void only_who_may_get_to_unlike_cpus_traps(void)
{
	host_init();
	for (u32 i = 1; i < 4; i++) {
		percpus[i].id = i;
		sched_init_cpu(&percpus[i]);
	}
	cpu_count = 4;
	percpus[0].ctr = A57;
	percpus[1].ctr = A57;
	percpus[2].ctr = A53;
	percpus[3].ctr = N1;
	percpus[3].online = false;
	CHECK_EQ(cache_type_of(1), 0);
	CHECK_EQ(cache_type_of(3), 0);
	CHECK_EQ(cache_type_of(9), 0); /* one that is not there */
	CHECK_EQ(cache_type_of(7), A53);
	CHECK_EQ(cache_type_of(~0UL), A53);
	CHECK_EQ(cache_type_of(0), 0);
}

TEST_MAIN(RUN(is_read_only_and_goes_with_the_vm), RUN(calls_find_it), RUN(mixed_cpus_have_one_cache_type),
	  RUN(only_who_may_get_to_unlike_cpus_traps))
