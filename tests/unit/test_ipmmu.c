/* SPDX-License-Identifier: Apache-2.0 */
/* The IPMMU driver, the code above it, and stage 2 as VMs have it, against tests/unit/ipmmu_model.h. */
#include <errno.h>
#include "tests/unit/ipmmu_model.h"
#include "tests/unit/fdt_util.h"
#include "tests/unit/guest_util.h"

#define QUOIN_ARCH_AARCH64_TLB_H
static void tlb_flush_vmid(void)
{
}
static void stage1_walks_off(void)
{
}
static void stage1_walks_on(u64 sctlr, u64 tcr)
{
	(void)sctlr;
	(void)tcr;
}

#define arch_clean_dcache model_clean
#define arch_clean_inval_dcache model_clean
#include "arch/aarch64/s2.c"
#include "arch/aarch64/s2_dma.c"
#include "arch/aarch64/iommu/ipmmu_table.c"
#include "arch/aarch64/iommu/ipmmu_fault.c"
#include "arch/aarch64/iommu/ipmmu.c"
#include "core/iommu/iommu.c"

/* Who takes the one interrupt there is. */
static void (*taker)(void *arg);
static void *taker_arg;

static int spy_share(u32 intid, bool edge, const char *by, void (*fn)(void *arg), void *arg)
{
	CHECK_STR(by, "iommu");
	CHECK_EQ(intid, 228);
	taker = fn;
	taker_arg = arg;
	gic_configure(intid, 0xa0, edge, 0);
	gic_enable(intid, true);
	return 0;
}

#define irq_share spy_share
#include "core/iommu/iommu_fault.c"

static const char tree_text[] =
	"#address-cells = <2>; #size-cells = <2>; compatible = \"maker,board\"; interrupt-parent = <&gic>;\n"
	"cpus { #address-cells = <1>; #size-cells = <0>;\n"
	"	cpu@0 { device_type = \"cpu\"; compatible = \"arm,cortex-a57\"; reg = <0>; }; };\n"
	"gic: gic@f1010000 { compatible = \"arm,gic-400\"; interrupt-controller; #interrupt-cells = <3>;\n"
	"	reg = <0 0xf1010000 0 0x1000>, <0 0xf1020000 0 0x20000>, <0 0xf1040000 0 0x20000>,\n"
	"		<0 0xf1060000 0 0x20000>; };\n"
	"memory@48000000 { device_type = \"memory\"; reg = <0 0x48000000 0 0x38000000>; };\n"
	"soc { #address-cells = <2>; #size-cells = <2>; ranges; compatible = \"simple-bus\";\n"
	"	sysc: sc@e6180000 { #power-domain-cells = <1>; reg = <0 0xe6180000 0 0x400>; };\n"
	"	ds0: iommu@e6740000 { compatible = \"renesas,ipmmu-r8a7795\"; reg = <0 0xe6740000 0 0x1000>;\n"
	"		renesas,ipmmu-main = <&mm 0>; power-domains = <&sysc 32>; #iommu-cells = <1>; };\n"
	"	ds1: iommu@e7740000 { compatible = \"renesas,ipmmu-r8a7795\"; reg = <0 0xe7740000 0 0x1000>;\n"
	"		renesas,ipmmu-main = <&mm 1>; power-domains = <&sysc 32>; #iommu-cells = <1>; };\n"
	"	vp0: iommu@fe990000 { compatible = \"renesas,ipmmu-r8a7795\"; reg = <0 0xfe990000 0 0x1000>;\n"
	"		renesas,ipmmu-main = <&mm 16>; power-domains = <&sysc 9>; #iommu-cells = <1>; };\n"
	"	mm: iommu@e67b0000 { compatible = \"renesas,ipmmu-r8a7795\"; reg = <0 0xe67b0000 0 0x1000>;\n"
	"		interrupts = <0 196 4>, <0 197 4>; power-domains = <&sysc 32>; #iommu-cells = <1>; };\n"
	"	hc: iommu@e6570000 { compatible = \"renesas,ipmmu-r8a7795\"; reg = <0 0xe6570000 0 0x1000>;\n"
	"		renesas,ipmmu-main = <&mm 2>; power-domains = <&sysc 32>; #iommu-cells = <1>; };\n"
	"	ethernet@e6800000 { compatible = \"a,b\"; reg = <0 0xe6800000 0 0x800>; iommus = <&ds0 16>; };\n"
	"	mmc@ee100000 { compatible = \"a,c\"; reg = <0 0xee100000 0 0x2000>; iommus = <&ds1 32>; };\n"
	"	mmc@ee140000 { compatible = \"a,c\"; reg = <0 0xee140000 0 0x2000>; iommus = <&ds1 34>; };\n"
	"	mmc@ee160000 { compatible = \"a,c\"; reg = <0 0xee160000 0 0x2000>; iommus = <&ds1 35>;\n"
	"		status = \"disabled\"; };\n"
	"	dma@e7300000 { compatible = \"a,d\"; reg = <0 0xe7300000 0 0x10000>; iommus = <&ds1 0>, <&ds1 1>,\n"
	"		<&ds1 2>, <&ds1 3>, <&ds1 4>, <&ds1 5>, <&ds1 6>, <&ds1 7>, <&ds1 8>, <&ds1 9>; };\n"
	"	fcp@fe950000 { compatible = \"a,e\"; reg = <0 0xfe950000 0 0x200>; iommus = <&vp0 0>; };\n"
	"	pcie@fe000000 { compatible = \"a,f\"; reg = <0 0xfe000000 0 0x80000>; device_type = \"pci\";\n"
	"		#address-cells = <3>; #size-cells = <2>; iommu-map = <0 &hc 0 1>; iommu-map-mask = <0>; };\n"
	"};\n";

