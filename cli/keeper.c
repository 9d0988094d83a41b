/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper.c - see keeper.h.
 *
 * Three processes: the command, which waits until the guest has started; the
 * keeper; and the guest's own, which becomes the monitor. What the last says
 * on stderr before it is ready is about the start, so it goes to the command's
 * stderr as well.
 */
#include "cli/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/guest.h"
#include "cli/guestlog.h"
#include "cli/keeper_clients.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/registry.h"
#include "cli/source.h"
#include "cli/table.h"
#include "host/fault.h"
#include "host/memory.h"
#include "host/path.h"

#define CHUNK_LEN     16384u /* of output, and of stdin that may wait */
#define FIRST_FD      3
#define START_UNKNOWN 255 /* the keeper has not said yet */

enum { AT_OUT, AT_ERR, AT_READY, AT_CHILD, AT_STDIN, AT_CLIENTS };
#define POLL_COUNT (AT_CLIENTS + 1 + KEEPER_CLIENT_MAX)

struct keeper {
    struct options *o;
    const char *dir;
    int started_fd; /* to the command; -1: it has been told */
    int ready_fd;   /* from the guest's process; -1: it is ready, or gone */
    int out_fd, err_fd, stdin_fd;
    int lock_fd;
    pid_t child;
    int child_fd; /* pidfd */
    bool is_ready;
    struct guestlog log;
    struct clients clients;
    struct buf input; /* that the guest has not taken */
};

/* What the guest's process inherits: its ends of all channels. */
struct channels {
    int in, out, err, ready;
};

/* ---- the guest's process ---- */

static void child_stdio(const struct options *o, const struct channels *ch)
{
    if (o->tty) {
        setsid();
        (void)!ioctl(ch->in, TIOCSCTTY, 0);
    }
    dup2(ch->in, STDIN_FILENO);
    dup2(ch->out, STDOUT_FILENO);
    dup2(ch->err, STDERR_FILENO);
}

static __attribute__((noreturn)) void child_run(const struct keeper *k,
                                                struct source *src,
                                                const struct channels *ch)
{
    static struct fault fault;
    struct launch how = { .dir = k->dir, .ready_fd = ch->ready };
    int status;

    /* The keeper's: what tells that it is there must end with it. */
    close(k->lock_fd);
    close(k->started_fd);
    close(k->clients.listen_fd);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    child_stdio(k->o, ch);
    status = launch_guest(k->o, src, &how, &fault);
    if (status < 0) {
        fprintf(stderr, "samara: %s\n", fault.text);
        status = fault.exit_status ? fault.exit_status : EXIT_OWN_FAILURE;
    }
    registry_note(how.info_fd, "exit", status);
    _exit(status);
}

/* ---- channels ---- */

static int pipe_open(int *ours, int *theirs, bool they_write,
                     struct fault *fault)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return fault_sys(fault, errno, "cannot make a pipe");
    *ours = fds[they_write ? 0 : 1];
    *theirs = fds[they_write ? 1 : 0];
    return 0;
}

static int terminal_open(struct keeper *k, struct channels *ch,
                         struct fault *fault)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char *name;

    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        !(name = ptsname(master)) ||
        (ch->in = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        return fault_sys(fault, errno, "cannot make a terminal");
    ch->out = ch->in;
    ch->err = ch->in;
    k->out_fd = master;
    k->stdin_fd = master;
    return 0;
}

static int channels_open(struct keeper *k, struct channels *ch,
                         struct fault *fault)
{
    int err = pipe_open(&k->ready_fd, &ch->ready, true, fault);

