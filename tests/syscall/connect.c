/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect.c - connect(2), listen(2), accept(2): connections of AF_UNIX, the
 * queue in front of accept, both ends' names, the end of either side.
 *
 * covers: listen accept accept4 getpeername shutdown
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static struct sockaddr_un server = { AF_UNIX, "server" }, addr;
static const int kinds[] = { SOCK_STREAM, SOCK_SEQPACKET };

static int listener(int kind, int backlog)
{
    int fd = socket(AF_UNIX, kind, 0);

    unlink("server");
    CHECK_OK(bind(fd, (void *)&server, sizeof(server)));
    CHECK_OK(listen(fd, backlog));
    return fd;
}

static int client(int kind)
{
    int fd = socket(AF_UNIX, kind, 0);

    CHECK_OK(connect(fd, (void *)&server, sizeof(server)));
    return fd;
}

static short events(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

    poll(&p, 1, 0);
    return p.revents;
}

TEST(a_connection_and_its_names)
{
    for (int i = 0; i < 2; i++) {
        int s = listener(kinds[i], 5), c, a, on = 0;
        socklen_t len = sizeof(on);
        char buf[8] = "";

        CHECK_OK(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &on, &len));
        CHECK_EQ(on, 1);
        CHECK_EQ(events(s), 0);
        c = client(kinds[i]);
        CHECK_EQ(events(s), POLLIN);
        CHECK_EQ(write(c, "early", 5), 5); /* before accept() */
        len = sizeof(addr);
        a = accept4(s, (void *)&addr, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        CHECK_OK(a);
        CHECK_EQ(len, PATH_AT); /* the client has no name */
        CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
        CHECK_EQ(fcntl(a, F_GETFL), O_RDWR | O_NONBLOCK);
        len = sizeof(addr);
        CHECK_OK(getpeername(c, (void *)&addr, &len));
        CHECK_EQ(len, PATH_AT + 7);
        CHECK_STR(addr.sun_path, "server");
        len = sizeof(addr);
        CHECK_OK(getsockname(a, (void *)&addr, &len));
        CHECK_STR(addr.sun_path, "server");
        len = sizeof(addr);
        CHECK_OK(getpeername(a, (void *)&addr, &len));
        CHECK_EQ(len, PATH_AT);
        CHECK_EQ(read(a, buf, 8), 5);
        CHECK_STR(buf, "early");
        CHECK_ERR(read(a, buf, 8), EAGAIN);
        CHECK_ERR(connect(c, (void *)&server, sizeof(server)), EISCONN);
        CHECK_ERR(getpeername(s, (void *)&addr, &len), ENOTCONN);
        close(a);
        close(c);
        close(s);
    }
}

