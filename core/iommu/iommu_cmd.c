/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's `iommu`. */
#include "core/base/board.h"
#include "core/iommu/iommu_priv.h"
#include "core/sched.h"
#include "core/shell/shell.h"
#include "core/vm.h"

static void show(struct shell *sh, const struct iommu_stream *r)
{
	char last[48];

	last[0] = '\0';
	if (r->faults != 0 && r->last.has_addr) {
		fmt_str(last, sizeof(last), ", last a %s at 0x%lx", r->last.write ? "write" : "read", r->last.addr);
	}
	shell_print(sh, "  stream 0x%x  %s, %s: %lu fault%s%s%s", r->sid, r->vm != NULL ? r->vm->cfg->name : r->what != NULL ?
		    "the monitor" : "nobody", r->what != NULL ? r->what : "a device", r->faults, r->faults == 1 ? "" : "s", last,
		    r->cut ? ", CUT OFF" : "");
}

SHELL_COMMAND(iommu, "iommu", "", "IOMMUs, whose streams they confine, faults")
{
	struct iommu_stream copy;
	u32 count = 0;

	for (u32 i = 0; i < BOARD_MAX_IOMMUS; i++) {
		const struct iommu *u = &iommu_units[i];

		if (u->ops == NULL) {
			continue;
		}
		count++;
		shell_print(sh, "%u  %s at 0x%lx, %lu streams, %u bits%s%s", i, u->ops->compatible, u->regs, u->sids,
			    u->addr_bits, u->coherent ? "" : ", not coherent", u->dead ? ", STOPPED" : "");
		for (u32 j = 0; j < IOMMU_STREAMS; j++) {
			sleep_lock(&iommu_busy);
			copy = iommu_streams[j];
			sleep_unlock(&iommu_busy);
			if (copy.used && copy.unit == i) {
				show(sh, &copy);
			}
		}
	}
	if (count == 0) {
		shell_print(sh, "no IOMMU: nothing confines DMA of devices");
	}
	return 0;
}
