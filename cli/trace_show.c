/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_show.c - see trace_calls.h: values as people read them.
 *
 * What was captured comes from the guest's memory: it is copied before it is
 * taken apart, and nothing of it reaches a terminal unquoted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "cli/trace_calls.h"

#define SHOWN_MAX 32u /* bytes of data, as strace */

/* As strace: octal, as short as what follows allows. next: -1, none */
static void put_byte(FILE *to, uint8_t c, int next)
{
    static const char from[] = "\n\t\r\"\\";
    static const char as[] = "ntr\"\\";
    const char *at = c != '\0' ? strchr(from, c) : NULL;

    if (at)
        fprintf(to, "\\%c", as[at - from]);
    else if (c < 0x20 || c >= 0x7f)
        fprintf(to, next >= '0' && next <= '9' ? "\\%03o" : "\\%o", c);
    else
        fputc(c, to);
}

void trace_show_string(FILE *to, const struct trace_bytes *bytes, size_t len)
{
    size_t shown = len < bytes->len ? len : bytes->len;
    size_t i;

    shown = shown < SHOWN_MAX ? shown : SHOWN_MAX;
    fputc('"', to);
    for (i = 0; i < shown; i++)
        put_byte(to, bytes->data[i], i + 1 < shown ? bytes->data[i + 1] : -1);
    fprintf(to, shown < len ? "\"..." : "\"");
}

static void show_text(FILE *to, const struct trace_bytes *bytes)
{
    size_t len = strnlen((const char *)bytes->data, bytes->len);
    size_t i;

    fputc('"', to);
    for (i = 0; i < len; i++)
        put_byte(to, bytes->data[i], i + 1 < len ? bytes->data[i + 1] : -1);
    fprintf(to, len == bytes->len ? "\"..." : "\"");
}

static void show_time(FILE *to, const struct trace_bytes *bytes)
{
    struct timespec ts;

    memcpy(&ts, bytes->data, sizeof(ts));
    fprintf(to, "{tv_sec=%lld, tv_nsec=%ld}", (long long)ts.tv_sec, ts.tv_nsec);
}

static void show_sockaddr(FILE *to, const struct trace_bytes *bytes)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        uint8_t bytes[sizeof(struct sockaddr_un) + 1];
    } a = { 0 };
    char text[INET6_ADDRSTRLEN];

    memcpy(&a, bytes->data,
           bytes->len < sizeof(a) - 1 ? bytes->len : sizeof(a) - 1);
    if (a.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof(text));
        fprintf(to, "{AF_INET, %s:%u}", text, ntohs(a.in.sin_port));
    } else if (a.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a.in6.sin6_addr, text, sizeof(text));
        fprintf(to, "{AF_INET6, [%s]:%u}", text, ntohs(a.in6.sin6_port));
    } else if (a.any.sa_family == AF_UNIX) {
        const struct trace_bytes path = { (uint8_t *)a.un.sun_path,
                                          sizeof(a.un.sun_path) };

        fputs("{AF_UNIX, ", to);
        show_text(to, &path);
        fputc('}', to);
    } else {
        fprintf(to, "{family=%u}", a.any.sa_family);
    }
}

static void show_pair(FILE *to, const struct trace_bytes *bytes)
{
    int32_t fds[2];

    memcpy(fds, bytes->data, sizeof(fds));
    fprintf(to, "[%d, %d]", fds[0], fds[1]);
}

static void show_poll(FILE *to, const struct trace_bytes *bytes)
{
    struct pollfd p;

    memcpy(&p, bytes->data, sizeof(p));
    fprintf(to, "[{fd=%d, events=0x%x, revents=0x%x}...]", p.fd,
            (unsigned)(uint16_t)p.events, (unsigned)(uint16_t)p.revents);
}

static void show_epoll(FILE *to, const struct trace_bytes *bytes)
{
    struct epoll_event e;

    memcpy(&e, bytes->data, sizeof(e));
    fprintf(to, "[{events=0x%x, data=0x%llx}...]", e.events,
            (unsigned long long)e.data.u64);
}

/* The beginning of it was captured, which has these. */
static void show_stat(FILE *to, const struct trace_bytes *bytes)
{
    static const char *const kinds[16] = {
        [S_IFIFO >> 12] = "S_IFIFO",  [S_IFCHR >> 12] = "S_IFCHR",
        [S_IFDIR >> 12] = "S_IFDIR",  [S_IFBLK >> 12] = "S_IFBLK",
        [S_IFREG >> 12] = "S_IFREG",  [S_IFLNK >> 12] = "S_IFLNK",
        [S_IFSOCK >> 12] = "S_IFSOCK"
    };
    struct stat st = { 0 };
    const char *kind;

    memcpy(&st, bytes->data, bytes->len < sizeof(st) ? bytes->len : sizeof(st));
    kind = kinds[(st.st_mode & S_IFMT) >> 12];
    fprintf(to, "{st_mode=%s|0%o, st_size=%lld, ...}", kind ? kind : "0",
            st.st_mode & ~(unsigned)S_IFMT, (long long)st.st_size);
}

