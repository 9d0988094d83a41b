/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args.h - options of a command line, from one table that also gives the help.
 *
 * What:      GNU habits: -m 64M, -m64M, --memory 64M, --memory=64M, -- ends
 *            the options. args_parse() stops at the first operand, where what
 *            follows belongs to the program that is run.
 * Ownership: values point into argv.
 * Errors:    -EINVAL with a fault that names the option.
 */
#ifndef HOST_ARGS_H
#define HOST_ARGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct fault;

struct arg_option {
    char letter;      /* 0: none */
    const char *name; /* without the dashes */
    /* The value's name for the help; NULL: takes none; "[=NAME]": takes one
     * only if it stands behind "=", and `set` gets NULL if none does. */
    const char *value;
    const char *help;
    int (*set)(void *into, const char *value, struct fault *fault);
    /* Without set: offset of the bool that becomes true, or of the const char *
     * that becomes the value. */
    size_t member;
};

/* What ends an entry. */
#define ARG_SET(function)      (function), 0
#define ARG_FLAG(type, member) NULL, offsetof(type, member) /* no value */
#define ARG_TEXT(type, member) NULL, offsetof(type, member) /* with a value */
#define ARG_HELP(type)                                            \
    {                                                             \
        'h', "help", NULL, "show this help", ARG_FLAG(type, help) \
    }
#define ARG_END                      \
    {                                \
        0, NULL, NULL, NULL, NULL, 0 \
    }

/*
 * Parse argv[1..argc); the table ends with an entry without name. Sets
 * *first_out to the index of the first operand.
 */
int args_parse(const struct arg_option *table, void *into, int argc,
               char **argv, int *first_out, struct fault *fault);

/*
 * The same where no operand is a program's: options may stand behind operands,
 * too, and are moved before them in argv.
 */
int args_parse_anywhere(const struct arg_option *table, void *into, int argc,
                        char **argv, int *first_out, struct fault *fault);

/* Print the table, one option a line. */
void args_help(FILE *to, const struct arg_option *table);

/* A size: digits and one of k m g t (powers of 1024, any case, "b" or "ib"
 * may follow). -EINVAL names the option. */
int args_size(const char *option, const char *value, uint64_t *bytes_out,
              struct fault *fault);

/* A number from 1 to max, in decimal digits. -EINVAL names the option. */
int args_count(const char *option, const char *value, unsigned max,
               unsigned *count_out, struct fault *fault);

#endif
