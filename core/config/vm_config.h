/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a qvmconf text says, checked and ready to build a VM from. Everything
 * hangs off one arena; strings and structures live as long as the VM.
 *
 * Lists are in the order of the text. Every entry knows its source position.
 */
#ifndef QUOIN_CORE_CONFIG_VM_CONFIG_H
#define QUOIN_CORE_CONFIG_VM_CONFIG_H

#include "core/base/arena.h"
#include "core/base/board.h"
#include "core/base/diag.h"
#include "core/base/types.h"

#define VM_MAX_CPUS 8
#define VM_NAME_MAX 31
#define VM_MAX_MEM 16   /* ram and rom options */
#define VM_MAX_VDEVS 32 /* that run, the GIC among them */

/* Shared peripheral interrupts (IHI 0069 2.2): what a device or a pass may use. */
#define CONFIG_INTID_MIN 32
#define CONFIG_INTID_MAX 1019

struct vdev_type;
struct vdev_option;

enum cfg_sched_alg { SCHED_RR, SCHED_FIFO, SCHED_SPORADIC };

struct cfg_cpu {
	struct src_pos pos;
	struct src_pos runmask_pos;
	u64 runmask; /* bit n: host CPU n; 0 = float. With a board: only of the cluster, if one is named */
	struct src_pos cluster_pos;
	const char *cluster; /* kind of core, or NULL */
	u8 prio;     /* 1..255; 0: not given, PRIO_DEFAULT */
	u8 alg;      /* enum cfg_sched_alg */
	u8 prio_low, max_repl; /* sporadic */
	u64 period_us, budget_us;
};

struct cfg_mem {
	struct cfg_mem *next;
	struct src_pos pos;
	ipa_t start; /* resolved by the checker when the text gives no address */
	u64 size;
	bool rom;
	bool has_start;
};

enum cfg_blob { BLOB_PLAIN, BLOB_GUEST, BLOB_INITRD, BLOB_FDT, BLOB_DATA };
enum cfg_source { SOURCE_FILE, SOURCE_MODULE_INDEX, SOURCE_MODULE_ADDR };

struct cfg_load {
	struct cfg_load *next;
	struct src_pos pos;
	enum cfg_blob blob;
	enum cfg_source source;
	const char *path; /* SOURCE_FILE; the word as written for the others */
	u64 module;       /* SOURCE_MODULE_*: index or host address */
	bool has_addr;
	ipa_t addr;
};

enum cfg_loc_space { LOC_MEM, LOC_IO, LOC_PCI };

/* A PCI function as the text names it. */
struct cfg_fn {
	bool given;
	bool by_id;         /* VENDOR/DEVICE: the first there is */
	u16 bdf;            /* bus << 8 | device << 3 | function */
	u16 vendor, device;
};

/* $asinfo_start{NAME} or $asinfo_length{NAME}; NULL: a number. */
struct cfg_asinfo {
	const char *name;
	bool length;
};

struct cfg_loc {
	struct cfg_loc *next;
	struct src_pos pos;
	enum cfg_loc_space space;
	u64 addr;
	u64 size;           /* 0: not given */
	const char *attrs;  /* "rwn" or NULL */
	bool symbolic;      /* one of the numbers is a name: not known without a board */
	bool has_host;
	u64 host;
	struct cfg_asinfo addr_name, size_name, host_name;
	struct cfg_fn fn, host_fn; /* LOC_PCI: left and right of '=' */
};

struct cfg_intr {
	struct cfg_intr *next;
	struct src_pos pos;
	const char *pic; /* "gic" */
	u32 line;        /* INTID as in gic:N */
	char flag;       /* 't', 'u' or 0 */
	bool has_host;
	u32 host;        /* host vector: a host INTID */
};

/* One option of a vdev that its type declares (see struct vdev_option). */
struct cfg_option {
	struct cfg_option *next;
	struct src_pos pos;
	const struct vdev_option *decl;
	u64 num;         /* VOPT_NUM, VOPT_SIZE, VOPT_BOOL */
	const char *str; /* the text as written, all kinds but VOPT_FLAG */
};

struct cfg_vdev {
	struct cfg_vdev *next;
	struct src_pos pos;
	const struct vdev_type *type; /* NULL: known, but its function comes later */
	const struct vdev_option *decl; /* options it accepts, ends with a NULL name; NULL: none */
	const char *type_name; /* without "vdev-" and ".so" */
	const char *name; /* or NULL */
	struct cfg_loc *loc;
	struct cfg_intr *intr;
	struct cfg_option *options;
	ipa_t area;    /* of type->area bytes, chosen by the checker */
	bool pci;      /* on the VM's PCI bus: no `loc` and `intr`, or loc pci: (types that can) */
	u16 pci_bdf;   /* there; chosen by the checker if the text does not */
	u8 sched_prio; /* 0: not given */
	bool implicit;
};

