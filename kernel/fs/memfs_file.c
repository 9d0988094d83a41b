/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfs_file.c - data of files in memory: read, write, map, truncate.
 *
 * A page of a file is, in this order: an entry of the page tree (a page of
 * RAM, or a hole that hides the image), the image's bytes up to lower_len, or
 * zeros. Nothing is copied up before it is written.
 *
 * Faults map the image's pages without the kernel lock (mem_object_ready()), as
 * long as mem_change() was not called. It comes before all changes of what
 * shows, and mem_zap() of what changes after it.
 *
 * Copies to and from the program may fault, and the fault may come back here
 * for a page of the same file. So a page that is being filled is put into the
 * tree only once it is complete, after looking again.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/errno.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/memfs.h"
#include "mm/page.h"

_Static_assert(ARCH_CPU_MAX == RECORDS_FILE_CPUS, "as the tools know");
uint64_t mem_counters[ARCH_CPU_MAX][RECORDS_FILE_STRIDE]
    __attribute__((aligned(64)));

static ssize_t counted(bool is_write, uint64_t len)
{
    uint64_t *mine = mem_counters[arch_cpu_number() - 1];

    mine[is_write]++;
    mine[2 + is_write] += len;
    return (ssize_t)len;
}

paddr_t mem_page_alloc(bool zeroed)
{
    paddr_t pa;

    if (page_free_count() <= MEMFS_RESERVE_PAGES)
        return 0;
    pa = zeroed ? page_alloc_zeroed() : page_alloc();
    if (pa)
        page_set_kind(pa, RECORDS_PAGE_FILE);
    return pa;
}

static bool is_page(uint64_t entry)
{
    return entry > PAGETREE_HOLE;
}

void mem_zap(struct mem_inode *mi, uint64_t first, uint64_t count,
             bool private_too)
{
    if (!list_is_empty(&mi->inode.object.mappings))
        vm_object_zap(&mi->inode.object, first, count, private_too);
}

static int lower_span(struct mem_inode *mi, uint64_t pos,
                      const uint8_t **ptr_out, uint64_t *len_out)
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

/* Of a file that somebody has begun to change, or of one with a table of
 * chunks, whose errors are told. */
static int look_changed(struct mem_inode *mi, uint64_t pos, struct piece *out)
{
    uint64_t entry = pagetree_get(&mi->pages, pos >> PAGE_SHIFT);
    uint64_t size = mi->inode.size;
    int err = 0;

    if (pos >= size)
        return 0;
    out->len = mi->pages.root ? PAGE_SIZE - (pos & PAGE_MASK) : size - pos;
    if (is_page(entry)) {
        out->ptr = (uint8_t *)page_ptr(entry) + (pos & PAGE_MASK);
        out->page = entry;
        page_get(entry);
    } else if (entry == 0 && pos < mi->lower_len) {
        uint64_t len;

        err = lower_span(mi, pos, &out->ptr, &len);
        out->len = MIN(out->len, len);
    }
    out->len = MIN(out->len, size - pos);
    return err;
}

/*
 * That nobody has begun to change the file is looked at first: what follows is
 * the image's, which is constant, and right for the moment of that look.
 */
static inline int look(struct mem_inode *mi, uint64_t pos, struct piece *out)
{
    bool was_taken;
    int err;

    *out = (struct piece){ .len = 0 };
    if (!__atomic_load_n(&mi->is_changed, __ATOMIC_ACQUIRE) &&
        !mi->lower.chunk_bits) {
        if (pos >= mi->lower.size)
            return 0;
        return erofs_span(&mem_sb_of(&mi->inode)->lower, &mi->lower, pos,
                          &out->ptr, &out->len);
    }
    was_taken = kernel_lock_enter();
    err = look_changed(mi, pos, out);
    kernel_lock_leave(was_taken);
    return err;
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
    return counted(false, *pos - start);
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
        return (size_t)counted(false, MIN(len, p.len));
    }
    if (p.page)
        page_put(p.page);
    return 0;
}

