/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sysctl.c - /proc/sys/net: what programs look up of the network's limits.
 *
 * All read-only, as in a container. Figures are the kernel's own.
 */
#include "fs/pseudo.h"
#include "fs/special.h"

static const struct pseudo_node core_nodes[] = {
    PSEUDO_TEXT("default_qdisc", "pfifo_fast\n"),
    PSEUDO_TEXT("optmem_max", "20480\n"),
    PSEUDO_TEXT("rmem_default", "212992\n"),
    PSEUDO_TEXT("rmem_max", "212992\n"),
    PSEUDO_TEXT("somaxconn", "4096\n"),
    PSEUDO_TEXT("wmem_default", "212992\n"),
    PSEUDO_TEXT("wmem_max", "212992\n"),
};

static const struct pseudo_node ipv4_conf_nodes[] = {
    PSEUDO_TEXT("accept_redirects", "0\n"),
    PSEUDO_TEXT("forwarding", "0\n"),
    PSEUDO_TEXT("rp_filter", "0\n"),
};

static const struct pseudo_node ipv4_confs[] = {
    PSEUDO_DIR("all", ipv4_conf_nodes),
    PSEUDO_DIR("default", ipv4_conf_nodes),
    PSEUDO_DIR("eth0", ipv4_conf_nodes),
    PSEUDO_DIR("lo", ipv4_conf_nodes),
};

static const struct pseudo_node ipv4_nodes[] = {
    PSEUDO_DIR("conf", ipv4_confs),
    PSEUDO_TEXT("icmp_echo_ignore_all", "0\n"),
    PSEUDO_TEXT("icmp_echo_ignore_broadcasts", "1\n"),
    PSEUDO_TEXT("ip_default_ttl", "64\n"),
    PSEUDO_TEXT("ip_forward", "0\n"),
    PSEUDO_TEXT("ip_local_port_range", "32768\t60999\n"),
    PSEUDO_TEXT("ip_local_reserved_ports", "\n"),
    PSEUDO_TEXT("ip_nonlocal_bind", "0\n"),
    PSEUDO_TEXT("ip_unprivileged_port_start", "1024\n"),
    PSEUDO_TEXT("ping_group_range", "0\t2147483647\n"),
    PSEUDO_TEXT("tcp_allowed_congestion_control", "reno\n"),
    PSEUDO_TEXT("tcp_available_congestion_control", "reno\n"),
    PSEUDO_TEXT("tcp_congestion_control", "reno\n"),
    PSEUDO_TEXT("tcp_ecn", "0\n"),
    PSEUDO_TEXT("tcp_fastopen", "0\n"),
    PSEUDO_TEXT("tcp_fin_timeout", "60\n"),
    PSEUDO_TEXT("tcp_keepalive_intvl", "75\n"),
    PSEUDO_TEXT("tcp_keepalive_probes", "9\n"),
    PSEUDO_TEXT("tcp_keepalive_time", "7200\n"),
    PSEUDO_TEXT("tcp_max_syn_backlog", "4096\n"),
    PSEUDO_TEXT("tcp_max_tw_buckets", "2048\n"),
    PSEUDO_TEXT("tcp_mtu_probing", "0\n"),
    PSEUDO_TEXT("tcp_retries2", "12\n"),
    PSEUDO_TEXT("tcp_rmem", "4096\t131072\t262144\n"),
    PSEUDO_TEXT("tcp_sack", "1\n"),
    PSEUDO_TEXT("tcp_syn_retries", "6\n"),
    PSEUDO_TEXT("tcp_syncookies", "0\n"),
    PSEUDO_TEXT("tcp_timestamps", "1\n"),
    PSEUDO_TEXT("tcp_tw_reuse", "0\n"),
    PSEUDO_TEXT("tcp_window_scaling", "1\n"),
    PSEUDO_TEXT("tcp_wmem", "4096\t87040\t524288\n"),
};

static const struct pseudo_node ipv6_conf_nodes[] = {
    PSEUDO_TEXT("accept_ra", "1\n"),
    PSEUDO_TEXT("disable_ipv6", "0\n"),
    PSEUDO_TEXT("forwarding", "0\n"),
    PSEUDO_TEXT("use_tempaddr", "0\n"),
};

static const struct pseudo_node ipv6_confs[] = {
    PSEUDO_DIR("all", ipv6_conf_nodes),
    PSEUDO_DIR("default", ipv6_conf_nodes),
    PSEUDO_DIR("eth0", ipv6_conf_nodes),
    PSEUDO_DIR("lo", ipv6_conf_nodes),
};

static const struct pseudo_node ipv6_nodes[] = {
    PSEUDO_TEXT("bindv6only", "0\n"),
    PSEUDO_DIR("conf", ipv6_confs),
    PSEUDO_TEXT("ip_nonlocal_bind", "0\n"),
};

static const struct pseudo_node unix_nodes[] = {
    PSEUDO_TEXT("max_dgram_qlen", "10\n"),
};

const struct pseudo_node net_sysctl_nodes[] = {
    PSEUDO_DIR("core", core_nodes),
    PSEUDO_DIR("ipv4", ipv4_nodes),
    PSEUDO_DIR("ipv6", ipv6_nodes),
    PSEUDO_DIR("unix", unix_nodes),
    { .name = NULL },
};
