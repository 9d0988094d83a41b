/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - the same system call here and on Linux, for vfs_test.c.
 *
 * What:      BOTH(name, args...) calls sys_name() and the host's system call
 *            of that number with the same arguments and compares the results.
 *            Paths are relative: here to the root, there to a directory.
 */
#ifndef FS_ORACLE_H
#define FS_ORACLE_H

#include <errno.h>
#include <unistd.h>

#include "syscall/syscall.h"
#include "tests/unit.h"

/* Numbers come from the table itself. */
#define SYSCALL(nr, name, args, status, note) NR_##name = (nr),
#define SYSCALL_REGS(nr, name, args, status, note)
enum oracle_nr {
#include "syscall/fs.def"
    NR_COUNT
};
#undef SYSCALL
#undef SYSCALL_REGS

static inline long oracle_result(long result)
{
    return result < 0 ? -errno : result;
}

#define HOST(name, ...) oracle_result(syscall(NR_##name, __VA_ARGS__))

static unsigned oracle_step;

static inline long oracle_compare(long ours, long theirs, const char *what)
{
    if (ours != theirs) {
        unit_failures++;
        printf("# step %u: %s: %ld, on Linux %ld\n", oracle_step, what, ours,
               theirs);
    }
    return ours;
}

#define BOTH(name, ...)                                              \
    oracle_compare(sys_##name(__VA_ARGS__), HOST(name, __VA_ARGS__), \
                   #name "(" #__VA_ARGS__ ")")

#endif
