/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_space.c - the room of files in memory: truncate, holes, seals.
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "mm/page.h"

static uint64_t pages_of(uint64_t len)
{
    return (len + PAGE_MASK) >> PAGE_SHIFT;
}

/*
 * Nothing remains in [first, end), which the caller then cuts off or marks as
 * a hole. A page counts in st_blocks when it is in RAM, or shows the image.
 */
void mem_pages_free(struct mem_inode *mi, uint64_t first, uint64_t end)
{
    uint64_t lower_end = MIN(pages_of(mi->lower_len), end);
    uint64_t counted = lower_end > first ? lower_end - first : 0;
    uint64_t entry;

    for (;;) {
        first = pagetree_next(&mi->pages, first, &entry);
        if (first >= end)
            break;
        (void)pagetree_remove(&mi->pages, first);
        if (entry == PAGETREE_HOLE) {
            counted--;
            continue;
        }
        if (first >= lower_end)
            counted++;
        page_put(entry);
    }
    counted *= PAGE_SIZE / 512;
    mi->inode.blocks -= MIN(mi->inode.blocks, counted);
}

static void shrink(struct mem_inode *mi, uint64_t len)
{
    uint64_t entry = pagetree_get(&mi->pages, len >> PAGE_SHIFT);
    size_t off = len & PAGE_MASK;

    mem_change(mi);
    /* The rest of the last page reads as zeros from now on. */
    if (off && entry > PAGETREE_HOLE)
        memset((uint8_t *)page_ptr(entry) + off, 0, PAGE_SIZE - off);
    else if (off)
        mem_zap(mi, len >> PAGE_SHIFT, 1, false);
    mem_pages_free(mi, pages_of(len), UINT64_MAX);
    mi->inode.size = len;
    mi->lower_len = MIN(mi->lower_len, len);
    mem_zap(mi, pages_of(len), PAGETREE_IDX_MAX - pages_of(len), true);
}

int mem_truncate(struct mem_inode *mi, uint64_t len)
{
    uint64_t size = mi->inode.size;

    if ((len < size && (mi->seals & F_SEAL_SHRINK)) ||
        (len > size && (mi->seals & F_SEAL_GROW)))
        return -EPERM;
    mem_pin(mi);
    if (len < size)
        shrink(mi, len);
    else
        mem_size_grow(mi, len);
    inode_touch_mtime(&mi->inode);
    return 0;
}

/* Zero a part of one page. Bytes of the image at the very end need no copy
 * when they are cut off by lower_len; that is left to the caller. */
static int zero_part(struct mem_inode *mi, uint64_t pos, uint64_t len)
{
    uint64_t entry = pagetree_get(&mi->pages, pos >> PAGE_SHIFT);
    paddr_t pa;
    int err;

    if (len == 0 || entry == PAGETREE_HOLE)
        return 0;
    if (entry == 0 && pos >= mi->lower_len)
        return 0;
    err = mem_page_own(mi, pos >> PAGE_SHIFT, &pa);
    if (err)
        return err;
    memset((uint8_t *)page_ptr(pa) + (pos & PAGE_MASK), 0, len);
    return 0;
}

/* Make whole pages holes; those that hide the image need a mark. */
static int punch_pages(struct mem_inode *mi, uint64_t first, uint64_t end)
{
    uint64_t lower_end = MIN(pages_of(mi->lower_len), end);

    mem_change(mi);
    mem_pages_free(mi, first, end);
    mem_zap(mi, first, end - first, false); /* private copies stay */
    for (uint64_t idx = first; idx < lower_end; idx++)
        if (pagetree_set(&mi->pages, idx, PAGETREE_HOLE))
            return -ENOSPC;
    return 0;
}

