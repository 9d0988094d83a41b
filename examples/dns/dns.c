/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.c - an authoritative DNS server for one zone, over UDP and TCP.
 *
 *   dns [-p PORT] ZONEFILE
 *
 * One thread and one poll(). Nothing that a client does costs more than its
 * slot among CONNECTION_MAX, and that for IDLE_S seconds: when all are taken,
 * the one that has been idle for longest makes room.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "port.h"
#include "say.h"

#define PORT_DEFAULT   53u
#define CONNECTION_MAX 64u
#define QUERY_LEN_MAX  1024u /* over TCP; whoever sends more is cut off */
#define IDLE_S         10
#define BURST_MAX      64u /* datagrams before TCP has its turn */
#define BACKLOG        64

struct connection {
    int fd;         /* -1: free */
    time_t expires; /* monotonic */
    uint8_t in[2 + QUERY_LEN_MAX];
    size_t in_len;
    uint8_t *out; /* of an answer that did not go at once; or NULL */
    size_t out_len, out_done;
};

static struct zone zone;
static struct connection connections[CONNECTION_MAX];
static uint8_t reply[2 + MESSAGE_LEN_MAX]; /* the length is TCP's */

static time_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* ---- UDP ---- */

/* An answer that the socket has no room for is lost, as datagrams are. */
static void datagrams_serve(int fd)
{
    static uint8_t query[MESSAGE_LEN_MAX];

    for (unsigned i = 0; i < BURST_MAX; i++) {
        struct sockaddr_in6 from; /* the larger of the two kinds */
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(fd, query, sizeof(query), MSG_DONTWAIT,
                             (struct sockaddr *)&from, &from_len);
        size_t len;

        if (n < 0)
            return;
        len = answer(&zone, query, (size_t)n, false, reply);
        if (len > 0)
            (void)!sendto(fd, reply, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (struct sockaddr *)&from, from_len);
    }
}

/* ---- TCP ---- */

static void connection_close(struct connection *c)
{
    close(c->fd);
    free(c->out);
    *c = (struct connection){ .fd = -1 };
}

/* Send what goes, keep the rest. False: the connection is done for. */
static bool reply_send(struct connection *c, size_t len)
{
    ssize_t n = send(c->fd, reply, len, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (n < 0)
        n = 0;
    if ((size_t)n == len)
        return true;
    c->out_len = len - (size_t)n;
    c->out_done = 0;
    c->out = malloc(c->out_len);
    if (!c->out)
        return false;
    memcpy(c->out, reply + n, c->out_len);
    return true;
}

/* Answer what is complete, until an answer has to wait. */
static bool queries_serve(struct connection *c)
{
    while (!c->out && c->in_len >= 2) {
        size_t query_len = (size_t)c->in[0] << 8 | c->in[1];
        size_t len;

        if (query_len > QUERY_LEN_MAX)
            return false;
        if (c->in_len < 2 + query_len)
            break;
        len = answer(&zone, c->in + 2, query_len, true, reply + 2);
        c->in_len -= 2 + query_len;
        memmove(c->in, c->in + 2 + query_len, c->in_len);
        if (len == 0)
            return false;
        reply[0] = (uint8_t)(len >> 8);
        reply[1] = (uint8_t)len;
        c->expires = now_s() + IDLE_S;
        if (!reply_send(c, 2 + len))
            return false;
    }
    return true;
}

static bool connection_write(struct connection *c)
{
    ssize_t n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done,
                     MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->out_done += (size_t)n;
    if (c->out_done < c->out_len)
        return true;
    free(c->out);
    c->out = NULL;
    return queries_serve(c);
}

static bool connection_read(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->in_len += (size_t)n;
    return n > 0 && queries_serve(c);
}

static void connection_serve(struct connection *c, short events)
{
    bool ok = true;

    if (c->out && events & (POLLOUT | POLLERR | POLLHUP))
        ok = connection_write(c);
    else if (!c->out && events & (POLLIN | POLLERR | POLLHUP))
        ok = connection_read(c);
    if (!ok)
        connection_close(c);
}

/* A free slot, or that of whoever has been idle for longest. */
static struct connection *slot_get(void)
{
    struct connection *oldest = &connections[0];

    for (unsigned i = 0; i < CONNECTION_MAX; i++) {
        struct connection *c = &connections[i];

        if (c->fd < 0)
            return c;
        if (c->expires < oldest->expires)
            oldest = c;
    }
    connection_close(oldest);
    return oldest;
}

static void connection_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct connection *c;

    if (fd < 0)
        return;
    c = slot_get();
    c->fd = fd;
    c->expires = now_s() + IDLE_S;
}

