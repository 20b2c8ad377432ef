/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queues of an SMMUv3 (IHI 0070 3.5, 4, 7). Commands are put in under a lock and waited for without it, interrupts
 * on. An SMMU that does not do what it was told is stopped: what it still remembers could lead anywhere.
 */
#include "arch/aarch64/iommu/smmuv3.h"
#include "core/base/log.h"

#define RETRIES 3

/* Positions run through the queue and one lap bit above. */
static u32 lap_mask(u32 log2)
{
	return (2u << log2) - 1;
}

static bool late(u64 end)
{
	return counter_now() > end;
}

static u64 deadline(void)
{
	return counter_now() + ns_to_counter(SMMU_TIMEOUT_MS * 1000000UL);
}

bool smmu_wait(const struct smmu *s, u32 reg, u32 mask, u32 want)
{
	u64 end = deadline();

	while ((smmu_read(s, reg) & mask) != want) {
		if (late(end)) {
			return (smmu_read(s, reg) & mask) == want;
		}
		cpu_relax();
	}
	return true;
}

void smmu_stop(struct smmu *s, const char *why)
{
	if (!__atomic_exchange_n(&s->u->dead, true, __ATOMIC_ACQ_REL)) {
		/* 6.3.15: what GBPA says counts as soon as SMMUEN is 0. */
		smmu_wait(s, SMMU_GBPA, GBPA_UPDATE, 0);
		smmu_write(s, SMMU_GBPA, GBPA_ABORT | GBPA_UPDATE);
		smmu_wait(s, SMMU_GBPA, GBPA_UPDATE, 0);
		smmu_write(s, SMMU_CR0, 0);
		log_warn("SMMU at 0x%lx: %s, all DMA behind it is stopped", s->u->regs, why);
	}
}

/* 7.1: a command that could not be read is read again, one that is not understood is our mistake. */
static void command_error(struct smmu *s)
{
	u64 flags = spin_lock_irq(&s->lock);
	bool error = ((smmu_read(s, SMMU_GERROR) ^ smmu_read(s, SMMU_GERRORN)) & GERROR_CMDQ) != 0;
	u32 why = smmu_read(s, SMMU_CMDQ_CONS) >> 24 & 0x7f;
	bool again = error && why == CERROR_ABT && s->retries++ < RETRIES;

	if (again) {
		smmu_write(s, SMMU_GERRORN, smmu_read(s, SMMU_GERRORN) ^ GERROR_CMDQ);
	}
	spin_unlock_irq(&s->lock, flags);
	if (error && !again) {
		smmu_stop(s, why == CERROR_ABT ? "its commands cannot be read" : "a command is refused");
	}
}

/* How far it is; the queue is locked. */
static void look(struct smmu *s)
{
	s->done += (smmu_read(s, SMMU_CMDQ_CONS) - (u32)s->done) & lap_mask(s->cmd_log2);
}

/* Room for n commands; the queue is locked. */
static bool room(struct smmu *s, u32 n)
{
	look(s);
	return s->prod - s->done + n <= 1u << s->cmd_log2;
}

static void put(struct smmu *s, u64 w0, u64 w1)
{
	u64 *at = s->cmd + 2 * (s->prod & ((1u << s->cmd_log2) - 1));

	at[0] = w0;
	at[1] = w1;
	smmu_clean(s, at, 16);
	s->prod++;
}

static bool behind(struct smmu *s, u64 target)
{
	u64 flags = spin_lock_irq(&s->lock);
	bool yes;

	look(s);
	yes = s->done < target;
	spin_unlock_irq(&s->lock, flags);
	return yes;
}

