/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three guests do anything to their UARTs while the console's UART stalls, time passes, keys are
 * typed, VMs end and start: each line that comes out has one owner and its prefix, and nobody's
 * bytes are lost as long as the guest looks at the flags before it writes.
 *
 * The first byte chooses: 0 guests behave, else they write any register. Then operations of three
 * bytes each. Guest `i` says letters of its own only: A-G, H-N, O-U.
 */
#include <stdlib.h>
#include <string.h>
#include "tests/unit/vdev_util.h"
#include "core/base/log.h"
#include "core/console_state.h"

#define VMS 3
#define LETTERS 7
#define DR 0x00
#define FR 0x18
#define FR_TXFF 0x20

#define REQUIRE(cond) \
	do { \
		if (!(cond)) { \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[VMS] = { "linux", "qnx", "rtos" };
static struct rig *vm[VMS];
static u32 said[VMS], seen[VMS];
static bool behave;

static void add(u32 i)
{
	vm[i] = rig_new(names[i], "pl011");
	vm[i]->vm.id = i;
	rig_option(vm[i], "hostdev", "-", 0);
	REQUIRE(rig_start(vm[i]) == 0);
}

static u8 letter(u32 i, u8 v)
{
	static const u8 control[4] = { '\r', '\n', '\n', '\r' };

	return v >= 0xe0 ? control[v & 3] : (u8)('A' + i * LETTERS + v % LETTERS);
}

static void say(u32 i, u8 v)
{
	u8 c = letter(i, v);

	if ((rig_read(vm[i], FR, 4) & FR_TXFF) != 0) {
		return;
	}
	rig_write(vm[i], DR, 1, c);
	said[i] += c >= 'A';
}

static void access_any(u32 i, u8 where, u8 v)
{
	struct mmio m = { .size = (u8)(1 << (where >> 6)), .write = (v & 1) != 0 };

	m.off = ALIGN_DOWN((where & 0x3f) * 4 / 3, m.size);
	/* What it sends must still be its own letters. */
	m.val = m.off < 4 ? letter(i, v) : v * 0x0101010101010101UL;
	(void)rig_access(vm[i], &m);
}

static void run(const uint8_t *op)
{
	u32 i = op[0] % VMS;
	char key[2] = { (char)(op[2] == CONSOLE_ESCAPE ? 'x' : op[2]), '\0' };

	switch (op[0] / VMS % 16) {
	case 0:
		host_uart.room = op[1];
		break;
	case 1:
		host_pass_ns((u64)op[1] * op[2] * 10000);
		break;
	case 2:
		host_uart_type(key);
		console_irq();
		break;
	case 3:
		log_info("line %u", op[1]);
		break;
	case 4:
		if (op[1] & 1) {
			console_vm_end(&vm[i]->vm);
		} else {
			console_vm_start(&vm[i]->vm);
		}
		break;
	case 5:
		if (!behave && op[1] > 0xc0) {
			rig_free(vm[i]);
			add(i);
		} else if (!behave) {
			vdevs_reset(&vm[i]->vm);
		}
		break;
	case 6:
	case 7:
		(void)rig_read(vm[i], DR, 4);
		break;
	default:
		if (behave || (op[2] & 6) == 0) {
			for (u32 n = 0; n <= op[2]; n++) {
				say(i, (u8)(op[1] + (op[2] > 0x80 ? 0 : n)));
			}
		} else {
			access_any(i, op[1], op[2]);
		}
		break;
	}
}

/* Every line begins with a name, and holds letters of that VM alone. */
static void check_output(void)
{
	const char *s = host_uart.out;

	while (*s != '\0') {
		const char *end = strchrnul(s, '\n');
		u32 owner = VMS;
		bool ours;

		for (u32 i = 0; i < VMS; i++) {
			if (strncmp(s, names[i], strlen(names[i])) == 0 && s[strlen(names[i])] == ':') {
				owner = i;
			}
		}
		ours = strncmp(s, "quoin: ", 7) == 0;
		REQUIRE(owner < VMS || ours);
		for (; s < end; s++) {
			/* What goes back to the start of the line is followed by the prefix again. */
			if (*s == '\r' && s[1] != '\r' && s[1] != '\n' && s[1] != '\0') {
				REQUIRE(owner < VMS && strncmp(s + 1, names[owner], strlen(names[owner])) == 0);
			}
			if (*s >= 'A' && *s <= 'Z' && !ours) {
				REQUIRE((u32)(*s - 'A') / LETTERS == owner);
				seen[owner]++;
			}
		}
		s += *s == '\n';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	behave = data[0] == 0;
	memset(said, 0, sizeof(said));
	memset(seen, 0, sizeof(seen));
	host_init();
	host_uart_reset();
	/* The rings stay: what is in them is forgotten. */
	for (u32 i = 0; i < CONSOLE_PORTS; i++) {
		struct console_port *p = &console.mux.port[i];

		p->head = p->tail = p->lines = 0;
		p->waiting = 0;
		p->live = p->used = false;
		p->buf = i == 0 ? NULL : p->buf;
	}
	console.mux.filled = 0;
	console.mux.open = console.mux.cur = NULL;
	console.mux.left = 0;
	console.mux.pend_at = console.mux.pend_len;
	console.holding = console.started = console.rx_off = console.refused = false;
	console.armed = 0;
	console.focus = console.chosen = console.told = NULL;
	console.escaped = console.deaf = false;
	memset(console.typed, 0, sizeof(console.typed));
	console_use(&uart_host, 0x1000, (u32)size & 1 ? 40 : 0);
	for (u32 i = 0; i < VMS; i++) {
		add(i);
	}
	console_start();
	for (size_t n = 1; n + 3 <= size; n += 3) {
		run(data + n);
		if (host_uart.out_len > sizeof(host_uart.out) / 2) {
			break;
		}
	}
	host_uart.room = ~0U;
	for (u32 i = 0; i < 3; i++) {
		console_irq(); /* the interrupt that a UART with room again would raise */
		host_pass_ns(2000000000);
	}
	console_flush();
	check_output();
	for (u32 i = 0; i < VMS && behave; i++) {
		REQUIRE(seen[i] == said[i]);
	}
	for (u32 i = 0; i < VMS; i++) {
		rig_free(vm[i]);
	}
	return 0;
}
