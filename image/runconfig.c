/* SPDX-License-Identifier: BSD-2-Clause */
/* runconfig.c - see runconfig.h. */
#include "image/runconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/fault.h"
#include "image/image.h"

static void put_record(struct buf *out, uint32_t *count, uint32_t type,
                       const void *data, size_t len)
{
    static const uint8_t zeros[8];
    struct config_record record = { type, (uint32_t)len };

    buf_add(out, &record, sizeof(record));
    buf_add(out, data, len);
    buf_add(out, zeros, (8 - len % 8) % 8);
    (*count)++;
}

static void put_string(struct buf *out, uint32_t *count, uint32_t type,
                       const char *s)
{
    if (s)
        put_record(out, count, type, s, strlen(s));
}

static void put_number(struct buf *out, uint32_t *count, uint32_t type,
                       uint64_t n)
{
    if (n != 0)
        put_record(out, count, type, &n, sizeof(n));
}

static void put_list(struct buf *out, uint32_t *count, uint32_t type,
                     const struct list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        put_string(out, count, type, list->item[i]);
}

static void put_net(struct buf *out, uint32_t *count,
                    const struct run_config_net *net)
{
    size_t i;

    put_list(out, count, CONFIG_DNS, &net->dns);
    put_list(out, count, CONFIG_DNS_SEARCH, &net->dns_search);
    put_list(out, count, CONFIG_DNS_OPTION, &net->dns_options);
    put_list(out, count, CONFIG_HOST, &net->hosts);
    for (i = 0; i < 2; i++) {
        if (net->address[i].family)
            put_record(out, count, CONFIG_ADDRESS, &net->address[i],
                       sizeof(net->address[i]));
        if (net->gateway[i].family)
            put_record(out, count, CONFIG_GATEWAY, &net->gateway[i],
                       sizeof(net->gateway[i]));
    }
}

static void put_limits(struct buf *out, uint32_t *count,
                       const struct run_config_limits *limits)
{
    for (unsigned i = 0; i < CONFIG_RLIMITS; i++) {
        struct config_rlimit r = limits->of[i];

        r.which = i;
        if (limits->given >> i & 1)
            put_record(out, count, CONFIG_RLIMIT, &r, sizeof(r));
    }
}

int run_config_encode(const struct run_config *rc, struct buf *out,
                      struct fault *fault)
{
    struct config_header header = { CONFIG_MAGIC, CONFIG_VERSION, 0, 0 };
    size_t start = out->len;

    buf_add(out, &header, sizeof(header));
    put_string(out, &header.count, CONFIG_EXE, rc->exe);
    put_list(out, &header.count, CONFIG_ARG, &rc->args);
    put_list(out, &header.count, CONFIG_ENV, &rc->env);
    put_string(out, &header.count, CONFIG_CWD, rc->cwd);
    put_string(out, &header.count, CONFIG_HOSTNAME, rc->hostname);
    put_number(out, &header.count, CONFIG_FLAGS, rc->flags);
    put_number(out, &header.count, CONFIG_UMASK, rc->umask);
    put_number(out, &header.count, CONFIG_RLIMIT_STACK, rc->rlimit_stack);
    put_number(out, &header.count, CONFIG_WALL_NS, rc->wall_ns);
    put_number(out, &header.count, CONFIG_TSC_KHZ, rc->tsc_khz);
    put_number(out, &header.count, CONFIG_RAM_LEN, rc->ram_len);
    put_number(out, &header.count, CONFIG_ARG_FIXED, rc->arg_fixed);
    put_net(out, &header.count, &rc->net);
    put_limits(out, &header.count, &rc->limits);
    if (out->len - start > IMAGE_CONFIG_LEN_MAX)
        return fault_set(fault, E2BIG,
                         "arguments and environment take %zu bytes, and the "
                         "limit is %u; pass less",
                         out->len - start, IMAGE_CONFIG_LEN_MAX);
    header.len = (uint32_t)(out->len - start);
    memcpy(out->data + start, &header, sizeof(header));
    return 0;
}

static void take_string(char **into, const uint8_t *data, size_t len)
{
    free(*into);
    *into = mem_strndup((const char *)data, len);
}

static uint64_t *number_of(struct run_config *rc, uint32_t type)
{
    switch (type) {
    case CONFIG_FLAGS:
        return &rc->flags;
    case CONFIG_UMASK:
        return &rc->umask;
    case CONFIG_RLIMIT_STACK:
        return &rc->rlimit_stack;
    case CONFIG_WALL_NS:
        return &rc->wall_ns;
    case CONFIG_TSC_KHZ:
        return &rc->tsc_khz;
    case CONFIG_RAM_LEN:
        return &rc->ram_len;
    case CONFIG_ARG_FIXED:
        return &rc->arg_fixed;
    default:
        return NULL;
    }
}

