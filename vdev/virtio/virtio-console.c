/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-console (virtio 1.2 5.3): a console, and with `port` options further byte streams with names, each
 * connected like a UART by `hostdev`, or by `peer` to a port of another VM. What a port's reader has no
 * room for stays in the sender's queue. Node: virtio,mmio. One long file: ports, their rings and what the driver has been told
 * of them are one state, under one lock for all VMs.
 */
#include <string.h>
#include "core/base/fmt.h"
#include "vdev/virtio/virtio.h"

#define QUEUE 64
#define PORTS ((VIRTIO_QUEUES - 2) / 2)
#define NAME_MAX 31
#define PREFIX "/dev/qvm/"
#define RING 2048    /* bytes kept until the driver has buffers for them */
#define BATCH 4096   /* bytes of one call, either way */
#define PIECE 256

#define F_SIZE BIT(0)
#define F_MULTIPORT BIT(1)
#define F_EMERG_WRITE BIT(2)

enum { CONTROL_RX = 2, CONTROL_TX = 3 }; /* 5.3.2 */

/* Control messages (5.3.6.2). */
enum {
	DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME,
};

struct message {
	u32 id;
	u16 event, value;
};

struct console_config {
	u16 cols, rows;
	u32 max_nr_ports;
	u32 emerg_wr;
};

struct console;

struct port {
	struct vdev end;      /* its stream; of port 0 it is the device itself */
	struct console *c;
	const char *name;     /* NULL: port 0 */
	const char *peer_path;
	u64 sent;             /* bytes of the first request of its transmit queue that are out */
	/* Under `links`, from here on. */
	struct port *next, *peer;
	bool open;            /* by the driver */
	bool told;            /* the driver knows the other side as open */
	bool blocked;         /* the peer's ring has no room for what it sends */
	u8 pending;           /* bit per control message to be sent */
	u32 head, tail;
	u8 ring[RING];        /* to the driver */
};

struct console {
	struct virtio v;
	struct console_config config, made; /* what the driver sees, and what it is */
	struct virtq_chain chain;
	bool ready;           /* the driver understands several ports, and has said so; under `links` */
	u32 count;
	struct port *port;
};

static struct port *linked; /* ports with peers, of all VMs */
/* Taken inside device locks. The rings are copied under it: a piece at a time. */
static struct spinlock links;

static u32 rx_queue(const struct port *p)
{
	u32 i = (u32)(p - p->c->port);

	return i == 0 ? 0 : 2 * i + 2;
}

static struct vdev *end_of(struct port *p)
{
	return p->name == NULL ? &p->c->v.dev : &p->end;
}

static u32 waiting(const struct port *p)
{
	return p->head - p->tail;
}

/* The driver has its end of the port open, as far as it can say so. */
static bool listens(const struct port *p)
{
	return p->open || !virtio_has(&p->c->v, F_MULTIPORT);
}

static bool other_side_open(const struct port *p)
{
	return p->peer_path == NULL || (p->peer != NULL && p->peer->open);
}

/* ---- Control messages to the driver. `links` is held. */

static void tell(struct port *p, u8 messages)
{
	if (p->c->ready) {
		p->pending |= messages;
		virtio_kick(&p->c->v, CONTROL_RX);
	}
}

static void set_open(struct port *p, bool open)
{
	p->open = open;
	if (p->peer != NULL) {
		tell(p->peer, 1U << PORT_OPEN);
		if (open && p->peer->blocked) {
			p->peer->blocked = false;
			virtio_kick(&p->peer->c->v, rx_queue(p->peer) + 1);
		}
	}
}

/* The next message for the driver; false: none now. */
static bool next_message(struct port *p, struct message *m)
{
	bool open = other_side_open(p);

	/* That the other side has closed comes behind the last it said. */
	if ((p->pending & 1U << PORT_OPEN) != 0 && (open == p->told)) {
		p->pending &= (u8)~(1U << PORT_OPEN);
	}
	if (p->pending == 0) {
		return false;
	}
	m->id = (u32)(p - p->c->port);
	m->event = (u16)__builtin_ctz(p->pending);
	m->value = m->event != PORT_OPEN || open;
	return m->event != PORT_OPEN || open || !p->open || waiting(p) == 0;
}

