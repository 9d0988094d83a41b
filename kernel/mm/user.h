/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user.h - the only door to the program's memory.
 *
 * What:      copies that check the range and survive faults. A fault inside is
 *            resolved like the program's own (demand paging), else refused.
 * Context:   a thread's system call; current thread's address space.
 * Errors:    -EFAULT when any byte is not accessible; part may be copied.
 *            user_string: -EFAULT, -ENAMETOOLONG when there is no NUL in max.
 */
#ifndef MM_USER_H
#define MM_USER_H

#include "arch/arch.h"
#include "core/errno.h"

MUST_CHECK int copy_from_user(void *dst, uaddr_t src, size_t len);
MUST_CHECK int copy_to_user(uaddr_t dst, const void *src, size_t len);
MUST_CHECK int zero_user(uaddr_t dst, size_t len);
/* Copies up to max bytes with the NUL; result: length without it. */
MUST_CHECK ssize_t user_string(char *dst, uaddr_t src, size_t max);
MUST_CHECK int user_get32(uint32_t *dst, uaddr_t src);
MUST_CHECK int user_get64(uint64_t *dst, uaddr_t src);
MUST_CHECK int user_put32(uaddr_t dst, uint32_t value);
MUST_CHECK int user_put64(uaddr_t dst, uint64_t value);
/* Atomic on the program's word, for futexes. -EFAULT, else 0 and old value. */
MUST_CHECK int user_cmpxchg32(uaddr_t p, uint32_t old, uint32_t new_value,
                              uint32_t *seen_out);

/* True when [p, p+len) lies in the program's half. */
static inline bool user_range_ok(uaddr_t p, size_t len)
{
    return p < ARCH_USER_MAX && len <= ARCH_USER_MAX - p;
}

/* The same for a few bytes, 1 at least, in one comparison. */
static inline bool user_word_ok(uaddr_t p, size_t len)
{
    return p <= ARCH_USER_MAX - len;
}

/* The port's copies (user_copy.S): no range check; result: bytes left. */
#ifdef SAMARA_GUEST
static inline size_t user_copy_bytes(uint64_t dst, uint64_t src, size_t len)
{
    return arch_user_copy(dst, src, len);
}
#else
size_t user_copy_bytes(uint64_t dst, uint64_t src, size_t len);
#endif
size_t user_zero_bytes(uint64_t dst, size_t len);
/* user_get64() and user_put64() where few registers are free: in system calls
 * that preserve them all (syscall.h). */
#ifdef SAMARA_GUEST
MUST_CHECK static ALWAYS_INLINE int user_get64_quick(uint64_t *dst, uaddr_t src)
{
    return user_word_ok(src, sizeof(*dst)) ? arch_user_get64(dst, src)
                                           : -EFAULT;
}
MUST_CHECK static ALWAYS_INLINE int user_put64_quick(uaddr_t dst,
                                                     uint64_t value)
{
    return user_word_ok(dst, sizeof(value)) ? arch_user_put64(dst, value)
                                            : -EFAULT;
}
#endif
/* The same with the check, for read() and write()'s partial counts. */
MUST_CHECK static inline size_t copy_from_user_partial(void *dst, uaddr_t src,
                                                       size_t len)
{
    if (!user_range_ok(src, len))
        return len;
    return user_copy_bytes((uint64_t)dst, src, len);
}
MUST_CHECK static inline size_t copy_to_user_partial(uaddr_t dst,
                                                     const void *src,
                                                     size_t len)
{
    if (!user_range_ok(dst, len))
        return len;
    return user_copy_bytes(dst, (uint64_t)src, len);
}
/* Whether these bytes of the program's, 8 at least and within one page, can be
 * read and are those. No range check. */
bool user_equal_bytes(uint64_t p, uint64_t kernel, size_t len);
uint64_t user_cmpxchg_word(uint64_t p, uint32_t old, uint32_t new_value);
/* Where to continue after a fault at rip, or 0: for the fault handler. */
uint64_t extable_find(uint64_t rip);

#define IO_LEN_MAX 0x7ffff000ul /* moved by one call: Linux's largest count */

/* Bytes on their way between a file and the program (or the kernel). */
struct io {
    const struct io_vec *vec; /* remaining pieces, copied in and checked */
    size_t vec_count;
    size_t vec_off; /* bytes of vec[0] already done */
    size_t left;    /* bytes in all pieces together */
    bool is_kernel; /* vec holds kernel addresses */
};
struct io_vec {
    uaddr_t base; /* laid out like Linux's struct iovec */
    size_t len;
};
void io_init(struct io *io, const struct io_vec *vec, size_t count);
void io_init_kernel(struct io *io, struct io_vec *one, void *buf, size_t len);
/* Move bytes, advance. Result: bytes moved (short only on a fault). */
MUST_CHECK size_t io_put(struct io *io, const void *src, size_t len);
MUST_CHECK size_t io_get(struct io *io, void *dst, size_t len);
MUST_CHECK size_t io_zero(struct io *io, size_t len);

#endif
