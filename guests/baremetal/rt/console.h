/* SPDX-License-Identifier: Apache-2.0 */
/* The PL011 console and printf. */
#ifndef RT_CONSOLE_H
#define RT_CONSOLE_H

#include "types.h"

/* Set the UART at base up for output. base 0: there is none, output is dropped. */
void console_init(u64 base);

/* One byte, polled; "\n" is sent as is. */
void console_putc(char c);

/* One byte of input, or -1 when none is waiting. */
int console_getc(void);

/* newlib's vsniprintf with a 512-byte line: no floating point. Any context; lines of two CPUs may mix. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
