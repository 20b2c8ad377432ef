/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of `loc` and `intr`. */
#include "core/config/parser.h"

#define LOC_FORM "expected [mem:]ADDRESS[,LENGTH[,ATTRIBUTES]][=HOST] or pci:BUS:DEV[.FUNCTION]"
#define INTR_FORM "expected gic:INTID, such as gic:37"
#define ATTR_LETTERS "+-rwxcemdnst"

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A number, or $asinfo_start{NAME}, $asinfo_length{NAME}: known on the board only. */
static bool loc_number(struct parser *p, const struct token *arg, struct slice piece,
		       struct cfg_loc *l, struct cfg_asinfo *name, u64 *out)
{
	struct src_pos pos = parse_at(arg, piece.s);
	struct slice rest = piece, word = slice_cut(&rest, '{');
	bool start = slice_is(word, "$asinfo_start"), length = slice_is(word, "$asinfo_length");

	if (piece.n == 0 || piece.s[0] != '$') {
		return parse_number(p, arg, piece, 0, ~0UL, out);
	}
	if ((start || length) && rest.n > 1 && rest.s[rest.n - 1] == '}' && p->ctx == CTX_PASS) {
		l->symbolic = true;
		name->length = length;
		name->name = arena_strndup(p->cfg->arena, rest.s, rest.n - 1);
		if (name->name == NULL) {
			(void)parse_alloc(p, ~0UL, &arg->pos);
		}
		return name->name != NULL;
	}
	parse_error(p, &pos, "bad substitution '%.*s': expected $asinfo_start{NAME} or "
		    "$asinfo_length{NAME} in a pass", (int)MIN(piece.n, (size_t)40), piece.s);
	return false;
}

static bool number_up_to(struct slice s, u64 max, u64 *v)
{
	return value_number(s, v) == VALUE_OK && *v <= max;
}

/* [pci:]BUS:DEV[.FUNCTION] or [pci:]VENDOR/DEVICE */
static bool pci_function(struct slice s, struct cfg_fn *fn)
{
	u64 first, dev, function = 0;
	struct slice head, middle;

	if (s.n > 4 && has_prefix(s.s, "pci:")) {
		s.s += 4;
		s.n -= 4;
	}
	fn->given = true;
	fn->by_id = memchr(s.s, '/', s.n) != NULL;
	head = slice_cut(&s, fn->by_id ? '/' : ':');
	if (fn->by_id) {
		if (!number_up_to(head, 0xffff, &first) || !number_up_to(s, 0xffff, &dev)) {
			return false;
		}
		fn->vendor = (u16)first;
		fn->device = (u16)dev;
		return true;
	}
	middle = slice_cut(&s, '.');
	if (!number_up_to(head, 255, &first) || !number_up_to(middle, 31, &dev) ||
	    (s.n != 0 && !number_up_to(s, 7, &function))) {
		return false;
	}
	fn->bdf = (u16)(first << 8 | dev << 3 | function);
	return true;
}

#define PCI_FORM "expected pci:BUS:DEV[.FUNCTION] or pci:0xVENDOR/0xDEVICE, in a pass also =pci:..."

bool parse_function(struct parser *p, const struct token *arg, struct cfg_fn *fn)
{
	if (!pci_function(slice_of(arg->text), fn)) {
		parse_error(p, &arg->pos, "bad PCI location '%.40s': " PCI_FORM, arg->text);
		return false;
	}
	return true;
}

static bool pci_loc(struct parser *p, const struct token *arg, struct cfg_loc *l)
{
	struct slice host = slice_of(arg->text), guest = slice_cut(&host, '=');

	l->space = LOC_PCI;
	l->has_host = guest.n != strlen(arg->text);
	if (!pci_function(guest, &l->fn) || (l->has_host && !pci_function(host, &l->host_fn)) ||
	    (l->has_host && l->fn.by_id)) {
		parse_error(p, &arg->pos, "bad PCI location '%.40s': " PCI_FORM, arg->text);
		return false;
	}
	return true;
}

/* Behind "mem:". */
static bool mem_loc(struct parser *p, const struct token *arg, struct cfg_loc *l, struct slice text)
{
	struct slice host = text, rest = slice_cut(&host, '='), piece;
	struct src_pos pos;

	l->has_host = rest.n != text.n;
	piece = slice_cut(&rest, ',');
	if (!loc_number(p, arg, piece, l, &l->addr_name, &l->addr) ||
	    (l->has_host && !loc_number(p, arg, host, l, &l->host_name, &l->host))) {
		return false;
	}
	if (rest.n != 0 && strchr(ATTR_LETTERS, rest.s[0]) == NULL) {
		piece = slice_cut(&rest, ',');
		if (!loc_number(p, arg, piece, l, &l->size_name, &l->size)) {
			return false;
		}
		if (l->size == 0 && l->size_name.name == NULL) {
			pos = parse_at(arg, piece.s);
			parse_error(p, &pos, "a location of no length");
			return false;
		}
	}
	for (size_t i = 0; i < rest.n; i++) {
		if (strchr(ATTR_LETTERS, rest.s[i]) == NULL) {
			pos = parse_at(arg, rest.s + i);
			parse_error(p, &pos, "bad attribute '%c': expected letters of " ATTR_LETTERS,
				    rest.s[i]);
			return false;
		}
	}
	if (rest.n != 0) {
		l->attrs = arena_strndup(p->cfg->arena, rest.s, rest.n);
		if (l->attrs == NULL) {
			(void)parse_alloc(p, ~0UL, &arg->pos);
		}
	}
	return p->fatal == 0;
}

