/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c - see child.h. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/memory.h"

static void child_exec(const struct child *c, int text)
{
    dup2(text, STDOUT_FILENO);
    dup2(c->out ? open("/dev/null", O_WRONLY) : text, STDERR_FILENO);
    /* Both take the words as not const, and do not change them. */
    if (c->env)
        putenv((char *)(uintptr_t)c->env);
    execv(c->path, (char *const *)(uintptr_t)c->argv);
    _exit(127);
}

/* What it said, on one line. */
static void text_read(int fd, char *text)
{
    size_t len = 0;
    char *p;

    for (;;) {
        char drop[256];
        ssize_t n = len < CHILD_TEXT_MAX - 1
                        ? read(fd, text + len, CHILD_TEXT_MAX - 1 - len)
                        : read(fd, drop, sizeof(drop));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (len < CHILD_TEXT_MAX - 1)
            len += (size_t)n;
    }
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    for (p = text; *p != '\0'; p++)
        if (*p == '\n')
            *p = ' ';
}

/* All that it writes. */
static int out_read(int fd, struct child *c, struct fault *fault)
{
    char chunk[65536];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_sys(fault, errno, "cannot read from '%s'", c->path);
        if ((size_t)n > c->out_len_max - c->out->len)
            return fault_set(fault, EFBIG, "'%s' writes more than %zu bytes",
                             c->path, c->out_len_max);
        buf_add(c->out, chunk, (size_t)n);
    }
    return 0;
}

int child_run(struct child *c, struct fault *fault)
{
    int pipe_fd[2];
    int status = 0, err = 0;
    pid_t pid;

    if (pipe2(pipe_fd, O_CLOEXEC) != 0)
        return fault_sys(fault, errno, "cannot make a pipe");
    pid = fork();
    if (pid < 0) {
        close(pipe_fd[0]);
        close(pipe_fd[1]);
        return fault_sys(fault, errno, "cannot start '%s'", c->path);
    }
    if (pid == 0)
        child_exec(c, pipe_fd[1]);
    close(pipe_fd[1]);
    if (c->out)
        err = out_read(pipe_fd[0], c, fault);
    else
        text_read(pipe_fd[0], c->text);
    close(pipe_fd[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    c->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return err;
}
