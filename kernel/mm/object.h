/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object.h - what can be mapped: files, shared memory.
 *
 * What:      the file system hands pages to the address space through this.
 *            Shared mappings map the object's very page; private ones map it
 *            read-only and copy on write.
 * Ownership: a mapping holds one reference of the object (ref/unref).
 *            page() gives one reference of the page (none for image pages,
 *            which lie outside of RAM).
 * Errors:    page(): -ENXIO beyond the end of file (SIGBUS), -ENOMEM, -EROFS.
 */
#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include "core/list.h"

struct vm_object;

/* Device and inode number, for /proc/self/maps. */
struct vm_object_id {
    uint64_t dev, ino;
};

struct vm_object_ops {
    /* The page that holds the object's page `idx`. want_write: it will be
     * written through a shared mapping, so it must be the object's own. */
    int (*page)(struct vm_object *obj, uint64_t idx, bool want_write,
                paddr_t *pa_out);
    /* page() where it needs no more than a look, so without the kernel lock, by
     * who has that of the space. False: it is wanted. NULL: always. */
    bool (*page_alone)(struct vm_object *obj, uint64_t idx, bool want_write,
                       paddr_t *pa_out);
    /* For reading, how many pages from idx on, at most count > 0, lie one
     * behind the other at *pa_out and carry no reference. For mapping what
     * lies around a fault. NULL: none ever do.
     * Asked without the kernel lock, too, by who has that of the space of a
     * mapping. Who changes what this and page_alone() would say does so first
     * and then calls vm_object_zap(), which waits for that lock and takes back
     * what was still mapped. */
    size_t (*ready)(struct vm_object *obj, uint64_t idx, size_t count,
                    paddr_t *pa_out);
    void (*ref)(struct vm_object *obj);
    void (*unref)(struct vm_object *obj);
    /* madvise(MADV_REMOVE): its pages [first, first+count) are zeros again and
     * take no memory. -EPERM (sealed), -ENOSPC. NULL: -EOPNOTSUPP. */
    int (*remove)(struct vm_object *obj, uint64_t first, uint64_t count);
    /* The path for /proc/self/maps; writes a NUL-terminated string. */
    void (*name)(struct vm_object *obj, char *buf, size_t buf_len);
    void (*id)(struct vm_object *obj, struct vm_object_id *out); /* or NULL */
    /* No one needs to know which pages are written: shared mappings may be
     * writable from the first access on. */
    bool is_memory;
};

struct vm_object {
    const struct vm_object_ops *ops;
    struct list mappings; /* struct region, of all spaces */
    /* Where page 0 lay when private mappings got copies ahead of writes, of
     * pages that lay in order. 0: none did. Under either lock of a space. */
    paddr_t copied_from;
    bool no_write; /* sealed: new shared mappings never become writable */
};

void vm_object_init(struct vm_object *obj, const struct vm_object_ops *ops);
/* True while a shared mapping of it is writable, or could become so. */
bool vm_object_may_be_written(struct vm_object *obj);
/* The file's pages [first, first+count) changed identity (copied up) or are
 * gone (truncated): drop every mapping of them; the next access asks again.
 * private_too: also pages that private mappings have copied (truncate). */
void vm_object_zap(struct vm_object *obj, uint64_t first, uint64_t count,
                   bool private_too);

#endif
