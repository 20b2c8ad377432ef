/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's virtual address space, for C, assembly and the linker script.
 *
 *   0 .. 2^47                 RAM and devices at VA = PA, never executable
 *   QUOIN_VA                  the monitor's image and its BSS, 4 KiB pages, W^X
 *   QUOIN_STACKS              stacks of threads and vCPUs, each behind an unmapped guard page
 */
#ifndef QUOIN_ARCH_AARCH64_LAYOUT_H
#define QUOIN_ARCH_AARCH64_LAYOUT_H

#define QUOIN_VA 0x800000000000
#define QUOIN_IMAGE_MAX 0x200000 /* text to BSS: one level-3 table */
#define QUOIN_STACKS 0x800040000000
#define STACK_SLOT 0x8000 /* one stack with its guard page below */
#define STACK_SLOTS 128

/* Offsets into the raw header that boot code reads (struct quoin_header, core/image.h). */
#define IMAGE_BSS_OFF 160
#define IMAGE_BSS_SIZE 168

/* Offsets into struct cpu_start (arch/aarch64/smp.c). */
#define START_IDMAP 0
#define START_ROOT 8
#define START_MAIR 16
#define START_TCR 24
#define START_SCTLR 32
#define START_STACK 40
#define START_ENTRY 48
#define START_ARG 56
#define START_MPIDR 64
#define START_PARKED 80
#define START_SIZE 88
#define START_COUNT 8 /* MAX_CPUS */

/* Offsets into struct percpu and struct thread (arch/aarch64/boot.c). */
#define PERCPU_CURRENT 8
#define PERCPU_TRIED 16
#define THREAD_TRIED 8

/* Why a CPU is parked, beside enum park: x0 is "QUOI" and one of these (docs/porting.md has the table). */
#define PARK_EL1 1
#define PARK_EL3 3
#define PARK_E2H 4
#define PARK_MMU 5
#define PARK_NO_FIRMWARE 0x20
#define PARK_LEFT_OUT 0x21

#endif
