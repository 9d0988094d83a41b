/* SPDX-License-Identifier: BSD-2-Clause */
/* net.c - see net.h. The options, in docker's forms. */
#include "cli/net.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "host/fault.h"
#include "host/usernet.h"

#define PORT_MAX 65535u

static struct net_options *net_of(void *into)
{
    return &((struct options *)into)->network;
}

int net_set_mode(void *into, const char *value, struct fault *fault)
{
    struct net_options *net = net_of(into);
    const char *name = value + strlen("tap:");

    if (strcmp(value, "none") == 0) {
        net->mode = NET_NONE;
    } else if (strcmp(value, "user") == 0) {
        net->mode = NET_USER;
    } else if (strncmp(value, "tap:", strlen("tap:")) == 0) {
        if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strchr(name, '/'))
            return fault_set(fault, EINVAL,
                             "option --net: '%s' is no name of an interface; "
                             "give a tap's, such as tap:tap0",
                             name);
        net->mode = NET_TAP;
        net->tap = name;
    } else {
        return fault_set(fault, EINVAL,
                         "option --net: '%s' is unknown; choose user, "
                         "tap:NAME or none",
                         value);
    }
    return 0;
}

/* ---- -p [[IP:][HOST]:]GUEST[/tcp|udp], ports or ranges of them ---- */

struct range {
    unsigned first, last;
};

/* N or N-M. */
static bool range_parse(const char *s, size_t len, struct range *out)
{
    unsigned *part = &out->first;
    bool is_last = false, has_digit = false;
    size_t i;

    *out = (struct range){ 0, 0 };
    for (i = 0; i < len; i++) {
        if (s[i] == '-' && !is_last && has_digit) {
            part = &out->last;
            is_last = true;
            has_digit = false;
            continue;
        }
        if (!isdigit((unsigned char)s[i]))
            return false;
        has_digit = true;
        *part = *part * 10 + (unsigned)(s[i] - '0');
        if (*part > PORT_MAX)
            return false;
    }
    if (!is_last)
        out->last = out->first;
    return has_digit && out->first > 0 && out->first <= out->last;
}

/* An address, IPv6's in brackets; empty is all of IPv4's. */
static bool host_parse(const char *s, size_t len, struct sockaddr_storage *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out;
    char text[INET6_ADDRSTRLEN];

    memset(out, 0, sizeof(*out));
    if (len >= sizeof(text))
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text[len - 1] = '\0';
        in6->sin6_family = AF_INET6;
        return inet_pton(AF_INET6, text + 1, &in6->sin6_addr) == 1;
    }
    in->sin_family = AF_INET;
    return len == 0 || inet_pton(AF_INET, text, &in->sin_addr) == 1;
}

static void port_set(struct sockaddr_storage *host, unsigned port)
{
    if (host->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)host)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)(void *)host)->sin6_port =
            htons((uint16_t)port);
}

unsigned net_port_of(const struct sockaddr_storage *host)
{
    return ntohs(
        host->ss_family == AF_INET
            ? ((const struct sockaddr_in *)(const void *)host)->sin_port
            : ((const struct sockaddr_in6 *)(const void *)host)->sin6_port);
}

bool net_wants_port(const struct net_forward *f)
{
    return net_port_of(&f->host) == 0;
}

static int forward_fault(const char *value, const char *why,
                         struct fault *fault)
{
    return fault_set(fault, EINVAL,
                     "option -p: '%s' %s; write HOST:GUEST or IP:HOST:GUEST, "
                     "such as 8080:80 or 127.0.0.1:5353:53/udp; without HOST, "
                     "any port that is free",
                     value, why);
}

static void forward_add(struct net_options *net, const struct net_forward *f)
{
    net->forwards = mem_resize(net->forwards, (net->forward_count + 1) *
                                                  sizeof(*net->forwards));
    net->forwards[net->forward_count++] = *f;
}

/* The last colon of s[0..len), outside of brackets; NULL: none. */
static const char *last_colon(const char *s, size_t len)
{
    while (len > 0 && s[len - 1] != ':' && s[len - 1] != ']')
        len--;
    return len > 0 && s[len - 1] == ':' ? s + len - 1 : NULL;
}

