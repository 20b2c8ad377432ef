/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's insides, shared by the files of core/config/ only. */
#ifndef QUOIN_CORE_CONFIG_PARSER_H
#define QUOIN_CORE_CONFIG_PARSER_H

#include "core/config/lexer.h"
#include "core/config/parse.h"
#include "core/config/value.h"
#include "core/vdev.h"

/* What an option may belong to. CTX_VM: neutral, allowed anywhere; it closes no context. */
enum config_ctx {
	CTX_VM = 0,
	CTX_CPU = 1,
	CTX_VDEV = 2,
	CTX_PASS = 4,
	CTX_RESERVE = 8,
	CTX_SKIP = 16, /* behind a vdev that was refused: its options are passed over */
};

struct parser {
	struct vm_config *cfg;
	struct lexer lx;
	struct diag *diag;
	u32 first_error;
	int fatal;       /* -ENOMEM, -EINVAL (unreadable text, too many errors): stop; else 0 */
	bool recovering; /* the meaning of the next words is lost: pass over them to a known option */
	bool pushed;     /* `tok` is to be read again */
	u8 ctx;          /* enum config_ctx */
	u8 blob;         /* enum cfg_blob in front of load or pass */
	const struct token *blob_tok; /* NULL: no such word is open */
	u32 items;       /* options seen so far */
	struct token tok, prefix;
	struct cfg_cpu *cpu; /* the open context's */
	struct cfg_vdev *vdev;
	struct cfg_pass *pass;
	struct cfg_loc **loc; /* where the next `loc` and `intr` go */
	struct cfg_intr **intr;
	const char *later; /* options of the open vdev whose function comes later */
	struct cfg_mem **mem_end;
	struct cfg_load **load_end;
	struct cfg_vdev **vdev_end;
	struct cfg_pass **pass_end;
	struct cfg_smc **smc_end;
	struct cfg_reserve **reserve_end;
	struct cfg_option **option_end;
	const char *gic_name; /* `name` of vdev gic */
	bool logger_given;
};

struct config_keyword {
	char name[12];
	u8 ctx;   /* enum config_ctx bits */
	u8 args;  /* words behind it */
	bool value; /* the argument is a value: an option word in its place means it is missing */
	const char *expects; /* the argument's form, for messages */
	void (*apply)(struct parser *p, const struct token *opt, const struct token *arg);
};

#define CONFIG_SCHED_FORM "PRIORITY[r|f|o] or HIGH,LOW,MAXREPL,PERIOD,BUDGETs"

/* Vdev types whose model is not in this program (later.c). */
enum known_status {
	KNOWN_LATER, /* parsed and checked, then left out */
	KNOWN_X86,
	KNOWN_PASS,   /* never will be: `pass` does it */
	KNOWN_LINKED, /* exists: a buildfile has to name it */
};

struct config_known {
	const char *name;
	enum known_status status;
	const char *options; /* see config_option_find() */
};

/* Options of `vdev gic` without a function yet. */
#define CONFIG_GIC_LATER \
	"hostvector=n host-gicd=n host-gich=n host-gicv=n"

extern const struct config_keyword config_keywords[];
extern const struct config_known config_known[]; /* ends with a NULL name */

const struct config_keyword *config_keyword_find(const char *word);
const struct config_known *config_known_find(const char *name);
/*
 * config_option_find - index of `name` in a list "name=K name ...", or -1. *kind becomes K: s text,
 * n number, b boolean, t boolean or auto, m ADDRESS,FIRST,COUNT, h ADDRESS[/CPU/SPACING][,...];
 * f without one: there is no argument.
 */
int config_option_find(const char *options, const char *name, char *kind);
/* config_kind_form - an argument's form in words; parse_value - read one: false after an error. */
const char *config_kind_form(char kind);
bool parse_value(struct parser *p, const struct token *opt, char kind, struct token *arg, u64 *num);

/* parse_error - report and count. Set p->recovering where the words behind have lost their meaning. */
void parse_error(struct parser *p, const struct src_pos *pos, const char *fmt, ...) __printf(3, 4);
/* parse_bad_value - "bad value 'ARG' of 'OPT': expected WANTED". */
void parse_bad_value(struct parser *p, const struct token *opt, const struct token *arg,
		     const char *wanted);
/* parse_unknown - "unknown WHAT 'WORD': did you mean 'BEST'?", or ": HINT" without a near one. */
void parse_unknown(struct parser *p, const char *what, const struct token *word,
		   const struct nearest *near, const char *hint);
