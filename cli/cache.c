/* SPDX-License-Identifier: BSD-2-Clause */
/* cache.c - see cache.h. */
#include "cli/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/kernel_link.h"
#include "cli/place.h"
#include "cli/source.h"
#include "cli/stage.h"
#include "host/args.h"
#include "host/digest.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "host/path.h"
#include "image/image.h"

#define ENTRY_MAX    65536u /* files looked at when pruning */
#define IN_USE_S     120    /* an image used so lately is not removed */
#define FOREIGN_S    86400  /* no image takes so long to build */
#define TEMP_PREFIX  "tmp-"
#define IMAGE_SUFFIX ".img"

static int dir_use(const char *dir, struct fault *fault)
{
    int err = file_make_dirs(dir, 0700, fault);

    if (err == 0 && access(dir, W_OK | X_OK) != 0)
        err = fault_sys(fault, errno,
                        "cannot write into the cache '%s'; set XDG_CACHE_HOME "
                        "to another directory",
                        dir);
    return err;
}

/* Anybody may have made this name in /tmp, and what is in it is run. */
static int is_own(const char *dir, struct fault *fault)
{
    struct stat st;

    if (lstat(dir, &st) == 0 && file_is_own_dir(&st))
        return 0;
    return fault_set(fault, EACCES,
                     "'%s' is not a directory of yours that nobody else may "
                     "write into; remove it, or set XDG_CACHE_HOME",
                     dir);
}

/* A service's account often has no home, or one that is not there. */
static int dir_open(char **dir_out, struct fault *fault)
{
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    bool has_xdg = xdg && xdg[0] == '/';
    int err = -ENOENT;

    if (has_xdg || (home && home[0] == '/')) {
        *dir_out = has_xdg ? path_join(xdg, "samara")
                           : path_join(home, ".cache/samara");
        err = dir_use(*dir_out, fault);
        if (err == 0)
            return 0;
        free(*dir_out);
        *dir_out = NULL;
        if (has_xdg)
            return err;
    }
    *dir_out = mem_printf("/tmp/samara-%u", (unsigned)getuid());
    err = dir_use(*dir_out, fault);
    if (err == 0)
        err = is_own(*dir_out, fault);
    if (err) {
        free(*dir_out);
        *dir_out = NULL;
    }
    return err;
}

/* Which processes a number means. 0: /proc does not say. */
static unsigned long pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/* "tmp-PID-NAMESPACE-XXXXXX": whose it is decides whether it is a leftover.
 * Containers that share a cache each have processes of the same numbers. */
static int temp_make(const char *cache, char **temp_out, struct fault *fault)
{
    *temp_out = mem_printf("%s/" TEMP_PREFIX "%ld-%lu-XXXXXX", cache,
                           (long)getpid(), pid_namespace());
    if (!mkdtemp(*temp_out)) {
        int err = file_write_fault(fault, errno, *temp_out);

        free(*temp_out);
        *temp_out = NULL;
        return err;
    }
    return 0;
}

/* The installation's kernel, or one of src's own. The caller frees. */
static int kernel_get(const struct source *src, const char *temp,
                      char **kernel_out, struct fault *fault)
{
    if (!src->calls) {
        *kernel_out = place_kernel(fault);
        return *kernel_out ? 0 : -ENOENT;
    }
    *kernel_out = path_join(temp, "kernel.elf");
    return kernel_link(src->calls, *kernel_out, fault);
}

static int build_in(const struct source *src, const char *temp,
                    const char *path, struct fault *fault)
{
    char *kernel = NULL;
    char *dir = path_join(temp, "root");
    char *erofs = path_join(temp, "root.erofs");
    struct buf config = { 0 };
    struct image_parts parts = { .root_path = erofs, .strip = src->strip };
    int err = kernel_get(src, temp, &kernel, fault);

    if (err == 0 && mkdir(dir, 0700) != 0)
        err = file_write_fault(fault, errno, dir);
    if (err == 0)
        err = stage_root(&src->tree, dir, erofs, fault);
    if (err == 0)
        err = run_config_encode(&src->config, &config, fault);
    if (err == 0) {
        parts.kernel_path = kernel;
        parts.config = config.data;
        parts.config_len = config.len;
        err = image_write(&parts, path, fault);
    }
    buf_fini(&config);
    free(erofs);
    free(dir);
    free(kernel);
    return err;
}

int cache_build(const struct source *src, const char *path, struct fault *fault)
{
    char *cache = NULL, *temp = NULL;
    int err = dir_open(&cache, fault);

    if (err == 0)
        err = temp_make(cache, &temp, fault);
    if (err == 0)
        err = build_in(src, temp, path, fault);
    if (temp)
        file_remove_tree(temp);
    free(temp);
    free(cache);
    return err;
}

/* --- the key --- */

