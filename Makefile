# SPDX-License-Identifier: BSD-2-Clause
# Makefile - builds, tests and measures everything. No configuration step.
#
#   make            the kernel, the monitor and the command, in build/
#   make demo       installs what is needed, builds, serves a page from a VM
#   make check      everything that must hold; ends with the totals
#   make check-NAME unit tests of one directory (mm, fs, monitor, ...), or one
#                   step of check: style, system, apps, languages, servers,
#                   bad-input, fuzz
#   make examples  programs of ours as images, the smallest of them as well
#   make bench      the figures, beside our targets and the best peers
#   make install    PREFIX=/usr/local DESTDIR=
#
# CC=clang B=build-clang builds the same with clang. V=1 shows commands.
# DEBUG=1 B=build-debug builds a kernel that checks the order of its locks.

ARCH   ?= x86_64
CC     := $(if $(filter default,$(origin CC)),gcc,$(CC))
B      ?= build
STRIP  ?= strip
PREFIX ?= /usr/local
Q      := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wimplicit-fallthrough \
	-Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wformat=2 -Wnull-dereference -Werror
COMMON := -std=gnu11 -O2 -g -I. $(WARN) -ffile-prefix-map=$(CURDIR)=.

all: $(B)/kernel.elf $(B)/samara $(B)/samara-monitor $(B)/samara-net \
	$(B)/samara-debug

