/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icount.c - a plugin for QEMU's TCG that counts guest instructions.
 *
 * Usage: qemu-system-x86_64 -accel tcg -plugin libicount.so,out=FILE ...
 *
 * Method: every translated block adds its length to a counter when it is
 * entered. A guest program marks a point with mark.h, an instruction with a
 * number that nothing else uses; when one is executed the line "mark ID COUNT"
 * goes to FILE, and at QEMU's end "end 0 COUNT". One virtual CPU only.
 * Exactness: an early end of a block (a fault in it) counts the whole block.
 *
 * QEMU's packages do not bring the plugin header, so that the few functions of
 * its plugin interface, version 1, are declared here.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
                                                     int op, void *counter,
                                                     uint64_t value);
extern void qemu_plugin_register_vcpu_insn_exec_cb(
    struct qemu_plugin_insn *insn, void (*cb)(unsigned, void *), int flags,
    void *data);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
                                           void (*cb)(qemu_plugin_id_t, void *),
                                           void *data);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

static uint64_t count;
static int log_fd = -1;

static void note(const char *what, unsigned id)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "%s %u %lu\n", what, id,
                       (unsigned long)count);

    if (write(log_fd, line, (size_t)len) != len)
        abort();
}

static void marked(unsigned cpu, void *data)
{
    (void)cpu;
    note("mark", (unsigned)(uintptr_t)data);
}

/* `mov $(MARK_MAGIC + id), %eax` is the byte b8 and the number. */
static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                             &count, n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const unsigned char *bytes;
        uint32_t value;

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
    close(log_fd);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                               const struct qemu_info_t *info, int argc,
                               char **argv);

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                               const struct qemu_info_t *info, int argc,
                               char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "out=", 4) == 0)
            log_fd = open(argv[i] + 4, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
                          0644);
    if (log_fd < 0) {
        fprintf(stderr, "icount: out=FILE is missing or cannot be made\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
