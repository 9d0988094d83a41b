/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwipopts.h - every option of lwIP that we choose, and why.
 *
 * What:      read by lwIP's own opt.h; whatever is not here has its default.
 *            Sizes that would reserve memory do not matter: all comes from the
 *            kernel's heap when it is needed.
 * Context:   docs/design/009 has the measurements behind the choices.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* ---- how lwIP lives in the kernel ---- */

/* The kernel lock is held whenever lwIP runs, and nothing in it sleeps. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_COMPAT_SOCKETS  0
/* Its timers run only while something needs them: inet/timers.c. */
#define LWIP_TIMERS 0
/* The calls that lwIP makes to learn a moment's state: one function gets them
 * all, and a pcb is 40 bytes smaller than with a pointer for each. */
#define LWIP_EVENT_API    1
#define LWIP_CALLBACK_API 0
/* What /proc/net/snmp tells (inet/counters.c), and no more: each of these is an
 * instruction where it is counted. */
#define LWIP_STATS            1
#define LWIP_STATS_LARGE      1
#define MIB2_STATS            1
#define TCP_STATS             1
#define IP6_STATS             1
#define ICMP6_STATS           1
#define LINK_STATS            0
#define ETHARP_STATS          0
#define IP_STATS              0
#define IPFRAG_STATS          0
#define ICMP_STATS            0
#define IGMP_STATS            0
#define UDP_STATS             0
#define IP6_FRAG_STATS        0
#define MLD6_STATS            0
#define ND6_STATS             0
#define LWIP_NETIF_API        0
#define LWIP_ERRNO_STDINCLUDE 0

/* ---- memory: the kernel's heap, nothing reserved ---- */

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT   16
#define mem_clib_malloc inet_malloc
#define mem_clib_free   inet_free
#define mem_clib_calloc inet_calloc
/* A frame that is received stays in the driver's buffer, one to send in the
 * segment's: no pool is used. */
#define PBUF_POOL_SIZE 0
/* A zero-copy receiver holds a frame by a custom pbuf. */
#define LWIP_SUPPORT_CUSTOM_PBUF 1
/* What is ours in a pbuf, nobody's until it is set: the next packet of a queue;
 * of a segment that the device is to cut up (INET_PBUF_GSO in its flags) the
 * payload of each piece, of what was received the room behind it; when a
 * segment was sent. They fill what the structure has to be rounded up by. */
#define LWIP_PBUF_CUSTOM_DATA \
    struct pbuf *queue_next;  \
    u16_t gso_size;           \
    u32_t sent_us;
/* Ethernet's header behind the two bytes that align IP's would cost each
 * frame a copy: devices write frames without them. x86 does not mind. */
#define ETH_PAD_SIZE 0

/* ---- what is in it ---- */

#define LWIP_IPV4     1
#define LWIP_IPV6     1
#define LWIP_ARP      1
#define LWIP_ETHERNET 1
#define LWIP_ICMP     1
#define LWIP_ICMP6    1
/* Of a packet that an error quotes: as much as there is room for. */
#define LWIP_ICMP6_DATASIZE 0
#define LWIP_TCP            1
/* Our own udp.c does what programs see; lwIP's serves its DHCP. */
#define LWIP_UDP 1
/* Has ip_input() call raw_input(), which is ours. */
#define LWIP_RAW                1
#define LWIP_DHCP               1
#define LWIP_DHCP_CHECK_LINK_UP 1
/* As many as resolv.conf may name. */
#define LWIP_DHCP_MAX_DNS_SERVERS      3
#define DHCP_DOES_ARP_CHECK            0 /* 10 s; a tap has no strangers */
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_IPV6_DHCP6                0 /* routers name servers */
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 3
#define DNS_MAX_SERVERS                3
#define LWIP_IGMP                      1
#define LWIP_IPV6_MLD                  1
#define LWIP_AUTOIP                    0
#define IP_FORWARD                     0 /* a guest is a host */
#define LWIP_HAVE_LOOPIF               0 /* ours is in loop.c, without copies */
#define LWIP_NETIF_LOOPBACK            0
#define LWIP_NETIF_HOSTNAME            1 /* for DHCP */
/* Whoever waits for an address is told. */
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NUM_NETIF_CLIENT_DATA 0
#define LWIP_SINGLE_NETIF          0
#define LWIP_NETIF_TX_SINGLE_PBUF  0
/* Zones cost a byte for each address and are how fe80:: finds its link. */
#define LWIP_IPV6_SCOPES        1
#define LWIP_IPV6_NUM_ADDRESSES 6 /* link-local, static, and from prefixes */

/* Programs bring a resolver. DHCP alone is compiled with it (Makefile), since
 * else it would not ask for name servers, which ifconfig.c wants to know. */
#ifndef LWIP_DNS
#define LWIP_DNS 0
#endif

/* ---- IP ---- */

