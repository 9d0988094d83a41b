/* SPDX-License-Identifier: BSD-2-Clause */
/* calls.c - see calls.h. */
#include "cli/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fault.h"
#include "host/file.h"
#include "host/memory.h"

/* "/dev, /proc, ..." for messages. The caller frees. */
static char *part_names(void)
{
    char *names = mem_strdup("");

    for (unsigned i = 0; call_parts[i].name; i++) {
        char *longer =
            mem_printf("%s%s%s", names, i > 0 ? ", " : "", call_parts[i].name);

        free(names);
        names = longer;
    }
    return names;
}

static int name_add(const char *name, const char *where, struct call_set *set,
                    struct fault *fault)
{
    int nr = call_number(name);
    char *parts;
    int err;

    if (nr >= 0) {
        set->call[nr] = true;
        return 0;
    }
    for (unsigned i = 0; call_parts[i].name && i < CALL_PART_MAX; i++) {
        if (strcmp(call_parts[i].name, name) == 0) {
            set->part[i] = true;
            return 0;
        }
    }
    parts = part_names();
    err = fault_set(fault, EINVAL,
                    "%s: '%s' is no system call of x86-64 Linux, nor one of "
                    "the kernel's parts: %s",
                    where, name, parts);
    free(parts);
    return err;
}

static int names_add(char *names, const char *separators, const char *where,
                     struct call_set *set, struct fault *fault)
{
    char *rest = NULL;
    int err = 0;

    for (char *name = strtok_r(names, separators, &rest); name && err == 0;
         name = strtok_r(NULL, separators, &rest))
        err = name_add(name, where, set, fault);
    return err;
}

static int file_add(const char *path, struct call_set *set, struct fault *fault)
{
    struct list lines = { 0 };
    int err = file_read_lines(path, &lines, CALLS_FILE_LEN_MAX, fault);

    for (size_t i = 0; i < lines.count && err == 0; i++) {
        char *where = mem_printf("'%s', line %zu", path, i + 1);

        lines.item[i][strcspn(lines.item[i], "#")] = '\0';
        err = names_add(lines.item[i], " \t\r", where, set, fault);
        free(where);
    }
    list_fini(&lines);
    return err;
}

int calls_parse(const char *value, struct call_set *set, struct fault *fault)
{
    char *names;
    int err;

    memset(set, 0, sizeof(*set));
    if (value[0] == '@')
        return file_add(value + 1, set, fault);
    names = mem_strdup(value);
    err = names_add(names, ",", "option --calls", set, fault);
    free(names);
    return err;
}

void calls_print(const struct call_set *set)
{
    fputs("samara: the kernel has", stderr);
    for (unsigned nr = 0; nr < CALL_MAX; nr++)
        if (set->call[nr] && call_rows[nr].exists)
            fprintf(stderr, " %s", call_rows[nr].name);
    for (unsigned i = 0; call_parts[i].name && i < CALL_PART_MAX; i++)
        if (set->part[i])
            fprintf(stderr, " %s", call_parts[i].name);
    fputc('\n', stderr);
}
