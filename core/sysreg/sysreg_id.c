/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest learns about the CPU. The rule: a field is shown only if its
 * feature works in a guest without the monitor's help, or with help it gives;
 * fields this table does not name read as zero, so that a feature newer than
 * the table, which needs state switched or a trap opened, is never used
 * (ARM ARM D24.2 gives each field).
 */
#include "core/sysreg/sysreg.h"

#include "core/spec/hcr.h"
#include "core/vm.h"

enum rule {
	LIMIT,  /* the smaller of the CPU's value and `max` */
	SIGNED, /* the same for fields where 0xf means "not implemented" */
	FIXED,  /* `max` whatever the CPU says */
};

struct id_field {
	u8 reg; /* CRm, op2 */
	u8 lsb;
	u8 rule; /* enum rule */
	u8 max;
};

#define REG(crm, op2) ((crm) << 3 | (op2))
#define PFR0  REG(4, 0)
#define PFR1  REG(4, 1)
#define DFR0  REG(5, 0)
#define ISAR0 REG(6, 0)
#define ISAR1 REG(6, 1)
#define ISAR2 REG(6, 2)
#define MMFR0 REG(7, 0)
#define MMFR1 REG(7, 1)
#define MMFR2 REG(7, 2)

/*
 * Hidden on purpose, besides what is newer: SVE, SME, MTE (state is not switched),
 * RAS, MPAM, AMU, SPE, trace, BRBE (trapped), EL2, EL3, VH, NV, ECV, FGT, HCX, XNX, TWED, EVT
 * (nothing below EL2 sees them), TME, LS64, MOPS, WFxT, XS, S1PIE, S1POE, TCR2, GCS, THE (their
 * controls stay off), LORegions, SPECRES (trapped), mixed endianness (devices are little-endian).
 * In ascending order of registers.
 */
