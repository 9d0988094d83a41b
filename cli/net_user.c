/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_user.c - a network of the guest's own that needs no privileges: slirp,
 * which QEMU has inside and which the monitor reaches over a pair of sockets,
 * in a process of its own (host/usernet.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/net.h"
#include "cli/netconf.h"
#include "cli/place.h"
#include "host/fault.h"
#include "host/usernet.h"

#define SOCKET_FD     3 /* of samara-net */
#define PORT_TRIES    50u
#define PORT_PAUSE_NS 10000000

extern char **environ;

/* ---- what the guest is told ---- */

static void address_set(struct config_address *a, unsigned family,
                        const char *text, unsigned prefix_len)
{
    *a = (struct config_address){ .family = (uint8_t)family,
                                  .prefix_len = (uint8_t)prefix_len };
    inet_pton(family == 4 ? AF_INET : AF_INET6, text, a->addr);
}

void net_user_config(struct run_config_net *net)
{
    address_set(&net->address[0], 4, USERNET_GUEST, USERNET_PREFIX);
    address_set(&net->gateway[0], 4, USERNET_GATEWAY, 0);
    address_set(&net->address[1], 6, USERNET_GUEST_6, USERNET_PREFIX_6);
    address_set(&net->gateway[1], 6, USERNET_GATEWAY_6, 0);
    if (net->dns.count == 0)
        list_add(&net->dns, USERNET_DNS);
    netconf_host_defaults(net); /* the domains to search */
}

/* ---- ports ---- */

static int listen_fault(const struct net_forward *f, int err,
                        struct fault *fault)
{
    const char *kind = f->is_udp ? "UDP" : "TCP";
    char text[NET_ADDRESS_LEN];

    net_address_text(f, text);
    switch (err) {
    case EADDRINUSE:
        return fault_set(fault, err,
                         "option -p: %s port %s of this host is in use; "
                         "choose another, or end what listens there (ss "
                         "-lnp shows it)",
                         kind, text);
    case EACCES:
        return fault_set(fault, err,
                         "option -p: may not listen on %s port %s; choose "
                         "one from 1024 on, or lower the sysctl "
                         "net.ipv4.ip_unprivileged_port_start",
                         kind, text);
    case EADDRNOTAVAIL:
        return fault_set(fault, err,
                         "option -p: %s is no address of this host; give one "
                         "that 'ip addr' shows, or the port alone",
                         text);
    default:
        return fault_sys(fault, err, "option -p: cannot listen on %s port %s",
                         kind, text);
    }
}

/* Sets *port_out to the port, which the kernel chooses where f has none. */
static int listen_try(const struct net_forward *f, unsigned *port_out)
{
    const struct sockaddr *host = (const void *)&f->host;
    bool is_4 = f->host.ss_family == AF_INET;
    socklen_t len =
        is_4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(f->host.ss_family,
                    (f->is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    struct sockaddr_storage own = { .ss_family = AF_UNSPEC };
    int one = 1, err = 0;

    if (fd < 0)
        return errno;
    /* As slirp does: what lingers of an earlier listener is no reason. */
    if (!f->is_udp)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (!is_4)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, host, len) != 0 || (!f->is_udp && listen(fd, 1) != 0) ||
        getsockname(fd, (struct sockaddr *)&own, &len) != 0)
        err = errno;
    *port_out = net_port_of(&own);
    close(fd);
    return err;
}

/* The network of a guest that has just ended goes a moment after it, and its
 * ports with it. A port that the kernel chose may be another forward's, which
 * does not listen yet. */
static int listen_try_patiently(struct net_options *net, size_t nr)
{
    const struct timespec pause = { .tv_nsec = PORT_PAUSE_NS };
    const struct net_forward *f = &net->forwards[nr];
    unsigned i, port = 0;
    int err;

    for (i = 0; i < PORT_TRIES; i++) {
        err = listen_try(f, &port);
        if (err == 0 && (!net_wants_port(f) || net_port_set(net, nr, port)))
            return 0;
        if (err && err != EADDRINUSE)
            return err;
        nanosleep(&pause, NULL);
    }
    return EADDRINUSE;
}

int net_user_check(struct net_options *net, struct fault *fault)
{
    size_t i;

    for (i = 0; i < net->forward_count; i++) {
        int err = listen_try_patiently(net, i);

        if (err)
            return listen_fault(&net->forwards[i], err, fault);
    }
    return 0;
}

/* ---- samara-net ---- */

static void command_line(const struct net_options *net, const char *program,
                         struct list *argv)
{
    size_t i;

    list_add(argv, program);
    list_add_take(argv, mem_printf("%d", SOCKET_FD));
    for (i = 0; i < net->forward_count; i++) {
        const struct net_forward *f = &net->forwards[i];
        char text[INET6_ADDRSTRLEN];

        net_host_text(f, text);
        list_add_take(argv,
                      mem_printf("%s,%s,%u,%u", f->is_udp ? "udp" : "tcp", text,
                                 net_port_of(&f->host), f->guest_port));
    }
}

/* In a session of its own, so that what the terminal sends is the guest's, and
 * with the one descriptor. It ends when the other end of that is closed. */
static int spawn(const struct list *argv, int socket_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    pid_t pid;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID |
                                        POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    err = posix_spawn_file_actions_adddup2(&actions, socket_fd, SOCKET_FD);
    for (int fd = 0; fd < 3 && err == 0; fd++)
        err = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null",
                                               O_RDWR, 0);
    if (err == 0)
        err = posix_spawn_file_actions_addclosefrom_np(&actions, SOCKET_FD + 1);
    if (err == 0)
        err = posix_spawn(&pid, argv->item[0], &actions, &attr, argv->item,
                          environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return err;
}

/* It says when all ports listen, or what is wrong. */
static int wait_ready(int fd, struct fault *fault)
{
    char text[USERNET_TEXT_MAX];
    ssize_t n;

    do {
        n = recv(fd, text, sizeof(text) - 1, 0);
    } while (n < 0 && errno == EINTR);
    if (n == 1 && text[0] == USERNET_READY)
        return 0;
    text[n > 0 ? n : 0] = '\0';
    return fault_set(fault, EIO,
                     "the user-mode network does not start: %s; use --net "
                     "none or a tap",
                     n > 0 ? text
                           : "samara-net ended at once (is libslirp0 "
                             "installed?)");
}

int net_user_open(const struct net_options *net, bool is_dry_run,
                  struct net_link *link, struct fault *fault)
{
    struct list argv = { 0 };
    char *program = place_net(fault);
    int pair[2], err;

    if (!program)
        return -fault->err;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        err = fault_sys(fault, errno, "cannot make a pair of sockets");
        free(program);
        return err;
    }
    command_line(net, program, &argv);
    err = is_dry_run ? 0 : spawn(&argv, pair[1]);
    close(pair[1]);
    list_fini(&argv);
    if (err)
        err = fault_sys(fault, err, "cannot start '%s'", program);
    else if (!is_dry_run)
        err = wait_ready(pair[0], fault);
    free(program);
    if (err) {
        close(pair[0]);
        return err;
    }
    *link = (struct net_link){ .fd = pair[0], .mtu = USERNET_MTU };
    return 0;
}

/* ---- QEMU's own ---- */

int net_user_qemu(const struct net_options *net, struct list *argv,
                  struct fault *fault)
{
    struct buf line = { 0 };
    size_t i;

    buf_add(&line, "user,id=net", strlen("user,id=net"));
    for (i = 0; i < net->forward_count; i++) {
        const struct net_forward *f = &net->forwards[i];
        char text[INET6_ADDRSTRLEN];
        char *forward;

        if (f->host.ss_family != AF_INET) {
            buf_fini(&line);
            return fault_set(fault, ENOTSUP,
                             "option -p: QEMU forwards no IPv6 ports; give an "
                             "IPv4 address, or use --vmm monitor");
        }
        net_host_text(f, text);
        forward = mem_printf(",hostfwd=%s:%s:%u-" USERNET_GUEST ":%u",
                             f->is_udp ? "udp" : "tcp", text,
                             net_port_of(&f->host), f->guest_port);
        buf_add(&line, forward, strlen(forward));
        free(forward);
    }
    buf_add(&line, "", 1);
    list_add(argv, "-netdev");
    list_add(argv, (const char *)line.data);
    list_add(argv, "-device");
    list_add(argv, "virtio-net-device,netdev=net");
    buf_fini(&line);
    return 0;
}
