/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello-glibc-static.c - what the start of a static program gives: arguments,
 * environment, auxiliary vector,
 * constructors, thread-local data.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int constructed;
static __thread int local = 5;

__attribute__((constructor)) static void construct(void)
{
    constructed = 1;
}

static void at_end(void)
{
    printf("at exit\n");
}

int main(int argc, char **argv)
{
    printf("hello %d %s %d %d\n", argc, argv[argc - 1], constructed, local++);
    printf("page %lu, entry %d, uid %d, secure %lu, random %d\n",
           getauxval(AT_PAGESZ), getauxval(AT_ENTRY) != 0,
           getauxval(AT_UID) == getuid(), getauxval(AT_SECURE),
           getauxval(AT_RANDOM) != 0);
    printf("platform %s, name ends in %s\n", (char *)getauxval(AT_PLATFORM),
           strrchr((char *)getauxval(AT_EXECFN), '/'));
    printf("lang %s\n", getenv("LC_ALL") ? getenv("LC_ALL") : "(none)");
    atexit(at_end);
    return 3;
}
