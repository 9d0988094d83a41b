/* SPDX-License-Identifier: BSD-2-Clause */
/* args.c - see args.h. */
#include "host/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "host/fault.h"

struct cursor {
    int argc;
    char **argv;
    int idx;
};

/* Not one that may be missing. */
static bool wants_value(const struct arg_option *opt)
{
    return opt->value && strncmp(opt->value, "[=", 2) != 0;
}

static int set_option(const struct arg_option *opt, const char *shown,
                      const char *value, struct cursor *at, void *into,
                      struct fault *fault)
{
    if (!opt->value && value)
        return fault_set(fault, EINVAL, "option %s takes no value", shown);
    if (wants_value(opt) && !value) {
        if (at->idx + 1 >= at->argc)
            return fault_set(fault, EINVAL, "option %s needs a value: %s %s",
                             shown, shown, opt->value);
        value = at->argv[++at->idx];
    }
    if (opt->set)
        return opt->set(into, value, fault);
    if (opt->value)
        memcpy((char *)into + opt->member, &value, sizeof(value));
    else
        *(bool *)((char *)into + opt->member) = true;
    return 0;
}

static int parse_long(const struct arg_option *table, const char *arg,
                      struct cursor *at, void *into, struct fault *fault)
{
    size_t len = strcspn(arg + 2, "=");
    const char *value = arg[2 + len] == '=' ? arg + 3 + len : NULL;
    const struct arg_option *opt;
    char shown[64];

    snprintf(shown, sizeof(shown), "%.*s", (int)(len + 2), arg);
    for (opt = table; opt->name; opt++) {
        if (strlen(opt->name) == len && memcmp(opt->name, arg + 2, len) == 0)
            return set_option(opt, shown, value, at, into, fault);
    }
    return fault_set(fault, EINVAL,
                     "unknown option '%s'; 'samara help' lists them", shown);
}

/* One argument may hold several letters; the last may have its value there. */
static int parse_letters(const struct arg_option *table, const char *arg,
                         struct cursor *at, void *into, struct fault *fault)
{
    const char *p;

    for (p = arg + 1; *p != '\0'; p++) {
        const struct arg_option *opt = table;
        char shown[3] = { '-', *p, '\0' };
        const char *value = NULL;
        int err;

        while (opt->name && opt->letter != *p)
            opt++;
        if (!opt->name)
            return fault_set(fault, EINVAL,
                             "unknown option '%s'; 'samara help' lists them",
                             shown);
        if (wants_value(opt) && p[1] != '\0')
            value = p[1] == '=' ? p + 2 : p + 1;
        err = set_option(opt, shown, value, at, into, fault);
        if (err || wants_value(opt))
            return err;
    }
    return 0;
}

static bool is_operand(const char *arg)
{
    return arg[0] != '-' || arg[1] == '\0';
}

static int parse_option(const struct arg_option *table, struct cursor *at,
                        void *into, struct fault *fault)
{
    const char *arg = at->argv[at->idx];

    if (arg[1] == '-')
        return parse_long(table, arg, at, into, fault);
    return parse_letters(table, arg, at, into, fault);
}

int args_parse(const struct arg_option *table, void *into, int argc,
               char **argv, int *first_out, struct fault *fault)
{
    struct cursor at = { argc, argv, 1 };
    int err;

    for (; at.idx < argc && !is_operand(argv[at.idx]); at.idx++) {
        if (strcmp(argv[at.idx], "--") == 0) {
            at.idx++;
            break;
        }
        err = parse_option(table, &at, into, fault);
        if (err)
            return err;
    }
    *first_out = at.idx;
    return 0;
}

/* The words from `from` on, up to `end`, go before those from `to` on. */
static void words_move(char **argv, int to, int from, int end)
{
    for (; from < end; from++, to++) {
        char *word = argv[from];

        memmove(&argv[to + 1], &argv[to], (size_t)(from - to) * sizeof(*argv));
        argv[to] = word;
    }
}

int args_parse_anywhere(const struct arg_option *table, void *into, int argc,
                        char **argv, int *first_out, struct fault *fault)
{
    struct cursor at = { argc, argv, 1 };
    bool is_end = false;
    int from, err = 0, first = 1;

    for (; at.idx < argc && !is_end; at.idx++) {
        from = at.idx;
        if (is_operand(argv[from]))
            continue;
        is_end = strcmp(argv[from], "--") == 0;
        if (!is_end)
            err = parse_option(table, &at, into, fault);
        if (err)
            return err;
        words_move(argv, first, from, at.idx + 1);
        first += at.idx + 1 - from;
    }
    *first_out = first;
    return 0;
}

void args_help(FILE *to, const struct arg_option *table)
{
    const struct arg_option *opt;

    for (opt = table; opt->name; opt++) {
        char left[64];
        char letter[8] = "    ";

        if (opt->letter)
            snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
        snprintf(left, sizeof(left), "%s--%s%s%s", letter, opt->name,
                 wants_value(opt) ? " " : "", opt->value ? opt->value : "");
        fprintf(to, "  %-26s %s\n", left, opt->help);
    }
}

int args_size(const char *option, const char *value, uint64_t *bytes_out,
              struct fault *fault)
{
    static const char units[] = "bkmgt";
    const char *p = value;
    uint64_t n = 0;
    const char *unit;
    bool fits = true;

    for (; isdigit((unsigned char)*p); p++) {
        fits = fits && n <= (UINT64_MAX >> 1) / 10 - 1;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    if (p != value && *p != '\0') {
        unit = strchr(units, tolower((unsigned char)*p));
        if (unit) {
            unsigned shift = 10 * (unsigned)(unit - units);

            fits = fits && n <= (UINT64_MAX >> 1) >> shift;
            n <<= shift;
            p++;
            if (unit != units && (*p == 'i' || *p == 'I'))
                p++;
            if (unit != units && (*p == 'b' || *p == 'B'))
                p++;
        }
    }
    if (p == value || *p != '\0' || !fits)
        return fault_set(fault, EINVAL,
                         "option %s: '%s' is not a size; give a number and "
                         "K, M or G, such as 64M",
                         option, value);
    *bytes_out = n;
    return 0;
}

int args_count(const char *option, const char *value, unsigned max,
               unsigned *count_out, struct fault *fault)
{
    unsigned n = 0;
    const char *p = value;

    for (; isdigit((unsigned char)*p) && n <= max; p++)
        n = n * 10 + (unsigned)(*p - '0');
    if (*p != '\0' || n == 0 || n > max)
        return fault_set(fault, EINVAL,
                         "option %s takes a number from 1 to %u, not '%s'",
                         option, max, value);
    *count_out = n;
    return 0;
}
