/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer.h - from a question to its answer, both as bytes.
 *
 * What:      answers for one zone, as RFC 1034 4.3.2 says: data, aliases,
 *            wildcards, referrals with glue, NXDOMAIN and NODATA with the SOA.
 *            EDNS (RFC 6891) sets the size; what does not fit is truncated.
 *            ANY gets one small record (RFC 8482), so that nobody's address
 *            can be flooded with large answers to small questions.
 * Errors:    FORMERR, NOTIMP, REFUSED and BADVERS are answers; what may not be
 *            answered, such as an answer, gets none.
 */
#ifndef EXAMPLES_DNS_ANSWER_H
#define EXAMPLES_DNS_ANSWER_H

#include "zone.h"

#define MESSAGE_LEN_MAX  65535u
#define UDP_LEN_MIN      512u  /* without EDNS: RFC 1035, 4.2.1 */
#define UDP_LEN_MAX      1232u /* no fragments: what EDNS clients agreed on */
#define ALIAS_DEPTH_MAX  8u    /* CNAMEs followed for one answer */
#define COMPRESSIONS_MAX 128u  /* names remembered in one message */

/*
 * The answer's length in `out`, which has room for MESSAGE_LEN_MAX bytes; 0:
 * none is due. is_stream: the answer need not fit a datagram.
 */
size_t answer(const struct zone *zone, const uint8_t *query, size_t len,
              bool is_stream, uint8_t *out);

#endif
