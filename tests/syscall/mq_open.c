/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mq_open.c - POSIX message queues.
 *
 * covers: mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Calls of our own: the C library's headers and ours agree on these, and musl
 * has no mq_notify() without threads. */
struct attr {
    long flags, maxmsg, msgsize, curmsgs, reserved[4];
};

static char name[40]; /* of this run's own queue */

__attribute__((constructor)) static void name_make(void)
{
    snprintf(name, sizeof(name), "samara-test-%d", (int)getpid());
}

static int q_open(const char *path, int flags, int mode, const struct attr *a)
{
    return (int)syscall(SYS_mq_open, path, flags, mode, a);
}

static long q_send(int q, const char *text, size_t len, unsigned prio,
                   const struct timespec *t)
{
    return syscall(SYS_mq_timedsend, q, text, len, prio, t);
}

static long q_receive(int q, char *buf, size_t len, unsigned *prio,
                      const struct timespec *t)
{
    return syscall(SYS_mq_timedreceive, q, buf, len, prio, t);
}

static int make(long maxmsg, long msgsize, int flags)
{
    struct attr a = { .maxmsg = maxmsg, .msgsize = msgsize };
    int q;

    syscall(SYS_mq_unlink, name);
    q = q_open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0600, &a);
    CHECK_OK(q);
    return q;
}

static void drop(int q)
{
    close(q);
    CHECK_OK(syscall(SYS_mq_unlink, name));
}

static struct attr attr_of(int q)
{
    struct attr a = { 0 };

    CHECK_OK(syscall(SYS_mq_getsetattr, q, NULL, &a));
    return a;
}

TEST(names)
{
    char longest[300];
    struct attr a;
    int q, q2;

    syscall(SYS_mq_unlink, name);
    CHECK_ERR(q_open(name, O_RDWR, 0, NULL), ENOENT);
    q = q_open(name, O_CREAT | O_RDWR, 0640, NULL);
    CHECK_OK(q);
    CHECK_EQ(fcntl(q, F_GETFD), FD_CLOEXEC);
    a = attr_of(q);
    CHECK_EQ(a.flags, 0);
    CHECK_EQ(a.maxmsg, 10);
    CHECK_EQ(a.msgsize, 8192);
    CHECK_EQ(a.curmsgs, 0);
    CHECK_ERR(q_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL), EEXIST);
    q2 = q_open(name, O_RDONLY | O_NONBLOCK, 0, NULL);
    CHECK_OK(q2);
    CHECK_EQ(attr_of(q2).flags, O_NONBLOCK);
    CHECK_EQ(attr_of(q).flags, 0);
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    CHECK_EQ(attr_of(q2).curmsgs, 1);
    CHECK_OK(syscall(SYS_mq_unlink, name));
    CHECK_ERR(syscall(SYS_mq_unlink, name), ENOENT);
    CHECK_ERR(q_open(name, O_RDWR, 0, NULL), ENOENT);
    CHECK_EQ(attr_of(q2).curmsgs, 1); /* it lives while it is open */
    close(q);
    close(q2);
    CHECK_ERR(q_open("", O_CREAT | O_RDWR, 0600, NULL), ENOENT);
    CHECK_ERR(q_open("a/b", O_CREAT | O_RDWR, 0600, NULL), EACCES);
    CHECK_ERR(q_open(bad_pointer(), O_RDWR, 0, NULL), EFAULT);
    memset(longest, 'n', sizeof(longest));
    longest[256] = 0;
    CHECK_ERR(q_open(longest, O_CREAT | O_RDWR, 0600, NULL), ENAMETOOLONG);
    longest[255] = 0;
    q = q_open(longest, O_CREAT | O_RDWR, 0600, NULL);
    CHECK_OK(q);
    close(q);
    CHECK_OK(syscall(SYS_mq_unlink, longest));
}

TEST(attributes_are_checked)
{
    struct attr a = { .maxmsg = 0, .msgsize = 10 };
    struct rlimit r;

    syscall(SYS_mq_unlink, name);
    CHECK_ERR(q_open(name, O_CREAT | O_RDWR, 0600, &a), EINVAL);
    a.maxmsg = -1;
    CHECK_ERR(q_open(name, O_CREAT | O_RDWR, 0600, &a), EINVAL);
    a.maxmsg = 65537;
    CHECK_ERR(q_open(name, O_CREAT | O_RDWR, 0600, &a), EINVAL);
    a.maxmsg = 10;
    a.msgsize = 16 * 1024 * 1024 + 1;
    CHECK_ERR(q_open(name, O_CREAT | O_RDWR, 0600, &a), EINVAL);
    CHECK_OK(getrlimit(RLIMIT_MSGQUEUE, &r));
    r.rlim_cur = 80000; /* less than the usual queue takes */
    CHECK_OK(setrlimit(RLIMIT_MSGQUEUE, &r));
    CHECK_ERR(q_open(name, O_CREAT | O_RDWR, 0600, NULL), EMFILE);
    r.rlim_cur = r.rlim_max;
    CHECK_OK(setrlimit(RLIMIT_MSGQUEUE, &r));
    CHECK_ERR(q_open(name, O_CREAT | O_RDWR, 0600, bad_pointer()), EFAULT);
    CHECK_ERR(q_open(name, O_RDWR, 0600, NULL), ENOENT);
}

