/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * needs.c - see needs.h.
 *
 * A work list: each ELF file that is packed is read once, and its DT_NEEDED
 * names are looked up as the dynamic loader would, with the DT_RPATH of those
 * that brought it in.
 */
#include "cli/needs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/elf.h"
#include "cli/library.h"
#include "cli/runtime.h"
#include "cli/source.h"
#include "host/fault.h"
#include "host/path.h"

#define LIBRARY_MAX 4096u

struct work {
    struct source *src;
    struct library_search search;
    struct list paths;  /* ELF files to read, in order */
    struct list rpaths; /* for each: DT_RPATHs of its loaders, or "" */
    struct fault *fault;
};

/* Has an --add put a file of this name anywhere? Then trust the user. */
static bool is_added(const struct tree *tree, const char *name)
{
    size_t i;

    for (i = 0; i < tree->count; i++)
        if (tree->entry[i].kind != TREE_DIR &&
            strcmp(path_base(tree->entry[i].path), name) == 0)
            return true;
    return false;
}

static bool is_listed(const struct list *list, const char *s)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        if (strcmp(list->item[i], s) == 0)
            return true;
    return false;
}

static int work_add(struct work *w, const char *path, const char *rpaths)
{
    int err;

    if (is_listed(&w->paths, path))
        return 0;
    if (w->paths.count >= LIBRARY_MAX)
        return fault_set(w->fault, EFBIG, "more than %u libraries, at '%s'",
                         LIBRARY_MAX, path);
    err = tree_add_host(&w->src->tree, path, w->fault);
    if (err)
        return err;
    list_add(&w->paths, path);
    list_add(&w->rpaths, rpaths);
    return 0;
}

static int need_add(struct work *w, const char *name, const char *path,
                    const struct elf *elf, const char *rpaths)
{
    char *found;
    int err;

    /* musl's loader is its C library, and knows itself by these names. */
    if (w->search.is_musl &&
        (strcmp(name, "libc.so") == 0 || strncmp(name, "libc.musl-", 10) == 0))
        return 0;
    found = library_find(&w->search, name, path, elf, rpaths);
    if (!found && is_added(&w->src->tree, name))
        return 0;
    if (!found) {
        fault_set(
            w->fault, ENOENT,
            "'%s' needs the library '%s', which is not on this host; install "
            "the package that has it (apt-file search %s), or give it: "
            "--add /where/%s:/usr/lib/%s",
            path, name, name, name, name);
        return fault_exit(w->fault, EXIT_NOT_FOUND);
    }
    if (!is_listed(&w->src->libraries, found))
        list_add(&w->src->libraries, found);
    err = work_add(w, found, rpaths);
    free(found);
    return err;
}

/* Everything that the idx-th file of the list needs joins the list. */
static int file_expand(struct work *w, size_t idx)
{
    const char *path = w->paths.item[idx];
    char *rpaths = mem_strdup(w->rpaths.item[idx]);
    struct elf elf;
    size_t i;
    int err = elf_read(path, &elf, w->fault);

    if (err) {
        free(rpaths);
        return err;
    }
    if (elf.rpath && !elf.runpath) {
        char *own = library_expand(elf.rpath, path);
        char *both = mem_printf("%s:%s", own, rpaths);

        free(own);
        free(rpaths);
        rpaths = both;
    }
    for (i = 0; i < elf.needed.count && err == 0; i++)
        err = need_add(w, elf.needed.item[i], path, &elf, rpaths);
    elf_fini(&elf);
    free(rpaths);
    return err;
}

/* Run the list to its end. With `lenient`, what a file lacks is passed over. */
static int work_run(struct work *w, bool lenient)
{
    size_t i;
    int err = 0;

    for (i = 0; i < w->paths.count && err == 0; i++) {
        err = file_expand(w, i);
        if (lenient && (err == -ENOENT || err == -ENOEXEC))
            err = 0;
    }
    if (err == 0 && w->search.cache_used)
        err = tree_add_host(&w->src->tree, "/etc/ld.so.cache", w->fault);
    return err;
}

static void work_fini(struct work *w)
{
    library_fini(&w->search);
    list_fini(&w->paths);
    list_fini(&w->rpaths);
}

static int interp_add(struct work *w, const char *path, const struct elf *elf)
{
    struct fault why;

    if (!elf->interp)
        return 0;
    if (tree_find(&w->src->tree, elf->interp))
        return 0;
    if (tree_add_host(&w->src->tree, elf->interp, &why) != 0) {
        fault_set(w->fault, ENOENT,
                  "'%s' needs the dynamic loader '%s', which is not on "
                  "this host; install the C library that it was built "
                  "for, or give it: --add /where/%s:%s",
                  path, elf->interp, path_base(elf->interp), elf->interp);
        return fault_exit(w->fault, EXIT_NOT_FOUND);
    }
    return 0;
}

int needs_add_program(struct source *src, const char *path, struct fault *fault)
{
    struct work w = { .src = src, .fault = fault };
    char *
        real; /* $ORIGIN is where a program lies, not where a link to it does */
    struct elf elf;
    int err = elf_read(path, &elf, fault);

    if (err)
        return err;
    real = realpath(path, NULL);
    library_init(&w.search, elf.interp);
    if (!elf.is_program)
        err = fault_set(fault, ENOEXEC,
                        "'%s' is a library or an object file, not a program: "
                        "it has no entry point",
                        path);
    if (err == 0)
        err = interp_add(&w, path, &elf);
    if (err == 0)
        err = tree_add_host(&src->tree, path, fault);
    if (err == 0)
        err = work_add(&w, real ? real : path, "");
    if (err == 0)
        err = work_run(&w, false);
    free(real);
    if (err == 0 && elf.interp && !src->interp)
        src->interp = mem_strdup(elf.interp);
    work_fini(&w);
    elf_fini(&elf);
    return err;
}

/* Opening each of thousands of data files would take longer than all else. */
static bool may_be_elf(const struct tree_entry *e)
{
    const char *base = path_base(e->path);

    return e->kind == TREE_FILE && e->from && strcmp(e->path, e->from) == 0 &&
           (strstr(base, ".so") || (e->st.st_mode & 0111) != 0);
}

int needs_complete(struct source *src, struct fault *fault)
{
    struct work w = { .src = src, .fault = fault };
    struct tree *tree = &src->tree;
    size_t done = 0;
    int err = 0;

    library_init(&w.search, src->interp);
    /* The tree grows while this goes on; entries keep their places. */
    while (done < tree->count && err == 0) {
        for (; done < tree->count && err == 0; done++) {
            char *path = mem_strdup(tree->entry[done].path);

            err = runtime_add(tree, path, fault);
            if (err == 0 && may_be_elf(&tree->entry[done]) &&
                elf_recognise(path))
                err = work_add(&w, path, "");
            free(path);
        }
        if (err == 0)
            err = work_run(&w, true);
    }
    work_fini(&w);
    return err;
}
