/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args.c - makes arguments: mostly good ones, so that calls get far, with a
 * hostile one among them now and then.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <signal.h>

/* Where the program has nothing, the kernel's half, what is no address. */
static const uint64_t bad_addresses[] = {
    0,
    1,
    8,
    PAGE_LEN - 1,
    0x7ffffffff000,
    0x7fffffffefff,
    0x7fffffffffff,
    0x800000000000,
    0x800000000000 - 8,
    0xffff7fffffffffff,
    0xffff800000000000,
    0xffff880000000000,
    0xffffc00000000000,
    0xffffffff80000000,
    0xffffffffff600000,
    0xfffffffffffff000,
    0xffffffffffffffff,
    0xfffffffffffffff8,
    ARENA - 1,
    ARENA - 8,
    ARENA + ARENA_LEN,
    0x4141414141414141,
};

/* Where no call can map anything either. */
static const uint64_t no_addresses[] = {
    0x7ffffffff000,     0x7fffffffffff,     0x800000000000,
    0xffff7fffffffffff, 0xffff800000000000, 0xffffffff80000000,
    0xffffffffff600000, 0xffffffffffffffff, 0x4141414141414141,
};

static const uint64_t numbers[] = {
    0,          1,          2,          3,
    4,          7,          8,          16,
    31,         32,         63,         64,
    65,         127,        128,        255,
    256,        511,        512,        1023,
    1024,       4095,       4096,       4097,
    65535,      65536,      1u << 20,   0x7fffffff,
    0x80000000, 0xffffffff, 1ull << 32, (1ull << 32) + 3,
    1ull << 40, 1ull << 47, 1ull << 62, 0x7fffffffffffffff,
    1ull << 63, -1ull,      -2ull,      -4096ull,
    -100ull,    -4095ull,   1000000000, 999999999,
};

static const uint64_t lengths[] = {
    0,    1,  2,   4,    8,    12,   16,    24,    32,     48,     56,
    64,   88, 112, 128,  144,  256,  512,   1000,  4095,   4096,   4097,
    8192, 8,  16,  4096, 8192, 8191, 12288, 65536, 131072, 262144, 1u << 20,
};

static const char *const paths[] = {
    ".",
    "..",
    "/",
    "",
    "/tmp",
    "/tmp/a",
    "/tmp/b",
    "/tmp/d",
    "/tmp/d/a",
    "/tmp/d/b",
    "/tmp/d/e",
    "/tmp/d/e/a",
    "a",
    "b",
    "d",
    "../a",
    "/tmp/a/",
    "/tmp/d/../a",
    "/tmp/loop",
    "/tmp/d/e/../../d/e/../../loop/x",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/tty",
    "/dev/stdin",
    "/dev/fd/3",
    "/dev/ptmx",
    "/dev/shm/a",
    "/proc/self/maps",
    "/proc/self/fd",
    "/proc/self/fd/3",
    "/proc/self/fd/7",
    "/proc/self/mem",
    "/proc/self/exe",
    "/proc/self/cwd/a",
    "/proc/self/root/tmp/b",
    "/proc/self/task",
    "/proc/thread-self/comm",
    "/proc/self/stat",
    "/proc/self/smaps",
    "/proc/self/status",
    "/proc/self/environ",
    "/proc/self/cmdline",
    "/proc/self/oom_score_adj",
    "/proc/self/limits",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/cpuinfo",
    "/proc/uptime",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/pid_max",
    "/proc/1/fdinfo/3",
    "/proc",
    "/sys",
    "/dev",
    "/sys/devices/system/cpu/online",
    "tmpfs",
};

static const char *const names[] = {
    "user.a",     "user.b", "user.c", "trusted.a", "system.posix_acl_access",
    "security.a", "user.",  "",       "none",
};

static const char *const queues[] = { "/a", "/b", "a", "/", "/a/b" };

#define MADE_MAX 8u

/* Descriptors that calls made, by family; any thread may have closed them. */
static volatile int made[FAMILY_COUNT][MADE_MAX];

/* What calls mapped; any thread may use and lose it. */
static volatile uint64_t mapped[MAPPED_MAX];

/* Structures that the kernel acts on later, so that they must stay sane. */
static struct constants {
    uint64_t masks[8];
    uint64_t mask_pairs[4][2];
    struct {
        uint64_t handler, flags, restorer, mask;
    } actions[8];
    struct {
        uint64_t base, flags, len;
    } stacks[THREADS_MAX];
    uint64_t events[8][8];
    uint64_t zeros[64];
} constants __attribute__((aligned(64)));

