/* SPDX-License-Identifier: BSD-2-Clause */
/* guestlog.c - see guestlog.h. */
#include "cli/guestlog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/guest.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

#define STAMP_LEN   30u /* 2026-01-31T12:00:00.123456789Z */
#define LOOK_MS     500 /* how often a follower looks whether the guest ended */
#define NS_PER_S    1000000000ull
#define EVENT_BYTES 4096u

/* ---- writing ---- */

int guestlog_create(struct guestlog *log, const char *dir, struct fault *fault)
{
    char *path = path_join(dir, "log");
    int err = 0;

    log->dir = dir;
    log->len = 0;
    log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log->fd < 0)
        err = fault_sys(fault, errno, "cannot make the log '%s'", path);
    free(path);
    return err;
}

static void rotate(struct guestlog *log)
{
    char *path = path_join(log->dir, "log");
    char *old = path_join(log->dir, "log.1");
    struct fault ignored;

    if (rename(path, old) == 0) {
        close(log->fd);
        (void)guestlog_create(log, log->dir, &ignored);
    }
    free(path);
    free(old);
}

static size_t stamp(char out[STAMP_LEN + 1])
{
    struct timespec ts = { 0 };
    struct tm tm;
    size_t len;

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    len = strftime(out, STAMP_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
    return len + (size_t)snprintf(out + len, STAMP_LEN + 1 - len, ".%09ldZ",
                                  ts.tv_nsec);
}

void guestlog_add(struct guestlog *log, int fd, const void *data, size_t len)
{
    const char *at = data, *end = at + len;
    struct buf text = { 0 };
    char head[STAMP_LEN + 16];
    size_t stamp_len = stamp(head);

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        int n = snprintf(head + stamp_len, sizeof(head) - stamp_len, " %s %c ",
                         fd == 1 ? "stdout" : "stderr", newline ? 'F' : 'P');

        buf_add(&text, head, stamp_len + (size_t)n);
        buf_add(&text, at, (size_t)(stop - at));
        buf_add(&text, "\n", 1);
        at = newline ? newline + 1 : end;
    }
    if (log->fd >= 0 && write(log->fd, text.data, text.len) > 0)
        log->len += text.len;
    /* At the end of a line, if there ever is one. */
    if (log->len >= GUESTLOG_LEN_MAX &&
        (end[-1] == '\n' || log->len >= 2 * (uint64_t)GUESTLOG_LEN_MAX))
        rotate(log);
    buf_fini(&text);
}

/* ---- reading ---- */

struct line {
    uint64_t time_ns;
    int fd;
    bool is_whole; /* it ends with a newline */
    const char *stamp;
    size_t stamp_len;
    const char *text;
    size_t len;
};

static uint64_t parse_time(const char *s)
{
    struct tm tm = { 0 };
    const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);

    if (!rest)
        return 0;
    return (uint64_t)timegm(&tm) * NS_PER_S +
           (*rest == '.' ? strtoull(rest + 1, NULL, 10) : 0);
}

/* False: not a line of ours. raw ends with a NUL in the newline's place. */
static bool line_parse(const char *raw, size_t len, struct line *out)
{
    const char *after = memchr(raw, ' ', len);

    if (!after || len < (size_t)(after - raw) + 10)
        return false;
    out->stamp = raw;
    out->stamp_len = (size_t)(after - raw);
    out->time_ns = parse_time(raw);
    out->fd = memcmp(after, " stdout ", 8) == 0   ? STDOUT_FILENO
              : memcmp(after, " stderr ", 8) == 0 ? STDERR_FILENO
                                                  : -1;
    out->is_whole = after[8] == 'F';
    out->text = after + 10;
    out->len = len - out->stamp_len - 10;
    return out->fd >= 0 && out->time_ns != 0;
}

struct reader {
    const struct guestlog_view *view;
    FILE *from;
    char *raw; /* getline()'s */
    size_t raw_cap;
    bool in_line[3]; /* by descriptor: the last piece did not end its line */
};

