/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about the machine: version, CPUs, threads, log. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/base/memory.h"
#include "core/board.h"
#include "core/console.h"
#include "core/image.h"
#include "core/shell/shell.h"
#include "core/shell/view.h"

SHELL_COMMAND(version, "version", "", "the monitor's build and its machine")
{
	const struct board *b = shell_board;

	shell_print(sh, "Quoin, build %016lx, on %s, GICv%u", shell_image->header.build_id,
		    b->model[0] != '\0' ? b->model : b->compatible, gic_host_version());
	return 0;
}

SHELL_COMMAND(uptime, "uptime", "", "time since the start, CPUs, memory")
{
	u64 s = counter_now() / counter_hz;
	u32 cpus = 0;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		cpus += percpus[i].online;
	}
	shell_print(sh, "up %lu:%02lu:%02lu, %u CPUs, %lu of %lu KiB free", s / 3600, s / 60 % 60, s % 60,
		    cpus, mem_free_bytes() >> 10, mem_total_bytes() >> 10);
	return 0;
}
