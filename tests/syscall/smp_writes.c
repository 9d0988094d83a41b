/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_writes.c - threads on several CPUs append to files, overwrite, punch,
 * truncate, map and read them, one file and different ones at once.
 *
 * Method: each thread has a part of a file for itself and a model of it, so all
 * that it reads is known to the byte. Parts begin within pages, which two
 * threads share, and the end of the file, which moves, has a thread of its own.
 * Files are the image's and unchanged when it begins, or new. Records that are
 * appended must be whole, and those of a thread in order; writes to one place
 * leave what one of them wrote.
 * covers: write writev pwrite64 ftruncate fallocate mmap madvise lseek
 * run: --cpus 4 -m 64M --add /bin/gzip:/lent0
 */
#include "smp.h"

#include <linux/falloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define THREADS 4
#define PART    (4u * PAGE + 1000u)
#define END     (THREADS * PART) /* gzip has more */
#define TAIL    (8u * PAGE)      /* at most, behind the parts */
#define STEPS   400
#define RECORDS 400
#define ROUNDS  60

struct part {
    int fd;
    size_t start, len; /* in the file */
    unsigned char model[TAIL > PART ? TAIL : PART];
    unsigned char *map; /* of the file from 0 on, END bytes */
    unsigned random;
};

static struct part parts[THREADS + 1];

static unsigned roll(struct part *p)
{
    p->random = p->random * 1103515245u + 12345u;
    return p->random >> 8;
}

/* A range within the first `limit` bytes of the part; *len_out may be 0. */
static size_t range(struct part *p, size_t limit, size_t *len_out)
{
    size_t at = limit ? roll(p) % limit : 0;

    *len_out = roll(p) % (2 * PAGE);
    if (roll(p) % 4 == 0) { /* a whole page of the file's */
        at = (at + PAGE - 1) / PAGE * PAGE;
        at = (at + p->start) / PAGE * PAGE;
        at = at > p->start ? at - p->start : 0;
        *len_out = PAGE;
    }
    if (at > limit)
        at = limit;
    if (*len_out > limit - at)
        *len_out = limit - at;
    return at;
}

static const char *look(struct part *p, size_t at, size_t len)
{
    unsigned char seen[2 * PAGE];

    if (pread(p->fd, seen, len, (off_t)(p->start + at)) != (ssize_t)len)
        return "pread";
    return memcmp(seen, p->model + at, len) ? "read other bytes" : NULL;
}

static const char *fill(struct part *p, size_t at, size_t len)
{
    unsigned char bytes[2 * PAGE];

    memset(bytes, (int)(roll(p) | 1) & 0xff, len);
    if (pwrite(p->fd, bytes, len, (off_t)(p->start + at)) != (ssize_t)len)
        return "pwrite";
    memcpy(p->model + at, bytes, len);
    return NULL;
}

/* From the mapping, where it may have to be faulted in. */
static const char *move(struct part *p, size_t at, size_t len)
{
    size_t from = at < p->len / 2 ? p->len - len : 0;

    if (from < at + len && at < from + len)
        return NULL;
    if (pwrite(p->fd, p->map + p->start + from, len, (off_t)(p->start + at)) !=
        (ssize_t)len)
        return "pwrite from a mapping";
    memcpy(p->model + at, p->model + from, len);
    return NULL;
}

static const char *punch(struct part *p, size_t at, size_t len)
{
    if (len == 0)
        return NULL;
    if (fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)(p->start + at), (off_t)len))
        return "fallocate";
    memset(p->model + at, 0, len);
    return NULL;
}

static const char *store(struct part *p, size_t at, size_t len)
{
    int byte = (int)(roll(p) | 1) & 0xff;

    memset(p->map + p->start + at, byte, len);
    memset(p->model + at, byte, len);
    return NULL;
}

static const char *load(struct part *p, size_t at, size_t len)
{
    return memcmp(p->map + p->start + at, p->model + at, len)
               ? "mapped other bytes"
               : NULL;
}

static const char *forget(struct part *p, size_t at, size_t len)
{
    uintptr_t first = ((uintptr_t)p->map + p->start + at) / PAGE * PAGE;

    return madvise((void *)first, len + 1, MADV_DONTNEED) ? "madvise" : NULL;
}

