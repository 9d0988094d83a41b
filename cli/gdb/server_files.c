/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_files.c - vFile: the files of the image, so that gdb finds program and
 * libraries by their paths in the guest (`set sysroot target:`, its default).
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/gdb/server.h"
#include "host/memory.h"

#define STAT_LEN 64u /* "struct stat" of gdb's manual, appendix E.13 */
#define READ_MAX (PACKET_MAX / 2 - 64) /* all of it may need escapes */
#define ACCESS   3u                    /* of open's flags: 0 is reading */

static void result(struct server *s, int64_t value)
{
    if (value < 0)
        buf_printf(&s->reply, "F-1,%x", (unsigned)-value);
    else
        buf_printf(&s->reply, "F%llx", (unsigned long long)value);
}

static bool is_file(const struct server *s, uint64_t fd)
{
    return fd < SERVER_FILES && s->is_open[fd];
}

static void put_be(uint8_t *at, uint64_t value, unsigned len)
{
    while (len-- > 0) {
        at[len] = (uint8_t)value;
        value >>= 8;
    }
}

static int find(struct server *s, const char **at, bool follow,
                struct rootfile_info *out)
{
    char path[ROOTFILE_PATH_MAX];

    if (!packet_string(at, path, sizeof(path)))
        return -EINVAL;
    return s->root ? rootfile_find(s->root, path, follow, out) : -ENOENT;
}

static int64_t file_open(struct server *s, const char *at)
{
    struct rootfile_info info;
    uint64_t flags;
    unsigned fd;
    int err = find(s, &at, true, &info);

    if (err)
        return err;
    if (*at++ != ',' || !packet_number(&at, &flags))
        return -EINVAL;
    if (flags & ACCESS)
        return -EROFS;
    if (S_ISDIR(info.mode))
        return -EISDIR;
    for (fd = 0; fd < SERVER_FILES; fd++) {
        if (s->is_open[fd])
            continue;
        s->is_open[fd] = true;
        s->file[fd] = info;
        return fd;
    }
    return -EMFILE;
}

static void file_stat(struct server *s, uint64_t fd)
{
    const struct rootfile_info *f = &s->file[fd];
    uint8_t out[STAT_LEN] = { 0 };

    put_be(out + 4, f->nid, 4);
    put_be(out + 8, f->mode, 4);
    put_be(out + 12, f->nlink, 4);
    put_be(out + 16, f->uid, 4);
    put_be(out + 20, f->gid, 4);
    put_be(out + 28, f->size, 8);
    put_be(out + 36, 4096, 8);
    put_be(out + 44, (f->size + 511) / 512, 8);
    put_be(out + 52, f->mtime_s, 4);
    put_be(out + 56, f->mtime_s, 4);
    put_be(out + 60, f->mtime_s, 4);
    result(s, STAT_LEN);
    buf_add(&s->reply, ";", 1);
    buf_add(&s->reply, out, sizeof(out));
}

static void file_read(struct server *s, uint64_t nid, uint64_t len,
                      uint64_t pos)
{
    uint8_t data[READ_MAX];
    ssize_t n = rootfile_read(s->root, nid, data,
                              len < sizeof(data) ? len : sizeof(data), pos);

    result(s, n);
    if (n < 0)
        return;
    buf_add(&s->reply, ";", 1);
    buf_add(&s->reply, data, (size_t)n);
}

static void file_pread(struct server *s, const char *at)
{
    uint64_t fd, len, pos;

    if (!packet_number(&at, &fd) || *at++ != ',' || !packet_number(&at, &len) ||
        *at++ != ',' || !packet_number(&at, &pos))
        result(s, -EINVAL);
    else if (!is_file(s, fd))
        result(s, -EBADF);
    else
        file_read(s, s->file[fd].nid, len, pos);
}

static void file_readlink(struct server *s, const char *at)
{
    struct rootfile_info info;
    int err = find(s, &at, false, &info);

    if (err == 0 && !S_ISLNK(info.mode))
        err = -EINVAL;
    if (err)
        result(s, err);
    else
        file_read(s, info.nid, info.size, 0);
}

/* Of a descriptor alone: close, fstat. */
static void file_of(struct server *s, const char *at, bool closes)
{
    uint64_t fd;

    if (!packet_number(&at, &fd) || !is_file(s, fd)) {
        result(s, -EBADF);
        return;
    }
    if (!closes) {
        file_stat(s, fd);
        return;
    }
    s->is_open[fd] = false;
    result(s, 0);
}

void server_file(struct server *s, const char *at)
{
    if (packet_word(&at, "setfs:"))
        result(s, 0);
    else if (packet_word(&at, "open:"))
        result(s, file_open(s, at));
    else if (packet_word(&at, "close:"))
        file_of(s, at, true);
    else if (packet_word(&at, "fstat:"))
        file_of(s, at, false);
    else if (packet_word(&at, "pread:"))
        file_pread(s, at);
    else if (packet_word(&at, "readlink:"))
        file_readlink(s, at);
}
