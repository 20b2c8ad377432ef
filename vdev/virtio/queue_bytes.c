/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in and out of a request's segments. */
#include <string.h>
#include "vdev/virtio/queue.h"

/* The next run of at most `n` bytes, or 0 at the end. */
static size_t next_run(const struct virtq_seg *s, u32 count, struct virtq_at *at, size_t n, u8 **p)
{
	size_t run;

	while (at->seg < count && at->off == s[at->seg].len) {
		at->seg++;
		at->off = 0;
	}
	if (at->seg == count) {
		return 0;
	}
	run = MIN(n, (size_t)(s[at->seg].len - at->off));
	*p = s[at->seg].p + at->off;
	at->off += (u32)run;
	return run;
}

size_t virtq_read(const struct virtq_chain *c, struct virtq_at *at, void *to, size_t n)
{
	size_t done = 0, run;
	u8 *p;

	while (done < n && (run = next_run(c->seg, c->out, at, n - done, &p)) != 0) {
		memcpy((u8 *)to + done, p, run);
		done += run;
	}
	return done;
}

size_t virtq_write(const struct virtq_chain *c, struct virtq_at *at, const void *from, size_t n)
{
	size_t done = 0, run;
	u8 *p;

	while (done < n && (run = next_run(c->seg + c->out, c->in, at, n - done, &p)) != 0) {
		memcpy(p, (const u8 *)from + done, run);
		done += run;
	}
	return done;
}

size_t virtq_copy(const struct virtq_chain *to, struct virtq_at *to_at, const struct virtq_chain *from,
		  struct virtq_at *from_at, size_t n)
{
	size_t done = 0, run;
	u8 *p;

	while (done < n && (run = next_run(from->seg, from->out, from_at, n - done, &p)) != 0) {
		size_t got = virtq_write(to, to_at, p, run);

		done += got;
		if (got != run) {
			break;
		}
	}
	return done;
}

size_t virtq_zero(const struct virtq_chain *c, struct virtq_at *at, size_t n)
{
	size_t done = 0, run;
	u8 *p;

	while (done < n && (run = next_run(c->seg + c->out, c->in, at, n - done, &p)) != 0) {
		memset(p, 0, run);
		done += run;
	}
	return done;
}

void virtq_write_last(const struct virtq_chain *c, u8 byte)
{
	const struct virtq_seg *s = &c->seg[c->out + c->in - 1];

	s->p[s->len - 1] = byte;
}
