/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of qvm-check. Memory is never freed: the program ends soon. */
#ifndef TOOLS_QVM_CHECK_H
#define TOOLS_QVM_CHECK_H

#include "core/base/diag.h"
#include "core/config/check.h"
#include "core/config/parse.h"
#include "core/load/load.h"
#include "core/vdev.h"

#define CHECK_MAX_VMS 8 /* as many as the monitor runs */
#define CHECK_MAX_DIRS 16

/* Where files are looked for: as named, then under each folder, then there by their last name. */
struct search {
	const char *dir[CHECK_MAX_DIRS];
	u32 count;
};

/* One VM: the words it was described with and what became of them. */
struct check_vm {
	struct config_word *words;
	u32 word_count;
	struct vm_config cfg;
	struct vdev *devices;   /* models that will run, the GIC left out */
	u32 missing;            /* blobs that are not at hand: nothing can be placed */
	struct guest_fdt fdt;
	struct load_plan plan;
	bool planned;
};

/* file_read - a whole file. 0 or -errno. */
int file_read(const char *path, const char **data, size_t *len);
/* file_find - as file_read, by the rules of struct search. */
int file_find(const struct search *s, const char *path, const char **data, size_t *len);
/* file_write - all or nothing: a temporary file beside `path`, renamed. 0 or -errno. */
int file_write(const char *path, const void *data, size_t len);

/* vm_place - list the devices; decide where each blob goes if all are at hand. False: errors. */
bool vm_place(struct check_vm *vm, const struct search *s, struct diag *diag);
/* vm_write_fdt - the device tree the VM would get, to `path`. False after an error. */
bool vm_write_fdt(struct check_vm *vm, const char *path, struct diag *diag);

/* report_vm, report_shared - the readable report on stdout. */
void report_vm(const struct check_vm *vm, const struct board_limits *board);
/* report_passes - devices of the board that are the VM's; report_devices - those of a board that could be passed. */
void report_passes(const struct vm_config *cfg, const struct board *b);
void report_devices(const struct board_limits *l);
void report_shared(const struct check_vm *vms, u32 count);
/* report_board - the same of a board; `whole`: its tree was accepted. False: the monitor could not use it. */
bool report_board(const char *path, const struct board *b, bool whole);
/* report_board_more - what boards with several kinds of cores, or known firmware, have besides. */
void report_board_more(const struct board *b);

#endif
