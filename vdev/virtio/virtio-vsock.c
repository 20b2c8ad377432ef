/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-vsock: sockets between VMs that name the same `peer`, and to the monitor's shell (virtio 1.2 5.10).
 * Streams and, as the packets are the same, SEQPACKET. A VM's end resets its connections one by one, so
 * the event queue has nothing to say. Node: virtio,mmio.
 */
#include "vdev/virtio/vsock.h"

#include <string.h>
#include "core/base/fmt.h"

#define QUEUE 128
#define BATCH_PACKETS 64
#define BATCH_BYTES KiB(256)
#define PATIENCE_NS 100000000 /* how long a sender waits for a receiver whose ring is full */

static struct vsock *members[VSOCK_MEMBERS];
/* Also what others may do to a member while it lives. Taken inside device locks. */
static struct spinlock members_lock;

/* ---- Who is there */

void vsock_kick(u32 mask)
{
	for (; mask != 0; mask &= mask - 1) {
		u64 flags = spin_lock_irq(&members_lock);
		struct vsock *m = members[__builtin_ctz(mask)];

		if (m != NULL && m->live) {
			virtio_kick(&m->v, VSOCK_TX);
			virtio_kick(&m->v, VSOCK_RX);
		}
		spin_unlock_irq(&members_lock, flags);
	}
}

/* Lock held. */
static struct vsock *find(u64 cid)
{
	for (u32 i = 0; i < VSOCK_MEMBERS; i++) {
		if (members[i] != NULL && members[i]->cid == cid) {
			return members[i];
		}
	}
	return NULL;
}

/* Whom `s` may talk to at this CID; it does not go away until release(). */
static struct vsock *hold(const struct vsock *s, u64 cid)
{
	u64 flags = spin_lock_irq(&members_lock);
	struct vsock *m = s->net != NULL ? find(cid) : NULL;

	if (m == s || (m != NULL && (!m->live || m->net == NULL || strcmp(m->net, s->net) != 0))) {
		m = NULL;
	}
	if (m != NULL) {
		__atomic_add_fetch(&m->using, 1, __ATOMIC_ACQUIRE);
	}
	spin_unlock_irq(&members_lock, flags);
	return m;
}

static void release(struct vsock *m)
{
	__atomic_sub_fetch(&m->using, 1, __ATOMIC_RELEASE);
}

bool vsock_lives(u64 cid, u16 life)
{
	u64 flags = spin_lock_irq(&members_lock);
	const struct vsock *m = find(cid);
	bool lives = m != NULL && m->live && m->life == life;

	spin_unlock_irq(&members_lock, flags);
	return lives;
}

/* ---- Sending */

struct vsock_header vsock_answer(const struct vsock_header *h, u16 op)
{
	return (struct vsock_header){
		.src_cid = h->dst_cid, .dst_cid = h->src_cid, .src_port = h->dst_port, .dst_port = h->src_port,
		.type = h->type, .op = op,
	};
}

static enum vsock_result forward(struct vsock *s, struct vsock *to, const struct vsock_header *h)
{
	enum vsock_result r;

	if ((h->type == VSOCK_SEQPACKET && !virtio_has(&to->v, VSOCK_F_SEQPACKET)) ||
	    (h->op == VSOCK_REQUEST && !vsock_conn_begin(h, s->life, to->life))) {
		return VSOCK_DROPPED;
	}
	r = vsock_deliver(s, to, h, !s->impatient);
	if (r == VSOCK_SENT && (h->op == VSOCK_RESPONSE || h->op == VSOCK_RST)) {
		vsock_conn_seen(h);
	} else if (r == VSOCK_DROPPED) {
		vsock_conn_cut(h);
		to->resets = true;
	}
	return r;
}

/* The packet in s->tx. */
static enum vsock_result take(struct vsock *s)
{
	struct vsock_header h, rst;
	struct virtq_at at = { 0 };
	enum vsock_result r = VSOCK_DROPPED;
	struct vsock *to;

