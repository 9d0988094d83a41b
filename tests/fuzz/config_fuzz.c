/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_fuzz.c - any bytes as a run configuration: refused or decoded, never
 * read or written out of bounds, and what is decoded holds together.
 */
/* unit: kernel/process/config.c kernel/core/config.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "process/exec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

void *kmalloc(size_t len)
{
    return malloc(len);
}

/* What the boot accepted can be walked through later without a check. */
static void check_records(const struct run_config *c)
{
    struct config_cursor at = c->records;
    const void *payload;
    size_t len;

    while (config_find(&at, CONFIG_HOST, &payload, &len))
        if (len == 0 || len > CONFIG_LINE_MAX || memchr(payload, '\n', len))
            abort();
    if (at.remain != 0)
        abort();
    at = c->records;
    while (config_find(&at, CONFIG_ADDRESS, &payload, &len))
        if (len != sizeof(struct config_address))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct run_config c;
    size_t strings_len = 0;

    if (run_config_read(data, len, &c) != 0)
        return 0;
    for (size_t i = 0; i < c.argc; i++)
        strings_len += strlen(c.argv[i]) + 1;
    for (size_t i = 0; i < c.envc; i++)
        strings_len += strlen(c.envp[i]) + 1;
    if (strings_len != c.strings_len || c.argc == 0 || c.argv[c.argc] ||
        c.envp[c.envc] || c.exe[0] == '\0' || c.umask > 0777)
        abort();
    if (strlen(c.cwd) > len + 1 || strlen(c.hostname) > 64)
        abort();
    check_records(&c);
    free(c.argv);
    return 0;
}