static struct list *list_of(struct run_config *rc, uint32_t type)
{
    switch (type) {
    case CONFIG_ARG:
        return &rc->args;
    case CONFIG_ENV:
        return &rc->env;
    case CONFIG_DNS:
        return &rc->net.dns;
    case CONFIG_DNS_SEARCH:
        return &rc->net.dns_search;
    case CONFIG_DNS_OPTION:
        return &rc->net.dns_options;
    case CONFIG_HOST:
        return &rc->net.hosts;
    default:
        return NULL;
    }
}

static int take_address(struct config_address into[2], const uint8_t *data,
                        uint32_t len)
{
    struct config_address a;

    if (len != sizeof(a))
        return -EINVAL;
    memcpy(&a, data, sizeof(a));
    if ((a.family != 4 && a.family != 6) ||
        a.prefix_len > (a.family == 4 ? 32 : 128))
        return -EINVAL;
    into[a.family == 6] = a;
    return 0;
}

static int take_limit(struct run_config_limits *into, const uint8_t *data,
                      uint32_t len)
{
    struct config_rlimit r;

    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, data, sizeof(r));
    if (r.which >= CONFIG_RLIMITS || r.soft > r.hard)
        return -EINVAL;
    into->of[r.which] = r;
    into->given |= 1u << r.which;
    return 0;
}

static int take_record(struct run_config *rc, uint32_t type,
                       const uint8_t *data, uint32_t len)
{
    uint64_t *number = number_of(rc, type);
    struct list *list = list_of(rc, type);

    if (number) {
        if (len != sizeof(*number))
            return -EINVAL;
        memcpy(number, data, sizeof(*number));
        return 0;
    }
    if (type == CONFIG_ADDRESS)
        return take_address(rc->net.address, data, len);
    if (type == CONFIG_RLIMIT)
        return take_limit(&rc->limits, data, len);
    if (type == CONFIG_GATEWAY)
        return take_address(rc->net.gateway, data, len);
    /* Everything else that is known is a string, and none may hold a NUL. */
    if ((list || (type >= CONFIG_EXE && type <= CONFIG_HOSTNAME)) &&
        memchr(data, '\0', len))
        return -EINVAL;
    if (list)
        list_add_take(list, mem_strndup((const char *)data, len));
    else if (type == CONFIG_EXE)
        take_string(&rc->exe, data, len);
    else if (type == CONFIG_CWD)
        take_string(&rc->cwd, data, len);
    else if (type == CONFIG_HOSTNAME)
        take_string(&rc->hostname, data, len);
    return 0;
}

int run_config_decode(const void *data, size_t len, struct run_config *rc,
                      struct fault *fault)
{
    const uint8_t *p = data;
    struct config_header header;
    struct config_record record;
    size_t at = sizeof(header);
    uint32_t i;

    if (len < sizeof(header))
        goto damaged;
    memcpy(&header, p, sizeof(header));
    if (header.magic != CONFIG_MAGIC || header.version != CONFIG_VERSION ||
        header.len < sizeof(header) || header.len > len)
        goto damaged;
    for (i = 0; i < header.count; i++) {
        if (header.len - at < sizeof(record))
            goto damaged;
        memcpy(&record, p + at, sizeof(record));
        at += sizeof(record);
        if (record.len > header.len - at ||
            take_record(rc, record.type, p + at, record.len) != 0)
            goto damaged;
        at += record.len;
        at += (8 - at % 8) % 8;
        if (at > header.len)
            goto damaged;
    }
    return 0;

damaged:
    run_config_fini(rc);
    return fault_set(fault, EINVAL, "the run configuration is damaged");
}

void run_config_net_fini(struct run_config_net *net)
{
    list_fini(&net->dns);
    list_fini(&net->dns_search);
    list_fini(&net->dns_options);
    list_fini(&net->hosts);
}

void run_config_fini(struct run_config *rc)
{
    free(rc->exe);
    free(rc->cwd);
    free(rc->hostname);
    list_fini(&rc->args);
    list_fini(&rc->env);
    run_config_net_fini(&rc->net);
    memset(rc, 0, sizeof(*rc));
}

void run_config_setenv(struct run_config *rc, const char *assignment)
{
    size_t len = strcspn(assignment, "=") + 1;
    size_t i;

    for (i = 0; i < rc->env.count; i++) {
        if (strncmp(rc->env.item[i], assignment, len) != 0)
            continue;
        free(rc->env.item[i]);
        rc->env.item[i] = mem_strdup(assignment);
        return;
    }
    list_add(&rc->env, assignment);
}
