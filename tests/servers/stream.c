/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.c - a server of streams whose every byte is known, for bad lines.
 *
 * A connection to port 5002 begins with a line:
 *
 *   s LENGTH   send so many bytes
 *   r LENGTH   receive so many, and answer "+" if all were right, else "-"
 *   e SIZE     send back so many whenever so many have come
 *   u TIME     send until that fails, with a TCP_USER_TIMEOUT in ms
 *   q          what the last u ended by: the number of an error
 *   c          what TCP has counted: /proc/net/snmp and netstat
 *   d COUNT US send so many datagrams to the peer's port of the same number,
 *              with a sleep of so many us before each; and once a byte comes,
 *              answer how many could not be sent
 *
 * Byte n of a stream is n % 251. Each connection has a thread.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT      5002
#define CONTROL   "cubic" /* whatever the host's default is */
#define PERIOD    251u
#define CHUNK_LEN (256u << 10)
#define STACK_LEN (64u << 10)
#define WORDS_MAX 32
#define DGRAM_LEN 1400u

static uint8_t pattern[CHUNK_LEN + PERIOD];
static _Atomic int last_error;

static int send_all(int fd, unsigned long long len)
{
    unsigned long long done = 0;

    while (done < len) {
        size_t left = len - done < CHUNK_LEN ? len - done : CHUNK_LEN;
        ssize_t n = write(fd, pattern + done % PERIOD, left);

        if (n <= 0)
            return errno;
        done += (unsigned long long)n;
    }
    return 0;
}

static void receive_all(int fd, unsigned long long len)
{
    uint8_t *buf = malloc(CHUNK_LEN);
    unsigned long long done = 0;

    while (buf && done < len) {
        ssize_t n = read(fd, buf, CHUNK_LEN);

        if (n <= 0 || memcmp(buf, pattern + done % PERIOD, (size_t)n))
            break;
        done += (unsigned long long)n;
    }
    free(buf);
    if (write(fd, done == len ? "+" : "-", 1) != 1)
        warn("write");
}

static void echo(int fd, size_t size)
{
    uint8_t buf[4096];

    if (size > sizeof(buf))
        return;
    while (recv(fd, buf, size, MSG_WAITALL) == (ssize_t)size)
        if (write(fd, buf, size) != (ssize_t)size)
            return;
}

static void show(int to, const char *path)
{
    char buf[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n;

    while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
        if (write(to, buf, (size_t)n) != n)
            break;
    if (fd >= 0)
        close(fd);
}

static void send_until_fails(int fd, unsigned time_ms)
{
    last_error = 0;
    if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &time_ms,
                   sizeof(time_ms)))
        warn("TCP_USER_TIMEOUT");
    last_error = send_all(fd, UINT64_MAX);
}

/* One datagram; every other one without waiting in the call. 0, or errno */
static int send_datagram(int fd, uint32_t number)
{
    int flags = number % 2 ? MSG_DONTWAIT : 0;
    struct pollfd room = { fd, POLLOUT, 0 };
    uint8_t buf[DGRAM_LEN] = { 0 };

    memcpy(buf, &number, sizeof(number));
    while (send(fd, buf, sizeof(buf), flags) < 0) {
        if (errno != EAGAIN || !flags)
            return errno;
        if (poll(&room, 1, -1) < 0)
            return errno;
    }
    return 0;
}

static void send_datagrams(int control, unsigned long count, long gap_us)
{
    const struct timespec gap = { gap_us / 1000000, gap_us % 1000000 * 1000 };
    struct sockaddr_in peer;
    socklen_t len = sizeof(peer);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    unsigned long wrong = 0;
    char byte;

    if (getpeername(control, (struct sockaddr *)&peer, &len))
        err(1, "getpeername");
    peer.sin_port = htons(PORT);
    if (connect(fd, (struct sockaddr *)&peer, len))
        err(1, "connect");
    for (unsigned long n = 0; n < count; n++) {
        int error;

        if (gap_us)
            nanosleep(&gap, NULL);
        error = send_datagram(fd, (uint32_t)n);
        if (error && wrong++ == 0)
            warnx("datagram %lu: %s", n, strerror(error));
    }
    if (read(control, &byte, 1) == 1)
        dprintf(control, "%lu", wrong);
    close(fd);
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char line[WORDS_MAX] = "", *end;
    unsigned long long number;

    for (size_t n = 0; n + 1 < sizeof(line); n++)
        if (read(fd, line + n, 1) != 1 || line[n] == '\n')
            break;
    number = strtoull(line + 1, &end, 10);
    if (line[0] == 's')
        (void)send_all(fd, number);
    else if (line[0] == 'r')
        receive_all(fd, number);
    else if (line[0] == 'e')
        echo(fd, number);
    else if (line[0] == 'u')
        send_until_fails(fd, (unsigned)number);
    else if (line[0] == 'q')
        dprintf(fd, "%d", last_error);
    else if (line[0] == 'd')
        send_datagrams(fd, number, strtol(end, NULL, 10));
    else if (line[0] == 'c') {
        show(fd, "/proc/net/snmp");
        show(fd, "/proc/net/netstat");
    }
    close(fd);
    return NULL;
}

int main(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    pthread_attr_t attr;

    for (size_t n = 0; n < sizeof(pattern); n++)
        pattern[n] = (uint8_t)(n % PERIOD);
    signal(SIGPIPE, SIG_IGN);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_LEN);
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(listener, (struct sockaddr *)&any, sizeof(any)) ||
        listen(listener, 64))
        err(1, "port %d", PORT);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;

        if (fd < 0)
            err(1, "accept");
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
            setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, CONTROL,
                       strlen(CONTROL)))
            warn("an option");
        if (pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd))
            errx(1, "no thread");
    }
}
