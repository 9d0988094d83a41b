/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * semget.c - System V semaphores.
 *
 * covers: semop semtimedop semctl
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#define KEY 0x5a4d4102

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static int set;

static int value(int num)
{
    return semctl(set, num, GETVAL);
}

static void make(int count)
{
    set = semget(IPC_PRIVATE, count, 0600);
    CHECK_OK(set);
}

static void drop(void)
{
    CHECK_OK(semctl(set, 0, IPC_RMID));
}

static int op1(int num, int n, int flags)
{
    struct sembuf op = { (unsigned short)num, (short)n, (short)flags };

    return semop(set, &op, 1);
}

/* Until `count` threads sleep on this semaphore. */
static void await_sleepers(int num, int count, int cmd)
{
    while (semctl(set, num, cmd) != count)
        usleep(1000);
}

TEST(values)
{
    unsigned short all[3] = { 1, 2, 3 }, got[3] = { 9, 9, 9 };
    union semun u = { .array = all };

    make(3);
    u.array = got;
    CHECK_OK(semctl(set, 0, GETALL, u));
    CHECK_EQ(got[0] + got[1] + got[2], 0);
    u.array = all;
    CHECK_OK(semctl(set, 0, SETALL, u));
    CHECK_EQ(value(2), 3);
    u.val = 32767;
    CHECK_OK(semctl(set, 1, SETVAL, u));
    CHECK_EQ(value(1), 32767);
    CHECK_EQ(semctl(set, 1, GETPID), getpid());
    CHECK_EQ(semctl(set, 1, GETNCNT), 0);
    u.val = 32768;
    CHECK_ERR(semctl(set, 1, SETVAL, u), ERANGE);
    u.val = -1;
    CHECK_ERR(semctl(set, 1, SETVAL, u), ERANGE);
    all[1] = 40000;
    u.array = all;
    CHECK_ERR(semctl(set, 0, SETALL, u), ERANGE);
    u.array = bad_pointer();
    CHECK_ERR(semctl(set, 0, SETALL, u), EFAULT);
    CHECK_ERR(semctl(set, 0, GETALL, u), EFAULT);
    CHECK_ERR(semctl(set, 3, GETVAL), EINVAL);
    CHECK_ERR(semctl(set, -1, GETVAL), EINVAL);
    CHECK_ERR(semctl(set, 0, 99), EINVAL);
    CHECK_ERR(semctl(-1, 0, GETVAL), EINVAL);
    drop();
    CHECK_ERR(semctl(set, 0, GETVAL), EINVAL);
}

TEST(keys)
{
    int id = semget(KEY, 2, IPC_CREAT | IPC_EXCL | 0600);

    CHECK_OK(id);
    CHECK_EQ(semget(KEY, 2, 0), id);
    CHECK_EQ(semget(KEY, 0, 0), id);
    CHECK_ERR(semget(KEY, 3, 0), EINVAL);
    CHECK_ERR(semget(KEY, 2, IPC_CREAT | IPC_EXCL), EEXIST);
    CHECK_OK(semctl(id, 0, IPC_RMID));
    CHECK_ERR(semget(KEY, 2, 0), ENOENT);
    CHECK_ERR(semget(IPC_PRIVATE, 0, 0600), EINVAL);
    CHECK_ERR(semget(IPC_PRIVATE, -1, 0600), EINVAL);
    CHECK_ERR(semget(IPC_PRIVATE, 32001, 0600), EINVAL);
}

TEST(operations_are_all_or_nothing)
{
    struct sembuf ops[3] = { { 0, 2, 0 }, { 1, -1, IPC_NOWAIT }, { 0, 1, 0 } };

    make(2);
    CHECK_ERR(semop(set, ops, 3), EAGAIN);
    CHECK_EQ(value(0), 0);
    CHECK_OK(op1(1, 1, 0));
    CHECK_OK(semop(set, ops, 3));
    CHECK_EQ(value(0), 3);
    CHECK_EQ(value(1), 0);
    CHECK_OK(op1(1, 0, 0)); /* zero is there */
    CHECK_ERR(op1(0, 0, IPC_NOWAIT), EAGAIN);
    CHECK_ERR(op1(0, 32767, 0), ERANGE);
    CHECK_EQ(value(0), 3);
    CHECK_ERR(op1(2, 1, 0), EFBIG);
    CHECK_ERR(semop(set, ops, 0), EINVAL);
    CHECK_ERR(semop(set, ops, 501), E2BIG);
    CHECK_ERR(semop(set, bad_pointer(), 1), EFAULT);
    CHECK_ERR(semop(-1, ops, 1), EINVAL);
    drop();
    CHECK_ERR(semop(set, ops, 1), EINVAL);
}

TEST(many_operations_at_once)
{
    static struct sembuf ops[500];

    make(100);
    for (int i = 0; i < 500; i++)
        ops[i] = (struct sembuf){ (unsigned short)(i % 100), 1, 0 };
    CHECK_OK(semop(set, ops, 500));
    CHECK_EQ(value(0), 5);
    CHECK_EQ(value(99), 5);
    drop();
}

