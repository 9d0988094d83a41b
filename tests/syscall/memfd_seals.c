/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfd_seals.c - seals of memory files, and POSIX shared memory.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/vfs.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#define TMPFS 0x01021994

static int fresh(size_t len)
{
    int fd = memfd_create("seals", MFD_ALLOW_SEALING);

    CHECK_OK(fd);
    CHECK_OK(ftruncate(fd, (off_t)len));
    return fd;
}

static char *map(int fd, int prot, int flags)
{
    return mmap(NULL, PAGE, prot, flags, fd, 0);
}

static int seal(int fd, int seals)
{
    return fcntl(fd, F_ADD_SEALS, seals);
}

TEST(writing)
{
    int fd = fresh(PAGE);
    char *p;

    CHECK_OK(seal(fd, F_SEAL_WRITE));
    CHECK_ERR(write(fd, "x", 1), EPERM);
    CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1),
              EPERM);
    CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED);
    CHECK_EQ(errno, EPERM);
    p = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    CHECK(p != MAP_FAILED);
    p[0] = 1; /* of its own */
    munmap(p, PAGE);
    p = map(fd, PROT_READ, MAP_SHARED);
    if (p != MAP_FAILED) { /* Linux before 6.7 refuses it */
        CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
        munmap(p, PAGE);
    }
    CHECK_OK(ftruncate(fd, 2 * PAGE)); /* another seal's matter */
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE);
    close(fd);
}

TEST(a_writable_mapping_is_in_the_way)
{
    int fd = fresh(PAGE), ro;
    char path[40], *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), *q;

    p[0] = 'a';
    CHECK_ERR(seal(fd, F_SEAL_WRITE), EBUSY);
    CHECK_OK(seal(fd, F_SEAL_FUTURE_WRITE));
    p[1] = 'b'; /* what is mapped stays writable */
    CHECK(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED);
    CHECK_EQ(errno, EPERM);
    CHECK_ERR(write(fd, "x", 1), EPERM);
    q = map(fd, PROT_READ, MAP_SHARED);
    CHECK_EQ(q[1], 'b');
    CHECK_ERR(mprotect(q, PAGE, PROT_READ | PROT_WRITE), EACCES);
    munmap(q, PAGE);
    munmap(p, PAGE);
    p = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    p[0] = 'c';
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ro = open(path, O_RDONLY);
    CHECK_OK(ro);
    q = map(ro, PROT_READ, MAP_SHARED);
    CHECK_ERR(seal(ro, F_SEAL_GROW), EPERM);
    CHECK_OK(seal(fd, F_SEAL_WRITE)); /* neither of these can write */
    munmap(p, PAGE);
    munmap(q, PAGE);
    close(ro);
    close(fd);
}

TEST(a_mapping_that_might_write_is_in_the_way)
{
    int fd = fresh(PAGE);
    char *p = map(fd, PROT_READ, MAP_SHARED);

    CHECK_ERR(seal(fd, F_SEAL_WRITE), EBUSY);
    munmap(p, PAGE);
    CHECK_OK(seal(fd, F_SEAL_WRITE));
    close(fd);
}

TEST(lengths)
{
    int fd = fresh(PAGE);

    CHECK_OK(seal(fd, F_SEAL_GROW));
    CHECK_ERR(ftruncate(fd, PAGE + 1), EPERM);
    CHECK_ERR(pwrite(fd, "x", 1, PAGE), EPERM);
    CHECK_EQ(pwrite(fd, "x", 1, PAGE - 1), 1);
    CHECK_ERR(fallocate(fd, 0, 0, PAGE + 1), EPERM);
    CHECK_OK(ftruncate(fd, PAGE / 2));
    CHECK_ERR(ftruncate(fd, PAGE), EPERM);
    CHECK_OK(seal(fd, F_SEAL_SHRINK));
    CHECK_ERR(ftruncate(fd, 1), EPERM);
    CHECK_OK(ftruncate(fd, PAGE / 2));
    CHECK_ERR(seal(fd, 0x1000), EINVAL);
    CHECK_OK(seal(fd, F_SEAL_SEAL));
    CHECK_ERR(seal(fd, F_SEAL_WRITE), EPERM);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK);
    close(fd);
}

TEST(names)
{
    char name[260];
    struct stat st;
    int fd;

    memset(name, 'n', sizeof(name));
    name[250] = 0;
    CHECK_ERR(memfd_create(name, 0), EINVAL);
    name[249] = 0;
    fd = memfd_create(name, 0);
    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0777);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    close(fd);
    CHECK_ERR(memfd_create(bad_pointer(), 0), EFAULT);
    fd = open(".", O_RDONLY);
    CHECK_ERR(fcntl(fd, F_GET_SEALS), EINVAL);
    close(fd);
}

TEST(shared_memory_objects)
{
    int fd, fd2;
    struct statfs fs;
    struct stat st;
    char name[40], *p, *q;

    snprintf(name, sizeof(name), "/samara-test-%d", (int)getpid());
    shm_unlink(name);
    CHECK_ERR(shm_open(name, O_RDWR, 0), ENOENT);
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640);
    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_OK(fstatfs(fd, &fs));
    CHECK_EQ(fs.f_type, TMPFS);
    CHECK_OK(ftruncate(fd, PAGE));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0640);
    fd2 = shm_open(name, O_RDONLY, 0);
    CHECK_OK(fd2);
    p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    q = map(fd2, PROT_READ, MAP_SHARED);
    strcpy(p, "shared");
    CHECK_STR(q, "shared");
    CHECK(map(fd2, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED);
    CHECK_EQ(errno, EACCES);
    CHECK_OK(shm_unlink(name));
    CHECK_ERR(shm_unlink(name), ENOENT);
    strcat(p, " still");
    CHECK_STR(q, "shared still");
    munmap(p, PAGE);
    munmap(q, PAGE);
    close(fd);
    close(fd2);
    CHECK_OK(stat("/dev/shm", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 01777);
}
