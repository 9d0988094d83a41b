/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_capture.c - see qemu_control.h: copies of the frames of a guest.
 *
 * QEMU's filter-dump writes them to a memory file that it was started with;
 * they are read out of it, and what was read is given back. Frames that nobody
 * takes in time are skipped, and counted. The file is libpcap's, with times of
 * the guest's virtual clock behind the time when the capture began: the host's
 * clock at the first look at a frame is later than the frame by the least of
 * all such differences, about.
 */
#include "cli/qemu_control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/memory.h"

#define FILE_HEAD_LEN 24u
#define FRAME_MAX     65000u /* QEMU keeps so much of one */
#define FREE_STEP     (1ull << 20)
#define WAITING_MAX   (16ull << 20) /* bytes that nobody has taken */
#define MAC_LEN       6u

struct frame_head {
    uint32_t s, us, kept, len;
};

static int filter_add(struct qmp *q, int fd)
{
    char *text = mem_printf(
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":"
        "\"filter-dump\",\"id\":\"tool\",\"netdev\":\"net\",\"file\":"
        "\"/dev/fd/%d\",\"maxlen\":%u}}\n",
        fd, FRAME_MAX);
    int err = qmp_execute(q, text);

    free(text);
    return err;
}

/* Whose frames come from the guest. Unknown: none do. */
static void mac_find(struct qemu_capture *c, struct qmp *q)
{
    static const char key[] = "macaddr=";
    struct buf text = { 0 };
    const char *at;
    unsigned i;

    memset(c->mac, 0, sizeof(c->mac));
    if (qmp_ask(q, "info network", 0, &text) == 0) {
        at = strstr((const char *)text.data, key);
        at = at ? at + sizeof(key) - 1 : "";
        for (i = 0; i < MAC_LEN && *at != '\0'; i++) {
            char *end;

            c->mac[i] = (uint8_t)strtoul(at, &end, 16);
            at = *end == ':' ? end + 1 : end;
        }
    }
    buf_fini(&text);
}

static int begin(struct qemu_capture *c, struct qmp *q, uint64_t frame_max)
{
    int err;

    if (c->fd < 0)
        return -ENODEV;
    if (c->is_on)
        return -EBUSY;
    mac_find(c, q);
    err = filter_add(q, c->fd);
    c->is_on = err == 0;
    c->frame_max = frame_max ? frame_max : FRAME_MAX;
    c->at = FILE_HEAD_LEN;
    c->dropped = c->freed = c->last_ns = 0;
    c->offset_ns = INT64_MAX;
    return err;
}

static void end(struct qemu_capture *c, struct qmp *q)
{
    c->is_on = false;
    /* QEMU may have ended. */
    (void)qmp_execute(q, "{\"execute\":\"object-del\",\"arguments\":"
                         "{\"id\":\"tool\"}}\n");
    (void)!ftruncate(c->fd, 0);
}

/* Bytes that QEMU has written, and we have not looked at. */
static uint64_t waiting(const struct qemu_capture *c)
{
    struct stat st;

    if (fstat(c->fd, &st) != 0 || (uint64_t)st.st_size < c->at)
        return 0;
    return (uint64_t)st.st_size - c->at;
}

/* The next frame's head, if all of it is there. */
static bool head_read(const struct qemu_capture *c, struct frame_head *h)
{
    uint64_t have = waiting(c);

    return have >= sizeof(*h) &&
           pread(c->fd, h, sizeof(*h), (off_t)c->at) == sizeof(*h) &&
           h->kept <= FRAME_MAX && have - sizeof(*h) >= h->kept;
}

static uint64_t time_of(struct qemu_capture *c, const struct frame_head *h)
{
    int64_t ns = (int64_t)h->s * (int64_t)NS_PER_S + (int64_t)h->us * 1000;
    int64_t offset = (int64_t)clock_ns(CLOCK_REALTIME) - ns;
    uint64_t at;

    if (offset < c->offset_ns)
        c->offset_ns = offset;
    at = (uint64_t)(ns + c->offset_ns);
    c->last_ns = at > c->last_ns ? at : c->last_ns;
    return c->last_ns;
}

static void free_taken(struct qemu_capture *c)
{
    if (c->at - c->freed < FREE_STEP)
        return;
    (void)!fallocate(c->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                     (off_t)c->at);
    c->freed = c->at;
}

static void take(struct qemu_capture *c, uint8_t *out, size_t *len_out)
{
    struct control_frames frames = { .dropped = c->dropped };
    size_t len = sizeof(frames);
    struct frame_head h;

    while (head_read(c, &h)) {
        uint32_t kept = h.kept < c->frame_max ? h.kept : (uint32_t)c->frame_max;
        size_t padded = (kept + 7) & ~(size_t)7;
        struct control_frame f = { .len = h.len, .kept = kept };

        if (len + sizeof(f) + padded > CONTROL_DATA_MAX)
            break;
        memset(out + len + sizeof(f), 0, padded);
        if (pread(c->fd, out + len + sizeof(f), kept,
                  (off_t)(c->at + sizeof(h))) != (ssize_t)kept)
            break;
        f.ns = time_of(c, &h);
        f.direction =
            kept >= 2 * MAC_LEN && memcmp(out + len + sizeof(f) + MAC_LEN,
                                          c->mac, MAC_LEN) == 0
                ? CONTROL_FROM_GUEST
                : CONTROL_TO_GUEST;
        memcpy(out + len, &f, sizeof(f));
        len += sizeof(f) + padded;
        c->at += sizeof(h) + h.kept;
    }
    frames.len = len - sizeof(frames);
    memcpy(out, &frames, sizeof(frames));
    *len_out = len;
    free_taken(c);
}

static void bound(struct qemu_capture *c)
{
    struct frame_head h;

    if (!c->is_on || waiting(c) < WAITING_MAX)
        return;
    while (waiting(c) > WAITING_MAX / 2 && head_read(c, &h)) {
        c->at += sizeof(h) + h.kept;
        c->dropped++;
    }
    free_taken(c);
}

/* ---- requests ---- */

void qemu_capture_attach(struct qemu_control *c, struct qemu_client *cl,
                         const struct control_request *r)
{
    int err = begin(&c->capture, &c->qmp, r->gpa);

    cl->captures = err == 0;
    qemu_reply(cl, err, NULL, 0);
}

void qemu_capture_frames(struct qemu_control *c, struct qemu_client *cl)
{
    static uint8_t out[CONTROL_DATA_MAX];
    size_t len;

    if (!cl->captures) {
        qemu_reply(cl, -EBUSY, NULL, 0);
        return;
    }
    take(&c->capture, out, &len);
    qemu_reply(cl, 0, out, len);
}

void qemu_capture_check(struct qemu_control *c)
{
    bool wanted = false;
    unsigned i;

    for (i = 0; i < QEMU_CONTROL_CLIENTS; i++)
        wanted |= c->client[i].fd >= 0 && c->client[i].captures;
    if (c->capture.is_on && !wanted)
        end(&c->capture, &c->qmp);
    bound(&c->capture);
}
