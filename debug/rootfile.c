/* SPDX-License-Identifier: BSD-2-Clause */
/* rootfile.c - see rootfile.h. The kernel's reader of EROFS checks all. */
#include "debug/rootfile.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/erofs.h"
#include "host/fault.h"
#include "host/file.h"
#include "image/image.h"

static int copy_out(struct erofs *e, const struct erofs_node *n, int fd,
                    struct fault *fault)
{
    static const uint8_t zeros[IMAGE_PAGE_LEN];
    uint64_t pos = 0;
    int err = 0;

    while (err == 0 && pos < n->size) {
        const uint8_t *at;
        uint64_t len;

        err = erofs_span(e, n, pos, &at, &len);
        if (err)
            return fault_set(fault, -err, "the image's root is damaged");
        if (!at && len > sizeof(zeros))
            len = sizeof(zeros);
        err =
            file_write_all(fd, at ? at : zeros, len, "a file in memory", fault);
        pos += len;
    }
    return err;
}

static int node_open(struct erofs *e, uint64_t ino, struct fault *fault)
{
    struct erofs_node n;
    int fd, err = erofs_node_read(e, ino, &n);

    if (err == 0 && (!S_ISREG(n.mode) || n.size > ROOTFILE_LEN_MAX))
        err = -EFBIG;
    if (err)
        return fault_set(fault, -err, "the image has no such file");
    fd = memfd_create("file", MFD_CLOEXEC);
    if (fd < 0)
        return fault_sys(fault, errno, "no memory for a file of the image");
    err = copy_out(e, &n, fd, fault);
    if (err == 0)
        return fd;
    close(fd);
    return err;
}

int rootfile_open(const struct image *img, const char *path, uint64_t ino,
                  struct fault *fault)
{
    struct erofs e = { 0 };
    void *root;
    int fd, err;

    if (img->root.file_len == 0)
        return fault_set(fault, ENOENT, "'%s' has no files", path);
    root = mmap(NULL, img->root.mem_len, PROT_READ, MAP_PRIVATE, img->fd,
                (off_t)img->root.off);
    if (root == MAP_FAILED)
        return fault_sys(fault, errno, "cannot map the root of '%s'", path);
    err = erofs_open(&e, root, img->root.mem_len);
    fd = err ? fault_set(fault, -err, "the root of '%s' is damaged", path)
             : node_open(&e, ino, fault);
    munmap(root, img->root.mem_len);
    return fd;
}