static void line_show(struct reader *r, const struct line *l)
{
    FILE *to = l->fd == STDOUT_FILENO ? stdout : stderr;

    if (r->view->timestamps && !r->in_line[l->fd]) {
        fwrite(l->stamp, 1, l->stamp_len, to);
        fputc(' ', to);
    }
    fwrite(l->text, 1, l->len, to);
    if (l->is_whole)
        fputc('\n', to);
    r->in_line[l->fd] = !l->is_whole;
}

/* The next line, if there is a whole one yet. */
static bool line_read(struct reader *r, struct line *out)
{
    for (;;) {
        off_t at = ftello(r->from);
        ssize_t n = getline(&r->raw, &r->raw_cap, r->from);

        if (n <= 0 || r->raw[n - 1] != '\n') {
            clearerr(r->from);
            (void)!fseeko(r->from, at, SEEK_SET);
            return false;
        }
        r->raw[n - 1] = '\0';
        if (line_parse(r->raw, (size_t)n - 1, out))
            return true;
    }
}

static bool is_wanted(const struct guestlog_view *view, const struct line *l)
{
    return l->time_ns >= view->since_ns &&
           (view->until_ns == 0 || l->time_ns < view->until_ns);
}

/* Show what is there, from the current place on, without the first `skip`
 * wanted lines. */
static void show_available(struct reader *r, uint64_t *skip)
{
    struct line l;

    while (line_read(r, &l)) {
        if (!is_wanted(r->view, &l))
            continue;
        if (*skip > 0)
            *skip -= l.is_whole;
        else
            line_show(r, &l);
    }
}

static uint64_t count_lines(const char *path, const struct guestlog_view *view)
{
    struct reader r = { .view = view, .from = fopen(path, "re") };
    uint64_t count = 0;
    struct line l;

    if (!r.from)
        return 0;
    while (line_read(&r, &l))
        count += is_wanted(view, &l) && l.is_whole;
    fclose(r.from);
    free(r.raw);
    return count;
}

static bool is_same_file(FILE *open_file, const char *path)
{
    struct stat a, b;

    return fstat(fileno(open_file), &a) == 0 && stat(path, &b) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Until the keeper, which writes the log, has gone. */
static void follow(struct reader *r, const struct guest *g, const char *path)
{
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    struct pollfd p = { notify, POLLIN, 0 };
    char events[EVENT_BYTES];
    uint64_t none = 0;
    bool ended = false;

    if (notify >= 0)
        inotify_add_watch(notify, g->dir,
                          IN_MODIFY | IN_CREATE | IN_MOVED_FROM);
    while (!ended) {
        ended = !guest_is_kept(g); /* before the last look */
        show_available(r, &none);
        if (!is_same_file(r->from, path)) {
            FILE *next = fopen(path, "re");

            show_available(r, &none);
            if (next) {
                fclose(r->from);
                r->from = next;
                continue;
            }
        }
        fflush(stdout);
        if (ferror(stdout) || ended)
            break;
        if (poll(&p, 1, LOOK_MS) > 0)
            while (read(notify, events, sizeof(events)) > 0)
                ;
    }
    if (notify >= 0)
        close(notify);
}

int guestlog_show(const struct guest *g, const struct guestlog_view *view,
                  struct fault *fault)
{
    char *path = path_join(g->dir, "log");
    char *old = path_join(g->dir, "log.1");
    struct reader r = { .view = view };
    uint64_t skip = 0;
    int err = 0;

    if (view->tail != UINT64_MAX) {
        uint64_t all = count_lines(old, view) + count_lines(path, view);

        skip = all > view->tail ? all - view->tail : 0;
    }
    r.from = fopen(old, "re");
    if (r.from) {
        show_available(&r, &skip);
        fclose(r.from);
    }
    r.from = fopen(path, "re");
    if (r.from) {
        show_available(&r, &skip);
        if (view->follow)
            follow(&r, g, path);
        fclose(r.from);
    } else {
        err = fault_sys(fault, errno, "cannot read the log '%s'", path);
    }
    free(r.raw);
    free(old);
    free(path);
    return err;
}
