/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk behind virtio that does anything: its registers and what it writes into its used ring are the
 * input's, while requests come, time passes and it is reset. Every request ends once, and what was not handed
 * out is not touched.
 *
 * Operations of four bytes: what, two bytes, one.
 */
#include "tests/unit/vio_util.h"
#include "tests/fuzz/fuzz.h"

#define REQUESTS 200

struct request {
	struct disk_req req;
	bool out;
};

static struct request request[REQUESTS];
static u32 outstanding;
static struct disk *open;
static u8 *memory;

static void done(struct disk_req *r, int err)
{
	struct request *q = r->owner;

	if (!q->out || err > 0) {
		abort();
	}
	q->out = false;
	outstanding--;
}

static void submit(u32 i, u8 op, u8 how)
{
	struct request *q = &request[i % REQUESTS];
	u32 segs = 1 + how % DISK_SEGS;

	if (q->out || open == NULL) {
		return;
	}
	memset(&q->req, 0, sizeof(q->req));
	q->req.op = op % 5;
	q->req.sector = i % 1100;
	q->req.sectors = segs;
	q->req.seg_count = segs;
	for (u32 k = 0; k < segs; k++) {
		q->req.seg[k] = (struct disk_seg){ memory + 512 * k, 512 };
	}
	q->req.done = done;
	q->req.owner = q;
	q->out = true;
	outstanding++;
	disk_submit(open, &q->req);
}

static void operation(struct fake *f, const u8 *op)
{
	u32 val = op[1] | (u32)op[2] << 8;

	switch (op[0] & 15) {
	case 0: case 1: case 2:
		submit(val, op[3] & 7, op[3] >> 2);
		break;
	case 3:
		if (open != NULL) {
			disk_start(open);
		}
		break;
	case 4:
		fake_serve(f, op[3]);
		break;
	case 5:
		if (f->ready) {
			fake_use(f, val | (op[3] & 1) << 20, val);
		}
		break;
	case 6:
		if (f->ready) {
			((u16 *)f->used)[op[3] & 1] = (u16)val;
		}
		break;
	case 7:
		if (f->ready) {
			((u8 *)f->used)[val % 2000] = op[3];
		}
		break;
	case 8:
		f->irq = true;
		f->isr = op[3];
		break;
	case 9:
		host_pass_ns(val * 1000000UL);
		break;
	case 10:
		f->stubborn = op[3] & 1;
		f->hung = op[3] & 2;
		f->lazy = op[3] & 4;
		break;
	case 11:
		f->config[val % sizeof(f->config)] = op[3];
		break;
	case 12:
		f->queue_max = val;
		break;
	default:
		vio_settle();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *f = &fake[0];

	vio_machine(1);
	memory = mem_alloc(KiB(64));
	memset(request, 0, sizeof(request));
	outstanding = 0;
	vio_disk(0, size == 0 || (data[0] & 1), size == 0 ? FAKE_ALL : (data[0] & 2) ? FAKE_ALL : FAKE_SEG_MAX, "x");
	f->hostile = true;
	open = NULL;
	for (size_t i = 1; i + 4 <= size && i < 4 * 400; i += 4) {
		operation(f, data + i);
		if (open == NULL && i > 8) {
			open = vio_open("/dev/disk0", true, NULL);
		}
	}
	/* With time everything ends, whatever the device does. */
	for (u32 i = 0; i < 20 && outstanding != 0; i++) {
		if (open != NULL) {
			disk_start(open);
		}
		host_pass_ns(41000000000UL);
		vio_settle();
	}
	if (outstanding != 0) {
		abort();
	}
	host_io = NULL;
	return 0;
}
