/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ulimit.h - --ulimit: resource limits that a guest's program begins with.
 *
 * Ownership: nothing is kept.
 * Errors:    -EINVAL with a fault that names the option.
 */
#ifndef CLI_ULIMIT_H
#define CLI_ULIMIT_H

#include "host/fault.h"
#include "image/runconfig.h"

/* `into` is a struct options: NAME=SOFT[:HARD], as docker has it. */
int ulimit_set(void *into, const char *value, struct fault *fault);
/* What was given takes the place of what an image's configuration says. */
void ulimit_apply(const struct run_config_limits *given,
                  struct run_config_limits *into);

#endif
