/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c - see port.h. */
#include "port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "say.h"

#define PORT_MAX 65535u

unsigned port_parse(const char *text)
{
    unsigned port = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9' && port <= PORT_MAX; at++)
        port = 10 * port + (unsigned)(*at - '0');
    if (*at != '\0' || port == 0 || port > PORT_MAX)
        die("'", text, "' is no port; give a number from 1 to 65535");
    return port;
}

int port_bind(int type, unsigned port)
{
    struct sockaddr_in6 any6 = { .sin6_family = AF_INET6,
                                 .sin6_port = htons((uint16_t)port) };
    struct sockaddr_in any4 = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
    bool is_v6 = fd >= 0;
    int err;

    if (is_v6)
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 0 },
                          sizeof(int));
    else
        fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("cannot make a socket: ", strerror(errno));
    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    err = is_v6 ? bind(fd, (struct sockaddr *)&any6, sizeof(any6))
                : bind(fd, (struct sockaddr *)&any4, sizeof(any4));
    if (err != 0)
        die("cannot use port ", decimal(port), ": ", strerror(errno),
            "; choose another with -p");
    return fd;
}
