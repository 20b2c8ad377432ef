/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that look into a guest: registers and memory. */
#include <errno.h>
#include <string.h>
#include "core/base/fmt.h"
#include "core/shell/shell.h"
#include "core/shell/view.h"
#include "core/vm_life.h"

#define MD_MAX KiB(4)

/* ---- Registers */

static struct {
	u64 x[31], pc, pstate;
	struct vcpu_sysregs el1;
} regs; /* the shell is one thread, and its stack is small */

/* Copy what a vCPU that does not run has in memory. */
static bool copy_registers(struct vm *vm, u64 index)
{
	bool there;
	u64 flags;

	if (!view_open(vm, &flags)) {
		return false;
	}
	there = index < vm->vcpu_count && vm->state != VM_RUNNING;
	if (there) {
		const struct vcpu *v = vm->vcpu[index];

		memcpy(regs.x, v->x, sizeof(regs.x));
		regs.pc = v->pc;
		regs.pstate = v->pstate;
		regs.el1 = v->regs;
	}
	view_close(vm, flags);
	return there;
}

static void show_registers(struct shell *sh)
{
	const struct vcpu_sysregs *r = &regs.el1;

	for (u32 i = 0; i < 30; i += 3) {
		shell_print(sh, "x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, regs.x[i], i + 1, regs.x[i + 1],
			    i + 2, regs.x[i + 2]);
	}
	shell_print(sh, "x30 %016lx  pc  %016lx  pstate %lx", regs.x[30], regs.pc, regs.pstate);
	shell_print(sh, "sp_el0 %lx  sp_el1 %lx  tpidr %lx/%lx", r->sp_el0, r->sp_el1, r->tpidr_el0,
		    r->tpidr_el1);
	shell_print(sh, "sctlr %lx  tcr %lx  ttbr %lx/%lx  mair %lx", r->sctlr, r->tcr, r->ttbr0, r->ttbr1,
		    r->mair);
	shell_print(sh, "vbar %lx  esr %lx  far %lx  elr %lx  spsr %lx", r->vbar, r->esr, r->far, r->elr,
		    r->spsr);
	shell_print(sh, "cntv_ctl %lx  cntv_cval %lx", r->cntv_ctl, r->cntv_cval);
}

SHELL_COMMAND(regs, "regs", "VM [vCPU]", "a vCPU's registers; its VM stops for a moment")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	u64 index = 0;
	bool paused, there;

	if (vm == NULL || (argc > 2 && !shell_number(sh, argv[2], &index))) {
		return 0;
	}
	paused = vm_pause(vm) == 0;
	there = copy_registers(vm, index);
	if (paused && vm_resume(vm) != 0) {
		shell_print(sh, "%s: it is %s now", vm->cfg->name, vm_state_name(vm));
	}
	if (there) {
		show_registers(sh);
	} else {
		shell_print(sh, "%s: no vCPU %lu now", vm->cfg->name, index);
	}
	return 0;
}

/* ---- Memory */

static bool read_guest(struct vm *vm, ipa_t at, u8 *to, size_t n)
{
	bool ok = false;
	u64 flags;

	if (view_open(vm, &flags)) {
		ok = vm_read_ram(vm, at, to, n) == 0;
		view_close(vm, flags);
	}
	return ok;
}

static void show_bytes(struct shell *sh, ipa_t at, const u8 *bytes, size_t n)
{
	char hex[3 * 16 + 1], text[17];
	size_t at_hex = 0;

	for (size_t i = 0; i < n; i++) {
		at_hex += fmt_str(hex + at_hex, sizeof(hex) - at_hex, "%02x ", bytes[i]);
		text[i] = (char)(bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
	}
	text[n] = '\0';
	shell_print(sh, "%010lx  %-48s %s", at, hex, text);
}

SHELL_COMMAND(md, "md", "VM ADDRESS [BYTES]", "memory of a guest at a guest physical address")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	u64 at, size = 64;
	u8 bytes[16];

	if (vm == NULL || !shell_number(sh, argv[2], &at) || (argc > 3 && !shell_number(sh, argv[3], &size))) {
		return 0;
	}
	for (size = MIN(size, MD_MAX); size != 0;) {
		u64 n = MIN(size, 16 - at % 16);

		if (!read_guest(vm, at, bytes, n)) {
			shell_print(sh, "%s: no RAM or ROM at 0x%lx", vm->cfg->name, at);
			break;
		}
		show_bytes(sh, at, bytes, n);
		at += n;
		size -= n;
	}
	return 0;
}
