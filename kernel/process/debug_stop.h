/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug_stop.h - between debug.c and debug_kernel.c.
 */
#ifndef PROCESS_DEBUG_STOP_H
#define PROCESS_DEBUG_STOP_H

#include "abi/debug.h"
#include "sched/thread.h"

#define DEBUG_FLAG_TF      0x100u
#define DEBUG_VECTOR_STEP  1u
#define DEBUG_VECTOR_BREAK 3u
#define DEBUG_BREAK_INSN   0xccu

/*
 * Stop the guest, and do the commands that come. in_kernel: at any point of the
 * kernel, where little can be done. 0: it goes on; -EAGAIN: somebody else
 * stopped it, and it has gone on: look again.
 */
int debug_stop(enum debug_reason reason, const struct thread *t,
               bool in_kernel);

/* The page of the kernel's text at va is this guest's own: DEBUG_TEXT_OWN. */
int debug_text_own(uint64_t va, bool may_alloc);
/* Somebody outside may have written to it: of that an emulated CPU takes no
 * notice before the guest does. */
void debug_text_refresh(void);
/* All of it is as in the image. */
void debug_text_let_go(void);

#endif