#define COUNT(array)      (sizeof(array) / sizeof((array)[0]))
#define PICK(slot, array) ((array)[random_below(slot, COUNT(array))])

uint64_t random_next(struct slot *slot)
{
    uint64_t z = slot->random += 0x9e3779b97f4a7c15; /* splitmix64 */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t random_below(struct slot *slot, uint64_t bound)
{
    return random_next(slot) % bound;
}

static bool one_in(struct slot *slot, unsigned n)
{
    return random_below(slot, n) == 0;
}

void mapped_add(struct slot *slot, uint64_t addr)
{
    mapped[random_below(slot, MAPPED_MAX)] = addr;
}

void made_add(struct slot *slot, enum family family, int fd)
{
    made[family][random_below(slot, MADE_MAX)] = fd;
}

/* A mask that blocks the kick would keep a thread asleep. */
#define NEVER_BLOCKED (FAULTS | BIT(KICK_SIGNAL))

static void constants_init_signals(void)
{
    static const uint64_t masks[] = {
        0,     BIT(SIGUSR1), BIT(SIGALRM), 0x7fffffff00000000,
        -1ull, 0xffffffff,   BIT(SIGPIPE), BIT(SIGCHLD)
    };
    static const uint64_t flags[] = { 0,
                                      SA_RESTART,
                                      SA_SIGINFO,
                                      SA_NODEFER,
                                      SA_ONSTACK,
                                      SA_ONSTACK | SA_RESTART,
                                      SA_NOCLDWAIT,
                                      SA_NOCLDSTOP };

    for (unsigned i = 0; i < 8; i++) {
        constants.masks[i] = masks[i] & ~NEVER_BLOCKED;
        constants.actions[i].handler = i == 5 ? 1 : (uint64_t)handler;
        constants.actions[i].flags = flags[i] | 0x04000000; /* a restorer */
        constants.actions[i].restorer = (uint64_t)handler_return;
        constants.actions[i].mask = ~0ull; /* as in signals_init() */
        /* struct sigevent: value, signo and notify, then a thread's id. */
        constants.events[i][0] = 0x1234;
        constants.events[i][1] =
            (i & 1 ? 40ull + i : SIGALRM) | (uint64_t)(i < 4 ? i : 4) << 32;
        constants.events[i][2] = (uint64_t)slots[i]->tid;
    }
    constants.events[7][1] = 12345;
}

void constants_init(void)
{
    constants_init_signals();
    for (unsigned i = 0; i < 4; i++) {
        constants.mask_pairs[i][0] = i ? (uint64_t)&constants.masks[i] : 0;
        constants.mask_pairs[i][1] = i < 3 ? 8 : 16;
    }
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        constants.stacks[i].base = (uint64_t)slots[i]->altstack;
        constants.stacks[i].len = ALTSTACK_LEN;
    }
}

static uint64_t arena_address(struct slot *slot)
{
    uint64_t page = ARENA + random_below(slot, ARENA_PAGES) * PAGE_LEN;

    switch (random_below(slot, 8)) {
    case 0:
        return page;
    case 1: /* so that a structure goes into the next page */
        return page + PAGE_LEN - random_below(slot, 64);
    case 2:
        return page + random_below(slot, PAGE_LEN);
    default:
        return page + random_below(slot, PAGE_LEN / 8) * 8;
    }
}

/* Where the kernel may write. */
static uint64_t address(struct slot *slot)
{
    uint64_t addr = 0;

    if (one_in(slot, 8))
        addr = PICK(slot, mapped);
    if (addr)
        return addr + random_below(slot, 4) * random_below(slot, PAGE_LEN);
    return arena_address(slot);
}

static uint64_t number(struct slot *slot)
{
    switch (random_below(slot, 6)) {
    case 0:
        return PICK(slot, numbers);
    case 1:
        return 1ull << random_below(slot, 64);
    case 2:
        return 1ull << random_below(slot, 32) | 1ull << random_below(slot, 20);
    case 3:
        return random_next(slot);
    default:
        return random_below(slot, 20);
    }
}

static uint64_t descriptor(struct slot *slot, enum family wanted)
{
    if (one_in(slot, 12))
        return (uint64_t)-100; /* AT_FDCWD */
    if (wanted == FAMILY_ANY || one_in(slot, 8))
        wanted = 1 + random_below(slot, FAMILY_COUNT - 1);
    if (!one_in(slot, 16))
        return (uint64_t)made[wanted][random_below(slot, MADE_MAX)];
    return random_below(slot, one_in(slot, 8) ? 130 : 40);
}

