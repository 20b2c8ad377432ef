/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ITS (IHI 0069 5.3). One long file: commands are short, and what makes them bounded, tables and their checks,
 * is private to them.
 */
#include "core/vgic/its.h"

#include <errno.h>
#include <string.h>
#include "core/base/memory.h"
#include "core/vgic/lpi.h"
#include "core/vgic/vgic_priv.h"

#define DEFAULT_LPIS 1024
#define MIN_LPIS 32
#define PIECES 32           /* commands, or pieces of a table, in one go */
#define PIECE 32            /* LPIs */
#define COMMAND 32          /* bytes */
#define QUEUE_BITS BITS(51, 12)

/* What a command names (5.3): its fields are where most of them have them. */
#define CMD(dw) ((u32)(dw)[0] & 0xff)
#define CMD_DEVICE(dw) ((u32)((dw)[0] >> 32))
#define CMD_EVENT(dw) ((u32)(dw)[1])
#define CMD_LPI(dw) ((u32)((dw)[1] >> 32))
#define CMD_COLLECTION(dw) ((u32)(dw)[2] & 0xffff)
#define CMD_VALID(dw) (((dw)[2] & GITS_VALID) != 0)
#define RDBASE(x) ((u32)(((x) >> 16) & BITS(34, 0))) /* GITS_TYPER.PTA = 0: a number */

static void work(struct vdev *d);

static const struct vdev_type work_type = { .name = "its", .work = work };
static const struct cfg_vdev work_cfg = { .type_name = "its" };

/* ---- Devices and their events */

struct msi_device *vits_device_new(struct vm *vm, u32 devid, u32 nvec)
{
	struct msi_device *m = mem_alloc(sizeof(*m) + nvec * sizeof(m->event[0]));

	if (m != NULL) {
		m->vm = vm;
		m->devid = (u16)devid;
		m->nvec = (u16)nvec;
		for (u32 i = 0; i < nvec; i++) {
			m->event[i].lpi = VGIC_LPI_NONE;
		}
		if (vm->vgic.its != NULL) {
			vm->vgic.its->dev[devid] = m;
		}
	}
	return m;
}

void vits_device_free(struct msi_device *m)
{
	struct vits *its = m->vm->vgic.its;

	if (its != NULL && its->dev[m->devid] == m) {
		its->dev[m->devid] = NULL;
		its->spare += m->guest ? m->nvec : 0;
	}
	mem_free(m, sizeof(*m) + m->nvec * sizeof(m->event[0]));
}

static void unmap_event(struct msi_device *m, u32 event)
{
	struct vgic *g = &m->vm->vgic;
	u64 flags = spin_lock_irq(&g->lock);
	u32 lpi = m->event[event].lpi;

	m->event[event].lpi = VGIC_LPI_NONE;
	if (lpi != VGIC_LPI_NONE) {
		vgic_lpi_clear(g, lpi);
	}
	spin_unlock_irq(&g->lock, flags);
}

void vits_device_forget(struct msi_device *m)
{
	for (u32 i = 0; i < m->nvec && m->bits != 0; i++) {
		if (m->event[i].lpi != VGIC_LPI_NONE) {
			unmap_event(m, i);
		}
	}
	m->bits = 0;
}

void vits_raise(struct msi_device *m, u32 event)
{
	struct vgic *g = &m->vm->vgic;
	u64 flags = spin_lock_irq(&g->lock);

	if (event < m->nvec) {
		(void)vits_translate(m, event);
	}
	spin_unlock_irq(&g->lock, flags);
}

/* ---- Commands. All are executed in work, one after the other. */

/* The event a command is about; NULL: it is not mapped. */
static struct vits_event *find_event(struct vits *its, const u64 *dw, struct msi_device **m)
{
	u32 devid = CMD_DEVICE(dw), event = CMD_EVENT(dw);

	*m = devid < VITS_DEVICES ? its->dev[devid] : NULL;
	if (*m == NULL || (*m)->bits == 0 || event >= MIN(BIT((*m)->bits), (*m)->nvec)) {
		return NULL;
	}
	return &(*m)->event[event];
}

