/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ids.c - tables of System V objects, see ids.h.
 *
 * An identifier is the object's place in the table and, above it, a counter
 * that moves on when a place is used again, as Linux's.
 */
#include "ipc/ids.h"

#include <asm/ipcbuf.h>
#include <linux/capability.h>
#include <linux/ipc.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "sched/process.h"
#include "time/clock.h"

#define SEQ_MASK   0xffffu
#define INDEX_MASK ((1 << IPC_INDEX_BITS) - 1)
#define SLOTS_MIN  16u

int64_t ipc_now(void)
{
    return (int64_t)(clock_real_ns() / NS_PER_SEC);
}

static bool in_group(const struct process *p, uint32_t gid)
{
    for (unsigned i = 0; i < p->group_count; i++)
        if (p->groups[i] == gid)
            return true;
    return p->egid == gid;
}

static int permission(const struct ipc_object *o, uint32_t mode)
{
    const struct process *p = process_current();
    uint32_t want = mode >> 6 | mode >> 3 | mode, granted = o->mode;

    if (process_has_cap(p, CAP_IPC_OWNER))
        return 0;
    if (p->euid == o->cuid || p->euid == o->uid)
        granted >>= 6;
    else if (in_group(p, o->cgid) || in_group(p, o->gid))
        granted >>= 3;
    return want & ~granted & 7 ? -EACCES : 0;
}

/* ---- the table ---- */

