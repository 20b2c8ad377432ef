/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of the PL011, ARM DDI 0183 chapter 3. For vdev/pl011.c only. */
#ifndef QUOIN_VDEV_PL011_H
#define QUOIN_VDEV_PL011_H

#include "core/vdev.h"

#define DEPTH 32

#define DR_BE BIT(10)
#define DR_OE BIT(11)
#define RSR_OE BIT(3)

#define FR_CTS BIT(0)
#define FR_DSR BIT(1)
#define FR_DCD BIT(2)
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define FR_RXFF BIT(6)
#define FR_TXFE BIT(7)
#define FR_RI BIT(8)
#define FR_MODEM (FR_CTS | FR_DSR | FR_DCD | FR_RI)

#define LCR_BRK BIT(0)
#define LCR_FEN BIT(4)

#define CR_UARTEN BIT(0)
#define CR_LBE BIT(7)
#define CR_TXE BIT(8)
#define CR_RXE BIT(9)
#define CR_DTR BIT(10)
#define CR_RTS BIT(11)
#define CR_OUT1 BIT(12)
#define CR_OUT2 BIT(13)
#define CR_RESET (CR_UARTEN | CR_TXE | CR_RXE)
#define CR_BITS 0xff87

#define IFLS_TX BITS(2, 0)
#define IFLS_RX BITS(5, 3)
#define IFLS_RESET 0x12

/* Bits of IMSC, RIS, MIS and ICR. */
#define INT_RI BIT(0)
#define INT_CTS BIT(1)
#define INT_DCD BIT(2)
#define INT_DSR BIT(3)
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_BE BIT(9)
#define INT_OE BIT(10)
#define INT_BITS 0x7ff

enum {
	DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30,
	IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48, ID = 0xfe0,
};

#endif
