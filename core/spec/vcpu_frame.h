/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets into struct vcpu that the exception vectors use; core/vcpu.c proves them. Assembly reads this too. */
#ifndef QUOIN_CORE_SPEC_VCPU_FRAME_H
#define QUOIN_CORE_SPEC_VCPU_FRAME_H

#define VCPU_X(n) (8 * (n))
#define VCPU_PC 248
#define VCPU_PSTATE 256
#define VCPU_WORK 272

/* Of struct hardening's fid: exits are traced. The functions' own numbers have 0 there, as 32-bit calls. */
#define HARDENING_TRACE_BIT 30

#endif
