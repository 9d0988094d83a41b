/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - samara run: find or make the image, start the guest. */
#include "cli/cache.h"
#include "cli/keeper.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/source.h"
#include "cli/table.h"

int verb_run(int argc, char **argv, struct fault *fault)
{
    struct options o;
    struct launch foreground = { .ready_fd = -1 };
    struct source src = { 0 };
    int err = options_parse(options_run, &o, argc, argv, fault);

    if (err == 0 && o.help) {
        options_fini(&o);
        return verb_show_help("run");
    }
    if (err == 0)
        err = source_open(&o, &src, fault);
    if (err == 0 && !src.is_image)
        err = cache_image(&src, o.verbose, fault);
    if (err == 0 && o.detach && !o.dry_run)
        err = keeper_run(&o, &src, fault);
    else if (err == 0)
        err = launch_guest(&o, &src, &foreground, fault);
    source_fini(&src);
    options_fini(&o);
    return err;
}
