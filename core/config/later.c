/* SPDX-License-Identifier: Apache-2.0 */
/* Device types this program knows by name only, and lists of options: "name=K name ...". */
#include "core/config/parser.h"

const struct config_known config_known[] = {
	{ "pl011", KNOWN_LINKED, "hostdev=s batch=n delayed=s" },
	{ "virtio-console", KNOWN_LINKED, "hostdev=s delayed=s batch=n legacy port=s peer=s size=s" },
	{ "virtio-blk", KNOWN_LINKED, "hostdev=s delayed=s legacy threads=n dio=s" },
	{ "virtio-net", KNOWN_LINKED, "mac=s peer=s peerfeats=n legacy tapdev=s" },
	{ "virtio-entropy", KNOWN_LINKED, "legacy" },
	{ "virtio-vsock", KNOWN_LINKED, "cid=n peer=s shell=b" },
	{ "virtio-input", KNOWN_LATER,
	  "screen=s display=s window=s size=s offset=s zorder=n pipeline=n global_alpha=n "
	  "protocol=s options=s force_dev_presence" },
	{ "virtio-snd", KNOWN_LATER, "" },
	{ "virtio-gpu", KNOWN_LATER, "" },
	{ "shmem", KNOWN_LINKED, "allow=s deny=s create=s" },
	{ "pci-dummy", KNOWN_LINKED, "vendor=n device=n class=n revision=n subvendor=n subdevice=n" },
	{ "wdt-sp805", KNOWN_LINKED, "action=s frequency=n" },
	{ "smmu", KNOWN_PASS, "" },
	{ "progress", KNOWN_LATER, "" },
	{ "trace", KNOWN_LATER, "emit-logger emit-trace=n" },
	{ "timer", KNOWN_LINKED, "frequency=n" },
	{ "timer-sp804", KNOWN_LINKED, "frequency=n" },
	{ "wdt-ib700", KNOWN_X86, "" },
	{ "ser8250", KNOWN_X86, "" },
	{ "timer8254", KNOWN_X86, "" },
	{ "mc146818", KNOWN_X86, "" },
	{ "hpet", KNOWN_X86, "" },
	{ "ioapic", KNOWN_X86, "" },
	{ "8259", KNOWN_X86, "" },
	{ "pckeyboard", KNOWN_X86, "" },
	{ "vgpu-gvtg", KNOWN_X86, "" },
	{ NULL, KNOWN_LATER, NULL },
};

const struct config_known *config_known_find(const char *name)
{
	for (const struct config_known *k = config_known; k->name != NULL; k++) {
		if (strcmp(k->name, name) == 0) {
			return k;
		}
	}
	return NULL;
}

int config_option_find(const char *options, const char *name, char *kind)
{
	struct slice rest = slice_of(options);

	for (int i = 0; rest.n != 0; i++) {
		struct slice k = slice_cut(&rest, ' ');
		struct slice word = slice_cut(&k, '=');

		if (slice_is(word, name)) {
			*kind = k.n != 0 ? k.s[0] : 'f';
			return i;
		}
	}
	return -1;
}
