/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_fuzz.c - any bytes as a request to examples/web: what is taken is whole
 * and inside, and no path that comes out leads upwards.
 */
/* unit: examples/web/request.c examples/web/date.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "examples/web/date.h"
#include "examples/web/request.h"

#define SIZE 1000ul

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct request *r)
{
    unsigned long first, n;
    int status = request_range(r->range, SIZE, &first, &n);
    const char *path =
        r->method == METHOD_OTHER ? NULL : request_path(r->target);
    time_t when;

    if (status == 206 && (n == 0 || first >= SIZE || n > SIZE - first))
        abort();
    if (path && (path[0] == '/' || strncmp(path, "..", 2) == 0 ||
                 strstr(path, "/.") || strstr(path, "//")))
        abort();
    if (r->if_modified_since)
        (void)date_read(r->if_modified_since, &when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct request request;
    char *buf = malloc(len ? len : 1); /* exact, for ASan */
    int n;

    if (len > 0)
        memcpy(buf, data, len);
    n = request_parse(buf, len, &request);
    if (n > (int)HEAD_LEN_MAX || (n > 0 && (size_t)n > len))
        abort();
    if (n == 0 && len >= HEAD_LEN_MAX)
        abort();
    if (n > 0)
        check(&request);
    free(buf);
    return 0;
}
