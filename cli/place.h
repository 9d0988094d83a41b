/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place.h - where the other parts of Samara are installed.
 *
 * Beside the executable (a build directory), or in ../lib/samara from it (an
 * installation). SAMARA_KERNEL and other variables name others.
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

struct fault;

#define SAMARA_VERSION "0.1.0"

/* The caller frees. NULL when it is nowhere; the fault then says so. */
char *place_kernel(struct fault *fault);
/* libkernel.a; link.ld and link.args lie beside it. */
char *place_archive(struct fault *fault);
char *place_monitor(struct fault *fault);
/* samara-net, host/usernet.h. */
char *place_net(struct fault *fault);
/* samara-debug, debug.h. */
char *place_debug(struct fault *fault);

#endif
