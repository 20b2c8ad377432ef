/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drivers that do anything: every virtio device there is, some of them twice with the legacy layout, of two VMs;
 * registers, split and packed rings and descriptors written as the input says, while time passes, VMs stop and start.
 * Nothing outside the VM's memory is touched, and what a call does is bounded.
 *
 * Operations of eight bytes: what, where (4 bytes), value (3).
 */
#include <string.h>
#include "tests/unit/vdev_util.h"
#include "vdev/virtio/virtio.h"
#include "tests/fuzz/fuzz.h"

#define RAM_IPA 0x80000000UL
#define RAM_SIZE KiB(256)
#define RINGS KiB(32) /* of each queue of a device, a page per area */

static u8 ram_a[RAM_SIZE] __attribute__((aligned(4096)));
static u8 ram_b[RAM_SIZE] __attribute__((aligned(4096)));

/* Types that are not there, yet or any more, are left out. */
static const struct {
	const char *vm, *type, *option, *text;
	bool legacy;
} wanted[] = {
	{ "a", "virtio-blk", "hostdev", "ram:64K", false },
	{ "a", "virtio-console", "hostdev", "-", false },
	{ "a", "virtio-net", "peer", "sw", false },
	{ "b", "virtio-net", "peer", "sw", false },
	{ "b", "virtio-entropy", NULL, NULL, false },
	{ "b", "virtio-blk", "hostdev", "ram:64K", true },
	{ "c", "virtio-net", "peer", "sw", true },
	{ "b", "virtio-console", "hostdev", "-", true },
	{ "a", "virtio-vsock", "peer", "s", false },
	{ "b", "virtio-vsock", "peer", "s", false },
};
#define DEVICES ARRAY_SIZE(wanted)

static struct rig *dev[DEVICES];
static u32 devices;

static struct rig *make(u32 i)
{
	struct rig *r = rig_new(wanted[i].vm, wanted[i].type);

	r->vm.ram[0] = (struct vm_ram){ RAM_IPA, RAM_SIZE, (pa_t)(wanted[i].vm[0] != 'b' ? ram_a : ram_b), false };
	r->vm.ram_count = 1;
	r->cfg.cpu_count = 2;
	if (wanted[i].option != NULL) {
		rig_option(r, wanted[i].option, wanted[i].text, 0);
	}
	if (wanted[i].legacy) {
		rig_option(r, "legacy", "", 1);
	}
	if (rig_start(r) != 0) {
		fprintf(stderr, "%s\n", r->message);
		abort();
	}
	return r;
}

static struct virtio *virtio_of(u32 d)
{
	return (struct virtio *)dev[d]->vm.vdevs;
}

static void wr(u32 d, u64 off, u32 val)
{
	rig_write(dev[d], off, 4, val);
}

/* As a good driver does it, with features of the input's choice. */
static void init(u32 d, u32 features, u32 high, u32 size)
{
	struct virtio *v = virtio_of(d);

	wr(d, 0x70, 0);
	schedule();
	wr(d, 0x70, 3);
	wr(d, 0x24, 0);
	wr(d, 0x20, features & (u32)v->offered);
	wr(d, 0x24, 1);
	wr(d, 0x20, (high | 1) & (u32)(v->offered >> 32));
	wr(d, 0x70, 11);
	wr(d, 0x28, 4096);
	for (u32 q = 0; q < v->queue_count; q++) {
		u32 at = (u32)RAM_IPA + (q % 4) * (u32)RINGS;

		wr(d, 0x30, q);
		wr(d, 0x38, size);
		if (v->legacy) {
			wr(d, 0x3c, 4096); /* avail and used are elsewhere then, with these sizes: behind, and a page on */
			wr(d, 0x40, at / 4096);
			continue;
		}
		wr(d, 0x80, at);
		wr(d, 0x90, at + 0x1000);
		wr(d, 0xa0, at + 0x2000);
		wr(d, 0x44, 1);
	}
	wr(d, 0x70, 15);
}

static u8 *ram_of(u32 d)
{
	return (u8 *)dev[d]->vm.ram[0].pa;
}

