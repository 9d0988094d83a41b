/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refused.c - calls that administer a machine. A program in a container
 * without privileges gets EPERM from them; here there is nothing behind them
 * either, so they answer the same to everybody.
 */
#include "core/errno.h"
#include "syscall/syscall.h"

/* Arguments are not looked at, so their names are left out of the way. */
#define REFUSE(name, ...)        \
    long sys_##name(__VA_ARGS__) \
    {                            \
        return -EPERM;           \
    }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
REFUSE(vhangup, void)
REFUSE(acct, uaddr_t path)
REFUSE(swapon, uaddr_t path, int flags)
REFUSE(swapoff, uaddr_t path)
REFUSE(reboot, int magic, int magic2, unsigned cmd, uaddr_t arg)
REFUSE(iopl, int level)
REFUSE(ioperm, unsigned long from, unsigned long count, int on)
REFUSE(init_module, uaddr_t image, size_t len, uaddr_t args)
REFUSE(delete_module, uaddr_t name, unsigned flags)
REFUSE(kexec_load, uint64_t entry, uint64_t count, uaddr_t segments,
       uint64_t flags)
REFUSE(setns, int fd, int type)
REFUSE(finit_module, int fd, uaddr_t args, int flags)
REFUSE(kexec_file_load, int fd, int initrd, size_t len, uaddr_t cmdline,
       uint64_t flags)
REFUSE(bpf, int cmd, uaddr_t attr, unsigned len)
REFUSE(userfaultfd, int flags)
REFUSE(open_tree, int dirfd, uaddr_t path, unsigned flags)
REFUSE(move_mount, int from, uaddr_t from_path, int to, uaddr_t to_path,
       unsigned flags)
REFUSE(fsopen, uaddr_t type, unsigned flags)
REFUSE(fsconfig, int fd, unsigned cmd, uaddr_t key, uaddr_t value, int aux)
REFUSE(fsmount, int fd, unsigned flags, unsigned attr)
REFUSE(fspick, int dirfd, uaddr_t path, unsigned flags)
REFUSE(mount_setattr, int dirfd, uaddr_t path, unsigned flags, uaddr_t attr,
       size_t len)
#pragma GCC diagnostic pop
