/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msgget.c - System V message queues.
 *
 * covers: msgsnd msgrcv msgctl
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef MSG_EXCEPT
#define MSG_EXCEPT 020000
#endif
#define KEY 0x5a4d4103

struct note {
    long type;
    char text[8192];
};

static int queue;
static struct note note;

static void make(void)
{
    queue = msgget(IPC_PRIVATE, 0600);
    CHECK_OK(queue);
}

static void drop(void)
{
    CHECK_OK(msgctl(queue, IPC_RMID, NULL));
}

static int put(long type, const char *text)
{
    struct note n = { .type = type };

    strcpy(n.text, text);
    return msgsnd(queue, &n, strlen(text), IPC_NOWAIT);
}

static const char *get(long type, int flags)
{
    ssize_t n;

    memset(&note, 0, sizeof(note));
    n = msgrcv(queue, &note, 100, type, flags | IPC_NOWAIT);
    if (n < 0)
        return errno == ENOMSG ? "none" : "error";
    CHECK_EQ(n, strlen(note.text));
    return note.text;
}

TEST(types_choose)
{
    make();
    CHECK_OK(put(3, "three"));
    CHECK_OK(put(1, "one"));
    CHECK_OK(put(2, "two"));
    CHECK_OK(put(1, "uno"));
    CHECK_STR(get(7, 0), "none");
    CHECK_STR(get(2, 0), "two");
    CHECK_EQ(note.type, 2);
    CHECK_STR(get(-2, 0), "one");
    CHECK_STR(get(3, MSG_EXCEPT), "uno");
    CHECK_STR(get(-2, 0), "none");
    CHECK_OK(put(5, "five"));
    CHECK_STR(get(LONG_MIN, 0), "three"); /* the lowest of all */
    CHECK_STR(get(0, 0), "five");
    CHECK_STR(get(0, 0), "none");
    drop();
}

TEST(lengths)
{
    struct note n = { .type = 1 };

    make();
    CHECK_OK(put(1, "longer"));
    CHECK_ERR(msgrcv(queue, &n, 3, 0, IPC_NOWAIT), E2BIG);
    CHECK_EQ(msgrcv(queue, &n, 3, 0, IPC_NOWAIT | MSG_NOERROR), 3);
    CHECK_EQ(memcmp(n.text, "lon\0", 4), 0);
    CHECK_STR(get(0, 0), "none"); /* the rest is lost */
    CHECK_OK(msgsnd(queue, &n, 0, 0));
    CHECK_EQ(msgrcv(queue, &n, 0, 0, 0), 0);
    CHECK_OK(msgsnd(queue, &n, 8192, IPC_NOWAIT));
    CHECK_ERR(msgsnd(queue, &n, 8193, IPC_NOWAIT), EINVAL);
    CHECK_OK(msgsnd(queue, &n, 8192, IPC_NOWAIT));
    CHECK_ERR(msgsnd(queue, &n, 1, IPC_NOWAIT), EAGAIN);
    CHECK_OK(msgsnd(queue, &n, 0, IPC_NOWAIT));
    CHECK_EQ(msgrcv(queue, &n, 8192, 0, 0), 8192);
    drop();
}

TEST(wrong_arguments)
{
    struct note n = { .type = 0 };

    make();
    CHECK_ERR(msgsnd(queue, &n, 1, 0), EINVAL);
    n.type = -1;
    CHECK_ERR(msgsnd(queue, &n, 1, 0), EINVAL);
    n.type = 1;
    CHECK_ERR(msgsnd(queue, &n, (size_t)-1, 0), EINVAL);
    CHECK_ERR(msgsnd(-1, &n, 1, 0), EINVAL);
    CHECK_ERR(msgsnd(queue, bad_pointer(), 1, 0), EFAULT);
    CHECK_ERR(msgrcv(-1, &n, 1, 0, 0), EINVAL);
    CHECK_ERR(msgrcv(queue, &n, (size_t)-1, 0, 0), EINVAL);
    CHECK_OK(put(1, "x"));
    CHECK_ERR(msgrcv(queue, bad_pointer(), 8, 0, 0), EFAULT);
    CHECK_STR(get(0, 0), "none"); /* it was taken nevertheless */
    drop();
    CHECK_ERR(msgsnd(queue, &n, 1, 0), EINVAL);
    CHECK_ERR(msgrcv(queue, &n, 1, 0, IPC_NOWAIT), EINVAL);
}

TEST(keys)
{
    int id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0600);

    CHECK_OK(id);
    CHECK_EQ(msgget(KEY, 0), id);
    CHECK_ERR(msgget(KEY, IPC_CREAT | IPC_EXCL), EEXIST);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
    CHECK_ERR(msgget(KEY, 0), ENOENT);
}

static volatile int result;

static void *sends(void *arg)
{
    struct note n = { .type = (long)(intptr_t)arg };

    usleep(20000);
    result = msgsnd(queue, &n, 8192, 0) == 0 ? 0 : errno;
    return NULL;
}

