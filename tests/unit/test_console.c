/* SPDX-License-Identifier: Apache-2.0 */
/* core/console*.c and core/log.c: what comes out in which order, who gets what is typed. */
#include <errno.h>
#include <setjmp.h>
#include "tests/unit/test.h"
#include "tests/unit/console_util.h"
#include "core/base/log.h"
#include "core/board.h"
#include "core/console/console_state.h"

static void early_lines_are_kept(void)
{
	power_on();
	log_info("before %s, %d", "anything", 1);
	log_warn("second");
	CHECK_STR(host_uart.out, "");
	console_use(&uart_host, 0x1000, IRQ_NONE);
	CHECK_STR(host_uart.out, "quoin: before anything, 1\r\nquoin: second\r\n");
	shown();
	log_info("third");
	CHECK_STR(host_uart.out, "quoin: third\r\n");
	log_debug("not asked for");
	CHECK_STR(host_uart.out, "quoin: third\r\n");
	log_set_level(LOG_DEBUG);
	log_debug("asked for");
	CHECK_STR(host_uart.out, "quoin: third\r\nquoin: asked for\r\n");
	log_set_level(LOG_INFO);
}

static void early_console(void)
{
	power_on();
	log_info("hello");
	CHECK_EQ(console_early("host,0x9000000 more words"), 0);
	CHECK_EQ(console.base, 0x9000000);
	CHECK_STR(shown(), "\rquoin: hello\n"); /* what it was tried with, first */
	CHECK_EQ(console_early("host,150994944"), 0);
	CHECK_EQ(console.base, 150994944);
	CHECK_EQ(console_early("host"), -EINVAL);
	CHECK_EQ(console_early("host,"), -EINVAL);
	CHECK_EQ(console_early("host,0x"), -EINVAL);
	CHECK_EQ(console_early("host,0x9x"), -EINVAL);
	CHECK_EQ(console_early("host,9a"), -EINVAL);
	CHECK_EQ(console_early("host,0x10000000000000000"), -EINVAL);
	CHECK_EQ(console_early("host 0x9000000"), -EINVAL);
	CHECK_EQ(console_early(""), -EINVAL);
	CHECK_EQ(console_early("host,0xfe20aB00"), 0);
	CHECK_EQ(console.base, 0xfe20ab00);
	CHECK_EQ(console_early("averyveryverylongname,0x9000000"), -EINVAL);
	CHECK_EQ(console_early("ns16550,0x9000000"), -ENODEV);
}

static void board_console_is_found(void)
{
	static struct board b;
	static const char two[] = "vendor,special\0host,uart";

	power_on();
	log_info("a");
	CHECK_EQ(console_init(&b), -ENODEV);
	b.stdout_uart = -1;
	b.uart_count = 2;
	b.uart[0] = (struct board_uart){ .compatible = "vendor,none", .compatible_len = 12 };
	b.uart[1] = (struct board_uart){ .compatible = two, .compatible_len = sizeof(two),
					 .regs = { 0x9040000, 0x1000 }, .irq = { .intid = 40 } };
	CHECK_EQ(console_init(&b), 0);
	CHECK_EQ(console.base, 0x9040000);
	CHECK_EQ(console_intid(), 40);
	CHECK_STR(shown(), "\rquoin: a\n");
	/* The early console was the same UART: nothing is said twice. */
	power_on();
	CHECK_EQ(console_early("host,0x9040000"), 0);
	log_info("b");
	CHECK_EQ(console_init(&b), 0);
	CHECK_EQ(console_intid(), 40);
	CHECK_STR(shown(), "\rquoin: b\n");
	CHECK(!host_uart.rx_irq);
	console_start();
	CHECK(host_uart.rx_irq && !host_uart.tx_irq);
	/* The early console was another one. */
	power_on();
	CHECK_EQ(console_early("host,0x9050000"), 0);
	CHECK_EQ(console_init(&b), 0);
	CHECK_EQ(console.base, 0x9040000);
}

