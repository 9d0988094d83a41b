/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.h - a guest's network frames, from its monitor into a file.
 *
 * What:      reads what the monitor copies (abi/control.h, CONTROL_CAPTURE)
 *            until the guest ends, enough was seen, or follow.h says so.
 * Errors:    0 or -errno with a fault. The guest's end is none. A frame that
 *            makes no sense: -EPROTO.
 */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include <stdint.h>

struct fault;
struct inside;

struct capture {
    const char *output;  /* NULL or "-": stdout */
    uint64_t count;      /* end after so many frames; 0: never */
    uint32_t frame_max;  /* 0: whole frames */
    const char *guest;   /* what the interface is called in the file */
    uint64_t seen, lost; /* frames; set by capture_follow() */
};

/* Ask the monitor to begin. */
int capture_begin(struct inside *in, const struct capture *c,
                  struct fault *fault);
int capture_follow(struct inside *in, struct capture *c, struct fault *fault);

/* Bytes of the stream, in any pieces: `frame` gets each that is whole. */
struct control_frame;
struct capture_stream {
    uint8_t *data; /* capture_stream_fini() */
    uint64_t len, cap;
};
typedef void capture_fn(void *arg, const struct control_frame *f,
                        const void *data);
int capture_stream_add(struct capture_stream *s, const void *data, uint64_t len,
                       capture_fn *frame, void *arg);
void capture_stream_fini(struct capture_stream *s);

#endif
