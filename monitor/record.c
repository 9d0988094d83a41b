/* SPDX-License-Identifier: BSD-2-Clause */
/* record.c - see record.h. */
#include "monitor/record.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

static int info = -1, ready = -1;

void record_init(int info_fd, int ready_fd)
{
    info = info_fd;
    ready = ready_fd;
}

int record_fd(void)
{
    return info;
}

void record_ready(void)
{
    const uint8_t byte = 1;

    if (ready < 0)
        return;
    (void)!write(ready, &byte, 1);
    close(ready);
    ready = -1;
}

void record_exit(int status)
{
    char line[] = "exit 000\n";
    unsigned n = (unsigned)status & 0xff;

    line[5] = (char)('0' + n / 100);
    line[6] = (char)('0' + n / 10 % 10);
    line[7] = (char)('0' + n % 10);
    if (info >= 0)
        (void)!write(info, line, sizeof(line) - 1);
}
