/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gmem.c - see gmem.h.
 *
 * A range that spans two neighbouring slots is refused: the guest's kernel
 * hands over objects, and none of them lies across such a border.
 */
#include "monitor/gmem.h"

#include <errno.h>
#include <string.h>

#include "monitor/check.h"

void gmem_add(struct gmem *mem, gpa_t gpa, uint64_t len, void *host,
              bool writable)
{
    ASSERT(mem->range_count < GMEM_RANGE_MAX);
    ASSERT(len > 0 && gpa + len > gpa);
    mem->range[mem->range_count++] =
        (struct gmem_range){ gpa, len, host, writable };
}

/* Two subtractions that cannot wrap instead of one sum that can. */
static uint8_t *find(const struct gmem *mem, gpa_t gpa, uint64_t len,
                     bool writable)
{
    for (unsigned i = 0; i < mem->range_count; i++) {
        const struct gmem_range *r = &mem->range[i];

        if (gpa < r->gpa || gpa - r->gpa > r->len ||
            len > r->len - (gpa - r->gpa))
            continue;
        if (writable && !r->writable)
            return NULL;
        return r->host + (gpa - r->gpa);
    }
    return NULL;
}

int gmem_read(const struct gmem *mem, gpa_t gpa, void *dst, size_t len)
{
    const uint8_t *host = find(mem, gpa, len, false);

    if (!host)
        return -EFAULT;
    memcpy(dst, host, len);
    return 0;
}

int gmem_write(const struct gmem *mem, gpa_t gpa, const void *src, size_t len)
{
    uint8_t *host = find(mem, gpa, len, true);

    if (!host)
        return -EFAULT;
    memcpy(host, src, len);
    return 0;
}

int gmem_iovec(const struct gmem *mem, gpa_t gpa, uint64_t len, bool writable,
               struct iovec *out)
{
    uint8_t *host = find(mem, gpa, len, writable);

    if (!host)
        return -EFAULT;
    *out = (struct iovec){ host, len };
    return 0;
}
