/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmsg.c - sendmsg(2), recvmsg(2) and their plural forms: vectors, flags,
 * descriptors and credentials that come along, sockets that go in circles.
 *
 * covers: recvmsg sendmmsg recvmmsg
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* musl's own copy what goes along into a small buffer first. */
#define sendmsg(fd, m, flags) syscall(SYS_sendmsg, fd, m, flags)
#define recvmsg(fd, m, flags) syscall(SYS_recvmsg, fd, m, flags)

static int fds[2];
static char data[64];
static struct iovec vec = { data, sizeof(data) };
static union {
    char bytes[2048];
    struct cmsghdr align;
} control;

static void make(int type)
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
}

static void done(void)
{
    close(fds[0]);
    close(fds[1]);
}

static struct msghdr message(size_t control_len)
{
    vec = (struct iovec){ data, sizeof(data) };
    return (struct msghdr){ .msg_iov = &vec,
                            .msg_iovlen = 1,
                            .msg_control = control_len ? &control : NULL,
                            .msg_controllen = control_len };
}

/* Send one byte and count descriptors; the last of `list` may be bad. */
static long send_fds(int fd, const int *list, unsigned count, char byte)
{
    struct msghdr m = message(CMSG_SPACE(count * sizeof(int)));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(count * sizeof(int)),
                           .cmsg_level = SOL_SOCKET,
                           .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(c), list, count * sizeof(int));
    data[0] = byte;
    vec.iov_len = 1;
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

static int flags_seen;

/* Descriptors that came, into list; -1: recvmsg failed. */
static int receive_fds(int fd, int *list, size_t room, int flags)
{
    struct msghdr m = message(room);
    struct cmsghdr *c;
    int count = 0;

    if (recvmsg(fd, &m, flags) < 0)
        return -1;
    flags_seen = m.msg_flags;
    c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS) {
        count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(list, CMSG_DATA(c), (size_t)count * sizeof(int));
    }
    return count;
}

static int open_count(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

TEST(vectors_and_flags)
{
    struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 } };
    struct msghdr m = { .msg_iov = out, .msg_iovlen = 3 };
    char a[3] = "", b[3] = "";
    struct iovec in[2] = { { a, 2 }, { b, 2 } };

    make(SOCK_SEQPACKET);
    CHECK_EQ(sendmsg(fds[0], &m, MSG_EOR), 6);
    m = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2, .msg_flags = -1 };
    CHECK_EQ(recvmsg(fds[1], &m, 0), 4);
    CHECK_EQ(m.msg_flags, MSG_TRUNC);
    CHECK_STR(a, "ab");
    CHECK_STR(b, "cd");
    CHECK_EQ(m.msg_controllen, 0);
    done();
}

TEST(a_descriptor_comes_along)
{
    struct stat one, two;
    int list[4], fd = open(".", O_RDONLY | O_DIRECTORY);

    for (int i = 0; i < 3; i++) {
        static const int kinds[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

        make(kinds[i]);
        CHECK_EQ(send_fds(fds[0], &fd, 1, 'q'), 1);
        CHECK_EQ(receive_fds(fds[1], list, sizeof(control), 0), 1);
        CHECK_EQ(data[0], 'q');
        CHECK_EQ(flags_seen, 0);
        CHECK(list[0] != fd);
        CHECK_EQ(fcntl(list[0], F_GETFD), 0);
        CHECK_OK(fstat(fd, &one));
        CHECK_OK(fstat(list[0], &two));
        CHECK_EQ(one.st_ino, two.st_ino);
        close(list[0]);
        CHECK_EQ(send_fds(fds[0], &fd, 1, 'q'), 1);
        CHECK_EQ(receive_fds(fds[1], list, sizeof(control), MSG_CMSG_CLOEXEC),
                 1);
        CHECK_EQ(flags_seen, MSG_CMSG_CLOEXEC);
        CHECK_EQ(fcntl(list[0], F_GETFD), FD_CLOEXEC);
        close(list[0]);
        done();
    }
    close(fd);
}

TEST(not_all_fit)
{
    int list[8], send[3] = { 0, 1, 2 }, before;

    make(SOCK_STREAM);
    before = open_count();
    CHECK_EQ(send_fds(fds[0], send, 3, 'a'), 1);
    CHECK_EQ(receive_fds(fds[1], list, CMSG_LEN(2 * sizeof(int)), 0), 2);
    CHECK_EQ(flags_seen, MSG_CTRUNC);
    close(list[0]);
    close(list[1]);
    CHECK_EQ(send_fds(fds[0], send, 3, 'a'), 1);
    CHECK_EQ(receive_fds(fds[1], list, CMSG_LEN(0), 0), 0);
    CHECK_EQ(flags_seen, MSG_CTRUNC);
    CHECK_EQ(send_fds(fds[0], send, 3, 'a'), 1);
    CHECK_EQ(receive_fds(fds[1], list, 0, 0), 0);
    CHECK_EQ(flags_seen, MSG_CTRUNC);
    CHECK_EQ(send_fds(fds[0], send, 3, 'a'), 1);
    CHECK_EQ(read(fds[1], data, 1), 1); /* the files are dropped */
    CHECK_EQ(open_count(), before);
    done();
}

TEST(a_fault_where_they_should_go)
{
    struct msghdr m;
    int send[2] = { 0, 1 }, before;

    make(SOCK_STREAM);
    before = open_count();
    CHECK_EQ(send_fds(fds[0], send, 2, 'a'), 1);
    m = message(64);
    m.msg_control = bad_pointer();
    CHECK_EQ(recvmsg(fds[1], &m, 0), 1);
    CHECK_EQ(m.msg_flags, MSG_CTRUNC);
    CHECK_EQ(m.msg_controllen, 0);
    CHECK_EQ(open_count(), before);
    done();
}

TEST(no_room_for_descriptors)
{
    int list[8], send[2] = { 0, 1 }, top;
    struct rlimit old, low;

    make(SOCK_STREAM);
    top = dup(0);
    close(top);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    low = old;
    low.rlim_cur = (rlim_t)top + 1;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &low));
    CHECK_EQ(send_fds(fds[0], send, 2, 'a'), 1);
    CHECK_EQ(receive_fds(fds[1], list, sizeof(control), 0), 1);
    CHECK_EQ(flags_seen, MSG_CTRUNC);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    close(list[0]);
    done();
}

