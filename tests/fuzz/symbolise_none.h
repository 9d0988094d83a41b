/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbolise_none.h - no image can be opened, so nothing has a name: what
 * harnesses need of debug/symbolise.h and do not test. Included once, by the
 * harness itself.
 */
#ifndef FUZZ_SYMBOLISE_NONE_H
#define FUZZ_SYMBOLISE_NONE_H

#include <errno.h>

#include "debug/symbolise.h"
#include "host/fault.h"

int symbolise_open(const char *path, struct symbolise **out,
                   struct fault *fault)
{
    (void)path;
    *out = NULL;
    return fault_set(fault, ENOENT, "no image");
}

void symbolise_close(struct symbolise *s)
{
    (void)s;
}

void symbolise_kernel(struct symbolise *s, uint64_t va, uint64_t len,
                      const uint8_t *build_id)
{
    (void)s;
    (void)va;
    (void)len;
    (void)build_id;
}

#endif
