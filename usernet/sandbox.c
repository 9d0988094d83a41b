/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox.c - what is left to a process whose parser of packets the guest may
 * have broken: sockets, and reading the files that DNS needs. slirp looks at
 * /etc/resolv.conf, often a link to somewhere below /run, every second.
 */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "usernet/usernet.h"

#define NOBODY 65534u

/* In a user namespace that has no such user root is nobody special either. */
static void drop_user(void)
{
    if (geteuid() != 0)
        return;
    (void)!setgroups(0, NULL);
    (void)!setresgid(NOBODY, NOBODY, NOBODY);
    (void)!setresuid(NOBODY, NOBODY, NOBODY);
}

/* Linux 5.13; before that there is none. */
static void restrict_files(void)
{
    static const char *const readable[] = { "/etc", "/run" };
    struct landlock_ruleset_attr attr = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
    };
    int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

    if (fd < 0)
        return;
    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
            .parent_fd = open(readable[i], O_PATH | O_CLOEXEC),
        };

        if (rule.parent_fd < 0)
            continue;
        (void)!syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
                       &rule, 0);
        close(rule.parent_fd);
    }
    (void)!syscall(SYS_landlock_restrict_self, fd, 0);
    close(fd);
}

static const int allowed[] = {
    SCMP_SYS(poll),       SCMP_SYS(ppoll),         SCMP_SYS(read),
    SCMP_SYS(readv),      SCMP_SYS(recvfrom),      SCMP_SYS(recvmsg),
    SCMP_SYS(write),      SCMP_SYS(writev),        SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),    SCMP_SYS(connect),       SCMP_SYS(bind),
    SCMP_SYS(listen),     SCMP_SYS(accept),        SCMP_SYS(accept4),
    SCMP_SYS(shutdown),   SCMP_SYS(close),         SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname),   SCMP_SYS(getpeername),
    SCMP_SYS(fcntl),      SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(brk),        SCMP_SYS(munmap),        SCMP_SYS(mremap),
    SCMP_SYS(madvise),    SCMP_SYS(futex),         SCMP_SYS(getrandom),
    SCMP_SYS(newfstatat), SCMP_SYS(fstat),         SCMP_SYS(lseek),
    SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall),
};

static int add_conditional(scmp_filter_ctx ctx)
{
    static const int families[] = { AF_INET, AF_INET6 };
    static const unsigned long ioctls[] = { FIONREAD, FIONBIO };
    int err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

    if (err == 0)
        err =
            seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ,
                                     O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    for (unsigned i = 0; i < 2 && err == 0; i++)
        err = seccomp_rule_add(
            ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
    for (unsigned i = 0; i < 2 && err == 0; i++)
        err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_EQ, ioctls[i], 0));
    return err;
}

/* What is not allowed fails: a library's fallback then does without. */
static int filter_calls(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int err = ctx ? add_conditional(ctx) : -ENOMEM;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !err; i++)
        err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    if (err == 0)
        err = seccomp_load(ctx);
    if (ctx)
        seccomp_release(ctx);
    return err;
}

int sandbox_enter(void)
{
    struct rlimit none = { 0, 0 };

    drop_user();
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    restrict_files();
    return filter_calls();
}