int mem_zero_range(struct mem_inode *mi, uint64_t pos, uint64_t len)
{
    uint64_t end = pos + len;
    uint64_t first = ALIGN_UP(pos, PAGE_SIZE),
             last = ALIGN_DOWN(end, PAGE_SIZE);
    int err;

    if (first > last) /* within one page */
        return zero_part(mi, pos, len);
    err = zero_part(mi, pos, first - pos);
    if (!err)
        err = zero_part(mi, last, end - last);
    if (!err && first < last)
        err = punch_pages(mi, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
    return err;
}

/* Give every page of the range memory, so that writing it cannot fail. */
static int allocate_pages(struct mem_inode *mi, uint64_t off, uint64_t len)
{
    uint64_t first = off >> PAGE_SHIFT, end = pages_of(off + len);

    if (end - first > page_free_count() + pages_of(mi->inode.size))
        return -ENOSPC;
    for (uint64_t idx = first; idx < end; idx++) {
        paddr_t pa;
        int err;

        if (pagetree_get(&mi->pages, idx) == 0 &&
            idx << PAGE_SHIFT < mi->lower_len)
            continue; /* the image's */
        err = mem_page_own(mi, idx, &pa);
        if (err)
            return err;
    }
    return 0;
}

int mem_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    struct mem_inode *mi = mem_of(f->inode);
    uint64_t end = off + len;
    bool keep_size = mode & FALLOC_FL_KEEP_SIZE;
    int err;

    if (mode &
        ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    if (mi->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
            return -EPERM;
    if (!keep_size && end > mi->inode.size && (mi->seals & F_SEAL_GROW))
        return -EPERM;
    mem_pin(mi);
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
        uint64_t stop = MIN(end, ALIGN_UP(mi->inode.size, PAGE_SIZE));

        err = off < stop ? mem_zero_range(mi, off, stop - off) : 0;
    } else {
        err = allocate_pages(mi, off, len);
    }
    if (err)
        return err;
    if (!keep_size)
        mem_size_grow(mi, end);
    inode_touch_mtime(f->inode);
    return 0;
}

int mem_object_remove(struct vm_object *obj, uint64_t first, uint64_t count)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    uint64_t end = MIN(first + count, pages_of(mi->inode.size));

    if (mi->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (first >= end)
        return 0;
    mem_pin(mi);
    inode_touch_mtime(&mi->inode);
    return mem_zero_range(mi, first << PAGE_SHIFT, (end - first) << PAGE_SHIFT);
}

/* Where data (or, want_hole, a hole) begins at or after pos. */
static uint64_t seek_data(struct mem_inode *mi, uint64_t pos, bool want_hole)
{
    uint64_t idx = pos >> PAGE_SHIFT;

    while (pos < mi->inode.size) {
        uint64_t next = 0;
        uint64_t entry = pagetree_get(&mi->pages, idx);
        bool has_data = entry > PAGETREE_HOLE;

        if (entry == 0) {
            has_data = pos < mi->lower_len;
            next = pagetree_next(&mi->pages, idx, &entry);
            if (has_data)
                next = MIN(next, pages_of(mi->lower_len));
        } else {
            next = idx + 1;
        }
        if (has_data != want_hole)
            return pos;
        if (next > pages_of(mi->inode.size))
            break;
        idx = next;
        pos = idx << PAGE_SHIFT;
    }
    return mi->inode.size;
}

off_t mem_seek(struct file *f, off_t off, int whence)
{
    struct mem_inode *mi = mem_of(f->inode);
    uint64_t size = __atomic_load_n(&f->inode->size, __ATOMIC_RELAXED);
    bool was_taken;

    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        if (__builtin_add_overflow(off, (off_t)f->pos, &off))
            return -EINVAL;
        break;
    case SEEK_END:
        if (__builtin_add_overflow(off, (off_t)size, &off))
            return -EINVAL;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (off < 0 || (uint64_t)off >= size)
            return -ENXIO;
        was_taken = kernel_lock_enter_seldom();
        off = (off_t)seek_data(mi, (uint64_t)off, whence == SEEK_HOLE);
        kernel_lock_leave(was_taken);
        if (whence == SEEK_DATA && (uint64_t)off >= size)
            return -ENXIO;
        break;
    default:
        return -EINVAL;
    }
    if (off < 0)
        return -EINVAL;
    f->pos = (uint64_t)off;
    return off;
}

long mem_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
    const unsigned known = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
                           F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    struct mem_inode *mi = mem_of(f->inode);

    if (mem_sb_of(f->inode)->has_lower)
        return -EINVAL; /* seals are for memory files and tmpfs */
    switch (cmd) {
    case F_GET_SEALS:
        return mi->seals;
    case F_ADD_SEALS:
        if (!(f->flags & (O_WRONLY | O_RDWR)))
            return -EPERM;
        if (arg & ~(unsigned long)known)
            return -EINVAL;
        if (mi->seals & F_SEAL_SEAL)
            return -EPERM;
        if ((arg & F_SEAL_WRITE) && vm_object_may_be_written(&mi->inode.object))
            return -EBUSY;
        mi->seals |= (unsigned)arg;
        if (arg & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
            mi->inode.object.no_write = true;
        return 0;
    default:
        return -EINVAL;
    }
}
