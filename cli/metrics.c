/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.c - samara metrics: all guests' figures for Prometheus.
 *
 * One process and one poll(). A client has CLIENT_S to ask and as long to take
 * its answer, and there are CLIENT_MAX of them; more wait in the socket's
 * queue. Guests are looked at once for all who ask within FRESH_NS, so that no
 * client can keep them busy with answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/follow.h"
#include "cli/metrics.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/clock.h"
#include "host/fault.h"
#include "host/memory.h"

#define LISTEN_DEFAULT "127.0.0.1:9464"
#define UNIX_PREFIX    "unix:"
#define LISTEN_QUEUED  64
#define CLIENT_MAX     32u
#define CLIENT_S       10u
#define FRESH_NS       (NS_PER_S / 4)
#define TICK_MS        500

struct client {
    int fd; /* -1: free */
    uint64_t until_ns;
    char request[METRICS_REQUEST_MAX];
    size_t have;
    char *answer; /* NULL: it has not asked yet */
    size_t answer_len, sent;
    bool is_answered; /* what still comes is read, lest the answer be lost */
};

struct metrics {
    const char *listen;
    bool once, help;
    int fd;
    const char *path; /* of a UNIX socket of ours; NULL: none */
    char *text;       /* the last look */
    uint64_t text_ns;
    struct client client[CLIENT_MAX];
};

const struct arg_option options_metrics[] = {
    { 'l', "listen", "ADDR:PORT|unix:PATH", "where (" LISTEN_DEFAULT ")",
      ARG_TEXT(struct metrics, listen) },
    { 0, "once", NULL, "print them and end", ARG_FLAG(struct metrics, once) },
    ARG_HELP(struct metrics),
    ARG_END,
};

/* ---- where to listen ---- */

static int listen_unix(struct metrics *m, const char *path, struct fault *fault)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct stat st;

    if (path[0] == '\0' || strlen(path) >= sizeof(a.sun_path))
        return fault_set(fault, EINVAL,
                         "option --listen: the name of a socket has 1 to %zu "
                         "bytes",
                         sizeof(a.sun_path) - 1);
    memcpy(a.sun_path, path, strlen(path));
    m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* One that nobody listens at is left from before. */
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        connect(m->fd, (struct sockaddr *)&a, sizeof(a)) != 0 &&
        errno == ECONNREFUSED)
        unlink(path);
    if (bind(m->fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        listen(m->fd, LISTEN_QUEUED) != 0)
        return fault_sys(fault, errno, "cannot listen at '%s'", path);
    m->path = path;
    return 0;
}

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* 127.0.0.1:9464, [::1]:9464; port 0: any that is free. */
static bool address_parse(const char *text, union address *out)
{
    const char *colon = strrchr(text, ':');
    bool is_v6 = text[0] == '[' && colon && colon > text && colon[-1] == ']';
    char *end, *host;
    unsigned long port;
    int ok;

    if (!colon || colon == text || colon[1] < '0' || colon[1] > '9')
        return false;
    port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > UINT16_MAX)
        return false;
    host = mem_strndup(text + is_v6, (size_t)(colon - text) - 2 * is_v6);
    *out = (union address){ .any.sa_family = is_v6 ? AF_INET6 : AF_INET };
    if (is_v6) {
        out->in6.sin6_port = htons((uint16_t)port);
        ok = inet_pton(AF_INET6, host, &out->in6.sin6_addr);
    } else {
        out->in.sin_port = htons((uint16_t)port);
        ok = inet_pton(AF_INET, host, &out->in.sin_addr);
    }
    free(host);
    return ok == 1;
}

static void say_where(const struct metrics *m)
{
    union address a;
    socklen_t len = sizeof(a);
    char host[INET6_ADDRSTRLEN];

    if (getsockname(m->fd, &a.any, &len) != 0)
        return;
    if (a.any.sa_family == AF_INET6)
        fprintf(stderr, "samara: metrics at http://[%s]:%u/metrics\n",
                inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host)),
                ntohs(a.in6.sin6_port));
    else
        fprintf(stderr, "samara: metrics at http://%s:%u/metrics\n",
                inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host)),
                ntohs(a.in.sin_port));
}

static int listen_tcp(struct metrics *m, const char *where, struct fault *fault)
{
    union address a;
    const int on = 1;

    if (!address_parse(where, &a))
        return fault_set(fault, EINVAL,
                         "option --listen: '%s' is neither ADDRESS:PORT, as "
                         "127.0.0.1:9464 or [::1]:9464, nor unix:PATH",
                         where);
    m->fd =
        socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(m->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(m->fd, &a.any,
             a.any.sa_family == AF_INET6 ? sizeof(a.in6) : sizeof(a.in)) != 0 ||
        listen(m->fd, LISTEN_QUEUED) != 0)
        return fault_sys(fault, errno, "cannot listen at '%s'", where);
    say_where(m);
    return 0;
}

/* ---- clients ---- */

