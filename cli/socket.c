/* SPDX-License-Identifier: BSD-2-Clause */
/* socket.c - see socket.h. */
#include "cli/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/fault.h"

#define LISTEN_QUEUED 8

/* A directory's name may be longer than a socket's may be: go through the
 * directory's descriptor. *dir_fd_out stays open while the name is used. */
static int address_make(const char *dir, const char *name,
                        struct sockaddr_un *out, int *dir_fd_out,
                        struct fault *fault)
{
    *dir_fd_out = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir_fd_out < 0)
        return fault_sys(fault, errno, "cannot open the directory '%s'", dir);
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s",
             *dir_fd_out, name);
    return 0;
}

int socket_listen(const char *dir, const char *name, struct fault *fault)
{
    struct sockaddr_un address;
    int dir_fd, fd, err = address_make(dir, name, &address, &dir_fd, fault);

    if (err)
        return err;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, LISTEN_QUEUED) != 0) {
        err = fault_sys(fault, errno, "cannot listen at '%s/%s'", dir, name);
        if (fd >= 0)
            close(fd);
        fd = err;
    }
    close(dir_fd);
    return fd;
}

int socket_connect(const char *dir, const char *name, struct fault *fault)
{
    struct sockaddr_un address;
    int dir_fd, fd, err = address_make(dir, name, &address, &dir_fd, fault);

    if (err)
        return err;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        err = errno == ENOENT ? ECONNREFUSED : errno;
        fault_sys(fault, err, "cannot connect to '%s/%s'", dir, name);
        if (fd >= 0)
            close(fd);
        fd = -err;
    }
    close(dir_fd);
    return fd;
}
