/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.c - see link.h.
 *
 * One poll() loop. What comes from the guest is written out at once, blocking:
 * a slow reader then slows the guest, as a pipe would. What goes to the guest
 * waits in tx; input is read only while the guest's window is open and tx is
 * empty, so nothing piles up here.
 */
#include "cli/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/crash.h"
#include "abi/hypercall.h"
#include "cli/crash_watch.h"
#include "cli/qemu_control.h"
#include "cli/report.h"
#include "host/calls.h"
#include "host/clock.h"
#include "host/fault.h"

#define END_NS         (3 * NS_PER_S) /* QEMU's time to end after LINK_EXIT */
#define CHUNK_LEN      65536u
#define PREAMBLE_LEN   32u
#define KERNEL_TCGETS  0x5401u
#define KERNEL_TCSETS  0x5402u
#define KERNEL_TCSETSF 0x5404u

static const int forwarded[] = { SIGINT,  SIGTERM, SIGHUP,   SIGQUIT,
                                 SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD };

static void send_message(struct link *l, enum link_type type, const void *data,
                         size_t len)
{
    struct link_header header = { LINK_MAGIC, (uint8_t)type, (uint16_t)len };

    buf_add(&l->tx, &header, sizeof(header));
    buf_add(&l->tx, data, len);
}

/* --- the start --- */

static void send_window_size(struct link *l)
{
    struct winsize ws;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 ||
        ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
        send_message(l, LINK_WINSZ, &ws, sizeof(ws));
}

/* main() fills the places of closed descriptors with such as cannot be used. */
static bool is_closed(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 || (flags & O_PATH);
}

static void send_descriptors(struct link *l)
{
    /* Resetting its FIFO, the guest may lose the first bytes: these. */
    static const uint8_t preamble[PREAMBLE_LEN];
    struct hypercall_stat stats[3] = { 0 };
    int fd;

    for (fd = 0; fd < 3; fd++) {
        struct stat st;

        if (fstat(fd, &st) != 0 || is_closed(fd))
            continue;
        stats[fd].mode = st.st_mode;
        stats[fd].rdev = (uint32_t)st.st_rdev;
        stats[fd].is_tty = (uint32_t)isatty(fd);
        stats[fd].oflags = (uint32_t)fcntl(fd, F_GETFL);
    }
    buf_add(&l->tx, preamble, sizeof(preamble));
    send_message(l, LINK_FDSTAT, stats, sizeof(stats));
    send_window_size(l); /* before what the guest waits for */
    if (l->has_tty)
        send_message(l, LINK_TERMIOS, l->termios, sizeof(l->termios));
}

static void tell(void *arg, unsigned type)
{
    send_message(arg, (enum link_type)type, "", 0);
}

int link_prepare(struct link *l, struct fault *fault)
{
    sigset_t mask;
    size_t i;

    l->exit_status = -1;
    l->stdin_open = !is_closed(STDIN_FILENO);
    l->stdout_open = true;
    l->control->tell = tell;
    l->control->tell_arg = l;
    l->has_tty = ioctl(STDIN_FILENO, KERNEL_TCGETS, l->termios) == 0;
    sigemptyset(&mask);
    for (i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
        sigaddset(&mask, forwarded[i]);
    sigprocmask(SIG_BLOCK, &mask, &l->old_mask);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTTOU, SIG_IGN); /* terminal settings from the background */
    l->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->signal_fd < 0 || fcntl(l->link_fd, F_SETFL, O_NONBLOCK) != 0) {
        link_fini(l);
        return fault_sys(fault, errno, "cannot watch signals");
    }
    send_descriptors(l);
    if (!l->stdin_open)
        send_message(l, LINK_STDIN, "", 0);
    return 0;
}

void link_fini(struct link *l)
{
    if (l->has_tty)
        (void)!ioctl(STDIN_FILENO, KERNEL_TCSETS, l->termios);
    if (l->signal_fd >= 0)
        close(l->signal_fd);
    sigprocmask(SIG_SETMASK, &l->old_mask, NULL);
    buf_fini(&l->rx);
    buf_fini(&l->tx);
}

/* --- to the outside --- */

static void write_out(struct link *l, int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EAGAIN) {
            struct pollfd p = { fd, POLLOUT, 0 };

            (void)!poll(&p, 1, -1);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) { /* nobody reads any more: the guest learns as usual */
            if (fd == STDOUT_FILENO && l->stdout_open) {
                const uint8_t sig = SIGPIPE;

                l->stdout_open = false;
                send_message(l, LINK_SIGNAL, &sig, 1);
            }
            return;
        }
        data += n;
        len -= (size_t)n;
    }
}

