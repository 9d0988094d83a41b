/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c - what threads cost: made and joined, handing work to and fro
 * through pipes and through futexes, and a program that only sleeps.
 *
 * The first rounds of each are not counted: they rewrite the sites of system
 * calls and touch what will be touched.
 */
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/mark.h"

#define ROUNDS  1000
#define WARM    16
#define SLEEP_S 5

/* <linux/futex.h> is not among musl's headers. */
#define WAIT_PRIVATE 128
#define WAKE_PRIVATE 129

static void *nothing(void *arg)
{
    return arg;
}

static void create_join(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        pthread_t t;

        if (pthread_create(&t, NULL, nothing, NULL) != 0)
            _exit(2);
        pthread_join(t, NULL);
    }
}

/* ---- two pipes, or a pair of sockets ---- */

struct line {
    int in, out;
};

static void *echo(void *arg)
{
    const struct line *far = arg;
    char c;

    while (read(far->in, &c, 1) == 1)
        if (write(far->out, &c, 1) != 1)
            _exit(2);
    return NULL;
}

static void round_trips(const struct line *near, int rounds)
{
    char c = 0;

    for (int i = 0; i < rounds; i++)
        if (write(near->out, &c, 1) != 1 || read(near->in, &c, 1) != 1)
            _exit(2);
}

static pthread_t line_open(const struct line *near, struct line *far)
{
    pthread_t t;

    if (pthread_create(&t, NULL, echo, far) != 0)
        _exit(2);
    round_trips(near, WARM);
    return t;
}

static void line_close(const struct line *near, pthread_t t)
{
    close(near->out);
    pthread_join(t, NULL);
}

static void pipes(void)
{
    struct line near, far;
    int there[2], back[2];
    pthread_t t;

    if (pipe(there) != 0 || pipe(back) != 0)
        _exit(2);
    near = (struct line){ back[0], there[1] };
    far = (struct line){ there[0], back[1] };
    t = line_open(&near, &far);
    MARK(22);
    round_trips(&near, ROUNDS);
    MARK(23);
    line_close(&near, t);
}

static void sockets(void)
{
    struct line near, far;
    int pair[2];
    pthread_t t;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        _exit(2);
    near = (struct line){ pair[0], pair[0] };
    far = (struct line){ pair[1], pair[1] };
    t = line_open(&near, &far);
    MARK(28);
    round_trips(&near, ROUNDS);
    MARK(29);
    line_close(&near, t);
}

/* ---- one word whose turn it is ---- */

static uint32_t turn;

static void wait_for(uint32_t mine)
{
    uint32_t seen;

    while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) % 2 != mine)
        syscall(SYS_futex, &turn, WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void hand_over(void)
{
    __atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *partner(void *arg)
{
    for (int i = 0; i < WARM + ROUNDS; i++) {
        wait_for(1);
        hand_over();
    }
    return arg;
}

/* Each round is two hand-overs. */
static void futexes(void)
{
    pthread_t t;

    if (pthread_create(&t, NULL, partner, NULL) != 0)
        _exit(2);
    for (int i = 0; i < WARM + ROUNDS; i++) {
        if (i == WARM)
            MARK(24);
        hand_over();
        wait_for(0);
    }
    MARK(25);
    pthread_join(t, NULL);
}

int main(void)
{
    struct timespec t = { SLEEP_S, 0 };

    create_join(WARM);
    MARK(20);
    create_join(ROUNDS);
    MARK(21);
    pipes();
    sockets();
    futexes();
    MARK(26);
    nanosleep(&t, NULL);
    MARK(27);
    return 0;
}
