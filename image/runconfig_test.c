/* SPDX-License-Identifier: BSD-2-Clause */
/* runconfig_test.c - what is encoded decodes to the same; damage is refused. */
/* unit: image/runconfig.c host/memory.c host/fault.c */
#include "image/runconfig.h"

#include <errno.h>

#include "abi/config.h"
#include "host/fault.h"
#include "tests/unit.h"

static struct fault fault;

static void sample(struct run_config *rc)
{
    rc->exe = mem_strdup("/bin/prog");
    list_add(&rc->args, "prog");
    list_add(&rc->args, "");
    list_add(&rc->args, "eight888");
    list_add(&rc->env, "A=1");
    rc->cwd = mem_strdup("/tmp");
    rc->flags = CONFIG_READ_ONLY;
    rc->ram_len = 1ull << 40;
    rc->arg_fixed = 1;
    list_add(&rc->net.dns, "9.9.9.9");
    list_add(&rc->net.dns, "2620:fe::fe");
    list_add(&rc->net.dns_search, "example.org");
    list_add(&rc->net.dns_options, "ndots:2");
    list_add(&rc->net.hosts, "10.0.0.5\tdb");
    rc->net.address[0] =
        (struct config_address){ { 10, 0, 0, 2 }, 4, 24, { 0 } };
    rc->net.gateway[1] = (struct config_address){ { 0xfe, 0x80 }, 6, 0, { 0 } };
}

TEST(round_trip)
{
    struct run_config in = { 0 }, out = { 0 };
    struct buf buf = { 0 };

    sample(&in);
    CHECK_EQ(run_config_encode(&in, &buf, &fault), 0);
    CHECK_EQ(buf.len % 8, 0);
    CHECK_EQ(run_config_decode(buf.data, buf.len, &out, &fault), 0);
    CHECK_STR_EQ(out.exe, "/bin/prog");
    REQUIRE(out.args.count == 3);
    CHECK_STR_EQ(out.args.item[1], "");
    CHECK_STR_EQ(out.args.item[2], "eight888");
    CHECK(out.args.item[3] == NULL);
    CHECK_EQ(out.env.count, 1);
    CHECK_STR_EQ(out.cwd, "/tmp");
    CHECK(out.hostname == NULL);
    CHECK_EQ(out.flags, CONFIG_READ_ONLY);
    CHECK_EQ(out.ram_len, 1ull << 40);
    CHECK_EQ(out.arg_fixed, 1);
    REQUIRE(out.net.dns.count == 2);
    CHECK_STR_EQ(out.net.dns.item[1], "2620:fe::fe");
    CHECK_STR_EQ(out.net.dns_search.item[0], "example.org");
    CHECK_STR_EQ(out.net.dns_options.item[0], "ndots:2");
    CHECK_STR_EQ(out.net.hosts.item[0], "10.0.0.5\tdb");
    CHECK_MEM_EQ(&out.net.address, &in.net.address, sizeof(in.net.address));
    CHECK_MEM_EQ(&out.net.gateway, &in.net.gateway, sizeof(in.net.gateway));
    run_config_fini(&in);
    run_config_fini(&out);
    buf_fini(&buf);
}

TEST(every_cut_is_refused)
{
    struct run_config in = { 0 }, out = { 0 };
    struct buf buf = { 0 };
    size_t len;

    sample(&in);
    CHECK_EQ(run_config_encode(&in, &buf, &fault), 0);
    for (len = 0; len < buf.len; len++) {
        uint8_t *part = malloc(len + 1); /* so that ASan sees the end */

        memcpy(part, buf.data, len);
        CHECK_EQ(run_config_decode(part, len, &out, &fault), -EINVAL);
        free(part);
    }
    run_config_fini(&in);
    buf_fini(&buf);
}

TEST(a_nul_inside_a_string_is_refused)
{
    struct run_config in = { 0 }, out = { 0 };
    struct buf buf = { 0 };

    sample(&in);
    CHECK_EQ(run_config_encode(&in, &buf, &fault), 0);
    buf.data[sizeof(struct config_header) + sizeof(struct config_record) + 2] =
        0;
    CHECK_EQ(run_config_decode(buf.data, buf.len, &out, &fault), -EINVAL);
    run_config_fini(&in);
    buf_fini(&buf);
}

TEST(a_bad_address_is_refused)
{
    struct {
        struct config_header header;
        struct config_record record;
        struct config_address a;
    } bytes = { { CONFIG_MAGIC, CONFIG_VERSION, sizeof(bytes), 1 },
                { CONFIG_ADDRESS, sizeof(bytes.a) },
                { { 1, 2, 3, 4 }, 4, 33, { 0 } } };
    struct run_config out = { 0 };

    CHECK_EQ(run_config_decode(&bytes, sizeof(bytes), &out, &fault), -EINVAL);
    bytes.a.prefix_len = 32;
    CHECK_EQ(run_config_decode(&bytes, sizeof(bytes), &out, &fault), 0);
    CHECK_EQ(out.net.address[0].addr[3], 4);
}

TEST(unknown_records_are_passed_over)
{
    const struct {
        struct config_header header;
        struct config_record record;
        uint64_t payload;
    } bytes = { { CONFIG_MAGIC, CONFIG_VERSION, 32, 1 }, { 999, 8 }, 7 };
    struct run_config out = { 0 };

    CHECK_EQ(run_config_decode(&bytes, sizeof(bytes), &out, &fault), 0);
    CHECK(out.exe == NULL);
}

TEST(too_long_is_refused)
{
    struct run_config in = { 0 };
    struct buf buf = { 0 };
    char *arg = malloc(9 << 20);

    memset(arg, 'x', 9 << 20);
    arg[(9 << 20) - 1] = '\0';
    list_add_take(&in.args, arg);
    CHECK_EQ(run_config_encode(&in, &buf, &fault), -E2BIG);
    run_config_fini(&in);
    buf_fini(&buf);
}

TEST(setenv_replaces_or_appends)
{
    struct run_config rc = { 0 };

    run_config_setenv(&rc, "A=1");
    run_config_setenv(&rc, "AB=2");
    run_config_setenv(&rc, "A=3");
    CHECK_EQ(rc.env.count, 2);
    CHECK_STR_EQ(rc.env.item[0], "A=3");
    CHECK_STR_EQ(rc.env.item[1], "AB=2");
    run_config_fini(&rc);
}
