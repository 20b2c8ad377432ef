/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a board for VMs. */
#include <string.h>
#include "core/board.h"
#include "core/config/check.h"

/* Cut [start, last] out of the list. If splitting a range lacks room, its upper part is lost. */
static void cut(struct range *list, u32 *count, u32 max, u64 start, u64 last)
{
	u64 rlast;
	u32 i;

	for (i = 0; i < *count; i++) {
		rlast = list[i].start + (list[i].size - 1);
		if (list[i].start > last || rlast < start) {
			continue;
		}
		if (list[i].start < start && rlast > last) {
			if (*count == max) {
				list[i].size = start - list[i].start;
				return;
			}
			memmove(&list[i + 2], &list[i + 1], (*count - i - 1) * sizeof(*list));
			list[i + 1].start = last + 1;
			list[i + 1].size = rlast - last;
			list[i].size = start - list[i].start;
			++*count;
			return;
		}
		if (list[i].start < start) {
			list[i].size = start - list[i].start;
		} else if (rlast > last) {
			list[i].start = last + 1;
			list[i].size = rlast - last;
		} else {
			memmove(&list[i], &list[i + 1], (*count - i - 1) * sizeof(*list));
			--*count;
			i--;
		}
	}
}

u32 board_free_ram(const struct board *b, struct range *out, u32 max)
{
	u32 i, count = 0;
	u64 start, end, last;

	for (i = 0; i < b->ram_count && count < max; i++) {
		start = ALIGN_UP(b->ram[i].start, PAGE_SIZE);
		end = ALIGN_DOWN(b->ram[i].start + b->ram[i].size, PAGE_SIZE);
		if (end > start) {
			out[count].start = start;
			out[count++].size = end - start;
		}
	}
	for (i = 0; i < b->reserved_count; i++) {
		start = ALIGN_DOWN(b->reserved[i].start, PAGE_SIZE);
		last = (b->reserved[i].start + (b->reserved[i].size - 1)) | PAGE_MASK;
		cut(out, &count, max, start, last);
	}
	return count;
}

/* ID_AA64MMFR0_EL1.PARange of cores in their technical reference manuals. */
static u8 pa_bits(const char *compatible)
{
	static const struct {
		const char *name;
		u8 bits;
	} cores[] = {
		{ "arm,cortex-a57", 44 },    { "arm,cortex-a72", 44 },  { "arm,neoverse-n1", 48 },
		{ "arm,neoverse-n2", 48 },   { "arm,neoverse-v1", 48 },
	};
	u32 i;

	for (i = 0; compatible != NULL && i < ARRAY_SIZE(cores); i++) {
		if (strcmp(cores[i].name, compatible) == 0) {
			return cores[i].bits;
		}
	}
	return 40;
}

void board_limits_of(const struct board *b, struct range *ram, u32 max, struct board_limits *l)
{
	u32 i;

	memset(l, 0, sizeof(*l));
	l->cpu_count = b->cpu_count;
	l->gic_version = (u8)b->gic.version;
	l->pa_bits = 52;
	for (i = 0; i < b->cpu_count; i++) {
		l->pa_bits = MIN(l->pa_bits, pa_bits(b->cpu[i].compatible));
		if (i < ARRAY_SIZE(l->core)) {
			l->core[i] = b->cpu[i].compatible;
		}
	}
	l->ram = ram;
	l->ram_count = board_free_ram(b, ram, max);
	l->board = b;
	l->console = b->uart_count == 0 ? NULL : &b->uart[MAX(b->stdout_uart, 0)];
}

void board_limits_cpu(struct board_limits *l, u32 id, u64 mpidr)
{
	for (u32 i = 0; i < l->board->cpu_count && id < ARRAY_SIZE(l->core); i++) {
		if (l->board->cpu[i].mpidr == mpidr) {
			l->core[id] = l->board->cpu[i].compatible;
		}
	}
}
