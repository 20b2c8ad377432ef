/*
 * The whole contract between core/ and the hardware layer. arch/aarch64
 * implements it at EL2, arch/host fakes it on the build machine.
 */
#ifndef QUOIN_ARCH_ARCH_H
#define QUOIN_ARCH_ARCH_H

#include "arch_cpu.h"
#include "core/base/types.h"
#include "core/spec/vcpu_frame.h"

struct board;
struct board_uart;
struct vcpu;
struct percpu;
struct thread;
struct diag;

/* ---- Memory as EL2 sees it. All RAM and devices are mapped at VA = PA; the image at its link address. */

static inline void *pa_ptr(pa_t pa)
{
	return (void *)pa;
}

static inline pa_t ptr_pa(const void *p)
{
	return (pa_t)p;
}

enum map_kind { MAP_RAM, MAP_RO, MAP_DEVICE };

/* arch_map - map [pa, pa + size), page aligned, at VA = PA, never executable. 0, -EINVAL, -ENOMEM. Thread or boot. */
int arch_map(pa_t pa, u64 size, enum map_kind kind) __must_check;
/*
 * arch_stack_alloc - a stack of `size` bytes (whole pages, at most 28 KiB) behind an unmapped guard
 * page; its top, or NULL without memory. Boot or thread context.
 */
void *arch_stack_alloc(size_t size);
void arch_stack_free(void *top, size_t size);
/* arch_image_pa - physical address of a symbol of the image. */
pa_t arch_image_pa(const void *p);

/* Cache maintenance by VA to the point of coherency (ARM ARM D7.5.9). Any length, any alignment. */
void arch_clean_dcache(const void *p, size_t n);
void arch_clean_inval_dcache(const void *p, size_t n);
/* arch_sync_icache - no CPU executes what memory held before (all of the I-caches: EL2's VA is not the guest's). */
void arch_sync_icache(void);
/* arch_zero - zero [p, p + n), whole pages of RAM, down to the point of coherency. Thread or boot. */
void arch_zero(void *p, size_t n);

/* ---- Devices that may not answer, and the end of all */

/*
 * arch_try - fn(arg); -EFAULT if it touched what is not there: an external abort or SError, an alignment fault or an
 * undefined instruction (SMC without EL3) ends it where it stands, so it holds no lock there. arch_tried_at is the
 * address then, ~0: not known. Not nested in interrupts. Boot or thread.
 */
int arch_try(int (*fn)(void *arg), void *arg) __must_check;
extern u64 arch_tried_at;
/* arch_park - this CPU does nothing any more; x0 tells a debugger the code, x1 is the text. Any context. */
enum park {
	PARKED_EL1 = 1, /* smaller ones: arch/aarch64/layout.h */
	PARKED_IMAGE = 0x10,
	PARKED_TREE,
	PARKED_GIC,
	PARKED_TIMER,
	PARKED_MEMORY,
};
void arch_park(u64 code, const char *why) __noreturn;

/* ---- Stage 2 (ARM ARM D8.2): 4K granule, blocks up to 1 GiB. */

/* RAM and ROM are in the view of the VM's devices as well, unless they are _CPU; devices only as _DMA. */
enum s2_attr { S2_RAM, S2_ROM, S2_DEVICE, S2_DEVICE_RO, S2_RAM_CPU, S2_ROM_CPU, S2_DEVICE_DMA };

struct s2 {
	pa_t root;     /* of the start-level table (up to 16 concatenated) */
	pa_t dma_root; /* the same for what the VM's devices reach; 0: it has none that do DMA */
	ipa_t doorbell;
	pa_t doorbell_pa; /* 0: none */
	u64 vtcr, vttbr;
	u64 ipa_size;  /* bytes */
	u8 start_level;
	u8 vmid;
	u32 tables;    /* pages in use */
	u32 tables_max; /* s2_map() takes no more, what is there is used; 0: as many as there is memory for */
	u32 leaf[4];   /* mapped blocks and pages by level */
};

struct s2_leaf {
	pa_t pa;
	enum s2_attr attr; /* S2_RAM, S2_ROM or S2_DEVICE */
	u8 level;
};

/*
 * s2_init - an empty table with room for IPAs below `ipa_bits` (32..48, at most s2_max_ipa_bits()).
 * 0, -EINVAL, -ENOMEM. Thread or boot context.
 */