	if (s->tx.in != 0 || virtq_read(&s->tx, &at, &h, VSOCK_HEADER) != VSOCK_HEADER || h.len > VSOCK_PACKET ||
	    h.len != s->tx.out_len - VSOCK_HEADER || h.src_cid != s->cid || h.op == 0 ||
	    h.op > VSOCK_CREDIT_REQUEST || (h.op != VSOCK_RW && h.len != 0)) {
		return VSOCK_DROPPED;
	}
	if (h.type == VSOCK_STREAM || h.type == VSOCK_SEQPACKET) {
		if (h.dst_cid == VSOCK_HOST) {
			r = vsock_shell_packet(s, &h) ? VSOCK_SENT : VSOCK_DROPPED;
		} else if ((to = hold(s, h.dst_cid)) != NULL) {
			r = forward(s, to, &h);
			release(to);
		}
	}
	if (r != VSOCK_DROPPED || h.op == VSOCK_RST) {
		return r;
	}
	rst = vsock_answer(&h, VSOCK_RST);
	return vsock_deliver(s, s, &rst, !s->impatient);
}

static bool send(struct vsock *s)
{
	struct virtq *q = &s->v.queue[VSOCK_TX];
	enum vsock_result r = VSOCK_SENT;
	bool waited = s->stalled;
	u64 bytes = 0;
	int got = 0;
	u32 n;

	virtq_quiet(q);
	for (n = 0; n < BATCH_PACKETS && bytes < BATCH_BYTES; n++) {
		struct virtq_mark mark = virtq_mark(q);

		got = virtq_pop(q, &s->tx);
		if (got <= 0) {
			break;
		}
		r = take(s);
		if (r == VSOCK_WAIT) {
			virtq_rewind(q, mark);
			break;
		}
		s->impatient = false;
		s->sent += r == VSOCK_SENT;
		s->dropped += r == VSOCK_DROPPED;
		bytes += s->tx.out_len;
		virtq_push(q, &s->tx, 0);
	}
	s->stalled = r == VSOCK_WAIT;
	vsock_reach(s, NULL);
	virtio_done(&s->v, q);
	if (got < 0) {
		virtio_broken(&s->v);
		return false;
	}
	if (r == VSOCK_WAIT) {
		u64 flags = vdev_lock_irq(&s->v.dev);

		if (!waited || n != 0 || s->v.dev.deadline == 0) {
			vdev_arm(&s->v.dev, vdev_now_ns(&s->v.dev) + PATIENCE_NS);
		}
		vdev_unlock_irq(&s->v.dev, flags);
		return false;
	}
	return got > 0 || virtq_listen(q);
}

static void expire(struct vdev *d)
{
	struct vsock *s = (struct vsock *)d;

	s->impatient = s->stalled; /* else the time is of a packet that has gone */
	virtio_kick(&s->v, VSOCK_TX);
}

/* ---- The device's own receiving */

static bool give_resets(struct vsock *s)
{
	struct vsock_header rst;

	if (!__atomic_exchange_n(&s->resets, false, __ATOMIC_ACQ_REL)) {
		return true;
	}
	while (vsock_conn_next(s->cid, s->life, &rst)) {
		if (vsock_give(s, &rst, NULL, NULL, (const u8 *)&rst) == 0) {
			s->resets = true;
			return false;
		}
		vsock_conn_seen(&rst);
	}
	return true;
}

/* There are new buffers, or something for them. */
static bool receive(struct vsock *s)
{
	struct virtq *q = &s->v.queue[VSOCK_RX];
	bool more = false;

	if (vsock_reach(s, s) != VSOCK_SENT) {
		return false; /* kicked when it is not claimed any more */
	}
	if (vsock_drain(s) && give_resets(s) && vsock_shell_serve(s)) {
		virtq_quiet(q);
	} else {
		more = virtq_listen(q);
	}
	vsock_reach(s, NULL);
	return more;
}

static bool serve(struct virtio *v, unsigned int queue)
{
	struct vsock *s = (struct vsock *)v;

	return queue == VSOCK_TX ? send(s) : queue == VSOCK_RX && receive(s);
}

/* ---- Life */

static void start(struct virtio *v)
{
	static u16 lives;
	struct vsock *s = (struct vsock *)v;
	u64 flags = spin_lock_irq(&members_lock);

	s->live = true;
	s->life = ++lives;
	s->resets = true;
	spin_unlock_irq(&members_lock, flags);
}

/* Nobody brings it anything, nor waits for it, any more; who was connected looks what that means for him. */
static void hang_up(struct vsock *s)
{
	u64 flags = spin_lock_irq(&members_lock);

	for (u32 i = 0; s->live && i < VSOCK_MEMBERS; i++) {
		struct vsock *m = members[i];

		if (m != NULL && m != s && m->live) {
			m->resets = true;
			virtio_kick(&m->v, VSOCK_RX);
		}
	}
	s->live = false;
	spin_unlock_irq(&members_lock, flags);
	s->stalled = false;
	s->impatient = false;
	s->resets = false;
	vsock_rx_reset(s);
	vsock_shell_close(s);
	vsock_kick(__atomic_exchange_n(&s->full, 0, __ATOMIC_ACQ_REL));
}

