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
 * kernel/fs/memfs_space.c kernel/fs/memfs_write.c
 * kernel/fs/memfs_xattr.c kernel/fs/mount.c
 * kernel/fs/lazy_file.c kernel/fs/names.c kernel/fs/open.c
 * kernel/fs/pagetree.c kernel/fs/path.c kernel/fs/prefix.c
 * kernel/fs/text_file.c kernel/syscall/at.c kernel/syscall/attr.c
 * kernel/syscall/copy.c kernel/syscall/dir.c kernel/syscall/fcntl.c
 * kernel/syscall/links.c kernel/syscall/open.c kernel/syscall/read_write.c
 * kernel/syscall/stat.c kernel/syscall/transfer.c kernel/syscall/xattr.c */
#include "fs/oracle.h"

#define STEPS 4000

static uint64_t random_state;

static unsigned rnd(unsigned below)
{
    random_state =
        random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % below;
}

/* The same sequences by another user, in a sticky and a private directory. */
static void become_user(void)
{
    if (getuid() != 0)
        SKIP("needs root, to create files of two users");
    run("mkdir -m 1777 %s/host/d; mkdir -m 700 %s/host/g; "
        "echo x > %s/host/d/x; echo y > %s/host/a; chmod 604 %s/host/a; "
        "chmod 777 %s %s/host",
        work_dir, work_dir, work_dir, work_dir, work_dir, work_dir, work_dir);
    CHECK_EQ(sys_umask(0), 022);
    CHECK_EQ(sys_mkdir(U("d"), 01777), 0);
    CHECK_EQ(sys_mkdir(U("g"), 0700), 0);
    CHECK_EQ(sys_open(U("d/x"), O_CREAT | O_WRONLY, 0644), 0);
    CHECK_EQ(sys_write(0, U("x\n"), 2), 2);
    CHECK_EQ(sys_open(U("a"), O_CREAT | O_WRONLY, 0604), 1);
    CHECK_EQ(sys_write(1, U("y\n"), 2), 2);
    CHECK_EQ(sys_close(0), 0);
    CHECK_EQ(sys_close(1), 0);
    CHECK_EQ(sys_umask(022), 0);
    CHECK_EQ(sys_chmod(U("."), 0777), 0);
    REQUIRE(syscall(116, 0, NULL) == 0);          /* setgroups */
    REQUIRE(syscall(119, 1000, 1000, 1000) == 0); /* setresgid */
    REQUIRE(syscall(117, 1000, 1000, 1000) == 0); /* setresuid */
    fake_process.uid = fake_process.fsuid = fake_process.euid = 1000;
    fake_process.gid = fake_process.fsgid = fake_process.egid = 1000;
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

TEST(random_as_another_user)
{
    if (system("cat /proc/sys/fs/protected_hardlinks | "
               "grep -q 0") == 0)
        SKIP("this host does not protect links as distributions do");
    setup(NULL);
    become_user();
    random_run(11);
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