static void message_sent(struct port *p, const struct message *m)
{
	p->pending &= (u8)~(1U << m->event);
	p->told = m->event == PORT_OPEN ? m->value != 0 : p->told;
}

/* ---- Rings */

/* As many bytes as fit. `links` is held. */
static u32 put(struct port *p, const u8 *bytes, u32 n)
{
	u32 at = p->head % RING, first;

	n = MIN(n, RING - waiting(p));
	first = MIN(n, RING - at);
	memcpy(p->ring + at, bytes, first);
	memcpy(p->ring, bytes + first, n - first);
	p->head += n;
	if (n != 0) {
		virtio_kick(&p->c->v, rx_queue(p));
	}
	return n;
}

static u32 take(struct port *p, u8 *to, u32 n)
{
	u64 flags = spin_lock_irq(&links);
	struct port *peer = p->peer;
	u32 at = p->tail % RING, first;

	n = MIN(n, waiting(p));
	first = MIN(n, RING - at);
	memcpy(to, p->ring + at, first);
	memcpy(to + first, p->ring, n - first);
	p->tail += n;
	if (peer != NULL && peer->blocked && waiting(p) <= RING / 2) {
		peer->blocked = false;
		virtio_kick(&peer->c->v, rx_queue(peer) + 1);
	}
	if (n != 0 && waiting(p) == 0 && p->pending != 0) {
		virtio_kick(&p->c->v, CONTROL_RX);
	}
	spin_unlock_irq(&links, flags);
	return n;
}

/* ---- Output */

/* How many of the bytes its other side takes now; fewer: it is told when to try again. */
static u32 pass_on(struct port *p, const u8 *bytes, u32 n)
{
	struct vdev *end = end_of(p);
	u64 flags;
	u32 done;

	if (p->peer_path == NULL) {
		flags = vdev_lock_irq(end);
		done = vdev_write(end, bytes, n);
		vdev_unlock_irq(end, flags);
		return done;
	}
	flags = spin_lock_irq(&links);
	done = p->peer != NULL && p->peer->open ? put(p->peer, bytes, n) : 0;
	p->blocked = done != n;
	spin_unlock_irq(&links, flags);
	return done;
}

/* Up to a piece of a request, from its byte `off` on. */
static u32 peek(const struct virtq_chain *c, u64 off, u8 *to)
{
	struct virtq_at at = { 0 };

	while (at.seg < c->out && off >= c->seg[at.seg].len) {
		off -= c->seg[at.seg++].len;
	}
	at.off = (u32)off;
	return at.seg < c->out ? (u32)virtq_read(c, &at, to, PIECE) : 0;
}

/* The end of a call: true if it is to be called again. */
static bool finish(struct console *c, struct virtq *q, int got, bool listen)
{
	virtio_done(&c->v, q);
	if (got < 0) {
		virtio_broken(&c->v);
		return false;
	}
	return listen && (got > 0 || virtq_listen(q));
}

static bool send(struct console *c, struct port *p)
{
	struct virtq *q = &c->v.queue[rx_queue(p) + 1];
	struct virtq_mark mark = virtq_mark(q);
	bool have = false, blocked = false;
	u32 bytes = 0;
	int got = 1;

	while (bytes < BATCH && !blocked) {
		u8 piece[PIECE];
		u32 n, done;

		if (!have) {
			mark = virtq_mark(q);
			got = virtq_pop(q, &c->chain);
			if (got <= 0) {
				break;
			}
			have = true;
		}
		n = peek(&c->chain, p->sent, piece);
		if (n == 0) {
			virtq_push(q, &c->chain, 0);
			c->v.requests++;
			p->sent = 0;
			have = false;
			bytes += 32; /* an empty one, too, takes its time */
			continue;
		}
		done = pass_on(p, piece, n);
		p->sent += done;
		bytes += done;
		blocked = done != n;
	}
	if (have) {
		virtq_rewind(q, mark); /* the rest is looked at anew */
	}
	return finish(c, q, got, !blocked);
}

