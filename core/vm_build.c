/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm_build.h"

#include <errno.h>
#include <string.h>
#include "core/board.h"
#include "core/console/console.h"
#include "core/dump.h"
#include "core/image.h"
#include "core/load/load.h"
#include "core/base/memory.h"
#include "core/pci/msi_v2m.h"
#include "core/pci/msi.h"
#include "core/pass/pass.h"
#include "core/pass/pass_pci.h"
#include "core/rng.h"
#include "core/sporadic.h"
#include "core/stolen.h"
#include "core/sysreg/sysreg.h"
#include "core/pci/vpci.h"

#define MIN_SPIS 64
#define TABLES_LATER 512 /* of stage 2, while it runs: for BARs, wherever the guest puts them, and shared memory */

static const struct image *the_image;
static const struct board *the_board;

static bool scrub;

void vm_sources(const struct image *img, const struct board *b, bool scrub_first)
{
	scrub = scrub_first;
	the_image = img;
	the_board = b;
	msi_board(b);
	v2m_board(b);
	pass_pci_board(b);
}

int vm_file(const char *path, const void **data, u64 *size)
{
	return the_image != NULL ? image_find(the_image, path, data, size) : -ENOENT;
}

/* One piece of the VM's memory: the largest alignment first, so that the largest blocks map it. */
static int alloc_piece(struct vm *vm, const struct cfg_mem *m, ipa_t ipa, u64 size, struct diag *d)
{
	static const u64 aligns[] = { GiB(1), MiB(2), PAGE_SIZE };
	struct vm_ram *r = &vm->ram[vm->ram_count];
	int err;

	if (vm->ram_count == VM_MAX_RAM) {
		diag_error(d, &m->pos, "memory is too scattered for this VM: more than %d pieces",
			   VM_MAX_RAM);
		return -ENOMEM;
	}
	r->pa = vm->cfg->dma_identity ? ipa : 0; /* pass_claim_ram() */
	for (unsigned int i = 0; i < ARRAY_SIZE(aligns) && r->pa == 0; i++) {
		if (size >= aligns[i]) {
			r->pa = mem_range_alloc(size, aligns[i], ipa);
		}
	}
	if (r->pa == 0) {
		return -ENOMEM;
	}
	r->ipa = ipa;
	r->size = size;
	r->rom = m->rom;
	vm->ram_count++;
	err = s2_map(&vm->s2, ipa, r->pa, size, m->rom ? S2_ROM : S2_RAM);
	if (err != 0) {
		diag_error(d, &m->pos, "cannot map guest memory at 0x%lx (%d)", ipa, err);
	}
	return err;
}

/* All of one ram or rom line, in halves if there is no single range that large. */
static int alloc_mem(struct vm *vm, const struct cfg_mem *m, struct diag *d)
{
	u64 done = 0, step = m->size;

	while (done < m->size) {
		u64 n = MIN(step, m->size - done);
		int err = alloc_piece(vm, m, m->start + done, n, d);

		if (err == 0) {
			done += n;
		} else if (err == -ENOMEM && d->errors == 0 && step > MiB(2)) {
			step = ALIGN_UP(step / 2, MiB(2));
		} else {
			if (d->errors == 0) {
				diag_error(d, &m->pos,
					   "not enough memory: %lu KiB asked for, %lu KiB free",
					   m->size >> 10, mem_free_bytes() >> 10);
			}
			return err;
		}
	}
	return 0;
}

/* Bits of the smallest architected size (ID_AA64MMFR0_EL1.PARange) that hold every address of the VM. */
static unsigned int ipa_bits(const struct vm_config *cfg)
{
	static const u8 sizes[] = { 32, 36, 40, 42 };
	u64 top = cfg->gic.has_gicr ? cfg->gic.gicr : 0;

	top = MAX(MAX(top, cfg->gic.dist), cfg->gic.gicc) + MiB(2);
	for (const struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		top = MAX(top, m->start + m->size);
	}
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if (v->loc != NULL && v->loc->space == LOC_MEM) {
			top = MAX(top, v->loc->addr + MiB(1));
		}
		top = MAX(top, v->area + (v->type != NULL ? v->type->area : 0));
	}
	top = MAX(top, cfg->stolen + PAGE_SIZE);
	for (u32 i = 0; i < cfg->window_count; i++) {
		top = MAX(top, cfg->window[i].start + cfg->window[i].size);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (top <= BIT(sizes[i])) {
			return MIN(sizes[i], s2_max_ipa_bits());
		}
	}
	return s2_max_ipa_bits();
}

