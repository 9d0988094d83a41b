/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach.c - samara attach: the output of a guest in the background from now
 * on, its input, and the signals that come here.
 *
 * A terminal is made raw if the guest has one of its own (run -t); Ctrl-P
 * Ctrl-Q leaves the guest to itself, as in docker.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cli/keeper.h"
#include "cli/registry.h"
#include "cli/socket.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"
#include "host/file.h"

#define CHUNK_LEN   4096u
#define DETACH_KEY1 0x10 /* Ctrl-P */
#define DETACH_KEY2 0x11 /* Ctrl-Q */

struct attach {
    bool no_stdin, help;
    const struct guest *guest;
    int fd; /* the keeper */
    int signal_fd;
    bool stdin_open, is_raw, has_key1;
    bool detached;
    int status; /* the guest's exit status; -1: not known yet */
    struct buf rx;
    struct termios before;
};

const struct arg_option options_attach[] = {
    { 0, "no-stdin", NULL, "only watch", ARG_FLAG(struct attach, no_stdin) },
    ARG_HELP(struct attach),
    ARG_END,
};

static void send_frame(struct attach *a, unsigned type, const void *data,
                       size_t len)
{
    struct keeper_frame head = { .type = (uint8_t)type, .len = (uint32_t)len };
    struct fault ignored; /* an end is noticed by reading */

    if (file_write_all(a->fd, &head, sizeof(head), "the keeper", &ignored) == 0)
        (void)file_write_all(a->fd, data, len, "the keeper", &ignored);
}

static void send_size(struct attach *a)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        send_frame(a, KEEPER_WINSIZE, &size, sizeof(size));
}

/* Everything but the keys that end this. */
static void keys_take(struct attach *a, const uint8_t *data, size_t len)
{
    struct buf out = { 0 };
    size_t i;

    for (i = 0; i < len && !a->detached; i++) {
        const uint8_t key1 = DETACH_KEY1;

        if (a->has_key1 && data[i] == DETACH_KEY2) {
            a->detached = true;
        } else {
            if (a->has_key1)
                buf_add(&out, &key1, 1);
            if (data[i] != DETACH_KEY1)
                buf_add(&out, &data[i], 1);
        }
        a->has_key1 = data[i] == DETACH_KEY1;
    }
    if (out.len > 0)
        send_frame(a, KEEPER_STDIN, out.data, out.len);
    buf_fini(&out);
}

static void input_take(struct attach *a)
{
    uint8_t chunk[CHUNK_LEN];
    ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0)
        a->stdin_open = false;
    else if (a->is_raw)
        keys_take(a, chunk, (size_t)n);
    else
        send_frame(a, KEEPER_STDIN, chunk, (size_t)n);
}

static void frame_take(struct attach *a, const struct keeper_frame *head,
                       const uint8_t *data)
{
    struct fault ignored; /* as with cat: who does not read is not told */
    uint32_t status;

    if (head->type == KEEPER_STDOUT)
        (void)file_write_all(STDOUT_FILENO, data, head->len, "stdout",
                             &ignored);
    else if (head->type == KEEPER_STDERR)
        (void)file_write_all(STDERR_FILENO, data, head->len, "stderr",
                             &ignored);
    else if (head->type == KEEPER_EXIT && head->len == sizeof(status)) {
        memcpy(&status, data, sizeof(status));
        a->status = (int)(status & 0xff);
    }
}

/* False when the keeper has gone. */
static bool output_take(struct attach *a)
{
    uint8_t chunk[CHUNK_LEN];
    struct keeper_frame head;
    size_t at = 0;
    ssize_t n = recv(a->fd, chunk, sizeof(chunk), 0);

    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    buf_add(&a->rx, chunk, (size_t)n);
    while (a->rx.len - at >= sizeof(head)) {
        memcpy(&head, a->rx.data + at, sizeof(head));
        if (head.len > KEEPER_FRAME_MAX)
            return false;
        if (a->rx.len - at - sizeof(head) < head.len)
            break;
        frame_take(a, &head, a->rx.data + at + sizeof(head));
        at += sizeof(head) + head.len;
    }
    a->rx.len -= at;
    if (at > 0)
        memmove(a->rx.data, a->rx.data + at, a->rx.len);
    return a->status < 0;
}

static void signal_take(struct attach *a)
{
    struct signalfd_siginfo info;
    struct fault ignored;

    if (read(a->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH)
        send_size(a);
    else
        (void)guest_signal(a->guest, (int)info.ssi_signo, &ignored);
}

static int signals_open(struct attach *a, struct fault *fault)
{
    static const int numbers[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                   SIGUSR1, SIGUSR2, SIGWINCH };
    sigset_t set;
    size_t i;

    sigemptyset(&set);
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (a->signal_fd < 0)
        return fault_sys(fault, errno, "cannot watch signals");
    return 0;
}

static void terminal_raw(struct attach *a)
{
    struct termios raw;

    if (a->no_stdin || tcgetattr(STDIN_FILENO, &a->before) != 0)
        return;
    send_size(a);
    raw = a->before;
    cfmakeraw(&raw);
    a->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void loop(struct attach *a)
{
    bool keeper_open = true;

    while (keeper_open && !a->detached) {
        struct pollfd p[] = {
            { a->fd, POLLIN, 0 },
            { a->signal_fd, POLLIN, 0 },
            { a->stdin_open ? STDIN_FILENO : -1, POLLIN, 0 },
        };

        if (poll(p, 3, -1) < 0)
            continue;
        if (p[1].revents)
            signal_take(a);
        if (p[2].revents)
            input_take(a);
        if (p[0].revents)
            keeper_open = output_take(a);
    }
}

static int attach(struct attach *a, struct fault *fault)
{
    int err;

    if (!a->guest->is_detached || a->guest->state >= GUEST_EXITED)
        return fault_set(fault, EINVAL,
                         "the guest '%s' %s; only one that runs in the "
                         "background (run -d) can be attached to",
                         a->guest->name,
                         a->guest->state >= GUEST_EXITED
                             ? "has ended"
                             : "runs in the foreground");
    a->fd = socket_connect(a->guest->dir, "attach", fault);
    if (a->fd == -ECONNREFUSED)
        return fault_set(fault, ECONNREFUSED,
                         "nobody keeps the guest '%s' any more: the process "
                         "that took its output was killed",
                         a->guest->name);
    if (a->fd < 0)
        return a->fd;
    err = signals_open(a, fault);
    if (err == 0) {
        a->stdin_open = !a->no_stdin;
        if (a->guest->has_tty)
            terminal_raw(a);
        loop(a);
        if (a->is_raw)
            tcsetattr(STDIN_FILENO, TCSANOW, &a->before);
        close(a->signal_fd);
    }
    close(a->fd);
    buf_fini(&a->rx);
    if (err || a->detached)
        return err;
    if (a->status < 0)
        return fault_set(fault, EIO,
                         "the process that keeps the guest '%s' has gone",
                         a->guest->name);
    return a->status;
}

int verb_attach(int argc, char **argv, struct fault *fault)
{
    struct attach a = { .status = -1 };
    struct guest g;
    int first, err = args_parse_anywhere(options_attach, &a, argc, argv, &first,
                                         fault);

    if (err == 0 && a.help)
        return verb_show_help("attach");
    if (err == 0)
        err = verb_guest(argc, argv, first, &g, fault);
    if (err)
        return err;
    a.guest = &g;
    err = attach(&a, fault);
    guest_fini(&g);
    return err;
}
