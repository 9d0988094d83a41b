/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - see control.h.
 *
 * Stopping: CPU 0's thread is here anyway; the others are kicked out of the
 * guest and wait in control_park(), or sleep in events_wait(), from which they
 * come by control_park() before they enter the guest again.
 */
#include "monitor/control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "abi/control.h"
#include "host/fault.h"
#include "monitor/arch/arch.h"
#include "monitor/capture.h"
#include "monitor/check.h"
#include "monitor/console.h"
#include "monitor/crash.h"
#include "monitor/debug.h"
#include "monitor/devices/net.h"
#include "monitor/events.h"
#include "monitor/sample.h"

#define STOP_LOOKS  2000 /* of LOOK_NS: another CPU's hypercall ends by then */
#define LOOK_NS     500000
#define STOP_TRIES  10u
#define TELL_S      30 /* symbols of a large program take their time */
#define HOLD_S      1
#define REQUEST_LEN (sizeof(struct control_request) + CONTROL_DATA_MAX)

struct client {
    int fd; /* -1: free */
    bool stops, holds, captures, debugs;
    size_t have; /* bytes of the request that have come */
};

static struct {
    struct vm *vm;
    int listen_fd;
    struct client client[CONTROL_CLIENT_MAX];
    uint32_t stopped; /* atomic; a futex: control_park() waits on it */
    bool is_ended;
    unsigned wait_count; /* connections to come, each of which stops it */
    uint32_t is_held;    /* atomic: somebody wants to see the end */
    uint32_t end_status; /* atomic: plus 1, set by another CPU's thread */
    int until_fd;        /* control_serve_until(); else -1 */
} ctl = { .listen_fd = -1, .until_fd = -1 };

/* One each: a request is gathered, and its reply made, before the next. */
static uint8_t request_buf[CONTROL_CLIENT_MAX][REQUEST_LEN];
static uint8_t reply_buf[sizeof(struct control_reply) + CONTROL_DATA_MAX];

/* ---- connections ---- */

/* Data and connections on fd raise the signal that interrupts this thread. */
static int watch(int fd)
{
    struct f_owner_ex owner = { F_OWNER_TID, ctl.vm->vcpu[0].tid };

    if (fcntl(fd, F_SETOWN_EX, &owner) != 0 ||
        fcntl(fd, F_SETSIG, EVENTS_CONTROL_SIGNAL) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) != 0)
        return -errno;
    return 0;
}

int control_init(struct vm *vm, int listen_fd, struct fault *fault)
{
    int err;

    ctl.vm = vm;
    for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
        ctl.client[i].fd = -1;
    if (listen_fd < 0)
        return 0;
    ctl.listen_fd = listen_fd;
    err = watch(listen_fd);
    return err ? fault_sys(fault, -err, "cannot watch the control socket") : 0;
}

int control_fd(void)
{
    return ctl.listen_fd;
}

bool control_pending(void)
{
    return ctl.listen_fd >= 0 && events_control_noted();
}

static bool is_wanted_stopped(void)
{
    for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
        if (ctl.client[i].fd >= 0 && ctl.client[i].stops)
            return true;
    return false;
}

static void client_close(struct client *c)
{
    if (c->captures)
        capture_stop();
    if (c->debugs)
        debug_detach();
    close(c->fd);
    *c = (struct client){ .fd = -1 };
}

/* A reader that is not there, or not ready, is let go. */
static void reply(struct client *c, int32_t result, size_t len)
{
    struct control_reply head = { result, result < 0 ? 0 : (uint32_t)len };
    size_t total = sizeof(head) + head.len;

    memcpy(reply_buf, &head, sizeof(head));
    if (write(c->fd, reply_buf, total) != (ssize_t)total)
        client_close(c);
}

static void *reply_data(void)
{
    return reply_buf + sizeof(struct control_reply);
}

/* ---- stopping ---- */

static bool is_out(const struct vcpu *cpu)
{
    return !__atomic_load_n(&cpu->is_started, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&cpu->is_parked, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&cpu->is_waiting, __ATOMIC_SEQ_CST);
}

static void wake_parked(void)
{
    syscall(SYS_futex, &ctl.stopped, FUTEX_WAKE_PRIVATE, CPU_MAX);
}

