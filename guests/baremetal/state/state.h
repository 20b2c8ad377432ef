/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_H
#define STATE_H

/* How many system registers keep what is written to them and are not known to. The MMU is off. */
unsigned int strangers(void);

#endif
