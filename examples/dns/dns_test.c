/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_test.c - zone files and their faults, questions and their answers. */
/* unit: examples/dns/name.c examples/dns/zone.c examples/dns/zone_read.c
 * examples/dns/message.c examples/dns/answer.c */
#include <arpa/inet.h>

#include "examples/dns/answer.h"
#include "examples/dns/message.h"
#include "tests/unit.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0"; /* a zone lives as long as the program */
}

#define HEAD                                                      \
    "$ORIGIN example.org.\n$TTL 1h\n@ SOA ns1 admin 1 4h 1h 2w (" \
    "\n 10m )\n NS ns1\nns1 A 192.0.2.53\n"
#define HEAD_LINES 6u

static struct zone zone;
static struct zone_error error;
static uint8_t query[MESSAGE_LEN_MAX], out[MESSAGE_LEN_MAX];
static size_t query_len, out_len;

static bool load(const char *text)
{
    return zone_read(text, strlen(text), &zone, &error);
}

static void refused_at(const char *more, unsigned line, const char *words)
{
    char text[1024];

    snprintf(text, sizeof(text), "%s%s", HEAD, more);
    CHECK(!load(text));
    CHECK_EQ(error.line, line);
    if (!strstr(error.text, words))
        CHECK_STR_EQ(error.text, words);
}

static void question(const char *name, uint16_t type)
{
    memset(query, 0, HEADER_LEN);
    query[0] = 0x12;
    query[2] = 1; /* RD */
    query[5] = 1;
    REQUIRE(name_from_text(name, strlen(name), NULL, query + HEADER_LEN));
    query_len = HEADER_LEN + name_len(query + HEADER_LEN);
    put16(query + query_len, type);
    put16(query + query_len + 2, 1);
    query_len += 4;
}

static void edns(uint16_t size, uint8_t version)
{
    const uint8_t opt[] = {
        0, 0, 41, (uint8_t)(size >> 8), (uint8_t)size, 0, version, 0, 0, 0, 0
    };

    memcpy(query + query_len, opt, sizeof(opt));
    query_len += sizeof(opt);
    query[11]++;
}

static void ask_as(bool is_stream)
{
    out_len = answer(&zone, query, query_len, is_stream, out);
}

static void ask(const char *name, uint16_t type)
{
    question(name, type);
    ask_as(false);
}

static unsigned rcode(void)
{
    return out[3] & 15;
}

static bool is_authoritative(void)
{
    return out[2] & 4;
}

static bool is_truncated(void)
{
    return out[2] & 2;
}

static unsigned count(enum section section)
{
    return get16(out + 4 + 2 * section);
}

TEST(names)
{
    uint8_t name[NAME_LEN_MAX], other[NAME_LEN_MAX], root[1] = { 0 };

    CHECK(name_from_text("a.\\046b.", 8, NULL, name));
    CHECK_MEM_EQ(name, "\1a\2.b", 6);
    CHECK_EQ(name_len(name), 6u);
    CHECK(name_from_text("WWW", 3, (const uint8_t *)"\3org", name));
    CHECK(name_from_text("www.ORG.", 8, NULL, other));
    CHECK_EQ(name_compare(name, other), 0);
    CHECK(name_is_within(name, (const uint8_t *)"\3oRg"));
    CHECK(name_is_within(name, root));
    CHECK(!name_is_within((const uint8_t *)"\3org", name));
    CHECK(name_from_text(".", 1, NULL, name) && name_len(name) == 1);
}

TEST(names_that_are_none)
{
    static const char *const bad[] = { "a..b.",  ".a.", "a\\",      "a\\25.",
                                       "\\256.", "",    "relative", "@" };
    uint8_t name[NAME_LEN_MAX];
    char text[300];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!name_from_text(bad[i], strlen(bad[i]), NULL, name));
    memset(text, 'a', sizeof(text));
    text[64] = '.';
    CHECK(!name_from_text(text, 65, NULL, name)); /* a label of 64 */
    text[63] = '.';
    CHECK(name_from_text(text, 64, NULL, name));
    memset(text, 'a', sizeof(text));
    for (size_t i = 1; i < sizeof(text); i += 2)
        text[i] = '.';
    CHECK(name_from_text(text, 254, NULL, name)); /* 255 bytes */
    CHECK(!name_from_text(text, 256, NULL, name));
}

