/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A debugger in a page: traces a child with the CPU's breakpoints, watchpoints and single steps
 * (Linux ptrace(2), NT_ARM_HW_BREAK and NT_ARM_HW_WATCH). Says QUOIN-DEBUG-OK, or what did not happen.
 */
#include "sys.h"

enum {
	PTRACE_TRACEME = 0, PTRACE_CONT = 7, PTRACE_SINGLESTEP = 9, PTRACE_GETREGSET = 0x4204,
	PTRACE_SETREGSET = 0x4205,
};
enum { NT_PRSTATUS = 1, NT_ARM_HW_BREAK = 0x402, NT_ARM_HW_WATCH = 0x403 };

#define AT_EL0   (2 << 1 | 1) /* enabled, for user mode */
#define EXECUTE  (0xf << 5 | AT_EL0)
#define STORE    (0xff << 5 | 2 << 3 | AT_EL0)
#define STEPS    16

struct vec {
	void *base;
	u64 len;
};

static struct {
	u64 x[31], sp, pc, pstate;
} regs;
static volatile u64 watched;
static long child;

extern char straight[];
__asm__(".global straight\nstraight: .rept 16\n nop\n .endr\n ret");

static void fail(const char *what)
{
	put("QUOIN-DEBUG: ");
	put(what);
	put("\n");
	call4(SYS_KILL, child, SIGKILL, 0, 0);
	quit(1);
}

static void trace(long request, long arg, long data)
{
	if (call4(SYS_PTRACE, request, child, arg, data) < 0) {
		fail("ptrace refused");
	}
}

/* One breakpoint or watchpoint, or, with control 0, none. */
static void set(long kind, const volatile void *address, u32 control)
{
	struct {
		u32 info, pad;
		u64 address;
		u32 control, pad2;
	} state = { 0, 0, (u64)address, control, 0 };
	struct vec v = { &state, sizeof(state) };

	trace(PTRACE_SETREGSET, kind, (long)&v);
}

static u64 pc(void)
{
	struct vec v = { &regs, sizeof(regs) };

	trace(PTRACE_GETREGSET, NT_PRSTATUS, (long)&v);
	return regs.pc;
}

/* The child goes on and stops with `signal`. */
static void stops(long request, int signal, const char *what)
{
	int status = 0;

	if (request >= 0) {
		trace(request, 0, 0);
	}
	if (call4(SYS_WAIT4, child, (long)&status, 0, 0) != child || status != (signal << 8 | 0x7f)) {
		fail(what);
	}
}

static void be_traced(void)
{
	call4(SYS_PTRACE, PTRACE_TRACEME, 0, 0, 0);
	call4(SYS_KILL, call4(SYS_GETPID, 0, 0, 0, 0), SIGSTOP, 0, 0);
	for (;;) {
		((void (*)(void))straight)();
		watched++;
	}
}

void _start(void)
{
	u64 at;

	child = call6(SYS_CLONE, SIGCHLD, 0, 0, 0, 0, 0);
	if (child == 0) {
		be_traced();
	}
	stops(-1, SIGSTOP, "the child did not stop");
	for (int round = 0; round < 5; round++) {
		set(NT_ARM_HW_BREAK, straight, EXECUTE);
		stops(PTRACE_CONT, SIGTRAP, "no breakpoint");
		at = (u64)straight;
		if (pc() != at) {
			fail("a breakpoint elsewhere");
		}
		set(NT_ARM_HW_BREAK, straight, 0);
		for (int i = 0; i < STEPS; i++) {
			stops(PTRACE_SINGLESTEP, SIGTRAP, "no step");
			at += 4;
			if (pc() != at) {
				fail("a step of another length");
			}
		}
		set(NT_ARM_HW_WATCH, &watched, STORE);
		stops(PTRACE_CONT, SIGTRAP, "no watchpoint");
		if (pc() - (u64)straight < STEPS * 4) {
			fail("a watchpoint elsewhere");
		}
		set(NT_ARM_HW_WATCH, &watched, 0);
	}
	call4(SYS_KILL, child, SIGKILL, 0, 0);
	put("QUOIN-DEBUG-OK\n");
	quit(0);
}
