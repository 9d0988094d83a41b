/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack_test.c - the initial stack, read back as a C library's start code
 * reads it, and the #! line's rules.
 *
 * Method: a fake program memory below a fixed top; what stack_build() wrote is
 * walked from the stack pointer upwards.
 */
/* unit: kernel/process/stack.c kernel/process/script.c */
#include "tests/unit.h"

#include <linux/auxvec.h>

#include "arch/arch.h"
#include "core/errno.h"
#include "core/panic.h"
#include "mm/heap.h"
#include "process/elf.h"
#include "process/image.h"
#include "sched/process.h"

#define TOP       0x7ffffffff000ul
#define STACK_LEN (9ul << 20)

static uint8_t memory[STACK_LEN];

static void *at(uaddr_t va)
{
    REQUIRE(va >= TOP - STACK_LEN && va < TOP);
    return memory + (va - (TOP - STACK_LEN));
}

int copy_to_user(uaddr_t dst, const void *src, size_t len)
{
    if (dst < TOP - STACK_LEN || dst + len > TOP)
        return -EFAULT;
    memcpy(at(dst), src, len);
    return 0;
}

void *kmalloc(size_t len)
{
    return malloc(len);
}

void kfree(void *p)
{
    free(p);
}

void pool_read(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
}

uint64_t pool_u64(void)
{
    return (uint64_t)rand() << 7;
}

size_t arch_xstate_len(void)
{
    return 832;
}

void panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    abort();
}

static struct process process;
static struct exec_args args;
static char *pointers[16];
static char strings[4096];

/* argv, NULL, envp, NULL */
static void set_args(const char *const *list)
{
    char *to = strings;
    unsigned i = 0, n;

    memset(&args, 0, sizeof(args));
    args.execfn = "/bin/prog";
    args.argv = pointers;
    args.strings = strings;
    for (n = 0; list[n]; n++) {
        pointers[i++] = to;
        to = stpcpy(to, list[n]) + 1;
    }
    args.argc = n;
    pointers[i++] = NULL;
    args.envp = pointers + i;
    for (list += n + 1; *list; list++) {
        pointers[i++] = to;
        to = stpcpy(to, *list) + 1;
        args.envc++;
    }
    pointers[i] = NULL;
    args.strings_len = (size_t)(to - strings);
    process.rlimits[3].soft = 8ul << 20;
}

static uint64_t aux_value(const uint64_t *auxv, uint64_t type)
{
    for (; auxv[0] != AT_NULL; auxv += 2)
        if (auxv[0] == type)
            return auxv[1];
    return UINT64_MAX;
}

TEST(read_back_as_libc_does)
{
    static const char *const list[] = { "prog", "",    "-x", NULL,
                                        "A=1",  "BC=", NULL };
    struct exec_image image = { .prog_entry = 0x401000,
                                .interp_base = 0x7000,
                                .phdr = 0x400040,
                                .phdr_count = 9,
                                .vdso = 0x7fff0000 };
    const uint64_t *word;
    uaddr_t sp;

    for (unsigned round = 0; round < 100; round++) {
        set_args(list);
        process.uid = 7;
        REQUIRE(stack_build(&process, &args, &image, TOP, &sp) == 0);
        CHECK_EQ(sp % 16, 0);
        word = at(sp);
        CHECK_EQ(*word++, 3);
        CHECK_STR_EQ(at(word[0]), "prog");
        CHECK_STR_EQ(at(word[1]), "");
        CHECK_STR_EQ(at(word[2]), "-x");
        CHECK_EQ(process.arg_start, word[0]);
        CHECK_EQ(word[3], 0);
        word += 4;
        CHECK_STR_EQ(at(word[0]), "A=1");
        CHECK_STR_EQ(at(word[1]), "BC=");
        CHECK_EQ(process.arg_end, word[0]);
        CHECK_EQ(process.env_start, word[0]);
        CHECK_EQ(process.env_end, word[1] + 4);
        CHECK_EQ(word[2], 0);
        word += 3;
        CHECK_EQ(word[0], AT_SYSINFO_EHDR);
        CHECK_EQ(aux_value(word, AT_SYSINFO_EHDR), 0x7fff0000);
        CHECK_EQ(aux_value(word, AT_ENTRY), 0x401000);
        CHECK_EQ(aux_value(word, AT_BASE), 0x7000);
        CHECK_EQ(aux_value(word, AT_PHDR), 0x400040);
        CHECK_EQ(aux_value(word, AT_PHENT), 56);
        CHECK_EQ(aux_value(word, AT_PHNUM), 9);
        CHECK_EQ(aux_value(word, AT_PAGESZ), 4096);
        CHECK_EQ(aux_value(word, AT_UID), 7);
        CHECK_EQ(aux_value(word, AT_SECURE), 0);
        CHECK(aux_value(word, AT_MINSIGSTKSZ - 0) >= 832 + 448);
        CHECK_STR_EQ(at(aux_value(word, AT_EXECFN)), "/bin/prog");
        CHECK_STR_EQ(at(aux_value(word, AT_PLATFORM)), "x86_64");
        CHECK_MEM_EQ(at(aux_value(word, AT_RANDOM)), "ZZZZZZZZZZZZZZZZ", 16);
        CHECK_MEM_EQ(word, process.auxv, process.auxv_count * 8);
        /* The table ends below the random bytes. */
        CHECK(sp + (size_t)((const uint8_t *)word - (uint8_t *)at(sp)) +
                  process.auxv_count * 8 <=
              aux_value(word, AT_RANDOM));
        CHECK_EQ(*(uint64_t *)at(TOP - 8), 0);
    }
}