/* Its clock is off: the registers read as zeros or ones, and it takes nothing or gives without end. */
static void uarts_that_do_not_answer(void)
{
	static struct board b = { .stdout_uart = -1, .uart_count = 1 };

	b.uart[0] = (struct board_uart){ .compatible = "host,uart", .compatible_len = 10, .regs = { 0x9040000, 0x1000 } };
	power_on();
	host_uart.room = 0;
	CHECK_EQ(console_init(&b), -ENODEV);
	CHECK(console.uart == NULL);
	host_uart.room = ~0U;
	memset(host_uart.in, 0xff, sizeof(host_uart.in));
	host_uart.in_head = 1000000;
	CHECK_EQ(console_init(&b), -ENODEV); /* it was given up already */
	CHECK_EQ(console_early("host,0x9040000"), -EIO);
	CHECK(console.uart == NULL);
	host_uart.in_head = host_uart.in_tail = 0;
	host_uart_type("x");
	CHECK_EQ(console_early("host,0x9040000"), 0);
	CHECK_EQ(console.early, 0x100 | 'x'); /* somebody has typed meanwhile */
	CHECK(strstr(shown(), "UART at 0x9040000 does not answer (it takes no byte), not used") != NULL);
}

/* What a UART does not take for long is dropped, and counted: nobody waits for ever. */
static void a_uart_that_stands_is_not_waited_for(void)
{
	start(1);
	host_uart.room = 0;
	log_info("one");
	CHECK_EQ(console.dropped, 0);
	host_pass_ns(11000000000UL);
	for (unsigned int i = 0; i < 100; i++) {
		host_pass_ns(1000000);
		console_irq();
	}
	CHECK(console.dropped >= 12);
	CHECK_STR(shown(), "");
	host_uart.room = ~0U;
	log_info("two");
	for (unsigned int i = 0; i < 100; i++) {
		host_pass_ns(1000000);
		console_irq();
	}
	CHECK(strstr(shown(), "bytes lost, the UART stood)\n") != NULL);
	CHECK_EQ(console.dropped, 0);
	stop();
}

static void one_vm_passes_through(void)
{
	start(1);
	say(0, "login: ");
	CHECK_STR(host_uart.out, "login: ");
	say(0, "\033[1m\rx\r\n\001");
	CHECK_STR(host_uart.out, "login: \033[1m\rx\r\n\001");
	stop();
}

static void monitor_lines_start_at_line_starts(void)
{
	start(1);
	say(0, "one\r\n");
	log_info("two");
	say(0, "three");
	host_pass_ns(MS);
	log_info("four");
	say(0, " still three\r\n");
	CHECK_STR(shown(), "one\nquoin: two\nthree still three\nquoin: four\n");
	/* A prompt: the line does not end, so it is ended after a while. */
	say(0, "~ # ");
	log_info("five");
	CHECK_STR(shown(), "~ # ");
	host_pass_ns(246 * MS);
	CHECK_STR(shown(), "");
	host_pass_ns(2 * MS);
	CHECK_STR(shown(), "\nquoin: five\n");
	/* A guest that never ends its line cannot keep the monitor silent. */
	log_info("six");
	shown();
	say(0, "x");
	log_info("seven");
	for (u32 i = 0; i < 110; i++) {
		host_pass_ns(10 * MS);
		say(0, "x");
	}
	CHECK(strstr(shown(), "x\nquoin: seven\nx") != NULL);
	stop();
}

/* A UART that takes nothing does not stop the boot. */
static void a_dead_uart_is_given_up(void)
{
	power_on();
	console_use(&uart_host, 0x1000, IRQ_NONE);
	host_uart.room = 3;
	for (u32 i = 0; i < 1000; i++) {
		log_info("into the void");
	}
	CHECK_STR(host_uart.out, "quo");
	CHECK(console.stuck);
	shown();
	host_uart.room = ~0U;
	log_info("back");
	CHECK_STR(shown(), "quoin: back\nquoin: (21997 bytes lost, the UART stood)\n");
	CHECK(!console.stuck);
}

