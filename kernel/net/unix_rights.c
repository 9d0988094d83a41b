/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix_rights.c - files and credentials that travel with messages.
 *
 * A socket may be sent through itself, or two through each other: then their
 * references never go. unix_collect() finds them as Linux long did, looking at
 * sockets under way and their queues alone: see there. It runs when a socket
 * is closed, or when UNIX_INFLIGHT_MAX are under way; until then such a circle
 * stays.
 */
#include <asm/resource.h>
#include <linux/capability.h>

#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/fdtable.h"
#include "mm/heap.h"
#include "net/unix.h"
#include "sched/process.h"

#define UID_UNKNOWN 65534u /* who is not known is "nobody" */

static struct list inflight = LIST_INIT(inflight); /* .inflight_link */
static size_t sockets_inflight, files_inflight;    /* each as often as sent */

/* ---- sending ---- */

static int rights_get(const struct socket_control *c, struct unix_extra *out)
{
    unsigned count = (unsigned)(c->len / sizeof(int));
    unsigned old = out->rights ? out->rights->count : 0;
    struct unix_rights *r;

    if (count == 0)
        return 0;
    if (old + count > UNIX_RIGHTS_MAX)
        return -EINVAL;
    r = krealloc(out->rights, sizeof(*r) + (old + count) * sizeof(r->files[0]));
    if (!r)
        return -ENOMEM;
    r->count = old;
    out->rights = r;
    for (unsigned i = 0; i < count; i++) {
        struct file *f;
        int fd;

        memcpy(&fd, c->data + i * sizeof(fd), sizeof(fd));
        f = fd_get(fd);
        if (!f)
            return -EBADF;
        r->files[r->count++] = f;
    }
    return 0;
}

static int cred_get(const struct socket_control *c, struct unix_extra *out)
{
    const struct process *p = process_current();
    struct socket_cred cred;

    if (c->len != sizeof(cred))
        return -EINVAL;
    memcpy(&cred, c->data, sizeof(cred));
    if (cred.uid == UINT32_MAX || cred.gid == UINT32_MAX)
        return -EINVAL;
    if ((cred.pid != p->pid && !process_has_cap(p, CAP_SYS_ADMIN)) ||
        (cred.uid != p->uid && cred.uid != p->euid && cred.uid != p->suid &&
         !process_has_cap(p, CAP_SETUID)) ||
        (cred.gid != p->gid && cred.gid != p->egid && cred.gid != p->sgid &&
         !process_has_cap(p, CAP_SETGID)))
        return -EPERM;
    if (cred.pid != p->pid && !thread_find(cred.pid))
        return -ESRCH;
    out->cred = cred;
    return 0;
}

/* As Linux: root may have any number of files under way. */
static bool too_many_inflight(const struct unix_rights *r)
{
    const struct process *p = process_current();

    return r && !process_has_cap(p, CAP_SYS_RESOURCE) &&
           files_inflight + r->count > p->rlimits[RLIMIT_NOFILE].soft;
}

int unix_control_get(const struct socket_msg *m, struct unix_extra *out)
{
    struct socket_control c;
    size_t off = 0;
    int err = 0, more;

    while (!err && (more = socket_control_next(m, &off, &c)) != 0) {
        if (more < 0)
            err = more;
        else if (c.level != SOL_SOCKET)
            continue;
        else if (c.type == SCM_RIGHTS)
            err = rights_get(&c, out);
        else
            err = c.type == SCM_CREDENTIALS ? cred_get(&c, out) : -EINVAL;
    }
    if (!err && too_many_inflight(out->rights))
        err = -ETOOMANYREFS;
    if (err)
        unix_extra_fini(out);
    else if (sockets_inflight >= UNIX_INFLIGHT_MAX)
        unix_waste_empty();
    return err;
}

void unix_rights_put(struct unix_rights *r)
{
    struct spinlock *lock = unix_pause();

    for (unsigned i = 0; i < r->count; i++)
        file_put(r->files[i]);
    kfree(r);
    unix_resume(lock);
}

/* ---- receiving ---- */

/* As many of the files as there is room for, in the message and in the table
 * of descriptors. */
static void rights_put(struct socket_msg *m, const struct unix_rights *r)
{
    size_t room = m->control_len / sizeof(int);
    size_t header = sizeof(struct abi_cmsghdr) / sizeof(int);
    int fds[UNIX_RIGHTS_MAX];
    unsigned max, count = 0;

    max = room > header ? (unsigned)MIN(room - header, (size_t)r->count) : 0;
    while (count < max) {
        fds[count] = fd_install_take(file_get(r->files[count]), 0,
                                     m->flags & MSG_CMSG_CLOEXEC);
        if (fds[count] < 0) {
            file_put(r->files[count]);
            break;
        }
        count++;
    }
    if (count < r->count)
        m->out_flags |= MSG_CTRUNC;
    if (count > 0 && socket_control_put(m, SOL_SOCKET, SCM_RIGHTS, fds,
                                        count * sizeof(fds[0]))) {
        m->out_flags |= MSG_CTRUNC;
        while (count > 0) /* nobody would know of them */
            (void)!fd_close(fds[--count]);
    }
}

