/* SPDX-License-Identifier: BSD-2-Clause */
/* keeper_clients.c - see keeper_clients.h. */
#include "cli/keeper_clients.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/keeper.h"
#include "cli/socket.h"

#define READ_LEN     16384u
#define DRAIN_MS     50
#define DRAIN_ROUNDS 40

int clients_init(struct clients *c, const char *dir, struct fault *fault)
{
    unsigned i;

    for (i = 0; i < KEEPER_CLIENT_MAX; i++)
        c->client[i] = (struct client){ .fd = -1 };
    c->listen_fd = socket_listen(dir, "attach", fault);
    return c->listen_fd < 0 ? c->listen_fd : 0;
}

static void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    buf_fini(&client->rx);
    buf_fini(&client->tx);
    client->fd = -1;
}

void clients_fini(struct clients *c)
{
    unsigned i;

    for (i = 0; i < KEEPER_CLIENT_MAX; i++)
        client_close(&c->client[i]);
    if (c->listen_fd >= 0)
        close(c->listen_fd);
    c->listen_fd = -1;
}

void clients_poll_fill(const struct clients *c, struct pollfd *p)
{
    unsigned i;

    p[0] = (struct pollfd){ c->listen_fd, POLLIN, 0 };
    for (i = 0; i < KEEPER_CLIENT_MAX; i++) {
        const struct client *client = &c->client[i];
        short wanted = (short)(POLLIN | (client->tx.len > 0 ? POLLOUT : 0));

        p[1 + i] = (struct pollfd){ client->fd, wanted, 0 };
    }
}

static void take_connection(struct clients *c)
{
    int fd = accept4(c->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    unsigned i;

    if (fd < 0)
        return;
    for (i = 0; i < KEEPER_CLIENT_MAX; i++) {
        if (c->client[i].fd >= 0)
            continue;
        c->client[i].fd = fd;
        return;
    }
    close(fd);
}

/* False: what it sends is no frame. */
static bool frames_take(struct client *client, client_frame_fn *frame,
                        void *arg)
{
    struct keeper_frame head;
    size_t at = 0;

    while (client->rx.len - at >= sizeof(head)) {
        memcpy(&head, client->rx.data + at, sizeof(head));
        if (head.len > KEEPER_FRAME_MAX)
            return false;
        if (client->rx.len - at - sizeof(head) < head.len)
            break;
        frame(arg, head.type, client->rx.data + at + sizeof(head), head.len);
        at += sizeof(head) + head.len;
    }
    client->rx.len -= at;
    if (at > 0)
        memmove(client->rx.data, client->rx.data + at, client->rx.len);
    return true;
}

static void client_receive(struct client *client, client_frame_fn *frame,
                           void *arg)
{
    uint8_t chunk[READ_LEN];
    ssize_t n = recv(client->fd, chunk, sizeof(chunk), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_close(client);
        return;
    }
    buf_add(&client->rx, chunk, (size_t)n);
    if (!frames_take(client, frame, arg))
        client_close(client);
}

static void client_flush(struct client *client)
{
    ssize_t n = send(client->fd, client->tx.data, client->tx.len, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        client_close(client);
        return;
    }
    if (n <= 0)
        return;
    client->tx.len -= (size_t)n;
    memmove(client->tx.data, client->tx.data + n, client->tx.len);
}

void clients_serve(struct clients *c, const struct pollfd *p,
                   client_frame_fn *frame, void *arg)
{
    unsigned i;

    for (i = 0; i < KEEPER_CLIENT_MAX; i++) {
        struct client *client = &c->client[i];

        /* fill() was asked about this very connection: none comes between. */
        if (client->fd >= 0 && (p[1 + i].revents & ~POLLOUT))
            client_receive(client, frame, arg);
        if (client->fd >= 0 && client->tx.len > 0)
            client_flush(client);
    }
    if (p[0].revents)
        take_connection(c);
}

void clients_send(struct clients *c, unsigned type, const void *data,
                  size_t len)
{
    struct keeper_frame head = { .type = (uint8_t)type, .len = (uint32_t)len };
    unsigned i;

    for (i = 0; i < KEEPER_CLIENT_MAX; i++) {
        struct client *client = &c->client[i];

        if (client->fd < 0)
            continue;
        if (client->tx.len + len > KEEPER_BACKLOG_MAX) {
            client_close(client);
            continue;
        }
        buf_add(&client->tx, &head, sizeof(head));
        buf_add(&client->tx, data, len);
        client_flush(client);
    }
}

void clients_drain(struct clients *c)
{
    unsigned i, round;

    for (i = 0; i < KEEPER_CLIENT_MAX; i++) {
        struct client *client = &c->client[i];

        for (round = 0;
             client->fd >= 0 && client->tx.len > 0 && round < DRAIN_ROUNDS;
             round++) {
            struct pollfd p = { client->fd, POLLOUT, 0 };

            (void)!poll(&p, 1, DRAIN_MS);
            client_flush(client);
        }
    }
}
