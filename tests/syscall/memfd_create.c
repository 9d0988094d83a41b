/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memfd_create.c - files without a name, and seals on them.
 */
#include "check.h"

#include <sys/mman.h>

TEST(a_file_in_memory)
{
    int fd = memfd_create("name", MFD_CLOEXEC);
    struct stat st;
    char *p, path[64], target[64] = "";

    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | 0100000); /* O_LARGEFILE */
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_EQ(st.st_size, 3);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    p[0] = 'X';
    CHECK_EQ(pread(fd, path, 1, 0), 1);
    CHECK_EQ(path[0], 'X');
    munmap(p, PAGE);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(readlink(path, target, sizeof(target) - 1) > 0);
    CHECK_STR(target, "/memfd:name (deleted)");
    close(fd);
}

TEST(seals)
{
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);

    CHECK_OK(ftruncate(fd, 100));
    CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
    CHECK_ERR(ftruncate(fd, 50), EPERM);
    CHECK_ERR(ftruncate(fd, 200), EPERM);
    CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
    CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);
    fd = memfd_create("plain", 0);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(fd);
    CHECK_ERR(memfd_create("x", 0x80), EINVAL);
}
