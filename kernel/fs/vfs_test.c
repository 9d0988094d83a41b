/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs_test.c - the file system's calls against Linux's, step by step.
 *
 * Method: every call is made twice, here and on a temporary directory of the
 * host, and must give the same result; random sequences of calls, then both
 * trees are compared name by name and byte by byte. Once on an empty tmpfs,
 * and over EROFS images that mkfs.erofs makes of a tree, in several layouts.
 */
/* unit-flags: -ffreestanding */
/* unit: kernel/fs/dentry.c kernel/fs/dirent.c kernel/fs/erofs.c
 * kernel/fs/erofs_dir.c kernel/fs/erofs_xattr.c kernel/fs/fdtable.c
 * kernel/fs/file.c kernel/fs/inode.c kernel/fs/locks.c kernel/fs/memfs.c
 * kernel/fs/memfs_dir.c kernel/fs/memfs_file.c kernel/fs/memfs_names.c
 * kernel/fs/memfs_space.c kernel/fs/memfs_xattr.c kernel/fs/mount.c
 * kernel/fs/names.c kernel/fs/open.c kernel/fs/pagetree.c kernel/fs/path.c
 * kernel/fs/text_file.c kernel/syscall/at.c kernel/syscall/attr.c
 * kernel/syscall/copy.c kernel/syscall/dir.c kernel/syscall/fcntl.c
 * kernel/syscall/links.c kernel/syscall/open.c kernel/syscall/read_write.c
 * kernel/syscall/stat.c kernel/syscall/xattr.c */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "fs/fakes.h"
#include "fs/oracle.h"

#define TREE_DEPTH_MAX 12
#define STEPS          4000
#define BUF_LEN        20000

static char work_dir[64];

struct linux_stat { /* struct stat of x86-64 */
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad;
    uint64_t rdev, size, blksize, blocks;
    int64_t times[6], unused[3];
};

static uint64_t random_state;

static unsigned rnd(unsigned below)
{
    random_state =
        random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % below;
}

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
        run("mkdir %s/root && cp -a %s/host %s/root/ && "
            "mkfs.erofs %s %s/image %s/root >/dev/null 2>&1",
            work_dir, work_dir, work_dir, image_options, work_dir, work_dir);
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

/* ---- random sequences ---- */

static const char *const paths[] = {
    "a",       "b",      "c",        "d",
    "d/x",     "d/l",    "d/e",      "d/e/f",
    "d/e/f/",  "g",      "g/y",      "sl",
    "sl/f",    "sl/new", "big",      "sparse",
    "many",    "new",    "new/n",    "d/../a",
    "./b",     "d/.",    "d/..",     "nothing",
    "a/below", "",       "g/../d/x", "many/some-name-7",
    "n1",      "n2",     "n1/n2",    "d/e/n3",
    "loop",    "loop/x",
};

static const char *any_path(void)
{
    return paths[rnd(ARRAY_LEN(paths))];
}

#define FD_COUNT 4
static int our_fds[FD_COUNT], host_fds[FD_COUNT];

static void step_open(void)
{
    static const int bits[] = { O_CREAT,     O_EXCL,     O_TRUNC,   O_APPEND,
                                O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK };
    unsigned slot = rnd(FD_COUNT);
    const char *path = any_path();
    int flags = (int)rnd(3);
    long a, b;

    for (unsigned i = 0; i < ARRAY_LEN(bits); i++)
        if (rnd(i == 0 ? 2 : 5) == 0)
            flags |= bits[i];
    /* Linux 6.4 made O_CREAT|O_DIRECTORY an error; before, it created. */
    if ((flags & O_CREAT) && (flags & O_DIRECTORY))
        flags &= ~O_DIRECTORY;
    a = sys_open(U(path), flags, 0666);
    b = HOST(open, path, flags, 0666);
    if ((a < 0 || b < 0) && a != b) {
        printf("# step %u: open %s %x: %ld, on Linux %ld\n", oracle_step, path,
               flags, a, b);
        unit_failures++;
    }
    if (a >= 0 && b >= 0) {
        if (our_fds[slot] >= 0) {
            CHECK_EQ(sys_close(our_fds[slot]), 0);
            HOST(close, host_fds[slot]);
        }
        our_fds[slot] = (int)a;
        host_fds[slot] = (int)b;
    }
}

static void compare(const char *what, const char *path, long a, long b)
{
    if (a == b)
        return;
    unit_failures++;
    printf("# step %u: %s %s: %ld, on Linux %ld\n", oracle_step, what, path, a,
           b);
}

