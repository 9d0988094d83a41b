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

/*
 * Nothing remains in [first, end), which the caller has cut off or made holes
 * where the image showed. A page counts in st_blocks when it is in RAM, or when
 * it shows the image.
 */
void mem_pages_free(struct mem_inode *mi, uint64_t first, uint64_t end,
                    uint64_t lower_end)
{
    uint64_t counted = lower_end > first ? lower_end - first : 0;
    uint64_t entry;

    for (;;) {
        spin_lock(&mi->lock);
        first = pagetree_next(&mi->pages, first, &entry);
        if (first >= end)
            break;
        (void)pagetree_remove(&mi->pages, first);
        spin_unlock(&mi->lock);
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
    spin_unlock(&mi->lock);
}

/* The rest of the page that pos is in becomes zeros, if it is in RAM. False: it
 * is not, and mappings of it must go. Under the lock. */
static bool rest_zero(struct mem_inode *mi, uint64_t pos)
{
    uint64_t entry = pagetree_get(&mi->pages, pos >> PAGE_SHIFT);
    size_t off = pos & PAGE_MASK;

    if (off == 0)
        return true;
    if (mem_is_page(entry))
        memset((uint8_t *)page_ptr(entry) + off, 0, PAGE_SIZE - off);
    return mem_is_page(entry);
}

void mem_tail_zero(struct mem_inode *mi)
{
    if (!mi->mapped_written)
        return;
    spin_lock(&mi->lock);
    (void)rest_zero(mi, mi->inode.size);
    if (list_is_empty(&mi->inode.object.mappings))
        mi->mapped_written = false;
    spin_unlock(&mi->lock);
}

/* Who mapped the image's last block sees what follows the end there, and must
 * see zeros instead. */
void mem_size_grow(struct mem_inode *mi, uint64_t size)
{
    uint64_t old = mi->inode.size;
    uint64_t entry;

    if (size <= old)
        return;
    mem_change(mi);
    spin_lock(&mi->lock);
    mi->inode.size = size;
    entry = pagetree_get(&mi->pages, old >> PAGE_SHIFT);
    spin_unlock(&mi->lock);
    if (old & PAGE_MASK && !mem_is_page(entry))
        mem_zap(mi, old >> PAGE_SHIFT, 1, false);
}

/* Who looks sees the size before all else, and then nothing behind it. */
static void shrink(struct mem_inode *mi, uint64_t len)
{
    uint64_t lower_end = mem_pages_of(mi->lower_len), first = len >> PAGE_SHIFT;
    uint64_t end = mem_pages_of(len);
    bool is_zeroed;

    mem_change(mi);
    spin_lock(&mi->lock);
    is_zeroed = rest_zero(mi, len);
    mi->inode.size = len;
    mi->lower_len = MIN(mi->lower_len, len);
    spin_unlock(&mi->lock);
    if (!is_zeroed)
        mem_zap(mi, first, 1, false);
    mem_pages_free(mi, end, UINT64_MAX, lower_end);
    mem_zap(mi, end, PAGETREE_IDX_MAX - end, true);
}

int mem_truncate(struct mem_inode *mi, uint64_t len)
{
    uint64_t size;
    int err = -EPERM;

    inode_claim(&mi->inode);
    size = mi->inode.size;
    if ((len < size && (mi->seals & F_SEAL_SHRINK)) ||
        (len > size && (mi->seals & F_SEAL_GROW)))
        goto unclaim;
    mem_pin(mi);
    if (len < size) {
        shrink(mi, len);
    } else {
        mem_tail_zero(mi);
        mem_size_grow(mi, len);
    }
    inode_touch_mtime(&mi->inode);
    err = 0;

unclaim:
    inode_unclaim(&mi->inode);
    return err;
}

/* Zero a part of one page. Bytes of the image at the very end need no copy
 * when they are cut off by lower_len; that is left to the caller. */
static int zero_part(struct mem_inode *mi, uint64_t pos, uint64_t len)
{
    uint64_t idx = pos >> PAGE_SHIFT;
    uint64_t entry;

    if (len == 0)
        return 0;
    entry = mem_entry_get(mi, idx);
    if (!mem_is_page(entry)) {
        int err;

        if (entry == PAGETREE_HOLE || pos >= mi->lower_len)
            return 0;
        err = mem_page_own(mi, idx, 0, &entry);
        if (err)
            return err;
    }
    memset((uint8_t *)page_ptr(entry) + (pos & PAGE_MASK), 0, len);
    page_put(entry);
    return 0;
}

/* Make whole pages holes; those that hide the image need a mark, which takes
 * the page's place at once. */
static int punch_pages(struct mem_inode *mi, uint64_t first, uint64_t end)
{
    uint64_t lower_end = MIN(mem_pages_of(mi->lower_len), end), hole;
    uint64_t idx = first;
    int err = 0;

    for (; idx < lower_end && !err; idx++)
        err = mem_entry_set(mi, idx, PAGETREE_HOLE, 0, &hole);
    if (!err) {
        mem_change(mi);
        mem_pages_free(mi, idx, end, 0);
    }
    mem_zap(mi, first, end - first, false); /* private copies stay */
    return err;
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
    uint64_t first = off >> PAGE_SHIFT, end = mem_pages_of(off + len);

    if (end - first > page_free_count() + mem_pages_of(mi->inode.size))
        return -ENOSPC;
    for (uint64_t idx = first; idx < end; idx++) {
        paddr_t pa = mem_entry_get(mi, idx);

        if (pa == 0 && idx << PAGE_SHIFT < mi->lower_len)
            continue; /* the image's */
        if (!mem_is_page(pa)) {
            int err = mem_page_own(mi, idx, 0, &pa);

            if (err)
                return err;
        }
        page_put(pa);
    }
    return 0;
}

static int allocate(struct mem_inode *mi, int mode, uint64_t off, uint64_t len)
{
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
    if (!keep_size) {
        mem_tail_zero(mi);
        mem_size_grow(mi, end);
    }
    inode_touch_mtime(&mi->inode);
    return 0;
}

int mem_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    int err;

    inode_claim(f->inode);
    err = allocate(mem_of(f->inode), mode, off, len);
    inode_unclaim(f->inode);
    return err;
}

int mem_object_remove(struct vm_object *obj, uint64_t first, uint64_t count)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    uint64_t end = MIN(first + count, mem_pages_of(mi->inode.size));

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
                next = MIN(next, mem_pages_of(mi->lower_len));
        } else {
            next = idx + 1;
        }
        if (has_data != want_hole)
            return pos;
        if (next > mem_pages_of(mi->inode.size))
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
        spin_lock(&mi->lock);
        off = (off_t)seek_data(mi, (uint64_t)off, whence == SEEK_HOLE);
        spin_unlock(&mi->lock);
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

static int seals_add(struct mem_inode *mi, unsigned seals)
{
    if (mi->seals & F_SEAL_SEAL)
        return -EPERM;
    if ((seals & F_SEAL_WRITE) && vm_object_may_be_written(&mi->inode.object))
        return -EBUSY;
    mi->seals |= seals;
    if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        mi->inode.object.no_write = true;
    return 0;
}

long mem_fcntl(struct file *f, unsigned cmd, unsigned long arg)
{
    const unsigned known = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
                           F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    struct mem_inode *mi = mem_of(f->inode);
    int err;

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
        inode_claim(&mi->inode);
        err = seals_add(mi, (unsigned)arg);
        inode_unclaim(&mi->inode);
        return err;
    default:
        return -EINVAL;
    }
}
