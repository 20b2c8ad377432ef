/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two guests' drivers of sockets and of a console with ports: packets and control messages that are nearly
 * right, with addresses, lengths and credit as the input says, buffers or none, while time passes and
 * drivers and VMs start anew. Nothing outside the VMs' memory is touched, and what a call does is bounded.
 *
 * Operations of eight bytes: what, of which guest and device, six of the thing's own.
 */
#include <string.h>
#include "tests/unit/virtq_util.h"
#include "vdev/virtio/vsock.h"
#include "tests/fuzz/fuzz.h"

#define QUEUES 8
#define ENTRIES 16
#define RING(q) (RAM_IPA + 0x10000 + 0x4000UL * (q))
#define DATA(q, slot) (RAM_IPA + 0x40000 + 0x8000UL * (q) + 0x800UL * (slot))

static struct rig *dev[4]; /* sockets of both, consoles of both */
static struct driver queues[4][QUEUES];

static void wr(u32 d, u64 off, u32 val)
{
	rig_write(dev[d], off, 4, val);
}

/* Each device has a machine of its own as far as memory goes: the consoles share one. */
static void mean(u32 d)
{
	guest_now = MIN(d, 2U);
}

static ipa_t ring_of(u32 d, u32 q)
{
	return RING(q) + (d == 3 ? 0x60000 : 0);
}

static struct rig *make(u32 d)
{
	static const char *const vms[2] = { "a", "b" };
	static const char *const peers[2] = { "/dev/qvm/b/c/p", "/dev/qvm/a/c/p" };
	struct rig *r = rig_new(vms[d & 1], d < 2 ? "virtio-vsock" : "virtio-console");

	mean(d);
	r->vm.id = d & 1;
	r->vm.ram[0] = (struct vm_ram){ RAM_IPA, RAM_SIZE, (pa_t)guest_ram, false };
	r->vm.ram_count = 1;
	r->cfg.cpu_count = 1;
	r->vdev.name = "c";
	rig_option(r, d < 2 ? "peer" : "port", d < 2 ? "net" : "p", 0);
	rig_option(r, d < 2 ? "shell" : "peer", d < 2 ? "on" : peers[d & 1], 1);
	if (rig_start(r) != 0) {
		fprintf(stderr, "%s\n", r->message);
		abort();
	}
	return r;
}

static void init(u32 d, u32 features)
{
	u32 count = ((struct virtio *)dev[d]->vm.vdevs)->queue_count;

	wr(d, 0x70, 0);
	schedule();
	wr(d, 0x70, 3);
	wr(d, 0x24, 0);
	wr(d, 0x20, features & 7 & (u32)((struct virtio *)dev[d]->vm.vdevs)->offered);
	wr(d, 0x24, 1);
	wr(d, 0x20, 1);
	wr(d, 0x70, 11);
	for (u32 q = 0; q < count; q++) {
		ipa_t at = ring_of(d, q);

		queues[d][q] = (struct driver){ .ring = at, .size = ENTRIES };
		memset(at_ipa(at), 0, 0x3000);
		wr(d, 0x30, q);
		wr(d, 0x38, q == 2 && d < 2 ? 8 : ENTRIES);
		wr(d, 0x80, (u32)at);
		wr(d, 0x90, (u32)at + 0x1000);
		wr(d, 0xa0, (u32)at + 0x2000);
		wr(d, 0x44, 1);
	}
	wr(d, 0x70, 15);
}

/* A descriptor with `n` bytes, and word of it. */
static void give(u32 d, u32 q, u32 n, u16 flags)
{
	struct driver *w = &queues[d][q];
	u16 slot = w->avail % ENTRIES;

	if (w->size != 0) {
		put_desc(w->ring, slot, DATA(q, slot), n, flags, 0);
		offer(w, slot);
		wr(d, 0x50, q);
	}
}

static void packet(u32 d, const u8 *op)
{
	static const u32 lens[8] = { 0, 0, 1, 5, 300, 2000, 70000, ~0U };
	static const u32 ports[4] = { 23, 5, 6, 7 };
	struct driver *w = &queues[d][VSOCK_TX];
	struct vsock_header h = {
		.src_cid = (op[2] & 0xe0) == 0xe0 ? op[2] : 3 + d, .dst_cid = 2 + (op[2] & 3),
		.src_port = ports[op[3] & 3], .dst_port = ports[op[3] >> 2 & 3], .len = lens[op[4] & 7],
		.type = (op[3] & 0xe0) == 0xe0 ? op[3] : 1 + (op[3] >> 4 & 1), .op = op[5] % 10,
		.flags = op[5] >> 4, .buf_alloc = op[6] << (op[7] & 15), .fwd_cnt = op[7] * op[6],
	};
	u16 slot = w->avail % ENTRIES;

	memcpy(at_ipa(DATA(VSOCK_TX, slot)), &h, VSOCK_HEADER);
	memset(at_ipa(DATA(VSOCK_TX, slot) + VSOCK_HEADER), 0, 8);
	memcpy(at_ipa(DATA(VSOCK_TX, slot) + VSOCK_HEADER), "vms\rx", 5);
	give(d, VSOCK_TX, VSOCK_HEADER + ((op[4] & 0x80) != 0 ? op[4] : MIN(h.len, 1900U)), 0);
}

static void control(u32 d, const u8 *op)
{
	u16 words[4] = { op[2] & 3, (op[2] & 0x80) != 0 ? op[3] : 0, op[4] & 7, op[5] & 1 };
	u16 slot = queues[d][3].avail % ENTRIES;

	memcpy(at_ipa(DATA(3, slot)), words, 8);
	give(d, 3, op[6] < 8 ? op[6] : 8, 0);
}

static void operation(const u8 *op)
{
	u32 d = op[1] & 3;

	mean(d);
	switch (op[0] & 7) {
	case 0:
		init(d, op[2]);
		break;
	case 1:
	case 2:
		if (d < 2) {
			packet(d, op);
		} else {
			control(d, op);
		}
		break;
	case 3:
		for (u32 i = 0; i < (op[2] & 15U); i++) {
			give(d, (op[3] & 3) * 2 % (d < 2 ? 2 : 6), op[4] * 8U % 2049, op[5] != 255 ? D_WRITE : 0);
		}
		break;
	case 4:
		give(d, d < 2 ? 1 : 5, op[2] * 8U % 2048, 0); /* what is there */
		break;
	case 5:
		host_pass_ns((u64)op[2] << 20);
		break;
	case 6:
		if (op[2] < 32) {
			vdevs_quiesce(&dev[d]->vm);
			vdevs_reset(&dev[d]->vm);
		} else if (op[2] < 40) {
			rig_free(dev[d]);
			memset(queues[d], 0, sizeof(queues[d]));
			dev[d] = make(d);
		}
		break;
	default:
		schedule();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u32 runs;

	/* One machine for many inputs: what one leaves behind is missed by a later one. */
	if (runs++ % 64 == 0) {
		host_init();
		if (!thread_reaper_start()) {
			abort();
		}
	}
	for (u32 d = 0; d < 4; d++) {
		mean(d);
		memset(guest_ram, 0, RAM_SIZE);
		memset(queues[d], 0, sizeof(queues[d]));
		dev[d] = make(d);
	}
	for (u32 d = 0; d < 4; d++) {
		mean(d);
		init(d, 7);
	}
	for (size_t i = 0; i + 8 <= size && i < 8 * 512; i += 8) {
		operation(data + i);
	}
	for (u32 d = 0; d < 4; d++) {
		rig_free(dev[d]);
	}
	host_pass_ns(1000000);
	schedule();
	return 0;
}