int s2_init(struct s2 *s, u8 vmid, unsigned int ipa_bits) __must_check;
unsigned int s2_max_ipa_bits(void);
/*
 * s2_map - map [ipa, ipa + size) to [pa, pa + size). All page aligned, nothing mapped there yet.
 * -EINVAL, -EEXIST, -ENOMEM; on error nothing has changed. Uses the largest blocks. Thread or boot.
 */
int s2_map(struct s2 *s, ipa_t ipa, pa_t pa, u64 size, enum s2_attr attr) __must_check;
/* s2_unmap - break whatever is mapped in the range and invalidate the TLBs. Thread context. */
void s2_unmap(struct s2 *s, ipa_t ipa, u64 size);
/* s2_lookup - pure; any context. */
bool s2_lookup(const struct s2 *s, ipa_t ipa, struct s2_leaf *out);
/* s2_destroy - free all tables; no CPU and no device uses them. */
void s2_destroy(struct s2 *s);
/*
 * s2_dma_enable - the DMA view of the VM: RAM and ROM, and the page `doorbell`, which leads to the
 * doorbell of the machine's MSI controller at `doorbell_pa` (0: none) and is in no CPU's view. From here
 * on s2_map() and s2_unmap() keep both. Again: harmless, may add the doorbell. -EINVAL, -EEXIST: something is
 * mapped at the doorbell, or it has another; -ENOMEM. Thread context, before the first iommu_attach().
 * s2_dma_lookup - as s2_lookup(), through the eyes of a device.
 */
int s2_dma_enable(struct s2 *s, ipa_t doorbell, pa_t doorbell_pa) __must_check;
bool s2_dma_lookup(const struct s2 *s, ipa_t ipa, struct s2_leaf *out);

/* ---- CPUs and time */

/* arch_init_board - what depends on the board or on options: conduit, EL2 entry hardening. Boot CPU, counter there. */
void arch_init_board(const struct board *b, unsigned int mitigations);

/* arch_trace - exits of guests on this CPU go through trace_sync() and its like, or no more. Masked. */
void arch_trace(bool on);
/* arch_guest_started - a guest is about to be entered: from now on masked stretches are measured. */
void arch_guest_started(void);
/* arch_bench_start - count EL2's instructions on the boot CPU; arch_bench_report - a line about them; false: not started. */
void arch_bench_start(void);
bool arch_bench_report(void);
/* arch_boot_cpus - start the other CPUs of the board; each calls cpu_main(). Returns how many run. */
u32 arch_boot_cpus(const struct board *b);
static inline u64 counter_now(void)
{
	return read_cntpct_el0();
}
extern u64 counter_hz;
/* counter_ns, ns_counter - convert; saturate instead of wrapping. Any context. */
u64 counter_to_ns(u64 ticks);
u64 ns_to_counter(u64 ns);
/* arch_timer_set - EL2 physical timer of this CPU: interrupt at `at`, ~0: off. IRQs masked. */
void arch_timer_set(u64 at);
/* arch_counter_init - the counter's frequency, boot CPU; NULL, or why it cannot be used. */
const char *arch_counter_init(const struct board *b);
void arch_timer_init_cpu(void);

/* arch_switch - save callee-saved state on `*from_sp`, continue on `to_sp` (thread switch). IRQs masked. */
void arch_switch(u64 *from_sp, u64 to_sp);
/* arch_thread_sp - the initial saved sp of a thread that starts in thread_start() on `stack_top`. */
u64 arch_thread_sp(void *stack_top);
/* arch_stack_call - continue in fn(arg) on stack `sp`; whatever was on the old one is dropped. */
void arch_stack_call(void *sp, void (*fn)(void *), void *arg) __noreturn;
/* arch_guest_enter - first entry of a vCPU: drop the EL2 stack and go to the guest. */
void arch_guest_enter(struct vcpu *v) __noreturn;

#define VCPU_BREAKPOINTS 16 /* of either kind: as many as the architecture allows */
#define VCPU_COUNTERS 8     /* event counters a guest may have */
#define VCPU_CYCLES VCPU_COUNTERS /* index of the cycle counter behind them */

/* Self-hosted debug. This is the truth at all times; `on`: it is also in the hardware while loaded. */
struct vcpu_debug {
	u64 bp[VCPU_BREAKPOINTS][2]; /* value, control; first: arch/aarch64/debug.S */
	u64 wp[VCPU_BREAKPOINTS][2];
	u64 mdscr;
	bool unlocked; /* OS lock */
	bool on;
};

