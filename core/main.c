/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot order. Each step needs only what stands above it; a step that fails says
 * why on the console it has and stops the machine.
 */
#include <errno.h>
#include <string.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/board.h"
#include "core/clock/clock.h"
#include "core/console/console.h"
#include "core/host/virtio.h"
#include "core/host/host_wdt.h"
#include "core/image.h"
#include "core/iommu/iommu.h"
#include "core/irq.h"
#include "core/base/memory.h"
#include "core/options.h"
#include "core/rng.h"
#include "core/sched.h"
#include "core/shell/shell.h"
#include "core/start.h"
#include "core/sysreg/sysreg.h"
#include "core/trace.h"
#include "core/vm_build.h"

#define FDT_MAGIC 0xedfe0dd0 /* as a little-endian word */
#define FDT_MAX MiB(4)

static struct board board;
static struct image image;
static struct options options;

static struct diag boot_diag = { .emit = log_diag };

static void __noreturn stop(enum park code, const char *why)
{
	log_error("cannot start: %s", why);
	console_flush();
	arch_park(code, why);
}

static u64 page_round(u64 start, u64 size)
{
	return ALIGN_UP(start + size, PAGE_SIZE) - ALIGN_DOWN(start, PAGE_SIZE);
}

static int map_ro(pa_t start, u64 size)
{
	return arch_map(ALIGN_DOWN(start, PAGE_SIZE), page_round(start, size), MAP_RO);
}

/* The image's headers tell how much of it there is; its monitor has been running from it already. */
static const char *find_image(const struct boot_info *boot)
{
	const struct quoin_header *h = pa_ptr(boot->image + QUOIN_HEADER_OFF);

	if (map_ro(boot->image, QUOIN_MONITOR_OFF) != 0 || map_ro(boot->image, boot->bss - boot->image) != 0) {
		return "the image cannot be mapped";
	}
	if (h->options_size != 0 && h->options_off < QUOIN_MONITOR_OFF &&
	    h->options_size < QUOIN_MONITOR_OFF - h->options_off) {
		options_parse(&options, pa_ptr(boot->image + h->options_off), "boot options", false,
			      &boot_diag);
	}
	if (options.earlycon != NULL && console_early(options.earlycon) != 0) {
		log_warn("earlycon=%.32s: expected NAME,ADDRESS of a known UART", options.earlycon);
	}
	return NULL;
}

static const char *check_image(const struct boot_info *boot)
{
	if (!boot->monitor_ok) {
		return "the image is damaged (CRC of the monitor)";
	}
	if (image_open(pa_ptr(boot->image), boot->bss - boot->image, &image, &boot_diag) != 0) {
		return "the image is damaged";
	}
	if (options.check_crc && image_check_payloads(&image, &boot_diag) != 0) {
		return "a payload of the image is damaged";
	}
	return NULL;
}

struct tree {
	const u32 *at;
	u64 size;
	const char *error;
};

/* In arch_try(): nobody has said yet that there is memory. */
static int parse_tree(void *arg)
{
	struct tree *t = arg;

	if (t->at[0] != FDT_MAGIC) {
		return 0;
	}
	t->size = __builtin_bswap32(t->at[1]);
	t->error = "the device tree claims to be too large";
	if (t->size <= FDT_MAX && map_ro(ptr_pa(t->at), t->size) == 0) {
		t->error = board_parse(&board, t->at, t->size, &boot_diag) != 0 ?
			   "the device tree is damaged or lacks what is needed" : NULL;
	}
	return 0;
}

static const char *read_board(const struct boot_info *boot)
{
	struct tree t = { pa_ptr(boot->fdt), 0, "x0 does not point at a device tree" };
	u64 size;

	if (boot->fdt == 0 || !IS_ALIGNED(boot->fdt, 4) || map_ro(boot->fdt, 8) != 0) {
		return t.error;
	}
	if (arch_try(parse_tree, &t) != 0) {
		memset(&board, 0, sizeof(board));
		board.stdout_uart = -1;
		return t.size == 0 ? t.error : "the device tree ends where no memory is";
	}
	if (t.error != NULL) {
		return t.error;
	}
	size = t.size;
	if (board_reserve(&board, boot->fdt, size, RESERVED_OWN) != 0 ||
	    board_reserve(&board, boot->image, boot->bss + boot->bss_size - boot->image, RESERVED_OWN) != 0) {
		return "too many reserved ranges";
	}
	options_parse(&options, board.bootargs, "bootargs", true, &boot_diag);
	return NULL;
}

