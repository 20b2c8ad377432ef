/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's shell for somebody else than the operator at the console: a device that carries a
 * guest's bytes. The commands run in a thread of the session's own, in the time of the device's VM.
 */
#ifndef QUOIN_CORE_SESSION_H
#define QUOIN_CORE_SESSION_H

#include "core/base/types.h"

#define SESSION_INPUT 256
#define SESSIONS 8 /* at once */

struct session;
struct vdev;

/*
 * session_open - start one; NULL: no memory, or too many. `ready` is called, until session_close(), when
 * there is output, when input was read, and at the end: any context, a lock is held. work() only.
 */
struct session *session_open(struct vdev *d, void (*ready)(struct vdev *d));
/* session_type - bytes for it; how many there was room for: SESSION_INPUT less what is not read. */
u32 session_type(struct session *s, const u8 *bytes, u32 n);
/* session_read - how many bytes it has read in all. session_end_input - no more come: it ends behind them. */
u32 session_read(const struct session *s);
void session_end_input(struct session *s);
/* session_peek - the next bytes of its output, at most `n`; session_drop - they are out. Any context. */
u32 session_peek(struct session *s, u8 *to, u32 n);
void session_drop(struct session *s, u32 n);
/* session_over - it has ended and all of its output is out. */
bool session_over(struct session *s);
/* session_close - nobody listens any more: it ends by itself, `s` is not used again. Any context. */
void session_close(struct session *s);

#endif
