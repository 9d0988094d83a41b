/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage.c - see stage.h.
 *
 * mkfs.erofs takes times from the files, and clamps them to SOURCE_DATE_EPOCH,
 * which also dates the file system. The newest time of the tree is used: then
 * nothing is clamped, and made-up files, which get that very time, need no
 * extended inode.
 */
#include "cli/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/tree.h"
#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"
#include "host/path.h"

#define MKFS "mkfs.erofs"
#define MKFS_SEARCH \
    "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
#define FIXED_UUID "-U00000000-0000-4000-8000-000000000000"

struct stage {
    const struct tree *tree;
    const char *dir;
    struct timespec newest;
    struct fault *fault;
};

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
                                  : a->tv_nsec > b->tv_nsec;
}

static struct timespec newest_time(const struct tree *tree)
{
    struct timespec newest = { 1, 0 };
    size_t i;

    for (i = 0; i < tree->count; i++) {
        const struct tree_entry *e = &tree->entry[i];

        if (e->from && is_newer(&e->st.st_mtim, &newest))
            newest = e->st.st_mtim;
    }
    newest.tv_nsec = 0; /* SOURCE_DATE_EPOCH has whole seconds ... */
    newest.tv_sec++;    /* ... and must not clamp the newest */
    return newest;
}

/* Files that share an inode on the host share one in the guest. */
static int link_again(const struct stage *s, const struct tree_entry *e,
                      const char *path)
{
    size_t i;

    if (e->st.st_nlink < 2)
        return -ENOENT;
    for (i = 0; &s->tree->entry[i] != e; i++) {
        const struct tree_entry *o = &s->tree->entry[i];
        char *old;
        int err;

        if (o->kind != TREE_FILE || o->st.st_ino != e->st.st_ino ||
            o->st.st_dev != e->st.st_dev)
            continue;
        old = path_join(s->dir, o->path);
        err = link(old, path) == 0 ? 0 : -errno;
        free(old);
        return err;
    }
    return -ENOENT;
}

static mode_t file_mode(const struct tree_entry *e)
{
    return (e->st.st_mode & 07777) | 0400; /* mkfs.erofs reads it */
}

static int put_file(const struct stage *s, const struct tree_entry *e,
                    const char *path)
{
    int from = -1, to;
    int err = 0;

    if (e->kind == TREE_FILE) {
        if (link_again(s, e, path) == 0)
            return 0;
        from = open(e->from, O_RDONLY | O_CLOEXEC);
        if (from < 0)
            return fault_sys(s->fault, errno, "cannot read '%s'", e->from);
    }
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        err = file_write_fault(s->fault, errno, path);
    else if (from >= 0)
        err =
            file_copy(from, 0, to, (uint64_t)e->st.st_size, e->from, s->fault);
    else
        err = file_write_all(to, e->text, strlen(e->text), path, s->fault);
    if (err == 0 && fchmod(to, file_mode(e)) != 0)
        err = file_write_fault(s->fault, errno, path);
    if (to >= 0)
        close(to);
    if (from >= 0)
        close(from);
    return err;
}

static int put_entry(const struct stage *s, const struct tree_entry *e,
                     const char *path)
{
    int failed = 0;

    switch (e->kind) {
    case TREE_DIR: /* its own mode comes at the end */
        failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        break;
    case TREE_LINK:
        failed = symlink(e->text, path) != 0;
        break;
    case TREE_FIFO:
        failed = mkfifo(path, e->st.st_mode & 0777) != 0;
        break;
    case TREE_FILE:
    case TREE_TEXT:
        return put_file(s, e, path);
    }
    return failed ? file_write_fault(s->fault, errno, path) : 0;
}

/* A new owner takes the setuid bit away. */
static int owner_give(const struct stage *s, const struct tree_entry *e,
                      const char *path)
{
    uid_t uid = tree_uid(s->tree, e);
    gid_t gid = tree_gid(s->tree, e);

    if (uid == 0 && gid == 0)
        return 0;
    if (lchown(path, uid, gid) != 0)
        return -errno;
    return e->kind == TREE_FILE && chmod(path, file_mode(e)) != 0 ? -errno : 0;
}

static int finish_entry(const struct stage *s, const struct tree_entry *e,
                        const char *path)
{
    const struct timespec mtime = e->from ? e->st.st_mtim : s->newest;
    const struct timespec times[2] = { mtime, mtime };

    if (s->tree->keep_owners && owner_give(s, e, path) != 0)
        return file_write_fault(s->fault, errno, path);
    if (e->kind == TREE_DIR && chmod(path, (e->st.st_mode & 07777) | 0700) != 0)
        return file_write_fault(s->fault, errno, path);
    if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) != 0)
        return file_write_fault(s->fault, errno, path);
    return 0;
}

static int lay_out(const struct stage *s)
{
    size_t i;
    int err = 0;

    for (i = 0; i < s->tree->count && err == 0; i++) {
        char *path = path_join(s->dir, s->tree->entry[i].path);

        err = put_entry(s, &s->tree->entry[i], path);
        free(path);
    }
    /* Backwards: what is written into a directory changes its time. */
    while (i > 0 && err == 0) {
        char *path = path_join(s->dir, s->tree->entry[--i].path);

        err = finish_entry(s, &s->tree->entry[i], path);
        free(path);
    }
    return err;
}

static int mkfs_run(const struct stage *s, const char *mkfs, const char *erofs)
{
    const char *argv[10] = { MKFS,   "--quiet",  "-d2",
                             "-x-1", FIXED_UUID, "-Enoinline_data" };
    char *epoch =
        mem_printf("SOURCE_DATE_EPOCH=%lld", (long long)s->newest.tv_sec);
    struct child c = { .path = mkfs, .argv = argv, .env = epoch };
    unsigned n = 6;
    int err;

    if (!s->tree->keep_owners)
        argv[n++] = "--all-root";
    argv[n++] = erofs;
    argv[n] = s->dir;
    err = child_run(&c, s->fault);
    free(epoch);
    if (err || c.status == 0)
        return err;
    if (strstr(c.text, "No space left") || strstr(c.text, "ENOSPC") ||
        strstr(c.text, "[Error 28]"))
        return file_write_fault(s->fault, ENOSPC, erofs);
    return fault_set(s->fault, EIO, "%s failed on '%s' (status %d): %s", mkfs,
                     s->dir, c.status, c.text);
}

int stage_root(const struct tree *tree, const char *dir, const char *erofs,
               struct fault *fault)
{
    struct stage s = { tree, dir, newest_time(tree), fault };
    const char *override = getenv("SAMARA_MKFS_EROFS");
    char *mkfs = override ? mem_strdup(override)
                          : path_search(MKFS, MKFS_SEARCH, &(int){ 0 });
    int err;

    if (!mkfs)
        return fault_set(fault, ENOENT,
                         "making an image needs the program mkfs.erofs; "
                         "install the package erofs-utils");
    err = lay_out(&s);
    if (err == 0)
        err = mkfs_run(&s, mkfs, erofs);
    free(mkfs);
    return err;
}
