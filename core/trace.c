/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/base/memory.h"
#include "core/exit.h"
#include "core/vm.h"

struct trace_header trace_header;

static struct trace_ring *rings[MAX_CPUS];
static bool wanted;

_Static_assert(MAX_CPUS == TRACE_CPUS && VM_MAX <= TRACE_VMS, "core/spec/trace.h");
_Static_assert((int)VM_DEAD == TRACE_VM_DEAD && (int)VM_RUNNING == TRACE_VM_RUNNING, "core/spec/trace.h");
_Static_assert(sizeof(struct trace_ring) == 64 && sizeof(struct trace_event) == 32, "core/spec/trace.h");

static size_t ring_bytes(u32 order)
{
	return ALIGN_UP(sizeof(struct trace_ring) + (sizeof(struct trace_event) << order), PAGE_SIZE);
}

static bool make_rings(u32 order)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		struct trace_ring *r;

		if (!percpus[i].online || rings[i] != NULL) {
			continue;
		}
		r = mem_alloc(ring_bytes(order));
		if (r == NULL) {
			return false;
		}
		r->head = 1UL << order;
		r->order = order;
		r->cpu = i;
		rings[i] = r;
		trace_header.ring[i] = ptr_pa(r);
	}
	return true;
}

static void drop_rings(u32 order)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		if (rings[i] != NULL) {
			mem_free(rings[i], ring_bytes(order));
		}
		rings[i] = NULL;
		trace_header.ring[i] = 0;
	}
}

/* Each CPU switches by itself, the next time it schedules; whatever runs on it. */
static void ask(bool on)
{
	WRITE_ONCE(wanted, on);
	for (u32 i = 0; i < MAX_CPUS; i++) {
		struct percpu *c = &percpus[i];

		if (c->online) {
			u64 flags = spin_lock_irq(&c->lock);

			c->trace_change = (c->trace != NULL) != on;
			c->resched |= c->trace_change;
			spin_unlock_irq(&c->lock, flags);
			cpu_kick(i);
		}
	}
}

int trace_start(u64 size)
{
	struct trace_header *h = &trace_header;
	u32 order = (u32)__builtin_ctzl(size | 1UL << 63) - 5; /* log2 of an event's size */

	if (h->order == 0) {
		if (size == 0 || (size & (size - 1)) != 0 || order - TRACE_MIN_ORDER > TRACE_MAX_ORDER - TRACE_MIN_ORDER) {
			return -EINVAL;
		}
		if (!make_rings(order)) {
			drop_rings(order);
			return -ENOMEM;
		}
		memcpy(h->magic, TRACE_MAGIC, sizeof(h->magic));
		h->version = TRACE_VERSION;
		h->header_size = sizeof(*h);
		h->event_size = sizeof(struct trace_event);
		h->hz = counter_hz;
		h->order = order;
	}
	ask(true);
	return 0;
}

void trace_stop(void)
{
	ask(false);
}

bool trace_wanted(void)
{
	return READ_ONCE(wanted);
}

bool trace_following(void)
{
	bool some = false;

	for (u32 i = 0; i < MAX_CPUS; i++) {
		some |= READ_ONCE(percpus[i].trace_change);
	}
	return some;
}

void trace_follow(struct percpu *c)
{
	c->trace_change = false;
	trace_put(TRACE_SWITCH, TRACE_NOBODY, 0, 0, 0);
	c->trace = wanted ? rings[c->id] : NULL;
	trace_put(TRACE_SWITCH, TRACE_NOBODY, 1, 0, 0);
	arch_trace(c->trace != NULL);
}

u64 trace_size(const char *text, size_t n)
{
	u64 size = 0;

	for (size_t i = 0; i < n && i < 8; i++) {
		u32 digit = (u32)text[i] - '0';

		if (digit <= 9) {
			size = size * 10 + digit;
		} else if (i == n - 1 && (text[i] == 'K' || text[i] == 'k')) {
			size <<= 10;
		} else if (i == n - 1 && (text[i] == 'M' || text[i] == 'm')) {
			size <<= 20;
		} else {
			return 0;
		}
	}
	return n <= 8 && (size & (size - 1)) == 0 && size >= 32UL << TRACE_MIN_ORDER &&
	       size <= 32UL << TRACE_MAX_ORDER ? size : 0;
}

u64 trace_head(u32 cpu)
{
	return cpu < MAX_CPUS && rings[cpu] != NULL ?
	       __atomic_load_n(&rings[cpu]->head, __ATOMIC_ACQUIRE) : 0;
}

bool trace_read(u32 cpu, u64 n, struct trace_event *out)
{
	u64 head = trace_head(cpu), first;
	struct trace_ring *r;

	if (n >= head) {
		return false;
	}
	r = rings[cpu];
	*out = r->event[n & ((1UL << r->order) - 1)];
	dmb(ish); /* the event before the head is read again */
	head = READ_ONCE(r->head);
	first = head - (1UL << r->order);
	return n >= first + (first > 1UL << r->order ? TRACE_MARGIN : 0) &&
	       out->lap == (u16)(n >> r->order) && out->kind - 1U < TRACE_KINDS - 1;
}

void trace_vcpu(const struct vcpu *v, enum trace_vcpu what, u64 a)
{
	trace_put(TRACE_VCPU, v->trace_who, what, a, 0);
}

void trace_vm(const struct vm *vm, u32 state)
{
	/* Also while it is off: who switches it on later wants to know the names. */
	fmt_str(trace_header.vm[vm->id], TRACE_VM_NAME, "%s", vm->cfg->name);
	trace_put(TRACE_VM, trace_who(vm->id, TRACE_NO_VCPU), state, vm->end, 0);
}

static u64 packed_name(const struct thread *t)
{
	u64 packed = 0;

	for (u32 i = 0; i < 8 && t->name[i] != '\0'; i++) {
		packed |= (u64)(u8)t->name[i] << (8 * i);
	}
	return packed;
}

static u32 who_is(const struct thread *t)
{
	return t->vcpu != NULL ? t->vcpu->trace_who : TRACE_NOBODY;
}

void trace_switch(const struct thread *prev, const struct thread *next)
{
	u32 why = prev->state == THREAD_BLOCKED ? TRACE_LEFT_BLOCKED :
		  prev->state == THREAD_DEAD ? TRACE_LEFT_DEAD : TRACE_LEFT_READY;

	trace_put(TRACE_SCHED, (u8)who_is(next), who_is(prev) | why << 8 | (u32)next->prio << 16,
		  packed_name(next), packed_name(prev));
}

void trace_serror(struct vcpu *v)
{
	trace_put(TRACE_EXIT, v->trace_who, (u32)read_esr_el2(), read_elr_el2(), 0);
	exit_serror(v);
}
