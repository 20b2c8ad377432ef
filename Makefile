# Quoin: one flat build file. `make help` lists what it does; docs/testing.md says more.
# Objects are found by wildcard: a new .c file in core/, vdev/ or arch/ needs no line here.
-include configure.mk

CONFIG ?= linux
BOARD ?= virt
BUILD ?= build
QEMU ?= qemu-system-aarch64
GUESTS_DIR ?= $(BUILD)/guests
override GUESTS_DIR := $(abspath $(GUESTS_DIR))
QUOIN_CACHE ?= $(BUILD)/dl
TOOLCHAIN ?= gcc
CROSS_COMPILE ?= $(if $(shell command -v aarch64-none-elf-gcc),aarch64-none-elf-,aarch64-linux-gnu-)
HOSTCC ?= cc
# At EL2 libfdt only sees trees that core/fdt_reader.c has checked, of version 17 (libfdt_internal.h).
FDT_ASSUME_MASK ?= 0x2f
V ?= 0

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-print-directory
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
Q := $(if $(filter 1,$(V)),,@)
say = @printf '  %-8s %s\n' "$(1)" "$(2)"
abs = $(abspath $(1))

# --- compilers -----------------------------------------------------------------------------------
CC_EL2 ?= $(if $(filter clang,$(TOOLCHAIN)),clang,$(CROSS_COMPILE)gcc)
is_clang := $(findstring clang,$(notdir $(firstword $(CC_EL2))))
CC_EL2_CMD := $(CC_EL2) $(if $(is_clang),--target=aarch64-none-elf)
LD := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
NM := $(CROSS_COMPILE)nm
# Asked once, when first used: before set-up there may be no compiler to ask.
CC_INC = $(eval CC_INC := $(shell $(CC_EL2_CMD) -print-file-name=include))$(CC_INC)

NEWLIB := $(BUILD)/newlib
NEWLIB_INC := $(NEWLIB)/include
NEWLIB_A := $(NEWLIB)/libc-el2.a
LIBFDT := $(BUILD)/libfdt
LIBFDT_INC := $(LIBFDT)/include
LIBFDT_C := $(patsubst %,$(LIBFDT)/src/fdt%.c,/ _addresses _check _empty_tree _overlay _ro _rw \
	_strerror _sw _wip)
LIBFDT_C := $(subst fdt/.c,fdt.c,$(LIBFDT_C))

WARN := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wmissing-prototypes -Wstrict-prototypes \
	-Wno-override-init
# EL2: no FP/SIMD register, no unaligned access (early code runs on Device memory), fixed address.
MACHINE := -ffreestanding -fno-pie -fno-pic -fno-stack-protector -fno-common -mgeneral-regs-only \
	-march=armv8-a -mno-outline-atomics -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -mfix-cortex-a53-835769 \
	$(if $(is_clang),-mno-unaligned-access,-mstrict-align -fno-tree-loop-distribute-patterns)
# The monitor lies within 1 MiB, and nothing walks its stack frames.
SMALL := -mcmodel=tiny -fomit-frame-pointer
OPT := -Os
CFLAGS_LIB = -std=gnu11 $(OPT) -g $(MACHINE) $(SMALL) -nostdinc -isystem $(CC_INC) -isystem $(NEWLIB_INC)
CFLAGS_EL2 = $(CFLAGS_LIB) $(WARN) $(if $(is_clang),,-Wstack-usage=1024) \
	-I. -Iarch/aarch64/include -isystem $(LIBFDT_INC) -ffile-prefix-map=$(CURDIR)/= $(EXTRA_EL2)
# Host: the same sources against arch/host. newlib's integer-only names are the ordinary ones here.
CFLAGS_HOST := -std=gnu11 -g $(WARN) -fno-common -I. -Iarch/host/include -isystem $(LIBFDT_INC) \
	-D_GNU_SOURCE -Dsniprintf=snprintf -Dvsniprintf=vsnprintf
SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# --- what is compiled ----------------------------------------------------------------------------
CORE_C := $(filter-out core/absent/%,$(wildcard core/*.c core/*/*.c))
ARCH_C := $(wildcard arch/aarch64/*.c arch/aarch64/*/*.c)
ARCH_S := $(wildcard arch/aarch64/*.S arch/aarch64/*/*.S)
VDEV_C := $(wildcard vdev/*.c vdev/virtio/*.c)
# What is part of the monitor: the interrupt controller, and what all virtio devices share.
GIC_C := $(filter vdev/gic%.c,$(VDEV_C)) $(filter-out vdev/virtio/virtio-%.c vdev/virtio/vsock_%.c,$(wildcard vdev/virtio/*.c))
# Devices of several files.
VSOCK_O := $(patsubst %.c,$(BUILD)/el2/%.o,$(wildcard vdev/virtio/virtio-vsock.c vdev/virtio/vsock_*.c))
SHMEM_O := $(patsubst %.c,$(BUILD)/el2/%.o,$(wildcard vdev/shmem.c vdev/shmem_*.c))
# A core file that cannot exist on the build machine; empty is how it should stay.
HOST_SKIP ?=
HOST_C := $(filter-out $(HOST_SKIP),$(CORE_C) $(wildcard arch/host/*.c arch/host/*/*.c))
# Of the hardware layer what touches registers only, over a model of them.
UART_C := $(wildcard arch/aarch64/uart/*.c)
CLOCK_C := $(wildcard arch/aarch64/clock/*.c)
UNIT_C := $(wildcard tests/unit/test_*.c)

EL2_O := $(patsubst %.c,$(BUILD)/el2/%.o,$(CORE_C) $(ARCH_C) $(GIC_C)) \
	$(patsubst %.S,$(BUILD)/el2/%.S.o,$(ARCH_S))
# What runs at most exits, or long with interrupts masked, is compiled for speed; all else, libfdt
# too, for size: an exit costs the same, the image is a tenth smaller.
HOT_C := core/exit.c core/irq.c core/mmio.c core/base/chacha20.c core/rng.c core/trace_exit.c \
	arch/aarch64/cache.c core/console/console_mux.c core/sched.c core/timer.c $(filter-out core/vgic/its.c,$(wildcard core/vgic/*.c)) vdev/gic_dist.c vdev/gic_redist.c \
	core/vdev_work.c vdev/virtio/virtio.c vdev/virtio/mmio.c vdev/virtio/queue.c vdev/virtio/packed.c vdev/virtio/virtio-blk.c vdev/virtio/store.c vdev/virtio/queue_bytes.c \
	vdev/virtio/blk_disk.c core/host/disk.c core/host/virtio_blk.c core/host/virtio_ring.c
HOT_C += vdev/virtio/net_port.c vdev/virtio/net_tx.c vdev/virtio/net_switch.c
$(HOT_C:%.c=$(BUILD)/el2/%.o): OPT := -O2 -fno-align-functions
# The one file that may name FP registers: it saves and restores a guest's.
FP_O := $(filter $(BUILD)/el2/arch/aarch64/fp%,$(EL2_O))
LIBFDT_O := $(patsubst $(LIBFDT)/src/%.c,$(BUILD)/el2/libfdt/%.o,$(LIBFDT_C))
# Parts of the monitor that an image has only if something in it needs them. core/absent/NAME.c is what stands in for one.
PART_pass := core/pass/pass.c core/pass/pass_limits.c core/load/pass_*.c core/config/pass_option.c core/config/check_owner.c \
	core/config/check_rest.c $(filter-out %_irq.c,$(wildcard core/config/check_pass*.c))
PART_pci := core/host/pci.c core/pass/pass_pci*.c
PART_vpci := core/pci/vpci*.c core/config/check_pci.c vdev/virtio/pci.c
PART_msi := core/pci/msi*.c core/load/pci_fdt.c core/vgic/its*.c core/vgic/lpi.c arch/aarch64/gic/its*.c vdev/gic_its.c
PART_iommu := core/iommu/*.c arch/aarch64/s2_dma.c
PART_disk := core/host/disk*.c core/host/virtio_blk.c vdev/virtio/blk_disk.c
PART_nic := core/host/nic*.c core/host/virtio_net.c vdev/virtio/net_uplink.c
PART_NAMES := $(patsubst core/absent/%.c,%,$(wildcard core/absent/*.c))
part_o = $(patsubst %.c,$(BUILD)/el2/%.o,$(wildcard $(PART_$(1))))
PART_O := $(PART_NAMES:%=$(BUILD)/part-%.o)
ABSENT_O := $(PART_NAMES:%=$(BUILD)/absent-%.o)
# Drivers that an image may leave out by name: UARTs, a file each, and those of part `iommu`, NAME.c and NAME_*.c.
UART_O := $(UART_C:arch/aarch64/uart/%.c=$(BUILD)/uart-%.o)
IOMMU_C := $(wildcard arch/aarch64/iommu/*.c)
IOMMU_NAMES := $(sort $(foreach c,$(IOMMU_C),$(firstword $(subst _, ,$(basename $(notdir $(c)))))))
IOMMU_O := $(IOMMU_NAMES:%=$(BUILD)/iommu-%.o)
CORE_O := $(filter-out $(foreach p,$(PART_NAMES),$(call part_o,$(p))) \
	$(patsubst %.c,$(BUILD)/el2/%.o,$(UART_C) $(IOMMU_C)),$(EL2_O))
VDEV_O := $(foreach c,$(filter-out $(GIC_C) vdev/virtio/vsock_%.c vdev/shmem_%.c,$(VDEV_C)),$(BUILD)/vdev-$(notdir $(c:.c=.o)))
MONITOR := $(BUILD)/quoin.o $(PART_O) $(ABSENT_O) $(UART_O) $(IOMMU_O) $(VDEV_O)
EXPORTS := $(wildcard arch/aarch64/exports.txt)
TOOLS := $(patsubst tools/%,$(BUILD)/tools/%,$(foreach t,mkimage qvm-check qtrace,\
	$(if $(wildcard tools/$(t)/*.c),tools/$(t))))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/host/%,$(UNIT_C))
BAREMETAL := $(if $(wildcard guests/baremetal/Makefile),baremetal)
FETCHED := $(NEWLIB_A) $(LIBFDT)/src/fdt.c

export BUILD QEMU BOARD GUESTS_DIR QUOIN_CACHE CROSS_COMPILE CONFIG BUILDROOT BR2_DL_DIR
export NEWLIB_SRC LIBFDT_SRC V CC_EL2_CMD

.PHONY: help setup packages monitor host tools units image run debug dump trace check test test-full bench size vdev \
	baremetal guest-linux guest-linux-bench guest-linux-net guest-debian guest-debian-generic guest-buildroot board-trees source-trees \
	clean distclean
help:
	@sed -n 's/^#: //p' Makefile

#: make run [CONFIG=linux]   install what is missing, build, boot configs/CONFIG.build in QEMU here
#: make debug [CONFIG=linux] the same, stopped, with gdb attached
#: make dump [VM=name] [OUT=file]   the dump of a held VM of `make run`, a core file for gdb
#: make trace [OUT=file]     what `make run` has traced, for build/tools/qtrace
#: make image CONFIG=x       only the image, build/x.img
#: make test                 everything: host tests, boots in QEMU; make test-full: all of the matrix
#: make check                the host part of it, under a minute
#: make bench                exact instruction counts of exits, boot cost, sizes
#: make size                 what the image's bytes are
#: make vdev SRC=dir/foo.c   an out-of-tree device, build/vdev-foo.o
#: make guest-linux          the Debian kernel and BusyBox root; also made by `make run`
#: make guest-debian         a Debian root file system on a disk
#: make guest-buildroot BUILDROOT=dir [BR2_DL_DIR=dir]   the Buildroot guest
#: make clean | distclean    build products | downloads too
#: Variables: CROSS_COMPILE TOOLCHAIN=gcc|clang BOARD QEMU GUESTS_DIR BUILD QUOIN_CACHE V=1

# --- set-up: order-only, so that a newer script does not rebuild the world -------------------------
# Looked at each time, as a machine may lose what a kept build folder remembers; it takes no time.
PACKAGES := $(if $(filter test test-full,$(MAKECMDGOALS)),test,run)
setup: $(FETCHED)
packages:
	$(Q)tools/setup/packages $(PACKAGES)
$(NEWLIB_A): | packages
	$(Q)tools/setup/newlib $(NEWLIB)
$(LIBFDT)/src/fdt.c: | packages
	$(Q)tools/setup/libfdt $(LIBFDT)
$(filter-out %/fdt.c,$(LIBFDT_C)): | $(LIBFDT)/src/fdt.c

# --- the monitor and the devices -------------------------------------------------------------------
monitor: $(MONITOR)
# Rewritten when the compiler or its flags change, so that objects of two compilers never mix.
FLAGS = $(CC_EL2_CMD) $(CFLAGS_EL2) $(HOT_C) $(FDT_ASSUME_MASK) $(HOSTCC) $(CFLAGS_HOST) $(SANITIZE)
$(BUILD)/.flags: FORCE | $(FETCHED)
	@mkdir -p $(@D); echo '$(FLAGS)' | cmp -s - $@ || \
		echo '$(FLAGS)' >$@
.PHONY: FORCE
$(BUILD)/el2/libfdt/%.o: $(LIBFDT)/src/%.c $(BUILD)/.flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC_EL2_CMD) $(CFLAGS_LIB) -DFDT_ASSUME_MASK=$(FDT_ASSUME_MASK) -I$(LIBFDT_INC) -c -o $@ $<
$(BUILD)/el2/%.o: %.c $(BUILD)/.flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC_EL2_CMD) $(CFLAGS_EL2) -MMD -MP -c -o $@ $<
$(BUILD)/el2/%.S.o: %.S $(BUILD)/.flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CC_EL2_CMD) $(CFLAGS_EL2) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<
# --unique: sections of one name, as of static functions, stay apart, and fall out of an image one by one.
# What mkimage links is the monitor, and of each part either the part or what stands in for it. Names that neither
# devices (EXPORTS) nor another of these objects uses are made local.
$(BUILD)/quoin.o: $(CORE_O) $(LIBFDT_O) $(NEWLIB_A) $(EXPORTS) $(PART_O:%=%.all) $(ABSENT_O) $(UART_O) $(IOMMU_O)
	$(call say,monitor,$@ ($(words $(EL2_O)) objects))
	$(Q)tools/check/fp-simd $(OBJDUMP) $(addprefix --allow ,$(FP_O)) $(EL2_O) $(LIBFDT_O) $(ABSENT_O)
	$(Q)$(LD) -r --unique -o $@.all $(CORE_O) --start-group $(LIBFDT_O) $(NEWLIB_A) --end-group
	$(Q)tools/check/parts $(NM) $@.all $(PART_NAMES)
	$(Q){ cat $(EXPORTS); $(NM) -u $@.all $(PART_O:%=%.all) $(ABSENT_O) $(UART_O) $(IOMMU_O) | sed -n 's/^ *U //p'; } | sort -u >$@.keep
	$(Q)$(OBJCOPY) --keep-global-symbols=$@.keep --add-section .quoin.exports=$(EXPORTS) $@.all $@
$(PART_O): %.o: %.o.all $(BUILD)/quoin.o
	$(Q)$(OBJCOPY) --keep-global-symbols=$(BUILD)/quoin.o.keep $< $@
define part # $(1) name
$(BUILD)/part-$(1).o.all: $(call part_o,$(1)) Makefile
	$$(Q)$$(LD) -r --unique -o $$@ $$(filter %.o,$$^)
endef
$(foreach p,$(PART_NAMES),$(eval $(call part,$(p))))
$(UART_O): $(BUILD)/uart-%.o: $(BUILD)/el2/arch/aarch64/uart/%.o
	$(Q)cp $< $@
define iommu_driver # $(1) name
$(BUILD)/iommu-$(1).o: $(patsubst %.c,$(BUILD)/el2/%.o,$(wildcard arch/aarch64/iommu/$(1).c arch/aarch64/iommu/$(1)_*.c))
	$$(Q)$$(LD) -r --unique -o $$@ $$^
endef
$(foreach n,$(IOMMU_NAMES),$(eval $(call iommu_driver,$(n))))
$(ABSENT_O): $(BUILD)/absent-%.o: $(BUILD)/el2/core/absent/%.o
	$(Q)cp $< $@
$(BUILD)/vdev-virtio-vsock.o: $(VSOCK_O)
$(BUILD)/vdev-shmem.o: $(SHMEM_O)
$(BUILD)/vdev-virtio-vsock.o $(BUILD)/vdev-shmem.o:
	$(Q)$(LD) -r -o $@ $^
$(BUILD)/vdev-%.o: $(BUILD)/el2/vdev/%.o
	$(Q)cp $< $@
$(BUILD)/vdev-%.o: $(BUILD)/el2/vdev/virtio/%.o
	$(Q)cp $< $@
vdev: | $(FETCHED)
	$(if $(SRC),,$(error name the source: make vdev SRC=path/foo.c))
	$(call say,vdev,$(BUILD)/vdev-$(notdir $(SRC:.c=.o)))
	$(Q)$(CC_EL2_CMD) $(CFLAGS_EL2) -c -o $(BUILD)/vdev-$(notdir $(SRC:.c=.o)) $(SRC)
	$(Q)tools/check/fp-simd $(OBJDUMP) $(BUILD)/vdev-$(notdir $(SRC:.c=.o))

# --- the same code on this machine: plain for the tools, sanitized for the tests --------------------
host: $(BUILD)/host/libquoin.a $(BUILD)/tools/libquoin.a
# libfdt reads by bytes what it addresses as structures: not ours to change.
define host_library # $(1) folder, $(2) flags
$(1)/obj/libfdt/%.o: $(LIBFDT)/src/%.c $(BUILD)/.flags
	$(Q)mkdir -p $$(@D)
	$(Q)$(HOSTCC) -std=gnu11 -g $(2) -fno-sanitize=alignment -I$(LIBFDT_INC) -c -o $$@ $$<
$(1)/obj/%.o: %.c $(BUILD)/.flags
	$(Q)mkdir -p $$(@D)
	$(Q)$(HOSTCC) $(CFLAGS_HOST) $(2) -MMD -MP -c -o $$@ $$<
$(1)/libquoin.a: $(HOST_C:%.c=$(1)/obj/%.o) $(LIBFDT_C:$(LIBFDT)/src/%.c=$(1)/obj/libfdt/%.o)
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(eval $(call host_library,$(BUILD)/host,$(SANITIZE)))
$(eval $(call host_library,$(BUILD)/tools,-O2))

tools: $(TOOLS)
define tool # $(1) name. Devices are named one by one: they register by linker section, unreferenced.
$(BUILD)/tools/$(1): $(patsubst %.c,$(BUILD)/tools/obj/%.o,$(wildcard tools/$(1)/*.c) $(VDEV_C) $(UART_C) $(CLOCK_C)) $(BUILD)/tools/libquoin.a
	$(call say,tool,$$@)
	$(Q)$(HOSTCC) -o $$@ $$^ $(TOOLS_LDLIBS)
endef
$(foreach t,$(notdir $(TOOLS)),$(eval $(call tool,$(t))))

units: $(UNIT)
$(BUILD)/host/test_%: $(BUILD)/host/obj/tests/unit/test_%.o $(VDEV_C:%.c=$(BUILD)/host/obj/%.o) $(BUILD)/host/libquoin.a
	$(Q)$(HOSTCC) $(SANITIZE) -o $@ $(filter %.o,$^) $(filter %.a,$^)
# Commands, and drivers of UARTs, register by linker section, unreferenced, as devices do.
$(BUILD)/host/test_uart: $(UART_C:%.c=$(BUILD)/host/obj/%.o)
$(BUILD)/host/test_cpg $(BUILD)/host/test_cpg_config: $(CLOCK_C:%.c=$(BUILD)/host/obj/%.o)
$(BUILD)/host/test_shell: $(patsubst %.c,$(BUILD)/host/obj/%.o,$(wildcard core/shell/*.c))

# --- guests and images -----------------------------------------------------------------------------
# In a GUESTS_DIR of the user's own what exists is taken as it is, and only what lacks is made.
guest_sources := $(if $(filter $(call abs,$(BUILD)/guests),$(GUESTS_DIR)),$(shell find guests/linux guests/lib.sh -type f))
debian_sources := $(if $(filter $(call abs,$(BUILD)/guests),$(GUESTS_DIR)),$(shell find guests/debian guests/lib.sh -type f) guests/linux/modules.py)
guest-linux: $(GUESTS_DIR)/linux/rootfs.cpio.gz
guest-debian: $(GUESTS_DIR)/debian/root.img
guest-linux-bench: $(GUESTS_DIR)/linux/bench.cpio
$(GUESTS_DIR)/linux/rootfs.cpio.gz: $(guest_sources) | packages
	$(Q)guests/linux/build $(@D)
$(GUESTS_DIR)/linux/bench.cpio: $(GUESTS_DIR)/linux/rootfs.cpio.gz | $(FETCHED)
	$(Q)guests/linux/build $(@D) bench
guest-linux-net: $(GUESTS_DIR)/linux/net.cpio
$(GUESTS_DIR)/linux/net.cpio: $(GUESTS_DIR)/linux/rootfs.cpio.gz | $(FETCHED)
	$(Q)guests/linux/build $(@D) net
# One after the other: they share a cache of packages.
$(GUESTS_DIR)/debian/root.img: $(debian_sources) | packages guest-linux
	$(Q)guests/debian/build $(@D)
# Debian's ordinary kernel, for devices the cloud kernel has no drivers of; a larger package, so only when asked for.
guest-debian-generic: $(GUESTS_DIR)/debian/initrd.generic.cpio.gz
$(GUESTS_DIR)/debian/initrd.generic.cpio.gz: $(debian_sources) | $(GUESTS_DIR)/debian/root.img
	$(Q)guests/debian/build $(@D) generic
# Best effort: without them the tests that need them say why they are skipped.
guest-linux-symbols: guest-linux
	$(Q)guests/linux/symbols $(GUESTS_DIR)/linux
guest-buildroot:
	$(if $(BUILDROOT),,$(error name the Buildroot folder: make guest-buildroot BUILDROOT=dir))
	$(Q)guests/buildroot/build '$(BUILDROOT)' $(GUESTS_DIR)/buildroot
baremetal: | $(FETCHED)
	$(Q)$(MAKE) $(if $(filter 1,$(V)),,-s) -C guests/baremetal OUT=$(GUESTS_DIR)/baremetal \
		CROSS_COMPILE=$(CROSS_COMPILE) NEWLIB_INC='-isystem $(call abs,$(NEWLIB_INC))' \
		NEWLIB_A=$(call abs,$(NEWLIB_A)) TOP=$(CURDIR) V=$(V)

# The guest is made when the buildfile names it; mkimage runs each time, it alone knows what it reads.
image: $(TOOLS) $(MONITOR) $(BAREMETAL) $(if $(wildcard configs/$(CONFIG).build),,no-config) \
	$(if $(shell grep -s '/linux/' configs/$(CONFIG).build),guest-linux) \
	$(if $(shell grep -s '/debian/' configs/$(CONFIG).build),guest-debian) \
	$(if $(shell grep -s '/Image.generic' configs/$(CONFIG).build),guest-debian-generic) \
	$(if $(BUILDROOT),$(if $(shell grep -s '/buildroot/' configs/$(CONFIG).build),guest-buildroot))
	$(call say,image,$(BUILD)/$(CONFIG).img)
	$(Q)mkdir -p $(dir $(BUILD)/$(CONFIG).img)
	$(Q)$(BUILD)/tools/mkimage -o $(BUILD)/$(CONFIG).img configs/$(CONFIG).build
.PHONY: no-config
no-config:
	@echo 'error: there is no configs/$(CONFIG).build' >&2; exit 1
run: image $(if $(filter zcu102 raspi4b imx8mp,$(BOARD)),board-trees)
	$(Q)tools/run $(BUILD)/$(CONFIG).img
debug: image
	$(Q)tools/setup/packages debug && tools/run --debug $(BUILD)/$(CONFIG).img

# From a running `make run`: its QMP socket is in the build folder.
QMP ?= $(BUILD)/qmp.sock
dump:
	$(Q)tools/dump --qmp $(QMP) $(if $(VM),--vm $(VM)) $(if $(OUT),--out $(OUT))
trace: $(BUILD)/tools/qtrace
	$(Q)tools/trace --qmp $(QMP) $(if $(OUT),--out $(OUT))

# --- tests -----------------------------------------------------------------------------------------
run_tests = CFLAGS_EL2='$(CFLAGS_EL2)' CFLAGS_HOST='$(CFLAGS_HOST)' HOSTCC='$(HOSTCC)' tests/run $@
check: units tools $(MONITOR)
	$(Q)$(run_tests)
test test-full: units tools $(MONITOR) $(BAREMETAL) guest-linux guest-linux-bench guest-debian guest-debian-generic board-trees source-trees
	$(Q)$(run_tests)
test-full: guest-linux-symbols
# What Debian's kernel has of other boards: some are in QEMU, all are read.
board-trees: $(BUILD)/boards/.done
$(BUILD)/boards/.done: | $(FETCHED)
	$(Q)tests/boards/trees $(@D)
# Those of R-Car H3 are only in the kernel's source: a package of 140 MB, of which 1 MB is kept.
source-trees: $(BUILD)/rcar/.done
$(BUILD)/rcar/.done: | board-trees
	$(Q)tests/boards/source $(@D)
size:
	$(Q)$(MAKE) image CONFIG=module
	$(Q)CROSS_COMPILE=$(CROSS_COMPILE) tools/check/size $(BUILD)/module.img $(EL2_O) $(LIBFDT_O) \
		$(BUILD)/el2/vdev/*.o $(NEWLIB_A)
bench: tools $(MONITOR) $(BAREMETAL) guest-linux-bench guest-linux-net
	$(Q)tests/bench/run $(PARTS)

clean:
	rm -rf $(filter-out $(QUOIN_CACHE),$(wildcard $(BUILD)/* $(BUILD)/.flags))
distclean:
	rm -rf $(BUILD) $(QUOIN_CACHE)

-include $(shell find $(BUILD)/el2 $(BUILD)/host $(BUILD)/tools -name '*.d' 2>/dev/null)
