#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# calls.sh - build --calls: what is named is in the kernel, nothing else is.
. "$(dirname "$0")/lib.sh"
cd "$T" || exit 1
unset SAMARA_KERNEL # the kernel itself is what this is about

${CC:-gcc} -nostdlib -static -x assembler - -o least <<'EOF' || exit 1
.globl _start
_start: mov $60, %eax
xor %edi, %edi
syscall
EOF
cat >names <<'EOF'
# what the program calls
write exit_group  # on one line
exit
/proc
EOF
build() { run 0 build -o "$1.img" --calls "$2" ./least; }
has() { readelf -sW "$1.img" | grep -qw "$2"; }
lacks() { ! has "$1" "$2"; }
smaller() { [ "$(stat -c %s "$1.img")" -lt "$(stat -c %s "$2.img")" ]; }

check "the full kernel" run 0 build -o full.img ./least
check "three calls" build few write,exit,exit_group
check "a list in a file" build listed @names
check "the calls are there" has few sys_write
check "a neighbour in the same source is not" lacks few sys_read
check "nor are subsystems" lacks few epoll_create
check "nor parts that are not named" lacks few procfs_mount
check "a part that is named" has listed procfs_mount
check "another part" lacks listed devfs_mount
check "the full kernel has all" sh -c "readelf -sW full.img |
    grep -qw procfs_mount && readelf -sW full.img | grep -qw sys_epoll_create1"
check "fewer calls are fewer bytes" smaller few full
check "a part is some bytes" smaller few listed
check "stand-ins for IPv6 and others" build ipv4 exit,socket,AF_INET
check "in their place" sh -c "readelf -sW ipv4.img | grep -qw no_ipv6 &&
    ! readelf -sW ipv4.img |
        grep -qw 'nd6_input\|dhcp_recv\|reassdatagrams\|allsystems'"
check "all, where they are named" build ipv6 \
    exit,socket,AF_INET,IPv6,DHCP,IGMP,fragments
check "and no stand-in" sh -c "! readelf -sW ipv6.img |
    grep -qw 'no_ipv6\|no_dhcp\|no_igmp\|no_fragments'"
check "an operation without its call is not there" lacks ipv4 tcp_connect_op
check "with its call, it is" build client exit,socket,connect,AF_INET
check "by its name" has client tcp_connect_op
check "without its part, it brings none" build local exit,socket,connect
check "not even the protocols" lacks local tcp_input
check "the vDSO is a part" build clock write,exit,clock_gettime,vDSO
check "and not there otherwise" sh -c "readelf -sW clock.img | grep -qw vdso_map &&
    ! readelf -sW few.img | grep -qw vdso_map"
check "what Samara never has may be named" build never exit,ptrace
cp few.img first.img
check "build again" build few write,exit,exit_group
check "same input, same bytes" cmp few.img first.img

check "without symbols" run 0 build -o bare.img --strip --calls \
    write,exit,exit_group ./least
check "there are none" sh -c "! readelf -sW bare.img | grep -q sys_"
check "which is smaller" smaller bare few
check "readelf finds nothing odd in it" sh -c "! readelf -aW bare.img 2>&1 |
    grep -qi 'warning\|error'"
check "it can be inspected" says "program *.*least" inspect bare.img

# --- auto ---
program() { # NAME, and C on standard input
    ${CC:-gcc} -O1 -nostdlib -static -ffreestanding -fno-stack-protector \
        -x c - -o "$1" || exit 1
}
program wrapped <<'EOF'
__attribute__((noinline)) long call(long nr, long a)
{
    long r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a)
                     : "rcx", "r11", "memory");
    return r;
}
__attribute__((noinline, noreturn)) void end(int status)
{
    for (;;)
        call(231, status);
}
int main_(int n)
{
    switch (n) {
    case 0: call(39, 0); break;
    case 1: call(102, 0); break;
    case 2: call(104, 0); break;
    case 3: call(107, 0); break;
    case 4: call(n > 1 ? 108 : 110, 0); break;
    case 5: call(186, 0); break;
    }
    return 0;
}
void _start(void)
{
    end(main_(*(volatile int *)"\1\0\0"));
}
EOF
program computed <<'EOF'
void _start(void)
{
    volatile long nr = 39;
    long r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(nr) : "rcx", "r11", "memory");
    for (;;)
        ;
}
EOF
program by_pointer <<'EOF'
long call(long nr)
{
    long r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(nr) : "rcx", "r11", "memory");
    return r;
}
long (*volatile pointer)(long) = call;
void _start(void)
{
    for (;;)
        pointer(39);
}
EOF
found() { says "kernel has getpid getuid getgid geteuid getegid .*gettid" \
    build -v -o auto.img --calls auto ./wrapped; }
unproven() { says "not known for sure: at 0x[0-9a-f]*, in $2, .*everything" \
    build -o "$1.img" --calls auto "./$1" && has "$1" sys_epoll_create1; }
check "auto: through functions and switches" found
check "auto: the last one" grep -q ' exit_group ' "$T/err"
check "auto: nothing else" lacks auto sys_read
check "auto: a number from memory" unproven computed _start
check "auto: a function by its pointer" unproven by_pointer call
check "auto: a dynamic program" says "linked dynamically" build -o dynamic.img \
    --calls auto /bin/bash
check "auto: a script" says "linked dynamically" build -o script.img \
    --calls auto "$here/calls.sh"

check "no such call" refuses 125 "'wirte' is no system call" build \
    -o x.img --calls exit,wirte ./least
printf 'exit\n\nwirte # no\n' >wrong
check "which line" refuses 125 "'wrong', line 3: 'wirte'" build \
    -o x.img --calls @wrong ./least
check "no such file" refuses 125 "'absent'" build \
    -o x.img --calls @absent ./least
check "no name" refuses 125 "--calls needs" build -o x.img --calls "" ./least
export SAMARA_LIBKERNEL="$T/names"
check "a damaged archive" refuses 125 "linking a kernel" build \
    -o x.img --calls exit ./least
unset SAMARA_LIBKERNEL
no_linker() {
    mkdir -p bin && ln -sf "$(command -v mkfs.erofs)" bin/
    ! PATH="$T/bin" "$SAMARA" build -o x.img --calls exit ./least 2>err &&
        grep -q "^samara: .*install the package binutils" err
}
check "no linker" no_linker
check "nothing is left of what failed" test ! -e x.img
finish