/* The PMU. `on`: while loaded the hardware counts, and counters and overflow flags are there. */
struct vcpu_pmu {
	u64 counter[VCPU_COUNTERS + 1], type[VCPU_COUNTERS + 1];
	u32 pmcr, enabled, interrupt, overflow, selected, user;
	bool on;
	bool line; /* the overflow interrupt is asserted: the physical one is off meanwhile */
};

/* EL1 state of a vCPU that is not loaded. */
struct vcpu_sysregs {
	u64 sctlr, cpacr, ttbr0, ttbr1, tcr, mair, amair, vbar, contextidr;
	u64 sp_el0, sp_el1, elr, spsr, esr, far, afsr0, afsr1, par;
	u64 tpidr_el0, tpidr_el1, tpidrro_el0, csselr, cntkctl, disr;
	u64 cntv_ctl, cntv_cval, cntp_ctl, cntp_cval;
	__uint128_t q[32]; /* with the two behind it: the order of arch/aarch64/fp.S */
	u64 fpcr, fpsr;
	u64 key[10]; /* pointer authentication: IA, IB, DA, DB, GA, low half first */
	struct vcpu_debug debug;
	struct vcpu_pmu pmu;
};

/* What EL2 holds for a vCPU while it is loaded. */
struct vcpu_el2 {
	u64 hcr, vtcr, vttbr, vmpidr, vpidr, cntvoff;
	bool tlb_flush; /* this CPU's TLB holds stage 1 of another vCPU with the same VMID */
};

/* arch_vcpu_load, arch_vcpu_put - EL1 registers, FP and EL2's controls; not the vGIC. IRQs masked. */
void arch_vcpu_load(const struct vcpu_sysregs *r, const struct vcpu_el2 *e);
void arch_vcpu_put(struct vcpu_sysregs *r);
/* arch_vcpu_reset - EL1 registers as after a reset. Any context. */
void arch_vcpu_reset(struct vcpu_sysregs *r);
/* arch_debug_load - breakpoints, watchpoints and MDSCR_EL1 into the hardware; NULL: none fires. Exit. */
void arch_debug_load(const struct vcpu_debug *d);
/* arch_pmu_load, arch_pmu_put - start counting; stop, and read what was counted. Exit, IRQs masked. */
void arch_pmu_load(const struct vcpu_pmu *p);
void arch_pmu_put(struct vcpu_pmu *p);
/* Event counters that guests may have, the least of all CPUs; -1: some CPU has no PMU. */
extern int arch_pmu_counters;

struct smc_result {
	u64 a[4];
};
/* arch_firmware - SMCCC call through the board's conduit; false if there is none. Any context. */
bool arch_firmware(u64 fid, u64 a1, u64 a2, u64 a3, struct smc_result *r);
/* arch_firmware_guest - a guest's call: x0-x7 in and out (DEN 0028 2.6); false: no firmware, nothing has changed. Any context. */
bool arch_firmware_guest(u64 x[8]);
void arch_system_off(void) __noreturn;
void arch_system_reset(void) __noreturn;
/* arch_random - a hardware source of entropy (RNDR or firmware TRNG): true and 8 bytes, or false. */
bool arch_random(u64 *out);

/* Set at boot where a stage-2 fault may hide a stage-1 fault of the same access (erratum 834220). */
extern bool arch_recheck_faults;
/* arch_guest_translate - IPA of guest VA `va` as EL1 (or EL0) would read it; false if it faults. Exit, own vCPU. */
bool arch_guest_translate(u64 va, bool el0, ipa_t *ipa);

/* ---- Interrupts of the machine (arch/aarch64/gic/): GICv2 or GICv3, EOImode 1. */

#define INTID_SPURIOUS 1023
#define SGI_KICK 0 /* look at your work */

int gic_init(const struct board *b, struct diag *d) __must_check; /* boot CPU, once */
int gic_init_cpu(void) __must_check; /* every CPU; not 0: it has said why this one cannot be used */
unsigned int gic_host_version(void);                              /* 2 or 3 */
void gic_send_sgi(u32 sgi, u32 cpu);
void gic_enable(u32 intid, bool on);
void gic_configure(u32 intid, u8 prio, bool edge, u32 cpu); /* SPI target: a CPU number */
void gic_set_active(u32 intid, bool active);
/* Shared interrupts of the machine: how many INTIDs there are; latched pending state; trigger (while disabled), CPU. */
u32 gic_intids(void);
void gic_set_pending(u32 intid, bool pending);
bool gic_pending(u32 intid);
void gic_set_trigger(u32 intid, bool edge);
void gic_route(u32 intid, u32 cpu);

