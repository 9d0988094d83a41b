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

static const struct {
    const char *name;
    size_t offset;
} counters[] = {
    { "rx_packets", offsetof(struct netif_stats, rx_packets) },
    { "rx_bytes", offsetof(struct netif_stats, rx_bytes) },
    { "rx_errors", offsetof(struct netif_stats, rx_errors) },
    { "rx_dropped", offsetof(struct netif_stats, rx_dropped) },
    { "multicast", offsetof(struct netif_stats, rx_multicast) },
    { "tx_packets", offsetof(struct netif_stats, tx_packets) },
    { "tx_bytes", offsetof(struct netif_stats, tx_bytes) },
    { "tx_errors", offsetof(struct netif_stats, tx_errors) },
    { "tx_dropped", offsetof(struct netif_stats, tx_dropped) },
};

/* What is not counted cannot happen here: collisions, FIFOs, carriers. */
static int show_counter(struct text_file *t, void *inode)
{
    const char *name = name_of(inode);
    struct netif_link l;
    uint64_t value = 0;

    if (!link_of(inode, &l))
        return -ENODEV;
    for (unsigned i = 0; i < ARRAY_LEN(counters); i++)
        if (strcmp(name, counters[i].name) == 0)
            memcpy(&value, (const uint8_t *)&l.stats + counters[i].offset,
                   sizeof(value));
    return text_printf(t, "%lu\n", value);
}

static const struct pseudo_node statistics_nodes[] = {
    PSEUDO_FILE("collisions", show_counter),
    PSEUDO_FILE("multicast", show_counter),
    PSEUDO_FILE("rx_bytes", show_counter),
    PSEUDO_FILE("rx_compressed", show_counter),
    PSEUDO_FILE("rx_crc_errors", show_counter),
    PSEUDO_FILE("rx_dropped", show_counter),
    PSEUDO_FILE("rx_errors", show_counter),
    PSEUDO_FILE("rx_fifo_errors", show_counter),
    PSEUDO_FILE("rx_frame_errors", show_counter),
    PSEUDO_FILE("rx_length_errors", show_counter),
    PSEUDO_FILE("rx_missed_errors", show_counter),
    PSEUDO_FILE("rx_nohandler", show_counter),
    PSEUDO_FILE("rx_over_errors", show_counter),
    PSEUDO_FILE("rx_packets", show_counter),
    PSEUDO_FILE("tx_aborted_errors", show_counter),
    PSEUDO_FILE("tx_bytes", show_counter),
    PSEUDO_FILE("tx_carrier_errors", show_counter),
    PSEUDO_FILE("tx_compressed", show_counter),
    PSEUDO_FILE("tx_dropped", show_counter),
    PSEUDO_FILE("tx_errors", show_counter),
    PSEUDO_FILE("tx_fifo_errors", show_counter),
    PSEUDO_FILE("tx_heartbeat_errors", show_counter),
    PSEUDO_FILE("tx_packets", show_counter),
    PSEUDO_FILE("tx_window_errors", show_counter),
};

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
    PSEUDO_DIR("statistics", statistics_nodes),
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
