/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console_serial.c - the console on a PC's serial ports (16550A).
 *
 * With the command's link, COM1 carries stdout alone, raw, and COM2 the framed
 * messages of abi/link.h: input, its end, signals, the terminal, stderr, the
 * exit status. Without it COM1 carries all three, raw, as a character device
 * that is no terminal: what is typed arrives unedited and unechoed, there is
 * no end of file and no Ctrl-C (the machine's own keys end it).
 *
 * Input interrupts are enabled at once with the link, since signals come that
 * way, else when the first reader waits. A program that only writes pays for
 * one FIFO reset.
 */
#include "drivers/console_backend.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/eventpoll.h>
#include <linux/stat.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "core/string.h"
#include "drivers/hypercall.h"
#include "drivers/link.h"
#include "mm/page.h"
#include "sched/wait.h"
#include "time/clock.h"

#define COM1 0x3f8u
#define COM2 0x2f8u

enum uart_register {
    UART_DATA,
    UART_IER,
    UART_IIR, /* read */
    UART_LCR,
    UART_MCR,
    UART_LSR,
};
#define UART_FCR         UART_IIR  /* written */
#define UART_DIVISOR     UART_DATA /* with LCR_DIVISOR; high byte: IER */
#define FCR_ENABLE_RESET 0xc7u /* FIFOs on and empty, interrupt at 14 bytes */
#define FIFO_TRIGGER     14u
#define IIR_CAUSE        0x0fu
#define IIR_FIFO_TRIGGER 0x04u /* that many bytes, or more, have arrived */
#define LCR_8N1          0x03u
#define LCR_DIVISOR      0x80u
#define MCR_INTERRUPTS   0x0bu /* DTR, RTS, OUT2: the gate to the IRQ line */
#define IER_RECEIVED     0x01u
#define LSR_READY        0x01u
#define LSR_FIFO_EMPTY   0x20u
#define LSR_IDLE         0x40u
#define FIFO_LEN         16u

#define CHUNK_LEN       256u  /* bytes copied from the program at once */
#define RING_LEN        4096u /* input that nobody has read yet */
#define FDSTAT_WAIT_TSC 6000000000ull /* some seconds on any machine */
#define FULL_LOOKS      4096u         /* before others get the CPU meanwhile */
#define FULL_WAIT_NS    2000000u
#define KILLED_WAIT_TSC 1000000000ull
#define SIGNAL_STATUS   128 /* beyond it: ended by a signal */
#define SIGWINCH_NR     28
#define COM1_RDEV       (4u << 8 | 64u) /* ttyS0 */

static struct {
    bool has_link, is_eof, stat_known, termios_known;
    uint8_t *ring; /* NULL until something is to be read */
    uint32_t ring_head, ring_count;
    uint32_t granted; /* bytes that the command may still send */
    struct link_parser parser;
    struct hypercall_stat stats[3];
    struct termios termios;
    struct winsize winsize;
} com;

/* ---- ports ---- */

/* Whoever reads what is sent may take his time, as at a pager, and what is put
 * into a FIFO that is full is lost. */
static void port_wait(uint16_t port, uint8_t state)
{
    while (!(arch_in8(port + UART_LSR) & state))
        continue;
}

static void port_put(uint16_t port, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len > 0) {
        size_t n = MIN(len, FIFO_LEN);

        port_wait(port, LSR_FIFO_EMPTY);
        arch_out8_string(port + UART_DATA, p, n);
        p += n;
        len -= n;
    }
}

static void frame_put(unsigned type, const void *data, size_t len)
{
    struct link_header header = { LINK_MAGIC, (uint8_t)type, (uint16_t)len };

    port_put(COM2, &header, sizeof(header));
    port_put(COM2, data, len);
}

/* ---- input ---- */

static bool ring_make(void)
{
    paddr_t page;

    if (com.ring)
        return true;
    page = page_alloc();
    if (page)
        com.ring = page_ptr(page);
    return page != 0;
}

