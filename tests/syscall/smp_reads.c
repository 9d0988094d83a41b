/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp_reads.c - threads on several CPUs read files that others write to,
 * truncate, punch, unlink, close and replace by dup2().
 *
 * Method: what may be read at each place is known by the round that writes it;
 * bytes of the image must not come back. Descriptors whose position threads
 * share give each byte to one of them. Files of the image are unchanged when a
 * round begins.
 * covers: readv preadv preadv2 lseek pread64 write ftruncate fallocate dup2
 * covers: unlink close
 * run: --cpus 8 -m 64M --add /bin/gzip:/lent0 --add /bin/gzip:/lent1
 * run: --add /bin/gzip:/lent2 --add /bin/gzip:/lent3 --add /bin/gzip:/lent4
 * run: --add /bin/gzip:/lent5
 */
#include "check.h"

#include <linux/falloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define READERS 7
#define ROUNDS  6
#define PAGES   20u /* gzip has more */
#define LEN     (PAGES * PAGE)
#define CHANGES 20
#define TOKENS  4000u
#define VALUES  (1ul << 60) /* what is written: no program has such words */

typedef void *(*body_fn)(void *);

static uint64_t before[LEN / 8];
static atomic_ulong sum, written; /* of words read; the last value that is in */
static atomic_int reads;
static atomic_bool is_over, has_failed;
static const char *path;
static int fd;

/* A file that nobody has changed, or not in a guest a copy. */
static void open_file(int round)
{
    static char name[16];
    int from;

    snprintf(name, sizeof(name), "/lent%d", round);
    path = name;
    fd = open(path, O_RDWR);
    if (fd < 0) {
        path++;
        from = open("/bin/gzip", O_RDONLY);
        CHECK_EQ(read(from, before, LEN), (long)LEN);
        close(from);
        fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
        CHECK_EQ(write(fd, before, LEN), (long)LEN);
    }
    CHECK_EQ(pread(fd, before, LEN, 0), (long)LEN);
    atomic_store(&is_over, false);
    atomic_store(&reads, 0);
}

static void start(pthread_t threads[READERS], body_fn body)
{
    for (long i = 0; i < READERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, body, (void *)i), 0);
}

static void join(pthread_t threads[READERS])
{
    void *error;

    for (int i = 0; i < READERS; i++) {
        CHECK_EQ(pthread_join(threads[i], &error), 0);
        CHECK_STR(error ? (char *)error : "", "");
    }
}

static void wait_for_reads(int more)
{
    int target = atomic_load(&reads) + more;

    while (atomic_load(&reads) < target && !atomic_load(&has_failed))
        usleep(20); /* whoever yields to three that never sleep waits long */
}

static void *fail(const char *why)
{
    atomic_store(&has_failed, true);
    return (void *)(uintptr_t)why;
}

/* ---- one position for all ---- */

static unsigned long mixed(uint64_t word)
{
    word *= 0x9e3779b97f4a7c15ul;
    return word ^ word >> 29;
}

/* A few words at the shared position, by each call in turn; to a fresh page at
 * times, so that the copy faults. */
static ssize_t read_some(uint64_t *words, unsigned n)
{
    struct iovec two[2] = { { words, 8 }, { words + 1, 16 } };

    switch (n % 3) {
    case 0:
        return read(fd, words, 24);
    case 1:
        return readv(fd, two, 2);
    default:
        return syscall(SYS_preadv2, fd, two, 2, -1l, -1l, 0);
    }
}

static void *take_words(void *arg)
{
    uint64_t words[3];

    for (unsigned n = (unsigned)(uintptr_t)arg;; n++) {
        ssize_t len = read_some(words, n);

        if (len == 0)
            return NULL;
        if (len < 0 || len % 8)
            return fail("read");
        for (ssize_t i = 0; i < len / 8; i++)
            atomic_fetch_add(&sum, mixed(words[i]));
    }
}