TEST(without_a_vdso_and_without_environment)
{
    static const char *const list[] = { "p", NULL, NULL };
    struct exec_image image = { .prog_entry = 1 };
    uaddr_t sp;

    set_args(list);
    REQUIRE(stack_build(&process, &args, &image, TOP, &sp) == 0);
    CHECK_EQ(aux_value(process.auxv, AT_SYSINFO_EHDR), UINT64_MAX);
    CHECK_EQ(process.arg_end - process.arg_start, 2);
    CHECK_EQ(process.env_end, process.env_start);
}

static int build_with(size_t arg_len, uint64_t stack_limit)
{
    struct exec_image image = { .prog_entry = 1 };
    char *text = malloc(arg_len);
    char *argv[] = { text, NULL };
    uaddr_t sp;
    int err;

    memset(text, 'a', arg_len);
    text[arg_len - 1] = '\0';
    args = (struct exec_args){ .execfn = "/p",
                               .argv = argv,
                               .envp = argv + 1,
                               .argc = 1,
                               .strings = text,
                               .strings_len = arg_len };
    process.rlimits[3].soft = stack_limit;
    err = stack_build(&process, &args, &image, TOP, &sp);
    free(text);
    return err;
}

TEST(limits_are_linux_s)
{
    CHECK_EQ(build_with(131072, 8ul << 20), 0);
    CHECK_EQ(build_with(131073, 8ul << 20), -E2BIG); /* one string */
    CHECK_EQ(build_with(131000, 4096), 0); /* at least 128 KiB of them */
    CHECK_EQ(build_with(131072, 4096), -E2BIG);
    CHECK_EQ(build_with(131072, UINT64_MAX), 0);
}

/* ---- scripts ---- */

static char head[ELF_HEAD_LEN];

static int parse(const char *text, size_t len, char **name, char **arg)
{
    memset(head, 0xee, sizeof(head));
    memcpy(head, text, len);
    return script_parse(head, len, name, arg);
}

TEST(script_lines)
{
    char *name, *arg;

    REQUIRE(parse("#!/bin/sh\necho", 14, &name, &arg) == 0);
    CHECK_STR_EQ(name, "/bin/sh");
    CHECK(arg == NULL);
    REQUIRE(parse("#! \t/usr/bin/env  python3 -u \t\n", 31, &name, &arg) == 0);
    CHECK_STR_EQ(name, "/usr/bin/env");
    CHECK_STR_EQ(arg, "python3 -u");
    REQUIRE(parse("#!/bin/sh", 9, &name, &arg) == 0); /* no newline */
    CHECK_STR_EQ(name, "/bin/sh");
    CHECK_EQ(parse("#!", 2, &name, &arg), -ENOEXEC);
    CHECK_EQ(parse("#!  \t\n/bin/sh", 13, &name, &arg), -ENOEXEC);
}

TEST(a_name_that_is_cut_off)
{
    char line[400], *name, *arg;

    memset(line, 'x', sizeof(line));
    memcpy(line, "#!/", 3);
    CHECK_EQ(parse(line, sizeof(line), &name, &arg), -ENOEXEC);
    line[200] = ' '; /* an argument may be cut off, as in Linux */
    CHECK_EQ(parse(line, sizeof(line), &name, &arg), 0);
    CHECK_EQ(strlen(name), 198);
    CHECK_EQ(strlen(arg), 54);
}

TEST(script_arguments_move_up)
{
    static const char *const list[] = { "./s", "1", "2", NULL, "E=e", NULL };

    set_args(list);
    REQUIRE(script_args(&args, "/bin/sh", "-e", "/s") == 0);
    CHECK_EQ(args.argc, 5);
    CHECK_STR_EQ(args.argv[0], "/bin/sh");
    CHECK_STR_EQ(args.argv[1], "-e");
    CHECK_STR_EQ(args.argv[2], "/s");
    CHECK_STR_EQ(args.argv[3], "1");
    CHECK_STR_EQ(args.argv[4], "2");
    CHECK(args.argv[5] == NULL);
    CHECK_STR_EQ(args.envp[0], "E=e");
    CHECK(args.envp[1] == NULL);
    CHECK_MEM_EQ(args.strings, "/bin/sh\0-e\0/s\0001\0002\0E=e", 22);
    CHECK_EQ(args.strings_len, 22);
    /* Once more: the interpreter was a script, too. */
    REQUIRE(script_args(&args, "/i", NULL, args.argv[0]) == 0);
    CHECK_EQ(args.argc, 6);
    CHECK_STR_EQ(args.argv[1], "/bin/sh");
    CHECK_STR_EQ(args.argv[5], "2");
    exec_args_free(&args);
}
