/* SPDX-License-Identifier: Apache-2.0 */
/* Basic types and bit helpers shared by every layer, the tools, the tests and the guests. */
#ifndef QUOIN_CORE_BASE_TYPES_H
#define QUOIN_CORE_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 pa_t;  /* host physical address */
typedef u64 ipa_t; /* guest physical (intermediate physical) address */

#define KiB(n) ((u64)(n) << 10)
#define MiB(n) ((u64)(n) << 20)
#define GiB(n) ((u64)(n) << 30)

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)

/* One mask per register field; there are no _SHIFT or _WIDTH twins. */
#define BIT(n) (1UL << (n))
#define BITS(hi, lo) ((~0UL >> (63 - (hi))) & (~0UL << (lo)))
#define field_get(mask, v) (((u64)(v) & (mask)) / ((mask) & -(u64)(mask)))
#define field_prep(mask, v) (((u64)(v) * ((mask) & -(u64)(mask))) & (mask))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_DOWN(x, a) ((u64)(x) & ~((u64)(a) - 1))
#define ALIGN_UP(x, a) ALIGN_DOWN((u64)(x) + ((u64)(a) - 1), a)
#define IS_ALIGNED(x, a) (((u64)(x) & ((u64)(a) - 1)) == 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* newlib's <sys/cdefs.h> has some of these names for the same things. */
#undef __noinline
#undef __section
#undef __used
#undef __maybe_unused
#define __must_check __attribute__((warn_unused_result))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __noreturn __attribute__((noreturn))
#define __noinline __attribute__((noinline))
#define __cold __attribute__((cold)) /* compiled for size: what no frequent exit reaches */
#define __aligned_to(n) __attribute__((aligned(n)))
#define __section(s) __attribute__((section(s)))
#define __used __attribute__((used))
#define __maybe_unused __attribute__((unused))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* One access of exactly this width: for words another CPU or a guest may change meanwhile. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