TEST(priorities)
{
    int q = make(8, 16, 0);
    char buf[17] = { 0 };
    unsigned prio = 99;

    CHECK_OK(q_send(q, "low", 4, 1, NULL));
    CHECK_OK(q_send(q, "high", 5, 32767, NULL));
    CHECK_OK(q_send(q, "mid1", 5, 7, NULL));
    CHECK_OK(q_send(q, "mid2", 5, 7, NULL));
    CHECK_EQ(q_receive(q, buf, 16, &prio, NULL), 5);
    CHECK_STR(buf, "high");
    CHECK_EQ(prio, 32767);
    CHECK_EQ(q_receive(q, buf, 16, &prio, NULL), 5);
    CHECK_STR(buf, "mid1");
    CHECK_EQ(q_receive(q, buf, 16, NULL, NULL), 5);
    CHECK_STR(buf, "mid2");
    CHECK_EQ(q_receive(q, buf, 16, &prio, NULL), 4);
    CHECK_EQ(prio, 1);
    drop(q);
}

TEST(wrong_arguments)
{
    int q = make(2, 16, O_NONBLOCK), in, out;
    struct timespec bad = { 0, -1 };
    struct attr a = { .flags = O_APPEND };
    char buf[32];

    CHECK_ERR(q_send(q, "x", 1, 32768, NULL), EINVAL);
    CHECK_ERR(q_send(q, buf, 17, 0, NULL), EMSGSIZE);
    CHECK_ERR(q_send(q, bad_pointer(), 1, 0, NULL), EFAULT);
    CHECK_ERR(q_send(q, "x", 1, 0, &bad), EINVAL);
    CHECK_ERR(q_send(q, "x", 1, 0, bad_pointer()), EFAULT);
    CHECK_ERR(q_send(-1, "x", 1, 0, NULL), EBADF);
    CHECK_ERR(q_send(0, "x", 1, 0, NULL), EBADF);
    CHECK_ERR(q_receive(q, buf, 16, NULL, NULL), EAGAIN);
    CHECK_ERR(q_receive(q, buf, 15, NULL, NULL), EMSGSIZE);
    CHECK_OK(q_send(q, "", 0, 0, NULL));
    CHECK_EQ(q_receive(q, buf, 16, NULL, NULL), 0);
    in = q_open(name, O_RDONLY, 0, NULL);
    out = q_open(name, O_WRONLY, 0, NULL);
    CHECK_ERR(q_send(in, "x", 1, 0, NULL), EBADF);
    CHECK_ERR(q_receive(out, buf, 16, NULL, NULL), EBADF);
    CHECK_OK(q_send(out, "x", 1, 0, NULL));
    CHECK_EQ(q_receive(in, buf, 16, NULL, NULL), 1);
    CHECK_OK(q_send(q, "1", 1, 0, NULL));
    CHECK_OK(q_send(q, "2", 1, 0, NULL));
    CHECK_ERR(q_send(q, "3", 1, 0, NULL), EAGAIN);
    CHECK_ERR(syscall(SYS_mq_getsetattr, 0, NULL, &a), EBADF);
    CHECK_ERR(syscall(SYS_mq_getsetattr, q, &a, NULL), EINVAL);
    a.flags = 0;
    CHECK_OK(syscall(SYS_mq_getsetattr, q, &a, &a));
    CHECK_EQ(a.flags, O_NONBLOCK);
    CHECK_EQ(a.curmsgs, 2);
    CHECK_EQ(fcntl(q, F_GETFL) & O_NONBLOCK, 0);
    close(in);
    close(out);
    drop(q);
}

TEST(another_user_has_no_right)
{
    int q = make(2, 16, 0);

    if (geteuid() == 0) {
        CHECK_OK(syscall(SYS_setresuid, -1, 12345, -1));
        CHECK_ERR(q_open(name, O_RDONLY, 0, NULL), EACCES);
        CHECK_ERR(syscall(SYS_mq_unlink, name), EPERM);
        CHECK_OK(syscall(SYS_setresuid, -1, 0, -1));
    }
    drop(q);
}