/*
 * pass: what of the board a VM has for itself. The first part is what the text says, the second what the
 * checker makes of it given a board (struct board_limits.board), the same for all forms of the text.
 */
enum cfg_pass_kind {
	PASS_WINDOW, /* loc mem: and intr only */
	PASS_DT,     /* dt:/path or dt:alias */
	PASS_PCI,    /* pci:BUS:DEV.FN, or loc pci: */
	PASS_REST,   /* rest: gets no resources itself; entries of the other kinds (`implied`) follow it */
	PASS_SMC,    /* smc:FID[-FID],...: see vm_config.smc */
};

enum cfg_pass_dma {
	PASS_DMA_CONFINED,    /* an IOMMU stands between, or the device does none by its kind */
	PASS_DMA_NONE,        /* the text says that it does none */
	PASS_DMA_UNPROTECTED, /* the text accepts that nothing confines it */
};

/* Attributes of a window, as bits; none given: read and write, device memory. */
#define PASS_R BIT(0)
#define PASS_W BIT(1)
#define PASS_X BIT(2)
#define PASS_CACHED BIT(3)   /* c: Normal write-back instead of device memory */
#define PASS_REPORT BIT(4)   /* e: accesses fault; the VM's `unsupported reference` decides */
#define PASS_MEMORY BIT(5)   /* m: the guest may take it for RAM; with rwxc */
#define PASS_DMA BIT(6)      /* d: may be the target of the VM's DMA: in its DMA view too */

struct pass_range {
	ipa_t ipa;
	pa_t pa;
	u64 size;      /* all three multiples of 4K */
	u32 skip;      /* registers begin this far behind `ipa` (a node with registers inside a page) */
	u64 len;       /* and are this long: what the guest's node says */
	u32 attrs;     /* PASS_* */
	bool again;    /* an entry before has these pages already, at the same place: nothing to map */
	bool reserved; /* memory below /reserved-memory, named by the text: no device */
	const struct src_pos *pos;
};

struct pass_irq {
	u32 guest, host; /* INTIDs, both SPIs */
	bool edge;       /* of the host's line; level otherwise */
	bool again;      /* the entry has this line already: nothing to link */
	bool unmasked;   /* u: deactivated at once, no exit for the guest's EOI (edge only) */
	u8 flags;        /* as the guest's node has it: 1 rising, 4 high */
	const struct src_pos *pos;
};

struct pass_pci {
	const struct src_pos *pos;
	u8 host;          /* index of board.pci[] */
	bool known;       /* bdf is: on the target always, in host tools not for VENDOR/DEVICE */
	bool has_stream;
	bool no_intx;     /* intx none: the function's pin is hidden, INTx stays off */
	bool has_guest_bdf; /* the text gives it */
	u16 bdf, guest_bdf;
	u16 vendor, device; /* 0: any */
	u32 intx;         /* the host's INTID of its pin; 0: none, or not known (host tools) */
	struct pass_stream stream;
};

struct cfg_smc {
	struct cfg_smc *next;
	struct src_pos pos;
	u32 first, last;  /* function IDs */
};

struct cfg_pass {
	struct cfg_pass *next;
	struct src_pos pos;
	enum cfg_blob blob;
	enum cfg_pass_kind kind;
	const char *target;  /* PASS_DT: path or alias as written */
	struct src_pos target_pos;
	struct cfg_fn fn;    /* PASS_PCI: the host's function, if the text has pci: behind pass */
	struct cfg_loc *loc;
	struct cfg_intr *intr;
	enum cfg_pass_dma dma;
	bool msi_v2m;        /* msi v2m */
	bool fault_stop;     /* fault stop: a DMA fault ends the VM; log is the default */
	bool no_intx;        /* intx none */
	bool no_reset;       /* reset none: not reset between two lives */
	bool implied;        /* made by `pass rest` */
	bool split;          /* made of one `loc pci:` of several; the checker's */
	/* Resolved; without a board only what the text gives in numbers. */
	const char *what;    /* for messages: "/pl061@9030000", "PCI 00:03.0", "0x9030000"; never NULL after config_check() */
	struct pass_range *range;
	struct pass_irq *irq;
	struct pass_stream *stream; /* of platform devices; a function's is in its pass_pci */
	struct pass_pci *pci;       /* one at most per entry: functions of one context are split up */
	u32 range_count, irq_count, stream_count, pci_count;
	u32 node;            /* PASS_DT: of board.fdt, as board_device.node; 0: none */
	u32 *clock_hz;       /* of the node's `clocks`, in order; 0: not known */
	u32 clock_count;
	u8 clock_chip;       /* bit i: clock i is of the chip's controller: */
	u32 (*clock_cells)[2]; /* the entry behind its phandle */
	struct clock_set *modules; /* clocks, then resets of the chip's modules that its devices name; NULL: none */
	bool coherent;       /* the host's device is dma-coherent */
};

