/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's thread: reads lines, finds the command, checks the number of its arguments, runs it. */
#include "core/shell/shell.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/config/value.h"
#include "core/console/console.h"
#include "core/sched.h"
#include "core/shell/edit.h"
#include "core/shell/view.h"
#include "core/vm_life.h"

#define PRIO_SHELL (PRIO_IDLE + 1)
#define PRIO_HIGHEST 255

/* Both ends of the section every SHELL_COMMAND() adds a pointer to. */
extern const struct shell_command *const __start_quoin_cmds[] __attribute__((weak));
extern const struct shell_command *const __stop_quoin_cmds[] __attribute__((weak));

static struct shell the_shell;
static u64 used_at; /* when the operator last typed something; 0: he has left */

/* The command that follows `after` (NULL: the first) in the order of the names; NULL: none. */
static const struct shell_command *next_command(const struct shell_command *after)
{
	size_t count = (size_t)(__stop_quoin_cmds - __start_quoin_cmds);
	const struct shell_command *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct shell_command *c = __start_quoin_cmds[i];

		if ((after == NULL || strcmp(c->name, after->name) > 0) &&
		    (best == NULL || strcmp(c->name, best->name) < 0)) {
			best = c;
		}
	}
	return best;
}

static const struct shell_command *find_command(const char *name)
{
	const struct shell_command *c = next_command(NULL);

	while (c != NULL && strcmp(c->name, name) != 0) {
		c = next_command(c);
	}
	return c;
}

const char *shell_candidate(bool first, u32 i)
{
	const struct shell_command *c = NULL;

	if (!first) {
		for (u32 k = 0; k < VM_MAX; k++) {
			struct vm *vm = vm_at(k);

			if (vm != NULL && i-- == 0) {
				return vm->cfg->name;
			}
		}
		return NULL;
	}
	do {
		c = next_command(c);
	} while (c != NULL && i-- != 0);
	return c != NULL ? c->name : NULL;
}

/* ---- What commands use */