/* SPIs the VM's lines use, rounded up to a register. */
static u32 spi_count(const struct vm_config *cfg)
{
	u32 top = 32 + MIN_SPIS;

	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		for (const struct cfg_intr *i = v->intr; i != NULL; i = i->next) {
			top = MAX(top, i->line + 1);
		}
	}
	for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
		for (u32 i = 0; i < p->irq_count; i++) {
			top = MAX(top, p->irq[i].guest + 1);
		}
	}
	for (u32 i = 0; cfg->pci.present && i < ARRAY_SIZE(cfg->pci.intx); i++) {
		top = MAX(top, cfg->pci.intx[i] + 1);
	}
	if (cfg->gic.has_v2m) {
		top = MAX(top, cfg->gic.v2m_base + cfg->gic.v2m_count);
	}
	return (u32)ALIGN_UP(top, 32) - 32;
}

static int create_vcpus(struct vm *vm, struct diag *d)
{
	for (u32 i = 0; i < vm->cfg->cpu_count; i++) {
		const struct cfg_cpu *c = &vm->cfg->cpu[i];
		u64 allowed = c->runmask != 0 ? c->runmask : ~0UL;
		u8 prio = c->prio != 0 ? c->prio : PRIO_DEFAULT;

		vm->vcpu[i] = vcpu_create(vm, i, allowed, prio, c->alg == SCHED_FIFO);
		if (vm->vcpu[i] == NULL) {
			diag_error(d, &c->pos, "no memory for a vCPU");
			return -ENOMEM;
		}
		vm->vcpu_count++;
		if (c->alg == SCHED_SPORADIC &&
		    sporadic_create(&vm->vcpu[i]->thread, c->prio, c->prio_low, c->max_repl,
				    c->period_us, c->budget_us) != 0) {
			diag_error(d, &c->pos, "no memory for a vCPU's budget");
			return -ENOMEM;
		}
	}
	return 0;
}

int vm_build(struct vm *vm, struct diag *d)
{
	struct vm_config *cfg = vm->cfg;
	int err = s2_init(&vm->s2, (u8)(vm->id + 1), ipa_bits(cfg));

	if (err != 0) {
		diag_error(d, &cfg->pos, "cannot make stage 2 (%d)", err);
		return err;
	}
	for (const struct cfg_mem *m = cfg->mem; m != NULL && err == 0; m = m->next) {
		err = alloc_mem(vm, m, d);
	}
	if (scrub) {
		vm_scrub(vm);
	}
	vm->gic_version = cfg->gic.version;
	if (err == 0) {
		err = create_vcpus(vm, d);
	}
	if (err == 0) {
		err = stolen_create(vm);
		if (err != 0) {
			diag_error(d, &cfg->pos, "cannot map the stolen time page (%d)", err);
		}
	}
	if (err == 0) {
		err = vgic_create(vm, spi_count(cfg));
		if (err != 0) {
			diag_error(d, &cfg->gic.pos, "cannot make the interrupt controller (%d)", err);
		}
	}
	if (err == 0) {
		err = msi_create(vm, d);
	}
	if (err == 0) {
		err = v2m_create(vm, d);
	}
	if (err == 0) {
		err = vpci_create(vm, d);
	}
	if (err == 0) {
		err = pass_create(vm, d);
	}
	if (err == 0) {
		err = vdevs_create(vm, d);
	}
	if (err == 0 && cfg->dump != NULL) {
		err = dump_reserve(vm);
		if (err != 0) {
			diag_error(d, &cfg->pos, "no memory for dumps");
		}
	}
	vm->s2.tables_max = vm->s2.tables + TABLES_LATER;
	if (err != 0) {
		vm_destroy(vm);
	}
	return err;
}

