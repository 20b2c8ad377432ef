/* SPDX-License-Identifier: Apache-2.0 */
/* `pass` against boards of tests/data: what is resolved, what is refused and how that is said. */
#include <stdlib.h>
#include "core/board.h"
#include "tests/unit/config_util.h"
#include "tests/unit/fdt_util.h"

static struct board b;
static struct board_limits limits;
static struct range ram[8];
static unsigned char *tree;
static struct board_function functions[4];
static u32 function_count;

static bool function_at(u32 n, struct board_function *out)
{
	if (n < function_count) {
		*out = functions[n];
	}
	return n < function_count;
}

static bool load(const char *name)
{
	struct heard heard;
	char path[100];
	size_t size;

	free(tree);
	snprintf(path, sizeof(path), "tests/data/%s.dts", name);
	tree = dtc_file(path, &size);
	if (tree == NULL || board_parse(&b, tree, size, listen(&heard)) != 0) {
		return false;
	}
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &limits);
	return true;
}

#define VM "ram 0x80000000,64M load /k\n"

/* Parse and check; errors are in log_text. */
static int vm(const char *text)
{
	char all[1000];
	int r;

	snprintf(all, sizeof(all), VM "%s", text);
	r = parse_text(all);
	return r == 0 ? config_check(&cfg, &limits, &diag) : r;
}

static const struct cfg_pass *nth(u32 n)
{
	const struct cfg_pass *p = cfg.pass;

	while (p != NULL && n-- != 0) {
		p = p->next;
	}
	return p;
}

static void board_knows_dma(void)
{
	struct pass_stream s;
	u32 its, id;

	REQUIRE(load("virt-smmu-gicv3"));
	CHECK_EQ(b.iommu_count, 1);
	CHECK_EQ(b.iommu[0].kind, IOMMU_SMMUV3);
	CHECK_EQ(b.iommu[0].regs.start, 0x9050000);
	CHECK_EQ(b.iommu[0].eventq.intid, 106);
	CHECK_EQ(b.iommu[0].priq.intid, 107);
	CHECK_EQ(b.iommu[0].cmdq.intid, 108);
	CHECK_EQ(b.iommu[0].gerror.intid, 109);
	CHECK_EQ(b.iommu[0].gerror.flags, 1);
	CHECK(b.iommu[0].coherent && b.pci[0].coherent);
	CHECK(board_pci_stream(&b, &b.pci[0], 0x18, &s));
	CHECK_EQ(s.sid, 0x18);
	CHECK(board_pci_msi(&b, &b.pci[0], 0x18, &its, &id));
	CHECK_EQ(id, 0x18);
	CHECK_EQ(board_pci_v2m(&b, &b.pci[0], 0x18), -1);
	REQUIRE(load("virt-smmu-gicv2"));
	CHECK_EQ(b.gic.v2m_count, 1);
	CHECK_EQ(b.gic.v2m[0].regs.start, 0x8020000);
	CHECK(!board_pci_msi(&b, &b.pci[0], 0x18, &its, &id));
	CHECK_EQ(board_pci_v2m(&b, &b.pci[0], 0x18), 0);
}

static void devices(void)
{
	struct board_device d;
	struct range r;
	bool reserved;

	REQUIRE(load("virt-smmu-gicv3"));
	REQUIRE(board_device_find(&b, "/ethernet@b000000", &d) == 0);
	CHECK_STR(d.path, "/ethernet@b000000");
	CHECK_EQ(d.reg_count, 2);
	CHECK_EQ(d.reg[1].start, 0xb004000);
	CHECK_EQ(d.irq_count, 3);
	CHECK_EQ(d.irq[0].intid, 132);
	CHECK_EQ(d.irq[0].flags, 1);
	CHECK_EQ(d.irq[2].intid, 21);
	CHECK_EQ(d.stream_count, 2);
	CHECK_EQ(d.stream[1].sid, 0x10008);
	CHECK_EQ(d.clock_count, 2); /* the second's provider is not there: nobody knows where a third would begin */
	CHECK_EQ(d.clock_hz[0], 24000000);
	CHECK_EQ(d.clock_hz[1], 0);
	CHECK_EQ(d.dma, DMA_MAYBE);
	CHECK(board_device_find(&b, "ethernet", &d) == -ENOENT);
	CHECK_EQ(board_device_find(&b, "/ethernet", &d), 0);
	CHECK_EQ(board_device_find(&b, "serial0", &d), 0);
	CHECK_STR(d.path, "/pl011@9000000");
	CHECK_EQ(d.dma, DMA_NEVER);
	CHECK_EQ(board_device_find(&b, "/intc@8000000/its", &d), 0);
	CHECK(board_device_find(&b, "/ethernet@b000001", &d) == -ENOENT);
	CHECK(board_device_find(&b, "/ether", &d) == -ENOENT);
	CHECK_EQ(board_named_range(&b, "mailbox", &r, &reserved), 0);
	CHECK(reserved && r.start == 0x4f000000 && r.size == 0x4000);
	CHECK_EQ(board_named_range(&b, "pl031@9010000", &r, &reserved), 0);
	CHECK(!reserved && r.start == 0x9010000);
	CHECK(board_named_range(&b, "mail", &r, &reserved) == -ENOENT);
}