static void output_ready(struct vdev *d)
{
	virtio_kick((struct virtio *)d, 1);
}

static void end_output_ready(struct vdev *d)
{
	struct port *p = container_of(d, struct port, end);

	virtio_kick(&p->c->v, rx_queue(p) + 1);
}

/* ---- Input */

static bool receive(struct console *c, struct port *p)
{
	struct virtq *q = &c->v.queue[rx_queue(p)];
	u32 bytes = 0, buffers = 0;
	int got = 0;
	u64 flags;

	while (listens(p) && READ_ONCE(p->head) != p->tail && buffers++ < QUEUE && bytes < BATCH) {
		struct virtq_at at = { 0 };
		u8 piece[PIECE];
		u64 room;
		u32 n;

		got = virtq_pop(q, &c->chain);
		if (got <= 0) {
			break;
		}
		room = MIN(c->chain.in_len, (u64)BATCH);
		do {
			n = take(p, piece, (u32)MIN(room, (u64)PIECE));
			room -= virtq_write(&c->chain, &at, piece, n);
		} while (n != 0);
		n = (u32)(MIN(c->chain.in_len, (u64)BATCH) - room);
		virtq_push(q, &c->chain, n);
		bytes += n;
	}
	flags = vdev_lock_irq(end_of(p));
	vdev_input_more(end_of(p));
	vdev_unlock_irq(end_of(p), flags);
	/* With bytes left the driver has to say when it has buffers. */
	return finish(c, q, got, listens(p) && READ_ONCE(p->head) != p->tail);
}

/* What is typed, or a file's bytes. The port's end is locked. */
static unsigned int type_in(struct port *p, const u8 *buf, unsigned int n)
{
	u64 flags;

	if ((p->c->v.status & VIRTIO_DRIVER_OK) == 0) {
		return 0;
	}
	flags = spin_lock_irq(&links);
	n = put(p, buf, n);
	spin_unlock_irq(&links, flags);
	return n;
}

static unsigned int input(struct vdev *d, const u8 *buf, unsigned int n)
{
	return type_in(&((struct console *)d)->port[0], buf, n);
}

static unsigned int end_input(struct vdev *d, const u8 *buf, unsigned int n)
{
	return type_in(container_of(d, struct port, end), buf, n);
}

static const struct vdev_type end_type = { .input = end_input, .output_ready = end_output_ready };

/* ---- Control queues */

static void heard(struct console *c, const struct message *m)
{
	struct port *p = m->id < c->count ? &c->port[m->id] : NULL;

	if (m->event == DEVICE_READY && m->value == 1) {
		c->ready = true;
		for (u32 i = 0; i < c->count; i++) {
			tell(&c->port[i], 1U << PORT_ADD);
		}
	} else if (m->event == PORT_READY && m->value == 1 && p != NULL) {
		p->told = false;
		tell(p, (u8)(1U << PORT_OPEN | (p->name != NULL ? 1U << PORT_NAME : 1U << CONSOLE_PORT) |
			     (p->name == NULL && c->config.cols != 0 ? 1U << RESIZE : 0)));
	} else if (m->event == PORT_OPEN && p != NULL) {
		set_open(p, m->value != 0);
		virtio_kick(&c->v, rx_queue(p));
	}
}

