/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUOIN_ARCH_AARCH64_FIRMWARE_H
#define QUOIN_ARCH_AARCH64_FIRMWARE_H

struct board;

/* firmware_init - learn the conduit from the board. Before any arch_firmware(). Boot. */
void firmware_init(const struct board *b);

#endif
