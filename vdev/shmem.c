/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory between VMs, with the registers QNX guests and the Linux driver for it know.
 *
 * A region has a name and up to 16 clients; a connection of a VM to one is a control page, which
 * traps, and the region's pages behind it, which do not. The factory page makes connections:
 *
 *   0x00 signature   0x08 address of the control page   0x10 interrupt   0x14 status
 *   0x18 size in pages; writing it creates or attaches   0x1c name   0x3c find the n-th connection
 *
 *   control: 0x0 status: who notified (cleared by reading), who is attached (31:16)
 *            0x4 own index   0x8 notify: a bit per client, ~0 all others   0xc detach
 *
 * Node: qvm,guest_shm. What is shared is ordinary memory to each VM: nothing in it is ever looked
 * at here.
 */
#include <string.h>
#include "core/base/fmt.h"
#include "core/vdev.h"

#define SIGNATURE 0x4d534732474d5651UL /* "QVMG2GSM" */
#define REGIONS 32
#define REGIONS_GUEST 8       /* of them one device's guest may have made */
#define CLIENTS 16
#define CONNECTIONS 16        /* of one device */
#define NAME_BYTES 32
#define LIMIT_DEFAULT MiB(16) /* memory a guest may have created */

enum { SIGNATURE_OFF = 0x00, ADDR = 0x08, VECTOR = 0x10, STATUS = 0x14, SIZE = 0x18, NAME = 0x1c,
       FIND = 0x3c, FACTORY_END = 0x40 };
enum { C_STATUS = 0x0, C_IDX = 0x4, C_NOTIFY = 0x8, C_DETACH = 0xc };
enum status { OK, UNKNOWN, NO_MEMORY, CLIENT_MAX, ILLEGAL_NAME, NO_PERMISSION, DOES_NOT_EXIST };

struct connection {
	struct region *region; /* NULL: free */
	ipa_t at;              /* of the control page; the data follow */
	u32 index;             /* among the region's clients */
	u32 notified;          /* by whom, since the status was last read */
	bool changed;          /* the status is another than was last read */
};

struct shmem {
	struct vdev dev; /* must be first */
	u32 size, status, find;
	ipa_t addr;
	char name[NAME_BYTES];
	u8 request;            /* offset of the register that asks for work, or 0 */
	u32 detach;            /* bit per connection that is to end */
	u64 created, limit;    /* bytes of memory this guest had made, and may */
	u32 made;              /* regions this guest had made */
	struct connection conn[CONNECTIONS];
};

struct region {
	char name[NAME_BYTES];
	void *mem;             /* NULL: no such region */
	u64 bytes;
	struct shmem *creator; /* whose limit it counts for; NULL: a `create` option, or gone */
	u32 kept;              /* `create` options that want it to stay */
	u32 attached;          /* bit per client */
	struct connection *client[CLIENTS];
	struct shmem *owner[CLIENTS];
};

/* All regions, all connections and the interrupt lines of all shmem devices. Held for a moment only. */
static struct spinlock shm_lock;
static struct region regions[REGIONS];

static struct shmem *to_shmem(struct vdev *d)
{
	return (struct shmem *)d;
}

/* ---- Names */

