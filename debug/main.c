/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - samara-debug: what looks inside of guests with the help of libdw.
 *
 * `samara` executes this in its own place, with the verb and its arguments.
 */
#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "debug/verbs.h"
#include "host/fault.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv, struct fault *fault);
} verbs[] = {
    { "map", debug_verb_map },
    { "crash", debug_verb_crash },
    { "profile", debug_verb_profile },
};

int main(int argc, char **argv)
{
    static struct fault fault;
    size_t i, count = sizeof(verbs) / sizeof(verbs[0]);
    int status;

    for (i = 0; argc > 1 && i < count; i++)
        if (strcmp(verbs[i].name, argv[1]) == 0)
            break;
    if (argc < 2 || i == count) {
        fputs("samara-debug: this is a part of samara; samara help lists what "
              "it does\n",
              stderr);
        return EXIT_OWN_FAILURE;
    }
    status = verbs[i].run(argc - 1, argv + 1, &fault);
    if (fflush(stdout) != 0 && status >= 0) {
        perror("samara: cannot write to standard output");
        return EXIT_OWN_FAILURE;
    }
    if (status >= 0)
        return status;
    fprintf(stderr, "samara: %s\n", fault.text);
    return fault.exit_status != 0 ? fault.exit_status : EXIT_OWN_FAILURE;
}