static void a_line_is_one_line(void)
{
	start(1);
	log_info("a\r\nquoin: b\n");
	CHECK_STR(shown(), "quoin: a  quoin: b \n");
	stop();
}

static void several_vms_have_whole_lines(void)
{
	start(3);
	for (u32 i = 0; i < 4; i++) {
		say(0, "a");
		say(1, "bb");
		say(2, "ccc");
	}
	CHECK_STR(shown(), "");
	say(1, "\r\n");
	say(2, "\r\n");
	host_pass_ns(MS);
	log_info("mine");
	say(0, "\r\n");
	CHECK_STR(shown(), "qnx: bbbbbbbb\nrtos: cccccccccccc\nquoin: mine\nlinux: aaaa\n");
	say(0, "x\ny\n\nz");
	CHECK_STR(shown(), "linux: x\nlinux: y\nlinux: \n");
	stop();
}

static void prompts_are_seen(void)
{
	start(2);
	/* Nobody has typed: a VM that has lost its CPU in the middle of a line has time to go on. */
	say(0, "~ # ");
	host_pass_ns(998 * MS);
	CHECK_STR(shown(), "");
	host_pass_ns(2 * MS);
	CHECK_STR(shown(), "linux: ~ # ");
	type("i");
	say(0, "i\r\n");
	CHECK_STR(shown(), "i\n");
	say(0, "~ # ");
	CHECK_STR(shown(), "");
	host_pass_ns(30 * MS);
	say(0, " ");
	host_pass_ns(48 * MS);
	CHECK_STR(shown(), "");
	host_pass_ns(2 * MS);
	CHECK_STR(shown(), "linux: ~ #  ");
	say(0, "e"); /* the echo comes at once */
	CHECK_STR(shown(), "e");
	/* Another's line waits a moment for the end of this one, then takes a line of its own. */
	say(1, "tick\r\n");
	CHECK_STR(shown(), "");
	host_pass_ns(251 * MS);
	CHECK_STR(shown(), "\nqnx: tick\n");
	say(0, "cho\r\n");
	CHECK_STR(shown(), "linux: cho\n");
	stop();
}

/* The wait for another's line starts anew each time. */
static void waits_each_time(void)
{
	start(2);
	type("i");
	for (u32 i = 0; i < 3; i++) {
		say(0, "~ # ");
		host_pass_ns(60 * MS);
		CHECK_STR(shown(), "linux: ~ # ");
		say(0, "x");
		say(1, "tick\r\n");
		host_pass_ns(220 * MS);
		CHECK_STR(shown(), "x");
		host_pass_ns(31 * MS);
		CHECK_STR(shown(), "\nqnx: tick\n");
		host_pass_ns(1100 * MS);
	}
	stop();
}

/* Each in its turn, whoever has more to say. */
static void lines_take_turns(void)
{
	start(3);
	host_uart.room = 0;
	for (u32 i = 0; i < 4; i++) {
		say(0, "zero\n");
	}
	say(1, "one\none\n");
	say(2, "two\ntwo\n");
	host_uart.room = ~0U;
	host_pass_ns(100 * MS);
	CHECK_STR(shown(), "linux: zero\nqnx: one\nrtos: two\nlinux: zero\nqnx: one\nrtos: two\n"
		  "linux: zero\nlinux: zero\n");
	stop();
}

