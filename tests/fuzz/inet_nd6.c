/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_nd6.c - lwIP's neighbours for tests of what stands around them.
 */
#include "core/panic.h"
#include "net/inet/neighbour_queue.h"

/* As the Makefile compiles it. */
#define memp_malloc neighbour_queue_get
#define memp_free   neighbour_queue_put
#include "core/ipv6/nd6.c"
#undef memp_malloc
#undef memp_free
