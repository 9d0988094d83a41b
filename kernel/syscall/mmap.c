/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmap.c - mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2), mlock(2)...
 */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/errno.h"
#include "fs/file.h"
#include "mm/object.h"
#include "mm/page.h"
#include "mm/space.h"
#include "sched/process.h"
#include "syscall/syscall.h"

/* <linux/resource.h> has them, and another struct rlimit64. */
#define RLIMIT_MEMLOCK_IDX 8
#define RLIMIT_AS_IDX      9

static struct space *space(void)
{
    return process_current()->space;
}

/* What MAP_SHARED_VALIDATE knows: Linux's LEGACY_MAP_MASK. */
#define VALID_FLAGS                                                          \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | \
     MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |             \
     MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | ABOVE4G |          \
     MAP_HUGE_2MB | MAP_HUGE_1GB)
#define ABOVE4G 0x80 /* MAP_ABOVE4G, new in Linux 6.6 */

/* The mapping types and flags that make sense together; Linux's errors. */
static int check_flags(int flags, bool has_file)
{
    int type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE &&
        !(type == MAP_SHARED_VALIDATE && has_file))
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && flags & ~VALID_FLAGS)
        return -EOPNOTSUPP;
    if (flags & MAP_HUGETLB)
        return -ENOMEM; /* none are reserved */
    return 0;
}

static int check_access(const struct file *f, int prot, int flags)
{
    int mode = f->flags & O_ACCMODE;

    if (mode == O_WRONLY)
        return -EACCES;
    if ((flags & MAP_TYPE) != MAP_PRIVATE && prot & PROT_WRITE &&
        mode != O_RDWR)
        return -EACCES;
    return f->ops->mmap ? 0 : -ENODEV;
}

static long map_file(uaddr_t addr, size_t len, int prot, int flags,
                     struct file *f, uint64_t off)
{
    struct vm_object *obj = NULL;
    long result = check_access(f, prot, flags);

    if ((flags & MAP_TYPE) != MAP_PRIVATE && (f->flags & O_ACCMODE) != O_RDWR)
        flags |= SPACE_MAP_NO_WRITE;
    if (result == 0)
        result = f->ops->mmap(f, prot, flags, &obj);
    if (result == 0 && (flags & MAP_TYPE) != MAP_PRIVATE && obj->no_write)
        flags |= SPACE_MAP_NO_WRITE;
    if (result == 0)
        result = space_map(space(), addr, len, prot, flags, obj, off);
    return result;
}

static NOINLINE bool exceeds(uint64_t limit, size_t more)
{
    struct space_stat st;

    space_stat(space(), &st);
    return st.mapped_pages * PAGE_SIZE + more > limit;
}

/* RLIMIT_AS, which hardly anyone sets. */
static inline bool exceeds_limit(size_t more)
{
    uint64_t limit = process_current()->rlimits[RLIMIT_AS_IDX].soft;

    return UNLIKELY(limit != UINT64_MAX) && exceeds(limit, more);
}

/* What does not depend on the file, in Linux's order. off: a file's */
static int check_range(uaddr_t addr, size_t len, int flags, uint64_t off)
{
    bool has_file = !(flags & MAP_ANONYMOUS);

    if (len == 0 || (has_file && flags & MAP_HUGETLB))
        return -EINVAL;
    if (len > ARCH_USER_MAX || exceeds_limit(len))
        return -ENOMEM;
    if (flags & MAP_FIXED_NOREPLACE && !(addr & PAGE_MASK) &&
        !space_is_free(space(), addr, len))
        return -EEXIST;
    if (has_file && off + len < off)
        return -EOVERFLOW;
    return check_flags(flags, has_file);
}

long sys_mmap(uaddr_t addr, size_t len, int prot, int flags, int fd,
              uint64_t off)
{
    struct file *f = NULL;
    long result;

    if (off & PAGE_MASK)
        return -EINVAL;
    flags &= ~SPACE_MAP_NO_WRITE;
    if (!(flags & MAP_ANONYMOUS)) {
        f = fd_get(fd);
        if (!f)
            return -EBADF;
    }
    result =
        f && f->flags & O_PATH ? -EBADF : check_range(addr, len, flags, off);
    if (result == 0)
        result = f ? map_file(addr, len, prot, flags, f, off)
                   : space_map(space(), addr, len, prot, flags, NULL, 0);
    if (f)
        file_put(f);
    return result;
}

