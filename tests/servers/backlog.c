/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backlog.c - a server that lets connections wait, for trouble.py.
 *
 * Port 7001 has a short accept queue from which nothing is taken until a byte
 * comes to port 7002; then everything is, a byte is read from each and
 * answered, and the byte that came first with their number. Port 7002 answers a
 * '?' at any time. Who connects to port 7003 is never listened to.
 *   With an argument a second thread computes, without a system call.
 */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAITING 7001
#define ASKING  7002
#define UNHEARD 7003
#define QUEUE   4

static int listener(unsigned short port, int queue)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, queue))
        err(1, "port %u", port);
    return fd;
}

/* Accept all that wait, and greet them: how many there were. */
static char accept_all(int waiting)
{
    char count = 0, byte;
    int fd;

    while ((fd = accept(waiting, NULL, NULL)) >= 0) {
        if (read(fd, &byte, 1) == 1 && write(fd, "hello\n", 6) == 6)
            count++;
        close(fd);
    }
    return count;
}

static void *compute(void *arg)
{
    for (volatile unsigned n = 0;; n++)
        continue;
    return arg;
}

static void answer(int asking, int waiting)
{
    int fd = accept(asking, NULL, NULL);
    char what = 0;

    if (fd < 0)
        err(1, "accept");
    if (read(fd, &what, 1) == 1 && what != '?')
        what = accept_all(waiting);
    if (write(fd, &what, 1) != 1)
        warn("write");
    close(fd);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int waiting = listener(WAITING, QUEUE);
    struct pollfd fds[] = { { listener(ASKING, 16), POLLIN, 0 },
                            { listener(UNHEARD, 16), POLLIN, 0 } };

    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && pthread_create(&thread, NULL, compute, NULL) != 0)
        errx(1, "pthread_create");
    if (fcntl(waiting, F_SETFL, O_NONBLOCK) != 0)
        err(1, "fcntl");
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            err(1, "poll");
        if (fds[0].revents)
            answer(fds[0].fd, waiting);
        if (fds[1].revents && accept(fds[1].fd, NULL, NULL) < 0)
            warn("accept");
    }
}
