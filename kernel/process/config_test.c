/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_test.c - the run configuration's decoder, with good and bad bytes.
 */
/* unit: kernel/process/config.c kernel/core/config.c */
#include "tests/unit.h"

#include "abi/config.h"
#include "core/errno.h"
#include "mm/heap.h"
#include "process/exec.h"

void *kmalloc(size_t len)
{
    return malloc(len);
}

static uint8_t blob[4096] __attribute__((aligned(8)));
static size_t blob_len;

static void begin(void)
{
    struct config_header h = { CONFIG_MAGIC, CONFIG_VERSION, sizeof(h), 0 };

    memset(blob, 0, sizeof(blob));
    memcpy(blob, &h, sizeof(h));
    blob_len = sizeof(h);
}

static void add(uint32_t type, const void *payload, uint32_t len)
{
    struct config_record r = { type, len };
    struct config_header *h = (void *)blob;

    memcpy(blob + blob_len, &r, sizeof(r));
    memcpy(blob + blob_len + sizeof(r), payload, len);
    blob_len += sizeof(r) + ((len + 7u) & ~7u);
    h->len = (uint32_t)blob_len;
    h->count++;
}

static void add_text(uint32_t type, const char *text)
{
    add(type, text, (uint32_t)strlen(text));
}

static void add_number(uint32_t type, uint64_t value)
{
    add(type, &value, sizeof(value));
}

/* A copy of exactly the right size, so that ASan sees each byte too many. */
static int decode(struct run_config *out)
{
    void *copy = malloc(blob_len);
    int err;

    memcpy(copy, blob, blob_len);
    err = run_config_read(copy, blob_len, out);
    free(copy);
    return err;
}

TEST(everything_once)
{
    struct run_config c;

    begin();
    add_text(CONFIG_ENV, "A=1");
    add_text(CONFIG_EXE, "/bin/sh");
    add_text(CONFIG_ARG, "sh");
    add_text(CONFIG_ARG, "");
    add_text(99, "from the future");
    add_text(CONFIG_ARG, "-c");
    add_text(CONFIG_ENV, "LONGER=value");
    add_text(CONFIG_CWD, "/tmp");
    add_text(CONFIG_HOSTNAME, "leaf");
    add_number(CONFIG_FLAGS, CONFIG_READ_ONLY);
    add_number(CONFIG_UMASK, 077);
    add_number(CONFIG_RLIMIT_STACK, 1 << 20);
    add_number(CONFIG_TSC_KHZ, 2900000);
    add_number(CONFIG_WALL_NS, 5);
    add_number(CONFIG_RAM_LEN, 7);
    REQUIRE(decode(&c) == 0);
    CHECK_STR_EQ(c.exe, "/bin/sh");
    CHECK_EQ(c.argc, 3);
    CHECK_STR_EQ(c.argv[0], "sh");
    CHECK_STR_EQ(c.argv[1], "");
    CHECK_STR_EQ(c.argv[2], "-c");
    CHECK(c.argv[3] == NULL);
    CHECK_EQ(c.envc, 2);
    CHECK_STR_EQ(c.envp[0], "A=1");
    CHECK_STR_EQ(c.envp[1], "LONGER=value");
    CHECK(c.envp[2] == NULL);
    CHECK_STR_EQ(c.cwd, "/tmp");
    CHECK_STR_EQ(c.hostname, "leaf");
    CHECK_EQ(c.flags, CONFIG_READ_ONLY);
    CHECK_EQ(c.umask, 077);
    CHECK_EQ(c.stack_limit, 1 << 20);
    CHECK_EQ(c.tsc_khz, 2900000);
    CHECK_EQ(c.wall_ns, 5);
    CHECK_EQ(c.ram_len, 7);
    CHECK_EQ(c.strings_len, 3 + 1 + 3 + 4 + 13);
    CHECK_MEM_EQ(c.strings, "sh\0\0-c\0A=1\0LONGER=value", c.strings_len);
    free(c.argv);
}

TEST(defaults)
{
    struct run_config c;

    begin();
    add_text(CONFIG_EXE, "/hello");
    REQUIRE(decode(&c) == 0);
    CHECK_EQ(c.argc, 1);
    CHECK_STR_EQ(c.argv[0], "/hello");
    CHECK_EQ(c.envc, 0);
    CHECK_STR_EQ(c.cwd, "/");
    CHECK_STR_EQ(c.hostname, "samara");
    CHECK_EQ(c.umask, 022);
    CHECK_EQ(c.stack_limit, 8 << 20);
    free(c.argv);
}

static int decode_one(uint32_t type, const void *payload, uint32_t len)
{
    struct run_config c;

    begin();
    if (type != CONFIG_EXE)
        add_text(CONFIG_EXE, "/x");
    add(type, payload, len);
    return decode(&c);
}

