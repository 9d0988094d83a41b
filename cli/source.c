/* SPDX-License-Identifier: BSD-2-Clause */
/* source.c - see source.h. */
#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/config.h"
#include "cli/elf.h"
#include "cli/needs.h"
#include "cli/netconf.h"
#include "cli/options.h"
#include "cli/package.h"
#include "cli/rootdir.h"
#include "cli/script.h"
#include "cli/skeleton.h"
#include "cli/ulimit.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/path.h"
#include "image/image.h"

#define GUEST_PATH \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SCRIPT_DEPTH_MAX 4u /* as Linux: a script's interpreter is a script */
#define UMASK_DEFAULT    022u

static int not_found(const char *source, int err, struct fault *fault)
{
    if (err == ENOENT) {
        fault_set(fault, ENOENT,
                  strstr(source, ":/")
                      ? "'%s' not found; -v is --verbose, files are put in by "
                        "--add PATH:DEST"
                  : strchr(source, '/')
                      ? "'%s' not found; give a program or an image"
                      : "'%s' not found in PATH; give its path",
                  source);
        return fault_exit(fault, EXIT_NOT_FOUND);
    }
    if (err == EISDIR)
        fault_set(fault, err,
                  "'%s' is a directory; to run a program inside it: "
                  "--root %s /PROGRAM",
                  source, source);
    else if (err == EACCES)
        fault_set(fault, err,
                  "'%s' may not be executed; if it is a program: chmod +x %s",
                  source, source);
    else
        fault_sys(fault, err, "cannot find '%s'", source);
    return fault_exit(fault, EXIT_NOT_RUNNABLE);
}

static bool is_image_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_image = fd >= 0 && image_recognise(fd);

    if (fd >= 0)
        close(fd);
    return is_image;
}

/* SOURCE as a host path: an image need be neither executable nor in PATH. */
static int locate(const char *source, char **path_out, struct fault *fault)
{
    int err = 0;

    *path_out = path_search(source, NULL, &err);
    if (*path_out)
        return 0;
    if (is_image_file(source)) {
        *path_out = mem_strdup(source);
        return 0;
    }
    if (err == ENOENT && !strchr(source, '/') && access(source, F_OK) == 0) {
        fault_set(fault, ENOENT,
                  "'%s' not found in PATH; the file of this name here is "
                  "./%s",
                  source, source);
        return fault_exit(fault, EXIT_NOT_FOUND);
    }
    return not_found(source, err, fault);
}

/* --- environment and arguments --- */

static void environment_default(struct run_config *rc)
{
    list_add(&rc->env, "PATH=" GUEST_PATH);
    list_add(&rc->env, "HOME=/root");
    list_add(&rc->env, "LANG=C.UTF-8");
}

/* -e, and the terminal's kind, which only the moment of the run knows. */
static void environment_apply(const struct options *o, struct run_config *rc)
{
    const char *term = getenv("TERM");
    size_t i;

    if (term && isatty(STDOUT_FILENO)) {
        char *assignment = mem_printf("TERM=%s", term);

        run_config_setenv(rc, assignment);
        free(assignment);
    }
    for (i = 0; i < o->env.count; i++) {
        const char *e = o->env.item[i];
        const char *value;
        char *assignment;

        if (strchr(e, '=')) {
            run_config_setenv(rc, e);
            continue;
        }
        value = getenv(e);
        if (!value)
            continue;
        assignment = mem_printf("%s=%s", e, value);
        run_config_setenv(rc, assignment);
        free(assignment);
    }
}

static void replace(char **into, const char *with)
{
    if (!with)
        return;
    free(*into);
    *into = mem_strdup(with);
}

static void config_apply(const struct options *o, struct run_config *rc)
{
    environment_apply(o, rc);
    replace(&rc->cwd, o->cwd);
    replace(&rc->hostname, o->hostname);
    netconf_apply(&o->net, &rc->net);
    ulimit_apply(&o->limits, &rc->limits);
    if (o->read_only)
        rc->flags |= CONFIG_READ_ONLY;
    if (o->verbose)
        rc->flags |= CONFIG_VERBOSE;
}

