/* SPDX-License-Identifier: BSD-2-Clause */
/* errno.h - Linux's error numbers, from the toolchain's UAPI header. */
#ifndef CORE_ERRNO_H
#define CORE_ERRNO_H

#include <asm/errno.h>

#define ERESTARTSYS    512 /* inside only: restart the call, or -EINTR */
#define ERESTARTNOINTR 513 /* inside only: always restart */
#define ERESTARTNOHAND \
    514 /* inside only: -EINTR if a handler runs, else restart */
#define ERESTART_RESTARTBLOCK 516 /* inside only: nanosleep & co. */

#endif
