/* SPDX-License-Identifier: BSD-2-Clause */
/* capture.c - see capture.h. */
#include "cli/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/follow.h"
#include "cli/inside.h"
#include "cli/pcapng.h"
#include "host/fault.h"
#include "host/memory.h"

#define LOOK_NS   10000000 /* at most this late into the file */
#define FRAME_MAX 65600u   /* no monitor copies more */
#define ALIGN_LEN 8u

/* ---- the stream ---- */

/* One frame at the beginning. -> its bytes in the stream, 0: not whole yet */
static int64_t frame_take(const uint8_t *data, uint64_t len, capture_fn *frame,
                          void *arg)
{
    struct control_frame f;
    uint64_t all;

    if (len < sizeof(f))
        return 0;
    memcpy(&f, data, sizeof(f));
    if (f.kept > FRAME_MAX || f.kept > f.len)
        return -EPROTO;
    all = sizeof(f) + ((f.kept + ALIGN_LEN - 1) & ~(uint64_t)(ALIGN_LEN - 1));
    if (len < all)
        return 0;
    frame(arg, &f, data + sizeof(f));
    return (int64_t)all;
}

int capture_stream_add(struct capture_stream *s, const void *data, uint64_t len,
                       capture_fn *frame, void *arg)
{
    uint64_t at = 0;
    int64_t n;

    if (s->cap < s->len + len) {
        s->cap = s->len + len;
        s->data = mem_resize(s->data, s->cap);
    }
    if (len > 0)
        memcpy(s->data + s->len, data, len);
    s->len += len;
    while ((n = frame_take(s->data + at, s->len - at, frame, arg)) > 0)
        at += (uint64_t)n;
    s->len -= at;
    if (at > 0)
        memmove(s->data, s->data + at, s->len);
    return (int)n;
}

void capture_stream_fini(struct capture_stream *s)
{
    free(s->data);
    *s = (struct capture_stream){ 0 };
}

/* ---- the file ---- */

struct writer {
    struct pcapng file;
    struct capture *c;
};

static void write_frame(void *arg, const struct control_frame *f,
                        const void *data)
{
    struct writer *w = arg;

    if (w->c->count > 0 && w->c->seen == w->c->count)
        return;
    pcapng_frame(&w->file, f, data);
    w->c->seen++;
}

int capture_begin(struct inside *in, const struct capture *c,
                  struct fault *fault)
{
    int err = inside_capture(in, c->frame_max, fault);

    if (err == -ENODEV)
        return fault_set(fault, ENODEV,
                         "the guest '%s' has no network; run it with --net or "
                         "-p",
                         in->name);
    if (err == -EBUSY)
        return fault_set(fault, EBUSY,
                         "the frames of the guest '%s' are being captured by "
                         "another",
                         in->name);
    return err ? err : inside_hold(in, fault);
}

/* -> true: something came */
static int look(struct inside *in, struct capture_stream *s, struct writer *w,
                struct fault *fault)
{
    static uint8_t reply[CONTROL_DATA_MAX];
    struct control_frames head;
    size_t len;
    int err = inside_frames(in, reply, &len, fault);

    if (err)
        return err;
    if (len >= sizeof(head))
        memcpy(&head, reply, sizeof(head));
    if (len < sizeof(head) || head.len != len - sizeof(head))
        err = -EPROTO;
    else
        err = capture_stream_add(s, reply + sizeof(head), head.len, write_frame,
                                 w);
    if (err)
        return fault_set(fault, EPROTO,
                         "the frames of the guest '%s' make no sense",
                         in->name);
    w->c->lost = head.dropped;
    return head.len > 0;
}

static int follow(struct inside *in, struct writer *w, struct fault *fault)
{
    const struct timespec nap = { 0, LOOK_NS };
    struct capture_stream s = { 0 };
    const struct capture *c = w->c;
    int more = 0;

    while (more >= 0 && !follow_is_over() && !ferror(w->file.to) &&
           (c->count == 0 || c->seen < c->count)) {
        int err = inside_hello(in, fault);

        more = err ? err : look(in, &s, w, fault);
        if (more > 0)
            continue;
        if (more == 0 && in->hello.is_ended)
            break;
        if (more == -ECONNRESET) { /* it was killed */
            more = 0;
            break;
        }
        fflush(w->file.to);
        nanosleep(&nap, NULL);
    }
    capture_stream_fini(&s);
    return more < 0 ? more : 0;
}

int capture_follow(struct inside *in, struct capture *c, struct fault *fault)
{
    bool is_stdout = !c->output || strcmp(c->output, "-") == 0;
    FILE *to = is_stdout ? stdout : fopen(c->output, "we");
    struct writer w = { .c = c };
    int err;

    if (!to)
        return fault_sys(fault, errno, "cannot write '%s'", c->output);
    pcapng_begin(&w.file, to, c->guest, c->frame_max);
    fflush(to); /* who reads it knows at once what it is */
    err = follow(in, &w, fault);
    pcapng_end(&w.file, c->lost);
    errno = 0;
    if ((fflush(to) != 0 || ferror(to)) && err == 0 && errno != EPIPE)
        err = fault_sys(fault, errno ? errno : EIO, "cannot write '%s'",
                        is_stdout ? "standard output" : c->output);
    if (!is_stdout)
        fclose(to);
    return err;
}
