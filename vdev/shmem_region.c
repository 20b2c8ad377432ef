/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of shared memory: their names, who may have them, who is connected to them. */
#include "vdev/shmem.h"

#include <string.h>

struct spinlock shm_lock;
struct region shm_regions[REGIONS];

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

bool shm_name_ok(const char *name)
{
	u32 n = 0;

	while (n < NAME_BYTES && name[n] > ' ' && name[n] < 0x7f) {
		n++;
	}
	return n != 0 && n < NAME_BYTES && name[n] == '\0';
}

/* ---- Regions. Lock held. Names are filled up with zeros: equal ones are equal in all bytes. */

struct region *shm_find(const char *name)
{
	for (u32 i = 0; i < REGIONS; i++) {
		if (shm_regions[i].mem != NULL && memcmp(shm_regions[i].name, name, NAME_BYTES) == 0) {
			return &shm_regions[i];
		}
	}
	return NULL;
}

/* The line of a device is up while one of its connections has news. */
void shm_update_line(struct shmem *s)
{
	bool up = false;

	for (u32 i = 0; i < CONNECTIONS; i++) {
		up |= s->conn[i].region != NULL && s->conn[i].changed;
	}
	vdev_set_irq(&s->dev, up);
}

void shm_tell(struct region *r, u32 who)
{
	for (who &= r->attached; who != 0; who &= who - 1) {
		u32 i = (u32)__builtin_ctz(who);

		r->client[i]->changed = true;
		shm_update_line(r->owner[i]);
	}
}

/* ---- Making and ending connections. Work or thread context. */

/* Without a region of that name: memory for one. NULL: none left, or the guest has had its share. */
struct region *shm_make(struct shmem *s, const char *name, u64 bytes, bool by_guest)
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
	r = shm_find(name); /* somebody may have been faster */
	for (u32 i = 0; i < REGIONS && r == NULL; i++) {
		if (shm_regions[i].mem == NULL) {
			r = &shm_regions[i];
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

void shm_drop(struct shmem *s, struct region *r)
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
	shm_tell(r, ~(1U << i));
	spin_unlock_irq(&shm_lock, flags);
	s->addr = at;
	s->size = (u32)(r->bytes / PAGE_SIZE);
	return OK;
}

void shm_detach(struct shmem *s, struct connection *c)
{
	struct region *r = c->region;
	u64 flags = spin_lock_irq(&shm_lock);

	r->attached &= ~(1U << c->index);
	r->kept++;
	shm_tell(r, ~0U);
	spin_unlock_irq(&shm_lock, flags);
	vdev_unmap(&s->dev, c->at + PAGE_SIZE, r->bytes);
	flags = spin_lock_irq(&shm_lock);
	c->region = NULL;
	shm_update_line(s);
	spin_unlock_irq(&shm_lock, flags);
	shm_drop(s, r);
}

enum status shm_create_or_attach(struct shmem *s)
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
	if (!shm_name_ok(name)) {
		return ILLEGAL_NAME;
	}
	memset(name + strlen(name), 0, sizeof(name) - strlen(name));
	if (!permitted(s, name)) {
		return NO_PERMISSION;
	}
	flags = spin_lock_irq(&shm_lock);
	r = shm_find(name);
	if (r != NULL) {
		r->kept++;
	}
	spin_unlock_irq(&shm_lock, flags);
	if (r == NULL) {
		if (bytes == 0) {
			return DOES_NOT_EXIST;
		}
		r = shm_make(s, name, bytes, true);
		if (r == NULL) {
			return NO_MEMORY;
		}
	}
	status = attach(s, r);
	shm_drop(s, r);
	return status;
}
