/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console_serial_test.c - the console on two serial ports that are not there.
 *
 * Method: the ports are byte queues; the test plays the command at the other
 * end, checks every frame that arrives there, and sends its own in one piece
 * and byte by byte.
 */
/* unit-flags: -ffreestanding */
/* unit: kernel/drivers/link.c */
#include <stdlib.h>
#include <string.h>

/* UAPI leaves these to libc where there is one; libc's clash with UAPI. */
#define S_IFCHR 0020000
#define S_IFIFO 0010000

#include "core/errno.h"
#include "drivers/console_serial.c"
#include "tests/unit.h"

#define QUEUE_LEN 65536u

struct queue {
    uint8_t bytes[QUEUE_LEN];
    size_t head, tail;
};

static struct queue from_guest[2], to_guest[2]; /* COM1, COM2 */
static uint8_t ier[2];
static unsigned signals_seen, last_signal, wakes, output_wakes, full_for;
static struct timer *armed;
static struct waitq queues[2];
static void (*irq_handler)(void *arg);
uint64_t page_direct_va;

void (*console_signal_hook)(int signo);
void (*console_sample_hook)(void);
void (*hypercall_debug_hook)(void);

static unsigned port_idx(uint16_t port)
{
    return (port & ~7u) == COM2;
}

uint8_t arch_in8(uint16_t port)
{
    struct queue *q = &to_guest[port_idx(port)];
    unsigned reg = port & 7;

    if (reg == UART_IIR)
        return q->tail - q->head >= FIFO_TRIGGER ? IIR_FIFO_TRIGGER : 1;
    if (reg == UART_LSR && full_for > 0 && full_for-- > 0)
        return q->head != q->tail;
    if (reg == UART_LSR)
        return LSR_FIFO_EMPTY | LSR_IDLE | (q->head != q->tail);
    if (reg == UART_DATA && q->head != q->tail)
        return q->bytes[q->head++];
    return 0;
}

void arch_out8(uint16_t port, uint8_t value)
{
    if ((port & 7) == UART_IER)
        ier[port_idx(port)] = value;
}

void arch_in8_string(uint16_t port, void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = arch_in8(port);
}

void arch_out8_string(uint16_t port, const void *buf, size_t len)
{
    struct queue *q = &from_guest[port_idx(port)];

    CHECK(len <= FIFO_LEN);
    REQUIRE(q->tail + len <= QUEUE_LEN);
    memcpy(q->bytes + q->tail, buf, len);
    q->tail += len;
}

void arch_irq_register(unsigned irq, void (*fn)(void *arg), void *arg)
{
    CHECK(irq == 3 || irq == 4);
    CHECK_EQ(arg, NULL);
    irq_handler = fn;
}

paddr_t page_alloc(void)
{
    return (uintptr_t)malloc(PAGE_SIZE);
}

struct waitq *console_waitq(bool output)
{
    return &queues[output];
}

void waitq_wake_waiters(struct waitq *q)
{
    if (q == &queues[1])
        output_wakes++;
    else
        wakes++;
}

uint64_t clock_mono_ns(void)
{
    return 5;
}

void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    CHECK_EQ(deadline_ns, 5 + FULL_WAIT_NS);
    armed = t;
}

const struct hypercall_stat *console_stat(unsigned fd)
{
    static struct hypercall_stat stats[3];

    serial_stat(stats);
    return &stats[fd];
}

size_t io_get(struct io *io, void *dst, size_t len)
{
    memcpy(dst, (const uint8_t *)io->vec->base + io->vec_off, len);
    io->vec_off += len;
    io->left -= len;
    return len;
}

size_t io_put(struct io *io, const void *src, size_t len)
{
    memcpy((uint8_t *)io->vec->base + io->vec_off, src, len);
    io->vec_off += len;
    io->left -= len;
    return len;
}

static void count_signal(int signo)
{
    signals_seen++;
    last_signal = (unsigned)signo;
}

static ssize_t put(unsigned fd, const void *buf, size_t len)
{
    struct io_vec vec = { (uaddr_t)buf, len };
    struct io io = { .vec = &vec, .vec_count = 1, .left = len };

    return serial_write(fd, &io);
}

static ssize_t take(void *buf, size_t len)
{
    struct io_vec vec = { (uaddr_t)buf, len };
    struct io io = { .vec = &vec, .vec_count = 1, .left = len };

    return serial_read(&io);
}