TEST(canonical_order)
{
    static const char *const order[] = {
        "example.",        "a.example.", "yljkjljk.a.example.", "Z.a.example.",
        "zABC.a.EXAMPLE.", "z.example.", "*.z.example."
    };
    uint8_t a[NAME_LEN_MAX], b[NAME_LEN_MAX];

    for (size_t i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++) {
        REQUIRE(name_from_text(order[i], strlen(order[i]), NULL, a));
        REQUIRE(name_from_text(order[i + 1], strlen(order[i + 1]), NULL, b));
        CHECK(name_compare(a, b) < 0);
        CHECK(name_compare(b, a) > 0);
    }
}

TEST(zone_files)
{
    REQUIRE(load(HEAD "; comment\n\n"
                      "a 1h30m IN A 192.0.2.1 ; comment\n"
                      "  IN 5 TXT \"two words\" a\\059b \"q\\\"\"\n"
                      "b.example.org. mx ( 10 ; first\n a )\n"
                      "$ORIGIN sub.example.org.\nc AAAA 2001:db8::1"));
    struct rrset set =
        zone_find(&zone, (const uint8_t *)"\1a\7example\3org", TYPE_A);
    CHECK_EQ(set.count, 1u);
    CHECK_EQ(set.first->ttl, 5400u);
    set = zone_find(&zone, (const uint8_t *)"\1a\7example\3org", TYPE_TXT);
    CHECK_EQ(set.first->ttl, 5u);
    CHECK_EQ(set.first->data_len, 17u);
    CHECK_MEM_EQ(set.first->data, "\11two words\3a;b\2q\"", 17);
    set =
        zone_find(&zone, (const uint8_t *)"\1c\3sub\7example\3org", TYPE_AAAA);
    CHECK_EQ(set.count, 1u);
    CHECK_EQ(set.first->ttl, 3600u);
}

TEST(without_a_default_ttl_the_last_one_holds)
{
    REQUIRE(load("$ORIGIN x.\n@ SOA a b 1 2 3 4 77\n NS a\na 9 A 1.2.3.4\n"
                 "b A 1.2.3.5\n"));
    CHECK_EQ(zone.soa->ttl, 77u);
    CHECK_EQ(zone_find(&zone, (const uint8_t *)"\1b\1x", TYPE_A).first->ttl,
             9u);
}

TEST(faults_have_their_line)
{
    refused_at("a A 192.0.2.256\n", HEAD_LINES + 1, "IPv4");
    refused_at("\n\na AAAA ::g\n", HEAD_LINES + 3, "IPv6");
    refused_at("a A\n", HEAD_LINES + 1, "IPv4");
    refused_at("a TXT\n", HEAD_LINES + 1, "missing");
    refused_at("a TXT \"open\nb A 1.2.3.4\n", HEAD_LINES + 1, "quote");
    refused_at("a TXT ( x\n", HEAD_LINES + 1, "without its )");
    refused_at("a TXT x )\n", HEAD_LINES + 1, "without its (");
    refused_at("a TXT x\\3\n", HEAD_LINES + 1, "escape");
    refused_at("a B c\n", HEAD_LINES + 1, "there must be");
    refused_at("a CH TXT x\n", HEAD_LINES + 1, "there must be");
    refused_at("a 5\n", HEAD_LINES + 1, "type");
    refused_at("a 5x A 1.2.3.4\n", HEAD_LINES + 1, "there must be");
    refused_at("a A 1.2.3.4 5\n", HEAD_LINES + 1, "more words");
    refused_at("a MX 65536 b\n", HEAD_LINES + 1, "number");
    refused_at("a..b A 1.2.3.4\n", HEAD_LINES + 1, "malformed");
    refused_at("$INCLUDE x\n", HEAD_LINES + 1, "$ORIGIN and $TTL");
    refused_at("$TTL 68y\n", HEAD_LINES + 1, "TTL");
    refused_at("$ORIGIN a..b\n", HEAD_LINES + 1, "malformed");
}

