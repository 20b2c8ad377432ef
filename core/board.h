/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the machine's device tree, in one pass; it is never searched again. */
#ifndef QUOIN_CORE_BOARD_H
#define QUOIN_CORE_BOARD_H

#include "core/base/board.h"
#include "core/base/diag.h"

/*
 * board_parse - fill `b` from the device tree at `fdt` (4-byte aligned), of
 * which `max_size` bytes are readable. 0, or -EINVAL after exactly one error on
 * `d`: a malformed tree, or one without RAM, CPUs or a known GIC. Odd entries a
 * boot can do without are warnings. Boot context, one caller at a time.
 * Source: Devicetree Specification v0.4; Linux Documentation/devicetree/bindings.
 */
int board_parse(struct board *b, const void *fdt, size_t max_size, struct diag *d) __must_check;

/* board_reserve - keep a range out of use. 0, -ENOSPC if the list is full, -EINVAL if it wraps. */
int board_reserve(struct board *b, pa_t start, u64 size, enum board_reserve_kind kind) __must_check;

/*
 * board_console - the UART to print on: stdout-path if `known` accepts it, else
 * the first it accepts, NULL if none. `known` tells whether there is a driver.
 */
const struct board_uart *board_console(const struct board *b,
				       bool (*known)(const struct board_uart *u));

/* board_uart_is - true if the UART's compatible list contains `compatible`. */
bool board_uart_is(const struct board_uart *u, const char *compatible);

/*
 * board_pci_irq - the shared interrupt that pin 1 to 4 of function `bdf` on a root bus pulls; intid 0: none, or not
 * at the GIC. Any context. Source: Devicetree Specification v0.4, 2.4.3.
 */
struct board_irq board_pci_irq(const struct board *b, const struct board_pci *pci, u16 bdf, u32 pin);

/*
 * board_pci_stream - the IOMMU in front of function `bdf` (iommu-map or iommus of its bridge) and its StreamID there.
 * False: there is none. The IOMMU may be one that is not driven (kind). board_pci_msi - the ITS in front and the
 * DeviceID there (msi-map or msi-parent); false: no ITS. board_pci_v2m - index of the v2m frame its MSIs go to, or -1.
 * Any context.
 */
bool board_pci_stream(const struct board *b, const struct board_pci *pci, u16 bdf, struct pass_stream *out);
bool board_pci_msi(const struct board *b, const struct board_pci *pci, u16 bdf, u32 *its, u32 *devid);
int board_pci_v2m(const struct board *b, const struct board_pci *pci, u16 bdf);

/*
 * board_device_find - the node of an absolute path, with or without unit addresses left out where that is unambiguous,
 * or of an alias. 0, -ENOENT: there is none (or it has no `reg`), -EINVAL: the tree is damaged.
 * board_device_walk - each node with registers in the CPU's address space that is no memory, in the order of the tree,
 * until `each` says false. Both walk the whole tree (40 us a KiB) with one shared state: boot or one thread at a time.
 */
int board_device_find(const struct board *b, const char *path, struct board_device *out) __must_check;
int board_device_walk(const struct board *b, bool (*each)(const struct board_device *d, void *ctx), void *ctx);

/*
 * board_stream_walk - each stream that a node of the tree, enabled or not, has behind an IOMMU that is driven; of a
 * bridge's iommu-map if its mask is 0. Some come more than once. -EINVAL: the tree is damaged. As board_device_walk().
 */
int board_stream_walk(const struct board *b, void (*each)(const struct pass_stream *s, void *ctx), void *ctx);

/*
 * board_named_range - where the node NAME (with or without its unit address) is: below /reserved-memory first
 * (*reserved true), then any device with one of that node name. 0, -ENOENT.
 */
int board_named_range(const struct board *b, const char *name, struct range *out, bool *reserved) __must_check;

struct fdt_reader;
/* board_node_open - a reader at the first property of a device's node; 0 or -EINVAL. Any context. */
int board_node_open(const struct board *b, u32 node, struct fdt_reader *r) __must_check;
/* board_phandle_open - likewise of whatever node has that phandle; goes through the tree. 0 or -ENOENT. Any context. */
int board_phandle_open(const struct board *b, u32 phandle, struct fdt_reader *r) __must_check;

/* board_module_find - by index (from 0, ascending addresses) or by exact address; NULL: none. */
const struct board_module *board_module_find(const struct board *b, bool by_addr, u64 key);

/*
 * board_free_ram - RAM without what is reserved, in whole pages, ascending. Returns the number of
 * ranges stored in `out` (room for `max`; the rest is left out). Any context.
 */
u32 board_free_ram(const struct board *b, struct range *out, u32 max);

struct board_limits;

/*
 * board_limits_of - what the configuration checker asks of a board, for the host tools: `ram` (room
 * for `max`) receives the free RAM `l` then points to, and the width of physical addresses follows
 * from the CPUs' names, 40 bits if one is unknown. The monitor asks its CPUs instead.
 */
void board_limits_of(const struct board *b, struct range *ram, u32 max, struct board_limits *l);
/* board_limits_cpu - CPU number `id` of those that run is the one with that MPIDR. */
void board_limits_cpu(struct board_limits *l, u32 id, u64 mpidr);

#endif
