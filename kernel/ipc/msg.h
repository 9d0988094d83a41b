/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msg.h - System V message queues.
 *
 * Ownership: a sleeper holds a reference of its queue.
 * Context:   a thread's system call; both calls sleep.
 * Errors:    those of msgop(2).
 */
#ifndef IPC_MSG_H
#define IPC_MSG_H

#include "core/list.h"
#include "ipc/ids.h"
#include "sched/wait.h"

#define MSG_QUEUES_MAX    32000u /* Linux's msgmni */
#define MSG_LEN_MAX       8192u  /* of one message: msgmax */
#define MSG_QUEUE_LEN_MAX 16384u /* of a queue's messages, at first: msgmnb */

struct msg_queue {
    struct ipc_object ipc; /* first */
    struct list messages;
    struct list receivers; /* asleep, in order */
    struct waitq senders;
    uint64_t bytes, count, bytes_max;
    int64_t stime, rtime;
    int lspid, lrpid;
};

MUST_CHECK long msg_send(int id, long type, uaddr_t text, size_t len,
                         int flags);
/* buf: struct msgbuf with room for len bytes of text. -> the text's length */
MUST_CHECK long msg_receive(int id, uaddr_t buf, size_t len, long type,
                            int flags);

#endif
