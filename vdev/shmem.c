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
#include "vdev/shmem.h"

#include <string.h>
#include "core/base/fmt.h"

#define SIGNATURE 0x4d534732474d5651UL /* "QVMG2GSM" */
#define LIMIT_DEFAULT MiB(16) /* memory a guest may have created */
enum { SIGNATURE_OFF = 0x00, ADDR = 0x08, VECTOR = 0x10, STATUS = 0x14, SIZE = 0x18, NAME = 0x1c,
       FIND = 0x3c, FACTORY_END = 0x40 };
enum { C_STATUS = 0x0, C_IDX = 0x4, C_NOTIFY = 0x8, C_DETACH = 0xc };

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
		s->status = shm_create_or_attach(s);
	} else if (request == FIND) {
		s->status = find(s);
	}
	for (; ended != 0; ended &= ended - 1) {
		struct connection *c = &s->conn[__builtin_ctz(ended)];

		if (c->region != NULL) {
			shm_detach(s, c);
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
		shm_update_line(s);
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
	shm_tell(r, who);
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
	return shm_name_ok(name);
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
	r = shm_find(name); /* the first one's size counts */
	if (r != NULL) {
		r->kept++;
	}
	spin_unlock_irq(&shm_lock, flags);
	r = r != NULL ? r : shm_make(s, name, bytes, false);
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
		r = shm_find(name);
		spin_unlock_irq(&shm_lock, flags);
		if (r != NULL) {
			shm_drop(s, r);
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
			shm_detach(s, &s->conn[i]);
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
		if (shm_regions[i].creator == s) {
			shm_regions[i].creator = NULL; /* others are still attached */
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
