/* SPDX-License-Identifier: Apache-2.0 */
/* What serial devices share: the `hostdev` and `delayed` options. */
#include <errno.h>
#include <string.h>
#include "core/console.h"
#include "core/vdev.h"

const char *vdev_check_hostdev(const char *text)
{
	if (*text == '<' || *text == '>') {
		text++;
	}
	return *text != '\0' ? NULL : "[<|>]PATH, or - for the console";
}

bool vdev_hostdev_later(const char *text)
{
	if (*text == '<' || *text == '>') {
		text++;
	}
	return strcmp(text, "-") != 0;
}

const char *vdev_check_delayed(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return strcmp(text, "forever") == 0 || (digits != 0 && text[digits] == '\0') ? NULL
		: "a number of seconds, or forever";
}

int vdev_connect(struct vdev *d)
{
	for (const struct cfg_option *o = d->cfg->options; o != NULL; o = o->next) {
		int err;

		if (strcmp(o->decl->name, "hostdev") != 0 || vdev_hostdev_later(o->str)) {
			continue;
		}
		err = console_attach(d, o->str[0] != '>', o->str[0] != '<');
		if (err != 0) {
			vdev_error(d, &o->pos, "%s", err == -ENOMEM ? "no memory for the console"
				   : "too many devices on the console");
			return err;
		}
	}
	return 0;
}
