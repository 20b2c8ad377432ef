/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs as threads: made and unmade, loaded and put, asked to work, waiting for interrupts, halted. */
#include <stdlib.h>
#include "tests/unit/test.h"
#include "arch/host/host.h"
#include "arch_gic.h"
#include "core/base/memory.h"
#include "core/spec/hcr.h"
#include "core/vm.h"

#define MS 1000000UL

static struct vm vm;
static struct vm_config cfg;
static u32 kicked;
static void (*guest)(struct vcpu *v);
static unsigned int entered, done;
static u64 free_before;

void gic_send_sgi(u32 sgi, u32 cpu)
{
	(void)sgi;
	kicked |= 1u << cpu;
}

static void guest_runs(struct vcpu *v)
{
	entered++;
	guest(v);
}

static void begin(void)
{
	host_init();
	host_gic_init(3, 4);
	host_uart_reset();
	host_guest = guest_runs;
	entered = done = kicked = 0;
	memset(&vm, 0, sizeof(vm));
	memset(&cfg, 0, sizeof(cfg));
	snprintf(cfg.name, sizeof(cfg.name), "vm");
	cfg.gic = (struct cfg_gic){ .version = 3, .dist = 0x8000000, .gicr = 0x80a0000 };
	cfg.exit_on_halt = TRI_AUTO;
	vm.cfg = &cfg;
	vm.gic_version = 3;
	vm.thread = &percpus[0].idle_thread;
	vm.state = VM_RUNNING;
	vm.cntvoff = 1000;
	free_before = mem_free_bytes();
	for (u32 i = 0; i < 2; i++) {
		vm.vcpu[i] = vcpu_create(&vm, i, 1, 10, i == 1);
		CHECK(vm.vcpu[i] != NULL);
	}
	vm.vcpu_count = 2;
	CHECK_EQ(s2_init(&vm.s2, 1, 40), 0);
	CHECK_EQ(vgic_create(&vm, 64), 0);
	vgic_reset(&vm);
}

static void end(void)
{
	host_percpu = &percpus[0];
	host_percpu->current = host_percpu->idle;
	if (host_percpu->loaded != NULL) {
		vcpu_put(host_percpu->loaded);
	}
	for (u32 i = 0; i < 2; i++) {
		if (vm.vcpu[i]->thread.state == THREAD_READY) {
			list_del(&vm.vcpu[i]->thread.link);
			host_percpu->ready--;
			vm.vcpu[i]->thread.state = THREAD_BLOCKED;
		}
		vcpu_destroy(vm.vcpu[i]);
	}
	vgic_destroy(&vm);
	s2_destroy(&vm.s2);
	CHECK_EQ(mem_free_bytes(), free_before);
	CHECK_EQ(percpus[0].threads, 0);
	CHECK(list_empty(&percpus[0].timers));
}

static void run(void)
{
	while (host_percpu->ready != 0) {
		schedule();
	}
}

/* PSCI CPU_ON as far as the vCPU is concerned. */
static void power_on(struct vcpu *v, u64 entry, u64 context)
{
	v->on_entry = entry;
	v->on_context = context;
	v->power = VCPU_ON_PENDING;
	thread_wake(&v->thread);
	run();
}

static void made(void)
{
	struct vcpu *v;

	begin();
	v = vm.vcpu[1];
	CHECK(v->id == 1 && v->vm == &vm && v->power == VCPU_OFF);
	CHECK(v->thread.vcpu == v && v->thread.prio == 10 && v->thread.fifo == 1);
	CHECK_EQ(vm.vcpu[0]->thread.fifo, 0);
	CHECK_EQ(v->vmpidr, BIT(31) | 1);
	CHECK_EQ(v->hcr, HCR_GUEST);
	CHECK(IS_ALIGNED((u64)v, 64));
	CHECK_EQ(v->thread.state, THREAD_BLOCKED);
	end();
}

static void nothing_fires_after_the_end(void)
{
	begin();
	vm.vcpu[0]->ptimer.fn = vm.vcpu[0]->vtimer.fn;
	timer_arm(&vm.vcpu[0]->vtimer, host_time_ns() + MS);
	timer_arm(&vm.vcpu[0]->ptimer, host_time_ns() + MS);
	end(); /* looks at the timers that are left */
	CHECK_EQ(host_timer_at, ~0UL);
}

