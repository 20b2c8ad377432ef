/* SPDX-License-Identifier: Apache-2.0 */
/* `cpu`: which CPUs of the board a vCPU may run on, by number and by kind of core. */
#include <string.h>
#include "core/base/fmt.h"
#include "core/config/check_parts.h"

/* "arm,cortex-a57" is called so, cortex-a57, or a57. */
static bool is_called(const char *core, const char *name)
{
	const char *plain = strrchr(core, ','), *model;

	plain = plain != NULL ? plain + 1 : core;
	model = strrchr(plain, '-');
	return strcmp(core, name) == 0 || strcmp(plain, name) == 0 || (model != NULL && strcmp(model + 1, name) == 0);
}

static u64 cores_called(const struct board_limits *l, const char *name)
{
	u64 mask = 0;

	for (u32 i = 0; i < MIN(l->cpu_count, (u32)ARRAY_SIZE(l->core)); i++) {
		if (l->core[i] != NULL && is_called(l->core[i], name)) {
			mask |= BIT(i);
		}
	}
	return mask;
}

/* False after an error. */
static bool cluster(struct check *c, struct cfg_cpu *cpu)
{
	const struct board_limits *l = c->board;
	u64 mask = cores_called(l, cpu->cluster);
	char have[100] = "";
	size_t n = 0;

	if (mask != 0) {
		cpu->runmask = cpu->runmask != 0 ? cpu->runmask & mask : mask;
		if (cpu->runmask == 0) {
			check_error(c, &cpu->runmask_pos, "runmask names no CPU of cluster '%.32s'", cpu->cluster);
		}
		return cpu->runmask != 0;
	}
	for (u32 i = 0; i < MIN(l->cpu_count, (u32)ARRAY_SIZE(l->core)) && n < sizeof(have); i++) {
		u32 k = 0;

		while (k < i && (l->core[k] == NULL || l->core[i] == NULL || strcmp(l->core[k], l->core[i]) != 0)) {
			k++;
		}
		if (l->core[i] != NULL && k == i) {
			const char *plain = strrchr(l->core[i], ',');

			n += fmt_str(have + n, sizeof(have) - n, "%s%s", n != 0 ? ", " : "",
				     plain != NULL ? plain + 1 : l->core[i]);
		}
	}
	/* Names of another system's clusters do not keep its descriptions from running. */
	diag_warning(c->diag, &cpu->cluster_pos, "the board has no cluster '%.32s': ignored, expected one of %s", cpu->cluster,
		     n != 0 ? have : "those its CPUs are called, which are none");
	return true;
}

/* Two CPUs that it may run on are of different kinds. */
static bool is_mixed(const struct board_limits *l, u64 mask, const char **a, const char **b)
{
	*a = NULL;
	for (u32 i = 0; i < MIN(l->cpu_count, (u32)ARRAY_SIZE(l->core)); i++) {
		if ((mask != 0 && (mask & BIT(i)) == 0) || l->core[i] == NULL) {
			continue;
		}
		if (*a != NULL && strcmp(*a, l->core[i]) != 0) {
			*b = l->core[i];
			return true;
		}
		*a = l->core[i];
	}
	return false;
}

void check_cpus(struct check *c)
{
	const struct board_limits *l = c->board;
	struct vm_config *cfg = c->cfg;
	u32 have = l != NULL ? MIN(l->cpu_count, 64U) : 64;
	bool told = false;

	for (u32 i = 0; i < cfg->cpu_count; i++) {
		struct cfg_cpu *cpu = &cfg->cpu[i];
		u64 beyond = have < 64 ? cpu->runmask >> have : 0;
		const char *a, *b;

		if (beyond != 0) {
			check_error(c, &cpu->runmask_pos, "runmask names CPU %u: the board has 0 to %u",
				    have + (u32)__builtin_ctzl(beyond), have - 1);
			continue;
		}
		if (l != NULL && cpu->cluster != NULL && !cluster(c, cpu)) {
			continue;
		}
		if (l != NULL && !told && is_mixed(l, cpu->runmask, &a, &b)) {
			told = true;
			diag_warning(c->diag, &cpu->pos, "vCPU %u may run on %s and %s: it is told of the first CPU's kind and of "
				     "caches that are right for all; 'cluster' or 'runmask' keeps it on one kind", i, a, b);
		}
	}
}
