/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.h - writing and reading image files (abi/image.h) on the host.
 *
 * What:      image_write() joins the kernel, an EROFS file and the default run
 *            configuration; image_open() reads the result and checks every
 *            field that a later user relies on, so that a segment it returns
 *            lies inside the file and may be mapped.
 * Ownership: image_open() fills the caller's struct, whose fd image_close()
 *            closes. Nothing else is allocated.
 * Errors:    0 or -errno; the fault names the file and what is wrong.
 * Units:     bytes; pa guest-physical.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"

struct fault;

#define IMAGE_PAGE_LEN     4096u
#define IMAGE_PHDR_MAX     16u
#define IMAGE_SHDR_MAX     64u
#define IMAGE_NOTE_LEN_MAX 1024u
/* A kernel is refused when larger, a configuration too. */
#define IMAGE_KERNEL_LEN_MAX (64u << 20)
#define IMAGE_CONFIG_LEN_MAX (8u << 20)
#define IMAGE_BUILD_ID_MAX   32u

struct image_segment {
    uint64_t off; /* in the file; of text and root a multiple of 4096 */
    uint64_t file_len;
    uint64_t mem_len;
    uint64_t pa;
};

struct image {
    int fd;
    uint64_t file_len;
    uint64_t entry;     /* guest-physical, of the PVH note */
    uint64_t entry_off; /* where in the file the note has it */
    struct image_segment text;
    struct image_segment data;
    struct image_segment root;   /* file_len 0: a bare kernel; mem_len is
                                  * whole pages, all of which can be mapped */
    struct image_segment config; /* file_len 0: none */
    struct kernel_header header;
    uint64_t symtab_off, symtab_len; /* 0: stripped */
    uint32_t symtab_locals;          /* sh_info: how many are local */
    uint64_t strtab_off, strtab_len;
    uint8_t build_id[IMAGE_BUILD_ID_MAX];
    uint32_t build_id_len;
};

/* Does the file look like an image or a kernel (perhaps a damaged one),
 * rather than like a program? Reads its first bytes only. */
bool image_recognise(int fd);

/*
 * Open and check.
 *   -errno of open()
 *   -EINVAL  not an image, damaged, or of another version: the fault says
 */
int image_open(const char *path, struct image *img, struct fault *fault);
/* The same for a descriptor, which the image takes also when this fails. */
int image_open_fd_take(int fd, const char *path, struct image *img,
                       struct fault *fault);
void image_close(struct image *img);

struct image_parts {
    const char *kernel_path; /* a bare kernel */
    const char *root_path;   /* an EROFS file */
    const void *config;      /* config.h */
    size_t config_len;
    bool strip; /* leave the kernel's symbols out */
};

/*
 * Write the image at path: into a temporary file beside it that takes its
 * place when complete, so that no partial file is ever seen at path.
 */
int image_write(const struct image_parts *parts, const char *path,
                struct fault *fault);

/* How much of the address space the image fills when it is loaded whole, from
 * KERNEL_PA to the end of its last segment. */
uint64_t image_loaded_len(const struct image *img);

#endif