void shell_print(struct shell *sh, const char *fmt, ...)
{
	char line[288];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = fmt_vstr(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	memcpy(line + n, "\r\n", 2);
	sh->write(sh, line, n + 2);
}

struct vm *shell_vm(struct shell *sh, const char *arg)
{
	struct vm *vm = vm_by_name(arg);
	char names[128] = "";
	size_t n = 0;

	for (u32 i = 0; vm == NULL && i < VM_MAX; i++) {
		if (vm_at(i) != NULL) {
			n += fmt_str(names + n, sizeof(names) - n, " %s", vm_at(i)->cfg->name);
		}
	}
	if (vm == NULL) {
		shell_print(sh, "no VM '%s', there is:%s", arg, n != 0 ? names : " none");
	}
	return vm;
}

bool shell_number(struct shell *sh, const char *arg, u64 *out)
{
	bool ok = value_number(slice_of(arg), out) == VALUE_OK;

	if (!ok) {
		shell_print(sh, "'%s' is not a number, expected 4096, 0x1000, 4K", arg);
	}
	return ok;
}

/* ---- Lines */

/* The number of words from and to which the form of a command allows: "VM [vCPU]" is 1 to 2. */
static bool count_fits(const char *form, u32 args)
{
	u32 least = 0, most = 0;

	while (*form != '\0') {
		size_t n = strcspn(form, " ");

		least += *form != '[';
		most++;
		form += n;
		form += strspn(form, " ");
	}
	return args >= least && args <= most;
}

static void show_form(struct shell *sh, const struct shell_command *c)
{
	shell_print(sh, "expected: %s%s%s", c->name, c->args[0] != '\0' ? " " : "", c->args);
}

void shell_execute(struct shell *sh, const char *line)
{
	char text[SHELL_LINE + 1];
	const char *argv[SHELL_ARGS + 1];
	const struct shell_command *c;
	u32 argc = 0;
	char *p = text;

	fmt_str(text, sizeof(text), "%s", line);
	for (p += strspn(p, " "); *p != '\0' && argc <= SHELL_ARGS; p += strspn(p, " ")) {
		argv[argc++] = p;
		p += strcspn(p, " ");
		if (*p != '\0') {
			*p++ = '\0';
		}
	}
	if (argc == 0) {
		return;
	}
	c = find_command(argv[0]);
	if (c == NULL) {
		shell_print(sh, "no command '%s', help lists them", argv[0]);
	} else if (!count_fits(c->args, argc - 1) || c->run(sh, argc, argv) == -EINVAL) {
		show_form(sh, c);
	}
}

SHELL_COMMAND(help, "help", "[COMMAND]", "what there is, or one command's form")
{
	const struct shell_command *c = argc > 1 ? find_command(argv[1]) : NULL;

	if (argc > 1 && c == NULL) {
		shell_print(sh, "no command '%s', help lists them", argv[1]);
		return 0;
	}
	if (c != NULL) {
		shell_print(sh, "%s %s: %s", c->name, c->args, c->help);
		return 0;
	}
	while ((c = next_command(c)) != NULL) {
		shell_print(sh, "%-9s%-29s%s", c->name, c->args, c->help);
	}
	return 0;
}

/* ---- The operator */

static int leave(struct shell *sh)
{
	if (sh->remote) {
		sh->left = true;
		return 0;
	}
	used_at = 0;
	console_leave_shell();
	return 0;
}

SHELL_COMMAND(quit, "quit", "", "leave the shell: the terminal goes back to its VM")
{
	return leave(sh);
}

SHELL_COMMAND(exit, "exit", "", "as quit")
{
	return leave(sh);
}

bool shell_attended(void)
{
	u64 at = READ_ONCE(used_at);

	return console_at_shell() && at != 0 && counter_now() - at < SHELL_ATTENDED_S * counter_hz;
}

/*
 * ---- The thread. It gets what nobody else wants of the CPUs. But guests that never sleep would lock out
 * the operator, who may be there for their sake: having waited for half a second without getting any time
 * it has the usual priority, after five more the highest, until it has done what was typed.
 */

static struct thread *thread; /* itself */
static struct timer watch;
static bool working; /* something is typed that has not been dealt with */
static u64 ran;      /* when the watch looked last */
static u32 starved;  /* times in a row that it had got nothing since */

#define WATCH_PERIOD (counter_hz / 2)
#define STARVED_LONG 10

static void watch_on(void)
{
	if (!__atomic_exchange_n(&working, true, __ATOMIC_ACQ_REL)) {
		starved = 0;
		timer_arm(&watch, counter_now() + WATCH_PERIOD);
	}
}

static void look(struct timer *t)
{
	u64 now = thread_runtime(thread);

	if (READ_ONCE(working)) {
		starved = now == ran && READ_ONCE(thread->state) == THREAD_READY ? starved + 1 : 0;
		if (starved == 1 || starved == STARVED_LONG) {
			thread_set_prio(thread, starved == 1 ? PRIO_DEFAULT : PRIO_HIGHEST);
		}
		ran = now;
		timer_arm(t, counter_now() + WATCH_PERIOD);
	}
}

void shell_watch(void)
{
	if (thread != NULL) {
		watch_on();
	}
}

static void write_console(struct shell *sh, const char *text, size_t n)
{
	(void)sh;
	console_shell_write(text, n);
}

static void shell_main(void *arg)
{
	struct shell *sh = arg;
	char typed[32];

	thread = current_thread();
	console_shell_open(thread);
	edit_begin(sh);
	for (;;) {
		WRITE_ONCE(working, false);
		thread_set_prio(thread, PRIO_SHELL);
		size_t n = console_shell_read(typed, sizeof(typed));

		watch_on();
		if (n > 1 || typed[0] != CONSOLE_REDRAW) {
			used_at = counter_now();
		}
		for (size_t i = 0; i < n; i++) {
			if (edit_byte(sh, (u8)typed[i])) {
				shell_execute(sh, sh->line);
				edit_begin(sh);
			}
		}
	}
}

bool shell_start(const struct image *img, const struct board *b)
{
	struct thread *t;

	shell_image = img;
	shell_board = b;
	thread = NULL;
	used_at = 0;
	working = false;
	watch = (struct timer){ .fn = look };
	the_shell = (struct shell){ .write = write_console, .candidate = shell_candidate };
	t = thread_create("shell", PRIO_SHELL, ~0UL, shell_main, &the_shell);
	if (t != NULL) {
		console_shell_open(t);
	}
	return t != NULL;
}
