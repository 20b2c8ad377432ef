/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark guest: what an event costs as the guest sees it, hypervisor included. Run it under
 * "-icount shift=0,sleep=off -cpu X,cntfrq=1000000000": then a tick is an instruction. The MMU stays off.
 *
 *	BENCH key min=.. p50=.. mean=.. p99=.. p999=.. max=.. n=..
 *
 * Boot arguments: only=KEY, n=NUMBER (iterations; those that sleep do a fifth); pass_uart=ADDRESS, pass_intid=NUMBER
 * of a PL011 that the guest has for itself.
 */
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/gic.h"
#include "rt/probe.h"
#include "rt/psci.h"
#include "rt/smp.h"
#include "rt/timer.h"

#define MAX_SAMPLES	10000
#define SPIN_TICKS	20000
#define WFI_TICKS	500000
#define IPI_SGI		2
#define UARTFR		0x18
#define UARTIMSC	0x38
#define TXIM		0x20
#define UNKNOWN_CALL	0x8400ffffUL

static u32 samples[MAX_SAMPLES];
static u32 iterations;
static u64 pass_uart;
static volatile u64 listener_up, listener_stamp;

static int by_value(const void *a, const void *b)
{
	u32 left = *(const u32 *)a, right = *(const u32 *)b;

	return left < right ? -1 : left > right;
}

static void report(const char *key, u32 n)
{
	u64 sum = 0, mean;
	u32 i;

	for (i = 0; i < n; i++) {
		sum += samples[i];
	}
	mean = sum * 100 / n;
	qsort(samples, n, sizeof(samples[0]), by_value);
	printf("BENCH %s min=%u p50=%u mean=%lu.%02lu p99=%u p999=%u max=%u n=%u\n", key, samples[0], samples[n / 2],
	       mean / 100, mean % 100, samples[(u64)n * 99 / 100], samples[(u64)n * 999 / 1000], samples[n - 1], n);
}

static u64 hvc_version(void)
{
	return path_hvc(PSCI_VERSION);
}

static u64 hvc_unknown(void)
{
	return path_hvc(UNKNOWN_CALL);
}

static u64 smc_version(void)
{
	return path_smc(PSCI_VERSION);
}

static u64 smc_unknown(void)
{
	return path_smc(UNKNOWN_CALL);
}

static u64 gicd_typer_read(void)
{
	return path_read(board.gicd, GICD_TYPER);
}

static u64 gicd_ctlr_read(void)
{
	return path_read0(board.gicd);
}

static u64 gicd_isenabler_read(void)
{
	return path_read(board.gicd, GICD_ISENABLER + 4);
}

static u64 gicd_isenabler_write(void)
{
	return path_write(board.gicd, GICD_ISENABLER + 4);
}

static u64 gicr_typer_read(void)
{
	return path_read(cpus[0].gicr, GICR_TYPER);
}

static u64 pl011_fr_read(void)
{
	return path_read(board.uart, UARTFR);
}

static u64 self_sgi(void)
{
	if (board.gic_version == 3) {
		return path_self_sgi_v3((u64)IPI_SGI << 24 | (cpus[0].mpidr >> 8 & 0xff) << 16 | 1UL << (cpus[0].mpidr & 15));
	}
	return path_self_sgi_v2(board.gicd + GICD_SGIR, 2U << 24 | IPI_SGI);
}

static u64 vtimer_spin(void)
{
	return path_vtimer_spin(SPIN_TICKS);
}

static u64 vtimer_wfi(void)
{
	return path_vtimer_wfi(WFI_TICKS);
}

static void stop_timer(u32 iar)
{
	(void)iar;
	vtimer_stop();
}

/* The UART has sent a byte, so TXRIS is set: its line follows the mask. */
static u64 pass_irq(void)
{
	return path_device_irq(pass_uart + UARTIMSC, TXIM);
}

static void uart_taken(u32 iar)
{
	(void)iar;
	*(volatile u32 *)(pass_uart + UARTIMSC) = 0;
}

static void pass_init(void)
{
	u32 intid = (u32)board_arg_number("pass_intid", 0);

	pass_uart = board_arg_number("pass_uart", 0);
	if (pass_uart != 0) {
		irq_set_handler(intid, uart_taken);
		gic_enable(intid);
		*(volatile u32 *)(pass_uart + UARTIMSC) = 0;
		*(volatile u32 *)pass_uart = 'x';
	}
}

