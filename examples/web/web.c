/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web.c - a static web server: HTTP/1.1 with keep-alive, ranges, conditions.
 *
 *   web [-p PORT] DIRECTORY
 *
 * One thread and one epoll instance. A connection reads a request, sends its
 * answer, and reads again; one that is told to end is listened to for a little
 * longer, so that what the client still sends does not destroy the answer.
 * What clients can take is bounded: CONNECTION_MAX of them, HEAD_LEN_MAX bytes
 * each, and the time that each state may last.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "port.h"
#include "respond.h"
#include "say.h"

#define PORT_DEFAULT   80u
#define CONNECTION_MAX 256u
#define EVENT_MAX      64
#define BACKLOG        128
#define SEND_LEN_MAX   (256u << 10) /* at a time, then others have a turn */
#define REQUEST_S      15           /* to send a whole request's head */
#define SEND_S         30    /* to take an answer, and a second more ... */
#define SEND_RATE      1024u /* ... for each so many bytes */
#define END_S          2     /* to see that the connection ends */
#define END_LEN_MAX    65536u

enum state { STATE_FREE, STATE_READING, STATE_SENDING, STATE_ENDING };

struct connection {
    enum state state;
    int fd;
    time_t expires; /* monotonic */
    char in[HEAD_LEN_MAX];
    size_t in_len;
    struct response response;
    size_t head_done;
    size_t end_len; /* read and thrown away in STATE_ENDING */
};

static struct connection connections[CONNECTION_MAX];
static int root, poller;
static time_t now; /* of this round, monotonic */

static time_t now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* ---- states ---- */

static void watch(struct connection *c, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = c };

    (void)!epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void connection_close(struct connection *c)
{
    response_fini(&c->response);
    close(c->fd); /* which takes it out of the poller */
    c->state = STATE_FREE;
}

static void begin_reading(struct connection *c)
{
    response_fini(&c->response);
    c->state = STATE_READING;
    c->expires = now + REQUEST_S;
}

static void begin_ending(struct connection *c)
{
    response_fini(&c->response);
    if (shutdown(c->fd, SHUT_WR) != 0) {
        connection_close(c);
        return;
    }
    c->state = STATE_ENDING;
    c->expires = now + END_S;
    c->end_len = 0;
    watch(c, EPOLLIN);
}

static void begin_sending(struct connection *c)
{
    c->state = STATE_SENDING;
    c->head_done = 0;
    c->expires = now + SEND_S + (time_t)(c->response.len / SEND_RATE);
}

/* ---- sending ---- */

/* 1: all is sent; 0: the socket is full, or others have a turn; -1: the client
 * is gone. */
static int file_send(struct connection *c)
{
    struct response *r = &c->response;
    size_t budget = SEND_LEN_MAX;

    while (r->len > 0) {
        size_t len = r->len < budget ? r->len : budget;
        ssize_t n;

        if (budget == 0)
            return 0;
        n = sendfile(c->fd, r->fd, &r->at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        if (n == 0) /* the file has become shorter than it was promised */
            return -1;
        r->len -= (size_t)n;
        budget -= (size_t)n;
    }
    return 1;
}

static int response_send(struct connection *c)
{
    struct response *r = &c->response;

    while (c->head_done < r->head_len) {
        ssize_t n =
            send(c->fd, r->head + c->head_done, r->head_len - c->head_done,
                 MSG_NOSIGNAL | (r->len > 0 ? MSG_MORE : 0));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -1;
        c->head_done += (size_t)n;
    }
    return file_send(c);
}

/* ---- serving ---- */

/* Make the answer to what has been read. False: more must come. */
static bool request_take(struct connection *c)
{
    struct request request;
    int len = request_parse(c->in, c->in_len, &request);

    if (len == 0)
        return false;
    if (len < 0) {
        respond_error(-len, &c->response);
        c->in_len = 0;
    } else {
        respond(root, &request, &c->response);
        c->in_len -= (size_t)len;
        memmove(c->in, c->in + len, c->in_len);
    }
    begin_sending(c);
    return true;
}

/* Go on from either state as far as it goes without waiting. */
static void connection_run(struct connection *c)
{
    for (;;) {
        int sent;

        if (c->state == STATE_READING && !request_take(c)) {
            watch(c, EPOLLIN);
            return;
        }
        sent = response_send(c);
        if (sent < 0) {
            connection_close(c);
            return;
        }
        if (sent == 0) {
            watch(c, EPOLLOUT);
            return;
        }
        if (!c->response.keep_alive) {
            begin_ending(c);
            return;
        }
        begin_reading(c);
    }
}

static void connection_read(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        connection_close(c);
        return;
    }
    c->in_len += (size_t)n;
    connection_run(c);
}