/* parse_later - warn that something is parsed but does nothing yet; the format says what it is. */
void parse_later(struct parser *p, const struct src_pos *pos, const char *fmt, ...) __printf(3, 4);

/* parse_alloc - from the VM's arena; NULL after having reported that it is full. */
void *parse_alloc(struct parser *p, size_t size, const struct src_pos *pos);

/* parse_at - position of a piece inside an argument word. */
struct src_pos parse_at(const struct token *arg, const char *piece);

/* parse_number - a number min..max out of a piece of `arg`; false after an error. */
bool parse_number(struct parser *p, const struct token *arg, struct slice piece, u64 min, u64 max,
		  u64 *out);

/* parse_next_is - take the next word if it is `word`. */
bool parse_next_is(struct parser *p, const char *word);

/* parse_choice - index of the word among "a|b|c", or -1 after an error. */
int parse_choice(struct parser *p, const struct token *arg, const char *choices);

/* parse_blob - the blob word in front of `load` or `pass`, used up; false after an error. */
bool parse_blob(struct parser *p, enum cfg_blob *blob);

/* parse_loc, parse_intr - `loc` and `intr` arguments (operand.c); NULL after an error. */
struct cfg_loc *parse_loc(struct parser *p, const struct token *arg);
struct cfg_intr *parse_intr(struct parser *p, const struct token *arg);

/* parse_function - [pci:]BUS:DEV[.FN] or VENDOR/DEVICE; false after an error. */
bool parse_function(struct parser *p, const struct token *arg, struct cfg_fn *fn);
/* parse_peek - the next word, which stays the next word; false: there is none. */
bool parse_peek(struct parser *p, struct token *t);

/* Handlers of config_keywords[], by file. vm_option.c, set_option.c: */
void opt_system(struct parser *p, const struct token *opt, const struct token *arg);
void opt_mem(struct parser *p, const struct token *opt, const struct token *arg);
void opt_blob(struct parser *p, const struct token *opt, const struct token *arg);
void opt_load(struct parser *p, const struct token *opt, const struct token *arg);
void opt_cmdline(struct parser *p, const struct token *opt, const struct token *arg);
void opt_unsupported(struct parser *p, const struct token *opt, const struct token *arg);
void opt_logger(struct parser *p, const struct token *opt, const struct token *arg);
void opt_set(struct parser *p, const struct token *opt, const struct token *arg);
void opt_dump(struct parser *p, const struct token *opt, const struct token *arg);
void opt_dryrun(struct parser *p, const struct token *opt, const struct token *arg);
void opt_restart(struct parser *p, const struct token *opt, const struct token *arg);
void opt_safety(struct parser *p, const struct token *opt, const struct token *arg);
void opt_user(struct parser *p, const struct token *opt, const struct token *arg);
/* context.c: */
void opt_cpu(struct parser *p, const struct token *opt, const struct token *arg);
void opt_cluster(struct parser *p, const struct token *opt, const struct token *arg);
void opt_runmask(struct parser *p, const struct token *opt, const struct token *arg);
void opt_sched(struct parser *p, const struct token *opt, const struct token *arg);
void opt_partition(struct parser *p, const struct token *opt, const struct token *arg);
void opt_vdev(struct parser *p, const struct token *opt, const struct token *arg);
void opt_reserve(struct parser *p, const struct token *opt, const struct token *arg);
void opt_loc(struct parser *p, const struct token *opt, const struct token *arg);
void opt_intr(struct parser *p, const struct token *opt, const struct token *arg);
void opt_name(struct parser *p, const struct token *opt, const struct token *arg);
void opt_log(struct parser *p, const struct token *opt, const struct token *arg);
/* pass_option.c: */
void opt_pass(struct parser *p, const struct token *opt, const struct token *arg);
void opt_dma(struct parser *p, const struct token *opt, const struct token *arg);
void opt_msi(struct parser *p, const struct token *opt, const struct token *arg);
void opt_fault(struct parser *p, const struct token *opt, const struct token *arg);
void opt_intx(struct parser *p, const struct token *opt, const struct token *arg);
void opt_reset(struct parser *p, const struct token *opt, const struct token *arg);
/* vdev_option.c: an option of the vdev itself; false if it has none of that name. */
bool parse_vdev_option(struct parser *p, const struct token *opt);

/* parse_log_levels - "fatal,info" to a mask of enum log_level bits; 0 after an error. */
u32 parse_log_levels(struct parser *p, const struct token *arg);
/* parse_arg - the word behind an option; false (reported) if there is none. */
bool parse_arg(struct parser *p, const struct token *opt, const char *expects, bool value,
	       struct token *arg);

#endif
