/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skeleton.h - what every root has, so that programs feel at home: mount
 * points, /etc/passwd and its like, the host's time zone.
 */
#ifndef CLI_SKELETON_H
#define CLI_SKELETON_H

#include <stdbool.h>

struct fault;
struct tree;

/* Mount points alone when the root is complete (--root), else all. What the
 * tree has already stays. */
int skeleton_add(struct tree *tree, bool is_complete, struct fault *fault);

#endif
