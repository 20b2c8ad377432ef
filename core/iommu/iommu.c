/* SPDX-License-Identifier: Apache-2.0 */
/* Which stream reaches what. Drivers are behind struct iommu_ops; faults are in core/iommu/iommu_fault.c. */
#include "core/iommu/iommu_priv.h"

#include <errno.h>
#include <string.h>
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/base/range.h"
#include "core/board.h"
#include "core/sched.h"
#include "core/vm.h"

extern const struct iommu_ops *const __start_quoin_iommus[] __attribute__((weak));
extern const struct iommu_ops *const __stop_quoin_iommus[] __attribute__((weak));

struct iommu iommu_units[BOARD_MAX_IOMMUS];
struct iommu_stream iommu_streams[IOMMU_STREAMS];
const struct board *iommu_board;
static struct s2 own; /* what the monitor's devices reach */
static pa_t empty;
bool iommu_busy;

static const struct iommu_ops *driver(const struct board_iommu *b)
{
	for (const struct iommu_ops *const *o = __start_quoin_iommus; o < __stop_quoin_iommus; o++) {
		if ((b->kind != IOMMU_OTHER && (*o)->kind == b->kind) ||
		    (b->compatible != NULL && strcmp((*o)->compatible, b->compatible) == 0)) {
			return *o;
		}
	}
	return NULL;
}

struct unit_init {
	struct iommu *u;
	const char *why;
};

static int try_init(void *arg)
{
	struct unit_init *i = arg;

	return i->u->ops->init(i->u, &i->why);
}

static void init_unit(struct iommu *u, const struct board_iommu *b)
{
	struct unit_init i = { u, "its registers cannot be mapped" };
	pa_t start = ALIGN_DOWN(b->regs.start, PAGE_SIZE);
	int err = arch_map(start, ALIGN_UP(b->regs.start + b->regs.size, PAGE_SIZE) - start, MAP_DEVICE);

	u->regs = b->regs.start;
	u->regs_size = b->regs.size;
	u->coherent = b->coherent;
	u->empty = empty;
	u->main = b->kind == IOMMU_IPMMU ? &iommu_units[b->main] : u;
	if (err == 0) {
		err = arch_try(try_init, &i);
		i.why = err == -EFAULT ? "it does not answer (an access is aborted), DMA behind it is NOT confined" : i.why;
	}
	u->dead = err != 0;
	if (err != 0) {
		log_warn("%s at 0x%lx: %s", u->ops->compatible, u->regs, i.why);
	} else if (!u->ops->bypassed) {
		log_info("%s at 0x%lx: %lu streams, none reaches memory yet", u->ops->compatible, u->regs, u->sids);
	}
}

static void take_over(const struct board *b, u32 i)
{
	iommu_units[i].ops = driver(&b->iommu[i]);
	if (iommu_units[i].ops == NULL) {
		return;
	}
	empty = empty != 0 ? empty : mem_page_alloc();
	if (empty == 0) {
		log_warn("no memory for IOMMUs");
		iommu_units[i].ops = NULL;
		return;
	}
	arch_clean_dcache(pa_ptr(empty), PAGE_SIZE);
	init_unit(&iommu_units[i], &b->iommu[i]);
}

static struct iommu *unit_of(u8 index, u32 sid)
{
	struct iommu *u = index < BOARD_MAX_IOMMUS ? iommu_working(index) : NULL;

	return u != NULL && sid < u->sids ? u : NULL;
}

/* A stream that the tree gives to a device and that would bypass its IOMMU. */
static void close_stream(const struct pass_stream *s, void *ctx)
{
	const struct iommu_view nothing = { empty, IOMMU_EMPTY_VTCR, IOMMU_VMID_EMPTY };
	struct iommu *u = unit_of(s->iommu, s->sid);

	if (u != NULL && u->ops->bypassed && iommu_set(u, s->sid, &nothing) == 0) {
		++*(u32 *)ctx;
	}
}

void iommu_init(const struct board *b)
{
	u32 closed = 0;
	bool bypassed = false;

	iommu_board = b;
	for (u32 i = 0; i < b->iommu_count; i++) {
		if (b->iommu[i].kind != IOMMU_IPMMU || b->iommu[i].main == i) {
			take_over(b, i);
		}
	}
	for (u32 i = 0; i < b->iommu_count; i++) {
		if (b->iommu[i].kind == IOMMU_IPMMU && b->iommu[i].main != i) {
			take_over(b, i);
		}
		bypassed |= iommu_units[i].ops != NULL && iommu_units[i].ops->bypassed;
	}
	if (bypassed) {
		(void)board_stream_walk(b, close_stream, &closed);
		log_info("%u streams of the device tree reach no memory yet; a device without one is not confined", closed);
	}
}

bool iommu_usable(u8 index, u32 sid)
{
	return unit_of(index, sid) != NULL;
}

bool iommu_driven(u8 index)
{
	return index < BOARD_MAX_IOMMUS && iommu_units[index].ops != NULL;
}

/* The record of a stream; NULL: there is none. Locked. */
static struct iommu_stream *find(u8 index, u32 sid)
{
	for (u32 i = 0; i < IOMMU_STREAMS; i++) {
		struct iommu_stream *r = &iommu_streams[i];

		if (r->used && r->unit == index && r->sid == sid) {
			return r;
		}
	}
	return NULL;
}

