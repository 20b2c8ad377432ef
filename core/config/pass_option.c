/* SPDX-License-Identifier: Apache-2.0 */
/* `pass` and the words that belong to it. */
#include "core/config/parser.h"

#define SMC_MAX 64 /* ranges of function IDs in all */

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/*
 * Calls a VM may be given: fast calls (SMCCC 1.2, DEN0028 2.5: bit 31) of services that the firmware of a chip
 * or board has for drivers. Those of the architecture, of PSCI and of hypervisors are the monitor's to answer.
 */
static const char *smc_refused(u32 first, u32 last)
{
	u32 owner = first >> 24 & 63;

	if (first > last) {
		return "the first number is above the last";
	}
	if ((first & BIT(31)) == 0) {
		return "it is no fast call (bit 31)";
	}
	if (first >> 24 != last >> 24) {
		return "a range stays within one service (bits 31 to 24)";
	}
	if ((first & 0x00ff0000) != 0 || (last & 0x00ff0000) != 0) {
		return "bits 23 to 16 are 0 in a function ID";
	}
	if (owner == 0 || owner == 5 || owner == 6) {
		return "calls of the architecture and of hypervisors are the monitor's";
	}
	if (owner == 4 && (first & 0xffff) < 0x60) {
		return "PSCI, SDEI and TRNG are the monitor's";
	}
	return NULL;
}

static bool smc_list(struct parser *p, const struct token *t, struct cfg_pass *c)
{
	struct slice rest = slice_of(t->text + 4);

	(void)c;
	do {
		struct slice last = slice_cut(&rest, ','), first = slice_cut(&last, '-');
		struct src_pos pos = parse_at(t, first.s);
		struct cfg_smc *s;
		const char *why;
		u64 from, to;

		if (!parse_number(p, t, first, 0, ~0U, &from)) {
			return false;
		}
		to = from;
		if (last.n != 0 && !parse_number(p, t, last, 0, ~0U, &to)) {
			return false;
		}
		why = smc_refused((u32)from, (u32)to);
		if (why != NULL) {
			parse_error(p, &pos, "firmware call 0x%lx cannot be passed: %s", from, why);
			return false;
		}
		s = parse_alloc(p, sizeof(*s), &pos);
		if (s == NULL) {
			return false;
		}
		*s = (struct cfg_smc){ .pos = pos, .first = (u32)from, .last = (u32)to };
		*p->smc_end = s;
		p->smc_end = &s->next;
	} while (rest.n != 0);
	return true;
}

/* What may stand right behind `pass`; false after an error. */
static bool target(struct parser *p, struct cfg_pass *c)
{
	static const char *const words[] = { "dt:", "pci:", "smc:" };
	static const enum cfg_pass_kind kinds[] = { PASS_DT, PASS_PCI, PASS_SMC };
	struct token t;

	if (!parse_peek(p, &t)) {
		return true;
	}
	if (parse_next_is(p, "rest")) {
		c->kind = PASS_REST;
		return true;
	}
	for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
		if (has_prefix(t.text, words[i])) {
			c->kind = kinds[i];
		}
	}
	if (c->kind == PASS_WINDOW) {
		return true;
	}
	(void)parse_next_is(p, t.text);
	c->target_pos = t.pos;
	if (c->kind == PASS_PCI) {
		return parse_function(p, &t, &c->fn);
	}
	if (c->kind == PASS_SMC) {
		return smc_list(p, &t, c);
	}
	c->target = t.text + 3;
	if (c->target[0] == '\0') {
		parse_error(p, &t.pos, "'dt:' names no node: expected dt:/PATH or dt:ALIAS");
		return false;
	}
	return true;
}

void opt_pass(struct parser *p, const struct token *opt, const struct token *arg)
{
	const struct token *word = p->blob_tok != NULL ? &p->prefix : NULL;
	struct cfg_pass *c;
	enum cfg_blob blob;

	(void)arg;
	p->ctx = CTX_SKIP;
	if (!parse_blob(p, &blob)) {
		return;
	}
	c = parse_alloc(p, sizeof(*c), &opt->pos);
	if (c == NULL) {
		return;
	}
	c->pos = opt->pos;
	c->blob = blob;
	if (!target(p, c)) {
		return;
	}
	if (blob != BLOB_PLAIN && blob != BLOB_DATA) {
		parse_error(p, word != NULL ? &word->pos : &opt->pos, "a blob in passed memory is not supported: "
			    "expected 'load' for it, or 'data pass'");
	}
	*p->pass_end = c;
	p->pass_end = &c->next;
	p->ctx = CTX_PASS;
	p->pass = c;
	p->loc = &c->loc;
	p->intr = &c->intr;
}

/* Words of DMA and interrupts mean nothing to firmware calls. */
static bool has_device(struct parser *p, const struct token *opt)
{
	if (p->pass->kind == PASS_SMC) {
		parse_error(p, &opt->pos, "misplaced option '%s': no device is passed here", opt->text);
	}
	return p->pass->kind != PASS_SMC;
}

void opt_dma(struct parser *p, const struct token *opt, const struct token *arg)
{
	int i = parse_choice(p, arg, "unprotected|none");

	if (has_device(p, opt) && i >= 0) {
		p->pass->dma = i == 0 ? PASS_DMA_UNPROTECTED : PASS_DMA_NONE;
	}
}

void opt_msi(struct parser *p, const struct token *opt, const struct token *arg)
{
	if (has_device(p, opt) && parse_choice(p, arg, "v2m") == 0) {
		p->pass->msi_v2m = true;
	}
}

void opt_fault(struct parser *p, const struct token *opt, const struct token *arg)
{
	int i = parse_choice(p, arg, "stop|log");

	if (has_device(p, opt) && i >= 0) {
		p->pass->fault_stop = i == 0;
	}
}

void opt_intx(struct parser *p, const struct token *opt, const struct token *arg)
{
	if (has_device(p, opt) && parse_choice(p, arg, "none") == 0) {
		p->pass->no_intx = true;
	}
}

void opt_reset(struct parser *p, const struct token *opt, const struct token *arg)
{
	if (has_device(p, opt) && parse_choice(p, arg, "none") == 0) {
		p->pass->no_reset = true;
	}
}
