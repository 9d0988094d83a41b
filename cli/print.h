/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print.h - a list of facts on stdout, for people or as a JSON object.
 *
 * What:      between print_begin() and print_end(), one call for each fact, in
 *            the order in which they appear. For people: a name, a value, a
 *            line. What comes from images and guests has its control characters
 *            made visible.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct list;

struct printer {
    bool json;
    bool is_first;
};

void print_begin(struct printer *p, bool json);
void print_end(struct printer *p);
/* NULL: nothing is printed. */
void print_string(struct printer *p, const char *key, const char *s);
void print_number(struct printer *p, const char *key, uint64_t n);
void print_bool(struct printer *p, const char *key, bool b);
void print_list(struct printer *p, const char *key, const struct list *list);
/* "2026-01-31T12:00:00.123456789Z"; 0: nothing is printed. */
void print_time(struct printer *p, const char *key, uint64_t ns);

/* A string alone, quoted; a string alone, with \xNN. */
void print_json_string(FILE *to, const char *s);
void print_plain_string(const char *s);

#endif
