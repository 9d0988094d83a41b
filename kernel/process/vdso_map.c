/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdso_map.c - show the vDSO to a program.
 *
 * Two pages of the kernel's own image, side by side: the clock's values, then
 * the shared object. Nothing is copied.
 */
#include <asm/mman.h>

#include "core/panic.h"
#include "mm/space.h"
#include "process/image.h"
#include "time/clock.h"
#include "time/vvar.h"

extern const uint8_t vdso_image[], vdso_image_end[];

long vdso_map(struct space *s)
{
    paddr_t pages[2] = { clock_image_pa(&clock_vvar),
                         clock_image_pa(vdso_image) };
    long at;
    int err;

    ASSERT_OP(vdso_image_end - vdso_image, <=, PAGE_SIZE);
    at = space_map_pages(s, pages, ARRAY_LEN(pages), PROT_READ | PROT_EXEC,
                         "[vdso]");
    if (at < 0)
        return at;
    err = space_protect(s, (uaddr_t)at, PAGE_SIZE, PROT_READ);
    return err ? err : at + (long)PAGE_SIZE;
}
