/* SPDX-License-Identifier: BSD-2-Clause */
/* ulimit.c - see ulimit.h. */
#include "cli/ulimit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/options.h"

#define NOFILE_MAX 1048576u /* of the guest's kernel */

static const char *const names[CONFIG_RLIMITS] = {
    [RLIMIT_CPU] = "cpu",           [RLIMIT_FSIZE] = "fsize",
    [RLIMIT_DATA] = "data",         [RLIMIT_STACK] = "stack",
    [RLIMIT_CORE] = "core",         [RLIMIT_RSS] = "rss",
    [RLIMIT_NPROC] = "nproc",       [RLIMIT_NOFILE] = "nofile",
    [RLIMIT_MEMLOCK] = "memlock",   [RLIMIT_AS] = "as",
    [RLIMIT_LOCKS] = "locks",       [RLIMIT_SIGPENDING] = "sigpending",
    [RLIMIT_MSGQUEUE] = "msgqueue", [RLIMIT_NICE] = "nice",
    [RLIMIT_RTPRIO] = "rtprio",     [RLIMIT_RTTIME] = "rttime",
};

/* A number; -1 and "unlimited" are none. False: neither. */
static bool number_parse(const char *text, size_t len, uint64_t *out)
{
    char digits[24], *end;

    if (len == 0 || len >= sizeof(digits))
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    *out = UINT64_MAX;
    if (strcmp(digits, "-1") == 0 || strcmp(digits, "unlimited") == 0)
        return true;
    if (digits[0] < '0' || digits[0] > '9')
        return false;
    errno = 0;
    *out = strtoull(digits, &end, 10);
    return *end == '\0' && errno == 0;
}

static int which_limit(const char *name, size_t len)
{
    for (int i = 0; i < (int)CONFIG_RLIMITS; i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return i;
    return -1;
}

int ulimit_set(void *into, const char *value, struct fault *fault)
{
    size_t name_len = strcspn(value, "="), soft_len;
    const char *soft = value + name_len + (value[name_len] == '=');
    const char *hard;
    int which = which_limit(value, name_len);
    struct config_rlimit *limit;

    soft_len = strcspn(soft, ":");
    hard = soft[soft_len] == ':' ? soft + soft_len + 1 : soft;
    if (which < 0)
        return fault_set(fault, EINVAL,
                         "option --ulimit: '%s' names no limit; write "
                         "NAME=SOFT[:HARD], such as nofile=1024:4096",
                         value);
    limit = &((struct options *)into)->limits.of[which];
    if (!number_parse(soft, soft_len, &limit->soft) ||
        !number_parse(hard, hard == soft ? soft_len : strlen(hard),
                      &limit->hard))
        return fault_set(fault, EINVAL,
                         "option --ulimit: '%s' is not NAME=SOFT[:HARD] with "
                         "numbers; -1 is unlimited",
                         value);
    if (limit->soft > limit->hard)
        return fault_set(fault, EINVAL,
                         "option --ulimit: in '%s' the soft limit is above "
                         "the hard one; give HARD, too",
                         value);
    if (which == RLIMIT_NOFILE && limit->hard > NOFILE_MAX)
        return fault_set(fault, EINVAL,
                         "option --ulimit: a guest opens %u files at most, "
                         "not '%s'",
                         NOFILE_MAX, value);
    ((struct options *)into)->limits.given |= 1u << which;
    return 0;
}

void ulimit_apply(const struct run_config_limits *given,
                  struct run_config_limits *into)
{
    for (unsigned i = 0; i < CONFIG_RLIMITS; i++)
        if (given->given >> i & 1)
            into->of[i] = given->of[i];
    into->given |= given->given;
}
