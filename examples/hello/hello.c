/* SPDX-License-Identifier: BSD-2-Clause */
/* hello.c - the smallest guest: one line, and the arguments it was given. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("Hello from a machine of my own!\n");
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    return 0;
}
