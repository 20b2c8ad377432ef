/* SPDX-License-Identifier: Apache-2.0 */
#include "core/start.h"

#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/base/percpu.h"
#include "core/board.h"
#include "core/config/check.h"
#include "core/config/parse.h"
#include "core/console/console.h"
#include "core/host/host_wdt.h"
#include "core/image.h"
#include "core/base/memory.h"
#include "core/pass/pass.h"
#include "core/sched.h"
#include "core/script.h"
#include "core/shell/shell.h"
#include "core/vm_build.h"
#include "core/vm_life.h"

static const struct image *image;
static const struct board *board;
static struct vm_config configs[VM_MAX];
static struct arena arenas[VM_MAX]; /* of configs[] */
static u32 config_count;

static int open_text(void *ctx, const char *path, const char **text, size_t *len)
{
	const void *data;
	u64 size;
	int err = image_find(ctx, path, &data, &size);

	*text = data;
	*len = size;
	return err;
}

static bool new_arena(struct arena *a, size_t size)
{
	void *p = mem_alloc(size);

	if (p != NULL) {
		arena_init(a, p, size);
	}
	return p != NULL;
}

/* What a VM that will not start has taken is given back. */
static void forget_vm(u32 index)
{
	log_error("%s: not started", configs[index].name[0] != '\0' ? configs[index].name : "VM");
	mem_free(arenas[index].base, arenas[index].size);
}

/* Read and check one qvm line into configs[index]; false having said why it will not start. */
static bool read_vm(const struct script_vm *line, u32 index, const struct board_limits *limits)
{
	struct config_source src = { line->words, line->word_count, open_text, (void *)image };
	struct diag d = { .emit = log_diag };
	struct vm_config *cfg = &configs[index];

	if (!new_arena(&arenas[index], CONFIG_ARENA_SIZE)) {
		log_error("no memory to read the VM of %s:%u", line->pos.file, line->pos.line);
		return false;
	}
	if (config_parse(cfg, &arenas[index], &src, &d) != 0 || config_check(cfg, limits, &d) != 0) {
		forget_vm(index);
		return false;
	}
	return true;
}

static void __noreturn idle(enum script_idle what)
{
	switch (what) {
	case IDLE_POWEROFF:
		log_info("no VM runs, powering off");
		console_flush();
		arch_system_off();
	case IDLE_RESET:
		log_info("no VM runs, resetting");
		console_flush();
		arch_system_reset();
	case IDLE_WAIT:
		break;
	}
	log_info("no VM runs, waiting");
	console_focus(NULL);
	for (;;) {
		thread_block();
	}
}

static bool some_vm_lives(void)
{
	for (u32 i = 0; i < VM_MAX; i++) {
		struct vm *vm = vm_at(i);

		if (vm != NULL && __atomic_load_n(&vm->state, __ATOMIC_ACQUIRE) != VM_DEAD) {
			return true;
		}
	}
	return false;
}

/* Until all VMs have ended. Not under the hands of an operator, who may want to start one again. */
static void wait_all(void)
{
	bool told = false;

	for (;;) {
		if (some_vm_lives()) {
			told = false;
			thread_block();
		} else if (shell_attended()) {
			if (!told) {
				log_info("no VM runs; on-idle waits until the shell is left or not used for %u s",
					 SHELL_ATTENDED_S);
			}
			told = true;
			thread_sleep_until(counter_now() + counter_hz / 4);
		} else {
			return;
		}
	}
}

/* Some VM has these registers for itself. */
static bool is_passed(const struct range *regs)
{
	bool taken = false;

	for (u32 i = 0; i < config_count; i++) {
		for (const struct cfg_pass *p = configs[i].pass; p != NULL; p = p->next) {
			for (u32 n = 0; n < p->range_count; n++) {
				taken |= range_overlaps(p->range[n].pa, p->range[n].size, regs->start, regs->size);
			}
		}
	}
	return taken;
}

/* What `pass rest` stands for. The VM that does not start because it cannot be had, NULL: all do. */
static struct vm_config *give_rest(struct vm_config *const *vms, u32 count, const struct board_limits *limits, struct diag *d)
{
	static struct arena arena;

	for (u32 i = 0; i < count; i++) {
		if (!config_has_rest(vms[i])) {
			continue;
		}
		vms[i]->arena = &arena;
		if (new_arena(&arena, CONFIG_REST_ARENA_SIZE) && config_check_rest(vms, count, limits, d) == 0) {
			return NULL; /* one VM has it at most */
		}
		log_error("%s: not started", vms[i]->name);
		vms[i]->pass = NULL;
		return vms[i];
	}
	return NULL;
}

static void start_main(void *arg)
{
	struct diag d = { .emit = log_diag };
	const struct image_entry *e = image_script(image);
	struct board_limits limits = { 0 };
	struct range ram[8];
	struct script script = { .on_idle = IDLE_POWEROFF };
	struct vm_config *good[VM_MAX], *lost;
	struct arena arena;
	u32 count = 0;

	(void)arg;
	board_limits_of(board, ram, ARRAY_SIZE(ram), &limits);
	limits.cpu_count = cpu_count;
	for (u32 i = 0; i < cpu_count; i++) {
		board_limits_cpu(&limits, i, percpus[i].mpidr);
	}
	limits.pa_bits = (u8)s2_max_ipa_bits();
	limits.gic_version = (u8)gic_host_version();
	pass_limits(board, &limits);
	if (e == NULL || !new_arena(&arena, SCRIPT_ARENA_SIZE)) {
		log_error("the image has no start script");
		idle(IDLE_POWEROFF);
	}
	const char *name = image->names + e->name;
	const struct src_pos start = { name, 1, 1 };

	if (script_parse((const char *)image->base + e->off, e->size, &start, &arena, &d, &script) != 0) {
		log_error("%s: lines with errors are skipped", name);
	}
	for (const struct script_vm *v = script.vms; v != NULL; v = v->next) {
		if (count == VM_MAX) {
			diag_error(&d, &v->pos, "more than %d VMs", VM_MAX);
			break;
		}
		if (!read_vm(v, count, &limits)) {
			continue;
		}
		good[count] = &configs[count];
		/* What clashes with the VMs before it is not started; they are. */
		if (config_check_system((const struct vm_config *const *)good, count + 1, &limits, &d) != 0) {
			forget_vm(count);
			continue;
		}
		if (pass_claim_ram(&configs[count], &d) != 0) {
			forget_vm(count);
			continue;
		}
		count++;
	}
	lost = give_rest(good, count, &limits, &d);
	for (u32 i = 0; i < count; i++) {
		pass_promise(good[i]);
	}
	config_count = count;
	host_wdt_start(board, is_passed);
	console_multi(count > 1);
	for (u32 i = 0; i < count; i++) {
		if (good[i] != lost && vm_create(&configs[i], i, current_thread()) == NULL) {
			log_error("%s: not started, no memory", configs[i].name);
		}
	}
	wait_all();
	idle(script.on_idle);
}

bool start_vms(const struct image *img, const struct board *b)
{
	image = img;
	board = b;
	return thread_create("start", PRIO_DEFAULT + 1, ~0UL, start_main, NULL) != NULL;
}