/* ---- IOMMUs (arch/aarch64/iommu/). Streams go through a stage 2 in the format of struct s2. */

struct iommu_view {
	pa_t root;
	u64 vtcr; /* as VTCR_EL2 */
	u8 vmid;
};

#define IOMMU_VMID_EMPTY 0 /* VMs have 1.. */
#define IOMMU_VMID_OWN 255
/* Of the empty one: PS and addresses of 32 bits, 4 KiB granule, inner shareable, write-back, start at level 1. */
#define IOMMU_EMPTY_VTCR (3UL << 12 | 1UL << 10 | 1UL << 8 | 1UL << 6 | 32)

struct iommu_fault {
	u32 sid;
	const char *what; /* a constant, "read-only"; NULL: `number` tells */
	u64 addr;         /* as the device put it */
	u32 number;       /* of the IOMMU's own events */
	bool has_addr, write;
	bool lost;        /* others before it could not be recorded */
	bool of_view;     /* only whose view it was is known: `vmid` instead of `sid`, and not what was wanted */
	u8 vmid;
};

struct iommu_ops;

/* An IOMMU of the board. */
struct iommu {
	const struct iommu_ops *ops;
	pa_t regs;      /* mapped; of regs_size bytes */
	u64 regs_size;
	bool coherent;  /* it sees the caches: of the board, lowered by the driver */
	u8 addr_bits;   /* widest address it takes or gives out: by init() */
	u64 sids;       /* streams are below: by init() */
	struct iommu *main; /* that does the work for this one, else itself: inits before it, tells its faults */
	pa_t empty;     /* a page of zeroes: the root of an empty stage 2 of 32 bits */
	bool dead;      /* it does not work (any more), and lets nothing through */
	void *priv;     /* the driver's */
};

struct iommu_ops {
	const char *compatible;
	u8 kind;        /* enum board_iommu_kind it drives, or IOMMU_OTHER: only what is `compatible` */
	bool bypassed;  /* by every stream that was not set: those the tree names are, at boot, to the empty stage 2 */
	/*
	 * Take it over: nothing passes from the first moment on, then every stream goes through the empty
	 * stage 2 (but see `bypassed`). 0, or -E and *why. Boot.
	 */
	int (*init)(struct iommu *u, const char **why);
	/*
	 * A stream goes through `v`; NULL: nothing passes nor is recorded. Old accesses have ended. One caller at a
	 * time. 0, -ENOMEM, -ENODEV: it is dead. Thread.
	 */
	int (*set)(struct iommu *u, u32 sid, const struct iommu_view *v);
	/* No translation of a VMID is remembered, none that was is in use. Several callers. Boot or thread. */
	void (*flush)(struct iommu *u, u8 vmid);
	/* The next fault recorded; false: none. Thread. */
	bool (*fault)(struct iommu *u, struct iommu_fault *out);
	/* Errors of its own: deal with and tell of them. Thread. */
	void (*errors)(struct iommu *u);
};

#define IOMMU(ident) \
	extern const struct iommu_ops iommu_##ident; \
	static const struct iommu_ops *const iommu_ref_##ident __used __section("quoin_iommus") = \
		&iommu_##ident; \
	const struct iommu_ops iommu_##ident

/* Set by the driver of an IOMMU that does not see the caches: stage 2 for devices is cleaned to memory. */
extern bool s2_dma_clean;
/* Set by one that walks tables of its own, made of them: iommu_flush() tells of new entries as well. */
extern bool s2_dma_copied;

/* ---- ITSs of the machine and LPIs (arch/aarch64/gic/its.c). One caller at a time. Thread context or work. */

#define HOST_LPIS 4096 /* INTIDs from 8192 */

/*
 * its_start - take ITS `its` of the board into use; with the first of them LPIs on every CPU. 0, also if it is in use;
 * -ENODEV: there is none; -EBUSY: firmware has left LPIs on and they cannot be turned off; -ENOMEM; -EIO: it does
 * not do what it should. The last three are said in the log, once.
 * its_map - events 0 to nvec - 1 of `devid` are LPIs `lpi` (counted from 8192) on, enabled, for CPU `cpu`; *itt is for
 * its_unmap(), unless NULL. -ENOMEM; -ENOSPC: no room in the ITS for this DeviceID; -EIO. its_unmap - and no longer; none of them comes when it returns,
 * but one that has been signalled. its_move - `event` comes to `cpu` from now on.
 */
