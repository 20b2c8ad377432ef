/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First program of the measured boot (rdinit=/bench-init): prints the virtual counter, then becomes
 * the ordinary init. With a 1 GHz counter and one instruction per nanosecond the figure is the
 * number of instructions from power-on to here. Linux system calls, no library.
 */

static long call(long nr, long a, long b, long c)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

enum { SYS_WRITE = 64, SYS_EXIT = 93, SYS_EXECVE = 221 };

void _start(void);

void _start(void)
{
	static const char text[] = "QUOIN-INIT cntvct=";
	static const char *argv[] = { "/init", 0 };
	static const char *envp[] = { "HOME=/", "TERM=linux", 0 };
	char line[64];
	char digits[24];
	unsigned long count;
	long n = 0, d = 0;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count));
	for (; text[n]; n++) {
		line[n] = text[n];
	}
	do {
		digits[d++] = (char)('0' + count % 10);
		count /= 10;
	} while (count);
	while (d) {
		line[n++] = digits[--d];
	}
	line[n++] = '\n';
	call(SYS_WRITE, 1, (long)line, n);
	call(SYS_EXECVE, (long)argv[0], (long)argv, (long)envp);
	call(SYS_EXIT, 1, 0, 0);
	for (;;) {
	}
}
