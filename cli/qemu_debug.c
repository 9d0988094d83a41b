/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_debug.c - a debugger of a guest under QEMU: abi/debug.h, the end that
 * the monitor has otherwise.
 *
 * A thread that stops has its kernel write down why, and tell pvpanic: QEMU
 * stops the machine and says so. It goes on when that word is 0 again. What the
 * debugger wants of a machine that no thread has stopped, the kernel hears of
 * by LINK_DEBUG.
 */
#include <errno.h>
#include <string.h>

#include "abi/debug.h"
#include "abi/link.h"
#include "cli/qemu_control.h"

/* Of the guest's struct debug_control; NULL: it has no debugger. */
static uint8_t *at(const struct qemu_control *c, size_t offset)
{
    uint8_t *all = NULL;

    if (c->debug_gpa != 0)
        all = qemu_ram_at(c, c->debug_gpa, sizeof(struct debug_control));
    return all ? all + offset : NULL;
}

/* enum debug_reason; 0: no thread waits. */
static uint32_t stop_get(const struct qemu_control *c)
{
    uint32_t *stop =
        (uint32_t *)(void *)at(c, offsetof(struct debug_control, stop));

    return stop ? __atomic_load_n(stop, __ATOMIC_SEQ_CST) : 0;
}

static struct qemu_client *debugger(struct qemu_control *c)
{
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        if (c->client[i].fd >= 0 && c->client[i].debugs)
            return &c->client[i];
    return NULL;
}

bool qemu_debug_listens(const struct qemu_control *c)
{
    return !c->is_ended && (c->is_waited_for || c->debug_gpa != 0);
}

int qemu_debug_attach(struct qemu_control *c, struct qemu_client *cl,
                      const struct control_request *r)
{
    if (debugger(c))
        return -EBUSY;
    if (r->len != sizeof(struct debug_control) || r->gpa == 0 ||
        r->gpa % sizeof(uint64_t) != 0 || !qemu_ram_at(c, r->gpa, r->len))
        return -EFAULT;
    c->debug_gpa = r->gpa;
    c->is_waited_for = c->is_parked = c->is_told = false;
    cl->debugs = cl->holds = true;
    return 0;
}

void qemu_debug_check(struct qemu_control *c)
{
    uint8_t *all = at(c, 0);

    if (!all || debugger(c))
        return;
    memset(all, 0, sizeof(struct debug_control));
    c->debug_gpa = 0;
    c->tell(c->tell_arg, LINK_DEBUG);
}

void qemu_debug_run(struct qemu_control *c, struct qemu_client *cl)
{
    uint32_t *stop =
        (uint32_t *)(void *)at(c, offsetof(struct debug_control, stop));

    uint32_t was;

    cl->stops = false;
    c->is_told = false;
    was = stop ? __atomic_exchange_n(stop, 0, __ATOMIC_SEQ_CST) : 0;
    /* Who stopped does what is new, but in the middle of the kernel. */
    if (was == 0 || c->is_in_kernel)
        c->tell(c->tell_arg, LINK_DEBUG);
}

static void tell(struct qemu_control *c, const struct control_event *event)
{
    struct qemu_client *cl = debugger(c);

    if (!cl)
        return;
    cl->stops = true;
    qemu_reply(cl, CONTROL_EVENT, event, sizeof(*event));
}

void qemu_debug_look(struct qemu_control *c)
{
    const uint8_t *all = at(c, 0);
    struct control_event event = { .reason = stop_get(c) };

    if (c->qmp.news & QMP_PANICKED && c->is_waited_for)
        c->is_parked = true;
    if (c->qmp.news & (QMP_STOPPED | QMP_RUNS) && !c->is_frozen)
        c->is_stopped = (c->qmp.news & QMP_STOPPED) != 0;
    c->qmp.news = 0;
    if (!c->is_stopped || c->is_told || event.reason == 0)
        return;
    memcpy(&event.cpu, all + offsetof(struct debug_control, stop_cpu),
           sizeof(event.cpu));
    memcpy(&event.thread, all + offsetof(struct debug_control, stop_thread),
           sizeof(event.thread));
    c->is_told = true;
    if (event.reason != DEBUG_DONE)
        c->is_in_kernel =
            event.reason == DEBUG_KERNEL || event.reason == DEBUG_KERNEL_STEP;
    tell(c, &event);
}

void qemu_debug_end(struct qemu_control *c, int status)
{
    const struct control_event event = { .reason = CONTROL_EVENT_ENDED,
                                         .status = status };

    tell(c, &event);
}