/* Any word of a structure. */
static uint64_t word(struct slot *slot)
{
    switch (random_below(slot, 10)) {
    case 0:
        return PICK(slot, bad_addresses);
    case 1:
    case 2:
        return address(slot);
    case 3:
        return descriptor(slot, FAMILY_ANY);
    case 4:
        return PICK(slot, lengths);
    case 5: /* two halves, as many structures have */
        return random_below(slot, 64) << 32 | random_below(slot, 64);
    case 6:
        return 0;
    default:
        return number(slot);
    }
}

static void store(uint64_t addr, uint64_t value)
{
    __builtin_memcpy((void *)addr, &value, sizeof(value));
}

static void fill_path(struct slot *slot, uint64_t addr, enum kind kind)
{
    const char *path = kind == KIND_PATH   ? PICK(slot, paths)
                       : kind == KIND_NAME ? PICK(slot, names)
                                           : PICK(slot, queues);
    char *to = (char *)addr;

    if (one_in(slot, 64)) { /* as long as can be, or without an end */
        uint64_t len =
            250 + random_below(slot, 10) + (one_in(slot, 2) ? PAGE_LEN : 0);

        for (uint64_t i = 0; i < len; i++)
            to[i] = i % 200 == 199 ? '/' : 'x';
        to += len;
        path = "";
    }
    do
        *to++ = *path;
    while (*path++);
}

static uint64_t soon(struct slot *slot)
{
    return one_in(slot, 8) ? number(slot) : random_below(slot, 1000000);
}

/* Two pairs of seconds and a fraction; or limits. */
static void fill_time(struct slot *slot, uint64_t addr)
{
    for (unsigned i = 0; i < 4; i++)
        store(addr + 8 * i, i & 1 ? soon(slot) : number(slot) & 3);
    if (one_in(slot, 4))
        store(addr + 8 * random_below(slot, 4), number(slot));
}

static void fill_vector(struct slot *slot, uint64_t addr)
{
    uint64_t count = one_in(slot, 16) ? 128 : 4;

    for (uint64_t i = 0; i < count; i++) {
        store(addr + 16 * i, one_in(slot, 16) ? word(slot) : address(slot));
        store(addr + 16 * i + 8,
              one_in(slot, 16) ? word(slot) : PICK(slot, lengths));
    }
}

static void fill_words(struct slot *slot, uint64_t addr)
{
    uint64_t count = 2 + random_below(slot, 12);
    bool tame = one_in(slot, 2);

    for (uint64_t i = 0; i < count; i++)
        store(addr + 8 * i, !tame             ? word(slot)
                            : one_in(slot, 2) ? 0
                                              : random_below(slot, 129));
}

static void fill_sockaddr(struct slot *slot, uint64_t addr)
{
    bool local = !one_in(slot, 3);

    store(addr, 0);
    if (local) /* AF_UNIX, with a path, or with an abstract name */
        fill_path(slot, addr + 2, KIND_PATH);
    else /* AF_INET, a port, 127.0.0.1 */
        store(addr, 0x0100007f00000000 | random_below(slot, 4) << 24);
    *(uint16_t *)addr = one_in(slot, 16) ? (uint16_t)number(slot)
                        : local          ? 1
                                         : 2;
}

/* Descriptors to send, as one struct cmsghdr. */
static void fill_control(struct slot *slot, uint64_t addr)
{
    store(addr, one_in(slot, 8) ? number(slot) : 16 + 8);
    store(addr + 8, 1 | (uint64_t)(1 + random_below(slot, 2)) << 32);
    store(addr + 16,
          descriptor(slot, FAMILY_ANY) | descriptor(slot, FAMILY_SOCKET) << 32);
}

static void fill_message(struct slot *slot, uint64_t addr)
{
    uint64_t vector = arena_address(slot), control = arena_address(slot);

    fill_vector(slot, vector);
    fill_control(slot, control);
    for (unsigned i = 0; i < 2; i++, addr += 64) {
        store(addr, one_in(slot, 3) ? arena_address(slot) : 0);
        store(addr + 8, one_in(slot, 3) ? 110 : 0);
        store(addr + 16, vector);
        store(addr + 24, random_below(slot, 5));
        store(addr + 32, one_in(slot, 2) ? control : 0);
        store(addr + 40, one_in(slot, 4) ? number(slot) : 24);
        store(addr + 48, 0);
        store(addr + 56, 0);
    }
    if (one_in(slot, 8))
        store(addr - 8 * (1 + random_below(slot, 16)), word(slot));
}

