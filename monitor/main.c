/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - samara-monitor, the program.
 */
#include "monitor/monitor.h"

int main(int argc, char **argv)
{
    return monitor_main(argc, argv);
}
