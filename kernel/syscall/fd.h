/* SPDX-License-Identifier: BSD-2-Clause */
/* fd.h - handing a new file to the program, for kernel/syscall. */
#ifndef SYSCALL_FD_H
#define SYSCALL_FD_H

#include "fs/file.h"

/* The lowest descriptor for f, whose reference is taken over in any case. */
static inline long fd_give(struct file *f, bool cloexec)
{
    int fd = fd_install_take(f, 0, cloexec);

    if (fd < 0)
        file_put(f);
    return fd;
}

#endif
