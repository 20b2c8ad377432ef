/*
 * The contract between a virtual device and the monitor. A device model sees
 * this header and nothing of the VM's insides or of arch/.
 *
 * One C file per device: a register table, create/reset/destroy, the options
 * it declares, its FDT node, its status text. VDEV() registers it. Handlers
 * see an index and a value, never an address.
 */
#ifndef QUOIN_CORE_VDEV_H
#define QUOIN_CORE_VDEV_H

#include "core/base/lock.h"
#include "core/base/types.h"
#include "core/config/vm_config.h"

/* Counted up when anything in this header changes for a compiled device. */
#define VDEV_ABI 5

struct vdev;
struct vcpu;
struct vm;
struct diag;

/* One guest load or store, already decoded; `off` is inside the device's window. */
struct mmio {
	u64 off, val;
	u8 size; /* 1, 2, 4 or 8 */
	bool write;
	bool area; /* `off` is inside the device's area, where nothing is mapped */
};

enum mmio_result {
	MMIO_DONE,  /* emulated; step over the instruction */
	MMIO_ABORT, /* guest error; a synchronous external abort is injected */
};

/*
 * One register, or an array of equal registers. A NULL `get` reads as zero, a
 * NULL `set` ignores writes. `mask` tells a setter which bits were written.
 */
struct vreg {
	u16 off, end; /* [off, end), multiples of `width` */
	u8 width;     /* bytes per register: 1, 2, 4 or 8 */
	u8 sizes;     /* allowed access sizes, or-ed: 1 | 2 | 4 | 8; none above `width` */
	bool polled;  /* what guests read in a loop, one row of a type; `get` is called without the lock */
	u64 (*get)(struct vdev *d, unsigned int idx);
	void (*set)(struct vdev *d, unsigned int idx, u64 val, u64 mask);
};

enum vopt_kind {
	VOPT_FLAG,   /* no argument */
	VOPT_NUM,    /* number, min..max */
	VOPT_SIZE,   /* address or size, K/M/G suffixes, min..max */
	VOPT_BOOL,   /* on/off, yes/no, true/false, 1/0 */
	VOPT_STRING, /* any text */
	VOPT_ENUM,   /* one of `values`, "a|b|c"; num = its index */
};

struct vdev_option {
	const char *name;
	enum vopt_kind kind;
	u64 min, max;       /* VOPT_NUM, VOPT_SIZE; max 0: no limit */
	const char *values; /* VOPT_ENUM */
	bool repeat;        /* may be given more than once */
	bool later;         /* parsed and checked, answered with "not supported yet" */
	bool required;      /* a device without it is refused */
	bool unique;        /* VOPT_NUM: no two VMs give the same */
	/* Optional: the file of the image that a text names, which has to be there; NULL: none. Host and boot. */
	const char *(*image_path)(const char *text);
	/* Optional, beside it: NULL if that file is right, else what is wrong with it. Host and boot. */
	const char *(*content)(const void *data, u64 size);
	/* Optional extra check of the text: NULL if fine, else what was expected. Host and boot. */
	const char *(*check)(const char *text);
	/* Optional: a warning about a text that is right, NULL: none. Host and boot. */
	const char *(*note)(const char *text);
	const char *help;   /* one line for the manual and qvm-check */
};

/* Writer of a device's FDT node (core/load/guest_fdt.c). Errors are sticky inside. */
struct fdt_node;
void fdt_node_str(struct fdt_node *n, const char *prop, const char *val);
void fdt_node_strs(struct fdt_node *n, const char *prop, const char *const *vals, unsigned int count);
void fdt_node_u32s(struct fdt_node *n, const char *prop, const u32 *vals, unsigned int count);
void fdt_node_flag(struct fdt_node *n, const char *prop);
/* `reg` of the device's own window and `interrupts` of its intr option (level: true = level high). */
void fdt_node_reg(struct fdt_node *n);
void fdt_node_intr(struct fdt_node *n, bool level);
/* phandle of the fixed 24 MHz clock node every generated tree has. */
u32 fdt_node_clock24m(struct fdt_node *n);
/* phandle of a fixed clock of `hz`, made for those who ask; before the node's end. */
u32 fdt_node_clock(struct fdt_node *n, u32 hz);
/* All that an Arm PrimeCell's node has: compatible, reg, interrupts, `count` clocks and their names. */
void fdt_node_primecell(struct fdt_node *n, const char *compatible, const char *const *clock_names,
			const u32 *clocks, unsigned int count);

