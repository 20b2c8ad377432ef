/* SPDX-License-Identifier: Apache-2.0 */
/* Priorities: the order of many pending interrupts - more than any hypervisor has list registers - and the mask. */
#include "check.h"

#define MANY	12

/* A fixed shuffle of 0..11. */
static const u8 shuffle[MANY] = { 7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 6, 4 };

static unsigned int level(unsigned int i)
{
	return 0x10 + i * 8;
}

static void pend_shuffled(void)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		gic_set_priority(spare_spi(i), level(shuffle[i]));
	}
	for (i = 0; i < MANY; i++) {
		gic_set_pending(spare_spi(i));
	}
}

/* How many of the log's entries first.. are in the order of the shuffle's levels first... */
static unsigned int in_order(unsigned int first, unsigned int last)
{
	unsigned int i, k, good = 0;

	for (k = first; k < last; k++) {
		for (i = 0; shuffle[i] != k; i++) {
		}
		good += log_intid(k) == spare_spi(i);
	}
	return good;
}

static void order(void)
{
	log_begin();
	pend_shuffled();
	check_eq(log_drain(), MANY, "%u pending at once are all taken", MANY);
	check_eq(in_order(0, MANY), MANY, "in order of priority");
}

static void mask(void)
{
	log_begin();
	gic_set_pmr(level(5));
	pend_shuffled();
	check_eq(log_drain(), 5, "PMR lets the five above it through");
	check_eq(in_order(0, 5), 5, "in order");
	gic_set_pmr(level(5) + 1 > 0xf8 ? 0xff : level(8));
	check_eq(log_drain(), 8, "three more when it is raised");
	gic_set_pmr(0xff);
	check_eq(log_drain(), MANY, "and the rest");
	check_eq(in_order(0, MANY), MANY, "in order of priority throughout");
}

/* The most urgent comes last, when everything that could hold it is taken by others. */
static void latecomer(void)
{
	unsigned int i;

	log_begin();
	for (i = 0; i < MANY; i++) {
		gic_set_priority(spare_spi(i), 0xa0);
	}
	gic_set_priority(spare_spi(MANY - 1), 0x20);
	for (i = 0; i < MANY; i++) {
		gic_set_pending(spare_spi(i));
	}
	check_eq(gic_highest_pending(), spare_spi(MANY - 1), "the most urgent is the highest pending");
	check_eq(log_drain(), MANY, "all are taken");
	check_eq(log_intid(0), spare_spi(MANY - 1), "the most urgent first");
}

static void change_while_pending(void)
{
	unsigned int i;

	log_begin();
	for (i = 0; i < MANY; i++) {
		gic_set_priority(spare_spi(i), 0xa0);
		gic_set_pending(spare_spi(i));
	}
	for (i = 0; i < MANY; i++) {
		gic_clear_pending(spare_spi(i));
		gic_set_priority(spare_spi(i), level(MANY - 1 - i));
		gic_set_pending(spare_spi(i));
	}
	check_eq(log_drain(), MANY, "cleared, changed and set again: all taken");
	check_eq(log_intid(0), spare_spi(MANY - 1), "in the new order, first");
	check_eq(log_intid(MANY - 1), spare_spi(0), "and last");
}

static void equal(void)
{
	u64 seen = 0;
	unsigned int i;

	log_begin();
	for (i = 0; i < 32; i++) {
		gic_set_priority(spare_spi(i), PRIORITY_DEFAULT);
		gic_set_pending(spare_spi(i));
	}
	check_eq(log_drain(), 32, "32 of one priority are all taken");
	for (i = 0; i < 32; i++) {
		seen |= 1UL << (spare_spi(0) - log_intid(i));
	}
	check_eq(seen, 0xffffffff, "each once");
}

void test_priority(void)
{
	unsigned int many = gic_nr_irqs() > 96 ? 32 : MANY;

	spares_enable(many);
	order();
	mask();
	latecomer();
	change_while_pending();
	if (many == 32) {
		equal();
	}
	gic_set_priority(spare_spi(0), 0xff);
	check((gic_priority(spare_spi(0)) & 0xf0) == 0xf0, "a priority reads back");
	log_begin();
	gic_set_pending(spare_spi(0));
	gic_set_pmr(0xf0);
	check_eq(log_drain(), 0, "the lowest priority is masked by 0xf0");
	gic_clear_pending(spare_spi(0));
	gic_set_pmr(0xff);
	spares_reset(many);
	log_end();
}
