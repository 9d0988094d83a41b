/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - samara-net, the network of one guest, without privileges. See
 * host/usernet.h for its command line and what it says. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/usernet.h"
#include "usernet/usernet.h"

#define EXIT_BAD_USE 2

static bool number_parse(const char *s, long max, long *out)
{
    char *end;

    errno = 0;
    *out = strtol(s, &end, 10);
    return *s != '\0' && *end == '\0' && errno == 0 && *out >= 0 && *out <= max;
}

static bool address_parse(const char *s, uint16_t port,
                          struct sockaddr_storage *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out;

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, s, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        return true;
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    return inet_pton(AF_INET6, s, &in6->sin6_addr) == 1;
}

static bool forward_parse(char *s, struct forward *out)
{
    char *protocol = strtok(s, ","), *address = strtok(NULL, ",");
    char *port = strtok(NULL, ","), *guest = strtok(NULL, ",");
    long port_nr, guest_nr;

    if (!guest || strtok(NULL, ",") || !number_parse(port, 65535, &port_nr) ||
        !number_parse(guest, 65535, &guest_nr) ||
        !address_parse(address, (uint16_t)port_nr, &out->host))
        return false;
    out->guest_port = (uint16_t)guest_nr;
    out->is_udp = strcmp(protocol, "udp") == 0;
    return out->is_udp || strcmp(protocol, "tcp") == 0;
}

static int fail(int fd, const char *what, const char *on, int err)
{
    char text[USERNET_TEXT_MAX];
    int n = snprintf(text, sizeof(text), "%s%s%s: %s", what, on ? " " : "",
                     on ? on : "", strerror(-err));

    if (n > 0)
        (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char ready = USERNET_READY;
    long fd;
    int err;

    if (argc < 2 || !number_parse(argv[1], 1 << 20, &fd)) {
        fputs("samara-net: part of samara, which starts it; see samara help "
              "run\n",
              stderr);
        return EXIT_BAD_USE;
    }
    signal(SIGPIPE, SIG_IGN);
    err = net_init((int)fd);
    if (err)
        return fail((int)fd, "cannot make the network", NULL, err);
    for (int i = 2; i < argc; i++) {
        char *text = strdup(argv[i]);
        struct forward f;

        err = text && forward_parse(argv[i], &f) ? net_forward(&f) : -EINVAL;
        if (err)
            return fail((int)fd, "cannot listen on", text, err);
        free(text);
    }
    net_deepen_queues();
    err = sandbox_enter();
    if (err)
        return fail((int)fd, "cannot enter the sandbox", NULL, err);
    if (send((int)fd, &ready, 1, MSG_NOSIGNAL) == 1)
        net_serve();
    _exit(EXIT_SUCCESS); /* the ports are wanted again: nothing is tidied up */
}
