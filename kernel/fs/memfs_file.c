/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_file.c - data of files in memory: reading and mapping it.
 *
 * A page of a file is, in this order: an entry of the page tree (a page of
 * RAM, or a hole that hides the image), the image's bytes up to lower_len, or
 * zeros. Nothing is copied up before it is written.
 *
 * Reads and faults look at a file that nobody has begun to change with no lock,
 * at others with the inode's. mem_change() comes before all changes of what
 * shows, and mem_zap() of what changes after it.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/lock.h"
#include "fs/memfs.h"
#include "mm/page.h"

_Static_assert(ARCH_CPU_MAX == RECORDS_FILE_CPUS, "as the tools know");
uint64_t mem_counters[ARCH_CPU_MAX][RECORDS_FILE_STRIDE]
    __attribute__((aligned(64)));

int mem_lower_span(struct mem_inode *mi, uint64_t pos, const uint8_t **ptr_out,
                   uint64_t *len_out)
{
    int err = erofs_span(&mem_sb_of(&mi->inode)->lower, &mi->lower, pos,
                         ptr_out, len_out);

    *len_out = MIN(*len_out, mi->lower_len - pos);
    return err;
}

/* What shows at one place, as far as it lies together. */
struct piece {
    const uint8_t *ptr; /* NULL: zeros */
    uint64_t len;       /* 0: the end of the file */
    paddr_t page;       /* a reference, so that it may be copied; 0: none */
};

static int look_locked(struct mem_inode *mi, uint64_t pos, struct piece *out)
{
    uint64_t entry = pagetree_get(&mi->pages, pos >> PAGE_SHIFT);
    uint64_t size = mi->inode.size;
    int err = 0;

    if (pos >= size)
        return 0;
    out->len = mi->pages.root ? PAGE_SIZE - (pos & PAGE_MASK) : size - pos;
    if (mem_is_page(entry)) {
        out->ptr = (uint8_t *)page_ptr(entry) + (pos & PAGE_MASK);
        out->page = entry;
        page_get(entry);
    } else if (entry == 0 && pos < mi->lower_len) {
        uint64_t len;

        err = mem_lower_span(mi, pos, &out->ptr, &len);
        out->len = MIN(out->len, len);
    }
    out->len = MIN(out->len, size - pos);
    return err;
}

/* Of a file that somebody has begun to change, or of one with a table of
 * chunks. */
static NOINLINE int look_changed(struct mem_inode *mi, uint64_t pos,
                                 struct piece *out)
{
    bool was_taken = mem_chunks_enter(mi);
    int err;

    spin_lock(&mi->lock);
    err = look_locked(mi, pos, out);
    spin_unlock(&mi->lock);
    kernel_lock_leave(was_taken);
    return err;
}

/*
 * That nobody has begun to change the file is looked at first: what follows is
 * the image's, which is constant, and right for the moment of that look.
 */
static inline int look(struct mem_inode *mi, uint64_t pos, struct piece *out)
{
    *out = (struct piece){ .len = 0 };
    if (!__atomic_load_n(&mi->is_changed, __ATOMIC_ACQUIRE) &&
        !mi->lower.chunk_bits) {
        if (pos >= mi->lower.size)
            return 0;
        return erofs_span(&mem_sb_of(&mi->inode)->lower, &mi->lower, pos,
                          &out->ptr, &out->len);
    }
    return look_changed(mi, pos, out);
}

/* With or without the kernel lock: what is copied stays meanwhile. */
static ssize_t mem_read(struct file *f, struct io *io, uint64_t *pos)
{
    struct mem_inode *mi = mem_of(f->inode);
    uint64_t start = *pos;
    int err = 0;

    while (io->left > 0 && !err) {
        struct piece p;
        size_t len, done;

        err = look(mi, *pos, &p);
        if (err || p.len == 0)
            break;
        len = MIN(p.len, io->left);
        done = p.ptr ? io_put(io, p.ptr, len) : io_zero(io, len);
        if (p.page)
            page_put(p.page);
        *pos += done;
        err = done < len ? -EFAULT : 0;
    }
    if (err && *pos == start)
        return err;
    inode_touch_atime(f->inode);
    return mem_counted(false, *pos - start);
}

size_t mem_lend(struct file *f, uint64_t pos, size_t len, const void **ptr_out,
                paddr_t *page_out)
{
    struct piece p;

    if (look(mem_of(f->inode), pos, &p) || p.len == 0)
        return 0;
    if (p.ptr && (p.len >= len || pos + p.len >= f->inode->size)) {
        *ptr_out = p.ptr;
        *page_out = p.page;
        inode_touch_atime(f->inode);
        return (size_t)mem_counted(false, MIN(len, p.len));
    }
    if (p.page)
        page_put(p.page);
    return 0;
}

/* ---- pages for mappings ---- */

