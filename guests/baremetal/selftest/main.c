/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test: is this machine what the architecture promises a guest? Boot arguments: only=NAME[,NAME],
 * skip=NAME[,NAME], mmu=off. It passes natively; what holds only under the hypervisor is asked only there.
 */
#include <stdarg.h>
#include <string.h>

#include "check.h"

int vsniprintf(char *buffer, size_t size, const char *format, va_list args);

struct test {
	const char *name;
	void (*run)(void);
};

static const struct test tests[] = {
	{ "id", test_id },
	{ "psci", test_psci },
	{ "smp", test_smp },
	{ "spi", test_spi },
	{ "priority", test_priority },
	{ "nesting", test_nesting },
	{ "eoi", test_eoi },
	{ "group", test_group },
	{ "width", test_width },
	{ "sgi", test_sgi },
	{ "route", test_route },
	{ "lpi", test_lpi },
	{ "timer", test_timer },
	{ "fp", test_fp },
	{ "debug", test_debug },
	{ "pmu", test_pmu },
	{ "pauth", test_pauth },
	{ "cache", test_cache },
	{ "event", test_event },
	{ "forms", test_forms },
	{ "hole", test_hole },
	{ "uart", test_uart },
	{ "trng", test_trng },
};

volatile struct irq_log irq_logs[MAX_CPUS];
void (*volatile log_hook)(u32 intid);

static const char *group;
static unsigned int passed, failed;

static void report(bool good, u64 got, u64 want, bool values, const char *format, va_list args)
{
	char name[160];

	vsniprintf(name, sizeof(name), format, args);
	if (good) {
		passed++;
		printf("ok %u - %s: %s\n", passed + failed, group, name);
		return;
	}
	failed++;
	if (values) {
		printf("not ok %u - %s: %s: got 0x%lx want 0x%lx\n", passed + failed, group, name, got, want);
	} else {
		printf("not ok %u - %s: %s: got false want true\n", passed + failed, group, name);
	}
}

void check_eq(u64 got, u64 want, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	report(got == want, got, want, true, name, args);
	va_end(args);
}

void check(bool good, const char *name, ...)
{
	va_list args;

	va_start(args, name);
	report(good, good, true, false, name, args);
	va_end(args);
}

static void log_irq(struct trap_frame *frame)
{
	volatile struct irq_log *log = &irq_logs[this_cpu()->index];
	u32 iar = gic_ack();

	(void)frame;
	if (log->n < LOG_SIZE) {
		log->iar[log->n] = iar;
	}
	log->n++;
	if (GIC_INTID(iar) >= 1020 && GIC_INTID(iar) <= 1023) {
		return;
	}
	if (log_hook) {
		log_hook(GIC_INTID(iar));
	}
	gic_eoi(iar);
}

void log_begin(void)
{
	unsigned int i;

	log_hook = NULL;
	for (i = 0; i < MAX_CPUS; i++) {
		irq_logs[i].n = 0;
	}
	trap_set_irq(log_irq);
	dsb();
}

void log_end(void)
{
	trap_set_irq(NULL);
	log_hook = NULL;
}

u32 log_drain(void)
{
	irq_enable();
	delay_us(500);
	irq_disable();
	return irq_logs[this_cpu()->index].n;
}

u32 log_intid(u32 i)
{
	volatile struct irq_log *log = &irq_logs[this_cpu()->index];

	return i < log->n && i < LOG_SIZE ? GIC_INTID(log->iar[i]) : 1023;
}

unsigned int spare_spi(unsigned int i)
{
	return gic_nr_irqs() - 1 - i;
}

void spares_enable(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		gic_set_edge(spare_spi(i), true);
		gic_set_priority(spare_spi(i), PRIORITY_DEFAULT);
		gic_enable(spare_spi(i));
	}
}

void spares_reset(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		gic_disable(spare_spi(i));
		gic_clear_pending(spare_spi(i));
		gic_clear_active(spare_spi(i));
		gic_set_priority(spare_spi(i), PRIORITY_DEFAULT);
		gic_route(spare_spi(i), this_cpu()->index);
	}
}

/* True when the comma-separated list holds name. */
static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (;;) {
		if (strncmp(list, name, length) == 0 && (list[length] == 0 || list[length] == ',')) {
			return true;
		}
		while (*list && *list != ',') {
			list++;
		}
		if (!*list) {
			return false;
		}
		list++;
	}
}

void guest_main(void)
{
	char only[64] = "", skip[64] = "", mmu[8] = "";
	unsigned int i;

	board_arg("only", only, sizeof(only));
	board_arg("skip", skip, sizeof(skip));
	board_arg("mmu", mmu, sizeof(mmu));
	if (strcmp(mmu, "off") != 0) {
		mmu_on();
	}
	gic_init();
	printf("# selftest: model %s, %u CPUs, GICv%u, %u INTIDs\n", board.model, board.nr_cpus, board.gic_version,
	       gic_nr_irqs());
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		group = tests[i].name;
		if ((only[0] && !listed(only, group)) || listed(skip, group)) {
			continue;
		}
		tests[i].run();
		/* A failed test must not fail the next ones. */
		log_end();
		gic_recover();
	}
	printf("SELFTEST: %u passed, %u failed\n", passed, failed);
}