/* All RAM at VA = PA except what must not even be read speculatively. */
static const char *map_ram(const struct boot_info *boot)
{
	if (map_ro(boot->bss, boot->bss_size) != 0) { /* only its image address is writable */
		return "the image cannot be mapped";
	}
	for (u32 i = 0; i < board.ram_count; i++) {
		pa_t at = ALIGN_UP(board.ram[i].start, PAGE_SIZE);
		pa_t end = ALIGN_DOWN(board.ram[i].start + board.ram[i].size, PAGE_SIZE);

		while (at < end) {
			pa_t stop_at = end, next = end;

			for (u32 j = 0; j < board.reserved_count; j++) {
				const struct board_reserved *r = &board.reserved[j];
				pa_t rs = ALIGN_DOWN(r->start, PAGE_SIZE);
				pa_t re = ALIGN_UP(r->start + r->size, PAGE_SIZE);

				if (r->kind == RESERVED_NO_MAP && re > at && rs < stop_at) {
					stop_at = MAX(rs, at);
					next = re;
				}
			}
			/* One that the CPU has no addresses for, or that lies over the image, is nobody's. */
			if (stop_at > at && arch_map(at, stop_at - at, MAP_RAM) != 0) {
				log_warn("RAM at 0x%lx, 0x%lx bytes, cannot be mapped: not used", at, stop_at - at);
			} else {
				memory_add(at, stop_at - at);
			}
			at = MAX(next, stop_at);
		}
	}
	for (u32 j = 0; j < board.reserved_count; j++) {
		memory_reserve(board.reserved[j].start, board.reserved[j].size);
	}
	return NULL;
}

static void must(enum park code, const char *error)
{
	if (error != NULL) {
		stop(code, error);
	}
}

/* CPUs that came up; one that did not leaves a hole in the numbers. */
static u32 cpus_online(void)
{
	u32 n = 0;

	for (u32 i = 0; i < cpu_count; i++) {
		n += percpus[i].online;
	}
	return n;
}

static void console_interrupt(void *arg)
{
	(void)arg;
	console_irq();
}

void quoin_main(const struct boot_info *boot)
{
	const char *error;

	must(PARKED_IMAGE, find_image(boot));
	error = read_board(boot);
	if (error == NULL) {
		error = map_ram(boot);
	}
	if (error == NULL) {
		clock_init(&board, board_console(&board, console_knows));
	}
	/* Even with a tree that is refused: its UART may have been found, to say why. */
	if (console_init(&board) != 0) {
		log_warn("no UART of the device tree has a driver and answers: expected arm,pl011 or another known one");
	}
	log_set_level((enum log_level)MIN(LOG_INFO + options.verbose, (unsigned int)LOG_VERBOSE));
	if (!boot->at_el2) {
		stop(PARKED_EL1, "entered at EL1, a hypervisor needs EL2 (firmware or -machine virtualization=on)");
	}
	must(PARKED_TREE, error);
	must(PARKED_IMAGE, check_image(boot));
	must(PARKED_TIMER, arch_counter_init(&board));
	arch_init_board(&board, (unsigned int)options.mitigations);
	if (gic_init(&board, &boot_diag) != 0 || gic_init_cpu() != 0) {
		stop(PARKED_GIC, "the interrupt controller cannot be used");
	}
	irq_init(&board);
	iommu_init(&board);
	vio_board(&board);
	pmu_init(&board);
	sched_init_cpu(this_cpu());
	if (console_intid() == 0 || irq_register(console_intid(), false, console_interrupt, NULL) == 0) {
		if (options.escape != 0) {
			console_set_escape(options.escape);
		}
		console_start();
	}
	rng_init(&board);
	cpu_count = arch_boot_cpus(&board);
	log_info("%s: %u of %u CPUs, GICv%u, %lu MiB free",
		 board.model[0] != '\0' ? board.model : board.compatible, cpus_online(),
		 board.cpu_count + board.cpu_skipped, gic_host_version(), mem_free_bytes() >> 20);
	vm_sources(&image, &board, options.scrub_boot);
	host_wdt_option((enum host_wdt_mode)options.watchdog);
	if (options.bench) {
		arch_bench_start();
	}
	if (options.trace != 0 && trace_start(options.trace) != 0) {
		log_warn("trace: no memory for rings of %lu KiB", options.trace >> 10);
	}
	iommu_start();
	if (!thread_reaper_start() || !start_vms(&image, &board)) {
		stop(PARKED_MEMORY, "no memory for the first thread");
	}
	if (!shell_start(&image, &board)) {
		log_warn("no memory for the shell");
	}
	sched_start(); /* this context is the boot CPU's idle thread from here on */
}
