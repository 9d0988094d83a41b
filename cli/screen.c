/* SPDX-License-Identifier: BSD-2-Clause */
/* screen.c - see screen.h. */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/fault.h"
#include "host/memory.h"

#define COLUMNS_DEFAULT 80u
#define LINES_DEFAULT   24u
#define ESCAPE_WAIT_MS  25 /* a key's bytes come together */

/* xterm's, and what all others speak. */
#define ENTER      "\033[?1049h\033[?25l"
#define LEAVE      "\033[?25h\033[?1049l"
#define HOME       "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

static struct termios before;
static bool is_open;
static sigset_t outside; /* the mask, but while waiting */
static volatile sig_atomic_t is_over, is_resized, is_stopped;

static void on_signal(int signo)
{
    if (signo == SIGWINCH)
        is_resized = 1;
    else if (signo == SIGTSTP)
        is_stopped = 1;
    else
        is_over = 1;
}

static void put(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, text, len);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0) {
            is_over = 1;
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

static void enter(void)
{
    struct termios raw = before;

    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    put(ENTER, strlen(ENTER));
    is_open = true;
}

void screen_close(void)
{
    if (!is_open)
        return;
    is_open = false;
    put(LEAVE, strlen(LEAVE));
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

int screen_open(struct fault *fault)
{
    static const int signals[] = { SIGINT,  SIGTERM, SIGHUP,
                                   SIGQUIT, SIGTSTP, SIGWINCH };
    struct sigaction act = { .sa_handler = on_signal };
    sigset_t taken;
    size_t i;

    if (tcgetattr(STDIN_FILENO, &before) != 0 || !isatty(STDOUT_FILENO))
        return fault_set(fault, ENOTTY,
                         "this is no terminal; use -b to print to a file or "
                         "a pipe");
    sigemptyset(&taken);
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaddset(&taken, signals[i]);
        sigaction(signals[i], &act, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &taken, &outside);
    atexit(screen_close);
    enter();
    return 0;
}

void screen_size(unsigned *columns_out, unsigned *lines_out)
{
    struct winsize w = { 0 };

    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
    *columns_out = w.ws_col > 0 ? w.ws_col : COLUMNS_DEFAULT;
    *lines_out = w.ws_row > 0 ? w.ws_row : LINES_DEFAULT;
}

void screen_show(const char *text)
{
    struct buf out = { 0 };
    unsigned columns, lines;

    screen_size(&columns, &lines);
    buf_add(&out, HOME, strlen(HOME));
    while (*text != '\0' && lines > 0) {
        size_t len = strcspn(text, "\n");

        buf_add(&out, text, len);
        buf_add(&out, CLEAR_LINE, strlen(CLEAR_LINE));
        text += len + (text[len] == '\n');
        if (--lines > 0)
            buf_add(&out, "\n", 1);
    }
    if (lines > 0)
        buf_add(&out, CLEAR_REST, strlen(CLEAR_REST));
    put((const char *)out.data, out.len);
    buf_fini(&out);
}

/* ---- keys ---- */

/* In the background the terminal is as it was. */
static void stop(void)
{
    screen_close();
    is_stopped = 0;
    raise(SIGSTOP);
    enter();
}

/* A byte that follows at once; -1: none does. */
static int next_byte(void)
{
    struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
    unsigned char c;

    if (poll(&p, 1, ESCAPE_WAIT_MS) <= 0 || read(STDIN_FILENO, &c, 1) != 1)
        return -1;
    return c;
}

/* ESC [ A or ESC O A; what else begins with ESC is swallowed. */
static int escape(void)
{
    int c = next_byte();

    if (c != '[' && c != 'O')
        return SCREEN_NONE;
    do
        c = next_byte();
    while (c >= 0x20 && c < 0x40);
    switch (c) {
    case 'A':
        return SCREEN_UP;
    case 'B':
        return SCREEN_DOWN;
    case 'C':
        return SCREEN_RIGHT;
    case 'D':
        return SCREEN_LEFT;
    default:
        return SCREEN_REDRAW;
    }
}

static int key_read(void)
{
    unsigned char c;
    ssize_t n = read(STDIN_FILENO, &c, 1);

    if (n < 0 && errno == EINTR)
        return SCREEN_REDRAW;
    if (n <= 0)
        return SCREEN_END;
    return c == 0x1b ? escape() : c;
}

int screen_key(uint64_t until_ns)
{
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t left = until_ns > now ? until_ns - now : 0;
    const struct timespec limit = { (time_t)(left / NS_PER_S),
                                    (long)(left % NS_PER_S) };
    struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
    int ready = is_over ? 0 : ppoll(&p, 1, &limit, &outside);

    if (is_over)
        return SCREEN_END;
    if (is_stopped)
        stop();
    if (ready < 0 || is_resized) {
        is_resized = 0;
        return SCREEN_REDRAW;
    }
    return ready > 0 ? key_read() : SCREEN_NONE;
}