static void share_position(void)
{
    pthread_t threads[READERS];
    unsigned long all = 0;
    off_t end = lseek(fd, 0, SEEK_END);

    CHECK_EQ(ftruncate(fd, 0), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(write(fd, before, LEN), (long)LEN);
    for (unsigned i = 0; i < LEN / 8; i++)
        all += mixed(before[i]);
    CHECK(end >= (off_t)LEN);
    atomic_store(&sum, 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    start(threads, take_words);
    join(threads);
    CHECK_EQ(atomic_load(&sum), all);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), (long)LEN);
}

TEST(a_position_is_one_threads_at_a_time)
{
    for (int i = 0; i < 4; i++) {
        open_file(0);
        share_position();
        close(fd);
    }
}

/* The same of a file as the image has it: its end is where gzip's is. */
TEST(a_position_in_a_file_of_the_image)
{
    pthread_t threads[READERS];
    unsigned long all = 0;
    uint64_t word;
    off_t end;

    open_file(1);
    end = lseek(fd, 0, SEEK_END) & -8;
    for (off_t at = 0; at < end; at += 8) {
        CHECK_EQ(pread(fd, &word, 8, at), 8);
        all += mixed(word);
    }
    if (lseek(fd, 0, SEEK_END) % 8 == 0) {
        atomic_store(&sum, 0);
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        start(threads, take_words);
        join(threads);
        CHECK_EQ(atomic_load(&sum), all);
    }
    close(fd);
}

static void *give_tokens(void *arg)
{
    uint64_t token = (uint64_t)(uintptr_t)arg * TOKENS, seen;

    for (unsigned i = 0; i < TOKENS; i++, token++) {
        if (write(fd, &token, sizeof(token)) != sizeof(token))
            return fail("write");
        if (i % 16 == 0 && pread(fd, &seen, sizeof(seen), i) != sizeof(seen))
            return fail("pread");
    }
    return NULL;
}

TEST(each_write_has_a_place_of_its_own)
{
    static bool seen[READERS * TOKENS];
    pthread_t threads[READERS];
    unsigned count = 0;
    uint64_t token;

    fd = open("tokens", O_CREAT | O_RDWR, 0644);
    CHECK_OK(fd);
    start(threads, give_tokens);
    join(threads);
    for (unsigned i = 0; i < READERS * TOKENS; i++) {
        CHECK_EQ(pread(fd, &token, sizeof(token), i * 8), 8);
        if (token < READERS * TOKENS && !seen[token])
            count++;
        if (token < READERS * TOKENS)
            seen[token] = true;
    }
    CHECK_EQ(count, READERS * TOKENS);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), READERS * TOKENS * 8l);
    close(fd);
}

/* sendfile() and splice() of the same position: counts stay what was asked. */
static void *move_position(void *arg)
{
    int null = open("/dev/null", O_WRONLY), ends[2];
    char bytes[64];

    if (pipe(ends))
        return fail("pipe");
    for (unsigned i = 0; i < 1500; i++) {
        long n = sendfile(null, fd, NULL, 64);

        if (n < 0 || n > 64 || lseek(fd, i % 9 * 1000, SEEK_SET) < 0)
            return fail("sendfile");
        n = read(fd, bytes, sizeof(bytes));
        if (n < 0 || n > 64)
            return fail("read");
        n = splice(fd, NULL, ends[1], NULL, 64, 0);
        if (n < 0 || n > 64 || (n > 0 && read(ends[0], bytes, 64) != n))
            return fail("splice");
    }
    (void)arg;
    close(null);
    close(ends[0]);
    close(ends[1]);
    return NULL;
}

TEST(positions_that_move_during_transfers)
{
    pthread_t threads[READERS];

    open_file(1);
    start(threads, move_position);
    join(threads);
    close(fd);
}

/* ---- files that change ---- */

/*
 * The writer fills the file with a value, says so in `written`, cuts the file
 * or makes holes in it, and goes on to the next value. Who reads sees the value
 * of the moment it began or a later one, or zeros, or the end; before the first
 * value is said to be in, what was there before.
 */
static bool may_be(uint64_t word, unsigned long low, uint64_t was)
{
    unsigned long least = low > VALUES ? low : VALUES;

    return word == 0 || (word >= least && word <= VALUES + CHANGES) ||
           (low == 0 && word == was);
}

