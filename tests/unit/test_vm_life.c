/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM from its configuration to its end, with real threads: what is built, loaded and run, how it
 * ends and what is said of it, restarts, and that nothing is left behind whatever fails.
 */
#include <stdlib.h>
#include "tests/unit/test.h"
#include "tests/unit/config_util.h"
#include "arch/host/host.h"
#include "arch_gic.h"
#include "core/base/board.h"
#include "core/base/memory.h"
#include "core/exit.h"
#include "core/image.h"
#include "core/spec/esr.h"
#include "core/spec/psci.h"
#include "core/vm_build.h"
#include "core/vm_life.h"

#define RAM 0x40000000UL
#define RAM_SIZE MiB(4)
#define HELD_MAX 4096

static const char blob[] = "the payload of the guest";
static const char names[] = "blob";
static const struct image_entry entry = { .size = sizeof(blob), .name_size = 4 };
static const struct image image = { .base = (const u8 *)blob, .entry = &entry, .names = names,
				    .count = 1 };
static const struct board board;

#define TEXT "system vm1\ncpu\ncpu\nram 0x40000000,4M\nrom 0x10000000,8K\nvdev pl011 loc 0x1c090000 intr gic:37\n" \
	     "load 0x40200000,blob\n"

/* What the guest does, one step per exit; counted over restarts. */
static unsigned int steps, entered;
static void (*guest)(struct vcpu *v);
static struct vm *vm;
static unsigned int done_wakes;

static bool configure(const char *text)
{
	static const struct range ram = { GiB(1), GiB(1) };
	const struct board_limits limits = { .cpu_count = 1, .gic_version = 3, .pa_bits = 40,
					     .ram = &ram, .ram_count = 1 };

	if (parse_text(text) != 0 || config_check(&cfg, &limits, &diag) != 0) {
		test_fail(__FILE__, __LINE__, "%s", log_text);
		return false;
	}
	return true;
}

static void guest_step(struct vcpu *v)
{
	steps++;
	guest(v);
}

static void begin(void)
{
	host_init();
	host_gic_init(3, 4);
	host_uart_reset();
	host_guest = guest_step;
	steps = entered = done_wakes = 0;
	vm_sources(&image, &board, false);
}

/* The thread that waits for the VM is the test, which never blocks. */
static void live(void)
{
	vm = vm_create(&cfg, 0, &percpus[0].idle_thread);
	REQUIRE(vm != NULL);
	for (unsigned int i = 0; i < 1000 && vm->state != VM_DEAD && percpus[0].ready != 0; i++) {
		schedule();
	}
}

/* A VM that has ended holds nothing but itself and its thread's stack. */
static void bury(void)
{
	CHECK_EQ(vm->state, VM_DEAD);
	CHECK_EQ(vm->vcpu_count, 0);
	CHECK_EQ(vm->ram_count, 0);
	CHECK_EQ(vm->window_count, 0);
	CHECK_EQ(vm->s2.root, 0);
	CHECK(vm->vdevs == NULL);
	mem_free(vm, sizeof(*vm));
}

static bool said(const char *what)
{
	return strstr(host_uart.out, what) != NULL;
}

static void psci(struct vcpu *v, u64 fid, u64 a1, u64 a2, u64 a3)
{
	v->x[0] = fid;
	v->x[1] = a1;
	v->x[2] = a2;
	v->x[3] = a3;
	write_esr_el2(field_prep(ESR_EC, EC_HVC64) | ESR_IL);
	exit_sync(v);
}

static void look_around(struct vcpu *v)
{
	char got[sizeof(blob)] = "";
	u32 magic = 0;

	entered++;
	CHECK_EQ(v->vm->state, VM_RUNNING);
	CHECK_EQ(read_elr_el2(), RAM + 0x200000);
	CHECK_EQ(read_spsr_el2(), 0x3c5);
	CHECK_EQ(vm_read_ram(v->vm, RAM + 0x200000, got, sizeof(got)), 0);
	CHECK_STR(got, blob);
	CHECK_EQ(vm_read_ram(v->vm, v->x[0], &magic, 4), 0);
	CHECK_EQ(magic, 0xedfe0dd0); /* x0: its device tree */
	CHECK_EQ(v->vm->running, 1);
}

