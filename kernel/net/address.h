/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address.h - internet addresses as text.
 *
 * Units: addresses in network order.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "core/types.h"

#define ADDRESS_TEXT_LEN 46u /* INET6_ADDRSTRLEN, with the NUL */

/* family: AF_INET or AF_INET6; the latter as RFC 5952 says. -> buf */
const char *address_format(char buf[ADDRESS_TEXT_LEN], uint8_t family,
                           const uint8_t *addr);

#endif