static void *work(void *arg)
{
    static const char *(*const steps[])(struct part *, size_t,
                                        size_t) = { fill, look, punch,  store,
                                                    load, move, forget, look };
    struct part *p = arg;

    for (unsigned i = 0; i < STEPS; i++) {
        size_t len, at = range(p, p->len, &len);
        const char *error = steps[roll(p) % 8](p, at, len);

        if (error)
            return (void *)(uintptr_t)error;
    }
    return (void *)(uintptr_t)look(p, 0, PAGE);
}

/* What was cut off is zeros when the file grows again. */
static const char *resize(struct part *p, size_t len)
{
    if (ftruncate(p->fd, (off_t)(p->start + len)))
        return "ftruncate";
    if (len < p->len)
        memset(p->model + len, 0, p->len - len);
    p->len = len;
    return NULL;
}

static const char *append(struct part *p, size_t at, size_t len)
{
    const char *error;

    if (at + len > TAIL)
        return NULL;
    error = fill(p, at, len); /* a gap before it, at times */
    if (len > 0 && at + len > p->len)
        p->len = at + len;
    return error;
}

static void *work_at_end(void *arg)
{
    struct part *p = arg;

    for (unsigned i = 0; i < STEPS; i++) {
        size_t len, at = range(p, p->len, &len);
        const char *error = NULL;

        switch (roll(p) % 4) {
        case 0:
            error = resize(p, roll(p) % TAIL);
            break;
        case 1:
            error = append(p, p->len + roll(p) % 3 * 500, roll(p) % PAGE);
            break;
        case 2:
            error = punch(p, at, len);
            break;
        default:
            error = look(p, at, len);
            break;
        }
        if (error)
            return (void *)(uintptr_t)error;
        if (lseek(p->fd, 0, SEEK_END) != (off_t)(p->start + p->len))
            return (void *)(uintptr_t) "another size";
    }
    return NULL;
}

static void *run_part(void *arg)
{
    return arg == &parts[THREADS] ? work_at_end(arg) : work(arg);
}

static void run(void)
{
    pthread_t threads[THREADS + 1];

    for (unsigned i = 0; i <= THREADS; i++)
        start(&threads[i], run_part, (long)&parts[i]);
    for (unsigned i = 0; i <= THREADS; i++)
        join(threads[i]);
}

static void part_open(unsigned i, int fd, size_t start)
{
    struct part *p = &parts[i];

    p->fd = fd;
    p->start = start;
    p->len = i < THREADS ? PART : 0;
    p->random = i + 1;
    if (i < THREADS)
        CHECK_EQ(pread(fd, p->model, PART, (off_t)start), (long)PART);
    else
        memset(p->model, 0, sizeof(p->model));
    p->map = mmap(NULL, END, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p->map != MAP_FAILED);
}

static void part_close(unsigned i)
{
    CHECK_EQ(munmap(parts[i].map, END), 0);
}

/* A file that nobody has changed, or not in a guest a copy. */
static int open_file(void)
{
    static char bytes[END];
    int fd = open("/lent0", O_RDWR), from;

    if (fd < 0) {
        from = open("/bin/gzip", O_RDONLY);
        CHECK_EQ(read(from, bytes, END), (long)END);
        close(from);
        fd = open("lent0", O_CREAT | O_TRUNC | O_RDWR, 0644);
        CHECK_EQ(write(fd, bytes, END), (long)END);
    }
    return fd;
}

TEST(parts_of_one_file)
{
    int fd = open_file();

    CHECK_EQ(ftruncate(fd, END), 0);
    for (unsigned i = 0; i <= THREADS; i++)
        part_open(i, fd, i * PART);
    run();
    for (unsigned i = 0; i < THREADS; i++)
        for (size_t at = 0; at + 1000 <= PART; at += 1000)
            CHECK(look(&parts[i], at, 1000) == NULL);
    for (unsigned i = 0; i <= THREADS; i++)
        part_close(i);
    close(fd);
}

