/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device.c - the network device as an interface of lwIP's.
 */
#include "net/inet/device.h"

void device_begin(void)
{
}

void device_flush(void)
{
}
