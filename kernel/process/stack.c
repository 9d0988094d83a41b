/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack.c - the stack that a program starts on, laid out as Linux does.
 *
 *   top   8 zero bytes
 *         execfn, envp strings, argv strings (downwards)
 *         up to 2 KiB of random padding
 *         "x86_64", 16 random bytes
 *         auxiliary vector, envp, argv, argc   <- rsp, 16-byte aligned
 *
 * Two copies do it: the block of strings as it is, and the table below, which
 * is made in kernel memory first.
 */
#include "core/errno.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/heap.h"
#include "mm/user.h"
#include "process/image.h"
#include "random/pool.h"
#include "sched/process.h"

#include <asm/resource.h>
#include <linux/auxvec.h>

/* CPUID(1).EDX of the least x86-64 CPU. Reading it for real would cost an exit
 * of up to 100 us, and programs that want to know more ask CPUID themselves. */
#define HWCAP_BASELINE 0x078bfbfful

/* struct rt_sigframe without the vector state, and what aligning may add. */
#define SIGNAL_FRAME_LEN 448ul
#define SIGNAL_FRAME_PAD (64ul + 16ul)

#define CLOCK_TICKS_PER_SEC 100
#define PAD_RANDOM_MASK     0x7f0ul
#define AUXV_WORDS_MAX      64u

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN        28
#endif
#define RSEQ_FEATURE_LEN 20 /* up to and with flags: the registered size 32 */
#define RSEQ_ALIGN       32

static const char platform[] = "x86_64";

struct stack_plan {
    uaddr_t execfn, strings, platform, random, sp;
    size_t words; /* of the table */
    size_t execfn_len;
};

static void auxv_put(struct process *p, uint64_t type, uint64_t value)
{
    ASSERT(p->auxv_count + 2 <= AUXV_WORDS_MAX);
    p->auxv[p->auxv_count++] = type;
    p->auxv[p->auxv_count++] = value;
}

static uint64_t least_signal_stack(void)
{
    return ALIGN_UP(arch_xstate_len() + SIGNAL_FRAME_LEN + SIGNAL_FRAME_PAD,
                    16);
}

/* In Linux's order. */
static void auxv_make(struct process *p, const struct exec_image *image,
                      const struct stack_plan *plan)
{
    p->auxv_count = 0;
    if (image->vdso)
        auxv_put(p, AT_SYSINFO_EHDR, image->vdso);
    auxv_put(p, AT_MINSIGSTKSZ, least_signal_stack());
    auxv_put(p, AT_HWCAP, HWCAP_BASELINE);
    auxv_put(p, AT_PAGESZ, PAGE_SIZE);
    auxv_put(p, AT_CLKTCK, CLOCK_TICKS_PER_SEC);
    auxv_put(p, AT_PHDR, image->phdr);
    auxv_put(p, AT_PHENT, 56);
    auxv_put(p, AT_PHNUM, image->phdr_count);
    auxv_put(p, AT_BASE, image->interp_base);
    auxv_put(p, AT_FLAGS, 0);
    auxv_put(p, AT_ENTRY, image->prog_entry);
    auxv_put(p, AT_UID, p->uid);
    auxv_put(p, AT_EUID, p->euid);
    auxv_put(p, AT_GID, p->gid);
    auxv_put(p, AT_EGID, p->egid);
    auxv_put(p, AT_SECURE, 0);
    auxv_put(p, AT_RANDOM, plan->random);
    /* Not HWCAP2_FSGSBASE: the GS base is the kernel's. */
    auxv_put(p, AT_HWCAP2, 0);
    auxv_put(p, AT_EXECFN, plan->execfn);
    auxv_put(p, AT_PLATFORM, plan->platform);
    auxv_put(p, AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_LEN);
    auxv_put(p, AT_RSEQ_ALIGN, RSEQ_ALIGN);
    auxv_put(p, AT_NULL, 0);
}