struct vdev_type {
	u32 abi;                    /* VDEV_ABI */
	const char *name;           /* the word used in config files */
	const char *const *aliases; /* NULL-terminated list, or NULL */
	const struct vreg *regs;    /* sorted by `off`, no overlap */
	unsigned int reg_count;
	u32 window;                 /* bytes of the device's window */
	u64 area;                   /* bytes of address space for what it maps; needs `access` */
	bool need_loc, need_intr;
	ipa_t loc;                  /* where it is if the text names no place; 0: nowhere */
	bool auto_place;            /* what is not given of the two is chosen */
	bool pci;                   /* may be on the VM's PCI bus: no loc and intr, or loc pci: (cfg_vdev.pci) */
	const struct vdev_option *options; /* ends with a NULL name */
	size_t state_size;          /* of the whole device, struct vdev first */
	/*
	 * Optional: do the options given fit together? NULL, or what is wrong and in *at (set to the
	 * device's before) where. Host and boot.
	 */
	const char *(*check)(const struct cfg_vdev *v, const struct src_pos **at);

	/*
	 * Boot or thread context, before the VM runs or while it is stopped. All are optional.
	 * create: 0 or -E, having said why through vdev_error(); state is zeroed before it.
	 * destroy: after a create that succeeded; what is left is freed by core.
	 */
	int (*create)(struct vdev *d);
	void (*reset)(struct vdev *d);   /* VM start and restart */
	/* The VM has stopped: its memory is not touched any more when this returns. Thread, not locked. */
	void (*quiesce)(struct vdev *d);
	void (*destroy)(struct vdev *d);
	/*
	 * With `pci`, if cfg->pci is set: onto the VM's bus and off again (core/pci/vpci.h) instead of a window. plug: behind
	 * create; 0 or -E, having said why. unplug: behind destroy, whatever came of plug.
	 */
	int (*plug)(struct vdev *d);
	void (*unplug)(struct vdev *d);
	/* The node's name stem ("uart" gives /vdevs/uart@1c090000); NULL fdt: no node. */
	const char *node;
	void (*fdt)(struct vdev *d, struct fdt_node *n);
	/*
	 * Optional whole-window access instead of `regs` (a vGIC, a BAR). Exit context, the vCPU that
	 * accessed. The device is not locked: use vdev_lock() where needed. Alignment is unchecked.
	 */
	enum mmio_result (*access)(struct vdev *d, struct vcpu *v, struct mmio *m);
	/* Optional beside it: aligned 32-bit words of the window, a shorter way; they cannot fail. */
	u32 (*read32)(void *d, struct vcpu *v, u64 off);
	void (*write32)(void *d, struct vcpu *v, u64 off, u32 val);
	/* The handlers below are called with the device locked, in exit or thread context. */
	/* Input from the console: returns how many bytes were taken; then vdev_input_more() asks again. */
	unsigned int (*input)(struct vdev *d, const u8 *buf, unsigned int n);
	/* Output space became free again after vdev_putc() had refused. */
	void (*output_ready)(struct vdev *d);
	void (*expire)(struct vdev *d); /* the armed deadline has passed */
	/*
	 * What may take long, asked for by vdev_work(): called with interrupts on and without the
	 * device's lock, never twice at a time, on the vCPU that asked (accounted to it, preemptible),
	 * or by a thread: of the device if it has `sched`, else of its VM. A bounded piece at a time:
	 * vdev_work() again for the rest. vdev_lock_irq() protects what handlers share with it.
	 */
	void (*work)(struct vdev *d);
	void (*status)(struct vdev *d, char *buf, size_t size); /* text for the shell */
};

