/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device instances: made from their configuration, reached through their
 * window, served with what core/vdev.h promises.
 *
 * Invariants
 * 1. A handler of a device runs with the device's lock held, except `access` and a polled getter.
 * 2. A device's lock is taken before locks of the vGIC, the scheduler and the console, never after.
 * 3. What a guest writes reaches a handler as an index inside its row and a value inside its mask.
 *
 * One long file: the way from an access to a handler knows the inside of an instance, and nothing else does.
 */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/fmt.h"
#include "core/base/log.h"
#include "core/config/value.h"
#include "core/console/console.h"
#include "core/base/memory.h"
#include "core/rng.h"
#include "core/vdev.h"
#include "core/vm.h"
#include "core/vm_build.h"

/* What core keeps per device, in front of the device's own state. */
struct instance {
	struct timer timer;
	struct diag *diag; /* while being created */
	bool created;      /* destroy() is owed */
	size_t size;       /* of the allocation: this, the device's state, its map */
} __aligned_to(16);

static struct instance *instance_of(struct vdev *d)
{
	return (struct instance *)d - 1;
}

static struct vdev *device_of(struct instance *in)
{
	return (struct vdev *)(in + 1);
}

/* ---- Access */

/* The row that holds `off`, or NULL: the map leads to the first row of the word, more may follow. */
static const struct vreg *find_row(const struct vdev *d, u64 off)
{
	const struct vdev_type *t = d->type;

	if (t->reg_count == 0) {
		return NULL;
	}
	for (unsigned int i = d->map[off >> 2]; i < t->reg_count && t->regs[i].off <= off; i++) {
		if (off < t->regs[i].end) {
			return &t->regs[i];
		}
	}
	return NULL;
}

static void call_row(struct vdev *d, const struct vreg *r, struct mmio *m)
{
	unsigned int idx = (unsigned int)(m->off - r->off) / r->width;
	unsigned int shift = 8 * ((unsigned int)(m->off - r->off) % r->width);
	u64 mask = ~0UL >> (64 - 8 * m->size);

	if (!m->write) {
		m->val = r->get != NULL ? (r->get(d, idx) >> shift) & mask : 0;
	} else if (r->set != NULL) {
		r->set(d, idx, (m->val & mask) << shift, mask << shift);
	}
}

enum mmio_result vdev_access(struct vdev *d, struct mmio *m)
{
	const struct vreg *r;

	if ((m->off & (m->size - 1U)) != 0) {
		return MMIO_ABORT;
	}
	r = m->off < d->size ? find_row(d, m->off) : NULL;
	if (r == NULL) { /* a hole: reads zero, ignores writes */
		d->unknown++;
		m->val = m->write ? m->val : 0;
		return MMIO_DONE;
	}
	if ((r->sizes & m->size) == 0) {
		return MMIO_ABORT;
	}
	vdev_lock(d);
	call_row(d, r, m);
	vdev_unlock(d);
	return MMIO_DONE;
}

static enum mmio_result access_regs(void *arg, struct vcpu *v, struct mmio *m)
{
	(void)v;
	return vdev_access(arg, m);
}

static __noinline u32 read_any_word(struct vdev *d, u64 off)
{
	struct mmio m = { .off = off, .size = 4 };

	(void)vdev_access(d, &m); /* an aligned word of a device that allows words is not refused */
	return (u32)m.val;
}

/* The register that guests poll does not go the long way: it costs a compare and a call. */
static u32 read_word(void *arg, struct vcpu *v, u64 off)
{
	struct vdev *d = arg;

	(void)v;
	return likely(off == d->polled_off) ? (u32)d->polled_get(d, 0) : read_any_word(d, off);
}

static void write_word(void *arg, struct vcpu *v, u64 off, u32 val)
{
	struct mmio m = { .off = off, .val = val, .size = 4, .write = true };

	(void)v;
	(void)vdev_access(arg, &m);
}

/* Every register may be accessed as 32-bit words. */
static bool allows_words(const struct vdev_type *t)
{
	for (unsigned int i = 0; i < t->reg_count; i++) {
		if ((t->regs[i].sizes & 4) == 0) {
			return false;
		}
	}
	return true;
}

static enum mmio_result access_window(void *arg, struct vcpu *v, struct mmio *m)
{
	struct vdev *d = arg;

	m->area = false;
	return d->type->access(d, v, m);
}

static enum mmio_result access_area(void *arg, struct vcpu *v, struct mmio *m)
{
	struct vdev *d = arg;

