/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest useful guest: says where it is and switches itself off. */
#include "rt/board.h"
#include "rt/console.h"
#include "rt/cpu.h"
#include "rt/smp.h"

void guest_main(void)
{
	unsigned int i;

	printf("Hello from EL%lu at 0x%lx\n", read_sysreg(CurrentEL) >> 2, image_base());
	printf("model:    %s\n", board.model);
	printf("cpu:      MPIDR 0x%lx, MIDR 0x%lx, %u in the device tree\n", read_sysreg(mpidr_el1),
	       read_sysreg(midr_el1), board.nr_cpus);
	for (i = 0; i < board.nr_memory; i++) {
		printf("memory:   0x%lx..0x%lx, %lu MiB\n", board.memory[i].base,
		       board.memory[i].base + board.memory[i].size - 1, board.memory[i].size >> 20);
	}
	printf("gic:      version %u, distributor 0x%lx\n", board.gic_version, board.gicd);
	printf("timer:    %lu Hz, virtual INTID %u, physical INTID %u\n", read_sysreg(cntfrq_el0),
	       board.vtimer_intid, board.ptimer_intid);
	printf("console:  PL011 at 0x%lx, INTID %u\n", board.uart, board.uart_intid);
	printf("bootargs: %s\n", board.bootargs);
	printf("Goodbye\n");
}
