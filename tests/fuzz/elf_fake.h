/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_fake.h - a file and an address space for the ELF loader, in user space.
 *
 * What:      the file is a byte string; the space only remembers what was
 *            mapped and zeroed where, and refuses what a real one would.
 *            Included once, by the unit test or the fuzz harness.
 */
#ifndef TESTS_FUZZ_ELF_FAKE_H
#define TESTS_FUZZ_ELF_FAKE_H

#include <asm/mman.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "fs/vfs.h"
#include "mm/space.h"
#include "process/elf.h"

#define FAKE_MAP_MAX 2048u
#define FAKE_ROOM    0x7ffff7000000ul

struct fake_map {
    uaddr_t start, len;
    int prot;
    bool is_file;
    uint64_t off;
};

static struct fake_map fake_maps[FAKE_MAP_MAX];
static unsigned fake_map_count;
static uaddr_t fake_zero_start, fake_zero_len;
static const uint8_t *fake_bytes;
static size_t fake_len;

static int fake_mmap(struct file *f, int prot, int flags,
                     struct vm_object **out)
{
    (void)f, (void)prot, (void)flags;
    *out = (void *)&fake_bytes;
    return 0;
}

static const struct file_ops fake_ops = { .mmap = fake_mmap };
static struct inode fake_inode;
static struct file fake_file = { .ops = &fake_ops, .inode = &fake_inode };

static inline void fake_open(const uint8_t *bytes, size_t len)
{
    fake_bytes = bytes;
    fake_len = len;
    fake_inode.size = len;
    fake_map_count = 0;
    fake_zero_len = 0;
}

void *kmalloc(size_t len)
{
    return malloc(len);
}

void kfree(void *p)
{
    free(p);
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t len, uint64_t off)
{
    (void)f;
    if (off >= fake_len)
        return 0;
    len = MIN(len, fake_len - off);
    memcpy(buf, fake_bytes + off, len);
    return (ssize_t)len;
}

long space_map(struct space *s, uaddr_t hint, size_t len, int prot, int flags,
               struct vm_object *obj, uint64_t obj_off)
{
    struct fake_map *m;

    (void)s;
    if (len == 0 || (obj_off & PAGE_MASK))
        return -EINVAL;
    len = ALIGN_UP(len, PAGE_SIZE);
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        hint = FAKE_ROOM;
    if (hint & PAGE_MASK)
        return -EINVAL;
    if (len > ARCH_USER_MAX || hint > ARCH_USER_MAX - len ||
        hint < ARCH_USER_MIN)
        return -ENOMEM;
    if (fake_map_count == FAKE_MAP_MAX)
        return -ENOMEM;
    m = &fake_maps[fake_map_count++];
    *m = (struct fake_map){ hint, len, prot, obj != NULL, obj_off };
    return (long)hint;
}

int space_unmap(struct space *s, uaddr_t start, size_t len)
{
    (void)s, (void)start, (void)len;
    if (fake_map_count == 0)
        abort();
    fake_map_count--;
    return 0;
}

int zero_user(uaddr_t dst, size_t len)
{
    struct fake_map *m;

    if (fake_map_count == 0 || len >= PAGE_SIZE)
        abort();
    m = &fake_maps[fake_map_count - 1];
    if (dst < m->start || dst + len > m->start + m->len)
        abort(); /* zeros only the page that was just mapped */
    fake_zero_start = dst;
    fake_zero_len = len;
    return 0;
}

#endif