struct iommu_stream *iommu_record(u8 index, u32 sid)
{
	struct iommu_stream *r = find(index, sid), *stale = NULL;

	for (u32 i = 0; r == NULL && i < IOMMU_STREAMS; i++) {
		if (!iommu_streams[i].used) {
			r = &iommu_streams[i];
		} else if (iommu_streams[i].what == NULL && !iommu_streams[i].cut) {
			stale = &iommu_streams[i];
		}
	}
	r = r != NULL ? r : stale;
	if (r != NULL && !(r->used && r->unit == index && r->sid == sid)) {
		memset(r, 0, sizeof(*r));
		r->used = true;
		r->unit = index;
		r->sid = sid;
	}
	return r;
}

int iommu_set(struct iommu *u, u32 sid, const struct iommu_view *v)
{
	int err = u->ops->set(u, sid, v);

	return err == 0 && u->dead ? -ENODEV : err;
}

static int attach(const struct pass_stream *s, const char *what, struct vm *vm, bool stop, const struct iommu_view *v)
{
	struct iommu *u = unit_of(s->iommu, s->sid);
	struct iommu_stream *r;
	int err;

	if (u == NULL) {
		return iommu_driven(s->iommu) && !iommu_units[s->iommu].dead ? -ERANGE : -ENODEV;
	}
	sleep_lock(&iommu_busy);
	r = iommu_record(s->iommu, s->sid);
	if (r == NULL) {
		err = -ENOSPC;
	} else if (r->what != NULL && (r->vm != vm || vm == NULL)) {
		err = r->vm == vm ? 0 : -EBUSY; /* the monitor's share it: functions behind one bridge */
	} else {
		err = iommu_set(u, s->sid, v);
		if (err == 0) {
			r->what = what;
			r->vm = vm;
			r->stop = stop;
			r->cut = false;
			r->window = r->told = 0;
		}
	}
	sleep_unlock(&iommu_busy);
	return err;
}

int iommu_attach(struct vm *vm, const struct pass_stream *s, const char *what, bool stop_on_fault)
{
	const struct iommu_view v = { vm->s2.dma_root, vm->s2.vtcr, vm->s2.vmid };
	const struct iommu *u = unit_of(s->iommu, s->sid);
	u64 top = vm->s2.ipa_size;

	if (v.root == 0) {
		return -EINVAL;
	}
	for (u32 i = 0; i < vm->ram_count; i++) {
		top = MAX(top, vm->ram[i].pa + vm->ram[i].size);
	}
	if (u != NULL && top > BIT(u->addr_bits)) {
		log_warn("%s: the IOMMU of %s takes addresses of %u bits, the VM's memory needs more", vm->cfg->name,
			 what, u->addr_bits);
		return -ERANGE;
	}
	return attach(s, what, vm, stop_on_fault, &v);
}

/* RAM at its own addresses: what the monitor and firmware keep for themselves is left out. */
static int make_own(void)
{
	static struct range ram[BOARD_MAX_RAM + BOARD_MAX_RESERVED];
	static const u8 sizes[] = { 32, 36, 40, 42 };
	u32 count = board_free_ram(iommu_board, ram, ARRAY_SIZE(ram)), bits = 0;
	int err;

	for (u32 i = 0; i < ARRAY_SIZE(sizes) && bits == 0; i++) {
		if (count == 0 || ram[count - 1].start + ram[count - 1].size <= BIT(sizes[i])) {
			bits = sizes[i];
		}
	}
	err = s2_init(&own, IOMMU_VMID_OWN, bits);
	for (u32 i = 0; i < count && err == 0; i++) {
		err = s2_map(&own, ram[i].start, ram[i].start, ram[i].size, S2_RAM);
	}
	if (err != 0) {
		s2_destroy(&own);
		own.root = 0;
	}
	return err;
}

int iommu_attach_own(const struct pass_stream *s, const char *what)
{
	struct iommu_view v;
	int err = 0;

	sleep_lock(&iommu_busy);
	if (own.root == 0) {
		err = make_own();
	}
	sleep_unlock(&iommu_busy);
	v = (struct iommu_view){ own.root, own.vtcr, own.vmid };
	return err != 0 ? err : attach(s, what, NULL, false, &v);
}

void iommu_detach(const struct pass_stream *s)
{
	const struct iommu_view nothing = { empty, IOMMU_EMPTY_VTCR, IOMMU_VMID_EMPTY };
	struct iommu *u = unit_of(s->iommu, s->sid);
	struct iommu_stream *r;

	if (u == NULL) {
		return; /* a dead one lets nothing through */
	}
	sleep_lock(&iommu_busy);
	r = find(s->iommu, s->sid);
	if (r != NULL && r->what != NULL) {
		iommu_set(u, s->sid, &nothing);
		r->used = false;
	}
	sleep_unlock(&iommu_busy);
}

void iommu_flush(u8 vmid)
{
	for (u32 i = 0; i < BOARD_MAX_IOMMUS; i++) {
		struct iommu *u = iommu_working(i);

		if (u != NULL) {
			u->ops->flush(u, vmid);
		}
	}
}