static void long_lines_are_shown(void)
{
	char text[CONSOLE_PARTIAL + 1] = { 0 };

	start(2);
	memset(text, 'l', CONSOLE_PARTIAL - 1);
	say(1, text);
	CHECK_STR(shown(), "");
	say(1, "L");
	host_pass_ns(MS); /* in bursts */
	CHECK(strstr(shown(), "qnx: lll") != NULL);
	say(1, "m");
	CHECK_STR(shown(), "m");
	say(0, "other\r\n");
	say(1, "\r\n");
	CHECK_STR(shown(), "\nlinux: other\n");
	stop();
}

static void nobody_forges_another(void)
{
	start(2);
	say(1, "\rquoin: all is well\r\n");
	CHECK_STR(shown(), "qnx: \rqnx: quoin: all is well\n");
	say(1, "5%\r6%\r\r7%\r\n");
	CHECK_STR(shown(), "qnx: 5%\rqnx: 6%\r\rqnx: 7%\n");
	say(1, "part");
	host_pass_ns(1001 * MS);
	say(1, "\r");
	say(1, "linux: hi\n");
	CHECK_STR(shown(), "qnx: part\rqnx: linux: hi\n");
	/* The carriage return was of another line. */
	say(1, "again\r");
	host_pass_ns(1001 * MS);
	say(0, "x\n");
	host_pass_ns(251 * MS);
	say(1, "on\n");
	CHECK_STR(shown(), "qnx: again\r\nlinux: x\nqnx: on\n");
	say(1, "\nquoin: hi\n");
	CHECK_STR(shown(), "qnx: \nqnx: quoin: hi\n");
	stop();
}

/* Three talk at once while the UART takes a few bytes at a time: nothing lost, nothing mixed. */
static void full_rings_lose_nothing(void)
{
	static char got[3][40000], want[3][40000], line[200];
	u32 count[3] = { 0 };
	char *next, *all;

	start(3);
	memset(got, 0, sizeof(got));
	memset(want, 0, sizeof(want));
	host_uart.room = 0;
	for (u32 round = 0; round < 20000 && count[0] + count[1] + count[2] < 600; round++) {
		for (u32 i = 0; i < 3; i++) {
			if (count[i] < 200 && (rig_read(vm[i], FR, 4) & 0xa0) == 0x80) {
				snprintf(line, sizeof(line), "%u:%u:%.*s\r\n", i, count[i], (int)(count[i] % 60),
					 "------------------------------------------------------------");
				/* As a driver: look at TXFF before each byte, wait when it is set. */
				for (char *c = line; *c != '\0'; c++) {
					while ((rig_read(vm[i], FR, 4) & 0x20) != 0) {
						host_uart.room += 7;
						host_pass_ns(MS);
					}
					rig_write(vm[i], DR, 1, (u8)*c);
				}
				strcat(want[i], line);
				count[i]++;
			}
		}
		host_uart.room += 7;
		host_pass_ns(MS);
	}
	host_uart.room = ~0U;
	host_pass_ns(1000 * MS);
	CHECK_EQ(count[0] + count[1] + count[2], 600);
	all = host_uart.out;
	while ((next = strstr(all, "\r\n")) != NULL) {
		u32 who = strncmp(all, "linux: ", 7) == 0 ? 0 : strncmp(all, "qnx: ", 5) == 0 ? 1
			: strncmp(all, "rtos: ", 6) == 0 ? 2 : 3;

		if (who == 3) {
			test_fail(__FILE__, __LINE__, "a line of nobody: %.60s", all);
			break;
		}
		strncat(got[who], strchr(all, ' ') + 1, (size_t)(next + 2 - strchr(all, ' ') - 1));
		all = next + 2;
	}
	CHECK_STR(all, "");
	for (u32 i = 0; i < 3; i++) {
		CHECK_STR(got[i], want[i]);
	}
	stop();
}

static void lost_lines_are_counted(void)
{
	power_on();
	for (u32 i = 0; i < 1000; i++) {
		log_info("a line that fills the ring of the monitor, number %u", i);
	}
	console_use(&uart_host, 0x1000, IRQ_NONE);
	CHECK(strstr(host_uart.out, "quoin: a line that fills the ring of the monitor, number 0\r\n") != NULL);
	CHECK(strstr(host_uart.out, " lines lost)\r\n") != NULL);
	shown();
	log_info("fine again");
	CHECK_STR(shown(), "quoin: fine again\n");
}