/* Bits, or a value that matches whole; what has no name is shown in hex. */
static void show_flags(FILE *to, const struct trace_flag *flags, uint32_t value)
{
    const struct trace_flag *f;
    uint32_t left = value;
    const char *between = "";

    /* An access mode of 0 is said, too, as strace does. */
    for (f = flags; f->name; f++)
        if (strcmp(f->name, "O_RDONLY") == 0 && (value & O_ACCMODE) == 0) {
            fputs(f->name, to);
            between = "|";
        }
    for (f = flags; f->name; f++)
        if (f->value == value && between[0] == '\0') {
            fputs(f->name, to);
            return;
        }
    for (f = flags; f->name; f++) {
        if (f->value == 0 || (left & f->value) != f->value)
            continue;
        fprintf(to, "%s%s", between, f->name);
        left &= ~f->value;
        between = "|";
    }
    if (left != 0 || (value == 0 && between[0] == '\0'))
        fprintf(to, value == 0 ? "0" : "%s0x%x", between, left);
}

/* The least that a captured value must have to be taken apart. */
static size_t least(enum trace_type type)
{
    switch (type) {
    case TRACE_TIME:
        return sizeof(struct timespec);
    case TRACE_SOCKADDR:
        return sizeof(sa_family_t);
    case TRACE_FD_PAIR:
    case TRACE_POLL:
        return 8;
    case TRACE_EPOLL:
        return sizeof(struct epoll_event);
    case TRACE_STAT:
        return offsetof(struct stat, st_size) + sizeof(off_t);
    default:
        return 1;
    }
}

static void show_memory(FILE *to, enum trace_type type, uint64_t value,
                        const struct trace_bytes *bytes, uint64_t bytes_len)
{
    if (value == 0) {
        fputs("NULL", to);
    } else if (!bytes->data || bytes->len < least(type)) {
        fprintf(to, "0x%llx", (unsigned long long)value);
    } else if (type == TRACE_TEXT) {
        show_text(to, bytes);
    } else if (type == TRACE_BYTES) {
        trace_show_string(to, bytes, (size_t)bytes_len);
    } else if (type == TRACE_TIME) {
        show_time(to, bytes);
    } else if (type == TRACE_SOCKADDR) {
        show_sockaddr(to, bytes);
    } else if (type == TRACE_FD_PAIR) {
        show_pair(to, bytes);
    } else if (type == TRACE_POLL) {
        show_poll(to, bytes);
    } else if (type == TRACE_STAT) {
        show_stat(to, bytes);
    } else {
        show_epoll(to, bytes);
    }
}

void trace_show_arg(FILE *to, const struct trace_arg *arg, uint64_t value,
                    const struct trace_bytes *bytes, uint64_t bytes_len)
{
    switch (arg->type) {
    case TRACE_INT:
        fprintf(to, "%d", (int32_t)value);
        break;
    case TRACE_UNSIGNED:
        fprintf(to, (uint32_t)value > 0xffff ? "0x%x" : "%u", (uint32_t)value);
        break;
    case TRACE_LONG:
        fprintf(to, value > UINT32_MAX ? "0x%llx" : "%llu",
                (unsigned long long)value);
        break;
    case TRACE_POINTER:
        if (value == 0)
            fputs("NULL", to);
        else
            fprintf(to, "0x%llx", (unsigned long long)value);
        break;
    case TRACE_DIRFD:
        if ((int32_t)value == AT_FDCWD)
            fputs("AT_FDCWD", to);
        else
            fprintf(to, "%d", (int32_t)value);
        break;
    case TRACE_MODE:
    case TRACE_OPEN_MODE:
        fprintf(to, value ? "0%o" : "%o", (uint32_t)value);
        break;
    case TRACE_OFFSET:
        fprintf(to, "%#llx", (unsigned long long)value);
        break;
    case TRACE_FLAGS:
        show_flags(to, arg->flags, (uint32_t)value);
        break;
    default:
        show_memory(to, arg->type, value, bytes, bytes_len);
        break;
    }
}

void trace_show_result(FILE *to, const struct trace_call *call, int64_t result)
{
    const char *name = NULL;

    if (result >= 0 || result < -4095) {
        if (result > UINT32_MAX || result < 0 ||
            strcmp(call->name, "brk") == 0 || strcmp(call->name, "mmap") == 0)
            fprintf(to, "= 0x%llx", (unsigned long long)result);
        else
            fprintf(to, "= %lld", (long long)result);
        return;
    }
    /* The kernel's own, which no program sees: the call is made again, or
     * ends with EINTR. */
    if (result <= -512 && result >= -516) {
        fputs("= ? (interrupted by a signal)", to);
        return;
    }
    name = strerrorname_np((int)-result);
    fprintf(to, "= -1 %s (%s)", name ? name : "?", strerror((int)-result));
}