static void without_memory(void)
{
	u64 left;

	begin();
	while (mem_page_alloc() != 0) {
	}
	left = mem_free_bytes();
	CHECK(vcpu_create(&vm, 2, 1, 10, false) == NULL);
	CHECK_EQ(mem_free_bytes(), left);
	CHECK_EQ(percpus[0].threads, 2);
}

static void work_reaches_who_can_do_it(void)
{
	struct vcpu *v;
	struct thread *t;

	begin();
	v = vm.vcpu[0];
	t = &v->thread;
	percpus[1].id = 1;
	sched_init_cpu(&percpus[1]);
	/* It runs here: it looks at its work on the way back. */
	t->state = THREAD_RUNNING;
	host_percpu->current = t;
	v->blocked = 1;
	vcpu_work_set(v, VWORK_STOP);
	CHECK(v->work == VWORK_STOP && t->wake_pending == 0 && kicked == 0);
	/* Not running, not waiting, on this CPU: nobody needs to be told. */
	host_percpu->current = host_percpu->idle;
	t->state = THREAD_READY;
	v->blocked = 0;
	vcpu_work_set(v, VWORK_VGIC);
	CHECK(v->work == (VWORK_STOP | VWORK_VGIC) && t->wake_pending == 0 && kicked == 0);
	/* It waits. */
	t->state = THREAD_BLOCKED;
	v->blocked = 1;
	vcpu_work_set(v, VWORK_VGIC);
	CHECK_EQ(t->state, THREAD_READY);
	CHECK_EQ(kicked, 0);
	host_percpu->ready--;
	list_del(&t->link);
	/* About to wait: the wake is kept for it. */
	t->state = THREAD_RUNNING;
	vcpu_work_set(v, VWORK_VGIC);
	CHECK_EQ(t->wake_pending, 1);
	/* In the guest on another CPU. */
	t->wake_pending = 0;
	v->blocked = 0;
	host_percpu = &percpus[1];
	vcpu_work_set(v, VWORK_VGIC);
	CHECK_EQ(kicked, 1);
	CHECK_EQ(t->wake_pending, 0);
	host_percpu = &percpus[0];
	t->state = THREAD_BLOCKED;
	end();
}

static void reset_leaves_nothing_of_before(void)
{
	struct vcpu *v;

	begin();
	v = vm.vcpu[1];
	memset(v->x, 0x5a, sizeof(v->x));
	v->timer_due = 1;
	v->sw_flush = 1;
	v->sw_pos = 7;
	v->hcr |= HCR_VSE | HCR_TWI;
	v->vmpidr = 0;
	timer_arm(&v->vtimer, host_time_ns() + MS);
	vcpu_reset(v, 0x1234, 0x5678);
	CHECK_EQ(v->x[0], 0x5678);
	for (unsigned int i = 1; i < 31; i++) {
		CHECK_EQ(v->x[i], 0);
	}
	CHECK_EQ(v->pc, 0x1234);
	CHECK_EQ(v->pstate, 0x3c5);
	CHECK(v->timer_due == 0 && v->sw_flush == 0 && v->sw_pos == 0);
	CHECK_EQ(v->hcr, HCR_GUEST);
	CHECK_EQ(v->vmpidr, BIT(31) | 1);
	CHECK(v->vtimer.cpu == NULL);
	end();
}

