/* SPDX-License-Identifier: Apache-2.0 */
/* A board of four Cortex-A57 and four Cortex-A53: who may run where, and as what a vCPU finds itself. */
#include "arch/host/host.h"
#include "arch_gic.h"
#include "core/base/memory.h"
#include "core/base/percpu.h"
#include "core/board.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "tests/unit/config_util.h"
#include "tests/unit/test.h"

#define MIDR_A57 0x411fd072UL /* r1p2 */
#define MIDR_A53 0x410fd034UL /* r0p4 */
#define CTR_A57 0x8444c004UL  /* instruction cache PIPT */
#define CTR_A53 0x84448004UL  /* VIPT */
#define VM "ram 0x80000000,16M load x "

static struct board b;
static struct board_limits limits;
static struct range ram[2];

static void board_of(u32 a57, u32 a53)
{
	memset(&b, 0, sizeof(b));
	b.gic.version = 2;
	b.ram_count = 1;
	b.ram[0] = (struct range){ 0x48000000, 0x38000000 };
	b.cpu_count = a57 + a53;
	for (u32 i = 0; i < b.cpu_count; i++) {
		b.cpu[i].mpidr = i < a57 ? i : 0x100 + i - a57;
		b.cpu[i].compatible = i < a57 ? "arm,cortex-a57" : "arm,cortex-a53";
	}
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &limits);
}

/* The masks of the VM's vCPUs, and what was said. */
static const char *check_text(const char *text)
{
	if (parse_text(text) == 0) {
		(void)!config_check(&cfg, &limits, &diag);
	}
	return log_text;
}

static void a_cluster_is_a_kind_of_core(void)
{
	board_of(4, 4);
	CHECK_STR(check_text(VM "cpu cluster cortex-a57 cpu cluster a53 cpu cluster arm,cortex-a53 runmask 6,7"), "");
	CHECK_EQ(cfg.cpu[0].runmask, 0x0f);
	CHECK_EQ(cfg.cpu[1].runmask, 0xf0);
	CHECK_EQ(cfg.cpu[2].runmask, 0xc0);
	/* `sched` behind it keeps it, and the width is that of the smallest core whichever is named. */
	CHECK_STR(check_text(VM "cpu cluster a57 sched 20"), "");
	CHECK_EQ(cfg.cpu[0].runmask, 0x0f);
	CHECK_EQ(limits.pa_bits, 40);
}

static void one_that_is_not_there(void)
{
	board_of(4, 4);
	CHECK_STR(check_text(VM "cpu cluster a72 runmask 0"),
		  "t:1:39: warning: the board has no cluster 'a72': ignored, expected one of cortex-a57, cortex-a53");
	CHECK_STR(check_text(VM "cpu cluster a57 runmask 4"),
		  "t:1:51: error: runmask names no CPU of cluster 'a57'");
	CHECK_STR(check_text(VM "cpu runmask 8 cluster a57"),
		  "t:1:39: error: runmask names CPU 8: the board has 0 to 7");
	b.cpu[0].compatible = NULL;
	b.cpu_count = 1;
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &limits);
	CHECK_STR(check_text(VM "cpu cluster a57"),
		  "t:1:39: warning: the board has no cluster 'a57': ignored, expected one of those its CPUs are called, which are none");
}

static void one_vcpu_on_both_kinds_is_said_once(void)
{
	board_of(4, 4);
	CHECK_STR(check_text(VM "cpu cpu runmask 3,4 cpu"),
		  "t:1:27: warning: vCPU 0 may run on arm,cortex-a57 and arm,cortex-a53: it is told of the first CPU's kind and "
		  "of caches that are right for all; 'cluster' or 'runmask' keeps it on one kind");
	CHECK_STR(check_text(VM "cpu runmask 0,1 cpu runmask 4,5"), "");
	board_of(4, 0);
	CHECK_STR(check_text(VM "cpu"), "");
}

/* The boot CPU is number 0, wherever it stands in the tree; one that did not come has no number. */
static void numbers_are_those_of_cpus_that_run(void)
{
	board_of(4, 4);
	for (u32 i = 0; i < 4; i++) {
		board_limits_cpu(&limits, i, 0x100 + i);
	}
	for (u32 i = 4; i < 7; i++) {
		board_limits_cpu(&limits, i, i - 3); /* 0x0 is missing */
	}
	limits.cpu_count = 7;
	CHECK_STR(check_text(VM "cpu cluster a57 cpu cluster a53"), "");
	CHECK_EQ(cfg.cpu[0].runmask, 0x70);
	CHECK_EQ(cfg.cpu[1].runmask, 0x0f);
}

static const struct {
	u64 allowed, midr, ctr;
} sees[] = {
	{ 0x0f, MIDR_A57, 0 },
	{ 0xf0, MIDR_A53, 0 },
	{ 0x20, MIDR_A53, 0 },
	{ ~0UL, MIDR_A57, CTR_A53 }, /* VIPT asks for more maintenance than PIPT */
	{ 0x18, MIDR_A57, CTR_A53 },
};

static void a_vcpu_is_of_its_clusters_kind(void)
{
	static struct vm vm;
	static struct vm_config own;

	host_init();
	host_gic_init(2, 4);
	own.gic = (struct cfg_gic){ .version = 2, .dist = 0x2c001000, .gicc = 0x2c002000 };
	vm = (struct vm){ .cfg = &own, .gic_version = 2, .thread = &percpus[0].idle_thread };
	for (u32 i = 0; i < 8; i++) {
		percpus[i].online = true;
		percpus[i].midr = i < 4 ? MIDR_A57 : MIDR_A53;
		percpus[i].ctr = i < 4 ? CTR_A57 : CTR_A53;
	}
	for (u32 i = 0; i < ARRAY_SIZE(sees); i++) {
		struct vcpu *v = vcpu_create(&vm, 0, sees[i].allowed, 10, false);

		REQUIRE(v != NULL);
		CHECK_EQ(v->vpidr, sees[i].midr);
		CHECK_EQ(v->ctr, sees[i].ctr);
		vcpu_destroy(v);
	}
}

TEST_MAIN(RUN(a_cluster_is_a_kind_of_core), RUN(one_that_is_not_there), RUN(one_vcpu_on_both_kinds_is_said_once),
	  RUN(numbers_are_those_of_cpus_that_run), RUN(a_vcpu_is_of_its_clusters_kind))