	m->area = true;
	return d->type->access(d, v, m);
}

/* ---- Life */

static void expired(struct timer *t)
{
	struct vdev *d = device_of(container_of(t, struct instance, timer));

	vdev_lock(d);
	/* It may have been moved while this call was on its way. */
	if (d->deadline != 0 && counter_now() >= d->deadline && READ_ONCE(d->vm->stopped_at) == 0) {
		d->deadline = 0;
		if (d->type->expire != NULL) {
			d->type->expire(d);
		}
	}
	vdev_unlock(d);
}

/* For each word of the window the first row that ends behind the word's start; the polled row. */
static void fill_map(struct vdev *d, size_t words)
{
	const struct vdev_type *t = d->type;
	unsigned int row = 0;

	d->polled_off = ~0UL;
	for (unsigned int i = 0; i < t->reg_count; i++) {
		if (t->regs[i].polled) {
			d->polled_off = t->regs[i].off;
			d->polled_get = t->regs[i].get;
		}
	}
	for (size_t w = 0; w < words; w++) {
		while (row + 1 < t->reg_count && t->regs[row].end <= 4 * w) {
			row++;
		}
		d->map[w] = (u8)row;
	}
}

static void free_device(struct vdev *d)
{
	struct instance *in = instance_of(d);

	mem_free(in, in->size);
}

static struct vdev *new_device(struct vm *vm, const struct cfg_vdev *cfg, struct diag *diag)
{
	const struct vdev_type *t = cfg->type;
	size_t words = t->reg_count != 0 ? ALIGN_UP(t->window, 4) / 4 : 0;
	size_t size = sizeof(struct instance) + t->state_size + words;
	struct instance *in = mem_alloc(size);
	struct vdev *d;

	if (in == NULL) {
		return NULL;
	}
	in->size = size;
	in->diag = diag;
	in->timer.fn = expired;
	list_init(&in->timer.link);
	d = device_of(in);
	d->type = t;
	d->cfg = cfg;
	d->vm = vm;
	d->base = cfg->loc != NULL && !cfg->pci ? cfg->loc->addr : 0;
	d->area = cfg->area;
	d->size = t->window;
	d->intid = cfg->intr != NULL ? cfg->intr->line : 0;
	d->map = (u8 *)d + t->state_size;
	fill_map(d, words);
	return d;
}

static int check_place(struct vdev *d)
{
	const struct cfg_vdev *cfg = d->cfg;

	/* The rest of vdev_type_ok() was seen to when the image was made. */
	if (d->type->abi != VDEV_ABI) {
		vdev_error(d, &cfg->pos, "made for another version of core/vdev.h");
		return -EINVAL;
	}
	if (d->type->need_loc && cfg->loc == NULL) {
		vdev_error(d, &cfg->pos, "no location, expected `loc ADDRESS`");
		return -EINVAL;
	}
	if (d->type->need_intr && cfg->intr == NULL) {
		vdev_error(d, &cfg->pos, "no interrupt, expected `intr gic:N`");
		return -EINVAL;
	}
	return 0;
}

static int claim_window(struct vdev *d)
{
	const struct vdev_type *t = d->type;
	mmio_fn fn = t->access != NULL ? access_window : access_regs;
	int err;

	if (d->size == 0 || d->cfg->loc == NULL || (t->access == NULL && t->reg_count == 0)) {
		return 0;
	}
	err = vm_add_window(d->vm, d->base, d->size, fn, d);
	if (err == 0 && t->area != 0) {
		err = vm_add_window(d->vm, d->area, t->area, access_area, d);
	}
	if (err != 0) {
		vdev_error(d, &d->cfg->loc->pos, err == -ENOSPC ? "too many device windows"
				: "its window overlaps another at 0x%lx", d->base);
		return err;
	}
	if (t->read32 != NULL) {
		mmio_set_words(d->vm, d->base, t->read32, t->write32);
	} else if (t->access == NULL && allows_words(t)) {
		mmio_set_words(d->vm, d->base, read_word, write_word);
	}
	return 0;
}

void vdev_disconnect(struct vdev *d)
{
	for (struct vdev *e = d->ends; e != NULL; e = e->next) {
		console_detach(e);
	}
	d->ends = NULL;
	console_detach(d);
}

static void hold(struct vdev *d, bool on)
{
	for (struct vdev *e = d->ends; e != NULL; e = e->next) {
		console_hold(e, on);
	}
	console_hold(d, on);
}

