/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything the monitor knows of the machine it runs on: plain data, filled from the device tree by
 * core/board.c and read by whoever drives the hardware.
 *
 * It points into the tree (strings, seeds): the tree stays where it is and readable as long as the
 * board is used.
 */
#ifndef QUOIN_CORE_BASE_BOARD_H
#define QUOIN_CORE_BASE_BOARD_H

#include "core/base/range.h"
#include "core/base/types.h"

#define BOARD_MAX_CPUS     64
#define BOARD_MAX_RAM      16
#define BOARD_MAX_RESERVED 48
#define BOARD_MAX_UARTS    16
#define BOARD_MAX_GICR     8
#define BOARD_MAX_ITS      4
#define BOARD_MAX_MODULES  16
#define BOARD_MAX_VIRTIO   32
#define BOARD_MAX_PCI      2
#define BOARD_MAX_IOMMUS   24
#define BOARD_MAX_V2M      4

enum board_reserve_kind {
	RESERVED_FIRMWARE, /* reservation block or /reserved-memory: mappable, not to be used */
	RESERVED_NO_MAP,   /* /reserved-memory with no-map: not even a speculative access */
	RESERVED_MODULE,   /* a blob of the bootloader in /chosen/module@ */
	RESERVED_INITRD,   /* linux,initrd-start..end */
	RESERVED_OWN,      /* the tree, the image: board_reserve() by the caller */
};

struct board_reserved {
	pa_t start;
	u64 size;
	enum board_reserve_kind kind;
};

enum board_enable { ENABLE_NONE, ENABLE_PSCI, ENABLE_SPIN_TABLE };

struct board_cpu {
	u64 mpidr;           /* affinity fields as in MPIDR_EL1 */
	u64 release_addr;    /* ENABLE_SPIN_TABLE: where the CPU polls for its entry address */
	const char *compatible; /* or NULL */
	enum board_enable enable;
};

enum board_conduit { CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC };

struct board_psci {
	enum board_conduit conduit;
	u32 version; /* as PSCI_VERSION, least the tree promises: 0x10000, 0x2; 0.1 is not used */
};

/* An interrupt as the tree gives it. intid 0: none (SGI 0 is nobody's device interrupt). */
struct board_irq {
	u32 intid;
	u32 flags; /* 1 rising, 2 falling, 4 high, 8 low: level if any of 0xc */
};

struct board_v2m { /* an arm,gic-v2m-frame: a write to it raises any of its SPIs */
	struct range regs;
	u32 phandle;
	u32 base, count; /* INTIDs; 0: the tree does not say, MSI_TYPER does */
};

struct board_gic {
	u32 version;          /* 2 or 3 */
	struct range dist;
	struct range cpu;     /* GICC; version 2 (and 3 with memory-mapped compatibility) */
	struct range hyp;     /* GICH; version 2 */
	struct range vcpu;    /* GICV; version 2, or 3 that can host GICv2 guests */
	u32 redist_count;
	struct range redist[BOARD_MAX_GICR];
	u64 redist_stride;    /* 0: as GICR_TYPER says */
	u32 its_count;
	struct range its[BOARD_MAX_ITS];
	u32 its_phandle[BOARD_MAX_ITS];
	u32 v2m_count;
	struct board_v2m v2m[BOARD_MAX_V2M];
	struct board_irq maintenance;
	u32 phandle, cells;
	u32 address_cells;    /* of an interrupt-map that leads to it */
};

struct board_timer {
	struct board_irq secure, phys, virt, hyp, hyp_virt;
	u32 frequency; /* clock-frequency, 0: CNTFRQ_EL0 is right */
};

struct board_uart {
	const char *compatible;  /* list of strings, most specific first */
	u32 compatible_len;
	struct range regs;
	u32 reg_shift, reg_io_width; /* 0: not given */
	struct board_irq irq;
	u32 clock_hz;            /* 0: unknown (not a fixed clock) */
};

struct board_virtio { /* a virtio,mmio transport: a device may be behind it */
	struct range regs;
	struct board_irq irq;
};

struct board_pci_window {
	u64 pci;              /* first address on the bus */
	struct range cpu;     /* where the CPU sees it; size 0: there is none */
};

enum { PCI_LOW, PCI_HIGH }; /* memory below 4 GiB of PCI addresses, and anywhere */

struct board_pci { /* a pci-host-ecam-generic bridge */
	struct range ecam;    /* of the buses bus_first to bus_last, no more */
	u8 bus_first, bus_last;
	struct board_pci_window window[2];
	const u8 *irq_map;    /* interrupt-map and what of a function's address and pin it goes by */
	u32 irq_map_len, irq_mask, pin_mask;
	const u8 *iommu_map, *msi_map; /* entries of 4 cells: Requester ID, phandle, ID there, count; NULL: none */
	u32 iommu_map_len, iommu_mask, msi_map_len, msi_mask;
	u32 iommu_all;        /* phandle of `iommus`, for a bridge that has no map; 0: none */
	u32 msi_all;          /* phandle of msi-parent, likewise */
	bool coherent;        /* dma-coherent */
	u32 node;             /* of the bridge, as board_device.node */
};

enum board_iommu_kind {
	IOMMU_OTHER,   /* something the monitor does not drive: what is behind it is not confined */
	IOMMU_SMMUV3,  /* arm,smmu-v3 */
	IOMMU_IPMMU,   /* renesas,ipmmu-vmsa of R-Car Gen3: a main one, and caches in front of it that have the streams */
};

