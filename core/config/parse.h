/* SPDX-License-Identifier: Apache-2.0 */
/* qvmconf text to struct vm_config. The language is described in docs/qvmconf.md. */
#ifndef QUOIN_CORE_CONFIG_PARSE_H
#define QUOIN_CORE_CONFIG_PARSE_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/config/lexer.h"
#include "core/config/vm_config.h"
#include "core/vdev.h"

/* Arena of one VM, the same on the target and in the tools, so that both take the same texts. */
#define CONFIG_ARENA_SIZE KiB(32)
/* A second one for what `pass rest` becomes: a chip's tree has hundreds of devices. */
#define CONFIG_REST_ARENA_SIZE KiB(256)

/* Errors reported for one VM before the parser gives up. */
#define CONFIG_MAX_ERRORS 20

/*
 * config_parse - read one VM's description into *cfg; everything it points to is in `arena`.
 *
 * Words are checked one by one here; what several lines mean together is config_check()'s
 * part, which must follow before the result is used. All errors of the text are reported,
 * up to CONFIG_MAX_ERRORS.
 * Returns 0, -EINVAL after errors, or -ENOMEM if the arena is full (reported too).
 * Boot, thread or host context.
 */
int config_parse(struct vm_config *cfg, struct arena *arena, const struct config_source *source,
		 struct diag *diag) __must_check;

/* The options of `vdev gic`, which is always there; the device's type shares them. */
extern const struct vdev_option config_gic_options[];

#endif
