/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c - C as servers use it: a pool of threads with a queue, faults that
 * a handler mends, files, regular expressions, dates; argument 1 is the size.
 * With the argument "crash" a thread writes through a null pointer.
 */
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WORKERS   8
#define QUEUE_LEN 16
#define PAGE_LEN  4096

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    uint32_t jobs[QUEUE_LEN];
    unsigned head, tail;
    uint64_t sum;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER,
            .filled = PTHREAD_COND_INITIALIZER,
            .emptied = PTHREAD_COND_INITIALIZER };

static __thread unsigned done_here;

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

static void *worker(void *arg)
{
    unsigned *count = arg;

    for (;;) {
        uint32_t job;

        pthread_mutex_lock(&queue.lock);
        while (queue.head == queue.tail)
            pthread_cond_wait(&queue.filled, &queue.lock);
        job = queue.jobs[queue.head++ % QUEUE_LEN];
        pthread_cond_signal(&queue.emptied);
        pthread_mutex_unlock(&queue.lock);
        if (job == 0)
            break;
        for (unsigned i = 0; i < 100; i++)
            job = mix(job);
        pthread_mutex_lock(&queue.lock);
        queue.sum += job;
        pthread_mutex_unlock(&queue.lock);
        done_here++;
    }
    *count = done_here;
    return NULL;
}

static void give(uint32_t job)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.tail - queue.head == QUEUE_LEN)
        pthread_cond_wait(&queue.emptied, &queue.lock);
    queue.jobs[queue.tail++ % QUEUE_LEN] = job;
    pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
}

static void pool(unsigned size)
{
    pthread_t threads[WORKERS];
    unsigned counts[WORKERS], total = 0;

    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, worker, &counts[i]);
    for (unsigned i = 1; i <= size * 100; i++)
        give(i);
    for (int i = 0; i < WORKERS; i++)
        give(0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        total += counts[i];
    }
    printf("pool: %u jobs, sum %lu\n", total, queue.sum);
}

/* ---- faults: every first write to a page opens that page ---- */

static volatile unsigned fault_count;
static sigjmp_buf back;

static void open_page(int signo, siginfo_t *info, void *context)
{
    uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE_LEN - 1);

    (void)signo;
    (void)context;
    fault_count++;
    if (info->si_code == SEGV_MAPERR)
        siglongjmp(back, 1);
    mprotect((void *)page, PAGE_LEN, PROT_READ | PROT_WRITE);
}

static void faults(unsigned size)
{
    struct sigaction action = { .sa_sigaction = open_page,
                                .sa_flags = SA_SIGINFO };
    size_t pages = size * 10;
    char *area = mmap(NULL, pages * PAGE_LEN, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *volatile nothing = (volatile char *)8;
    volatile unsigned missed = 0, tries;

    sigaction(SIGSEGV, &action, NULL);
    for (size_t i = 0; i < pages; i++)
        area[i * PAGE_LEN] = (char)i;
    for (tries = 0; tries < size; tries++) {
        if (sigsetjmp(back, 1) == 0)
            *nothing = 1;
        else
            missed++;
    }
    signal(SIGSEGV, SIG_DFL);
    printf("faults: %u, of these %u at nothing\n", fault_count, missed);
    munmap(area, pages * PAGE_LEN);
}

/* ---- files and text ---- */

static void files(unsigned size)
{
    unsigned lines = 0, fit = 0;
    uint64_t sum = 0;
    char line[128];
    regmatch_t at[3];
    regex_t pattern;
    FILE *f = fopen("lines.txt", "w+");

    regcomp(&pattern, "^item ([0-9]*7), (x+)$", REG_EXTENDED);
    for (unsigned i = 0; i < size * 50; i++)
        fprintf(f, "item %u, %.*s\n", i, (int)(i % 5), "xxxxx");
    rewind(f);
    while (fgets(line, sizeof(line), f)) {
        lines++;
        line[strcspn(line, "\n")] = '\0';
        if (regexec(&pattern, line, 3, at, 0) != 0)
            continue;
        fit++;
        sum += strtoul(line + at[1].rm_so, NULL, 10);
        sum += (uint64_t)(at[2].rm_eo - at[2].rm_so);
    }
    printf("files: %u lines, %u fit, sum %lu\n", lines, fit, sum);
    regfree(&pattern);
    fclose(f);
    rename("lines.txt", "gone.txt");
    printf("files: %s\n", access("lines.txt", F_OK) ? "renamed" : "still here");
    unlink("gone.txt");
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void mapped_sort(unsigned size)
{
    size_t count = size * 1000, len = count * sizeof(uint32_t);
    int fd = open("sorted", O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint32_t *numbers, first[2];

    if (ftruncate(fd, (off_t)len) != 0)
        return;
    numbers = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (size_t i = 0; i < count; i++)
        numbers[i] = mix((uint32_t)i);
    qsort(numbers, count, sizeof(*numbers), compare);
    munmap(numbers, len);
    if (pread(fd, first, sizeof(first), (off_t)len / 2) == sizeof(first))
        printf("sort: in the middle %u, %u\n", first[0], first[1]);
    close(fd);
    unlink("sorted");
}

static void memory(unsigned size)
{
    char *blocks[256] = { NULL };
    uint64_t sum = 0;

    for (unsigned i = 0; i < size * 1000; i++) {
        uint32_t r = mix(i);
        char **block = &blocks[r % 256];

        if (*block)
            sum += (unsigned char)**block;
        free(*block);
        *block = malloc(1 + (r >> 8) % (r % 64 ? 500 : 300000));
        **block = (char)r;
    }
    for (int i = 0; i < 256; i++)
        free(blocks[i]);
    printf("memory: sum %lu\n", sum);
}

static void dates(unsigned size)
{
    time_t t = 951782400; /* the 29th of February 2000 */
    struct timespec before, after;
    char text[64];
    long checked = 0;

    clock_gettime(CLOCK_MONOTONIC, &before);
    for (unsigned i = 0; i < size * 20; i++) {
        struct tm tm;
        time_t at = t + (time_t)i * 86399 * 11;

        gmtime_r(&at, &tm);
        checked += timegm(&tm) == at;
    }
    strftime(text, sizeof(text), "%A %d %B %Y %H:%M:%S", gmtime(&t));
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("dates: %ld, %s, time %s\n", checked, text,
           after.tv_sec > before.tv_sec || after.tv_nsec > before.tv_nsec
               ? "passes"
               : "stands");
}

static void *crash(void *arg)
{
    puts("about to crash");
    fflush(stdout);
    *(volatile int *)arg = 1;
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned size = argc > 1 ? (unsigned)atoi(argv[1]) : 1;

    if (argc > 1 && strcmp(argv[1], "crash") == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, crash, NULL);
        pthread_join(thread, NULL);
        return 1;
    }
    pool(size);
    faults(size);
    files(size);
    mapped_sort(size);
    memory(size);
    dates(size);
    return 0;
}
