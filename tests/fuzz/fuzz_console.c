/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three guests do anything to their UARTs while the console's UART stalls, time passes, keys are
 * typed, the focus changes, the shell talks, VMs end and start: each line that comes out has one owner
 * and, but for the chosen VM, its prefix; nobody's bytes are lost as long as the guest looks at the
 * flags before it writes; who reads gets only what was typed for him, in order.
 *
 * The first byte chooses: 0 guests behave, else they write any register. Then operations of three
 * bytes each. Guest `i` says letters of its own only: A-G, H-N, O-U.
 */
#include <string.h>
#include "tests/unit/vdev_util.h"
#include "core/base/log.h"
#include "core/console/console_state.h"
#include "tests/fuzz/fuzz.h"

#define VMS 3
#define LETTERS 7
#define DR 0x00
#define FR 0x18
#define FR_TXFF 0x20
#define FR_RXFE 0x10

static const char *const names[VMS] = { "linux", "qnx", "rtos" };
static struct rig *vm[VMS];
static u32 said[VMS], seen[VMS];
static bool behave, was_chosen, escaped;
static u8 typed[VMS + 1][65536]; /* for each VM, and the shell */
static u32 typed_count[VMS + 1], heard[VMS + 1];

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

/* Who has the input: a VM, the shell (VMS), or nobody (VMS + 1). */
static u32 focused(void)
{
	for (u32 i = 0; i < VMS; i++) {
		if (console_focused() == &vm[i]->vm) {
			return i;
		}
	}
	return console_at_shell() ? VMS : VMS + 1;
}

/* What is typed says for whom. It must be taken at once, so that this is known. */
static void press(u8 kind, u8 v)
{
	static const char commands[] = "123nm?x8";
	u32 to = focused();
	char key[2] = { (char)(0x80 | to << 5 | (v & 31)), '\0' };

	if (host_uart.in_head != host_uart.in_tail) {
		console_irq();
		return;
	}
	if (to > VMS || kind < 0x30) {
		key[0] = CONSOLE_ESCAPE;
	} else if (escaped) {
		key[0] = commands[v & 7];
	}
	host_uart_type(key);
	console_irq();
	if (host_uart.in_head != host_uart.in_tail) {
		host_uart.in_head = host_uart.in_tail; /* no room for it: not typed, then */
		return;
	}
	if (escaped || key[0] == CONSOLE_ESCAPE) {
		was_chosen |= escaped;
		escaped = !escaped;
	} else if (typed_count[to] < sizeof(typed[0])) {
		typed[to][typed_count[to]++] = (u8)key[0];
	}
}

/* Some may have been lost with an end or a reset, but what comes was typed for him. */
static void hear(u32 i, u8 c)
{
	while (heard[i] < typed_count[i] && typed[i][heard[i]] != c) {
		heard[i]++;
	}
	REQUIRE(heard[i] < typed_count[i]);
	heard[i]++;
}

static void read_input(u32 i)
{
	if ((rig_read(vm[i], FR, 4) & FR_RXFE) == 0) {
		u8 c = (u8)rig_read(vm[i], DR, 4);

		if (c >= 0x80) { /* else its own, in loopback */
			hear(i, c);
		}
	}
}

static void use_shell(u8 what, u8 v)
{
	char buf[64];
	size_t n = v & 31;

	if ((what & 1) != 0 && port_room(&console.mux.port[CONSOLE_SHELL]) >= n + 2) {
		memset(buf, 'z', n);
		memcpy(buf + n, "\r\n", 2);
		console_shell_write(buf, n + ((what & 2) != 0 ? 2 : 0));
	} else if (input_used(&console.typed[CONSOLE_SHELL]) != 0) {
		n = console_shell_read(buf, sizeof(buf));
		for (size_t i = 0; i < n; i++) {
			if ((u8)buf[i] >= 0x80) { /* not the escape key itself, nor CONSOLE_REDRAW */
				hear(VMS, (u8)buf[i]);
			}
		}
	}
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

	switch (op[0] / VMS % 16) {
	case 0:
		host_uart.room = op[1];
		break;
	case 1:
		/* Not so long that a UART that stands is given up: that does lose bytes. */
		if (console.full_since == 0 || counter_now() - console.full_since < ns_to_counter(9000000000UL)) {
			host_pass_ns((u64)op[1] * op[2] * 10000);
		}
		break;
	case 2:
		press(op[1], op[2]);
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
		read_input(i);
		break;
	case 7:
		use_shell(op[1], op[2]);
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

/* One line, without what was erased in front of it. */
static void check_line(const char *s, const char *end)
{
	u32 owner = VMS, speaker = VMS;

	for (u32 i = 0; i < VMS; i++) {
		if (strncmp(s, names[i], strlen(names[i])) == 0 && s[strlen(names[i])] == ':') {
			owner = i;
		}
	}
	/* Without a choice of the operator there is a prefix on every line, or it is the shell's. */
	REQUIRE(owner < VMS || was_chosen || *s == 'z' || *s == '\0' || strncmp(s, "quoin: ", 7) == 0
		|| strspn(s, "\r") == (size_t)(end - s));
	for (; s < end && strncmp(s, "quoin: ", 7) != 0; s++) {
		/* What goes back to the start of the line is followed by the prefix again. */
		if (*s == '\r' && s[1] != '\r' && s[1] != '\n' && s[1] != '\0' && !was_chosen && owner < VMS) {
			REQUIRE(strncmp(s + 1, names[owner], strlen(names[owner])) == 0);
		}
		if (*s >= 'A' && *s <= 'Z') {
			u32 i = (u32)(*s - 'A') / LETTERS;

			REQUIRE((owner == VMS || owner == i) && (speaker == VMS || speaker == i));
			speaker = i;
			seen[i]++;
		}
	}
}

static void check_output(void)
{
	const char *s = host_uart.out;

	while (*s != '\0') {
		const char *end = strchrnul(s, '\n'), *erase;

		while ((erase = memmem(s, (size_t)(end - s), "\r\033[K", 4)) != NULL) {
			REQUIRE(*s == 'z' && strspn(s, "z") == (size_t)(erase - s));
			s = erase + 4;
		}
		check_line(s, end);
		s = end + (*end == '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	behave = data[0] == 0;
	was_chosen = escaped = false;
	memset(typed_count, 0, sizeof(typed_count));
	memset(heard, 0, sizeof(heard));
	memset(said, 0, sizeof(said));
	memset(seen, 0, sizeof(seen));
	host_init();
	host_uart_reset();
	/* The rings stay: what is in them is forgotten. */
	for (u32 i = 0; i < CONSOLE_PORTS; i++) {
		struct console_port *p = &console.mux.port[i];

		p->head = p->tail = p->lines = 0;
		p->waiting = 0;
		p->live = p->used = p->raw = p->filter = p->eager = false;
		p->buf = i == 0 ? NULL : p->buf;
	}
	console.mux.filled = 0;
	console.mux.open = console.mux.cur = NULL;
	console.mux.left = 0;
	console.mux.pend_at = console.mux.pend_len;
	console.holding = console.started = console.rx_off = console.refused = false;
	console.armed = 0;
	console.full_since = 0;
	console.dropped = 0;
	console.focus = console.chosen = console.told = NULL;
	console.escaped = console.deaf = console.mux.torn = console.mux.multi = false;
	console.before = NULL;
	memset(console.typed, 0, sizeof(console.typed));
	console_use(&uart_host, 0x1000, (u32)size & 1 ? 40 : 0);
	for (u32 i = 0; i < VMS; i++) {
		add(i);
	}
	console_start();
	console_shell_open(this_cpu()->current);
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
