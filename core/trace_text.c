/* SPDX-License-Identifier: Apache-2.0 */
/* Events as text, the same in the shell and in tools/qtrace. Nothing in an event is believed. */
#include "core/trace.h"

#include "core/base/fmt.h"
#include "core/exits.h"
#include "core/spec/esr.h"

struct text {
	char *buf;
	size_t size, len;
};

#define SAY(t, ...) ((t)->len += fmt_str((t)->buf + (t)->len, (t)->size - (t)->len, __VA_ARGS__))

static void say_name(struct text *t, u64 packed)
{
	char name[9] = "";

	for (u32 i = 0; i < 8; i++) {
		u8 c = (u8)(packed >> (8 * i));

		if (c == 0) {
			break;
		}
		name[i] = c > ' ' && c < 0x7f ? (char)c : '?';
	}
	SAY(t, "%s", name);
}

static void say_who(struct text *t, const struct trace_header *h, u8 who)
{
	u32 vm = who >> 4;
	const char *name = vm < TRACE_VMS && h->vm[vm][0] != '\0' ? h->vm[vm] : NULL;

	if (name != NULL) {
		SAY(t, "%.*s", TRACE_VM_NAME - 1, name);
	} else {
		SAY(t, "vm%u", vm + 1);
	}
	if ((who & 0xf) != TRACE_NO_VCPU) {
		SAY(t, "/%u", who & 0xfU);
	}
}

static void say_thread(struct text *t, const struct trace_header *h, u8 who, u64 name)
{
	if (who == TRACE_NOBODY) {
		say_name(t, name);
	} else {
		say_who(t, h, who);
	}
}

static void say_exit(struct text *t, const struct trace_event *e)
{
	u32 class = e->info >> 26;
	const char *name = class == EC_SERROR ? "serror" : exit_name(class);

	if (name != NULL) {
		SAY(t, ": exit %s", name);
	} else {
		SAY(t, ": exit class 0x%02x", class);
	}
	SAY(t, ", pc 0x%lx, esr 0x%x", e->a, e->info);
	switch (class) {
	case EC_HVC64:
	case EC_SMC64:
		SAY(t, ", x0 0x%lx", e->b);
		break;
	case EC_SYSREG:
		SAY(t, ", %s S%u_%u_C%u_C%u_%u", (e->info & ESR_SYS_READ) != 0 ? "mrs" : "msr",
		    (u32)field_get(ESR_SYS_OP0, e->info), (u32)field_get(ESR_SYS_OP1, e->info),
		    (u32)field_get(ESR_SYS_CRN, e->info), (u32)field_get(ESR_SYS_CRM, e->info),
		    (u32)field_get(ESR_SYS_OP2, e->info));
		if ((e->info & ESR_SYS_READ) == 0) {
			SAY(t, " = 0x%lx", e->b);
		}
		break;
	case EC_DABT_LOWER:
		SAY(t, ", %s 0x%lx", (e->info & ESR_WNR) != 0 ? "write" : "read", e->b);
		break;
	case EC_IABT_LOWER:
		SAY(t, ", ipa 0x%lx", e->b);
		break;
	default:
		break;
	}
}

static const char *pick(const char *const *names, u32 count, u32 i)
{
	return i < count ? names[i] : "?";
}

size_t trace_event_text(const struct trace_header *h, const struct trace_event *e, char *buf, size_t size)
{
	static const char *const left[] = { "ready", "blocked", "dead" };
	static const char *const vcpu[] = { "created", "on", "off" };
	static const char *const vm[] = { "new", "ready", "running", "paused", "ending", "held", "dead" };
	struct text t = { buf, size, 0 };

	buf[0] = '\0';
	if (e->who != TRACE_NOBODY && e->kind != TRACE_SCHED) {
		say_who(&t, h, e->who);
	}
	switch ((enum trace_kind)e->kind) {
	case TRACE_EXIT:
		say_exit(&t, e);
		break;
	case TRACE_IRQ:
		SAY(&t, ": exit irq %u, pc 0x%lx", e->info, e->a);
		break;
	case TRACE_ENTRY:
		SAY(&t, ": enter, pc 0x%lx", e->a);
		break;
	case TRACE_EL2_IRQ:
		SAY(&t, "irq %u in the monitor", e->info);
		break;
	case TRACE_INJECT:
		SAY(&t, ": interrupt %u pends", e->info);
		if (e->info < 16) {
			SAY(&t, ", SGI 0x%lx", e->a);
		}
		break;
	case TRACE_SCHED:
		say_thread(&t, h, (u8)e->info, e->b);
		SAY(&t, " (%s) -> ", pick(left, ARRAY_SIZE(left), e->info >> 8 & 0xff));
		say_thread(&t, h, e->who, e->a);
		SAY(&t, ", priority %u", e->info >> 16 & 0xff);
		break;
	case TRACE_TIMER:
		SAY(&t, "timer 0x%lx, due %lu ticks ago", e->b, e->time - e->a);
		break;
	case TRACE_VCPU:
		SAY(&t, ": vCPU %s", pick(vcpu, ARRAY_SIZE(vcpu), e->info));
		break;
	case TRACE_VM:
		SAY(&t, ": VM is %s", pick(vm, ARRAY_SIZE(vm), e->info));
		break;
	case TRACE_SWITCH:
		SAY(&t, "trace %s", e->info != 0 ? "on" : "off");
		break;
	case TRACE_NONE:
	case TRACE_KINDS:
		break;
	}
	return t.len;
}
