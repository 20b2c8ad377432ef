/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2m (SBSA, DEN 0029 appendix "GICv2m architecture"): a page where a write of an SPI's number raises that SPI. A
 * VM's frame is either the host's, given to one VM as a whole (`msi v2m`), its SPIs linked, or purely virtual.
 */
#ifndef QUOIN_CORE_MSI_V2M_H
#define QUOIN_CORE_MSI_V2M_H

#include "core/base/types.h"

struct vm;
struct board;
struct diag;

#define V2M_TYPER 0x008
#define V2M_SETSPI_NS 0x040
#define V2M_IIDR 0xfcc

void v2m_board(const struct board *b);
/*
 * v2m_create - if cfg->gic.has_v2m: the page, and with a `pass` that says `msi v2m` the host's frame behind it. Before
 * functions are passed, the vGIC is there. 0, or -E after one error on `d`. Thread context.
 */
int v2m_create(struct vm *vm, struct diag *d) __must_check;
void v2m_destroy(struct vm *vm);
/* v2m_send - a virtual function's message; not at the VM's frame or with another SPI's number: dropped. Any context. */
void v2m_send(struct vm *vm, u64 addr, u32 data);
/* v2m_host_message - what a function of the host sends instead of (addr, data); false: nothing may. Any context. */
bool v2m_host_message(struct vm *vm, u64 addr, u32 data, u64 *host_addr, u32 *host_data);

#endif
