/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dirent.c - one directory entry on its way to the program.
 */
#include "core/string.h"
#include "fs/dentry.h"

bool dirent_put(struct io *io, uint64_t ino, uint64_t next_pos, uint8_t type,
                const char *name, size_t name_len)
{
    uint8_t record[DIRENT_LEN_MAX + 8];
    uint16_t len = (uint16_t)ALIGN_UP(DIRENT_HEADER_LEN + name_len + 1, 8);

    if (io->left < len || name_len > NAME_MAX)
        return false;
    memcpy(record, &ino, 8);
    memcpy(record + 8, &next_pos, 8);
    memcpy(record + 16, &len, 2);
    record[18] = type;
    memcpy(record + DIRENT_HEADER_LEN, name, name_len);
    memset(record + DIRENT_HEADER_LEN + name_len, 0,
           len - DIRENT_HEADER_LEN - name_len);
    return io_put(io, record, len) == len;
}
