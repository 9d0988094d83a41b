/* SPDX-License-Identifier: BSD-2-Clause */
/* qemu_control.c - see qemu_control.h. */
#include "cli/qemu_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "abi/cpu_tables.h"
#include "cli/qemu_regs.h"
#include "cli/qemu_ring.h"

#define REQUEST_LEN     (sizeof(struct control_request) + CONTROL_DATA_MAX)
#define HOLD_MS         1000
#define CAPTURE_LOOK_MS 100
#define TELL_MS         30000 /* symbols of a large program take their time */
/* A guest's way from its last message to pvpanic. */
#define FREEZE_NAP_NS 10000000
#define FREEZE_NAPS   100u
/* Where microvm puts memory: below here, the rest from 4 GiB on. */
#define LOW_END     (3ull << 30)
#define HIGH_BEGIN  (4ull << 30)
#define PAGE_LEN    4096ull
#define PT_LEVELS   4u
#define PT_BITS     9u
#define PT_ENTRIES  (1u << PT_BITS)
#define PT_ADDRESS  0x000ffffffffff000ull
#define GIB         (1ull << 30)
#define DIRECT_SLOT (1ull << 39) /* what one PML4 entry maps */

void qemu_control_init(struct qemu_control *c)
{
    unsigned i;

    *c = (struct qemu_control){ .listen_fd = -1,
                                .ram_fd = -1,
                                .capture = { .fd = -1 },
                                .qmp = { .fd = -1 } };
    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        c->client[i].fd = -1;
}

/* What it had begun in the guest is ended by rings_end(). */
static void client_close(struct qemu_client *cl)
{
    close(cl->fd);
    free(cl->request);
    *cl = (struct qemu_client){ .fd = -1, .ring = cl->ring };
}

static void rings_end(struct qemu_control *c)
{
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        if (c->client[i].fd < 0)
            qemu_ring_end(c, &c->client[i]);
}

void qemu_control_fini(struct qemu_control *c)
{
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        if (c->client[i].fd >= 0)
            client_close(&c->client[i]);
    if (c->ram)
        munmap(c->ram, c->ram_len);
    qmp_fini(&c->qmp);
    c->ram = NULL;
}

/* ---- memory ---- */

