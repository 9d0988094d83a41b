/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gmem.h - guest memory: the monitor's only door to it.
 *
 * What:      a short list of guest-physical ranges and where the monitor has
 *            them mapped. Values that the monitor acts on are copied out once,
 *            checked, and only the copy is used; bulk data that it merely
 *            passes on (console output) goes to the host kernel in place.
 * Ownership: the ranges' memory belongs to whoever mapped it; struct gmem
 *            only describes it.
 * Context:   the vCPU's thread, between two runs of the guest.
 * Errors:    -EFAULT for a range that is not wholly guest memory, or that the
 *            guest may not write where writing is asked for.
 * Units:     gpa_t guest-physical, lengths in bytes.
 */
#ifndef MONITOR_GMEM_H
#define MONITOR_GMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

typedef uint64_t gpa_t;

#define GMEM_RANGE_MAX 8u
#define MUST_CHECK     __attribute__((warn_unused_result))

struct gmem_range {
    gpa_t gpa;
    uint64_t len;
    uint8_t *host;
    bool writable; /* by the monitor for the guest */
};

struct gmem {
    struct gmem_range range[GMEM_RANGE_MAX];
    unsigned range_count;
};

/* The caller keeps to GMEM_RANGE_MAX ranges that do not overlap. */
void gmem_add(struct gmem *mem, gpa_t gpa, uint64_t len, void *host,
              bool writable);

MUST_CHECK int gmem_read(const struct gmem *mem, gpa_t gpa, void *dst,
                         size_t len);
MUST_CHECK int gmem_write(const struct gmem *mem, gpa_t gpa, const void *src,
                          size_t len);
/* Where [gpa, gpa+len) lies, for data that is passed on unseen. */
MUST_CHECK int gmem_iovec(const struct gmem *mem, gpa_t gpa, uint64_t len,
                          bool writable, struct iovec *out);

#endif
