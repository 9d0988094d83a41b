/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getrandom.c - getrandom(2), the random devices, other devices of /dev.
 */
#include "check.h"

#include <sys/random.h>

static bool looks_random(const unsigned char *p, size_t len)
{
    unsigned ones = 0;

    for (size_t i = 0; i < len; i++)
        ones += (unsigned)__builtin_popcount(p[i]);
    return ones > len * 4 - len / 4 && ones < len * 4 + len / 4;
}

TEST(bytes_differ_and_are_balanced)
{
    unsigned char a[4096], b[4096];

    CHECK_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
    CHECK_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    CHECK(looks_random(a, sizeof(a)));
    CHECK_EQ(getrandom(a, 0, 0), 0);
    CHECK_EQ(getrandom(a, 10, GRND_RANDOM), 10);
}

TEST(errors)
{
    char c;

    CHECK_ERR(getrandom(&c, 1, 0x80), EINVAL);
    CHECK_ERR(getrandom(bad_pointer(), 16, 0), EFAULT);
}

TEST(random_devices)
{
    unsigned char a[1024];
    int fd = open("/dev/urandom", O_RDWR);

    CHECK_EQ(read(fd, a, sizeof(a)), sizeof(a));
    CHECK(looks_random(a, sizeof(a)));
    CHECK_EQ(write(fd, a, 10), 10);
    close(fd);
    fd = open("/dev/random", O_RDONLY);
    CHECK_EQ(read(fd, a, 32), 32);
    close(fd);
}

TEST(null_zero_and_full)
{
    char buf[64];
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
    int full = open("/dev/full", O_RDWR);

    CHECK_EQ(read(null, buf, 64), 0);
    CHECK_EQ(write(null, buf, 64), 64);
    memset(buf, 1, sizeof(buf));
    CHECK_EQ(read(zero, buf, 64), 64);
    CHECK(buf[0] == 0 && buf[63] == 0);
    CHECK_EQ(write(zero, buf, 64), 64);
    CHECK_ERR(write(full, buf, 64), ENOSPC);
    CHECK_EQ(read(full, buf, 64), 64);
    CHECK_EQ(lseek(null, 100, SEEK_SET), 0);
    close(null);
    close(zero);
    close(full);
}