TEST(credentials_of_both)
{
    int s = listener(SOCK_STREAM, 1), c = client(SOCK_STREAM);
    int a = accept(s, NULL, NULL);
    struct ucred cred = { 0 };
    socklen_t len = sizeof(cred);

    CHECK_OK(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(cred.pid, getpid());
    CHECK_OK(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(cred.pid, getpid());
    CHECK_EQ(cred.uid, geteuid());
    close(a);
    close(c);
    close(s);
}

TEST(the_queue_is_bounded)
{
    int s = listener(SOCK_STREAM, 1), c[3];

    for (int i = 0; i < 3; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (i < 2)
            CHECK_OK(connect(c[i], (void *)&server, sizeof(server)));
        else
            CHECK_ERR(connect(c[i], (void *)&server, sizeof(server)), EAGAIN);
    }
    CHECK_OK(close(accept(s, NULL, NULL)));
    CHECK_OK(connect(c[2], (void *)&server, sizeof(server)));
    CHECK_OK(listen(s, 7)); /* again, with more room */
    for (int i = 0; i < 3; i++)
        close(c[i]);
    close(s);
    CHECK_ERR(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&server,
                      sizeof(server)),
              ECONNREFUSED);
}

static void *connect_when_full(void *arg)
{
    int fd = client(SOCK_STREAM); /* sleeps until accept() makes room */

    CHECK_EQ(write(fd, "q", 1), 1);
    return (void *)(long)(fd + 0 * (long)arg);
}

TEST(connect_waits_for_room)
{
    int s = listener(SOCK_STREAM, 0), first = client(SOCK_STREAM), a;
    pthread_t t;
    void *fd;
    char c = 0;

    CHECK_EQ(pthread_create(&t, NULL, connect_when_full, NULL), 0);
    usleep(20000);
    close(accept(s, NULL, NULL));
    a = accept(s, NULL, NULL);
    CHECK_EQ(read(a, &c, 1), 1);
    CHECK_EQ(c, 'q');
    CHECK_EQ(pthread_join(t, &fd), 0);
    close((int)(long)fd);
    close(a);
    close(first);
    close(s);
}

static void *accept_one(void *arg)
{
    return (void *)(long)accept(*(int *)arg, NULL, NULL);
}

TEST(accept_waits)
{
    int s = listener(SOCK_SEQPACKET, 4), c;
    pthread_t t;
    void *a;

    CHECK_EQ(pthread_create(&t, NULL, accept_one, &s), 0);
    usleep(20000);
    c = client(SOCK_SEQPACKET);
    CHECK_EQ(pthread_join(t, &a), 0);
    CHECK_OK((long)a);
    close((int)(long)a);
    close(c);
    close(s);
}

TEST(shutdown_wakes_accept)
{
    int s = listener(SOCK_STREAM, 4), fd;
    pthread_t t;
    void *a;

    CHECK_EQ(pthread_create(&t, NULL, accept_one, &s), 0);
    usleep(20000);
    CHECK_OK(shutdown(s, SHUT_RD));
    CHECK_EQ(pthread_join(t, &a), 0);
    CHECK_EQ((long)a, -1);
    CHECK_ERR(accept(s, NULL, NULL), EINVAL);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(connect(fd, (void *)&server, sizeof(server)), ECONNREFUSED);
    close(fd);
    close(s);
}

TEST(what_never_was_accepted_is_reset)
{
    int s = listener(SOCK_STREAM, 4), c = client(SOCK_STREAM);
    char byte;

    close(s);
    CHECK_EQ(events(c), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
    CHECK_ERR(read(c, &byte, 1), ECONNRESET);
    CHECK_EQ(read(c, &byte, 1), 0);
    close(c);
}

TEST(unread_bytes_reset_the_other_side)
{
    int s = listener(SOCK_STREAM, 4), c = client(SOCK_STREAM);
    int a = accept(s, NULL, NULL);
    char byte;

    CHECK_EQ(write(c, "lost", 4), 4);
    CHECK_EQ(write(a, "kept", 4), 4);
    close(a);
    CHECK_EQ(read(c, &byte, 1), 1); /* what came stays readable */
    CHECK_EQ(read(c, &byte, 1), 1);
    CHECK_EQ(read(c, &byte, 1), 1);
    CHECK_EQ(read(c, &byte, 1), 1);
    CHECK_EQ(byte, 't');
    CHECK_ERR(read(c, &byte, 1), ECONNRESET);
    CHECK_EQ(read(c, &byte, 1), 0);
    close(c);
    close(s);
}

TEST(another_type_behind_the_name)
{
    int s = listener(SOCK_STREAM, 4), fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    CHECK_ERR(connect(fd, (void *)&server, sizeof(server)), EPROTOTYPE);
    close(fd);
    fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    CHECK_ERR(connect(fd, (void *)&server, sizeof(server)), EPROTOTYPE);
    close(fd);
    close(s);
    s = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink("server");
    CHECK_OK(bind(s, (void *)&server, sizeof(server)));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(connect(fd, (void *)&server, sizeof(server)), ECONNREFUSED);
    close(fd);
    close(s);
}

TEST(who_may_not)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), two[2];
    socklen_t len = sizeof(addr);

    CHECK_ERR(listen(fd, 1), EINVAL); /* without a name */
    CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
    CHECK_ERR(accept4(fd, NULL, NULL, 1), EINVAL);
    CHECK_ERR(getpeername(fd, (void *)&addr, &len), ENOTCONN);
    CHECK_ERR(shutdown(fd, 3), EINVAL);
    CHECK_ERR(shutdown(fd, -1), EINVAL);
    CHECK_OK(shutdown(fd, SHUT_RDWR));
    close(fd);
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERR(accept(fd, NULL, NULL), EOPNOTSUPP);
    close(fd);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
    CHECK_ERR(listen(two[0], 1), EINVAL);
    CHECK_ERR(connect(two[0], (void *)&server, sizeof(server)), ECONNREFUSED);
    close(two[0]);
    close(two[1]);
    fd = listener(SOCK_STREAM, 1);
    CHECK_ERR(connect(fd, (void *)&server, sizeof(server)), EINVAL);
    CHECK_ERR(connect(fd, (void *)&server, 1), EINVAL);
    CHECK_ERR(connect(fd, bad_pointer(), 20), EFAULT);
    close(fd);
}

