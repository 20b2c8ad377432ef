/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's `nics`. */
#include "core/host/nic_priv.h"
#include "core/shell/shell.h"

SHELL_COMMAND_OF(nics, "nics", "", "the machine's network cards that the monitor drives")
{
	const struct nic *n;

	nic_scan();
	if (nic_at(0) == NULL) {
		shell_print(sh, "no network cards");
	}
	for (u32 i = 0; (n = nic_at(i)) != NULL; i++) {
		shell_print(sh, "%s  %02x:%02x:%02x:%02x:%02x:%02x  %s, link %s, %lu sent, %lu received%s%s", n->name, n->mac[0],
			    n->mac[1], n->mac[2], n->mac[3], n->mac[4], n->mac[5], n->driver, n->up ? "up" : "down",
			    n->sent, n->received, n->client != NULL ? ", in use" : "", n->dead ? ", FAILED" : "");
	}
	return 0;
}
