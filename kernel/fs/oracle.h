/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oracle.h - the same system call here and on Linux, for vfs_test.c.
 *
 * What:      BOTH(name, args...) calls sys_name() and the host's system call
 *            of that number with the same arguments and compares the results.
 *            Paths are relative: here to /host, there to a directory. setup()
 *            makes both, same_tree() compares them.
 * Ownership: included once by a test, which names its sources.
 */
#ifndef FS_ORACLE_H
#define FS_ORACLE_H

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include <errno.h>
#include <unistd.h>

#include "fs/fakes.h"
#include "syscall/syscall.h"
#include "tests/unit.h"

#define TREE_DEPTH_MAX 12
#define BUF_LEN        20000

/* Numbers come from the table itself. */
#define SYSCALL(nr, name, args, status, note) NR_##name = (nr),
#define SYSCALL_REGS(nr, name, args, status, note)
enum oracle_nr {
#include "syscall/table.def"
    NR_COUNT
};
#undef SYSCALL
#undef SYSCALL_REGS

static inline long oracle_result(long result)
{
    return result < 0 ? -errno : result;
}

#define HOST(name, ...) oracle_result(syscall(NR_##name, __VA_ARGS__))

static unsigned oracle_step;

static inline long oracle_compare(long ours, long theirs, const char *what)
{
    if (ours != theirs) {
        unit_failures++;
        printf("# step %u: %s: %ld, on Linux %ld\n", oracle_step, what, ours,
               theirs);
    }
    return ours;
}

#define BOTH(name, ...)                                              \
    oracle_compare(sys_##name(__VA_ARGS__), HOST(name, __VA_ARGS__), \
                   #name "(" #__VA_ARGS__ ")")

static char work_dir[64];

struct linux_stat { /* struct stat of x86-64 */
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev, size, blksize, blocks;
    int64_t times[6], unused[3];
};

static uaddr_t U(const void *p)
{
    return (uaddr_t)p;
}

static void run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    REQUIRE(system(command) == 0);
}

/* A host directory to be in, and our root. image: path or NULL. */
static void setup(const char *image_options)
{
    void *image = NULL;
    size_t len = 0;

    strcpy(work_dir, "/tmp/vfs-test-XXXXXX");
    REQUIRE(mkdtemp(work_dir));
    run("mkdir %s/host", work_dir);
    if (image_options) {
        char path[128];
        FILE *f;

        if (system("command -v mkfs.erofs >/dev/null") != 0)
            SKIP("mkfs.erofs is missing: apt-get install erofs-utils");
        run("cd %s/host && mkdir -p d/e/f many g && chmod 755 . && "
            "head -c 10000 /dev/urandom > a && echo hello > b && : > c && "
            "head -c 8192 /dev/urandom > d/x && ln -s ../a d/l && ln d/x g/y &&"
            "head -c 100000 /dev/urandom > big && ln -s d/e sl && "
            "for i in $(seq 1 400); do echo $i > many/some-name-$i; done && "
            "truncate -s 200000 sparse && echo end >> sparse && "
            "setfattr -n user.k -v v a 2>/dev/null; chmod 640 b; true",
            work_dir);
        run("mkdir -p %s/root/run && cp -a %s/host %s/root/ && "
            "echo under > %s/root/run/f && "
            "mkfs.erofs %s %s/image %s/root >/dev/null 2>&1",
            work_dir, work_dir, work_dir, work_dir, image_options, work_dir,
            work_dir);
        snprintf(path, sizeof(path), "%s/image", work_dir);
        f = fopen(path, "rb");
        REQUIRE(f);
        fseek(f, 0, SEEK_END);
        len = (size_t)ftell(f);
        rewind(f);
        image = aligned_alloc(PAGE_SIZE, ALIGN_UP(len, PAGE_SIZE));
        REQUIRE(fread(image, 1, len, f) == len);
        fclose(f);
    }
    REQUIRE(vfs_init(image, len, false) == 0);
    fake_start(getuid());
    fake_process.gid = fake_process.fsgid = getgid();
    REQUIRE(sys_chown(U("/"), getuid(), getgid()) == 0 || getuid() != 0);
    REQUIRE(sys_umask(022) == 022);
    HOST(umask, 022);
    run("chmod 755 %s/host", work_dir);
    if (!image_options)
        CHECK_EQ(sys_mkdir(U("/host"), 0755), 0);
    CHECK_EQ(sys_chdir(U("/host")), 0);
    REQUIRE(chdir(work_dir) == 0 && chdir("host") == 0);
}