/* False at end of file. */
static bool output_take(struct link *l)
{
    uint8_t chunk[CHUNK_LEN];
    ssize_t n = read(l->out_fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return false;
    if (l->stdout_open)
        write_out(l, STDOUT_FILENO, chunk, (size_t)n);
    return true;
}

/* --- messages from the guest --- */

/* Only the terminal's settings, and only by the three numbers for that. */
static void terminal_set(struct link *l, const uint8_t *data, size_t len)
{
    uint8_t termios[LINK_TERMIOS_LEN];
    uint32_t request;

    if (!l->has_tty || len != sizeof(request) + sizeof(termios))
        return;
    memcpy(&request, data, sizeof(request));
    memcpy(termios, data + sizeof(request), sizeof(termios));
    if (request >= KERNEL_TCSETS && request <= KERNEL_TCSETSF)
        (void)!ioctl(STDIN_FILENO, request, termios);
}

/* Everything that the guest put out before comes out before. */
static void output_flush(struct link *l)
{
    struct pollfd p = { l->out_fd, POLLIN, 0 };

    while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN))
        if (!output_take(l))
            break;
}

/* The text, a NUL, and the registers if there are any. */
static void crash_fill(const struct link_header *header, const uint8_t *data,
                       struct crash *out)
{
    size_t text_len = strnlen((const char *)data, header->len);
    size_t regs_len = header->len - text_len;

    *out = (struct crash){ .magic = CRASH_MAGIC, .kind = CRASH_MEMORY };
    memcpy(out->text, data,
           text_len < CRASH_TEXT_LEN ? text_len : CRASH_TEXT_LEN - 1);
    if (regs_len == 1 + sizeof(out->report)) {
        out->kind = CRASH_SIGNAL;
        out->has_regs = 1;
        memcpy(&out->report, data + text_len + 1, sizeof(out->report));
    }
    if (header->type == LINK_PANIC)
        out->kind = CRASH_PANIC;
}

/* False: nobody else has told the user. */
static bool crash_tell(struct link *l, const struct link_header *header,
                       const uint8_t *data)
{
    struct crash crash;
    struct fault ignored;
    char byte;
    bool is_told = false;
    int fd;

    if (l->control->listen_fd < 0)
        return false;
    fd = crash_watch_start(l->dir, l->core_dir, &ignored);
    if (fd < 0)
        return false;
    crash_fill(header, data, &crash);
    if (write(fd, &crash, sizeof(crash)) == (ssize_t)sizeof(crash)) {
        qemu_control_serve_until(l->control, fd);
        is_told = recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
    }
    close(fd);
    return is_told;
}

static void message_take(struct link *l, const struct link_header *header,
                         const uint8_t *data)
{
    uint32_t more;

    switch (header->type) {
    case LINK_STDERR:
        output_flush(l);
        write_out(l, STDERR_FILENO, data, header->len);
        break;
    case LINK_EXIT:
        if (header->len == 1 && l->exit_status < 0) {
            l->exit_status = data[0];
            l->deadline_ns = clock_ns(CLOCK_MONOTONIC) + END_NS;
        }
        break;
    case LINK_TCSET:
        terminal_set(l, data, header->len);
        break;
    case LINK_PANIC:
    case LINK_CRASH:
        output_flush(l);
        l->is_panic = l->is_panic || header->type == LINK_PANIC;
        if (!crash_tell(l, header, data))
            report_print(l->image, data, header->len);
        if (header->type == LINK_PANIC)
            l->deadline_ns = clock_ns(CLOCK_MONOTONIC) + END_NS;
        break;
    case LINK_LEFT_OUT:
        if (header->len == sizeof(more)) {
            memcpy(&more, data, sizeof(more));
            output_flush(l);
            call_report_left_out(more);
        }
        break;
    case LINK_READY:
        if (header->len == sizeof(more)) {
            memcpy(&more, data, sizeof(more));
            l->window += more;
        }
        break;
    default:
        break;
    }
}

static int messages_take(struct link *l, struct fault *fault)
{
    struct link_header header;
    size_t at = 0;

    while (l->rx.len - at >= sizeof(header)) {
        memcpy(&header, l->rx.data + at, sizeof(header));
        if (header.magic != LINK_MAGIC || header.len > LINK_LEN_MAX)
            return fault_set(fault, EPROTO,
                             "the guest in '%s' sent a malformed message (%02x "
                             "%02x %u) and was ended; the kernel's state is "
                             "damaged: run it again with -v and report it",
                             l->image, header.magic, header.type, header.len);
        if (l->rx.len - at - sizeof(header) < header.len)
            break;
        l->is_heard = true;
        message_take(l, &header, l->rx.data + at + sizeof(header));
        at += sizeof(header) + header.len;
    }
    if (at > 0)
        memmove(l->rx.data, l->rx.data + at, l->rx.len - at);
    l->rx.len -= at;
    return 0;
}