static void sgi_taken(u32 iar)
{
	(void)iar;
}

static void use_bench_vectors(void)
{
	write_sysreg(vbar_el1, (u64)bench_vectors);
	write_sysreg(tpidr_el0, 0);
	isb();
	irq_enable();
}

/* The other CPU: asleep until an SGI comes, notes when its vector ran, answers, sleeps again. */
static void listener(void *arg)
{
	(void)arg;
	use_bench_vectors();
	listener_up = 1;
	dsb();
	for (;;) {
		listener_stamp = path_wait();
		dsb();
		gic_send_sgi(IPI_SGI, 0);
	}
}

static u64 ipi_oneway(void)
{
	u64 sent;

	/* Long enough for the listener to have gone to sleep. */
	path_vtimer_wfi(WFI_TICKS);
	if (board.gic_version == 3) {
		sent = path_ipi_v3((u64)IPI_SGI << 24 | (cpus[1].mpidr >> 8 & 0xff) << 16 | 1UL << (cpus[1].mpidr & 15));
	} else {
		sent = path_ipi_v2(board.gicd + GICD_SGIR, cpus[1].gic_target << 16 | IPI_SGI);
	}
	return listener_stamp - sent - 1;
}

struct metric {
	const char *key;
	u64 (*sample)(void);
	u32 divisor;		/* of the number of iterations */
};

static const struct metric metrics[] = {
	{ "psci_version", hvc_version, 1 },
	{ "hvc_unknown", hvc_unknown, 1 },
	{ "psci_version_smc", smc_version, 1 },
	{ "smc_unknown", smc_unknown, 1 },
	{ "gicd_typer_read", gicd_typer_read, 1 },
	{ "gicd_ctlr_read", gicd_ctlr_read, 1 },
	{ "gicd_isenabler_read", gicd_isenabler_read, 1 },
	{ "gicd_isenabler_write", gicd_isenabler_write, 1 },
	{ "gicr_typer_read", gicr_typer_read, 1 },
	{ "pl011_fr_read", pl011_fr_read, 1 },
	{ "sysreg_pfr0", path_pfr0, 1 },
	{ "sysreg_cntp_ctl", path_cntp_ctl, 1 },
	{ "self_sgi", self_sgi, 1 },
	{ "vtimer_now", path_vtimer_now, 1 },
	{ "vtimer", vtimer_spin, 1 },
	{ "vtimer_wfi", vtimer_wfi, 5 },
	{ "pass_irq", pass_irq, 5 },
	{ "ipi_oneway", ipi_oneway, 5 },
};

/* False for what this machine does not have: SMC without EL2, a redistributor, a second CPU. */
static bool available(const struct metric *metric)
{
	if (metric->sample == gicr_typer_read) {
		return board.gic_version == 3;
	}
	if (metric->sample == pass_irq) {
		return pass_uart != 0;
	}
	if (metric->sample == ipi_oneway) {
		if (board.nr_cpus < 2) {
			return false;
		}
		if (!listener_up) {
			smp_start(1, listener, NULL);
			while (!listener_up) {
			}
		}
		return true;
	}
	if (metric->sample == smc_version || metric->sample == smc_unknown) {
		probe_begin();
		metric->sample();
		return probe_end() == 0;
	}
	return true;
}

void guest_main(void)
{
	char only[32] = "";
	unsigned int i;
	u32 n, k;

	samples[0] = (u32)board.entry_count;
	board_arg("only", only, sizeof(only));
	iterations = (u32)board_arg_number("n", MAX_SAMPLES);
	iterations = iterations > MAX_SAMPLES || iterations < 5 ? MAX_SAMPLES : iterations;
	printf("# bench: model %s, %u CPUs, GICv%u, counter %lu Hz\n", board.model, board.nr_cpus, board.gic_version,
	       timer_frequency());
	report("boot_to_guest", 1);
	gic_init();
	irq_set_handler(board.vtimer_intid, stop_timer);
	irq_set_handler(IPI_SGI, sgi_taken);
	gic_enable(board.vtimer_intid);
	pass_init();
	use_bench_vectors();
	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		if ((only[0] && strcmp(only, metrics[i].key) != 0) || !available(&metrics[i])) {
			continue;
		}
		n = iterations / metrics[i].divisor;
		for (k = 0; k < n; k++) {
			samples[k] = (u32)metrics[i].sample();
		}
		report(metrics[i].key, n);
	}
	printf("BENCH-END\n");
}
