/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What serial devices share: the options `hostdev`, `batch` and `delayed`.
 *
 *   -  >-  <-      the console: both ways, output, input
 *   >NAME >"|CMD"  output is kept in memory (console_kept_read)
 *   <PATH          input is a file of the image
 *   PATH           a terminal or serial device of the host: here the console is all there is
 */
#include <errno.h>
#include <string.h>
#include "core/console/console.h"
#include "core/vdev.h"
#include "core/vm.h"
#include "core/vm_request.h"

static bool is_direction(char c)
{
	return c == '<' || c == '>';
}

static const char *target(const char *text)
{
	return is_direction(*text) ? text + 1 : text;
}

const char *vdev_check_hostdev(const char *text)
{
	const char *t = target(text);

	if (*t == '\0' || is_direction(*t)) {
		return "[<|>]PATH, or - for the console";
	}
	return *text != '>' && *t == '|' ? "no command for input: a file of the image, or -" : NULL;
}

const char *vdev_hostdev_path(const char *text)
{
	return *text == '<' && strcmp(text, "<-") != 0 ? text + 1 : NULL;
}

const char *vdev_note_hostdev(const char *text)
{
	const char *t = target(text);

	if (*t == '|') {
		return "there are no commands here, the output is kept in memory";
	}
	return t == text && strcmp(t, "-") != 0 ? "the host's devices are not here, it is the console" : NULL;
}

const char *vdev_check_delayed(const char *text)
{
	u64 n;

	return strcmp(text, "forever") == 0 || (vdev_number(text, &n) && n < VDEV_FOREVER) ? NULL
		: "a number of seconds, or forever";
}

u32 vdev_delayed(struct vdev *d)
{
	const struct cfg_option *o = vdev_option(d, "delayed");
	u64 n = VDEV_FOREVER;

	if (o == NULL) {
		return 0;
	}
	return strcmp(o->str, "forever") != 0 && !vdev_number(o->str, &n) ? 0 : (u32)n;
}

bool vdev_wait(struct vdev *d, u32 ms)
{
	thread_sleep_until(counter_now() + ms * counter_hz / 1000);
	vm_serve(d->vm);
	return d->vm->verdict == VERDICT_POLICY;
}

static int connect(struct vdev *d, const struct cfg_option *o, u64 batch_ns)
{
	const char *t = target(o->str), *path = vdev_hostdev_path(o->str);
	const void *data;
	u64 size;
	int err;

	if (path != NULL) {
		err = vdev_file(d, path, &data, &size);
		return err == 0 ? console_feed(d, data, size) : err;
	}
	if (o->str[0] == '>' && strcmp(t, "-") != 0) {
		return console_keep(d);
	}
	return console_attach(d, o->str[0] != '>', o->str[0] != '<', batch_ns);
}

int vdev_connect_end(struct vdev *d, struct vdev *end, const struct cfg_option *from,
		     const struct cfg_option *to)
{
	u64 batch_ns = 1000 * vdev_option_num(d, "batch", 0);

	if (end != d) {
		end->vm = d->vm;
		end->cfg = d->cfg;
		end->next = d->ends;
		d->ends = end;
	}
	for (const struct cfg_option *o = from; o != to; o = o->next) {
		int err = strcmp(o->decl->name, "hostdev") == 0 ? connect(end, o, batch_ns) : 0;

		if (err != 0) {
			vdev_error(d, &o->pos, err == -ENOMEM ? "no memory for the console"
				   : err == -ENOSPC ? "too many devices on the console"
				   : "'%s' is not in the image", target(o->str));
			return err;
		}
	}
	return 0;
}

int vdev_connect(struct vdev *d)
{
	return vdev_connect_end(d, d, d->cfg->options, NULL);
}