static void client_close(struct client *c)
{
    close(c->fd);
    free(c->answer);
    c->fd = -1;
    c->answer = NULL;
}

static const char *text_get(struct metrics *m)
{
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    struct fault ignored; /* the client gets 503 */

    if (m->text && now - m->text_ns < FRESH_NS)
        return m->text;
    free(m->text);
    m->text = metrics_text(&ignored);
    m->text_ns = clock_ns(CLOCK_MONOTONIC);
    return m->text;
}

static void client_write(struct client *c)
{
    ssize_t n =
        send(c->fd, c->answer + c->sent, c->answer_len - c->sent, MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->sent += (size_t)n;
    if (n <= 0)
        client_close(c);
    else if (c->sent == c->answer_len)
        c->is_answered = shutdown(c->fd, SHUT_WR) == 0;
}

/* A socket that is closed with bytes unread resets the connection. */
static void client_drain(struct client *c)
{
    ssize_t n = recv(c->fd, c->request, sizeof(c->request), 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        client_close(c);
}

static void client_read(struct metrics *m, struct client *c)
{
    ssize_t n =
        recv(c->fd, c->request + c->have, sizeof(c->request) - c->have, 0);
    struct metrics_request r;
    const char *text = NULL;
    int status;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_close(c);
        return;
    }
    c->have += (size_t)n;
    status = metrics_request(c->request, c->have, &r);
    if (status == 0)
        return;
    if (status == 200) {
        text = text_get(m);
        status = text ? 200 : 503;
    }
    c->answer = metrics_answer(status, &r, text, &c->answer_len);
    c->sent = 0;
    c->until_ns = clock_ns(CLOCK_MONOTONIC) + CLIENT_S * NS_PER_S;
    client_write(c);
}

static void take_clients(struct metrics *m)
{
    unsigned i;

    for (i = 0; i < CLIENT_MAX; i++) {
        struct client *c = &m->client[i];

        if (c->fd >= 0)
            continue;
        c->fd = accept4(m->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (c->fd < 0)
            return;
        c->have = 0;
        c->is_answered = false;
        c->until_ns = clock_ns(CLOCK_MONOTONIC) + CLIENT_S * NS_PER_S;
    }
}

static void serve(struct metrics *m)
{
    struct pollfd p[CLIENT_MAX + 1];
    bool is_full = true;
    unsigned i;

    for (i = 0; i < CLIENT_MAX; i++) {
        const struct client *c = &m->client[i];

        p[i] = (struct pollfd){ c->fd, POLLIN, 0 };
        if (c->answer && !c->is_answered)
            p[i].events = POLLOUT;
        is_full = is_full && c->fd >= 0;
    }
    p[CLIENT_MAX] = (struct pollfd){ is_full ? -1 : m->fd, POLLIN, 0 };
    if (poll(p, CLIENT_MAX + 1, TICK_MS) < 0)
        return;
    for (i = 0; i < CLIENT_MAX; i++) {
        struct client *c = &m->client[i];

        if (c->fd < 0)
            continue;
        if (clock_ns(CLOCK_MONOTONIC) > c->until_ns)
            client_close(c);
        else if (p[i].revents && c->is_answered)
            client_drain(c);
        else if (p[i].revents && c->answer)
            client_write(c);
        else if (p[i].revents)
            client_read(m, c);
    }
    if (p[CLIENT_MAX].revents)
        take_clients(m);
}

/* ---- the verb ---- */

static int print_once(struct fault *fault)
{
    char *text = metrics_text(fault);

    if (!text)
        return -fault->err;
    fputs(text, stdout);
    free(text);
    return 0;
}

static int serve_all(struct metrics *m, struct fault *fault)
{
    size_t prefix = strlen(UNIX_PREFIX);
    unsigned i;
    int err;

    for (i = 0; i < CLIENT_MAX; i++)
        m->client[i].fd = -1;
    follow_begin();
    err = strncmp(m->listen, UNIX_PREFIX, prefix) == 0
              ? listen_unix(m, m->listen + prefix, fault)
              : listen_tcp(m, m->listen, fault);
    while (err == 0 && !follow_is_over())
        serve(m);
    for (i = 0; i < CLIENT_MAX; i++)
        if (m->client[i].fd >= 0)
            client_close(&m->client[i]);
    if (m->path)
        unlink(m->path);
    free(m->text);
    return err;
}

int verb_metrics(int argc, char **argv, struct fault *fault)
{
    static struct metrics m = { .listen = LISTEN_DEFAULT, .fd = -1 };
    int first, err = args_parse_anywhere(options_metrics, &m, argc, argv,
                                         &first, fault);

    if (err == 0 && m.help)
        return verb_show_help("metrics");
    if (err == 0 && first < argc)
        return fault_set(fault, EINVAL,
                         "metrics takes no names, as '%s': all guests are "
                         "there, with their names as labels",
                         argv[first]);
    if (err)
        return err;
    return m.once ? print_once(fault) : serve_all(&m, fault);
}
