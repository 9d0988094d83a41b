/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_fastopen.c - TCP fast open: options, cookies, data with a SYN.
 *
 * What is set of it in /proc/sys/net is set in a network of this program's own
 * where there are such, and else for the machine, a guest.
 *
 * covers: sendto connect setsockopt getsockopt
 */
#include "check.h"
#include "inet.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#define SYSCTL "/proc/sys/net/ipv4/tcp_fastopen"
#define KEYS   "/proc/sys/net/ipv4/tcp_fastopen_key"

#define CLIENT           0x1
#define SERVER           0x2
#define CLIENT_NO_COOKIE 0x4
#define SERVER_NO_COOKIE 0x200
#define SERVER_ALL       0x400

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY), err = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        err = -errno;
    close(fd);
    return err;
}

static bool get(const char *path, char *buf, size_t len)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, buf, len - 1);

    close(fd);
    buf[n < 0 ? 0 : n] = '\0';
    return n >= 0;
}

static int set_mode(unsigned mode)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", mode);
    return put(SYSCTL, text);
}

/* A network of our own, if there are such; false: what there is may not be
 * changed. */
static bool begin(unsigned mode)
{
    static bool is_there;

    if (!is_there) {
        struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        int fd;

        is_there = true;
        (void)!unshare(CLONE_NEWNET);
        fd = socket(AF_INET, SOCK_DGRAM, 0);
        (void)!ioctl(fd, SIOCSIFFLAGS, &r);
        close(fd);
    }
    return set_mode(mode) == 0;
}

static int fast_listener(int queue)
{
    int fd = listener(16);

    if (queue >= 0)
        CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, queue), 0);
    return fd;
}

static ssize_t send_to(int fd, int l, const void *data, size_t len, int flags)
{
    struct sockaddr_in a = loopback(port_of(l));

    return sendto(fd, data, len, MSG_FASTOPEN | flags, (struct sockaddr *)&a,
                  sizeof(a));
}

static bool had_syn_data(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return false;
    return info.tcpi_options & TCPI_OPT_SYN_DATA;
}

/* Of /proc/net/netstat, by name; -1: it is not there. */
static long counter(const char *name)
{
    char names[8192], values[8192], *n, *v, *ns, *vs;
    FILE *f = fopen("/proc/net/netstat", "r");
    long found = -1;

    while (found < 0 && fgets(names, sizeof(names), f) &&
           fgets(values, sizeof(values), f)) {
        n = strtok_r(names, " \n", &ns);
        v = strtok_r(values, " \n", &vs);
        for (; n && v;
             n = strtok_r(NULL, " \n", &ns), v = strtok_r(NULL, " \n", &vs))
            if (strcmp(n, name) == 0)
                found = atol(v);
    }
    fclose(f);
    return found;
}

/* A connection whose client sent "hello" with MSG_FASTOPEN: what send gave. */
static ssize_t say_hello(int l, int *client, int *server)
{
    char buf[16] = "";
    ssize_t n;

    *client = socket(AF_INET, SOCK_STREAM, 0);
    n = send_to(*client, l, "hello", 5, 0);
    *server = accept(l, NULL, NULL);
    CHECK_EQ(recv(*server, buf, sizeof(buf), 0), 5);
    CHECK_STR(buf, "hello");
    CHECK_EQ(send(*server, "you", 3, 0), 3);
    CHECK_EQ(recv(*client, buf, sizeof(buf), 0), 3);
    return n;
}

/* Two of them: was the second one's data taken with the SYN? */
static bool is_fast(int l)
{
    bool result = false;

    for (int n = 0; n < 2; n++) {
        int client, server;

        CHECK_EQ(say_hello(l, &client, &server), 5);
        result = had_syn_data(client);
        CHECK_EQ(had_syn_data(server), result);
        close(client);
        close(server);
    }
    return result;
}