static struct timespec soon(int64_t ns)
{
    int64_t t = now_ns(CLOCK_REALTIME) + ns;

    return (struct timespec){ t / 1000000000, t % 1000000000 };
}

TEST(time_outs)
{
    int q = make(1, 16, 0);
    struct timespec t = soon(20000000);
    char buf[16];

    CHECK_ERR(q_receive(q, buf, 16, NULL, &t), ETIMEDOUT);
    CHECK(now_ns(CLOCK_REALTIME) >= t.tv_sec * 1000000000ll + t.tv_nsec);
    CHECK_ERR(q_receive(q, buf, 16, NULL, &t), ETIMEDOUT); /* it is over */
    CHECK_OK(q_send(q, "x", 1, 0, &t));                    /* no need to wait */
    t = soon(20000000);
    CHECK_ERR(q_send(q, "x", 1, 0, &t), ETIMEDOUT);
    drop(q);
}

static volatile long result;
static int shared;
static char got[17];

static void *receives(void *arg)
{
    (void)arg;
    result = q_receive(shared, got, 16, NULL, NULL);
    return NULL;
}

static void *sends(void *arg)
{
    result = q_send(shared, arg, 16, 3, NULL);
    return NULL;
}

TEST(sleeping)
{
    int q = shared = make(1, 16, 0);
    char buf[16];
    pthread_t id;

    result = -1;
    pthread_create(&id, NULL, receives, NULL);
    usleep(20000);
    CHECK_OK(q_send(q, "for the sleeper", 16, 0, NULL));
    pthread_join(id, NULL);
    CHECK_EQ(result, 16);
    CHECK_STR(got, "for the sleeper");
    CHECK_OK(q_send(q, "first", 6, 0, NULL));
    result = -1;
    pthread_create(&id, NULL, sends, "has to wait....");
    usleep(20000);
    CHECK_EQ(q_receive(q, buf, 16, NULL, NULL), 6);
    pthread_join(id, NULL);
    CHECK_EQ(result, 0);
    CHECK_EQ(attr_of(q).curmsgs, 1);
    CHECK_EQ(q_receive(q, buf, 16, NULL, NULL), 16);
    CHECK_STR(buf, "has to wait....");
    drop(q);
}

TEST(polling)
{
    int q = make(1, 16, 0);
    struct pollfd p = { .fd = q, .events = POLLIN | POLLOUT };
    char buf[16];

    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN);
    CHECK_EQ(q_receive(q, buf, 16, NULL, NULL), 1);
    drop(q);
}

static volatile int signals, code, value, sender;

static void on_message(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    signals++;
    code = info->si_code;
    value = info->si_value.sival_int;
    sender = info->si_pid;
}

static long notify(int q, int how, int signo)
{
    struct sigevent e = { .sigev_notify = how, .sigev_signo = signo };

    e.sigev_value.sival_int = 4711;
    return syscall(SYS_mq_notify, q, &e);
}

TEST(notification)
{
    struct sigaction sa = { .sa_sigaction = on_message,
                            .sa_flags = SA_SIGINFO };
    int q = make(4, 16, O_NONBLOCK), q2;
    char buf[16];

    sigaction(SIGUSR1, &sa, NULL);
    CHECK_OK(notify(q, SIGEV_SIGNAL, SIGUSR1));
    CHECK_ERR(notify(q, SIGEV_SIGNAL, SIGUSR1), EBUSY);
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    CHECK_EQ(signals, 1);
    CHECK_EQ(code, SI_MESGQ);
    CHECK_EQ(value, 4711);
    CHECK_EQ(sender, getpid());
    CHECK_OK(q_send(q, "x", 1, 0, NULL)); /* once only */
    CHECK_EQ(signals, 1);
    CHECK_OK(notify(q, SIGEV_SIGNAL, SIGUSR1));
    CHECK_OK(q_send(q, "x", 1, 0, NULL)); /* it was not empty */
    CHECK_EQ(signals, 1);
    CHECK_OK(syscall(SYS_mq_notify, q, NULL));
    CHECK_OK(syscall(SYS_mq_notify, q, NULL));
    while (q_receive(q, buf, 16, NULL, NULL) >= 0)
        continue;
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    CHECK_EQ(signals, 1);
    CHECK_OK(notify(q, SIGEV_NONE, 0));
    CHECK_ERR(notify(q, SIGEV_NONE, 0), EBUSY);
    q2 = q_open(name, O_RDONLY, 0, NULL);
    close(q2); /* any close of the queue ends it */
    CHECK_OK(notify(q, SIGEV_NONE, 0));
    CHECK_OK(syscall(SYS_mq_notify, q, NULL));
    CHECK_ERR(notify(q, 77, 0), EINVAL);
    CHECK_ERR(notify(q, SIGEV_SIGNAL, 65), EINVAL);
    CHECK_ERR(notify(0, SIGEV_SIGNAL, SIGUSR1), EBADF);
    CHECK_ERR(syscall(SYS_mq_notify, q, bad_pointer()), EFAULT);
    drop(q);
}

