/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raise_at.h - a signal for the calling thread, raised with the stack pointer
 * so many bytes above `bottom`.
 */
#ifndef TESTS_SYSCALL_RAISE_AT_H
#define TESTS_SYSCALL_RAISE_AT_H

#include <sys/syscall.h>
#include <unistd.h>

static inline void raise_at(char *bottom, long room, int sig)
{
    long pid = getpid(), tid = syscall(SYS_gettid), result = SYS_tgkill;

    __asm__ volatile("mov %%rsp, %%rbx\n"
                     "mov %[sp], %%rsp\n"
                     "syscall\n"
                     "mov %%rbx, %%rsp\n"
                     : "+a"(result)
                     : "D"(pid), "S"(tid),
                       "d"((long)sig), [sp] "r"(bottom + room)
                     : "rbx", "rcx", "r11", "memory");
}

#endif
