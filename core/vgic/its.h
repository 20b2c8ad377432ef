/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ITS of a VM (IHI 0069 5, 12.19): a guest tells by commands which LPI a device's event is and which vCPU
 * gets it. Its tables are EL2's own, of bounded size; the memory the guest gives for them is not looked at. Commands
 * are executed in work of the vCPU that has written them; one that is wrong is ignored (5.3, "command errors").
 *
 * Devices are those of the VM's PCI bus (core/pci/msi.h), and DeviceIDs without one, whose events come from INT commands
 * only. What commands change is changed by work alone, and under vgic.lock where a message looks at it.
 */
#ifndef QUOIN_CORE_VGIC_ITS_H
#define QUOIN_CORE_VGIC_ITS_H

#include "core/pci/msi.h"
#include "core/vdev.h"

#define VITS_DEVICES 256     /* DeviceIDs: functions of bus 0 */
#define VITS_EVENT_BITS 13
#define VITS_COLLECTIONS 16
#define VITS_NOWHERE 0xff    /* a collection without vCPU */
#define VITS_MAX_VECTORS 2048

/* What redistributors want to be done in work: vits_want(). */
#define VITS_CONFIG BIT(0)   /* the property table is to be read again */
#define VITS_DROP BIT(1)     /* LPIs of vCPUs that have them disabled */
#define VITS_ROUTE BIT(2)    /* an LPI of the host came to another CPU than its vCPU's */
#define VITS_PENDING BIT(8)  /* << vCPU: its pending table is to be read */

struct vits_event {
	u16 lpi;             /* from 8192; VGIC_LPI_NONE: not mapped */
	u8 coll;
	u8 cpu;              /* a host's function: CPU its LPI comes to */
};

struct msi_device {
	struct vm *vm;
	u16 devid, nvec;
	u8 bits;             /* of its EventIDs, told by MAPD; 0: not mapped */
	bool guest;          /* there is no such function */
	bool linked;         /* a function of the host: `host`, `lpi` */
	struct msi_host host;
	u32 lpi;             /* its first one in the host, from 8192 */
	void *itt;           /* of the host's ITS */
	u32 astray;          /* event + 1 whose LPI came to the wrong CPU */
	struct vits_event event[];
};

struct vits {
	struct vdev d;       /* to have work done; it has no window and is in no list */
	struct vm *vm;
	bool enabled;
	bool lengthy;        /* the command that was just executed went over all LPIs */
	u32 epoch;           /* counts queues */
	u32 cwriter, creadr;
	u64 cbaser, baser;
	u32 wants, doing, at; /* VITS_*; `at`: next LPI of the pass that is under way */
	u32 spare;           /* events left for DeviceIDs without a function */
	u32 refused;         /* commands */
	u64 routed_at;       /* when LPIs of the host last had to follow a vCPU */
	u8 coll[VITS_COLLECTIONS]; /* vCPU */
	struct msi_device *dev[VITS_DEVICES];
};

/* vits_create - ITS and LPIs as vm->cfg->gic says. 0, or -E after one error. vits_reset, vits_destroy: no vCPU runs. Thread. */
int vits_create(struct vm *vm, struct diag *d) __must_check;
void vits_reset(struct vm *vm);
void vits_destroy(struct vm *vm);

/* vits_device_new - device `devid` with `nvec` events; NULL without memory. vits_device_free - and out of the ITS. */
struct msi_device *vits_device_new(struct vm *vm, u32 devid, u32 nvec);
void vits_device_free(struct msi_device *m);
/* vits_device_forget - no event of it is mapped, what was pending of them is not. Work or thread. */
void vits_device_forget(struct msi_device *m);

/* vits_raise - event `event` of a device happened. Any context; takes vgic.lock. */
void vits_raise(struct msi_device *m, u32 event);
/*
 * vits_translate - the same of an event below m->nvec, with vgic.lock held: the vCPU it is for, if that does not run
 * here; VITS_NOWHERE: it does, or the event was dropped.
 */
u32 vits_translate(struct msi_device *m, u32 event);

/* vits_want - have `what` done in work; vits_wants - it is not done yet. Any context. */
void vits_want(struct vm *vm, u32 what);
bool vits_wants(const struct vm *vm, u32 what);

/* The face: vdev/gic_its.c. `arg` is the struct vits. Exit context, own vCPU. */
enum mmio_result vits_access(void *arg, struct vcpu *v, struct mmio *m);
/* vits_kick - commands may be waiting: execute them now. Exit context, own vCPU, the last thing that is done. */
void vits_kick(struct vits *its, struct vcpu *v);
/* vits_queue - bytes of the command queue. */
static inline u32 vits_queue(const struct vits *its)
{
	return ((u32)its->cbaser & 0xff) * 4096 + 4096;
}

/* ---- LPIs of the host: core/vgic/its_host.c. Thread context or work. */

void its_host_board(const struct board *b);
/* its_host_link - LPIs for the events of `m`, which come to vits_raise(). 0 or -E, said in the log if it is the ITS. */
int its_host_link(struct msi_device *m, const struct msi_host *host) __must_check;
void its_host_unlink(struct msi_device *m);
/* its_host_settle - interrupts that other CPUs were taking, and what they ask VMs for, are over. Thread. */
void its_host_settle(void);
/* its_host_route - the LPI of `event` is to come to the CPU where vCPU `vcpu` is. */
void its_host_route(struct msi_device *m, u32 event, u32 vcpu);

#endif
