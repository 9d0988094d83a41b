/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs_calls_test.c - the file system's calls, one feature at a time.
 *
 * Method: bad arguments are compared with Linux; what Linux's own file systems
 * do differently (memory, mounts) is checked against what it must be.
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

#include "fs/fdtable.h"
#include "fs/locks.h"
#include "fs/memfs.h"
#include "fs/path.h"

TEST(tmpfile_link_and_holes)
{
    static uint8_t buf[64];
    char name[64];
    long fd, host;

    setup(NULL);
    fd = sys_open(U("."), O_TMPFILE | O_RDWR, 0600);
    host = HOST(open, ".", O_TMPFILE | O_RDWR, 0600);
    REQUIRE(fd >= 0 && host >= 0);
    compare("pwrite", "", sys_pwrite64((int)fd, U("end"), 3, 50000),
            HOST(pwrite64, host, "end", 3, 50000l));
    for (int whence = 3; whence <= 4; whence++)
        for (long off = 0; off <= 50004; off += 6251)
            compare("lseek hole", "", sys_lseek((int)fd, off, whence),
                    HOST(lseek, host, off, whence));
    compare("linkat", "", sys_linkat((int)fd, U(""), AT_FDCWD, U("t"), 0x1000),
            HOST(linkat, host, "", AT_FDCWD, "t", 0x1000));
    compare("linkat again", "",
            sys_linkat((int)fd, U(""), AT_FDCWD, U("t2"), 0x1000),
            HOST(linkat, host, "", AT_FDCWD, "t2", 0x1000));
    CHECK_EQ(sys_close((int)fd), 0);
    fd = sys_open(U("."), O_TMPFILE | O_RDWR | O_EXCL, 0600);
    REQUIRE(fd >= 0);
    CHECK_EQ(sys_linkat((int)fd, U(""), AT_FDCWD, U("u"), 0x1000), -2);
    CHECK_EQ(dentry_path(fd_peek((int)fd)->dentry, name, sizeof(name)), 18);
    CHECK_STR_EQ(name, "/tmpfile (deleted)");
    CHECK_EQ(sys_read((int)fd, U(buf), sizeof(buf)), 0);
    CHECK_EQ(sys_close((int)fd), 0);
    same_tree(".", 0);
    teardown();
}

TEST(calls_with_bad_arguments)
{
    struct open_how how = { .flags = 1ull << 40 };
    char deep[5000];

    setup(NULL);
    memset(deep, 'x', sizeof(deep));
    deep[4999] = '\0';
    BOTH(open, U(deep), 0, 0);
    deep[300] = '\0';
    BOTH(open, U(deep), O_CREAT, 0600);
    BOTH(mkdir, U(deep), 0700);
    deep[255] = '\0';
    BOTH(mkdir, U(deep), 0700);
    BOTH(open, 0ul, 0, 0);
    BOTH(open, U("nothing/x"), O_CREAT, 0600);
    BOTH(read, 99, 0ul, 0ul);
    BOTH(close, 99);
    BOTH(dup2, 99, 5);
    BOTH(openat2, AT_FDCWD, U("a"), U(&how), sizeof(how));
    BOTH(openat2, AT_FDCWD, U("a"), U(&how), 8ul);
    BOTH(renameat2, AT_FDCWD, U("a"), AT_FDCWD, U("b"), 3u);
    BOTH(unlinkat, AT_FDCWD, U("a"), 1);
    BOTH(linkat, AT_FDCWD, U("."), AT_FDCWD, U("b"), 0);
    BOTH(symlink, U(""), U("l"));
    BOTH(symlink, U("l"), U("l"));
    BOTH(open, U("l"), 0, 0);
    BOTH(open, U("l/x"), O_CREAT, 0);
    BOTH(open, U("l"), O_CREAT | O_EXCL, 0);
    BOTH(rmdir, U("."));
    BOTH(rmdir, U(".."));
    BOTH(rmdir, U("/"));
    BOTH(unlink, U("."));
    BOTH(truncate, U("."), 5l);
    BOTH(truncate, U("l"), -5l);
    BOTH(mknod, U("dir"), S_IFDIR | 0700u, 0u);
    BOTH(access, U("."), 8);
    BOTH(faccessat2, AT_FDCWD, U("."), 7, 0x4000);
    BOTH(lseek, 99, 0l, 0);
    BOTH(getdents64, 99, 0ul, 10u);
    BOTH(chmod, U("nothing"), 0700u);
    BOTH(utimensat, AT_FDCWD, U("nothing"), 0ul, 0);
    teardown();
}

