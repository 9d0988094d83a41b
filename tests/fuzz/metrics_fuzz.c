/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics_fuzz.c - any bytes as a request to samara metrics, in any pieces: a
 * status that is known, the same whole as in pieces, and an answer that fits.
 */
/* unit: cli/metrics_http.c host/memory.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Bytes of their own, so that a look behind them is seen. */
static int ask(const uint8_t *data, size_t len, struct metrics_request *out)
{
    char *copy = malloc(len);
    int status;

    if (!copy)
        abort();
    memcpy(copy, data, len);
    status = metrics_request(copy, len, out);
    free(copy);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct metrics_request r;
    size_t answer_len, n;
    int status = 0;
    char *answer;

    if (len == 0 || len > METRICS_REQUEST_MAX)
        return 0;
    for (n = 1; status == 0 && n <= len; n++)
        status = ask(data, n, &r);
    if (status == 0)
        return 0;
    /* What follows the request changes nothing. */
    if (status != 431 && ask(data, len, &r) != status)
        abort();
    answer = metrics_answer(status, &r, "x 1\n", &answer_len);
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || atoi(answer + 9) != status ||
        !strstr(answer, "\r\n\r\n"))
        abort();
    free(answer);
    return 0;
}