TEST(time_outs)
{
    struct sembuf op = { 0, -1, 0 };
    struct timespec t = { 0, 20000000 };
    int64_t began = now_ns(CLOCK_MONOTONIC);

    make(1);
    CHECK_ERR(semtimedop(set, &op, 1, &t), EAGAIN);
    CHECK(now_ns(CLOCK_MONOTONIC) - began >= 20000000);
    t.tv_nsec = 0;
    CHECK_ERR(semtimedop(set, &op, 1, &t), EAGAIN);
    t.tv_nsec = -1;
    CHECK_ERR(semtimedop(set, &op, 1, &t), EINVAL);
    CHECK_ERR(semtimedop(set, &op, 1, bad_pointer()), EFAULT);
    op.sem_op = 1;
    CHECK_OK(semtimedop(set, &op, 1, NULL));
    CHECK_EQ(semctl(set, 0, GETNCNT), 0);
    drop();
}

static volatile int result, order, mine;

static void *takes(void *arg)
{
    result = op1(0, (int)(intptr_t)arg, 0) == 0 ? 0 : errno;
    mine = ++order;
    return NULL;
}

TEST(a_sleeper_gets_what_comes)
{
    pthread_t id;

    make(1);
    order = 0;
    pthread_create(&id, NULL, takes, (void *)-2);
    await_sleepers(0, 1, GETNCNT);
    CHECK_OK(op1(0, 1, 0)); /* not enough */
    CHECK_EQ(semctl(set, 0, GETNCNT), 1);
    CHECK_OK(op1(0, 1, 0));
    /* It has it already: nobody overtakes. */
    CHECK_EQ(value(0), 0);
    CHECK_ERR(op1(0, -1, IPC_NOWAIT), EAGAIN);
    pthread_join(id, NULL);
    CHECK_EQ(result, 0);
    drop();
}

TEST(waiting_for_zero)
{
    union semun u = { .val = 2 };
    pthread_t id;

    make(1);
    CHECK_OK(semctl(set, 0, SETVAL, u));
    pthread_create(&id, NULL, takes, (void *)0);
    await_sleepers(0, 1, GETZCNT);
    CHECK_EQ(semctl(set, 0, GETNCNT), 0);
    CHECK_OK(op1(0, -1, 0));
    CHECK_EQ(semctl(set, 0, GETZCNT), 1);
    u.val = 0;
    CHECK_OK(semctl(set, 0, SETVAL, u));
    pthread_join(id, NULL);
    CHECK_EQ(result, 0);
    drop();
}

TEST(removal_ends_the_sleep)
{
    pthread_t id;

    make(1);
    pthread_create(&id, NULL, takes, (void *)-1);
    await_sleepers(0, 1, GETNCNT);
    drop();
    pthread_join(id, NULL);
    CHECK_EQ(result, EIDRM);
}

static void on_signal(int signo)
{
    (void)signo;
}

TEST(a_signal_ends_the_sleep)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    pthread_t id;

    make(1);
    sigaction(SIGUSR1, &sa, NULL);
    pthread_create(&id, NULL, takes, (void *)-1);
    await_sleepers(0, 1, GETNCNT);
    pthread_kill(id, SIGUSR1);
    pthread_join(id, NULL);
    CHECK_EQ(result, EINTR);
    CHECK_EQ(semctl(set, 0, GETNCNT), 0);
    drop();
}

TEST(undo_is_bounded)
{
    union semun u = { .val = 0 };

    make(1);
    CHECK_OK(op1(0, 32767, SEM_UNDO));
    CHECK_OK(op1(0, -32767, 0));
    CHECK_OK(op1(0, 1, SEM_UNDO));
    CHECK_ERR(op1(0, 1, SEM_UNDO), ERANGE);
    CHECK_EQ(value(0), 1);
    CHECK_OK(semctl(set, 0, SETVAL, u)); /* forgets what was to be undone */
    CHECK_OK(op1(0, 32767, SEM_UNDO));
    drop();
}

TEST(control)
{
    struct semid_ds ds;
    struct seminfo info;
    union semun u = { .buf = &ds };
    int n;

    make(7);
    CHECK_OK(semctl(set, 0, IPC_STAT, u));
    CHECK_EQ(ds.sem_nsems, 7);
    CHECK_EQ(ds.sem_otime, 0);
    CHECK(ds.sem_ctime > 0);
    CHECK_EQ(ds.sem_perm.mode, 0600);
    CHECK_OK(op1(0, 1, 0));
    ds.sem_perm.mode = 0666;
    CHECK_OK(semctl(set, 0, IPC_SET, u));
    CHECK_OK(semctl(set, 0, IPC_STAT, u));
    CHECK(ds.sem_otime > 0);
    CHECK_EQ(ds.sem_perm.mode, 0666);
    u.info = &info;
    CHECK(semctl(0, 0, IPC_INFO, u) >= 0);
    CHECK_EQ(info.semmsl, 32000);
    CHECK_EQ(info.semopm, 500);
    CHECK_EQ(info.semvmx, 32767);
    n = semctl(0, 0, SEM_INFO, u);
    CHECK(n >= 0 && info.semusz >= 1 && info.semaem >= 7);
    u.buf = &ds;
    for (int i = 0; i <= n; i++)
        if (semctl(i, 0, SEM_STAT, u) == set)
            n = -1;
    CHECK_EQ(n, -1);
    u.buf = bad_pointer();
    CHECK_ERR(semctl(set, 0, IPC_STAT, u), EFAULT);
    drop();
}
