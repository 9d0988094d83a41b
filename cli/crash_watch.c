/* SPDX-License-Identifier: BSD-2-Clause */
/* crash_watch.c - see crash_watch.h. */
#include "cli/crash_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/place.h"
#include "host/fault.h"
#include "host/memory.h"

#define SOCKET_FD 3 /* as `samara-debug crash` knows */

/* The terminal's signals, and those for the guest's process group, are the
 * guest's: it may live on. */
static void ignore_signals(void)
{
    static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGTSTP,
                                   SIGUSR1, SIGUSR2, SIGPIPE, SIGTTOU };
    size_t i;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], SIG_IGN);
}

static __attribute__((noreturn)) void watch(int fd, const char *dir,
                                            const char *core_dir)
{
    const char *argv[] = { "samara-debug", "crash", dir, core_dir, NULL };
    struct fault ignored;
    char byte, *program;
    sigset_t none;
    ssize_t n;

    ignore_signals();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, "samara-crash");
    dup2(fd, SOCKET_FD);
    close_range(SOCKET_FD + 1, ~0u, 0);
    close(STDIN_FILENO); /* others see their end when the guest ends */
    close(STDOUT_FILENO);
    do
        n = recv(SOCKET_FD, &byte, 1, MSG_PEEK);
    while (n < 0 && errno == EINTR);
    if (n == 1 && open("/dev/null", O_RDWR) == STDIN_FILENO &&
        dup(STDIN_FILENO) == STDOUT_FILENO && (program = place_debug(&ignored)))
        execv(program, (char *const *)(uintptr_t)argv);
    _exit(0);
}

int crash_watch_start(const char *dir, const char *core_dir,
                      struct fault *fault)
{
    int pair[2];
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_sys(fault, errno, "cannot make a pair of sockets");
    child = fork();
    if (child == 0)
        watch(pair[1], dir, core_dir);
    close(pair[1]);
    if (child > 0)
        return pair[0];
    close(pair[0]);
    return fault_sys(fault, errno, "cannot start a process");
}

char *crash_watch_core_dir(const char *path, struct fault *fault)
{
    char *absolute = realpath(path, NULL);
    struct stat st;

    if (absolute && stat(absolute, &st) == 0 && !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (absolute)
        return absolute;
    free(absolute);
    fault_sys(fault, errno,
              "option --core-dir: '%s' cannot be used; make it: mkdir -p '%s'",
              path, path);
    return NULL;
}