static int create_one(struct vm *vm, const struct cfg_vdev *cfg, struct diag *diag,
		      struct vdev **out)
{
	struct vdev *d = new_device(vm, cfg, diag);
	int err;

	if (d == NULL) {
		diag_error(diag, &cfg->pos, "no memory for vdev %s", cfg->type_name);
		return -ENOMEM;
	}
	*out = d; /* from here on vdevs_destroy() takes it away */
	err = check_place(d);
	if (err == 0) {
		err = vdev_worker_of(d, diag);
	}
	if (err == 0 && d->type->create != NULL) {
		err = d->type->create(d);
	}
	instance_of(d)->created = err == 0;
	instance_of(d)->diag = err == 0 ? diag : NULL;
	if (err != 0) {
		return err;
	}
	return cfg->pci && d->type->plug != NULL ? d->type->plug(d) : claim_window(d);
}

unsigned int vdev_input(struct vdev *d, const u8 *buf, unsigned int n)
{
	unsigned int taken = 0;
	u64 flags = irq_save();

	vdev_lock(d);
	if (d->type->input != NULL) {
		taken = d->type->input(d, buf, n);
		taken = MIN(taken, n);
	}
	d->starved = taken < n;
	vdev_unlock(d);
	irq_restore(flags);
	return taken;
}

void vdev_output_ready(struct vdev *d)
{
	u64 flags = irq_save();

	vdev_lock(d);
	if (d->type->output_ready != NULL) {
		d->type->output_ready(d);
	}
	vdev_unlock(d);
	irq_restore(flags);
}

int vdevs_create(struct vm *vm, struct diag *diag)
{
	struct vdev **tail = &vm->vdevs;

	for (const struct cfg_vdev *c = vm->cfg->vdev; c != NULL; c = c->next) {
		int err;

		/* Without a type its function comes later; without state it is not ours to make. */
		if (c->type == NULL || c->type->state_size == 0) {
			continue;
		}
		err = create_one(vm, c, diag, tail);
		if (err != 0) {
			vdevs_destroy(vm);
			return err;
		}
		instance_of(*tail)->diag = NULL;
		tail = &(*tail)->next;
	}
	return 0;
}

void vdevs_quiesce(struct vm *vm)
{
	vdev_workers_quiet(vm);
	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		if (instance_of(d)->created && d->type->quiesce != NULL) {
			d->type->quiesce(d);
		}
	}
}

void vdevs_reset(struct vm *vm)
{
	vdevs_quiesce(vm);
	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		u64 flags;

		hold(d, true);
		flags = irq_save();
		vdev_lock(d);
		vdev_arm(d, 0);
		if (d->type->reset != NULL) {
			d->type->reset(d);
		}
		vdev_input_more(d);
		vdev_unlock(d);
		irq_restore(flags);
		hold(d, false);
	}
}

void vdevs_resume(struct vm *vm, u64 gap)
{
	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		u64 flags = irq_save();

		vdev_lock(d);
		if (d->deadline != 0) {
			d->deadline += gap;
			timer_arm(&instance_of(d)->timer, d->deadline);
		}
		vdev_unlock(d);
		irq_restore(flags);
	}
}

/*
 * Other VMs' devices may ask one of these for work as long as it has not left what they share: each
 * leaves in destroy(), only then the workers end, and only then the devices' memory is given back.
 */
void vdevs_destroy(struct vm *vm)
{
	vdevs_quiesce(vm);
	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		timer_cancel_wait(&instance_of(d)->timer);
		vdev_disconnect(d);
	}
	vdev_workers_close(vm);
	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		if (instance_of(d)->created && d->type->destroy != NULL) {
			d->type->destroy(d);
		}
	}
	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		if (instance_of(d)->created && d->type->unplug != NULL) {
			d->type->unplug(d);
		}
	}
	vdev_workers_destroy(vm);
	while (vm->vdevs != NULL) {
		struct vdev *d = vm->vdevs;

		vm->vdevs = d->next;
		free_device(d);
	}
}

void vdevs_report(struct vm *vm)
{
	char text[160];

	for (struct vdev *d = vm->vdevs; d != NULL; d = d->next) {
		if (d->type->status != NULL) {
			d->type->status(d, text, sizeof(text));
			log_info("%s: %s %s", vm->cfg->name, d->type->name, text);
		}
	}
}

/* ---- Services */

void vdev_lock(struct vdev *d)
{
	spin_lock(&d->lock);
}

