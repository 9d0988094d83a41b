/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk.c - a server that only sends or only receives, as fast as it can.
 *
 * A connection to port 5001 begins with a byte: 's' asks it to send 1 GiB, 'r'
 * to receive to the end and to answer with one byte then.
 */
#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define BULK_LEN (1ull << 30)
#define PORT     5001

static char buf[256 * 1024];

static void send_all(int fd)
{
    unsigned long long left = BULK_LEN;

    while (left > 0) {
        ssize_t n =
            write(fd, buf, left < sizeof(buf) ? (size_t)left : sizeof(buf));

        if (n <= 0)
            return;
        left -= (unsigned long long)n;
    }
}

static void receive_all(int fd)
{
    ssize_t n;

    do
        n = read(fd, buf, sizeof(buf));
    while (n > 0);
    if (n == 0 && write(fd, "", 1) != 1)
        warn("write");
}

int main(void)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;

    signal(SIGPIPE, SIG_IGN);
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(listener, (struct sockaddr *)&any, sizeof(any)) ||
        listen(listener, 5))
        err(1, "port %d", PORT);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char what;

        if (fd < 0)
            err(1, "accept");
        if (read(fd, &what, 1) == 1) {
            if (what == 's')
                send_all(fd);
            else
                receive_all(fd);
        }
        close(fd);
    }
}
