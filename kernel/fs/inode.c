/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inode.c - what all inodes share: references, rights, attributes, times.
 */
#include <linux/stat.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/notify.h"
#include "time/clock.h"

unsigned notify_watch_count;

#define RELATIME_NS (int64_t)(24 * 3600 * NS_PER_SEC)
#define TICK_NS     (NS_PER_SEC / 1000) /* finer than Linux's */

static void object_ref(struct vm_object *obj)
{
    inode_get(CONTAINER_OF(obj, struct inode, object));
}

static void object_unref(struct vm_object *obj)
{
    inode_put(CONTAINER_OF(obj, struct inode, object));
}

static int object_no_page(struct vm_object *obj, uint64_t idx, bool want_write,
                          paddr_t *pa_out)
{
    (void)obj, (void)idx, (void)want_write, (void)pa_out;
    return -ENXIO;
}

static void object_name(struct vm_object *obj, char *buf, size_t buf_len)
{
    (void)obj;
    strlcpy(buf, "", buf_len);
}

static const struct vm_object_ops no_pages = {
    .page = object_no_page,
    .ref = object_ref,
    .unref = object_unref,
    .name = object_name,
};

void inode_init(struct inode *i, struct superblock *sb,
                const struct inode_ops *ops, const struct file_ops *file_ops,
                uint64_t ino, uint32_t mode)
{
    vm_object_init(&i->object, &no_pages);
    i->ops = ops;
    i->file_ops = file_ops;
    i->sb = sb;
    i->refs = 1;
    i->ino = ino;
    i->mode = mode;
    i->nlink = S_ISDIR(mode) ? 2 : 1;
    list_init(&i->locks);
}

const struct inode *inode_newest;

static uint64_t stamp_of(const struct inode *newest)
{
    __atomic_store_n(&inode_newest, newest, __ATOMIC_RELAXED);
    return clock_real_ns();
}

void inode_stamp(struct inode *i)
{
    i->ctime_ns = stamp_of(i);
    i->atime_ns = i->ctime_ns;
    i->mtime_ns = i->ctime_ns;
    i->btime_ns = i->ctime_ns;
}

struct inode *inode_get(struct inode *i)
{
    i->refs++;
    return i;
}

void inode_put(struct inode *i)
{
    ASSERT(i->refs > 0);
    if (--i->refs == 0 && i->ops->evict)
        i->ops->evict(i);
}

bool cred_in_group(uint32_t gid)
{
    const struct process *p = process_current();

    if (p->fsgid == gid)
        return true;
    for (unsigned i = 0; i < p->group_count; i++)
        if (p->groups[i] == gid)
            return true;
    return false;
}

int inode_access_mode(const struct inode *i, unsigned may)
{
    const struct process *p = process_current();
    uint32_t bits = i->mode;

    if (p->fsuid == 0) { /* CAP_DAC_OVERRIDE */
        if ((may & MAY_EXEC) && !S_ISDIR(bits) && !(bits & 0111))
            return -EACCES;
        return 0;
    }
    if (p->fsuid == i->uid)
        bits >>= 6;
    else if (cred_in_group(i->gid))
        bits >>= 3;
    return (may & ~bits & 7) ? -EACCES : 0;
}

int inode_permission(const struct inode *i, unsigned may)
{
    if ((may & MAY_WRITE) && i->sb->read_only &&
        (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
        return -EROFS;
    return inode_access_mode(i, may);
}

bool inode_is_owner(const struct inode *i)
{
    return cred_is_root() || process_current()->fsuid == i->uid;
}

void inode_fill_kstat(const struct inode *i, struct kstat *out)
{
    inode_kstat(i, out);
}

int inode_getattr(struct inode *i, struct kstat *out)
{
    if (i->ops->getattr)
        return i->ops->getattr(i, out);
    inode_fill_kstat(i, out);
    return 0;
}

COLD void inode_apply_attr(struct inode *i, unsigned valid,
                           const struct kstat *attr)
{
    if (valid & ATTR_MODE)
        i->mode = (i->mode & S_IFMT) | (attr->mode & 07777);
    if (valid & ATTR_UID)
        i->uid = attr->uid;
    if (valid & ATTR_GID)
        i->gid = attr->gid;
    if (valid & ATTR_ATIME)
        i->atime_ns = attr->atime_ns;
    if (valid & ATTR_MTIME)
        i->mtime_ns = attr->mtime_ns;
    i->ctime_ns = (valid & ATTR_CTIME) ? attr->ctime_ns : stamp_of(NULL);
}

int inode_setattr(struct inode *i, unsigned valid, const struct kstat *attr)
{
    if (i->sb->read_only)
        return -EROFS;
    if (!i->ops->setattr)
        return -EPERM;
    return i->ops->setattr(i, valid, attr);
}

/*
 * relatime: only when the file changed since it was last read, or a day has
 * passed. The day is only looked at when nothing else asks for the clock.
 */
void inode_touch_atime(struct inode *i)
{
    uint64_t atime = i->atime_ns;
    bool was_taken;

    /* On a PC the first question about the time costs 5 ms of measuring:
     * reading a file is no reason to ask. */
    if (i->sb->read_only || !clock_is_running())
        return;
    if (atime > i->mtime_ns && atime > i->ctime_ns &&
        (int64_t)(clock_real_about_ns() - atime) < RELATIME_NS)
        return;
    was_taken = kernel_lock_enter_seldom();
    i->atime_ns = clock_real_ns();
    kernel_lock_leave(was_taken);
}

/* Not for each of many writes, as on Linux; but of two files the one that was
 * written later must not be the older one. */
bool inode_mtime_is_due(const struct inode *i)
{
    if (__atomic_load_n(&inode_newest, __ATOMIC_RELAXED) != i)
        return true;
    return clock_real_about_ns() - i->mtime_ns + TICK_NS >= 2 * TICK_NS;
}

void inode_touch_mtime(struct inode *i)
{
    bool was_taken;

    if (!inode_mtime_is_due(i))
        return;
    was_taken = kernel_lock_enter_seldom();
    i->mtime_ns = stamp_of(i);
    i->ctime_ns = i->mtime_ns;
    kernel_lock_leave(was_taken);
}
