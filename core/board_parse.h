/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the parts of the board parser; nobody else includes this.
 *
 * A node's properties are noted in one table while they stream by, and the node
 * is judged when they are over: at its first subnode or its end. Of the nodes
 * above it a frame each is kept, for address translation and inheritance.
 */
#ifndef QUOIN_CORE_BOARD_PARSE_H
#define QUOIN_CORE_BOARD_PARSE_H

#include "core/board.h"
#include "core/fdt_reader.h"

enum board_prop {
	PROP_ADDRESS_CELLS, PROP_INTERRUPT_CELLS, PROP_REDIST_REGIONS, PROP_SIZE_CELLS,
	PROP_BOOTARGS, PROP_BUS_RANGE, PROP_CLOCK_CELLS,
	PROP_CLOCK_FREQUENCY, PROP_CLOCKS, PROP_COMPATIBLE, PROP_CPU_RELEASE_ADDR,
	PROP_DEVICE_TYPE, PROP_DMA_COHERENT, PROP_ENABLE_METHOD,
	PROP_INTERRUPT_MAP, PROP_INTERRUPT_MAP_MASK, PROP_INTERRUPT_NAMES, PROP_INTERRUPT_PARENT, PROP_INTERRUPTS,
	PROP_INTERRUPTS_EXTENDED,
	PROP_IOMMU_CELLS, PROP_IOMMU_MAP, PROP_IOMMU_MAP_MASK, PROP_IOMMUS,
	PROP_KASLR_SEED, PROP_INITRD_START, PROP_INITRD_END, PROP_LINUX_PHANDLE,
	PROP_LINUX_STDOUT_PATH,
	PROP_METHOD, PROP_MODEL, PROP_MSI_BASE_SPI, PROP_MSI_MAP, PROP_MSI_MAP_MASK, PROP_MSI_NUM_SPIS, PROP_MSI_PARENT,
	PROP_NO_MAP, PROP_PHANDLE, PROP_POWER_DOMAINS,
	PROP_RANGES, PROP_REDIST_STRIDE, PROP_REG, PROP_REG_IO_WIDTH, PROP_REG_SHIFT, PROP_RENESAS_IPMMU_MAIN,
	PROP_RESETS,
	PROP_RNG_SEED, PROP_STATUS, PROP_STDOUT_PATH,
	PROP_COUNT
};

enum board_node { NODE_OTHER, NODE_ROOT, NODE_CHOSEN, NODE_CPUS, NODE_RESERVED, NODE_GIC };

struct board_frame {
	const char *name;
	u64 path_hash;
	const u8 *ranges;    /* NULL: children are not in the parent's address space */
	u32 ranges_len;      /* 0: they are, at the same addresses */
	u32 acells, scells;  /* of the children */
	u32 intr_parent;     /* phandle, inherited; 0: none */
	u32 node;            /* offset of its first property's token in the tree */
	enum board_node kind;
	bool cells_given;
	bool enabled;
	bool coherent;
};

/* An interrupts property, decoded when the GIC's cells and phandle are known. */
struct board_raw_irq {
	const u8 *data;
	u32 len, parent;
	bool extended;
};

#define BOARD_MAX_CLOCKS 32

struct board_parser {
	struct board *b;
	struct diag *d;
	struct fdt_reader r;
	u8 bucket[128];          /* first table entry by letter of the property name */
	u64 have;                /* bit per enum board_prop of the current node */
	struct {
		const u8 *data;
		u32 len;
	} prop[PROP_COUNT];
	struct board_frame frame[FDT_READER_DEPTH];
	u32 depth;               /* frames in use; the current node is frame[depth - 1] */
	struct board_raw_irq maintenance, timer, pmu, uart_irq[BOARD_MAX_UARTS], virtio_irq[BOARD_MAX_VIRTIO];
	struct board_raw_irq iommu_irq[BOARD_MAX_IOMMUS];
	u32 ipmmu_main[BOARD_MAX_IOMMUS]; /* phandles; 0: it is that */
	struct {
		const u8 *data; /* interrupt-names */
		u32 len;
	} iommu_names[BOARD_MAX_IOMMUS];
	u32 uart_clock[BOARD_MAX_UARTS]; /* phandle */
	u32 clock_input;                 /* the same of the controller's first input */
	u64 uart_path[BOARD_MAX_UARTS];
	u32 clock_count;
	struct {
		u32 phandle, hz;
	} clock[BOARD_MAX_CLOCKS];
	struct fdt_reader aliases; /* where the properties of /aliases start */
	bool has_aliases;
	const char *stdout_path; /* NULL: none */
	/* For messages about what was found: board_frame.node of each. */
	u32 gic_node, timer_node, uart_node[BOARD_MAX_UARTS], virtio_node[BOARD_MAX_VIRTIO], iommu_node[BOARD_MAX_IOMMUS];
	u32 its_node[BOARD_MAX_ITS], v2m_node[BOARD_MAX_V2M];
	u32 phandles[256];       /* a bit for each, by its remainder */
	u32 twin[4], twin_count; /* phandles that two nodes have */
	u32 lost_parent, found_parent; /* interrupt-parents: that is no node, that is one but not the GIC; 0: none met */
	u32 searches, memreserves; /* made for phandles so far; entries of the reservation block */
	bool psci_told;          /* why there is no PSCI */
	bool overlap_told;       /* of reserved memory */
	/* Set: called for each node instead of taking it for the board (core/board_device.c). */
	bool (*visit)(struct board_parser *p);
	bool failed;             /* the one error has been reported; the walk goes on, for a console to say it on */
	bool over;               /* visit() wants no more */
};