static void off(struct vcpu *v)
{
	look_around(v);
	psci(v, PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void system_off(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = off;
	live();
	CHECK_EQ(entered, 1);
	CHECK_EQ(vm->end, VM_END_OFF);
	CHECK_EQ(vm->starts, 1);
	CHECK(said("vm1: ended, the guest powered off (PSCI SYSTEM_OFF)"));
	bury();
}

static void one_life_costs_what_the_next_does(void)
{
	u64 before, cost[3];

	begin();
	REQUIRE(configure(TEXT));
	guest = off;
	for (unsigned int i = 0; i < 3; i++) {
		before = mem_free_bytes();
		live();
		bury();
		cost[i] = before - mem_free_bytes();
	}
	CHECK_EQ(entered, 3);
	/* The first may have made the ring of its console; only the dead thread and its stack stay. */
	CHECK_EQ(cost[1], KiB(16) + PAGE_SIZE);
	CHECK_EQ(cost[2], KiB(16) + PAGE_SIZE);
}

static void cpu_off(struct vcpu *v)
{
	look_around(v);
	psci(v, PSCI_CPU_OFF, 0, 0, 0);
}

static void the_last_cpu_off(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = cpu_off;
	live();
	CHECK_EQ(vm->end, VM_END_ALL_OFF);
	CHECK(said("vm1: ended, the last vCPU switched itself off (PSCI CPU_OFF)"));
	bury();
}

/* vCPU 0 starts vCPU 1 and switches itself off; the VM ends when the other does, too. */
static void relay(struct vcpu *v)
{
	if (v->id == 0) {
		psci(v, PSCI_CPU_ON, 1, RAM + 0x1234, 77);
		CHECK_EQ(v->x[0], 0);
		psci(v, PSCI_CPU_OFF, 0, 0, 0);
	}
	entered++;
	CHECK_EQ(v->id, 1);
	CHECK_EQ(read_elr_el2(), RAM + 0x1234);
	CHECK_EQ(v->x[0], 77);
	CHECK_EQ(v->vm->vcpu[0]->power, VCPU_OFF);
	CHECK_EQ(v->vm->running, 1);
	psci(v, PSCI_CPU_OFF, 0, 0, 0);
}

static void a_cpu_on_its_way_keeps_the_vm(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = relay;
	live();
	CHECK_EQ(entered, 1);
	CHECK_EQ(vm->end, VM_END_ALL_OFF);
	bury();
}

/* A start finds loaded memory and nothing of the run before. */
static void reset_twice(struct vcpu *v)
{
	u64 word = 1;

	look_around(v);
	CHECK_EQ(v->x[5], 0);
	v->x[5] = 5;
	CHECK_EQ(vm_read_ram(v->vm, RAM + 0x300000, &word, 8), 0);
	CHECK_EQ(word, 0);
	CHECK_EQ(vm_write_ram(v->vm, RAM + 0x300000, "secret!", 8), 0);
	/* Devices are as after power-on, too. */
	CHECK_EQ(mmio_access(v, 0x1c090038, 4, false, &word), MMIO_DONE);
	CHECK_EQ(word, 0);
	word = 0x10;
	CHECK_EQ(mmio_access(v, 0x1c090038, 4, true, &word), MMIO_DONE);
	word = 0;
	CHECK_EQ(mmio_access(v, 0x1c090038, 4, false, &word), MMIO_DONE);
	CHECK_EQ(word, 0x10);
	CHECK_EQ(vm_write_ram(v->vm, RAM + 0x200000, "changed", 8), 0);
	psci(v, entered < 3 ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void a_reset_loads_and_scrubs(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = reset_twice;
	live();
	CHECK_EQ(entered, 3);
	CHECK_EQ(vm->starts, 3);
	CHECK_EQ(vm->end, VM_END_OFF);
	CHECK(said("vm1: the guest asked for a reset, restarting"));
	CHECK(said("vm1: ended, the guest powered off"));
	bury();
}

static void die(struct vcpu *v)
{
	v->x[30] = 0x3030;
	v->x[7] = 0x7070;
	write_elr_el2(RAM + 0x4444);
	vm_kill(v->vm, "it did %d bad things", 2);
	vm_kill(v->vm, "and another");
	vm_end_request(v->vm, VM_END_OFF); /* too late */
}

static void a_killed_vm_and_its_registers(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = die;
	live();
	CHECK_EQ(steps, 1);
	CHECK_EQ(vm->end, VM_END_KILLED);
	CHECK(said("vm1: stopped, it did 2 bad things"));
	CHECK(!said("another"));
	CHECK(said("vCPU 0  pc 0x40004444"));
	CHECK(said("lr 0x3030"));
	CHECK(said("x4  0000000000000000 0000000000000000 0000000000000000 0000000000007070"));
	bury();
}

/* ---- Requests */

static bool operator_done;

/* A guest that is preempted after each step. */
static void lives_on(struct vcpu *v)
{
	entered++;
	v->x[7] = 0x7070;
	write_elr_el2(RAM + 0x4444);
	thread_yield();
}

static void live_with(void (*operator)(void *arg))
{
	operator_done = false;
	vm = vm_create(&cfg, 3, &percpus[0].idle_thread);
	REQUIRE(vm != NULL);
	REQUIRE(thread_create("operator", PRIO_DEFAULT, ~0UL, operator, NULL) != NULL);
	for (unsigned int i = 0; i < 10000 && !operator_done && percpus[0].ready != 0; i++) {
		schedule();
	}
	CHECK(operator_done);
}

static void runs(unsigned int starts)
{
	unsigned int was = entered;

	CHECK_EQ(vm->state, VM_RUNNING);
	CHECK_EQ(vm->starts, starts);
	CHECK_STR(vm_state_name(vm), "running");
	for (int i = 0; i < 20; i++) {
		thread_yield();
	}
	CHECK(entered > was);
}

static void pauses_and_goes_on(void *arg)
{
	u64 clock, before;

	(void)arg;
	runs(1);
	CHECK_EQ(vm_start(vm), -EALREADY);
	CHECK_EQ(vm_resume(vm), -EALREADY);
	CHECK_EQ(vm_release(vm), -EINVAL);
	CHECK_EQ(vm_pause(vm), 0);
	CHECK_EQ(vm->state, VM_PAUSED);
	CHECK_EQ(vm->vcpu[0]->pc, RAM + 0x4444);
	CHECK_EQ(vm->vcpu[0]->pstate, 0x3c5);
	CHECK_EQ(vm->vcpu[0]->x[7], 0x7070);
	CHECK(host_percpu->loaded != vm->vcpu[0]);
	clock = vm_counter(vm);
	before = entered;
	host_pass_ns(5000000000);
	thread_wake(&vm->vcpu[0]->thread); /* for nothing */
	for (int i = 0; i < 20; i++) {
		thread_yield();
	}
	CHECK_EQ(entered, before);
	CHECK_EQ(vm_counter(vm), clock);
	CHECK_EQ(vm_pause(vm), -EALREADY);
	CHECK_EQ(vm_start(vm), -EALREADY);
	CHECK_EQ(vm_resume(vm), 0);
	CHECK_EQ(vm_counter(vm), clock);
	runs(1);
	CHECK_EQ(vm_pause(vm), 0);
	CHECK_EQ(vm_stop(vm), 0); /* out of the pause */
	CHECK_EQ(vm_exit_code(vm), 3);
	CHECK_STR(vm_end_name(vm), "stopped");
	operator_done = true;
}

static void a_pause_stops_guest_and_clock(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = lives_on;
	live_with(pauses_and_goes_on);
	CHECK(said("vm1: ended, stopped by the operator, exit code 3"));
	bury();
}

static void lives_often(void *arg)
{
	u64 free = 0;

	(void)arg;
	CHECK(vm_at(3) == vm && vm_by_name("vm1") == vm && vm_by_name("4") == vm);
	CHECK(vm_by_name("vm") == NULL && vm_by_name("3") == NULL && vm_at(99) == NULL);
	runs(1);
	CHECK_EQ(vm_restart(vm), 0);
	runs(2);
	CHECK_EQ(vm_pause(vm), 0);
	CHECK_EQ(vm_restart(vm), 0);
	runs(3);
	CHECK(vm_inspect(vm));
	vm_inspect_end(vm);
	for (unsigned int i = 0; i < 5; i++) {
		CHECK_EQ(vm_stop(vm), 0);
		CHECK_EQ(vm->state, VM_DEAD);
		CHECK_EQ(vm->ram_count, 0);
		CHECK(i == 0 || mem_free_bytes() == free);
		free = mem_free_bytes();
		CHECK_EQ(vm_stop(vm), -EALREADY);
		CHECK_EQ(vm_pause(vm), -EINVAL);
		CHECK_EQ(vm_resume(vm), -EINVAL);
		CHECK_EQ(vm_abort(vm, "late"), -EALREADY);
		CHECK(!vm_inspect(vm));
		CHECK_EQ(i % 2 ? vm_restart(vm) : vm_start(vm), 0);
		runs(4 + i);
	}
	CHECK_EQ(vm_abort(vm, "on purpose"), 0);
	CHECK_EQ(vm->state, VM_DEAD);
	CHECK_EQ(vm_exit_code(vm), 7);
	operator_done = true;
}

static void a_vm_is_started_and_stopped_many_times(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = lives_on;
	live_with(lives_often);
	CHECK(said("vm1: restarted by the operator"));
	CHECK(said("vm1: stopped, on purpose, exit code 7"));
	bury();
}

/* It ends while it is asked to pause: the request loses and returns. */
static void ends_when_asked(struct vcpu *v)
{
	if (vm->requests != NULL) {
		psci(v, PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	thread_yield();
}

static void asks_too_late(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		thread_yield();
	}
	CHECK_EQ(vm_pause(vm), -EINVAL);
	for (int i = 0; i < 20; i++) {
		thread_yield();
	}
	CHECK_EQ(vm->state, VM_DEAD);
	CHECK_EQ(vm->end, VM_END_OFF);
	operator_done = true;
}

static void an_end_wins_over_a_pause(void)
{
	begin();
	REQUIRE(configure(TEXT));
	guest = ends_when_asked;
	live_with(asks_too_late);
	bury();
}

/* ---- Policies */

static u64 how;

static void ends_somehow(struct vcpu *v)
{
	entered++;
	if (how == 0) {
		vm_kill(v->vm, "dead");
	} else if (how == 1) {
		vm_unsupported(v->vm, "bad");
	} else if (how == 2) {
		vm_end_request(v->vm, VM_END_WATCHDOG);
	} else {
		psci(v, how, 0, 0, 0);
	}
}

static void policies(void)
{
	static const struct {
		const char *option;
		u64 how;
		u32 lives, code;
	} t[] = {
		{ "", PSCI_SYSTEM_OFF, 1, 0 }, { "", PSCI_CPU_OFF, 1, 0 }, { "", 0, 1, 7 }, { "", 1, 1, 5 },
		{ "", 2, 1, 4 }, { "restart never", PSCI_SYSTEM_RESET, 1, 0 }, { "restart never", 0, 1, 7 },
		{ "restart crash", PSCI_SYSTEM_OFF, 1, 0 }, { "restart crash,2", 0, 3, 7 },
		{ "restart crash,1", 1, 2, 5 }, { "restart crash,3", 2, 4, 4 },
		{ "restart crash,2", PSCI_SYSTEM_RESET, 3, 0 }, { "restart always,1", PSCI_SYSTEM_OFF, 2, 0 },
		{ "restart always,1", PSCI_CPU_OFF, 2, 0 }, { "restart always,2", 0, 3, 7 },
		{ "restart always,30", PSCI_SYSTEM_RESET, 31, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		char text[512];

		snprintf(text, sizeof(text), "%s%s\n", TEXT, t[i].option);
		begin();
		REQUIRE(configure(text));
		guest = ends_somehow;
		how = t[i].how;
		live();
		CHECK_EQ(entered, t[i].lives);
		CHECK_EQ(vm_exit_code(vm), t[i].code);
		bury();
	}
	/* Time stands still, so those lives were short: the log was spared. */
	CHECK(!said("restart 20 of 30"));
	CHECK(said("vm1: restarted 30 times, not again"));
}

static void never(struct vcpu *v)
{
	(void)v;
	CHECK(!"the guest runs");
	abort();
}

static void a_dry_run_stops_before_the_guest(void)
{
	begin();
	REQUIRE(configure(TEXT "dryrun\n"));
	guest = never;
	live();
	CHECK(said("vm1: Exiting: dryrun completed"));
	CHECK_EQ(vm->end, VM_END_NONE);
	CHECK_EQ(vm->starts, 0);
	bury();
}

static void what_cannot_be_loaded_is_not_started(void)
{
	begin();
	REQUIRE(configure("system vm1\ncpu\nram 0x40000000,4M\nload 0x40200000,nothing\n"));
	guest = never;
	live();
	CHECK_EQ(vm->end, VM_END_CONFIG);
	CHECK(said("t:4:"));
	CHECK(said("'nothing' is not in the image"));
	CHECK(said("vm1: not started"));
	bury();
}

static void what_does_not_fit_is_not_started(void)
{
	u64 before;

	begin();
	REQUIRE(configure("system vm1\ncpu\nram 0x40000000,4M\nram 0x50000000,512M\nload blob\n"));
	guest = never;
	before = mem_free_bytes();
	live();
	CHECK_EQ(vm->end, VM_END_CONFIG);
	CHECK(said("not enough memory: 524288 KiB asked for, "));
	CHECK(said("vm1: not started"));
	bury();
	CHECK_EQ(before - mem_free_bytes(), PAGE_SIZE * 4 + PAGE_SIZE); /* the thread, which is dead */
}

/* The VM's RAM by hand, without its thread. */
static struct vm *by_hand(void)
{
	struct vm *m = calloc(1, sizeof(*m));

	m->cfg = &cfg;
	m->thread = &percpus[0].idle_thread;
	return m;
}

static void what_is_built(void)
{
	struct vm *m;
	struct s2_leaf l;
	u64 before;

	begin();
	REQUIRE(configure(TEXT));
	before = mem_free_bytes();
	m = by_hand();
	diag = (struct diag){ .emit = test_emit };
	REQUIRE(vm_build(m, &diag) == 0);
	CHECK_EQ(m->vcpu_count, 2);
	CHECK_EQ(m->ram_count, 2);
	CHECK_EQ(m->gic_version, 3);
	CHECK_EQ(m->s2.vmid, 1);
	CHECK_EQ(m->s2.ipa_size, 1UL << 32);
	CHECK_EQ(m->s2.tables_max, m->s2.tables + 512);
	for (u32 i = 0; i < 2; i++) {
		CHECK_EQ(m->vcpu[i]->id, i);
		CHECK_EQ(m->vcpu[i]->vmpidr, BIT(31) | i);
		CHECK_EQ(m->vcpu[i]->power, VCPU_OFF);
		CHECK_EQ(m->vcpu[i]->thread.prio, PRIO_DEFAULT);
	}
	CHECK(s2_lookup(&m->s2, RAM, &l) && l.attr == S2_RAM && IS_ALIGNED(l.pa, MiB(2)));
	CHECK(s2_lookup(&m->s2, 0x10001fff, &l) && l.attr == S2_ROM);
	CHECK(!s2_lookup(&m->s2, 0x10002000, &l));
	CHECK(m->vdevs != NULL);
	CHECK(m->window_count >= 3); /* distributor, redistributors, UART */
	vm_destroy(m);
	CHECK_EQ(mem_free_bytes(), before);
	CHECK_EQ(percpus[0].threads, 0);
	free(m);
}

static void ram_comes_in_pieces_if_need_be(void)
{
	pa_t held[8];
	u32 n = 0;
	struct vm *m;
	u64 before, at = RAM;

	begin();
	REQUIRE(configure("system vm1\ncpu\nram 0x40000000,8M\nload blob\n"));
	before = mem_free_bytes();
	/* One 2 MiB piece of every two is taken. */
	while (n < 8 && (held[n] = mem_range_alloc(MiB(2), MiB(2), 0)) != 0) {
		n++;
	}
	CHECK(n >= 6);
	for (u32 i = 1; i < n; i += 2) {
		mem_range_free(held[i], MiB(2));
		held[i] = 0;
	}
	if (n % 2 == 0) {
		mem_range_free(held[0], MiB(2));
		held[0] = 0;
	}
	m = by_hand();
	diag = (struct diag){ .emit = test_emit };
	log_text[0] = '\0';
	if (vm_build(m, &diag) == 0) {
		CHECK(m->ram_count > 1);
		for (u32 i = 0; i < m->ram_count; i++) {
			CHECK_EQ(m->ram[i].ipa, at);
			at += m->ram[i].size;
		}
		CHECK_EQ(at, RAM + MiB(8));
		vm_destroy(m);
	} else {
		CHECK(strstr(log_text, "not enough memory") != NULL);
		CHECK(strstr(log_text, "t:3:") != NULL);
	}
	for (u32 i = 0; i < n; i++) {
		if (held[i] != 0) {
			mem_range_free(held[i], MiB(2));
		}
	}
	CHECK_EQ(mem_free_bytes(), before);
	free(m);
}

/* The build with memory for `pages` more than nothing. */
static void memory_that_ends_at_any_point(void)
{
	static pa_t held[HELD_MAX];
	u32 n = 0, failed = 0;
	struct vm *m;
	int err = -1;

	begin();
	REQUIRE(configure("system vm1\ncpu\ncpu\nram 0x40000000,2M\nrom 0x10000000,8K\nvdev pl011 loc 0x1c090000 intr gic:37\n"
			  "load blob\n"));
	while (n < HELD_MAX && (held[n] = mem_page_alloc()) != 0) {
		n++;
	}
	REQUIRE(n < HELD_MAX);
	/* Highest first, page by page: first there is not enough for anything, in the end for all. */
	while (n > 0 && err != 0) {
		u64 before;

		mem_page_free(held[--n]);
		before = mem_free_bytes();
		if (before > KiB(64) && before < MiB(2) && before % KiB(64) != 0) {
			continue; /* nothing new happens until the RAM fits */
		}
		m = by_hand();
		diag = (struct diag){ .emit = test_emit };
		log_text[0] = '\0';
		err = vm_build(m, &diag);
		if (err != 0) {
			failed++;
			CHECK_EQ(err, -ENOMEM);
			CHECK_EQ(diag.errors, 1);
			CHECK_EQ(m->vcpu_count + m->ram_count + m->window_count, 0);
			CHECK(m->vdevs == NULL);
		} else {
			vm_destroy(m);
		}
		free(m);
		CHECK_EQ(percpus[0].threads, 0);
		REQUIRE(mem_free_bytes() == before);
	}
	CHECK_EQ(err, 0);
	CHECK(failed > 30);
	while (n > 0) {
		mem_page_free(held[--n]);
	}
}

static void ram_is_zeroed_when_asked_and_when_given_back(void)
{
	struct vm *m;
	pa_t pa;

	begin();
	REQUIRE(configure(TEXT));
	for (int scrub = 0; scrub < 2; scrub++) {
		pa = mem_range_alloc(RAM_SIZE, MiB(2), 0);
		memset(pa_ptr(pa), 0x5a, RAM_SIZE);
		mem_range_free(pa, RAM_SIZE);
		vm_sources(&image, &board, scrub);
		m = by_hand();
		diag = (struct diag){ .emit = test_emit };
		REQUIRE(vm_build(m, &diag) == 0);
		CHECK_EQ(m->ram[0].pa, pa);
		CHECK_EQ(*((u8 *)pa_ptr(pa) + RAM_SIZE - 1), scrub ? 0 : 0x5a);
		memset(pa_ptr(pa), 0x77, RAM_SIZE);
		vm_destroy(m);
		free(m);
		for (u64 i = 0; i < RAM_SIZE; i += 511) {
			REQUIRE(((u8 *)pa_ptr(pa))[i] == 0);
		}
	}
}

static void no_memory_for_the_thread(void)
{
	u64 before;
	pa_t p;

	begin();
	REQUIRE(configure(TEXT));
	p = mem_range_alloc(sizeof(struct vm) / PAGE_SIZE * PAGE_SIZE + PAGE_SIZE, PAGE_SIZE, 0);
	REQUIRE(p != 0);
	while (mem_page_alloc() != 0) {
	}
	mem_range_free(p, sizeof(struct vm) / PAGE_SIZE * PAGE_SIZE + PAGE_SIZE);
	before = mem_free_bytes();
	CHECK(vm_create(&cfg, 0, NULL) == NULL); /* the VM fits, its thread does not */
	CHECK_EQ(mem_free_bytes(), before);
	while (mem_page_alloc() != 0) {
	}
	CHECK(vm_create(&cfg, 0, NULL) == NULL);
}

TEST_MAIN(RUN(system_off), RUN(one_life_costs_what_the_next_does), RUN(the_last_cpu_off), RUN(a_cpu_on_its_way_keeps_the_vm),
	  RUN(a_reset_loads_and_scrubs), RUN(a_killed_vm_and_its_registers),
	  RUN(a_pause_stops_guest_and_clock),
	  RUN(a_vm_is_started_and_stopped_many_times), RUN(an_end_wins_over_a_pause), RUN(policies),
	  RUN(a_dry_run_stops_before_the_guest), RUN(what_cannot_be_loaded_is_not_started),
	  RUN(what_does_not_fit_is_not_started), RUN(what_is_built),
	  RUN(ram_comes_in_pieces_if_need_be), RUN(memory_that_ends_at_any_point),
	  RUN(ram_is_zeroed_when_asked_and_when_given_back), RUN(no_memory_for_the_thread))
