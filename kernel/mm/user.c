/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.c - see user.h. The copies themselves are user_copy.S.
 */
#include "mm/user.h"

#include "arch/arch.h"
#include "core/errno.h"
#include "core/string.h"

#define STRING_PIECE 64u /* copied at once: most strings are shorter */

int copy_from_user(void *dst, uaddr_t src, size_t len)
{
    return copy_from_user_partial(dst, src, len) ? -EFAULT : 0;
}

int copy_to_user(uaddr_t dst, const void *src, size_t len)
{
    return copy_to_user_partial(dst, src, len) ? -EFAULT : 0;
}

static size_t zero_user_partial(uaddr_t dst, size_t len)
{
    if (!user_range_ok(dst, len))
        return len;
    return user_zero_bytes(dst, len);
}

int zero_user(uaddr_t dst, size_t len)
{
    return zero_user_partial(dst, len) ? -EFAULT : 0;
}

ssize_t user_string(char *dst, uaddr_t src, size_t max)
{
    size_t done = 0;

    /* Not beyond a page: the string may end right before an unmapped one. */
    while (done < max) {
        size_t n = MIN(max - done, PAGE_SIZE - ((src + done) & PAGE_MASK));
        const char *nul;
        size_t left;

        n = MIN(n, STRING_PIECE);
        left = copy_from_user_partial(dst + done, src + done, n);
        nul = memchr(dst + done, 0, n - left);
        if (nul)
            return nul - dst;
        if (left)
            return -EFAULT;
        done += n;
    }
    return -ENAMETOOLONG;
}

/* Words go in one access: a futex's must, and it is the cheapest. */
int user_get32(uint32_t *dst, uaddr_t src)
{
    return user_word_ok(src, sizeof(*dst)) ? arch_user_get32(dst, src)
                                           : -EFAULT;
}

int user_get64(uint64_t *dst, uaddr_t src)
{
    return user_get64_quick(dst, src);
}

int user_put32(uaddr_t dst, uint32_t value)
{
    return user_word_ok(dst, sizeof(value)) ? arch_user_put32(dst, value)
                                            : -EFAULT;
}

int user_put64(uaddr_t dst, uint64_t value)
{
    return user_put64_quick(dst, value);
}

int user_cmpxchg32(uaddr_t p, uint32_t old, uint32_t new_value,
                   uint32_t *seen_out)
{
    uint64_t result;

    if (!user_word_ok(p, sizeof(uint32_t)))
        return -EFAULT;
    result = user_cmpxchg_word(p, old, new_value);
    if (result >> 32)
        return -EFAULT;
    *seen_out = (uint32_t)result;
    return 0;
}

/* ---- struct io ---- */

void io_init(struct io *io, const struct io_vec *vec, size_t count)
{
    *io = (struct io){ .vec = vec, .vec_count = count };
    for (size_t i = 0; i < count; i++)
        io->left += vec[i].len;
}

void io_init_kernel(struct io *io, struct io_vec *one, void *buf, size_t len)
{
    one->base = (uint64_t)buf;
    one->len = len;
    io_init(io, one, 1);
    io->is_kernel = true;
}

enum io_op { IO_PUT, IO_GET, IO_ZERO };

/* One piece; result: bytes that could not be moved. */
static inline size_t move(const struct io *io, uaddr_t at, uint8_t *buf,
                          size_t n, enum io_op op)
{
    if (io->is_kernel) {
        if (op == IO_PUT)
            memcpy((void *)at, buf, n);
        else if (op == IO_GET)
            memcpy(buf, (const void *)at, n);
        else
            memset((void *)at, 0, n);
        return 0;
    }
    if (op == IO_PUT)
        return copy_to_user_partial(at, buf, n);
    if (op == IO_GET)
        return copy_from_user_partial(buf, at, n);
    return zero_user_partial(at, n);
}

static size_t io_move(struct io *io, uint8_t *buf, size_t len, enum io_op op)
{
    size_t done = 0;

    while (done < len && io->vec_count > 0) {
        size_t n = MIN(len - done, io->vec->len - io->vec_off);
        size_t failed =
            move(io, io->vec->base + io->vec_off, buf + done, n, op);

        done += n - failed;
        io->vec_off += n - failed;
        io->left -= n - failed;
        if (failed)
            break;
        if (io->vec_off == io->vec->len) {
            io->vec++;
            io->vec_count--;
            io->vec_off = 0;
        }
    }
    return done;
}

/* The common case: bytes that lie in one piece. */
static bool is_simple(const struct io *io, size_t len)
{
    return io->vec_count > 0 && len <= io->vec->len - io->vec_off;
}

static inline size_t move_simple(struct io *io, uint8_t *buf, size_t len,
                                 enum io_op op)
{
    size_t moved = len - move(io, io->vec->base + io->vec_off, buf, len, op);

    io->vec_off += moved;
    io->left -= moved;
    return moved;
}

size_t io_put(struct io *io, const void *src, size_t len)
{
    uint8_t *buf = (uint8_t *)(uintptr_t)src;

    return LIKELY(is_simple(io, len)) ? move_simple(io, buf, len, IO_PUT)
                                      : io_move(io, buf, len, IO_PUT);
}

size_t io_get(struct io *io, void *dst, size_t len)
{
    return LIKELY(is_simple(io, len)) ? move_simple(io, dst, len, IO_GET)
                                      : io_move(io, dst, len, IO_GET);
}

size_t io_zero(struct io *io, size_t len)
{
    return io_move(io, NULL, len, IO_ZERO);
}

/* ---- faults in the copies ---- */

struct extable_entry {
    int32_t insn, fixup; /* relative to their own addresses */
};
extern const struct extable_entry __extable_start[], __extable_end[];

uint64_t extable_find(uint64_t rip)
{
    for (const struct extable_entry *e = __extable_start; e < __extable_end;
         e++)
        if ((uint64_t)&e->insn + (uint64_t)(int64_t)e->insn == rip)
            return (uint64_t)&e->fixup + (uint64_t)(int64_t)e->fixup;
    return 0;
}
