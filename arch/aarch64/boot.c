/* SPDX-License-Identifier: Apache-2.0 */
/* First C code of the boot CPU at the image's own address, and fatal exceptions of EL2. */
#include "arch/aarch64/cpu.h"
#include "arch/aarch64/firmware.h"
#include "arch/aarch64/layout.h"
#include "arch/aarch64/mitigations.h"
#include "arch/aarch64/mmu.h"
#include "arch/aarch64/smp.h"
#include "arch/arch.h"
#include "core/base/crc32.h"
#include "core/base/log.h"
#include "core/base/board.h"
#include "core/base/percpu.h"
#include "core/spec/quoin_image.h"

void el2_fatal(u64 kind, u64 sp, const u64 *regs) __noreturn;
int try_call(int (*fn)(void *), void *arg, u64 *tried);

/*
 * CRC of the monitor over the image as it was loaded, seen through its own mapping.
 */
static bool monitor_intact(pa_t image)
{
	const struct quoin_header *h = pa_ptr(image + QUOIN_HEADER_OFF);

	if (arch_map(image, PAGE_SIZE, MAP_RO) != 0) {
		return false;
	}
	if (h->monitor_off != QUOIN_MONITOR_OFF ||
	    h->monitor_size > (u64)(quoin_load_end - quoin_text_start)) {
		return false;
	}
	return crc32_update(0, quoin_text_start, h->monitor_size) == h->monitor_crc;
}

void boot_cpu_main(u64 arg, u64 fdt, pa_t image, pa_t bss)
{
	struct percpu *c = &percpus[0];
	bool el2 = field_get(BITS(3, 2), read_currentel()) == 2;
	struct boot_info boot = {
		.fdt = fdt,
		.image = image,
		.bss = bss,
		.bss_size = (u64)(quoin_bss_end - quoin_bss_start),
		.at_el2 = el2,
	};

	(void)arg;
	mmu_init(image, bss);
	boot.monitor_ok = monitor_intact(image);
	if (el2) {
		write_tpidr_el2((u64)c);
		c->mpidr = read_mpidr_el1() & 0xff00ffffffUL;
		cpu_setup_el2();
		s2_limit_ipa_bits(cpu_pa_bits());
	}
	quoin_main(&boot);
}

void arch_init_board(const struct board *b, unsigned int mitigations)
{
	firmware_init(b);
	mitigations_init((enum mitigations)mitigations);
	mitigations_init_cpu(this_cpu());
	mitigations_report(this_cpu());
	arch_timer_init_cpu();
	arch_clean_inval_dcache(&boot_start, sizeof(boot_start));
}

_Static_assert(offsetof(struct percpu, current) == PERCPU_CURRENT, "entry.S");
_Static_assert(offsetof(struct percpu, tried) == PERCPU_TRIED, "entry.S");
_Static_assert(offsetof(struct thread, tried) == THREAD_TRIED, "entry.S");

u64 arch_tried_at;

int arch_try(int (*fn)(void *arg), void *arg)
{
	struct percpu *c;
	u64 flags, *tried;

	if (field_get(BITS(3, 2), read_currentel()) != 2) {
		return fn(arg); /* EL1: what does not answer parks the CPU */
	}
	flags = irq_save();
	c = this_cpu();
	tried = c->current != NULL ? &c->current->tried : &c->tried; /* a thread may move meanwhile */
	irq_restore(flags);
	return try_call(fn, arg, tried);
}

void el2_fatal(u64 kind, u64 sp, const u64 *regs)
{
	static const char *const what[] = { "synchronous exception", "SError", "exception on SP_EL0" };

	panic("%s at EL2: esr 0x%lx elr 0x%lx far 0x%lx sp 0x%lx lr 0x%lx x0 0x%lx x1 0x%lx",
	      what[kind % ARRAY_SIZE(what)], read_esr_el2(), read_elr_el2(), read_far_el2(), sp, regs[11],
	      regs[0], regs[1]);
}
