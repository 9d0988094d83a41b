/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb_fuzz.c - any bytes as what gdb sends to the server of a guest, which is
 * a fake with two threads that agrees to everything.
 */
/* unit: cli/gdb/packet.c cli/gdb/signals.c cli/gdb/server_command.c
 * cli/gdb/server_files.c cli/gdb/server_memory.c cli/gdb/server_query.c
 * cli/gdb/server_regs.c cli/gdb/server_go.c host/memory.c host/fault.c */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "cli/gdb/server.c"
#include "cli/place.h"
#include "cli/rootlist.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct inside_thread threads[2] = { { .va = 1, .tid = 1, .name = "a" },
                                           { .va = 2, .tid = 2, .name = "b" } };

int target_open(struct target *t, const struct guest *g, struct fault *fault)
{
    (void)fault;
    *t = (struct target){ .guest = g };
    return 0;
}
void target_close(struct target *t)
{
    (void)t;
}
int target_go(struct target *t, const struct target_go *how,
              struct fault *fault)
{
    (void)fault;
    t->reason = how->step ? DEBUG_STEP : DEBUG_BREAK;
    t->thread = how->step;
    return 0;
}
int target_hear(struct target *t, bool *stopped_out, struct fault *fault)
{
    (void)t;
    (void)fault;
    *stopped_out = true;
    return 0;
}
int target_stop(struct target *t, struct fault *fault)
{
    (void)fault;
    t->is_running = false;
    return 0;
}
int target_threads(struct target *t, struct fault *fault)
{
    (void)fault;
    t->core.process.thread = threads;
    t->core.process.thread_count = 2;
    return 0;
}
const struct inside_thread *target_thread(struct target *t, int32_t tid)
{
    (void)t;
    return tid >= 1 && tid <= 2 ? &threads[tid - 1] : NULL;
}
const struct inside_thread *target_thread_at(struct target *t, uint64_t va)
{
    return va < 3 ? target_thread(t, (int32_t)va) : NULL;
}
int target_regs(struct target *t, const struct inside_thread *thread,
                struct target_regs *out, struct fault *fault)
{
    (void)t;
    (void)thread;
    (void)fault;
    memset(out, 0x5a, sizeof(*out));
    return 0;
}
int target_regs_set(struct target *t, int32_t tid, const struct target_regs *in,
                    struct fault *fault)
{
    (void)t;
    (void)in;
    (void)fault;
    return tid == 1 ? 0 : -EBUSY;
}
int target_read(struct target *t, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    (void)t;
    (void)fault;
    memset(data, 0xa5, len);
    return va < 0x10000 ? -EFAULT : 0;
}
int target_write(struct target *t, uint64_t va, const void *data, size_t len,
                 struct fault *fault)
{
    const uint8_t *bytes = data;
    volatile uint8_t sum = 0;
    size_t i;

    (void)t;
    (void)va;
    (void)fault;
    for (i = 0; i < len; i++) /* all of it is there */
        sum = (uint8_t)(sum + bytes[i]);
    return 0;
}
int target_break_set(struct target *t, uint64_t va, struct fault *fault)
{
    (void)t;
    (void)fault;
    return va >> 47 ? -EOPNOTSUPP : 0;
}
int target_break_clear(struct target *t, uint64_t va, struct fault *fault)
{
    return target_break_set(t, va, fault);
}
void target_break_settle(struct target *t)
{
    (void)t;
}
bool target_break_is_due(const struct target *t)
{
    (void)t;
    return false;
}
bool target_break_is_unwanted(struct target *t, uint64_t va)
{
    (void)t;
    return va & 1;
}
int target_watch(struct target *t, const struct target_watch *w, bool is_set,
                 struct fault *fault)
{
    (void)is_set;
    return target_break_set(t, w->va, fault);
}
bool target_watch_hit(struct target *t, uint64_t *va_out,
                      enum target_watch_kind *kind_out)
{
    (void)t;
    *va_out = 0x1000;
    *kind_out = TARGET_ACCESSES;
    return true;
}
int inside_read(struct inside *in, uint64_t va, void *data, size_t len,
                struct fault *fault)
{
    (void)in;
    (void)va;
    (void)fault;
    memset(data, 0, len);
    return 0;
}
int core_regions_read(struct core *c, struct fault *fault)
{
    (void)c;
    (void)fault;
    return -EFAULT;
}
int guest_read(const char *dir, struct guest *out)
{
    (void)dir;
    (void)out;
    return -ENOENT;
}
int guest_wait(struct guest *g, int timeout_ms, struct fault *fault)
{
    (void)g;
    (void)timeout_ms;
    (void)fault;
    return 0;
}
void guest_fini(struct guest *g)
{
    (void)g;
}
int guest_signal(const struct guest *g, int signo, struct fault *fault)
{
    (void)g;
    (void)signo;
    (void)fault;
    return 0;
}
char *place_kernel(struct fault *fault)
{
    (void)fault;
    return NULL;
}
int image_open(const char *path, struct image *img, struct fault *fault)
{
    (void)path;
    (void)img;
    (void)fault;
    return -ENOENT;
}
void image_close(struct image *img)
{
    (void)img;
}
int rootlist_find(const struct image *img, const char *path,
                  struct rootlist_name *names, size_t count,
                  struct fault *fault)
{
    (void)img;
    (void)path;
    (void)names;
    (void)count;
    (void)fault;
    return -ENOENT;
}
int rootfile_open(const char *image, struct rootfiles **out,
                  struct fault *fault)
{
    (void)image;
    (void)out;
    (void)fault;
    return -ENOENT;
}
void rootfile_close(struct rootfiles *r)
{
    (void)r;
}
int rootfile_find(struct rootfiles *r, const char *path, bool follow,
                  struct rootfile_info *out)
{
    (void)r;
    (void)follow;
    *out = (struct rootfile_info){ .size = strlen(path), .mode = 0100644 };
    return path[0] == '/' ? 0 : -ENOENT;
}
ssize_t rootfile_read(struct rootfiles *r, uint64_t nid, void *data, size_t len,
                      uint64_t pos)
{
    (void)r;
    (void)nid;
    (void)pos;
    memset(data, '}', len);
    return (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct guest guest = { .dir = (char *)"",
                                        .image = (char *)"" };
    static struct fault fault;
    struct server *s = mem_alloc(sizeof(*s));
    size_t i;

    s->out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    s->fault = &fault;
    s->root = (struct rootfiles *)s; /* not NULL: the fake looks at nothing */
    if (target_open(&s->target, &guest, &fault) != 0)
        abort();
    for (i = 0; i < len && !s->is_over; i++)
        if (byte_take(s, data[i], &fault) != 0)
            abort();
    free(s->target.core.region);
    buf_fini(&s->reply);
    buf_fini(&s->sent);
    close(s->out_fd);
    free(s);
    return 0;
}