static struct board board;
static struct heard heard;
static unsigned char *tree;
static u8 unit_index[UNITS]; /* in board.iommu[] */

#define VMS 8
static struct vm *vms[VMS];
static struct vm_config vm_cfg[VMS];
static u64 free_before;

#define RAM_PA(i) (0x480000000UL + (u64)(i) * 0x10000000) /* above 4 GiB, below 40 bits */
#define RAM_IPA 0x40000000UL
#define RAM_SIZE 0x2400000UL /* blocks and pages: 36 MiB */

static bool boot(u32 prr)
{
	size_t size;

	if (tree == NULL) {
		tree = dtc_root(tree_text, &size);
		if (tree == NULL || board_parse(&board, tree, size, listen(&heard)) != 0) {
			test_fail(__FILE__, __LINE__, "no board: %s", heard.last);
			return false;
		}
		for (u32 i = 0; i < board.iommu_count; i++) {
			for (u32 k = 0; k < UNITS; k++) {
				if (board.iommu[i].regs.start == unit_base[k]) {
					unit_index[k] = (u8)i;
				}
			}
		}
	}
	host_init();
	host_uart_reset();
	memset(lines_seen, 0, sizeof(lines_seen));
	memset(&hw, 0, sizeof(hw));
	memset(iommu_units, 0, sizeof(struct iommu) * BOARD_MAX_IOMMUS);
	memset(iommu_streams, 0, sizeof(iommu_streams));
	memset(&own, 0, sizeof(own));
	s2_dma_clean = s2_dma_copied = false;
	line_count = 0;
	slow = false;
	watcher = NULL;
	empty = mem_page_alloc();
	hw.high = empty & ~BITS(39, 0);
	hw.prr = prr;
	hw.flush_takes = 3;
	host_io = hw_io;
	/* What firmware has left (TF-A's bl2), and a context in use that is nobody's any more. */
	*hw_reg(MM, 0x500) = 0xd0000000;
	*hw_reg(MM, 0x504) = 0x01000000;
	for (u32 k = DS0; k < VP0; k++) {
		*hw_reg(k, 0x500) = 0xf0000000;
	}
	*hw_reg(MM, 0) = *hw_reg(MM, 3 * 0x40) = 1;
	*hw_reg(DS1, 3 * 0x40) = 1;
	iommu_init(&board);
	free_before = mem_free_bytes();
	return true;
}

static u64 ram_size(u32 i)
{
	return RAM_SIZE + i * PAGE_SIZE;
}

static bool make_vm(u32 i, u32 bits, u64 ipa)
{
	vms[i] = calloc(1, sizeof(**vms));
	memset(&vm_cfg[i], 0, sizeof(vm_cfg[i]));
	snprintf(vm_cfg[i].name, sizeof(vm_cfg[i].name), "%s", i == 0 ? "linux" : "other");
	vms[i]->cfg = &vm_cfg[i];
	CHECK_EQ(s2_init(&vms[i]->s2, (u8)(i + 1), bits), 0);
	CHECK_EQ(s2_map(&vms[i]->s2, ipa, RAM_PA(i), ram_size(i), S2_RAM), 0);
	CHECK_EQ(s2_map(&vms[i]->s2, ipa + MiB(64), RAM_PA(i) + MiB(128), PAGE_SIZE, S2_ROM), 0);
	CHECK_EQ(s2_map(&vms[i]->s2, ipa + MiB(66), 0xe6e88000, PAGE_SIZE, S2_DEVICE), 0);
	return s2_dma_enable(&vms[i]->s2, 0, 0) == 0;
}

static void drop_vm(u32 i)
{
	s2_destroy(&vms[i]->s2);
	free(vms[i]);
	vms[i] = NULL;
}

static struct pass_stream stream(u32 unit, u32 utlb)
{
	return (struct pass_stream){ unit_index[unit], utlb };
}

static int attach_vm(u32 i, u32 unit, u32 utlb)
{
	const struct pass_stream s = stream(unit, utlb);

	return iommu_attach(vms[i], &s, "/soc/mmc@ee140000", false);
}

static void detach_vm(u32 unit, u32 utlb)
{
	const struct pass_stream s = stream(unit, utlb);

	iommu_detach(&s);
}

