/* SPDX-License-Identifier: BSD-2-Clause */
/* print.c - see print.h. */
#include "cli/print.h"

#include <stdio.h>
#include <time.h>

#include "host/memory.h"

void print_begin(struct printer *p, bool json)
{
    *p = (struct printer){ json, true };
    if (json)
        putchar('{');
}

void print_end(struct printer *p)
{
    if (p->json)
        printf("\n}\n");
}

void print_json_string(FILE *to, const char *s)
{
    fputc('"', to);
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(to, "\\u%04x", c);
        else
            fputc(c, to);
    }
    fputc('"', to);
}

/* Names come from images of strangers: no control characters to terminals. */
void print_plain_string(const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c < 0x20 || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void put_key(struct printer *p, const char *key)
{
    if (p->json)
        printf("%s\n  \"%s\": ", p->is_first ? "" : ",", key);
    else
        printf("%-12s ", key);
    p->is_first = false;
}

void print_string(struct printer *p, const char *key, const char *s)
{
    if (!s)
        return;
    put_key(p, key);
    if (p->json) {
        print_json_string(stdout, s);
    } else {
        print_plain_string(s);
        putchar('\n');
    }
}

void print_number(struct printer *p, const char *key, uint64_t n)
{
    put_key(p, key);
    printf("%llu%s", (unsigned long long)n, p->json ? "" : "\n");
}

void print_list(struct printer *p, const char *key, const struct list *list)
{
    size_t i;

    if (!p->json) {
        for (i = 0; i < list->count; i++)
            print_string(p, i == 0 ? key : "", list->item[i]);
        return;
    }
    put_key(p, key);
    putchar('[');
    for (i = 0; i < list->count; i++) {
        if (i > 0)
            fputs(", ", stdout);
        print_json_string(stdout, list->item[i]);
    }
    putchar(']');
}

void print_bool(struct printer *p, const char *key, bool b)
{
    put_key(p, key);
    printf("%s%s", b ? "true" : "false", p->json ? "" : "\n");
}

void print_time(struct printer *p, const char *key, uint64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000u);
    char text[64];
    struct tm tm;
    size_t len;

    if (ns == 0)
        return;
    gmtime_r(&seconds, &tm);
    len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + len, sizeof(text) - len, ".%09lluZ",
             (unsigned long long)(ns % 1000000000u));
    print_string(p, key, text);
}
