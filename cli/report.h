/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - what a guest says when it or its program crashes.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stddef.h>
#include <stdint.h>

/* Print to stderr: text, NUL, struct hypercall_report. The guest is not
 * trusted: what is cut off is not read, control characters are shown as dots.
 * Kernel addresses get names from the image. */
void report_print(const char *image, const uint8_t *data, size_t len);

#endif