/* Entries that are there all the time are seen exactly once. */
TEST(listing_while_names_come_and_go)
{
    unsigned seen = 0, round = 0;
    uint8_t buf[200];
    long fd, len;

    setup("");
    for (unsigned i = 0; i < 300; i++) {
        char name[64];

        snprintf(name, sizeof(name), "many/keep-%u", i);
        CHECK_EQ(sys_mknod(U(name), S_IFREG | 0600, 0), 0);
        snprintf(name, sizeof(name), "many/drop-%u", i);
        CHECK_EQ(sys_mknod(U(name), S_IFREG | 0600, 0), 0);
    }
    fd = sys_open(U("many"), O_RDONLY, 0);
    REQUIRE(fd >= 0);
    while ((len = sys_getdents64((int)fd, U(buf), sizeof(buf))) > 0) {
        char name[64];

        for (long at = 0; at < len;) {
            uint16_t reclen;

            memcpy(&reclen, buf + at + 16, 2);
            seen += strncmp((char *)buf + at + 19, "keep-", 5) == 0;
            /* Image entries that were renamed over stay at their place. */
            seen += strncmp((char *)buf + at + 19, "some-name-", 10) == 0;
            at += reclen;
        }
        snprintf(name, sizeof(name), "many/drop-%u", round);
        if (round < 300)
            CHECK_EQ(sys_unlink(U(name)), 0);
        snprintf(name, sizeof(name), "many/come-%u", round);
        CHECK_EQ(sys_mknod(U(name), S_IFREG | 0600, 0), 0);
        if (round < 100) {
            char to[64];

            snprintf(to, sizeof(to), "many/some-name-%u", 1 + round * 3);
            CHECK_EQ(sys_rename(U(name), U(to)), 0);
        }
        round++;
        REQUIRE(round < 5000);
    }
    CHECK_EQ(seen, 300 + 400);
    CHECK_EQ(sys_close((int)fd), 0);
    teardown();
}

TEST(pages_for_mappings)
{
    struct vm_object *obj;
    struct file *f;
    paddr_t pa, again;

    setup("-Enoinline_data");
    REQUIRE(vfs_open(AT_FDCWD, "big", O_RDWR, 0, &f) == 0);
    REQUIRE(f->ops->mmap(f, 1, 1, &obj) == 0);
    CHECK_EQ(obj->ops->page(obj, 3, false, &pa), 0);
    CHECK_EQ(fake_pages_used, 0); /* in place */
    CHECK_EQ(obj->ops->page(obj, 24, false, &again), 0);
    CHECK_EQ(fake_pages_used, 0); /* the last, partial one too */
    CHECK_EQ(obj->ops->page(obj, 25, false, &again), -6);
    CHECK_EQ(obj->ops->page(obj, 3, true, &again), 0);
    CHECK_EQ(fake_pages_used, 1);
    CHECK_MEM_EQ((void *)pa, (void *)again, PAGE_SIZE);
    ((uint8_t *)again)[7] ^= 1;
    CHECK_EQ(obj->ops->page(obj, 3, false, &pa), 0);
    CHECK_EQ(pa, again);
    page_put(pa);
    page_put(pa);
    CHECK_EQ(inode_truncate(f->inode, 3 * PAGE_SIZE + 5), 0);
    CHECK_EQ(((uint8_t *)again)[7], 0);
    CHECK_EQ(inode_truncate(f->inode, 0), 0);
    CHECK_EQ(fake_pages_used, 0);
    file_put(f);
    teardown();
}

