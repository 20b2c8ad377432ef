/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that writes anything to its ITS and its redistributors' LPI registers, commands by fields of small numbers
 * or by whole random words, while interrupts are taken and vCPUs come and go. Queues have to stay what they are.
 *
 * The input is steps: a byte what, and its operands.
 */
#include "tests/unit/test.h"
#include "tests/unit/its_util.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t *in;
static size_t left;

static u64 take(unsigned int n)
{
	u64 v = 0;

	for (unsigned int i = 0; i < n && left != 0; i++, left--) {
		v |= (u64)*in++ << (8 * i);
	}
	return v;
}

/* Every LPI that can be delivered is in exactly one queue, that of its vCPU and priority, and nothing else is. */
static void queues_are_sound(void)
{
	const struct vgic_lpis *l = test_vm.vgic.lpis;
	u32 queued = 0, counted = 0;

	for (u32 i = 0; i < l->count; i++) {
		queued += (l->lpi[i].state & 2) != 0;
	}
	for (u32 cpu = 0; cpu < test_vm.vcpu_count; cpu++) {
		for (u32 k = 0; k < VGIC_LPI_PRIOS; k++) {
			u32 prev = VGIC_LPI_NONE, i = l->cpu[cpu].prios >> k & 1 ? l->cpu[cpu].head[k] : VGIC_LPI_NONE;

			for (; i != VGIC_LPI_NONE; prev = i, i = l->lpi[i].next) {
				if (i >= l->count || l->lpi[i].vcpu != cpu || l->lpi[i].prop >> 3 != k ||
				    (l->lpi[i].state & 3) != 3 || l->lpi[i].prev != prev || ++counted > l->count) {
					abort();
				}
			}
			if ((l->cpu[cpu].prios >> k & 1) != 0 && l->cpu[cpu].tail[k] != prev) {
				abort();
			}
		}
	}
	if (queued != counted || its()->creadr >= vits_queue(its()) || (its()->creadr & 31) != 0) {
		abort();
	}
}

static void command(bool wild)
{
	u64 a = take(wild ? 8 : 1), b = take(wild ? 8 : 1), c = take(wild ? 8 : 1), d = take(wild ? 8 : 1);

	if (!wild) {
		/* command 0..15, DeviceID 0..7; event; LPI; collection and RDbase, valid or not */
		d = (d & 3) << 16;
		c = (c & 0x80 ? GITS_VALID : 0) | (c & 0x1f) | (c >> 5 & 3) << 16;
		b = (b & 31) | (u64)(8192 + (b >> 5 | (a & 0x80) >> 2)) << 32;
		a = (a & 15) | (a >> 4 & 7) << 32;
	}
	cmd(a, b, c, d);
}

static void step(struct msi_device *m)
{
	u32 what = (u32)take(1), n = what >> 4 & 1 && test_vcpu[1].vgic.loaded; /* who runs */

	switch (what & 15) {
	case 0:
	case 1:
	case 2:
		command(false);
		break;
	case 3:
		command(true);
		break;
	case 4: /* a register of the ITS, or anything in its frames */
		its_wr(n, ITS + (take(2) << (what >> 7 & 1) & 0x1fff8), what & 0x20 ? 8 : 4, take(8));
		break;
	case 5: {
		static const u16 off[] = { GICR_CTLR, GICR_PROPBASER, GICR_PENDBASER, GICR_INVLPIR, GICR_INVALLR };
		u32 cpu = take(1) & 1, reg = off[take(1) % ARRAY_SIZE(off)];

		its_wr(n, RDFRAME(cpu) + reg, what & 0x20 && reg != GICR_CTLR ? 8 : 4, take(what & 0x40 ? 8 : 1));
		break;
	}
	case 6:
		*ram(PROPS + take(1) % 64) = (u8)take(1);
		break;
	case 7:
		*ram(PENDS + KiB(1) + take(1) % 8 + n * KiB(64)) = (u8)take(1);
		break;
	case 8:
	case 9:
	case 10:
	{
		u32 iar = ack(n);

		if (iar >= 8192 && what & 0x20) {
			end_lpi(n, iar);
		} else if (iar != NONE) {
			host_gic_guest_eoi(iar, 1);
		}
		break;
	}
	case 11:
		msi_send(m, what & 0x20 ? take(8) : ITS + GITS_TRANSLATER, (u32)take(1));
		settle_all();
		break;
	case 12:
		if (test_vcpu[1].vgic.loaded) {
			vgic_put(on(1));
		} else {
			vgic_load(on(1));
		}
		break;
	case 13: /* the whole of it works again */
		its_wr(0, ITS + GITS_CTLR, 4, 0);
		its_wr(0, ITS + GITS_BASER, 8, GITS_VALID | (RAM + KiB(512)));
		its_wr(0, ITS + GITS_CBASER, 8, GITS_VALID | QUEUE);
		writer = 0;
		its_wr(0, ITS + GITS_CTLR, 4, GITS_CTLR_ENABLED);
		break;
	case 14:
		vgic_set_ctlr(&test_vm.vgic, take(1) & 3);
		settle_all();
		break;
	default:
		vgic_sgi1r(on(n), 1UL << n | (u64)(what >> 5) << 24);
	}
	on(0);
	if (!settle_all()) {
		abort();
	}
	queues_are_sound();
}

/* The monitor gave up, or the hardware was used in a way that is UNPREDICTABLE. */
static void stopped(bool reset)
{
	(void)reset;
	fputs(host_uart.out, stderr);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msi_device *m = NULL;

	host_stop = stopped;
	in = data;
	left = MIN(size, 1024);
	host_gic_lpis_active = take(1) & 1;
	start_its(2, 3, 3);
	for (unsigned int i = 0; i < 2; i++) {
		wr(i, REDIST + SGI_BASE(i) + GICD_ISENABLER, 4, 0xffff);
	}
	if (msi_device_add(&test_vm, 1, 5, NULL, &m) != 0) {
		abort();
	}
	while (left != 0) {
		step(m);
	}
	for (unsigned int i = 0; i < 2; i++) {
		if (test_vcpu[i].vgic.loaded) {
			vgic_put(on(i));
		}
	}
	vgic_reset(&test_vm);
	msi_reset(&test_vm);
	queues_are_sound();
	msi_device_remove(m);
	stop_its();
	return test_failures == 0 ? 0 : (abort(), 0);
}