/* ---- the loop ---- */

/* Close what has expired; for how many ms nothing else will. */
static int connections_expire(void)
{
    time_t now = now_s(), first = now + IDLE_S;
    bool any = false;

    for (unsigned i = 0; i < CONNECTION_MAX; i++) {
        struct connection *c = &connections[i];

        if (c->fd >= 0 && c->expires <= now)
            connection_close(c);
        if (c->fd < 0)
            continue;
        any = true;
        if (c->expires < first)
            first = c->expires;
    }
    return any ? (int)(first - now) * 1000 : -1;
}

static void serve(int udp, int tcp)
{
    struct pollfd polled[2 + CONNECTION_MAX];

    for (;;) {
        int wait_ms = connections_expire();

        polled[0] = (struct pollfd){ udp, POLLIN, 0 };
        polled[1] = (struct pollfd){ tcp, POLLIN, 0 };
        for (unsigned i = 0; i < CONNECTION_MAX; i++) {
            const struct connection *c = &connections[i];

            polled[2 + i] =
                (struct pollfd){ c->fd, c->out ? POLLOUT : POLLIN, 0 };
        }
        if (poll(polled, 2 + CONNECTION_MAX, wait_ms) < 0)
            continue; /* a signal */
        if (polled[0].revents)
            datagrams_serve(udp);
        for (unsigned i = 0; i < CONNECTION_MAX; i++)
            if (polled[2 + i].revents)
                connection_serve(&connections[i], polled[2 + i].revents);
        if (polled[1].revents)
            connection_accept(tcp);
    }
}

/* ---- the beginning ---- */

static void zone_load(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct zone_error error;
    struct stat st;
    size_t len = 0;
    char *text;

    if (fd < 0 || fstat(fd, &st) != 0)
        die("cannot open ", path, ": ", strerror(errno));
    if (st.st_size > (off_t)ZONE_FILE_LEN_MAX)
        die(path, " is larger than 16 MiB");
    text = malloc((size_t)st.st_size + 1);
    while (text && len < (size_t)st.st_size) {
        ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

        if (n <= 0)
            die("cannot read ", path, ": ", n ? strerror(errno) : "it shrinks");
        len += (size_t)n;
    }
    close(fd);
    if (!text)
        die("there is not enough memory for ", path);
    if (!zone_read(text, len, &zone, &error))
        die(path, ":", decimal(error.line), ": ", error.text);
    free(text);
}

int main(int argc, char **argv)
{
    unsigned port = PORT_DEFAULT;
    int udp, tcp;

    program_name = "dns";
    if (argc == 4 && strcmp(argv[1], "-p") == 0)
        port = port_parse(argv[2]);
    else if (argc != 2 || argv[1][0] == '-')
        die("usage: dns [-p PORT] ZONEFILE");
    zone_load(argv[argc - 1]);
    for (unsigned i = 0; i < CONNECTION_MAX; i++)
        connections[i].fd = -1;
    udp = port_bind(SOCK_DGRAM, port);
    tcp = port_bind(SOCK_STREAM | SOCK_NONBLOCK, port);
    if (listen(tcp, BACKLOG) != 0)
        die("cannot listen: ", strerror(errno));
    say("serving ", decimal((unsigned)zone.count), " records on port ",
        decimal(port));
    serve(udp, tcp);
}