struct cfg_loc *parse_loc(struct parser *p, const struct token *arg)
{
	struct cfg_loc *l = parse_alloc(p, sizeof(*l), &arg->pos);
	const char *s = arg->text;
	u64 end;

	if (l == NULL) {
		return NULL;
	}
	l->pos = arg->pos;
	if (has_prefix(s, "io:")) {
		parse_error(p, &arg->pos, "'io:' locations are for x86 only");
		return NULL;
	}
	if (has_prefix(s, "pci:")) {
		return pci_loc(p, arg, l) ? l : NULL;
	}
	s += has_prefix(s, "mem:") ? 4 : 0;
	if (*s == '\0') {
		parse_error(p, &arg->pos, "empty location: " LOC_FORM);
		return NULL;
	}
	if (!mem_loc(p, arg, l, slice_of(s))) {
		return NULL;
	}
	if (l->size != 0 && (__builtin_add_overflow(l->addr, l->size - 1, &end) ||
			     __builtin_add_overflow(l->host, l->size - 1, &end))) {
		parse_error(p, &arg->pos, "location '%.40s' wraps past the end of memory", arg->text);
		return NULL;
	}
	return l;
}

static bool is_gic(const struct parser *p, struct slice pic)
{
	return slice_is(pic, "gic") || (p->gic_name != NULL && slice_is(pic, p->gic_name));
}

/* One of "t", "u" behind a comma. */
static bool intr_flag(struct parser *p, const struct token *arg, struct slice piece, char *flag)
{
	struct src_pos pos = parse_at(arg, piece.s);

	if (piece.n != 1 || (piece.s[0] != 't' && piece.s[0] != 'u') || p->ctx != CTX_PASS) {
		parse_error(p, &pos, "bad interrupt flag '%.*s': expected t or u, in a pass only",
			    (int)MIN(piece.n, (size_t)40), piece.s);
		return false;
	}
	*flag = piece.s[0];
	return true;
}

struct cfg_intr *parse_intr(struct parser *p, const struct token *arg)
{
	struct cfg_intr *in = parse_alloc(p, sizeof(*in), &arg->pos);
	struct slice host = slice_of(arg->text), guest = slice_cut(&host, '=');
	bool has_host = guest.n != strlen(arg->text);
	struct slice spec = slice_cut(&guest, ','), line = spec, pic = slice_cut(&line, ':');
	struct slice vector = slice_cut(&host, ',');
	u64 v;

	if (in == NULL) {
		return NULL;
	}
	in->pos = arg->pos;
	in->pic = "gic";
	if (p->ctx == CTX_RESERVE && pic.n == spec.n) {
		line = spec;
	} else if (slice_is(pic, "apic") || slice_is(pic, "cpu") || slice_is(pic, "ioapic")) {
		parse_error(p, &arg->pos, "interrupt controller '%.*s' is for x86 only", (int)pic.n, pic.s);
		return NULL;
	} else if (!is_gic(p, pic)) {
		parse_error(p, &arg->pos, "unknown interrupt controller in '%.40s': " INTR_FORM, arg->text);
		return NULL;
	} else if (pic.n == spec.n) {
		parse_error(p, &arg->pos, "'%.40s' names no line: " INTR_FORM, arg->text);
		return NULL;
	}
	if (!parse_number(p, arg, line, CONFIG_INTID_MIN, CONFIG_INTID_MAX, &v)) {
		return NULL;
	}
	in->line = (u32)v;
	if ((guest.n != 0 && !intr_flag(p, arg, guest, &in->flag)) ||
	    (host.n != 0 && !intr_flag(p, arg, host, &in->flag))) {
		return NULL;
	}
	if (has_host) {
		if (p->ctx != CTX_PASS) {
			parse_error(p, &arg->pos, "'%.40s' names a host interrupt: only a pass has one",
				    arg->text);
			return NULL;
		}
		if (!parse_number(p, arg, vector, CONFIG_INTID_MIN, CONFIG_INTID_MAX, &v)) {
			return NULL;
		}
		in->has_host = true;
		in->host = (u32)v;
	}
	return in;
}