static void teardown(void)
{
    run("rm -rf %s", work_dir);
}

/* ---- comparing trees ---- */

static bool same_stat(const char *path, struct linux_stat *ours)
{
    struct linux_stat theirs;
    long a = sys_lstat(U(path), U(ours)), b = HOST(lstat, path, &theirs);

    CHECK_EQ(a, b);
    if (a || b)
        return false;
    if (ours->mode != theirs.mode || ours->uid != theirs.uid ||
        ours->gid != theirs.gid) {
        printf("# %s: mode %o, on Linux %o\n", path, ours->mode, theirs.mode);
        unit_failures++;
    }
    if (!S_ISDIR(theirs.mode)) {
        if (ours->size != theirs.size || ours->nlink != theirs.nlink)
            printf("# %s: size %lu, %lu; links %lu, %lu\n", path, ours->size,
                   theirs.size, ours->nlink, theirs.nlink);
        CHECK_EQ(ours->size, theirs.size);
        CHECK_EQ(ours->nlink, theirs.nlink);
    }
    return true;
}

static void same_data(const char *path)
{
    static uint8_t a[BUF_LEN], b[BUF_LEN];
    long fd = sys_open(U(path), O_RDONLY, 0), host = HOST(open, path, O_RDONLY);
    long n, m;

    if (fd < 0 || host < 0) {
        CHECK_EQ(fd, host);
        return;
    }
    do {
        n = sys_read((int)fd, U(a), sizeof(a));
        m = HOST(read, host, b, sizeof(b));
        if (n != m || (n > 0 && memcmp(a, b, (size_t)n)))
            printf("# data of %s\n", path);
        CHECK_EQ(n, m);
        if (n == m && n > 0)
            CHECK_MEM_EQ(a, b, (size_t)n);
    } while (n > 0 && m == n);
    CHECK_EQ(sys_close((int)fd), 0);
    HOST(close, host);
}

struct names {
    char name[1024][64];
    unsigned count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The kernel's records have one layout on both sides. */
static void names_add(struct names *n, const uint8_t *buf, long len)
{
    for (long at = 0; at < len;) {
        uint16_t reclen;

        memcpy(&reclen, buf + at + 16, 2);
        REQUIRE(n->count < 1024);
        snprintf(n->name[n->count++], 64, "%s", (const char *)buf + at + 19);
        at += reclen;
    }
}

static struct names *names_read(const char *path, bool is_host, size_t cap)
{
    struct names *n = calloc(1, sizeof(*n));
    uint8_t buf[4096];
    long len, fd = is_host ? HOST(open, path, O_RDONLY)
                           : sys_open(U(path), O_RDONLY, 0);

    REQUIRE(fd >= 0);
    for (;;) {
        len = is_host ? HOST(getdents64, fd, buf, sizeof(buf))
                      : sys_getdents64((int)fd, U(buf), (unsigned)cap);
        if (len <= 0)
            break;
        names_add(n, buf, len);
    }
    CHECK_EQ(len, 0);
    if (is_host)
        HOST(close, fd);
    else
        CHECK_EQ(sys_close((int)fd), 0);
    qsort(n->name, n->count, 64, by_name);
    return n;
}

static void same_tree(const char *path, int depth)
{
    struct names *ours, *theirs;

    REQUIRE(depth < TREE_DEPTH_MAX);
    ours = names_read(path, false, 300);
    theirs = names_read(path, true, 0);
    if (ours->count != theirs->count)
        printf("# directory %s\n", path);
    CHECK_EQ(ours->count, theirs->count);
    for (unsigned i = 0; i < ours->count && i < theirs->count; i++) {
        char child[256];
        struct linux_stat st;

        CHECK_STR_EQ(ours->name[i], theirs->name[i]);
        if (strcmp(ours->name[i], ".") == 0 || strcmp(ours->name[i], "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, ours->name[i]);
        if (!same_stat(child, &st))
            continue;
        if (S_ISDIR(st.mode))
            same_tree(child, depth + 1);
        else if (S_ISREG(st.mode))
            same_data(child);
    }
    free(ours);
    free(theirs);
}

static void compare(const char *what, const char *path, long a, long b)
{
    if (a == b)
        return;
    unit_failures++;
    printf("# step %u: %s %s: %ld, on Linux %ld\n", oracle_step, what, path, a,
           b);
}

#endif
