/* SPDX-License-Identifier: BSD-2-Clause */
/* debug.c - samara profile and map: see debug.h. */
#include "cli/debug.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/place.h"
#include "cli/table.h"
#include "host/fault.h"

/* argv[0] is the verb. Returns only when that fails. */
static int become(int argc, char **argv, struct fault *fault)
{
    struct list args = { 0 };
    char *path = place_debug(fault);
    int i;

    if (!path)
        return -fault->err;
    list_add(&args, path);
    for (i = 0; i < argc; i++)
        list_add(&args, argv[i]);
    execv(path, args.item);
    fault_sys(fault, errno, "cannot execute '%s'", path);
    list_fini(&args);
    free(path);
    return -fault->err;
}

int verb_profile(int argc, char **argv, struct fault *fault)
{
    struct debug_profile o;
    int first, err = debug_profile_parse(&o, argc, argv, &first, fault);

    debug_profile_fini(&o);
    if (err)
        return err;
    return o.help ? verb_show_help("profile") : become(argc, argv, fault);
}

int verb_map(int argc, char **argv, struct fault *fault)
{
    struct debug_map o = { 0 };
    int first,
        err = args_parse_anywhere(options_map, &o, argc, argv, &first, fault);

    if (err)
        return err;
    return o.help ? verb_show_help("map") : become(argc, argv, fault);
}
