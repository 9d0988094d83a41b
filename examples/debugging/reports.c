/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports.c - a queue of requests for reports, and what makes them.
 *
 * A report is rendered into a buffer of its own and handed on. Here the queue
 * is a list that begins again at its end, and handing on is counting bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_LEN (192u << 10)
#define PAUSE_US   20000

struct request {
    const char *customer;
    const char *format;
};

static const struct request queue[] = {
    { "alder", "text" },  { "birch", "csv" }, { "cedar", "text" },
    { "dogwood", "pdf" }, { "elm", "csv" },   { "fir", "text" },
};

static size_t render(const struct request *r, char *into)
{
    size_t len = 0;
    unsigned row;

    for (row = 0; len + 128 < REPORT_LEN; row++)
        len += (size_t)snprintf(into + len, 128, "%s,%u,%s\n", r->customer, row,
                                r->format);
    return len;
}

/* -> bytes, or -1: this format is not known */
__attribute__((noinline)) static long make_report(const struct request *r)
{
    char *report = malloc(REPORT_LEN);
    long len;

    if (!report)
        return -1;
    len = (long)render(r, report);
    if (strcmp(r->format, "text") != 0 && strcmp(r->format, "csv") != 0)
        return -1;
    free(report);
    return len;
}

int main(void)
{
    unsigned long made = 0, refused = 0;
    size_t n;

    for (n = 0;; n++) {
        if (make_report(&queue[n % (sizeof(queue) / sizeof(queue[0]))]) >= 0)
            made++;
        else
            refused++;
        if (n % 50 == 0) {
            printf("%lu made, %lu refused\n", made, refused);
            fflush(stdout);
        }
        usleep(PAUSE_US);
    }
}
