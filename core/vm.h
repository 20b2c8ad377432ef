/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual machine: what was built from one vm_config.
 *
 *   NEW --build--> READY --start--> RUNNING <--> PAUSED --end--> ENDING --> READY (restart), HELD or DEAD
 *
 * All transitions but those to ENDING are made by the VM's own EL2 thread (core/vm_life.h).
 */
#ifndef QUOIN_CORE_VM_H
#define QUOIN_CORE_VM_H

#include <stdarg.h>
#include "arch/arch.h"
#include "core/base/log.h"
#include "core/config/vm_config.h"
#include "core/mmio.h"
#include "core/vcpu.h"
#include "core/vdev.h"
#include "core/vgic/vgic.h"

#define VM_MAX 8
#define VM_MAX_RAM 16

enum vm_state { VM_NEW, VM_READY, VM_RUNNING, VM_PAUSED, VM_ENDING, VM_HELD, VM_DEAD };

enum vm_end {
	VM_END_NONE,
	VM_END_OFF,     /* guest: PSCI SYSTEM_OFF */
	VM_END_RESET,   /* guest: PSCI SYSTEM_RESET, SYSTEM_RESET2 */
	VM_END_KILLED,  /* the monitor: vm_kill() with a reason */
	VM_END_CONFIG,  /* could not be built or loaded */
	VM_END_ALL_OFF, /* guest: the last vCPU did PSCI CPU_OFF */
	VM_END_UNSUPPORTED, /* the monitor: `unsupported ... abort` */
	VM_END_WATCHDOG, /* a watchdog of the VM */
	VM_END_DEVICE,  /* a device of the VM cannot go on */
	VM_END_STOPPED, /* operator: vm_stop() */
	VM_END_RESTART, /* operator: vm_restart() */
};

/* A contiguous piece of the VM's RAM or ROM. */
struct vm_ram {
	ipa_t ipa;
	u64 size;
	pa_t pa;
	bool rom;
};

struct vm_request;

#define VM_NOTES 12

/* A line to be said: all of its conversions take one argument, strings are constants or outlive the VM. */
struct vm_note {
	const char *who, *fmt;
	u64 arg[7];
};

struct vm {
	u32 id;
	struct spinlock lock; /* state, end, vCPU power */
	u8 state;             /* enum vm_state */
	u8 end;               /* enum vm_end, first one wins */
	u8 gic_version;
	u32 vcpu_count;
	struct vcpu *vcpu[VM_MAX_CPUS];
	struct vm_config *cfg;
	struct s2 s2;
	const struct vcpu *tlb_owner[MAX_CPUS]; /* whose stage 1 each CPU's TLB holds under this VMID */
	struct vgic vgic;
	u32 ram_count;
	struct vm_ram ram[VM_MAX_RAM];
	u32 window_count;
	struct mmio_window window[MMIO_MAX_WINDOWS]; /* sorted by base; immutable while running */
	struct vdev *vdevs;
	struct vdev *with_work[VM_MAX_VDEVS]; /* by vdev.index */
	u8 with_work_count;
	bool tables_busy; /* sleep_lock(): stage 2 changes in work(), of one device or another */
	struct vpci *vpci;    /* its PCI bus, or NULL */
	struct v2m *v2m;      /* its GICv2m frame, or NULL */
	struct vdev_worker *workers; /* first: the VM's own, of devices without `sched` */
	void *console;        /* port of the VM, core/console/console.h */
	struct thread *thread;/* the VM's life-cycle thread */
	struct thread *done;  /* told when the VM has ended */
	struct vm_request *requests; /* waiting for its thread, oldest first; under lock */
	u32 running;          /* vCPU threads that are inside the guest or an exit, or parked */
	u32 parked;           /* those of them that wait for the end of a pause */
	u32 users;            /* vm_inspect() */
	bool built;           /* has vCPUs, devices and memory */
	char reason[96];      /* why it ended */
	bool hold;            /* its watchdog wants it to be held for its dump */
	struct vcpu *culprit; /* whose registers tell about a kill, or NULL */
	bool vcpu_started;    /* the boot vCPU has got to run since the start */
	u64 cntvoff;
	struct spinlock note_lock; /* what log_guest() wants said; nothing is taken inside */
	struct vm_note note[VM_NOTES];
	u32 notes_in, notes_out;
	u32 guest_lines;      /* log_guest() budget */
	u64 guest_lines_at;
	u32 starts;           /* 1 = first start */
	u64 helped;           /* run time of EL2 threads that worked for it and have ended */
	u16 pass_links, pass_streams; /* made of cfg->pass: interrupts, entries with streams (core/pass/pass.c) */
	pa_t stolen;          /* page of the vCPUs' stolen time, mapped at cfg->stolen; 0: none */
	/* The life-cycle thread's own. */
	u8 verdict;           /* what a request wants after the end: see vm_life.c */
	u8 code;              /* vm_exit_code() */
	u32 restarts;         /* since the operator's last start or restart */
	u32 quick;            /* lives shorter than a second in a row */
	bool hush;            /* the next start is not logged */
	u32 unsaid;           /* restarts not logged */
	u64 said_at;          /* when one was logged */
	u64 started_at;       /* counter value */
	u64 cost;             /* ticks the last scrubbing and loading took */
	u64 stopped_at;       /* when it was paused, its clock stands still since; 0: it goes on */
};

