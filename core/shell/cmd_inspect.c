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

/* The registers of a vCPU as they are now: a VM that runs stops for a moment. */
static bool fetch_registers(struct shell *sh, struct vm *vm, u64 index)
{
	bool paused = vm_pause(vm) == 0;
	bool there = copy_registers(vm, index);

	if (paused && vm_resume(vm) != 0) {
		shell_print(sh, "%s: it is %s now", vm->cfg->name, vm_state_name(vm));
	}
	if (!there) {
		shell_print(sh, "%s: no vCPU %lu now", vm->cfg->name, index);
	}
	return there;
}

SHELL_COMMAND(regs, "regs", "VM [vCPU]", "a vCPU's registers; its VM stops for a moment")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	u64 index = 0;

	if (vm != NULL && (argc == 2 || shell_number(sh, argv[2], &index)) && fetch_registers(sh, vm, index)) {
		show_registers(sh);
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

/*
 * The guest physical address of `va` by the translation tables of the registers fetched last, as EL1 reads
 * it (ARM ARM D8.2, 4, 16 and 64 KiB granules; the top byte is of no account). False: it is not mapped.
 */
static bool walk(struct vm *vm, u64 va, ipa_t *out)
{
	static const u8 granule[2][4] = { { 12, 16, 14, 0 }, { 0, 14, 12, 16 } };
	const struct vcpu_sysregs *r = &regs.el1;
	bool upper = (va & BIT(55)) != 0;
	u64 tcr = upper ? r->tcr >> 16 : r->tcr, at = upper ? r->ttbr1 : r->ttbr0;
	u32 page = granule[upper][field_get(BITS(15, 14), tcr)], bits = 64 - (u32)(tcr & 0x3f), shift;

	if ((r->sctlr & 1) == 0) {
		*out = va;
		return true;
	}
	if (page == 0 || bits <= page || bits > 52 || (upper ? ~va : va) << 8 >> (bits + 8) != 0) {
		return false;
	}
	at &= BITS(47, 6);
	for (shift = page + (bits - page - 1) / (page - 3) * (page - 3);; shift -= page - 3) {
		u64 index = (va & (BIT(bits) - 1)) >> shift & (BIT(page - 3) - 1), entry;

		if (!read_guest(vm, at + 8 * index, (u8 *)&entry, sizeof(entry)) || (entry & 1) == 0) {
			return false;
		}
		if (shift == page || (entry & 2) == 0) {
			*out = (entry & BITS(47, shift)) | (va & (BIT(shift) - 1));
			return shift != page || (entry & 2) != 0;
		}
		at = entry & BITS(47, page);
	}
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

SHELL_COMMAND(md, "md", "VM ADDRESS|v:ADDRESS [BYTES]", "guest memory, physical or as its vCPU 0 sees it")
{
	struct vm *vm = shell_vm(sh, argv[1]);
	bool virtual = strncmp(argv[2], "v:", 2) == 0;
	u64 at, size = 64;
	u8 bytes[16];

	if (vm == NULL || !shell_number(sh, argv[2] + 2 * virtual, &at) ||
	    (argc > 3 && !shell_number(sh, argv[3], &size)) || (virtual && !fetch_registers(sh, vm, 0))) {
		return 0;
	}
	for (size = MIN(size, MD_MAX); size != 0;) {
		u64 n = MIN(size, 16 - at % 16);
		ipa_t ipa = at;

		if ((virtual && !walk(vm, at, &ipa)) || !read_guest(vm, ipa, bytes, n)) {
			shell_print(sh, "%s: no RAM or ROM at %s0x%lx", vm->cfg->name, virtual ? "v:" : "", at);
			break;
		}
		show_bytes(sh, at, bytes, n);
		at += n;
		size -= n;
	}
	return 0;
}
