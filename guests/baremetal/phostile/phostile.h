/* SPDX-License-Identifier: Apache-2.0 */
/* A driver of a VM's PCI bus and ITS that breaks the rules: what its parts share. */
#ifndef PHOSTILE_H
#define PHOSTILE_H

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/fdt.h"
#include "rt/gic.h"
#include "rt/its.h"
#include "rt/mmu.h"
#include "rt/pci.h"
#include "rt/probe.h"
#include "rt/smp.h"
#include "rt/timer.h"

#include <string.h>

/* Registers of edu (docs/specs/edu.rst of QEMU). */
enum {
	EDU_ID = 0x00, EDU_ALIVE = 0x04, EDU_RAISE = 0x60, EDU_ACK = 0x64, EDU_SRC = 0x80, EDU_DST = 0x88, EDU_COUNT = 0x90,
	EDU_CMD = 0x98, EDU_BUFFER = 0x40000,
};

#define PAGE	4096UL
#define LPI	(LPI_FIRST + 3)
#define EVENT	0U

extern unsigned int edu;		/* the function played with */
extern u64 regs;			/* its registers */
extern unsigned int failures;
extern u8 buffer[3 * PAGE];

/* Whatever was done to it: the function decodes where it did at first, the ITS works, its event is mapped. */
void recover(void);
/* DMA to the device and back, an interrupt by MSI if there is an ITS. */
bool honest(void);
/* What has come of a deed is printed; the function has to work again. */
void over(const char *what);
/* A pseudo-random number. */
u64 any(void);
/* Let edu copy `count` bytes between its buffer and memory; at most a second. */
void dma(u64 address, u64 count, bool to_memory);
/* The function's message: address, data, enabled. False: it has no MSI. */
bool set_message(u64 address, u32 data, bool on);
/* Addresses a guest has no business at: n = 0, 1, ..; false: no more. */
bool wild(unsigned int n, u64 *address);

/* The deeds. */
void config_deeds(void);
void bar_deeds(void);
void message_deeds(void);
void dma_deeds(void);
void its_deeds(void);
void table_deeds(void);

#endif
