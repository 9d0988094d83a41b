/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target.c - see target.h: the connection, stopping and going.
 */
#include "cli/gdb/target.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/gdb/target_link.h"
#include "cli/guest.h"
#include "host/fault.h"
#include "host/memory.h"

#define STOP_MS      5000  /* a kernel that does not answer then hangs */
#define STOP_TRIES   10u   /* on a busy host a CPU may take its time */
#define COMMAND_MS   10000 /* pages may have to be read from a disk */
#define CONTROL_HEAD offsetof(struct debug_control, data)

/* ---- what the monitor says ---- */

static int lost(struct target *t, struct fault *fault)
{
    t->is_running = false;
    t->is_ended = true;
    t->status = -1;
    return fault_set(fault, ESHUTDOWN, "the guest '%s' has ended",
                     t->core.in.name);
}

static int receive(struct target *t, void *data, size_t len,
                   struct fault *fault)
{
    uint8_t *at = data;

    while (len > 0) {
        ssize_t n = recv(t->core.in.fd, at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return lost(t, fault);
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static void take_event(struct target *t, const struct control_event *event)
{
    t->is_running = false;
    t->reason = event->reason;
    t->thread = event->thread;
    if (event->reason != DEBUG_DONE) {
        t->in_kernel =
            event->reason == DEBUG_KERNEL || event->reason == DEBUG_KERNEL_STEP;
        t->kernel_cpu = event->cpu % DEBUG_CPU_MAX;
        t->own = event->thread;
        t->hits = event->hits;
    }
    t->has_kernel = true;
    t->is_fresh = false;
    t->has_sites = t->has_sites && event->reason == DEBUG_DONE;
    if (event->reason != CONTROL_EVENT_ENDED)
        return;
    t->is_ended = true;
    t->has_kernel = false;
    t->status = event->status;
}

/* The next reply, or event. */
static int next(struct target *t, bool *is_event_out, struct fault *fault)
{
    struct control_reply reply;
    struct control_event event;
    int err = receive(t, &reply, sizeof(reply), fault);

    *is_event_out = false;
    if (err)
        return err;
    if (reply.result < 0)
        return fault_sys(fault, -reply.result,
                         "the monitor of the guest '%s' refuses",
                         t->core.in.name);
    if (reply.len == 0)
        return 0;
    if (reply.result != CONTROL_EVENT || reply.len != sizeof(event))
        return fault_set(fault, EPROTO,
                         "the monitor of the guest '%s' makes no sense",
                         t->core.in.name);
    err = receive(t, &event, sizeof(event), fault);
    if (err)
        return err;
    *is_event_out = true;
    take_event(t, &event);
    return 0;
}

static int request(struct target *t, const struct control_request *r,
                   struct fault *fault)
{
    bool is_event = true;
    int err = 0;

    if (send(t->core.in.fd, r, sizeof(*r), MSG_NOSIGNAL) != (ssize_t)sizeof(*r))
        return lost(t, fault);
    while (err == 0 && is_event)
        err = next(t, &is_event, fault);
    return err;
}

int target_hear(struct target *t, bool *stopped_out, struct fault *fault)
{
    int err = next(t, stopped_out, fault);

    return err == -ESHUTDOWN ? *stopped_out = true, 0 : err;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until it stops; -ETIMEDOUT: it goes on. */
static int wait_stop(struct target *t, unsigned limit_ms, struct fault *fault)
{
    uint64_t end = now_ms() + limit_ms, now;
    bool is_event;
    int err = 0;

    while (err == 0 && t->is_running) {
        struct pollfd p = { t->core.in.fd, POLLIN, 0 };

        now = now_ms();
        if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
            return fault_set(fault, ETIMEDOUT,
                             "the kernel of the guest '%s' does not answer",
                             t->core.in.name);
        if (p.revents)
            err = next(t, &is_event, fault);
    }
    return err;
}

/* ---- going and stopping ---- */

/* Each CPU passes through the kernel before it runs any of the program. */
static int set_work(struct target *t, struct fault *fault)
{
    const struct records *r = &t->core.in.records;
    uint64_t percpu[INSIDE_CPU_MAX];
    unsigned i;
    int err =
        inside_read(&t->core.in, r->percpus, percpu, sizeof(percpu), fault);

    for (i = 0; err == 0 && i < t->core.in.hello.cpu_count; i++) {
        uint32_t work;

        if (percpu[i] == 0)
            continue;
        err = inside_read(&t->core.in, percpu[i] + r->percpu_work, &work,
                          sizeof(work), fault);
        work |= r->work_bits;
        if (err == 0)
            err = inside_write(&t->core.in, percpu[i] + r->percpu_work, &work,
                               sizeof(work), fault);
    }
    return err;
}

/* Let it run, as t->control says; len bytes of that are new. */
static int release(struct target *t, size_t len, struct fault *fault)
{
    const struct control_request run = { .op = CONTROL_RUN };
    int err = inside_write(&t->core.in, t->control_va, &t->control, len, fault);

    if (err == 0)
        err = set_work(t, fault);
    if (err)
        return err;
    t->is_running = true;
    err = request(t, &run, fault);
    return t->is_ended ? 0 : err;
}

int target_release(struct target *t, uint64_t only, struct fault *fault)
{
    int err = target_watch_arm(t, fault);

    t->control.only = only;
    t->control.is_held = only != 0 || t->control.soft_count > 0;
    return err ? err : release(t, CONTROL_HEAD, fault);
}

int target_release_to_settle(struct target *t, struct fault *fault)
{
    int err;

    t->control.ask = 1;
    err = target_release(t, DEBUG_NOBODY, fault);
    t->control.ask = 0;
    return err;
}

static int request_stop(struct target *t, struct fault *fault)
{
    const struct control_request stop = { .op = CONTROL_STOP };
    unsigned n;
    int err = -EBUSY;

    for (n = 0; err == -EBUSY && n < STOP_TRIES; n++)
        err = request(t, &stop, fault);
    return err;
}

/* Without the kernel's part: the CPUs stop where they are. */
static int stop_hard(struct target *t, struct fault *fault)
{
    int err = request_stop(t, fault);

    if (err || !t->is_running)
        return t->is_ended ? 0 : err;
    t->is_running = false;
    t->has_kernel = t->is_fresh = t->has_sites = t->in_kernel = false;
    t->reason = DEBUG_ASKED;
    t->thread = t->own = 0;
    return 0;
}

/* A guest that has stopped by itself meanwhile is stopped as well. What was not
 * heard of by the end of the time is a kernel that hangs: its CPUs stop where
 * they are. */
int target_stop(struct target *t, struct fault *fault)
{
    int err = request_stop(t, fault);

    if (err || !t->is_running)
        return t->is_ended ? 0 : err;
    t->control.ask = 1;
    err = release(t, CONTROL_HEAD, fault);
    t->control.ask = 0;
    if (err == 0)
        err = wait_stop(t, STOP_MS, fault);
    if (err != -ETIMEDOUT || t->is_ended)
        return t->is_ended ? 0 : err;
    err = stop_hard(t, fault);
    if (err || t->has_kernel || t->is_ended)
        return err;
    return inside_write(&t->core.in, t->control_va, &t->control, CONTROL_HEAD,
                        fault);
}

/* One thread alone, until it stops. */
int target_run_alone(struct target *t, uint64_t thread, struct fault *fault)
{
    int err = target_release(t, thread, fault);

    if (err == 0)
        err = wait_stop(t, STOP_MS, fault);
    if (err == -ETIMEDOUT)
        (void)target_stop(t, &(struct fault){ 0 });
    return t->is_ended ? lost(t, fault) : err;
}

int target_command(struct target *t, const struct target_command *c,
                   struct fault *fault)
{
    uint64_t thread = t->thread;
    unsigned reason = t->reason;
    bool has_data = c->nr == DEBUG_WRITE;
    int err;

    if (t->in_kernel && c->nr != DEBUG_TEXT_OWN)
        return fault_set(fault, EBUSY,
                         "the kernel of the guest '%s' itself stands still, "
                         "and does nothing for the program",
                         t->core.in.name);
    if (!t->has_kernel)
        return fault_set(fault, EIO,
                         "the kernel of the guest '%s' does not answer",
                         t->core.in.name);
    t->control.command = c->nr;
    t->control.va = c->va;
    t->control.len = c->len;
    t->control.only = DEBUG_NOBODY;
    t->control.is_held = 1;
    if (has_data)
        memcpy(t->control.data, c->data, c->len);
    err = release(t, CONTROL_HEAD + (has_data ? c->len : 0), fault);
    t->control.command = 0;
    if (err == 0)
        err = wait_stop(t, COMMAND_MS, fault);
    if (t->is_ended)
        return lost(t, fault);
    if (err == 0)
        err = inside_read(&t->core.in, t->control_va, &t->control,
                          CONTROL_HEAD + (c->nr == DEBUG_READ ? c->len : 0),
                          fault);
    t->thread = thread;
    t->reason = reason;
    t->control.command = 0;
    if (err == 0 && t->control.result)
        err = fault_sys(fault, -t->control.result, "at 0x%llx",
                        (unsigned long long)c->va);
    return err;
}

/* ---- the start and the end ---- */

static int check_kernel(struct target *t, struct fault *fault)
{
    const struct records *r = &t->core.in.records;
    uint64_t va = t->core.in.hello.kernel_va, len = t->core.in.hello.kernel_len;

    t->control_va = r->debug_control;
    if (r->debug_part == 0)
        return fault_set(fault, ENOTSUP,
                         "the kernel of the guest '%s' was linked without the "
                         "debugger's part; build its image with all calls",
                         t->core.in.name);
    if (t->control_va - va >= len)
        return fault_set(fault, EPROTO,
                         "the records of the guest '%s' are damaged",
                         t->core.in.name);
    return 0;
}

static int attach(struct target *t, struct fault *fault)
{
    struct control_request r = { .op = CONTROL_DEBUG };
    size_t len;
    int err = request_stop(t, fault);

    if (err == 0)
        err = inside_translate(&t->core.in, t->control_va, &r.gpa, &len, fault);
    if (err)
        return err;
    r.len = sizeof(t->control);
    err = request(t, &r, fault);
    if (err == -EBUSY)
        return fault_set(fault, EBUSY, "the guest '%s' has a debugger already",
                         t->core.in.name);
    return err;
}

int target_open(struct target *t, const struct guest *g, struct fault *fault)
{
    int err;

    *t = (struct target){ .guest = g, .control.is_attached = 1 };
    err = inside_open(&t->core.in, g, fault);
    if (err)
        return err;
    t->core.command = g->command;
    (void)frames_open(&t->core.frames, t->core.in.hello.build_id,
                      sizeof(t->core.in.hello.build_id));
    err = check_kernel(t, fault);
    if (err == 0)
        err = core_edges_read(&t->core, fault);
    if (err == 0)
        err = attach(t, fault);
    t->is_running = true;
    if (err == 0)
        err = target_stop(t, fault);
    if (err == 0 && t->is_ended)
        err = lost(t, fault);
    if (err)
        target_close(t);
    else
        target_vectors_probe(t);
    return err;
}

void target_close(struct target *t)
{
    inside_close(&t->core.in);
    frames_fini(&t->core.frames);
    core_fini(&t->core);
    free(t->brk);
    t->brk = NULL;
    t->break_count = 0;
}