static void control_put(const struct unix_sock *u, struct socket_msg *m,
                        const struct unix_extra *e)
{
    bool want_cred = socket_flag(&u->s, SO_PASSCRED);
    struct socket_cred cred = e->cred;

    if (!m->control_at) {
        if (want_cred || e->rights)
            m->out_flags |= MSG_CTRUNC;
        return;
    }
    if (cred.pid == 0)
        cred.uid = cred.gid = UID_UNKNOWN;
    if (want_cred)
        (void)socket_control_put(m, SOL_SOCKET, SCM_CREDENTIALS, &cred,
                                 sizeof(cred));
    if (e->rights)
        rights_put(m, e->rights);
}

/* Of a packet that is looked at another may make an end meanwhile. */
void unix_control_put(const struct unix_sock *u, struct socket_msg *m,
                      const struct unix_extra *e)
{
    const struct unix_extra copy = *e;
    struct spinlock *lock = unix_pause();

    control_put(u, m, &copy);
    unix_resume(lock);
}

/* ---- circles ---- */

static struct unix_sock *carried(const struct unix_rights *r, unsigned i)
{
    struct socket *s = socket_of(r->files[i]);

    return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

void unix_rights_enter(const struct unix_rights *r)
{
    files_inflight += r->count;
    for (unsigned i = 0; i < r->count; i++) {
        struct unix_sock *u = carried(r, i);

        if (!u)
            continue;
        if (u->inflight++ == 0)
            list_push_back(&inflight, &u->inflight_link);
        sockets_inflight++;
    }
}

void unix_rights_leave(const struct unix_rights *r)
{
    files_inflight -= r->count;
    for (unsigned i = 0; i < r->count; i++) {
        struct unix_sock *u = carried(r, i);

        if (!u)
            continue;
        ASSERT(u->inflight > 0);
        if (--u->inflight == 0)
            list_remove(&u->inflight_link);
        sockets_inflight--;
    }
}

typedef void visit_fn(struct unix_sock *u, struct list *todo);

/* Visit the suspects that the queue of u carries. */
static void visit_packets(struct unix_sock *u, visit_fn *visit,
                          struct list *todo)
{
    struct spinlock *lock = socket_lock(&u->s);

    LIST_FOR_EACH(it, &u->queue)
    {
        const struct unix_rights *r =
            LIST_ENTRY(it, struct unix_packet, link)->extra.rights;

        for (unsigned i = 0; r && i < r->count; i++) {
            struct unix_sock *c = carried(r, i);

            if (c && c->is_suspect)
                visit(c, todo);
        }
    }
    socket_unlock(lock);
}

/* The same, and those of connections that wait for a listener's accept(). */
static void visit_queue(struct unix_sock *u, visit_fn *visit, struct list *todo)
{
    if (u->state != UNIX_LISTENING) {
        visit_packets(u, visit, todo);
        return;
    }
    LIST_FOR_EACH(it, &u->queue)
    visit_packets(LIST_ENTRY(it, struct unix_sock, peer_link), visit, todo);
}

static void count_inner(struct unix_sock *u, struct list *todo)
{
    (void)todo;
    u->outer_count--;
}

static void acquit(struct unix_sock *u, struct list *todo)
{
    u->is_suspect = false;
    list_push_back(todo, &u->todo_link);
}

static void waste_packets(struct unix_sock *u)
{
    struct spinlock *lock = socket_lock(&u->s);

    unix_queue_waste(u);
    socket_unlock(lock);
}

static void waste_queue(struct unix_sock *u)
{
    if (u->state != UNIX_LISTENING) {
        waste_packets(u);
        return;
    }
    LIST_FOR_EACH(it, &u->queue)
    waste_packets(LIST_ENTRY(it, struct unix_sock, peer_link));
}

/* The body may not change the list. */
#define FOR_EACH_SUSPECT(u)                                \
    for (struct unix_sock *u = next_suspect(&inflight); u; \
         u = next_suspect(&u->inflight_link))

static struct unix_sock *next_suspect(struct list *at)
{
    while ((at = at->next) != &inflight) {
        struct unix_sock *u = LIST_ENTRY(at, struct unix_sock, inflight_link);

        if (u->is_suspect)
            return u;
    }
    return NULL;
}

/*
 * Suspect is who has no reference but those of packets. Suspects that lie in
 * the queue of somebody else are not, nor is what lies in theirs.
 */
bool unix_collect(void)
{
    struct list todo = LIST_INIT(todo), *link;
    struct unix_sock *u;

    LIST_FOR_EACH(it, &inflight)
    {
        u = LIST_ENTRY(it, struct unix_sock, inflight_link);
        u->is_suspect = u->s.file->refs == u->inflight;
        u->outer_count = u->inflight;
    }
    FOR_EACH_SUSPECT(s)
    visit_queue(s, count_inner, NULL);
    FOR_EACH_SUSPECT(s)
    if (s->outer_count > 0)
        acquit(s, &todo);
    while ((link = list_pop_front(&todo)))
        visit_queue(LIST_ENTRY(link, struct unix_sock, todo_link), acquit,
                    &todo);
    /* Wasting a queue takes others off the list, so begin anew each time; a
     * suspect whose queue is empty will be freed with the rest. */
    u = next_suspect(&inflight);
    if (!u)
        return false;
    for (; u; u = next_suspect(&inflight)) {
        u->is_suspect = false;
        waste_queue(u);
    }
    return true;
}
