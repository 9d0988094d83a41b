/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * credentials.c - user and group ids, supplementary groups, capabilities.
 *
 * Rights are capabilities, which follow the user id as on Linux; but threads
 * have them together, and rights to files are the user's, `fsuid`.
 */
#include <linux/capability.h>
#include <linux/securebits.h>

#include "core/errno.h"
#include "core/string.h"
#include "mm/user.h"
#include "sched/process.h"
#include "syscall/syscall.h"

#define KEEP UINT32_MAX /* -1: leave this id as it is */

/* The four ids of a kind, in struct process's order, to treat users and groups
 * alike. */
enum { REAL, EFFECTIVE, SAVED, FS };

static uint32_t *user_ids(void)
{
    return &process_current()->uid;
}

static uint32_t *group_ids(void)
{
    return &process_current()->gid;
}

_Static_assert(offsetof(struct process, fsuid) ==
                       offsetof(struct process, uid) + FS * sizeof(uint32_t) &&
                   offsetof(struct process, fsgid) ==
                       offsetof(struct process, gid) + FS * sizeof(uint32_t),
               "ids are in the order of the enumeration");

static bool is_privileged(const uint32_t *ids)
{
    return process_has_cap(process_current(),
                           ids == user_ids() ? CAP_SETUID : CAP_SETGID);
}

static bool is_own(const uint32_t *ids, uint32_t id)
{
    return id == ids[REAL] || id == ids[EFFECTIVE] || id == ids[SAVED];
}

/* Whether some user id is root's. */
static bool has_root(const struct process *p)
{
    return !p->uid || !p->euid || !p->suid;
}

/* Change them, and have capabilities follow those of users. */
static long change(uint32_t *ids, uint32_t real, uint32_t effective,
                   uint32_t saved)
{
    struct process *p = process_current();
    bool had_root = has_root(p), was_root = p->euid == 0;

    ids[REAL] = real;
    ids[EFFECTIVE] = ids[FS] = effective;
    ids[SAVED] = saved;
    if (p->securebits & SECBIT_NO_SETUID_FIXUP)
        return 0;
    if (had_root && !has_root(p) && !(p->securebits & SECBIT_KEEP_CAPS))
        p->cap_dropped = ~0ull;
    if (was_root != (p->euid == 0))
        p->cap_off = was_root ? ~0ull : p->cap_dropped;
    p->cap_off |= p->cap_dropped;
    return 0;
}

static long set_one(uint32_t *ids, uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (is_privileged(ids))
        return change(ids, id, id, id);
    if (id != ids[REAL] && id != ids[SAVED])
        return -EPERM;
    return change(ids, ids[REAL], id, ids[SAVED]);
}

static long set_two(uint32_t *ids, uint32_t real, uint32_t effective)
{
    bool saves = real != KEEP || (effective != KEEP && effective != ids[REAL]);

    if (real == KEEP)
        real = ids[REAL];
    if (effective == KEEP)
        effective = ids[EFFECTIVE];
    if (!is_privileged(ids) && ((real != ids[REAL] && real != ids[EFFECTIVE]) ||
                                !is_own(ids, effective)))
        return -EPERM;
    return change(ids, real, effective, saves ? effective : ids[SAVED]);
}

static long set_three(uint32_t *ids, uint32_t real, uint32_t effective,
                      uint32_t saved)
{
    if (real == KEEP)
        real = ids[REAL];
    if (effective == KEEP)
        effective = ids[EFFECTIVE];
    if (saved == KEEP)
        saved = ids[SAVED];
    if (!is_privileged(ids) &&
        (!is_own(ids, real) || !is_own(ids, effective) || !is_own(ids, saved)))
        return -EPERM;
    return change(ids, real, effective, saved);
}

/* The old one is the result in any case. */
static long set_fs(uint32_t *ids, uint32_t id)
{
    uint32_t old = ids[FS];

    if (id != KEEP && (id == old || is_own(ids, id) || is_privileged(ids)))
        ids[FS] = id;
    return old;
}

static long put_three(const uint32_t *ids, uaddr_t real, uaddr_t effective,
                      uaddr_t saved)
{
    if (user_put32(real, ids[REAL]) != 0 ||
        user_put32(effective, ids[EFFECTIVE]) != 0 ||
        user_put32(saved, ids[SAVED]) != 0)
        return -EFAULT;
    return 0;
}

long sys_getuid(void)
{
    return process_current()->uid;
}

long sys_geteuid(void)
{
    return process_current()->euid;
}

long sys_getgid(void)
{
    return process_current()->gid;
}

long sys_getegid(void)
{
    return process_current()->egid;
}

long sys_setuid(uint32_t uid)
{
    return set_one(user_ids(), uid);
}

long sys_setgid(uint32_t gid)
{
    return set_one(group_ids(), gid);
}

long sys_setreuid(uint32_t ruid, uint32_t euid)
{
    return set_two(user_ids(), ruid, euid);
}

