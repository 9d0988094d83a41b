/* SPDX-License-Identifier: BSD-2-Clause */
/* core.c - samara core: a core file of a running guest, which goes on after. */
#include "cli/core.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"

struct options_of_core {
    const char *output;
    bool help;
};

const struct arg_option options_core[] = {
    { 'o', "output", "FILE", "write there (default: core.GUEST)",
      ARG_TEXT(struct options_of_core, output) },
    ARG_HELP(struct options_of_core),
    ARG_END,
};

/* ---- the verb ---- */

/* The guest goes on as soon as all of it is written, and keeps what was there
 * until then. */
static int core_of(struct core *c, const struct guest *g, const char *path,
                   struct fault *fault)
{
    int err = inside_open(&c->in, g, fault);

    if (err)
        return err;
    c->command = g->command;
    if (!frames_open(&c->frames, c->in.hello.build_id,
                     sizeof(c->in.hello.build_id)))
        fprintf(stderr,
                "samara: the kernel is not the installed one; rbx and "
                "r12 to r15 of threads in system calls are not known\n");
    err = core_stop_and_gather(c, fault);
    if (err == 0) {
        core_name_files(c, g->image);
        err = core_save(c, path, fault);
    }
    inside_close(&c->in);
    frames_fini(&c->frames);
    core_fini(c);
    return err;
}

static int core_to(const char *path, const struct guest *g, struct fault *fault)
{
    static struct core c;
    int err = core_of(&c, g, path, fault);

    if (err == 0)
        fprintf(stderr, "samara: wrote '%s'; gdb PROGRAM %s opens it\n", path,
                path);
    return err;
}

int verb_core(int argc, char **argv, struct fault *fault)
{
    struct options_of_core o = { 0 };
    struct guest g;
    char *path;
    int first,
        err = args_parse_anywhere(options_core, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("core");
    if (err == 0)
        err = verb_guest(argc, argv, first, &g, fault);
    if (err)
        return err;
    path = o.output ? mem_strdup(o.output) : mem_printf("core.%s", g.name);
    err = core_to(path, &g, fault);
    free(path);
    guest_fini(&g);
    return err;
}
