/* SPDX-License-Identifier: Apache-2.0 */
/* `pass`: what the text says, made into ranges, interrupts, streams and functions of the board. */
#include "core/base/fmt.h"
#include "core/board.h"
#include "core/config/check_pass.h"

static const struct {
	char letter;
	u8 bits;
} letters[] = {
	{ 'r', PASS_R }, { 'w', PASS_W }, { 'x', PASS_X }, { 'c', PASS_CACHED }, { 'e', PASS_REPORT }, { 'd', PASS_DMA },
	{ 'm', PASS_MEMORY | PASS_R | PASS_W | PASS_X | PASS_CACHED },
};

/* With a sign in front letters change what is there before; without, they are all there is. */
u32 check_attributes(struct check *c, const struct cfg_loc *l)
{
	const char *s = l->attrs;
	u32 bits = s == NULL || s[0] == '+' || s[0] == '-' ? PASS_DEFAULT : 0;
	bool off = false;

	for (; s != NULL && *s != '\0'; s++) {
		if (*s == '+' || *s == '-') {
			off = *s == '-';
		} else if (*s == 'n') { /* not for DMA: the opposite of d */
			bits = off ? bits | PASS_DMA : bits & ~(u32)PASS_DMA;
		}
		for (u32 i = 0; i < ARRAY_SIZE(letters); i++) {
			if (letters[i].letter == *s) {
				bits = off ? bits & ~(u32)letters[i].bits : bits | letters[i].bits;
			}
		}
	}
	if ((bits & (PASS_R | PASS_W)) == 0) {
		check_error(c, &l->pos, "attributes '%s' let the VM neither read nor write", l->attrs);
	} else if ((bits & PASS_X) != 0 && (bits & PASS_CACHED) == 0) {
		check_error(c, &l->pos, "attributes '%s': instructions are only fetched from cacheable memory (c)", l->attrs);
	}
	return bits;
}

/* ---- Numbers that are names */

/* False after an error, or if nobody can tell here. */
static bool named(struct check *c, const struct cfg_loc *l, const struct cfg_asinfo *n, u64 *value, u64 *length,
		  bool *reserved)
{
	struct range at;

	if (n->name == NULL) {
		return true;
	}
	if (c->board == NULL || c->board->board == NULL) {
		return false;
	}
	if (board_named_range(c->board->board, n->name, &at, reserved) != 0) {
		check_error(c, &l->pos, "the board has no '%.40s': expected the name of a node of its device tree, below "
			    "/reserved-memory or of a device", n->name);
		return false;
	}
	*value = n->length ? at.size : at.start;
	*length = at.size;
	return true;
}

/* A range of the text; false after an error, or if it is not known here. */
static bool window(struct check *c, const struct cfg_loc *l, struct pass_range *r)
{
	u64 addr = l->addr, size = l->size, host = l->host, length = 0, end;
	bool reserved = false, ignored;

	if (!named(c, l, &l->addr_name, &addr, &length, l->has_host ? &ignored : &reserved) ||
	    !named(c, l, &l->host_name, &host, &length, &reserved) || !named(c, l, &l->size_name, &size, &end, &ignored)) {
		return false;
	}
	if (size == 0) {
		size = length != 0 ? length : PAGE_SIZE;
	}
	host = l->has_host ? host : addr;
	if (!IS_ALIGNED(addr | host | size, PAGE_SIZE)) {
		check_error(c, &l->pos, "window 0x%lx, size 0x%lx, of host 0x%lx: expected multiples of 4K (dt: takes a device's "
			    "whole pages by itself)", addr, size, host);
		return false;
	}
	if (!range_valid(addr, size) || !range_valid(host, size) || (host + (size - 1)) >> 52 != 0) {
		check_error(c, &l->pos, "window 0x%lx, size 0x%lx, of host 0x%lx wraps or ends beyond all memory", addr, size,
			    host);
		return false;
	}
	*r = (struct pass_range){ .ipa = addr, .pa = host, .size = size, .len = size, .reserved = reserved,
				  .attrs = check_attributes(c, l), .pos = &l->pos };
	/* A name stands for all of its range, but not for more. */
	if (reserved && host != 0 && length != 0 && size > length) {
		check_error(c, &l->pos, "window of 0x%lx bytes: '%.40s' has 0x%lx", size,
			    l->host_name.name != NULL ? l->host_name.name : l->addr_name.name, length);
	}
	return true;
}