long sys_setregid(uint32_t rgid, uint32_t egid)
{
    return set_two(group_ids(), rgid, egid);
}

long sys_setresuid(uint32_t ruid, uint32_t euid, uint32_t suid)
{
    return set_three(user_ids(), ruid, euid, suid);
}

long sys_setresgid(uint32_t rgid, uint32_t egid, uint32_t sgid)
{
    return set_three(group_ids(), rgid, egid, sgid);
}

long sys_getresuid(uaddr_t ruid, uaddr_t euid, uaddr_t suid)
{
    return put_three(user_ids(), ruid, euid, suid);
}

long sys_getresgid(uaddr_t rgid, uaddr_t egid, uaddr_t sgid)
{
    return put_three(group_ids(), rgid, egid, sgid);
}

long sys_setfsuid(uint32_t uid)
{
    return set_fs(user_ids(), uid);
}

long sys_setfsgid(uint32_t gid)
{
    return set_fs(group_ids(), gid);
}

/* ---- groups ---- */

long sys_getgroups(int count, uaddr_t out)
{
    const struct process *p = process_current();

    if (count < 0 || (count > 0 && (unsigned)count < p->group_count))
        return -EINVAL;
    if (count > 0 && copy_to_user(out, p->groups,
                                  p->group_count * sizeof(p->groups[0])) != 0)
        return -EFAULT;
    return p->group_count;
}

long sys_setgroups(size_t count, uaddr_t groups)
{
    struct process *p = process_current();
    uint32_t copy[ARRAY_LEN(p->groups)];

    if (!process_has_cap(p, CAP_SETGID))
        return -EPERM;
    if ((unsigned)count > ARRAY_LEN(copy))
        return -EINVAL;
    count = (unsigned)count;
    if (copy_from_user(copy, groups, count * sizeof(copy[0])) != 0)
        return -EFAULT;
    for (unsigned n = 0; n < count; n++) { /* as Linux tells them: sorted */
        unsigned at = n;

        for (; at > 0 && p->groups[at - 1] > copy[n]; at--)
            p->groups[at] = p->groups[at - 1];
        p->groups[at] = copy[n];
    }
    p->group_count = (unsigned)count;
    return 0;
}

/* ---- capabilities ---- */

/* Reads the header; tells the program our version if it does not know it.
 * Result: words per set, 1 or 2. */
static int cap_header(uaddr_t header, bool has_data, int *pid_out)
{
    struct __user_cap_header_struct h;

    if (copy_from_user(&h, header, sizeof(h)) != 0)
        return -EFAULT;
    switch (h.version) {
    case _LINUX_CAPABILITY_VERSION_1:
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        break;
    default:
        if (user_put32(header, _LINUX_CAPABILITY_VERSION_3) != 0)
            return -EFAULT;
        return has_data ? -EINVAL : 0;
    }
    *pid_out = h.pid;
    return h.version == _LINUX_CAPABILITY_VERSION_1 ? 1 : 2;
}

long sys_capget(uaddr_t header, uaddr_t data)
{
    const struct process *p = process_current();
    struct __user_cap_data_struct d[2];
    int pid, words = cap_header(header, data != 0, &pid);

    if (words <= 0)
        return words;
    if (pid < 0)
        return -EINVAL;
    if (!thread_find(pid))
        return -ESRCH;
    if (!data)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        d[i].effective = (uint32_t)((CAPS_ALL & ~p->cap_off) >> (32 * i));
        d[i].permitted = (uint32_t)((CAPS_ALL & ~p->cap_dropped) >> (32 * i));
        d[i].inheritable = (uint32_t)(p->cap_inheritable >> (32 * i));
    }
    return copy_to_user(data, d, (size_t)words * sizeof(d[0]));
}

long sys_capset(uaddr_t header, uaddr_t data)
{
    struct process *p = process_current();
    struct __user_cap_data_struct d[2] = { 0 };
    uint64_t want_effective, want_permitted, want_inheritable;
    int pid, words = cap_header(header, true, &pid);

    if (words < 0)
        return words;
    if (pid != 0 && pid != thread_current()->tid)
        return -EPERM; /* only one's own */
    if (copy_from_user(d, data, (size_t)words * sizeof(d[0])) != 0)
        return -EFAULT;
    want_effective = d[0].effective | (uint64_t)d[1].effective << 32;
    want_permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
    want_inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
    want_effective &= CAPS_ALL;
    want_permitted &= CAPS_ALL;
    want_inheritable &= CAPS_ALL;
    if ((want_permitted & p->cap_dropped) || (want_effective & ~want_permitted))
        return -EPERM;
    if (want_inheritable & p->cap_dropped & ~p->cap_inheritable)
        return -EPERM;
    p->cap_dropped = ~want_permitted;
    p->cap_off = ~want_effective;
    p->cap_inheritable = want_inheritable;
    return 0;
}