static struct vits_event *mapped_event(struct vits *its, const u64 *dw, struct msi_device **m)
{
	struct vits_event *e = find_event(its, dw, m);

	return e != NULL && e->lpi != VGIC_LPI_NONE ? e : NULL;
}

/* Where the events of a collection go; VITS_NOWHERE: it is out of range or not mapped. */
static u32 target(const struct vits *its, u32 coll)
{
	return coll < VITS_COLLECTIONS ? its->coll[coll] : VITS_NOWHERE;
}

/* DeviceIDs the guest's table has room for: entries of 8 bytes. */
static u32 table_devices(const struct vits *its)
{
	u32 page = (its->baser >> 8 & 3) == 0 ? KiB(4) : (its->baser >> 8 & 3) == 1 ? KiB(16) : KiB(64);
	u64 n = ((its->baser & 0xff) + 1) * page / 8;

	return (its->baser & GITS_VALID) == 0 ? 0 : (u32)MIN(n, VITS_DEVICES);
}

static bool do_mapd(struct vits *its, const u64 *dw)
{
	u32 devid = CMD_DEVICE(dw), bits = ((u32)dw[1] & 0x1f) + 1;
	struct msi_device *m;

	if (devid >= table_devices(its) || (CMD_VALID(dw) && bits > VITS_EVENT_BITS)) {
		return false;
	}
	m = its->dev[devid];
	if (m != NULL) {
		vits_device_forget(m);
		if (m->guest && (!CMD_VALID(dw) || m->nvec != BIT(bits))) {
			vits_device_free(m);
			m = NULL;
		}
	}
	if (!CMD_VALID(dw)) {
		return true;
	}
	if (m == NULL && BIT(bits) <= its->spare) {
		m = vits_device_new(its->vm, devid, 1u << bits);
		if (m != NULL) {
			m->guest = true;
			its->spare -= m->nvec;
		}
	}
	if (m != NULL) {
		m->bits = (u8)bits;
	}
	return m != NULL;
}

static bool do_mapc(struct vits *its, const u64 *dw)
{
	u32 coll = CMD_COLLECTION(dw), to = RDBASE(dw[2]);

	if (coll >= VITS_COLLECTIONS || (CMD_VALID(dw) && to >= its->vm->vgic.vcpus)) {
		return false;
	}
	WRITE_ONCE(its->coll[coll], CMD_VALID(dw) ? (u8)to : VITS_NOWHERE);
	return true;
}

static bool do_mapti(struct vits *its, const u64 *dw, u32 intid)
{
	struct vgic *g = &its->vm->vgic;
	struct msi_device *m;
	struct vits_event *e = find_event(its, dw, &m);
	u32 lpi = intid - VGIC_LPI_MIN, coll = CMD_COLLECTION(dw);
	u64 flags;

	if (e == NULL || lpi >= g->lpis->count || coll >= VITS_COLLECTIONS) {
		return false;
	}
	unmap_event(m, CMD_EVENT(dw));
	vgic_lpi_load(its->vm, lpi);
	flags = spin_lock_irq(&g->lock);
	e->coll = (u8)coll;
	e->lpi = (u16)lpi;
	spin_unlock_irq(&g->lock, flags);
	if (m->linked && target(its, coll) != VITS_NOWHERE) {
		its_host_route(m, CMD_EVENT(dw), target(its, coll));
	}
	return true;
}

static bool do_movi(struct vits *its, const u64 *dw)
{
	struct vgic *g = &its->vm->vgic;
	struct msi_device *m;
	struct vits_event *e = mapped_event(its, dw, &m);
	u32 to = target(its, CMD_COLLECTION(dw));
	u64 flags;

	if (e == NULL || to == VITS_NOWHERE || target(its, e->coll) == VITS_NOWHERE) {
		return false;
	}
	flags = spin_lock_irq(&g->lock);
	e->coll = (u8)CMD_COLLECTION(dw);
	vgic_lpi_move(g, e->lpi, to);
	spin_unlock_irq(&g->lock, flags);
	if (m->linked) {
		its_host_route(m, CMD_EVENT(dw), to);
	}
	return true;
}

