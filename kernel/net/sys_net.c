/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_net.c - /sys/class/net: a directory for each interface.
 *
 * The number that an inode and its children carry is the interface's index.
 */
#include "core/errno.h"
#include "core/string.h"
#include "fs/pseudo.h"
#include "fs/special.h"
#include "net/if_abi.h"
#include "net/netif.h"

static bool link_of(void *inode, struct netif_link *out)
{
    const struct pseudo_inode *p = inode;

    return netif_link_by_index((unsigned)p->id, out);
}

static const char *name_of(void *inode)
{
    return ((const struct pseudo_inode *)inode)->node->name;
}

static int put_mac(struct text_file *t, const uint8_t *mac)
{
    return text_printf(t, "%02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1],
                       mac[2], mac[3], mac[4], mac[5]);
}

static int show_address(struct text_file *t, void *inode)
{
    struct netif_link l;

    return link_of(inode, &l) ? put_mac(t, l.mac) : -ENODEV;
}

static int show_broadcast(struct text_file *t, void *inode)
{
    static const uint8_t macs[2][6] = { { 255, 255, 255, 255, 255, 255 } };
    struct netif_link l;

    if (!link_of(inode, &l))
        return -ENODEV;
    return put_mac(t, macs[l.flags & IFF_LOOPBACK ? 1 : 0]);
}

static int show_operstate(struct text_file *t, void *inode)
{
    struct netif_link l;
    const char *state = "up";

    if (!link_of(inode, &l))
        return -ENODEV;
    if (l.flags & IFF_LOOPBACK)
        state = "unknown";
    else if (!(l.flags & IFF_UP) || !(l.flags & IFF_LOWER_UP))
        state = "down";
    return text_printf(t, "%s\n", state);
}

static int show_carrier(struct text_file *t, void *inode)
{
    struct netif_link l;

    if (!link_of(inode, &l))
        return -ENODEV;
    if (!(l.flags & IFF_UP))
        return -EINVAL; /* as Linux: nobody knows while it is down */
    return text_printf(t, "%u\n", l.flags & IFF_LOWER_UP ? 1 : 0);
}

static int show_flags(struct text_file *t, void *inode)
{
    struct netif_link l;

    /* What was set, without what follows from the device's state. */
    return link_of(inode, &l)
               ? text_printf(t, "0x%x\n",
                             l.flags & 0xffff & ~(uint32_t)IFF_RUNNING)
               : -ENODEV;
}

/* Files that are one number each. */
static int show_number(struct text_file *t, void *inode)
{
    const char *name = name_of(inode);
    struct netif_link l;
    uint32_t value;

    if (!link_of(inode, &l))
        return -ENODEV;
    if (strcmp(name, "mtu") == 0)
        value = l.mtu;
    else if (strcmp(name, "type") == 0)
        value = l.type;
    else if (strcmp(name, "tx_queue_len") == 0)
        value = l.tx_queue_len;
    else
        value = l.index; /* ifindex, iflink */
    return text_printf(t, "%u\n", value);
}

/* ---- statistics ---- */

/* Those that are counted, in the order of struct netif_stats; what follows
 * cannot happen here: collisions, FIFOs, carriers. */
static const char counters[] =
    "rx_packets\0rx_bytes\0rx_errors\0rx_dropped\0multicast\0"
    "tx_packets\0tx_bytes\0tx_errors\0tx_dropped\0"
    "collisions\0rx_compressed\0rx_crc_errors\0rx_fifo_errors\0"
    "rx_frame_errors\0rx_length_errors\0rx_missed_errors\0rx_nohandler\0"
    "rx_over_errors\0tx_aborted_errors\0tx_carrier_errors\0tx_compressed\0"
    "tx_fifo_errors\0tx_heartbeat_errors\0tx_window_errors\0";
#define COUNTED     (sizeof(struct netif_stats) / sizeof(uint64_t))
#define COUNTER_BIT 8 /* of an inode's number: the counter's, and the link's */

static int show_counter(struct text_file *t, void *inode)
{
    unsigned id = (unsigned)((const struct pseudo_inode *)inode)->id;
    unsigned counter = id >> COUNTER_BIT;
    uint64_t values[COUNTED] = { 0 };
    struct netif_link l;

    if (!netif_link_by_index(id & ((1u << COUNTER_BIT) - 1), &l))
        return -ENODEV;
    memcpy(values, &l.stats, sizeof(values));
    return text_printf(t, "%lu\n", counter < COUNTED ? values[counter] : 0);
}

static const struct pseudo_node counter_node =
    PSEUDO_FILE("counter", show_counter);

static int counter_lookup(struct pseudo_inode *dir, const char *name,
                          size_t name_len, struct inode **out)
{
    int n = 0;

    for (const char *c = counters; *c; c += strlen(c) + 1, n++)
        if (strlen(c) == name_len && memcmp(c, name, name_len) == 0)
            return pseudo_inode(dir->inode.sb, &counter_node,
                                n << COUNTER_BIT | dir->id, out);
    return -ENOENT;
}

static size_t counter_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                           uint8_t *type_out)
{
    const char *c = counters;
    size_t len;

    (void)dir;
    for (uint64_t n = 0; n < *pos && *c; n++)
        c += strlen(c) + 1;
    len = strlen(c);
    *pos += len > 0;
    memcpy(name, c, len);
    *type_out = S_IFREG >> 12;
    return len;
}

static const struct pseudo_node link_nodes[] = {
    PSEUDO_TEXT("addr_len", "6\n"),
    PSEUDO_FILE("address", show_address),
    PSEUDO_FILE("broadcast", show_broadcast),
    PSEUDO_FILE("carrier", show_carrier),
    PSEUDO_TEXT("dev_id", "0x0\n"),
    PSEUDO_TEXT("dormant", "0\n"),
    PSEUDO_FILE("flags", show_flags),
    PSEUDO_FILE("ifindex", show_number),
    PSEUDO_FILE("iflink", show_number),
    PSEUDO_TEXT("link_mode", "0\n"),
    PSEUDO_FILE("mtu", show_number),
    PSEUDO_FILE("operstate", show_operstate),
    PSEUDO_SPECIAL("statistics", S_IFDIR | 0555, .lookup = counter_lookup,
                   .next = counter_next),
    PSEUDO_FILE("tx_queue_len", show_number),
    PSEUDO_FILE("type", show_number),
};

static const struct pseudo_node link_dir = PSEUDO_DIR("net", link_nodes);

int net_class_lookup(struct pseudo_inode *dir, const char *name,
                     size_t name_len, struct inode **out)
{
    char text[NETIF_NAME_LEN];
    struct netif_link l;

    if (name_len >= sizeof(text))
        return -ENOENT;
    memcpy(text, name, name_len);
    text[name_len] = '\0';
    if (!netif_link_by_name(text, &l))
        return -ENOENT;
    return pseudo_inode(dir->inode.sb, &link_dir, (int)l.index, out);
}

size_t net_class_next(struct pseudo_inode *dir, uint64_t *pos, char *name,
                      uint8_t *type_out)
{
    struct netif_link l;
    size_t len;

    (void)dir;
    if (!netif_link((unsigned)*pos, &l))
        return 0;
    (*pos)++;
    len = strlen(l.name);
    memcpy(name, l.name, len);
    *type_out = S_IFDIR >> 12;
    return len;
}