static void send(unsigned type, const void *data, size_t len)
{
    struct link_header h = { LINK_MAGIC, (uint8_t)type, (uint16_t)len };
    struct queue *q = &to_guest[1];

    memcpy(q->bytes + q->tail, &h, sizeof(h));
    memcpy(q->bytes + q->tail + sizeof(h), data, len);
    q->tail += sizeof(h) + len;
}

/* Take one frame that the guest sent; its type, 0 if there is none. */
static unsigned frame(void *payload, size_t *len)
{
    struct queue *q = &from_guest[1];
    struct link_header h;

    if (q->head == q->tail)
        return 0;
    memcpy(&h, q->bytes + q->head, sizeof(h));
    CHECK_EQ(h.magic, LINK_MAGIC);
    CHECK(h.len <= LINK_LEN_MAX);
    memcpy(payload, q->bytes + q->head + sizeof(h), h.len);
    q->head += sizeof(h) + h.len;
    *len = h.len;
    return h.type;
}

static void start(bool has_link, bool is_tty)
{
    struct hypercall_stat stats[3] = { { 0 } };
    struct termios t = { .c_iflag = 7 };
    uint8_t payload[LINK_LEN_MAX];
    size_t len;

    console_signal_hook = count_signal;
    console_serial_init(has_link);
    if (!has_link)
        return;
    CHECK_EQ(frame(payload, &len), LINK_READY); /* the command hears of us */
    for (unsigned i = 0; i < 3; i++)
        stats[i] = (struct hypercall_stat){ S_IFIFO | 0600, 0, is_tty, 0 };
    send(LINK_FDSTAT, stats, sizeof(stats));
    if (is_tty)
        send(LINK_TERMIOS, &t, sizeof(t));
}

TEST(stdout_is_raw_and_stderr_framed)
{
    uint8_t big[1000], payload[LINK_LEN_MAX];
    size_t len, seen = 0;

    start(true, false);
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)i;
    CHECK_EQ(put(1, big, sizeof(big)), sizeof(big));
    CHECK_EQ(from_guest[0].tail, sizeof(big));
    CHECK_MEM_EQ(from_guest[0].bytes, big, sizeof(big));
    CHECK_EQ(put(2, big, sizeof(big)), sizeof(big));
    while (seen < sizeof(big)) {
        REQUIRE(frame(payload, &len) == LINK_STDERR);
        CHECK_MEM_EQ(payload, big + seen, len);
        seen += len;
    }
    CHECK_EQ(seen, sizeof(big));
}

/* The reader of a pipe sleeps: nothing is put where it would be lost, and the
 * CPU is free for others. */
TEST(a_slow_reader_loses_nothing)
{
    struct queue *q = &from_guest[0];
    char text[40] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t had;

    start(true, false);
    had = q->tail;
    full_for = FULL_LOOKS + 1;
    CHECK_EQ(put(1, text, 36), -EAGAIN);
    CHECK_EQ(q->tail, had);
    REQUIRE(armed);
    CHECK_EQ(serial_poll(1), 0);
    CHECK_EQ(full_for, 0);
    armed->expired(armed);
    CHECK_EQ(output_wakes, 1);
    CHECK(serial_poll(1) & EPOLLOUT);
    full_for = FULL_LOOKS - 1; /* that is not long */
    CHECK_EQ(put(1, text, 36), 36);
    CHECK_EQ(q->tail - had, 36);
    CHECK(memcmp(q->bytes + had, text, 36) == 0);
}

TEST(without_a_link_all_goes_to_com1)
{
    char c;

    start(false, false);
    CHECK_EQ(ier[0], 0); /* a program that only writes: no interrupts */
    CHECK_EQ(put(2, "err", 3), 3);
    CHECK_MEM_EQ(from_guest[0].bytes, "err", 3);
    CHECK_EQ(console_stat(0)->mode, S_IFCHR | 0600);
    CHECK_EQ(serial_tty(0, TCGETS, &c, 1), -ENOTTY);
    CHECK_EQ(take(&c, 1), -EAGAIN);
    CHECK_EQ(ier[0], IER_RECEIVED);
    to_guest[0].bytes[to_guest[0].tail++] = 'k';
    irq_handler(NULL);
    CHECK_EQ(wakes, 1);
    CHECK_EQ(take(&c, 1), 1);
    CHECK_EQ(c, 'k');
}