static void connection_drain(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in, sizeof(c->in), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || (c->end_len += (size_t)n) > END_LEN_MAX)
        connection_close(c);
}

static void connection_serve(struct connection *c)
{
    if (c->state == STATE_READING)
        connection_read(c);
    else if (c->state == STATE_SENDING)
        connection_run(c);
    else if (c->state == STATE_ENDING)
        connection_drain(c);
}

/* ---- connections ---- */

/* A free slot; else that of a client that sends nothing, the one that would
 * expire first. NULL: all are being served. */
static struct connection *slot_get(void)
{
    struct connection *oldest = NULL;

    for (unsigned i = 0; i < CONNECTION_MAX; i++) {
        struct connection *c = &connections[i];

        if (c->state == STATE_FREE)
            return c;
        if (c->state != STATE_SENDING &&
            (!oldest || c->expires < oldest->expires))
            oldest = c;
    }
    if (oldest)
        connection_close(oldest);
    return oldest;
}

static void connection_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    struct connection *c;

    if (fd < 0)
        return;
    c = slot_get();
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->in_len = 0;
    c->response = (struct response){ .fd = -1 };
    event.data.ptr = c;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        close(fd);
    else
        begin_reading(c);
}

/* True: some connection is open. */
static bool connections_expire(void)
{
    bool any = false;

    for (unsigned i = 0; i < CONNECTION_MAX; i++) {
        struct connection *c = &connections[i];

        if (c->state != STATE_FREE && c->expires <= now)
            connection_close(c);
        any = any || c->state != STATE_FREE;
    }
    return any;
}

static void serve(int listener)
{
    struct epoll_event events[EVENT_MAX];
    time_t looked = 0;
    bool any = false;

    for (;;) {
        int count = epoll_wait(poller, events, EVENT_MAX, any ? 1000 : -1);

        now = now_s();
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                connection_serve(events[i].data.ptr);
            else
                connection_accept(listener);
            any = true;
        }
        if (now != looked)
            any = connections_expire();
        looked = now;
    }
}

/* ---- the beginning ---- */

int main(int argc, char **argv)
{
    struct epoll_event event = { .events = EPOLLIN };
    unsigned port = PORT_DEFAULT;
    int listener;

    program_name = "web";
    if (argc == 4 && strcmp(argv[1], "-p") == 0)
        port = port_parse(argv[2]);
    else if (argc != 2 || argv[1][0] == '-')
        die("usage: web [-p PORT] DIRECTORY");
    root = open(argv[argc - 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        die("cannot open the directory ", argv[argc - 1], ": ",
            strerror(errno));
    signal(SIGPIPE, SIG_IGN); /* sendfile() has no flag for that */
    listener = port_bind(SOCK_STREAM | SOCK_NONBLOCK, port);
    if (listen(listener, BACKLOG) != 0)
        die("cannot listen: ", strerror(errno));
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0)
        die("cannot use epoll: ", strerror(errno));
    say("serving ", argv[argc - 1], " on port ", decimal(port));
    serve(listener);
}