static void a_put_vcpu_is_woken_by_its_timer(void)
{
	static const struct {
		u64 ctl;
		enum vcpu_power power;
		bool enabled, armed;
	} t[] = { { 1, VCPU_ON, true, true }, { 0, VCPU_ON, true, false }, { 3, VCPU_ON, true, false },
		  { 2, VCPU_ON, true, false }, { 1, VCPU_OFF, true, false }, { 1, VCPU_ON, false, false } };

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu *v;
		u64 due;

		begin();
		v = vm.vcpu[0];
		due = host_time_ns() + 2 * MS;
		v->power = (u8)t[i].power;
		vcpu_load(v);
		CHECK(host_percpu->loaded == v);
		v->vgic.live = t[i].enabled ? BIT(VGIC_VTIMER) : 0;
		v->regs.cntv_ctl = t[i].ctl;
		v->regs.cntv_cval = due - vm.cntvoff;
		vcpu_put(v);
		CHECK(host_percpu->loaded == NULL);
		CHECK_EQ(v->vtimer.cpu != NULL, t[i].armed);
		CHECK_EQ(host_timer_at, t[i].armed ? due : ~0UL);
		v->blocked = 1;
		host_pass_ns(2 * MS);
		CHECK_EQ(v->timer_due, t[i].armed);
		CHECK_EQ(v->thread.state, t[i].armed ? THREAD_READY : THREAD_BLOCKED);
		vcpu_load(v); /* the hardware has it from here on */
		CHECK_EQ(v->timer_due, 0);
		CHECK(v->vtimer.cpu == NULL);
		v->regs.cntv_ctl = 0;
		end();
	}
}

static void a_loaded_vcpu_has_no_timer_of_ours(void)
{
	struct vcpu *v;

	begin();
	v = vm.vcpu[0];
	v->power = VCPU_ON;
	timer_arm(&v->vtimer, host_time_ns() + MS);
	vcpu_load(v);
	CHECK(v->vtimer.cpu == NULL);
	CHECK_EQ(host_timer_at, ~0UL);
	end();
}

static void a_virtual_serror_moves_with_the_vcpu(void)
{
	struct vcpu *v;

	begin();
	v = vm.vcpu[0];
	v->hcr |= HCR_VSE;
	vcpu_load(v);
	CHECK_EQ(v->hcr & HCR_VSE, 0); /* the register has it, and may lose it */
	write_hcr_el2(v->hcr | HCR_VSE);
	vcpu_put(v);
	CHECK_EQ(v->hcr & HCR_VSE, HCR_VSE);
	vcpu_load(v);
	write_hcr_el2(v->hcr); /* taken */
	vcpu_put(v);
	CHECK_EQ(v->hcr & HCR_VSE, 0);
	end();
}

static void registers_move_only_if_need_be(void)
{
	struct vcpu *a, *b;

	begin();
	a = vm.vcpu[0];
	b = vm.vcpu[1];
	a->power = VCPU_ON;
	write_elr_el2(0x11);
	write_spsr_el2(0x22);
	vcpu_pause(a);
	CHECK(a->pc == 0x11 && a->pstate == 0x22);
	b->pc = 0x33;
	b->pstate = 0x44;
	vcpu_load(a);
	vcpu_resume(b); /* off: what is loaded goes, nothing comes */
	CHECK(host_percpu->loaded == NULL);
	CHECK(read_elr_el2() == 0x33 && read_spsr_el2() == 0x44);
	vcpu_resume(a);
	CHECK(host_percpu->loaded == a);
	CHECK(read_elr_el2() == 0x11 && read_spsr_el2() == 0x22);
	timer_arm(&a->vtimer, host_time_ns() + MS);
	vcpu_resume(a);
	CHECK(a->vtimer.cpu != NULL); /* already there: not loaded again */
	timer_cancel(&a->vtimer);
	b->power = VCPU_ON;
	vcpu_resume(b);
	CHECK(host_percpu->loaded == b);
	end();
}

static void wfi_traps_as_asked_or_as_fixed(void)
{
	struct vcpu *v;

	begin();
	v = vm.vcpu[0];
	vcpu_trap_halt(v, true, true);
	CHECK_EQ(v->hcr & HCR_TWI, HCR_TWI);
	vcpu_trap_halt(v, false, false);
	CHECK_EQ(v->hcr & HCR_TWI, 0);
	cfg.exit_on_halt = TRI_ON;
	vcpu_trap_halt(v, false, false);
	CHECK_EQ(v->hcr & HCR_TWI, HCR_TWI);
	cfg.exit_on_halt = TRI_OFF;
	vcpu_trap_halt(v, true, true);
	CHECK_EQ(v->hcr & HCR_TWI, 0);
	end();
}

static u64 seen_pc, seen_x0;