/* All of it, and nothing beside it, whatever was asked before. */
static void reaches(u32 i, u32 unit, u32 utlb)
{
	static const u64 beside[] = { 0, RAM_IPA - 1, RAM_IPA + MiB(60), RAM_IPA + MiB(66), 0x48000000, 0xe67b0000, GiB(4) + RAM_IPA,
				      0x480000000, BIT(39), BIT(40) - 4096 };
	u64 pa;

	for (u64 at = 0; at < ram_size(i); at += at % MiB(2) == 0 ? 4096 : MiB(2) - 4096) {
		CHECK_EQ(master(unit, utlb, RAM_IPA + at + 8, at & 4096, &pa), MEMORY);
		CHECK_EQ(pa, RAM_PA(i) + at + 8);
	}
	CHECK_EQ(master(unit, utlb, RAM_IPA + ram_size(i), true, &pa), FAULT);
	CHECK_EQ(master(unit, utlb, RAM_IPA + MiB(64), false, &pa), MEMORY);
	CHECK_EQ(pa, RAM_PA(i) + MiB(128));
	CHECK_EQ(master(unit, utlb, RAM_IPA + MiB(64), true, &pa), FAULT);
	for (u32 k = 0; k < ARRAY_SIZE(beside); k++) {
		CHECK_EQ(master(unit, utlb, beside[k], k & 1, &pa), FAULT);
	}
}

static void reaches_nothing(u32 unit, u32 utlb)
{
	u64 pa;

	for (u64 at = 0; at < BIT(40); at += at < GiB(8) ? MiB(16) + 4096 : GiB(13)) {
		CHECK_EQ(master(unit, utlb, at, at & 4096, &pa), FAULT);
	}
	for (u64 at = 0; at < RAM_SIZE; at += at % MiB(2) == 0 ? 4096 : MiB(2) - 4096) {
		CHECK_EQ(master(unit, utlb, RAM_IPA + at, true, &pa), FAULT);
	}
}

static u32 serve(void)
{
	struct iommu *u = &iommu_units[unit_index[MM]];
	u32 n = 0;

	while (iommu_serve(u)) {
		n++;
	}
	return n;
}

/* Register PRR: product and cut; upper bits are something else. */
#define H3_ES11 0x4f01
#define H3_ES20 0x4f10
#define H3_ES30 0x4f20
#define M3N_ES11 0x5511

/* ---- */

static void the_board_tells_main_caches_and_what_is_off(void)
{
	struct board_device d;

	REQUIRE(boot(H3_ES30));
	CHECK_EQ(board.iommu_count, 5);
	for (u32 k = 0; k < VP0; k++) {
		CHECK_EQ(board.iommu[unit_index[k]].kind, IOMMU_IPMMU);
		CHECK_EQ(board.iommu[unit_index[k]].main, unit_index[MM]);
	}
	CHECK_EQ(board.iommu[unit_index[MM]].eventq.intid, 228);
	CHECK_EQ(board.iommu[unit_index[MM]].gerror.intid, 228);
	CHECK_EQ(board.iommu[unit_index[DS0]].eventq.intid, 0);
	CHECK_EQ(board.iommu[unit_index[VP0]].kind, IOMMU_OTHER);
	CHECK_STR(board.iommu[unit_index[VP0]].reason, "in a power area that may be off");
	CHECK_EQ(board_device_find(&board, "/soc/mmc@ee140000", &d), 0);
	CHECK(d.stream_count == 1 && d.stream[0].iommu == unit_index[DS1] && d.stream[0].sid == 34 && d.other_iommu == NULL);
	CHECK_EQ(board_device_find(&board, "/soc/fcp@fe950000", &d), 0);
	CHECK(d.stream_count == 0);
	CHECK_STR(d.other_iommu, "in a power area that may be off");
	/* A bridge: all that is behind it has one stream, and may do DMA. */
	CHECK_EQ(board_device_find(&board, "/soc/pcie@fe000000", &d), 0);
	CHECK(d.stream_count == 1 && d.stream[0].iommu == unit_index[HC] && d.stream[0].sid == 0 && d.other_iommu == NULL);
	CHECK_EQ(d.dma, DMA_MAYBE);
}

static void from_boot_on_what_the_tree_names_reaches_nothing(void)
{
	static const u32 chips[] = { H3_ES11, H3_ES20, 0x5210, 0x5211, 0x5720, H3_ES30, M3N_ES11, 0x5500, 0x5220, 0xffff8000 | 0x4f21 };
	u64 pa;

	for (u32 k = 0; k < ARRAY_SIZE(chips); k++) {
		bool stage2 = k >= 5; /* M3-W 1.1, 1.3 and what is not known do not */

		REQUIRE(boot(chips[k]));
		for (u32 n = 0; n < 10; n++) {
			reaches_nothing(DS1, n);
		}
		reaches_nothing(DS0, 16);
		reaches_nothing(DS1, 32);
		reaches_nothing(DS1, 34);
		reaches_nothing(DS1, 35); /* of a node that is disabled */
		reaches_nothing(HC, 0);
		CHECK_EQ(master(DS1, 33, 0x48000000, true, &pa), BYPASS); /* the tree knows nothing of it: said in the docs */
		CHECK(strstr(host_uart.out, "15 streams of the device tree reach no memory yet") != NULL);
		/* Firmware's other settings stay; security groups do not. */
		CHECK_EQ(*hw_reg(MM, 0x500), 0xc0000000);
		CHECK_EQ(*hw_reg(DS0, 0x500), 0xe0000000);
		CHECK_EQ(*hw_reg(MM, 0x504), stage2 ? 0x01000008 : 0x01000000);
		CHECK_EQ(*hw_reg(DS0, 0x504), 0);
		CHECK_EQ(*hw_reg(MM, 0) & 1, 0);
		CHECK_EQ(*hw_reg(MM, 3 * 0x40) & 1, 0);
		CHECK_EQ(*hw_reg(DS1, 3 * 0x40) & 1, 0);
		CHECK(s2_dma_clean && s2_dma_copied == !stage2);
		CHECK(!hw_line()); /* what firmware has left on does not interrupt */
		CHECK(!iommu_usable(unit_index[VP0], 0) && iommu_usable(unit_index[DS1], 47) && !iommu_usable(unit_index[DS1], 48));
		CHECK_EQ(iommu_units[unit_index[DS1]].addr_bits, 40);
	}
}