static void arguments_add(const struct options *o, struct run_config *rc)
{
    int i;

    rc->arg_fixed = rc->args.count;
    for (i = 0; i < o->argc; i++)
        list_add(&rc->args, o->argv[i]);
}

/* --- an image --- */

static int image_source(const struct options *o, struct source *src,
                        struct fault *fault)
{
    struct buf config = { 0 };
    struct image img;
    int err = image_open(src->image, &img, fault);

    if (err)
        return fault_exit(fault, EXIT_NOT_RUNNABLE);
    if (img.root.file_len == 0) {
        err = fault_set(fault, EINVAL,
                        "'%s' is a kernel without a program; 'samara build' "
                        "makes images",
                        src->image);
    } else if (o->adds.count > 0 || o->packages.count > 0 || o->root) {
        err = fault_set(fault, EINVAL,
                        "'%s' is an image, complete as it is: give --add, "
                        "--package and --root to 'samara build'",
                        src->image);
    } else {
        config.len = img.header.config_len;
        config.data = mem_alloc(config.len);
        err = file_read_at(img.fd, config.data, config.len, img.config.off,
                           src->image, fault);
        if (err == 0)
            err =
                run_config_decode(config.data, config.len, &src->config, fault);
        buf_fini(&config);
    }
    image_close(&img);
    if (err)
        return err;
    src->is_image = true;
    if (o->argc > 0) {
        while (src->config.args.count > src->config.arg_fixed)
            free(src->config.args.item[--src->config.args.count]);
        arguments_add(o, &src->config);
    }
    config_apply(o, &src->config);
    return 0;
}

/* --- a program of this host --- */

/*
 * Follow #! lines down to an ELF file. argv grows at its front: the words of
 * the line, then the script's path in place of its argv[0].
 */
static int interpreters_resolve(struct source *src, char **path,
                                struct list *args, struct fault *fault)
{
    unsigned depth;
    int err = 0;

    for (depth = 0; depth <= SCRIPT_DEPTH_MAX && err == 0; depth++) {
        struct list words = { 0 };
        char *script;
        size_t i;

        if (!script_read(*path, &words))
            return 0;
        script = path_absolute(*path);
        err = tree_add_host(&src->tree, script, fault);
        free(*path);
        *path = path_search(words.item[0], NULL, &(int){ 0 });
        if (!*path && err == 0) {
            fault_set(fault, ENOENT,
                      "the script '%s' needs the interpreter '%s', which is "
                      "not on this host; install it",
                      script, words.item[0]);
            err = fault_exit(fault, EXIT_NOT_FOUND);
        }
        list_add(&words, script);
        for (i = 1; i < args->count; i++)
            list_add(&words, args->item[i]);
        list_fini(args);
        *args = words;
        free(script);
    }
    if (err == 0)
        err = fault_set(fault, ELOOP,
                        "scripts name each other as "
                        "interpreters; the last is '%s'",
                        *path);
    return err;
}

/* PATH[:DEST]; a colon counts when an absolute DEST follows. */
static int add_option(struct tree *tree, const char *value, struct fault *fault)
{
    const char *colon = strrchr(value, ':');
    char *from, *to;
    int err;

    if (!colon || colon[1] != '/' || colon == value)
        return tree_add_host(tree, value, fault);
    from = mem_strndup(value, (size_t)(colon - value));
    to = path_clean("/", colon + 1);
    err = tree_add_at(tree, from, to, fault);
    free(from);
    free(to);
    return err;
}

/* Files that the kernel makes, unless the user gives them. */
static const struct {
    const char *path;
    uint64_t flag;
} made_files[] = {
    { "/etc/hosts", CONFIG_KEEP_HOSTS },
    { "/etc/hostname", CONFIG_KEEP_HOSTNAME },
    { "/etc/resolv.conf", CONFIG_KEEP_RESOLV },
};
#define MADE_FILE_COUNT (sizeof(made_files) / sizeof(made_files[0]))