    if (err == 0 && k->o->tty)
        return terminal_open(k, ch, fault);
    if (err == 0)
        err = pipe_open(&k->out_fd, &ch->out, true, fault);
    if (err == 0)
        err = pipe_open(&k->err_fd, &ch->err, true, fault);
    if (err == 0 && k->o->interactive)
        err = pipe_open(&k->stdin_fd, &ch->in, false, fault);
    else if (err == 0 && (ch->in = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
        err = fault_sys(fault, errno, "cannot open /dev/null");
    return err;
}

static void channels_close(const struct channels *ch)
{
    close(ch->in);
    if (ch->out != ch->in)
        close(ch->out);
    if (ch->err != ch->in)
        close(ch->err);
    close(ch->ready);
}

/* ---- the loop ---- */

/* Let the command go: 0, or the status of a guest that could not start. */
static void tell_started(struct keeper *k, int status)
{
    uint8_t byte = (uint8_t)status;
    int null;

    if (k->started_fd < 0)
        return;
    (void)!write(k->started_fd, &byte, 1);
    close(k->started_fd);
    k->started_fd = -1;
    /* The terminal, or the pipe, of who called is not ours any more. */
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDERR_FILENO);
}

/* False at its end. */
static bool output_take(struct keeper *k, int fd, int as)
{
    uint8_t chunk[CHUNK_LEN];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return false; /* EIO: nobody has the terminal open any more */
    if (!k->is_ready && (as == STDERR_FILENO || k->o->tty))
        (void)!write(STDERR_FILENO, chunk, (size_t)n);
    guestlog_add(&k->log, as, chunk, (size_t)n);
    clients_send(&k->clients, as == 1 ? KEEPER_STDOUT : KEEPER_STDERR, chunk,
                 (size_t)n);
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void ready_take(struct keeper *k)
{
    uint8_t byte;

    if (read(k->ready_fd, &byte, 1) == 1) {
        k->is_ready = true;
        tell_started(k, 0);
    }
    close_fd(&k->ready_fd);
}

static void frame_take(void *arg, unsigned type, const void *data, size_t len)
{
    struct keeper *k = arg;
    struct winsize size;

    if (type == KEEPER_STDIN && k->stdin_fd >= 0 &&
        k->input.len + len <= KEEPER_BACKLOG_MAX)
        buf_add(&k->input, data, len);
    if (type == KEEPER_WINSIZE && len == sizeof(size) && k->o->tty) {
        memcpy(&size, data, sizeof(size));
        (void)!ioctl(k->out_fd, TIOCSWINSZ, &size);
    }
}

static void input_give(struct keeper *k)
{
    ssize_t n = write(k->stdin_fd, k->input.data, k->input.len);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0)
        n = (ssize_t)k->input.len; /* nobody reads it */
    k->input.len -= (size_t)n;
    memmove(k->input.data, k->input.data + n, k->input.len);
}

static void serve(struct keeper *k)
{
    struct pollfd p[POLL_COUNT];
    bool child_runs = true;

    while (child_runs) {
        p[AT_OUT] = (struct pollfd){ k->out_fd, POLLIN, 0 };
        p[AT_ERR] = (struct pollfd){ k->err_fd, POLLIN, 0 };
        p[AT_READY] = (struct pollfd){ k->ready_fd, POLLIN, 0 };
        p[AT_CHILD] = (struct pollfd){ k->child_fd, POLLIN, 0 };
        p[AT_STDIN] =
            (struct pollfd){ k->input.len > 0 ? k->stdin_fd : -1, POLLOUT, 0 };
        clients_poll_fill(&k->clients, &p[AT_CLIENTS]);
        if (poll(p, POLL_COUNT, -1) < 0)
            continue;
        if (p[AT_READY].revents)
            ready_take(k);
        if (p[AT_OUT].revents && !output_take(k, k->out_fd, 1)) {
            k->stdin_fd = k->o->tty ? -1 : k->stdin_fd;
            close_fd(&k->out_fd);
        }
        if (p[AT_ERR].revents && !output_take(k, k->err_fd, 2))
            close_fd(&k->err_fd);
        if (p[AT_STDIN].revents && k->stdin_fd >= 0)
            input_give(k);
        clients_serve(&k->clients, &p[AT_CLIENTS], frame_take, k);
        child_runs = p[AT_CHILD].revents == 0;
    }
}

/* The process is gone; its last words are still in the pipes. */
static void drain(struct keeper *k)
{
    int *fds[] = { &k->out_fd, &k->err_fd };
    unsigned i;

    for (i = 0; i < 2; i++) {
        struct pollfd p = { *fds[i], POLLIN, 0 };

        while (p.fd >= 0 && poll(&p, 1, 0) > 0)
            if (!output_take(k, p.fd, i == 0 ? STDOUT_FILENO : STDERR_FILENO))
                break;
    }
}

static int child_status(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* How it ended, if its process could not say it. */
static void note_end(const struct keeper *k, int status)
{
    char *path;
    struct guest g;
    int fd;

    if (guest_read(k->dir, &g) != 0)
        return;
    if (g.state == GUEST_DEAD) {
        path = path_join(k->dir, "info");
        fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        registry_note(fd, "exit", status);
        if (fd >= 0)
            close(fd);
        free(path);
    }
    guest_fini(&g);
}

static void finish(struct keeper *k)
{
    uint32_t status = (uint32_t)child_status(k->child);

    drain(k);
    if (k->ready_fd >= 0)
        ready_take(k); /* it may have come and gone */
    note_end(k, (int)status);
    clients_send(&k->clients, KEEPER_EXIT, &status, sizeof(status));
    clients_drain(&k->clients);
    if (!k->is_ready || k->o->remove)
        registry_remove(k->dir);
    tell_started(k, k->is_ready ? 0 : status ? (int)status : EXIT_OWN_FAILURE);
    clients_fini(&k->clients);
}

/* ---- the start ---- */

static int lock_open(struct keeper *k, struct fault *fault)
{
    char *path = path_join(k->dir, "keeper");
    int err = 0;

    k->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (k->lock_fd < 0 || flock(k->lock_fd, LOCK_EX) != 0)
        err = fault_sys(fault, errno, "cannot lock '%s'", path);
    free(path);
    return err;
}

static int guest_start(struct keeper *k, struct source *src,
                       struct fault *fault)
{
    struct channels ch;
    int err = channels_open(k, &ch, fault);

    if (err)
        return err;
    k->child = fork();
    if (k->child == 0)
        child_run(k, src, &ch);
    if (k->child < 0)
        return fault_sys(fault, errno, "cannot start a process");
    channels_close(&ch);
    if (k->o->interactive && !k->o->tty)
        fcntl(k->stdin_fd, F_SETFL, O_NONBLOCK);
    k->child_fd = pidfd_open(k->child, 0);
    return k->child_fd < 0 ? fault_sys(fault, errno, "pidfd_open") : 0;
}

static __attribute__((noreturn)) void keep(struct keeper *k, struct source *src)
{
    static struct fault fault;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int err;

    setsid();
    null = null < 0 ? 0 : dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    /* Nothing of the caller's is held open, but 2 and who waits for us. */
    if (k->started_fd != FIRST_FD)
        dup3(k->started_fd, FIRST_FD, O_CLOEXEC);
    k->started_fd = FIRST_FD;
    close_range(FIRST_FD + 1, ~0u, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    err = lock_open(k, &fault);
    if (err == 0)
        err = guestlog_create(&k->log, k->dir, &fault);
    if (err == 0)
        err = clients_init(&k->clients, k->dir, &fault);
    if (err == 0)
        err = guest_start(k, src, &fault);
    if (err) {
        fprintf(stderr, "samara: %s\n", fault.text);
        registry_remove(k->dir);
        tell_started(k, EXIT_OWN_FAILURE);
        _exit(EXIT_OWN_FAILURE);
    }
    serve(k);
    finish(k);
    _exit(0);
}

int keeper_run(struct options *o, struct source *src, struct fault *fault)
{
    struct keeper k = { .o = o, .out_fd = -1, .err_fd = -1, .stdin_fd = -1 };
    uint8_t status = START_UNKNOWN;
    char *dir;
    int started = -1, err = registry_create(o->name, &dir, fault);
    pid_t pid;

    if (err)
        return err;
    k.dir = dir;
    err = pipe_open(&started, &k.started_fd, true, fault);
    if (err)
        goto free_dir;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(started);
        keep(&k, src);
    }
    close(k.started_fd);
    if (pid < 0)
        err = fault_sys(fault, errno, "cannot start a process");
    else if (read(started, &status, 1) != 1)
        err = fault_set(fault, EIO,
                        "the process that was to keep the guest ended before "
                        "it had started it");
    close(started);
    if (err)
        registry_remove(dir);
    else if (status == 0)
        puts(path_base(dir));

free_dir:
    free(dir);
    return err ? err : status;
}