static int stop_others(void)
{
    const struct timespec nap = { 0, LOOK_NS };

    __atomic_store_n(&ctl.stopped, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 1; i < ctl.vm->cpu_count; i++) {
        struct vcpu *cpu = &ctl.vm->vcpu[i];

        for (unsigned n = 0; !is_out(cpu); n++) {
            if (n == STOP_LOOKS)
                return -EBUSY;
            events_interrupt(cpu);
            ppoll(NULL, 0, &nap, NULL);
        }
    }
    return 0;
}

static void go(void)
{
    debug_go(); /* first: nobody comes with a stop of its own before this */
    __atomic_store_n(&ctl.stopped, 0, __ATOMIC_SEQ_CST);
    wake_parked();
}

void control_park(struct vcpu *cpu)
{
    if (cpu->index == 0)
        return;
    sample_take(cpu);
    if (!__atomic_load_n(&ctl.stopped, __ATOMIC_SEQ_CST))
        return;
    __atomic_store_n(&cpu->is_parked, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&ctl.stopped, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &ctl.stopped, FUTEX_WAIT_PRIVATE, 1, NULL);
    __atomic_store_n(&cpu->is_parked, 0, __ATOMIC_SEQ_CST);
}

/* ---- requests ---- */

static void hello(struct client *c)
{
    struct control_hello *h = reply_data();
    const struct vm *vm = ctl.vm;

    *h = (struct control_hello){
        .version = CONTROL_VERSION,
        .kernel_abi = vm->image.header.abi,
        .cpu_count = vm->cpu_count,
        .range_count = vm->mem.range_count,
        .kernel_va = vm->kernel_va,
        .kernel_len = vm->image.header.total_len,
        .direct_va = vm->direct_va,
        .pml4_gpa = vm->vcpu[0].state.cr3,
        .tsc_khz = vm->tsc_khz,
        .tsc = arch_tsc(),
        .is_started = 1,
        .is_ended = ctl.is_ended,
    };
    for (unsigned i = 0; i < vm->mem.range_count && i < CONTROL_RANGE_MAX; i++)
        h->range[i] =
            (struct control_range){ vm->mem.range[i].gpa, vm->mem.range[i].len,
                                    vm->mem.range[i].writable };
    for (unsigned i = 1; i < vm->cpu_count; i++)
        if (__atomic_load_n(&vm->vcpu[i].is_started, __ATOMIC_ACQUIRE))
            h->is_started |= 1u << i;
    if (vm->image.build_id_len == sizeof(h->build_id))
        memcpy(h->build_id, vm->image.build_id, sizeof(h->build_id));
    reply(c, 0, sizeof(*h));
}

static void read_memory(struct client *c, const struct control_request *r)
{
    int err = -EFAULT;

    if (r->len <= CONTROL_DATA_MAX)
        err = gmem_read(&ctl.vm->mem, r->gpa, reply_data(), r->len);
    reply(c, err, r->len);
}

static void stop(struct client *c)
{
    int err = stop_others();

    c->stops = err == 0 || is_wanted_stopped();
    reply(c, err, 0);
    if (!is_wanted_stopped())
        go();
}

/* ---- a debugger ---- */

static void debug(struct client *c, const struct control_request *r)
{
    int err = debug_attach(r->gpa, r->len);

    reply(c, err, 0);
    if (err || c->fd < 0)
        return;
    c->debugs = c->holds = true;
    __atomic_store_n(&ctl.is_held, 1, __ATOMIC_SEQ_CST);
}

static void run(struct client *c)
{
    if (c->debugs) {
        debug_tell();
        c->stops = false;
    }
    reply(c, c->debugs ? 0 : -EPERM, 0);
}

static void watch_memory(struct client *c, const uint8_t *data)
{
    struct control_watch w;

    memcpy(&w, data, sizeof(w));
    reply(c, c->debugs ? debug_watch(&w) : -EPERM, 0);
}

static void tell_debugger(const struct control_event *event)
{
    for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++) {
        struct client *c = &ctl.client[i];

        if (c->fd < 0 || !c->debugs)
            continue;
        memcpy(reply_data(), event, sizeof(*event));
        reply(c, CONTROL_EVENT, sizeof(*event));
        c->stops = c->fd >= 0;
    }
}

/* What a CPU brought from the guest. */
static void take_event(void)
{
    struct control_event event;

    if (!debug_take_event(&event))
        return;
    for (unsigned n = 0; n < STOP_TRIES && stop_others() != 0; n++)
        continue; /* on a busy host a CPU may take its time */
    tell_debugger(&event);
}