static void nodes_are_resolved(void)
{
	const struct cfg_pass *p;

	REQUIRE(load("virt-smmu-gicv3"));
	CHECK_EQ(vm("pass dt:/ethernet@b000000 loc 0x1c000000 intr gic:40,u fault stop"), 0);
	CHECK_STR(log_text, "t:2:1: warning: interrupt 2 of /ethernet@b000000 is no SPI of the GIC: left out");
	p = nth(0);
	CHECK_EQ(p->range_count, 2);
	CHECK_EQ(p->range[0].ipa, 0x1c000000);
	CHECK_EQ(p->range[0].pa, 0xb000000);
	CHECK_EQ(p->range[1].ipa, 0xb004000);
	CHECK_EQ(p->range[1].size, 0x1000);
	CHECK_EQ(p->range[1].len, 0x100);
	CHECK_EQ(p->irq_count, 2);
	CHECK_EQ(p->irq[0].guest, 40);
	CHECK_EQ(p->irq[0].host, 132);
	CHECK(p->irq[0].edge && p->irq[0].unmasked);
	CHECK_EQ(p->irq[1].guest, 133);
	CHECK(!p->irq[1].edge);
	CHECK_EQ(p->stream_count, 2);
	CHECK_EQ(p->dma, PASS_DMA_CONFINED);
	CHECK(p->fault_stop && cfg.has_dma && !cfg.dma_identity);
	CHECK_EQ(p->clock_hz[0], 24000000);
	CHECK(p->node != 0);
	CHECK_EQ(vm("pass pci:0:3.0 fault log intx none"), 0);
	CHECK(!nth(0)->fault_stop && nth(0)->pci->no_intx);
	/* A window over the same device is as good. */
	CHECK_EQ(vm("pass loc mem:0x1c000000,0x1000,rwn=0xb000000 intr gic:44=132,u loc 0xb004000,0x1000"), 0);
	p = nth(0);
	CHECK_EQ(p->stream_count, 2);
	CHECK(p->irq[0].edge);
	/* Two in one page: mapped once. */
	CHECK_EQ(vm("pass dt:/virtio_mmio@a000200 dma none pass dt:/virtio_mmio@a000000 dma none"), 0);
	CHECK(!nth(0)->range[0].again && nth(1)->range[0].again);
	CHECK_EQ(nth(1)->range[0].ipa, 0xa000000);
	CHECK_EQ(nth(0)->range[0].skip, 0x200);
	CHECK_EQ(vm("pass dt:/virtio_mmio@a000200 loc 0xa000 dma none pass dt:/virtio_mmio@a000000 loc 0xb000 dma none"), -EINVAL);
	/* A node names a line once for each of its uses, and has two ranges in one page: linked and mapped once. */
	CHECK_EQ(vm("pass dt:/twin@b050000"), 0);
	CHECK_STR(log_text, "");
	p = nth(0);
	CHECK_EQ(p->irq_count, 3);
	CHECK(!p->irq[0].again && !p->irq[1].again && p->irq[2].again);
	CHECK_EQ(p->irq[2].guest, p->irq[0].guest);
	CHECK(!p->range[0].again && p->range[1].again && p->range[1].ipa == 0xb050000 && p->range[1].skip == 0x800);
	CHECK_EQ(vm("pass dt:/twin@b050000 loc 0x1c000000 intr gic:40"), 0);
	CHECK_EQ(nth(0)->irq[2].guest, 40);
	CHECK_EQ(nth(0)->range[1].ipa, 0x1c000000);
	/* No streams, no interrupts, no words: it cannot do DMA. */
	CHECK_EQ(vm("pass dt:/pl031@9010000"), 0);
	CHECK_EQ(nth(0)->stream_count, 0);
	CHECK(!cfg.has_dma);
	CHECK_EQ(vm("pass loc $asinfo_start{mailbox},$asinfo_length{mailbox},rwc=$asinfo_start{mailbox}"), 0);
	CHECK_EQ(nth(0)->range[0].pa, 0x4f000000);
	CHECK_EQ(nth(0)->range[0].size, 0x4000);
	CHECK_EQ(nth(0)->range[0].attrs, PASS_R | PASS_W | PASS_CACHED);
	CHECK(nth(0)->range[0].reserved);
	CHECK_EQ(vm("pass loc 0xc0000000,0x2000,m=$asinfo_start{mailbox@4f000000} loc 0xd0000000,,+d-w=0xb010000 dma none"), -EINVAL);
	CHECK_EQ(vm("pass loc 0xc0000000,0x2000,m=$asinfo_start{mailbox@4f000000} loc 0xd0000000,+d-w=0xb010000 dma none"), 0);
	CHECK_EQ(nth(0)->range[0].attrs, PASS_R | PASS_W | PASS_X | PASS_CACHED | PASS_MEMORY);
	CHECK_EQ(nth(0)->range[1].attrs, PASS_R | PASS_DMA);
	CHECK_EQ(nth(0)->range[1].size, 0x1000);
}

