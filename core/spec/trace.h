/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace: what lies in the monitor's memory and, the same, in a capture file. Little-endian.
 *
 * Memory: a struct trace_header named trace_header in the monitor's BSS; its ring[] are addresses.
 * File:   the header, ring[] are offsets in the file; then each CPU's ring, 0 for a CPU without one.
 *
 * A ring is a struct trace_ring and 2^order events behind it. Event number n is in slot n % 2^order;
 * `head` is the number the next one gets, the first has number 2^order, so that `lap` (the number
 * divided by 2^order, 16 bits of it) is 0 only where nothing has been written yet. Only the ring's CPU
 * writes, the oldest is overwritten, and `head` is stored after its event (store-release).
 *
 * Who reads while the CPU writes reads `head`, the events, then `head` again, and keeps from number
 * TRACE_MARGIN + head - 2^order of the second reading on: older ones may have been overwritten by
 * stores that came early. What is kept has the `lap` of its number or is torn.
 */
#ifndef QUOIN_CORE_SPEC_TRACE_H
#define QUOIN_CORE_SPEC_TRACE_H

#include "core/base/types.h"

#define TRACE_MAGIC "QTRACE\x1a\n"
#define TRACE_VERSION 1
#define TRACE_CPUS 8
#define TRACE_VMS 8
#define TRACE_VM_NAME 32
#define TRACE_MIN_ORDER 7  /* 4 KiB */
#define TRACE_MAX_ORDER 20 /* 32 MiB */
#define TRACE_MARGIN 16

struct trace_header {
	char magic[8];
	u32 version;
	u32 header_size; /* sizeof(struct trace_header) */
	u32 event_size;  /* sizeof(struct trace_event) */
	u32 order;       /* log2 of a ring's events; 0: never switched on */
	u64 hz;          /* ticks of trace_event.time in a second */
	u64 ring[TRACE_CPUS];
	char vm[TRACE_VMS][TRACE_VM_NAME]; /* names, NUL-terminated; empty: no such VM */
};

struct trace_event {
	u64 time; /* CNTPCT_EL0 */
	u32 info;
	u16 lap;
	u8 kind;  /* enum trace_kind */
	u8 who;   /* trace_who(), of the vCPU it is about */
	u64 a, b;
};

struct trace_ring {
	u64 head;
	u32 order, cpu;
	u64 reserved[6];
	struct trace_event event[];
};

#define TRACE_NOBODY 0xff /* no vCPU: an EL2 thread */
#define TRACE_NO_VCPU 0xf /* the VM as a whole */

static inline u8 trace_who(u32 vm, u32 vcpu)
{
	return (u8)(vm << 4 | vcpu);
}

/*
 * A CPU's events follow one another like this: EXIT or IRQ, whatever the exit does, ENTRY of the same
 * vCPU; or, if another thread gets the CPU meanwhile, SCHED, and later, maybe on another CPU, SCHED
 * back and ENTRY. Names of threads are 8 bytes, NUL-padded, first character lowest.
 */
enum trace_kind {
	TRACE_NONE,
	TRACE_EXIT,   /* info ESR_EL2, a PC, b: IPA of an abort, x0 of HVC and SMC, value of MSR */
	TRACE_IRQ,    /* an interrupt has left the guest: info INTID, a PC */
	TRACE_ENTRY,  /* back in the guest: a PC */
	TRACE_EL2_IRQ,/* an interrupt while EL2 itself ran: info INTID */
	TRACE_INJECT, /* pending for a guest: info INTID; who has TRACE_NO_VCPU for SPIs and SGIs, a: ICC_SGI1R_EL1 */
	TRACE_SCHED,  /* thread switch to `who`: info from whom | reason << 8 | priority << 16, a, b names to, from */
	TRACE_TIMER,  /* a timer of the monitor has fired: a when it was due, b its function */
	TRACE_VCPU,   /* info enum trace_vcpu, a its entry point */
	TRACE_VM,     /* its new state: info enum trace_vm, a enum vm_end (core/vm.h) */
	TRACE_SWITCH, /* tracing was switched on or off on this CPU: info */
	TRACE_KINDS
};

/* TRACE_SCHED's reason: why the old thread does not go on. */
enum trace_left { TRACE_LEFT_READY, TRACE_LEFT_BLOCKED, TRACE_LEFT_DEAD };
enum trace_vcpu { TRACE_VCPU_CREATED, TRACE_VCPU_ON, TRACE_VCPU_OFF };
enum trace_vm { /* as enum vm_state */
	TRACE_VM_NEW, TRACE_VM_READY, TRACE_VM_RUNNING, TRACE_VM_PAUSED, TRACE_VM_ENDING, TRACE_VM_HELD,
	TRACE_VM_DEAD
};

#endif
