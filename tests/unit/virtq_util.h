/* SPDX-License-Identifier: Apache-2.0 */
/* A VM with 1 MiB of RAM and a driver's side of virtqueues in it: split and packed rings by hand. */
#ifndef TESTS_UNIT_VIRTQ_UTIL_H
#define TESTS_UNIT_VIRTQ_UTIL_H

#include "tests/unit/vdev_util.h"
#include "vdev/virtio/virtio.h"

#define RAM_IPA 0x80000000UL
#define RAM_SIZE MiB(1)
#define RING_IPA (RAM_IPA + 0x1000)   /* descriptors, then driver and device areas a page each */
#define DATA_IPA (RAM_IPA + 0x10000)

#define D_NEXT 1
#define D_WRITE 2
#define D_INDIRECT 4

/* Of up to three VMs; `guest_now` says whose the functions below mean. */
static u8 guest_rams[3][RAM_SIZE] __attribute__((aligned(4096)));
static u32 guest_now;
#define guest_ram guest_rams[guest_now]

static inline void *at_ipa(ipa_t ipa)
{
	return guest_ram + (ipa - RAM_IPA);
}

/* Two pieces that do not touch in host memory order: the boundary is at half of the RAM. */
static inline void give_ram(struct vm *vm)
{
	memset(guest_ram, 0, sizeof(guest_ram));
	vm->ram[0] = (struct vm_ram){ RAM_IPA, RAM_SIZE / 2, (pa_t)guest_ram, false };
	vm->ram[1] = (struct vm_ram){ RAM_IPA + RAM_SIZE / 2, RAM_SIZE / 2,
				      (pa_t)guest_ram + RAM_SIZE / 2, false };
	vm->ram_count = 2;
}

static inline void put16(ipa_t ipa, u16 v)
{
	memcpy(at_ipa(ipa), &v, 2);
}

static inline u16 get16(ipa_t ipa)
{
	u16 v;

	memcpy(&v, at_ipa(ipa), 2);
	return v;
}

static inline u32 get32(ipa_t ipa)
{
	u32 v;

	memcpy(&v, at_ipa(ipa), 4);
	return v;
}

/* The driver of one split queue of `size` entries at `ring`. */
struct driver {
	ipa_t ring;
	u16 size, avail, seen;
};

static inline ipa_t avail_ipa(const struct driver *d)
{
	return d->ring + 0x1000;
}

static inline ipa_t used_ipa(const struct driver *d)
{
	return d->ring + 0x2000;
}

static inline void put_desc(ipa_t table, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
	u8 *p = at_ipa(table + 16 * i);

	memcpy(p, &addr, 8);
	memcpy(p + 8, &len, 4);
	memcpy(p + 12, &flags, 2);
	memcpy(p + 14, &next, 2);
}

static inline void offer(struct driver *d, u16 head)
{
	put16(avail_ipa(d) + 4 + 2 * (d->avail % d->size), head);
	put16(avail_ipa(d) + 2, ++d->avail);
}

/* The next used element, or false. */
static inline bool take_used(struct driver *d, u32 *id, u32 *len)
{
	ipa_t e = used_ipa(d) + 4 + 8 * (d->seen % d->size);

	if (get16(used_ipa(d) + 2) == d->seen) {
		return false;
	}
	*id = get32(e);
	*len = get32(e + 4);
	d->seen++;
	return true;
}

#endif
