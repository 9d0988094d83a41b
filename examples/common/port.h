/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.h - the port that a server listens on.
 *
 * Errors:    end the program with a line that says what to do (say.h).
 */
#ifndef EXAMPLES_PORT_H
#define EXAMPLES_PORT_H

/* A number from 1 to 65535. */
unsigned port_parse(const char *text);
/* A socket of this type (and SOCK_NONBLOCK, where wanted) at the port, for
 * IPv6 and IPv4; where there is no IPv6, for IPv4. */
int port_bind(int type, unsigned port);

#endif