struct cfg_reserve {
	struct cfg_reserve *next;
	struct src_pos pos;
	struct cfg_loc *loc;
	struct cfg_intr *intr;
};

enum cfg_unsupported { UNSUP_ABORT, UNSUP_FAIL, UNSUP_IGNORE };
enum cfg_tristate { TRI_OFF, TRI_ON, TRI_AUTO };
/* What restarts the VM: PSCI SYSTEM_RESET; nothing; that and a crash; any end of its own. */
enum cfg_restart { RESTART_RESET, RESTART_NEVER, RESTART_CRASH, RESTART_ALWAYS };
enum cfg_safety { SAFETY_NONE, SAFETY_WARN, SAFETY_REQUIRED };

/* The interrupt controller as the VM sees it; from `vdev gic` or the defaults. */
struct cfg_gic {
	u8 version;           /* 2 or 3; 0: same as the host's (resolved by the checker given a board) */
	bool has_dist, has_gicc, has_gicr;
	ipa_t dist, gicc, gicr; /* resolved by the checker: defaults where not given */
	/* MSI, given or placed by the checker for a VM with PCI functions; none otherwise. */
	bool has_its;         /* version 3: an ITS (128K: GITS_TRANSLATER at its + 0x10040) */
	bool has_v2m;         /* version 2: a v2m frame of 4K */
	ipa_t its, v2m;
	u32 num_lpis;         /* of LPIs 8192 on; with has_its */
	u32 v2m_base, v2m_count; /* the guest's INTIDs */
	struct src_pos pos;
};

/* The VM's PCI bus 0; filled by the checker if something is on it. */
struct cfg_pci {
	bool present;
	ipa_t ecam;           /* 1 MiB */
	ipa_t low, high;      /* windows for BARs: below 4 GiB (same addresses on the bus), and above */
	u64 low_size, high_size; /* high_size 0: there is none */
	u32 intx[4];          /* INTIDs of INTA to INTD, whatever the device's number is (core/pci/vpci.h) */
	bool coherent;        /* all functions of the host on it are */
};
#define CFG_PCI_ECAM_SIZE MiB(1)

/* One range of the VM's address space; filled by the checker, sorted by address. */
struct cfg_window {
	ipa_t start;
	u64 size;
	char what[24]; /* "ram", "GICD", "vdev pl011" */
	const struct src_pos *pos;
	bool absent; /* of a device the VM starts without */
};

struct vm_config {
	struct arena *arena;
	char name[VM_NAME_MAX + 1]; /* "qvm-guest" if the text names none */
	bool named;
	struct src_pos pos; /* of `system`, or of the first word */
	u32 cpu_count;      /* at least 1 after config_parse() */
	struct cfg_cpu cpu[VM_MAX_CPUS];
	struct cfg_mem *mem;
	struct cfg_load *load;
	struct cfg_vdev *vdev; /* explicit ones and the implicit gic */
	struct cfg_pass *pass;
	struct cfg_reserve *reserve;
	struct cfg_gic gic;
	struct cfg_pci pci;
	struct cfg_smc *smc;   /* what the VM may have of the host's firmware */
	bool dma_identity;     /* some `dma unprotected`: RAM is at the host's very addresses */
	bool has_dma;          /* some DMA of the VM's devices, confined or not */
	struct cfg_window *window;
	u32 window_count;
	const char *cmdline; /* or NULL */
	enum cfg_unsupported unsup_instruction, unsup_reference, unsup_register;
	u32 logger_mask;     /* bit per enum log_level that reaches the console and is kept */
	u32 logger_slog;     /* that is kept only */
	const char *dump;
	bool dryrun;
	enum cfg_restart restart;
	u32 restart_limit;   /* restarts in all, 0: no limit */
	enum cfg_safety safety;
	struct src_pos safety_pos;
	/* set variables with a function today; others are kept by the parser only as warnings */
	enum cfg_tristate exit_on_halt; /* default TRI_AUTO */
	u64 counter_offset;             /* default 0 */
	bool pmu_off;                   /* performance monitors are hidden */
	bool has_fdt_addr;
	ipa_t fdt_addr;
	struct src_pos fdt_addr_pos;
	const char *fdt_dump_file;
	ipa_t stolen; /* page of the vCPUs' stolen time, placed by the checker; 0: nowhere */
};

#endif