static bool do_movall(struct vits *its, const u64 *dw)
{
	struct vgic *g = &its->vm->vgic;
	u32 from = RDBASE(dw[2]), to = RDBASE(dw[3]);

	if (from >= g->vcpus || to >= g->vcpus) {
		return false;
	}
	its->lengthy = true;
	for (u32 i = 0; i < g->lpis->count; i++) {
		if (READ_ONCE(g->lpis->lpi[i].vcpu) == from) {
			u64 flags = spin_lock_irq(&g->lock);

			vgic_lpi_move(g, i, to);
			spin_unlock_irq(&g->lock, flags);
		}
	}
	return true;
}

/* INT, CLEAR, DISCARD, INV: of an event that is mapped. */
static bool do_event(struct vits *its, const u64 *dw)
{
	struct msi_device *m;
	struct vits_event *e = mapped_event(its, dw, &m);
	u64 flags;

	if (e == NULL || (CMD(dw) != ITS_DISCARD && target(its, e->coll) == VITS_NOWHERE)) {
		return false;
	}
	switch (CMD(dw)) {
	case ITS_INT:
		vits_raise(m, CMD_EVENT(dw));
		break;
	case ITS_INV:
		vgic_lpi_load(its->vm, e->lpi);
		break;
	case ITS_CLEAR:
		flags = spin_lock_irq(&its->vm->vgic.lock);
		vgic_lpi_clear(&its->vm->vgic, e->lpi);
		spin_unlock_irq(&its->vm->vgic.lock, flags);
		break;
	default:
		unmap_event(m, CMD_EVENT(dw));
	}
	return true;
}

/* The whole property table, whatever collection is meant: it may be read at any time (IHI 0069 5.1.1). */
static void reload(struct vits *its);

static bool execute(struct vits *its, const u64 *dw)
{
	switch (CMD(dw)) {
	case ITS_MAPD:
		return do_mapd(its, dw);
	case ITS_MAPC:
		return do_mapc(its, dw);
	case ITS_MAPTI:
		return do_mapti(its, dw, CMD_LPI(dw));
	case ITS_MAPI:
		return do_mapti(its, dw, CMD_EVENT(dw));
	case ITS_MOVI:
		return do_movi(its, dw);
	case ITS_MOVALL:
		return do_movall(its, dw);
	case ITS_INT:
	case ITS_CLEAR:
	case ITS_DISCARD:
	case ITS_INV:
		return do_event(its, dw);
	case ITS_INVALL:
		if (target(its, CMD_COLLECTION(dw)) == VITS_NOWHERE) {
			return false;
		}
		reload(its);
		its->lengthy = true;
		return true;
	case ITS_SYNC:
		return RDBASE(dw[2]) < its->vm->vgic.vcpus; /* nothing is under way */
	default:
		return false;
	}
}

/* The next command of the queue; false: there is none. */
static bool next_command(struct vits *its)
{
	struct vgic *g = &its->vm->vgic;
	u64 dw[COMMAND / 8], flags = spin_lock_irq(&g->lock);
	u32 at = its->creadr, epoch = its->epoch;
	bool some = its->enabled && (its->cbaser & GITS_VALID) != 0 && at != its->cwriter;
	ipa_t queue = its->cbaser & QUEUE_BITS;

	spin_unlock_irq(&g->lock, flags);
	if (!some) {
		return false;
	}
	if (vm_read_ram(its->vm, queue + at, dw, COMMAND) != 0) {
		its->refused++;
		log_guest(its->vm, "ITS: no memory at 0x%lx for commands", queue + at);
	} else if (!execute(its, dw)) {
		its->refused++;
		log_guest(its->vm, "ITS: command ignored: %lx %lx %lx", dw[0], dw[1], dw[2]);
	}
	flags = spin_lock_irq(&g->lock);
	if (epoch == its->epoch) {
		its->creadr = at + COMMAND == vits_queue(its) ? 0 : at + COMMAND;
	}
	spin_unlock_irq(&g->lock, flags);
	return true;
}

/* ---- Tables of the guest, in pieces */

