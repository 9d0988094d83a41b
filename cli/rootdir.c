/* SPDX-License-Identifier: BSD-2-Clause */
/* rootdir.c - see rootdir.h. */
#include "cli/rootdir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/elf.h"
#include "cli/script.h"
#include "cli/source.h"
#include "host/fault.h"
#include "host/path.h"

#define LINK_FOLLOW_MAX  40u
#define SCRIPT_DEPTH_MAX 4u

/* The host's path of what the guest calls `path`, links resolved; NULL when
 * there is none. */
static char *resolve(const char *dir, const char *path)
{
    char *at = mem_strdup("/");
    char *rest = mem_strdup(path);
    unsigned links = 0;
    char *host = NULL;

    while (rest[strspn(rest, "/")] != '\0') {
        char *p = rest + strspn(rest, "/");
        size_t len = strcspn(p, "/");
        char *name = mem_strndup(p, len);
        char *here = path_clean(at, name);
        char *left = mem_strdup(p + len);
        char target[PATH_MAX];
        ssize_t n;

        free(host);
        host = path_join(dir, here);
        n = readlink(host, target, sizeof(target) - 1);
        free(rest);
        if (n > 0 && ++links <= LINK_FOLLOW_MAX) {
            target[n] = '\0';
            rest = mem_printf("%s/%s", target, left);
            if (target[0] == '/') {
                free(at);
                at = mem_strdup("/");
            }
            free(here);
            free(left);
        } else {
            free(at);
            at = here;
            rest = left;
        }
        free(name);
    }
    free(host);
    host = path_join(dir, at);
    free(at);
    free(rest);
    return host;
}

static bool is_file(const char *dir, const char *path)
{
    char *host = resolve(dir, path);
    struct stat st;
    bool found = stat(host, &st) == 0 && S_ISREG(st.st_mode);

    free(host);
    return found;
}

static char *search_in(const char *dir, const char *name, const char *search)
{
    const char *p = search;

    if (strchr(name, '/')) {
        char *path = path_clean("/", name);

        if (is_file(dir, path))
            return path;
        free(path);
        return NULL;
    }
    while (*p != '\0') {
        size_t len = strcspn(p, ":");
        char *part = mem_strndup(p, len);
        char *path = path_join(part, name);

        free(part);
        if (is_file(dir, path))
            return path;
        free(path);
        p += len + strspn(p + len, ":");
    }
    return NULL;
}

static int elf_check(const char *dir, const char *path, struct fault *fault)
{
    char *host = resolve(dir, path);
    struct elf elf;
    int err = elf_read(host, &elf, fault);

    if (err) {
        fault_exit(fault, EXIT_NOT_RUNNABLE);
    } else {
        if (elf.interp && !is_file(dir, elf.interp)) {
            fault_set(fault, ENOENT,
                      "'%s' needs the dynamic loader '%s', which is not "
                      "in '%s'; put it there",
                      path, elf.interp, dir);
            err = fault_exit(fault, EXIT_NOT_FOUND);
        }
        elf_fini(&elf);
    }
    free(host);
    return err;
}

int rootdir_find(const char *dir, const char *source, const char *search,
                 char **exe_out, struct list *args, struct fault *fault)
{
    const char *name = source;
    struct stat st;
    unsigned depth;

    if (stat(dir, &st) != 0)
        return fault_sys(fault, errno, "--root: cannot use '%s'", dir);
    if (!S_ISDIR(st.st_mode))
        return fault_set(fault, ENOTDIR, "--root: '%s' is not a directory",
                         dir);
    list_add(args, source);
    for (depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
        char *path = search_in(dir, name, search);
        struct list words = { 0 };
        char *host;
        size_t i;

        if (!path) {
            fault_set(fault, ENOENT, "'%s' not found inside '%s'", name, dir);
            return fault_exit(fault, EXIT_NOT_FOUND);
        }
        host = resolve(dir, path);
        if (!script_read(host, &words)) {
            free(host);
            *exe_out = path;
            return elf_check(dir, path, fault);
        }
        free(host);
        list_add_take(&words, path);
        for (i = 1; i < args->count; i++)
            list_add(&words, args->item[i]);
        list_fini(args);
        *args = words;
        name = args->item[0];
    }
    return fault_set(fault, ELOOP,
                     "scripts name each other as interpreters; "
                     "the last is '%s'",
                     name);
}
