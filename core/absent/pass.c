/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of part `pass`: no VM of the image has anything of the board for itself. */
#include "core/config/check_parts.h"
#include "core/config/parser.h"
#include "core/load/pass_fdt.h"
#include "core/pass/pass.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* Each word of `pass`; that of the others' context is never entered. */
void opt_pass(struct parser *p, const struct token *opt, const struct token *arg)
{
	p->recovering = true;
	parse_error(p, &opt->pos, "this image has no part 'pass'");
}

void opt_dma(struct parser *p, const struct token *opt, const struct token *arg)
{
	opt_pass(p, opt, arg);
}

void opt_msi(struct parser *p, const struct token *opt, const struct token *arg)
{
	opt_pass(p, opt, arg);
}

void opt_fault(struct parser *p, const struct token *opt, const struct token *arg)
{
	opt_pass(p, opt, arg);
}

void opt_intx(struct parser *p, const struct token *opt, const struct token *arg)
{
	opt_pass(p, opt, arg);
}

void opt_reset(struct parser *p, const struct token *opt, const struct token *arg)
{
	opt_pass(p, opt, arg);
}

void check_passes(struct check *c)
{
}

void check_clock_vdev(struct check *c)
{
}

void check_share_modules(const struct vm_config *vm, const struct vm_config *other, const struct board_limits *board,
			 struct diag *d)
{
}

void check_share(const struct vm_config *vm, const struct vm_config *other, struct diag *diag)
{
}

int config_check_rest(struct vm_config *const *vms, u32 count, const struct board_limits *board, struct diag *diag)
{
	return 0;
}

size_t pass_fdt_bound(const struct guest_fdt *g)
{
	return 0;
}

u32 pass_fdt_aliases(struct fdt_writer *w, const struct guest_fdt *g, u32 first)
{
	return 0;
}

u32 pass_fdt_controller(struct fdt_writer *w, ipa_t base)
{
	return 0;
}

void pass_fdt_nodes(struct fdt_writer *w, const struct guest_fdt *g, u32 clock_24m)
{
}

int pass_claim_ram(const struct vm_config *cfg, struct diag *d)
{
	return 0;
}

int pass_create(struct vm *vm, struct diag *d)
{
	return 0;
}

void pass_quiesce(struct vm *vm)
{
}

void pass_reset(struct vm *vm)
{
}

void pass_destroy(struct vm *vm)
{
}

void pass_limits(const struct board *b, struct board_limits *l)
{
	l->board = b;
}

void pass_promise(const struct vm_config *cfg)
{
}
