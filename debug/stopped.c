/* SPDX-License-Identifier: BSD-2-Clause */
/* stopped.c - see stopped.h. */
#include "debug/stopped.h"

#include <errno.h>

#include "cli/core.h"
#include "host/fault.h"

#define TRIES 5

int stopped_gather(struct core *c, stopped_fn *gather, struct fault *fault)
{
    struct inside_process process;
    struct fault ignored;
    int i, err;

    /* One that starts comes to its program only while it runs. */
    err = inside_process(&c->in, &process, fault);
    if (err == 0)
        inside_process_fini(&process);
    if (err == 0)
        err = -EUCLEAN;
    for (i = 0; i < TRIES && (err == -EUCLEAN || err == -EFAULT); i++) {
        core_fini(c);
        if (i > 0)
            (void)inside_go(&c->in, &ignored);
        err = inside_stop(&c->in, fault);
        if (err == 0)
            err = gather(c, fault);
    }
    return err;
}