static const struct id_field fields[] = {
	{ PFR0, 0, LIMIT, 2 },   /* EL0: AArch32 allowed where the CPU has it */
	{ PFR0, 4, FIXED, 1 },   /* EL1: AArch64 only, HCR_EL2.RW */
	{ PFR0, 16, SIGNED, 1 }, /* FP and half precision: registers are switched */
	{ PFR0, 20, SIGNED, 1 }, /* AdvSIMD */
	{ PFR0, 48, LIMIT, 1 },  /* DIT: PSTATE only */
	{ PFR0, 56, LIMIT, 1 },  /* CSV2: from 2 on SCXTNUM_ELx would have to be switched */
	{ PFR0, 60, LIMIT, 1 },  /* CSV3 */
	{ PFR1, 0, LIMIT, 1 },   /* BTI: PSTATE and page tables only */
	{ PFR1, 4, LIMIT, 2 },   /* SSBS: PSTATE only */
	{ PFR1, 32, LIMIT, 1 },  /* CSV2_frac: 2 has SCXTNUM_ELx */
	{ DFR0, 0, FIXED, 6 },   /* debug v8: what later ones add is not emulated */
	{ DFR0, 8, LIMIT, 6 },   /* PMUv3p5; see sysreg_id_read() */
	{ DFR0, 12, LIMIT, 15 }, /* breakpoints, watchpoints, breakpoints that know contexts */
	{ DFR0, 20, LIMIT, 15 },
	{ DFR0, 28, LIMIT, 15 },
	{ DFR0, 36, SIGNED, 0 }, /* OS double lock */
	/* Instructions on general or FP registers alone. */
	{ ISAR0, 4, LIMIT, 2 },  /* AES, PMULL */
	{ ISAR0, 8, LIMIT, 1 },  /* SHA1 */
	{ ISAR0, 12, LIMIT, 2 }, /* SHA2 */
	{ ISAR0, 16, LIMIT, 1 }, /* CRC32 */
	{ ISAR0, 20, LIMIT, 2 }, /* atomics */
	{ ISAR0, 28, LIMIT, 1 }, /* RDM */
	{ ISAR0, 32, LIMIT, 1 }, /* SHA3 */
	{ ISAR0, 36, LIMIT, 1 }, /* SM3 */
	{ ISAR0, 40, LIMIT, 1 }, /* SM4 */
	{ ISAR0, 44, LIMIT, 1 }, /* dot product */
	{ ISAR0, 48, LIMIT, 1 }, /* FHM */
	{ ISAR0, 52, LIMIT, 2 }, /* flag manipulation */
	{ ISAR0, 56, LIMIT, 2 }, /* TLBI by range, outer shareable: bound by VMID, broadcast by FB */
	{ ISAR0, 60, LIMIT, 1 }, /* RNDR */
	{ ISAR1, 0, LIMIT, 2 },  /* DC CVAP, CVADP */
	{ ISAR1, 4, LIMIT, 5 },  /* PAuth by the architected algorithm, by another one: keys are switched */
	{ ISAR1, 8, LIMIT, 5 },
	{ ISAR1, 12, LIMIT, 1 }, /* JSCVT */
	{ ISAR1, 16, LIMIT, 1 }, /* FCMA */
	{ ISAR1, 20, LIMIT, 2 }, /* LRCPC; 3 has pairs that devices could not describe */
	{ ISAR1, 24, LIMIT, 1 }, /* PACGA, likewise */
	{ ISAR1, 28, LIMIT, 1 },
	{ ISAR1, 32, LIMIT, 1 }, /* FRINTTS */
	{ ISAR1, 36, LIMIT, 1 }, /* SB */
	{ ISAR1, 44, LIMIT, 1 }, /* BF16 */
	{ ISAR1, 48, LIMIT, 1 }, /* DGH: a hint */
	{ ISAR1, 52, LIMIT, 1 }, /* I8MM */
	{ ISAR2, 8, LIMIT, 1 },  /* PACGA, PAuth by the third algorithm */
	{ ISAR2, 12, LIMIT, 5 },
	{ ISAR2, 28, LIMIT, 1 }, /* CLRBHB: the guest protects itself with it */
	{ MMFR0, 4, LIMIT, 2 },  /* ASID size */
	{ MMFR0, 20, LIMIT, 1 }, /* 16K granule; 2 has 52-bit addresses */
	{ MMFR0, 24, SIGNED, 0 }, /* 64K granule */
	{ MMFR0, 28, SIGNED, 0 }, /* 4K granule; 1 has 52-bit addresses */
	/* Stage-1 translation: the guest's own tables and registers. */
	{ MMFR1, 0, LIMIT, 2 },  /* HAFDBS: updates go to guest RAM */
	{ MMFR1, 12, LIMIT, 2 }, /* HPDS */
	{ MMFR1, 20, LIMIT, 3 }, /* PAN, PAN2, EPAN */
	{ MMFR1, 36, LIMIT, 3 }, /* ETS: a promise of the CPU */
	{ MMFR1, 60, LIMIT, 1 }, /* ECBHB: a promise of the CPU */
	{ MMFR2, 0, LIMIT, 1 },  /* CnP */
	{ MMFR2, 4, LIMIT, 1 },  /* UAO */
	{ MMFR2, 8, LIMIT, 1 },  /* LSM: SCTLR_EL1 bits */
	{ MMFR2, 16, LIMIT, 1 }, /* 52-bit VAs with the 64K granule */
	{ MMFR2, 20, LIMIT, 1 }, /* CCIDX: the format of a register that is not trapped */
	{ MMFR2, 28, LIMIT, 1 }, /* ST: small tables */
	{ MMFR2, 32, LIMIT, 1 }, /* AT: unaligned atomicity */
	{ MMFR2, 36, LIMIT, 1 }, /* IDS: how EL0's ID reads are reported to EL1 */
	{ MMFR2, 48, LIMIT, 1 }, /* TTL hints in TLBI */
	{ MMFR2, 52, LIMIT, 2 }, /* BBM */
	{ MMFR2, 60, LIMIT, 1 }, /* E0PD */
};