/* Shell wildcards * ? [a-z] [!a-z], without recursion: a failure goes back to the last star. */
static bool matches(const char *p, const char *s)
{
	const char *star = NULL, *retry = NULL;

	while (*s != '\0') {
		const char *q = p;
		bool hit = false;

		if (*p == '*') {
			star = p++;
			retry = s;
			continue;
		}
		if (*p == '[') {
			bool not = p[1] == '!';

			for (q = p + 1 + not; *q != '\0' && (*q != ']' || q == p + 1 + not); q++) {
				if (q[1] == '-' && q[2] != ']' && q[2] != '\0') {
					hit |= *s >= q[0] && *s <= q[2];
					q += 2;
				} else {
					hit |= *s == *q;
				}
			}
			hit = *q == ']' && hit != not;
		} else {
			hit = *p == '?' || *p == *s;
		}
		if (hit) {
			p = q + 1;
			s++;
		} else if (star != NULL) {
			p = star + 1;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (*p == '*') {
		p++;
	}
	return *p == '\0';
}

/* In the order given; behind the last `allow` stands a `deny *`, behind a lone `deny` an `allow *`. */
static bool permitted(struct shmem *s, const char *name)
{
	bool any_allow = false;

	for (const struct cfg_option *o = s->dev.cfg->options; o != NULL; o = o->next) {
		bool allow = strcmp(o->decl->name, "allow") == 0;

		if (!allow && strcmp(o->decl->name, "deny") != 0) {
			continue;
		}
		any_allow |= allow;
		if (matches(o->str, name)) {
			return allow;
		}
	}
	return !any_allow;
}

static bool name_ok(const char *name)
{
	u32 n = 0;

	while (n < NAME_BYTES && name[n] > ' ' && name[n] < 0x7f) {
		n++;
	}
	return n != 0 && n < NAME_BYTES && name[n] == '\0';
}

/* ---- Regions. Lock held. Names are filled up with zeros: equal ones are equal in all bytes. */

static struct region *find_region(const char *name)
{
	for (u32 i = 0; i < REGIONS; i++) {
		if (regions[i].mem != NULL && memcmp(regions[i].name, name, NAME_BYTES) == 0) {
			return &regions[i];
		}
	}
	return NULL;
}

/* The line of a device is up while one of its connections has news. */
static void update_line(struct shmem *s)
{
	bool up = false;

	for (u32 i = 0; i < CONNECTIONS; i++) {
		up |= s->conn[i].region != NULL && s->conn[i].changed;
	}
	vdev_set_irq(&s->dev, up);
}

static void tell(struct region *r, u32 who)
{
	for (who &= r->attached; who != 0; who &= who - 1) {
		u32 i = (u32)__builtin_ctz(who);

		r->client[i]->changed = true;
		update_line(r->owner[i]);
	}
}

/* ---- Making and ending connections. Work or thread context. */

/* Without a region of that name: memory for one. NULL: none left, or the guest has had its share. */
static struct region *make_region(struct shmem *s, const char *name, u64 bytes, bool by_guest)
{
	struct region *r = NULL;
	void *mem;
	u64 flags;

	if (by_guest && (bytes > s->limit || s->created > s->limit - bytes || s->made == REGIONS_GUEST)) {
		return NULL;
	}
	mem = vdev_shared_alloc(&s->dev, bytes);
	if (mem == NULL) {
		return NULL;
	}
	flags = spin_lock_irq(&shm_lock);
	r = find_region(name); /* somebody may have been faster */
	for (u32 i = 0; i < REGIONS && r == NULL; i++) {
		if (regions[i].mem == NULL) {
			r = &regions[i];
			memset(r, 0, sizeof(*r));
			memcpy(r->name, name, NAME_BYTES);
			r->mem = mem;
			r->bytes = bytes;
			r->creator = by_guest ? s : NULL;
			s->created += by_guest ? bytes : 0;
			s->made += by_guest;
		}
	}
	if (r != NULL) {
		r->kept++; /* until it is attached, or for the option's life */
	}
	spin_unlock_irq(&shm_lock, flags);
	if (r == NULL || r->mem != mem) {
		vdev_shared_free(&s->dev, mem, bytes);
	}
	return r;
}

static void drop_region(struct shmem *s, struct region *r)
{
	u64 flags = spin_lock_irq(&shm_lock), bytes = r->bytes;
	void *mem = NULL;

	r->kept--;
	if (r->kept == 0 && r->attached == 0) {
		mem = r->mem;
		if (r->creator != NULL) {
			r->creator->created -= bytes;
			r->creator->made--;
		}
		r->mem = NULL; /* from the unlocking on it may be another region */
	}
	spin_unlock_irq(&shm_lock, flags);
	if (mem != NULL) {
		vdev_shared_free(&s->dev, mem, bytes);
	}
}

/* A place for a control page with `bytes` behind it that start at a block's border; 0: none. */
static ipa_t find_place(const struct shmem *s, u64 bytes)
{
	ipa_t end = s->dev.area + s->dev.type->area, at = s->dev.area + MiB(2) - PAGE_SIZE;
	bool moved = true;

	while (moved) {
		moved = false;
		if (at + PAGE_SIZE + bytes > end || bytes > s->dev.type->area) {
			return 0;
		}
		for (u32 i = 0; i < CONNECTIONS; i++) {
			const struct connection *c = &s->conn[i];
			u64 size = c->region != NULL ? PAGE_SIZE + c->region->bytes : 0;

			if (c->region != NULL && at < c->at + size && c->at < at + PAGE_SIZE + bytes) {
				at = ALIGN_UP(c->at + size + PAGE_SIZE, MiB(2)) - PAGE_SIZE;
				moved = true;
			}
		}
	}
	return at;
}

static struct connection *free_connection(struct shmem *s)
{
	for (u32 i = 0; i < CONNECTIONS; i++) {
		if (s->conn[i].region == NULL) {
			return &s->conn[i];
		}
	}
	return NULL;
}

/* `r` is kept by the caller. */
static enum status attach(struct shmem *s, struct region *r)
{
	struct connection *c = free_connection(s);
	ipa_t at = c != NULL ? find_place(s, r->bytes) : 0;
	u64 flags;
	u32 i;

	if (c == NULL || r->attached == 0xffff) {
		return CLIENT_MAX;
	}
	if (at == 0 || vdev_map(&s->dev, at + PAGE_SIZE, r->mem, r->bytes) != 0) {
		return NO_MEMORY;
	}
	flags = spin_lock_irq(&shm_lock);
	if (r->attached == 0xffff) {
		spin_unlock_irq(&shm_lock, flags);
		vdev_unmap(&s->dev, at + PAGE_SIZE, r->bytes);
		return CLIENT_MAX;
	}
	i = (u32)__builtin_ctz(~r->attached);
	*c = (struct connection){ .region = r, .at = at, .index = i };
	r->client[i] = c;
	r->owner[i] = s;
	r->attached |= 1U << i;
	tell(r, ~(1U << i));
	spin_unlock_irq(&shm_lock, flags);
	s->addr = at;
	s->size = (u32)(r->bytes / PAGE_SIZE);
	return OK;
}

static void detach(struct shmem *s, struct connection *c)
{
	struct region *r = c->region;
	u64 flags = spin_lock_irq(&shm_lock);

	r->attached &= ~(1U << c->index);
	r->kept++;
	tell(r, ~0U);
	spin_unlock_irq(&shm_lock, flags);
	vdev_unmap(&s->dev, c->at + PAGE_SIZE, r->bytes);
	flags = spin_lock_irq(&shm_lock);
	c->region = NULL;
	update_line(s);
	spin_unlock_irq(&shm_lock, flags);
	drop_region(s, r);
}

static enum status create_or_attach(struct shmem *s)
{
	char name[NAME_BYTES];
	enum status status;
	struct region *r;
	u64 bytes, flags;

	/* Another vCPU may go on writing: what is checked is what is used. */
	flags = vdev_lock_irq(&s->dev);
	memcpy(name, s->name, sizeof(name));
	bytes = (u64)s->size * PAGE_SIZE;
	s->addr = 0;
	vdev_unlock_irq(&s->dev, flags);
	if (!name_ok(name)) {
		return ILLEGAL_NAME;
	}
	memset(name + strlen(name), 0, sizeof(name) - strlen(name));
	if (!permitted(s, name)) {
		return NO_PERMISSION;
	}
	flags = spin_lock_irq(&shm_lock);
	r = find_region(name);
	if (r != NULL) {
		r->kept++;
	}
	spin_unlock_irq(&shm_lock, flags);
	if (r == NULL) {
		if (bytes == 0) {
			return DOES_NOT_EXIST;
		}
		r = make_region(s, name, bytes, true);
		if (r == NULL) {
			return NO_MEMORY;
		}
	}
	status = attach(s, r);
	drop_region(s, r);
	return status;
}

/* The n-th connection this guest has. */
static enum status find(struct shmem *s)
{
	u32 n = s->find;

	for (u32 i = 0; i < CONNECTIONS; i++) {
		const struct connection *c = &s->conn[i];

		if (c->region != NULL && n-- == 0) {
			memcpy(s->name, c->region->name, sizeof(s->name));
			s->addr = c->at;
			s->size = (u32)(c->region->bytes / PAGE_SIZE);
			return OK;
		}
	}
	return DOES_NOT_EXIST;
}

/* On the vCPU that wrote the register, before its next instruction: the answer is there for it. */
static void work(struct vdev *d)
{
	struct shmem *s = to_shmem(d);
	u8 request = __atomic_exchange_n(&s->request, 0, __ATOMIC_ACQUIRE);
	u32 ended = __atomic_exchange_n(&s->detach, 0, __ATOMIC_ACQUIRE);

	if (request == SIZE) {
		s->status = create_or_attach(s);
	} else if (request == FIND) {
		s->status = find(s);
	}
	for (; ended != 0; ended &= ended - 1) {
		struct connection *c = &s->conn[__builtin_ctz(ended)];

		if (c->region != NULL) {
			detach(s, c);
		}
	}
}

/* ---- Registers */

/* Bytes of the factory page, any size and alignment: guests use memcpy() on it. */
static void read_factory(struct shmem *s, struct mmio *m)
{
	u8 page[FACTORY_END + 8] = { 0 };
	u64 signature = SIGNATURE;
	u32 intid = s->dev.intid;

	memcpy(page + SIGNATURE_OFF, &signature, 8);
	memcpy(page + ADDR, &s->addr, 8);
	memcpy(page + VECTOR, &intid, 4);
	memcpy(page + STATUS, &s->status, 4);
	memcpy(page + SIZE, &s->size, 4);
	memcpy(page + NAME, s->name, NAME_BYTES);
	memcpy(page + FIND, &s->find, 4);
	m->val = 0;
	if (m->off < FACTORY_END) {
		memcpy(&m->val, page + m->off, m->size);
	}
}

/* What was written of the register at `reg`, or false. Part of one counts from its first byte on. */
static bool written(const struct mmio *m, u64 reg, u32 *val)
{
	if (m->off > reg || m->off + m->size <= reg) {
		return false;
	}
	*val = (u32)(m->val >> (8 * (reg - m->off)));
	return true;
}

static void write_factory(struct shmem *s, const struct mmio *m)
{
	bool size = written(m, SIZE, &s->size), find = written(m, FIND, &s->find);

	for (u32 i = 0; i < m->size; i++) {
		if (m->off + i >= NAME && m->off + i < FIND) {
			s->name[m->off + i - NAME] = (char)(m->val >> (8 * i));
		}
	}
	if (size || find) {
		s->status = UNKNOWN; /* until the work is done */
		__atomic_store_n(&s->request, size ? SIZE : FIND, __ATOMIC_RELEASE);
		vdev_work(&s->dev);
	}
}

/* Lock held. */
static u32 read_control(struct shmem *s, struct connection *c, u64 off)
{
	u32 val;

	switch (off) {
	case C_STATUS:
		val = c->notified | c->region->attached << 16;
		c->notified = 0;
		c->changed = false;
		update_line(s);
		return val;
	case C_IDX:
		return c->index;
	default:
		return 0;
	}
}

/* Two registers by one load, or part of one, as a compiler may make them. */
static u64 load_control(struct shmem *s, struct connection *c, const struct mmio *m, u64 off)
{
	u64 val = read_control(s, c, off & ~3UL);

	if (m->size == 8) {
		val |= (u64)read_control(s, c, (off & ~3UL) + 4) << 32;
	}
	return val >> (8 * (off & 3));
}

static void notify(struct connection *c, u32 who)
{
	struct region *r = c->region;

	who &= r->attached & (who == ~0U ? ~(1U << c->index) : ~0U);
	for (u32 rest = who; rest != 0; rest &= rest - 1) {
		r->client[__builtin_ctz(rest)]->notified |= 1U << c->index;
	}
	tell(r, who);
}

static enum mmio_result access_control(struct shmem *s, struct mmio *m)
{
	struct connection *gone = NULL;
	u64 flags = spin_lock_irq(&shm_lock);

	m->val = m->write ? m->val : ~0UL;
	for (u32 i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &s->conn[i];
		u64 off = s->dev.area + m->off - c->at;

		if (c->region == NULL || off >= PAGE_SIZE) {
			continue;
		}
		if (!m->write) {
			m->val = load_control(s, c, m, off);
		} else if (off == C_NOTIFY) {
			notify(c, (u32)m->val);
		} else if (off == C_DETACH) {
			gone = c;
		}
	}
	spin_unlock_irq(&shm_lock, flags);
	if (gone != NULL) {
		__atomic_or_fetch(&s->detach, 1U << (gone - s->conn), __ATOMIC_SEQ_CST);
		vdev_work(&s->dev);
	}
	return MMIO_DONE;
}

static enum mmio_result access(struct vdev *d, struct vcpu *v, struct mmio *m)
{
	struct shmem *s = to_shmem(d);

	(void)v;
	if (m->area) {
		return access_control(s, m);
	}
	vdev_lock(d);
	if (m->write) {
		write_factory(s, m);
	} else {
		read_factory(s, m);
	}
	vdev_unlock(d);
	return MMIO_DONE;
}

/* ---- The device */

/* NAME,SIZE: a region that is there as long as the VM. */
static bool parse_create(const char *text, char name[NAME_BYTES], u64 *bytes)
{
	const char *comma = strchr(text, ',');
	size_t n = comma != NULL ? (size_t)(comma - text) : 0;

	if (n == 0 || n >= NAME_BYTES || !vdev_number(comma + 1, bytes) || *bytes == 0) {
		return false;
	}
	memset(name, 0, NAME_BYTES);
	memcpy(name, text, n);
	*bytes = ALIGN_UP(*bytes, PAGE_SIZE);
	return name_ok(name);
}

static const char *check_create(const char *text)
{
	char name[NAME_BYTES];
	u64 bytes;

	return parse_create(text, name, &bytes) ? NULL : "NAME,SIZE with a name of at most 31 characters";
}

static int create_region(struct shmem *s, const struct cfg_option *o)
{
	char name[NAME_BYTES];
	struct region *r;
	u64 bytes, flags;

	if (!parse_create(o->str, name, &bytes)) {
		return -1;
	}
	flags = spin_lock_irq(&shm_lock);
	r = find_region(name); /* the first one's size counts */
	if (r != NULL) {
		r->kept++;
	}
	spin_unlock_irq(&shm_lock, flags);
	r = r != NULL ? r : make_region(s, name, bytes, false);
	if (r == NULL) {
		vdev_error(&s->dev, &o->pos, "no memory for '%s', or more than %d regions", name, REGIONS);
		return -1;
	}
	return 0;
}

static void drop_created(struct shmem *s, const struct cfg_option *end)
{
	for (const struct cfg_option *o = s->dev.cfg->options; o != end; o = o->next) {
		char name[NAME_BYTES];
		struct region *r;
		u64 bytes, flags;

		if (strcmp(o->decl->name, "create") != 0 || !parse_create(o->str, name, &bytes)) {
			continue;
		}
		flags = spin_lock_irq(&shm_lock);
		r = find_region(name);
		spin_unlock_irq(&shm_lock, flags);
		if (r != NULL) {
			drop_region(s, r);
		}
	}
}

static int create(struct vdev *d)
{
	struct shmem *s = to_shmem(d);

	s->limit = vdev_option_num(d, "limit", LIMIT_DEFAULT);
	for (const struct cfg_option *o = d->cfg->options; o != NULL; o = o->next) {
		if (strcmp(o->decl->name, "create") == 0 && create_region(s, o) != 0) {
			drop_created(s, o);
			return -1;
		}
	}
	return 0;
}

/* The VM has stopped: it is no client any more. */
static void quiesce(struct vdev *d)
{
	struct shmem *s = to_shmem(d);

	for (u32 i = 0; i < CONNECTIONS; i++) {
		if (s->conn[i].region != NULL) {
			detach(s, &s->conn[i]);
		}
	}
}

static void reset(struct vdev *d)
{
	struct shmem *s = to_shmem(d);

	s->size = 0;
	s->status = OK;
	s->find = 0;
	s->addr = 0;
	s->request = 0;
	s->detach = 0;
	memset(s->name, 0, sizeof(s->name));
}

static void destroy(struct vdev *d)
{
	struct shmem *s = to_shmem(d);
	u64 flags;

	quiesce(d);
	drop_created(s, NULL);
	flags = spin_lock_irq(&shm_lock);
	for (u32 i = 0; i < REGIONS; i++) {
		if (regions[i].creator == s) {
			regions[i].creator = NULL; /* others are still attached */
		}
	}
	spin_unlock_irq(&shm_lock, flags);
}

static void fdt(struct vdev *d, struct fdt_node *n)
{
	(void)d;
	fdt_node_str(n, "compatible", "qvm,guest_shm");
	fdt_node_reg(n);
	fdt_node_intr(n, true);
}

static void status(struct vdev *d, char *buf, size_t size)
{
	struct shmem *s = to_shmem(d);
	u64 flags = spin_lock_irq(&shm_lock);
	u32 n = 0, clients;

	fmt_str(buf, size, "not attached");
	for (u32 i = 0; i < CONNECTIONS && n < size; i++) {
		const struct connection *c = &s->conn[i];

		if (c->region == NULL) {
			continue;
		}
		clients = 0; /* no __builtin_popcount: without SIMD it is a call of the compiler's library */
		for (u32 who = c->region->attached; who != 0; who &= who - 1) {
			clients++;
		}
		n += (u32)fmt_str(buf + n, size - n, "%s%s client %u of %u, 0x%lx", n != 0 ? "; " : "",
				  c->region->name, c->index, clients, c->at);
	}
	spin_unlock_irq(&shm_lock, flags);
}

static const struct vdev_option options[] = {
	{ .name = "allow", .kind = VOPT_STRING, .repeat = true },
	{ .name = "deny", .kind = VOPT_STRING, .repeat = true },
	{ .name = "create", .kind = VOPT_STRING, .repeat = true, .check = check_create },
	{ .name = "limit", .kind = VOPT_SIZE },
	{ .name = NULL },
};

VDEV(shmem) = {
	.abi = VDEV_ABI,
	.name = "shmem",
	.options = options,
	.window = 0x1000,
	.auto_place = true,
	.area = MiB(128),
	.state_size = sizeof(struct shmem),
	.create = create,
	.reset = reset,
	.quiesce = quiesce,
	.destroy = destroy,
	.access = access,
	.work = work,
	.node = "guest_shm",
	.fdt = fdt,
	.status = status,
};
