/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.h - a tool that goes on until the guest ends or somebody stops it.
 *
 * What:      SIGINT, SIGTERM and SIGHUP ask it to end instead of ending it, so
 *            that it leaves the guest and its own files as they should be.
 */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include <stdbool.h>

void follow_begin(void);
/* It was asked to end. */
bool follow_is_over(void);

#endif
