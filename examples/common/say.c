/* SPDX-License-Identifier: BSD-2-Clause */
/* say.c - see say.h. */
#include "say.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_LEN_MAX    1024u
#define DECIMAL_LEN_MAX 11u
#define DECIMAL_COUNT   4u

const char *program_name = "";

static size_t append(char *line, size_t used, const char *piece)
{
    size_t len = strlen(piece);

    if (len > LINE_LEN_MAX - 1 - used)
        len = LINE_LEN_MAX - 1 - used;
    memcpy(line + used, piece, len);
    return used + len;
}

void say_pieces(const char *const pieces[])
{
    char line[LINE_LEN_MAX];
    size_t used = append(line, append(line, 0, program_name), ": ");

    for (; *pieces; pieces++)
        used = append(line, used, *pieces);
    line[used++] = '\n';
    (void)!write(STDERR_FILENO, line, used); /* there is nobody else to tell */
}

void die_pieces(const char *const pieces[])
{
    say_pieces(pieces);
    exit(1);
}

const char *decimal(unsigned value)
{
    static char texts[DECIMAL_COUNT][DECIMAL_LEN_MAX];
    static unsigned next;
    char *text = texts[next++ % DECIMAL_COUNT];
    size_t at = DECIMAL_LEN_MAX - 1; /* a 0 is there */

    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return text + at;
}
