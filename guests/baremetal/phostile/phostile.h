/* SPDX-License-Identifier: Apache-2.0 */
/* A driver of a VM's PCI bus and ITS that breaks the rules: what its parts share. */
#ifndef PHOSTILE_H
#define PHOSTILE_H

#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/edu.h"
#include "rt/fdt.h"
#include "rt/gic.h"
#include "rt/its.h"
#include "rt/mmu.h"
#include "rt/pci.h"
#include "rt/probe.h"
#include "rt/random.h"
#include "rt/smp.h"
#include "rt/timer.h"

#include <string.h>

#define PAGE	4096UL
#define LPI	(LPI_FIRST + 3)
#define EVENT	0U

extern unsigned int failures;
extern u8 buffer[3 * PAGE];

/* Whatever was done to it: the function decodes where it did at first, the ITS works, its event is mapped. */
void recover(void);
/* DMA to the device and back, an interrupt by MSI if there is an ITS. */
bool honest(void);
/* What has come of a deed is printed; the function has to work again. */
void over(const char *what);
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