/* What does not fit was sent beyond the window and is dropped. */
static void ring_put(const uint8_t *data, size_t len)
{
    if (!com.ring)
        return;
    for (; len > 0 && com.ring_count < RING_LEN; len--) {
        com.ring[(com.ring_head + com.ring_count) % RING_LEN] = *data++;
        com.ring_count++;
    }
}

static void link_message(void *arg, unsigned type, const uint8_t *payload,
                         size_t len)
{
    (void)arg;
    if (type == LINK_STDIN && len == 0) {
        com.is_eof = true;
    } else if (type == LINK_STDIN) {
        com.granted -= MIN(com.granted, (uint32_t)len);
        ring_put(payload, len);
    } else if (type == LINK_SIGNAL && len == 1) {
        if (payload[0] >= 1 && payload[0] <= 64 && console_signal_hook)
            console_signal_hook(payload[0]);
    } else if (type == LINK_DEBUG && hypercall_debug_hook) {
        hypercall_debug_hook();
    } else if (type == LINK_WINSZ && len == sizeof(com.winsize)) {
        memcpy(&com.winsize, payload, len);
        if (com.stat_known && console_signal_hook)
            console_signal_hook(SIGWINCH_NR);
    } else if (type == LINK_FDSTAT && len == sizeof(com.stats)) {
        memcpy(com.stats, payload, len);
        com.stat_known = true;
    } else if (type == LINK_TERMIOS && len == sizeof(com.termios)) {
        memcpy(&com.termios, payload, len);
        com.termios_known = true;
    } else if (type == LINK_SAMPLE && console_sample_hook) {
        console_sample_hook();
    }
}

/* What the FIFO holds, in bursts where it says how much: each access to a port
 * may be an exit. */
static size_t fifo_take(uint16_t port, uint8_t buf[FIFO_LEN])
{
    if ((arch_in8(port + UART_IIR) & IIR_CAUSE) == IIR_FIFO_TRIGGER) {
        arch_in8_string(port + UART_DATA, buf, FIFO_TRIGGER);
        return FIFO_TRIGGER;
    }
    if (!(arch_in8(port + UART_LSR) & LSR_READY))
        return 0;
    buf[0] = arch_in8(port + UART_DATA);
    return 1;
}

/*
 * Take what has arrived. The port's interrupt is off meanwhile, or it would
 * come again for each byte that follows one taken. On a bare COM1 no more is
 * taken than the ring holds, and the interrupt stays off until there is room:
 * the host notices that the FIFO is full.
 */
static void receive(void)
{
    uint16_t port = com.has_link ? COM2 : COM1;
    bool had_eof = com.is_eof;
    uint32_t had = com.ring_count;
    uint8_t buf[FIFO_LEN];
    size_t n;

    arch_out8(port + UART_IER, 0);
    for (;;) {
        if (!com.has_link &&
            (!com.ring || RING_LEN - com.ring_count < FIFO_LEN))
            break;
        n = fifo_take(port, buf);
        if (n == 0) {
            arch_out8(port + UART_IER, IER_RECEIVED);
            break;
        }
        if (com.has_link)
            link_feed(&com.parser, buf, n);
        else
            ring_put(buf, n);
    }
    if (com.ring_count != had || com.is_eof != had_eof)
        waitq_wake_all(console_waitq(false));
}

static void interrupt(void *arg)
{
    (void)arg;
    receive();
}

/* Begin to listen; input that is there already is taken at once. */
static void receive_start(void)
{
    static bool is_routed;

    if (!is_routed) {
        is_routed = true;
        arch_irq_register(com.has_link ? 3 : 4, interrupt, NULL);
    }
    receive();
}

/* At the highest speed: a FIFO that does not fill up speaks after the time of
 * four bytes. */
static void port_init(uint16_t port)
{
    arch_out8(port + UART_LCR, LCR_DIVISOR);
    arch_out8(port + UART_DIVISOR, 1);
    arch_out8(port + UART_IER, 0);
    arch_out8(port + UART_FCR, FCR_ENABLE_RESET);
    arch_out8(port + UART_LCR, LCR_8N1);
    arch_out8(port + UART_MCR, MCR_INTERRUPTS);
}