void vdev_unlock(struct vdev *d)
{
	spin_unlock(&d->lock);
}

u64 vdev_lock_irq(struct vdev *d)
{
	return spin_lock_irq(&d->lock);
}

void vdev_unlock_irq(struct vdev *d, u64 flags)
{
	spin_unlock_irq(&d->lock, flags);
}

u32 vdev_vcpu_count(struct vdev *d)
{
	return d->vm->cfg->cpu_count;
}

const char *vdev_vm_name(struct vdev *d)
{
	return d->vm->cfg->name;
}

u32 vdev_vm_number(struct vdev *d)
{
	return d->vm->id;
}

int vdev_file(struct vdev *d, const char *path, const void **data, u64 *size)
{
	(void)d;
	return vm_file(path, data, size);
}

void *vdev_mem_alloc(struct vdev *d, u64 size)
{
	(void)d;
	return mem_alloc(size);
}

void vdev_mem_free(struct vdev *d, void *p, u64 size)
{
	(void)d;
	mem_free(p, size);
}

bool vdev_number(const char *text, u64 *out)
{
	return value_number(slice_of(text), out) == VALUE_OK;
}

int vdev_random(struct vdev *d, void *buf, size_t n)
{
	(void)d;
	return rng_bytes(buf, n);
}

void *vdev_ram(struct vdev *d, ipa_t ipa, u64 *len, bool write)
{
	return vm_ram_ptr(d->vm, ipa, len, write);
}

struct vdev_run vdev_ram_run(struct vdev *d, ipa_t ipa)
{
	for (u32 i = 0; i < d->vm->ram_count; i++) {
		const struct vm_ram *r = &d->vm->ram[i];

		if (ipa - r->ipa < r->size && !r->rom) {
			return (struct vdev_run){ r->ipa, r->size, pa_ptr(r->pa) };
		}
	}
	return (struct vdev_run){ 0 };
}

void vdev_set_irq(struct vdev *d, bool level)
{
	if (level == d->line) {
		return;
	}
	d->line = level;
	if (d->intid != 0) {
		vgic_set_line(d->vm, d->intid, level);
	}
}

void vdev_set_fiq(struct vdev *d, bool level)
{
	if (d->vm->vcpu_count != 0) {
		vcpu_set_fiq(d->vm->vcpu[0], level);
	}
}

void vdev_watchdog(struct vdev *d, bool dump)
{
	if (dump) {
		WRITE_ONCE(d->vm->hold, true);
	}
	vm_end_request(d->vm, VM_END_WATCHDOG);
}

u64 vdev_now_ns(struct vdev *d)
{
	return counter_to_ns(vm_counter(d->vm));
}

void vdev_arm(struct vdev *d, u64 deadline_ns)
{
	struct timer *t = &instance_of(d)->timer;

	if (deadline_ns == 0) {
		if (d->deadline != 0) {
			d->deadline = 0;
			timer_cancel(t);
		}
		return;
	}
	/* Rounded up by a tick, so that at expiry the device's clock has reached its deadline. */
	d->deadline = ns_to_counter(deadline_ns) + d->vm->cntvoff + 1;
	timer_arm(t, d->deadline);
}

int vdev_read_ram(struct vdev *d, ipa_t from, void *to, size_t size)
{
	return vm_read_ram(d->vm, from, to, size);
}

int vdev_write_ram(struct vdev *d, ipa_t to, const void *from, size_t size)
{
	return vm_write_ram(d->vm, to, from, size);
}

const struct cfg_option *vdev_option(struct vdev *d, const char *name)
{
	for (const struct cfg_option *o = d->cfg->options; o != NULL; o = o->next) {
		if (strcmp(o->decl->name, name) == 0) {
			return o;
		}
	}
	return NULL;
}

u64 vdev_option_num(struct vdev *d, const char *name, u64 otherwise)
{
	const struct cfg_option *o = vdev_option(d, name);

	return o != NULL ? o->num : otherwise;
}

void vdev_error(struct vdev *d, const struct src_pos *pos, const char *fmt, ...)
{
	struct diag *diag = instance_of(d)->diag;
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	fmt_vstr(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (diag != NULL) {
		diag_error(diag, pos, "vdev %s: %s", d->cfg->type_name, text);
	}
}

void vdev_log(struct vdev *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_guest_as(d->vm, d->cfg->name != NULL ? d->cfg->name : d->type->name, fmt, ap);
	va_end(ap);
}
