/* SPDX-License-Identifier: Apache-2.0 */
/* Linux system calls without a C library, for the small programs of the guest (asm-generic/unistd.h). */
#ifndef QUOIN_GUESTS_LINUX_SYS_H
#define QUOIN_GUESTS_LINUX_SYS_H

typedef unsigned int u32;
typedef unsigned long u64;

enum {
	SYS_IOCTL = 29, SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_PTRACE = 117, SYS_KILL = 129, SYS_GETPID = 172,
	SYS_CLONE = 220, SYS_MMAP = 222, SYS_PERF_EVENT_OPEN = 241, SYS_WAIT4 = 260,
};

#define SIGKILL 9
#define SIGTRAP 5
#define SIGSTOP 19
#define SIGCHLD 17

static inline long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

static inline long call4(long nr, long a, long b, long c, long d)
{
	return call6(nr, a, b, c, d, 0, 0);
}

static inline void put(const char *text)
{
	long n = 0;

	while (text[n]) {
		n++;
	}
	call4(SYS_WRITE, 1, (long)text, n, 0);
}

static inline void put_number(u64 n)
{
	char digits[24];
	int at = sizeof(digits) - 1;

	digits[at] = 0;
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	put(&digits[at]);
}

static inline void quit(int status) __attribute__((noreturn));
static inline void quit(int status)
{
	for (;;) {
		call4(SYS_EXIT, status, 0, 0, 0);
	}
}

void _start(void);

#endif