/* Where the tree has the n-th of them from; "" for nowhere. To be freed. */
static char *made_file_from(const struct tree *tree, size_t n)
{
    const struct tree_entry *e = tree_find(tree, made_files[n].path);

    return mem_strdup(e && e->from ? e->from : "");
}

static int adds_apply(const struct options *o, struct source *src,
                      struct fault *fault)
{
    struct tree *tree = &src->tree;
    char *before[MADE_FILE_COUNT];
    size_t i;
    int err = 0;

    for (i = 0; i < MADE_FILE_COUNT; i++)
        before[i] = made_file_from(tree, i);
    err = packages_add(tree, &o->packages, fault);
    for (i = 0; i < o->adds.count && err == 0; i++) {
        err = add_option(tree, o->adds.item[i], fault);
        if (err) {
            struct fault why = *fault;

            err = fault_set(fault, why.err, "--add %.500s: %s", o->adds.item[i],
                            why.text);
        }
    }
    for (i = 0; i < MADE_FILE_COUNT; i++) {
        char *now = made_file_from(tree, i);

        if (strcmp(now, before[i]) != 0)
            src->config.flags |= made_files[i].flag;
        free(now);
        free(before[i]);
    }
    return err;
}

static int host_source(const struct options *o, struct source *src, char *path,
                       struct fault *fault)
{
    struct list args = { 0 };
    int err;

    /* A path inside the guest must be absolute; argv[0] is as it was given. */
    list_add(&args, o->source);
    err = adds_apply(o, src, fault);
    if (err == 0) {
        err = interpreters_resolve(src, &path, &args, fault);
        if (err == 0 && path)
            src->config.exe = path_absolute(path);
    }
    if (err == 0 && src->config.exe) {
        err = needs_add_program(src, src->config.exe, fault);
        if (err == -ENOEXEC || err == -EACCES)
            fault_exit(fault, EXIT_NOT_RUNNABLE);
    }
    if (err == 0)
        err = needs_complete(src, fault);
    if (err == 0)
        err = skeleton_add(&src->tree, false, fault);
    src->config.args = args;
    free(path);
    return err;
}

/* --- a program inside --root DIR --- */

static int root_source(const struct options *o, struct source *src,
                       struct fault *fault)
{
    int err = rootdir_find(o->root, o->source, GUEST_PATH, &src->config.exe,
                           &src->config.args, fault);

    if (err == 0)
        err = tree_add_at(&src->tree, o->root, "/", fault);
    if (err == 0)
        err = adds_apply(o, src, fault);
    if (err == 0)
        err = skeleton_add(&src->tree, true, fault);
    return err;
}

int source_open(const struct options *o, struct source *src,
                struct fault *fault)
{
    char *path = NULL;
    int fd, err;

    memset(src, 0, sizeof(*src));
    if (o->root) {
        err = root_source(o, src, fault);
    } else {
        err = locate(o->source, &path, fault);
        if (err)
            return err;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
            fault_sys(fault, errno, "cannot read '%s'", path);
            free(path);
            return fault_exit(fault, EXIT_NOT_RUNNABLE);
        }
        if (image_recognise(fd)) {
            close(fd);
            src->image = path;
            return image_source(o, src, fault);
        }
        close(fd);
        err = host_source(o, src, path, fault);
    }
    if (err)
        return err;
    arguments_add(o, &src->config);
    environment_default(&src->config);
    src->config.umask = UMASK_DEFAULT;
    config_apply(o, &src->config);
    tree_sort(&src->tree);
    return 0;
}

void source_fini(struct source *src)
{
    free(src->image);
    free(src->interp);
    tree_fini(&src->tree);
    list_fini(&src->libraries);
    run_config_fini(&src->config);
}