TEST(the_switch)
{
    char buf[128];

    if (!begin(CLIENT))
        SKIP("not to be switched here");
    CHECK(get(SYSCTL, buf, sizeof(buf)));
    CHECK_STR(buf, "1\n");
    CHECK_EQ(put(SYSCTL, "3\n"), 0);
    CHECK(get(SYSCTL, buf, sizeof(buf)));
    CHECK_STR(buf, "3\n");
    CHECK_EQ(put(SYSCTL, "x"), -EINVAL);
    CHECK_EQ(put(KEYS, "1-2-3"), -EINVAL);
    CHECK_EQ(put(KEYS, "1-2-3-4,a-b-c-deadBEEF\n"), 0);
    CHECK(get(KEYS, buf, sizeof(buf)));
    CHECK(strncmp(buf,
                  "00000001-00000002-00000003-00000004,"
                  "0000000a-0000000b-0000000c-deadbeef",
                  71) == 0);
    CHECK_EQ(put(KEYS, "1-2-3-4"), 0);
    CHECK(get(KEYS, buf, sizeof(buf)));
    CHECK(strncmp(buf, "00000001-00000002-00000003-00000004", 35) == 0);
}

TEST(options)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), l;

    if (!begin(CLIENT))
        SKIP("not to be switched here");
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, 100000), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN), 4096);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, -1), EINVAL);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 1);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 2), EINVAL);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE), 0);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
    CHECK_EQ(option_get(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE), 1);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, -1), EINVAL);
    close(fd);

    l = fast_listener(5);
    CHECK_EQ(option_get(l, IPPROTO_TCP, TCP_FASTOPEN), 5);
    CHECK_ERR(option_set(l, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), EINVAL);
    CHECK_EQ(option_set(l, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 0), 0);
    fd = connect_to(port_of(l), 0);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, 5), EINVAL);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), EINVAL);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1), EINVAL);
    close(fd);
    close(l);
    CHECK_EQ(set_mode(0), 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERR(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), EOPNOTSUPP);
    CHECK_EQ(option_set(fd, IPPROTO_TCP, TCP_FASTOPEN, 5), 0);
    close(fd);
}

TEST(keys)
{
    char keys[32], got[40];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof(got);

    if (!begin(CLIENT))
        SKIP("not to be switched here");
    memset(keys, 7, 16);
    memset(keys + 16, 9, 16);
    CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 15), EINVAL);
    CHECK_ERR(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 17), EINVAL);
    CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 32), 0);
    CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, got, &len), 0);
    CHECK_EQ(len, 32);
    CHECK(memcmp(got, keys, 32) == 0);
    CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 16), 0);
    len = sizeof(got);
    CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, got, &len), 0);
    CHECK_EQ(len, 16);
    len = 3;
    CHECK_EQ(getsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_KEY, got, &len), 0);
    CHECK_EQ(len, 3);
    close(fd);
}

/* Linux's default: clients ask, and no listener gives cookies. */
TEST(clients_alone)
{
    int client, server, l;
    long asked;

    if (!begin(CLIENT))
        SKIP("not to be switched here");
    l = fast_listener(5);
    asked = counter("TCPFastOpenCookieReqd");
    CHECK_EQ(say_hello(l, &client, &server), 5);
    CHECK(!had_syn_data(client) && !had_syn_data(server));
    CHECK_EQ(counter("TCPFastOpenCookieReqd"), asked + 1);
    close(client);
    close(server);

    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_ERR(send_to(client, l, "hello", 5, 0), EINPROGRESS);
    CHECK_EQ(events_of(client, POLLOUT, 10000), POLLOUT);
    CHECK_EQ(send(client, "x", 1, 0), 1);
    close(client);
    close(l);
}

