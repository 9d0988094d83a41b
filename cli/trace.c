/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.c - samara trace: the system calls of a running guest. */
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/tracer.h"
#include "cli/verbs.h"

int verb_trace(int argc, char **argv, struct fault *fault)
{
    static struct tracer t;
    struct guest g;
    int first, err = tracer_parse(&t, argc, argv, &first, fault);

    if (err == 0 && t.help)
        return verb_show_help("trace");
    if (err == 0)
        err = verb_guest(argc, argv, first, &g, fault);
    if (err)
        return err;
    err = tracer_run(&t, &g, fault);
    guest_fini(&g);
    return err;
}