TEST(zones_that_contradict_themselves)
{
    refused_at("a.example.com. A 1.2.3.4\n", HEAD_LINES + 1, "not within");
    refused_at("@ SOA a b 1 2 3 4 5\n", HEAD_LINES + 1, "second SOA");
    refused_at("sub SOA a b 1 2 3 4 5\n", HEAD_LINES + 1, "second SOA");
    refused_at("a A 1.2.3.4\na CNAME b\n", HEAD_LINES + 2, "CNAME");
    refused_at("a CNAME b\na CNAME c\n", HEAD_LINES + 2, "CNAME");
    refused_at("ns1 A 192.0.2.53\n", HEAD_LINES + 1, "second time");
    CHECK(!load("") && error.line == 0);
    CHECK(!load("$ORIGIN x.\na 5 A 1.2.3.4\n"));
    CHECK(!load("$ORIGIN x.\n@ SOA a b 1 2 3 4 5\n") && error.line == 0);
    CHECK(!load(" A 1.2.3.4\n") && error.line == 1);
    CHECK(!load("@ SOA a b 1 2 3 4 5\n") && error.line == 1);
}

#define ZONE                                                          \
    HEAD "a A 192.0.2.1\n A 192.0.2.2\nwww CNAME a\nout CNAME x.com." \
         "\nloop CNAME pool\npool CNAME loop\n*.w A 192.0.2.9\n"      \
         "x.w TXT t\ndeep.in.here TXT t\nsub NS ns.sub\n"             \
         "ns.sub A 192.0.2.4\nns.sub AAAA ::4\n"

TEST(answers)
{
    REQUIRE(load(ZONE));
    ask("a.example.org.", TYPE_A);
    CHECK_EQ(get16(out), 0x1200);
    CHECK(out[2] & 0x80);
    CHECK(is_authoritative());
    CHECK_EQ(rcode(), 0u);
    CHECK_EQ(count(SECTION_ANSWER), 2u);
    /* The owner is a pointer to the question. */
    CHECK_EQ(get16(out + query_len), 0xc000u + HEADER_LEN);
    CHECK_EQ(out_len, query_len + 2 * 16);
    ask("www.EXAMPLE.org.", TYPE_A);
    CHECK_EQ(count(SECTION_ANSWER), 3u);
    ask("www.example.org.", TYPE_CNAME);
    CHECK_EQ(count(SECTION_ANSWER), 1u);
    ask("out.example.org.", TYPE_A);
    CHECK_EQ(count(SECTION_ANSWER), 1u);
    CHECK_EQ(rcode(), 0u);
    ask("loop.example.org.", TYPE_A);
    CHECK_EQ(count(SECTION_ANSWER), 1u + ALIAS_DEPTH_MAX);
    ask("example.org.", TYPE_NS);
    CHECK_EQ(count(SECTION_ADDITIONAL), 1u);
}

TEST(nothing)
{
    REQUIRE(load(ZONE));
    ask("no.example.org.", TYPE_A);
    CHECK_EQ(rcode(), 3u);
    CHECK_EQ(count(SECTION_AUTHORITY), 1u);
    CHECK(is_authoritative());
    ask("a.example.org.", TYPE_TXT);
    CHECK_EQ(rcode(), 0u);
    CHECK_EQ(count(SECTION_ANSWER), 0u);
    CHECK_EQ(count(SECTION_AUTHORITY), 1u);
    ask("in.here.example.org.", TYPE_TXT); /* a name between */
    CHECK_EQ(rcode(), 0u);
    CHECK_EQ(count(SECTION_AUTHORITY), 1u);
}

TEST(wildcards)
{
    REQUIRE(load(ZONE));
    ask("y.w.example.org.", TYPE_A);
    CHECK_EQ(count(SECTION_ANSWER), 1u);
    ask("z.y.w.example.org.", TYPE_A);
    CHECK_EQ(count(SECTION_ANSWER), 1u);
    ask("y.w.example.org.", TYPE_TXT);
    CHECK_EQ(rcode(), 0u);
    ask("x.w.example.org.", TYPE_A); /* exists: no wildcard */
    CHECK_EQ(count(SECTION_ANSWER), 0u);
    ask("y.x.w.example.org.", TYPE_A); /* below what exists */
    CHECK_EQ(rcode(), 3u);
}