static void two_vms_reach_their_own_memory(void)
{
	for (u32 k = 0; k < 3; k++) {
		REQUIRE(boot(k == 0 ? H3_ES20 : H3_ES30));
		REQUIRE(make_vm(0, k == 2 ? 32 : 40, RAM_IPA) && make_vm(1, 36, RAM_IPA));
		CHECK_EQ(attach_vm(0, DS1, 34), 0);
		CHECK_EQ(attach_vm(0, DS0, 16), 0);
		CHECK_EQ(attach_vm(1, DS1, 32), 0);
		CHECK_EQ(attach_vm(1, HC, 0), 0);
		for (u32 again = 0; again < 2; again++) {
			reaches(0, DS1, 34);
			reaches(0, DS0, 16);
			reaches(1, DS1, 32);
			reaches(1, HC, 0);
		}
		reaches_nothing(DS1, 35);
		CHECK_EQ(attach_vm(1, DS1, 34), -EBUSY);
		reaches(0, DS1, 34);
		CHECK_EQ(attach_vm(0, DS1, 34), 0); /* again */
		/* One of two goes; nothing that was remembered goes on leading there. */
		detach_vm(DS1, 34);
		reaches_nothing(DS1, 34);
		reaches(0, DS0, 16);
		detach_vm(DS0, 16);
		reaches_nothing(DS0, 16);
		reaches(1, DS1, 32);
		/* The VM starts anew. */
		CHECK_EQ(attach_vm(0, DS1, 34), 0);
		CHECK_EQ(attach_vm(0, DS0, 16), 0);
		reaches(0, DS1, 34);
		reaches(0, DS0, 16);
		/* And now the other VM has that device. */
		detach_vm(DS1, 34);
		CHECK_EQ(attach_vm(1, DS1, 34), 0);
		reaches(1, DS1, 34);
		detach_vm(DS0, 16);
		detach_vm(DS1, 34);
		detach_vm(DS1, 32);
		detach_vm(HC, 0);
		drop_vm(0);
		drop_vm(1);
		CHECK_EQ(mem_free_bytes(), free_before);
	}
}

static void what_the_vm_loses_its_devices_lose(void)
{
	u64 pa;

	for (u32 k = 0; k < 2; k++) {
		struct s2 *s;

		REQUIRE(boot(k == 0 ? H3_ES11 : H3_ES30));
		REQUIRE(make_vm(0, 40, RAM_IPA));
		s = &vms[0]->s2;
		CHECK_EQ(attach_vm(0, DS1, 34), 0);
		CHECK_EQ(attach_vm(0, DS0, 16), 0);
		reaches(0, DS1, 34);
		reaches(0, DS0, 16);
		/* New memory, in pages beside a hole, and a GiB. */
		CHECK_EQ(master(DS1, 34, GiB(3), true, &pa), FAULT);
		CHECK_EQ(s2_map(s, GiB(3), 0x600000000, GiB(1), S2_RAM), 0);
		CHECK_EQ(s2_map(s, GiB(2) + MiB(4), 0x123456000, 3 * PAGE_SIZE, S2_RAM), 0);
		for (u64 at = 0; at < GiB(1); at += MiB(3) + PAGE_SIZE) {
			CHECK_EQ(master(DS1, 34, GiB(3) + at, true, &pa), MEMORY);
			CHECK_EQ(pa, 0x600000000 + at);
			CHECK_EQ(master(DS0, 16, GiB(3) + at, false, &pa), MEMORY);
		}
		CHECK_EQ(master(DS1, 34, GiB(2) + MiB(4) + 0x2abc, true, &pa), MEMORY);
		CHECK_EQ(pa, 0x123458abc);
		CHECK_EQ(master(DS1, 34, GiB(2) + MiB(4) + 0x3000, true, &pa), FAULT);
		/* Gone: no TLB of any of them knows it. */
		hw.flushes[2] = 0;
		s2_unmap(s, GiB(3), GiB(1));
		CHECK_EQ(hw.flushes[2], 1); /* as a whole, once */
		s2_unmap(s, GiB(2) + MiB(4), 2 * PAGE_SIZE);
		for (u64 at = 0; at < GiB(1); at += MiB(3) + PAGE_SIZE) {
			CHECK_EQ(master(DS1, 34, GiB(3) + at, true, &pa), FAULT);
			CHECK_EQ(master(DS0, 16, GiB(3) + at, true, &pa), FAULT);
		}
		CHECK_EQ(master(DS1, 34, GiB(2) + MiB(4), true, &pa), FAULT);
		CHECK_EQ(master(DS1, 34, GiB(2) + MiB(4) + 0x2000, true, &pa), MEMORY);
		/* One flush that is under way does not count for what comes now. */
		CHECK_EQ(s2_map(s, GiB(1) + MiB(512), 0x680000000, MiB(2), S2_RAM), 0);
		CHECK_EQ(master(DS1, 34, GiB(1) + MiB(512), true, &pa), MEMORY);
		*hw_reg(MM, 2 * 0x40) |= 2;
		hw.flushing[2] = 5;
		hw.flushes[2] = 0;
		s2_unmap(s, GiB(1) + MiB(512), MiB(2));
		CHECK_EQ(hw.flushes[2], 1);
		CHECK_EQ(master(DS1, 34, GiB(1) + MiB(512), true, &pa), FAULT);
		/* Others' there. */
		CHECK_EQ(s2_map(s, GiB(3), 0x700000000, MiB(2), S2_RAM), 0);
		CHECK_EQ(s2_map(s, GiB(3) + MiB(2), 0x710000000, PAGE_SIZE, S2_RAM), 0);
		CHECK_EQ(master(DS0, 16, GiB(3) + 0x1000, true, &pa), MEMORY);
		CHECK_EQ(pa, 0x700001000);
		CHECK_EQ(master(DS0, 16, GiB(3) + MiB(2), true, &pa), MEMORY);
		CHECK_EQ(pa, 0x710000000);
		detach_vm(DS1, 34);
		detach_vm(DS0, 16);
		drop_vm(0);
		CHECK_EQ(mem_free_bytes(), free_before);
	}
}

