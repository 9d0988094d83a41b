/* SPDX-License-Identifier: BSD-2-Clause */
/* frames_open.c - finds the installed kernel's call frame information. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cli/frames.h"
#include "cli/place.h"
#include "host/fault.h"
#include "image/image.h"

static const char section_name[] = ".debug_frame";

static bool is_inside(const struct frames *f, uint64_t off, uint64_t len)
{
    return off <= f->file_len && len <= f->file_len - off;
}

static bool section_get(const struct frames *f, const Elf64_Ehdr *head,
                        unsigned index, Elf64_Shdr *out)
{
    uint64_t off = head->e_shoff + (uint64_t)index * sizeof(*out);

    if (index >= head->e_shnum || head->e_shentsize != sizeof(*out) ||
        !is_inside(f, head->e_shoff, 0) || !is_inside(f, off, sizeof(*out)))
        return false;
    memcpy(out, (const uint8_t *)f->file + off, sizeof(*out));
    return true;
}

static bool section_find(struct frames *f)
{
    const uint8_t *file = f->file;
    Elf64_Ehdr head;
    Elf64_Shdr names, s;
    unsigned i;

    memcpy(&head, file, sizeof(head)); /* image_open() has read it */
    if (!section_get(f, &head, head.e_shstrndx, &names))
        return false;
    for (i = 0; section_get(f, &head, i, &s); i++) {
        uint64_t name = names.sh_offset + s.sh_name;

        if (!is_inside(f, name, sizeof(section_name)) ||
            memcmp(file + name, section_name, sizeof(section_name)) != 0 ||
            s.sh_type != SHT_PROGBITS || s.sh_flags & SHF_COMPRESSED ||
            !is_inside(f, s.sh_offset, s.sh_size))
            continue;
        f->data = file + s.sh_offset;
        f->len = s.sh_size;
        return true;
    }
    return false;
}

bool frames_open(struct frames *f, const uint8_t *build_id, size_t len)
{
    struct fault ignored;
    struct image img;
    char *path = place_kernel(&ignored);
    bool is_it;

    *f = (struct frames){ 0 };
    if (!path || image_open(path, &img, &ignored) != 0) {
        free(path);
        return false;
    }
    free(path);
    is_it = img.build_id_len == len && memcmp(img.build_id, build_id, len) == 0;
    f->file_len = img.file_len;
    f->file = is_it ? mmap(NULL, f->file_len, PROT_READ, MAP_PRIVATE, img.fd, 0)
                    : MAP_FAILED;
    image_close(&img);
    if (f->file == MAP_FAILED)
        f->file = NULL;
    return f->file && section_find(f);
}

void frames_fini(struct frames *f)
{
    if (f->file)
        munmap(f->file, f->file_len);
    *f = (struct frames){ 0 };
}
