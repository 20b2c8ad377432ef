/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about the machine: version, CPUs, threads, log. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/base/memory.h"
#include "core/board.h"
#include "core/console/console.h"
#include "core/image.h"
#include "core/base/log.h"
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

SHELL_COMMAND(log, "log", "[LINES]", "the last lines of the monitor's log")
{
	char line[272];
	u64 from = 0, wanted = 20, count = 0;

	if (argc > 1 && !shell_number(sh, argv[1], &wanted)) {
		return 0;
	}
	while (log_read(&from, line, sizeof(line)) != 0) {
		count++;
	}
	from = 0;
	/* Lines that come or go meanwhile make it one more or less. */
	for (; log_read(&from, line, sizeof(line)) != 0 && count != 0; count--) {
		if (count <= wanted) {
			shell_print(sh, "%s", line);
		}
	}
	return 0;
}

SHELL_COMMAND(output, "output", "VM", "the end of what a VM said to `hostdev >NAME`")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	char line[160];
	u32 from = 0, n = 0;

	while (vm != NULL && console_kept_read(vm, &from, line + n, 1) != 0) {
		if (line[n] == '\n' || ++n == sizeof(line) - 1) {
			line[n] = '\0';
			shell_print(sh, "%s", line);
			n = 0;
		}
	}
	if (n != 0) {
		line[n] = '\0';
		shell_print(sh, "%s", line);
	}
	return 0;
}