# ---- the kernel: freestanding, position-independent, no vector registers ----
KERNEL_MODULES := core mm sched time random drivers ipc net fs process syscall
KERNEL_SRC := $(sort $(filter-out %_test.c kernel/process/vdso/vdso.c,\
	$(wildcard $(KERNEL_MODULES:%=kernel/%/*.c)) \
	$(wildcard $(KERNEL_MODULES:%=kernel/%/*/*.c)) \
	$(wildcard kernel/arch/$(ARCH)/*.[cS]) kernel/process/vdso/image.S \
	kernel/main.c kernel/records.c))
LWIP := build/lwip
LWIP_OBJ := $(patsubst %,$(B)/lwip-objects/%.c.o,\
	$(addprefix core/,def inet_chksum init ip mem memp netif pbuf stats tcp \
	    tcp_in tcp_out udp) \
	$(addprefix core/ipv4/,dhcp etharp icmp igmp ip4 ip4_addr ip4_frag) \
	$(addprefix core/ipv6/,ethip6 icmp6 inet6 ip6 ip6_addr ip6_frag mld6 nd6) \
	netif/ethernet)
KERNEL_OBJ := $(KERNEL_SRC:%=$(B)/%.o) $(B)/kernel/abi/cpu_tables.c.o \
	$(LWIP_OBJ)
KERNEL_CFLAGS := -DSAMARA_GUEST -ffreestanding -fPIE -fvisibility=hidden -mgeneral-regs-only \
	-mno-red-zone -fno-stack-protector -fcf-protection=none -fno-common \
	$(if $(findstring gcc,$(CC)),-mpreferred-stack-boundary=3,-mstack-alignment=8) \
	-ffunction-sections -fdata-sections -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -fmacro-prefix-map=kernel/= \
	-fmacro-prefix-map=build/lwip/src/=lwip/ -Ikernel \
	$(if $(findstring gcc,$(CC)),-malign-data=abi) $(if $(DEBUG),-DLOCK_CHECKS=1)

# ---- lwIP: fetched from Debian, patched by nobody; kernel/net/inet uses it ----
# Its calls to the protocols come to us first, under these names.
LWIP_CFLAGS := -Ikernel/net/inet/port -isystem $(LWIP)/src/include
LWIP_NAMES := -Dtcp_input=conn_input -Dudp_input=inet_udp_input \
	-Dicmp_input=inet_icmp_input -Dicmp6_input=inet_icmp6_input \
	-Dip4_frag=inet_ip4_frag -Dip6_frag=inet_ip6_frag
$(patsubst %,$(B)/lwip-objects/core/%.c.o,udp ipv4/ip4): LWIP_CFLAGS += \
	-Dicmp_dest_unreach=inet_icmp_unreachable
$(B)/lwip-objects/core/ipv4/ip4.c.o $(B)/lwip-objects/core/ipv6/ip6.c.o: LWIP_CFLAGS += $(LWIP_NAMES)
$(B)/lwip-objects/core/tcp.c.o: LWIP_CFLAGS += -Dtcp_output=inet_tcp_output
$(B)/lwip-objects/core/ipv4/icmp.c.o $(B)/lwip-objects/core/ipv6/icmp6.c.o: \
	LWIP_CFLAGS += -Dip4_output_if=inet_icmp_output4 -Dip6_output_if=inet_icmp_output6
$(B)/lwip-objects/netif/ethernet.c.o: LWIP_CFLAGS += -Detharp_input=inet_arp_input
$(B)/lwip-objects/core/ipv6/nd6.c.o: LWIP_CFLAGS += \
	-Dmemp_malloc=neighbour_queue_get -Dmemp_free=neighbour_queue_put
$(B)/lwip-objects/core/ipv4/dhcp.c.o: LWIP_CFLAGS += -DLWIP_DNS=1
LWIP_FAST := $(patsubst %,$(B)/lwip-objects/core/%.c.o,ip mem memp pbuf tcp tcp_in \
	tcp_out ipv4/etharp ipv4/ip4 ipv6/ip6) $(B)/lwip-objects/netif/ethernet.c.o

$(LWIP)/.fetched: tools/fetch-lwip
	$(Q)tools/fetch-lwip $(LWIP) && touch $@
LWIP_USERS := $(LWIP_OBJ) $(filter $(B)/kernel/net/inet/%,$(KERNEL_OBJ))
$(LWIP_USERS): $(wildcard kernel/net/inet/port/*.h kernel/net/inet/port/*/*.h) \
	| $(LWIP)/.fetched
$(filter $(B)/kernel/net/inet/%,$(KERNEL_SRC:%=$(B)/%.o)): KERNEL_CFLAGS += $(LWIP_CFLAGS)

$(B)/lwip-objects/%.c.o:
	@mkdir -p $(@D); echo "  CC   lwip/$*.c"
	$(Q)$(CC) $(filter-out $(WARN),$(COMMON)) $(KERNEL_CFLAGS) $(KERNEL_SPEED) \
	    -Werror=implicit-function-declaration \
	    -Wno-tautological-constant-out-of-range-compare \
	    $(LWIP_CFLAGS) -MMD -MP -c $(LWIP)/src/$*.c -o $@

# What the command links an image's own kernel from (cli/kernel_link.c). The
# kernel with everything is made of the same parts.
KERNEL_PARTS := $(B)/libkernel.a $(B)/libstand_in.a $(B)/link.ld $(B)/link.args
STAND_IN_OBJ := $(patsubst %,$(B)/%.o,$(wildcard kernel/stand_in/*.c))
$(STAND_IN_OBJ): KERNEL_CFLAGS += $(LWIP_CFLAGS)
$(STAND_IN_OBJ): | $(LWIP)/.fetched
$(B)/libstand_in.a: $(STAND_IN_OBJ)
	@echo "  AR   $@"; rm -f $@
	$(Q)$(AR) rcs $@ $^
$(B)/libkernel.a: $(KERNEL_OBJ)
	@echo "  AR   $@"; rm -f $@
	$(Q)$(AR) rcs $@ $(KERNEL_OBJ)
$(B)/link.%: kernel/arch/$(ARCH)/link.%
	$(Q)cp $< $@
$(B)/calls.ld: kernel/syscall/calls.ld.in
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -undef -x c -I. -Ikernel -MMD -MP -MT $@ $< -o $@

$(B)/kernel.elf: $(KERNEL_PARTS) $(B)/calls.ld
	@echo "  LINK $@"
	$(Q)$(LD) @$(B)/link.args -T $(B)/calls.ld -T $(B)/link.ld \
	    --whole-archive $(B)/libkernel.a -o $@

# A kernel that is its network driver and little else, for tools/run-netdev.
$(B)/responder.elf: $(KERNEL_PARTS) $(B)/calls.ld \
		$(B)/kernel/tests/net/responder.c.o
	@echo "  LINK $@"
	$(Q)$(LD) @$(B)/link.args --wrap=process_start_first -T $(B)/calls.ld \
	    -T $(B)/link.ld $(B)/kernel/tests/net/responder.c.o \
	    --whole-archive $(B)/libkernel.a -o $@

$(B)/kernel/tests/%.o: tests/%
	@mkdir -p $(@D); echo "  CC   $< (kernel)"
	$(Q)$(CC) $(COMMON) $(KERNEL_CFLAGS) -O2 -MMD -MP -c $< -o $@

# The kernel is compiled for size, but for what runs often.
KERNEL_SELDOM := time/clock.c time/pc_clock.c sched/cputime.c sched/sample.c \
	sched/futex_pi.c sched/futex_exit.c core/printf.c core/panic.c \
	core/lock.c mm/shared.c $(patsubst %,mm/space_%.c,advise info large remap) \
	$(patsubst %,arch/$(ARCH)/%.c,cpuinfo decode power pvh rewrite smp)
KERNEL_FAST := $(patsubst %.c,$(B)/kernel/%.c.o,\
	$(filter-out $(KERNEL_SELDOM),$(patsubst kernel/%,%,$(wildcard $(addprefix kernel/,arch/$(ARCH)/*.c \
	    core/*.c mm/*.c sched/*.c time/*.c)))) \
	$(addprefix drivers/,netbuf.c virtio_net.c virtq.c) \
	$(addprefix fs/,dentry.c epoll.c fdtable.c file.c inode.c \
	    memfs_file.c pagetree.c pipe.c poll.c prefix.c) \
	$(addprefix net/,socket.c unix_stream.c) \
	$(addprefix net/inet/,conn.c defer.c device.c offload.c predict.c \
	    predict_out.c sender.c stack.c tcp_receive.c tcp_segment.c \
	    tcp_send.c) \
	$(addprefix syscall/,deadline.c epoll.c futex.c mmap.c poll.c \
	    read_write.c time.c copy.c))
# In these, copies of functions in their callers cost more bytes than they save
# instructions.
KERNEL_PLAIN := $(patsubst %.c,$(B)/kernel/%.c.o,arch/$(ARCH)/cpu.c \
	$(patsubst %,arch/$(ARCH)/%.c,irq pagetable trap) core/config.c \
	$(patsubst %,fs/%.c,dentry epoll fdtable file inode) \
	$(addprefix net/inet/,conn.c device.c sender.c stack.c tcp_receive.c) \
	$(patsubst %,mm/%.c,page region space) net/unix_queue.c process/signal.c \
	$(patsubst %,sched/%.c,futex thread) \
	$(addprefix syscall/,deadline.c epoll.c mmap.c poll.c read_write.c trace.c) time/timer.c) \
	$(patsubst %,$(B)/lwip-objects/core/%.c.o,pbuf tcp tcp_in)
$(KERNEL_PLAIN): KERNEL_CFLAGS += -fno-inline-functions
# At -Oz a small constant is pushed and popped, 3 bytes for 5 but an instruction
# more: what calls or packets go through often is compiled with -Os.
KERNEL_WARM := $(patsubst %.c,$(B)/kernel/%.c.o,drivers/virtio_net_queues.c \
	fs/splice.c net/unix_queue.c process/thread.c time/clock.c \
	$(patsubst kernel/%,%,$(wildcard kernel/net/inet/*.c)) \
	$(addprefix syscall/,at.c clone.c process.c signal.c socket.c \
	    socket_msg.c stat.c transfer.c)) $(LWIP_OBJ) $(STAND_IN_OBJ)
KERNEL_SPEED := -Oz
$(KERNEL_WARM): KERNEL_SPEED := -Os
$(KERNEL_FAST) $(LWIP_FAST): KERNEL_SPEED := -O2 -falign-functions=1 -falign-loops=1 \
	$(if $(findstring gcc,$(CC)),-falign-jumps=1)

$(B)/kernel/%.o: kernel/%
	@mkdir -p $(@D); echo "  CC   $<"
	$(Q)$(CC) $(COMMON) $(KERNEL_CFLAGS) $(KERNEL_SPEED) -MMD -MP -c $< -o $@

$(B)/kernel/abi/%.o: abi/%
	@mkdir -p $(@D); echo "  CC   $< (kernel)"
	$(Q)$(CC) $(COMMON) $(KERNEL_CFLAGS) -Os -MMD -MP -c $< -o $@

# ---- the vDSO: a shared object for the program, carried by the kernel ----
VDSO := $(B)/kernel/process/vdso
VDSO_CFLAGS := -DSAMARA_GUEST -ffreestanding -fPIC -fvisibility=hidden -fno-stack-protector \
	-fcf-protection=none -fasynchronous-unwind-tables -fno-tree-vectorize \
	-Ikernel
VDSO_LDFLAGS := -shared -nostdlib -Wl,-soname=linux-vdso.so.1,-Bsymbolic \
	-Wl,--hash-style=both,--eh-frame-hdr,--build-id=sha1,--strip-all \
	-Wl,-z,max-page-size=4096,-z,noexecstack,-z,norelro

$(VDSO)/vdso.so: kernel/process/vdso/vdso.c kernel/process/vdso/vdso.ld
	@mkdir -p $(@D); echo "  VDSO $@"
	$(Q)$(CC) $(COMMON) $(VDSO_CFLAGS) -MMD -MP $(VDSO_LDFLAGS) \
	    -T kernel/process/vdso/vdso.ld $< -o $@
$(VDSO)/image.S.o: $(VDSO)/vdso.so
$(VDSO)/image.S.o: KERNEL_CFLAGS += -Wa,-I$(VDSO)
-include $(VDSO)/vdso.d

# ---- the host's programs: the command and the monitor ----
HOST_CFLAGS := -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HOST_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
sources = $(sort $(filter-out %_test.c,$(foreach d,$(1),$(wildcard $(d)/*.c))))
SHARED_OBJ := $(patsubst %,$(B)/%.o,$(call sources,host image))
CLI_OBJ := $(patsubst %,$(B)/%.o,$(call sources,cli cli/*)) \
	$(B)/reader/erofs.c.o $(B)/reader/erofs_dir.c.o

# ---- the monitor ----
# Linked statically: the dynamic loader alone would take 0.5 ms of a start.
MONITOR_OBJ := $(patsubst %,$(B)/%.o,abi/cpu_tables.c \
	$(call sources,monitor monitor/devices monitor/backend monitor/arch/$(ARCH)))
MONITOR_LDFLAGS := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections

$(B)/samara-monitor: $(MONITOR_OBJ) $(SHARED_OBJ)
	@echo "  LINK $@"
	$(Q)$(CC) $(MONITOR_LDFLAGS) $^ -o $@

# The user-mode network, a process beside the guest's.
USERNET_OBJ := $(patsubst %,$(B)/%.o,$(call sources,usernet))

$(B)/samara-net: $(USERNET_OBJ)
	@echo "  LINK $@"
	$(Q)$(CC) $(HOST_LDFLAGS) $^ -lslirp -lseccomp -o $@

# What looks inside with libdw, which would make the command's start slower. Of
# the command's own parts it takes those that it uses.
DEBUG_OBJ := $(patsubst %,$(B)/%.o,$(call sources,debug))
$(DEBUG_OBJ): HOST_CFLAGS += -Ikernel

$(B)/libcli.a: $(CLI_OBJ)
	@echo "  AR   $@"; rm -f $@
	$(Q)$(AR) rcs $@ $(filter-out %/main.c.o,$^)
$(B)/samara-debug: $(DEBUG_OBJ) $(B)/libcli.a $(SHARED_OBJ)
	@echo "  LINK $@"
	$(Q)$(CC) $(HOST_LDFLAGS) $^ -ldw -lelf -lZydis -o $@

# The command has the monitor inside, to start a guest without another exec.
$(B)/samara: $(CLI_OBJ) $(SHARED_OBJ) \
		$(filter-out $(B)/monitor/main.c.o,$(MONITOR_OBJ))
	@echo "  LINK $@"
	$(Q)$(CC) $(HOST_LDFLAGS) $^ -lelf -o $@

$(B)/%.c.o: %.c
	@mkdir -p $(@D); echo "  CC   $<"
	$(Q)$(CC) $(COMMON) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

# ---- command, image, host ----
# The kernel's reader of EROFS lists the files of an image for the command.
$(B)/reader/%.o: kernel/fs/%
	@mkdir -p $(@D); echo "  CC   $< (command)"
	$(Q)$(CC) $(COMMON) $(HOST_CFLAGS) -ffreestanding -Ikernel -MMD -MP -c $< -o $@
$(B)/cli/rootlist.c.o $(B)/cli/gdb/rootfile.c.o $(B)/cli/kernel_link.c.o $(B)/cli/trace_calls.c.o \
	$(B)/host/calls.c.o: \
	HOST_CFLAGS += -Ikernel

# Static: the dynamic loader would be a good part of the command's start.
$(B)/samara: HOST_LDFLAGS := $(filter-out -pie,$(HOST_LDFLAGS)) -static-pie

# ---- examples: small programs, and the smallest images of them ----
EXAMPLES := dns web
EXAMPLE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Os $(WARN) -ffunction-sections \
	-fdata-sections -fno-asynchronous-unwind-tables -Iexamples/common
# Few pages: text, constants and headers in one segment, data right behind.
EXAMPLE_LDFLAGS := -static -s -Wl,--gc-sections,-z,noseparate-code \
	-Wl,--build-id=none,-z,norelro
example_source = $(call sources,examples/$(1) examples/common)
EXAMPLE := $(B)/examples

$(EXAMPLES:%=$(EXAMPLE)/%): $(EXAMPLE)/%: \
		$(wildcard examples/*/*.[ch]) Makefile
	@mkdir -p $(@D); echo "  MUSL $@"
	$(Q)musl-gcc $(EXAMPLE_CFLAGS) $(call example_source,$*) \
	    $(EXAMPLE_LDFLAGS) -o $@

# Roots with the program and what it serves, nothing else.
$(EXAMPLE)/dns.root: $(EXAMPLE)/dns examples/dns/example.zone
	@rm -rf $@; mkdir -p $@; cp $^ $@
$(EXAMPLE)/web.root: $(EXAMPLE)/web $(wildcard examples/web/site/*)
	@rm -rf $@; mkdir -p $@; cp $< $@; cp -r examples/web/site $@

RUN_dns := /dns example.zone
RUN_web := /web site
$(EXAMPLES:%=$(EXAMPLE)/%.img): $(EXAMPLE)/%.img: $(EXAMPLE)/%.root all
	$(Q)$(B)/samara build -o $@ --root $< $(RUN_$*)
$(EXAMPLES:%=$(EXAMPLE)/%-least.img): $(EXAMPLE)/%-least.img: \
		$(EXAMPLE)/%.root examples/%/calls all
	$(Q)$(B)/samara build -o $@ --strip --calls @examples/$*/calls \
	    --root $< $(RUN_$*)
examples: $(EXAMPLES:%=$(EXAMPLE)/%.img) $(EXAMPLES:%=$(EXAMPLE)/%-least.img)

# ---- run it ----
demo:
	@tools/install-deps build
	@$(MAKE) --no-print-directory all
	@tools/demo $(B)

# ---- checks: each step ends with `N passed, N failed, N skipped` ----
UNIT_TESTS := $(sort $(wildcard abi/*_test.c host/*_test.c image/*_test.c \
	usernet/*_test.c debug/*_test.c \
	cli/*_test.c cli/*/*_test.c monitor/*_test.c monitor/*/*_test.c monitor/*/*/*_test.c \
	kernel/*/*_test.c kernel/*/*/*_test.c examples/*/*_test.c))

check:
	@tools/install-deps build check
	@tools/check $(B)

check-unit:
	@tools/run-unit -b $(B)/unit $(UNIT_TESTS)
check-style: $(LWIP)/.fetched
	@tools/style
check-clang:
	@$(MAKE) --no-print-directory CC=clang B=$(B)-clang all
	@tools/run-system -b $(B)-clang clone futex rt_sigprocmask smp_memory
check-command: all
	@tools/run-cli -b $(B) $(T)
check-system: all
	@tools/run-system -b $(B) $(T)
check-apps: all
	@tools/run-apps -b $(B) $(T)
check-languages: all
	@tools/run-languages -b $(B) $(T)
check-examples: examples
	@tools/run-examples -b $(B) $(T)
check-servers: all
	@tools/run-servers -b $(B) $(T)
check-trouble: all
	@tools/run-trouble -b $(B) $(T)
check-bad-input: all
	@tools/run-bad-input -b $(B) $(T)
check-lifecycle: all
	@tools/run-lifecycle -b $(B) $(T)
check-trace: all
	@tools/run-trace -b $(B) $(T)
check-gdb: all
	@tools/run-gdb -b $(B) $(T)
check-debug: all
	@tools/run-debug -b $(B) $(T)
check-failures: all
	@tools/run-failures -b $(B) $(T)
check-crash: all
	@tools/run-crash -b $(B) $(T)
check-hostile: all
	@tools/run-hostile -b $(B) $(T)
check-machines: all
	@tools/run-machines -b $(B) $(T)
check-kvm: all
	@tools/run-kvm -b $(B) $(T)
check-netdev: all $(B)/responder.elf
	@tools/run-netdev -b $(B) $(T)
check-netconf: all
	@tools/run-netconf -b $(B) $(T)
check-packets: all
	@tools/run-packets -b $(B) $(T)
check-readme: all
	@tools/run-readme -b $(B)
check-figures: all
	@tools/run-figures -b $(B) $(T)
check-fuzz: all
	@tools/run-fuzz -b $(B)/fuzz --seed 1 -t 60 -g 90 $(T)
check-%:
	@tools/run-unit -b $(B)/unit $(sort $(filter kernel/$*/% $*/%,$(UNIT_TESTS)))

fuzz: all
	@tools/run-fuzz -b $(B)/fuzz -t $(or $(SECONDS),600) $(T)

bench:
	@tools/install-deps build check bench
	@$(MAKE) --no-print-directory all
	@tests/bench/run -b $(B) $(T)

# ---- the rest ----
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

docs:
	@tools/gendocs

compile_commands.json: Makefile
	@tools/compile-commands $(MAKE) B=$(B) >$@

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/samara
	install -m 755 $(B)/samara $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/samara-monitor $(B)/samara-net $(B)/samara-debug \
	    $(DESTDIR)$(PREFIX)/lib/samara/
	install -m 644 $(B)/kernel.elf $(B)/link.ld $(B)/link.args \
	    $(DESTDIR)$(PREFIX)/lib/samara/
	for a in libkernel.a libstand_in.a; do \
	    $(STRIP) -g -o $(DESTDIR)$(PREFIX)/lib/samara/$$a $(B)/$$a; done
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 docs/completion/samara \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/

clean:
	rm -rf $(B) $(B)-clang compile_commands.json

.PHONY: all demo check bench examples fuzz format docs install clean check-unit \
	check-style check-clang check-command check-system check-apps \
	check-examples check-languages check-servers check-trouble check-bad-input \
	check-lifecycle check-debug check-trace check-gdb check-failures check-crash check-machines check-kvm \
	check-hostile \
	check-netdev check-netconf check-packets check-readme check-figures \
	check-fuzz
.DELETE_ON_ERROR:
-include $(B)/calls.d $(KERNEL_OBJ:.o=.d) $(STAND_IN_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(MONITOR_OBJ:.o=.d) \
	$(SHARED_OBJ:.o=.d) $(USERNET_OBJ:.o=.d) $(DEBUG_OBJ:.o=.d)
