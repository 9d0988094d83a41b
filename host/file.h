/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.h - whole-file work on the host: read, write, copy, remove.
 *
 * Errors:    0 or -errno, and the fault says what to do; a full disk is told
 *            from other failures.
 * Units:     lengths and offsets in bytes.
 */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct buf;
struct fault;
struct list;

/* Read exactly len bytes at off. -EIO with fault when the file ends before:
 * "what" names the file in the message. */
int file_read_at(int fd, void *data, size_t len, uint64_t off, const char *what,
                 struct fault *fault);

/* Append the whole file to buf; -EFBIG when it has more than len_max. */
int file_read_all(const char *path, struct buf *buf, size_t len_max,
                  struct fault *fault);

/* Append its lines, without their ends, to the list. */
int file_read_lines(const char *path, struct list *lines, size_t len_max,
                    struct fault *fault);
int file_write_all(int fd, const void *data, size_t len, const char *what,
                   struct fault *fault);

/* Copy len bytes from off on to the current position of `to`; shares the
 * blocks where the file system can. */
int file_copy(int from, uint64_t off, int to, uint64_t len, const char *what,
              struct fault *fault);

/* Let what write() puts into a file beside `path` take the place of what is
 * there, when all is written and with these permissions; before, and on an
 * error, nothing has changed. -EINVAL: what is there is no ordinary file. */
int file_replace(const char *path, mode_t mode,
                 int (*write)(int fd, void *arg, struct fault *fault),
                 void *arg, struct fault *fault);

/* mkdir -p. */
int file_make_dirs(const char *path, mode_t mode, struct fault *fault);

/* A directory of this user's that nobody else may write into. */
bool file_is_own_dir(const struct stat *st);

/* rm -rf, without following links; failures are not reported. */
void file_remove_tree(const char *path);

/* The failure to write `what`: names a full disk as such. Returns -err. */
int file_write_fault(struct fault *fault, int err, const char *what);

#endif
