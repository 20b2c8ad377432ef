/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot arguments: only=NAME and skip=NAME of a probe; hostile=NAME for one of the deeds of forever.c, which do not
 * return.
 */
#include "hostile.h"

#include <string.h>

static const struct hostile_probe *const lists[] = {
	access_probes, call_probes, state_probes, storm_probes, sysreg_probes, sweep_probes, mapped_probes,
};

static u32 code[4] __attribute__((aligned(64)));

u64 hole(void)
{
	return (board.uart & ~0xfffffUL) + 0x700000;
}

void describe(const char *what, struct attempt attempt)
{
	printf("%s%s", what, *what ? " " : "");
	if (attempt.hits == 0) {
		printf("value 0x%lx", attempt.value);
		return;
	}
	switch (ESR_EC(attempt.esr)) {
	case EC_UNKNOWN:
		printf("UNDEF");
		break;
	case EC_SYSREG:
		printf("trapped, ESR 0x%lx", attempt.esr);
		break;
	case EC_DABT:
		printf("data abort, ESR 0x%lx", attempt.esr);
		break;
	case EC_IABT:
		printf("instruction abort, ESR 0x%lx", attempt.esr);
		break;
	case EC_SERROR:
		printf("SError, ESR 0x%lx", attempt.esr);
		break;
	default:
		printf("exception, ESR 0x%lx", attempt.esr);
		break;
	}
}

struct attempt run_instruction(u32 instruction, u64 argument)
{
	u64 (*fn)(u64 x0) = (u64 (*)(u64))code;

	code[0] = instruction;
	code[1] = 0xd65f03c0;	/* ret */
	cache_sync_code(code, sizeof(code));
	return attempt(value = fn(argument));
}

void guest_main(void)
{
	char name[32] = "", only[32] = "", skip[32] = "";
	const struct hostile_probe *probe;
	unsigned int i, n = 0;

	gic_init();
	if (board_arg("hostile", name, sizeof(name))) {
		forever(name);
		printf("HOSTILE: there is no %s\n", name);
		return;
	}
	board_arg("only", only, sizeof(only));
	board_arg("skip", skip, sizeof(skip));
	printf("# hostile: model %s, %u CPUs, GICv%u\n", board.model, board.nr_cpus, board.gic_version);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		for (probe = lists[i]; probe->name; probe++) {
			if ((only[0] && strcmp(only, probe->name) != 0) || strcmp(skip, probe->name) == 0) {
				continue;
			}
			printf("probe %u %s: ", ++n, probe->name);
			probe->run();
			printf("\n");
		}
	}
	printf("HOSTILE: %u probes survived\n", n);
}
