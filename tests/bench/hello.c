/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello.c - one line and a mark: how long a guest takes to say something.
 */
#include <unistd.h>

#include "tests/bench/mark.h"

int main(void)
{
    ssize_t n = write(1, "Hello, world!\n", 14);

    MARK(1);
    return n == 14 ? 0 : 1;
}