static int slot_find(struct ipc_kind *k)
{
    struct ipc_object **slots;
    unsigned idx = 0, grown;

    if (k->count >= k->count_max)
        return -ENOSPC;
    while (idx < k->slot_count && k->slots[idx])
        idx++;
    if (idx < k->slot_count)
        return (int)idx;
    grown = MAX(2 * k->slot_count, SLOTS_MIN);
    slots = krealloc(k->slots, grown * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    memset(slots + idx, 0, (grown - idx) * sizeof(*slots));
    k->slots = slots;
    k->slot_count = grown;
    return (int)idx;
}

static long create(struct ipc_kind *k, int key, size_t size, int flags)
{
    const struct process *p = process_current();
    struct ipc_object *o;
    int idx = slot_find(k);
    int err = idx < 0 ? idx : k->create(size, &o);

    if (err)
        return err;
    if (idx <= k->last_idx)
        k->seq = (k->seq + 1) & SEQ_MASK;
    k->last_idx = idx;
    o->key = key;
    o->id = (int)((k->seq << IPC_INDEX_BITS & INT32_MAX) | (unsigned)idx);
    o->mode = (uint32_t)flags & 0777;
    o->uid = o->cuid = p->euid;
    o->gid = o->cgid = p->egid;
    o->ctime = ipc_now();
    o->refs = 1;
    k->slots[idx] = o;
    k->count++;
    return o->id;
}

struct ipc_object *ipc_next(const struct ipc_kind *k, unsigned *idx)
{
    while (*idx < k->slot_count) {
        struct ipc_object *o = k->slots[(*idx)++];

        if (o)
            return o;
    }
    return NULL;
}

long ipc_get(struct ipc_kind *k, int key, size_t size, int flags)
{
    struct ipc_object *o = NULL;
    unsigned idx = 0;
    int err;

    if (key != IPC_PRIVATE)
        do
            o = ipc_next(k, &idx);
        while (o && o->key != key);
    if (!o) {
        if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
            return -ENOENT;
        return create(k, key, size, flags);
    }
    if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
        return -EEXIST;
    if (k->has_size && !k->has_size(o, size))
        return -EINVAL;
    err = permission(o, (uint32_t)flags);
    return err ? err : o->id;
}

int ipc_find(struct ipc_kind *k, int id, uint32_t mode, struct ipc_object **out)
{
    unsigned idx = (unsigned)(id & INDEX_MASK);

    if (id < 0 || idx >= k->slot_count || !k->slots[idx])
        return -EINVAL;
    *out = k->slots[idx];
    if ((*out)->id != id)
        return -EINVAL; /* it is another one that had this place */
    return permission(*out, mode);
}

void ipc_put(struct ipc_kind *k, struct ipc_object *o)
{
    ASSERT_OP(o->refs, >, 0);
    if (--o->refs == 0)
        k->free(o);
}

void ipc_remove(struct ipc_kind *k, struct ipc_object *o)
{
    ASSERT(!o->removed);
    k->slots[o->id & INDEX_MASK] = NULL;
    k->count--;
    o->removed = true;
    ipc_put(k, o);
}

/* ---- control ---- */

static long stat(struct ipc_kind *k, const struct ipc_object *o, uaddr_t buf)
{
    uint64_t out[IPC_STAT_WORDS] = { 0 };
    const struct ipc64_perm perm = {
        .key = o->key,
        .uid = o->uid,
        .gid = o->gid,
        .cuid = o->cuid,
        .cgid = o->cgid,
        .mode = o->mode,
        .seq = (uint16_t)(o->id >> IPC_INDEX_BITS),
    };

    memcpy(out, &perm, sizeof(perm));
    k->stat(o, out);
    return copy_to_user(buf, out, k->stat_len);
}

/* By place in the table, for ipcs(1). */
static long stat_at(struct ipc_kind *k, int idx, bool any, uaddr_t buf)
{
    struct ipc_object *o;
    long err;

    if (idx < 0 || (unsigned)idx >= k->slot_count || !k->slots[idx])
        return -EINVAL;
    o = k->slots[idx];
    err = permission(o, any ? 0 : IPC_READ);
    if (!err)
        err = stat(k, o, buf);
    return err ? err : o->id;
}

static long set(struct ipc_kind *k, struct ipc_object *o, const uint64_t *in)
{
    struct ipc64_perm perm;
    int err = k->set ? k->set(o, in) : 0;

    if (err)
        return err;
    memcpy(&perm, in, sizeof(perm));
    o->uid = perm.uid;
    o->gid = perm.gid;
    o->mode = (o->mode & ~0777u) | (perm.mode & 0777);
    o->ctime = ipc_now();
    return 0;
}

/* IPC_RMID, IPC_SET: the owner's, the creator's and root's right. */
static long change(struct ipc_kind *k, int id, bool is_set, uaddr_t buf)
{
    const struct process *p = process_current();
    uint64_t in[IPC_STAT_WORDS];
    struct ipc_object *o;
    int err;

    if (is_set && copy_from_user(in, buf, k->stat_len) != 0)
        return -EFAULT;
    err = ipc_find(k, id, 0, &o);
    if (err)
        return err;
    if (p->euid != o->uid && p->euid != o->cuid &&
        !process_has_cap(p, CAP_SYS_ADMIN))
        return -EPERM;
    if (is_set)
        return set(k, o, in);
    if (k->remove(o))
        ipc_remove(k, o);
    return 0;
}

/* Result: the last place in use. */
static long info(const struct ipc_kind *k, bool is_usage, uaddr_t buf)
{
    uint64_t out[IPC_STAT_WORDS] = { 0 };
    unsigned last = k->slot_count;

    while (last > 0 && !k->slots[last - 1])
        last--;
    if (copy_to_user(buf, out, k->info(is_usage, out)) != 0)
        return -EFAULT;
    return last ? last - 1 : 0;
}

long ipc_control(struct ipc_kind *k, int id, int cmd, uaddr_t buf)
{
    struct ipc_object *o;
    long err;

    if (id < 0 || cmd < 0)
        return -EINVAL;
    if (cmd == IPC_INFO || cmd == k->stat_cmd + 1)
        return info(k, cmd != IPC_INFO, buf);
    if (cmd == k->stat_cmd || cmd == k->stat_cmd + 2)
        return stat_at(k, id, cmd != k->stat_cmd, buf);
    if (cmd == IPC_RMID || cmd == IPC_SET)
        return change(k, id, cmd == IPC_SET, buf);
    if (cmd != IPC_STAT)
        return -EINVAL;
    err = ipc_find(k, id, IPC_READ, &o);
    return err ? err : stat(k, o, buf);
}
