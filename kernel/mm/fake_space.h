/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_space.h - an address space on the fake machine, and a file to map.
 *
 * What:      what the address-space tests share: stand-ins for the layers
 *            around mm, a file whose pages lie in an "image" until they are
 *            written, and start(), which makes an empty space.
 * Context:   unit tests only, included once by each.
 */
#ifndef MM_FAKE_SPACE_H
#define MM_FAKE_SPACE_H

#include "mm/fake_machine.h"

#include "core/errno.h"
#include "mm/heap.h"
#include "mm/object.h"
#include "mm/region.h"
#include "mm/user.h"
#include "random/pool.h"

#define RAM_LEN        (48ull << 20)
#define FILE_PAGES     40u
#define FILE_BYTE(idx) ((uint8_t)(100 + (idx))) /* the first of page idx */

struct spinlock kernel_lock = { 1, LOCK_KERNEL };

void arch_rewrite_forget(uint64_t start, uint64_t end)
{
    (void)start, (void)end;
}

void arch_cpus_stop(void)
{
}

void arch_cpus_resume(void)
{
}

size_t strlcpy(char *dst, const char *src, size_t dst_len)
{
    return (size_t)snprintf(dst, dst_len, "%s", src);
}

/* "Images" lie in fake memory behind the RAM: the kernel's, of which only the
 * page of zeros is looked at, and the file's. */
#define FILE_IMAGE_OFF   (56ull << 20)
#define KERNEL_IMAGE_OFF (60ull << 20)
extern const uint8_t __executable_start[];

uint64_t arch_kernel_va(void)
{
    return (uint64_t)__executable_start;
}

uint64_t arch_kernel_pa(void)
{
    return FAKE_RAM_PA + KERNEL_IMAGE_OFF;
}

static uint64_t pool_state = 88172645463325252ull;

uint64_t pool_u64(void)
{
    pool_state ^= pool_state << 13;
    pool_state ^= pool_state >> 7;
    pool_state ^= pool_state << 17;
    return pool_state;
}

int copy_to_user(uaddr_t dst, const void *src, size_t len)
{
    memcpy((void *)dst, src, len);
    return 0;
}

/* ---- a file: half of it in place as in an image, half in RAM ---- */

static struct file_model {
    struct vm_object object; /* first */
    int refs;
    paddr_t own[FILE_PAGES]; /* 0: the image's page */
    uint8_t *image;
    uint64_t size_pages;
} file;

static int file_page(struct vm_object *obj, uint64_t idx, bool want_write,
                     paddr_t *pa_out)
{
    struct file_model *f = (struct file_model *)obj;

    if (idx >= f->size_pages)
        return -ENXIO;
    if (want_write && !f->own[idx]) {
        f->own[idx] = page_alloc();
        if (!f->own[idx])
            return -ENOMEM;
        memcpy(page_ptr(f->own[idx]), f->image + idx * PAGE_SIZE, PAGE_SIZE);
        vm_object_zap(obj, idx, 1, false);
    }
    *pa_out = f->own[idx] ? f->own[idx] : page_pa(f->image + idx * PAGE_SIZE);
    page_get(*pa_out);
    return 0;
}

static size_t file_ready(struct vm_object *obj, uint64_t idx, size_t count,
                         paddr_t *pa_out)
{
    const struct file_model *f = (struct file_model *)obj;
    size_t n = 0;

    *pa_out = page_pa(f->image + idx * PAGE_SIZE);
    while (n < count && idx + n < f->size_pages && (idx + n) % 3 != 0 &&
           !f->own[idx + n])
        n++;
    return n;
}

static void file_ref(struct vm_object *obj)
{
    ((struct file_model *)obj)->refs++;
}

static void file_unref(struct vm_object *obj)
{
    ((struct file_model *)obj)->refs--;
}

static void file_name(struct vm_object *obj, char *buf, size_t buf_len)
{
    (void)obj;
    snprintf(buf, buf_len, "/some/file");
}

static const struct vm_object_ops file_ops = {
    .page = file_page,
    .ready = file_ready,
    .ref = file_ref,
    .unref = file_unref,
    .name = file_name,
};

static struct space *space;

static void start(void)
{
    struct bootinfo boot = fake_boot(RAM_LEN, true);
    paddr_t pml4;

    page_init(&boot);
    pml4 = page_alloc_zeroed();
    space_init(pml4);
    space = space_create();
    REQUIRE(space != NULL);
    vm_object_init(&file.object, &file_ops);
    file.size_pages = FILE_PAGES;
    file.image = fake_ram + FILE_IMAGE_OFF;
    for (unsigned i = 0; i < FILE_PAGES; i++) {
        memset(file.image + i * PAGE_SIZE, 0, PAGE_SIZE);
        file.image[i * PAGE_SIZE] = FILE_BYTE(i);
    }
}

#endif
