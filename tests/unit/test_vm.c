/* SPDX-License-Identifier: Apache-2.0 */
/* What may be asked of a VM: bounds of its memory and windows, its end, lines it causes. */
#include <errno.h>
#include "tests/unit/test.h"
#include "tests/unit/guest_util.h"

#define END (G_RAM + G_RAM_SIZE)

static struct guest *g;

static void *at(ipa_t ipa, u64 want, u64 *got, bool write)
{
	*got = want;
	return vm_ram_ptr(&g->vm, ipa, got, write);
}

static void pointers_into_memory(void)
{
	u64 len;

	g = guest_new();
	CHECK(at(G_RAM, 1, &len, true) == g->ram && len == 1);
	CHECK(at(G_RAM, G_RAM_SIZE, &len, true) == g->ram && len == G_RAM_SIZE);
	CHECK(at(G_RAM, G_RAM_SIZE + 1, &len, true) == g->ram && len == G_RAM_SIZE);
	CHECK(at(G_RAM + 5, ~0UL, &len, true) == g->ram + 5 && len == G_RAM_SIZE - 5);
	CHECK(at(END - 1, 8, &len, true) == g->ram + G_RAM_SIZE - 1 && len == 1);
	CHECK(at(END, 1, &len, false) == NULL);
	CHECK(at(G_RAM - 1, 8, &len, false) == NULL);
	CHECK(at(~0UL, 8, &len, false) == NULL);
	CHECK(at(0, ~0UL, &len, false) == NULL);
	CHECK(at(G_DEV, 4, &len, false) == NULL);
	/* ROM is only read. */
	CHECK(at(G_ROM, 8, &len, false) == g->ram + G_RAM_SIZE && len == 8);
	CHECK(at(G_ROM, 8, &len, true) == NULL);
	CHECK(at(G_ROM + G_RAM_SIZE, 8, &len, false) == NULL);
	/* A piece at the very end of the address space does not wrap. */
	g->vm.ram[1].ipa = ~0UL - G_RAM_SIZE + 1;
	CHECK(at(~0UL, 8, &len, false) == g->ram + 2 * G_RAM_SIZE - 1 && len == 1);
	CHECK(at(0, 1, &len, false) == NULL);
	guest_free(g);
}

static void copies(void)
{
	static const char text[] = "text";
	char got[32] = "";

	g = guest_new();
	CHECK_EQ(vm_write_ram(&g->vm, G_RAM + 7, text, sizeof(text)), 0);
	CHECK_MEM(g->ram + 7, text, sizeof(text));
	CHECK_EQ(vm_read_ram(&g->vm, G_RAM + 7, got, sizeof(text)), 0);
	CHECK_STR(got, text);
	CHECK_EQ(vm_write_ram(&g->vm, END - 4, text, 4), 0);
	CHECK_EQ(vm_write_ram(&g->vm, END - 4, text, 5), -EFAULT);
	CHECK_EQ(vm_read_ram(&g->vm, END - 4, got, 4), 0);
	CHECK_EQ(vm_read_ram(&g->vm, END - 4, got, 5), -EFAULT);
	CHECK_EQ(vm_read_ram(&g->vm, END, got, 1), -EFAULT);
	CHECK_EQ(vm_read_ram(&g->vm, END, got, 0), 0); /* nothing is asked for */
	CHECK_EQ(vm_read_ram(&g->vm, ~0UL - 1, got, 8), -EFAULT);
	CHECK_EQ(vm_read_ram(&g->vm, G_ROM, got, 4), 0);
	CHECK_EQ(vm_write_ram(&g->vm, G_ROM, got, 4), -EFAULT);
	guest_free(g);
}

static void copies_across_pieces(void)
{
	u8 got[16], want[16];

	g = guest_new();
	/* Neighbours for the guest, the wrong way round in the machine. */
	g->vm.ram[0].pa = (pa_t)g->ram + G_RAM_SIZE;
	g->vm.ram[1] = (struct vm_ram){ END, G_RAM_SIZE, (pa_t)g->ram, false };
	for (u32 i = 0; i < 16; i++) {
		want[i] = (u8)(i + 1);
	}
	CHECK_EQ(vm_write_ram(&g->vm, END - 8, want, 16), 0);
	CHECK_MEM(g->ram + 2 * G_RAM_SIZE - 8, want, 8);
	CHECK_MEM(g->ram, want + 8, 8);
	memset(got, 0, sizeof(got));
	CHECK_EQ(vm_read_ram(&g->vm, END - 8, got, 16), 0);
	CHECK_MEM(got, want, 16);
	g->vm.ram[1].rom = true;
	CHECK_EQ(vm_write_ram(&g->vm, END - 8, want, 16), -EFAULT);
	guest_free(g);
}

static enum mmio_result nothing(void *arg, struct vcpu *v, struct mmio *m)
{
	(void)arg;
	(void)v;
	(void)m;
	return MMIO_DONE;
}