static void step_fd(void)
{
    static uint8_t data[BUF_LEN], ours[BUF_LEN], theirs[BUF_LEN];
    unsigned slot = rnd(FD_COUNT), len = rnd(BUF_LEN), off = rnd(60000);
    int fd = our_fds[slot], host = host_fds[slot];
    long a;

    if (fd < 0)
        return;
    for (unsigned i = 0; i < len; i += 7)
        data[i] = (uint8_t)rnd(256);
    switch (rnd(9)) {
    case 0:
        compare("write", "", sys_write(fd, U(data), len),
                HOST(write, host, data, len));
        break;
    case 1:
        compare("pwrite", "", sys_pwrite64(fd, U(data), len, off),
                HOST(pwrite64, host, data, len, (long)off));
        break;
    case 2:
        a = sys_read(fd, U(ours), len);
        compare("read", "", a, HOST(read, host, theirs, len));
        if (a > 0)
            CHECK_MEM_EQ(ours, theirs, (size_t)a);
        break;
    case 3:
        a = sys_pread64(fd, U(ours), len, off);
        compare("pread", "", a, HOST(pread64, host, theirs, len, (long)off));
        if (a > 0)
            CHECK_MEM_EQ(ours, theirs, (size_t)a);
        break;
    case 4:
        compare("lseek", "", sys_lseek(fd, off, 0),
                HOST(lseek, host, (long)off, 0));
        break;
    case 5:
        compare("ftruncate", "", sys_ftruncate(fd, off),
                HOST(ftruncate, host, (long)off));
        break;
    case 6:
        compare("lseek back", "", sys_lseek(fd, -(long)off, 1),
                HOST(lseek, host, -(long)off, 1));
        break;
    case 7: {
        static const int modes[] = {
            0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
        };
        int mode = modes[rnd(3)];

        compare("fallocate", "", sys_fallocate(fd, mode, off, len),
                HOST(fallocate, host, mode, (long)off, (long)len));
        break;
    }
    default:
        compare("fcntl", "", sys_fcntl(fd, F_GETFL, 0),
                HOST(fcntl, host, F_GETFL, 0));
    }
}

static void step_name(void)
{
    const char *p = any_path(), *q = any_path();
    struct linux_stat st;
    char a[256] = "", b[256] = "", both[128];
    unsigned mode = rnd(2) ? 0644 : 0755, flags = rnd(4);
    long n;

    snprintf(both, sizeof(both), "%s %s", p, q);
    switch (rnd(14)) {
    case 0:
        compare("mkdir", p, sys_mkdir(U(p), 0777), HOST(mkdir, p, 0777));
        break;
    case 1:
        compare("rmdir", p, sys_rmdir(U(p)), HOST(rmdir, p));
        break;
    case 2:
        compare("unlink", p, sys_unlink(U(p)), HOST(unlink, p));
        break;
    case 3:
    case 4:
        compare("rename", both, sys_rename(U(p), U(q)), HOST(rename, p, q));
        break;
    case 5:
        compare("renameat2", both,
                sys_renameat2(AT_FDCWD, U(p), AT_FDCWD, U(q), flags),
                HOST(renameat2, AT_FDCWD, p, AT_FDCWD, q, flags));
        break;
    case 6:
        compare("link", both, sys_link(U(p), U(q)), HOST(link, p, q));
        break;
    case 7:
        compare("symlink", both, sys_symlink(U(q), U(p)), HOST(symlink, q, p));
        break;
    case 8:
        n = sys_readlink(U(p), U(a), 255);
        compare("readlink", p, n, HOST(readlink, p, b, 255));
        CHECK_STR_EQ(a, b);
        break;
    case 9:
        (void)same_stat(p, &st);
        break;
    case 10:
        if (!strchr("d.", *p)) /* keep the way in */
            compare("chmod", p, sys_chmod(U(p), mode), HOST(chmod, p, mode));
        break;
    case 11:
        compare("truncate", p, sys_truncate(U(p), flags * 3000),
                HOST(truncate, p, flags * 3000l));
        break;
    case 12:
        compare("access", p, sys_access(U(p), (int)flags),
                HOST(access, p, flags));
        break;
    default:
        compare("mknod", p, sys_mknod(U(p), S_IFIFO | 0600, 0),
                HOST(mknod, p, S_IFIFO | 0600, 0));
        compare("unlink", p, sys_unlink(U(p)), HOST(unlink, p));
    }
}

static void random_run(uint64_t seed)
{
    random_state = seed;
    for (unsigned i = 0; i < FD_COUNT; i++)
        our_fds[i] = -1;
    for (oracle_step = 0; oracle_step < STEPS && unit_failures < 10;
         oracle_step++) {
        switch (rnd(4)) {
        case 0:
            step_open();
            break;
        case 1:
            step_fd();
            break;
        default:
            step_name();
        }
    }
    same_tree(".", 0);
    for (unsigned i = 0; i < FD_COUNT; i++)
        if (our_fds[i] >= 0)
            CHECK_EQ(sys_close(our_fds[i]), 0);
    dentry_shrink(true);
}

#define RANDOM_TEST(name, options, seed) \
    TEST(name)                           \
    {                                    \
        setup(options);                  \
        same_tree(".", 0);               \
        random_run(seed);                \
        teardown();                      \
    }

RANDOM_TEST(random_tmpfs, NULL, 1)
RANDOM_TEST(random_tmpfs_again, NULL, 2)
RANDOM_TEST(random_inline, "-Eforce-inode-extended", 3)
RANDOM_TEST(random_plain, "-Enoinline_data,force-inode-compact -T0", 4)
RANDOM_TEST(random_chunked, "--chunksize=4096", 5)
RANDOM_TEST(random_chunked_large, "--chunksize=16384", 6)
RANDOM_TEST(random_inline_again, "", 7)
RANDOM_TEST(random_plain_again, "-Enoinline_data", 8)
