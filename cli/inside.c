/* SPDX-License-Identifier: BSD-2-Clause */
/* inside.c - see inside.h. */
#include "cli/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "abi/cpu_tables.h"
#include "abi/image.h"
#include "cli/guest.h"
#include "cli/socket.h"
#include "host/fault.h"
#include "host/memory.h"

#define ANSWER_S     10       /* a monitor that is stopped or starved is mute */
#define NAP_NS       20000000 /* while a guest boots */
#define NAPS         100u
#define START_ROUNDS 15u /* of so many naps: a machine under TCG, under load */
#define PT_LEVELS    4u
#define PT_BITS      9u
#define PT_PRESENT   1u
#define PT_LARGE     0x80u
#define PT_ADDRESS   0x000ffffffffff000ull

/* ---- the conversation ---- */

static int silent(const struct inside *in, struct fault *fault)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return fault_set(fault, ETIMEDOUT,
                         "the guest '%s' does not answer in time; is it "
                         "paused? (samara unpause %s)",
                         in->name, in->name);
    return fault_set(fault, ECONNRESET,
                     "the guest '%s' ended, or closed the connection",
                     in->name);
}

static int receive(struct inside *in, void *data, size_t len,
                   struct fault *fault)
{
    uint8_t *at = data;

    while (len > 0) {
        ssize_t n = recv(in->fd, at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ECONNRESET;
        if (n <= 0)
            return silent(in, fault);
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* len_min to len_max bytes. */
static int answer_between(struct inside *in, void *data, size_t len_min,
                          size_t *len_max, struct fault *fault)
{
    struct control_reply reply;
    int err;

    err = receive(in, &reply, sizeof(reply), fault);
    if (err)
        return err;
    if (reply.result < 0)
        return fault_sys(fault, -reply.result,
                         "the monitor of the guest '%s' refuses", in->name);
    if (reply.len < len_min || reply.len > *len_max)
        return fault_set(fault, EPROTO,
                         "the monitor of the guest '%s' answers with %u bytes, "
                         "not %zu: is it of another version?",
                         in->name, reply.len, *len_max);
    *len_max = reply.len;
    return receive(in, data, reply.len, fault);
}

static int answer(struct inside *in, void *data, size_t len,
                  struct fault *fault)
{
    return answer_between(in, data, len, &len, fault);
}

static int call(struct inside *in, const struct control_request *r, void *data,
                size_t len, struct fault *fault)
{
    if (send(in->fd, r, sizeof(*r), MSG_NOSIGNAL) != (ssize_t)sizeof(*r))
        return silent(in, fault);
    return answer(in, data, len, fault);
}
static int call_simple(struct inside *in, uint32_t op, struct fault *fault)
{
    struct control_request r = { .op = op };

    return call(in, &r, NULL, 0, fault);
}

int inside_stop(struct inside *in, struct fault *fault)
{
    return call_simple(in, CONTROL_STOP, fault);
}

int inside_go(struct inside *in, struct fault *fault)
{
    return call_simple(in, CONTROL_GO, fault);
}

int inside_hold(struct inside *in, struct fault *fault)
{
    return call_simple(in, CONTROL_HOLD, fault);
}

int inside_regs(struct inside *in, unsigned cpu, struct control_regs *out,
                struct fault *fault)
{
    struct control_request r = { .op = CONTROL_REGS_GET, .cpu = cpu };

    return call(in, &r, out, sizeof(*out), fault);
}

int inside_counters(struct inside *in, struct control_counters *out,
                    struct fault *fault)
{
    struct control_request r = { .op = CONTROL_COUNTERS };

    return call(in, &r, out, sizeof(*out), fault);
}

int inside_capture(struct inside *in, uint64_t frame_max, struct fault *fault)
{
    struct control_request r = { .op = CONTROL_CAPTURE, .gpa = frame_max };

    return call(in, &r, NULL, 0, fault);
}

int inside_frames(struct inside *in, void *data, size_t *len_out,
                  struct fault *fault)
{
    struct control_request r = { .op = CONTROL_FRAMES };

    *len_out = CONTROL_DATA_MAX;
    if (send(in->fd, &r, sizeof(r), MSG_NOSIGNAL) != (ssize_t)sizeof(r))
        return silent(in, fault);
    return answer_between(in, data, 0, len_out, fault);
}

int inside_xstate(struct inside *in, unsigned cpu,
                  uint8_t out[CONTROL_XSTATE_LEN], struct fault *fault)
{
    struct control_request r = { .op = CONTROL_XSTATE_GET, .cpu = cpu };

    return call(in, &r, out, CONTROL_XSTATE_LEN, fault);
}

/* ---- memory ---- */

int inside_read_pa(struct inside *in, uint64_t gpa, void *data, size_t len,
                   struct fault *fault)
{
    uint8_t *at = data;
    int err = 0;

    while (len > 0 && err == 0) {
        size_t part = len < CONTROL_DATA_MAX ? len : CONTROL_DATA_MAX;
        struct control_request r = { CONTROL_READ, 0, gpa, part };

        err = call(in, &r, at, part, fault);
        at += part;
        gpa += part;
        len -= part;
    }
    return err;
}

int inside_translate(struct inside *in, uint64_t va, uint64_t *gpa_out,
                     size_t *len_out, struct fault *fault)
{
    uint64_t table = in->pml4_gpa;
    unsigned level;

    for (level = PT_LEVELS; level > 0; level--) {
        unsigned shift = 12 + PT_BITS * (level - 1);
        uint64_t index = va >> shift & ((1u << PT_BITS) - 1);
        uint64_t size = 1ull << shift;
        uint64_t entry;
        int err = inside_read_pa(in, table + index * sizeof(entry), &entry,
                                 sizeof(entry), fault);

        if (err)
            return err;
        if (!(entry & PT_PRESENT))
            break;
        table = entry & PT_ADDRESS;
        if (level > 1 && !(entry & PT_LARGE))
            continue;
        *gpa_out = (table & ~(size - 1)) | (va & (size - 1));
        *len_out = (size_t)(size - (va & (size - 1)));
        return 0;
    }
    return fault_set(fault, EFAULT,
                     "the guest '%s' has nothing mapped at 0x%llx", in->name,
                     (unsigned long long)va);
}

int inside_read(struct inside *in, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    uint8_t *at = data;
    int err = 0;

    /* The direct map, where the kernel's structures are, needs no walk. */
    while (len > 0 && err == 0) {
        uint64_t gpa = va - in->hello.direct_va;
        size_t part = len;

        if (va < in->hello.direct_va || gpa >= CPU_TABLES_DIRECT_MAX)
            err = inside_translate(in, va, &gpa, &part, fault);
        part = part < len ? part : len;
        if (err == 0)
            err = inside_read_pa(in, gpa, at, part, fault);
        at += part;
        va += part;
        len -= part;
    }
    return err;
}

/* What follows a request goes out with it. */
static int send_both(struct inside *in, const struct control_request *r,
                     const void *data, struct fault *fault)
{
    if (send(in->fd, r, sizeof(*r), MSG_NOSIGNAL | MSG_MORE) !=
        (ssize_t)sizeof(*r))
        return silent(in, fault);
    if (send(in->fd, data, r->len, MSG_NOSIGNAL) != (ssize_t)r->len)
        return silent(in, fault);
    return 0;
}

static int write_pa(struct inside *in, uint64_t gpa, const void *data,
                    size_t len, struct fault *fault)
{
    struct control_request r = { CONTROL_WRITE, 0, gpa, len };
    int err = send_both(in, &r, data, fault);

    return err ? err : answer(in, NULL, 0, fault);
}

int inside_watch(struct inside *in, const struct control_watch *w,
                 struct fault *fault)
{
    struct control_request r = { CONTROL_WATCH, 0, 0, sizeof(*w) };
    int err = send_both(in, &r, w, fault);

    return err ? err : answer(in, NULL, 0, fault);
}

int inside_regs_set(struct inside *in, unsigned cpu,
                    const struct control_regs *regs, struct fault *fault)
{
    struct control_request r = { CONTROL_REGS_SET, cpu, 0, sizeof(*regs) };
    int err = send_both(in, &r, regs, fault);

    return err ? err : answer(in, NULL, 0, fault);
}

int inside_sample(struct inside *in, const struct control_sample_how *how,
                  uint8_t *data, size_t *len_out, struct fault *fault)
{
    struct control_request r = { CONTROL_SAMPLE, 0, 0, sizeof(*how) };
    int err = send_both(in, &r, how, fault);

    *len_out = CONTROL_DATA_MAX;
    return err ? err : answer_between(in, data, 0, len_out, fault);
}

int inside_write(struct inside *in, uint64_t va, const void *data, size_t len,
                 struct fault *fault)
{
    const uint8_t *at = data;
    int err = 0;

    while (len > 0 && err == 0) {
        uint64_t gpa = 0;
        size_t part = 0;

        err = inside_translate(in, va, &gpa, &part, fault);
        part = part < len ? part : len;
        part = part < CONTROL_DATA_MAX ? part : CONTROL_DATA_MAX;
        if (err == 0)
            err = write_pa(in, gpa, at, part, fault);
        at += part;
        va += part;
        len -= part;
    }
    return err;
}

/* ---- the start ---- */

bool inside_again(int err, unsigned *tries)
{
    const struct timespec nap = { 0, NAP_NS };

    if (err != -EAGAIN || ++*tries == NAPS)
        return false;
    nanosleep(&nap, NULL);
    return true;
}

int inside_too_early(const struct inside *in, struct fault *fault)
{
    return fault_set(fault, EAGAIN,
                     "the guest '%s' has not come to its program yet",
                     in->name);
}

static int records_take(struct inside *in, struct fault *fault)
{
    struct kernel_header header;
    struct records *r = &in->records;
    int err = inside_read(in, in->hello.kernel_va + KERNEL_HEADER_OFF, &header,
                          sizeof(header), fault);

    if (err)
        return err;
    if (header.records == 0 || header.records >= in->hello.kernel_len)
        return fault_set(fault, ENOTSUP,
                         "the kernel of the guest '%s' has no records for "
                         "tools; build its image again",
                         in->name);
    err = inside_read(in, in->hello.kernel_va + header.records, r, sizeof(*r),
                      fault);
    if (err)
        return err;
    if (r->magic != RECORDS_MAGIC)
        return fault_set(fault, EPROTO,
                         "the records of the guest '%s' are damaged", in->name);
    if (r->version != RECORDS_VERSION || r->len != sizeof(*r))
        return fault_set(fault, ENOTSUP,
                         "the guest '%s' has records of version %u, this "
                         "samara reads version %u; use the one that built its "
                         "image",
                         in->name, r->version, RECORDS_VERSION);
    return 0;
}

int inside_records(struct inside *in, struct fault *fault)
{
    int err = records_take(in, fault);

    /* Addresses are what they are when the kernel has moved itself. */
    if (err == 0 &&
        in->records.percpus - in->hello.kernel_va >= in->hello.kernel_len)
        err = inside_too_early(in, fault);
    return err;
}

int inside_hello(struct inside *in, struct fault *fault)
{
    struct control_request r = { .op = CONTROL_HELLO };
    int err = call(in, &r, &in->hello, sizeof(in->hello), fault);

    if (err == -EAGAIN)
        return inside_too_early(in, fault);
    if (err)
        return err;
    if (in->hello.version != CONTROL_VERSION)
        return fault_set(fault, ENOTSUP,
                         "the monitor of the guest '%s' speaks version %u, "
                         "this samara version %u",
                         in->name, in->hello.version, CONTROL_VERSION);
    if (in->hello.cpu_count > INSIDE_CPU_MAX ||
        in->hello.range_count > CONTROL_RANGE_MAX)
        return fault_set(fault, EPROTO,
                         "the monitor of the guest '%s' makes no sense",
                         in->name);
    in->pml4_gpa = in->hello.pml4_gpa;
    return 0;
}

/* A guest that was just started is waited for. */
static int kernel_wait(struct inside *in, struct fault *fault)
{
    unsigned tries = 0;
    int err;

    do {
        err = inside_hello(in, fault);
        if (err == 0)
            err = inside_records(in, fault);
    } while (inside_again(err, &tries));
    return err;
}

static void limit_set(const struct inside *in, unsigned seconds)
{
    const struct timeval limit = { .tv_sec = seconds };

    setsockopt(in->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

int inside_adopt(struct inside *in, int fd, const char *name,
                 struct fault *fault)
{
    int err;

    *in = (struct inside){ .fd = fd, .name = name };
    limit_set(in, ANSWER_S);
    err = inside_hello(in, fault);
    if (err == 0)
        err = records_take(in, fault);
    if (err)
        inside_close(in);
    return err;
}

int inside_adopt_started(struct inside *in, int fd, const char *name,
                         struct fault *fault)
{
    unsigned rounds = 0;
    int err;

    *in = (struct inside){ .fd = fd, .name = name };
    limit_set(in, START_ROUNDS);
    do
        err = kernel_wait(in, fault);
    while (err == -EAGAIN && ++rounds < START_ROUNDS);
    if (err)
        inside_close(in);
    return err;
}

int inside_open(struct inside *in, const struct guest *g, struct fault *fault)
{
    return inside_open_within(in, g, ANSWER_S, fault);
}

int inside_open_within(struct inside *in, const struct guest *g,
                       unsigned seconds, struct fault *fault)
{
    int err;

    *in = (struct inside){ .fd = -1, .name = g->name };
    if (g->state >= GUEST_EXITED)
        return fault_set(fault, ESRCH, "the guest '%s' has ended", g->name);
    if (g->state == GUEST_PAUSED)
        return fault_set(fault, EAGAIN,
                         "the guest '%s' is paused, and its monitor with it; "
                         "samara unpause %s first",
                         g->name, g->name);
    in->fd = socket_connect(g->dir, "control", fault);
    if (in->fd < 0)
        return in->fd;
    limit_set(in, seconds);
    err = kernel_wait(in, fault);
    if (err)
        inside_close(in);
    return err;
}

void inside_close(struct inside *in)
{
    if (in->fd >= 0)
        close(in->fd);
    in->fd = -1;
}