/* The command forwards signals only to a guest that has been heard, so a word
 * as soon as one can be listened to: a program may never say any. */
void console_serial_init(bool has_link)
{
    static const uint32_t no_room;

    com.has_link = has_link;
    com.parser.message = link_message;
    port_init(COM1);
    if (has_link) {
        port_init(COM2);
        receive_start();
        frame_put(LINK_READY, &no_room, sizeof(no_room));
    }
}

/* Somebody wants input: let it come. */
static void input_want(void)
{
    if (!ring_make())
        return;
    if (com.has_link && !com.is_eof) {
        uint32_t room = RING_LEN - com.ring_count - com.granted;

        if (room >= RING_LEN / 2) {
            com.granted += room;
            frame_put(LINK_READY, &room, sizeof(room));
        }
    }
    receive_start();
}

/* The command sends what its descriptors are before anything else; until that
 * has come nobody can know whether stdout is a terminal. */
static void stat_wait(void)
{
    uint64_t start = arch_cycles();

    while (!com.stat_known && arch_cycles() - start < FDSTAT_WAIT_TSC)
        receive();
    /* The terminal's settings follow at once when there is one. */
    while (
        com.stat_known && !com.termios_known &&
        (com.stats[0].is_tty || com.stats[1].is_tty || com.stats[2].is_tty) &&
        arch_cycles() - start < FDSTAT_WAIT_TSC)
        receive();
}

static void serial_stat(struct hypercall_stat out[3])
{
    if (com.has_link)
        stat_wait();
    for (unsigned fd = 0; fd < 3 && !com.stat_known; fd++) {
        com.stats[fd].mode = S_IFCHR | 0600;
        com.stats[fd].rdev = COM1_RDEV;
        com.stats[fd].oflags = fd == 0 ? 0 : 1; /* O_RDONLY, O_WRONLY */
    }
    memcpy(out, com.stats, sizeof(com.stats));
}

/* ---- console.h ---- */

static void look_again(struct timer *t)
{
    (void)t;
    waitq_wake_all(console_waitq(true));
}

/* False: a reader is slow, and writers are woken in a while. */
static bool output_has_room(unsigned looks)
{
    static struct timer timer = { .expired = look_again };

    while (!(arch_in8(COM1 + UART_LSR) & LSR_FIFO_EMPTY))
        if (--looks == 0) {
            timer_arm(&timer, clock_mono_ns() + FULL_WAIT_NS);
            return false;
        }
    return true;
}