/* The common head of every device instance; a device embeds it first. */
struct vdev {
	const struct vdev_type *type;
	const struct cfg_vdev *cfg;
	struct vm *vm; /* opaque to devices */
	struct vdev *next;
	ipa_t base;
	ipa_t area;
	u32 size;
	u32 intid;       /* 0: none */
	bool line;       /* current level of the interrupt line */
	u32 unknown;     /* accesses to holes, counted */
	bool starved;    /* input() left something; owned by core */
	u8 index;        /* in its VM, among those with work() */
	u8 working;      /* enum vdev_working, owned by core */
	struct vdev_worker *worker;
	void *backend;   /* console port, owned by core */
	struct vdev *ends; /* by vdev_connect_end() */
	struct spinlock lock;
	u8 *map;         /* word of the window -> first row of type->regs that touches it */
	u64 polled_off;  /* the polled row, for the shortest way; ~0: none */
	u64 (*polled_get)(struct vdev *d, unsigned int idx);
	u64 deadline;    /* armed deadline in counter ticks; 0: none */
};

/* Services a device model may use; this is the complete list. Exit or thread context. */
void vdev_set_irq(struct vdev *d, bool level);     /* drive the line; edges are found by the vGIC */
u64 vdev_now_ns(struct vdev *d);                   /* monotonic guest time */
void vdev_arm(struct vdev *d, u64 deadline_ns);    /* expire() once at that time; 0 disarms */
void vdev_watchdog(struct vdev *d, bool dump);     /* the VM ends by its watchdog; `dump`: and is kept */
void vdev_set_fiq(struct vdev *d, bool level);     /* drive the FIQ line of the first vCPU */
bool vdev_putc(struct vdev *d, u8 c);              /* to hostdev; false: no space, try after output_ready */
u32 vdev_write(struct vdev *d, const u8 *bytes, u32 n); /* several at once; how many there was space for */
bool vdev_output_full(struct vdev *d);
void vdev_input_more(struct vdev *d);              /* there is room for input() again */
/*
 * vdev_connect - attach the device to what its `hostdev` options name (core/vdev_hostdev.c); with
 * `batch`, its output is collected for up to so many microseconds. No `hostdev`: output is dropped.
 * 0 or -E, having said why. create() only. The declarations of these options are here for all.
 * vdev_connect_end - the same for a device of several streams: `end`, a zeroed struct vdev inside its
 * state with a type of its own for input and output_ready, is connected as the `hostdev` options in
 * [from, to) say (`d` itself is one, too). Services that take a device take it for its stream, under
 * its lock.
 * vdev_disconnect - no more calls into the device or its ends, which are then forgotten; harmless
 * without. create() has to, before it fails, if there are ends.
 * vdev_delayed - how many seconds `delayed SEC|forever` lets the device wait for what its options
 * name and is not there yet; 0: not at all. create() and work().
 */
#define VDEV_FOREVER (~0U)
int vdev_connect(struct vdev *d) __must_check;
int vdev_connect_end(struct vdev *d, struct vdev *end, const struct cfg_option *from,
		     const struct cfg_option *to) __must_check;
void vdev_disconnect(struct vdev *d);
u32 vdev_delayed(struct vdev *d);
/* vdev_wait - sleep for `ms`; false: somebody wants the VM to do something else. create(). */
bool vdev_wait(struct vdev *d, u32 ms);
const char *vdev_check_hostdev(const char *text);
const char *vdev_hostdev_path(const char *text);
const char *vdev_check_delayed(const char *text);
const char *vdev_note_hostdev(const char *text);
#define VDEV_OPTION_HOSTDEV \
	{ .name = "hostdev", .kind = VOPT_STRING, .repeat = true, .check = vdev_check_hostdev, \
	  .image_path = vdev_hostdev_path, \
	  .note = vdev_note_hostdev, \
	  .help = "[<|>]PATH: where output goes and input comes from; - is the console" }
