/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_write.c - data of files in memory: entries of the page tree, write.
 *
 * One call at a time changes a file's data, by inode_claim(). It copies from
 * the program with no lock, since that may fault, and the fault may come back
 * here for a page of the same file: pages are put into the tree by those as
 * well, at any time, under the inode's lock. So a page that is being filled
 * goes into the tree only once it is complete, after looking again. Memory is
 * asked for without the lock, which comes after those that reclaim() takes.
 */
#include <linux/fcntl.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "mm/heap.h"
#include "mm/page.h"

static paddr_t page_make(bool zeroed)
{
    paddr_t pa;

    if (page_free_count() <= MEMFS_RESERVE_PAGES)
        return 0;
    pa = zeroed ? page_alloc_zeroed() : page_alloc();
    if (pa)
        page_set_kind(pa, RECORDS_PAGE_FILE);
    return pa;
}

void mem_zap(struct mem_inode *mi, uint64_t first, uint64_t count,
             bool private_too)
{
    bool was_taken;

    if (list_is_empty(&mi->inode.object.mappings))
        return;
    was_taken = kernel_lock_enter_seldom();
    vm_object_zap(&mi->inode.object, first, count, private_too);
    kernel_lock_leave(was_taken);
}

uint64_t mem_entry_get(struct mem_inode *mi, uint64_t idx)
{
    uint64_t entry;

    spin_lock(&mi->lock);
    entry = pagetree_get(&mi->pages, idx);
    if (mem_is_page(entry))
        page_get(entry);
    spin_unlock(&mi->lock);
    return entry;
}

/* Does the image show at idx, where the page tree has no entry? */
static bool shows_lower(const struct mem_inode *mi, uint64_t idx)
{
    return idx << PAGE_SHIFT < mi->lower_len;
}

/* Fill a page of RAM with the image's bytes up to `end`, and zeros. */
static NOINLINE int page_fill(struct mem_inode *mi, uint64_t idx, uint8_t *page,
                              uint64_t end)
{
    uint64_t pos = idx << PAGE_SHIFT;
    uint64_t done = 0;

    while (done < PAGE_SIZE && pos + done < end) {
        const uint8_t *ptr;
        uint64_t len;
        int err = mem_lower_span(mi, pos + done, &ptr, &len);

        if (err)
            return err;
        len = MIN(len, PAGE_SIZE - done);
        if (ptr)
            memcpy(page + done, ptr, len);
        else
            memset(page + done, 0, len);
        done += len;
    }
    memset(page + done, 0, PAGE_SIZE - done);
    return 0;
}

/* mem_entry_set(), under the lock. */
static int entry_set(struct mem_inode *mi, uint64_t idx, uint64_t entry,
                     unsigned how, void **spare)
{
    uint64_t old = pagetree_get(&mi->pages, idx);
    bool was_lower = old == 0 && shows_lower(mi, idx);
    int err = 0;

    if (how & MEM_SET_FILL)
        err =
            page_fill(mi, idx, page_ptr(entry), was_lower ? mi->lower_len : 0);
    if (!err)
        err = pagetree_set(&mi->pages, idx, entry, spare);
    if (err)
        return err;
    if (was_lower || mem_is_page(old))
        mi->inode.blocks -= PAGE_SIZE / 512;
    if (mem_is_page(entry))
        mi->inode.blocks += PAGE_SIZE / 512;
    if (mem_is_page(entry))
        page_get(entry);
    if (mem_is_page(old))
        page_put(old);
    return 0;
}

