/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * release.h - which Linux the kernel says it is: uname and /proc/sys/kernel.
 *
 * The number tells programs which calls to expect; glibc refuses old ones.
 */
#ifndef FS_RELEASE_H
#define FS_RELEASE_H

#define RELEASE_SYSNAME "Linux"
#define RELEASE_NUMBER  "6.1.0-samara"
#define RELEASE_VERSION "#1 Samara"
#define RELEASE_MACHINE "x86_64"

#endif