/* Linux's limits: each string, and all of them with their pointers. */
static int check_lengths(const struct process *p, const struct exec_args *args,
                         size_t execfn_len)
{
    uint64_t limit = p->rlimits[RLIMIT_STACK].soft / 4;
    uint64_t pointers = (args->argc + args->envc) * sizeof(uaddr_t);

    limit = MAX(MIN(limit, EXEC_ARGS_LEN_MAX), EXEC_ARGS_LEN_MIN);
    if (pointers > limit || args->strings_len + execfn_len > limit - pointers)
        return -E2BIG;
    if (args->strings_len <= EXEC_ARG_LEN_MAX)
        return 0;
    for (size_t i = 0; i < args->argc; i++)
        if (strlen(args->argv[i]) >= EXEC_ARG_LEN_MAX)
            return -E2BIG;
    for (size_t i = 0; i < args->envc; i++)
        if (strlen(args->envp[i]) >= EXEC_ARG_LEN_MAX)
            return -E2BIG;
    return 0;
}

static void plan_stack(const struct exec_args *args, uaddr_t top,
                       unsigned auxv_words, struct stack_plan *plan)
{
    uaddr_t at = top - sizeof(uint64_t);

    plan->execfn = at - plan->execfn_len;
    plan->strings = plan->execfn - args->strings_len;
    at = ALIGN_DOWN(plan->strings - (pool_u64() & PAD_RANDOM_MASK), 16);
    plan->platform = at - sizeof(platform);
    plan->random = plan->platform - 16;
    plan->words = 1 + args->argc + 1 + args->envc + 1 + auxv_words;
    at = ALIGN_DOWN(plan->random, 16) - plan->words * sizeof(uint64_t);
    plan->sp = ALIGN_DOWN(at, 16);
}

static uint64_t *put_pointers(uint64_t *table, char **strings, size_t count,
                              const struct exec_args *args, uaddr_t base)
{
    for (size_t i = 0; i < count; i++)
        *table++ = base + (uint64_t)(strings[i] - args->strings);
    *table++ = 0;
    return table;
}

static int write_table(const struct process *p, const struct exec_args *args,
                       const struct stack_plan *plan)
{
    size_t len = plan->words * sizeof(uint64_t);
    uint64_t *table = kmalloc(len), *at = table;
    int err;

    if (!table)
        return -ENOMEM;
    *at++ = args->argc;
    at = put_pointers(at, args->argv, args->argc, args, plan->strings);
    at = put_pointers(at, args->envp, args->envc, args, plan->strings);
    memcpy(at, p->auxv, p->auxv_count * sizeof(uint64_t));
    ASSERT(at + p->auxv_count == table + plan->words);
    err = copy_to_user(plan->sp, table, len);
    kfree(table);
    return err;
}

/* "x86_64" and AT_RANDOM's bytes lie side by side: one copy. */
static int write_random(const struct stack_plan *plan)
{
    struct {
        uint8_t random[16];
        char platform[sizeof(platform)];
    } both;

    pool_read(both.random, sizeof(both.random));
    memcpy(both.platform, platform, sizeof(platform));
    return copy_to_user(plan->random, &both, sizeof(both));
}

int stack_build(struct process *p, const struct exec_args *args,
                const struct exec_image *image, uaddr_t top, uaddr_t *sp_out)
{
    struct stack_plan plan = { .execfn_len = strlen(args->execfn) + 1 };
    size_t argv_len = args->envc && args->argc
                          ? (size_t)(args->envp[0] - args->strings)
                      : args->argc ? args->strings_len
                                   : 0;
    int err = check_lengths(p, args, plan.execfn_len);

    if (err)
        return err;
    /* Twice: the first to know how many words there are. */
    auxv_make(p, image, &plan);
    plan_stack(args, top, p->auxv_count, &plan);
    auxv_make(p, image, &plan);

    err = copy_to_user(plan.execfn, args->execfn, plan.execfn_len);
    if (!err && args->strings_len)
        err = copy_to_user(plan.strings, args->strings, args->strings_len);
    if (!err)
        err = write_random(&plan);
    if (!err)
        err = write_table(p, args, &plan);
    if (err)
        return err;
    p->arg_start = plan.strings;
    p->arg_end = plan.strings + argv_len;
    p->env_start = p->arg_end;
    p->env_end = plan.execfn;
    *sp_out = plan.sp;
    return 0;
}