void vm_scrub(struct vm *vm)
{
	pass_quiesce(vm);
	vdevs_quiesce(vm);
	for (u32 i = 0; i < vm->ram_count; i++) {
		const struct vm_ram *r = &vm->ram[i];

		for (u64 off = 0; off < r->size; off += MiB(1)) {
			arch_zero(pa_ptr(r->pa + off), MIN(MiB(1), r->size - off));
		}
	}
}

void vm_destroy(struct vm *vm)
{
	dump_free(vm);
	pass_quiesce(vm); /* its interrupts are for vCPUs, its DMA is for RAM */
	vdevs_destroy(vm);
	/* What interrupts is taken out of list registers, which are vCPUs'. */
	pass_destroy(vm);
	vpci_destroy(vm);
	v2m_destroy(vm);
	msi_destroy(vm);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		vcpu_destroy(vm->vcpu[i]);
		vm->vcpu[i] = NULL;
	}
	vm->vcpu_count = 0;
	vgic_destroy(vm);
	vm_scrub(vm);
	s2_destroy(&vm->s2);
	stolen_destroy(vm);
	for (u32 i = 0; i < vm->ram_count; i++) {
		if (!vm->cfg->dma_identity) {
			mem_range_free(vm->ram[i].pa, vm->ram[i].size);
		}
	}
	vm->ram_count = 0;
	vm->window_count = 0;
}

static int open_blob(struct load_files *files, const struct cfg_load *l, struct load_file *out,
		     struct diag *d)
{
	const struct board_module *m;
	const void *data;

	(void)files;
	if (l->source == SOURCE_FILE) {
		int err = image_find(the_image, l->path, &data, &out->size);

		if (err != 0) {
			diag_error(d, &l->pos, "'%s' is not in the image", l->path);
			return err;
		}
		out->data = data;
	} else {
		m = board_module_find(the_board, l->source == SOURCE_MODULE_ADDR, l->module);
		if (m == NULL) {
			diag_error(d, &l->pos, "the bootloader left no module %s0x%lx (%u modules)",
				   l->source == SOURCE_MODULE_ADDR ? "at " : "", l->module,
				   the_board->module_count);
			return -ENOENT;
		}
		out->data = pa_ptr(m->start);
		out->size = m->size;
	}
	out->stays = true;
	return 0;
}

static void *mem_ptr(struct guest_mem *m, ipa_t ipa, u64 *run)
{
	*run = ~0UL;
	return vm_ram_ptr(m->arg, ipa, run, false);
}

static void mem_written(struct guest_mem *m, void *at, u64 size)
{
	(void)m;
	arch_clean_dcache(at, size); /* the guest starts with its caches off */
}

int vm_load(struct vm *vm, struct diag *d)
{
	struct load_plan *plan = mem_alloc(sizeof(*plan));
	struct load_files files = { .open = open_blob };
	struct guest_mem mem = { .ptr = mem_ptr, .written = mem_written, .arg = vm };
	u8 seed[64];
	struct guest_fdt g = { .cfg = vm->cfg, .board = the_board, .devices = vm->vdevs, .pmu = pmu_visible(vm),
			       .pmu_interrupt = pmu_has_interrupt() };
	int err = -ENOMEM;

	if (rng_bytes(seed, sizeof(seed)) == 0 && rng_bytes(&g.kaslr_seed, sizeof(g.kaslr_seed)) == 0) {
		g.rng_seed = seed;
		g.rng_seed_len = sizeof(seed);
	}
	if (plan == NULL) {
		diag_error(d, &vm->cfg->pos, "no memory to plan the loading");
	} else {
		err = load_plan(plan, vm->cfg, &files, &g, d);
	}
	if (err == 0) {
		err = load_copy(plan, &mem, d);
	}
	if (err == 0) {
		err = load_fdt(plan, &mem, &g, d);
	}
	arch_sync_icache();
	if (err == 0) {
		memset(vm->tlb_owner, 0, sizeof(vm->tlb_owner)); /* no stage 1 of the last life */
		vgic_reset(vm);
		msi_reset(vm);
		vpci_reset(vm);
		pass_reset(vm);
		vdevs_reset(vm);
		stolen_reset(vm);
		vm->vcpu[0]->on_entry = plan->entry;
		vm->vcpu[0]->on_context = plan->fdt;
	}
	mem_free(plan, sizeof(*plan));
	memset(seed, 0, sizeof(seed));
	return err;
}
