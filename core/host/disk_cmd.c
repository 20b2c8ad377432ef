/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's `disks`. */
#include "core/base/fmt.h"
#include "core/host/disk_priv.h"
#include "core/shell/shell.h"
#include "core/vm.h"

/* Who uses what of a disk: that with the same first sector and length as the line shows. */
static void print_users(struct shell *sh, const struct disk_hw *hw, u64 first, u64 sectors)
{
	struct disk u;

	for (u32 i = 0; disk_user(hw, i, &u); i++) {
		if (u.first == first && u.info.sectors == sectors) {
			shell_print(sh, "  used by %s, %s", u.vm != NULL ? u.vm->cfg->name : "the monitor",
				    u.write ? "writes" : "reads");
		}
	}
}

SHELL_COMMAND_OF(disks, "disks", "", "the machine's disks and partitions, and who uses them")
{
	const struct disk_hw *hw;
	u32 n = 0;

	disk_scan();
	for (; (hw = disk_at(n)) != NULL; n++) {
		const struct disk_info *d = &hw->info;

		shell_print(sh, "%-9s %10lu KiB  %s, blocks of %u%s%s%s%s", hw->name, d->sectors / 2, hw->driver, d->block,
			    d->serial[0] != '\0' ? ", serial " : "", d->serial, d->read_only ? ", read-only" : "",
			    hw->dead ? ", FAILED" : "");
		print_users(sh, hw, 0, d->sectors);
		for (u32 i = 0; i < hw->part_count; i++) {
			const struct disk_part *p = &hw->part[i];
			char name[16], uuid[40];

			if (p->sectors == 0) {
				continue;
			}
			fmt_str(name, sizeof(name), "%sp%u", hw->name, i + 1);
			disk_uuid(uuid, sizeof(uuid), p->uuid);
			shell_print(sh, "%-9s %10lu KiB  %s %s", name, p->sectors / 2, uuid, p->label);
			print_users(sh, hw, p->first, p->sectors);
		}
	}
	if (n == 0) {
		shell_print(sh, "no disks");
	}
	return 0;
}