static void unprotected_ram_is_the_hosts(void)
{
	REQUIRE(load("virt-smmu-gicv3"));
	CHECK_EQ(vm("pass dt:/dma@b010000 dma unprotected"), 0);
	CHECK(cfg.dma_identity && cfg.has_dma);
	CHECK_EQ(nth(0)->dma, PASS_DMA_UNPROTECTED);
	CHECK_EQ(parse_text("ram 16M load /k pass dt:/dma@b010000 dma unprotected"), 0);
	CHECK_EQ(config_check(&cfg, &limits, &diag), 0);
	CHECK_EQ(cfg.mem->start, 0xbf000000);
	CHECK_EQ(parse_text("ram 0x20000000,16M load /k pass dt:/dma@b010000 dma unprotected"), 0);
	CHECK(config_check(&cfg, &limits, &diag) != 0);
	CHECK(strstr(log_text, "t:1:5: error: ram at 0x20000000, size 0x1000000: with 'dma unprotected' it has to be free RAM of "
		     "the board at that very address") != NULL);
	CHECK_EQ(vm("pass dt:/dma@b010000 dma none"), 0);
	CHECK(!cfg.dma_identity && !cfg.has_dma);
	/* What an IOMMU confines stays confined. */
	CHECK_EQ(vm("pass dt:/ethernet@b000000 dma unprotected"), 0);
	CHECK_EQ(nth(0)->dma, PASS_DMA_CONFINED);
	CHECK(!cfg.dma_identity);
}

