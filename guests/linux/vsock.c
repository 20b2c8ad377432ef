/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of the family AF_VSOCK (vsock(7)), for scripts:
 *   vsock serve PORT             echo what comes, one connection after another
 *   vsock connect CID PORT       this terminal, or a pipe, to a socket and back
 *   vsock check CID PORT KIB     so much to an echo and back in blocks of 64 KiB: QUOIN-VSOCK-OK, or what is wrong
 */
#include "sys.h"

enum {
	SYS_PPOLL = 73, SYS_SOCKET = 198, SYS_BIND = 200, SYS_LISTEN = 201, SYS_ACCEPT = 202, SYS_CONNECT = 203,
	SYS_SHUTDOWN = 210, SYS_CLOSE = 57,
};

#define AF_VSOCK 40
#define SOCK_STREAM 1
#define ANY 0xffffffffU
#define POLLIN 1
#define SHUT_WR 1
#define BLOCK 65536

struct sockaddr_vm {
	unsigned short family, reserved;
	u32 port, cid;
	u32 zero;
};

struct pollfd {
	int fd;
	short events, revents;
};

static unsigned char buf[BLOCK], back[BLOCK];

static void fail(const char *what, long err)
{
	put("QUOIN-VSOCK: ");
	put(what);
	put(", error ");
	put_number((u64)-err);
	put("\n");
	quit(1);
}

static u32 number(const char *text)
{
	u32 n = 0;

	while (*text >= '0' && *text <= '9') {
		n = n * 10 + (u32)(*text++ - '0');
	}
	return n;
}

static long write_all(long fd, const unsigned char *p, long n)
{
	while (n > 0) {
		long done = call4(SYS_WRITE, fd, (long)p, n, 0);

		if (done <= 0) {
			return done;
		}
		p += done;
		n -= done;
	}
	return 1;
}

static long connect_to(u32 cid, u32 port)
{
	struct sockaddr_vm a = { .family = AF_VSOCK, .port = port, .cid = cid };
	long fd = call4(SYS_SOCKET, AF_VSOCK, SOCK_STREAM, 0, 0);
	long err = fd < 0 ? fd : call4(SYS_CONNECT, fd, (long)&a, sizeof(a), 0);

	if (err < 0) {
		fail("no connection", err);
	}
	return fd;
}

static void serve(u32 port)
{
	struct sockaddr_vm a = { .family = AF_VSOCK, .port = port, .cid = ANY };
	long fd = call4(SYS_SOCKET, AF_VSOCK, SOCK_STREAM, 0, 0);
	long err = fd < 0 ? fd : call4(SYS_BIND, fd, (long)&a, sizeof(a), 0);

	err = err < 0 ? err : call4(SYS_LISTEN, fd, 4, 0, 0);
	if (err < 0) {
		fail("cannot serve", err);
	}
	for (;;) {
		long c = call4(SYS_ACCEPT, fd, 0, 0, 0), n;

		if (c < 0) {
			fail("accept", c);
		}
		while ((n = call4(SYS_READ, c, (long)buf, BLOCK, 0)) > 0 && write_all(c, buf, n) > 0) {
		}
		call4(SYS_CLOSE, c, 0, 0, 0);
	}
}

static void terminal(long fd)
{
	struct pollfd p[2] = { { (int)fd, POLLIN, 0 }, { 0, POLLIN, 0 } };

	for (;;) {
		long n;

		call6(SYS_PPOLL, (long)p, 2, 0, 0, 0, 0);
		if (p[0].revents) {
			n = call4(SYS_READ, fd, (long)buf, BLOCK, 0);
			if (n <= 0) {
				quit(n < 0);
			}
			write_all(1, buf, n);
		}
		if (p[1].revents) {
			n = call4(SYS_READ, 0, (long)buf, BLOCK, 0);
			if (n <= 0) {
				call4(SYS_SHUTDOWN, fd, SHUT_WR, 0, 0);
				p[1].fd = -1;
				p[1].revents = 0;
			} else {
				write_all(fd, buf, n);
			}
		}
	}
}

static void check(long fd, u32 kib)
{
	u64 total = (u64)kib * 1024;

	for (u64 done = 0; done < total; done += BLOCK) {
		long err;

		for (u32 i = 0; i < BLOCK; i++) {
			buf[i] = (unsigned char)(done / BLOCK + i * 7 + (i >> 8));
		}
		err = write_all(fd, buf, BLOCK);
		if (err <= 0) {
			fail("write", err);
		}
		for (u32 at = 0; at < BLOCK;) {
			long n = call4(SYS_READ, fd, (long)(back + at), BLOCK - at, 0);

			if (n <= 0) {
				fail("read", n);
			}
			at += (u32)n;
		}
		for (u32 i = 0; i < BLOCK; i++) {
			if (buf[i] != back[i]) {
				fail("other bytes came back", -(long)i);
			}
		}
	}
	put("QUOIN-VSOCK-OK ");
	put_number(total);
	put("\n");
	quit(0);
}

static void __attribute__((used, noreturn)) begin(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	long argc = stack[0];

	if (argc == 3 && argv[1][0] == 's') {
		serve(number(argv[2]));
	} else if (argc == 4 && argv[1][1] == 'o') {
		terminal(connect_to(number(argv[2]), number(argv[3])));
	} else if (argc == 5) {
		check(connect_to(number(argv[2]), number(argv[3])), number(argv[4]));
	}
	fail("serve PORT, connect CID PORT, or check CID PORT KIB", 0);
	quit(1);
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb begin\n");
