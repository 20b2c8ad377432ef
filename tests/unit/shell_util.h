/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shell as an operator has it, on the faked machine: two VMs of a start script, their guests
 * asleep, the console's UART to type on and to read from.
 */
#ifndef TESTS_UNIT_SHELL_UTIL_H
#define TESTS_UNIT_SHELL_UTIL_H

#include "tests/unit/image_util.h"
#include "arch/host/host.h"
#include "arch_gic.h"
#include "core/base/board.h"
#include "core/base/memory.h"
#include "core/console/console.h"
#include "core/console/console_state.h"
#include "core/exit.h"
#include "core/shell/edit.h"
#include "core/shell/shell.h"
#include "core/spec/esr.h"
#include "core/start.h"
#include "core/vm_build.h"
#include "core/vm_life.h"

#define SHELL_VM(name, cpus) "/" name " = {\nsystem " name "\n" cpus "ram 0x40000000,1M\n" \
	"vdev pl011 loc 0x1c090000 intr gic:37 hostdev -\nload 0x40080000,/blob\n}\n"

static const char shell_build[] =
	"[virtual=aarch64le,raw] boot = {\nquoin\n}\n"
	"[+script] startup = {\nqvm @/one\nqvm @/two\non-idle wait\n}\n"
	SHELL_VM("one", "cpu\ncpu\n") SHELL_VM("two", "cpu sched 20f runmask 0\n") "/blob = { payload }\n";

static struct image shell_test_image;
static struct board shell_test_board;
static char shell_machine; /* 'o' off, 'r' reset */

static inline void machine_stops(bool reset)
{
	shell_machine = reset ? 'r' : 'o';
	thread_exit();
}

/* The guest sleeps; what wakes it is nothing to it. */
static inline void guest_sleeps(struct vcpu *v)
{
	write_esr_el2(field_prep(ESR_EC, EC_WFX) | ESR_IL);
	exit_sync(v);
}

/* Until nothing happens any more. */
static inline void settle_down(void)
{
	for (u32 i = 0; i < 200; i++) {
		for (u32 n = 0; n < 1000 && host_percpu->ready != 0; n++) {
			schedule();
		}
		host_pass_ns(1000000);
	}
}

/* Boot; false having said why. */
static inline bool shell_boot(void)
{
	struct diag d = log_start();
	u64 size;
	u8 *p;

	host_init();
	host_gic_init(3, 4);
	host_uart_reset();
	memset(&console, 0, sizeof(console));
	console_use(&uart_host, 0x1000, 40);
	console_start();
	host_guest = guest_sleeps;
	host_stop = machine_stops;
	shell_machine = 0;
	shell_test_board = (struct board){
		.model = "test board", .compatible = "", .ram_count = 1, .ram = { { GiB(1), GiB(1) } },
		.reserved_count = 1, .reserved = { { GiB(1), MiB(2), RESERVED_OWN } }, .cpu_count = 1,
		.gic = { .version = 3 }, .stdout_uart = -1 };
	p = make_image(shell_build, &size);
	if (p == NULL || image_open(p, size, &shell_test_image, &d) != 0) {
		fprintf(stderr, "no image: %s\n", log_text);
		return false;
	}
	vm_sources(&shell_test_image, &shell_test_board, false);
	if (!start_vms(&shell_test_image, &shell_test_board) ||
	    !shell_start(&shell_test_image, &shell_test_board)) {
		fprintf(stderr, "no thread\n");
		return false;
	}
	settle_down();
	return true;
}

static inline void shell_forget_output(void)
{
	memset(host_uart.out, 0, host_uart.out_len);
	host_uart.out_len = 0;
}

static inline void shell_type(const char *keys)
{
	for (; *keys != '\0'; keys++) {
		host_uart_type((char[]){ *keys, '\0' });
		console_irq();
		settle_down();
	}
}

/* What a line gives, without its echo and the next prompt, carriage returns taken out. */
static inline const char *shell_says(const char *line)
{
	static char text[65536];
	size_t n = 0;
	char *start, *end;

	shell_forget_output();
	shell_type(line);
	shell_forget_output();
	shell_type("\r");
	for (u32 i = 0; i < host_uart.out_len; i++) {
		if (host_uart.out[i] != '\r') {
			text[n++] = host_uart.out[i];
		}
	}
	text[n] = '\0';
	start = text[0] == '\n' ? text + 1 : text;
	end = strstr(start, SHELL_PROMPT);
	if (end != NULL) {
		*end = '\0';
	}
	return start;
}

#endif