static void functions_are_resolved(void)
{
	const struct cfg_pass *p;

	REQUIRE(load("virt-smmu-gicv3"));
	CHECK_EQ(vm("pass pci:0:3.0 pass loc pci:0:9.0=pci:0:4.0 loc pci:0x1234/0x11e8 intr gic:40 pass pci:1:0 loc pci:0:1"), 0);
	p = nth(0);
	CHECK_EQ(p->pci->bdf, 0x18);
	CHECK(p->pci->has_stream && p->pci->stream.sid == 0x18);
	CHECK_EQ(p->pci->guest_bdf, 0x10); /* 0x08 is given to another */
	CHECK_EQ(nth(1)->kind, PASS_WINDOW);
	CHECK_EQ(nth(1)->irq_count, 1);
	p = nth(3);
	CHECK_EQ(p->pci->bdf, 0x20);
	CHECK_EQ(p->pci->guest_bdf, 0x48);
	CHECK_EQ(nth(2)->pci->vendor, 0x1234);
	CHECK(!nth(2)->pci->known);
	CHECK_EQ(nth(4)->pci->bdf, 0x100);
	CHECK_EQ(nth(4)->pci->guest_bdf, 8);
	CHECK(cfg.pci.present && cfg.gic.has_its && !cfg.gic.has_v2m);
	CHECK(cfg.pci.low != 0 && cfg.pci.low + cfg.pci.low_size <= GiB(4) && cfg.pci.high >= GiB(8));
	CHECK(IS_ALIGNED(cfg.pci.ecam, CFG_PCI_ECAM_SIZE) && IS_ALIGNED(cfg.gic.its, KiB(64)));
	CHECK_EQ(cfg.pci.intx[3], cfg.pci.intx[0] + 3);
	CHECK_EQ(vm("pass dt:/pl031@9010000"), 0);
	CHECK(!cfg.pci.present && !cfg.gic.has_its);
	/* On the target there are functions, or not. */
	functions[0] = (struct board_function){ .bdf = 0x18, .vendor = 0x1234, .device = 0x11e8, .intx = 38 };
	functions[1] = (struct board_function){ .bdf = 0x20, .vendor = 0x1af4, .device = 0x1042, .intx = 35, .owner = "virtio-pci" };
	function_count = 2;
	limits.function = function_at;
	CHECK_EQ(vm("pass pci:0x1234/0x11e8"), 0);
	CHECK(nth(0)->pci->known && nth(0)->pci->bdf == 0x18 && nth(0)->pci->intx == 38);
	CHECK_EQ(vm("pass pci:0:3.0 intx none"), 0);
	CHECK_EQ(nth(0)->pci->intx, 0);
	CHECK_EQ(vm("pass pci:0:9.0\npass pci:0:4.0"), -EINVAL);
	CHECK_STR(log_text, "t:2:6: error: the board has no PCI 00:09.0, or it is a bridge\n"
			    "t:3:6: error: PCI 00:04.0 is the monitor's (virtio-pci)");
	REQUIRE(load("virt-smmu-gicv2"));
	CHECK_EQ(vm("pass pci:0:3.0 msi v2m"), 0);
	CHECK(cfg.gic.has_v2m && cfg.gic.v2m_base >= 32 && cfg.gic.v2m_count >= 16 && !cfg.gic.has_its);
	CHECK_EQ(vm("pass pci:0:3.0"), 0);
	CHECK(!cfg.gic.has_v2m);
}

