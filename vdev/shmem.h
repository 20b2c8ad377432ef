/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory between VMs: what the device (shmem.c) knows of its regions (shmem_region.c). */
#ifndef QUOIN_VDEV_SHMEM_H
#define QUOIN_VDEV_SHMEM_H

#include "core/vdev.h"

#define REGIONS 32
#define REGIONS_GUEST 8       /* of them one device's guest may have made */
#define CLIENTS 16
#define CONNECTIONS 16        /* of one device */
#define NAME_BYTES 32

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
extern struct spinlock shm_lock;
extern struct region shm_regions[REGIONS];

static inline struct shmem *to_shmem(struct vdev *d)
{
	return (struct shmem *)d;
}

/* shm_name_ok - printable, not empty, ended within NAME_BYTES. Any context. */
bool shm_name_ok(const char *name);
/* shm_find - the region of a name filled up with zeros, or NULL; shm_update_line - there may be news for `s`. shm_lock is held. */
struct region *shm_find(const char *name);
void shm_update_line(struct shmem *s);
/* shm_tell - the clients in `who` have news. shm_lock is held. */
void shm_tell(struct region *r, u32 who);

/* ---- Work or thread context. */

/*
 * shm_make - a region of that name, kept: the one that exists, else of new memory. NULL: none left, or the guest has
 * had its share. shm_drop - no longer kept; it goes with its last client.
 */
struct region *shm_make(struct shmem *s, const char *name, u64 bytes, bool by_guest);
void shm_drop(struct shmem *s, struct region *r);
/* shm_create_or_attach - what the registers of `s` ask for; shm_detach - an end of it. */
enum status shm_create_or_attach(struct shmem *s);
void shm_detach(struct shmem *s, struct connection *c);

#endif
