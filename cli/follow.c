/* SPDX-License-Identifier: BSD-2-Clause */
/* follow.c - see follow.h. */
#include "cli/follow.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t is_over;

static void on_signal(int signo)
{
    (void)signo;
    is_over = 1;
}

/* What was ignored stays so: a companion of a guest in the foreground leaves
 * Ctrl-C to it. */
void follow_begin(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    const struct sigaction act = { .sa_handler = on_signal };
    struct sigaction old;
    size_t i;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &act, NULL);
    signal(SIGPIPE, SIG_IGN); /* writing fails instead */
}

bool follow_is_over(void)
{
    return is_over != 0;
}