/* Interrupts of an SMMUv3 by interrupt-names (binding "arm,smmu-v3"); "combined" is all of them. */
struct board_iommu {
	enum board_iommu_kind kind;
	const char *compatible;
	struct range regs;
	struct board_irq eventq, gerror, priq, cmdq; /* intid 0: none */
	u32 phandle, cells; /* cells: of a device's `iommus` entry behind the phandle */
	u32 main;           /* of an IPMMU: index of the main one, its own if it is that */
	const char *reason; /* of IOMMU_OTHER: why it is not driven, NULL: its kind is not known */
	bool coherent;      /* its walks snoop the caches: dma-coherent */
};

#define CLOCK_MODULES 384

/* Modules of a chip, as its clock and reset controller counts them (core/clock/clock.h). */
struct clock_set {
	u32 word[CLOCK_MODULES / 32];
};

struct clock_ops;

/* The chip's clock and reset controller. */
struct board_clock {
	const struct clock_ops *ops; /* NULL: there is none that is driven */
	const char *compatible;
	struct range regs;
	u32 phandle;
	u32 input_hz;                /* of its first input; 0: not known */
};

/* A stream of DMA: who reads and writes memory, as an IOMMU tells them apart. */
struct pass_stream {
	u8 iommu; /* index of board.iommu[] */
	u32 sid;
};

#define BOARD_DEVICE_REGS 8
#define BOARD_DEVICE_IRQS 32
#define BOARD_DEVICE_STREAMS 16
#define BOARD_DEVICE_CLOCKS 8
#define BOARD_PATH_MAX 96

/* How a device of the tree can reach memory by itself. */
enum board_dma {
	DMA_MAYBE,     /* nothing says it cannot */
	DMA_NEVER,     /* of a kind that has no bus master port */
};

/* A device node with registers, looked at on demand; more of anything than there is room sets `partial`. */
struct board_device {
	char path[BOARD_PATH_MAX]; /* cut short if longer */
	const char *compatible;    /* list of strings */
	u32 compatible_len;
	u32 node;                  /* where its properties begin in the tree: board_node_open() */
	u32 phandle;
	u32 reg_count, irq_count, stream_count, clock_count;
	struct range reg[BOARD_DEVICE_REGS];      /* CPU addresses */
	struct board_irq irq[BOARD_DEVICE_IRQS];  /* in the order of the node; intid 0: not at the GIC */
	struct pass_stream stream[BOARD_DEVICE_STREAMS];
	u32 clock_hz[BOARD_DEVICE_CLOCKS];        /* 0: not a fixed clock, nor a known one of the chip's */
	u32 clock_cells[BOARD_DEVICE_CLOCKS][2];  /* of the chip's controller: the entry behind the phandle */
	u8 clock_chip;                            /* bit i: clock i is one of the chip's controller */
	struct clock_set clocks, resets;          /* of the chip's modules; all, not just so many */
	enum board_dma dma;
	bool coherent;             /* dma-coherent of the node or a bus above it */
	const char *other_iommu;   /* its `iommus` leads (also) to one that is not driven: why; NULL: it does not */
	bool partial;
	bool enabled;
};

enum board_module_kind { MODULE_OTHER, MODULE_KERNEL, MODULE_RAMDISK, MODULE_DEVICE_TREE };

struct board_module {
	pa_t start;
	u64 size;
	enum board_module_kind kind;
	const char *bootargs; /* or NULL */
};

struct board {
	const char *model;      /* or "" */
	const char *compatible; /* of the root, a list of strings, or "" */
	u32 compatible_len;
	const void *fdt;        /* the tree, for board_device_find() and its like */
	u32 fdt_size;           /* bytes it really occupies */

	u32 ram_count;          /* ascending, neighbours merged */
	struct range ram[BOARD_MAX_RAM];
	u32 reserved_count;     /* as found; may overlap */
	struct board_reserved reserved[BOARD_MAX_RESERVED];

	u32 cpu_count;          /* in the order of the tree */
	u32 cpu_skipped;        /* CPUs of the tree beyond BOARD_MAX_CPUS */
	struct board_cpu cpu[BOARD_MAX_CPUS];

	struct board_psci psci;
	struct board_gic gic;
	struct board_timer timer;
	struct board_irq pmu; /* overflow, private to each CPU; intid 0: none, or shared ones */

	u32 uart_count;
	struct board_uart uart[BOARD_MAX_UARTS]; /* whatever looks like one; drivers decide */
	int stdout_uart;        /* index of /chosen/stdout-path, -1: not given or no UART */
	const char *stdout_options; /* behind ':' of stdout-path, or "" */

	u32 virtio_count;       /* in the order of the tree */
	struct board_virtio virtio[BOARD_MAX_VIRTIO];
	u32 pci_count;
	struct board_pci pci[BOARD_MAX_PCI];
	u32 iommu_count;
	struct board_iommu iommu[BOARD_MAX_IOMMUS];
	struct board_clock clock;

	const char *bootargs;   /* or "" */
	struct range initrd;    /* size 0: none */
	const u8 *rng_seed;
	u32 rng_seed_len;
	u64 kaslr_seed;
	u32 module_count;       /* by ascending address */
	struct board_module module[BOARD_MAX_MODULES];
};

#endif
