/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c - samara port: where a guest's ports are reached. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guest.h"
#include "cli/registry.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "host/args.h"
#include "host/fault.h"
#include "host/memory.h"

struct port {
    bool help;
};

const struct arg_option options_port[] = {
    ARG_HELP(struct port),
    ARG_END,
};

/* PORT or PORT/PROTOCOL as the list of ports has it: 80/tcp. */
static char *wanted(const char *text, struct fault *fault)
{
    size_t digits = strspn(text, "0123456789");
    const char *protocol = text + digits;

    if (digits == 0 || (*protocol && strcmp(protocol, "/tcp") != 0 &&
                        strcmp(protocol, "/udp") != 0)) {
        fault_set(fault, EINVAL,
                  "'%s' is no port of a guest; write one such as 80, 80/tcp or "
                  "53/udp",
                  text);
        return NULL;
    }
    return mem_printf("%s%s", text, *protocol ? "" : "/tcp");
}

/* ports: the record's "ADDRESS->PORT/PROTOCOL, ...". How many were shown. */
static size_t show(char *ports, const char *only)
{
    char *rest = ports, *entry, *port;
    size_t count = 0;

    while ((entry = strsep(&rest, ",")) != NULL) {
        while (isspace((unsigned char)*entry))
            entry++;
        port = strstr(entry, "->");
        if (!port)
            continue; /* somebody else has written there */
        *port = '\0';
        port += strlen("->");
        if (!only)
            printf("%s -> %s\n", port, entry);
        else if (strcmp(port, only) == 0)
            puts(entry);
        else
            continue;
        count++;
    }
    return count;
}

static int show_ports(const struct guest *g, const char *port,
                      struct fault *fault)
{
    char *only = port ? wanted(port, fault) : NULL, *ports;
    size_t shown;
    int err = 0;

    if (port && !only)
        return -fault->err;
    ports = mem_strdup(g->ports ? g->ports : "");
    shown = show(ports, only);
    if (only && shown == 0)
        err = fault_set(fault, ENOENT,
                        "port %s of %s is not published; 'samara run -p' does "
                        "that, when a guest starts",
                        only, g->name);
    free(ports);
    free(only);
    return err;
}

int verb_port(int argc, char **argv, struct fault *fault)
{
    struct port o = { 0 };
    struct guest g;
    int first,
        err = args_parse_anywhere(options_port, &o, argc, argv, &first, fault);

    if (err == 0 && o.help)
        return verb_show_help("port");
    if (err == 0 && argc - first != 1 && argc - first != 2)
        return fault_set(fault, EINVAL,
                         "port takes a guest and maybe one of its ports: "
                         "samara port GUEST [PORT[/udp]]");
    if (err == 0)
        err = registry_find(argv[first], &g, fault);
    if (err)
        return err;
    err = show_ports(&g, argv[first + 1], fault);
    guest_fini(&g);
    return err;
}
