/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * package.h - --package: packs what installed Debian packages brought.
 *
 * Errors:    0 or -errno with a fault that names the package.
 */
#ifndef CLI_PACKAGE_H
#define CLI_PACKAGE_H

struct fault;
struct list;
struct tree;

/*
 * Add the files of these packages and of those that they depend on, at their
 * own paths, but for manuals and their like, and the links of
 * update-alternatives(1) that lead to one of them. Directories come without
 * what was put into them later, but for the packages' own below /etc, whose
 * whole configuration is taken as it is. Also this host's accounts, of the
 * system, without passwords: a package that runs a service makes one. To root,
 * owners are kept.
 */
int packages_add(struct tree *tree, const struct list *names,
                 struct fault *fault);

#endif
