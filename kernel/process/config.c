/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c - decode the run configuration (abi/config.h).
 *
 * The bytes come from whoever made the image or started the guest, so every
 * length is checked before it is used. A first pass checks and measures, one
 * allocation follows, and a second pass, which cannot fail, fills it: pointers
 * first, then the strings of argv and envp in the order of the program's
 * stack, then the rest.
 */
#include "core/config.h"
#include "core/errno.h"
#include "core/string.h"
#include "mm/heap.h"
#include "process/exec.h"

#define HOSTNAME_LEN_MAX    64u
#define PATH_LEN_MAX        4095u
#define STACK_LIMIT_DEFAULT (8ul << 20)
#define UMASK_DEFAULT       022u

struct config_sizes {
    size_t arg_len, env_len; /* strings with their NULs */
    size_t exe_len, cwd_len, hostname_len;
    size_t argc, envc;
    unsigned addresses; /* a bit for each that was seen */
};

static int open_cursor(const void *blob, size_t len, struct config_cursor *out)
{
    struct config_header h;

    if (!blob || len < sizeof(h))
        return -EINVAL;
    memcpy(&h, blob, sizeof(h));
    if (h.magic != CONFIG_MAGIC || h.version != CONFIG_VERSION ||
        h.len < sizeof(h) || h.len > len)
        return -EINVAL;
    out->at = (const uint8_t *)blob + sizeof(h);
    out->left = h.len - sizeof(h);
    out->remain = h.count;
    return 0;
}

static bool is_string(const void *payload, size_t len)
{
    return len == 0 || !memchr(payload, 0, len);
}

static bool is_path(const void *payload, size_t len)
{
    return len > 0 && len <= PATH_LEN_MAX && is_string(payload, len);
}

/* A line, or a part of one, of a text file. */
static bool is_line(const void *payload, size_t len)
{
    const uint8_t *text = payload;

    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' && text[i] != '\t')
            return false;
    return len > 0 && len <= CONFIG_LINE_MAX;
}

/* An address, the first of its kind and family. */
static int check_address(const struct config_record *r, const void *payload,
                         struct config_sizes *sizes)
{
    struct config_address a;
    unsigned bit;

    if (r->len != sizeof(a))
        return -EINVAL;
    memcpy(&a, payload, sizeof(a));
    if ((a.family != 4 && a.family != 6) ||
        a.prefix_len > (a.family == 4 ? 32 : 128))
        return -EINVAL;
    bit = 1u << (2 * (r->type == CONFIG_GATEWAY) + (a.family == 6));
    if (sizes->addresses & bit)
        return -EINVAL;
    sizes->addresses |= bit;
    return 0;
}

static int take_number(const void *payload, size_t len, uint64_t *out)
{
    if (len != sizeof(*out))
        return -EINVAL;
    memcpy(out, payload, sizeof(*out));
    return 0;
}

static int check_limit(const void *payload, size_t len)
{
    struct config_rlimit r;

    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, payload, sizeof(r));
    return r.which < CONFIG_RLIMITS && r.soft <= r.hard ? 0 : -EINVAL;
}

static int take_umask(const void *payload, size_t len, uint32_t *out)
{
    uint64_t value = 0;
    int err = take_number(payload, len, &value);

    if (err || value > 0777)
        return -EINVAL;
    *out = (uint32_t)value;
    return 0;
}

/* Check one record, add up its string, keep its number. */
static int measure_record(const struct config_record *r, const void *payload,
                          struct config_sizes *sizes, struct run_config *out)
{
    switch (r->type) {
    case CONFIG_EXE:
        sizes->exe_len = r->len;
        return is_path(payload, r->len) ? 0 : -EINVAL;
    case CONFIG_ARG:
        sizes->argc++;
        sizes->arg_len += (size_t)r->len + 1;
        return is_string(payload, r->len) ? 0 : -EINVAL;
    case CONFIG_ENV:
        sizes->envc++;
        sizes->env_len += (size_t)r->len + 1;
        return is_string(payload, r->len) ? 0 : -EINVAL;
    case CONFIG_CWD:
        sizes->cwd_len = r->len;
        return is_path(payload, r->len) ? 0 : -EINVAL;
    case CONFIG_HOSTNAME:
        sizes->hostname_len = r->len;
        if (r->len > HOSTNAME_LEN_MAX || !is_string(payload, r->len))
            return -EINVAL;
        return 0;
    case CONFIG_DNS:
    case CONFIG_DNS_SEARCH:
    case CONFIG_DNS_OPTION:
    case CONFIG_HOST:
        return is_line(payload, r->len) ? 0 : -EINVAL;
    case CONFIG_ADDRESS:
    case CONFIG_GATEWAY:
        return check_address(r, payload, sizes);
    case CONFIG_RLIMIT:
        return check_limit(payload, r->len);
    case CONFIG_FLAGS:
        return take_number(payload, r->len, &out->flags);
    case CONFIG_UMASK:
        return take_umask(payload, r->len, &out->umask);
    case CONFIG_RLIMIT_STACK:
        return take_number(payload, r->len, &out->stack_limit);
    case CONFIG_WALL_NS:
        return take_number(payload, r->len, &out->wall_ns);
    case CONFIG_TSC_KHZ:
        return take_number(payload, r->len, &out->tsc_khz);
    case CONFIG_RAM_LEN:
        return take_number(payload, r->len, &out->ram_len);
    default:
        return 0; /* from a newer command */
    }
}

