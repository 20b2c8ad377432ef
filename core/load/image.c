/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 Image: Linux Documentation/arch/arm64/booting.rst. */
#include "core/load/plan.h"

#include <errno.h>
#include <string.h>

#define IMAGE_HEADER_SIZE  64
#define IMAGE_MAGIC        0x644d5241 /* "ARM\x64" */
#define IMAGE_FLAG_BIG_END BIT(0)
#define IMAGE_ALIGN        MiB(2)

struct image_header {
	u32 code[2];
	u64 text_offset, image_size, flags, reserved[3];
	u32 magic, pe_offset;
};

bool is_image(const struct load_file *f)
{
	u32 magic;

	if (f->size < IMAGE_HEADER_SIZE) {
		return false;
	}
	memcpy(&magic, f->data + offsetof(struct image_header, magic), sizeof(magic));
	return magic == IMAGE_MAGIC;
}

bool plan_image(struct planner *pl, const struct cfg_load *l, const struct load_file *f, bool place,
		ipa_t *entry, struct range *extent)
{
	static const struct range anywhere = { 0, ~0UL };
	struct load_piece piece = { .load = l, .format = FORMAT_IMAGE, .data = f->data,
				    .copy = f->size };
	struct image_header h;

	memcpy(&h, f->data, sizeof(h));
	if ((h.flags & IMAGE_FLAG_BIG_END) != 0) {
		plan_fail(pl, -ENOEXEC, l, "is a big-endian Image (expected little-endian)");
		return false;
	}
	if (h.image_size == 0) {
		/* Before Linux 3.17: a fixed offset, and no word about the BSS. */
		h.text_offset = 0x80000;
		h.image_size = MAX(f->size + MiB(2), MiB(16));
	}
	if (h.text_offset >= IMAGE_ALIGN || h.image_size > GiB(4)) {
		plan_fail(pl, -ENOEXEC, l,
			  "has a broken Image header: text_offset 0x%lx, image_size 0x%lx",
			  h.text_offset, h.image_size);
		return false;
	}
	piece.space = MAX(h.image_size, f->size);
	if (l->has_addr) {
		piece.ipa = l->addr;
		if (!IS_ALIGNED(l->addr - h.text_offset, IMAGE_ALIGN)) {
			plan_fail(pl, -EINVAL, l,
				  "is an Image and cannot run at 0x%lx (expected a multiple of "
				  "2 MiB plus 0x%lx)", l->addr, h.text_offset);
			return false;
		}
	} else if (!place) {
		return false;
	} else if (!plan_find(pl, piece.space, IMAGE_ALIGN, h.text_offset, anywhere, true,
			      &piece.ipa) &&
		   !plan_find(pl, piece.space, IMAGE_ALIGN, h.text_offset, anywhere, false,
			      &piece.ipa)) {
		plan_fail(pl, -ENOMEM, l, "needs 0x%lx bytes at a multiple of 2 MiB plus 0x%lx: no "
			  "ram of the VM has that free", piece.space, h.text_offset);
		return false;
	}
	plan_add(pl, &piece);
	*entry = piece.ipa;
	extent->start = piece.ipa;
	extent->size = piece.space;
	return pl->error == 0;
}
