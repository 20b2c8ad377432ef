/* SPDX-License-Identifier: Apache-2.0 */
/* Watchdogs of the machine that firmware may have left running (option watchdog=kick|stop|leave). */
#ifndef QUOIN_CORE_HOST_WDT_H
#define QUOIN_CORE_HOST_WDT_H

#include "core/base/types.h"

struct board;
struct range;

enum host_wdt_mode { HOST_WDT_LEAVE, HOST_WDT_KICK, HOST_WDT_STOP };

/*
 * host_wdt_start - kick those that run from now on, or stop them; one that cannot be stopped is kicked. `taken` says
 * whether somebody else, a VM, has a range of registers: those are left alone. Without the option no watchdog is touched: its
 * registers may not even answer. Thread context, once.
 * host_wdt_option - the mode; before.
 */
void host_wdt_start(const struct board *b, bool (*taken)(const struct range *regs));
void host_wdt_option(enum host_wdt_mode mode);

#endif
