/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp.c - see qmp.h.
 *
 * Every message is one line of JSON. Of an answer only the beginning is looked
 * at, and the string in it: QEMU writes both in one way.
 */
#include "cli/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"

#define ANSWER_NS (5 * NS_PER_S)
#define LINE_MAX  (1u << 20)

void qmp_fini(struct qmp *q)
{
    if (q->fd >= 0)
        close(q->fd);
    buf_fini(&q->rx);
    *q = (struct qmp){ .fd = -1 };
}

static int receive(struct qmp *q, uint64_t until_ns)
{
    struct pollfd p = { q->fd, POLLIN, 0 };
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    char chunk[4096];
    ssize_t n;

    if (now >= until_ns)
        return -ETIMEDOUT;
    if (poll(&p, 1, (int)((until_ns - now) / 1000000) + 1) <= 0)
        return 0;
    n = recv(q->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return -ECONNRESET;
    if (q->rx.len > LINE_MAX)
        return -EPROTO;
    buf_add(&q->rx, chunk, (size_t)n);
    return 0;
}

/* The next line into out, with a NUL in the place of its end. */
static int line_get(struct qmp *q, struct buf *out, uint64_t until_ns)
{
    uint8_t *end;
    size_t len;
    int err = 0;

    while (q->rx.len == 0 || !memchr(q->rx.data, '\n', q->rx.len)) {
        err = receive(q, until_ns);
        if (err)
            return err;
    }
    end = memchr(q->rx.data, '\n', q->rx.len);
    len = (size_t)(end - q->rx.data);
    *end = '\0';
    out->len = 0;
    buf_add(out, q->rx.data, len + 1);
    memmove(q->rx.data, end + 1, q->rx.len - len - 1);
    q->rx.len -= len + 1;
    return 0;
}

static bool begins(const struct buf *line, const char *with)
{
    return strncmp((const char *)line->data, with, strlen(with)) == 0;
}

static int say(struct qmp *q, const char *text)
{
    size_t len = strlen(text);

    return send(q->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len ? 0
                                                                : -ECONNRESET;
}

/* Events come between the answers. */
static void note_event(struct qmp *q, const struct buf *line)
{
    const char *text = (const char *)line->data;

    if (strstr(text, "\"event\": \"STOP\""))
        q->news = (q->news & ~(unsigned)QMP_RUNS) | QMP_STOPPED;
    else if (strstr(text, "\"event\": \"RESUME\""))
        q->news = (q->news & ~(unsigned)QMP_STOPPED) | QMP_RUNS;
    else if (strstr(text, "\"event\": \"GUEST_PANICKED\""))
        q->news |= QMP_PANICKED;
}

static bool is_answer(const struct buf *line)
{
    return begins(line, "{\"return\"") || begins(line, "{\"error\"");
}

static int answer_or_event(struct qmp *q, struct buf *line, uint64_t until_ns)
{
    int err = line_get(q, line, until_ns);

    if (err == 0 && !is_answer(line))
        note_event(q, line);
    return err;
}

/* Answers come in the order of the commands. */
static int command(struct qmp *q, const char *text, struct buf *line)
{
    uint64_t until = clock_ns(CLOCK_MONOTONIC) + ANSWER_NS;
    int err = say(q, text);

    if (err)
        return err;
    do
        err = answer_or_event(q, line, until);
    while (err == 0 && (!is_answer(line) || (q->owed > 0 && q->owed--)));
    if (err == -ETIMEDOUT) /* its answer would be taken for the next one's */
        shutdown(q->fd, SHUT_RDWR);
    return err == 0 && begins(line, "{\"error\"") ? -EIO : err;
}

static int ready(struct qmp *q, struct buf *line)
{
    int err;

    if (q->fd < 0)
        return -ECONNRESET;
    if (q->is_ready)
        return 0;
    err = command(q, "{\"execute\":\"qmp_capabilities\"}\n", line);
    q->is_ready = err == 0;
    return err;
}

int qmp_listen(struct qmp *q)
{
    struct pollfd p = { q->fd, POLLIN, 0 };
    struct buf line = { 0 };
    int err = ready(q, &line);

    while (err == 0 && (q->rx.len > 0 || poll(&p, 1, 0) > 0)) {
        err = answer_or_event(q, &line, clock_ns(CLOCK_MONOTONIC) + ANSWER_NS);
        if (err == 0 && is_answer(&line) && q->owed > 0)
            q->owed--;
    }
    buf_fini(&line);
    return err;
}

int qmp_execute(struct qmp *q, const char *text)
{
    struct buf line = { 0 };
    int err = ready(q, &line);

    if (err == 0)
        err = command(q, text, &line);
    buf_fini(&line);
    return err;
}

int qmp_command(struct qmp *q, const char *name)
{
    char *text = mem_printf("{\"execute\":\"%s\"}\n", name);
    int err = qmp_execute(q, text);

    free(text);
    return err;
}

int qmp_command_later(struct qmp *q, const char *name)
{
    char *text = mem_printf("{\"execute\":\"%s\"}\n", name);
    struct buf line = { 0 };
    int err = ready(q, &line);

    if (err == 0)
        err = say(q, text);
    q->owed += err == 0;
    buf_fini(&line);
    free(text);
    return err;
}

/* The string's bytes, up to its closing quote. All that QEMU escapes in what
 * we ask for is one character, the ends of lines; others are shown as "?". */
static void unescape(const char *at, struct buf *out)
{
    out->len = 0;
    for (; *at != '\0' && *at != '"'; at++) {
        char c = *at;

        if (c == '\\' && at[1] != '\0') {
            at++;
            c = *at == 'n' ? '\n' : *at == 'r' ? ' ' : '?';
        }
        buf_add(out, &c, 1);
    }
    buf_add(out, "", 1);
}

int qmp_ask(struct qmp *q, const char *line, unsigned cpu, struct buf *out)
{
    static const char head[] = "{\"return\": \"";
    char *text = mem_printf("{\"execute\":\"human-monitor-command\","
                            "\"arguments\":{\"command-line\":\"%s\","
                            "\"cpu-index\":%u}}\n",
                            line, cpu);
    struct buf answer = { 0 };
    int err = ready(q, &answer);

    if (err == 0)
        err = command(q, text, &answer);
    if (err == 0 && !begins(&answer, head))
        err = -EPROTO;
    if (err == 0)
        unescape((const char *)answer.data + strlen(head), out);
    buf_fini(&answer);
    free(text);
    return err;
}
