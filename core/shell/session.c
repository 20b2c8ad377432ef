/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <string.h>
#include "core/base/memory.h"
#include "core/shell/edit.h"
#include "core/shell/shell.h"
#include "core/vdev.h"
#include "core/vm.h"

#define OUTPUT 2048
#define PIECE 128 /* bytes copied with interrupts masked */

struct session {
	struct shell sh;
	struct vdev *dev;
	void (*ready)(struct vdev *d);
	struct thread *thread;   /* wakes up for input, for room, and for the end */
	bool no_more;            /* input ends here */
	bool over, closed;       /* by the thread, by the device */
	u32 in_head, in_tail, out_head, out_tail; /* free running */
	u8 in[SESSION_INPUT], out[OUTPUT];
};

static struct spinlock lock; /* all of them */
static u32 count;

/* For the device, unless it has closed. Lock held. */
static void tell(struct session *s)
{
	if (!s->closed) {
		s->ready(s->dev);
	}
}

/* ---- The thread's side */

static void write_out(struct shell *sh, const char *text, size_t n)
{
	struct session *s = container_of(sh, struct session, sh);

	while (n != 0) {
		u64 flags = spin_lock_irq(&lock);
		u32 left = PIECE;

		for (; n != 0 && left != 0 && (s->closed || s->out_head - s->out_tail < OUTPUT); n--, left--) {
			s->out[s->out_head++ % OUTPUT] = (u8)*text++;
			s->out_tail += s->closed;
		}
		tell(s);
		spin_unlock_irq(&lock, flags);
		if (n != 0 && left != 0) {
			thread_block(); /* until there is room */
		}
	}
}

/* The next byte typed, -1 at the end. */
static int next_byte(struct session *s)
{
	int c = -2;

	while (c == -2) {
		u64 flags = spin_lock_irq(&lock);

		if (s->closed || s->sh.left) {
			c = -1;
		} else if (s->in_head != s->in_tail) {
			c = s->in[s->in_tail++ % SESSION_INPUT];
			tell(s);
		} else if (s->no_more) {
			c = -1;
		}
		spin_unlock_irq(&lock, flags);
		if (c == -2) {
			thread_block();
		}
	}
	return c;
}

static void session_main(void *arg)
{
	struct session *s = arg;
	u64 flags;
	int c;

	edit_begin(&s->sh);
	while ((c = next_byte(s)) >= 0) {
		if (edit_byte(&s->sh, (u8)c)) {
			shell_execute(&s->sh, s->sh.line);
			if (!s->sh.left) {
				edit_begin(&s->sh);
			}
		}
	}
	flags = spin_lock_irq(&lock);
	s->over = true;
	tell(s);
	while (!s->closed) {
		spin_unlock_irq(&lock, flags);
		thread_block();
		flags = spin_lock_irq(&lock);
	}
	count--;
	spin_unlock_irq(&lock, flags);
	mem_free(s, sizeof(*s));
}

/* ---- The device's side */

struct session *session_open(struct vdev *d, void (*ready)(struct vdev *d))
{
	const struct vm_config *cfg = d->vm->cfg;
	struct session *s = mem_alloc(sizeof(*s));
	u64 flags;
	bool room;

	if (s == NULL) {
		return NULL;
	}
	flags = spin_lock_irq(&lock);
	room = count < SESSIONS;
	count += room;
	spin_unlock_irq(&lock, flags);
	s->dev = d;
	s->ready = ready;
	s->sh = (struct shell){ .write = write_out, .candidate = shell_candidate, .remote = true };
	if (room) {
		s->thread = thread_create_for(d->vm, cfg->name, cfg->cpu[0].prio != 0 ? cfg->cpu[0].prio : PRIO_DEFAULT,
					      ~0UL, session_main, s);
	}
	if (s->thread == NULL) {
		flags = spin_lock_irq(&lock);
		count -= room;
		spin_unlock_irq(&lock, flags);
		mem_free(s, sizeof(*s));
		return NULL;
	}
	return s;
}

u32 session_type(struct session *s, const u8 *bytes, u32 n)
{
	u64 flags = spin_lock_irq(&lock);

	n = MIN(n, SESSION_INPUT - (s->in_head - s->in_tail));
	for (u32 i = 0; i < n; i++) {
		s->in[s->in_head++ % SESSION_INPUT] = bytes[i];
	}
	thread_wake(s->thread);
	spin_unlock_irq(&lock, flags);
	return n;
}

u32 session_read(const struct session *s)
{
	return READ_ONCE(s->in_tail);
}

void session_end_input(struct session *s)
{
	u64 flags = spin_lock_irq(&lock);

	s->no_more = true;
	thread_wake(s->thread);
	spin_unlock_irq(&lock, flags);
}

u32 session_peek(struct session *s, u8 *to, u32 n)
{
	u64 flags = spin_lock_irq(&lock);

	n = MIN(n, s->out_head - s->out_tail);
	for (u32 i = 0; i < n; i++) {
		to[i] = s->out[(s->out_tail + i) % OUTPUT];
	}
	spin_unlock_irq(&lock, flags);
	return n;
}

void session_drop(struct session *s, u32 n)
{
	u64 flags = spin_lock_irq(&lock);

	s->out_tail += n;
	thread_wake(s->thread);
	spin_unlock_irq(&lock, flags);
}

bool session_over(struct session *s)
{
	u64 flags = spin_lock_irq(&lock);
	bool over = s->over && s->out_head == s->out_tail;

	spin_unlock_irq(&lock, flags);
	return over;
}

void session_close(struct session *s)
{
	u64 flags = spin_lock_irq(&lock);

	s->closed = true;
	s->out_tail = s->out_head;
	thread_wake(s->thread);
	spin_unlock_irq(&lock, flags);
}
