/* SPDX-License-Identifier: BSD-2-Clause */
/* core.c - samara core: a core file of a running guest, which goes on after. */
#include "cli/core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/registry.h"
#include "cli/rootlist.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"
#include "host/file.h"
#include "image/image.h"

#define TRIES 5 /* a CPU may be stopped while it changes a list */

struct options_of_core {
    const char *output;
    bool help;
};

static int set_output(void *into, const char *value, struct fault *fault)
{
    (void)fault;
    ((struct options_of_core *)into)->output = value;
    return 0;
}

const struct arg_option options_core[] = {
    { 'o', "output", "FILE", "write there (default: core.GUEST)",
      ARG_SET(set_output) },
    ARG_HELP(struct options_of_core),
    ARG_END,
};

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
static void name_files(struct core *c, const char *path)
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

/* ---- the verb ---- */

static int gather(struct core *c, struct fault *fault)
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

static int core_make(struct core *c, const struct guest *g, int fd,
                     const char *path, struct fault *fault)
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
    err = gather(c, fault);
    if (err == 0) {
        name_files(c, g->image);
        err = core_write(c, fd, path, fault);
    }
    inside_close(&c->in);
    frames_fini(&c->frames);
    core_fini(c);
    return err;
}

/* It takes the place of what is there when it is complete; that has to be an
 * ordinary file, and not /dev/null. The caller frees *temporary_out. */
static int output_open(const char *path, char **temporary_out,
                       struct fault *fault)
{
    struct stat st;
    int fd;

    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return fault_set(fault, EINVAL,
                         "'%s' is no ordinary file; a core file has holes",
                         path);
    *temporary_out = mem_printf("%s.XXXXXX", path);
    fd = mkostemp(*temporary_out, O_CLOEXEC);
    if (fd >= 0)
        return fd;
    free(*temporary_out);
    return fault_sys(fault, errno, "cannot write '%s'", path);
}

static int core_to(const char *path, const struct guest *g, struct fault *fault)
{
    static struct core c;
    char *temporary = NULL;
    int err, fd = output_open(path, &temporary, fault);

    if (fd < 0)
        return fd;
    err = core_make(&c, g, fd, path, fault);
    if (close(fd) != 0 && err == 0)
        err = file_write_fault(fault, errno, path);
    if (err == 0 && rename(temporary, path) != 0)
        err = file_write_fault(fault, errno, path);
    if (err)
        unlink(temporary);
    else
        fprintf(stderr, "samara: wrote '%s'; gdb PROGRAM %s opens it\n", path,
                path);
    free(temporary);
    return err;
}

int verb_core(int argc, char **argv, struct fault *fault)
{
    struct options_of_core o = { 0 };
    struct guest g;
    char *path;
    int first, err = args_parse(options_core, &o, argc, argv, &first, fault);

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
