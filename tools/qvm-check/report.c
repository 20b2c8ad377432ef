/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM will look like, for people. */
#include <stdio.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/sched.h"
#include "tools/qvm-check/qvm_check.h"

/* 4096 as "4 KiB", 4097 as "4097 B". */
static const char *size_text(u64 size, char *buf, size_t room)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	u32 i = 0;

	while (i < ARRAY_SIZE(unit) - 1 && size != 0 && size % 1024 == 0) {
		size /= 1024;
		i++;
	}
	fmt_str(buf, room, "%lu %s", size, unit[i]);
	return buf;
}

static void row(u64 start, u64 size, const char *indent, const char *what, const char *more)
{
	char text[32];

	printf("  0x%010lx - 0x%010lx %10s  %s%s%s%s\n", start, start + (size - 1),
	       size_text(size, text, sizeof(text)), indent, what, *more != '\0' ? "  " : "", more);
}

static void report_cpus(const struct vm_config *cfg)
{
	printf("vCPUs\n");
	for (u32 i = 0; i < cfg->cpu_count; i++) {
		const struct cfg_cpu *c = &cfg->cpu[i];

		printf("  vCPU %u  priority %u", i, c->prio != 0 ? c->prio : PRIO_DEFAULT);
		if (c->alg == SCHED_SPORADIC) {
			printf(" for %lu of %lu us, then %u, at most %u replenishments, on host CPU",
			       c->budget_us, c->period_us, c->prio_low, c->max_repl);
		} else {
			printf(", %s, on host CPU", c->alg == SCHED_FIFO ? "FIFO" : "round robin");
		}
		for (u32 n = 0; n < 64; n++) {
			if ((c->runmask & BIT(n)) != 0) {
				printf(" %u", n);
			}
		}
		printf("%s\n", c->runmask == 0 ? "s: any" : "");
	}
}

static bool inside(const struct cfg_window *w, u64 at)
{
	return range_contains(w->start, w->size, at, 1);
}

/* What lies in a ram or rom, by ascending address: blobs with their BSS, the device tree. */
static void report_pieces(const struct check_vm *vm, const struct cfg_window *w)
{
	static const char *const format[] = {
		[FORMAT_RAW] = "raw", [FORMAT_IMAGE] = "arm64 Image", [FORMAT_ELF] = "ELF",
		[FORMAT_DATA] = "data", [FORMAT_INITRD] = "initrd", [FORMAT_FDT] = "generated",
	};
	const struct load_plan *p = &vm->plan;
	u64 last = 0;
	bool first = true;

	for (;;) {
		const struct load_piece *next = NULL;
		char name[96], more[128], size[32];

		for (u32 i = 0; i < p->piece_count; i++) {
			const struct load_piece *q = &p->piece[i];

			if (inside(w, q->ipa) && (first || q->ipa > last) &&
			    (next == NULL || q->ipa < next->ipa)) {
				next = q;
			}
		}
		if (next == NULL) {
			return;
		}
		first = false;
		last = next->ipa;
		fmt_str(more, sizeof(more), "%s, %s copied%s", format[next->format],
			size_text(next->copy, size, sizeof(size)),
			range_contains(next->ipa, next->space, p->entry, 1) ? ", entry point" : "");
		if (next->load == NULL) {
			fmt_str(more, sizeof(more), "generated, x0 points here");
		}
		row(next->ipa, next->space, "  ", load_piece_name(next->load, name, sizeof(name)), more);
	}
}

static const struct cfg_vdev *vdev_at(const struct vm_config *cfg, const struct src_pos *pos)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		if (v->loc != NULL && &v->loc->pos == pos) {
			return v;
		}
	}
	return NULL;
}

static void report_map(const struct check_vm *vm)
{
	const struct vm_config *cfg = &vm->cfg;
	char more[64];

	printf("Guest memory map\n");
	for (u32 i = 0; i < cfg->window_count; i++) {
		const struct cfg_window *w = &cfg->window[i];
		const struct cfg_vdev *v = vdev_at(cfg, w->pos);

		more[0] = '\0';
		if (v != NULL && v->intr != NULL) {
			fmt_str(more, sizeof(more), "gic:%u", v->intr->line);
		}
		if (w->absent) {
			fmt_str(more, sizeof(more), "not supported yet, absent");
		}
		row(w->start, w->size, "", w->what, more);
		if (vm->planned) {
			report_pieces(vm, w);
		}
	}
	for (const struct cfg_load *l = cfg->load; l != NULL && !vm->planned; l = l->next) {
		char name[96];

		printf("  %s, placed when the VM starts\n", load_piece_name(l, name, sizeof(name)));
	}
	if (!vm->planned) {
		printf("  (%u of the blobs %s not at hand or packed: name folders with -I)\n", vm->missing,
		       vm->missing == 1 ? "is" : "are");
	} else {
		printf("  entry point 0x%lx\n", vm->plan.entry);
	}
}