long sys_munmap(uaddr_t addr, size_t len)
{
    return space_unmap(space(), addr, len);
}

long sys_mprotect(uaddr_t addr, size_t len, int prot)
{
    int growth = prot & (PROT_GROWSDOWN | PROT_GROWSUP);

    if (growth == (PROT_GROWSDOWN | PROT_GROWSUP) || addr & PAGE_MASK)
        return -EINVAL;
    if (len == 0)
        return 0;
    len = ALIGN_UP(len, PAGE_SIZE);
    if (addr + len <= addr)
        return -ENOMEM;
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM |
                 PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (prot & PROT_GROWSUP)
        return -EINVAL;
    return space_protect(space(), addr, len, prot);
}

long sys_pkey_mprotect(uaddr_t addr, size_t len, int prot, int key)
{
    return key == -1 ? sys_mprotect(addr, len, prot) : -EINVAL;
}

long sys_pkey_alloc(unsigned flags, unsigned rights)
{
    return flags || rights > 3 ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(int key)
{
    (void)key;
    return -EINVAL;
}

long sys_brk(uaddr_t end)
{
    uaddr_t now = (uaddr_t)space_brk(space(), 0);

    if (end > now && exceeds_limit(end - now))
        return (long)now;
    return space_brk(space(), end);
}

COLD long sys_mremap(uaddr_t old, size_t old_len, size_t new_len, int flags,
                     uaddr_t new_addr)
{
    if (new_len > old_len && exceeds_limit(new_len - old_len))
        return -ENOMEM;
    return space_remap(space(), old, old_len, new_len, flags, new_addr);
}

long sys_madvise(uaddr_t addr, size_t len, int advice)
{
    return space_advise(space(), addr, len, advice);
}

long sys_mincore(uaddr_t addr, size_t len, uaddr_t vec)
{
    return space_incore(space(), addr, len, vec);
}

COLD long sys_msync(uaddr_t addr, size_t len, int flags)
{
    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & PAGE_MASK ||
        (flags & MS_ASYNC && flags & MS_SYNC))
        return -EINVAL;
    len = ALIGN_UP(len, PAGE_SIZE);
    if (addr + len < addr)
        return -ENOMEM;
    return space_sync(space(), addr, len, flags);
}

static COLD int may_lock(size_t len)
{
    const struct process *p = process_current();
    struct space_stat st;

    if (process_has_cap(p, CAP_IPC_LOCK))
        return 0;
    space_stat(p->space, &st);
    if (p->rlimits[RLIMIT_MEMLOCK_IDX].soft == 0)
        return -EPERM;
    return st.locked_pages * PAGE_SIZE + len >
                   p->rlimits[RLIMIT_MEMLOCK_IDX].soft
               ? -ENOMEM
               : 0;
}

COLD long sys_mlock2(uaddr_t addr, size_t len, unsigned flags)
{
    int err;

    if (flags & ~MLOCK_ONFAULT)
        return -EINVAL;
    err = may_lock(len);
    return err ? err
               : space_lock(space(), addr, len, true, !(flags & MLOCK_ONFAULT));
}

long sys_mlock(uaddr_t addr, size_t len)
{
    return sys_mlock2(addr, len, 0);
}

long sys_munlock(uaddr_t addr, size_t len)
{
    return space_lock(space(), addr, len, false, false);
}

COLD long sys_mlockall(int flags)
{
    struct space_stat st;
    int err;

    if (flags == 0 || flags == MCL_ONFAULT ||
        flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
        return -EINVAL;
    space_stat(space(), &st);
    err = may_lock(flags & MCL_CURRENT ? st.mapped_pages * PAGE_SIZE : 0);
    if (err)
        return err;
    space_lock_all(space(), flags & MCL_CURRENT, flags & MCL_FUTURE,
                   !(flags & MCL_ONFAULT));
    return 0;
}

long sys_munlockall(void)
{
    space_lock_all(space(), false, false, false);
    return 0;
}