static void windows_are_sorted_and_disjoint(void)
{
	struct vm *vm;

	g = guest_new(); /* has G_DEV, 0x1000 */
	vm = &g->vm;
	CHECK_EQ(vm_add_window(vm, G_DEV, 0x1000, nothing, NULL), -EEXIST);
	CHECK_EQ(vm_add_window(vm, G_DEV + 0xfff, 1, nothing, NULL), -EEXIST);
	CHECK_EQ(vm_add_window(vm, G_DEV - 1, 2, nothing, NULL), -EEXIST);
	CHECK_EQ(vm_add_window(vm, 0, ~0UL, nothing, NULL), -EEXIST);
	CHECK_EQ(vm_add_window(vm, G_DEV + 0x10, 0x10, nothing, NULL), -EEXIST);
	CHECK_EQ(vm_add_window(vm, 0x1000, 0, nothing, NULL), -EINVAL);
	CHECK_EQ(vm_add_window(vm, ~0UL, 2, nothing, NULL), -EINVAL);
	CHECK_EQ(vm->window_count, 1);
	CHECK_EQ(vm_add_window(vm, G_DEV + 0x1000, 0x1000, nothing, NULL), 0);
	CHECK_EQ(vm_add_window(vm, G_DEV - 0x1000, 0x1000, nothing, g), 0);
	CHECK_EQ(vm_add_window(vm, 0, 8, nothing, NULL), 0);
	CHECK_EQ(vm->window_count, 4);
	for (u32 i = 1; i < vm->window_count; i++) {
		CHECK(vm->window[i - 1].base + vm->window[i - 1].size <= vm->window[i].base);
	}
	CHECK(vm->window[1].arg == g && vm->window[1].fn == nothing);
	CHECK_EQ(vm->window[1].size, 0x1000);
	CHECK(vm->window[2].fn == guest_device);
	guest_free(g);
}

static void windows_run_out(void)
{
	struct vm *vm;

	g = guest_new();
	vm = &g->vm;
	for (u32 i = 1; i < MMIO_MAX_WINDOWS; i++) {
		REQUIRE(vm_add_window(vm, 0x20000000UL - i * 0x1000, 0x1000, nothing, NULL) == 0);
	}
	CHECK_EQ(vm_add_window(vm, 0x30000000, 0x1000, nothing, NULL), -ENOSPC);
	CHECK_EQ(vm->window_count, MMIO_MAX_WINDOWS);
	for (u32 i = 1; i < vm->window_count; i++) {
		CHECK(vm->window[i - 1].base < vm->window[i].base);
	}
	guest_free(g);
}

static void the_first_reason_to_end_counts(void)
{
	g = guest_new();
	guest_add_vcpu(g, 1)->blocked = 1;
	g->vm.vcpu[1]->thread.state = THREAD_BLOCKED;
	g->life.state = THREAD_BLOCKED;
	write_elr_el2(0x1111);
	write_spsr_el2(0x2222);
	vm_kill(&g->vm, "reason %d", 1);
	CHECK_EQ(g->vm.end, VM_END_KILLED);
	CHECK_EQ(g->vm.state, VM_ENDING);
	CHECK_STR(g->vm.reason, "reason 1");
	CHECK(g->vm.culprit == g->v);
	CHECK(g->v->pc == 0x1111 && g->v->pstate == 0x2222);
	CHECK((g->v->work & VWORK_STOP) != 0);
	CHECK((g->vm.vcpu[1]->work & VWORK_STOP) != 0);
	CHECK_EQ(g->vm.vcpu[1]->thread.state, THREAD_READY); /* it waited */
	CHECK_EQ(g->life.state, THREAD_READY);
	g->v->work = 0;
	write_elr_el2(0x3333);
	vm_kill(&g->vm, "reason 2");
	vm_end_request(&g->vm, VM_END_RESET);
	CHECK_STR(g->vm.reason, "reason 1");
	CHECK_EQ(g->vm.end, VM_END_KILLED);
	CHECK_EQ(g->v->pc, 0x1111);
	CHECK_EQ(g->v->work, 0);
	CHECK_EQ(g->vm.lock.taken, 0);
	guest_free(g);

	g = guest_new();
	vm_end_request(&g->vm, VM_END_RESET);
	vm_kill(&g->vm, "too late");
	CHECK_EQ(g->vm.end, VM_END_RESET);
	CHECK_STR(g->vm.reason, "");
	CHECK(g->vm.culprit == NULL);
	guest_free(g);
}

static void only_a_running_vm_ends(void)
{
	static const enum vm_state states[] = { VM_NEW, VM_READY, VM_ENDING, VM_DEAD };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		g = guest_new();
		g->vm.state = (u8)states[i];
		vm_end_request(&g->vm, VM_END_OFF);
		vm_kill(&g->vm, "no");
		CHECK_EQ(g->vm.state, states[i]);
		CHECK_EQ(g->vm.end, VM_END_NONE);
		CHECK_EQ(g->v->work, 0);
		guest_free(g);
	}
}

