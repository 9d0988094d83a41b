/* SPDX-License-Identifier: BSD-2-Clause */
/* build.c - samara build: one file that is a whole machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/calls_auto.h"
#include "cli/options.h"
#include "cli/source.h"
#include "cli/table.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

/* --calls: which ones, or none to be left out. */
static int calls_choose(const struct options *o, struct source *src,
                        struct call_set *set, struct fault *fault)
{
    bool is_proven = false;
    char *path, *why = NULL;
    int err;

    src->calls = set;
    if (strcmp(o->calls, "auto") != 0)
        return calls_parse(o->calls, set, fault);
    path = o->root ? path_join(o->root, src->config.exe)
                   : mem_strdup(src->config.exe);
    err = calls_find(path, set, &is_proven, &why, fault);
    if (err == 0 && !is_proven) {
        fprintf(stderr,
                "samara: --calls auto: what '%s' calls is not known for sure: "
                "%s; its image gets the kernel with everything\n",
                o->source, why);
        src->calls = NULL;
    } else if (err == 0 && o->verbose) {
        calls_print(set);
    }
    free(why);
    free(path);
    return err;
}

static int build(const struct options *o, struct fault *fault)
{
    struct call_set calls;
    struct source src = { 0 };
    char *own = NULL;
    const char *path = o->output;
    struct stat st;
    int err;

    if (!path)
        path = own = mem_printf("%s.img", path_base(o->source));
    err = source_open(o, &src, fault);
    if (err == 0 && src.is_image)
        err = fault_set(fault, EINVAL,
                        "'%s' is an image already; to copy it: cp %s %s",
                        o->source, o->source, path);
    /* The rename at the end would put a file in the place of a device. */
    if (err == 0 && stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        err = fault_set(fault, EINVAL,
                        "-o: '%s' is there and is not a regular file; choose "
                        "another name",
                        path);
    src.strip = o->strip;
    if (err == 0 && o->calls)
        err = calls_choose(o, &src, &calls, fault);
    if (err == 0)
        err = cache_build(&src, path, fault);
    if (err == 0 && o->verbose && stat(path, &st) == 0)
        fprintf(stderr, "samara: '%s': %zu files, %lld bytes\n", path,
                src.tree.count, (long long)st.st_size);
    source_fini(&src);
    free(own);
    return err;
}

int verb_build(int argc, char **argv, struct fault *fault)
{
    struct options o;
    int err = options_parse(options_build, &o, argc, argv, fault);

    if (err == 0)
        err = o.help ? verb_show_help("build") : build(&o, fault);
    options_fini(&o);
    return err;
}
