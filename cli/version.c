/* SPDX-License-Identifier: BSD-2-Clause */
/* version.c - samara version: of the command, and of the kernel it packs. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/place.h"
#include "cli/table.h"
#include "host/fault.h"
#include "image/image.h"

int verb_version(int argc, char **argv, struct fault *fault)
{
    char *kernel = place_kernel(fault);
    struct image img;
    uint32_t i;

    (void)argc;
    (void)argv;
    printf("samara %s\n", SAMARA_VERSION);
    if (kernel && image_open(kernel, &img, fault) == 0) {
        printf("kernel ABI %u, build ", img.header.abi);
        for (i = 0; i < img.build_id_len; i++)
            printf("%02x", img.build_id[i]);
        printf(", %u bytes loaded\n", img.header.total_len);
        image_close(&img);
    }
    free(kernel);
    return 0;
}
