/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c - see table.h. */
#include "cli/table.h"

#include <stddef.h>
#include <string.h>

#include "cli/options.h"

const struct verb verb_table[] = {
    { "run", "[OPTION]... SOURCE [ARG]...",
      "run a program or an image in a virtual machine", options_run, verb_run },
    { "build", "[OPTION]... SOURCE [ARG]...",
      "make an image of a program and all it needs", options_build,
      verb_build },
    { "inspect", "[OPTION]... SOURCE",
      "show what an image holds, or a program needs", options_inspect,
      verb_inspect },
    { "version", "", "show the version", NULL, verb_version },
    { "help", "[VERB]", "show help", NULL, verb_help },
    { NULL, NULL, NULL, NULL, NULL },
};

const struct verb *verb_find(const char *name)
{
    const struct verb *v;

    for (v = verb_table; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}