static void look_and_off(struct vcpu *v)
{
	seen_pc = read_elr_el2();
	seen_x0 = v->x[0];
	CHECK_EQ(v->power, VCPU_ON);
	CHECK(host_percpu->loaded == v);
	CHECK(current_vcpu() == v);
	CHECK_EQ(v->work, 0);
	vcpu_halt(v);
}

static void on_and_off_and_on(void)
{
	struct vcpu *v;

	begin();
	guest = look_and_off;
	v = vm.vcpu[1];
	thread_wake(&v->thread); /* not powered: it waits on */
	run();
	CHECK_EQ(entered, 0);
	CHECK(v->blocked == 1 && v->thread.state == THREAD_BLOCKED);
	for (u64 i = 1; i < 4; i++) {
		v->work = VWORK_STOP; /* of a life before */
		power_on(v, 0x1000 * i, i);
		CHECK_EQ(entered, i);
		CHECK_EQ(seen_pc, 0x1000 * i);
		CHECK_EQ(seen_x0, i);
		CHECK_EQ(v->power, VCPU_OFF);
		CHECK_EQ(vm.running, 0);
		CHECK(vm.vcpu_started);
		CHECK(host_percpu->loaded == NULL);
		CHECK_EQ(vm.thread->wake_pending, 1); /* the last to go tells the VM's thread */
		vm.thread->wake_pending = 0;
	}
	vm.state = VM_ENDING;
	power_on(v, 0, 0);
	CHECK_EQ(entered, 3); /* nothing starts in a VM that ends */
	end();
}

static void halts_while_asked_on_again(void)
{
	begin();
	guest = look_and_off;
	vm.vcpu[0]->power = VCPU_ON_PENDING;
	vm.running = 1;
	vm.state = VM_ENDING;
	vm.vcpu[0]->thread.state = THREAD_BLOCKED;
	vm.state = VM_RUNNING;
	power_on(vm.vcpu[0], 0x9000, 9);
	CHECK_EQ(seen_pc, 0x9000);
	CHECK_EQ(vm.running, 1); /* the other one that counts */
	CHECK_EQ(vm.thread->wake_pending, 0); /* so it was not the last */
	end();
}

static void wait_and_off(struct vcpu *v)
{
	vcpu_wait_interrupt(v);
	done++;
	CHECK_EQ(v->blocked, 0);
	vcpu_halt(v);
}

static void wfi_waits_until_there_is_something(void)
{
	struct vcpu *v;

	begin();
	guest = wait_and_off;
	v = vm.vcpu[0];
	power_on(v, 0, 0);
	CHECK_EQ(entered, 1);
	CHECK_EQ(done, 0);
	CHECK(v->blocked == 1 && v->thread.state == THREAD_BLOCKED);
	thread_wake(&v->thread); /* for nothing */
	run();
	CHECK_EQ(done, 0);
	CHECK(v->blocked == 1 && v->thread.state == THREAD_BLOCKED);
	__atomic_or_fetch(&v->work, VWORK_RESCHED, __ATOMIC_RELAXED);
	thread_wake(&v->thread); /* no reason for the guest to go on */
	run();
	CHECK_EQ(done, 0);
	vcpu_work_set(v, VWORK_VGIC);
	run();
	CHECK_EQ(done, 1);
	/* Once more, to be stopped. */
	power_on(v, 0, 0);
	CHECK_EQ(done, 1);
	vcpu_work_set(v, VWORK_STOP);
	run();
	CHECK_EQ(done, 2);
	CHECK_EQ(v->power, VCPU_OFF);
	end();
}

/* Another CPU's news come between the last look and the wait. */
static void news_then_wait(struct vcpu *v)
{
	v->blocked = 1;
	__atomic_or_fetch(&v->work, VWORK_VGIC, __ATOMIC_SEQ_CST);
	thread_wake(&v->thread);
	CHECK_EQ(v->thread.wake_pending, 1);
	wait_and_off(v);
}

static void timer_due_then_wait(struct vcpu *v)
{
	v->timer_due = 1;
	wait_and_off(v);
}

static void timer_fired_then_wait(struct vcpu *v)
{
	v->vgic.live |= BIT(VGIC_VTIMER);
	write_cntv_ctl_el0(5);
	wait_and_off(v);
}