/* ---- Entries */

const char *check_text(struct check *c, const char *s)
{
	char *t = arena_strndup(c->cfg->arena, s, strlen(s));

	return t != NULL ? t : s;
}

static void pass_window(struct check *c, struct cfg_pass *p)
{
	bool device = false;
	char text[24];
	u32 n = 0;

	for (const struct cfg_loc *l = p->loc; l != NULL; l = l->next) {
		n++;
	}
	p->range = n != 0 ? check_alloc(c, n * sizeof(*p->range)) : NULL;
	for (const struct cfg_loc *l = p->loc; l != NULL && p->range != NULL; l = l->next) {
		p->range_count += window(c, l, &p->range[p->range_count]);
	}
	check_text_irqs(c, p);
	if (p->range_count != 0) {
		fmt_str(text, sizeof(text), "0x%lx", p->range[0].pa);
	} else {
		fmt_str(text, sizeof(text), "interrupt %u", p->irq_count != 0 ? p->irq[0].host : 0);
	}
	p->what = check_text(c, text);
	for (u32 i = 0; i < p->range_count; i++) {
		check_window(c, p->range[i].ipa, p->range[i].size, "pass", NULL, p->range[i].pos, false);
		device |= !p->range[i].reserved;
	}
	if (c->board == NULL || c->board->board == NULL) {
		return;
	}
	if (!check_owner(c, p)) {
		return;
	}
	if (device) {
		(void)check_dma_windows(c, p);
	}
}

static void pass_one(struct check *c, struct cfg_pass *p)
{
	const struct cfg_loc *l;

	switch (p->kind) {
	case PASS_WINDOW:
		if (p->loc == NULL && p->intr == NULL) {
			check_error(c, &p->pos, "'pass' passes nothing: expected loc, intr, dt:, pci:, rest or smc:");
			return;
		}
		check_split_functions(c, p);
		if (p->kind == PASS_WINDOW) {
			pass_window(c, p);
		}
		return;
	case PASS_DT:
		for (l = p->loc; l != NULL; l = l->next) {
			if (l->space == LOC_PCI) {
				check_error(c, &l->pos, "a PCI location of a platform device: expected loc ADDRESS");
				return;
			}
		}
		check_pass_node(c, p);
		return;
	case PASS_PCI:
		l = p->loc;
		if (l != NULL && (l->space != LOC_PCI || l->has_host || l->fn.by_id || l->next != NULL)) {
			check_error(c, &l->pos, "where the function is in the guest: expected one loc pci:0:DEV[.FUNCTION]");
			return;
		}
		(void)check_pass_function(c, p, l != NULL ? &l->fn : NULL, l != NULL ? &l->pos : &p->target_pos);
		return;
	case PASS_REST:
		p->what = "rest";
		/* RAM has its place before it is known whether something needs it. */
		if (p->dma == PASS_DMA_UNPROTECTED && c->board != NULL && c->board->board != NULL) {
			c->cfg->dma_identity = true;
		}
		return;
	case PASS_SMC:
		p->what = "firmware calls";
		if (c->board != NULL && c->board->board != NULL && c->board->board->psci.conduit != CONDUIT_SMC) {
			check_error(c, &p->target_pos, "the board has no firmware that takes SMCs");
		}
		return;
	}
}

void check_passes(struct check *c)
{
	for (struct cfg_pass *p = c->cfg->pass; p != NULL; p = p->next) {
		if (!p->split) {
			pass_one(c, p);
		}
		p->what = p->what != NULL ? p->what : "?";
	}
	check_neighbours(c);
}
