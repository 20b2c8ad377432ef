/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's shell as a peer of virtio-vsock: CID 2, port 23, one connection of each guest at a time. */
#include "vdev/virtio/vsock.h"

#define SHUT_RECEIVE 1
#define SHUT_SEND 2
#define PIECE 256
#define BATCH 64

static void ready(struct vdev *d)
{
	virtio_kick((struct virtio *)d, VSOCK_RX);
}

void vsock_shell_close(struct vsock *s)
{
	if (s->shell.s != NULL) {
		session_close(s->shell.s);
		s->shell.s = NULL;
	}
}

static bool begin(struct vsock *s, const struct vsock_header *h)
{
	if (s->shell.s != NULL) {
		return false;
	}
	s->shell = (struct vsock_shell){
		.s = session_open(&s->v.dev, ready), .port = h->src_port, .alloc = h->buf_alloc, .answer = true,
	};
	return s->shell.s != NULL;
}

/* False: more than there is room for, so more than it was told. */
static bool type_in(struct vsock *s, u32 left)
{
	struct virtq_at at = { 0 };
	u8 bytes[PIECE];
	u32 n;

	virtq_read(&s->tx, &at, bytes, VSOCK_HEADER);
	for (; left != 0; left -= n) {
		n = (u32)virtq_read(&s->tx, &at, bytes, MIN(left, (u32)PIECE));
		if (n == 0 || session_type(s->shell.s, bytes, n) != n) {
			return false;
		}
	}
	return true;
}

/* A packet of the connection; false: that is its end. */
static bool heard(struct vsock *s, const struct vsock_header *h)
{
	struct vsock_shell *sh = &s->shell;

	sh->alloc = h->buf_alloc;
	sh->fwd = h->fwd_cnt;
	switch (h->op) {
	case VSOCK_RW:
		return type_in(s, h->len);
	case VSOCK_SHUTDOWN:
		if ((h->flags & SHUT_SEND) != 0) {
			session_end_input(sh->s);
		}
		return (h->flags & SHUT_RECEIVE) == 0;
	case VSOCK_CREDIT_REQUEST:
		sh->update = true;
		return true;
	default:
		return h->op == VSOCK_CREDIT_UPDATE;
	}
}

bool vsock_shell_packet(struct vsock *s, const struct vsock_header *h)
{
	bool good;

	if (!s->shell_allowed || h->dst_port != VSOCK_SHELL_PORT || h->type != VSOCK_STREAM) {
		return false;
	}
	if (h->op == VSOCK_REQUEST) {
		good = begin(s, h);
	} else if (s->shell.s == NULL || h->src_port != s->shell.port) {
		return false;
	} else {
		good = heard(s, h);
		if (!good) {
			vsock_shell_close(s);
		}
	}
	virtio_kick(&s->v, VSOCK_RX);
	return good;
}

bool vsock_shell_serve(struct vsock *s)
{
	struct vsock_shell *sh = &s->shell;

	for (u32 i = 0; sh->s != NULL && i < BATCH; i++) {
		u32 read = session_read(sh->s), on_way = sh->sent - sh->fwd, n;
		struct vsock_header h = {
			.src_cid = VSOCK_HOST, .dst_cid = s->cid, .src_port = VSOCK_SHELL_PORT, .dst_port = sh->port,
			.type = VSOCK_STREAM, .buf_alloc = SESSION_INPUT, .fwd_cnt = read,
		};
		u8 text[PIECE];

		n = on_way < sh->alloc ? session_peek(sh->s, text, MIN(sh->alloc - on_way, (u32)PIECE)) : 0;
		if (sh->answer) {
			h.op = VSOCK_RESPONSE;
		} else if (n != 0) {
			h.op = VSOCK_RW;
			h.len = n;
		} else if (session_over(sh->s)) {
			h.op = VSOCK_SHUTDOWN;
			h.flags = SHUT_RECEIVE | SHUT_SEND;
		} else if (sh->update || read - sh->told >= SESSION_INPUT / 2) {
			h.op = VSOCK_CREDIT_UPDATE;
		} else {
			return true;
		}
		if (vsock_give(s, &h, NULL, NULL, text) == 0) {
			return false;
		}
		sh->answer = false;
		sh->update = false;
		sh->told = read;
		if (h.op == VSOCK_RW) {
			sh->sent += n - h.len;
			session_drop(sh->s, n - h.len);
		} else if (h.op == VSOCK_SHUTDOWN) {
			vsock_shell_close(s);
		}
	}
	return sh->s == NULL;
}