static void *receives(void *arg)
{
    static struct note n;

    result = msgrcv(queue, &n, 8192, (long)(intptr_t)arg, 0) < 0 ? errno : 0;
    return NULL;
}

TEST(sleeping_until_a_message_comes)
{
    struct note n;
    pthread_t id;

    make();
    pthread_create(&id, NULL, sends, (void *)4);
    CHECK_OK(put(1, "not this"));
    CHECK_EQ(msgrcv(queue, &n, 8192, 4, 0), 8192);
    pthread_join(id, NULL);
    CHECK_EQ(result, 0);
    drop();
}

TEST(sleeping_until_there_is_room)
{
    struct note n = { .type = 9 };
    pthread_t id;

    make();
    CHECK_OK(msgsnd(queue, &n, 8192, 0));
    CHECK_OK(msgsnd(queue, &n, 8192, 0));
    result = -1;
    pthread_create(&id, NULL, sends, (void *)4);
    usleep(60000);
    CHECK_EQ(result, -1);
    CHECK_EQ(msgrcv(queue, &n, 8192, 0, 0), 8192);
    pthread_join(id, NULL);
    CHECK_EQ(result, 0);
    CHECK_EQ(msgrcv(queue, &n, 8192, 4, IPC_NOWAIT), 8192);
    drop();
}

TEST(removal_ends_both_sleeps)
{
    struct note n = { .type = 9 };
    pthread_t id;

    make();
    pthread_create(&id, NULL, receives, (void *)4);
    usleep(50000);
    drop();
    pthread_join(id, NULL);
    CHECK(result == EIDRM || result == EINVAL); /* EINVAL: it came too late */
    make();
    CHECK_OK(msgsnd(queue, &n, 8192, 0));
    CHECK_OK(msgsnd(queue, &n, 8192, 0));
    pthread_create(&id, NULL, sends, (void *)4);
    usleep(80000);
    drop();
    pthread_join(id, NULL);
    CHECK(result == EIDRM || result == EINVAL);
}

static void on_signal(int signo)
{
    (void)signo;
}

TEST(a_signal_ends_the_sleep)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    pthread_t id;

    make();
    sigaction(SIGUSR1, &sa, NULL);
    result = -1;
    pthread_create(&id, NULL, receives, (void *)4);
    while (result == -1) {
        usleep(10000);
        pthread_kill(id, SIGUSR1);
    }
    pthread_join(id, NULL);
    CHECK_EQ(result, EINTR);
    drop();
}

TEST(copies_leave_the_message)
{
    make();
    CHECK_OK(put(3, "first"));
    CHECK_OK(put(1, "second"));
    if (msgrcv(queue, &note, 100, 0, MSG_COPY | IPC_NOWAIT) < 0 &&
        errno == ENOSYS) {
        drop();
        SKIP("this Linux cannot copy");
    }
    CHECK_STR(get(1, MSG_COPY), "second");
    CHECK_STR(get(0, MSG_COPY), "first");
    CHECK_EQ(note.type, 3);
    CHECK_STR(get(2, MSG_COPY), "none");
    CHECK_ERR(msgrcv(queue, &note, 100, 0, MSG_COPY), EINVAL);
    CHECK_STR(get(0, 0), "first");
    drop();
}

TEST(control)
{
    struct msqid_ds ds;
    struct msginfo info;
    int n;

    make();
    CHECK_OK(put(1, "12345"));
    CHECK_OK(msgctl(queue, IPC_STAT, &ds));
    CHECK_EQ(ds.msg_qnum, 1);
    CHECK_EQ(ds.__msg_cbytes, 5);
    CHECK_EQ(ds.msg_qbytes, 16384);
    CHECK_EQ(ds.msg_lspid, getpid());
    CHECK_EQ(ds.msg_lrpid, 0);
    CHECK(ds.msg_stime > 0);
    CHECK_EQ(ds.msg_rtime, 0);
    ds.msg_qbytes = 5;
    ds.msg_perm.mode = 0644;
    CHECK_OK(msgctl(queue, IPC_SET, &ds));
    CHECK_ERR(put(1, "6"), EAGAIN);
    CHECK_STR(get(0, 0), "12345");
    CHECK_OK(msgctl(queue, IPC_STAT, &ds));
    CHECK_EQ(ds.msg_perm.mode, 0644);
    CHECK_EQ(ds.msg_lrpid, getpid());
    CHECK(msgctl(0, IPC_INFO, (struct msqid_ds *)&info) >= 0);
    CHECK_EQ(info.msgmax, 8192);
    CHECK_EQ(info.msgmnb, 16384);
    n = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);
    CHECK(n >= 0 && info.msgpool >= 1);
    for (int i = 0; i <= n; i++)
        if (msgctl(i, MSG_STAT, &ds) == queue)
            n = -1;
    CHECK_EQ(n, -1);
    CHECK_ERR(msgctl(queue, 99, NULL), EINVAL);
    CHECK_ERR(msgctl(queue, IPC_STAT, bad_pointer()), EFAULT);
    drop();
}