static void regs(struct client *c, const struct control_request *r,
                 const uint8_t *data)
{
    struct vcpu *cpu = &ctl.vm->vcpu[r->cpu];
    struct control_regs set;
    int err;

    if (r->op == CONTROL_XSTATE_GET) {
        err = arch_control_xstate_get(cpu, reply_data());
        reply(c, err, CONTROL_XSTATE_LEN);
        return;
    }
    if (r->op == CONTROL_REGS_GET) {
        err = arch_control_regs_get(cpu, reply_data());
        reply(c, err, sizeof(struct control_regs));
        return;
    }
    memcpy(&set, data, sizeof(set));
    reply(c, arch_control_regs_set(cpu, &set), 0);
}

static void sample(struct client *c, const uint8_t *data)
{
    struct control_sample_how how;
    size_t len = 0;
    int err = -EBUSY;

    memcpy(&how, data, sizeof(how));
    if (!is_wanted_stopped() && !ctl.is_ended)
        err = sample_all(ctl.vm, &how, reply_data(), &len);
    reply(c, err, len);
}

/* What is only done to a guest that this client has stopped. */
static void stopped_request(struct client *c, const struct control_request *r,
                            const uint8_t *data)
{
    if (!c->stops)
        reply(c, -EBUSY, 0);
    else if (r->op == CONTROL_WATCH)
        watch_memory(c, data);
    else if (r->op == CONTROL_WRITE)
        reply(c, gmem_write(&ctl.vm->mem, r->gpa, data, r->len), 0);
    else
        regs(c, r, data);
}

static void capture(struct client *c, const struct control_request *r)
{
    int err = net_fd() < 0 ? -ENODEV : capture_start(r->gpa);

    c->captures = c->captures || err == 0;
    reply(c, err, 0);
}

static void answer(struct client *c, const struct control_request *r,
                   const uint8_t *data)
{
    switch (r->op) {
    case CONTROL_HELLO:
        hello(c);
        break;
    case CONTROL_READ:
        read_memory(c, r);
        break;
    case CONTROL_STOP:
        stop(c);
        break;
    case CONTROL_HOLD:
        c->holds = true;
        __atomic_store_n(&ctl.is_held, 1, __ATOMIC_SEQ_CST);
        reply(c, 0, 0);
        break;
    case CONTROL_GO:
        c->stops = false;
        reply(c, 0, 0);
        break;
    case CONTROL_DEBUG:
        debug(c, r);
        take_event(); /* before the answer to what it asks next */
        break;
    case CONTROL_RUN:
        run(c);
        break;
    case CONTROL_SAMPLE:
        sample(c, data);
        break;
    case CONTROL_COUNTERS:
        net_counters(reply_data());
        reply(c, 0, sizeof(struct control_counters));
        break;
    case CONTROL_CAPTURE:
        capture(c, r);
        break;
    case CONTROL_FRAMES:
        reply(c, 0, capture_take(reply_data(), CONTROL_DATA_MAX));
        break;
    default:
        stopped_request(c, r, data);
        break;
    }
}

static bool is_sound(const struct control_request *r)
{
    if (r->cpu >= ctl.vm->cpu_count)
        return false;
    switch (r->op) {
    case CONTROL_READ:
    case CONTROL_DEBUG:
        return true;
    case CONTROL_WRITE:
        return r->len <= CONTROL_DATA_MAX;
    case CONTROL_REGS_SET:
        return r->len == sizeof(struct control_regs);
    case CONTROL_WATCH:
        return r->len == sizeof(struct control_watch);
    case CONTROL_SAMPLE:
        return r->len == sizeof(struct control_sample_how);
    case CONTROL_HELLO:
    case CONTROL_STOP:
    case CONTROL_GO:
    case CONTROL_REGS_GET:
    case CONTROL_HOLD:
    case CONTROL_COUNTERS:
    case CONTROL_CAPTURE:
    case CONTROL_FRAMES:
    case CONTROL_XSTATE_GET:
    case CONTROL_RUN:
        return r->len == 0;
    default:
        return false;
    }
}

/* Bytes that a request has, as far as its head is there. */
static size_t needed(const uint8_t *buf, size_t have)
{
    struct control_request r;

    memcpy(&r, buf, sizeof(r));
    if (have < sizeof(r))
        return sizeof(r);
    if (r.op == CONTROL_WRITE || r.op == CONTROL_REGS_SET ||
        r.op == CONTROL_SAMPLE || r.op == CONTROL_WATCH)
        return sizeof(r) + r.len;
    return sizeof(r);
}