#define MMFR0_PARANGE BITS(3, 0)
#define PFR0_GIC      BITS(27, 24)
#define DFR0_PMUVER   BITS(11, 8)
#define ISAR1_PAUTH   (BITS(11, 4) | BITS(31, 24))
#define ISAR2_PAUTH   BITS(15, 8)

/*
 * AArch32 at EL0, for guests that run 32-bit programs: whole registers less security, EL2, GIC
 * interface, RAS, AMU, debug beyond the architecture version, PMU, trace, EVT and prediction
 * restriction.
 */
struct id_mask {
	u8 reg;
	u32 keep;
};

static const struct id_mask masks[] = {
	{ REG(1, 0), 0x0f01ffff }, /* ID_PFR0: CSV2 not above 1 */
	{ REG(1, 1), 0x000f0f0f }, /* ID_PFR1 */
	{ REG(1, 2), 0x0000000f }, /* ID_DFR0 */
	{ REG(1, 4), 0xffffffff }, /* ID_MMFR0..3 */
	{ REG(1, 5), 0xffffffff },
	{ REG(1, 6), 0xffffffff },
	{ REG(1, 7), 0xffffffff },
	{ REG(2, 0), 0xffffffff }, /* ID_ISAR0..5 */
	{ REG(2, 1), 0xffffffff },
	{ REG(2, 2), 0xffffffff },
	{ REG(2, 3), 0xffffffff },
	{ REG(2, 4), 0xffffffff },
	{ REG(2, 5), 0xff0fffff },
	{ REG(2, 6), 0x0ffff0f0 }, /* ID_MMFR4 */
	{ REG(2, 7), 0x0ff0ffff }, /* ID_ISAR6 */
	{ REG(3, 0), 0xffffffff }, /* MVFR0..2 */
	{ REG(3, 1), 0xffffffff },
	{ REG(3, 2), 0xffffffff },
	{ REG(3, 4), 0x000000ff }, /* ID_PFR2 */
};

/* The CPU's own value of every register named above; a register no CPU of today has is zero. */
static u64 read_hardware(unsigned int reg)
{
	switch (reg) {
#define ROW(crm, op2, name) case REG(crm, op2): return read_##name##_el1();
	ROW(1, 0, id_pfr0)
	ROW(1, 1, id_pfr1)
	ROW(1, 2, id_dfr0)
	ROW(1, 4, id_mmfr0)
	ROW(1, 5, id_mmfr1)
	ROW(1, 6, id_mmfr2)
	ROW(1, 7, id_mmfr3)
	ROW(2, 0, id_isar0)
	ROW(2, 1, id_isar1)
	ROW(2, 2, id_isar2)
	ROW(2, 3, id_isar3)
	ROW(2, 4, id_isar4)
	ROW(2, 5, id_isar5)
	ROW(2, 6, id_mmfr4)
	ROW(2, 7, id_isar6)
	ROW(3, 0, mvfr0)
	ROW(3, 1, mvfr1)
	ROW(3, 2, mvfr2)
	ROW(3, 4, id_pfr2)
	ROW(4, 0, id_aa64pfr0)
	ROW(4, 1, id_aa64pfr1)
	ROW(5, 0, id_aa64dfr0)
	ROW(6, 0, id_aa64isar0)
	ROW(6, 1, id_aa64isar1)
	ROW(6, 2, id_aa64isar2)
	ROW(7, 0, id_aa64mmfr0)
	ROW(7, 1, id_aa64mmfr1)
	ROW(7, 2, id_aa64mmfr2)
#undef ROW
	default:
		return 0;
	}
}

/* Of all CPUs, field by field the least: a guest may be told of one CPU and run on another. */
static u64 system_id[REG(8, 0)];