#define COOKIE_LEN 32 /* NOTIFY_COOKIE_LEN: the last byte tells how */

static long notify_by(int socket_fd, int q, void *cookie)
{
    struct sigevent e = { .sigev_notify = SIGEV_THREAD,
                          .sigev_signo = socket_fd };

    e.sigev_value.sival_ptr = cookie;
    return syscall(SYS_mq_notify, q, &e);
}

TEST(notification_by_a_socket)
{
    char cookie[COOKIE_LEN] = "which thread it is for", got[100];
    int q = make(4, 16, O_NONBLOCK);
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
    int other = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK(s >= 0);
    CHECK_OK(notify_by(s, q, cookie));
    CHECK_ERR(notify_by(s, q, cookie), EBUSY);
    CHECK_ERR(recv(s, got, sizeof(got), 0), EAGAIN);
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    CHECK_EQ(recv(s, got, sizeof(got), 0), COOKIE_LEN);
    CHECK_STR(got, cookie);
    CHECK_EQ(got[COOKIE_LEN - 1], 1); /* a message came */
    CHECK_EQ(q_receive(q, got, 16, NULL, NULL), 1);
    CHECK_OK(q_send(q, "x", 1, 0, NULL)); /* once only */
    CHECK_ERR(recv(s, got, sizeof(got), 0), EAGAIN);
    CHECK_OK(notify_by(s, q, cookie));
    CHECK_OK(syscall(SYS_mq_notify, q, NULL));
    CHECK_EQ(recv(s, got, sizeof(got), 0), COOKIE_LEN);
    CHECK_EQ(got[COOKIE_LEN - 1], 2); /* it was taken back */
    CHECK_ERR(notify_by(s, q, bad_pointer()), EFAULT);
    CHECK_ERR(notify_by(q, q, cookie), ENOTSOCK);
    CHECK_ERR(notify_by(other, q, cookie), EINVAL);
    CHECK_ERR(notify_by(-1, q, cookie), EBADF);
    CHECK_ERR(notify_by(s, -1, cookie), EBADF);
    CHECK_OK(notify_by(s, q, cookie));
    close(q);
    CHECK_EQ(recv(s, got, sizeof(got), 0), COOKIE_LEN);
    CHECK_EQ(got[COOKIE_LEN - 1], 2);
    q = q_open(name, O_RDWR, 0, NULL);
    CHECK_OK(notify_by(s, q, cookie));
    close(s); /* the queue still has it */
    drop(q);
    close(other);
}

TEST(a_sleeping_receiver_needs_no_notification)
{
    int q = shared = make(4, 16, 0);
    pthread_t id;

    signals = 0;
    CHECK_OK(notify(q, SIGEV_SIGNAL, SIGUSR1));
    pthread_create(&id, NULL, receives, NULL);
    usleep(30000);
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    pthread_join(id, NULL);
    CHECK_EQ(signals, 0);
    CHECK_OK(q_send(q, "x", 1, 0, NULL));
    CHECK_EQ(signals, 1);
    drop(q);
}

static int number_in(const char *path)
{
    FILE *f = fopen(path, "r");
    int n = -1;

    if (f && fscanf(f, "%d", &n) != 1)
        n = -1;
    if (f)
        fclose(f);
    return n;
}

TEST(limits)
{
    struct rlimit r;

    CHECK_EQ(number_in("/proc/sys/fs/mqueue/msg_default"), 10);
    CHECK_EQ(number_in("/proc/sys/fs/mqueue/msg_max"), 10);
    CHECK_EQ(number_in("/proc/sys/fs/mqueue/msgsize_default"), 8192);
    CHECK_EQ(number_in("/proc/sys/fs/mqueue/msgsize_max"), 8192);
    CHECK_EQ(number_in("/proc/sys/fs/mqueue/queues_max"), 256);
    CHECK_OK(getrlimit(RLIMIT_MSGQUEUE, &r));
    CHECK_EQ(r.rlim_cur, 819200);
}
