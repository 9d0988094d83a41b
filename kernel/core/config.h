/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h - walking through the run configuration's records.
 *
 * What:      the bytes of abi/config.h, record by record. process/config.c
 *            checks all of them at boot and decodes what starts a program;
 *            config_records then lets others find theirs when they need them,
 *            which costs nothing until then.
 * Ownership: records stay where the boot found them, for good.
 * Errors:    false: no more, or one that does not fit.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "abi/config.h"
#include "core/types.h"

struct config_cursor {
    const uint8_t *at;
    size_t left;     /* bytes from `at` to the end */
    uint32_t remain; /* records not yet seen */
};

/* At the first record. Set once by main.c, after everything was checked. */
extern struct config_cursor config_records;

/* Take the next record. Result: false when there is none or it does not fit;
 * then remain tells which. */
bool config_next(struct config_cursor *c, struct config_record *out,
                 const void **payload_out);
/* The same, of one type only. Begin with a copy of config_records. */
bool config_find(struct config_cursor *c, enum config_type type,
                 const void **payload_out, size_t *len_out);

#endif