TEST(descriptors_end_a_stream_read)
{
    int list[4], fd = 0;

    make(SOCK_STREAM);
    CHECK_EQ(write(fds[0], "before", 6), 6);
    CHECK_EQ(send_fds(fds[0], &fd, 1, '!'), 1);
    CHECK_EQ(write(fds[0], "after", 5), 5);
    CHECK_EQ(receive_fds(fds[1], list, sizeof(control), MSG_PEEK), 1);
    close(list[0]);
    CHECK_EQ(receive_fds(fds[1], list, sizeof(control), 0), 1);
    CHECK(memcmp(data, "before!", 7) == 0);
    close(list[0]);
    CHECK_EQ(recv(fds[1], data, 64, 0), 5);
    CHECK(memcmp(data, "after", 5) == 0);
    done();
}

TEST(bad_descriptors)
{
    int list[4] = { 0, 999, 1, 2 }, many[254] = { 0 };

    make(SOCK_STREAM);
    CHECK_ERR(send_fds(fds[0], list, 2, 'x'), EBADF);
    list[1] = -1;
    CHECK_ERR(send_fds(fds[0], list, 2, 'x'), EBADF);
    CHECK_ERR(send_fds(fds[0], many, 254, 'x'), EINVAL);
    CHECK_EQ(send_fds(fds[0], many, 253, 'x'), 1);
    CHECK_EQ(recv(fds[1], data, 8, 0), 1);
    CHECK_ERR(recv(fds[1], data, 8, MSG_DONTWAIT), EAGAIN);
    done();
}

TEST(bad_control)
{
    struct msghdr m = message(sizeof(control));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    make(SOCK_STREAM);
    memset(&control, 0, sizeof(control));
    CHECK_ERR(sendmsg(fds[0], &m, 0), EINVAL); /* shorter than its header */
    *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4),
                           .cmsg_level = SOL_SOCKET,
                           .cmsg_type = 77 };
    m.msg_controllen = CMSG_SPACE(4);
    CHECK_ERR(sendmsg(fds[0], &m, 0), EINVAL); /* of no known type */
    c->cmsg_len = CMSG_LEN(100);
    CHECK_ERR(sendmsg(fds[0], &m, 0), EINVAL); /* longer than there is */
    c->cmsg_len = CMSG_LEN(4);
    c->cmsg_level = 6;
    vec.iov_len = 3;
    CHECK_EQ(sendmsg(fds[0], &m, 0), 3); /* another level's: not ours */
    m.msg_controllen = 1u << 31;
    CHECK_ERR(sendmsg(fds[0], &m, 0), ENOBUFS);
    m.msg_control = bad_pointer();
    m.msg_controllen = 100;
    CHECK_ERR(sendmsg(fds[0], &m, 0), EFAULT);
    done();
}