static void input_goes_to_the_first_that_lives(void)
{
	start(3);
	type("abc");
	CHECK_STR(heard(0), "abc");
	CHECK_STR(heard(1), "");
	console_vm_end(&vm[0]->vm);
	type("def");
	CHECK_STR(heard(0), "");
	CHECK_STR(heard(1), "def");
	console_vm_start(&vm[0]->vm);
	type("ghi");
	CHECK_STR(heard(0), "ghi");
	rig_free(vm[0]);
	vm[0] = NULL;
	type("jkl");
	CHECK_STR(heard(1), "jkl");
	stop();
	/* Nobody is there: it is lost, no other VM gets it. */
	type("mno");
	vm[0] = add_vm(0, "next");
	type("");
	CHECK_STR(heard(0), "");
	stop();
	/* Before the first is there it waits for him. */
	start(0);
	type("pqr");
	vm[0] = add_vm(0, "first");
	type("");
	CHECK_STR(heard(0), "pqr");
	stop();
}

static void much_input_waits(void)
{
	static char text[3001], got[3001];
	u32 n = 0;

	for (u32 i = 0; i < 3000; i++) {
		text[i] = (char)('a' + i % 26);
	}
	start(1);
	console.intid = 40;
	console.uart->irq_mask(0, true, false);
	host_uart_type(text);
	for (u32 i = 0; i < 200; i++) {
		console_irq();
	}
	CHECK(!host_uart.rx_irq); /* the ring is full: the UART is left alone */
	memset(got, 0, sizeof(got));
	for (u32 i = 0; i < 5000 && n < 3000; i++) {
		const char *piece = heard(0);

		strcpy(got + n, piece);
		n += (u32)strlen(piece);
		if (host_uart.rx_irq && host_uart.in_head != host_uart.in_tail) {
			console_irq();
		}
		host_pass_ns(MS);
	}
	CHECK_STR(got, text);
	/* Turning the transmit interrupt on and off leaves the receive interrupt on. */
	host_uart.room = 0;
	say(0, "x");
	CHECK(host_uart.tx_irq && host_uart.rx_irq);
	host_uart.room = 1;
	console_irq();
	CHECK(!host_uart.tx_irq && host_uart.rx_irq);
	stop();
}

/* Two UARTs of one VM on the console: one port, the first has the input. */
static void two_devices_share_a_port(void)
{
	struct cfg_vdev second;
	struct cfg_loc place = { .addr = 0x1c0a0000 };
	struct mmio_window *w;
	struct mmio m;

	power_on();
	console_use(&uart_host, 0x1000, IRQ_NONE);
	vm[0] = rig_new("linux", "pl011");
	rig_option(vm[0], "hostdev", "-", 0);
	second = vm[0]->vdev;
	second.loc = &place;
	vm[0]->vdev.next = &second;
	REQUIRE(rig_start(vm[0]) == 0);
	console_start();
	rig_write(vm[0], LCR, 4, 0x70);
	w = &vm[0]->vm.window[1];
	CHECK_EQ(w->base, 0x1c0a0000);
	say(0, "a");
	w->write32(w->arg, NULL, DR, 'b');
	CHECK_STR(shown(), "ab");
	CHECK(!console.mux.multi);
	type("x");
	CHECK_STR(heard(0), "x");
	CHECK(w->read32(w->arg, NULL, FR) & RXFE);
	/* Both learn that there is room again. */
	host_uart.room = 0;
	while ((rig_read(vm[0], FR, 4) & 0x20) == 0) {
		rig_write(vm[0], DR, 4, 'c');
	}
	w->write32(w->arg, NULL, DR, 'd');
	CHECK((w->read32(w->arg, NULL, FR) & 0x80) == 0);
	host_uart.room = ~0U;
	host_pass_ns(100 * MS);
	CHECK((rig_read(vm[0], FR, 4) & 0xa0) == 0x80);
	CHECK((w->read32(w->arg, NULL, FR) & 0xa0) == 0x80);
	shown();
	/* The first goes: the second has the input now, and the port lives on. */
	console_detach(vm[0]->vm.vdevs);
	type("y");
	CHECK_STR(heard(0), "");
	m = (struct mmio){ .off = DR, .size = 4 };
	CHECK_EQ(w->fn(w->arg, NULL, &m), MMIO_DONE);
	CHECK_EQ(m.val, 'y');
	w->write32(w->arg, NULL, DR, 'e');
	CHECK_STR(shown(), "e");
	say(0, "f"); /* connected to nothing now */
	CHECK((rig_read(vm[0], FR, 4) & 0x80) != 0);
	CHECK_STR(shown(), "");
	stop();
}

