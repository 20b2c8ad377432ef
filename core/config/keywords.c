/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of the language but those a vdev type declares: one row each. */
#include "core/config/parser.h"

#define IN_LOC (CTX_VDEV | CTX_PASS | CTX_RESERVE)

const struct config_keyword config_keywords[] = {
	/* Contexts. */
	{ "cpu", CTX_VM, 0, false, NULL, opt_cpu },
	{ "vdev", CTX_VM, 1, false, "the type of a virtual device", opt_vdev },
	{ "pass", CTX_VM, 0, false, NULL, opt_pass },
	{ "reserve", CTX_VM, 0, false, NULL, opt_reserve },
	/* Neutral. */
	{ "system", CTX_VM, 1, false, "the VM's name", opt_system },
	{ "ram", CTX_VM, 1, true, "[ADDRESS,]SIZE", opt_mem },
	{ "rom", CTX_VM, 1, true, "[ADDRESS,]SIZE", opt_mem },
	{ "load", CTX_VM, 1, false, "[ADDRESS,]PATH", opt_load },
	{ "guest", CTX_VM, 0, false, NULL, opt_blob },
	{ "initrd", CTX_VM, 0, false, NULL, opt_blob },
	{ "fdt", CTX_VM, 0, false, NULL, opt_blob },
	{ "data", CTX_VM, 0, false, NULL, opt_blob },
	{ "acpi", CTX_VM, 0, false, NULL, opt_blob },
	{ "cmdline", CTX_VM, 1, false, "the boot arguments", opt_cmdline },
	{ "unsupported", CTX_VM, 2, true, "instruction|reference|register abort|fail|ignore",
	  opt_unsupported },
	{ "logger", CTX_VM, 2, true, "LEVEL[,LEVEL...] and a destination", opt_logger },
	{ "set", CTX_VM, 1, true, "a variable and its value ('set ?' lists them)", opt_set },
	{ "dump", CTX_VM, 1, false, "a directory or \"|COMMAND\"", opt_dump },
	{ "restart", CTX_VM, 1, true, "never, crash or always[,LIMIT]", opt_restart },
	{ "dryrun", CTX_VM, 0, false, NULL, opt_dryrun },
	{ "safety", CTX_VM, 1, true, "none, warn or required", opt_safety },
	{ "user", CTX_VM, 1, false, "USER[:GROUP[,GROUP...]]", opt_user },
	/* Of a context. */
	{ "partition", CTX_CPU, 1, false, "a partition's name", opt_partition },
	{ "cluster", CTX_CPU, 1, true, "a kind of core", opt_cluster },
	{ "runmask", CTX_CPU, 1, true, "CPU[,CPU...]", opt_runmask },
	{ "sched", CTX_CPU | CTX_VDEV, 1, true, CONFIG_SCHED_FORM, opt_sched },
	{ "loc", IN_LOC, 1, true, "a location", opt_loc },
	{ "intr", IN_LOC, 1, true, "an interrupt, such as gic:37", opt_intr },
	{ "dma", CTX_PASS, 1, true, "unprotected or none", opt_dma },
	{ "msi", CTX_PASS, 1, true, "v2m", opt_msi },
	{ "fault", CTX_PASS, 1, false, /* log is an option, too */ "stop or log", opt_fault },
	{ "intx", CTX_PASS, 1, true, "none", opt_intx },
	{ "reset", CTX_PASS, 1, true, "none", opt_reset },
	{ "name", CTX_VDEV, 1, false, "a name for the device", opt_name },
	{ "log", CTX_VDEV, 2, true, "LEVEL[,LEVEL...] and a destination", opt_log },
	{ "", 0, 0, false, NULL, NULL },
};

const struct config_keyword *config_keyword_find(const char *word)
{
	for (const struct config_keyword *k = config_keywords; k->apply != NULL; k++) {
		if (strcmp(k->name, word) == 0) {
			return k;
		}
	}
	return NULL;
}
