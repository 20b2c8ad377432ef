/* SPDX-License-Identifier: Apache-2.0 */
/* Do network cards fit together? On the host only, where all VMs of an image are known. */
#include "core/config/check.h"

#include <errno.h>
#include <string.h>
#include "core/vdev.h"

#define PREFIX "/dev/qvm/"

struct links {
	const struct vm_config *const *vms;
	u32 count;
	struct diag *diag;
};

static const struct cfg_option *given(const struct cfg_vdev *v, const char *name)
{
	for (const struct cfg_option *o = v->options; o != NULL; o = o->next) {
		if (strcmp(o->decl->name, name) == 0) {
			return o;
		}
	}
	return NULL;
}

static bool is_card(const struct cfg_vdev *v)
{
	return v->type != NULL && strcmp(v->type->name, "virtio-net") == 0;
}

static const struct vm_config *find_vm(const struct links *l, const char *name, size_t n)
{
	for (u32 i = 0; i < l->count; i++) {
		if (strlen(l->vms[i]->name) == n && strncmp(l->vms[i]->name, name, n) == 0) {
			return l->vms[i];
		}
	}
	return NULL;
}

static const struct cfg_vdev *find_vdev(const struct vm_config *vm, const char *name)
{
	for (const struct cfg_vdev *v = vm->vdev; v != NULL; v = v->next) {
		if (v->name != NULL && strcmp(v->name, name) == 0) {
			return v;
		}
	}
	return NULL;
}

/* Is `path` that of card `v` of `vm`? */
static bool names(const char *path, const struct vm_config *vm, const struct cfg_vdev *v)
{
	size_t n = strlen(PREFIX), m = strlen(vm->name);

	return strncmp(path, PREFIX, n) == 0 && strncmp(path + n, vm->name, m) == 0 && path[n + m] == '/' &&
	       strcmp(path + n + m + 1, v->name) == 0;
}

/* A link has two ends, each with the other's path. */
static void check_link(const struct links *l, const struct vm_config *vm, const struct cfg_vdev *v)
{
	const struct cfg_option *peer = given(v, "peer"), *back;
	const char *at, *slash;
	const struct vm_config *other;
	const struct cfg_vdev *end;

	if (peer == NULL || strncmp(peer->str, PREFIX, strlen(PREFIX)) != 0) {
		return; /* a switch: whoever names it, too */
	}
	at = peer->str + strlen(PREFIX);
	slash = strchr(at, '/');
	if (slash == NULL || slash == at || slash[1] == '\0') {
		diag_error(l->diag, &peer->pos, "peer '%s': expected " PREFIX "VM/NAME", peer->str);
		return;
	}
	if (v->name == NULL) {
		diag_error(l->diag, &peer->pos, "a card with a link needs a `name`, which the other end's peer gives");
		return;
	}
	other = find_vm(l, at, (size_t)(slash - at));
	if (other == NULL) {
		if (l->count > 1) {
			diag_warning(l->diag, &peer->pos, "there is no VM '%.*s': the link stays down", (int)(slash - at), at);
		}
		return;
	}
	end = find_vdev(other, slash + 1);
	back = end != NULL && is_card(end) ? given(end, "peer") : NULL;
	if (end == NULL || !is_card(end)) {
		diag_error(l->diag, &peer->pos, "VM '%s' has no virtio-net with the name '%s'", other->name, slash + 1);
	} else if (end == v) {
		diag_error(l->diag, &peer->pos, "this card is its own peer");
	} else if (back == NULL || !names(back->str, vm, v)) {
		diag_error(l->diag, &peer->pos, "the peer of '%s' is not this card, expected peer " PREFIX "%s/%s there",
			   peer->str, vm->name, v->name);
	}
}

static bool same_text(const char *a, const char *b)
{
	while (*a != '\0' && (*a | 0x20) == (*b | 0x20)) { /* hexadecimal digits and colons */
		a++;
		b++;
	}
	return *a == *b;
}

/* Whether a card before `v` has its address. */
static void check_address(const struct links *l, const struct vm_config *vm, const struct cfg_vdev *v)
{
	const struct cfg_option *mac = given(v, "mac"), *other;

	for (u32 i = 0; i < l->count && mac != NULL; i++) {
		for (const struct cfg_vdev *w = l->vms[i]->vdev; w != NULL && w != v; w = w->next) {
			other = is_card(w) ? given(w, "mac") : NULL;
			if (other != NULL && same_text(mac->str, other->str)) {
				diag_error(l->diag, &mac->pos, "mac %s is that of a card of VM '%s' already", mac->str,
					   l->vms[i]->name);
				return;
			}
		}
		if (l->vms[i] == vm) {
			return;
		}
	}
}

int config_check_links(const struct vm_config *const *vms, u32 count, struct diag *diag)
{
	const struct links l = { vms, count, diag };
	u32 errors = diag->errors;

	for (u32 i = 0; i < count; i++) {
		for (const struct cfg_vdev *v = vms[i]->vdev; v != NULL; v = v->next) {
			if (is_card(v)) {
				check_address(&l, vms[i], v);
				check_link(&l, vms[i], v);
			}
		}
	}
	return diag->errors == errors ? 0 : -EINVAL;
}
