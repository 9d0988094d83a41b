/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c - threads that take turns, each line of either: tools/run-trace. */
#include <pthread.h>
#include <time.h>

#include "tests/trace/trace.h"

static int to[2], back[2];

static void *other(void *arg)
{
    char c;

    while (CALL(read, to[0], &c, 1) == 1)
        CALL(write, back[1], &c, 1);
    return arg;
}

int main(void)
{
    pthread_t t;
    char c;
    int i;

    if (pipe(to) != 0 || pipe(back) != 0)
        return 1;
    begin();
    pthread_create(&t, NULL, other, NULL);
    for (i = 0; i < 5; i++) {
        const struct timespec nap = { 0, 20000000 };

        CALL(nanosleep, &nap, NULL);
        CALL(write, to[1], "x", 1);
        CALL(read, back[0], &c, 1);
    }
    CALL(close, to[1]);
    pthread_join(t, NULL);
    CALL(exit_group, 3);
}
