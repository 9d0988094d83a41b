/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server.c - see server.h. "Packets" and "Stop Reply Packets" of gdb's manual,
 * appendix E, say what each is.
 */
#include "cli/gdb/server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/gdb/signals.h"
#include "cli/guest.h"
#include "host/fault.h"
#include "host/memory.h"

#define CHUNK_LEN 4096u
#define GDB_INT   2u
#define GDB_TRAP  5u
#define SIGNALLED 128

/* ---- replies ---- */

static int send_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EPIPE;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* gdb that is gone has let the guest go. */
int server_send(struct server *s)
{
    s->sent.len = 0;
    packet_add(&s->sent, s->reply.data, s->reply.len);
    s->reply.len = 0;
    if (send_all(s->out_fd, s->sent.data, s->sent.len) != 0)
        s->is_over = true;
    return s->is_over ? -EPIPE : 0;
}

void server_error(struct server *s, int err)
{
    s->reply.len = 0;
    buf_printf(&s->reply, "E%02x", (unsigned)-err & 0xff);
}

void server_ok(struct server *s)
{
    buf_printf(&s->reply, "OK");
}

void server_console(struct server *s, const char *text, size_t len)
{
    size_t part;

    for (; len > 0; text += part, len -= part) {
        part = len < CHUNK_LEN ? len : CHUNK_LEN;
        buf_add(&s->reply, "O", 1);
        packet_hex(&s->reply, text, part);
        if (server_send(s) != 0)
            return;
    }
}

void server_result(struct server *s, int err)
{
    if (err)
        server_error(s, err);
    else
        server_ok(s);
}

/* ---- threads ---- */

/* When nobody in particular stopped: the one that gdb looks at, one that runs,
 * or the first. */
static const struct inside_thread *any_thread(struct server *s)
{
    const struct inside_process *p = &s->target.core.process;
    const struct inside_thread *t = target_thread(&s->target, s->tid);
    size_t i;

    for (i = 0; !t && i < p->thread_count; i++)
        if (p->thread[i].on_cpu && p->thread[i].state == RECORDS_RUNNING)
            t = &p->thread[i];
    return t || p->thread_count == 0 ? t : &p->thread[0];
}

const struct inside_thread *server_thread(struct server *s)
{
    if (target_threads(&s->target, s->fault) != 0)
        return NULL;
    return s->tid > 0 ? target_thread(&s->target, s->tid) : any_thread(s);
}

bool server_thread_id(const char **at, int32_t *out)
{
    uint64_t value;

    if (packet_word(at, "-1")) {
        *out = -1;
        return true;
    }
    if (!packet_number(at, &value) || value > INT32_MAX)
        return false;
    *out = (int32_t)value;
    return true;
}

/* ---- stops ---- */

static void ended_reply(struct server *s)
{
    int status = s->target.status;
    struct guest g;

    if (status < 0) { /* the monitor had no time to say */
        status = SIGNALLED + SIGKILL;
        if (guest_read(s->target.guest->dir, &g) == 0) {
            static struct fault fault;

            if (guest_wait(&g, 1000, &fault) == 0 && g.state == GUEST_EXITED)
                status = g.exit_status;
            guest_fini(&g);
        }
    }
    if (status > SIGNALLED && status == SIGNALLED + s->target.last_signal)
        buf_printf(&s->reply, "X%02x",
                   signals_to_gdb((unsigned)s->target.last_signal));
    else
        buf_printf(&s->reply, "W%02x", (unsigned)status & 0xff);
}

static unsigned stop_signal(struct server *s)
{
    struct target *t = &s->target;
    struct debug_thread d = { 0 };

    switch (t->reason) {
    case DEBUG_ASKED:
    case DEBUG_WANTED:
        return GDB_INT;
    case DEBUG_SIGNAL:
        if (inside_read(&t->core.in,
                        t->thread + t->core.in.records.thread_debug, &d,
                        sizeof(d), s->fault) == 0)
            return signals_to_gdb((unsigned)d.signo);
        return GDB_TRAP;
    default:
        return GDB_TRAP;
    }
}