TEST(input_comes_by_window_and_ends)
{
    uint8_t payload[LINK_LEN_MAX], sent[RING_LEN], got[RING_LEN];
    uint32_t window;
    size_t len;

    start(true, false);
    CHECK_EQ(take(got, sizeof(got)), -EAGAIN);
    REQUIRE(frame(payload, &len) == LINK_READY);
    memcpy(&window, payload, 4);
    CHECK_EQ(window, RING_LEN);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)(i * 3);
    send(LINK_STDIN, sent, 1000);
    send(LINK_STDIN, sent + 1000, window - 1000);
    send(LINK_STDIN, sent, 0);
    irq_handler(NULL);
    CHECK(wakes > 0);
    CHECK(serial_poll(0) & EPOLLIN);
    CHECK_EQ(take(got, 10), 10);
    CHECK_EQ(take(got + 10, sizeof(got)), RING_LEN - 10);
    CHECK_MEM_EQ(got, sent, sizeof(sent));
    CHECK_EQ(take(got, 1), 0);
    CHECK_EQ(take(got, 1), 0);
    CHECK_EQ(frame(payload, &len), 0); /* no window after the end */
}

TEST(more_than_the_window_is_dropped)
{
    static uint8_t big[LINK_LEN_MAX];
    uint8_t got[16];

    start(true, false);
    CHECK_EQ(take(got, 1), -EAGAIN);
    send(LINK_STDIN, big, sizeof(big));
    send(LINK_STDIN, "overflow", 8);
    irq_handler(NULL);
    CHECK_EQ(com.ring_count, RING_LEN);
}

TEST(signals_and_size)
{
    struct winsize w = { .ws_row = 25, .ws_col = 80 }, seen;

    start(true, true);
    CHECK(console_stat(0)->is_tty);
    send(LINK_SIGNAL, "\x02", 1);
    irq_handler(NULL);
    CHECK_EQ(signals_seen, 1);
    CHECK_EQ(last_signal, 2);
    send(LINK_SIGNAL, "\xff", 1); /* no such signal */
    irq_handler(NULL);
    CHECK_EQ(signals_seen, 1);
    send(LINK_WINSZ, &w, sizeof(w));
    irq_handler(NULL);
    CHECK_EQ(last_signal, SIGWINCH_NR);
    CHECK_EQ(serial_tty(0, TIOCGWINSZ, &seen, sizeof(seen)), 0);
    CHECK_EQ(seen.ws_col, 80);
}

TEST(termios_both_ways)
{
    struct termios t;
    uint8_t payload[LINK_LEN_MAX];
    uint32_t cmd;
    size_t len;

    start(true, true);
    CHECK_EQ(serial_tty(0, TCGETS, &t, sizeof(t)), 0);
    CHECK_EQ(t.c_iflag, 7);
    t.c_lflag = 99;
    CHECK_EQ(serial_tty(0, TCSETSW, &t, sizeof(t)), 0);
    REQUIRE(frame(payload, &len) == LINK_TCSET);
    CHECK_EQ(len, 4 + sizeof(t));
    memcpy(&cmd, payload, 4);
    CHECK_EQ(cmd, TCSETSW);
    CHECK_MEM_EQ(payload + 4, &t, sizeof(t));
}

TEST(exit_and_crash)
{
    struct hypercall_report r = { .rip = 77 }, seen;
    uint8_t payload[LINK_LEN_MAX];
    size_t len;

    start(true, false);
    serial_report("boom", &r, false, 11);
    REQUIRE(frame(payload, &len) == LINK_CRASH);
    CHECK_EQ(len, 5 + sizeof(r));
    CHECK_STR_EQ((char *)payload, "boom");
    memcpy(&seen, payload + 5, sizeof(seen));
    CHECK_EQ(seen.rip, 77);
    serial_power_off(139);
    REQUIRE(frame(payload, &len) == LINK_EXIT);
    CHECK_EQ(payload[0], 139);
}

TEST(rubbish_between_messages_is_skipped)
{
    struct queue *q = &to_guest[1];

    start(true, false);
    memcpy(q->bytes + q->tail, "noise\x01\x02", 7);
    q->tail += 7;
    send(200, "unknown type", 12);
    send(LINK_SIGNAL, "\x0f", 1);
    irq_handler(NULL);
    CHECK_EQ(last_signal, 15);
    CHECK(com.stat_known);
}