static uint64_t constant(struct slot *slot, enum kind kind)
{
    switch (kind) {
    case KIND_MASK:
        return (uint64_t)&PICK(slot, constants.masks);
    case KIND_MASK_PAIR:
        return (uint64_t)&PICK(slot, constants.mask_pairs);
    case KIND_ACTION:
        return (uint64_t)&PICK(slot, constants.actions);
    case KIND_EVENT:
        return (uint64_t)&PICK(slot, constants.events);
    case KIND_STACK:
        for (unsigned i = 0; i < THREADS_MAX; i++) {
            if (slots[i] == slot)
                return (uint64_t)&constants.stacks[i];
        }
        return 0;
    default:
        return (uint64_t)constants.zeros;
    }
}

static uint64_t filled(struct slot *slot, enum kind kind)
{
    uint64_t addr = kind == KIND_ADDRESS ? address(slot) : arena_address(slot);

    switch (kind) {
    case KIND_PATH:
    case KIND_NAME:
    case KIND_QUEUE:
        fill_path(slot, addr, kind);
        break;
    case KIND_SOCKADDR:
        fill_sockaddr(slot, addr);
        break;
    case KIND_MESSAGE:
        fill_message(slot, addr);
        break;
    case KIND_TIME:
        fill_time(slot, addr);
        break;
    case KIND_VECTOR:
        fill_vector(slot, addr);
        break;
    case KIND_WORDS:
        fill_words(slot, addr);
        break;
    default:
        break;
    }
    return addr;
}

static uint64_t pid(struct slot *slot)
{
    static const uint64_t some[] = { 0, 1, 2, -1ull, 99999 };

    if (one_in(slot, 3))
        return PICK(slot, some);
    return (uint64_t)slots[random_below(slot, thread_count)]->tid;
}

static uint64_t good(struct slot *slot, const struct call *call, enum kind kind)
{
    switch (kind) {
    case KIND_NUMBER:
        if (one_in(slot, 2))
            return 0;
        return one_in(slot, 2) ? 1ull << random_below(slot, 12)
                               : random_below(slot, 64);
    case KIND_FD:
        return descriptor(slot, call->wants);
    case KIND_LEN:
        return PICK(slot, lengths);
    case KIND_OFFSET:
        return one_in(slot, 4) ? PICK(slot, lengths) : 0;
    case KIND_PID:
        return pid(slot);
    case KIND_SIGNAL:
        return random_below(slot, 66);
    case KIND_CLOCK:
        return random_below(slot, 12);
    case KIND_MS:
        return random_below(slot, 3);
    case KIND_ADDRESS:
    case KIND_PATH:
    case KIND_NAME:
    case KIND_QUEUE:
    case KIND_SOCKADDR:
    case KIND_MESSAGE:
    case KIND_TIME:
    case KIND_VECTOR:
    case KIND_WORDS:
        return one_in(slot, 16) ? 0 : filled(slot, kind);
    default:
        return one_in(slot, 4) ? 0 : constant(slot, kind);
    }
}

/* What is wrong for its kind, or may be. */
static uint64_t hostile(struct slot *slot, enum kind kind)
{
    if (kind < KIND_ADDRESS)
        return one_in(slot, 4) ? word(slot) : number(slot);
    if (kind >= KIND_MASK)
        return PICK(slot, no_addresses);
    if (one_in(slot, 2))
        return address(slot) ^ random_below(slot, 8);
    return PICK(slot, bad_addresses);
}

void args_make(struct slot *slot, const struct call *call)
{
    bool polite = !one_in(slot, 4);

    for (unsigned i = 0; i < ARGS_MAX; i++) {
        enum kind kind = i < call->count ? call->kind[i] : KIND_NUMBER;
        const uint64_t *hint = call->hint[i];
        uint64_t value;

        if (!polite && one_in(slot, 4))
            value = hostile(slot, kind);
        else if (hint && !one_in(slot, 16))
            value = hint[1 + random_below(slot, hint[0])];
        else
            value = good(slot, call, kind);
        /* The upper half of what is an int is junk that nobody may read. */
        if (kind == KIND_FD && one_in(slot, 32))
            value |= 0xdeadbeefull << 32;
        slot->args[i] = (long)value;
    }
}
