/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c - time from the TSC.
 *
 * mono = (tsc - base) * mult >> CLOCK_SHIFT, always from the same base, so no
 * error accumulates. The base lies CLOCK_START_NS before the kernel's start,
 * which may be before the TSC's 0: differences are taken modulo 2^64. The
 * real-time clock is monotonic time plus an offset. Both the rate (on a PC that
 * does not tell it) and the offset are found when somebody first asks, since a
 * hello world never does; the vDSO's page is filled by the first time call that
 * enters the kernel.
 */
#include "time/clock.h"

#include "abi/bootinfo.h"
#include "arch/arch.h"
#include "core/panic.h"
#include "core/printf.h"
#include "time/pc_clock.h"
#include "time/vvar.h"

#define TSC_KHZ_MAX     100000000ull /* 100 GHz: beyond this it is a lie */
#define TSC_KHZ_GUESS   1000000ull
#define TSC_NEVER       (1ull << 62)      /* no TSC comes so far */
#define WALL_UPTIME_MAX (60 * NS_PER_SEC) /* until the kernel starts */
#define STEP_NS         1000000
#define SYNC_FIRST_NS   (2 * NS_PER_SEC) /* then the rate is known, too */
#define SYNC_NS         (16 * NS_PER_SEC)
#define LEARN_MAX_NS    (64 * NS_PER_SEC) /* between two readings */
#define SLEW_MAX        (500ll * (1ll << 32) / 1000000)

static struct {
    uint64_t tsc_khz; /* 0: not known yet */
    uint64_t mult;
    uint64_t tsc_start; /* the kernel's */
    uint64_t tsc_base;  /* monotonic time 0 */
    uint64_t tsc_good;  /* the same once the rate is known; before, no TSC is */
    uint64_t real_offset_ns;
    bool real_known;
    bool is_pc, is_own; /* is_own: the program has set the clock */
    /* real = mono + real_offset at sync_ns; it gains slew / 2^32 until
     * valid_until_ns, from then on what the rate is known to be off by. */
    uint64_t sync_ns, valid_until_ns;
    int64_t slew, rate;
    uint64_t boot_wall_tsc, boot_wall_ns, config_wall_ns;
    uint64_t image_offset; /* pa - va of the kernel's own bytes */
} clock_state = { .tsc_good = TSC_NEVER };

bool (*clock_host_hook)(struct clock_reading *out);

union vvar_page clock_vvar __attribute__((aligned(PAGE_SIZE)));

static void set_rate(uint64_t khz)
{
    if (khz == 0 || khz > TSC_KHZ_MAX)
        khz = TSC_KHZ_GUESS;
    clock_state.tsc_khz = khz;
    clock_state.mult = (1000000ull << CLOCK_SHIFT) / khz;
    clock_state.tsc_base =
        clock_state.tsc_start - CLOCK_START_NS / 1000000 * khz;
    clock_state.tsc_good = clock_state.tsc_base;
}

void clock_init(const struct bootinfo *boot, uint64_t config_tsc_khz,
                uint64_t config_wall_ns)
{
    uint64_t khz = boot->tsc_khz ? boot->tsc_khz : config_tsc_khz;

    clock_state.tsc_start = arch_cycles();
    clock_state.image_offset = boot->kernel_pa - boot->kernel_va;
    clock_state.is_pc = boot->platform == BOOTINFO_PVH;
    clock_state.boot_wall_tsc = boot->wall_tsc;
    clock_state.boot_wall_ns = boot->wall_ns;
    clock_state.config_wall_ns = config_wall_ns;
    if (khz != 0 && khz <= TSC_KHZ_MAX)
        set_rate(khz);
}

paddr_t clock_image_pa(const void *p)
{
    return (uint64_t)p + clock_state.image_offset;
}

bool clock_is_running(void)
{
    return clock_state.tsc_khz != 0;
}