static int ram_map(struct qemu_control *c)
{
    void *at;

    if (c->ram)
        return 0;
    at = mmap(NULL, c->ram_len, PROT_READ | PROT_WRITE,
              MAP_SHARED | MAP_NORESERVE, c->ram_fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    c->ram = at;
    return 0;
}

uint8_t *qemu_ram_at(const struct qemu_control *c, uint64_t gpa, uint64_t len)
{
    uint64_t end = c->ram_len < LOW_END ? c->ram_len : LOW_END;

    if (gpa >= HIGH_BEGIN) {
        gpa -= HIGH_BEGIN - LOW_END;
        end = c->ram_len;
    }
    return gpa <= end && len <= end - gpa ? c->ram + gpa : NULL;
}

/* false: not mapped. */
static bool translate(const struct qemu_control *c, uint64_t va, uint64_t *gpa)
{
    uint64_t table = c->pml4_gpa;
    unsigned level;

    for (level = PT_LEVELS; level > 0; level--) {
        unsigned shift = 12 + PT_BITS * (level - 1);
        uint64_t index = va >> shift & (PT_ENTRIES - 1);
        const uint8_t *at = qemu_ram_at(c, table + 8 * index, 8);
        uint64_t entry = 0;

        if (at)
            memcpy(&entry, at, sizeof(entry));
        if (!(entry & CPU_PTE_P))
            return false;
        table = entry & PT_ADDRESS;
        if (level > 1 && !(entry & CPU_PTE_PS))
            continue;
        *gpa = (table & ~((1ull << shift) - 1)) | (va & ((1ull << shift) - 1));
        return true;
    }
    return false;
}

int qemu_control_read(const struct qemu_control *c, uint64_t va, void *dst,
                      size_t len)
{
    uint64_t gpa;
    const uint8_t *at =
        translate(c, va, &gpa) ? qemu_ram_at(c, gpa, len) : NULL;

    if (!at)
        return -EFAULT;
    memcpy(dst, at, len);
    return 0;
}

int qemu_control_write(const struct qemu_control *c, uint64_t va,
                       const void *src, size_t len)
{
    uint64_t gpa;
    uint8_t *at = translate(c, va, &gpa) ? qemu_ram_at(c, gpa, len) : NULL;

    if (!at || va % PAGE_LEN + len > PAGE_LEN)
        return -EFAULT;
    memcpy(at, src, len);
    return 0;
}

/* ---- what only QEMU knows ---- */

static int regs_text(struct qemu_control *c, unsigned cpu, struct buf *out)
{
    if (c->is_ended)
        return -ECONNRESET;
    return qmp_ask(&c->qmp, "info registers", cpu, out);
}

int qemu_control_regs(struct qemu_control *c, unsigned cpu,
                      struct control_regs *out, bool *is_idle_out)
{
    struct buf text = { 0 };
    int err = regs_text(c, cpu, &text);

    if (err == 0)
        err = qemu_regs_parse((const char *)text.data, out);
    if (err == 0)
        *is_idle_out = strstr((const char *)text.data, "HLT=1") != NULL;
    buf_fini(&text);
    return err;
}

/* The direct map begins at a GiB of the kernel's PML4 entry, with address 0. */
static bool direct_find(struct qemu_control *c)
{
    uint64_t slot = c->kernel_va & ~(DIRECT_SLOT - 1);
    uint64_t va, gpa;

    for (va = slot; va - slot < DIRECT_SLOT; va += GIB) {
        if (!translate(c, va, &gpa) || gpa != 0)
            continue;
        c->direct_va = va;
        return true;
    }
    return false;
}

/* CPU 0's gs is its struct percpu, in the kernel as in the program, once the
 * machine has come to ring 3; that is in the kernel's image. Nothing of this
 * changes later. */
static int kernel_find(struct qemu_control *c)
{
    struct control_regs regs;
    uint64_t gpa = 0, magic = 0;
    bool is_idle;
    int err = ram_map(c);

    if (err || c->is_found)
        return err;
    err = qemu_control_regs(c, 0, &regs, &is_idle);
    if (err == -EPROTO) /* not in 64-bit mode yet: it has eax, not rax */
        err = -EAGAIN;
    if (err)
        return err;
    c->pml4_gpa = regs.cr3 & PT_ADDRESS;
    c->kernel_va = regs.gs_base - c->kernel.percpu;
    if (translate(c, c->kernel_va + KERNEL_HEADER_OFF, &gpa) &&
        qemu_ram_at(c, gpa, sizeof(magic)))
        memcpy(&magic, qemu_ram_at(c, gpa, sizeof(magic)), sizeof(magic));
    if (magic != c->kernel.magic || !direct_find(c))
        return -EAGAIN;
    c->is_found = true;
    return 0;
}

static bool is_wanted_stopped(const struct qemu_control *c)
{
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        if (c->client[i].fd >= 0 && c->client[i].stops)
            return true;
    return c->is_parked;
}

static int stop_or_go(struct qemu_control *c)
{
    bool wanted = is_wanted_stopped(c);
    int err = 0;

    if (c->is_frozen)
        return 0;
    if (wanted != c->is_stopped && !c->is_ended)
        err = qmp_command(&c->qmp, wanted ? "stop" : "cont");
    if (err == 0)
        c->is_stopped = wanted;
    qemu_debug_look(c); /* a thread may have stopped at the same time */
    return err;
}

/* ---- requests ---- */

void qemu_reply(struct qemu_client *cl, int32_t result, const void *data,
                size_t len)
{
    struct control_reply head = { result, result < 0 ? 0 : (uint32_t)len };
    struct iovec iov[2] = { { &head, sizeof(head) },
                            { (void *)(uintptr_t)data, head.len } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

    if (sendmsg(cl->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) !=
        (ssize_t)(sizeof(head) + head.len))
        client_close(cl);
}

static void range_add(struct control_hello *h, uint64_t from, uint64_t to,
                      bool writable)
{
    if (from < to)
        h->range[h->range_count++] =
            (struct control_range){ from, to - from, writable };
}

/* The image's files lie in memory, too, but are not the guest's to write. */
static void ranges_fill(const struct qemu_control *c, struct control_hello *h)
{
    uint64_t low = c->ram_len < LOW_END ? c->ram_len : LOW_END;
    uint64_t root = c->kernel.root_pa, end = root + c->kernel.root_len;

    end = (end + PAGE_LEN - 1) & ~(PAGE_LEN - 1);
    if (root % PAGE_LEN != 0 || root > low || end > low || end < root)
        root = end = low;
    range_add(h, 0, root, true);
    range_add(h, root, end, false);
    range_add(h, end, low, true);
    if (c->ram_len > low)
        range_add(h, HIGH_BEGIN, HIGH_BEGIN + (c->ram_len - low), true);
}

static void hello(struct qemu_control *c, struct qemu_client *cl)
{
    struct control_hello h = {
        .version = CONTROL_VERSION,
        .kernel_abi = c->kernel.abi,
        .cpu_count = c->cpu_count,
        .kernel_len = c->kernel.total_len,
        .tsc_khz = c->tsc_khz,
        .tsc = __rdtsc() - c->tsc_start,
        .is_started = (1u << c->cpu_count) - 1,
        .is_ended = c->is_ended,
    };
    int err = kernel_find(c);

    h.kernel_va = c->kernel_va;
    h.direct_va = c->direct_va;
    h.pml4_gpa = c->pml4_gpa;
    memcpy(h.build_id, c->build_id, sizeof(h.build_id));
    ranges_fill(c, &h);
    qemu_reply(cl, err, &h, sizeof(h));
}

static void memory(struct qemu_control *c, struct qemu_client *cl,
                   const struct control_request *r, const uint8_t *data)
{
    int err = ram_map(c);
    uint8_t *at = err == 0 ? qemu_ram_at(c, r->gpa, r->len) : NULL;

    if (err == 0 && (!at || r->len > CONTROL_DATA_MAX))
        err = -EFAULT;
    if (err == 0 && r->op == CONTROL_WRITE)
        memcpy(at, data, r->len);
    qemu_reply(cl, err, at, r->op == CONTROL_READ ? r->len : 0);
}

static void registers(struct qemu_control *c, struct qemu_client *cl,
                      const struct control_request *r)
{
    struct control_regs regs;
    uint8_t area[CONTROL_XSTATE_LEN];
    struct buf text = { 0 };
    int err = regs_text(c, r->cpu, &text);
    const char *t = (const char *)text.data;

    if (r->op == CONTROL_REGS_GET) {
        err = err ? err : qemu_regs_parse(t, &regs);
        qemu_reply(cl, err, &regs, sizeof(regs));
    } else {
        err = err ? err : qemu_regs_xstate(t, area);
        qemu_reply(cl, err, area, sizeof(area));
    }
    buf_fini(&text);
}

static void sample(struct qemu_control *c, struct qemu_client *cl,
                   const uint8_t *data)
{
    static uint8_t out[CONTROL_DATA_MAX];
    struct control_sample_how how;
    size_t len = 0;
    int err = -EBUSY;

    memcpy(&how, data, sizeof(how));
    if (!is_wanted_stopped(c) && !c->is_ended)
        err = kernel_find(c); /* of a tool that has not said hello */
    if (err == 0 && !qemu_ring_sample(c, cl, &how, out, &len))
        err = qemu_sample(c, &how, out, &len);
    qemu_reply(cl, err, out, len);
}

/* What is only done to a guest that this client has stopped. */
static void stopped_request(struct qemu_control *c, struct qemu_client *cl,
                            const struct control_request *r,
                            const uint8_t *data)
{
    if (!cl->stops)
        qemu_reply(cl, -EBUSY, NULL, 0);
    else if (r->op == CONTROL_WRITE)
        memory(c, cl, r, data);
    else if (r->op == CONTROL_REGS_GET || r->op == CONTROL_XSTATE_GET)
        registers(c, cl, r);
    else
        qemu_reply(cl, -ENOTSUP, NULL, 0);
}

static void run(struct qemu_control *c, struct qemu_client *cl)
{
    if (!cl->debugs) {
        qemu_reply(cl, -EPERM, NULL, 0);
        return;
    }
    qemu_debug_run(c, cl);
    qemu_reply(cl, stop_or_go(c), NULL, 0);
}

static void answer(struct qemu_control *c, struct qemu_client *cl,
                   const struct control_request *r, const uint8_t *data)
{
    switch (r->op) {
    case CONTROL_HELLO:
        hello(c, cl);
        break;
    case CONTROL_READ:
        memory(c, cl, r, NULL);
        break;
    case CONTROL_STOP:
    case CONTROL_GO:
        cl->stops = r->op == CONTROL_STOP;
        qemu_reply(cl, stop_or_go(c), NULL, 0);
        break;
    case CONTROL_DEBUG:
        qemu_reply(cl, qemu_debug_attach(c, cl, r), NULL, 0);
        qemu_debug_look(c);
        break;
    case CONTROL_RUN:
        run(c, cl);
        break;
    case CONTROL_SAMPLE:
        sample(c, cl, data);
        break;
    case CONTROL_CAPTURE:
        qemu_capture_attach(c, cl, r);
        break;
    case CONTROL_FRAMES:
        qemu_capture_frames(c, cl);
        break;
    case CONTROL_HOLD:
        cl->holds = true;
        qemu_reply(cl, 0, NULL, 0);
        break;
    default:
        stopped_request(c, cl, r, data);
        break;
    }
}

static bool is_sound(const struct qemu_control *c,
                     const struct control_request *r)
{
    if (r->cpu >= c->cpu_count)
        return false;
    if (r->op == CONTROL_SAMPLE)
        return r->len == sizeof(struct control_sample_how);
    if (r->op == CONTROL_READ || r->op == CONTROL_DEBUG)
        return true;
    return r->len <= CONTROL_DATA_MAX;
}

/* Bytes that a request has, as far as its head is there. */
static size_t needed(const struct qemu_client *cl)
{
    struct control_request r;

    if (cl->have < sizeof(r))
        return sizeof(r);
    memcpy(&r, cl->request, sizeof(r));
    if (r.op == CONTROL_READ || r.op == CONTROL_DEBUG)
        return sizeof(r);
    return sizeof(r) + r.len;
}

/* True if anything came. */
static bool receive(struct qemu_control *c, struct qemu_client *cl)
{
    struct control_request r;
    ssize_t n = recv(cl->fd, cl->request + cl->have, needed(cl) - cl->have,
                     MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        client_close(cl);
        return true;
    }
    cl->have += (size_t)n;
    memcpy(&r, cl->request, sizeof(r));
    if (cl->have >= sizeof(r) && !is_sound(c, &r))
        client_close(cl);
    else if (cl->have >= needed(cl)) {
        cl->have = 0;
        answer(c, cl, &r, cl->request + sizeof(r));
    }
    return true;
}

static bool take_connection(struct qemu_control *c)
{
    int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    unsigned i;

    if (fd < 0)
        return false;
    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++) {
        if (c->client[i].fd >= 0)
            continue;
        c->client[i] =
            (struct qemu_client){ .fd = fd, .request = mem_alloc(REQUEST_LEN) };
        return true;
    }
    close(fd);
    return true;
}

void qemu_control_poll(const struct qemu_control *c, struct pollfd *out)
{
    unsigned i;

    out[0] = (struct pollfd){ c->listen_fd, POLLIN, 0 };
    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        out[1 + i] = (struct pollfd){ c->client[i].fd, POLLIN, 0 };
    out[1 + i] =
        (struct pollfd){ qemu_debug_listens(c) ? c->qmp.fd : -1, POLLIN, 0 };
}

int qemu_control_patience(const struct qemu_control *c)
{
    return c->capture.is_on ? CAPTURE_LOOK_MS : -1;
}

void qemu_control_serve(struct qemu_control *c)
{
    bool more = c->listen_fd >= 0;

    while (more) {
        unsigned i;

        rings_end(c);
        more = take_connection(c);
        for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
            if (c->client[i].fd >= 0)
                more |= receive(c, &c->client[i]);
    }
    if (qemu_debug_listens(c) && qmp_listen(&c->qmp) == 0)
        qemu_debug_look(c);
    qemu_debug_check(c);
    qemu_capture_check(c);
    (void)stop_or_go(c); /* who stopped it may be gone */
}

static bool is_held(const struct qemu_control *c)
{
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        if (c->client[i].fd >= 0 && c->client[i].holds)
            return true;
    return false;
}

/* A QEMU without pvpanic is stopped by hand. */
static void freeze(struct qemu_control *c)
{
    const struct timespec nap = { 0, FREEZE_NAP_NS };
    struct buf text = { 0 };
    unsigned i;
    int err = -EAGAIN;

    for (i = 0; i < FREEZE_NAPS && err == -EAGAIN; i++) {
        if (i > 0)
            nanosleep(&nap, NULL);
        err = qmp_ask(&c->qmp, "info status", 0, &text);
        if (err == 0 && !strstr((const char *)text.data, "paused"))
            err = -EAGAIN;
    }
    if (err == -EAGAIN)
        err = qmp_command(&c->qmp, "stop");
    buf_fini(&text);
    c->is_frozen = err == 0;
}

void qemu_control_serve_until(struct qemu_control *c, int fd)
{
    struct pollfd p[QEMU_CONTROL_FDS + 1];

    freeze(c);
    do {
        qemu_control_serve(c);
        qemu_control_poll(c, p);
        p[QEMU_CONTROL_FDS] = (struct pollfd){ fd, POLLIN, 0 };
    } while (poll(p, QEMU_CONTROL_FDS + 1, TELL_MS) > 0 &&
             !p[QEMU_CONTROL_FDS].revents);
    qemu_control_serve(c); /* who has asked may be gone */
    c->is_stopped = c->is_frozen;
    c->is_frozen = false;
    (void)stop_or_go(c);
}

void qemu_control_end(struct qemu_control *c, int status)
{
    struct pollfd p[QEMU_CONTROL_FDS];

    c->is_ended = true;
    qemu_debug_end(c, status);
    for (qemu_control_serve(c); is_held(c); qemu_control_serve(c)) {
        qemu_control_poll(c, p);
        if (poll(p, QEMU_CONTROL_FDS, HOLD_MS) <= 0)
            return;
    }
}
