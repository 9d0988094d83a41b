/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.c - a program that ends badly, in the way its argument names.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOOD_LEN (1 << 20)

static int deeper(volatile char *above)
{
    volatile char frame[4096];

    frame[0] = above[0];
    return deeper(frame) + frame[0];
}

static int fork_one(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    if (pid < 0) {
        perror("fork");
        return 4;
    }
    return waitpid(pid, NULL, 0) == pid ? 0 : 5;
}

/* As Qt's QProcess, which asks for a descriptor and looks only at that. */
static int fork_for_descriptor(void)
{
    int fd = STDOUT_FILENO;
    long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, 0);

    if (pid == 0)
        _exit(0);
    return fd < 0 ? 7 : 8;
}

/* Tries twice what cannot be: it is told once. */
static int exec_one(void)
{
    char *const argv[] = { "true", NULL };

    for (int i = 0; i < 2; i++)
        execv("/bin/true", argv);
    perror("execv");
    return 6;
}

static void *spin(void *arg)
{
    for (;;)
        __asm__ volatile("");
    return arg;
}

/* More than a pipe takes, while another thread keeps a CPU busy. */
static int flood(void)
{
    static char data[FLOOD_LEN];
    pthread_t busy;
    size_t done = 0;

    memset(data, 'x', sizeof(data));
    if (pthread_create(&busy, NULL, spin, NULL) != 0)
        return 7;
    while (done < sizeof(data)) {
        ssize_t n = write(1, data + done, sizeof(data) - done);

        if (n < 0)
            return 8;
        done += (size_t)n;
    }
    return 9;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    puts("started");
    fflush(stdout);
    if (strcmp(how, "segv") == 0)
        *(volatile int *)16 = 1;
    else if (strcmp(how, "ill") == 0)
        __asm__ volatile("ud2");
    else if (strcmp(how, "privileged") == 0)
        __asm__ volatile("hlt");
    else if (strcmp(how, "divide") == 0)
        __asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cdq; idiv %%ecx" ::
                             : "eax", "ecx", "edx");
    else if (strcmp(how, "stack") == 0)
        return deeper((volatile char *)how);
    else if (strcmp(how, "abort") == 0)
        abort();
    else if (strcmp(how, "jump") == 0)
        ((void (*)(void))0x1234)();
    else if (strcmp(how, "fork") == 0)
        return fork_one();
    else if (strcmp(how, "fork-for-descriptor") == 0)
        return fork_for_descriptor();
    else if (strcmp(how, "exec") == 0)
        return exec_one();
    else if (strcmp(how, "loop") == 0)
        for (;;)
            __asm__ volatile("");
    else if (strcmp(how, "flood") == 0)
        return flood();
    else if (strcmp(how, "sleep") == 0)
        pause();
    return 0;
}