int its_start(const struct board *b, u32 its) __must_check;
int its_map(u32 its, u32 devid, u32 nvec, u32 lpi, u32 cpu, void **itt) __must_check;
void its_unmap(u32 its, u32 devid, u32 nvec, u32 lpi, void *itt);
int its_move(u32 its, u32 devid, u32 event, u32 cpu) __must_check;

/* ---- Clock and reset controllers of a chip (arch/aarch64/clock/): its modules have a clock and a reset each. */

struct clock_ops {
	const char *const *compatible; /* NULL-terminated */
	u32 size;                      /* of what init() needs mapped, from the first register on */
	/*
	 * The module that an entry of `clocks` gates, or one of `resets` (reset: true) resets; `cells` stand behind the
	 * phandle. -1: none, a clock that always runs. Pure.
	 */
	int (*module)(const u32 *cells, u32 count, bool reset);
	u32 (*number)(u32 module); /* as people and device trees number it */
	/* Its rate in Hz as hand_over() sets it, the controller's input being `input_hz`; 0: not known. Pure. */
	u32 (*rate)(const char *compatible, const u32 *cells, u32 count, u32 input_hz);
	/* Why a device of these compatibles, `len` bytes of strings, is given to no VM, and what to do instead; NULL: it may be. Pure. */
	const char *(*refused)(const char *compatible, u32 len);
	/* Registers by offset, with whatever protects them. One caller at a time writes. */
	u32 (*read)(pa_t regs, u32 off);
	void (*write)(pa_t regs, u32 off, u32 val);
	/* Let the module's clock run (one caller at a time); running: it does. */
	void (*on)(pa_t regs, u32 module);
	bool (*running)(pa_t regs, u32 module);
	void (*reset)(pa_t regs, u32 module, bool assert); /* one caller at a time */
	u32 reset_us;                  /* how long a reset has to be */
};

#define CLOCK(ident) \
	extern const struct clock_ops clock_##ident; \
	static const struct clock_ops *const clock_ref_##ident __used __section("quoin_clocks") = \
		&clock_##ident; \
	const struct clock_ops clock_##ident

/* ---- Console hardware (arch/aarch64/uart/) */

struct uart_ops {
	const char *const *compatible; /* NULL-terminated */
	const char *early_name;        /* as in earlycon=NAME,ADDR */
	/* Firmware left it usable: the baud rate stays. `u`: what the device tree says; NULL: nothing is known. */
	int (*init)(pa_t base, const struct board_uart *u);
	bool (*putc)(pa_t base, u8 c); /* false: FIFO full */
	int (*getc)(pa_t base);        /* -1: none */
	void (*irq_mask)(pa_t base, bool rx, bool tx); /* which interrupts are on */
	void (*irq_ack)(pa_t base);
	bool (*busy)(pa_t base);       /* bytes have not left the wire yet; NULL: cannot tell */
};

#define UART(ident) \
	extern const struct uart_ops uart_##ident; \
	static const struct uart_ops *const uart_ref_##ident __used __section("quoin_uarts") = \
		&uart_##ident; \
	const struct uart_ops uart_##ident

const struct uart_ops *uart_by_compatible(const char *compatible);
const struct uart_ops *uart_by_early_name(const char *name);

/* ---- What the hardware layer calls: entries into core/ */

/* Where the loader put things. */
struct boot_info {
	pa_t fdt;   /* what x0 held */
	pa_t image; /* first byte of the image */
	pa_t bss;
	u64 bss_size;
	bool at_el2;
	bool monitor_ok;      /* CRC of the monitor, checked before anything wrote to .data */
};

/* quoin_main - bring the machine up and start what the image's script says. Boot CPU, EL2's own map on. */
void quoin_main(const struct boot_info *boot) __noreturn;

/* cpu_main - a CPU is up: schedule on it, for ever. Its percpu data are set, its interrupts masked. */
void cpu_main(struct percpu *c) __noreturn;
/* iommu_flush - stage 2 of a VM with DMA has lost entries: as tlb maintenance, in every IOMMU. Thread. */
void iommu_flush(u8 vmid);
/* thread_start - first code of every thread, on its own stack, interrupts masked (core/sched.c). */
void thread_start(void);

#endif