static bool hear(struct console *c)
{
	struct virtq *q = &c->v.queue[CONTROL_TX];
	int got = 0;

	for (u32 i = 0; i < QUEUE; i++) {
		struct virtq_at at = { 0 };
		struct message m;
		u64 flags;

		got = virtq_pop(q, &c->chain);
		if (got <= 0) {
			break;
		}
		if (virtq_read(&c->chain, &at, &m, sizeof(m)) == sizeof(m)) {
			flags = spin_lock_irq(&links);
			heard(c, &m);
			spin_unlock_irq(&links, flags);
		}
		virtq_push(q, &c->chain, 0);
	}
	return finish(c, q, got, true);
}

/* Behind the message's head: a name, without a NUL, or the size. */
static size_t write_tail(struct console *c, struct virtq_at *at, const struct message *m)
{
	if (m->event == PORT_NAME) {
		return virtq_write(&c->chain, at, c->port[m->id].name, strlen(c->port[m->id].name));
	}
	return m->event == RESIZE ? virtq_write(&c->chain, at, &c->config, 4) : 0;
}

static bool say(struct console *c)
{
	struct virtq *q = &c->v.queue[CONTROL_RX];
	struct message m;
	u32 i = 0;
	int got = 1;

	while (i < c->count && got > 0) {
		struct port *p = &c->port[i];
		u64 flags = spin_lock_irq(&links);
		bool more = next_message(p, &m);

		spin_unlock_irq(&links, flags);
		if (!more) {
			i++;
			continue;
		}
		got = virtq_pop(q, &c->chain);
		if (got > 0) {
			struct virtq_at at = { 0 };
			size_t n = virtq_write(&c->chain, &at, &m, sizeof(m));

			virtq_push(q, &c->chain, (u32)(n + write_tail(c, &at, &m)));
			flags = spin_lock_irq(&links);
			message_sent(p, &m);
			spin_unlock_irq(&links, flags);
		}
	}
	return finish(c, q, MIN(got, 0), i < c->count);
}

/* ---- The device */

static bool serve(struct virtio *v, unsigned int queue)
{
	struct console *c = (struct console *)v;
	struct port *p = &c->port[queue < 2 ? 0 : queue / 2 - 1];

	if (queue >= 2 && !virtio_has(v, F_MULTIPORT)) {
		return false;
	}
	if (queue == CONTROL_RX) {
		return say(c);
	}
	if (queue == CONTROL_TX) {
		return hear(c);
	}
	return (queue & 1) != 0 ? send(c, p) : receive(c, p);
}

static void start(struct virtio *v)
{
	vdev_input_more(&v->dev); /* what was offered before was not taken */
}

/* The emergency write needs no queue (5.3.4); nothing else is the driver's to write. */
static void configured(struct virtio *v, u32 off, u32 size)
{
	struct console *c = (struct console *)v;
	u32 at = offsetof(struct console_config, emerg_wr);

	if (off <= at && off + size > at) {
		vdev_putc(&v->dev, (u8)c->config.emerg_wr);
	}
	c->config = c->made;
}

/* Nothing is asked of a peer, or by it of this device, until the driver starts anew. */
static void hang_up(struct console *c)
{
	u64 flags = spin_lock_irq(&links);

	c->ready = false;
	for (u32 i = 0; i < c->count; i++) {
		struct port *p = &c->port[i];

		set_open(p, false);
		p->pending = 0;
		p->told = false;
		p->blocked = false;
		p->sent = 0;
		p->head = 0;
		p->tail = 0;
	}
	spin_unlock_irq(&links, flags);
}

static void reset(struct virtio *v)
{
	struct console *c = (struct console *)v;

	hang_up(c);
	for (u32 i = 1; i < c->count; i++) {
		vdev_lock(&c->port[i].end);
		vdev_input_more(&c->port[i].end);
		vdev_unlock(&c->port[i].end);
	}
}

static void quiesce(struct vdev *d)
{
	virtio_quiesce(d);
	hang_up((struct console *)d);
}

static const struct virtio_type type = {
	.id = 3, .serve = serve, .start = start, .reset = reset, .configured = configured,
};

/* ---- Options */

