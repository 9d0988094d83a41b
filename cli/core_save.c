/* SPDX-License-Identifier: BSD-2-Clause */
/* core_save.c - a core file with the names of its files, complete or not there
 * at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/core.h"
#include "cli/rootlist.h"
#include "host/fault.h"
#include "host/file.h"
#include "image/image.h"

#define TRIES 5 /* a CPU may be stopped while it changes a list */

/* ---- the names of files ---- */

static int compare_ino(const void *a, const void *b)
{
    const struct rootlist_name *x = a, *y = b;

    return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static const char *name_of(const struct rootlist_name *names, size_t count,
                           uint64_t ino)
{
    const struct rootlist_name key = { .ino = ino };
    const struct rootlist_name *n =
        bsearch(&key, names, count, sizeof(names[0]), compare_ino);

    return n ? n->path : NULL;
}

/* Without the image, a debugger has to be told what lies where. */
void core_name_files(struct core *c, const char *path)
{
    struct rootlist_name *names =
        mem_alloc((c->region_count + 1) * sizeof(names[0]));
    struct fault fault;
    struct image img;
    size_t i, count = 0;
    int err = image_open(path, &img, &fault);

    for (i = 0; i < c->region_count; i++)
        if (c->region[i].ino != 0)
            names[count++].ino = c->region[i].ino;
    qsort(names, count, sizeof(names[0]), compare_ino);
    if (err == 0) {
        err = rootlist_find(&img, path, names, count, &fault);
        image_close(&img);
    }
    if (err)
        fprintf(stderr, "samara: no names of files in the core file: %s\n",
                fault.text);
    for (i = 0; i < c->region_count; i++) {
        const char *name = name_of(names, count, c->region[i].ino);

        if (c->region[i].ino != 0 && name)
            c->region_file[i] = mem_strdup(name);
    }
    for (i = 0; i < count; i++)
        free(names[i].path);
    free(names);
}

/* ---- all of it ---- */

int core_stop_and_gather(struct core *c, struct fault *fault)
{
    int i, err = -EUCLEAN;

    for (i = 0; i < TRIES && (err == -EUCLEAN || err == -EFAULT); i++) {
        core_fini(c);
        if (i > 0)
            (void)inside_go(&c->in, fault);
        err = inside_stop(&c->in, fault);
        if (err == 0)
            err = core_gather(c, fault);
    }
    return err;
}

struct core_output {
    struct core *core;
    const char *path;
};

static int put_core(int fd, void *arg, struct fault *fault)
{
    const struct core_output *o = arg;

    return core_write(o->core, fd, o->path, fault);
}

/* Only for its owner: all that the program knew is in it. */
int core_save(struct core *c, const char *path, struct fault *fault)
{
    struct core_output o = { c, path };

    return file_replace(path, 0600, put_core, &o, fault);
}