TEST(no_descriptor_keeps_the_connection)
{
    struct rlimit old, low;
    int s = listener(SOCK_STREAM, 4), c = client(SOCK_STREAM), a;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    low = old;
    low.rlim_cur = (rlim_t)c + 1;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &low));
    CHECK_ERR(accept(s, NULL, NULL), EMFILE);
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    a = accept(s, NULL, NULL);
    CHECK_OK(a);
    CHECK_EQ(write(c, "x", 1), 1);
    close(a);
    close(c);
    close(s);
}

TEST(bad_pointers_of_accept)
{
    int s = listener(SOCK_STREAM, 4), c = client(SOCK_STREAM);
    socklen_t len = sizeof(addr);

    CHECK_ERR(accept(s, (void *)&addr, bad_pointer()), EFAULT);
    close(c);
    c = client(SOCK_STREAM);
    CHECK_ERR(accept(s, bad_pointer(), &len), EFAULT);
    close(c);
    close(s);
}

static void on_alarm(int signo)
{
    (void)signo;
}

TEST(signals_and_time_limits)
{
    struct sigaction act = { .sa_handler = on_alarm };
    int s = listener(SOCK_STREAM, 4);
    struct timeval t = { 0, 20000 };

    CHECK_OK(sigaction(SIGUSR1, &act, NULL));
    CHECK_OK(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
    CHECK_ERR(accept(s, NULL, NULL), EAGAIN);
    CHECK_OK(fcntl(s, F_SETFL, O_NONBLOCK));
    CHECK_ERR(accept(s, NULL, NULL), EAGAIN);
    close(s);
}

/* /proc/net/unix has a line for each. */
TEST(the_list_of_sockets)
{
    int s = listener(SOCK_STREAM, 4);
    FILE *f = fopen("/proc/net/unix", "r");
    char line[300], path[200] = "";
    unsigned flags = 0, type = 0, state = 0;
    unsigned long ino = 0;
    struct stat st;
    bool found = false;

    if (!f)
        SKIP("no /proc");
    CHECK_OK(fstat(s, &st));
    CHECK(fgets(line, sizeof(line), f) != NULL);
    CHECK_STR(line,
              "Num       RefCount Protocol Flags    Type St Inode Path\n");
    while (!found && fgets(line, sizeof(line), f)) {
        path[0] = '\0';
        sscanf(line, "%*s %*x %*x %x %x %x %lu %199s", &flags, &type, &state,
               &ino, path);
        found = ino == st.st_ino;
    }
    CHECK(found);
    CHECK_EQ(flags, 0x10000);
    CHECK_EQ(type, SOCK_STREAM);
    CHECK_EQ(state, 1);
    CHECK_STR(path, "server");
    CHECK_EQ(readlink("/proc/net", path, sizeof(path)), 8);
    fclose(f);
    close(s);
}