/* Directions given one by one add up; a device without input does not stand in its way. */
static void directions(void)
{
	struct cfg_vdev second;
	struct cfg_loc place = { .addr = 0x1c0a0000 };
	struct cfg_option both[2];
	struct mmio_window *w;

	power_on();
	console_use(&uart_host, 0x1000, IRQ_NONE);
	vm[0] = rig_new("linux", "pl011");
	rig_option(vm[0], "hostdev", ">-", 0);
	second = vm[0]->vdev;
	second.loc = &place;
	both[0] = both[1] = vm[0]->options[0];
	both[0].str = "<-";
	both[0].next = &both[1];
	second.options = &both[0];
	vm[0]->vdev.next = &second;
	REQUIRE(rig_start(vm[0]) == 0);
	console_start();
	w = &vm[0]->vm.window[1];
	w->write32(w->arg, NULL, LCR, 0x70);
	w->write32(w->arg, NULL, DR, 'o');
	CHECK_STR(shown(), "o");
	type("i");
	CHECK_STR(heard(0), "");
	CHECK_EQ(w->read32(w->arg, NULL, DR), 'i');
	console_detach(vm[0]->vm.vdevs);
	type("j");
	CHECK_EQ(w->read32(w->arg, NULL, DR), 'j');
	w->write32(w->arg, NULL, DR, 'p');
	CHECK_STR(shown(), "p");
	stop();
}

static void transmit_interrupt_only_when_needed(void)
{
	start(1);
	console.intid = 40;
	say(0, "abc");
	CHECK(!host_uart.tx_irq);
	host_uart.room = 2;
	say(0, "defgh");
	CHECK(host_uart.tx_irq);
	CHECK_STR(host_uart.out, "abcde");
	host_uart.room = 2;
	console_irq();
	CHECK(host_uart.tx_irq);
	CHECK_STR(host_uart.out, "abcdefg");
	host_uart.room = ~0U;
	console_irq();
	CHECK(!host_uart.tx_irq);
	CHECK_STR(host_uart.out, "abcdefgh");
	stop();
}

static void work_per_call_is_bounded(void)
{
	start(1);
	console.intid = 40;
	host_uart.room = 0;
	for (u32 i = 0; i < 3000; i++) {
		say(0, "x");
	}
	host_uart.room = ~0U;
	console_irq();
	CHECK(host_uart.out_len <= 16);
	CHECK(!host_uart.tx_irq); /* it has room: the rest goes a moment later */
	host_pass_ns(20 * MS);
	CHECK_EQ(host_uart.out_len, 3000);
	stop();
}

static void flush_waits_for_the_end(void)
{
	start(2);
	say(0, "last words");
	say(1, "others\r\nalso unfinished");
	console_flush();
	CHECK_STR(shown(), "qnx: others\nlinux: last words\nqnx: also unfinished");
	stop();
}