TEST(memory_full)
{
    static uint8_t data[BUF_LEN];
    long fd;

    setup(NULL);
    fd = sys_open(U("full"), O_CREAT | O_RDWR, 0600);
    fake_pages_free = MEMFS_RESERVE_PAGES + 2;
    CHECK_EQ(sys_write((int)fd, U(data), BUF_LEN), 2 * PAGE_SIZE);
    CHECK_EQ(sys_write((int)fd, U(data), BUF_LEN), -28);
    CHECK_EQ(sys_fallocate((int)fd, 0, 0, 1 << 20), -28);
    CHECK_EQ(sys_ftruncate((int)fd, 0), 0);
    CHECK_EQ(sys_write((int)fd, U(data), 100), 100);
    CHECK_EQ(sys_close((int)fd), 0);
    teardown();
}

TEST(locks_conflict_split_and_go)
{
    struct file *a, *b;
    struct file_lock want = { .kind = LOCK_KIND_OFD, .is_write = true };
    struct file_lock other = { .kind = LOCK_KIND_OFD, .start = 40, .end = 59 };
    struct inode *i;

    setup(NULL);
    REQUIRE(vfs_open(AT_FDCWD, "f", O_CREAT | O_RDWR, 0600, &a) == 0);
    REQUIRE(vfs_open(AT_FDCWD, "f", O_RDWR, 0, &b) == 0);
    i = a->inode;
    want.owner = a;
    want.end = 99;
    other.owner = b;
    CHECK_EQ(locks_take(i, &want, false), 0);
    CHECK_EQ(locks_take(i, &other, false), -11);
    CHECK_EQ(locks_take(i, &other, true), -512); /* would sleep */
    want.start = 40;
    want.end = 59;
    CHECK_EQ(locks_drop(i, &want), 0);
    CHECK_EQ(locks_take(i, &other, false), 0);
    CHECK(locks_conflict(i, &want) != NULL);
    other.end = 60;
    CHECK_EQ(locks_take(i, &other, false), -11);
    file_put(a);
    CHECK_EQ(locks_take(i, &other, false), 0);
    file_put(b);
    CHECK(list_is_empty(&i->locks));
    teardown();
}

TEST(xattrs_of_image_and_memory)
{
    char buf[64];

    setup("");
    CHECK_EQ(sys_setxattr(U("c"), U("user.one"), U("1"), 1, 1), 0);
    CHECK_EQ(sys_setxattr(U("c"), U("user.one"), U("1"), 1, 1), -17);
    CHECK_EQ(sys_setxattr(U("c"), U("user.two"), U("22"), 2, 2), -61);
    CHECK_EQ(sys_setxattr(U("c"), U("user.two"), U("22"), 2, 0), 0);
    CHECK_EQ(sys_listxattr(U("c"), U(buf), sizeof(buf)), 18);
    CHECK_EQ(sys_listxattr(U("c"), 0, 0), 18);
    CHECK_EQ(sys_getxattr(U("c"), U("user.two"), U(buf), 1), -34);
    CHECK_EQ(sys_getxattr(U("c"), U("user.two"), U(buf), 9), 2);
    CHECK_EQ(sys_removexattr(U("c"), U("user.one")), 0);
    CHECK_EQ(sys_getxattr(U("c"), U("user.one"), U(buf), 9), -61);
    if (system("getfattr -n user.k a >/dev/null 2>&1") == 0) {
        CHECK_EQ(sys_getxattr(U("a"), U("user.k"), U(buf), 9), 1);
        CHECK_EQ(buf[0], 'v');
        CHECK_EQ(sys_setxattr(U("a"), U("user.n"), U("x"), 1, 0), 0);
        CHECK_EQ(sys_getxattr(U("a"), U("user.k"), U(buf), 9), 1);
    }
    teardown();
}

TEST(openat2_stays_where_it_is_told)
{
    struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };

    setup("");
