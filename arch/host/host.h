/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit test may do to the faked machine. Time stands still unless a test moves it, system
 * registers are an array, RAM is a piece of the test's own memory, the console UART is a buffer.
 */
#ifndef QUOIN_ARCH_HOST_HOST_H
#define QUOIN_ARCH_HOST_HOST_H

#include "arch/arch.h"
#include "core/base/percpu.h"

/* ---- The machine */

/* host_init - CPU 0 of a fresh machine: time 1 s, 1 GHz counter, RAM for mem_alloc(). Any number of times. */
void host_init(void);
/* host_time_ns, host_set_time_ns - the counter; its frequency is 1 GHz. */
u64 host_time_ns(void);
void host_set_time_ns(u64 ns);
/* host_pass_ns - let time pass, with the timer interrupts that come on the way. */
void host_pass_ns(u64 ns);
/* host_timer_at - what arch_timer_set() was last given. */
extern u64 host_timer_at;
/* host_tracing - what arch_trace() was last given. */
extern bool host_tracing;
/* host_stop - called by arch_system_off (false) and _reset (true); may longjmp out. NULL: exit. */
extern void (*host_stop)(bool reset);
/* host_firmware - answers arch_firmware(); NULL: there is no conduit. */
extern bool (*host_firmware)(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r);
/* host_random - answers arch_random(); NULL: there is no source. */
extern bool (*host_random)(u64 *out);

/* ---- Threads: they run when the test, which is the idle thread, calls schedule(). */

/* host_guest - what the guest of a vCPU does until its next exit; afterwards vcpu_work() is done. */
extern void (*host_guest)(struct vcpu *v);
/* host_threads_reset - all threads but the caller's are gone; done by host_init(). */
void host_threads_reset(void);

/* ---- The console UART, "host,uart": room for `host_uart_room` bytes until a test drains it. */

struct host_uart {
	char out[65536]; /* all that was sent, NUL-terminated */
	u32 out_len;
	u32 room;        /* bytes it takes before it says it is full; ~0: any number */
	u8 in[4096];     /* what was typed */
	u32 in_head, in_tail;
	bool rx_irq, tx_irq; /* as masked by the console */
	bool to_stderr;  /* tools: not kept but shown */
};
extern struct host_uart host_uart;
extern const struct uart_ops uart_host;

/* host_uart_reset - empty, endless room, kept for the test. */
void host_uart_reset(void);
/* host_uart_type - put text into the receive side. */
void host_uart_type(const char *text);

/* What arch_debug_load() and arch_pmu_load() were last given, NULL after arch_pmu_put(). */
extern const struct vcpu_debug *host_debug;
extern const struct vcpu_pmu *host_pmu;

/* No guest address translates. */
extern bool host_stage1_faults;

#endif