static void report_interrupts(const struct vm_config *cfg)
{
	printf("Interrupts\n");
	printf("  gic:27   PPI 11   virtual timer\n");
	printf("  gic:30   PPI 14   physical timer\n");
	for (u32 line = CONFIG_INTID_MIN; line <= CONFIG_INTID_MAX; line++) {
		for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
			if (v->intr != NULL && v->intr->line == line) {
				printf("  gic:%-4u SPI %-4u vdev %s%s%s%s\n", line, line - 32, v->type_name,
				       v->name != NULL ? " " : "", v->name != NULL ? v->name : "",
				       v->type == NULL ? " (absent)" : "");
			}
		}
		for (const struct cfg_pass *p = cfg->pass; p != NULL; p = p->next) {
			for (u32 i = 0; i < p->irq_count; i++) {
				if (p->irq[i].guest == line) {
					printf("  gic:%-4u SPI %-4u host interrupt %u, %s%s, of %s\n", line, line - 32,
					       p->irq[i].host, p->irq[i].edge ? "edge" : "level",
					       p->irq[i].unmasked ? ", unmasked at once" : "", p->what);
				}
			}
		}
		for (u32 i = 0; i < ARRAY_SIZE(cfg->pci.intx) && cfg->pci.present; i++) {
			if (cfg->pci.intx[i] == line) {
				printf("  gic:%-4u SPI %-4u PCI INT%c\n", line, line - 32, 'A' + (char)i);
			}
		}
		if (cfg->gic.has_v2m && cfg->gic.v2m_base == line) {
			printf("  gic:%-4u SPI %-4u and the next %u: GICv2m messages\n", line, line - 32,
			       cfg->gic.v2m_count - 1);
		}
	}
}

/* Blocks a range takes when host memory is aligned as well as the guest's. */
static void count_blocks(u64 at, u64 left, u64 *blocks)
{
	static const u64 size[] = { GiB(1), MiB(2), PAGE_SIZE };

	while (left != 0) {
		u32 i = 0;

		while (i < 2 && (!IS_ALIGNED(at, size[i]) || left < size[i])) {
			i++;
		}
		blocks[i]++;
		at += size[i];
		left -= size[i];
	}
}

static void report_stage2(const struct vm_config *cfg)
{
	printf("Stage 2 (host memory allocated with the guest's alignment)\n");
	for (const struct cfg_mem *m = cfg->mem; m != NULL; m = m->next) {
		u64 blocks[3] = { 0 };
		char text[32];

		count_blocks(m->start, m->size, blocks);
		printf("  %s 0x%010lx %10s, %s: %lu x 1 GiB, %lu x 2 MiB, %lu x 4 KiB\n",
		       m->rom ? "rom" : "ram", m->start, size_text(m->size, text, sizeof(text)),
		       m->rom ? "read only" : "read, write, execute", blocks[0], blocks[1], blocks[2]);
	}
	printf("  everything else traps\n");
}

void report_vm(const struct check_vm *vm, const struct board_limits *board)
{
	const struct vm_config *cfg = &vm->cfg;
	u32 absent = 0;

	printf("VM %s: %u vCPU%s, GICv%u%s\n", cfg->name, cfg->cpu_count, cfg->cpu_count == 1 ? "" : "s",
	       cfg->gic.version, board == NULL ? " (no board given)" : "");
	report_cpus(cfg);
	report_map(vm);
	report_interrupts(cfg);
	report_stage2(cfg);
	report_passes(cfg, board != NULL ? board->board : NULL);
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		absent += v->type == NULL && v->decl != config_gic_options;
	}
	if (absent != 0) {
		printf("%u device%s not supported yet and left out\n", absent, absent == 1 ? " is" : "s are");
	}
	printf("\n");
}

static u64 cpus_of(const struct vm_config *cfg)
{
	u64 mask = 0;

	for (u32 i = 0; i < cfg->cpu_count; i++) {
		mask |= cfg->cpu[i].runmask != 0 ? cfg->cpu[i].runmask : ~0UL;
	}
	return mask;
}

static bool on_console(const struct vm_config *cfg)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
			const char *s = o->str;

			if (strcmp(o->decl->name, "hostdev") == 0 &&
			    strcmp(s + (*s == '<' || *s == '>'), "-") == 0) {
				return true;
			}
		}
	}
	return false;
}

static bool has_peer(const struct vm_config *cfg, const char *type, const char *peer)
{
	for (const struct cfg_vdev *v = cfg->vdev; v != NULL; v = v->next) {
		for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
			if (strcmp(v->type_name, type) == 0 && strcmp(o->decl->name, "peer") == 0 &&
			    strcmp(o->str, peer) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* What a's devices are joined with b's by: a switch or a group of that name, or b's own path. */
static void report_peers(const struct vm_config *a, const struct vm_config *b)
{
	size_t n = strlen(b->name);

	for (const struct cfg_vdev *v = a->vdev; v != NULL; v = v->next) {
		for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
			if (strcmp(o->decl->name, "peer") == 0 && (has_peer(b, v->type_name, o->str) ||
			    (strncmp(o->str, "/dev/qvm/", 9) == 0 && strncmp(o->str + 9, b->name, n) == 0 &&
			     o->str[9 + n] == '/'))) {
				printf("    joined by %s, peer %s\n", v->type_name, o->str);
			}
		}
	}
}

void report_shared(const struct check_vm *vms, u32 count)
{
	if (count < 2) {
		return;
	}
	printf("Between the VMs\n");
	for (u32 i = 0; i < count; i++) {
		for (u32 j = i + 1; j < count; j++) {
			const struct vm_config *a = &vms[i].cfg, *b = &vms[j].cfg;

			printf("  %s and %s: host CPUs %s, console %s; memory and devices not shared\n", a->name,
			       b->name, (cpus_of(a) & cpus_of(b)) != 0 ? "may be shared" : "not shared",
			       on_console(a) && on_console(b) ? "shared" : "not shared");
			report_peers(a, b);
		}
	}
}
