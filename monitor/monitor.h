/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor.h - the monitor, as a program calls it.
 *
 * What:      samara-monitor is nothing but a call of this. The command calls it
 *            as well, in its own process: that saves an exec, a tenth of the
 *            start of a small guest.
 * Ownership: the process becomes the monitor's; it ends with the guest.
 * Errors:    result, or exit status: the guest's, or 125 after a message.
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

int monitor_main(int argc, char **argv);

#endif
