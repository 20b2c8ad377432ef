/* SPDX-License-Identifier: Apache-2.0 */
/* Arm SMMU version 3 (IHI 0070): registers, structures in memory, commands, events; what stage 2 needs of them. */
#ifndef QUOIN_CORE_SPEC_SMMU_H
#define QUOIN_CORE_SPEC_SMMU_H

#include "core/base/types.h"

/* ---- Registers (6.3). 64-bit ones may be accessed as two halves (6.2). */
#define SMMU_IDR0 0x00
#define IDR0_S2P BIT(0)
#define IDR0_TTF_AA64 BIT(3)
#define IDR0_COHACC BIT(4)
#define IDR0_HYP BIT(9)
#define IDR0_ATS BIT(10)
#define IDR0_MSI BIT(13)
#define IDR0_BIG_ENDIAN (3UL << 21)   /* TTENDIAN, when only that */
#define IDR0_STALL_FORCED (2UL << 24) /* STALL_MODEL */
#define IDR0_STALL_MODEL (3UL << 24)
#define IDR0_ST_2LEVEL BIT(27)
#define SMMU_IDR1 0x04 /* SIDSIZE 5:0, EVENTQS 20:16, CMDQS 25:21 */
#define IDR1_QUEUES_PRESET BIT(29)
#define IDR1_TABLES_PRESET BIT(30)
#define SMMU_IDR5 0x14 /* OAS 2:0 */
#define IDR5_GRAN4K BIT(4)
#define SMMU_CR0 0x20
#define SMMU_CR0ACK 0x24
#define CR0_SMMUEN BIT(0)
#define CR0_EVENTQEN BIT(2)
#define CR0_CMDQEN BIT(3)
#define CR0_ATSCHK BIT(4)
#define SMMU_CR1 0x28
#define CR1_COHERENT 0xd75 /* tables and queues: inner shareable, write-back in both; else as 0: not cached */
#define SMMU_CR2 0x2c
#define CR2_RECINVSID BIT(1)
#define CR2_PTM BIT(2)
#define SMMU_GBPA 0x44
#define GBPA_ABORT BIT(20)
#define GBPA_UPDATE BIT(31)
#define SMMU_IRQ_CTRL 0x50
#define SMMU_IRQ_CTRLACK 0x54
#define IRQ_GERROR BIT(0)
#define IRQ_EVENTQ BIT(2)
#define SMMU_GERROR 0x60
#define SMMU_GERRORN 0x64
#define GERROR_CMDQ BIT(0)
#define GERROR_EVENTQ BIT(2)
#define GERROR_SFM BIT(8)
#define SMMU_GERROR_IRQ_CFG0 0x68
#define SMMU_STRTAB_BASE 0x80
#define STRTAB_RA BIT(62)
#define SMMU_STRTAB_BASE_CFG 0x88 /* LOG2SIZE 5:0, SPLIT 10:6 */
#define STRTAB_2LEVEL BIT(16)
#define SMMU_CMDQ_BASE 0x90 /* LOG2SIZE 4:0 */
#define QUEUE_RA BIT(62)
#define SMMU_CMDQ_PROD 0x98
#define SMMU_CMDQ_CONS 0x9c /* ERR 30:24 */
#define CERROR_ABT 2
#define SMMU_EVENTQ_BASE 0xa0
#define SMMU_EVENTQ_IRQ_CFG0 0xb0
#define SMMU_EVENTQ_PROD 0x100a8
#define SMMU_EVENTQ_CONS 0x100ac
#define QUEUE_OVERFLOW BIT(31)
#define SMMU_REGS_SIZE 0x20000

/* ---- Stream table (5.1, 5.2) */
#define SMMU_STE_WORDS 8
#define L1STD_SPAN(split) ((u64)(split) + 1)
#define STE_V BIT(0)
#define STE_ABORT 0UL           /* Config: nothing passes, nothing is recorded */
#define STE_S2 (6UL << 1)       /* stage 2 translates, stage 1 does nothing */
#define STE_1_SHCFG_INCOMING (1UL << 44)
#define STE_2_VTCR(vtcr) (((vtcr) & BITS(18, 0)) << 32)
#define STE_2_S2AA64 BIT(51)
#define STE_2_S2R BIT(58)       /* record faults; S2S = 0: terminate, never stall */
#define VTCR_SH_IR_OR BITS(13, 8)
#define VTCR_SH_OUTER (2UL << 12)

/* ---- Commands (4): 16 bytes */
#define CMD_CFGI_STE 0x03       /* StreamID 63:32; second word: Leaf */
#define CMD_CFGI_STE_RANGE 0x04 /* second word: log2 of how many, less 1; 31: all */
#define CMD_TLBI_EL2_ALL 0x20
#define CMD_TLBI_S12_VMALL 0x28 /* VMID 47:32 */
#define CMD_TLBI_NSNH_ALL 0x30
#define CMD_SYNC 0x46           /* CS = 0: done when the queue is beyond it */

/* ---- Events (7.3): 32 bytes. Number 7:0, StreamID 63:32; second word: RnW; third: the address. */
#define EVENT_1_RNW BIT(35)
#define EVENT_F_UUT 0x01
#define EVENT_C_BAD_STREAMID 0x02
#define EVENT_F_STE_FETCH 0x03
#define EVENT_C_BAD_STE 0x04
#define EVENT_F_BAD_ATS_TREQ 0x05
#define EVENT_F_STREAM_DISABLED 0x06
#define EVENT_F_TRANSL_FORBIDDEN 0x07
#define EVENT_C_BAD_SUBSTREAMID 0x08
#define EVENT_F_WALK_EABT 0x0b
#define EVENT_F_TRANSLATION 0x10
#define EVENT_F_ADDR_SIZE 0x11
#define EVENT_F_ACCESS 0x12
#define EVENT_F_PERMISSION 0x13
#define EVENT_F_TLB_CONFLICT 0x20
#define EVENT_F_CFG_CONFLICT 0x21

#endif