/* Properties of the current node. */
static inline bool board_has(const struct board_parser *p, enum board_prop id)
{
	return (p->have >> id & 1) != 0;
}

u32 board_prop_u32(const struct board_parser *p, enum board_prop id, u32 otherwise);
u64 board_prop_number(const struct board_parser *p, enum board_prop id); /* one or two cells */
const char *board_prop_string(const struct board_parser *p, enum board_prop id); /* or NULL */
bool board_compatible(const struct board_parser *p, const char *s);

/* board_reg - entry `i` of reg, translated to CPU addresses; false: none, or not in memory. */
bool board_reg(const struct board_parser *p, u32 i, struct range *out);

/* board_up - `x` lies in the address space that the current node is in: to CPU addresses; false: it is not in memory. */
bool board_up(const struct board_parser *p, struct range *x);
/* board_irq_of - binding "arm,gic-v3": type, number, flags; intid 0: none. */
struct board_irq board_irq_of(const u8 *cells);
/* board_raw_irq - of the current node; board_irq_at - its i-th, {0, 0}: none, or not at the GIC. */
void board_raw_irq_of(const struct board_parser *p, struct board_raw_irq *raw);
struct board_irq board_irq_at(const struct board_gic *g, const struct board_raw_irq *raw, u32 i);
/* board_phandle - of the current node, 0: none. */
u32 board_phandle(const struct board_parser *p);

/* Complete nodes of the interrupt controller (board_gic.c), of /chosen and its modules (board_chosen.c). */
void board_gic_node(struct board_parser *p, u32 version);
void board_its_node(struct board_parser *p);
void board_chosen_node(struct board_parser *p);
void board_module_node(struct board_parser *p);
/* board_walk - the parser of board_parse() over a board's tree once more, for `visit`; -EINVAL: damaged. */
int board_walk(const struct board *b, bool (*visit)(struct board_parser *p));
/* board_parser_alias - the value of property `name` (of `len` bytes) of /aliases met so far; NULL: no such string. */
const char *board_parser_alias(struct board_parser *p, const char *name, size_t len);
/* board_alias - the path an alias stands for; NULL: there is no such alias. */
const char *board_alias(const struct board *b, const char *name);
/* board_iommu_node, board_v2m_node, board_finish_iommus - SMMUs and MSI frames (core/board_dma.c). */
void board_iommu_node(struct board_parser *p);
void board_v2m_node(struct board_parser *p);
void board_finish_iommus(struct board_parser *p);

/* board_path_put - extend a path of BOARD_PATH_MAX at *n by a node's name, as far as there is room. */
void board_path_put(char *path, size_t *n, const char *name);
/*
 * board_search - the first node of the tree with that place, hash of its path or phandle (0: not asked for): its place,
 * 0: there is none. `path`, if not NULL, receives up to BOARD_PATH_MAX. A walk over the whole tree; one at a time.
 */
struct board_want {
	u32 node, phandle;
	u64 hash;
};
u32 board_search(const struct board *b, const struct board_want *want, char *path);

/*
 * board_note_phandle - of the current node; one that another has is said. board_parent_lost - true if the interrupts of
 * `node` go to a phandle that is nobody's, which is said once. board_check_reserved - a region of the current node,
 * before it is noted. board_check_uarts, board_check - when all is known: what cannot be is left out, each with a line.
 */
void board_note_phandle(struct board_parser *p);
bool board_parent_lost(struct board_parser *p, const struct board_raw_irq *raw, u32 node);
void board_check_reserved(struct board_parser *p, const struct range *x);
void board_check_uarts(struct board_parser *p);
void board_check(struct board_parser *p);

/* board_pci_node - the current node is a PCI host bridge with an ECAM. */
void board_pci_node(struct board_parser *p);

/* board_path_step - hash of a path extended by one name, from 0 for the root: to compare paths. */
u64 board_path_step(u64 hash, const char *name, size_t len);

/* board_fail - report the one error of a tree that is refused; board_warn - report and go on. */
void board_fail(struct board_parser *p, const char *fmt, ...) __printf(2, 3);
void board_warn(struct board_parser *p, const char *fmt, ...) __printf(2, 3);

/* board_node - judge the current node, all of whose properties are known. */
void board_node(struct board_parser *p);

/* board_finish - what needs the whole tree: interrupts, clocks, console, order, completeness. */
void board_finish(struct board_parser *p);

#endif
