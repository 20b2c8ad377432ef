/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a VM's dump is found and fetched, by tools/dump or a debugger on the board's bus.
 *
 *   quoin_dumps (in the monitor's data) --> struct dump_area of each VM that has one --> its RAM
 *
 * A core file is what lies at DUMP_HEADER_OFF of the area, `header_size` bytes, then the pieces of
 * memory in their order. Who has fetched it may write DUMP_FETCHED: then the VM goes on.
 */
#ifndef QUOIN_CORE_SPEC_DUMP_H
#define QUOIN_CORE_SPEC_DUMP_H

#include "core/base/types.h"

#define DUMP_MAGIC "QUOINDMP"
#define DUMP_VERSION 1
#define DUMP_VMS 8
#define DUMP_PIECES 16
#define DUMP_HEADER_OFF 512

enum dump_state { DUMP_EMPTY, DUMP_READY, DUMP_FETCHED };

struct dump_table {
	char magic[8];
	u32 version, count;
	u64 area[DUMP_VMS]; /* physical addresses, by number of the VM; 0: none */
};

struct dump_area {
	u32 state; /* enum dump_state */
	u32 pieces;
	char name[32];
	u64 header_size;
	struct {
		u64 pa, size;
	} piece[DUMP_PIECES];
};

/* Notes of ELF64 core files, as Linux writes them (include/uapi/linux/elfcore.h, arm64 ptrace). */
#define NT_PRSTATUS 1
#define NT_FPREGSET 2
#define NT_QUOIN_SYSREGS 1 /* of name "Quoin" */

struct core_note {
	u32 namesz, descsz, type;
	char name[8]; /* "CORE" or "Quoin", padded to 8 */
};

/* What follows a note's header. */
struct core_prstatus {
	u32 signo, code, err;
	u16 cursig, pad;
	u64 sigpend, sighold;
	u32 pid, ppid, pgrp, sid;
	u64 times[8];
	u64 x[31], sp, pc, pstate;
	u32 fpvalid, pad2;
};

struct core_fpregs {
	u8 q[32][16];
	u32 fpsr, fpcr, reserved[2];
};

/* What a debugger has no note for, of the vCPU whose notes stand before it. tools/dump knows the order. */
struct core_sysregs {
	u64 sctlr, tcr, ttbr0, ttbr1, mair, vbar, esr, far, elr, spsr, sp_el0, sp_el1, tpidr_el0, tpidr_el1;
};

_Static_assert(sizeof(struct core_note) == 20, "a note's header");
_Static_assert(sizeof(struct core_prstatus) == 392, "struct elf_prstatus of arm64");
_Static_assert(sizeof(struct core_fpregs) == 528, "struct user_fpsimd_state");

#endif
