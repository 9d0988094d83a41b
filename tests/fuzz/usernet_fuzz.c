/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usernet_fuzz.c - any message of the guest's to samara-net: what is handed to
 * slirp is as long as the message, and nothing else is touched.
 */
#include "usernet/net_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (net.slirp == NULL)
        fake_create();
    taken_count = 0;
    if (len == 0 || send(guest_fd, data, len, 0) != (ssize_t)len)
        return 0;
    if (!frame_receive() || net.is_over)
        abort();
    if (taken_count > 0 && taken_len != (int)(len - sizeof(header)))
        abort();
    return 0;
}