static int key_make(const struct source *src, char key[DIGEST_HEX_LEN],
                    struct fault *fault)
{
    char *kernel = place_kernel(fault);
    struct digest d;
    struct stat st;
    size_t i;

    if (!kernel)
        return -ENOENT;
    if (stat(kernel, &st) != 0)
        memset(&st, 0, sizeof(st));
    digest_init(&d);
    digest_add_string(&d, SAMARA_VERSION);
    digest_add_string(&d, kernel);
    digest_add(&d, &st.st_mtim, sizeof(st.st_mtim));
    digest_add(&d, &st.st_size, sizeof(st.st_size));
    digest_add(&d, &st.st_ino, sizeof(st.st_ino));
    digest_add_string(&d, src->config.exe);
    for (i = 0; i < src->config.arg_fixed; i++)
        digest_add_string(&d, src->config.args.item[i]);
    tree_digest(&src->tree, &d);
    digest_hex(&d, key);
    free(kernel);
    return 0;
}

/* --- pruning --- */

struct cached {
    char *path;
    uint64_t len;
    time_t used;
};

static int by_age(const void *a, const void *b)
{
    const struct cached *x = a, *y = b;

    return x->used < y->used ? -1 : x->used > y->used;
}

/* Left by a process that was killed while it built; one of another namespace
 * has been when it would have taken very long. */
static bool is_leftover(const char *name, const char *path)
{
    unsigned long namespace;
    struct stat st;
    char *end;
    long pid;

    if (strncmp(name, TEMP_PREFIX, strlen(TEMP_PREFIX)) != 0)
        return false;
    pid = strtol(name + strlen(TEMP_PREFIX), &end, 10);
    namespace = *end == '-' ? strtoul(end + 1, NULL, 10) : 0;
    if (namespace != pid_namespace())
        return stat(path, &st) == 0 && st.st_mtime + FOREIGN_S < time(NULL);
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static uint64_t limit_get(void)
{
    const char *value = getenv("SAMARA_CACHE_SIZE");
    struct fault ignored;
    uint64_t limit;

    if (value && args_size("SAMARA_CACHE_SIZE", value, &limit, &ignored) == 0)
        return limit;
    return CACHE_LEN_DEFAULT;
}

static size_t entries_list(const char *cache, struct cached **list_out)
{
    DIR *dir = opendir(cache);
    struct cached *list = NULL;
    struct dirent *d;
    size_t count = 0;

    while (dir && count < ENTRY_MAX && (d = readdir(dir)) != NULL) {
        char *path = path_join(cache, d->d_name);
        struct stat st;

        if (is_leftover(d->d_name, path))
            file_remove_tree(path);
        if (strstr(d->d_name, IMAGE_SUFFIX) && stat(path, &st) == 0 &&
            S_ISREG(st.st_mode)) {
            list = mem_resize(list, (count + 1) * sizeof(*list));
            list[count++] = (struct cached){ path, (uint64_t)st.st_size,
                                             st.st_atim.tv_sec };
            path = NULL;
        }
        free(path);
    }
    if (dir)
        closedir(dir);
    *list_out = list;
    return count;
}

static void prune(const char *cache)
{
    struct cached *list;
    size_t count = entries_list(cache, &list);
    uint64_t limit = limit_get();
    time_t now = time(NULL);
    uint64_t total = 0;
    size_t i;

    if (count > 0)
        qsort(list, count, sizeof(*list), by_age);
    for (i = 0; i < count; i++)
        total += list[i].len;
    for (i = 0; i < count; i++) {
        if (total > limit && now - list[i].used > IN_USE_S &&
            unlink(list[i].path) == 0)
            total -= list[i].len;
        free(list[i].path);
    }
    free(list);
}

/* --- the lookup --- */

/* There, whole, and marked as used now (file systems mostly do not). */
static bool hit(const char *path)
{
    const struct timespec times[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
    struct fault ignored;
    struct image img;

    if (access(path, R_OK) != 0)
        return false;
    if (image_open(path, &img, &ignored) != 0)
        return false;
    image_close(&img);
    (void)!utimensat(AT_FDCWD, path, times, 0);
    return true;
}

int cache_image(struct source *src, int verbose, struct fault *fault)
{
    char key[DIGEST_HEX_LEN];
    char *cache = NULL;
    char *path;
    int err = key_make(src, key, fault);

    if (err == 0)
        err = dir_open(&cache, fault);
    if (err)
        return err;
    path = mem_printf("%s/%s" IMAGE_SUFFIX, cache, key);
    if (!hit(path)) {
        if (verbose)
            fprintf(stderr, "samara: packing %zu files into '%s'\n",
                    src->tree.count, path);
        err = cache_build(src, path, fault);
        if (err == 0)
            prune(cache);
    } else if (verbose) {
        fprintf(stderr, "samara: using the image '%s'\n", path);
    }
    free(cache);
    if (err)
        free(path);
    else
        src->image = path;
    return err;
}
