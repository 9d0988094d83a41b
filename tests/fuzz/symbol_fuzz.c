/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbol_fuzz.c - any bytes as the file that a crash report looks into: no name
 * or a printable one, and never a byte outside of the file.
 *
 * The first eight bytes say which byte of the rest is asked for.
 */
/* unit: kernel/process/symbol.c */
#include <stdlib.h>
#include <string.h>

#include "core/errno.h"
#include "fs/vfs.h"
#include "process/symbol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t *file_bytes;
static size_t file_len;
static unsigned open_count;
static struct file fake_file;

int vfs_open(int dirfd, const char *path, unsigned flags, uint32_t mode,
             struct file **out)
{
    (void)dirfd, (void)path, (void)flags, (void)mode;
    open_count++;
    *out = &fake_file;
    return 0;
}

void file_put(struct file *f)
{
    (void)f;
    open_count--;
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t len, uint64_t off)
{
    (void)f;
    if (off >= file_len)
        return 0;
    len = MIN(len, file_len - off);
    memcpy(buf, file_bytes + off, len);
    return (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char name[SYMBOL_NAME_MAX];
    uint64_t at, offset;

    if (len < sizeof(at))
        return 0;
    memcpy(&at, data, sizeof(at));
    file_bytes = data + sizeof(at);
    file_len = len - sizeof(at);
    if (symbol_find("/x", at, name, &offset)) {
        if (!memchr(name, '\0', sizeof(name)) || !name[0])
            abort();
        for (const char *c = name; *c; c++)
            if (*c < ' ' || *c > '~')
                abort();
    }
    if (open_count != 0)
        abort();
    return 0;
}
