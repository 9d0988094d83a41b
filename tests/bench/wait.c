/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.c - hello, then a long sleep, so that the guest can be looked at.
 */
#include <unistd.h>

int main(void)
{
    if (write(1, "Hello, world!\n", 14) != 14)
        return 1;
    sleep(600);
    return 0;
}
