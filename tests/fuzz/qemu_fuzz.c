/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qemu_fuzz.c - any bytes as what QEMU answers: lines of its machine protocol,
 * and the text of registers in them.
 */
/* unit: cli/qmp.c cli/qemu_regs.c host/memory.c */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/qemu_regs.h"
#include "cli/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void parse(const char *text)
{
    struct control_regs regs;
    uint8_t area[CONTROL_XSTATE_LEN];

    (void)qemu_regs_parse(text, &regs);
    (void)qemu_regs_xstate(text, area);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct qmp q = { .fd = -1 };
    struct buf text = { 0 };
    char *copy = mem_strndup((const char *)data, len);
    int pair[2];

    parse(copy);
    free(copy);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    q.fd = pair[0];
    if (len < 65536 && write(pair[1], data, len) == (ssize_t)len &&
        shutdown(pair[1], SHUT_WR) == 0) {
        if (qmp_ask(&q, "info registers", 0, &text) == 0)
            parse((const char *)text.data);
        (void)qmp_command(&q, "stop");
    }
    qmp_fini(&q);
    close(pair[1]);
    buf_fini(&text);
    return 0;
}