/* Views as no VM has them: the copy is still no more than what devices may have. */
static void a_copy_follows_whatever_the_view_does(void)
{
	const u64 ram = 0xfUL << 2 | 3UL << 6 | 3UL << 8 | BIT(10) | 1;
	u64 *l1, *l2, *l3, pa;
	u8 before[64];
	pa_t root;

	REQUIRE(boot(H3_ES11));
	root = mem_page_alloc();
	l1 = pa_ptr(root);
	l2 = pa_ptr(mem_page_alloc());
	l3 = pa_ptr(mem_page_alloc());
	l1[1] = ptr_pa(l2) | 3;
	/* A block whose memory looks like a table that could be written. */
	l2[0] = ALIGN_DOWN(ptr_pa(l3), MiB(2)) | ram;
	CHECK_EQ(set(&iommu_units[unit_index[DS1]], 34, &(struct iommu_view){ root, IOMMU_EMPTY_VTCR, 1 }), 0);
	CHECK_EQ(master(DS1, 34, GiB(1) + 0x5000, true, &pa), MEMORY);
	memcpy(before, pa_ptr(ALIGN_DOWN(ptr_pa(l3), MiB(2))), sizeof(before));
	l2[0] = ptr_pa(l3) | 3;
	l3[0] = 0x640000000 | ram | 2;
	l3[1] = 0x640001000 | ram | 2 | BIT(55);         /* the CPU's alone */
	l3[2] = (0x640002000 | ram | 2) & ~(3UL << 6);   /* nobody may read it */
	iommu_flush(1);
	CHECK(memcmp(before, pa_ptr(ALIGN_DOWN(ptr_pa(l3), MiB(2))), sizeof(before)) == 0);
	CHECK_EQ(master(DS1, 34, GiB(1), true, &pa), MEMORY);
	CHECK_EQ(pa, 0x640000000);
	CHECK_EQ(master(DS1, 34, GiB(1) + 0x1000, false, &pa), FAULT);
	CHECK_EQ(master(DS1, 34, GiB(1) + 0x2000, false, &pa), FAULT);
	CHECK_EQ(master(DS1, 34, GiB(1) + 0x5000, false, &pa), FAULT);
	CHECK_EQ(set(&iommu_units[unit_index[DS1]], 34, NULL), 0);
	mem_page_free(root);
	mem_page_free(ptr_pa(l2));
	mem_page_free(ptr_pa(l3));
	CHECK_EQ(mem_free_bytes(), free_before);
}

static void what_a_chip_cannot_express_is_refused(void)
{
	REQUIRE(boot(H3_ES11));
	REQUIRE(make_vm(0, 40, RAM_IPA));
	CHECK_EQ(s2_map(&vms[0]->s2, GiB(4), 0x600000000, PAGE_SIZE, S2_DEVICE), 0); /* which is not for devices */
	CHECK_EQ(attach_vm(0, DS1, 34), 0);
	detach_vm(DS1, 34);
	CHECK_EQ(s2_map(&vms[0]->s2, GiB(5), 0x700000000, PAGE_SIZE, S2_RAM), 0);
	CHECK_EQ(attach_vm(0, DS1, 34), -ERANGE);
	CHECK(strstr(host_uart.out, "takes addresses of 32 bits, the VM has memory above") != NULL);
	reaches_nothing(DS1, 34);
	drop_vm(0);
	CHECK_EQ(mem_free_bytes(), free_before);
	REQUIRE(boot(H3_ES30));
	REQUIRE(make_vm(0, 42, RAM_IPA));
	CHECK_EQ(attach_vm(0, DS1, 34), -ERANGE);
	CHECK_EQ(set(&iommu_units[unit_index[DS1]], 34, &(struct iommu_view){ vms[0]->s2.dma_root, vms[0]->s2.vtcr, 1 }), -ERANGE);
	reaches_nothing(DS1, 34);
	drop_vm(0);
}

