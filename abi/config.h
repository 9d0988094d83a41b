/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h - the run configuration: what program, with what arguments.
 *
 * What:      a byte string: struct config_header, then `count` records, each
 *            a struct config_record and `len` payload bytes, padded with zeros
 *            to 8. An image carries a default; the command may replace it.
 *            Strings are not NUL-terminated inside a record unless said.
 * Ownership: read-only in guest memory.
 * Errors:    a reader refuses a bad magic, version or length (-EINVAL) and
 *            ignores record types that it does not know.
 * Units:     lengths in bytes, little-endian.
 */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

#include <stdint.h>

#define CONFIG_MAGIC   0x666e6f43u /* "Conf" */
#define CONFIG_VERSION 1u

#define CONFIG_HOSTNAME_DEFAULT "samara"

#define CONFIG_LINE_MAX 320u /* bytes of a line for a file of /etc */

struct config_header {
    uint32_t magic;
    uint32_t version;
    uint32_t len; /* of everything, header included */
    uint32_t count;
};

struct config_record {
    uint32_t type; /* enum config_type */
    uint32_t len;  /* payload bytes, padding not counted */
};

enum config_type {
    CONFIG_EXE = 1,          /* path of the program inside the root */
    CONFIG_ARG = 2,          /* one per argument, argv[0] first, in order */
    CONFIG_ENV = 3,          /* "K=V", one per variable, in order */
    CONFIG_CWD = 4,          /* working directory; default "/" */
    CONFIG_FLAGS = 5,        /* uint64_t, enum config_flags */
    CONFIG_UMASK = 6,        /* uint64_t */
    CONFIG_HOSTNAME = 7,     /* uname's nodename; CONFIG_HOSTNAME_DEFAULT */
    CONFIG_RLIMIT_STACK = 8, /* uint64_t soft limit; default 8 MiB */
    CONFIG_WALL_NS = 9,    /* uint64_t: CLOCK_REALTIME when QEMU was started */
    CONFIG_TSC_KHZ = 10,   /* uint64_t: host's TSC rate, for TCG */
    CONFIG_RAM_LEN = 11,   /* uint64_t: -m, for messages */
    CONFIG_ARG_FIXED = 12, /* uint64_t, for the command alone: so many ARGs
                            * stay when `run IMAGE ARG...` gives others */
    /* The network. The four texts are for lines of /etc: no control
     * characters but tabs; several of each, in order. */
    CONFIG_DNS = 13,        /* a name server's address, as text */
    CONFIG_DNS_SEARCH = 14, /* a domain to search in */
    CONFIG_DNS_OPTION = 15, /* what follows "options" in resolv.conf */
    CONFIG_HOST = 16,       /* a line of /etc/hosts: address, tab, name */
    CONFIG_ADDRESS = 17,    /* struct config_address: one for each family */
    CONFIG_GATEWAY = 18,    /* the same, its prefix_len 0 */
    CONFIG_RLIMIT = 19,     /* struct config_rlimit; several */
};

/* In a CONFIG_HOST line, in place of an address: the guest's router. */
#define CONFIG_HOST_GATEWAY "host-gateway"

/* An address of the guest's interface, or of a router that it can reach. */
struct config_address {
    uint8_t addr[16]; /* network order; of IPv4 the first four */
    uint8_t family;   /* 4 or 6 */
    uint8_t prefix_len;
    uint8_t zero[6];
};

#define CONFIG_RLIMITS 16u /* RLIM_NLIMITS */

/* What a resource limit is at first, in place of the kernel's default. */
struct config_rlimit {
    uint64_t which;      /* RLIMIT_* */
    uint64_t soft, hard; /* UINT64_MAX: none */
};

enum config_flags {
    CONFIG_READ_ONLY = 1u << 0, /* --read-only: the root refuses writes */
    CONFIG_LINK = 1u << 1,      /* the command listens on COM2: link.h */
    CONFIG_VERBOSE = 1u << 2,
    /* The user has put these files into the root: they stay as they are. */
    CONFIG_KEEP_HOSTS = 1u << 3,
    CONFIG_KEEP_HOSTNAME = 1u << 4,
    CONFIG_KEEP_RESOLV = 1u << 5,
    CONFIG_DEBUG = 1u << 6, /* the program waits for a debugger */
    CONFIG_TRACE = 1u << 7, /* ... for what a tool wants traced: trace.h */
};

_Static_assert(sizeof(struct config_header) == 16, "layout is shared");
_Static_assert(sizeof(struct config_record) == 8, "layout is shared");
_Static_assert(sizeof(struct config_address) == 24, "layout is shared");
_Static_assert(sizeof(struct config_rlimit) == 24, "layout is shared");

#endif
