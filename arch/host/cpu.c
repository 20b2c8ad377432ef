/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU side of the faked machine: see host.h. One CPU unless a test makes more; threads are in
 * thread.c. Cache maintenance and barriers do nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/host/host.h"
#include "arch_io.h"
#include "core/base/memory.h"
#include "core/sched.h"

#define HOST_RAM MiB(16)

u64 host_sysreg[HOST_SYSREG_COUNT];
struct percpu *host_percpu;
u64 counter_hz = 1000000000;
u64 host_timer_at = ~0UL;
bool host_tracing;
void (*host_stop)(bool reset);
bool (*host_firmware)(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r);
bool (*host_random)(u64 *out);
u64 (*host_io)(pa_t pa, u32 size, bool write, u64 val);

static void unsupported(const char *what) __noreturn;
static void unsupported(const char *what)
{
	fprintf(stderr, "%s: not on the build machine\n", what);
	abort();
}

void host_init(void)
{
	static void *ram;

	memset(host_sysreg, 0, sizeof(host_sysreg));
	memset(percpus, 0, sizeof(percpus));
	host_sysreg[HOST_SYSREG_cntpct_el0] = 1000000000;
	host_timer_at = ~0UL;
	host_percpu = &percpus[0];
	host_threads_reset();
	cpu_count = 1;
	sched_init_cpu(&percpus[0]);
	percpus[0].online = true;
	percpus[0].current = &percpus[0].idle_thread;
	if (ram == NULL) {
		ram = aligned_alloc(MiB(2), HOST_RAM);
		memory_add((pa_t)ram, HOST_RAM);
	}
}

u64 host_time_ns(void)
{
	return host_sysreg[HOST_SYSREG_cntpct_el0];
}

void host_set_time_ns(u64 ns)
{
	host_sysreg[HOST_SYSREG_cntpct_el0] = ns;
}

void host_pass_ns(u64 ns)
{
	u64 end = host_time_ns() + ns;

	while (host_timer_at <= end) {
		if (host_timer_at > host_time_ns()) {
			host_set_time_ns(host_timer_at);
		}
		sched_timer_irq();
	}
	host_set_time_ns(end);
}

/* ---- arch.h */

void arch_trace(bool on)
{
	host_tracing = on;
}

u64 counter_to_ns(u64 ticks)
{
	return ticks;
}

u64 ns_to_counter(u64 ns)
{
	return ns;
}

void arch_timer_set(u64 at)
{
	host_timer_at = at;
}

int arch_try(int (*fn)(void *arg), void *arg)
{
	return fn(arg);
}

u64 arch_tried_at;

void arch_timer_init_cpu(void)
{
}

void arch_init_board(const struct board *b, unsigned int mitigations)
{
	(void)b;
	(void)mitigations;
}

u32 arch_boot_cpus(const struct board *b)
{
	(void)b;
	return 1;
}

void cpu_wfi(void)
{
	unsupported("wfi");
}

int arch_map(pa_t pa, u64 size, enum map_kind kind)
{
	(void)pa;
	(void)size;
	(void)kind;
	return 0;
}

void *arch_stack_alloc(size_t size)
{
	char *p = mem_alloc(size);

	return p != NULL ? p + size : NULL;
}

void arch_stack_free(void *top, size_t size)
{
	mem_free((char *)top - size, size);
}

pa_t arch_image_pa(const void *p)
{
	return (pa_t)p;
}

void arch_clean_dcache(const void *p, size_t n)
{
	(void)p;
	(void)n;
}

void arch_clean_inval_dcache(const void *p, size_t n)
{
	(void)p;
	(void)n;
}

void arch_sync_icache(void)
{
}

void arch_zero(void *p, size_t n)
{
	memset(p, 0, n);
}

void arch_vcpu_load(const struct vcpu_sysregs *r, const struct vcpu_el2 *e)
{
	(void)r;
	(void)e;
}

void arch_vcpu_put(struct vcpu_sysregs *r)
{
	(void)r;
}

void arch_vcpu_reset(struct vcpu_sysregs *r)
{
	(void)r;
}

int arch_pmu_counters = -1;
const struct vcpu_debug *host_debug;
const struct vcpu_pmu *host_pmu;

void arch_debug_load(const struct vcpu_debug *d)
{
	host_debug = d;
}

void arch_pmu_load(const struct vcpu_pmu *p)
{
	host_pmu = p;
}

void arch_pmu_put(struct vcpu_pmu *p)
{
	(void)p;
	host_pmu = NULL;
}

bool arch_firmware(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r)
{
	return host_firmware != NULL && host_firmware(fid, a1, a2, a3, r);
}

bool arch_firmware_guest(u64 x[8])
{
	struct smc_result r;

	if (!arch_firmware(x[0], x[1] + x[4], x[2] + x[5], x[3] + x[6] + x[7], &r)) {
		return false;
	}
	memcpy(x, r.a, sizeof(r.a));
	return true;
}

bool arch_random(u64 *out)
{
	return host_random != NULL && host_random(out);
}

static void stop(bool reset) __noreturn;
static void stop(bool reset)
{
	if (host_stop != NULL) {
		host_stop(reset);
	}
	exit(reset ? 4 : 3);
}

void arch_system_off(void)
{
	stop(false);
}

void arch_system_reset(void)
{
	stop(true);
}

__attribute__((weak)) bool arch_recheck_faults;
bool host_stage1_faults;

/* A guest without stage 1: addresses are what they are. */
bool arch_guest_translate(u64 va, bool el0, ipa_t *ipa)
{
	(void)el0;
	*ipa = va;
	return !host_stage1_faults;
}

/* Nothing is measured here. */
void arch_guest_started(void)
{
}

void arch_bench_start(void)
{
}

bool arch_bench_report(void)
{
	return false;
}
