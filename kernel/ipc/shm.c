/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm.c - System V shared memory.
 *
 * A segment is an object of its own in front of anonymous shared memory, so
 * that attaching and detaching are seen, whichever call makes or ends the
 * mapping.
 */
#include "ipc/shm.h"

#include <asm/shmbuf.h>
#include <linux/capability.h>
#include <linux/mman.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "mm/shared.h"
#include "mm/space.h"
#include "sched/process.h"

/* <linux/shm.h> wants the C library's headers. */
#define SHM_RDONLY    010000
#define SHM_RND       020000
#define SHM_REMAP     040000
#define SHM_EXEC      0100000
#define SHM_DEST      01000u
#define SHM_LOCKED    02000u
#define SHM_STAT      13
#define SHM_ALL_PAGES SHM_LEN_MAX /* Linux's shmall */

struct shm_usage { /* struct shm_info */
    int used_ids;
    uint64_t pages, resident_pages, swapped, swap_attempts, swap_successes;
};

static struct shm *shm_of(struct vm_object *obj)
{
    return CONTAINER_OF(obj, struct shm, object);
}

static int object_page(struct vm_object *obj, uint64_t idx, bool want_write,
                       paddr_t *pa_out)
{
    struct vm_object *memory = shm_of(obj)->memory;

    return memory->ops->page(memory, idx, want_write, pa_out);
}

static int object_remove(struct vm_object *obj, uint64_t first, uint64_t count)
{
    struct vm_object *memory = shm_of(obj)->memory;

    vm_object_zap(obj, first, count, true);
    return memory->ops->remove(memory, first, count);
}

static void object_ref(struct vm_object *obj)
{
    shm_of(obj)->ipc.refs++;
}

/* A mapping is gone. The last one of a segment that was removed ends it. */
static void object_unref(struct vm_object *obj)
{
    struct shm *s = shm_of(obj);

    s->dtime = ipc_now();
    s->lpid = process_current()->pid;
    ASSERT_OP(s->ipc.refs, >, 1); /* the table's is another */
    if (--s->ipc.refs == 1 && (s->ipc.mode & SHM_DEST))
        ipc_remove(&shm_kind, &s->ipc);
}

static void object_name(struct vm_object *obj, char *buf, size_t buf_len)
{
    (void)snprintf(buf, buf_len, "/SYSV%08x (deleted)",
                   (unsigned)shm_of(obj)->ipc.key);
}

static void object_id(struct vm_object *obj, struct vm_object_id *out)
{
    *out =
        (struct vm_object_id){ .dev = 1, .ino = (uint64_t)shm_of(obj)->ipc.id };
}

static const struct vm_object_ops shm_object_ops = {
    .page = object_page,
    .remove = object_remove,
    .ref = object_ref,
    .unref = object_unref,
    .name = object_name,
    .id = object_id,
    .is_memory = true,
};

/* ---- the kind ---- */

static int shm_create(size_t len, struct ipc_object **out)
{
    uint64_t pages = (len + PAGE_SIZE - 1) >> PAGE_SHIFT;
    struct shm *s;

    if (len == 0 || len > SHM_LEN_MAX)
        return -EINVAL;
    if (pages > page_total_count())
        return -ENOMEM;
    s = kzalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->memory = shared_create(pages);
    if (!s->memory) {
        kfree(s);
        return -ENOMEM;
    }
    vm_object_init(&s->object, &shm_object_ops);
    s->len = len;
    s->cpid = process_current()->pid;
    *out = &s->ipc;
    return 0;
}

static bool shm_has_size(const struct ipc_object *o, size_t len)
{
    return len <= ((const struct shm *)o)->len;
}

unsigned shm_attach_count(const struct shm *s)
{
    unsigned count = 0;

    for (const struct list *it = s->object.mappings.next;
         it != &s->object.mappings; it = it->next)
        count++;
    return count;
}

static void shm_stat(const struct ipc_object *o, void *out)
{
    const struct shm *s = (const struct shm *)o;
    struct shmid64_ds *ds = out;

    ds->shm_segsz = s->len;
    ds->shm_atime = s->atime;
    ds->shm_dtime = s->dtime;
    ds->shm_ctime = o->ctime;
    ds->shm_cpid = s->cpid;
    ds->shm_lpid = s->lpid;
    ds->shm_nattch = shm_attach_count(s);
}

static bool shm_remove(struct ipc_object *o)
{
    if (o->refs == 1)
        return true;
    o->mode |= SHM_DEST;
    o->key = 0; /* IPC_PRIVATE: nobody finds it by key any more */
    return false;
}

