/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fast_option.c - TCP fast open, as programs and administrators set it.
 */
#include <linux/tcp.h>

#include "core/errno.h"
#include "core/string.h"
#include "fs/pseudo.h"
#include "fs/vfs.h"
#include "net/inet/fast_open.h"
#include "net/inet/tcp.h"
#include "net/inet_info.h"

#define KEY_LEN 16u

static struct fast_keys system_keys;

/* ---- keys ---- */

/* Nobody knows them who has not asked. */
static void make_keys(void)
{
    if (system_keys.count > 0)
        return;
    system_keys.key[0][0] = inet_random();
    system_keys.key[0][1] = inet_random();
    system_keys.count = 1;
}

const struct fast_keys *fast_keys_of(const struct tcp_sock *t)
{
    if (t->fast && t->fast->keys.count > 0)
        return &t->fast->keys;
    make_keys();
    return &system_keys;
}

int fast_set_keys(struct tcp_sock *t, uaddr_t value, unsigned len)
{
    struct fast_keys keys = { .count = len / KEY_LEN };
    struct fast *f;

    if (len != KEY_LEN && len != FAST_KEYS_MAX * KEY_LEN)
        return -EINVAL;
    if (copy_from_user(keys.key, value, len))
        return -EFAULT;
    f = fast_of(t);
    if (!f)
        return -ENOMEM;
    f->keys = keys;
    return 0;
}

/* The socket's own, or the system's if there are any yet. */
int fast_get_keys(const struct tcp_sock *t, uaddr_t value, unsigned *len)
{
    const struct fast_keys *keys =
        t->fast && t->fast->keys.count > 0 ? &t->fast->keys : &system_keys;

    *len = MIN(*len, keys->count * KEY_LEN);
    return copy_to_user(value, keys->key, *len);
}

/* ---- options ---- */

static bool may_listen(const struct tcp_sock *t)
{
    return t->state == TCP_SOCK_CLOSED || t->state == TCP_SOCK_LISTENING;
}

static int set_connect(struct tcp_sock *t, int value)
{
    struct fast *f;

    if (value < 0 || value > 1)
        return -EINVAL;
    if (!(fast_mode & FAST_CLIENT))
        return -EOPNOTSUPP;
    if (t->state != TCP_SOCK_CLOSED)
        return -EINVAL;
    f = fast_of(t);
    if (!f)
        return -ENOMEM;
    f->connects = value;
    return 0;
}

static int set_no_cookie(struct tcp_sock *t, int value)
{
    struct fast *f;

    if (value < 0 || value > 1 || !may_listen(t))
        return -EINVAL;
    f = fast_of(t);
    if (!f)
        return -ENOMEM;
    f->has_no_cookie = value;
    return 0;
}

int fast_set_option(struct tcp_sock *t, int name, int value)
{
    switch (name) {
    case TCP_FASTOPEN:
        if (value < 0 || !may_listen(t))
            return -EINVAL;
        make_keys();
        t->fastopen_queue = MIN(value, (int)SOCKET_BACKLOG_MAX);
        return 0;
    case TCP_FASTOPEN_CONNECT:
        return set_connect(t, value);
    case TCP_FASTOPEN_NO_COOKIE:
        return set_no_cookie(t, value);
    default:
        return -ENOPROTOOPT;
    }
}

int fast_get_option(const struct tcp_sock *t, int name, int *out)
{
    switch (name) {
    case TCP_FASTOPEN:
        *out = t->fastopen_queue;
        return 0;
    case TCP_FASTOPEN_CONNECT:
        *out = t->fast && t->fast->connects;
        return 0;
    case TCP_FASTOPEN_NO_COOKIE:
        *out = t->fast && t->fast->has_no_cookie;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

/* ---- /proc/sys/net/ipv4 ---- */

int fast_show_mode(struct text_file *t, void *inode)
{
    (void)inode;
    return text_printf(t, "%d\n", (int)fast_mode);
}

int fast_store_mode(void *inode, char *text)
{
    long n;
    int err = pseudo_parse(text, INT32_MIN, INT32_MAX, &n);

    (void)inode;
    if (err)
        return err;
    fast_mode = (uint32_t)n;
    return 0;
}

static int show_key(struct text_file *t, const uint64_t key[2])
{
    return text_printf(t, "%08x-%08x-%08x-%08x", (uint32_t)key[0],
                       (uint32_t)(key[0] >> 32), (uint32_t)key[1],
                       (uint32_t)(key[1] >> 32));
}

int fast_show_keys(struct text_file *t, void *inode)
{
    unsigned count = MAX(system_keys.count, 1u); /* none yet: zeros, as Linux */
    int err = 0;

    (void)inode;
    for (unsigned n = 0; !err && n < count; n++) {
        if (n > 0)
            err = text_printf(t, ",");
        if (!err)
            err = show_key(t, system_keys.key[n]);
    }
    return err ? err : text_printf(t, "\n");
}

/* Up to eight hexadecimal digits. False: none, or more. */
static bool read_word(const char **at, uint32_t *out)
{
    unsigned n = 0;

    for (*out = 0; n < 9; n++, (*at)++) {
        char c = **at;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            break;
        *out = *out << 4 | (uint32_t)digit;
    }
    return n > 0 && n < 9;
}

static bool read_key(const char **at, uint64_t key[2])
{
    uint32_t word;

    key[0] = key[1] = 0;
    for (unsigned n = 0; n < 4; n++) {
        if (n > 0 && *(*at)++ != '-')
            return false;
        if (!read_word(at, &word))
            return false;
        key[n / 2] |= (uint64_t)word << n % 2 * 32;
    }
    return true;
}

int fast_store_keys(void *inode, char *text)
{
    struct fast_keys keys = { .count = 0 };
    const char *at = text;

    (void)inode;
    do {
        if (keys.count == FAST_KEYS_MAX ||
            !read_key(&at, keys.key[keys.count++]))
            return -EINVAL;
    } while (*at++ == ',');
    at--;
    if (*at == '\n')
        at++;
    if (*at)
        return -EINVAL;
    inet_enter();
    system_keys = keys;
    inet_leave();
    return 0;
}