static const struct {
	const char *text, *want;
} refused[] = {
	{ "pass dt:/nothing", "t:2:6: error: the board has no device '/nothing': expected a path of its device tree or an alias" },
	{ "pass dt:/off@b020000", "t:2:6: error: device '/off@b020000' is disabled in the board's device tree" },
	{ "pass dt:/apb-pclk", "t:2:6: error: '/apb-pclk' is no device: it has neither registers nor interrupts" },
	{ "pass dt:/timer",
	  "t:2:6: error: '/timer' is no device to pass: its interrupts are each CPU's, a VM has its own" },
	{ "pass dt:/twin@b050000 intr gic:40 intr gic:41 intr gic:42",
	  "t:2:52: error: interrupt 2 of /twin@b050000 is gic:40 already: expected no intr for it" },
	{ "pass dt:", "t:2:6: error: 'dt:' names no node: expected dt:/PATH or dt:ALIAS" },
	{ "pass dt:/pl011@9000000",
	  "t:2:1: error: host range at 0x9000000, size 0x1000, is the monitor's console\n"
	  "t:2:1: error: host interrupt 33 is the monitor's console's" },
	{ "pass dt:/dma@b010000",
	  "t:2:1: error: /dma@b010000 may do DMA and no IOMMU confines it: expected 'dma none' (it does no DMA) or 'dma "
	  "unprotected' (the VM may read and write all memory with it)" },
	{ "pass loc 0xc000000,0x1000",
	  "t:2:1: error: 0xc000000 may do DMA and no IOMMU confines it: expected 'dma none' (it does no DMA) or 'dma "
	  "unprotected' (the VM may read and write all memory with it)" },
	{ "pass dt:/virtio_mmio@a000000 dma none",
	  "t:2:1: error: /virtio_mmio@a000000 shares a page with /virtio_mmio@a000200: expected a pass of that, too" },
	{ "pass dt:/pl031@9010000 loc 0x9 ",
	  "t:2:28: error: register range 0 of /pl031@9010000, 0x1000 bytes: expected loc ADDRESS, a multiple of 4K" },
	{ "pass dt:/pl031@9010000 loc 0x9000000 loc 0x9001000",
	  "t:2:42: error: /pl031@9010000 has 1 register range" },
	{ "pass dt:/pl031@9010000 intr gic:40 intr gic:41", "t:2:41: error: /pl031@9010000 has 1 interrupt" },
	{ "pass dt:/pl031@9010000 intr gic:40,u",
	  "t:2:29: error: 'u' of a level interrupt: the board's device tree says that host interrupt 34 is one" },
	{ "pass dt:/pl031@9010000 loc 0x80000000",
	  "t:2:28: error: pass pl031@9010000 at 0x80000000, size 0x1000, overlaps ram at 0x80000000, size 0x4000000" },
	{ "pass dt:/pl031@9010000\npass loc 0x1c000000,0x1000=0x9010000 intr gic:40=34",
	  "t:3:10: error: host range at 0x9010000 is passed to VM 'qvm-guest' already, at t:2:1\n"
	  "t:3:43: error: host interrupt 34 is passed to VM 'qvm-guest' already, at t:2:1" },
	{ "pass loc 0x40000000,0x1000", "t:2:10: error: host range at 0x40000000, size 0x1000, is RAM" },
	{ "pass loc 0x4f000000,0x1000",
	  "t:2:10: error: host range at 0x4f000000, size 0x1000, is reserved memory (a node below /reserved-memory can be "
	  "named: $asinfo_start{NAME})" },
	{ "pass loc $asinfo_start{mailbox},0x8000",
	  "t:2:10: error: window of 0x8000 bytes: 'mailbox' has 0x4000" },
	{ "pass loc $asinfo_start{nobody},0x1000",
	  "t:2:10: error: the board has no 'nobody': expected the name of a node of its device tree, below /reserved-memory "
	  "or of a device" },
	{ "pass loc 0x8000000,0x1000 dma none", "t:2:10: error: host range at 0x8000000, size 0x1000, is the GIC" },
	{ "pass loc 0x8080000,0x1000 dma none", "t:2:10: error: host range at 0x8080000, size 0x1000, is the GIC" },
	{ "pass loc 0x9060000,0x1000 dma none", "t:2:10: error: host range at 0x9060000, size 0x1000, is an IOMMU" },
	{ "pass loc 0x4010000000,0x1000 dma none",
	  "t:2:10: error: host range at 0x4010000000, size 0x1000, is the PCI host bridge's (expected pass pci:BUS:DEV.FN)" },
	{ "pass loc 0x10000000,0x1000 dma none",
	  "t:2:10: error: host range at 0x10000000, size 0x1000, is the PCI host bridge's (expected pass pci:BUS:DEV.FN)" },
	{ "pass loc 0xb010080,0x80 dma none",
	  "t:2:10: error: window 0xb010080, size 0x80, of host 0xb010080: expected multiples of 4K (dt: takes a device's "
	  "whole pages by itself)" },
	{ "pass loc 0xb010000,0x1000,-rw dma none",
	  "t:2:10: error: attributes '-rw' let the VM neither read nor write" },
	{ "pass intr gic:40=106", "t:2:11: error: host interrupt 106 is an IOMMU's" },
	{ "pass intr gic:40=35",
	  "t:2:11: error: host interrupt 35 is a PCI host bridge's (expected pass pci:BUS:DEV.FN)" },
	{ "pass pci:0:3.0 loc pci:1:0", "t:2:20: error: PCI function 1:0.0 in the guest: expected bus 0, device 1 to 31" },
	{ "pass pci:0:3.0 loc pci:0:3.1",
	  "t:2:20: error: PCI function 0:3.1 of the guest: expected a function 0 of that device, too" },
	{ "pass pci:0:3.0 loc pci:0:3 pass pci:0:4.0 loc pci:0:3",
	  "t:2:47: error: PCI function 0:3.0 of the guest is in use already, at t:2:20" },
	{ "pass pci:0:3.0 msi v2m", "t:2:1: error: 'msi v2m' belongs to GIC version 2: a VM with version 3 has an ITS" },
	{ "pass pci:0:3.0 intr gic:40", "t:2:21: error: this pass takes no interrupt" },
	{ "pass pci:0:40", "t:2:6: error: bad PCI location 'pci:0:40': expected pci:BUS:DEV[.FUNCTION] or "
			   "pci:0xVENDOR/0xDEVICE, in a pass also =pci:..." },
	{ "pass smc:0x84000003", "t:2:10: error: firmware call 0x84000003 cannot be passed: PSCI, SDEI and TRNG are the monitor's" },
	{ "pass smc:0x80000000",
	  "t:2:10: error: firmware call 0x80000000 cannot be passed: calls of the architecture and of hypervisors are the "
	  "monitor's" },
	{ "pass smc:0x82000000-0x83000000",
	  "t:2:10: error: firmware call 0x82000000 cannot be passed: a range stays within one service (bits 31 to 24)" },
	{ "pass smc:0x82000001 dma none", "t:2:21: error: misplaced option 'dma': no device is passed here" },
	{ "initrd pass loc 0xb010000,0x1000 dma none",
	  "t:2:1: error: a blob in passed memory is not supported: expected 'load' for it, or 'data pass'" },
	{ "pass dt:/pl031@9010000 dma maybe", "t:2:28: error: 'maybe': expected one of unprotected|none" },
	{ "pass dt:/pl031@9010000 fault never", "t:2:30: error: 'never': expected one of stop|log" },
	{ "vdev smmu",
	  "t:2:6: error: vdev 'smmu' is not supported: use pass dt:PATH or pass pci:BUS:DEV.FN, whose DMA the monitor confines "
	  "by itself" },
	{ "vdev gic its 0x30000000", "t:2:10: error: an ITS needs 'num-lpis NUMBER' (1 to 57344)" },
	{ "vdev gic num-lpis 8", "t:2:10: error: 'num-lpis' belongs to an ITS: expected 'its ADDRESS', too" },
	{ "vdev gic its 0x30001000 num-lpis 8", "t:2:1: error: the ITS at 0x30001000: expected a multiple of 0x10000" },
	{ "vdev gic msi 0x30000000,64,32", "t:2:10: error: 'msi' belongs to GIC version 2: this one has version 3" },
	{ "dma none", "t:2:1: error: misplaced option 'dma': it belongs to pass" },
};

