/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of an image: what firmware loads as one arm64 `Image` file.
 *
 *   0x0000  arm64 Image header, 64 bytes (Linux Documentation/arch/arm64/booting.rst)
 *   0x0040  struct quoin_header, then the boot options (the monitor's command line)
 *   0x0300  monitor: text, then on pages of its own rodata and what .data starts as
 *            cpio archive ("newc"); its first member is the index below
 *    page   (memory only) the monitor's data and BSS: image_size of the Image header counts it
 *
 * Payloads are page aligned in the archive, so that they are mapped or served in place. Members
 * follow one another in the order of their names, so one pass over the index proves that none
 * overlap. All numbers are little-endian.
 */
#ifndef QUOIN_CORE_SPEC_QUOIN_IMAGE_H
#define QUOIN_CORE_SPEC_QUOIN_IMAGE_H

#include "core/base/types.h"

#define IMAGE_ARM64_MAGIC 0x644d5241 /* "ARM\x64" */
#define IMAGE_ARM64_FLAGS 0xa        /* little-endian, 4K pages, 2 MiB-aligned base anywhere */

struct image_arm64_header {
	u32 code0, code1; /* code0 branches over both headers to the monitor */
	u64 text_offset;
	u64 image_size; /* bytes of memory from the image's start, BSS included */
	u64 flags;
	u64 reserved[3];
	u32 magic, pe_offset;
};

#define QUOIN_HEADER_OFF 0x40
#define QUOIN_MONITOR_OFF 0x300
#define QUOIN_MAGIC "QUOIN\0\x1a\n"
#define QUOIN_IMAGE_VERSION 1

/*
 * Offsets count from the image's first byte. Everything up to QUOIN_MONITOR_OFF is "the headers";
 * the monitor shares their page.
 */
struct quoin_header {
	char magic[8];
	u32 version;
	u32 header_size; /* sizeof(struct quoin_header) */
	u32 header_crc;  /* of all the headers' bytes, this field taken as 0 */
	u32 monitor_crc;
	u32 index_crc;
	u32 options_size; /* strlen of the boot options */
	u64 options_off;
	u64 file_size;
	u64 monitor_off, monitor_size;
	u64 archive_off, archive_size; /* up to the file's end but for padding */
	u64 index_off, index_size;
	u64 bss_off, bss_size; /* bss_off: file_size rounded up to a page */
	u64 build_id;          /* of the linked monitor; the .elf and .map beside the image belong to it */
	u64 advice;            /* [image=ADDR] of the buildfile or 0; the monitor runs anywhere */
};

#define IMAGE_INDEX_MAGIC 0x58444951 /* "QIDX" */
#define IMAGE_INDEX_NAME ".quoin/index"
#define IMAGE_MAX_FILES 4096
#define IMAGE_NAME_MAX 255

enum image_file_flags {
	IMAGE_CONFIG = 1,  /* a qvmconf text: CRC checked on the target */
	IMAGE_SCRIPT = 2,  /* the start script: CRC checked on the target */
	IMAGE_PAYLOAD = 4, /* anything else: page aligned */
	IMAGE_LINK = 8,    /* another name: offset, size and CRC of what it leads to */
	IMAGE_DIR = 16,
	IMAGE_FIFO = 32,
};

/* The index: this, `count` entries in strcmp order of their names, the names. */
struct image_index {
	u32 magic;
	u32 count;
	u32 names_size;
	u32 reserved;
};

struct image_entry {
	u64 off;
	u64 size;
	u32 crc;
	u32 name; /* offset into the names, NUL-terminated there; no leading '/' */
	u16 name_size;
	u16 flags;
	u32 reserved;
};

#endif