void server_stop_reply(struct server *s)
{
    static const char *const watched[] = { "watch", "rwatch", "awatch" };
    const struct inside_thread *t;
    enum target_watch_kind kind;
    uint64_t va;

    if (s->target.is_ended) {
        ended_reply(s);
        return;
    }
    if (target_threads(&s->target, s->fault) != 0) {
        buf_printf(&s->reply, "S%02x", GDB_TRAP);
        return;
    }
    t = target_thread_at(&s->target, s->target.thread);
    if (!t)
        t = any_thread(s);
    if (t && s->target.in_kernel) /* perhaps in the name of none that lives */
        s->target.thread = t->va;
    buf_printf(&s->reply, "T%02x", stop_signal(s));
    if ((s->target.reason == DEBUG_WATCH || s->target.reason == DEBUG_STEP) &&
        target_watch_hit(&s->target, &va, &kind))
        buf_printf(&s->reply, "%s:%llx;", watched[kind],
                   (unsigned long long)va);
    if ((s->target.reason == DEBUG_BREAK || s->target.reason == DEBUG_KERNEL) &&
        s->has_swbreak)
        buf_printf(&s->reply, "swbreak:;");
    if (t) {
        buf_printf(&s->reply, "thread:%x;core:%x;", (unsigned)t->tid,
                   t->cpu - 1);
        s->tid = t->tid;
    }
}

/* ---- packets ---- */

/* gdb may still close the files that it has read. */
static void leave(struct server *s)
{
    target_close(&s->target);
    s->target.is_running = false;
    s->is_left = true;
}

static void end_guest(struct server *s, bool replies)
{
    static struct fault fault;

    (void)guest_signal(s->target.guest, SIGKILL, &fault);
    leave(s);
    if (replies)
        server_ok(s);
    else
        s->is_quiet = true;
}

static void choose_thread(struct server *s, const char *at)
{
    char op = *at++;
    int32_t tid;

    if (!server_thread_id(&at, &tid)) {
        server_error(s, -EINVAL);
        return;
    }
    if (op == 'g')
        s->tid = tid;
    server_ok(s);
}

static void is_alive(struct server *s, const char *at)
{
    int32_t tid;
    bool found = server_thread_id(&at, &tid) &&
                 target_threads(&s->target, s->fault) == 0 &&
                 target_thread(&s->target, tid) != NULL;

    server_result(s, found ? 0 : -ESRCH);
}

static void packet_v(struct server *s, const char *at)
{
    if (packet_word(&at, "vFile:"))
        server_file(s, at);
    else if (strcmp(at, "vCont?") == 0)
        buf_printf(&s->reply, "vCont;c;C;s;S;r");
    else if (packet_word(&at, "vCont"))
        server_cont(s, at);
    else if (packet_word(&at, "vKill"))
        end_guest(s, true);
}

static void packet_other(struct server *s, const char *at)
{
    switch (*at) {
    case '?':
        server_stop_reply(s);
        break;
    case '!':
        server_ok(s);
        break;
    case 'D':
        leave(s);
        server_ok(s);
        break;
    case 'k':
        end_guest(s, false);
        break;
    case 'H':
        choose_thread(s, at + 1);
        break;
    case 'T':
        is_alive(s, at + 1);
        break;
    case 'c':
    case 'C':
    case 's':
    case 'S':
        server_cont_old(s, at);
        break;
    default:
        break; /* not known: an empty reply */
    }
}

static void handle_left(struct server *s, const char *at)
{
    if (packet_word(&at, "vFile:"))
        server_file(s, at);
    else if (*at == 'v' || (*at == 'q' && strncmp(at, "qXfer:", 6) != 0))
        return;
    else if (*at == 'D' || *at == '!' || *at == 'H')
        server_ok(s);
    else
        server_error(s, -ESRCH);
}