/* Without an interrupt: looked at now and then, and often while bytes move. */
static void polled_uart(void)
{
	start(1);
	host_uart_type("a");
	host_pass_ns(10 * MS + MS / 2);
	CHECK_STR(heard(0), "a");
	host_uart_type("b");
	host_pass_ns(MS); /* one was there a moment ago */
	CHECK_STR(heard(0), "b");
	host_pass_ns(50 * MS);
	host_uart_type("c");
	host_pass_ns(11 * MS);
	CHECK_STR(heard(0), "c");
	host_uart.room = 1;
	say(0, "xyz");
	CHECK_STR(host_uart.out, "x");
	host_uart.room = 1;
	host_pass_ns(MS);
	CHECK_STR(host_uart.out, "xy");
	stop();
}

static void the_dead_are_heard(void)
{
	start(2);
	say(0, "reboot: Power down");
	console_vm_end(&vm[0]->vm);
	log_info("linux: ended");
	host_pass_ns(MS);
	CHECK_STR(shown(), "linux: reboot: Power down\nquoin: console input goes to qnx; "
		  "Ctrl-] m is the monitor's shell, Ctrl-] ? helps\nquoin: linux: ended\n");
	stop();
}

static void ports_are_used_again(void)
{
	start(1);
	rig_free(vm[0]);
	for (u32 i = 0; i < 20; i++) {
		char text[32];

		vm[0] = add_vm(0, "again");
		snprintf(text, sizeof(text), "%u\r\n", i);
		say(0, text);
		CHECK_EQ(strtoul(shown(), NULL, 10), i);
		rig_free(vm[0]);
	}
	vm[0] = NULL;
	/* One VM at a time: no prefixes. */
	CHECK(!console.mux.multi);
}

static jmp_buf out;
static bool was_reset;

static void stopped(bool reset)
{
	was_reset = reset;
	longjmp(out, 1);
}

static void hook(void)
{
	log_print(LOG_FATAL, "x0 = 1");
}

static void panic_gets_out(void)
{
	start(1);
	say(0, "half a line");
	shown();
	console_lock(); /* whoever holds it will not give it back */
	host_stop = stopped;
	panic_hook = hook;
	if (setjmp(out) == 0) {
		panic("out of %s", "luck");
	}
	CHECK(!was_reset);
	CHECK_STR(shown(), "\nquoin: panic: out of luck\nquoin: x0 = 1\n");
	panic_resets = true;
	if (setjmp(out) == 0) {
		panic("again"); /* from within the panic: nothing to add */
	}
	CHECK(was_reset);
	CHECK_STR(shown(), "");
	host_stop = NULL;
	panic_hook = NULL;
	console.panicking = false;
	console.lock.taken = 0;
	stop();
}

TEST_MAIN(RUN(early_lines_are_kept), RUN(early_console), RUN(board_console_is_found), RUN(uarts_that_do_not_answer), RUN(a_uart_that_stands_is_not_waited_for),
	  RUN(one_vm_passes_through), RUN(monitor_lines_start_at_line_starts),
	  RUN(a_dead_uart_is_given_up), RUN(a_line_is_one_line), RUN(several_vms_have_whole_lines), RUN(prompts_are_seen),
	  RUN(waits_each_time),
	  RUN(lines_take_turns), RUN(long_lines_are_shown), RUN(nobody_forges_another), RUN(full_rings_lose_nothing),
	  RUN(lost_lines_are_counted), RUN(input_goes_to_the_first_that_lives),
	  RUN(much_input_waits), RUN(two_devices_share_a_port), RUN(directions),
	  RUN(transmit_interrupt_only_when_needed),
	  RUN(work_per_call_is_bounded), RUN(flush_waits_for_the_end), RUN(polled_uart), RUN(the_dead_are_heard),
	  RUN(ports_are_used_again), RUN(panic_gets_out))