/* True when the image holds the page as it shows, on a page of its own. */
static bool page_in_place(struct mem_inode *mi, uint64_t idx, paddr_t *pa_out,
                          uint64_t *len_out)
{
    struct erofs *lower = &mem_sb_of(&mi->inode)->lower;
    uint64_t pos = idx << PAGE_SHIFT;
    const uint8_t *ptr;
    uint64_t len;

    if (pos >= mi->lower_len || mem_lower_span(mi, pos, &ptr, &len) || !ptr)
        return false;
    if (page_pa(ptr) & PAGE_MASK)
        return false;
    /* The last page may end early; what follows in its block is padding. */
    if (len < PAGE_SIZE &&
        (pos + len != mi->inode.size || lower->block_bits < PAGE_SHIFT ||
         mi->lower_len != mi->lower.size ||
         (uint64_t)(ptr - lower->image) + PAGE_SIZE > lower->len))
        return false;
    *pa_out = page_pa(ptr);
    *len_out = MIN(len, mi->lower_len - pos);
    return true;
}

/*
 * Of a file that nobody has begun to change all that is looked at is constant:
 * who does that now says so first, and zaps after it has.
 */
static size_t mem_object_ready(struct vm_object *obj, uint64_t idx,
                               size_t count, paddr_t *pa_out)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    bool is_changed = __atomic_load_n(&mi->is_changed, __ATOMIC_RELAXED);
    uint64_t len;
    size_t n = 0;

    if (mi->lower.chunk_bits && !spin_is_mine(&kernel_lock))
        return 0;
    if (is_changed) {
        spin_lock(&mi->lock);
        count = pagetree_get(&mi->pages, idx) == 0;
    }
    if (idx < mem_pages_of(mi->inode.size) &&
        page_in_place(mi, idx, pa_out, &len))
        n = MIN(count, MAX(len >> PAGE_SHIFT, 1ul));
    if (is_changed)
        spin_unlock(&mi->lock);
    return n;
}

static int mem_object_page(struct vm_object *obj, uint64_t idx, bool want_write,
                           paddr_t *pa_out)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    int err;

    if (!want_write && mem_object_ready(obj, idx, 1, pa_out) > 0)
        return 0;
    if (want_write) {
        if (mi->inode.sb->read_only)
            return -EROFS;
        mem_pin(mi);
    }
    err = mem_page_own(mi, idx, MEM_SET_WITHIN, pa_out);
    if (err)
        return err == -ENOSPC ? -ENOMEM : err;
    if (want_write) {
        mi->mapped_written = true; /* after what mem_tail_zero() may miss */
        inode_touch_mtime(&mi->inode);
    }
    return 0;
}

/* A page in RAM. It was written to by a mapping before, if it is to be now: the
 * first time pins the inode. */
static bool mem_object_page_alone(struct vm_object *obj, uint64_t idx,
                                  bool want_write, paddr_t *pa_out)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    bool is_there;

    if (want_write && inode_mtime_is_due(&mi->inode))
        return false;
    spin_lock(&mi->lock);
    *pa_out = pagetree_get(&mi->pages, idx);
    is_there = mem_is_page(*pa_out) && (mi->mapped_written || !want_write) &&
               idx < mem_pages_of(mi->inode.size);
    if (is_there)
        page_get(*pa_out);
    spin_unlock(&mi->lock);
    return is_there;
}

static void mem_object_ref(struct vm_object *obj)
{
    inode_get(CONTAINER_OF(obj, struct inode, object));
}

static void mem_object_unref(struct vm_object *obj)
{
    inode_put(CONTAINER_OF(obj, struct inode, object));
}

/* Any cached name of the inode will do; it is what /proc/self/maps shows. */
static void mem_object_name(struct vm_object *obj, char *buf, size_t buf_len)
{
    inode_path(CONTAINER_OF(obj, struct inode, object), buf, buf_len);
}

static void mem_object_id(struct vm_object *obj, struct vm_object_id *out)
{
    const struct inode *i = CONTAINER_OF(obj, struct inode, object);

    out->dev = i->sb->dev;
    out->ino = i->ino;
}

const struct vm_object_ops mem_object_ops = {
    .page = mem_object_page,
    .page_alone = mem_object_page_alone,
    .ready = mem_object_ready,
    .remove = mem_object_remove,
    .ref = mem_object_ref,
    .unref = mem_object_unref,
    .name = mem_object_name,
    .id = mem_object_id,
};

static int mem_mmap(struct file *f, int prot, int flags, struct vm_object **out)
{
    struct mem_inode *mi = mem_of(f->inode);
    bool shared_write = (flags & 1) && (prot & 2); /* MAP_SHARED, PROT_WRITE */

    if (shared_write && (mi->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    inode_touch_atime(f->inode);
    *out = &f->inode->object;
    return 0;
}

static int mem_file_truncate(struct file *f, uint64_t len)
{
    return mem_truncate(mem_of(f->inode), len);
}

static int mem_sync(struct file *f)
{
    (void)f; /* memory is as lasting as it gets here: gone at exit */
    return 0;
}

const struct file_ops mem_file_ops = {
    .read = mem_read,
    .lend = OPERATION(mem_lend),
    .write = mem_write,
    .read_plain = file_read_free,
    .write_plain = file_write_free,
    .guards_pos = true,
    .seek = mem_seek,
    .mmap = mem_mmap,
    .truncate = mem_file_truncate,
    .sync = mem_sync,
    .fcntl = mem_fcntl,
    .fallocate = OPERATION(mem_fallocate),
};