#define VDEV_OPTION_BATCH \
	{ .name = "batch", .kind = VOPT_NUM, .max = 1000000, \
	  .help = "microseconds to collect output before it is passed on" }
#define VDEV_OPTION_DELAYED \
	{ .name = "delayed", .kind = VOPT_STRING, .check = vdev_check_delayed, \
	  .help = "seconds to wait for a host device that is not there yet, or `forever`" }
int vdev_read_ram(struct vdev *d, ipa_t from, void *to, size_t size) __must_check;
int vdev_write_ram(struct vdev *d, ipa_t to, const void *from, size_t size) __must_check;
/* vdev_ram - pointer to guest RAM [ipa, ipa + *len), *len lowered to what is contiguous; NULL: none there. */
void *vdev_ram(struct vdev *d, ipa_t ipa, u64 *len, bool write);
/* vdev_ram_run - the whole run of writable guest RAM around `ipa`; all zero if there is none. It stays as long as the device. */
struct vdev_run {
	ipa_t ipa;
	u64 size;
	u8 *p;
};
struct vdev_run vdev_ram_run(struct vdev *d, ipa_t ipa);
u32 vdev_vcpu_count(struct vdev *d);
/* vdev_file - a file of the image, in place, read only; -ENOENT. create() only. */
int vdev_file(struct vdev *d, const char *path, const void **data, u64 *size) __must_check;
/* Zeroed memory in whole pages, NULL: none left. create(), destroy() and work(). */
void *vdev_mem_alloc(struct vdev *d, u64 size);
void vdev_mem_free(struct vdev *d, void *p, u64 size);
/* vdev_number - a whole text as the configuration language writes numbers: 0x10, 16, 4K. Any context. */
bool vdev_number(const char *text, u64 *out);
int vdev_random(struct vdev *d, void *buf, size_t n) __must_check; /* 0, or -E: no source */
/*
 * Memory that several VMs see: zeroed, at least page aligned, fit for large blocks; NULL: none left.
 * vdev_map - put it into the device's area at `at`; 0, -EEXIST, -ENOMEM. vdev_unmap - take it out, no
 * CPU sees it there when it returns. create(), quiesce(), destroy() and work().
 */
void *vdev_shared_alloc(struct vdev *d, u64 size);
void vdev_shared_free(struct vdev *d, void *p, u64 size);
int vdev_map(struct vdev *d, ipa_t at, void *p, u64 size) __must_check;
void vdev_unmap(struct vdev *d, ipa_t at, u64 size);
void vdev_pause(void);                             /* give others a moment; create(), destroy() */
const char *vdev_vm_name(struct vdev *d);
u32 vdev_vm_number(struct vdev *d);                /* from 0, in the order of the start script */
void vdev_work(struct vdev *d);                    /* have work() called soon; any context */
void vdev_work_here(struct vdev *d, struct vcpu *v); /* now if that can be; in write32() and access(), last */
void vdev_hold(struct vdev *d, bool on);           /* the vCPU that accesses goes on when no device holds its VM */
u64 vdev_lock_irq(struct vdev *d);                 /* in work(): what handlers share with it */
void vdev_unlock_irq(struct vdev *d, u64 flags);
void vdev_lock(struct vdev *d);                    /* held by core around every register handler */
void vdev_unlock(struct vdev *d);
const struct cfg_option *vdev_option(struct vdev *d, const char *name); /* first (NULL: not given) */
u64 vdev_option_num(struct vdev *d, const char *name, u64 otherwise); /* its number; `otherwise`: not given */
void vdev_error(struct vdev *d, const struct src_pos *pos, const char *fmt, ...) __printf(3, 4);
void vdev_log(struct vdev *d, const char *fmt, ...) __printf(2, 3); /* as log_guest(): strings are constants */