static void a_kill_from_outside_has_no_culprit(void)
{
	struct guest *other;
	char longer[200];

	g = guest_new();
	other = calloc(1, sizeof(*other));
	*other = *g;
	other->vm.vcpu_count = 0;
	other->vm.thread = &g->life;
	memset(longer, 'r', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	vm_kill(&other->vm, "%s", longer); /* by a vCPU of another VM */
	CHECK(other->vm.culprit == NULL);
	CHECK_EQ(strlen(other->vm.reason), sizeof(other->vm.reason) - 1);
	host_percpu->current = &host_percpu->idle_thread;
	vm_kill(&g->vm, "by a thread");
	CHECK(g->vm.culprit == NULL);
	CHECK_EQ(g->vm.end, VM_END_KILLED);
	free(other);
	guest_free(g);
}

static unsigned int lines(const char *what)
{
	unsigned int n = 0;

	for (const char *s = host_uart.out; (s = strstr(s, what)) != NULL; s++) {
		n++;
	}
	return n;
}

static void a_guest_may_cause_ten_lines_a_second(void)
{
	g = guest_new();
	g->cfg.logger_mask = BIT(LOG_WARN);
	host_uart_reset();
	host_pass_ns(5000000000);
	for (unsigned int i = 0; i < 50; i++) {
		log_guest(&g->vm, "bad register %u", i);
		host_pass_ns(10000000);
	}
	CHECK_EQ(lines("bad register"), 0); /* formatted by the VM's thread */
	vm_notes_say(&g->vm);
	CHECK_EQ(lines("guest: bad register"), 10);
	CHECK_EQ(lines("guest: more messages of this guest are dropped for a second"), 1);
	CHECK_EQ(lines("bad register 9"), 1);
	host_pass_ns(500000001);
	for (unsigned int i = 0; i < 12; i++) {
		log_guest(&g->vm, "again");
	}
	vm_notes_say(&g->vm);
	CHECK_EQ(lines("guest: again"), 10);
	CHECK_EQ(lines("are dropped for a second"), 2);
	guest_free(g);
}

/* Shown by `stderr`, whatever the monitor's own verbosity; kept by `slog`. */
static void the_logger_keeps_lines(void)
{
	char line[256];
	u64 at = 0, end;

	g = guest_new();
	host_uart_reset();
	while (log_read(&at, line, sizeof(line)) != 0) {
	}
	end = at;
	g->cfg.logger_mask = BIT(LOG_VERBOSE);
	g->cfg.logger_slog = BIT(LOG_DEBUG);
	vm_log(&g->vm, LOG_DEBUG, "one");
	vm_log(&g->vm, LOG_INFO, "two");
	vm_log(&g->vm, LOG_VERBOSE, "three");
	CHECK_STR(host_uart.out, "quoin: guest: three\r\n");
	CHECK(log_read(&at, line, sizeof(line)) != 0);
	CHECK_STR(strchr(line, ']'), "] guest: one");
	CHECK(log_read(&at, line, sizeof(line)) != 0);
	CHECK_STR(strchr(line, ']'), "] guest: three");
	CHECK_EQ(log_read(&at, line, sizeof(line)), 0);
	CHECK(log_read(&end, line, sizeof(line)) != 0);
	guest_free(g);
}

static void the_logger_says_which_lines_are_shown(void)
{
	char longer[400];

	g = guest_new();
	host_uart_reset();
	g->cfg.logger_mask = BIT(LOG_INFO) | BIT(LOG_ERROR);
	vm_log(&g->vm, LOG_INFO, "number %d", 1);
	vm_log(&g->vm, LOG_WARN, "number %d", 2);
	vm_log(&g->vm, LOG_ERROR, "number %d", 3);
	log_guest(&g->vm, "number 4");
	CHECK(strstr(host_uart.out, "guest: number 1") != NULL);
	CHECK(strstr(host_uart.out, "number 2") == NULL);
	CHECK(strstr(host_uart.out, "guest: number 3") != NULL);
	CHECK(strstr(host_uart.out, "number 4") == NULL);
	memset(longer, 'z', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	vm_log(&g->vm, LOG_INFO, "%s", longer);
	CHECK(strstr(host_uart.out, "guest: zzz") != NULL);
	guest_free(g);
}

TEST_MAIN(RUN(pointers_into_memory), RUN(copies), RUN(copies_across_pieces),
	  RUN(windows_are_sorted_and_disjoint), RUN(windows_run_out),
	  RUN(the_first_reason_to_end_counts), RUN(only_a_running_vm_ends),
	  RUN(a_kill_from_outside_has_no_culprit), RUN(a_guest_may_cause_ten_lines_a_second),
	  RUN(the_logger_says_which_lines_are_shown), RUN(the_logger_keeps_lines))
