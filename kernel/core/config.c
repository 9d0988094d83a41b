/* SPDX-License-Identifier: BSD-2-Clause */
/* config.c - the run configuration's records. */
#include "core/config.h"

#include "core/string.h"

struct config_cursor config_records;

bool config_next(struct config_cursor *c, struct config_record *out,
                 const void **payload_out)
{
    size_t padded;

    if (c->remain == 0 || c->left < sizeof(*out))
        return false;
    memcpy(out, c->at, sizeof(*out));
    padded = ALIGN_UP((size_t)out->len, 8);
    if (padded > c->left - sizeof(*out))
        return false;
    *payload_out = c->at + sizeof(*out);
    c->at += sizeof(*out) + padded;
    c->left -= sizeof(*out) + padded;
    c->remain--;
    return true;
}

bool config_find(struct config_cursor *c, enum config_type type,
                 const void **payload_out, size_t *len_out)
{
    struct config_record r;

    while (config_next(c, &r, payload_out)) {
        *len_out = r.len;
        if (r.type == type)
            return true;
    }
    return false;
}