/* What the guest says of LPIs [from, from + PIECE) in its property table. */
static void load_piece(struct vits *its, u32 from)
{
	for (u32 i = from; i < from + PIECE; i++) {
		vgic_lpi_load(its->vm, i);
	}
}

static void reload(struct vits *its)
{
	for (u32 i = 0; i < its->vm->vgic.lpis->count; i += PIECE) {
		load_piece(its, i);
	}
}

/* LPIs [from, from + PIECE) that the pending table of vCPU `id` has (IHI 0069 5.1.2). */
static void pending_piece(struct vits *its, u32 id, u32 from)
{
	struct vgic *g = &its->vm->vgic;
	u64 table = g->lpis->cpu[id].pendbaser & BITS(51, 16), flags;
	u32 bits;

	if (vm_read_ram(its->vm, table + (VGIC_LPI_MIN + from) / 8, &bits, sizeof(bits)) != 0) {
		return;
	}
	flags = spin_lock_irq(&g->lock);
	for (; bits != 0; bits &= bits - 1) {
		(void)vgic_lpi_pend(g, from + (u32)__builtin_ctz(bits), id);
	}
	spin_unlock_irq(&g->lock, flags);
}

static void drop_pending(struct vgic *g)
{
	for (u32 i = 0; i < g->vcpus; i++) {
		bool all;

		do {
			u64 flags = spin_lock_irq(&g->lock);

			all = vgic_lpi_drop(g, i);
			spin_unlock_irq(&g->lock, flags);
		} while (!all);
	}
}

static void follow(struct vits *its)
{
	for (u32 i = 0; i < VITS_DEVICES; i++) {
		struct msi_device *m = its->dev[i];
		u32 event = m != NULL ? __atomic_exchange_n(&m->astray, 0, __ATOMIC_ACQ_REL) : 0, to;

		if (event != 0 && m->event[event - 1].lpi != VGIC_LPI_NONE) {
			to = its->coll[m->event[event - 1].coll];
			if (to != VITS_NOWHERE) {
				its_host_route(m, event - 1, to);
			}
		}
	}
}

/* A piece of what redistributors want; false: nothing is left. */
static bool next_piece(struct vits *its)
{
	struct vgic *g = &its->vm->vgic;
	u32 new = __atomic_load_n(&its->wants, __ATOMIC_ACQUIRE);

	if (new != 0) {
		__atomic_or_fetch(&its->doing, new, __ATOMIC_ACQ_REL); /* first: see vits_wants() */
		atomic_clear(&its->wants, new);
		its->at = 0;
	}
	if ((its->doing & VITS_DROP) != 0) {
		drop_pending(g);
	}
	if ((its->doing & VITS_ROUTE) != 0) {
		follow(its);
	}
	__atomic_and_fetch(&its->doing, ~(u32)(VITS_DROP | VITS_ROUTE), __ATOMIC_ACQ_REL);
	if (its->doing == 0) {
		return false;
	}
	load_piece(its, its->at);
	for (u32 i = 0; i < g->vcpus; i++) {
		if ((its->doing & VITS_PENDING << i) != 0) {
			pending_piece(its, i, its->at);
		}
	}
	its->at += PIECE;
	if (its->at >= g->lpis->count) {
		__atomic_store_n(&its->doing, 0, __ATOMIC_RELEASE);
	}
	return true;
}

static void work(struct vdev *d)
{
	struct vits *its = container_of(d, struct vits, d);

	for (u32 i = 0; i < PIECES; i++) {
		if (!next_piece(its) && !next_command(its)) {
			return;
		}
		if (its->lengthy) {
			its->lengthy = false;
			break; /* who waits for this vCPU does not wait for 32 of them */
		}
	}
	vdev_work(d);
}

void vits_want(struct vm *vm, u32 what)
{
	__atomic_or_fetch(&vm->vgic.its->wants, what, __ATOMIC_ACQ_REL);
	vdev_work(&vm->vgic.its->d);
}

bool vits_wants(const struct vm *vm, u32 what)
{
	const struct vits *its = vm->vgic.its;

	return ((READ_ONCE(its->wants) | READ_ONCE(its->doing)) & what) != 0;
}