TEST(files_of_their_own)
{
    char name[16];

    for (unsigned i = 0; i <= THREADS; i++) {
        int fd;

        snprintf(name, sizeof(name), "own%u", i);
        fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0644);
        CHECK_OK(fd);
        CHECK_EQ(ftruncate(fd, i < THREADS ? PART : 0), 0);
        part_open(i, fd, 0);
    }
    run();
    for (unsigned i = 0; i <= THREADS; i++) {
        part_close(i);
        close(parts[i].fd);
    }
}

/* ---- records ---- */

struct record {
    uint16_t len; /* of all */
    uint8_t thread, byte;
    uint32_t seq;
    uint8_t rest[2000];
};

static void *append_records(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    int fd = open("records", O_WRONLY | O_APPEND);
    struct record r = { .thread = (uint8_t)me };

    if (fd < 0)
        return "open";
    for (; r.seq < RECORDS; r.seq++) {
        struct iovec two[2] = { { &r, 8 }, { r.rest, 0 } };
        ssize_t done;

        r.byte = (uint8_t)(r.seq * 7 + me);
        r.len = (uint16_t)(8 + (r.seq * 37 + me * 501) % sizeof(r.rest));
        memset(r.rest, r.byte, sizeof(r.rest));
        two[1].iov_len = r.len - 8u;
        done = r.seq % 2 ? write(fd, &r, r.len) : writev(fd, two, 2);
        if (done != r.len)
            return "write";
    }
    close(fd);
    return NULL;
}

static void check_records(int fd)
{
    uint32_t next[THREADS] = { 0 };
    struct record r;
    off_t at = 0;

    while (pread(fd, &r, 8, at) == 8) {
        CHECK(r.thread < THREADS && r.len >= 8 && r.len <= sizeof(r));
        CHECK_EQ(r.seq, next[r.thread]);
        next[r.thread]++;
        CHECK_EQ(pread(fd, r.rest, r.len - 8u, at + 8), r.len - 8);
        for (unsigned i = 0; i < r.len - 8u; i++)
            CHECK_EQ(r.rest[i], r.byte);
        at += r.len;
    }
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(next[i], RECORDS);
    CHECK_EQ(lseek(fd, 0, SEEK_END), at);
}

TEST(records_that_are_appended)
{
    pthread_t threads[THREADS];
    int fd = open("records", O_CREAT | O_TRUNC | O_RDWR, 0644);

    CHECK_OK(fd);
    for (unsigned long i = 0; i < THREADS; i++)
        start(&threads[i], append_records, (long)i);
    for (unsigned i = 0; i < THREADS; i++)
        join(threads[i]);
    check_records(fd);
    close(fd);
}

/* ---- one place ---- */

static pthread_barrier_t together;
static int one_fd;

static void *write_there(void *arg)
{
    static __thread unsigned char bytes[3 * PAGE];
    unsigned char seen[3 * PAGE];
    const char *error = NULL;

    for (unsigned round = 0; round < ROUNDS; round++) {
        memset(bytes, (int)(round * THREADS + (unsigned)(uintptr_t)arg) | 1,
               sizeof(bytes));
        pthread_barrier_wait(&together);
        if (pwrite(one_fd, bytes, sizeof(bytes), 100) != (long)sizeof(bytes))
            error = "pwrite";
        pthread_barrier_wait(&together);
        if (pread(one_fd, seen, sizeof(seen), 100) != (long)sizeof(seen))
            error = "pread";
        for (unsigned i = 1; i < sizeof(seen); i++)
            if (seen[i] != seen[0])
                error = "of two writes";
        pthread_barrier_wait(&together);
        if (arg == NULL && round % 3 == 0 && ftruncate(one_fd, round % 5))
            error = "ftruncate";
    }
    return (void *)(uintptr_t)error;
}

TEST(writes_to_one_place)
{
    pthread_t threads[THREADS];

    one_fd = open("place", O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK_OK(one_fd);
    CHECK_EQ(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (unsigned long i = 0; i < THREADS; i++)
        start(&threads[i], write_there, (long)i);
    for (unsigned i = 0; i < THREADS; i++)
        join(threads[i]);
    close(one_fd);
}