static void handle(struct server *s)
{
    const char *at = (const char *)s->reader.data;

    if (s->is_left) {
        handle_left(s, at);
        return;
    }
    switch (*at) {
    case 'q':
    case 'Q':
        server_query(s, at);
        break;
    case 'v':
        packet_v(s, at);
        break;
    case 'g':
        server_regs_read(s);
        break;
    case 'G':
        server_regs_write(s, at + 1);
        break;
    case 'p':
        server_reg_read(s, at + 1);
        break;
    case 'P':
        server_reg_write(s, at + 1);
        break;
    case 'm':
        server_memory_read(s, at + 1);
        break;
    case 'M':
    case 'X':
        server_memory_write(s, at + 1, *at == 'X');
        break;
    case 'Z':
    case 'z':
        server_point(s, at);
        break;
    default:
        packet_other(s, at);
        break;
    }
}

/* While the guest runs only Ctrl-C is expected. */
static void packet_take(struct server *s)
{
    bool had_acks = !s->has_no_acks;

    if (had_acks && send_all(s->out_fd, (const uint8_t *)"+", 1) != 0) {
        s->is_over = true;
        return;
    }
    if (s->target.is_running)
        return;
    s->is_quiet = false;
    s->reply.len = 0;
    handle(s);
    if (!s->is_quiet)
        (void)server_send(s);
}

static void report_stop(struct server *s)
{
    s->reply.len = 0;
    server_stop_reply(s);
    (void)server_send(s);
    if (s->target.is_ended)
        leave(s);
}

static int interrupt(struct server *s, struct fault *fault)
{
    int err;

    if (!s->target.is_running)
        return 0;
    err = target_stop(&s->target, fault);
    if (err == 0)
        report_stop(s);
    return err;
}

static int byte_take(struct server *s, uint8_t byte, struct fault *fault)
{
    switch (packet_feed(&s->reader, byte)) {
    case PACKET_DATA:
        packet_take(s);
        break;
    case PACKET_BAD:
        if (!s->has_no_acks)
            (void)send_all(s->out_fd, (const uint8_t *)"-", 1);
        break;
    case PACKET_NAK:
        (void)send_all(s->out_fd, s->sent.data, s->sent.len);
        break;
    case PACKET_INTERRUPT:
        return interrupt(s, fault);
    default:
        break;
    }
    return 0;
}

static int gdb_take(struct server *s, struct fault *fault)
{
    uint8_t data[CHUNK_LEN];
    ssize_t i, n = read(s->in_fd, data, sizeof(data));
    int err = 0;

    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0)
        s->is_over = true;
    for (i = 0; err == 0 && i < n && !s->is_over; i++)
        err = byte_take(s, data[i], fault);
    return err;
}

static int guest_take(struct server *s, struct fault *fault)
{
    bool is_stop;
    int err = target_hear(&s->target, &is_stop, fault);

    if (err == 0 && is_stop && !server_goes_on(s))
        report_stop(s);
    return err;
}

int server_run(struct server *s, const struct guest *g, struct fault *fault)
{
    static struct fault packet_fault;
    int err = target_open(&s->target, g, fault);

    if (err)
        return err;
    s->fault = &packet_fault;
    (void)rootfile_open(g->image, &s->root, &packet_fault);
    while (err == 0 && !s->is_over) {
        struct pollfd p[2] = {
            { s->in_fd, POLLIN, 0 },
            { s->target.is_running ? s->target.core.in.fd : -1, POLLIN, 0 },
        };

        if (poll(p, 2, -1) < 0)
            continue;
        if (p[1].revents)
            err = guest_take(s, fault);
        if (err == 0 && p[0].revents)
            err = gdb_take(s, fault);
    }
    target_close(&s->target);
    rootfile_close(s->root);
    buf_fini(&s->reply);
    buf_fini(&s->sent);
    return err;
}
