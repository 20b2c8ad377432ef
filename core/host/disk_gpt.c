/* SPDX-License-Identifier: Apache-2.0 */
/* GUID partition tables: UEFI 2.10 5.3. Everything read is somebody else's: checked, and bounded by GPT_BUFFER. */
#include <string.h>
#include "core/base/crc32.h"
#include "core/base/fmt.h"
#include "core/host/disk_priv.h"

#define SIGNATURE 0x5452415020494645 /* "EFI PART" */
#define HEADER_SIZE 92
#define MBR_GPT 0xee /* 5.2.3: OSType of the protective entry */

struct header { /* table 5.5 */
	u64 signature;
	u32 revision, size, crc, reserved;
	u64 my_lba, alternate_lba, first_usable, last_usable;
	u8 guid[16];
	u64 entries_lba;
	u32 entry_count, entry_size, entries_crc;
};

struct entry { /* table 5.6 */
	u8 type[16], uuid[16];
	u64 first, last, attributes;
	u16 name[36];
};

struct gpt {
	bool (*read)(void *ctx, u64 sector, u32 sectors, void *buf);
	void *ctx;
	u64 blocks;
	u32 block; /* bytes */
	void *buf;
	bool seen; /* a signature, right or wrong around it */
};

static bool read_blocks(const struct gpt *g, u64 lba, u64 count)
{
	u32 unit = g->block / DISK_SECTOR;

	return lba < g->blocks && count <= g->blocks - lba && count * g->block <= GPT_BUFFER &&
	       g->read(g->ctx, lba * unit, (u32)count * unit, g->buf);
}

/* 5.3.2: the checks of a header, of which *h becomes a copy. */
static bool read_header(struct gpt *g, u64 lba, struct header *h)
{
	u8 *raw = g->buf;
	u32 crc;

	if (!read_blocks(g, lba, 1)) {
		return false;
	}
	memcpy(h, raw, sizeof(*h));
	if (h->signature != SIGNATURE) {
		return false;
	}
	g->seen = true;
	if (h->size < HEADER_SIZE || h->size > g->block) {
		return false;
	}
	memset(raw + offsetof(struct header, crc), 0, 4);
	crc = crc32_update(0, raw, h->size);
	return crc == h->crc && h->my_lba == lba && h->first_usable <= h->last_usable &&
	       h->last_usable < g->blocks && h->first_usable > 1 && h->entry_size >= sizeof(struct entry) &&
	       h->entry_size % 8 == 0 && h->entry_count != 0 && h->entry_count <= GPT_BUFFER / h->entry_size;
}

/* The entries a header leads to, into g->buf. */
static bool read_entries(const struct gpt *g, const struct header *h)
{
	u64 bytes = (u64)h->entry_count * h->entry_size;

	return read_blocks(g, h->entries_lba, ALIGN_UP(bytes, g->block) / g->block) &&
	       crc32_update(0, g->buf, bytes) == h->entries_crc;
}

static void copy_label(char *to, size_t size, const u16 *from)
{
	size_t n = 0;

	for (u32 i = 0; i < 36 && from[i] != 0; i++) {
		u32 c = from[i];

		if (c <= ' ' || c == 0x7f || (c >= 0xd800 && c < 0xe000)) {
			c = '_';
		}
		if (n + 4 > size) {
			break; /* never: 36 times 3 bytes have room */
		}
		if (c < 0x80) {
			to[n++] = (char)c;
		} else if (c < 0x800) {
			to[n++] = (char)(0xc0 | c >> 6);
			to[n++] = (char)(0x80 | (c & 0x3f));
		} else {
			to[n++] = (char)(0xe0 | c >> 12);
			to[n++] = (char)(0x80 | (c >> 6 & 0x3f));
			to[n++] = (char)(0x80 | (c & 0x3f));
		}
	}
	to[n] = '\0';
}

/* Partitions that reach beyond what the header allows are left out. */
static u32 take_entries(const struct gpt *g, const struct header *h, struct disk_part *part, const char **said)
{
	static const u8 unused[16];
	u32 unit = g->block / DISK_SECTOR, count = 0;
	struct entry e;

	for (u32 i = 0; i < h->entry_count; i++) {
		memcpy(&e, (const u8 *)g->buf + i * h->entry_size, sizeof(e));
		if (memcmp(e.type, unused, 16) == 0) {
			continue;
		}
		if (i >= DISK_PARTS || e.first > e.last || e.first < h->first_usable || e.last > h->last_usable) {
			*said = "has a partition outside its bounds, or numbered above 128, left out";
			continue;
		}
		part[i].first = e.first * unit;
		part[i].sectors = (e.last - e.first + 1) * unit;
		memcpy(part[i].uuid, e.uuid, 16);
		copy_label(part[i].label, sizeof(part[i].label), e.name);
		count = i + 1;
	}
	return count;
}

/* 5.2: a master boot record with partitions, none of which says that there is a GPT. */
static bool is_old(const struct gpt *g)
{
	const u8 *mbr = g->buf;
	bool any = false;

	if (!read_blocks(g, 0, 1) || mbr[510] != 0x55 || mbr[511] != 0xaa) {
		return false;
	}
	for (u32 i = 0; i < 4; i++) {
		u8 type = mbr[446 + 16 * i + 4];

		if (type == MBR_GPT) {
			return false;
		}
		any = any || type != 0;
	}
	return any;
}

u32 disk_partitions(bool (*read)(void *ctx, u64 sector, u32 sectors, void *buf), void *ctx, u64 sectors, u32 block,
		    void *buf, struct disk_part *part, const char **said)
{
	struct gpt g = { read, ctx, sectors / (block / DISK_SECTOR), block, buf, false };
	struct header first, other;
	bool good, spare;
	u32 count = 0;

	*said = NULL;
	if (g.blocks < 6 || is_old(&g)) {
		return 0;
	}
	good = read_header(&g, 1, &first) && read_entries(&g, &first);
	if (good) {
		count = take_entries(&g, &first, part, said);
	}
	/* The backup is at the end; on a disk that has grown only the primary one knows where. */
	spare = read_header(&g, good ? first.alternate_lba : g.blocks - 1, &other) && read_entries(&g, &other);
	if (good) {
		if (!spare) {
			*said = "has a damaged backup of its partition table";
		}
		return count;
	}
	if (spare) {
		count = take_entries(&g, &other, part, said);
		*said = "has a damaged partition table, its backup is used";
		return count;
	}
	if (g.seen) {
		*said = "has a damaged partition table and no good backup: no partitions";
	}
	return 0;
}

void disk_uuid(char *buf, size_t size, const u8 *u)
{
	/* UEFI 2.10 appendix A: the first three fields are little-endian. */
	fmt_str(buf, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[3], u[2], u[1],
		u[0], u[5], u[4], u[7], u[6], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}