static void what_is_refused(void)
{
	REQUIRE(load("virt-smmu-gicv3"));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		CHECK(vm(refused[i].text) != 0);
		CHECK_STR(log_text, refused[i].want);
	}
	REQUIRE(load("virt-gicv3"));
	CHECK(vm("pass pci:0:3.0") != 0);
	CHECK(strstr(log_text, "the board has no PCI host bridge with bus 0") != NULL);
}

static const struct {
	const char *first, *second, *want;
} clashes[] = {
	{ "pass dt:/pl031@9010000", "pass loc 0x9010000,0x1000 intr gic:34",
	  "t:2:10: error: host range at 0x9010000 is passed to VM 'a' already, at u:2:1\n"
	  "t:2:32: error: host interrupt 34 is passed to VM 'a' already, at u:2:1" },
	{ "pass pci:0:3.0", "pass pci:0:3.0", "t:2:6: error: PCI 00:03.0 is passed to VM 'a' already, at u:2:6\n"
					      "t:2:1: error: stream 0x18 (of PCI 00:03.0) is passed to VM 'a' already, at u:2:1" },
	{ "pass dt:/dma@b010000 dma unprotected", "pass loc 0xc000000,0x1000 dma unprotected",
	  "t:1:5: error: memory at 0x80000000 is VM 'a's, at u:1:14: with 'dma unprotected' both are at the host's addresses" },
	{ "pass rest", "pass rest", "t:2:1: error: the rest is passed to VM 'a' already, at u:2:1" },
	{ "pass pci:0:3.0", "pass pci:0:4.0", "" },
};

static struct vm_config other;
static char other_mem[sizeof(arena_mem)] __attribute__((aligned(16)));

/* A VM 'a' with this text, in `other`. */
static int first_vm(const char *text)
{
	struct config_source s = { .open = test_open, .word_count = 1 };
	struct config_word w = { "@u", { "command line", 1, 1 } };
	struct arena a;
	char all[500];
	int r;

	snprintf(all, sizeof(all), "system a ram 0x80000000,64M load /k\n%s", text);
	arena_init(&a, other_mem, sizeof(other_mem));
	s.words = &w;
	test_files = (const struct test_file[]){ { "u", all }, { NULL, NULL } };
	r = config_parse(&other, &a, &s, &diag);
	test_files = NULL;
	return r == 0 ? config_check(&other, &limits, &diag) : r;
}