static ssize_t serial_write(unsigned fd, struct io *io)
{
    uint8_t chunk[CHUNK_LEN];
    bool is_framed = fd == 2 && com.has_link;
    size_t done = 0;

    while (io->left > 0) {
        size_t want = MIN(io->left, is_framed ? sizeof(chunk) : FIFO_LEN), n;

        if (!is_framed && !output_has_room(FULL_LOOKS))
            return done ? (ssize_t)done : -EAGAIN;
        n = io_get(io, chunk, want);
        if (is_framed && n > 0)
            frame_put(LINK_STDERR, chunk, n);
        else if (n > 0)
            arch_out8_string(COM1 + UART_DATA, chunk, n);
        done += n;
        if (n < want)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

static ssize_t serial_read(struct io *io)
{
    size_t done = 0;

    if (io->left == 0)
        return 0;
    input_want();
    while (com.ring_count > 0 && io->left > 0) {
        size_t n = MIN(MIN((size_t)com.ring_count, io->left),
                       (size_t)(RING_LEN - com.ring_head));
        size_t moved = io_put(io, com.ring + com.ring_head, n);

        com.ring_head = (uint32_t)((com.ring_head + moved) % RING_LEN);
        com.ring_count -= (uint32_t)moved;
        done += moved;
        if (moved < n)
            break;
    }
    if (done > 0)
        return (ssize_t)done;
    if (com.ring_count > 0)
        return -EFAULT;
    return com.is_eof ? 0 : -EAGAIN;
}

static void serial_write_text(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = MIN(len, (size_t)LINK_LEN_MAX);

        if (com.has_link)
            frame_put(LINK_STDERR, text, n);
        else
            port_put(COM1, text, n);
        text += n;
        len -= n;
    }
}

static unsigned serial_poll(unsigned fd)
{
    if (fd != 0)
        return (fd == 2 && com.has_link) || output_has_room(1)
                   ? EPOLLOUT | EPOLLWRNORM
                   : 0;
    input_want();
    if (com.ring_count > 0 || com.is_eof)
        return EPOLLIN | EPOLLRDNORM | (com.ring_count ? 0 : EPOLLHUP);
    return 0;
}

static int termios_set(uint32_t cmd, const void *buf, size_t len)
{
    uint8_t message[4 + sizeof(struct termios)];

    if (len != sizeof(com.termios))
        return -EINVAL;
    memcpy(message, &cmd, 4);
    memcpy(message + 4, buf, len);
    memcpy(&com.termios, buf, len);
    frame_put(LINK_TCSET, message, sizeof(message));
    return 0;
}

static int serial_tty(unsigned fd, uint32_t cmd, void *buf, size_t len)
{
    int count = (int)com.ring_count;

    if (cmd == FIONREAD && len == sizeof(count)) {
        memcpy(buf, &count, len);
        return 0;
    }
    if (!com.has_link || !console_stat(fd)->is_tty)
        return -ENOTTY;
    switch (cmd) {
    case TCGETS:
        if (!com.termios_known || len != sizeof(com.termios))
            return -ENOTTY;
        memcpy(buf, &com.termios, len);
        return 0;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        if (cmd == TCSETSF)
            com.ring_count = 0;
        return termios_set(cmd, buf, len);
    case TIOCGWINSZ:
        if (len != sizeof(com.winsize))
            return -EINVAL;
        memcpy(buf, &com.winsize, len);
        return 0;
    case TCFLSH:
        com.ring_count = 0;
        return 0;
    default:
        return -EINVAL;
    }
}

/* The text, a NUL, and the registers, as one message. Then QEMU stops this
 * machine, until the command has seen what it wants. */
static void serial_report(const char *text,
                          const struct hypercall_report *report, bool is_panic,
                          int signo)
{
    size_t regs_len = report ? sizeof(*report) : 0;
    size_t text_len = MIN(strlen(text), LINK_LEN_MAX - regs_len - 1);
    struct link_header header = { LINK_MAGIC,
                                  is_panic ? LINK_PANIC : LINK_CRASH,
                                  (uint16_t)(text_len + 1 + regs_len) };

    (void)signo; /* the text names it */
    if (!com.has_link) {
        port_put(COM1, text, strlen(text));
        return;
    }
    port_put(COM2, &header, sizeof(header));
    port_put(COM2, text, text_len);
    port_put(COM2, "", 1);
    port_put(COM2, report, regs_len);
    port_wait(COM2, LSR_IDLE);
    arch_out8(LINK_PVPANIC_PORT, LINK_PVPANIC);
}

static bool serial_left_out(unsigned nr)
{
    if (com.has_link)
        frame_put(LINK_LEFT_OUT, &nr, sizeof(nr));
    return com.has_link;
}

/* A program that was killed is not to wait for its reader. */
static void serial_power_off(int status)
{
    uint8_t byte = (uint8_t)status;
    uint64_t start = arch_cycles();

    while (!(arch_in8(COM1 + UART_LSR) & LSR_IDLE))
        if (status > SIGNAL_STATUS && arch_cycles() - start > KILLED_WAIT_TSC)
            break;
    if (com.has_link) {
        frame_put(LINK_EXIT, &byte, 1);
        port_wait(COM2, LSR_IDLE);
    }
}

const struct console_backend console_serial = {
    .write = serial_write,
    .read = serial_read,
    .write_text = serial_write_text,
    .poll = serial_poll,
    .stat = serial_stat,
    .tty = serial_tty,
    .report = serial_report,
    .left_out = serial_left_out,
    .power_off = serial_power_off,
};