static bool is_option(const struct cfg_option *o, const char *name)
{
	return strcmp(o->decl->name, name) == 0;
}

static const char *check_port(const char *text)
{
	size_t n = strlen(text);

	return n != 0 && n <= NAME_MAX && strchr(text, '/') == NULL ? NULL
		: "a name of at most 31 bytes without a slash";
}

static const char *check_peer(const char *text)
{
	u32 slashes = 0;

	for (const char *p = text; *p != '\0'; p++) {
		slashes += *p == '/';
	}
	return strncmp(text, PREFIX, strlen(PREFIX)) == 0 && slashes == 5 ? NULL : PREFIX "VM/NAME/PORT";
}

static bool parse_size(const char *text, struct console_config *config)
{
	u32 v[2] = { 0, 0 }, i = 0;

	for (; *text != '\0'; text++) {
		if (*text == 'x' && i == 0) {
			i++;
		} else if (*text >= '0' && *text <= '9' && v[i] < 1000) {
			v[i] = v[i] * 10 + (u32)(*text - '0');
		} else {
			return false;
		}
	}
	config->cols = (u16)v[0];
	config->rows = (u16)v[1];
	return v[0] != 0 && v[1] != 0;
}

static const char *check_size(const char *text)
{
	struct console_config config;

	return parse_size(text, &config) ? NULL : "COLUMNSxROWS";
}

/* Behind the `n`-th port's name; NULL: there is none. */
static const struct cfg_option *port_option(const struct cfg_vdev *v, u32 n)
{
	const struct cfg_option *o = v->options;

	while (o != NULL && (!is_option(o, "port") || --n != 0)) {
		o = o->next;
	}
	return o;
}

static const char *check(const struct cfg_vdev *v, const struct src_pos **at)
{
	bool host = false, peer = false;
	u32 ports = 0;

	for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
		*at = &o->pos;
		if (is_option(o, "port")) {
			if (++ports == PORTS) {
				return "more than 6 ports";
			}
			for (const struct cfg_option *p = v->options; p != o; p = p->next) {
				if (is_option(p, "port") && strcmp(p->str, o->str) == 0) {
					return "two ports with this name";
				}
			}
			host = false;
			peer = false;
			continue;
		}
		host |= is_option(o, "hostdev");
		if (is_option(o, "peer")) {
			if (ports == 0 || v->name == NULL) {
				return ports == 0 ? "the console has no peer, expected `port NAME` before it"
					: "a device with peers needs a `name`";
			}
			host |= peer;
			peer = true;
		}
		if (host && peer) {
			return "a port has either one peer or hostdevs";
		}
	}
	return NULL;
}

/* ---- Life */

/* What stands in a path behind the component `word`; NULL: it is another. */
static const char *behind(const char *path, const char *word)
{
	size_t n = strlen(word);

	if (path == NULL || strncmp(path, word, n) != 0 || (path[n] != '/' && path[n] != '\0')) {
		return NULL;
	}
	return path + n + (path[n] == '/');
}

static bool names(const char *path, const struct port *p)
{
	struct vdev *d = &p->c->v.dev;

	path = behind(behind(behind(path + strlen(PREFIX), vdev_vm_name(d)), d->cfg->name), p->name);
	return path != NULL && *path == '\0';
}

/* Both name each other. */
static void join(struct port *p)
{
	u64 flags = spin_lock_irq(&links);

	for (struct port *o = linked; o != NULL; o = o->next) {
		if (o->peer == NULL && names(p->peer_path, o) && names(o->peer_path, p)) {
			o->peer = p;
			p->peer = o;
			break;
		}
	}
	p->next = linked;
	linked = p;
	spin_unlock_irq(&links, flags);
}

static void destroy(struct vdev *d)
{
	struct console *c = (struct console *)d;
	u64 flags = spin_lock_irq(&links);
	struct port **at = &linked;

	while (*at != NULL) {
		struct port *p = *at;

		if (p->c == c) {
			*at = p->next;
			if (p->peer != NULL) {
				p->peer->peer = NULL;
			}
		} else {
			at = &p->next;
		}
	}
	spin_unlock_irq(&links, flags);
	vdev_mem_free(d, c->port, c->count * sizeof(*c->port));
}

