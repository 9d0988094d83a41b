/* SPDX-License-Identifier: BSD-2-Clause */
/* file.c - see file.h. */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/memory.h"

#define COPY_CHUNK_LEN (256u << 10)
#define WALK_FD_MAX    32

int file_write_fault(struct fault *fault, int err, const char *what)
{
    if (err == ENOSPC || err == EDQUOT)
        return fault_set(fault, err,
                         "cannot write '%s': the disk is full (%s); free "
                         "some space, or choose another place with -o or "
                         "XDG_CACHE_HOME",
                         what, strerror(err));
    return fault_sys(fault, err, "cannot write '%s'", what);
}

int file_read_at(int fd, void *data, size_t len, uint64_t off, const char *what,
                 struct fault *fault)
{
    uint8_t *p = data;

    while (len > 0) {
        ssize_t n = pread(fd, p, len, (off_t)off);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_sys(fault, errno, "cannot read '%s'", what);
        if (n == 0)
            return fault_set(fault, EIO, "'%s' is truncated", what);
        p += n;
        len -= (size_t)n;
        off += (uint64_t)n;
    }
    return 0;
}

int file_read_all(const char *path, struct buf *buf, size_t len_max,
                  struct fault *fault)
{
    char chunk[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = 0;

    if (fd < 0)
        return fault_sys(fault, errno, "cannot open '%s'", path);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            err = fault_sys(fault, errno, "cannot read '%s'", path);
        if (n <= 0)
            break;
        if (buf->len + (size_t)n > len_max) {
            err = fault_set(fault, EFBIG, "'%s' has more than %zu bytes", path,
                            len_max);
            break;
        }
        buf_add(buf, chunk, (size_t)n);
    }
    close(fd);
    return err;
}

int file_read_lines(const char *path, struct list *lines, size_t len_max,
                    struct fault *fault)
{
    struct buf text = { 0 };
    int err = file_read_all(path, &text, len_max, fault);
    char *at, *line;

    buf_add(&text, "", 1);
    at = (char *)text.data;
    while (err == 0 && (line = strsep(&at, "\n")))
        list_add(lines, line);
    buf_fini(&text);
    return err;
}

int file_write_all(int fd, const void *data, size_t len, const char *what,
                   struct fault *fault)
{
    const uint8_t *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_write_fault(fault, errno, what);
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The plain way, for file systems that copy_file_range() does not cover. */
static int copy_by_reading(int from, uint64_t off, int to, uint64_t len,
                           const char *what, struct fault *fault)
{
    void *chunk = mem_alloc(COPY_CHUNK_LEN);
    int err = 0;

    while (len > 0 && err == 0) {
        size_t want = len < COPY_CHUNK_LEN ? (size_t)len : COPY_CHUNK_LEN;

        err = file_read_at(from, chunk, want, off, what, fault);
        if (err == 0)
            err = file_write_all(to, chunk, want, what, fault);
        off += want;
        len -= want;
    }
    free(chunk);
    return err;
}

int file_copy(int from, uint64_t off, int to, uint64_t len, const char *what,
              struct fault *fault)
{
    while (len > 0) {
        off_t pos = (off_t)off;
        ssize_t n = copy_file_range(from, &pos, to, NULL, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT))
            return file_write_fault(fault, errno, what);
        if (n <= 0)
            return copy_by_reading(from, off, to, len, what, fault);
        off += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

int file_make_dirs(const char *path, mode_t mode, struct fault *fault)
{
    char *copy = mem_strdup(path);
    char *p;
    int err = 0;

    for (p = copy + 1;; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            err = errno;
        else
            err = 0;
        *p = c;
        if (c == '\0')
            break;
    }
    free(copy);
    if (err != 0)
        return fault_sys(fault, err, "cannot make the directory '%s'", path);
    return 0;
}

int file_replace(const char *path, mode_t mode,
                 int (*write)(int fd, void *arg, struct fault *fault),
                 void *arg, struct fault *fault)
{
    char *temporary;
    struct stat st;
    int err, fd;

    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return fault_set(fault, EINVAL,
                         "'%s' is no ordinary file that a new one could "
                         "replace",
                         path);
    temporary = mem_printf("%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        err = fault_sys(fault, errno, "cannot write '%s'", path);
        free(temporary);
        return err;
    }
    err = write(fd, arg, fault);
    if (err == 0 && fchmod(fd, mode) != 0)
        err = fault_sys(fault, errno, "cannot set the mode of '%s'", path);
    if (close(fd) != 0 && err == 0)
        err = file_write_fault(fault, errno, path);
    if (err == 0 && rename(temporary, path) != 0)
        err = file_write_fault(fault, errno, path);
    if (err)
        unlink(temporary);
    free(temporary);
    return err;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)!remove(path);
    return 0;
}

bool file_is_own_dir(const struct stat *st)
{
    return S_ISDIR(st->st_mode) && st->st_uid == getuid() &&
           (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

void file_remove_tree(const char *path)
{
    (void)!nftw(path, remove_one, WALK_FD_MAX, FTW_DEPTH | FTW_PHYS);
}
