/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_test.c - ports for those who ask for none, until there are no more.
 *
 * Method: sockets that are nothing but bound, as many as there are ports. A
 * search that fails looks at each socket once: were it once for each port, the
 * last test would take two hundred times as long.
 */
#include "tests/unit.h"

#include "tests/fuzz/inet_stack.h"

#define SEARCHES 300u

static struct inet_sock all[INET_PORT_COUNT];

static void prepare(struct inet_sock *i, int protocol)
{
    list_init(&i->ports);
    i->s.protocol = protocol;
}

static void take_all(void)
{
    for (unsigned n = 0; n < INET_PORT_COUNT; n++) {
        prepare(&all[n], IPPROTO_UDP);
        CHECK_EQ(inet_port_take(&all[n], inet_port_nth(n)), 0);
    }
}

static void drop_all(void)
{
    for (unsigned n = 0; n < INET_PORT_COUNT; n++)
        inet_port_drop(&all[n]);
}

TEST(the_last_is_found)
{
    struct inet_sock other = { 0 };
    uint16_t port;

    take_all();
    prepare(&other, IPPROTO_UDP);
    for (unsigned n = 0; n < INET_PORT_COUNT; n += 2003) {
        port = all[n].local_port;
        inet_port_drop(&all[n]);
        CHECK_EQ(inet_port_take(&other, 0), 0);
        CHECK_EQ(other.local_port, port);
        inet_port_drop(&other);
        CHECK_EQ(inet_port_take(&all[n], port), 0);
    }
    drop_all();
}

TEST(another_protocol_has_its_own)
{
    struct inet_sock other = { 0 };

    take_all();
    prepare(&other, IPPROTO_TCP);
    CHECK_EQ(inet_port_take(&other, 0), 0);
    inet_port_drop(&other);
    drop_all();
}

TEST(that_there_is_none_is_soon_known)
{
    struct inet_sock other = { 0 };

    take_all();
    prepare(&other, IPPROTO_UDP);
    for (unsigned n = 0; n < SEARCHES; n++)
        CHECK_EQ(inet_port_take(&other, 0), -EADDRINUSE);
    drop_all();
}