TEST(referrals)
{
    REQUIRE(load(ZONE));
    for (unsigned i = 0; i < 3; i++) {
        ask(i == 0   ? "sub.example.org."
            : i == 1 ? "a.b.sub.example.org."
                     : "ns.sub.example.org.",
            TYPE_A);
        CHECK(!is_authoritative());
        CHECK_EQ(rcode(), 0u);
        CHECK_EQ(count(SECTION_ANSWER), 0u);
        CHECK_EQ(count(SECTION_AUTHORITY), 1u);
        CHECK_EQ(count(SECTION_ADDITIONAL), 2u);
    }
}

TEST(refusals)
{
    REQUIRE(load(ZONE));
    ask("example.com.", TYPE_A);
    CHECK_EQ(rcode(), 5u);
    CHECK(!is_authoritative());
    ask("example.org.", TYPE_AXFR);
    CHECK_EQ(rcode(), 5u);
    question("example.org.", TYPE_A);
    query[query_len - 1] = 3; /* class CH */
    ask_as(false);
    CHECK_EQ(rcode(), 5u);
    question("example.org.", TYPE_A);
    query[2] = 0x28; /* update */
    ask_as(false);
    CHECK_EQ(rcode(), 4u);
    CHECK_EQ(out_len, HEADER_LEN);
}

TEST(malformed_queries)
{
    REQUIRE(load(ZONE));
    question("a.example.org.", TYPE_A);
    for (size_t len = 0; len < query_len; len++) {
        size_t n = answer(&zone, query, len, false, out);

        CHECK_EQ(n, len < HEADER_LEN ? 0 : HEADER_LEN);
        if (n > 0)
            CHECK_EQ(rcode(), 1u);
    }
    query[query_len++] = 0; /* behind the end */
    ask_as(false);
    CHECK_EQ(rcode(), 1u);
    question("a.example.org.", TYPE_A);
    query[2] |= 0x80; /* an answer is not answered: no loops */
    ask_as(false);
    CHECK_EQ(out_len, 0u);
    question("a.example.org.", TYPE_A);
    query[HEADER_LEN] = 0xc0; /* a pointer, to itself */
    query[HEADER_LEN + 1] = HEADER_LEN;
    ask_as(false);
    CHECK_EQ(rcode(), 1u);
    question("a.example.org.", TYPE_A);
    query[5] = 2;
    ask_as(false);
    CHECK_EQ(rcode(), 1u);
}

TEST(any_does_not_amplify)
{
    REQUIRE(load(ZONE));
    ask("example.org.", TYPE_ANY);
    CHECK_EQ(count(SECTION_ANSWER), 1u);
    CHECK(out_len < 2 * query_len);
    ask("no.example.org.", TYPE_ANY);
    CHECK_EQ(rcode(), 3u);
}

TEST(edns_and_truncation)
{
    char text[8192] = HEAD;
    size_t used = strlen(text);

    for (unsigned i = 0; i < 100; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "big A 192.0.2.%u\n", i);
    REQUIRE(load(text));
    ask("big.example.org.", TYPE_A); /* 100 x 16 bytes */
    CHECK(is_truncated());
    CHECK_EQ(out_len, query_len);
    CHECK_EQ(count(SECTION_ANSWER), 0u);
    ask_as(true);
    CHECK(!is_truncated());
    CHECK_EQ(count(SECTION_ANSWER), 100u);
    edns(4096, 0);
    ask_as(false);
    CHECK(is_truncated()); /* 1232 is ours */
    CHECK_EQ(count(SECTION_ADDITIONAL), 1u);
    question("ns1.example.org.", TYPE_A);
    edns(0, 0);
    ask_as(false);
    CHECK_EQ(count(SECTION_ANSWER), 1u);
    question("ns1.example.org.", TYPE_A);
    edns(4096, 1);
    ask_as(false);
    CHECK_EQ(rcode(), 0u);
    CHECK_EQ(out[out_len - 6], 1u); /* BADVERS: 16, the upper bits */
    CHECK_EQ(count(SECTION_ANSWER), 0u);
    question("ns1.example.org.", TYPE_A);
    edns(512, 0);
    edns(512, 0);
    ask_as(false);
    CHECK_EQ(rcode(), 1u);
}
