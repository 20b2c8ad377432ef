/* SPDX-License-Identifier: Apache-2.0 */
/* Pointer authentication: announced and working, or, for a VM, neither (ARM ARM D8.10). */
#include "check.h"

#define ISAR1_ADDRESS	0xff0UL
#define ISAR1_GENERIC	0xff000000UL
#define ISAR2_ANY	0xff00UL

static u64 generic(u64 value, u64 modifier)
{
	u64 code;

	__asm__ volatile("mov x1, %1\n\tmov x2, %2\n\t.inst 0x9ac23020\n\tmov %0, x0" /* PACGA x0, x1, x2 */
			 : "=r"(code) : "r"(value), "r"(modifier) : "x0", "x1", "x2");
	return code;
}

void test_pauth(void)
{
	u64 isar1 = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(S3_0_C0_C6_2), one, other;

	if (!((isar1 & (ISAR1_ADDRESS | ISAR1_GENERIC)) | (isar2 & ISAR2_ANY))) {
		if (board_is_vm()) {
			probe_begin();
			write_sysreg(S3_0_C2_C1_0, 1);
			check_eq(probe_end(), 1, "keys are undefined where it is hidden");
		}
		return;
	}
	probe_begin();
	write_sysreg(S3_0_C2_C3_0, 0x0123456789abcdef);
	write_sysreg(S3_0_C2_C3_1, 0xfedcba9876543210);
	isb();
	one = generic(0x1234, 0x5678);
	check_eq(read_sysreg(S3_0_C2_C3_0), 0x0123456789abcdef, "a key keeps its value");
	write_sysreg(S3_0_C2_C3_0, 1);
	isb();
	other = generic(0x1234, 0x5678);
	check(one != other && one >> 32, "codes depend on it");
	write_sysreg(S3_0_C2_C3_0, 0x0123456789abcdef);
	isb();
	check_eq(generic(0x1234, 0x5678), one, "and on nothing else");
	check_eq(probe_end(), 0, "nothing of it traps");
}