/* vm_counter - the counter as the guest's clock, which stands still while the VM is paused. Any context. */
static inline u64 vm_counter(const struct vm *vm)
{
	u64 stopped = __atomic_load_n(&vm->stopped_at, __ATOMIC_ACQUIRE);

	return (stopped != 0 ? stopped : counter_now()) - vm->cntvoff;
}

/*
 * vm_end_for - the VM cannot go on: stop it for `why`, with a reason for the log; others run on. The first
 * reason counts. vm_kill - for what a guest did; vm_unsupported - for what its configuration calls fatal.
 * Exit or thread context.
 */
void vm_end_for(struct vm *vm, enum vm_end why, const char *fmt, ...) __printf(3, 4);
#define vm_kill(vm, ...) vm_end_for(vm, VM_END_KILLED, __VA_ARGS__)
#define vm_unsupported(vm, ...) vm_end_for(vm, VM_END_UNSUPPORTED, __VA_ARGS__)
/* vm_end_request - PSCI: the VM is to end for `why`; every vCPU stops at its next exit. */
void vm_end_request(struct vm *vm, enum vm_end why);
/* vm_unpark - the vCPUs of a paused VM may go on once they are woken. Under vm->lock. */
void vm_unpark(struct vm *vm);
/* vm_log - one line about a VM, prefixed with its name, if its `logger` lets `level` through. */
void vm_log(struct vm *vm, enum log_level level, const char *fmt, ...) __printf(3, 4);
/*
 * log_guest - one line about a guest's doing, prefixed with its name, rate limited per VM; at most seven
 * arguments. It is formatted and said by the VM's thread: strings must be constants. Any context.
 * log_guest_as - the same, prefixed with the name of a device as well.
 */
void log_guest(struct vm *vm, const char *fmt, ...) __printf(2, 3);
void log_guest_as(struct vm *vm, const char *who, const char *fmt, va_list ap);
/* vm_notes_say - what log_guest() has noted. Thread context. */
void vm_notes_say(struct vm *vm);

/*
 * vm_ram_ptr - EL2 pointer to guest RAM [ipa, ipa + *len); *len is lowered to what is contiguous.
 * NULL if `ipa` is not RAM (ROM only with write false). Exit or thread context.
 */
void *vm_ram_ptr(struct vm *vm, ipa_t ipa, u64 *len, bool write);
/* Copies that check every byte's range: 0 or -EFAULT. At most PAGE_SIZE bytes in exit context. */
int vm_read_ram(struct vm *vm, ipa_t from, void *to, size_t n) __must_check;
int vm_write_ram(struct vm *vm, ipa_t to, const void *from, size_t n) __must_check;

/* vm_add_window - claim an IPA window for a device; -EEXIST on overlap, -ENOSPC. Build time. */
int vm_add_window(struct vm *vm, ipa_t base, u64 size, mmio_fn fn, void *arg) __must_check;

#endif