static char *put_string(char **at, const void *payload, size_t len)
{
    char *s = *at;

    memcpy(s, payload, len);
    s[len] = '\0';
    *at = s + len + 1;
    return s;
}

/* Second pass: copy the strings to where measure() found room. */
static void fill(struct config_cursor c, char *block,
                 const struct config_sizes *sizes, struct run_config *out)
{
    char *arg = block + (sizes->argc + sizes->envc + 2) * sizeof(char *);
    char *env = arg + sizes->arg_len;
    char *other = env + sizes->env_len;
    struct config_record r;
    const void *payload;

    out->argv = (char **)(void *)block;
    out->envp = out->argv + sizes->argc + 1;
    out->strings = arg;
    out->strings_len = sizes->arg_len + sizes->env_len;
    while (config_next(&c, &r, &payload)) {
        if (r.type == CONFIG_ARG)
            out->argv[out->argc++] = put_string(&arg, payload, r.len);
        else if (r.type == CONFIG_ENV)
            out->envp[out->envc++] = put_string(&env, payload, r.len);
        else if (r.type == CONFIG_EXE)
            out->exe = put_string(&other, payload, r.len);
        else if (r.type == CONFIG_CWD)
            out->cwd = put_string(&other, payload, r.len);
        else if (r.type == CONFIG_HOSTNAME)
            out->hostname = put_string(&other, payload, r.len);
    }
    /* argv is never empty for a program, as Linux has it since 5.18. */
    if (out->argc == 0)
        out->argv[out->argc++] = put_string(&arg, out->exe, sizes->exe_len);
    out->argv[out->argc] = NULL;
    out->envp[out->envc] = NULL;
}

static int measure(struct config_cursor c, struct config_sizes *sizes,
                   struct run_config *out)
{
    unsigned singles[CONFIG_RAM_LEN + 1] = { 0 };
    struct config_record r;
    const void *payload;

    while (config_next(&c, &r, &payload)) {
        int err = measure_record(&r, payload, sizes, out);

        if (err)
            return err;
        /* Twice the same would take room that was measured once. */
        if (r.type < ARRAY_LEN(singles) && r.type != CONFIG_ARG &&
            r.type != CONFIG_ENV && singles[r.type]++ > 0)
            return -EINVAL;
    }
    if (c.remain != 0 || sizes->exe_len == 0)
        return -EINVAL;
    if (sizes->argc == 0) {
        sizes->argc = 1; /* argv[0] will be exe */
        sizes->arg_len = sizes->exe_len + 1;
    }
    return 0;
}

int run_config_read(const void *blob, size_t len, struct run_config *out)
{
    struct config_sizes sizes = { 0 };
    struct config_cursor c;
    char *block;
    int err;

    memset(out, 0, sizeof(*out));
    out->cwd = "/";
    out->hostname = CONFIG_HOSTNAME_DEFAULT;
    out->umask = UMASK_DEFAULT;
    out->stack_limit = STACK_LIMIT_DEFAULT;
    err = open_cursor(blob, len, &c);
    if (err)
        return err;
    out->records = c;
    err = measure(c, &sizes, out);
    if (err)
        return err;
    block = kmalloc((sizes.argc + sizes.envc + 2) * sizeof(char *) +
                    sizes.arg_len + sizes.env_len + sizes.exe_len +
                    sizes.cwd_len + sizes.hostname_len + 3);
    if (!block)
        return -ENOMEM;
    fill(c, block, &sizes, out);
    return 0;
}