static void put(u32 d, u32 at, const void *v, u32 n)
{
	memcpy(ram_of(d) + at % (RAM_SIZE - 16), v, n);
}

/* A descriptor where the device looks for it, and the queue told of it. */
static void offer(u32 d, u32 q, u32 where, u32 val)
{
	struct virtio *v = virtio_of(d);
	const struct virtq *vq = &v->queue[q % MAX(v->queue_count, 1U)];
	u32 ring = q % 4 * (u32)RINGS, i = where & 15, avail = ring + 0x1000, n = MAX(vq->size, 1U);
	u64 addr = RAM_IPA + (where >> 4 & 0x3ffff);
	u32 len = val >> 8 & 0x3fff;
	u16 flags = val & 7, next = (val >> 3) & 15, head = (u16)i, idx;

	if (vq->packed) {
		/* In turn, with the wrap bits it waits for (virtio 1.2 2.8.1). */
		i = vq->next % n;
		next = head;
		flags |= vq->wrap_next ? 1 << 7 : 1 << 15;
	} else if (v->legacy) {
		avail = ring + 16 * n;
	}
	put(d, ring + 16 * i, &addr, 8);
	put(d, ring + 16 * i + 8, &len, 4);
	if (vq->packed) {
		put(d, ring + 16 * i + 12, &next, 2);
		put(d, ring + 16 * i + 14, &flags, 2);
	} else {
		put(d, ring + 16 * i + 12, &flags, 2);
		put(d, ring + 16 * i + 14, &next, 2);
		memcpy(&idx, ram_of(d) + (avail + 2) % (RAM_SIZE - 16), 2);
		put(d, avail + 4 + 2 * (idx % n), &head, 2);
		idx++;
		put(d, avail + 2, &idx, 2);
	}
	wr(d, 0x50, q);
}

static void operation(const u8 *op)
{
	u32 where, val = (u32)(op[5] | op[6] << 8 | op[7] << 16), d = (op[0] >> 4) % devices;

	memcpy(&where, op + 1, 4);
	switch (op[0] & 15) {
	case 0:
		wr(d, where & 0x1fc, val | where << 24);
		break;
	case 1:
		rig_read(dev[d], where & 0x1ff, (u8)(1 << (val & 3)));
		break;
	case 2:
		rig_write(dev[d], where & 0x1ff, (u8)(1 << (val & 3)), where);
		break;
	case 3:
		init(d, where, val, 1u << (val & 7));
		break;
	case 4:
		put(d, where, &val, 4);
		break;
	case 5:
		offer(d, val & 3, where, val);
		break;
	case 6:
		wr(d, 0x50, val & 7);
		break;
	case 7:
		host_pass_ns((val & 0xffff) * 100UL);
		break;
	case 8:
		vdevs_quiesce(&dev[d]->vm);
		vdevs_reset(&dev[d]->vm);
		break;
	default:
		schedule();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u32 runs;
	u64 free_before;

	/* One machine for many inputs: what one leaves behind is missed by a later one. */
	if (runs++ % 64 == 0) {
		host_init();
		if (!thread_reaper_start()) {
			abort();
		}
	}
	schedule();
	free_before = mem_free_bytes();
	memset(ram_a, 0, sizeof(ram_a));
	memset(ram_b, 0, sizeof(ram_b));
	devices = 0;
	for (u32 i = 0; i < DEVICES; i++) {
		if (vdev_find(wanted[i].type) != NULL) {
			dev[devices++] = make(i);
		}
	}
	for (size_t i = 0; i + 8 <= size && i < 8 * 512; i += 8) {
		operation(data + i);
	}
	for (u32 d = 0; d < devices; d++) {
		rig_free(dev[d]);
	}
	schedule(); /* threads that have ended give their stacks back */
	if (mem_free_bytes() != free_before && runs % 64 != 1) { /* the first one's are there to stay */
		fprintf(stderr, "%lu bytes are gone\n", free_before - mem_free_bytes());
		abort();
	}
	return 0;
}
