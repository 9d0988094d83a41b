/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the command `samara`: find the verb, run it, print what failed.
 *
 * This is the only place that prints a fault. The exit status is the guest's
 * program's, 128 + n when signal n ended it, 127 and 126 as a shell has them,
 * and 125 when Samara itself failed or was called wrongly.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/table.h"
#include "host/fault.h"

/* "--help" and "--version" are what people try first. */
static const char *verb_name(const char *arg)
{
    if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
        return "help";
    if (strcmp(arg, "--version") == 0 || strcmp(arg, "-V") == 0)
        return "version";
    return arg;
}

/* Verbs that people know from containers, and what takes their place. */
static const struct {
    const char *verb;
    const char *instead;
} familiar[] = {
    { "exec", "a guest has one program; trace, gdb, top and map look inside" },
    { "start", "a guest ends for good; 'samara run' starts another" },
    { "restart", "'samara stop' it, and 'samara run' it again" },
    { "create", "'samara build' makes an image, 'samara run' starts it" },
    { "images", "images are files, wherever 'samara build -o FILE' put them" },
    { "rmi", "images are files: rm removes them" },
    { "pull", "images are files: copy them" },
    { "push", "images are files: copy them" },
    { "save", "images are files: copy them" },
    { "load", "images are files: 'samara run FILE'" },
    { "cp", "--add of run and build puts files in; programs write theirs to "
            "standard output or the network" },
    { "events", "'samara ps --json' and 'samara wait' tell of guests" },
    { "strace", "'samara trace'" },
    { "perf", "'samara profile'" },
    { "tcpdump", "'samara pcap'" },
};

static int unknown_verb(const char *verb)
{
    size_t i;

    for (i = 0; i < sizeof(familiar) / sizeof(familiar[0]); i++) {
        if (strcmp(verb, familiar[i].verb) != 0)
            continue;
        fprintf(stderr, "samara: there is no verb '%s': %s\n", verb,
                familiar[i].instead);
        return EXIT_OWN_FAILURE;
    }
    fprintf(stderr,
            "samara: unknown verb '%s'; 'samara help' lists them, and "
            "'samara run %s' runs a program of this name\n",
            verb, verb);
    return EXIT_OWN_FAILURE;
}

/* Called with one of 0, 1, 2 closed, the next open() would take its place, and
 * the guest would read or write that. O_PATH: reads and writes fail as those
 * of a closed descriptor do, and the guest is told that it is closed. */
static void descriptors_fill(void)
{
    int fd;

    do
        fd = open("/dev/null", O_PATH);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

int main(int argc, char **argv)
{
    static struct fault fault;
    const struct verb *verb;
    int status;

    descriptors_fill();
    if (argc < 2) {
        fputs("samara: what shall I do? Try: samara run /bin/echo hello, or "
              "samara help\n",
              stderr);
        return EXIT_OWN_FAILURE;
    }
    verb = verb_find(verb_name(argv[1]));
    if (!verb)
        return unknown_verb(argv[1]);
    status = verb->run(argc - 1, argv + 1, &fault);
    if (status >= 0) {
        if (fflush(stdout) != 0) {
            perror("samara: cannot write to standard output");
            return EXIT_OWN_FAILURE;
        }
        return status;
    }
    fflush(stdout);
    fprintf(stderr, "samara: %s\n", fault.text);
    return fault.exit_status != 0 ? fault.exit_status : EXIT_OWN_FAILURE;
}