static bool is_signed(unsigned int reg, unsigned int lsb)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].reg == reg && fields[i].lsb == lsb) {
			return fields[i].rule == SIGNED;
		}
	}
	return false;
}

u64 sysreg_id_least(unsigned int reg, u64 a, u64 b)
{
	u64 least = 0;

	for (unsigned int lsb = 0; lsb < 64; lsb += 4) {
		/* 8..0xf of a signed field are below 0..7. */
		u64 flip = a != b && is_signed(reg, lsb) ? 8 : 0;

		least |= (MIN((a >> lsb & 0xf) ^ flip, (b >> lsb & 0xf) ^ flip) ^ flip) << lsb;
	}
	return least;
}

void sysreg_id_join(bool first)
{
	for (unsigned int reg = 0; reg < ARRAY_SIZE(system_id); reg++) {
		u64 hw = read_hardware(reg);

		system_id[reg] = first ? hw : sysreg_id_least(reg, system_id[reg], hw);
	}
	pmu_join();
}

/* ID_AA64MMFR0_EL1.PARange: the smallest size that reaches all of the VM's addresses. */
static u64 parange(u64 ipa_size, u64 hw)
{
	static const u8 size_bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 n = 0;

	while (n + 1 < ARRAY_SIZE(size_bits) && (ipa_size - 1) >> size_bits[n] != 0) {
		n++;
	}
	return MIN(n, hw & MMFR0_PARANGE);
}

static u64 filter_field(const struct id_field *f, u64 hw)
{
	unsigned int have = (hw >> f->lsb) & 0xf;

	switch ((enum rule)f->rule) {
	case FIXED:
		have = f->max;
		break;
	case SIGNED:
		/* 8..0xf are negative and stay. */
		have = have < 8 ? MIN(have, f->max) : have;
		break;
	case LIMIT:
		have = MIN(have, f->max);
		break;
	}
	return (u64)have << f->lsb;
}

static unsigned int reg_of_key(u32 key)
{
	return (unsigned int)(field_get(ESR_SYS_CRM, key) << 3 | field_get(ESR_SYS_OP2, key));
}

static u64 filter_aarch32(unsigned int reg, u64 hw)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(masks); i++) {
		if (masks[i].reg == reg) {
			return hw & masks[i].keep;
		}
	}
	return 0;
}

__noinline u64 sysreg_id_filter(u32 key, u64 hw, unsigned int gic_version, u64 ipa_size)
{
	unsigned int reg = reg_of_key(key);
	u64 val = 0;

	if (reg < PFR0) {
		return filter_aarch32(reg, hw);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(fields) && fields[i].reg <= reg; i++) {
		if (fields[i].reg == reg) {
			val |= filter_field(&fields[i], hw);
		}
	}
	if (reg == MMFR0) {
		val |= parange(ipa_size, hw);
	} else if (reg == PFR0 && gic_version == 3) {
		val |= field_prep(PFR0_GIC, 1);
	}
	return val;
}

u64 sysreg_id_read(const struct vm *vm, u32 key)
{
	unsigned int reg = reg_of_key(key);
	u64 val;

	/* Without AArch32 its registers are UNKNOWN (ARM ARM D24.2). */
	if (reg >= ARRAY_SIZE(system_id) || (reg < PFR0 && (system_id[PFR0] & 0xf) != 2)) {
		return 0;
	}
	val = sysreg_id_filter(key, system_id[reg], vm->gic_version, vm->s2.ipa_size);
	/* Some CPU's monitors may not be the architecture's, 0xf. */
	return reg == DFR0 && !pmu_visible(vm) ? val & ~DFR0_PMUVER : val;
}

/* Instructions and keys of pointer authentication trap otherwise. */
u64 sysreg_guest_hcr(void)
{
	u64 any = (system_id[ISAR1] & ISAR1_PAUTH) | (system_id[ISAR2] & ISAR2_PAUTH);

	return any != 0 ? HCR_GUEST | HCR_API | HCR_APK : HCR_GUEST;
}