bool smmu_command(struct smmu *s, const u64 *cmds, u32 n)
{
	u64 flags, target, end = deadline();

	for (;;) {
		flags = spin_lock_irq(&s->lock);
		if (room(s, n + 1) || s->u->dead || late(end)) {
			break;
		}
		spin_unlock_irq(&s->lock, flags);
		cpu_relax();
	}
	if (s->u->dead || !room(s, n + 1)) {
		spin_unlock_irq(&s->lock, flags);
		smmu_stop(s, "it takes no commands");
		return false;
	}
	for (u32 i = 0; i < n; i++) {
		put(s, cmds[2 * i], cmds[2 * i + 1]);
	}
	put(s, CMD_SYNC, 0);
	target = s->prod;
	smmu_write(s, SMMU_CMDQ_PROD, (u32)target & lap_mask(s->cmd_log2));
	spin_unlock_irq(&s->lock, flags);
	end = deadline();
	while (behind(s, target)) {
		if ((smmu_read(s, SMMU_GERROR) ^ smmu_read(s, SMMU_GERRORN)) & GERROR_CMDQ) {
			command_error(s);
		}
		if (s->u->dead) {
			return false;
		}
		if (late(end) && behind(s, target)) {
			smmu_stop(s, "it does not answer commands");
			return false;
		}
		cpu_relax();
	}
	s->retries = 0;
	return true;
}

static const char *event_name(u8 number)
{
	switch (number) {
	case EVENT_C_BAD_STREAMID:
		return "no such stream";
	case EVENT_F_PERMISSION:
		return "read-only";
	case EVENT_F_TRANSLATION:
	case EVENT_F_ADDR_SIZE:
		return "not its memory";
	case EVENT_F_BAD_ATS_TREQ:
	case EVENT_F_TRANSL_FORBIDDEN:
		return "ATS is off";
	case EVENT_C_BAD_SUBSTREAMID:
		return "PASIDs are off";
	default:
		return NULL;
	}
}

bool smmu_fault(struct iommu *u, struct iommu_fault *out)
{
	struct smmu *s = u->priv;
	u32 prod, index = s->cons & ((1u << s->event_log2) - 1);
	const u64 *e = s->event + 4 * index;
	u8 number;

	prod = smmu_read(s, SMMU_EVENTQ_PROD);
	if (((prod ^ s->cons) & lap_mask(s->event_log2)) == 0) {
		return false;
	}
	dmb(oshld); /* the index before what it tells of */
	if (!u->coherent) {
		arch_clean_inval_dcache(e, 32);
	}
	number = (u8)e[0];
	*out = (struct iommu_fault){
		.sid = (u32)(e[0] >> 32), .number = number, .what = event_name(number), .addr = e[2],
		.has_addr = number == EVENT_F_UUT || number == EVENT_F_TRANSL_FORBIDDEN ||
			    (number >= EVENT_F_WALK_EABT && number <= EVENT_F_PERMISSION),
		.write = (e[1] & EVENT_1_RNW) == 0,
	};
	s->cons = (s->cons & QUEUE_OVERFLOW) | ((s->cons + 1) & lap_mask(s->event_log2));
	/* 7.4: an overflow is acknowledged with the first event taken after it. */
	out->lost = ((prod ^ s->cons) & QUEUE_OVERFLOW) != 0;
	s->cons = (s->cons & ~(u32)QUEUE_OVERFLOW) | (prod & QUEUE_OVERFLOW);
	dmb(osh); /* it was read before its place is given back */
	smmu_write(s, SMMU_EVENTQ_CONS, s->cons);
	return true;
}

void smmu_errors(struct iommu *u)
{
	struct smmu *s = u->priv;
	u32 active = smmu_read(s, SMMU_GERROR) ^ smmu_read(s, SMMU_GERRORN);
	u64 flags;

	if (u->dead || active == 0) {
		return;
	}
	if (active & GERROR_SFM) {
		smmu_stop(s, "it has failed");
		return;
	}
	if (active & GERROR_CMDQ) {
		command_error(s);
	}
	if (active & GERROR_EVENTQ) {
		log_warn("SMMU at 0x%lx: faults could not be recorded", u->regs);
	}
	/* Those that tell of nothing we use are acknowledged, too; whoever waits for a command may be at it as well. */
	flags = spin_lock_irq(&s->lock);
	smmu_write(s, SMMU_GERRORN, smmu_read(s, SMMU_GERRORN) ^ (active & ~(u32)GERROR_CMDQ));
	spin_unlock_irq(&s->lock, flags);
}
