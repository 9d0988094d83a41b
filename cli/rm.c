/* SPDX-License-Identifier: BSD-2-Clause */
/* rm.c - samara rm, prune, rename: what guests that have ended leave. */
#include <errno.h>
#include <stdio.h>

#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"

struct rm {
    bool force, help;
};

const struct arg_option options_rm[] = {
    { 'f', "force", NULL, "kill it first if it runs",
      ARG_FLAG(struct rm, force) },
    ARG_HELP(struct rm),
    ARG_END,
};
const struct arg_option options_prune[] = {
    ARG_HELP(struct rm),
    ARG_END,
};

static int do_rm(struct guest *g, const void *arg, struct fault *fault)
{
    const struct rm *o = arg;
    int err = o->force ? guest_stop(g, 0, fault) : 0;

    /* Its keeper has some last words to write down. */
    if (err == 0 && g->state >= GUEST_EXITED)
        (void)guest_wait(g, -1, fault);
    return err ? err : guest_remove(g, fault);
}

int verb_rm(int argc, char **argv, struct fault *fault)
{
    struct rm o = { 0 };
    int first,
        err = args_parse_anywhere(options_rm, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("rm");
    if (err == 0)
        err = verb_guests_check(argv[0], argc - first, fault);
    return err ? err : verb_each(argc - first, argv + first, do_rm, &o, fault);
}

int verb_prune(int argc, char **argv, struct fault *fault)
{
    struct rm o = { 0 };
    struct guests all;
    size_t i;
    int first,
        err = args_parse_anywhere(options_prune, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("prune");
    if (err == 0 && first < argc)
        return fault_set(fault, EINVAL,
                         "prune takes no names; samara rm '%s' removes one",
                         argv[first]);
    if (err == 0)
        err = registry_list(&all, fault);
    if (err)
        return err;
    for (i = 0; i < all.count; i++) {
        const struct guest *g = &all.guest[i];

        if (g->state >= GUEST_EXITED && guest_remove(g, fault) == 0)
            puts(g->name);
    }
    guests_fini(&all);
    return 0;
}

int verb_rename(int argc, char **argv, struct fault *fault)
{
    struct rm o = { 0 };
    struct guest g;
    int first,
        err = args_parse_anywhere(options_prune, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("rename");
    if (err == 0 && argc - first != 2)
        return fault_set(fault, EINVAL,
                         "rename takes a guest and its new name: samara rename "
                         "GUEST NAME");
    if (err == 0)
        err = registry_find(argv[first], &g, fault);
    if (err)
        return err;
    err = guest_rename(&g, argv[first + 1], fault);
    guest_fini(&g);
    return err;
}
