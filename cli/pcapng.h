/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapng.h - a capture file, as Wireshark and tcpdump read it.
 *
 * What:      draft-ietf-opsawg-pcapng: one section, one Ethernet interface with
 *            times in ns, a block for each frame that tells its direction, and
 *            at the end what was seen and lost.
 * Errors:    the stream's own: ferror().
 */
#ifndef CLI_PCAPNG_H
#define CLI_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

struct control_frame;

struct pcapng {
    FILE *to;
    uint64_t count; /* frames written */
};

/* name: of the interface; frame_max: bytes of a frame that are kept, 0: all. */
void pcapng_begin(struct pcapng *p, FILE *to, const char *name,
                  uint32_t frame_max);
void pcapng_frame(struct pcapng *p, const struct control_frame *f,
                  const void *data);
void pcapng_end(struct pcapng *p, uint64_t dropped);

#endif
