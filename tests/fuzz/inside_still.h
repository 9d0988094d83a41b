/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inside_still.h - a guest that stops, goes and is let go of as it is told:
 * what harnesses need of cli/inside.h and do not test. Included once, by the
 * harness itself.
 */
#ifndef FUZZ_INSIDE_STILL_H
#define FUZZ_INSIDE_STILL_H

#include "cli/inside.h"

void inside_close(struct inside *in)
{
    (void)in;
}

int inside_stop(struct inside *in, struct fault *fault)
{
    (void)in;
    (void)fault;
    return 0;
}

int inside_go(struct inside *in, struct fault *fault)
{
    return inside_stop(in, fault);
}

#endif
