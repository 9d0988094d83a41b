# SPDX-License-Identifier: BSD-2-Clause
# Makefile - builds, tests and measures everything. No configuration step.

ARCH ?= x86_64
CC   ?= gcc
B    ?= build

WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wimplicit-fallthrough \
	-Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wformat=2 -Wnull-dereference -Werror
COMMON := -std=gnu11 -O2 -g -I. $(WARN) -ffile-prefix-map=$(CURDIR)=.

# ---- the kernel: freestanding, position-independent, no vector registers ----
KERNEL_MODULES := core mm sched time random drivers net fs process syscall
KERNEL_SRC := $(sort $(filter-out %_test.c,\
	$(wildcard $(KERNEL_MODULES:%=kernel/%/*.c)) \
	$(wildcard $(KERNEL_MODULES:%=kernel/%/*/*.c)) \
	$(wildcard kernel/arch/$(ARCH)/*.[cS]) kernel/main.c))
KERNEL_OBJ := $(KERNEL_SRC:%=$(B)/%.o)
KERNEL_CFLAGS := -ffreestanding -fPIE -fvisibility=hidden -mgeneral-regs-only \
	-mno-red-zone -fno-stack-protector -fcf-protection=none -fno-common \
	-ffunction-sections -fdata-sections -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -Ikernel

all: $(B)/kernel.elf

$(B)/kernel.elf: kernel/arch/$(ARCH)/link.ld $(KERNEL_OBJ)
	$(CC) -nostdlib -static-pie -Wl,--gc-sections,-z,max-page-size=4096 \
	    -Wl,-z,noexecstack,--build-id=sha1,--no-dynamic-linker \
	    -Wl,-z,pack-relative-relocs -T $< $(KERNEL_OBJ) -o $@

$(B)/kernel/%.o: kernel/%
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

clean:
	rm -rf $(B)

.PHONY: all clean
-include $(KERNEL_OBJ:.o=.d)