/*
 * What the image builder reads in an object before it links it: an ELF note of section
 * ".note.quoin.vdev", name "Quoin", type 1, and these words.
 */
struct vdev_note {
	u32 namesz, descsz, type;
	char name[8];
	u32 abi;       /* VDEV_ABI */
	u32 type_size; /* sizeof(struct vdev_type) */
	u32 head_size; /* sizeof(struct vdev) */
};

#define VDEV_NOTE(ident) \
	static const struct vdev_note vdev_note_##ident __used \
		__section(".note.quoin.vdev") __aligned_to(4) = { \
			6, 12, 1, "Quoin", VDEV_ABI, sizeof(struct vdev_type), sizeof(struct vdev) };

/*
 * VDEV(ident) { .name = "...", ... };  defines and registers a device type.
 * All types of an image stand in one linker section, found by vdev_find().
 */
#define VDEV(ident) \
	VDEV_NOTE(ident) \
	extern const struct vdev_type vdev_type_##ident; \
	static const struct vdev_type *const vdev_ref_##ident __used __section("quoin_vdevs") = \
		&vdev_type_##ident; \
	const struct vdev_type vdev_type_##ident

/* ---- For the monitor and the tools; not for devices. */

/* vdev_find - type by name or alias ("vdev-x" and "x.so" spellings too); NULL: not in this image. */
const struct vdev_type *vdev_find(const char *name);
/* vdev_type_at - the `i`-th type of this image, NULL behind the last. */
const struct vdev_type *vdev_type_at(unsigned int i);
/* vdev_type_ok - table sorted, aligned, no overlap, widths sane; NULL or what is wrong. Tests and mkimage. */
const char *vdev_type_ok(const struct vdev_type *t);

/*
 * vdev_access - dispatch one access through the type's register table: width, alignment and holes
 * are decided here. Takes the device's lock. Exit context; m->off < d->size.
 */
enum mmio_result vdev_access(struct vdev *d, struct mmio *m);

/*
 * vdevs_create - make the devices of vm->cfg (types with state) and claim their windows, in the
 * order of the text, on vm->vdevs. 0, or -E after one error on `diag`; nothing is left then.
 * vdevs_quiesce - the VM has stopped: no device, of it or of others, touches its memory any more.
 * vdevs_reset - power-on state; no vCPU runs. vdevs_destroy - disarm and free; no vCPU runs.
 * Boot or thread context.
 */
int vdevs_create(struct vm *vm, struct diag *diag) __must_check;
void vdevs_quiesce(struct vm *vm);
void vdevs_reset(struct vm *vm);
/* vdevs_resume - after a pause of `gap` counter ticks: deadlines are that much later. Thread context. */
void vdevs_resume(struct vm *vm, u64 gap);
void vdevs_destroy(struct vm *vm);
/* vdevs_report - a line for each device that has a status. Thread context; no vCPU runs. */
void vdevs_report(struct vm *vm);

/*
 * vdev_work_run - do the work that vCPU `v` was asked for. Exit context, own vCPU, interrupts are on
 * meanwhile.
 * vdev_worker_of - who does the work of device `d`, which is being made; 0, or -ENOMEM after one error.
 * vdev_workers_quiet - what was asked for is dropped, what runs is over.
 * vdev_workers_close - the same, and nothing is done any more. vdev_workers_destroy - end
 * them; nobody asks for work any more. Boot or thread context, no vCPU of the VM runs.
 */
void vdev_work_run(struct vcpu *v);
bool vdev_held(const struct vdev *d);
int vdev_worker_of(struct vdev *d, struct diag *diag) __must_check;
void vdev_workers_quiet(struct vm *vm);
void vdev_workers_close(struct vm *vm);
void vdev_workers_destroy(struct vm *vm);

/* Calls of the console into a device; they lock it. Exit or thread context, no lock held. */
unsigned int vdev_input(struct vdev *d, const u8 *buf, unsigned int n);
void vdev_output_ready(struct vdev *d);

#endif