static void find_rate(void)
{
    uint64_t khz = clock_state.is_pc ? pc_measure_tsc_khz() : 0;

    if (khz == 0)
        kprintf("nothing tells the rate of the CPU's clock and there is no "
                "timer to measure it: assuming 1 GHz, times will be wrong");
    set_rate(khz);
}

static COLD NOINLINE uint64_t mono_seldom(uint64_t tsc)
{
    if (clock_state.tsc_khz == 0)
        find_rate();
    if ((int64_t)(tsc - clock_state.tsc_base) < 0)
        return 0;
    return vvar_ns(tsc - clock_state.tsc_base, clock_state.mult);
}

static ALWAYS_INLINE uint64_t mono_of_tsc(uint64_t tsc)
{
    uint64_t ticks = tsc - clock_state.tsc_good;

    if (UNLIKELY((int64_t)ticks < 0))
        return mono_seldom(tsc);
    return vvar_ns(ticks, clock_state.mult);
}

uint64_t clock_mono_ns(void)
{
    return mono_of_tsc(arch_cycles());
}

uint64_t clock_ns_of_cycles(uint64_t cycles)
{
    if (UNLIKELY(clock_state.tsc_khz == 0))
        find_rate();
    return vvar_ns(cycles, clock_state.mult);
}

uint64_t clock_tsc_of_mono(uint64_t mono_ns)
{
    uint64_t millis = mono_ns / 1000000, rest = mono_ns % 1000000, ticks, got;

    if (UNLIKELY(clock_state.tsc_khz == 0))
        find_rate();
    if (mono_ns < CLOCK_START_NS)
        return clock_state.tsc_start; /* base may lie before the TSC's 0 */
    if (millis >= UINT64_MAX / 2 / clock_state.tsc_khz)
        return UINT64_MAX; /* further away than any TSC counts */
    ticks = millis * clock_state.tsc_khz;
    ticks += (rest * clock_state.tsc_khz + 999999) / 1000000;
    /* mult is rounded down, so the clock may be short of the deadline there:
     * a timer that fires too early would only be armed again. */
    got = vvar_ns(ticks, clock_state.mult);
    if (got < mono_ns)
        ticks += (mono_ns - got) * clock_state.tsc_khz / 1000000 + 1;
    return clock_state.tsc_base + ticks;
}

/* ---- the wall clock ---- */

/* The first source that knows: the monitor's pair of TSC and time; the time
 * when QEMU was started (where the TSC began at 0); the PC's own clock. */
static void find_real(void)
{
    uint64_t tsc = arch_cycles();
    uint64_t mono = mono_of_tsc(tsc), real = 0, since;

    clock_state.real_known = true;
    if (clock_state.boot_wall_ns != 0) {
        real = clock_state.boot_wall_ns;
        if (tsc > clock_state.boot_wall_tsc)
            real += clock_ns_of_cycles(tsc - clock_state.boot_wall_tsc);
    } else if (clock_state.config_wall_ns != 0) {
        since = clock_ns_of_cycles(tsc);
        /* Not a fresh TSC: some hypervisors hand through the host's. */
        if (since - (mono - CLOCK_START_NS) > WALL_UPTIME_MAX)
            since = mono - CLOCK_START_NS;
        real = clock_state.config_wall_ns + since;
    } else if (clock_state.is_pc) {
        real = pc_read_rtc_ns();
    }
    clock_state.real_offset_ns = real - mono;
    clock_state.valid_until_ns = UINT64_MAX;
    if (clock_host_hook) {
        clock_state.sync_ns = mono_of_tsc(clock_state.boot_wall_tsc);
        clock_state.valid_until_ns = clock_state.sync_ns + SYNC_FIRST_NS;
    }
}

/* Let the vDSO answer from now on. */
static void publish(void)
{
    struct vvar *v = &clock_vvar.vvar;

    v->seq |= 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    v->tsc_base = clock_state.tsc_base;
    v->mult = clock_state.mult;
    v->real_offset_ns = clock_state.real_offset_ns;
    v->sync_ns = clock_state.sync_ns;
    v->slew = clock_state.slew;
    v->valid_until_ns = clock_state.valid_until_ns;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    v->seq += 1;
}