TEST(bad_payloads)
{
    uint64_t big = 01000;

    CHECK_EQ(decode_one(CONFIG_EXE, "", 0), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_EXE, "a\0b", 3), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_ARG, "a\0b", 3), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_ENV, "\0", 1), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_CWD, "", 0), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_FLAGS, "1234", 4), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_UMASK, &big, 8), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_HOSTNAME, blob + 1024, 65), -EINVAL);
}

TEST(the_networks_records)
{
    struct config_address a = { { 10, 0, 0, 2 }, 4, 24, { 0 } };
    struct config_cursor at;
    const void *payload;
    struct run_config c;
    size_t len;

    begin();
    add_text(CONFIG_DNS, "10.0.0.1");
    add_text(CONFIG_EXE, "/x");
    add_text(CONFIG_DNS, "::2");
    add_text(CONFIG_HOST, "10.0.0.9\tdb");
    add(CONFIG_ADDRESS, &a, sizeof(a));
    REQUIRE(run_config_read(blob, blob_len, &c) == 0);
    at = c.records;
    REQUIRE(config_find(&at, CONFIG_DNS, &payload, &len));
    CHECK_MEM_EQ(payload, "10.0.0.1", len);
    REQUIRE(config_find(&at, CONFIG_DNS, &payload, &len));
    CHECK_EQ(len, 3);
    CHECK(!config_find(&at, CONFIG_DNS, &payload, &len));
    at = c.records;
    REQUIRE(config_find(&at, CONFIG_ADDRESS, &payload, &len));
    CHECK_MEM_EQ(payload, &a, sizeof(a));
    at = c.records;
    CHECK(!config_find(&at, CONFIG_GATEWAY, &payload, &len));
    free(c.argv);
}

TEST(bad_records_of_the_network)
{
    struct config_address a = { { 0 }, 4, 33, { 0 } };

    CHECK_EQ(decode_one(CONFIG_DNS, "", 0), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_HOST, "1.2.3.4\tx\n5.6.7.8\ty", 19), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_DNS_SEARCH, "a\0b", 3), -EINVAL);
    CHECK_EQ(decode_one(CONFIG_DNS_OPTION, blob + 1024, CONFIG_LINE_MAX + 1),
             -EINVAL);
    CHECK_EQ(decode_one(CONFIG_ADDRESS, &a, sizeof(a)), -EINVAL);
    a.prefix_len = 32;
    CHECK_EQ(decode_one(CONFIG_ADDRESS, &a, sizeof(a) - 1), -EINVAL);
    a.family = 5;
    CHECK_EQ(decode_one(CONFIG_GATEWAY, &a, sizeof(a)), -EINVAL);
    a.family = 6;
    a.prefix_len = 129;
    CHECK_EQ(decode_one(CONFIG_ADDRESS, &a, sizeof(a)), -EINVAL);
}

TEST(an_address_twice)
{
    struct config_address a = { { 10, 0, 0, 2 }, 4, 24, { 0 } };
    struct run_config c;

    begin();
    add_text(CONFIG_EXE, "/x");
    add(CONFIG_ADDRESS, &a, sizeof(a));
    a.family = 6;
    add(CONFIG_ADDRESS, &a, sizeof(a));
    REQUIRE(decode(&c) == 0);
    free(c.argv);
    add(CONFIG_ADDRESS, &a, sizeof(a));
    CHECK_EQ(decode(&c), -EINVAL);
}

TEST(bad_headers)
{
    struct config_header *h = (void *)blob;
    struct run_config c;

    begin();
    CHECK_EQ(decode(&c), -EINVAL); /* no program */
    CHECK_EQ(run_config_read(NULL, 100, &c), -EINVAL);
    CHECK_EQ(run_config_read(blob, 15, &c), -EINVAL);
    add_text(CONFIG_EXE, "/x");
    h->count++;
    CHECK_EQ(decode(&c), -EINVAL); /* a record short */
    h->count--;
    h->version++;
    CHECK_EQ(decode(&c), -EINVAL);
    h->version--;
    h->magic++;
    CHECK_EQ(decode(&c), -EINVAL);
    h->magic--;
    h->len++;
    CHECK_EQ(decode(&c), -EINVAL); /* longer than what there is */
    h->len = 8;
    CHECK_EQ(decode(&c), -EINVAL);
}

TEST(a_record_beyond_the_end)
{
    struct config_record *r = (void *)(blob + sizeof(struct config_header));
    struct run_config c;

    begin();
    add_text(CONFIG_EXE, "/x");
    r->len = 9;
    CHECK_EQ(decode(&c), -EINVAL);
    r->len = UINT32_MAX;
    CHECK_EQ(decode(&c), -EINVAL);
}

TEST(a_path_twice)
{
    struct run_config c;

    begin();
    add_text(CONFIG_EXE, "/x");
    add_text(CONFIG_EXE, "/longer");
    CHECK_EQ(decode(&c), -EINVAL);
}
