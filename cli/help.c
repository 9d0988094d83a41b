/* SPDX-License-Identifier: BSD-2-Clause */
/* help.c - samara help: from the tables that the parser uses. */
#include <errno.h>
#include <stdio.h>

#include "cli/table.h"
#include "host/args.h"
#include "host/fault.h"

int verb_show_help(const char *name)
{
    const struct verb *v = verb_find(name);

    printf("Usage: samara %s %s\n\n%c%s.\n", v->name, v->usage,
           v->help[0] - 'a' + 'A', v->help + 1);
    if (v->options) {
        printf("\n");
        args_help(stdout, v->options);
    }
    return 0;
}

int verb_help(int argc, char **argv, struct fault *fault)
{
    const struct verb *v;

    if (argc > 1) {
        if (!verb_find(argv[1]))
            return fault_set(fault, EINVAL,
                             "no verb '%s'; 'samara help' lists them", argv[1]);
        return verb_show_help(argv[1]);
    }
    printf("Samara runs a Linux program as a virtual machine of its own.\n\n"
           "Usage: samara VERB [OPTION]... [ARG]...\n\n");
    for (v = verb_table; v->name; v++)
        printf("  %-10s %s\n", v->name, v->help);
    printf("\n'samara help VERB' shows a verb's options. Try:\n"
           "  samara run /bin/echo hello\n");
    return 0;
}
