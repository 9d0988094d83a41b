/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random.c - getrandom(2).
 */
#include <linux/random.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/user.h"
#include "random/pool.h"
#include "syscall/syscall.h"

#define CHUNK_LEN 256u
#define GRND_ALL  (GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)

long sys_getrandom(uaddr_t buf, size_t buf_len, unsigned flags)
{
    uint8_t chunk[CHUNK_LEN];
    size_t done = 0;

    if (flags & ~GRND_ALL)
        return -EINVAL;
    if ((flags & GRND_RANDOM) && (flags & GRND_INSECURE))
        return -EINVAL; /* Linux refuses the pair too */

    buf_len = MIN(buf_len, (size_t)INT32_MAX); /* as Linux does */
    while (done < buf_len) {
        size_t n = MIN(buf_len - done, sizeof(chunk));

        pool_read(chunk, n);
        if (copy_to_user(buf + done, chunk, n) != 0)
            break;
        done += n;
    }
    memset(chunk, 0, sizeof(chunk)); /* no random bytes left on the stack */
    __asm__ volatile("" ::"r"(chunk) : "memory");
    if (done == 0 && buf_len > 0)
        return -EFAULT;
    return (long)done; /* a partial count, as Linux gives */
}