int net_set_forward(void *into, const char *value, struct fault *fault)
{
    struct net_options *net = net_of(into);
    size_t len = strcspn(value, "/");
    struct net_forward f = { .is_udp = strcmp(value + len, "/udp") == 0 };
    const char *guest = last_colon(value, len), *port = NULL;
    struct range from = { 0, 0 }, to;
    size_t port_len = 0;
    unsigned i;

    if (value[len] && !f.is_udp && strcmp(value + len, "/tcp") != 0)
        return forward_fault(value, "ends in neither /tcp nor /udp", fault);
    if (guest)
        port = last_colon(value, (size_t)(guest - value));
    if (!host_parse(value, port ? (size_t)(port - value) : 0, &f.host))
        return forward_fault(value, "has no IP address of this host before it",
                             fault);
    port = port ? port + 1 : value;
    if (guest)
        port_len = (size_t)(guest - port);
    guest = guest ? guest + 1 : value;
    if ((port_len > 0 && !range_parse(port, port_len, &from)) ||
        !range_parse(guest, len - (size_t)(guest - value), &to))
        return forward_fault(value, "has a port that is not from 1 to 65535",
                             fault);
    if (port_len > 0 && from.last - from.first != to.last - to.first)
        return forward_fault(value, "has ranges of different lengths", fault);
    if (to.last - to.first >= NET_FORWARD_MAX - net->forward_count)
        return fault_set(fault, EINVAL,
                         "option -p: a guest has at most %u ports published; "
                         "use --net tap:NAME for more",
                         NET_FORWARD_MAX);
    for (i = 0; i <= to.last - to.first; i++) {
        port_set(&f.host, port_len > 0 ? from.first + i : 0);
        f.guest_port = (uint16_t)(to.first + i);
        forward_add(net, &f);
    }
    return 0;
}

void net_host_text(const struct net_forward *f, char text[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *in = (const void *)&f->host;
    const struct sockaddr_in6 *in6 = (const void *)&f->host;

    if (f->host.ss_family == AF_INET)
        inet_ntop(AF_INET, &in->sin_addr, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, &in6->sin6_addr, text, INET6_ADDRSTRLEN);
}

void net_address_text(const struct net_forward *f, char text[NET_ADDRESS_LEN])
{
    char host[INET6_ADDRSTRLEN];

    net_host_text(f, host);
    snprintf(text, NET_ADDRESS_LEN,
             f->host.ss_family == AF_INET ? "%s:%u" : "[%s]:%u", host,
             net_port_of(&f->host));
}

/* ---- all of them ---- */

static bool is_same(const struct net_forward *a, const struct net_forward *b)
{
    return a->is_udp == b->is_udp &&
           memcmp(&a->host, &b->host, sizeof(a->host)) == 0;
}

/* The same port, of all the host's addresses. */
static struct net_forward of_all(const struct net_forward *f)
{
    struct net_forward all = { .is_udp = f->is_udp };

    all.host.ss_family = f->host.ss_family;
    port_set(&all.host, net_port_of(&f->host));
    return all;
}

/* May not both listen? */
static bool is_in_the_way(const struct net_forward *a,
                          const struct net_forward *b)
{
    struct net_forward all_a = of_all(a), all_b = of_all(b);

    if (net_wants_port(a) || net_wants_port(b))
        return false; /* they get others */
    return is_same(a, b) || is_same(a, &all_b) || is_same(&all_a, b);
}

static int twice_fault(const struct net_forward *f,
                       const struct net_forward *other, struct fault *fault)
{
    char text[NET_ADDRESS_LEN], other_text[NET_ADDRESS_LEN];

    net_address_text(f, text);
    net_address_text(other, other_text);
    if (is_same(f, other))
        return fault_set(fault, EINVAL,
                         "option -p: %s is given twice; choose another port "
                         "for one of them",
                         text);
    return fault_set(fault, EINVAL,
                     "option -p: %s and %s are the same port, as one of them "
                     "is for all addresses; choose another port for one of "
                     "them",
                     other_text, text);
}

static const struct net_forward *in_the_way_of(const struct net_options *net,
                                               size_t nr)
{
    size_t i;

    for (i = 0; i < net->forward_count; i++)
        if (i != nr && is_in_the_way(&net->forwards[nr], &net->forwards[i]))
            return &net->forwards[i];
    return NULL;
}

bool net_port_set(struct net_options *net, size_t nr, unsigned port)
{
    struct net_forward *f = &net->forwards[nr];

    port_set(&f->host, port);
    if (!in_the_way_of(net, nr))
        return true;
    port_set(&f->host, 0);
    return false;
}

int net_check(struct net_options *net, bool has_address, struct fault *fault)
{
    size_t i;

    if (net->mode == NET_DEFAULT)
        net->mode = net->forward_count > 0 ? NET_USER : NET_NONE;
    if (net->mode == NET_USER && has_address)
        return fault_set(
            fault, EINVAL,
            "option --ip goes with --net tap:NAME; in the "
            "network of --net user and -p the guest is always " USERNET_GUEST);

    if (net->forward_count > 0 && net->mode == NET_TAP)
        return fault_set(fault, EINVAL,
                         "option -p goes with --net user: on a tap the "
                         "guest has an address of its own, with all ports; "
                         "leave -p out");
    if (net->forward_count > 0 && net->mode == NET_NONE)
        return fault_set(fault, EINVAL,
                         "option -p needs a network, and --net none was "
                         "asked for; leave one of them out");
    for (i = 0; i < net->forward_count; i++) {
        const struct net_forward *other = in_the_way_of(net, i);

        if (other)
            return twice_fault(other, &net->forwards[i], fault);
    }
    return 0;
}

void net_fini(struct net_options *net)
{
    free(net->forwards);
    net->forwards = NULL;
    net->forward_count = 0;
}
