/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch_prctl.c - arch_prctl(2): segment bases and the like.
 *
 * GS is the kernel's own in ring 3, so a program cannot have it: setting a
 * base other than 0 is refused rather than accepted and ignored.
 */
#include <asm/prctl.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "mm/user.h"
#include "sched/thread.h"
#include "syscall/syscall.h"

long sys_arch_prctl(int code, uaddr_t addr)
{
    struct arch_thread *t = &thread_current()->arch;

    switch (code) {
    case ARCH_SET_FS:
        if (addr >= ARCH_USER_MAX)
            return -EPERM;
        arch_set_fs_base(addr);
        return 0;
    case ARCH_GET_FS:
        return user_put64(addr, arch_fs_base(t));
    case ARCH_SET_GS:
        return addr == 0 ? 0 : -EPERM;
    case ARCH_GET_GS:
        return user_put64(addr, 0);
    case ARCH_GET_CPUID:
        return 1;
    case ARCH_SET_CPUID:
        return -ENODEV;
    default:
        return -EINVAL;
    }
}