static void six_vms_and_no_seventh(void)
{
	const struct pass_stream own_disk = stream(DS0, 16);
	u32 used = 0;

	for (u32 k = 0; k < 2; k++) {
		REQUIRE(boot(k == 0 ? H3_ES11 : H3_ES30));
		for (u32 i = 0; i < 7; i++) {
			REQUIRE(make_vm(i, 36, RAM_IPA));
			CHECK_EQ(attach_vm(i, DS1, i), i < 6 ? 0 : -ENOSPC);
		}
		CHECK(strstr(host_uart.out, "all its 6 contexts are in use") != NULL);
		for (u32 i = 0; i < 6; i++) {
			reaches(i, DS1, i);
			used |= 1u << (*hw_reg(DS1, utlb_at(i)) >> 4 & 15);
		}
		CHECK_EQ(used, 0xfc); /* 0 is reserved, 1 the empty one */
		reaches_nothing(DS1, 6);
		CHECK_EQ(attach_vm(3, DS1, 9), 0); /* more of one's own cost nothing */
		reaches(3, DS1, 9);
		CHECK(iommu_attach_own(&own_disk, "disk") != 0);
		detach_vm(DS1, 2);
		CHECK_EQ(attach_vm(6, DS1, 6), 0);
		reaches(6, DS1, 6);
		reaches_nothing(DS1, 2);
		for (u32 i = 0; i < 7; i++) {
			detach_vm(DS1, i);
			reaches(3, DS1, 9);
		}
		detach_vm(DS1, 9);
		for (u32 i = 0; i < 7; i++) {
			drop_vm(i);
		}
	}
}

static void the_monitors_own_devices_have_a_context(void)
{
	const struct pass_stream disk = stream(DS1, 32);
	u64 pa;

	REQUIRE(boot(H3_ES30));
	CHECK_EQ(iommu_attach_own(&disk, "disk"), 0);
	CHECK_EQ(master(DS1, 32, 0x48001000, true, &pa), MEMORY);
	CHECK_EQ(pa, 0x48001000);
	CHECK_EQ(master(DS1, 32, 0x47fff000, true, &pa), FAULT);
	CHECK_EQ(master(DS1, 32, 0x80000000, true, &pa), FAULT);
}

static void a_micro_tlb_that_names_another_context_is_refused(void)
{
	REQUIRE(boot(H3_ES30));
	REQUIRE(make_vm(0, 40, RAM_IPA));
	*hw_reg(DS1, utlb_at(34)) = 5 << 4 | 1; /* somebody else's work */
	CHECK_EQ(attach_vm(0, DS1, 34), -EBUSY);
	CHECK(strstr(host_uart.out, "uTLB 34 names context 5 already") != NULL);
	*hw_reg(DS1, utlb_at(33)) = 4 << 4 | 1; /* one that nobody has told anything */
	CHECK_EQ(attach_vm(0, DS1, 33), -EBUSY);
	CHECK_EQ(attach_vm(0, DS1, 32), 0);
	/* Whoever asks: it goes by way of the empty one. */
	CHECK_EQ(set(&iommu_units[unit_index[DS1]], 32, &(struct iommu_view){ vms[0]->s2.dma_root, vms[0]->s2.vtcr, 9 }), -EBUSY);
	reaches(0, DS1, 32);
	CHECK_EQ(*hw_reg(MM, 2 * 0x40) & 1, 1);
	CHECK_EQ(*hw_reg(MM, 3 * 0x40), 0);
	detach_vm(DS1, 32);
	CHECK_EQ(*hw_reg(MM, 2 * 0x40), 0); /* those that were refused have left nothing behind */
	CHECK_EQ(*hw_reg(DS1, 2 * 0x40), 0);
	drop_vm(0);
}