#define IP_REASSEMBLY   1
#define IP_FRAG         1
#define LWIP_IPV6_FRAG  1
#define LWIP_IPV6_REASS 1
/* Fragments that may wait: one datagram of 64 KiB, twice. That is all that a
 * flood of them can hold, and lwIP drops the oldest for new ones. */
#define IP_REASS_MAX_PBUFS 96
/* Pointers of 64 bits do not fit into the header in place of what is there. */
#define IPV6_FRAG_COPYHEADER          1
#define IP_REASS_MAXAGE               15
#define IPV6_REASS_MAXAGE             15 /* device.c: FRAGMENT_S is more */
#define IP_DEFAULT_TTL                64 /* Linux's */
#define ARP_TABLE_SIZE                32
#define ARP_QUEUEING                  1  /* several packets may wait */
#define ARP_QUEUE_LEN                 32 /* traceroute sends 16 at once */
#define ETHARP_TRUST_IP_MAC           0
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
/* The generic path checks who a frame is for anyway. */
#define LWIP_ARP_FILTER_NETIF     0
#define LWIP_ND6_NUM_NEIGHBORS    32
#define LWIP_ND6_NUM_DESTINATIONS 32
#define LWIP_ND6_QUEUEING         1
#define MEMP_NUM_ND6_QUEUE        64
#define LWIP_ND6_ALLOW_RA_UPDATES 1
/* An echo request to all of a network is not answered: Linux's default. */
#define LWIP_BROADCAST_PING          0
#define LWIP_MULTICAST_PING          0
#define LWIP_MULTICAST_TX_OPTIONS    0 /* inet/udp.c has its own */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1 /* a device may do checksums */
#define LWIP_CHECKSUM_ON_COPY        0
/* The sum of an IP header is made as it is written: 40 instructions less. */
#define LWIP_INLINE_IP_CHKSUM 1
#define LWIP_CHKSUM           inet_checksum

/* ---- TCP ---- */

/* The largest segment of any interface: of the loopback's 64 KiB. What a
 * connection uses follows from the interface and from its peer. */
#define TCP_MSS                    65475
#define TCP_CALCULATE_EFF_SEND_MSS 1
/* The largest receive window; a socket's own is what SO_RCVBUF says. 425,984
 * is the most that Linux's default rmem_max allows. */
#define TCP_WND        6291456
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE  7
/* Send buffers are limited by SO_SNDBUF (tcp_send.c), so here by nothing. */
#define TCP_SND_BUF         0x7fffffff
#define TCP_SND_QUEUELEN    0xfff0
#define TCP_OVERSIZE        TCP_MSS
#define TCP_QUEUE_OOSEQ     1
#define TCP_OOSEQ_MAX_BYTES TCP_WND
/* Of those that come early: as much as the window is in full packets, and some
 * small ones. Each holds a buffer of 2 KiB, whatever is in it. */
#define TCP_OOSEQ_PBUFS_LIMIT(pcb) (u16_t)(512 + (pcb)->rcv_wnd / 1024)
#define LWIP_TCP_SACK_OUT          1
#define LWIP_TCP_MAX_SACK_NUM      3 /* with time stamps no more fit */
#define LWIP_TCP_TIMESTAMPS        1
#define LWIP_TCP_KEEPALIVE         1
/* Our tables have the backlog: lwIP's counter ends at 255. */
#define TCP_LISTEN_BACKLOG 0
/* Delayed acknowledgements after 50 ms, about Linux's. Only connections with
 * something under way pay for it. What is lost, and when to send again, is
 * inet/sender.h's. */
#define TCP_TMR_INTERVAL 50
/* How long to go on is decided by the time that it takes, tcp_limits.c: lwIP's
 * counters do not get here. */
#define TCP_SYNMAXRTX        6
#define TCP_MAXRTX           12
#define TCP_FIN_WAIT_TIMEOUT 0xffffff00UL
#define TCP_MSL              30000UL /* TIME-WAIT is twice that: Linux's 60 s */
#define SO_REUSE             0       /* ports are ours: port.c */
/* Tells our table of connections of a connection's birth and death. */
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1
/* What lwIP suspects of these sizes: that buffers of pools run out. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

/* ---- where lwIP asks the kernel ---- */

#define LWIP_HOOK_FILENAME                 "inet_hooks.h"
#define LWIP_HOOK_TCP_ISN(l, lp, r, rp)    inet_initial_sequence(l, lp, r, rp)
#define LWIP_HOOK_IP4_ROUTE_SRC(src, dest) inet_route4(src, dest)
#define LWIP_HOOK_ND6_GET_GW(netif, dest)  inet_gateway6(netif, dest)
#define LWIP_HOOK_IP6_ROUTE(src, dest)     inet_route6(src, dest)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, h, len, len1, more, p) \
    inet_any_segment(pcb, h, len1, p)
/* Not to add options, but because it is called for each segment. */
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, h, pcb, options) \
    ((p)->sent_us = inet_now_us,                          \
     TCPH_FLAGS(h) & TCP_SYN ? inet_limit_mss(pcb, h) : (void)0, (options))

#endif
