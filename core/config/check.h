/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole-VM and whole-system checks of parsed configurations, and what they fill in: placement
 * of RAM without an address, the GIC's version and frames, the map of the VM's address space.
 */
#ifndef QUOIN_CORE_CONFIG_CHECK_H
#define QUOIN_CORE_CONFIG_CHECK_H

#include "core/base/diag.h"
#include "core/base/range.h"
#include "core/config/vm_config.h"

/* GIC frames of the Foundation Model, where a VM finds them unless its text says otherwise. */
#define CONFIG_GICD_V3 0x2f000000UL
#define CONFIG_GICR_V3 0x2f100000UL
#define CONFIG_GICD_V2 0x2c001000UL
#define CONFIG_GICC_V2 0x2c002000UL
/* Sizes of the frames (IHI 0069 12.1.1, IHI 0048 4.1). */
#define CONFIG_GICD_V3_SIZE 0x10000UL
#define CONFIG_GICR_SIZE 0x20000UL /* per vCPU */
#define CONFIG_GICD_V2_SIZE 0x1000UL
#define CONFIG_GICC_SIZE 0x2000UL
#define CONFIG_ITS_SIZE 0x20000UL
#define CONFIG_LPIS 1024 /* of an ITS nobody has asked for */
#define CONFIG_LPIS_MAX 57344 /* INTIDs 8192 to 65535 */
/* Where RAM without an address begins when nothing stands before it. */
#define CONFIG_RAM_BASE 0x80000000UL

/* A PCI function that was found on the board. */
struct board_function {
	u8 host;             /* index of board.pci[] */
	u16 bdf, vendor, device;
	u32 intx;            /* INTID of its pin, 0: none */
	const char *owner;   /* who of the monitor has it; NULL: nobody */
};

/* What a board offers; from its device tree. */
struct board_limits {
	u32 cpu_count;   /* CPUs the monitor runs on, numbered from 0 */
	const char *core[8]; /* compatible of each, by number; NULL: not known */
	u8 gic_version;  /* 2 or 3 */
	u8 pa_bits;      /* of the smallest CPU: limits guest-physical addresses */
	const struct range *ram; /* free for VMs */
	u32 ram_count;
	const struct board *board; /* for `pass`; NULL: nobody can tell, nothing of it is resolved */
	const struct board_uart *console; /* the monitor's; NULL: none */
	u32 intids;      /* of the GIC, 32 + its SPIs; 0: not known */
	/* On the target; NULL in tools, which cannot look. The n-th PCI function, false behind the last. */
	bool (*function)(u32 n, struct board_function *out);
	/* Who of the monitor drives a device of the tree at `regs` or with `intid`, NULL: nobody. */
	const char *(*owned)(const struct range *regs, u32 intid);
	bool (*stream_ok)(u8 iommu, u32 sid); /* iommu_usable() */
};

/*
 * config_check - does the VM make sense, and fit `board`? Fills in what the text left open.
 *
 * With `board` NULL nothing is asked of a board, and cfg->gic.version may stay 0: the frames
 * are then those of version 3.
 * Returns 0, -EINVAL after errors (all are reported, bounded), -ENOMEM if the arena is full.
 * Boot, thread or host context.
 */
int config_check(struct vm_config *cfg, const struct board_limits *board, struct diag *diag)
	__must_check;

/*
 * config_check_system - do these checked VMs fit together: names, RAM, passed devices?
 * `board` may be NULL. Errors name the later VM. 0 or -EINVAL.
 */
int config_check_system(const struct vm_config *const *vms, u32 count,
			const struct board_limits *board, struct diag *diag) __must_check;

/* config_has_rest - one with `pass rest`: it needs an arena more, of CONFIG_REST_ARENA_SIZE, as cfg->arena. */
static inline bool config_has_rest(const struct vm_config *cfg)
{
	const struct cfg_pass *p = cfg->pass;

	while (p != NULL && p->kind != PASS_REST) {
		p = p->next;
	}
	return p != NULL;
}

/*
 * config_check_rest - give the VM with `pass rest` what no VM and not the monitor has: entries of struct cfg_pass behind
 * that one. All VMs have been checked, one by one and together. 0, -EINVAL after errors, -ENOMEM.
 */
int config_check_rest(struct vm_config *const *vms, u32 count, const struct board_limits *board, struct diag *diag)
	__must_check;

/*
 * config_owner_of, config_owner_irq - what of the board or the monitor is in `regs`, and has the SPI `intid`, so that no
 * VM can be given it; NULL: nothing. Any context.
 */
const char *config_owner_of(const struct board_limits *board, const struct range *regs);
const char *config_owner_irq(const struct board_limits *board, u32 intid);

/*
 * config_check_links - of all VMs of an image, or those there are: cards with one address, links that name no card or
 * one that names another. 0 or -EINVAL. Host only.
 */
int config_check_links(const struct vm_config *const *vms, u32 count, struct diag *diag) __must_check;

/* config_gic_version - the version to lay the VM out for: cfg->gic.version, or 3 while unknown. */
static inline u32 config_gic_version(const struct vm_config *cfg)
{
	return cfg->gic.version != 0 ? cfg->gic.version : 3;
}

#endif