static void two_vms(void)
{
	const struct vm_config *vms[] = { &other, &cfg };

	REQUIRE(load("virt-smmu-gicv3"));
	for (size_t i = 0; i < ARRAY_SIZE(clashes); i++) {
		CHECK_EQ(vm(clashes[i].second), 0);
		CHECK_EQ(first_vm(clashes[i].first), 0);
		log_text[0] = '\0';
		CHECK_EQ(config_check_system(vms, 2, &limits, &diag) != 0, clashes[i].want[0] != '\0');
		CHECK_STR(log_text, clashes[i].want);
	}
	/* Pins on one line, as only the target knows. */
	functions[0] = (struct board_function){ .bdf = 0x18, .intx = 38 };
	functions[1] = (struct board_function){ .bdf = 0x38, .intx = 38 };
	function_count = 2;
	limits.function = function_at;
	CHECK_EQ(vm("pass pci:0:7.0"), 0);
	CHECK_EQ(first_vm("pass pci:0:3.0"), 0);
	log_text[0] = '\0';
	CHECK(config_check_system(vms, 2, &limits, &diag) != 0);
	CHECK_STR(log_text, "t:2:6: error: PCI 00:07.0 shares interrupt 38 with PCI 00:03.0 of VM 'a', at u:2:6: expected 'intx "
			    "none' for one of them (it has to use MSI then)");
	CHECK_EQ(first_vm("pass pci:0:3.0 intx none"), 0);
	CHECK_EQ(config_check_system(vms, 2, &limits, &diag), 0);
}

static bool has(const char *what)
{
	for (const struct cfg_pass *p = cfg.pass; p != NULL; p = p->next) {
		if (p->implied && strcmp(p->what, what) == 0) {
			return true;
		}
	}
	return false;
}

static void the_rest(void)
{
	struct vm_config *vms[] = { &cfg, &other };

	REQUIRE(load("virt-smmu-gicv3"));
	functions[0] = (struct board_function){ .bdf = 0x18, .intx = 38 };
	functions[1] = (struct board_function){ .bdf = 0x20, .intx = 35 };
	functions[2] = (struct board_function){ .bdf = 0x28, .intx = 36, .owner = "virtio-pci" };
	function_count = 3;
	limits.function = function_at;
	CHECK_EQ(vm("pass rest"), 0);
	CHECK_EQ(first_vm("pass dt:/pl031@9010000 pass pci:0:4.0"), 0);
	log_text[0] = '\0';
	CHECK_EQ(config_check_rest(vms, 2, &limits, &diag), 0);
	CHECK_STR(log_text, "t:2:1: warning: 4 devices left out that may do DMA and are not confined by an IOMMU: 'dma unprotected' "
			    "would add them");
	CHECK(has("/ethernet@b000000") && has("/pl061@9030000") && has("PCI 00:03.0"));
	CHECK(!has("/pl031@9010000") && !has("/dma@b010000") && !has("/pl011@9000000") && !has("/smmuv3@9050000"));
	CHECK(!has("PCI 00:04.0") && !has("PCI 00:05.0") && !has("/virtio_mmio@a000000") && !has("/intc@8000000"));
	CHECK(cfg.pci.present && cfg.pci.ecam != 0 && cfg.gic.has_its);
	for (u32 i = 1; i < cfg.window_count; i++) {
		CHECK(cfg.window[i - 1].start + cfg.window[i - 1].size <= cfg.window[i].start);
	}
	/* In words all of it, but two devices in one page go together or not at all: one of them is another VM's. */
	function_count = 0;
	CHECK_EQ(vm("pass rest dma unprotected"), 0);
	CHECK_EQ(first_vm("pass loc 0xa000000,0x1000 dma none"), 0);
	CHECK_EQ(config_check_rest(vms, 2, &limits, &diag), 0);
	CHECK(cfg.dma_identity);
	CHECK(has("/dma@b010000") && has("/fw-cfg@9020000") && !has("/virtio_mmio@a000000") && !has("/virtio_mmio@a000200"));
	CHECK_EQ(vm("pass rest dma unprotected"), 0);
	CHECK_EQ(first_vm(""), 0);
	CHECK_EQ(config_check_rest(vms, 2, &limits, &diag), 0);
	CHECK(has("/virtio_mmio@a000000") && has("/virtio_mmio@a000200"));
	for (u32 i = 0; i < cfg.window_count; i++) {
		CHECK(cfg.window[i].start != 0xa001000);
	}
}

static bool no_stream_10008(u8 iommu, u32 sid)
{
	return iommu == 0 && sid != 0x10008;
}