/* True if anything came. */
static bool receive(struct client *c, uint8_t *buf)
{
    struct control_request r;
    size_t want = needed(buf, c->have);
    struct iovec iov = { buf + c->have, want - c->have };
    ssize_t n = readv(c->fd, &iov, 1);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        client_close(c);
        return true;
    }
    c->have += (size_t)n;
    memcpy(&r, buf, sizeof(r));
    if (c->have >= sizeof(r) && !is_sound(&r)) {
        client_close(c);
        return true;
    }
    if (c->have < needed(buf, c->have))
        return true;
    c->have = 0;
    answer(c, &r, buf + sizeof(r));
    return true;
}

static bool take_connection(void)
{
    int fd = accept4(ctl.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return false;
    for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++) {
        struct client *c = &ctl.client[i];

        if (c->fd >= 0)
            continue;
        *c = (struct client){ .fd = fd };
        c->stops = ctl.wait_count > 0;
        ctl.wait_count -= c->stops;
        if (watch(fd) != 0)
            client_close(c);
        return true;
    }
    close(fd);
    return true;
}

/* Everything that is there; the signal says only that there may be. */
static void serve_all(void)
{
    bool more = true;

    while (more) {
        more = take_connection();
        for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
            if (ctl.client[i].fd >= 0)
                more |= receive(&ctl.client[i], request_buf[i]);
    }
}

/* True if there is more, but not at until_fd. */
static bool wait_for_more(const struct timespec *limit)
{
    struct pollfd p[2 + CONTROL_CLIENT_MAX] = { { ctl.until_fd, POLLIN, 0 },
                                                { ctl.listen_fd, POLLIN, 0 } };

    for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
        p[2 + i] = (struct pollfd){ ctl.client[i].fd, POLLIN, 0 };
    return ppoll(p, 2 + CONTROL_CLIENT_MAX, limit, NULL) != 0 && !p[0].revents;
}

void control_serve_until(int fd)
{
    const struct timespec limit = { TELL_S, 0 };

    (void)stop_others();
    ctl.until_fd = fd;
    for (serve_all(); wait_for_more(&limit); serve_all())
        ;
    ctl.until_fd = -1;
    for (; is_wanted_stopped(); serve_all())
        wait_for_more(NULL);
    go();
}

void control_serve(void)
{
    uint32_t status = __atomic_load_n(&ctl.end_status, __ATOMIC_SEQ_CST);

    if (status != 0) {
        control_end(&ctl.vm->vcpu[0], (int)status - 1);
        console_exit((int)status - 1);
    }
    crash_serve();
    events_control_clear(); /* what comes after this is noted anew */
    take_event();
    serve_all();
    take_event();
    while (is_wanted_stopped() || debug_is_waited_for()) {
        wait_for_more(NULL);
        if (debug_is_waited_for() && events_stop_signal())
            console_exit(128 + events_stop_signal());
        serve_all();
        take_event();
    }
    go();
}

void control_wait_first(unsigned count)
{
    ctl.wait_count = ctl.listen_fd >= 0 ? count : 0;
    while (ctl.wait_count > 0) {
        wait_for_more(NULL);
        take_connection();
    }
    control_serve();
}

static bool is_held(void)
{
    for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
        if (ctl.client[i].fd >= 0 && ctl.client[i].holds)
            return true;
    return false;
}

/* CPU 0's thread serves: it is to end the guest in our place. */
static void end_elsewhere(struct vcpu *cpu, int status)
{
    __atomic_store_n(&cpu->is_parked, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&ctl.end_status, (uint32_t)status + 1, __ATOMIC_SEQ_CST);
    for (;;) {
        events_control_note(&ctl.vm->vcpu[0]);
        ppoll(NULL, 0, &(struct timespec){ HOLD_S, 0 }, NULL);
    }
}

void control_end(struct vcpu *cpu, int status)
{
    const struct timespec limit = { HOLD_S, 0 };

    if (!__atomic_load_n(&ctl.is_held, __ATOMIC_SEQ_CST))
        return;
    if (cpu->index != 0)
        end_elsewhere(cpu, status);
    ctl.is_ended = true;
    (void)stop_others();
    tell_debugger(&(struct control_event){ .reason = CONTROL_EVENT_ENDED,
                                           .status = status });
    for (serve_all(); is_held(); serve_all())
        if (!wait_for_more(&limit))
            return;
}