static void faults_are_a_vms(void)
{
	u64 pa;

	REQUIRE(boot(H3_ES30));
	REQUIRE(make_vm(0, 40, RAM_IPA) && make_vm(1, 40, RAM_IPA));
	CHECK_EQ(attach_vm(0, DS1, 34), 0);
	CHECK_EQ(attach_vm(1, DS1, 32), 0);
	CHECK(!hw_line());
	CHECK_EQ(master(DS1, 34, 0x12345678a8, true, &pa), FAULT);
	CHECK(hw_line());
	CHECK_EQ(serve(), 1);
	CHECK(!hw_line());
	CHECK(strstr(host_uart.out, "VM 'linux': DMA fault of /soc/mmc@ee140000 (stream 0x22) at 0x12345678a8: not its memory") != NULL);
	/* Of which of two is not told. */
	CHECK_EQ(attach_vm(0, DS0, 16), 0);
	CHECK_EQ(master(DS0, 16, RAM_IPA + MiB(64), true, &pa), FAULT);
	CHECK_EQ(serve(), 1);
	CHECK(strstr(host_uart.out, "/soc/mmc@ee140000 or another device of the same VM (IOMMU 3) at 0x44000000: read-only") != NULL);
	/* Both VMs at once: each is told of. */
	host_uart_reset();
	CHECK_EQ(master(DS1, 34, 0x1000, true, &pa), FAULT);
	CHECK_EQ(master(DS1, 32, 0x2000, false, &pa), FAULT);
	CHECK_EQ(serve(), 1); /* of one serving, both are done */
	CHECK(!hw_line());
	CHECK(strstr(host_uart.out, "VM 'linux': DMA fault of") != NULL && strstr(host_uart.out, "at 0x1000:") != NULL);
	CHECK(strstr(host_uart.out, "VM 'other': DMA fault of") != NULL && strstr(host_uart.out, "at 0x2000:") != NULL);
	/* What a walk that is aborted or finds two looks like. */
	*hw_reg(MM, 2 * 0x40 + 0x20) = 4;
	serve();
	CHECK(strstr(host_uart.out, "its tables cannot be read") != NULL);
	/* A device nobody uses: told, but once a minute, and it interrupts nobody. */
	host_uart_reset();
	for (u32 i = 0; i < 20; i++) {
		host_set_time_ns(host_time_ns() + 2900000000);
		CHECK_EQ(master(HC, 0, 0x3000 + i, true, &pa), FAULT);
		CHECK(!hw_line());
		CHECK_EQ(serve(), i == 0);
	}
	CHECK(strstr(host_uart.out, "DMA fault of a device nobody uses (IOMMU 3) at 0x3000: not its memory") != NULL);
	host_set_time_ns(host_time_ns() + 5000000000);
	CHECK_EQ(serve(), 1);
	detach_vm(DS1, 34);
	detach_vm(DS0, 16);
	detach_vm(DS1, 32);
	drop_vm(0);
	drop_vm(1);
}

/* The thread that tells of faults runs until it waits; the line as it is then. */
static void thread_runs(void)
{
	host_spi_line(228, hw_line());
	while (host_spi_fires() != 0) {
		taker(taker_arg);
		gic_set_active(228, false);
		host_spi_line(228, hw_line());
	}
	schedule();
	host_spi_line(228, hw_line());
}

static void a_line_that_stays_up_does_not_storm(void)
{
	u64 pa;

	REQUIRE(boot(H3_ES30));
	REQUIRE(make_vm(0, 40, RAM_IPA));
	iommu_start();
	CHECK_EQ(line_count, 1);
	CHECK(has_irq && slow);
	CHECK(host_spi[228].enabled && !host_spi[228].edge);
	thread_runs();
	CHECK_EQ(attach_vm(0, DS1, 34), 0);
	CHECK_EQ(master(DS1, 34, 0x9000, true, &pa), FAULT);
	host_spi_line(228, hw_line());
	CHECK_EQ(host_spi_fires(), 228);
	taker(taker_arg);
	CHECK(!host_spi[228].enabled); /* the line is still up: until the thread has been there */
	gic_set_active(228, false);
	CHECK_EQ(host_spi_fires(), 0);
	schedule();
	CHECK(!hw_line());
	CHECK(strstr(host_uart.out, "at 0x9000: not its memory") != NULL);
	host_spi_line(228, hw_line());
	host_pass_ns(6000000); /* its rest */
	schedule();
	CHECK(host_spi[228].enabled);
	CHECK_EQ(host_spi_fires(), 0);
	/* The next one comes by interrupt again; one of nobody's is found though none comes. */
	CHECK_EQ(master(DS1, 34, 0xa000, true, &pa), FAULT);
	thread_runs();
	CHECK(strstr(host_uart.out, "at 0xa000: not its memory") != NULL);
	host_pass_ns(6000000);
	thread_runs(); /* there is nothing any more */
	CHECK_EQ(master(HC, 0, 0xb000, true, &pa), FAULT);
	CHECK(!hw_line());
	thread_runs();
	CHECK(strstr(host_uart.out, "nobody uses") == NULL);
	for (u32 i = 0; i < 12; i++) {
		host_pass_ns(500000000);
		thread_runs();
	}
	CHECK(strstr(host_uart.out, "DMA fault of a device nobody uses (IOMMU 3) at 0xb000") != NULL);
	detach_vm(DS1, 34);
	drop_vm(0);
}

static void one_that_only_faults_is_cut_off(void)
{
	u64 pa;

	REQUIRE(boot(H3_ES30));
	REQUIRE(make_vm(0, 40, RAM_IPA) && make_vm(1, 40, RAM_IPA));
	CHECK_EQ(attach_vm(0, DS1, 34), 0);
	CHECK_EQ(attach_vm(0, DS0, 16), 0);
	CHECK_EQ(attach_vm(1, DS1, 32), 0);
	for (u32 i = 0; i < IOMMU_FAULTS_MAX + 10; i++) {
		CHECK_EQ(master(DS1, 34, 0x5000, true, &pa), FAULT);
		serve();
	}
	CHECK(!hw_line());
	CHECK(strstr(host_uart.out, "(stream 0x22) faults too often, its DMA is off") != NULL);
	CHECK(strstr(host_uart.out, "(stream 0x10) faults too often, its DMA is off") != NULL);
	/* Not to bypassing, and its own memory is out of reach, too; the other VM has lost nothing. */
	reaches_nothing(DS1, 34);
	reaches_nothing(DS0, 16);
	CHECK(!hw_line());
	reaches(1, DS1, 32);
	serve();
	/* One of them gets another chance: its faults are told of, and counted, again. */
	detach_vm(DS0, 16);
	CHECK_EQ(attach_vm(0, DS0, 16), 0);
	host_uart_reset();
	CHECK_EQ(master(DS0, 16, 0x6000, true, &pa), FAULT);
	CHECK_EQ(serve(), 1);
	CHECK(strstr(host_uart.out, "VM 'linux': DMA fault of /soc/mmc@ee140000 (stream 0x10) at 0x6000") != NULL);
	reaches_nothing(DS1, 34);
	serve();
	detach_vm(DS1, 34);
	CHECK_EQ(attach_vm(0, DS1, 34), 0);
	reaches(0, DS1, 34);
	reaches(0, DS0, 16);
	detach_vm(DS1, 34);
	detach_vm(DS0, 16);
	detach_vm(DS1, 32);
	drop_vm(0);
	drop_vm(1);
}