/* 1 while the line is open, 0 at its end, -errno on rubbish. */
static int link_take(struct link *l, struct fault *fault)
{
    uint8_t chunk[CHUNK_LEN];
    ssize_t n = read(l->link_fd, chunk, sizeof(chunk));
    int err;

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 1;
    if (n <= 0)
        return 0;
    buf_add(&l->rx, chunk, (size_t)n);
    err = messages_take(l, fault);
    return err ? err : 1;
}

/* --- messages to the guest --- */

static void tx_send(struct link *l)
{
    ssize_t n = send(l->link_fd, l->tx.data, l->tx.len, MSG_NOSIGNAL);

    if (n <= 0)
        return; /* a closed line is noticed by reading */
    memmove(l->tx.data, l->tx.data + n, l->tx.len - (size_t)n);
    l->tx.len -= (size_t)n;
}

static void input_take(struct link *l)
{
    uint8_t chunk[LINK_LEN_MAX];
    size_t want = l->window < sizeof(chunk) ? (size_t)l->window : sizeof(chunk);
    ssize_t n = read(STDIN_FILENO, chunk, want);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        l->stdin_open = l->has_tty && n == 0; /* ^D ends one read only */
        n = 0;
    }
    l->window -= (size_t)n;
    send_message(l, LINK_STDIN, chunk, (size_t)n);
}

static void signal_take(struct link *l)
{
    struct signalfd_siginfo info;

    while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        const uint8_t number = (uint8_t)info.ssi_signo;

        if (info.ssi_signo == SIGCHLD)
            continue; /* the loop looks */
        if (info.ssi_signo == SIGWINCH) {
            send_window_size(l);
        } else if (l->is_heard || l->exit_status >= 0) {
            send_message(l, LINK_SIGNAL, &number, 1);
        } else {
            /* Nobody is there yet to forward it to. */
            l->exit_status = 128 + number;
            kill(l->child, SIGKILL);
        }
    }
}

/* --- the loop --- */

static void child_check(struct link *l, bool wait)
{
    if (!l->child_gone && waitpid(l->child, NULL, wait ? 0 : WNOHANG) > 0)
        l->child_gone = true;
}

static int timeout_ms(const struct link *l)
{
    uint64_t now;

    if (l->deadline_ns == 0)
        return qemu_control_patience(l->control);
    now = clock_ns(CLOCK_MONOTONIC);
    if (now >= l->deadline_ns)
        return 0;
    return (int)((l->deadline_ns - now) / 1000000) + 1;
}

static bool is_any(const struct pollfd *p, size_t count)
{
    while (count > 0)
        if (p[--count].revents)
            return true;
    return false;
}

static int serve_loop(struct link *l, struct fault *fault)
{
    bool out_open = true, link_open = true;
    int err;

    while (out_open || link_open) {
        bool wants_input = l->stdin_open && l->window > 0 && l->tx.len == 0;
        struct pollfd p[4 + QEMU_CONTROL_FDS] = {
            { out_open ? l->out_fd : -1, POLLIN, 0 },
            { link_open ? l->link_fd : -1,
              (short)(POLLIN | (l->tx.len > 0 ? POLLOUT : 0)), 0 },
            { l->signal_fd, POLLIN, 0 },
            { wants_input ? STDIN_FILENO : -1, POLLIN, 0 },
        };

        qemu_control_poll(l->control, p + 4);
        if (poll(p, 4 + QEMU_CONTROL_FDS, timeout_ms(l)) < 0 && errno != EINTR)
            return fault_sys(fault, errno, "cannot wait for the guest");
        if (l->deadline_ns != 0 && clock_ns(CLOCK_MONOTONIC) >= l->deadline_ns)
            kill(l->child, SIGKILL);
        if (p[2].revents)
            signal_take(l);
        if (p[0].revents)
            out_open = output_take(l);
        if (p[1].revents & (POLLIN | POLLHUP | POLLERR)) {
            err = link_take(l, fault);
            if (err < 0)
                return err;
            link_open = err > 0;
        }
        if (link_open && (p[1].revents & POLLOUT))
            tx_send(l);
        if (p[3].revents)
            input_take(l);
        if (is_any(p + 4, QEMU_CONTROL_FDS))
            qemu_control_serve(l->control);
    }
    return 0;
}

int link_serve(struct link *l, struct fault *fault)
{
    int err = serve_loop(l, fault);

    if (err)
        kill(l->child, SIGKILL);
    child_check(l, true);
    qemu_control_end(l->control, l->exit_status);
    if (err)
        return err;
    if (l->is_panic)
        return fault_set(fault, EIO,
                         "the kernel in '%s' stopped; its report is above",
                         l->image);
    if (l->exit_status < 0)
        return fault_set(fault, EIO,
                         "QEMU ended before the program in '%s' did; what it "
                         "said is above. Perhaps more memory helps: -m",
                         l->image);
    return l->exit_status;
}