static int connect(struct console *c, u32 i)
{
	const struct cfg_vdev *cfg = c->v.dev.cfg;
	const struct cfg_option *from = i == 0 ? cfg->options : port_option(cfg, i), *to = port_option(cfg, i + 1);
	struct port *p = &c->port[i];

	p->c = c;
	p->name = i == 0 ? NULL : from->str;
	p->end.type = &end_type;
	for (const struct cfg_option *o = from; o != to; o = o->next) {
		p->peer_path = is_option(o, "peer") ? o->str : p->peer_path;
	}
	return vdev_connect_end(&c->v.dev, end_of(p), from, to);
}

static int create(struct vdev *d)
{
	struct console *c = (struct console *)d;
	const struct cfg_option *size = vdev_option(d, "size");
	int err = 0;

	c->count = 1;
	while (port_option(d->cfg, c->count) != NULL) {
		c->count++;
	}
	c->port = vdev_mem_alloc(d, c->count * sizeof(*c->port));
	if (c->port == NULL) {
		vdev_error(d, &d->cfg->pos, "no memory");
		return -1;
	}
	c->v.type = &type;
	c->v.offered = F_EMERG_WRITE | (c->count > 1 ? F_MULTIPORT : 0);
	if (size != NULL && parse_size(size->str, &c->config)) {
		c->v.offered |= F_SIZE;
	}
	c->v.queue_count = c->count > 1 ? 2 * c->count + 2 : 2;
	for (u32 i = 0; i < c->v.queue_count; i++) {
		c->v.queue[i].max = QUEUE;
	}
	c->config.max_nr_ports = c->count;
	c->made = c->config;
	c->v.config = &c->config;
	c->v.config_size = sizeof(c->config);
	c->v.config_writable = sizeof(c->config);
	virtio_init(&c->v);
	for (u32 i = 0; i < c->count && err == 0; i++) {
		err = connect(c, i);
	}
	if (err != 0) {
		vdev_disconnect(d);
		vdev_mem_free(d, c->port, c->count * sizeof(*c->port));
		return err;
	}
	for (u32 i = 1; i < c->count; i++) {
		if (c->port[i].peer_path != NULL) {
			join(&c->port[i]);
		}
	}
	return 0;
}

static void status(struct vdev *d, char *buf, size_t size)
{
	struct console *c = (struct console *)d;
	size_t n;

	virtio_status(d, buf, size);
	for (u32 i = 1; i < c->count; i++) {
		const struct port *p = &c->port[i];

		n = strlen(buf);
		fmt_str(buf + n, size - n, ", %s %s%s", p->name, p->open ? "open" : "closed",
			p->peer_path != NULL && p->peer == NULL ? " no peer" : "");
	}
}

static const struct vdev_option options[] = {
	VDEV_OPTION_HOSTDEV,
	VDEV_OPTION_DELAYED,
	{ .name = "batch", .kind = VOPT_NUM }, /* the driver's buffers are batches */
	{ .name = "port", .kind = VOPT_STRING, .repeat = true, .check = check_port },
	{ .name = "peer", .kind = VOPT_STRING, .repeat = true, .check = check_peer },
	{ .name = "size", .kind = VOPT_STRING, .check = check_size },
	VIRTIO_OPTION_LEGACY,
	{ .name = NULL },
};

VDEV(virtio_console) = {
	.abi = VDEV_ABI,
	.name = "virtio-console",
	.options = options,
	.state_size = sizeof(struct console),
	.check = check,
	.create = create,
	.destroy = destroy,
	.input = input,
	.output_ready = output_ready,
	VIRTIO_TRANSPORTS,
	.quiesce = quiesce,
	.status = status,
};
