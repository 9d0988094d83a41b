/* SPDX-License-Identifier: BSD-2-Clause */
/* sockets.c - sockets and waiting for them: tools/run-trace. */
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "tests/trace/trace.h"

static void addresses(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) },
                              .sin_port = htons(4711) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                                .sin6_port = htons(4712) };
    struct sockaddr_un un = { AF_UNIX, "/tmp/trace socket" };
    struct sockaddr_un hidden = { AF_UNIX, "\0hidden" };
    struct sockaddr other = { 99, "other" };
    struct sockaddr_storage got;
    socklen_t len = sizeof(got);

    CALL(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    CALL(bind, 3, &in, sizeof(in));
    CALL(listen, 3, 16);
    CALL(getsockname, 3, &got, &len);
    CALL(getpeername, 3, &got, &len);
    CALL(socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_IP);
    CALL(connect, 4, &other, sizeof(other));
    CALL(accept4, 99, &got, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CALL(close, 4);
    CALL(close, 3);
    CALL(connect, 99, &in6, sizeof(in6));
    CALL(socket, AF_UNIX, SOCK_DGRAM, 0);
    CALL(connect, 3, &un, sizeof(un));
    CALL(connect, 3, &hidden, 9);
    len = sizeof(got);
    CALL(getsockname, 3, &got, &len);
    CALL(sendto, 3, "text", 4, MSG_DONTWAIT | MSG_NOSIGNAL, &un, sizeof(un));
    CALL(close, 3);
    CALL(socket, 77, SOCK_RAW, 0);
}

static void options(int fd)
{
    struct linger linger = { 1, 5 };
    struct timeval tv = { 3, 5 };
    int one = 1;
    socklen_t len = sizeof(one);

    CALL(socket, AF_INET, SOCK_STREAM, 0);
    CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    CALL(setsockopt, fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
    CALL(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    CALL(setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    CALL(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    CALL(setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    CALL(setsockopt, fd, IPPROTO_IP, IP_TOS, &one, sizeof(one));
    CALL(setsockopt, fd, 99, 98, &one, sizeof(one));
    CALL(getsockopt, fd, SOL_SOCKET, SO_ERROR, &one, &len);
    CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, &one, &len);
    CALL(getsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &one, &len);
    CALL(getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
    CALL(getsockopt, 99, SOL_SOCKET, SO_ERROR, &one, &len);
    CALL(close, fd);
}

static void messages(void)
{
    char data[2][40] = { "first", "second" }, control[64];
    struct iovec out[2] = { { data[0], 5 }, { data[1], 6 } };
    struct iovec in[2] = { { data[0], 8 }, { data[1], 40 } };
    struct msghdr msg = { .msg_iov = out, .msg_iovlen = 2 };
    struct mmsghdr many[2];
    struct cmsghdr *c = (struct cmsghdr *)control;
    int fds[2];

    CALL(socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
    CALL(sendmsg, 3, &msg, MSG_NOSIGNAL);
    msg.msg_iov = in;
    CALL(recvmsg, 4, &msg, 0);
    CALL(recvmsg, 4, &msg, MSG_DONTWAIT);
    memset(control, 0, sizeof(control));
    c->cmsg_len = CMSG_LEN(2 * sizeof(int));
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(c), &(int[2]){ 1, 2 }, 2 * sizeof(int));
    msg = (struct msghdr){ .msg_iov = out,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = CMSG_SPACE(2 * sizeof(int)) };
    CALL(sendmsg, 3, &msg, 0);
    msg.msg_iov = in;
    msg.msg_controllen = sizeof(control);
    CALL(recvmsg, 4, &msg, MSG_CMSG_CLOEXEC);
    CALL(close_range, 5, 6, 0);
    memset(many, 0, sizeof(many));
    many[0].msg_hdr.msg_iov = &out[0];
    many[0].msg_hdr.msg_iovlen = 1;
    many[1].msg_hdr.msg_iov = &out[1];
    many[1].msg_hdr.msg_iovlen = 1;
    CALL(sendmmsg, 3, many, 2, 0);
    CALL(recvfrom, 4, data[0], 40, MSG_PEEK, NULL, NULL);
    CALL(recvfrom, 4, data[0], 40, 0, NULL, NULL);
    CALL(recvfrom, 4, data[0], 40, 0, NULL, NULL);
    CALL(sendto, 3, data[0], 5, 0, NULL, 0);
    CALL(shutdown, 3, SHUT_WR);
    CALL(shutdown, 99, SHUT_RDWR);
}

static void waiting(void)
{
    struct pollfd p[2] = { { 4, POLLIN | POLLOUT, 0 }, { 3, POLLIN, 0 } };
    struct timespec soon = { 0, 1000 };
    struct timeval tv = { 0, 0 };
    struct epoll_event e = { EPOLLIN | EPOLLET, { .u64 = 7 } }, got[4];
    sigset_t none;
    fd_set in, out;

    sigemptyset(&none);
    CALL(poll, p, 2, 0);
    CALL(poll, p + 1, 1, 1);
    CALL(ppoll, p, 2, &soon, &none, 8);
    soon = (struct timespec){ 0, 0 };
    CALL(ppoll, p + 1, 1, &soon, NULL, 0);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(3, &in);
    FD_SET(4, &in);
    FD_SET(4, &out);
    CALL(select, 5, &in, &out, NULL, &tv);
    FD_ZERO(&in);
    FD_SET(3, &in);
    CALL(select, 4, &in, NULL, NULL, &tv);
    CALL(pselect6, 99, NULL, &out, NULL, &soon, NULL);
    CALL(epoll_create1, EPOLL_CLOEXEC);
    CALL(epoll_ctl, 5, EPOLL_CTL_ADD, 4, &e);
    CALL(epoll_ctl, 5, EPOLL_CTL_MOD, 4, &e);
    CALL(epoll_wait, 5, got, 4, 0);
    CALL(epoll_wait, 5, got, 4, 0);
    CALL(epoll_pwait, 5, got, 4, 1, &none, 8);
    CALL(epoll_ctl, 5, EPOLL_CTL_DEL, 4, NULL);
    CALL(epoll_ctl, 5, EPOLL_CTL_DEL, 4, NULL);
    CALL(eventfd2, 1, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE);
    CALL(read, 6, got, 8);
    CALL(read, 6, got, 8);
}

int main(void)
{
    begin();
    addresses();
    options(3);
    messages();
    waiting();
    CALL(exit_group, 0);
}