static void a_fault_stops_the_vm_if_that_is_wanted(void)
{
	const struct pass_stream s = stream(DS1, 34), quiet = stream(DS1, 32);
	struct guest *g = guest_new();
	u64 pa;

	REQUIRE(boot(H3_ES30));
	CHECK_EQ(s2_init(&g->vm.s2, 4, 40), 0);
	CHECK_EQ(s2_dma_enable(&g->vm.s2, 0, 0), 0);
	g->vm.cfg->logger_mask = 0xff;
	g->vm.ram_count = 0; /* the build machine's, above 40 bits */
	CHECK_EQ(iommu_attach(&g->vm, &quiet, "/soc/mmc@ee100000", false), 0);
	CHECK_EQ(iommu_attach(&g->vm, &s, "/soc/mmc@ee140000", true), 0);
	serve();
	CHECK_EQ(g->vm.state, VM_RUNNING);
	CHECK_EQ(master(DS1, 32, 0x7000, true, &pa), FAULT);
	serve();
	CHECK_EQ(g->vm.state, VM_ENDING);
	CHECK_EQ(g->vm.end, VM_END_DEVICE);
	CHECK_STR(g->vm.reason, "DMA fault of /soc/mmc@ee100000 or another device of the same VM (IOMMU 3) at 0x7000");
	iommu_detach(&s);
	iommu_detach(&quiet);
	s2_destroy(&g->vm.s2);
	guest_free(g);
}

static void one_that_does_not_forget_lets_nothing_through(void)
{
	for (u32 k = 0; k < 3; k++) {
		u64 pa;

		REQUIRE(boot(k == 0 ? H3_ES11 : H3_ES30));
		REQUIRE(make_vm(0, 40, RAM_IPA) && make_vm(1, 40, RAM_IPA));
		CHECK_EQ(attach_vm(0, DS1, 34), 0);
		CHECK_EQ(attach_vm(1, DS1, 32), 0);
		reaches(0, DS1, 34);
		hw.stuck = 1 << 2;
		if (k == 2) {
			detach_vm(DS1, 34);
		} else {
			s2_unmap(&vms[0]->s2, RAM_IPA, PAGE_SIZE);
		}
		CHECK(strstr(host_uart.out, "it does not forget what it was told to") != NULL);
		reaches_nothing(DS1, 34);
		reaches_nothing(DS1, 32);
		reaches_nothing(DS1, 35);
		CHECK(!hw_line());
		CHECK_EQ(attach_vm(0, DS1, 35), -ENODEV);
		CHECK(!iommu_usable(unit_index[DS1], 34));
		iommu_flush(1);
		detach_vm(DS1, 34);
		reaches_nothing(DS1, 34);
		CHECK(master(DS1, 34, RAM_IPA, false, &pa) == FAULT);
		drop_vm(0);
		drop_vm(1);
	}
}

static void one_that_does_not_answer_confines_nothing_and_says_so(void)
{
	REQUIRE(boot(H3_ES30));
	memset(iommu_units, 0, sizeof(struct iommu) * BOARD_MAX_IOMMUS);
	host_uart_reset();
	hw.stuck = 0xff;
	iommu_init(&board);
	CHECK(strstr(host_uart.out, "it does not answer, DMA behind it is NOT confined") != NULL);
	CHECK(strstr(host_uart.out, "its main one does not work, DMA behind it is NOT confined") != NULL);
	CHECK(!iommu_usable(unit_index[DS1], 34));
}

TEST_MAIN(RUN(the_board_tells_main_caches_and_what_is_off), RUN(from_boot_on_what_the_tree_names_reaches_nothing),
	  RUN(two_vms_reach_their_own_memory), RUN(what_the_vm_loses_its_devices_lose),
	  RUN(a_copy_follows_whatever_the_view_does),
	  RUN(what_a_chip_cannot_express_is_refused), RUN(six_vms_and_no_seventh),
	  RUN(the_monitors_own_devices_have_a_context), RUN(a_micro_tlb_that_names_another_context_is_refused),
	  RUN(faults_are_a_vms), RUN(a_line_that_stays_up_does_not_storm), RUN(one_that_only_faults_is_cut_off), RUN(a_fault_stops_the_vm_if_that_is_wanted),
	  RUN(one_that_does_not_forget_lets_nothing_through), RUN(one_that_does_not_answer_confines_nothing_and_says_so))
