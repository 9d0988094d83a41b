/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icount.c - a plugin for QEMU's TCG that counts guest instructions.
 *
 * Usage: qemu-system-x86_64 -accel tcg -plugin
 *        libicount.so,out=FILE[,profile=FILE][,live=FILE] ...
 *
 * Method: every translated block adds its length to a counter when it is
 * entered. A guest program marks a point with mark.h, an instruction with a
 * number that nothing else uses; when one is executed the line "mark ID COUNT"
 * goes to FILE, and at QEMU's end "end 0 COUNT". One virtual CPU only.
 * Exactness: an early end of a block (a fault in it) counts the whole block.
 *
 * With profile=FILE each instruction has a counter of its own, by its address.
 * At every mark and at the end FILE gets a line "until ID" and then "ADDRESS
 * COUNT" for each instruction executed since the last mark. Its first line is
 * "kernel ADDRESS": the first one translated in the upper half, which tells the
 * random base (profile.py).
 *
 * With live=FILE the counter lies in FILE, a struct live, where whoever maps it
 * reads it while the guest runs. A number that is written to its `mark` ends a
 * part of the profile as a guest's mark does, and is copied to `marked` once
 * that is written.
 *
 * QEMU's packages do not bring the plugin header, so that the few functions of
 * its plugin interface, version 1, are declared here.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/mark.h"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb *tb, size_t idx);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
                                                     int op, void *counter,
                                                     uint64_t value);
extern void qemu_plugin_register_vcpu_insn_exec_inline(
    struct qemu_plugin_insn *insn, int op, void *counter, uint64_t value);
extern void qemu_plugin_register_vcpu_insn_exec_cb(
    struct qemu_plugin_insn *insn, void (*cb)(unsigned, void *), int flags,
    void *data);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
                                           void (*cb)(qemu_plugin_id_t, void *),
                                           void *data);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

struct live {
    uint64_t count;
    volatile uint64_t mark;   /* written by whoever maps the file */
    volatile uint64_t marked; /* written here */
};

static struct live own;
static struct live *live = &own;
static int log_fd = -1;

/* ---- the profile ---- */

#define BUCKETS (1u << 20)

/* One instruction. Translated code holds its address: never freed. */
struct site {
    struct site *next;
    uint64_t address, count;
};

static struct site *sites[BUCKETS];
static FILE *profile;
static int kernel_is_known;

static struct site *site_of(uint64_t address)
{
    struct site **bucket = &sites[(address ^ address >> 20) % BUCKETS];
    struct site *s;

    for (s = *bucket; s; s = s->next)
        if (s->address == address)
            return s;
    s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    s->address = address;
    s->next = *bucket;
    *bucket = s;
    return s;
}

static void profile_insn(struct qemu_plugin_insn *insn)
{
    uint64_t address = qemu_plugin_insn_vaddr(insn);

    if (!profile)
        return;
    if (!kernel_is_known && (int64_t)address < 0) {
        fprintf(profile, "kernel %lx\n", (unsigned long)address);
        kernel_is_known = 1;
    }
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                               &site_of(address)->count, 1);
}

static void profile_write(unsigned id)
{
    if (!profile)
        return;
    fprintf(profile, "until %u\n", id);
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct site *s = sites[i]; s; s = s->next) {
            if (s->count)
                fprintf(profile, "%lx %lu\n", (unsigned long)s->address,
                        (unsigned long)s->count);
            s->count = 0;
        }
}

/* ---- the counter in a file ---- */

static void *live_attend(void *data)
{
    (void)data;
    for (;;) {
        if (live->mark != live->marked) {
            profile_write((unsigned)live->mark);
            live->marked = live->mark;
        }
        usleep(1000);
    }
    return NULL;
}

/* 0, or -1 when the file or the thread that attends to it cannot be made. */
static int live_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    pthread_t thread;
    void *mapped;

    if (fd < 0)
        return -1;
    if (ftruncate(fd, sizeof(*live)) != 0) {
        close(fd);
        return -1;
    }
    mapped =
        mmap(NULL, sizeof(*live), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return -1;
    live = mapped;
    return pthread_create(&thread, NULL, live_attend, NULL) == 0 ? 0 : -1;
}

/* ---- counts at marks ---- */

static void note(const char *what, unsigned id)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "%s %u %lu\n", what, id,
                       (unsigned long)live->count);

    if (write(log_fd, line, (size_t)len) != len)
        abort();
}

static void marked(unsigned cpu, void *data)
{
    (void)cpu;
    note("mark", (unsigned)(uintptr_t)data);
    profile_write((unsigned)(uintptr_t)data);
}

/* `mov $(MARK_MAGIC + id), %eax` is the byte b8 and the number. */
static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                             &live->count, n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const unsigned char *bytes;
        uint32_t value;

        profile_insn(insn);
        if (qemu_plugin_insn_size(insn) != 5)
            continue;
        bytes = (const unsigned char *)qemu_plugin_insn_data(insn);
        memcpy(&value, bytes + 1, sizeof(value));
        if (bytes[0] == 0xb8 && (value & MARK_MASK) == MARK_MAGIC)
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, marked, QEMU_PLUGIN_CB_NO_REGS,
                (void *)(uintptr_t)(value & ~MARK_MASK));
    }
}

static void finish(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    note("end", 0);
    profile_write(0);
    close(log_fd);
    if (profile && fclose(profile) != 0)
        abort();
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                               const struct qemu_info_t *info, int argc,
                               char **argv);

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                               const struct qemu_info_t *info, int argc,
                               char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            log_fd = open(argv[i] + 4, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
                          0644);
        if (strncmp(argv[i], "profile=", 8) == 0)
            profile = fopen(argv[i] + 8, "w");
        if (strncmp(argv[i], "live=", 5) == 0 && live_open(argv[i] + 5) != 0) {
            fprintf(stderr, "icount: live=FILE cannot be made\n");
            return -1;
        }
    }
    if (log_fd < 0) {
        fprintf(stderr, "icount: out=FILE is missing or cannot be made\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