int mem_entry_set(struct mem_inode *mi, uint64_t idx, uint64_t entry,
                  unsigned how, uint64_t *now_out)
{
    void *spare = NULL;
    uint64_t old;
    int err;

    mem_change(mi);
    do {
        err = 0;
        spin_lock(&mi->lock);
        old = pagetree_get(&mi->pages, idx);
        if (how & MEM_SET_WITHIN && idx >= mem_pages_of(mi->inode.size))
            err = -ENXIO;
        else if (mem_is_page(old) && mem_is_page(entry))
            entry = old;
        else if (old != entry)
            err = entry_set(mi, idx, entry, how, &spare);
        if (!err && mem_is_page(entry))
            page_get(entry);
        spin_unlock(&mi->lock);
    } while (err == -EAGAIN && (spare = pagetree_spare()) != NULL);
    kfree(spare);
    if (err)
        return err == -EAGAIN ? -ENOSPC : err;
    if (mem_is_page(entry))
        mem_zap(mi, idx, 1, false);
    *now_out = entry;
    return 0;
}

int mem_page_own(struct mem_inode *mi, uint64_t idx, unsigned how,
                 paddr_t *pa_out)
{
    uint64_t entry = mem_entry_get(mi, idx);
    bool is_blank = entry || !shows_lower(mi, idx); /* and stays so */
    paddr_t pa;
    int err;

    *pa_out = entry;
    if (mem_is_page(entry))
        return 0;
    pa = page_make(is_blank);
    if (pa == 0)
        return -ENOSPC;
    err =
        mem_entry_set(mi, idx, pa, is_blank ? how : how | MEM_SET_FILL, pa_out);
    page_put(pa);
    return err;
}

/* A whole page that is not in RAM yet: copied in without being filled first.
 * Result: bytes copied or -errno. */
static ssize_t write_new_page(struct mem_inode *mi, uint64_t idx, struct io *io)
{
    paddr_t pa = page_make(false), now;
    size_t done;
    int err = 0;

    if (pa == 0)
        return -ENOSPC;
    done = io_get(io, page_ptr(pa), PAGE_SIZE);
    if (done > 0) {
        err = done == PAGE_SIZE ? mem_entry_set(mi, idx, pa, 0, &now)
                                : mem_page_own(mi, idx, 0, &now);
        if (!err && now != pa)
            memcpy(page_ptr(now), page_ptr(pa), done);
        if (!err)
            page_put(now);
    }
    page_put(pa);
    return err ? err : (ssize_t)done;
}

static ssize_t write_part(struct mem_inode *mi, uint64_t pos, struct io *io)
{
    uint64_t idx = pos >> PAGE_SHIFT;
    size_t off = pos & PAGE_MASK;
    size_t len = MIN(io->left, PAGE_SIZE - off);
    ssize_t done;
    paddr_t pa;

    if (pos + len > mi->inode.size)
        mem_tail_zero(mi);
    pa = mem_entry_get(mi, idx);
    if (len == PAGE_SIZE && !mem_is_page(pa)) {
        done = write_new_page(mi, idx, io);
    } else {
        int err = mem_is_page(pa) ? 0 : mem_page_own(mi, idx, 0, &pa);

        if (err)
            return err;
        done = (ssize_t)io_get(io, (uint8_t *)page_ptr(pa) + off, len);
        page_put(pa);
    }
    if (done > 0)
        mem_size_grow(mi, pos + (uint64_t)done);
    return done;
}

ssize_t mem_write(struct file *f, struct io *io, uint64_t *pos)
{
    struct mem_inode *mi = mem_of(f->inode);
    uint64_t start = *pos;
    bool was_taken;
    ssize_t done = 0;

    if (mi->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if ((mi->seals & F_SEAL_GROW) && *pos + io->left > mi->inode.size)
        return -EPERM;
    mem_pin(mi);
    was_taken = mem_chunks_enter(mi);
    while (io->left > 0) {
        size_t want = MIN(io->left, PAGE_SIZE - (*pos & PAGE_MASK));

        done = write_part(mi, *pos, io);
        if (done < 0)
            break;
        *pos += (uint64_t)done;
        if ((size_t)done < want) {
            done = -EFAULT;
            break;
        }
    }
    kernel_lock_leave(was_taken);
    if (*pos > start) {
        inode_touch_mtime(f->inode);
        return mem_counted(true, *pos - start);
    }
    return done;
}
