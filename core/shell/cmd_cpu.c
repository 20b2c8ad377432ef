/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about who runs where. */
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/shell/shell.h"
#include "core/shell/view.h"

/* The core of CPU `id`: the last word of its `compatible`, as "arm,cortex-a57". */
static const char *core_name(u32 id)
{
	for (u32 i = 0; i < shell_board->cpu_count; i++) {
		if (shell_board->cpu[i].mpidr == percpus[id].mpidr && shell_board->cpu[i].compatible != NULL) {
			return shell_board->cpu[i].compatible;
		}
	}
	return "";
}

static void thread_name(const struct thread_info *t, char *buf, size_t size)
{
	if (t->vcpu != NULL) {
		fmt_str(buf, size, "%s.%u", t->name, t->vcpu_id);
	} else {
		fmt_str(buf, size, "%s", t->name);
	}
}

/* Who runs on the CPU; on this one it is the shell. */
static void show_running(u32 cpu, char *buf, size_t size)
{
	struct thread_info t;

	fmt_str(buf, size, "idle");
	for (u32 i = 0; thread_info(i, &t); i++) {
		if (t.state == THREAD_RUNNING && t.cpu == cpu) {
			thread_name(&t, buf, size);
		}
	}
}

SHELL_COMMAND(cpus, "cpus", "", "CPUs: core, who runs and how many wait, share of time idle")
{
	char name[VM_NAME_MAX + 4];

	share_begin();
	shell_print(sh, "CPU core               MIDR     waiting   idle running");
	for (u32 i = 0; i < MAX_CPUS; i++) {
		const struct percpu *c = &percpus[i];
		u32 idle = share_idle(i);

		if (c->online) {
			show_running(i, name, sizeof(name));
			shell_print(sh, "%3u %-18s %08lx %7u %4u.%u%% %s", i, core_name(i), c->midr,
				    c->ready, idle / 10, idle % 10, name);
		}
	}
	return 0;
}

SHELL_COMMAND(threads, "threads", "", "threads of EL2: state, CPU, priority, time run and waited")
{
	static const char states[][8] = { "ready", "running", "blocked", "moving", "dead" };
	struct thread_info t;
	char name[VM_NAME_MAX + 4];

	shell_print(sh, "thread             state   CPU prio       ran ms    waited ms");
	for (u32 i = 0; thread_info(i, &t); i++) {
		thread_name(&t, name, sizeof(name));
		shell_print(sh, "%-18s %-7s %3u %4u %12lu %12lu", name, states[t.state], t.cpu, t.prio,
			    counter_to_ns(t.times.runtime) / 1000000, counter_to_ns(t.times.waited) / 1000000);
	}
	return 0;
}
