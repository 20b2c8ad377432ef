/* SPDX-License-Identifier: Apache-2.0 */
/* A console with up to three VMs on the faked machine. */
#ifndef TESTS_UNIT_CONSOLE_UTIL_H
#define TESTS_UNIT_CONSOLE_UTIL_H

#include "tests/unit/test.h"
#include "tests/unit/vdev_util.h"
#include "core/console/console_state.h"

#define MS 1000000UL
#define IRQ_NONE 0

enum { DR = 0, FR = 0x18, LCR = 0x2c, RXFE = 0x10 };

static struct rig *vm[3];

/* A machine before console_init(). */
static inline void power_on(void)
{
	host_init();
	host_uart_reset();
	memset(&console, 0, sizeof(console));
}

static inline struct rig *add_vm(u32 id, const char *name)
{
	struct rig *r = rig_new(name, "pl011");

	r->vm.id = id;

	rig_option(r, "hostdev", "-", 0);
	CHECK_EQ(rig_start(r), 0);
	rig_write(r, LCR, 4, 0x70);
	return r;
}

static inline void start(u32 vms)
{
	static const char *const names[] = { "linux", "qnx", "rtos" };

	power_on();
	console_use(&uart_host, 0x1000, IRQ_NONE);
	/* The order in which they are built does not matter. */
	for (u32 i = vms; i-- > 0;) {
		vm[i] = add_vm(i, names[i]);
	}
	console_start();
}

static inline void stop(void)
{
	for (u32 i = 0; i < 3; i++) {
		if (vm[i] != NULL) {
			rig_free(vm[i]);
			vm[i] = NULL;
		}
	}
}

static inline void say(u32 i, const char *text)
{
	for (; *text != '\0'; text++) {
		rig_write(vm[i], DR, 1, (u8)*text);
	}
}

static inline const char *heard(u32 i)
{
	static char buf[256];
	u32 n = 0;

	while ((rig_read(vm[i], FR, 4) & RXFE) == 0 && n < sizeof(buf) - 1) {
		buf[n++] = (char)rig_read(vm[i], DR, 4);
	}
	buf[n] = '\0';
	return buf;
}

static inline void type(const char *text)
{
	host_uart_type(text);
	console_irq();
}

/* What comes out in the next moment or has since the last call: bursts have pauses between them. Line ends of two characters shown as one. */
static inline const char *shown(void)
{
	static char buf[65536];
	u32 n = 0;

	host_pass_ns(MS);
	for (u32 i = 0; i < host_uart.out_len; i++) {
		if (host_uart.out[i] != '\r' || host_uart.out[i + 1] != '\n') {
			buf[n++] = host_uart.out[i];
		}
	}
	buf[n] = '\0';
	memset(host_uart.out, 0, host_uart.out_len);
	host_uart.out_len = 0;
	return buf;
}

#endif
