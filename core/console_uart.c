/* SPDX-License-Identifier: Apache-2.0 */
/* The UART drivers of this build, registered by UART() in one linker section. */
#include <string.h>
#include "arch/arch.h"

extern const struct uart_ops *const __start_quoin_uarts[] __attribute__((weak));
extern const struct uart_ops *const __stop_quoin_uarts[] __attribute__((weak));

static const struct uart_ops *uart_at(size_t i)
{
	return i < (size_t)(__stop_quoin_uarts - __start_quoin_uarts) ? __start_quoin_uarts[i] : NULL;
}

const struct uart_ops *uart_by_compatible(const char *compatible)
{
	const struct uart_ops *u;

	for (size_t i = 0; (u = uart_at(i)) != NULL; i++) {
		for (const char *const *c = u->compatible; *c != NULL; c++) {
			if (strcmp(*c, compatible) == 0) {
				return u;
			}
		}
	}
	return NULL;
}

const struct uart_ops *uart_by_early_name(const char *name)
{
	const struct uart_ops *u;

	for (size_t i = 0; (u = uart_at(i)) != NULL; i++) {
		if (strcmp(u->early_name, name) == 0) {
			return u;
		}
	}
	return NULL;
}
