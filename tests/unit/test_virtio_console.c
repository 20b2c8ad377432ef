/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio console between a driver's rings and the monitor's console. */
#include "tests/unit/test.h"
#include "tests/unit/virtq_util.h"
#include "core/console_state.h"

#define TX_RING (RING_IPA + 0x4000)

static struct rig *r;
static struct driver rx, tx;

static void wr(u64 off, u32 val)
{
	rig_write(r, off, 4, val);
	schedule();
}

static void set_up_queue(u32 index, struct driver *d, ipa_t ring)
{
	*d = (struct driver){ .ring = ring, .size = 8 };
	wr(0x30, index);
	wr(0x38, 8);
	wr(0x80, (u32)ring);
	wr(0x90, (u32)ring + 0x1000);
	wr(0xa0, (u32)ring + 0x2000);
	wr(0x44, 1);
}

static void setup(void)
{
	host_init();
	host_uart_reset();
	memset(&console, 0, sizeof(console)); /* what it was to do at times of another machine */
	console_use(&uart_host, 0, 33);
	console_start();
	r = rig_new("guest", "virtio-console");
	give_ram(&r->vm);
	r->cfg.cpu_count = 1;
	rig_option(r, "hostdev", "-", 0);
	if (rig_start(r) != 0) {
		test_fail(__FILE__, __LINE__, "%s", r->message);
	}
	console_vm_start(&r->vm);
	wr(0x70, 3);
	wr(0x24, 1);
	wr(0x20, 1);
	wr(0x70, 11);
	set_up_queue(0, &rx, RING_IPA);
	set_up_queue(1, &tx, TX_RING);
	wr(0x70, 15);
}

static void send(u16 slot, const char *text)
{
	ipa_t at = DATA_IPA + 0x1000 * slot;

	memcpy(at_ipa(at), text, strlen(text));
	put_desc(TX_RING, slot, at, (u32)strlen(text), 0, 0);
	offer(&tx, slot);
	wr(0x50, 1);
}

static void output(void)
{
	u32 id, len;

	setup();
	send(0, "hello from the guest\n");
	REQUIRE(take_used(&tx, &id, &len));
	CHECK_EQ(id, 0);
	console_flush();
	CHECK(strstr(host_uart.out, "hello from the guest\n") != NULL);
	rig_free(r);
}

/* More than the console holds: the rest goes out when there is room, and nothing is lost. */
static void a_full_console(void)
{
	static char text[3001];
	u32 id, len, done = 0;

	setup();
	memset(text, 'x', 3000);
	text[2999] = '\n';
	host_uart.room = 0;
	for (u16 i = 0; i < 4; i++) {
		send(i, text);
	}
	while (take_used(&tx, &id, &len)) {
		done++;
	}
	CHECK(done < 4);
	host_uart.room = ~0U;
	for (u32 i = 0; i < 3000; i++) {
		host_pass_ns(10000000);
		console_irq();
		schedule();
	}
	while (take_used(&tx, &id, &len)) {
		done++;
	}
	CHECK_EQ(done, 4);
	console_flush();
	CHECK_EQ(strspn(strchr(host_uart.out, 'x'), "x\n"), 12000);
	rig_free(r);
}

static void input_bytes(void)
{
	u32 id, len;

	setup();
	put_desc(RING_IPA, 3, DATA_IPA, 4, D_WRITE, 0);
	offer(&rx, 3);
	wr(0x50, 0);
	host_uart_type("typed");
	console_irq();
	host_pass_ns(10000000);
	schedule();
	REQUIRE(take_used(&rx, &id, &len));
	CHECK_EQ(id, 3);
	CHECK_EQ(len, 4);
	CHECK_MEM(at_ipa(DATA_IPA), "type", 4);
	put_desc(RING_IPA, 4, DATA_IPA + 64, 4, D_WRITE, 0);
	offer(&rx, 4);
	wr(0x50, 0); /* the last one waited for a buffer */
	REQUIRE(take_used(&rx, &id, &len));
	CHECK_EQ(len, 1);
	CHECK_MEM(at_ipa(DATA_IPA + 64), "d", 1);
	rig_free(r);
}

TEST_MAIN(RUN(output), RUN(a_full_console), RUN(input_bytes))
