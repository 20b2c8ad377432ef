/* SPDX-License-Identifier: Apache-2.0 */
#include "core/script.h"

#include <errno.h>
#include <string.h>

struct scan {
	const char *p, *end;
	struct src_pos pos;
	struct diag *d;
	struct arena *arena;
};

static void step(struct scan *s)
{
	if (*s->p++ == '\n') {
		s->pos.line++;
		s->pos.col = 1;
	} else {
		s->pos.col++;
	}
}

/* Moves behind the line's end, which is not one inside quotes or behind a backslash. */
static void skip_line(struct scan *s)
{
	bool quoted = false, comment = false;

	while (s->p != s->end) {
		char c = *s->p;

		step(s);
		if (c == '\n' && !quoted) {
			return;
		}
		if (comment) {
			continue;
		}
		if (c == '\\' && s->p != s->end) {
			if (*s->p == '\r' && s->end - s->p > 1 && s->p[1] == '\n') {
				step(s);
			}
			if (quoted || *s->p == '\n') {
				step(s);
			}
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == '#' && !quoted) {
			comment = true;
		}
	}
}

/* QNX attributes in front of a command: [+session] ksh, [pri=10r] ... */
static void skip_attributes(struct scan *s)
{
	struct scan ahead = *s;

	while (s->p != s->end && (*s->p == ' ' || *s->p == '\t')) {
		step(s);
	}
	if (s->p == s->end || *s->p != '[') {
		return;
	}
	for (ahead = *s; ahead.p != ahead.end && *ahead.p != '\n';) {
		bool last = *ahead.p == ']';

		step(&ahead);
		if (last) {
			*s = ahead;
			return;
		}
	}
}

static int take_qvm(struct scan *s, const struct config_word *w, u32 count, struct script *out)
{
	struct script_vm **tail = &out->vms, *vm;

	if (count > 1 && strcmp(w[count - 1].text, "&") == 0) {
		count--; /* QNX: start in the background, which is what a VM does anyway */
	}
	if (count == 1) {
		diag_error(s->d, &w->pos, "qvm without a VM, expected: qvm @FILE or options");
		return -EINVAL;
	}
	vm = arena_alloc(s->arena, sizeof(*vm));
	if (vm == NULL) {
		diag_error(s->d, &w->pos, "the start script is too long");
		return -ENOMEM;
	}
	vm->pos = w->pos;
	vm->words = w + 1;
	vm->word_count = count - 1;
	while (*tail != NULL) {
		tail = &(*tail)->next;
	}
	*tail = vm;
	out->vm_count++;
	return 0;
}

static int take_on_idle(struct scan *s, const struct config_word *w, u32 count, struct script *out)
{
	static const char *const name[] = { "poweroff", "wait", "reset" };
	u32 i;

	for (i = 0; count == 2 && i < ARRAY_SIZE(name); i++) {
		if (strcmp(w[1].text, name[i]) == 0) {
			out->on_idle = (enum script_idle)i;
			return 0;
		}
	}
	diag_error(s->d, &w[count - 1].pos, "expected: on-idle poweroff, wait or reset");
	return -EINVAL;
}

/* Commands of QNX start scripts, of which a monitor has no need. '*' at the end: any ending. */
static bool is_qnx_command(const char *text)
{
	static const char *const name[] = {
		"procnto*", "startup*", "slogger*", "slog2info", "devc-*", "devb-*", "devf-*", "devu-*",
		"devs-*", "io-*", "fs-*", "pci-server", "pipe", "random", "mqueue", "dumper", "waitfor",
		"display_msg", "reopen", "procmgr_symlink", "ksh", "sh", "esh", "uname", "hostname",
		"mount", "export", "cd", "echo", "ln", "pidin", "rtc", "on", "qconn", "inetd", "sshd",
		"dhclient", "dhcpcd", "ifconfig", "if_up", "tracelogger", "sleep", "usemsg", "login",
		"tinit", "smmuman", "wdtkick", "iosock*",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(name); i++) {
		size_t n = strlen(name[i]);

		if (name[i][n - 1] == '*' ? strncmp(text, name[i], n - 1) == 0 :
					    strcmp(text, name[i]) == 0) {
			return true;
		}
	}
	return strchr(text, '=') != NULL; /* PATH=..., LD_LIBRARY_PATH=... */
}

static int take_line(struct scan *s, const char *end, struct script *out)
{
	struct config_word *w;
	int count = config_split(s->p, (size_t)(end - s->p), &s->pos, s->arena, s->d, &w);

	if (count <= 0) {
		return count;
	}
	if (strcmp(w->text, "qvm") == 0) {
		return take_qvm(s, w, (u32)count, out);
	}
	if (strcmp(w->text, "on-idle") == 0) {
		return take_on_idle(s, w, (u32)count, out);
	}
	if (is_qnx_command(w->text)) {
		diag_warning(s->d, &w->pos, "'%s' means nothing to the monitor, line ignored", w->text);
		return 0;
	}
	diag_error(s->d, &w->pos, "unknown command '%s', expected qvm or on-idle", w->text);
	return -EINVAL;
}

int script_parse(const char *text, size_t size, const struct src_pos *start, struct arena *arena,
		 struct diag *d, struct script *out)
{
	struct scan s = { .p = text, .end = text + size, .pos = *start, .d = d, .arena = arena };
	int ret = 0;

	memset(out, 0, sizeof(*out));
	while (s.p != s.end) {
		struct scan next = s;
		int err;

		skip_line(&next);
		skip_attributes(&s);
		err = take_line(&s, next.p, out);
		if (err == -ENOMEM) {
			return err;
		}
		ret = err != 0 ? err : ret;
		s = next;
	}
	return ret;
}
