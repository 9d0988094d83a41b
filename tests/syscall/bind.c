/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bind.c - bind(2) and the names of AF_UNIX sockets: paths, abstract names,
 * names that the kernel picks.
 *
 * covers: getsockname
 */
#include "check.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static struct sockaddr_un addr;

static socklen_t name(const char *text, size_t len)
{
    memset(&addr, 0x55, sizeof(addr));
    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path, text, len);
    return (socklen_t)(PATH_AT + len);
}

static int bind_to(int fd, const char *text, size_t len)
{
    socklen_t n = name(text, len);

    return bind(fd, (void *)&addr, n);
}

static int connect_to(int fd, const char *text, size_t len)
{
    socklen_t n = name(text, len);

    return connect(fd, (void *)&addr, n);
}

static socklen_t own_name(int fd)
{
    socklen_t len = sizeof(addr);

    memset(&addr, 0x55, sizeof(addr));
    CHECK_OK(getsockname(fd, (void *)&addr, &len));
    return len;
}

TEST(a_path_makes_an_inode)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct stat st;

    CHECK_EQ(own_name(fd), PATH_AT);
    CHECK_EQ(addr.sun_family, AF_UNIX);
    CHECK_OK(bind_to(fd, "first", 5));
    CHECK_EQ(own_name(fd), PATH_AT + 6); /* with the NUL */
    CHECK_STR(addr.sun_path, "first");
    CHECK_OK(stat("first", &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0755);
    CHECK_ERR(open("first", O_RDWR), ENXIO);
    CHECK_ERR(bind_to(fd, "other", 6), EINVAL);
    CHECK_ERR(stat("other", &st), ENOENT);
    CHECK_ERR(bind_to(fd, "first", 6), EADDRINUSE);
    CHECK_ERR(bind_to(fd, "none/x", 7), ENOENT);
    CHECK_ERR(bind_to(fd, "\0other", 6), EINVAL);
    close(fd);
    CHECK_OK(stat("first", &st)); /* it stays */
}

TEST(the_mask_applies)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    mode_t old = umask(077);
    struct stat st;

    CHECK_OK(bind_to(fd, "masked", 7));
    umask(old);
    CHECK_OK(stat("masked", &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0700);
    close(fd);
}

TEST(a_path_in_use)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK_ERR(bind_to(fd, "first", 6), EADDRINUSE); /* though stale */
    make_file("plain", "");
    CHECK_ERR(bind_to(fd, "plain", 6), EADDRINUSE);
    CHECK_ERR(bind_to(fd, ".", 2), EADDRINUSE);
    CHECK_ERR(bind_to(fd, "none/x", 7), ENOENT);
    CHECK_ERR(bind_to(fd, "plain/x", 8), ENOTDIR);
    CHECK_OK(unlink("first"));
    CHECK_OK(bind_to(fd, "first", 6));
    close(fd);
}

TEST(a_path_without_its_socket_refuses)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK_ERR(connect_to(fd, "first", 6), ECONNREFUSED);
    CHECK_ERR(connect_to(fd, "plain", 6), ECONNREFUSED);
    CHECK_ERR(connect_to(fd, "none", 5), ENOENT);
    CHECK_ERR(connect_to(fd, "\0none", 5), ECONNREFUSED);
    close(fd);
}

TEST(a_name_that_moves)
{
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);

    CHECK_OK(bind_to(a, "here", 5));
    CHECK_OK(rename("here", "there"));
    CHECK_ERR(connect_to(b, "here", 5), ENOENT);
    CHECK_OK(connect_to(b, "there", 6));
    CHECK_OK(link("there", "again"));
    CHECK_OK(symlink("again", "by-link"));
    CHECK_OK(connect_to(b, "by-link", 8));
    CHECK_EQ(own_name(a), PATH_AT + 5);
    CHECK_STR(addr.sun_path, "here");
    close(a);
    close(b);
}

