/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capset.c - rights are capabilities: what becomes of them when the user id
 * changes, and that nothing else counts.
 *
 * covers: capget prctl setresuid setreuid setuid setgroups bind
 */
#include "check.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define SOMEBODY 1000
#define BIT(n)   (1ull << (n))

struct caps {
    uint64_t effective, permitted;
};

static struct caps caps_get(void)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2] = { 0 };

    CHECK_OK(syscall(SYS_capget, &h, d));
    return (struct caps){ d[0].effective | (uint64_t)d[1].effective << 32,
                          d[0].permitted | (uint64_t)d[1].permitted << 32 };
}

static long caps_set(struct caps c)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2] = {
        { .effective = (uint32_t)c.effective,
          .permitted = (uint32_t)c.permitted },
        { .effective = (uint32_t)(c.effective >> 32),
          .permitted = (uint32_t)(c.permitted >> 32) },
    };

    return syscall(SYS_capset, &h, d);
}

/* As bind() answers for a port below 1024 that is free, or EACCES. */
static int privileged_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0), err = EADDRINUSE;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (uint16_t port = 700; port < 720 && err == EADDRINUSE; port++) {
        a.sin_port = htons(port);
        err = bind(fd, (void *)&a, sizeof(a)) == 0 ? 0 : errno;
    }
    CHECK_OK(close(fd));
    return err;
}

/* Whether one may become SOMEBODY and root again. */
static bool may_change(void)
{
    if (geteuid() != 0 || syscall(SYS_setresuid, -1, SOMEBODY, -1) != 0)
        return false;
    return syscall(SYS_setresuid, -1, 0, -1) == 0;
}

TEST(the_effective_user_has_the_effective_ones)
{
    struct caps before = caps_get(), now;

    if (!may_change())
        SKIP("only root may");
    CHECK_EQ(privileged_port(), 0);
    CHECK_OK(syscall(SYS_setresuid, -1, SOMEBODY, -1));
    now = caps_get();
    CHECK_EQ(now.effective, 0);
    CHECK_EQ(now.permitted, before.permitted);
    CHECK_EQ(privileged_port(), EACCES);
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);

    /* Whom they are permitted takes them back, and is nobody else for it. */
    now.effective = BIT(CAP_NET_BIND_SERVICE);
    CHECK_OK(caps_set(now));
    CHECK_EQ(geteuid(), SOMEBODY);
    CHECK_EQ(privileged_port(), 0);
    CHECK_ERR(syscall(SYS_setgroups, 0, NULL), EPERM);
    CHECK_OK(syscall(SYS_setresuid, -1, 0, -1)); /* the saved one */
    CHECK_EQ(caps_get().effective, before.permitted);
    CHECK_EQ(privileged_port(), 0);
}

TEST(root_without_them_may_nothing)
{
    struct caps before = caps_get(), now = before;

    if (!may_change())
        SKIP("only root may");
    now.effective &= ~(BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SETPCAP));
    CHECK_OK(caps_set(now));
    CHECK_EQ(privileged_port(), EACCES);
    CHECK_ERR(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS), EPERM);
    now.effective |= BIT(CAP_NET_BIND_SERVICE);
    CHECK_OK(caps_set(now));
    CHECK_EQ(privileged_port(), 0);
    CHECK_OK(caps_set(before));
}

TEST(an_interface_is_left_by_right)
{
    struct caps before = caps_get(), now = before;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (!may_change())
        SKIP("only root may");
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
    now.effective &= ~BIT(CAP_NET_RAW);
    CHECK_OK(caps_set(now));
    CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), EPERM);
    CHECK_OK(caps_set(before));
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    CHECK_OK(close(fd));
}

TEST(no_fixup)
{
    struct caps before = caps_get(), now;

    if (!may_change())
        SKIP("only root may");
    CHECK_OK(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
    CHECK_OK(syscall(SYS_setresuid, -1, SOMEBODY, -1));
    now = caps_get();
    CHECK_EQ(now.effective, before.effective);
    CHECK_EQ(privileged_port(), 0);
    CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
    CHECK_OK(prctl(PR_SET_SECUREBITS, 0));
}

/* As servers do that start as root and want to keep little of it. */
TEST(kept_over_a_change_of_user)
{
    struct caps before = caps_get(), now;

    if (!may_change())
        SKIP("only root may");
    CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
    CHECK_EQ(prctl(PR_GET_SECUREBITS) & SECBIT_KEEP_CAPS, SECBIT_KEEP_CAPS);
    CHECK_OK(syscall(SYS_setreuid, SOMEBODY, SOMEBODY));
    now = caps_get();
    CHECK_EQ(now.permitted, before.permitted);
    CHECK_EQ(now.effective, 0);
    CHECK_ERR(syscall(SYS_setuid, 0), EPERM);

    now.permitted = BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SETUID);
    now.effective = BIT(CAP_NET_BIND_SERVICE);
    CHECK_OK(caps_set(now));
    CHECK_EQ(privileged_port(), 0);
    CHECK_ERR(syscall(SYS_setuid, 0), EPERM);
    CHECK_ERR(caps_set(before), EPERM); /* more than is permitted */
    now.effective = BIT(CAP_SETUID);
    CHECK_OK(caps_set(now));
    CHECK_EQ(privileged_port(), EACCES);

    /* From no id of root's to all: what was permitted, no more. */
    CHECK_OK(syscall(SYS_setresuid, 0, 0, 0));
    CHECK_EQ(caps_get().permitted, now.permitted);
    CHECK_EQ(caps_get().effective, now.permitted);
    CHECK_EQ(privileged_port(), 0);
}

/* The last one: there is no way back. */
TEST(nothing_is_kept)
{
    struct caps now;

    if (!may_change())
        SKIP("only root may");
    CHECK_OK(prctl(PR_SET_KEEPCAPS, 0));
    CHECK_OK(syscall(SYS_setresuid, SOMEBODY, SOMEBODY, SOMEBODY));
    now = caps_get();
    CHECK_EQ(now.permitted, 0);
    CHECK_EQ(now.effective, 0);
    now.effective = now.permitted = BIT(CAP_SETUID);
    CHECK_ERR(caps_set(now), EPERM);
    CHECK_ERR(syscall(SYS_setresuid, 0, 0, 0), EPERM);
    CHECK_EQ(privileged_port(), EACCES);
}