static void stop_then_wait(struct vcpu *v)
{
	__atomic_or_fetch(&v->work, VWORK_STOP, __ATOMIC_SEQ_CST);
	wait_and_off(v);
}

static void no_wake_is_missed(void)
{
	static void (*const before[])(struct vcpu *v) = { news_then_wait, timer_due_then_wait,
							   timer_fired_then_wait, stop_then_wait };

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		begin();
		guest = before[i];
		power_on(vm.vcpu[0], 0, 0);
		CHECK_EQ(done, 1);
		CHECK_EQ(vm.vcpu[0]->power, VCPU_OFF);
		write_cntv_ctl_el0(0);
		end();
	}
}

static void timer_that_is_none(struct vcpu *v)
{
	static const u64 ctl[] = { 0, 1, 4, 7 }; /* off; not due; off; masked */

	v->vgic.live |= BIT(VGIC_VTIMER);
	write_cntv_ctl_el0(ctl[entered - 1]);
	wait_and_off(v);
}

static void a_timer_that_cannot_interrupt_does_not_wake(void)
{
	begin();
	guest = timer_that_is_none;
	for (unsigned int i = 1; i <= 4; i++) {
		power_on(vm.vcpu[0], 0, 0);
		CHECK_EQ(done, i - 1);
		vcpu_work_set(vm.vcpu[0], VWORK_VGIC);
		run();
		CHECK_EQ(done, i);
	}
	write_cntv_ctl_el0(0);
	end();
}

static void work_then_off(struct vcpu *v)
{
	if (entered == 1) {
		v->work = VWORK_RESCHED;
	} else if (entered == 2) {
		CHECK_EQ(v->work, 0);
		v->work = VWORK_VGIC;
	} else {
		CHECK_EQ(v->work, 0);
		v->work = VWORK_STOP | VWORK_VGIC | VWORK_RESCHED;
	}
}

static void work_is_done_on_the_way_back(void)
{
	begin();
	guest = work_then_off;
	power_on(vm.vcpu[0], 0, 0);
	CHECK_EQ(entered, 3);
	CHECK_EQ(vm.vcpu[0]->power, VCPU_OFF);
	CHECK_EQ(vm.running, 0);
	end();
}

static char order[16];

static void take_turns(struct vcpu *v)
{
	order[strlen(order)] = (char)('0' + v->id);
	CHECK(host_percpu->loaded == v);
	CHECK_EQ(v->hcr & HCR_TWI, host_percpu->ready != 0 ? HCR_TWI : 0);
	CHECK_EQ(read_elr_el2(), 0x1000UL * (v->id + 1) + 4 * v->x[1]);
	v->x[1]++;
	write_elr_el2(read_elr_el2() + 4);
	if (v->x[1] == 3) {
		vcpu_halt(v);
	}
	host_percpu->current->yielding = 1;
	v->work = VWORK_RESCHED;
}

static void two_vcpus_share_a_cpu(void)
{
	begin();
	memset(order, 0, sizeof(order));
	guest = take_turns;
	for (u32 i = 0; i < 2; i++) {
		vm.vcpu[i]->on_entry = 0x1000 * (i + 1);
		vm.vcpu[i]->power = VCPU_ON_PENDING;
		thread_wake(&vm.vcpu[i]->thread);
	}
	run();
	CHECK_STR(order, "010101");
	CHECK_EQ(vm.running, 0);
	end();
}

TEST_MAIN(RUN(made), RUN(nothing_fires_after_the_end), RUN(work_reaches_who_can_do_it), RUN(reset_leaves_nothing_of_before),
	  RUN(a_put_vcpu_is_woken_by_its_timer), RUN(a_loaded_vcpu_has_no_timer_of_ours),
	  RUN(a_virtual_serror_moves_with_the_vcpu), RUN(registers_move_only_if_need_be),
	  RUN(wfi_traps_as_asked_or_as_fixed), RUN(on_and_off_and_on), RUN(halts_while_asked_on_again),
	  RUN(wfi_waits_until_there_is_something), RUN(no_wake_is_missed),
	  RUN(a_timer_that_cannot_interrupt_does_not_wake), RUN(work_is_done_on_the_way_back),
	  RUN(two_vcpus_share_a_cpu), RUN(without_memory))