/* Fill a page of RAM with what shows at idx. */
static int page_fill(struct mem_inode *mi, uint64_t idx, uint8_t *page)
{
    uint64_t pos = idx << PAGE_SHIFT;
    uint64_t done = 0;

    while (done < PAGE_SIZE && pos + done < mi->lower_len &&
           pagetree_get(&mi->pages, idx) == 0) {
        const uint8_t *ptr;
        uint64_t len;
        int err = lower_span(mi, pos + done, &ptr, &len);

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

/* Takes over the page on success. */
int mem_page_insert(struct mem_inode *mi, uint64_t idx, paddr_t pa)
{
    uint64_t old = pagetree_get(&mi->pages, idx);

    ASSERT(!is_page(old));
    mem_change(mi);
    if (pagetree_set(&mi->pages, idx, pa))
        return -ENOSPC;
    if (old == PAGETREE_HOLE || idx << PAGE_SHIFT >= mi->lower_len)
        mi->inode.blocks += PAGE_SIZE / 512;
    mem_zap(mi, idx, 1, false);
    return 0;
}

COLD int mem_page_own(struct mem_inode *mi, uint64_t idx, paddr_t *pa_out)
{
    uint64_t entry = pagetree_get(&mi->pages, idx);
    bool is_blank = entry || idx << PAGE_SHIFT >= mi->lower_len;
    paddr_t pa;
    int err = 0;

    if (is_page(entry)) {
        *pa_out = entry;
        return 0;
    }
    pa = mem_page_alloc(is_blank);
    if (pa == 0)
        return -ENOSPC;
    if (!is_blank)
        err = page_fill(mi, idx, page_ptr(pa));
    if (!err)
        err = mem_page_insert(mi, idx, pa);
    if (err) {
        page_put(pa);
        return err;
    }
    *pa_out = pa;
    return 0;
}

/* Bytes between the old and the new end must read as zeros, though a shared
 * mapping may have written there, or the image's last block holds others. */
void mem_size_grow(struct mem_inode *mi, uint64_t size)
{
    uint64_t old = mi->inode.size;
    uint64_t idx = old >> PAGE_SHIFT;
    uint64_t entry;

    if (size <= old)
        return;
    mem_change(mi);
    mi->inode.size = size;
    if ((old & PAGE_MASK) == 0)
        return;
    entry = pagetree_get(&mi->pages, idx);
    if (is_page(entry) && mi->mapped_written)
        memset((uint8_t *)page_ptr(entry) + (old & PAGE_MASK), 0,
               PAGE_SIZE - (old & PAGE_MASK));
    else if (!is_page(entry))
        mem_zap(mi, idx, 1, false);
    if (list_is_empty(&mi->inode.object.mappings))
        mi->mapped_written = false;
}

/* A whole page that is not in RAM yet: copied in without being filled first.
 * Result: bytes copied or -errno. */
static ssize_t write_new_page(struct mem_inode *mi, uint64_t idx, struct io *io)
{
    paddr_t pa = mem_page_alloc(false), other;
    size_t done;
    int err = 0;

    if (pa == 0)
        return -ENOSPC;
    done = io_get(io, page_ptr(pa), PAGE_SIZE);
    if (done == PAGE_SIZE && !is_page(pagetree_get(&mi->pages, idx))) {
        err = mem_page_insert(mi, idx, pa);
        if (!err)
            return (ssize_t)done;
    } else if (done > 0) {
        err = mem_page_own(mi, idx, &other);
        if (!err)
            memcpy(page_ptr(other), page_ptr(pa), done);
    }
    page_put(pa);
    return err ? err : (ssize_t)done;
}

static ssize_t write_part(struct mem_inode *mi, uint64_t pos, struct io *io)
{
    uint64_t idx = pos >> PAGE_SHIFT;
    size_t off = pos & PAGE_MASK;
    size_t len = MIN(io->left, PAGE_SIZE - off);
    uint64_t old_size = mi->inode.size;
    paddr_t pa;
    ssize_t done;
    int err;

    if (len == PAGE_SIZE && !is_page(pagetree_get(&mi->pages, idx))) {
        done = write_new_page(mi, idx, io);
    } else {
        if (pos > old_size) /* the gap must be zeros before bytes come */
            mem_size_grow(mi, pos);
        err = mem_page_own(mi, idx, &pa);
        if (err)
            done = err;
        else
            done = (ssize_t)io_get(io, (uint8_t *)page_ptr(pa) + off, len);
        if (done <= 0 && mi->inode.size == pos && pos > old_size)
            mi->inode.size = old_size;
    }
    if (done > 0 && pos + (uint64_t)done > mi->inode.size) {
        bool dirty = mi->mapped_written;

        if ((mi->inode.size >> PAGE_SHIFT) == idx)
            mi->mapped_written = false; /* just written, do not zero it */
        mem_size_grow(mi, pos + (uint64_t)done);
        mi->mapped_written = dirty;
    }
    return done;
}

static COLD ssize_t mem_write(struct file *f, struct io *io, uint64_t *pos)
{
    struct mem_inode *mi = mem_of(f->inode);
    uint64_t start = *pos;
    ssize_t done = 0;

    if (mi->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if ((mi->seals & F_SEAL_GROW) && *pos + io->left > mi->inode.size)
        return -EPERM;
    mem_pin(mi);
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
    if (*pos > start) {
        inode_touch_mtime(f->inode);
        return counted(true, *pos - start);
    }
    return done;
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

    if (pos >= mi->lower_len || lower_span(mi, pos, &ptr, &len) || !ptr)
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

static int mem_object_page(struct vm_object *obj, uint64_t idx, bool want_write,
                           paddr_t *pa_out)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    uint64_t entry, len;
    int err;

    if (idx >= (mi->inode.size + PAGE_MASK) >> PAGE_SHIFT)
        return -ENXIO;
    if (want_write) {
        if (mi->inode.sb->read_only)
            return -EROFS;
        mem_pin(mi);
        mi->mapped_written = true;
        inode_touch_mtime(&mi->inode);
    }
    entry = pagetree_get(&mi->pages, idx);
    if (entry == 0 && !want_write && page_in_place(mi, idx, pa_out, &len))
        return 0;
    err = mem_page_own(mi, idx, pa_out);
    if (err)
        return err == -ENOSPC ? -ENOMEM : err;
    page_get(*pa_out);
    return 0;
}

/*
 * Without the kernel lock this tells of the image alone, of a file that nobody
 * has begun to change: who does that now says so first, and zaps after it has.
 * Tables of chunks may have errors, which are told, so they are left out.
 */
static size_t mem_object_ready(struct vm_object *obj, uint64_t idx,
                               size_t count, paddr_t *pa_out)
{
    struct mem_inode *mi = mem_of(CONTAINER_OF(obj, struct inode, object));
    bool is_alone = !spin_is_mine(&kernel_lock);
    uint64_t len;
    size_t n = 1;

    if (is_alone && (__atomic_load_n(&mi->is_changed, __ATOMIC_RELAXED) ||
                     mi->lower.chunk_bits))
        return 0;
    if (idx >= (mi->inode.size + PAGE_MASK) >> PAGE_SHIFT ||
        (!is_alone && pagetree_get(&mi->pages, idx) != 0) ||
        !page_in_place(mi, idx, pa_out, &len))
        return 0;
    while (n < count && (n + 1) << PAGE_SHIFT <= len &&
           (is_alone || pagetree_get(&mi->pages, idx + n) == 0))
        n++;
    return n;
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