#define OPEN2(path) sys_openat2(AT_FDCWD, U(path), U(&how), sizeof(how))
    CHECK(OPEN2("d/../a") >= 0);
    CHECK_EQ(OPEN2("../host/a"), -18);
    CHECK_EQ(OPEN2("/a"), -18);
    how.resolve = RESOLVE_IN_ROOT;
    CHECK(OPEN2("/a") >= 0);
    CHECK(OPEN2("../../../a") >= 0);
    how.resolve = RESOLVE_NO_SYMLINKS;
    CHECK_EQ(OPEN2("sl/f"), -40);
    how.resolve = RESOLVE_NO_XDEV;
    CHECK_EQ(OPEN2("/tmp/x"), -18);
    teardown();
}

TEST(read_only_root)
{
    long fd;

    setup("");
    fake_thread.fs->root->sb->read_only = true;
    CHECK_EQ(sys_open(U("a"), O_RDWR, 0), -30);
    CHECK_EQ(sys_open(U("new"), O_RDWR | O_CREAT, 0600), -30);
    CHECK_EQ(sys_mkdir(U("new"), 0700), -30);
    CHECK_EQ(sys_unlink(U("a")), -30);
    CHECK_EQ(sys_chmod(U("a"), 0600), -30);
    CHECK_EQ(sys_rename(U("a"), U("z")), -30);
    fd = sys_open(U("/tmp/x"), O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    CHECK_EQ(sys_write((int)fd, U("abc"), 3), 3);
    teardown();
}

/* What the image holds below a mount point of a tmpfs shows in that tmpfs. */
TEST(tmpfs_over_the_image)
{
    char text[8] = "";
    long fd;

    setup("");
    fake_thread.fs->root->sb->read_only = true;
    fd = sys_open(U("/run/f"), O_RDWR, 0);
    REQUIRE(fd >= 0);
    CHECK_EQ(sys_read((int)fd, U(text), 6), 6);
    CHECK_STR_EQ(text, "under\n");
    CHECK_EQ(sys_write((int)fd, U("abc"), 3), 3);
    CHECK_EQ(sys_rename(U("/run/f"), U("/run/g")), 0);
    CHECK_EQ(sys_open(U("/run/f"), O_RDWR, 0), -2);
    CHECK(sys_open(U("/run/g"), O_RDWR, 0) >= 0);
    CHECK(sys_open(U("/run/new"), O_RDWR | O_CREAT, 0600) >= 0);
    teardown();
}

TEST(descriptors)
{
    setup(NULL);
    CHECK_EQ(sys_open(U("f"), O_CREAT | O_RDWR, 0600), 0);
    CHECK_EQ(sys_dup(0), 1);
    CHECK_EQ(sys_fcntl(0, F_DUPFD_CLOEXEC, 100), 100);
    CHECK_EQ(sys_fcntl(100, F_GETFD, 0), 1);
    CHECK_EQ(sys_dup3(0, 100, 0), 100);
    CHECK_EQ(sys_fcntl(100, F_GETFD, 0), 0);
    CHECK_EQ(sys_dup2(0, 0), 0);
    CHECK_EQ(sys_dup3(0, 0, 0), -22);
    CHECK_EQ(sys_close(0), 0);
    CHECK_EQ(sys_dup(1), 0);
    CHECK_EQ(fd_next(2), 100);
    CHECK_EQ(sys_close_range(1, 200, 0), 0);
    CHECK_EQ(fd_next(1), -1);
    fake_process.rlimits[7].soft = 3; /* RLIMIT_NOFILE */
    CHECK_EQ(sys_dup(0), 1);
    CHECK_EQ(sys_dup(0), 2);
    CHECK_EQ(sys_dup(0), -24);
    CHECK_EQ(sys_dup2(0, 3), -9);
    CHECK_EQ(sys_fcntl(0, F_DUPFD, 3), -22);
    fake_process.rlimits[1].soft = 10; /* RLIMIT_FSIZE */
    CHECK_EQ(sys_write(0, U("0123456789abcdef"), 16), 10);
    CHECK_EQ(sys_write(0, U("x"), 1), -27);
    CHECK_EQ(fake_signals_sent, 1);
    CHECK_EQ(sys_ftruncate(0, 11), -27);
    teardown();
}