TEST(credentials)
{
    int on = 1;
    struct msghdr m;
    struct cmsghdr *c;
    struct ucred cred;

    make(SOCK_STREAM);
    CHECK_EQ(write(fds[0], "a", 1), 1); /* before anybody wanted them */
    CHECK_OK(setsockopt(fds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    CHECK_EQ(write(fds[0], "b", 1), 1);
    for (int i = 0; i < 2; i++) {
        m = message(sizeof(control));
        CHECK_EQ(recvmsg(fds[1], &m, 0), 1); /* never both at once */
        CHECK_EQ(data[0], 'a' + i);
        CHECK_EQ(m.msg_controllen, CMSG_SPACE(sizeof(cred)));
        c = CMSG_FIRSTHDR(&m);
        CHECK_EQ(c->cmsg_type, SCM_CREDENTIALS);
        CHECK_EQ(c->cmsg_len, CMSG_LEN(sizeof(cred)));
        memcpy(&cred, CMSG_DATA(c), sizeof(cred));
        CHECK_EQ(cred.pid, i ? getpid() : 0);
        CHECK_EQ(cred.uid, i ? geteuid() : 65534);
        CHECK_EQ(cred.gid, i ? getegid() : 65534);
    }
    CHECK_EQ(write(fds[0], "c", 1), 1);
    m = message(0);
    CHECK_EQ(recvmsg(fds[1], &m, 0), 1);
    CHECK_EQ(m.msg_flags, MSG_CTRUNC);
    done();
}

static long send_cred(pid_t pid, uid_t uid)
{
    struct ucred cred = { pid, uid, getegid() };
    struct msghdr m = message(CMSG_SPACE(sizeof(cred)));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(cred)),
                           .cmsg_level = SOL_SOCKET,
                           .cmsg_type = SCM_CREDENTIALS };
    memcpy(CMSG_DATA(c), &cred, sizeof(cred));
    vec.iov_len = 1;
    return sendmsg(fds[0], &m, 0);
}