/* A stream that its IOMMU does not have: an error where it is asked for, left out where it is of the rest. */
static void streams_that_do_not_work(void)
{
	struct vm_config *vms[] = { &cfg };

	REQUIRE(load("virt-smmu-gicv3"));
	limits.stream_ok = no_stream_10008;
	CHECK_EQ(vm("pass dt:/ethernet@b000000"), -EINVAL);
	CHECK(strstr(log_text, "t:2:1: error: stream 0x10008 of /ethernet@b000000: its IOMMU has no such stream, or does not "
		     "work") != NULL);
	CHECK_EQ(vm("pass dt:/ethernet@b000000 dma none"), 0);
	function_count = 0;
	CHECK_EQ(vm("pass rest"), 0);
	CHECK_EQ(config_check_rest(vms, 1, &limits, &diag), 0);
	CHECK(!has("/ethernet@b000000") && has("/pl061@9030000"));
}

/* A board with more devices than a VM has lines or addresses, in the arena that they are given. */
static void a_rest_too_large(void)
{
	static char text[200000], mem[CONFIG_REST_ARENA_SIZE] __attribute__((aligned(16)));
	struct vm_config *vms[] = { &cfg };
	struct arena more;
	struct heard heard;
	size_t n, size;

	n = (size_t)snprintf(text, sizeof(text),
			     "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <1>;"
			     "cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = \"cpu\"; reg = <0>; }; };"
			     "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x20000000>; };"
			     "intc { compatible = \"arm,gic-v3\"; #interrupt-cells = <3>; phandle = <1>;"
			     "reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x20000>; };"
			     "far@ffffff00000 { compatible = \"ns16550a\"; reg = <0xfff 0xfff00000 0 0x1000>; };");
	for (u32 i = 0; i < 900; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "d@%x { compatible = \"ns16550a\"; reg = <1 0x%x 0 0x1000>;"
				      "interrupts = <0 %u 4>; };", i << 12, i << 12, i + 10);
	}
	snprintf(text + n, sizeof(text) - n, "};");
	free(tree);
	tree = dtc_text(text, &size);
	REQUIRE(tree != NULL && board_parse(&b, tree, size, listen(&heard)) == 0);
	board_limits_of(&b, ram, ARRAY_SIZE(ram), &limits);
	function_count = 0;
	CHECK_EQ(vm("pass rest"), 0);
	CHECK(config_has_rest(&cfg));
	arena_init(&more, mem, sizeof(mem));
	cfg.arena = &more;
	CHECK_EQ(config_check_rest(vms, 1, &limits, &diag), 0);
	CHECK(strstr(log_text, " devices left out: the VM has no interrupt, address or PCI device number left") != NULL);
	CHECK(has("/d@0") && has("/d@10000") && !has("/d@383000") && !has("/far@ffffff00000"));
	/* In an arena that is too small nothing is given. */
	CHECK_EQ(vm("pass rest"), 0);
	arena_init(&more, mem, 4096);
	cfg.arena = &more;
	CHECK_EQ(config_check_rest(vms, 1, &limits, &diag), -ENOMEM);
	CHECK(!config_has_rest(vms[0]) || diag.errors != 0);
}

static void devices_of_one_stream_go_to_one_vm(void)
{
	const struct vm_config *vms[] = { &other, &cfg };

	REQUIRE(load("virt-smmu-gicv3"));
	b.pci[0].iommu_mask = 0; /* as of a controller that does not tell its functions apart */
	CHECK_EQ(vm("pass pci:0:3.0 pass pci:0:5.0"), 0);
	CHECK_EQ(vm("pass pci:0:3.0"), 0);
	CHECK_EQ(first_vm("pass pci:0:4.0"), 0);
	log_text[0] = '\0';
	CHECK(config_check_system(vms, 2, &limits, &diag) != 0);
	CHECK_STR(log_text, "t:2:1: error: stream 0x0 (of PCI 00:03.0), one for several devices, is passed to VM 'a' already, at u:2:1");
}

TEST_MAIN(RUN(board_knows_dma), RUN(devices), RUN(nodes_are_resolved), RUN(unprotected_ram_is_the_hosts),
	  RUN(functions_are_resolved), RUN(what_is_refused), RUN(two_vms), RUN(the_rest),
	  RUN(streams_that_do_not_work), RUN(a_rest_too_large),
	  RUN(devices_of_one_stream_go_to_one_vm))
