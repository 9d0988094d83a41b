/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.c - "#!" lines, by Linux's rules: 256 bytes count, one argument at
 * most, blanks around it do not belong to it.
 */
#include "core/errno.h"
#include "core/string.h"
#include "mm/heap.h"
#include "process/image.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int script_parse(char *head, size_t head_len, char **name_out, char **arg_out)
{
    size_t len = MIN(head_len, EXEC_SCRIPT_LEN);
    char *at = head + 2, *end = memchr(head, '\n', len);
    bool is_cut = !end && len == EXEC_SCRIPT_LEN;

    if (!end)
        end = head + len - (is_cut ? 1 : 0); /* room for the NUL */
    while (end > at && is_blank(end[-1]))
        end--;
    while (at < end && is_blank(*at))
        at++;
    if (at == end || *at == '\0')
        return -ENOEXEC;
    *name_out = at;
    while (at < end && !is_blank(*at) && *at != '\0')
        at++;
    if (at == end && is_cut)
        return -ENOEXEC; /* a part of a name would be another name */
    *end = '\0';
    *arg_out = NULL;
    if (at == end || *at == '\0')
        return 0;
    *at++ = '\0';
    while (is_blank(*at))
        at++;
    if (*at)
        *arg_out = at;
    return 0;
}

static char *append(char *at, const char *s, size_t len, char **slot)
{
    memcpy(at, s, len + 1);
    *slot = at;
    return at + len + 1;
}

/* Everything moves into one new block, since the strings must be one. */
int script_args(struct exec_args *args, const char *interp, const char *arg,
                const char *path)
{
    size_t skip = args->argc ? strlen(args->argv[0]) + 1 : 0;
    size_t rest_len = args->strings_len - skip;
    size_t rest_count = args->argc ? args->argc - 1 : 0;
    size_t argc = rest_count + (arg ? 3 : 2);
    size_t new_len =
        strlen(interp) + strlen(path) + 2 + (arg ? strlen(arg) + 1 : 0);
    char **argv =
        kmalloc((argc + args->envc + 2) * sizeof(char *) + new_len + rest_len);
    char **slot = argv, *strings, *at;

    if (!argv)
        return -ENOMEM;
    strings = (char *)(argv + argc + args->envc + 2);
    at = append(strings, interp, strlen(interp), slot++);
    if (arg)
        at = append(at, arg, strlen(arg), slot++);
    at = append(at, path, strlen(path), slot++);
    memcpy(at, args->strings + skip, rest_len);
    for (size_t i = 0; i < rest_count; i++)
        *slot++ = at + (args->argv[i + 1] - args->strings - skip);
    *slot++ = NULL;
    for (size_t i = 0; i < args->envc; i++)
        *slot++ = at + (args->envp[i] - args->strings - skip);
    *slot = NULL;
    exec_args_free(args);
    args->allocated = argv;
    args->argv = argv;
    args->envp = argv + argc + 1;
    args->argc = argc;
    args->strings = strings;
    args->strings_len = new_len + rest_len;
    return 0;
}

void exec_args_free(struct exec_args *args)
{
    kfree(args->allocated);
    args->allocated = NULL;
}