static void reset(struct virtio *v)
{
	hang_up((struct vsock *)v);
}

static void quiesce(struct vdev *d)
{
	virtio_quiesce(d);
	hang_up((struct vsock *)d);
}

static const struct virtio_type type = { .id = 19, .serve = serve, .start = start, .reset = reset };

/* Its own CID, or the next free one from its VM's number on. */
static int join(struct vsock *s, const struct cfg_option *cid)
{
	struct vdev *d = &s->v.dev;
	u64 flags = spin_lock_irq(&members_lock);
	int err = -1;

	s->cid = cid != NULL ? cid->num : VSOCK_CID_MIN + vdev_vm_number(d);
	while (cid == NULL && find(s->cid) != NULL) {
		s->cid++;
	}
	for (u32 i = 0; i < VSOCK_MEMBERS && err != 0 && find(s->cid) == NULL; i++) {
		if (members[i] == NULL) {
			s->index = i;
			members[i] = s;
			err = 0;
		}
	}
	spin_unlock_irq(&members_lock, flags);
	if (err != 0) {
		vdev_error(d, cid != NULL ? &cid->pos : &d->cfg->pos, "cid %lu is another's, or there are too many", s->cid);
	}
	return err;
}

static void destroy(struct vdev *d)
{
	struct vsock *s = (struct vsock *)d;
	u64 flags = spin_lock_irq(&members_lock);

	members[s->index] = NULL;
	spin_unlock_irq(&members_lock, flags);
	while (__atomic_load_n(&s->using, __ATOMIC_ACQUIRE) != 0) {
		vdev_pause();
	}
	if (s->ring != NULL) {
		vdev_mem_free(d, s->ring, VSOCK_RING);
	}
}

static int create(struct vdev *d)
{
	struct vsock *s = (struct vsock *)d;
	const struct cfg_option *peer = vdev_option(d, "peer"), *shell = vdev_option(d, "shell");

	s->v.type = &type;
	s->v.offered = VSOCK_F_SEQPACKET;
	s->v.queue_count = 3;
	s->v.queue[VSOCK_RX].max = QUEUE;
	s->v.queue[VSOCK_TX].max = QUEUE;
	s->v.queue[VSOCK_EVENT].max = 8;
	s->v.config = &s->cid;
	s->v.config_size = sizeof(s->cid);
	s->shell_allowed = shell != NULL && shell->num != 0;
	virtio_init(&s->v);
	if (peer != NULL) {
		s->net = peer->str;
		s->ring = vdev_mem_alloc(d, VSOCK_RING);
		if (s->ring == NULL) {
			vdev_error(d, &peer->pos, "no memory");
			return -1;
		}
	}
	if (join(s, vdev_option(d, "cid")) != 0) {
		if (s->ring != NULL) {
			vdev_mem_free(d, s->ring, VSOCK_RING);
		}
		return -1;
	}
	return 0;
}

static void status(struct vdev *d, char *buf, size_t size)
{
	const struct vsock *s = (struct vsock *)d;

	fmt_str(buf, size, "cid %lu%s%s, %lu sent, %lu received, %lu dropped%s", s->cid, s->net != NULL ? " on " : "",
		s->net != NULL ? s->net : "", s->sent, s->received, s->dropped,
		s->shell.s != NULL ? ", at the shell" : "");
}

static const struct vdev_option options[] = {
	{ .name = "cid", .kind = VOPT_NUM, .min = VSOCK_CID_MIN, .max = VSOCK_CID_MAX, .unique = true },
	{ .name = "peer", .kind = VOPT_STRING },
	{ .name = "shell", .kind = VOPT_BOOL },
	{ .name = NULL },
};

VDEV(virtio_vsock) = {
	.abi = VDEV_ABI,
	.name = "virtio-vsock",
	.options = options,
	.state_size = sizeof(struct vsock),
	.create = create,
	.destroy = destroy,
	.expire = expire,
	VIRTIO_TRANSPORTS,
	.quiesce = quiesce,
	.status = status,
};