static struct list watches = LIST_INIT(watches);

void clock_watch_add(struct clock_watch *w)
{
    list_push_back(&watches, &w->link);
}

static void step(int64_t by_ns)
{
    clock_state.real_offset_ns += (uint64_t)by_ns;
    publish();
    LIST_FOR_EACH(it, &watches)
    {
        struct clock_watch *w = LIST_ENTRY(it, struct clock_watch, link);

        w->stepped(w, by_ns);
    }
}

static uint64_t real_of_mono(uint64_t mono_ns)
{
    uint64_t since_ns = mono_ns - clock_state.sync_ns;
    uint64_t planned_ns = clock_state.valid_until_ns - clock_state.sync_ns;
    uint64_t real_ns, slewed_ns = MIN(since_ns, planned_ns);

    real_ns = vvar_real(mono_ns, clock_state.real_offset_ns, slewed_ns,
                        clock_state.slew);
    return vvar_real(real_ns, 0, since_ns - slewed_ns, clock_state.rate);
}

static int64_t clamp_slew(int64_t slew)
{
    return MIN(MAX(slew, -SLEW_MAX), SLEW_MAX);
}

/* Follow the host. How far it got ahead since the last reading tells how much
 * the TSC's rate is off; what there is between the two clocks now is made up
 * for until the next reading. */
static void sync_to(const struct clock_reading *r)
{
    uint64_t mono_ns = mono_of_tsc(r->tsc);
    uint64_t real_ns = real_of_mono(mono_ns);
    int64_t error_ns = (int64_t)(r->real_ns - real_ns);
    uint64_t since_ns = mono_ns - clock_state.sync_ns;
    bool is_step = error_ns > STEP_NS || error_ns < -STEP_NS;

    if (!is_step && mono_ns >= clock_state.valid_until_ns &&
        since_ns <= LEARN_MAX_NS)
        clock_state.rate = clamp_slew(
            clock_state.rate + error_ns * (1ll << 32) / (int64_t)since_ns);
    clock_state.real_offset_ns = real_ns - mono_ns;
    clock_state.sync_ns = mono_ns;
    clock_state.valid_until_ns = mono_ns + SYNC_NS;
    clock_state.slew = clock_state.rate;
    if (is_step) {
        step(error_ns);
        return;
    }
    clock_state.slew = clamp_slew(clock_state.slew +
                                  error_ns * (1ll << 32) / (int64_t)SYNC_NS);
    publish();
}

static void ask_host(void)
{
    struct clock_reading r;

    if (!clock_state.is_own && clock_host_hook && clock_host_hook(&r))
        sync_to(&r);
    else
        clock_state.valid_until_ns = UINT64_MAX;
}

void clock_host_stepped(void)
{
    if (clock_state.real_known)
        ask_host();
}

void clock_publish(void)
{
    if (LIKELY(clock_vvar.vvar.seq != 0))
        return;
    if (!clock_state.real_known)
        find_real();
    publish();
}

uint64_t clock_real_ns(void)
{
    if (UNLIKELY(!clock_state.real_known))
        find_real();
    if (UNLIKELY(clock_mono_ns() >= clock_state.valid_until_ns))
        ask_host();
    return real_of_mono(clock_mono_ns());
}

uint64_t clock_real_about_ns(void)
{
    return clock_mono_ns() +
           __atomic_load_n(&clock_state.real_offset_ns, __ATOMIC_RELAXED);
}

/* The program's own time from now on: the host's is not asked any more. */
void clock_set_real_ns(uint64_t now_ns)
{
    uint64_t real_ns = clock_real_ns(), mono_ns = clock_mono_ns();

    clock_state.is_own = true;
    clock_state.real_offset_ns = real_ns - mono_ns;
    clock_state.sync_ns = mono_ns;
    clock_state.slew = 0;
    clock_state.rate = 0;
    clock_state.valid_until_ns = UINT64_MAX;
    step((int64_t)(now_ns - real_ns));
}
