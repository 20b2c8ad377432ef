/* SPDX-License-Identifier: Apache-2.0 */
/* The start script run by real threads: which VMs start, what is said of the others, the end. */
#include "tests/unit/test.h"
#include "tests/unit/image_util.h"
#include "arch/host/host.h"
#include "arch_gic.h"
#include "core/base/board.h"
#include "core/base/memory.h"
#include "core/exit.h"
#include "core/spec/esr.h"
#include "core/spec/psci.h"
#include "core/start.h"
#include "core/vm_build.h"

static struct image image;
static struct board board;
static char stopped; /* 'o' off, 'r' reset */
static int ended;    /* VMs that are to end before the machine stops */
static char ran[64]; /* the VMs whose guest ran */

/* The machine is off: the thread that asked for it ends. */
static void machine_stops(bool reset)
{
	stopped = reset ? 'r' : 'o';
	for (const char *r = ran; (r = strchr(r, ' ')) != NULL; r++) {
		ended--;
	}
	CHECK_EQ(ended, 0); /* not before the last guest has done its part */
	thread_exit();
}

static void guest(struct vcpu *v)
{
	snprintf(ran + strlen(ran), sizeof(ran) - strlen(ran), "%s ", v->vm->cfg->name);
	v->x[0] = PSCI_SYSTEM_OFF;
	write_esr_el2(field_prep(ESR_EC, EC_HVC64) | ESR_IL);
	exit_sync(v);
}

#define VM(name, more) "/" name " = {\nsystem " name "\ncpu\n" more "load 0x40080000,/blob\n}\n"
#define VMS VM("a", "ram 0x40000000,1M\n") VM("b", "ram 0x40000000,1M\n") VM("c", "ram 1,2\n")

/* Boot an image with `script`, or with none if it is empty; what was said is in host_uart.out. */
static bool boot(const char *script, int vms)
{
	static char text[8192];
	struct diag d;
	u64 size;
	u8 *p;

	host_init();
	host_gic_init(3, 4);
	host_uart_reset();
	host_guest = guest;
	host_stop = machine_stops;
	stopped = 0;
	ran[0] = '\0';
	ended = vms;
	board = (struct board){ .ram_count = 1, .ram = { { GiB(1), GiB(1) } }, .cpu_count = 1,
				.gic = { .version = 3 }, .stdout_uart = -1 };
	snprintf(text, sizeof(text), "[virtual=aarch64le,raw] boot = {\nquoin\n}\n"
		 "[+script] startup = {\n%s}\n" VMS "/blob = { payload }\n", script);
	for (unsigned int i = 0; i < 9; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 VM("n%u", "ram 0x40000000,1M\n"), i, i);
	}
	p = make_image(text, &size);
	d = log_start();
	if (p == NULL || image_open(p, size, &image, &d) != 0) {
		test_fail(__FILE__, __LINE__, "no image: %s", log_text);
		return false;
	}
	for (u32 i = 0; script[0] == '\0' && i < image.count; i++) {
		((struct image_entry *)image.entry)[i].flags &= (u16)~IMAGE_SCRIPT;
	}
	vm_sources(&image, &board, false);
	if (!start_vms(&image, &board)) {
		test_fail(__FILE__, __LINE__, "no thread");
		return false;
	}
	for (unsigned int i = 0; i < 1000 && host_percpu->ready != 0; i++) {
		schedule();
	}
	free(p);
	return true;
}

static bool said(const char *what)
{
	return strstr(host_uart.out, what) != NULL;
}

static void one_vm_then_off(void)
{
	REQUIRE(boot("qvm @/a\n", 1));
	CHECK_STR(ran, "a ");
	CHECK(said("a: ended, the guest powered off"));
	CHECK(said("no VM runs, powering off"));
	CHECK_EQ(stopped, 'o');
}

static void several_and_a_reset(void)
{
	REQUIRE(boot("qvm @/a\nqvm @/b\non-idle reset\n", 2));
	CHECK(strstr(ran, "a ") != NULL && strstr(ran, "b ") != NULL);
	CHECK(said("b: ended, the guest powered off"));
	CHECK(said("no VM runs, resetting"));
	CHECK_EQ(stopped, 'r');
}

static void waiting_for_ever(void)
{
	REQUIRE(boot("qvm @/a\non-idle wait\n", 1));
	CHECK(said("no VM runs, waiting"));
	CHECK_EQ(stopped, 0);
	CHECK(percpus[0].current == percpus[0].idle);
}

static void bad_vms_do_not_stop_the_others(void)
{
	REQUIRE(boot("qvm @/c\nqvm @/b\nqvm @/nothing\nqvm @/a\n", 2));
	CHECK(strstr(ran, "a ") != NULL && strstr(ran, "b ") != NULL && strstr(ran, "c") == NULL);
	CHECK(said("c:3:"));
	CHECK(said("c: not started"));
	CHECK(said("nothing"));
	CHECK_EQ(stopped, 'o');
}

/* However many VMs are refused, by their own text or for a clash, nothing of them stays. */
static void refused_vms_take_no_memory(void)
{
	u64 before = mem_free_bytes(), one_vm;

	/* A boot keeps its script and threads, and an ended VM its own; the second boot has no more VMs. */
	REQUIRE(boot("qvm @/a\n", 1));
	one_vm = before - mem_free_bytes();
	before = mem_free_bytes();
	REQUIRE(boot("qvm @/c\nqvm @/a\nqvm @/c\nqvm @/nothing\nqvm @/a\n", 1));
	CHECK_EQ(before - mem_free_bytes(), one_vm);
}

static void vms_that_clash(void)
{
	REQUIRE(boot("qvm @/a\nqvm @/a\nqvm @/b\n", 2));
	CHECK(said("a: not started")); /* the second of that name */
	CHECK(strstr(ran, "a ") != NULL && strstr(ran, "b ") != NULL);
	CHECK(strstr(strstr(ran, "a ") + 1, "a ") == NULL);
}

static void bad_lines_are_skipped(void)
{
	REQUIRE(boot("frobnicate\nqvm @/a\n", 1));
	CHECK(said("frobnicate"));
	CHECK(said("startup: lines with errors are skipped"));
	CHECK_STR(ran, "a ");
}

static void too_many_vms(void)
{
	static char script[1024];
	unsigned int n = 0;

	script[0] = '\0';
	for (unsigned int i = 0; i < VM_MAX + 1; i++) {
		snprintf(script + strlen(script), sizeof(script) - strlen(script),
			 "qvm @/n%u\n", i);
	}
	REQUIRE(boot(script, VM_MAX));
	CHECK(said("more than 8 VMs"));
	for (const char *s = ran; (s = strchr(s, ' ')) != NULL; s++) {
		n++;
	}
	CHECK_EQ(n, VM_MAX);
	CHECK_EQ(stopped, 'o');
}

static void no_script(void)
{
	REQUIRE(boot("", 0));
	CHECK(said("the image has no start script"));
	CHECK_EQ(stopped, 'o');
}

TEST_MAIN(RUN(one_vm_then_off), RUN(several_and_a_reset), RUN(waiting_for_ever),
	  RUN(bad_vms_do_not_stop_the_others), RUN(refused_vms_take_no_memory),
	  RUN(vms_that_clash), RUN(bad_lines_are_skipped), RUN(no_script), RUN(too_many_vms))