static void *look_around(void *arg)
{
    unsigned at = (unsigned)(uintptr_t)arg * 7;
    uint64_t words[PAGE / 8 + 1];

    for (; !atomic_load(&is_over); at += 3) {
        off_t pos = (at % PAGES) * PAGE + (at % 2) * (PAGE - 4 * 8);
        unsigned long low = atomic_load(&written);
        ssize_t len = pread(fd, words, at % 4 ? 64 : sizeof(words), pos);

        if (len < 0 || len % 8)
            return fail("pread");
        for (ssize_t i = 0; i < len / 8 && pos / 8 + i < (ssize_t)LEN / 8; i++)
            if (!may_be(words[i], low, before[pos / 8 + i]))
                return fail("what was there before came back");
        atomic_fetch_add(&reads, 1);
    }
    return NULL;
}

static void change(unsigned long value)
{
    static uint64_t page[PAGE / 8];
    unsigned i;

    for (i = 0; i < PAGE / 8; i++)
        page[i] = value;
    for (i = 0; i < PAGES; i++)
        CHECK_EQ(pwrite(fd, page, PAGE, i * PAGE), (long)PAGE);
    atomic_store(&written, value);
    wait_for_reads(3);
    switch (value % 4) {
    case 0:
        CHECK_EQ(ftruncate(fd, 0), 0);
        break;
    case 1:
        CHECK_EQ(ftruncate(fd, PAGE + 64), 0);
        CHECK_EQ(ftruncate(fd, LEN), 0);
        break;
    case 2:
        CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           PAGE + 8, 9 * PAGE),
                 0);
        break;
    default:
        break;
    }
    wait_for_reads(3);
}

static void play(int round)
{
    pthread_t threads[READERS];
    off_t end;

    atomic_store(&written, 0);
    open_file(round);
    end = lseek(fd, 0, SEEK_END);
    start(threads, look_around);
    wait_for_reads(30);
    if (end > (off_t)LEN && round % 2)
        CHECK_EQ(ftruncate(fd, LEN), 0);
    for (unsigned long i = 1; i <= CHANGES; i++)
        change(VALUES + i);
    if (round == 2)
        CHECK_EQ(unlink(path), 0);
    atomic_store(&is_over, true);
    join(threads);
    close(fd);
}

TEST(reads_of_a_file_that_changes)
{
    for (int round = 2; round < ROUNDS; round++)
        play(round);
}

/* ---- descriptors that change ---- */

static void *read_either(void *arg)
{
    uint64_t word;

    (void)arg;
    while (!atomic_load(&is_over)) {
        ssize_t len = pread(fd, &word, sizeof(word), 8);

        if (len < 0 && errno != EBADF)
            return fail("pread");
        if (len >= 0 && (len != 8 || (word != 1 && word != 2)))
            return fail("neither file's");
        (void)lseek(fd, 0, SEEK_CUR);
        atomic_fetch_add(&reads, 1);
    }
    return NULL;
}

static int file_of(uint64_t word)
{
    uint64_t words[2] = { word, word };
    int f = open("passing", O_CREAT | O_TRUNC | O_RDWR, 0644);

    CHECK_OK(f);
    CHECK_EQ(write(f, words, sizeof(words)), (long)sizeof(words));
    CHECK_EQ(unlink("passing"), 0);
    return f;
}

/* Each file dies with its descriptor, perhaps as it is read. */
TEST(a_descriptor_that_is_closed_and_replaced)
{
    pthread_t threads[READERS];

    atomic_store(&is_over, false);
    fd = file_of(1);
    start(threads, read_either);
    for (int i = 0; i < 150; i++) {
        int other = file_of(1 + i % 2);

        CHECK_EQ(dup2(other, fd), fd);
        CHECK_EQ(close(other), 0);
        if (i % 8 == 0) {
            other = file_of(1);
            CHECK_EQ(close(fd), 0);
            CHECK_EQ(fcntl(other, F_DUPFD, fd), fd);
            CHECK_EQ(close(other), 0);
        }
        wait_for_reads(2);
    }
    atomic_store(&is_over, true);
    join(threads);
}