static void shm_free(struct ipc_object *o)
{
    struct shm *s = (struct shm *)o;

    s->memory->ops->unref(s->memory);
    kfree(s);
}

static size_t shm_info(bool is_usage, void *out)
{
    struct shminfo64 *limits = out;
    struct shm_usage *use = out;
    struct ipc_object *o;
    unsigned idx = 0;

    if (!is_usage) {
        *limits = (struct shminfo64){ .shmmax = SHM_LEN_MAX,
                                      .shmmin = 1,
                                      .shmmni = SHM_SEGMENTS_MAX,
                                      .shmseg = SHM_SEGMENTS_MAX,
                                      .shmall = SHM_ALL_PAGES };
        return sizeof(*limits);
    }
    use->used_ids = (int)shm_kind.count;
    while ((o = ipc_next(&shm_kind, &idx))) {
        const struct shm *s = (const struct shm *)o;

        use->pages += ALIGN_UP(s->len, PAGE_SIZE) >> PAGE_SHIFT;
        use->resident_pages += shared_page_count(s->memory);
    }
    return sizeof(*use);
}

struct ipc_kind shm_kind = {
    .count_max = SHM_SEGMENTS_MAX,
    .stat_cmd = SHM_STAT,
    .stat_len = sizeof(struct shmid64_ds),
    .create = shm_create,
    .has_size = shm_has_size,
    .stat = shm_stat,
    .remove = shm_remove,
    .free = shm_free,
    .info = shm_info,
    .last_idx = -1,
};

/* ---- attaching ---- */

/* Where to map: *addr as SHM_RND rounds it, and mmap's flags. */
static int place(uaddr_t *addr, int flags, int *map_flags)
{
    if (*addr & PAGE_MASK) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        *addr &= ~PAGE_MASK;
        if (*addr == 0 && (flags & SHM_REMAP))
            return -EINVAL;
    } else if (*addr == 0) {
        return flags & SHM_REMAP ? -EINVAL : 0;
    }
    *map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    return 0;
}

long shm_attach(int id, uaddr_t addr, int flags)
{
    uint32_t mode = flags & SHM_RDONLY ? IPC_READ : IPC_READ | IPC_WRITE;
    int prot = PROT_READ, map_flags = MAP_SHARED;
    struct ipc_object *o;
    struct shm *s;
    long at = place(&addr, flags, &map_flags);

    if (at)
        return at;
    if (flags & SHM_RDONLY)
        map_flags |= SPACE_MAP_NO_WRITE;
    else
        prot |= PROT_WRITE;
    if (flags & SHM_EXEC) {
        prot |= PROT_EXEC;
        mode |= 0111;
    }
    at = ipc_find(&shm_kind, id, mode, &o);
    if (at)
        return at;
    s = (struct shm *)o;
    at = space_map(process_current()->space, addr, s->len, prot, map_flags,
                   &s->object, 0);
    if (at < 0)
        return at == -EEXIST ? -EINVAL : at;
    s->atime = ipc_now();
    s->lpid = process_current()->pid;
    return at;
}

/* What is left of the attachment at addr: parts of it may be unmapped, or
 * something else be there by now. */
int shm_detach(uaddr_t addr)
{
    struct space *space = process_current()->space;
    uint64_t off, end, start = 0;
    struct vm_object *obj = space_shared_object(space, addr, &off);
    int err = 0;

    if (addr & PAGE_MASK || !obj || obj->ops != &shm_object_ops || off != 0)
        return -EINVAL;
    object_ref(obj);
    end = ALIGN_UP(shm_of(obj)->len, PAGE_SIZE);
    for (uint64_t at = 0; at <= end && !err; at += PAGE_SIZE) {
        if (at < end && space_shared_object(space, addr + at, &off) == obj &&
            off == at)
            continue;
        if (start < at)
            err = space_unmap(space, addr + start, at - start);
        start = at + PAGE_SIZE;
    }
    object_unref(obj);
    return err;
}

int shm_lock(int id, bool lock)
{
    const struct process *p = process_current();
    struct ipc_object *o;
    int err = ipc_find(&shm_kind, id, 0, &o);

    if (err)
        return err;
    if (p->euid != o->uid && p->euid != o->cuid &&
        !process_has_cap(p, CAP_IPC_LOCK))
        return -EPERM;
    o->mode = lock ? o->mode | SHM_LOCKED : o->mode & ~SHM_LOCKED;
    return 0; /* nothing is ever swapped out */
}