void vits_kick(struct vits *its, struct vcpu *v)
{
	vdev_work_here(&its->d, v);
}

/* ---- Life */

void vits_reset(struct vm *vm)
{
	struct vits *its = vm->vgic.its;
	u64 flags = spin_lock_irq(&vm->vgic.lock);

	its->enabled = false; /* behind it a message that is still on its way means nothing */
	spin_unlock_irq(&vm->vgic.lock, flags);
	vgic_lpi_reset(&vm->vgic);
	its->epoch++;
	its->cwriter = its->creadr = 0;
	its->cbaser = its->baser = 0;
	its->wants = its->doing = its->refused = 0;
	memset(its->coll, VITS_NOWHERE, sizeof(its->coll));
	for (u32 i = 0; i < VITS_DEVICES; i++) {
		struct msi_device *m = its->dev[i];

		if (m != NULL && m->guest) {
			vits_device_free(m);
		} else if (m != NULL) {
			vits_device_forget(m);
		}
	}
	its->spare = vm->vgic.lpis->count;
}

static size_t lpis_size(u32 count)
{
	return sizeof(struct vgic_lpis) + count * sizeof(struct vgic_lpi);
}

/* As many LPIs as are asked for, rounded up to what GICD_TYPER.num_LPIs and IDbits can say. */
static u32 lpi_count(const struct cfg_gic *cfg)
{
	u32 n = MIN_LPIS;

	while (n < VGIC_MAX_LPIS && n < (cfg->num_lpis != 0 ? cfg->num_lpis : DEFAULT_LPIS)) {
		n *= 2;
	}
	return MIN(n, VGIC_MAX_LPIS);
}

int vits_create(struct vm *vm, struct diag *d)
{
	const struct cfg_gic *cfg = &vm->cfg->gic;
	struct vgic *g = &vm->vgic;
	u32 count = lpi_count(cfg);
	struct vits *its = mem_alloc(sizeof(*its));
	int err;

	if (gic_hw.deaf) {
		mem_free(its, sizeof(*its));
		diag_error(d, &cfg->pos, "no ITS: this machine's list registers do not work");
		return -ENODEV;
	}
	g->its = its;
	g->lpis = mem_alloc(lpis_size(count));
	if (its == NULL || g->lpis == NULL) {
		diag_error(d, &cfg->pos, "no memory for the ITS");
		vits_destroy(vm);
		return -ENOMEM;
	}
	g->lpis->count = count;
	its->vm = vm;
	its->d.vm = vm;
	its->d.type = &work_type;
	its->d.cfg = &work_cfg;
	/* LPIs: as many as there are, or all that INTIDs have room for (IHI 0069 12.9.38). */
	g->typer = (g->typer & ~(u32)(BITS(23, 19) | BITS(15, 11))) | GICD_TYPER_LPIS |
		   (count > 8192 ? 15u : VGIC_LPI_BITS - 1) << 19 |
		   (count == VGIC_MAX_LPIS ? 0 : (u32)__builtin_ctz(count) - 1) << 11;
	err = vm_add_window(vm, cfg->its, GITS_FRAMES, vits_access, its);
	if (err != 0) {
		diag_error(d, &cfg->pos, "the ITS at 0x%lx overlaps something (%d)", cfg->its, err);
	} else {
		err = vdev_worker_of(&its->d, d);
	}
	if (err != 0) {
		vits_destroy(vm);
		return err;
	}
	vits_reset(vm);
	return 0;
}

void vits_destroy(struct vm *vm)
{
	struct vgic *g = &vm->vgic;

	if (g->its != NULL && g->lpis != NULL) {
		vits_reset(vm); /* devices of the guest's own */
	}
	if (g->lpis != NULL) {
		mem_free(g->lpis, lpis_size(g->lpis->count != 0 ? g->lpis->count : lpi_count(&vm->cfg->gic)));
	}
	if (g->its != NULL) {
		mem_free(g->its, sizeof(*g->its));
	}
	g->lpis = NULL;
	g->its = NULL;
}