TEST(credentials_by_hand)
{
    int on = 1;

    make(SOCK_DGRAM);
    CHECK_OK(setsockopt(fds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    CHECK_EQ(send_cred(getpid(), geteuid()), 1);
    CHECK_ERR(send_cred(getpid(), -1), EINVAL);
    if (geteuid() == 0) {
        CHECK_EQ(send_cred(getpid(), 12345), 1);
        CHECK_ERR(send_cred(4000000, 0), ESRCH);
        CHECK_OK(syscall(SYS_setresuid, -1, 1000, -1));
        CHECK_ERR(send_cred(getpid(), 12345), EPERM);
        CHECK_ERR(send_cred(4000000, 1000), EPERM);
        CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
    }
    done();
}

TEST(a_name_in_the_header)
{
    struct sockaddr_un name = { AF_UNIX, "named" }, got;
    struct msghdr m = message(0);

    fds[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
    fds[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_OK(bind(fds[1], (void *)&name, sizeof(name)));
    m.msg_name = &name;
    m.msg_namelen = sizeof(name);
    CHECK_EQ(sendmsg(fds[1], &m, 0), 64);
    CHECK_EQ(sendmsg(fds[0], &m, 0), 64);
    m.msg_name = &got;
    m.msg_namelen = sizeof(got);
    CHECK_EQ(recvmsg(fds[1], &m, 0), 64);
    CHECK_EQ(m.msg_namelen, offsetof(struct sockaddr_un, sun_path) + 6);
    CHECK_STR(got.sun_path, "named");
    m.msg_namelen = sizeof(got);
    CHECK_EQ(recvmsg(fds[1], &m, 0), 64);
    CHECK_EQ(m.msg_namelen, 0);
    done();
}

TEST(a_socket_sent_over_itself)
{
    int before = open_count();

    for (int i = 0; i < 200; i++) {
        make(SOCK_DGRAM);
        CHECK_EQ(send_fds(fds[0], &fds[1], 1, 'x'), 1);
        CHECK_EQ(send_fds(fds[1], &fds[0], 1, 'x'), 1);
        CHECK_EQ(send_fds(fds[0], fds, 2, 'x'), 1);
        done();
    }
    CHECK_EQ(open_count(), before);
}

/* Whether the file that travelled in a circle was let go: the other end of
 * its pipe sees the end. */
TEST(circles_are_found)
{
    int p[2];
    char c;

    CHECK_OK(pipe2(p, O_NONBLOCK));
    make(SOCK_STREAM);
    CHECK_EQ(send_fds(fds[0], &p[1], 1, 'p'), 1);
    CHECK_EQ(send_fds(fds[0], &fds[1], 1, 's'), 1);
    close(p[1]);
    close(fds[0]);
    CHECK_ERR(read(p[0], &c, 1), EAGAIN);
    close(fds[1]); /* now it is in its own queue only */
    for (int i = 0; i < 200 && read(p[0], &c, 1) != 0; i++) {
        make(SOCK_STREAM); /* another's end starts the search */
        done();
        usleep(1000);
    }
    CHECK_EQ(read(p[0], &c, 1), 0);
    close(p[0]);
}

TEST(long_chains_end_without_harm)
{
    int last = -1, pair[2];

    for (int i = 0; i < 2000; i++) {
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
            break;
        if (last >= 0) {
            if (send_fds(pair[0], &last, 1, 'c') < 0) /* Linux: depth 4 */
                break;
            close(last);
        }
        close(pair[0]);
        last = pair[1];
    }
    close(last);
}

TEST(what_lies_in_the_queue_of_a_listener)
{
    struct sockaddr_un name = { AF_UNIX, "lounge" };
    int s = socket(AF_UNIX, SOCK_STREAM, 0),
        c = socket(AF_UNIX, SOCK_STREAM, 0);
    int a, list[2];

    CHECK_OK(bind(s, (void *)&name, sizeof(name)));
    CHECK_OK(listen(s, 1));
    CHECK_OK(connect(c, (void *)&name, sizeof(name)));
    make(SOCK_STREAM);
    CHECK_EQ(send_fds(c, fds, 1, 'x'), 1);
    CHECK_EQ(write(fds[1], "y", 1), 1);
    done();
    make(SOCK_STREAM);
    done(); /* a search, which must not find it */
    a = accept(s, NULL, NULL);
    CHECK_EQ(receive_fds(a, list, sizeof(control), 0), 1);
    CHECK_EQ(read(list[0], data, 1), 1);
    CHECK_EQ(data[0], 'y');
    close(list[0]);
    close(a);
    close(c);
    close(s);
}

TEST(several_at_once)
{
    struct iovec out[3] = { { "a", 1 }, { "bc", 2 }, { "def", 3 } };
    struct mmsghdr m[4] = { 0 };
    char buf[4][8] = { { 0 } };
    struct iovec in[4];
    struct timespec limit = { 5, 0 };

    make(SOCK_DGRAM);
    for (int i = 0; i < 3; i++) {
        m[i].msg_hdr.msg_iov = &out[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    CHECK_EQ(sendmmsg(fds[0], m, 3, 0), 3);
    CHECK_EQ(m[0].msg_len, 1);
    CHECK_EQ(m[2].msg_len, 3);
    for (int i = 0; i < 4; i++) {
        in[i] = (struct iovec){ buf[i], 8 };
        m[i].msg_hdr.msg_iov = &in[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    CHECK_EQ(recvmmsg(fds[1], m, 2, 0, NULL), 2);
    CHECK_STR(buf[1], "bc");
    CHECK_EQ(recvmmsg(fds[1], m, 4, MSG_WAITFORONE, &limit), 1);
    CHECK_EQ(m[0].msg_len, 3);
    CHECK_STR(buf[0], "def");
    CHECK(limit.tv_sec < 5);
    CHECK_ERR(recvmmsg(fds[1], m, 4, MSG_DONTWAIT, NULL), EAGAIN);
    limit.tv_nsec = -1;
    CHECK_ERR(recvmmsg(fds[1], m, 4, 0, &limit), EINVAL);
    CHECK_EQ(sendmmsg(fds[0], m, 0, 0), 0);
    done();
}

TEST(the_first_error_counts)
{
    struct iovec out = { "a", 1 };
    struct mmsghdr m[2] = { 0 };

    make(SOCK_DGRAM);
    m[0].msg_hdr.msg_iov = &out;
    m[0].msg_hdr.msg_iovlen = 1;
    m[1].msg_hdr.msg_iov = bad_pointer();
    m[1].msg_hdr.msg_iovlen = 1;
    CHECK_EQ(sendmmsg(fds[0], m, 2, 0), 1);
    CHECK_ERR(sendmmsg(fds[0], m + 1, 1, 0), EFAULT);
    done();
}

TEST(bad_headers)
{
    struct msghdr m = message(0);

    make(SOCK_DGRAM);
    CHECK_ERR(sendmsg(fds[0], bad_pointer(), 0), EFAULT);
    CHECK_ERR(recvmsg(fds[0], bad_pointer(), 0), EFAULT);
    m.msg_iovlen = 1025;
    CHECK_ERR(sendmsg(fds[0], &m, 0), EMSGSIZE);
    m.msg_iovlen = 1;
    m.msg_name = data;
    m.msg_namelen = -1;
    CHECK_ERR(sendmsg(fds[0], &m, 0), EINVAL);
    m = message(0);
    m.msg_iov = bad_pointer();
    CHECK_ERR(sendmsg(fds[0], &m, 0), EFAULT);
    m = message(0);
    vec.iov_base = bad_pointer();
    CHECK_ERR(sendmsg(fds[0], &m, 0), EFAULT);
    done();
}