TEST(the_longest_path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char text[108];

    memset(text, 'a', sizeof(text));
    text[0] = '.';
    text[1] = '/';
    CHECK_OK(bind_to(fd, text, sizeof(text))); /* without NUL */
    {
        char big[200];
        socklen_t len = sizeof(big);

        CHECK_OK(getsockname(fd, (void *)big, &len));
        CHECK_EQ(len, sizeof(addr) + 1);
    }
    close(fd);
}

TEST(abstract_names)
{
    int a = socket(AF_UNIX, SOCK_STREAM, 0),
        b = socket(AF_UNIX, SOCK_STREAM, 0);
    int c = socket(AF_UNIX, SOCK_DGRAM, 0);

    CHECK_OK(bind_to(a, "\0a\0b", 4));
    CHECK_EQ(own_name(a), PATH_AT + 4);
    CHECK(memcmp(addr.sun_path, "\0a\0b", 4) == 0);
    CHECK_ERR(bind_to(b, "\0a\0b", 4), EADDRINUSE);
    CHECK_OK(bind_to(b, "\0a\0c", 4));
    CHECK_OK(bind_to(c, "\0a\0b", 4)); /* another type, another name */
    close(a);
    close(b);
    a = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind_to(a, "\0a\0b", 4)); /* free again */
    close(a);
    close(c);
    a = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_OK(bind_to(a, "\0", 1)); /* an empty one is a name, too */
    CHECK_EQ(own_name(a), PATH_AT + 1);
    close(a);
}

TEST(the_kernel_picks_a_name)
{
    int a = socket(AF_UNIX, SOCK_STREAM, 0),
        b = socket(AF_UNIX, SOCK_STREAM, 0);
    char first[6];

    CHECK_OK(bind_to(a, "", 0));
    CHECK_EQ(own_name(a), PATH_AT + 6);
    CHECK_EQ(addr.sun_path[0], 0);
    CHECK_EQ(strspn(addr.sun_path + 1, "0123456789abcdef"), 5);
    memcpy(first, addr.sun_path, 6);
    CHECK_OK(bind_to(b, "", 0));
    CHECK_EQ(own_name(b), PATH_AT + 6);
    CHECK(memcmp(first, addr.sun_path, 6) != 0);
    CHECK_ERR(bind_to(a, "\0x", 2), EINVAL);
    close(a);
    close(b);
}

TEST(bad_addresses)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char big[200] = { AF_UNIX };
    socklen_t len;

    CHECK_ERR(bind(fd, bad_pointer(), 10), EFAULT);
    CHECK_ERR(bind(fd, (void *)big, 129), EINVAL);
    CHECK_ERR(bind(fd, (void *)big, -1), EINVAL);
    CHECK_ERR(bind(fd, (void *)big, 111), EINVAL);
    CHECK_ERR(bind(fd, (void *)big, 0), EINVAL);
    CHECK_ERR(bind(fd, (void *)big, 1), EINVAL);
    len = name("x", 2);
    addr.sun_family = AF_INET;
    CHECK_ERR(bind(fd, (void *)&addr, len), EINVAL);
    len = sizeof(addr);
    CHECK_ERR(getsockname(fd, bad_pointer(), &len), EFAULT);
    CHECK_ERR(getsockname(fd, (void *)&addr, bad_pointer()), EFAULT);
    len = -1;
    CHECK_ERR(getsockname(fd, (void *)&addr, &len), EINVAL);
    len = 0;
    CHECK_OK(getsockname(fd, bad_pointer(), &len));
    CHECK_EQ(len, PATH_AT);
    close(fd);
}

TEST(rights_of_the_directory_and_the_socket)
{
    int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);

    if (geteuid() != 0)
        SKIP("needs root");
    CHECK_OK(bind_to(a, "guarded", 8));
    CHECK_OK(chmod("guarded", 0555));
    CHECK_OK(mkdir("closed", 0755));
    CHECK_OK(chmod(".", 0755));
    CHECK_OK(syscall(SYS_setresuid, -1, 1000, -1));
    CHECK_ERR(connect_to(b, "guarded", 8), EACCES);
    CHECK_ERR(bind_to(b, "closed/x", 9), EACCES);
    CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
    CHECK_OK(connect_to(b, "guarded", 8));
    close(a);
    close(b);
}