/* Before any listener here has given one. */
TEST(connect_that_asks_for_a_cookie)
{
    struct sockaddr_in a;
    int client, server, l;

    if (!begin(CLIENT))
        SKIP("not to be switched here");
    l = fast_listener(5);
    a = loopback(port_of(l));
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_EQ(option_set(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
    CHECK_ERR(connect(client, (struct sockaddr *)&a, sizeof(a)), EINPROGRESS);
    CHECK_EQ(events_of(client, POLLOUT, 10000), POLLOUT);
    CHECK_EQ(option_get(client, SOL_SOCKET, SO_ERROR), 0);
    server = accept(l, NULL, NULL);
    CHECK(server >= 0 && !had_syn_data(client));
    close(client);
    close(server);
    close(l);
}

TEST(data_with_a_syn)
{
    long active, passive;
    int l;

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    active = counter("TCPFastOpenActive");
    passive = counter("TCPFastOpenPassive");
    l = fast_listener(5);
    CHECK(is_fast(l));
    CHECK(is_fast(l));
    CHECK(counter("TCPFastOpenActive") >= active + 3);
    CHECK(counter("TCPFastOpenPassive") >= passive + 3);
    close(l);
}

/* What does not fit follows. */
TEST(more_than_a_segment)
{
    static char data[200000], got[200000];
    int client, server = -1, l;
    size_t sent = 0, n = 0;

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7 + i / 251);
    l = fast_listener(5);
    CHECK(is_fast(l));
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    while (n < sizeof(data)) {
        ssize_t did = 0;

        if (sent == 0)
            did = send_to(client, l, data, sizeof(data), 0);
        else if (sent < sizeof(data))
            did = send(client, data + sent, sizeof(data) - sent, 0);
        if (did < 0 && errno != EAGAIN)
            break;
        sent += did > 0 ? (size_t)did : 0;
        if (n == 0)
            server = accept(l, NULL, NULL);
        did = recv(server, got + n, sizeof(got) - n, MSG_DONTWAIT);
        n += did > 0 ? (size_t)did : 0;
    }
    CHECK_EQ(n, sizeof(data));
    CHECK(memcmp(got, data, n) == 0);
    CHECK(had_syn_data(server) && had_syn_data(client));
    close(client);
    close(server);

    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(send_to(client, l, data, 100000, 0), 100000);
    server = accept(l, NULL, NULL);
    CHECK_EQ(recv(server, got, 100000, MSG_WAITALL), 100000);
    CHECK(memcmp(got, data, 100000) == 0);
    close(client);
    close(server);
    close(l);
}

TEST(connect_without_a_packet)
{
    struct sockaddr_in a, own = { 0 };
    socklen_t len = sizeof(own);
    int client, server, l;
    char buf[16] = "";

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    l = fast_listener(5);
    a = loopback(port_of(l));
    CHECK(is_fast(l));
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_EQ(option_set(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
    CHECK_EQ(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
    CHECK_ERR(connect(client, (struct sockaddr *)&a, sizeof(a)), EISCONN);
    CHECK_EQ(getsockname(client, (struct sockaddr *)&own, &len), 0);
    CHECK(own.sin_port != 0 && own.sin_addr.s_addr == a.sin_addr.s_addr);
    CHECK_EQ(events_of(client, POLLIN | POLLOUT, 10000), POLLOUT);
    CHECK_ERR(recv(client, buf, 1, 0), EAGAIN);
    CHECK_EQ(events_of(l, POLLIN, 50), 0);
    CHECK_EQ(write(client, "late", 4), 4);
    server = accept(l, NULL, NULL);
    CHECK_EQ(recv(server, buf, sizeof(buf), 0), 4);
    CHECK_STR(buf, "late");
    CHECK(had_syn_data(server));
    CHECK_EQ(events_of(client, POLLOUT, 10000), POLLOUT);
    CHECK(had_syn_data(client));
    close(client);
    close(server);
    close(l);
}

/* Cookies of a key that is no longer one, and of the one before. */
TEST(a_cookie_of_another_key)
{
    char keys[32];
    long failed, other;
    int client, server, l;

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    l = fast_listener(5);
    memset(keys, 1, sizeof(keys));
    CHECK_EQ(setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 16), 0);
    CHECK(is_fast(l));
    failed = counter("TCPFastOpenPassiveFail");
    memset(keys, 2, sizeof(keys));
    CHECK_EQ(setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 16), 0);
    CHECK_EQ(say_hello(l, &client, &server), 5);
    CHECK(!had_syn_data(client) && !had_syn_data(server));
    CHECK_EQ(counter("TCPFastOpenPassiveFail"), failed + 1);
    close(client);
    close(server);
    CHECK(is_fast(l)); /* the answer brought a new one */

    other = counter("TCPFastOpenPassiveAltKey");
    memset(keys, 3, 16); /* the old one is behind it */
    CHECK_EQ(setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN_KEY, keys, 32), 0);
    CHECK_EQ(say_hello(l, &client, &server), 5);
    CHECK(had_syn_data(client) && had_syn_data(server));
    CHECK_EQ(counter("TCPFastOpenPassiveAltKey"), other + 1);
    close(client);
    close(server);
    close(l);
}

TEST(without_cookies)
{
    int client, server, l;

    if (!begin(CLIENT | SERVER | SERVER_NO_COOKIE))
        SKIP("not to be switched here");
    l = fast_listener(5);
    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(option_set(client, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
    CHECK_EQ(send_to(client, l, "abc", 3, 0), 3);
    server = accept(l, NULL, NULL);
    CHECK(had_syn_data(client) && had_syn_data(server));
    close(client);
    close(server);
    close(l);
    CHECK_EQ(set_mode(CLIENT | SERVER | CLIENT_NO_COOKIE | SERVER_ALL), 0);
    l = fast_listener(-1);
    CHECK_EQ(option_get(l, IPPROTO_TCP, TCP_FASTOPEN), 16);
    CHECK_EQ(option_set(l, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
    CHECK_EQ(say_hello(l, &client, &server), 5);
    CHECK(had_syn_data(client) && had_syn_data(server));
    close(client);
    close(server);
    close(l);
}

TEST(no_queue_no_data)
{
    int l;

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    l = fast_listener(0);
    CHECK(!is_fast(l));
    CHECK_EQ(option_set(l, IPPROTO_TCP, TCP_FASTOPEN, 1), 0);
    CHECK(is_fast(l));
    close(l);
}

TEST(errors)
{
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    int fd, l;

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    l = fast_listener(5);
    CHECK(is_fast(l));
    CHECK_ERR(send_to(l, l, "x", 1, 0), EISCONN);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERR(sendto(fd, "x", 1, MSG_FASTOPEN, &none, sizeof(none)),
              EOPNOTSUPP);
    CHECK_EQ(send_to(fd, l, "x", 1, 0), 1);
    CHECK_ERR(send_to(fd, l, "x", 1, 0), EISCONN);
    close(fd);
    close(l);

    /* Nobody listens any more, but the cookie is the machine's. */
    l = fast_listener(5);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    {
        struct sockaddr_in a = loopback(port_of(l));

        close(l);
        CHECK_EQ(
            sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof(a)),
            1);
    }
    CHECK(events_of(fd, POLLIN, 10000) & POLLERR);
    CHECK_EQ(option_get(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    close(fd);
    CHECK_EQ(set_mode(SERVER), 0);
    l = fast_listener(5);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERR(send_to(fd, l, "x", 1, 0), EOPNOTSUPP);
    close(fd);
    close(l);
}

/* The end follows at once. */
TEST(one_message_and_the_end)
{
    int client, server, l;
    char buf[16] = "";

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    l = fast_listener(5);
    CHECK(is_fast(l));
    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(send_to(client, l, "all", 3, 0), 3);
    CHECK_EQ(shutdown(client, SHUT_WR), 0);
    server = accept(l, NULL, NULL);
    CHECK_EQ(recv(server, buf, sizeof(buf), MSG_WAITALL), 3);
    CHECK_EQ(send(server, "done", 4, 0), 4);
    close(server);
    CHECK_EQ(recv(client, buf, sizeof(buf), MSG_WAITALL), 4);
    CHECK_EQ(recv(client, buf, sizeof(buf), 0), 0);
    close(client);
    close(l);
}

TEST(over_ipv6)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t len = sizeof(a);
    int l = socket(AF_INET6, SOCK_STREAM, 0);
    char buf[4];

    if (!begin(CLIENT | SERVER))
        SKIP("not to be switched here");
    if (l < 0 || bind(l, (struct sockaddr *)&a, sizeof(a)) < 0)
        SKIP("no IPv6");
    CHECK_EQ(listen(l, 5), 0);
    CHECK_EQ(option_set(l, IPPROTO_TCP, TCP_FASTOPEN, 5), 0);
    CHECK_EQ(getsockname(l, (struct sockaddr *)&a, &len), 0);
    for (int n = 0; n < 2; n++) {
        int client = socket(AF_INET6, SOCK_STREAM, 0), server;

        CHECK_EQ(sendto(client, "six", 3, MSG_FASTOPEN, (struct sockaddr *)&a,
                        sizeof(a)),
                 3);
        server = accept(l, NULL, NULL);
        CHECK_EQ(recv(server, buf, 4, 0), 3);
        CHECK_EQ(had_syn_data(server), n == 1);
        CHECK_EQ(had_syn_data(client), n == 1);
        close(client);
        close(server);
    }
    close(l);
}
