/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c - time from the TSC.
 *
 * mono = (tsc - base) * mult >> CLOCK_SHIFT, always from the same base, so no
 * error accumulates. The real-time clock is monotonic time plus an offset.
 * Both the rate (on a PC that does not tell it) and the offset are found when
 * somebody first asks, since a hello world never does; the vDSO's page is
 * filled by the first time call that enters the kernel.
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
#define WALL_UPTIME_MAX (3600 * NS_PER_SEC)

static struct {
    uint64_t tsc_khz; /* 0: not known yet */
    uint64_t mult;
    uint64_t tsc_base; /* monotonic time 0 */
    uint64_t real_offset_ns;
    bool real_known;
    bool is_pc;
    uint64_t boot_wall_tsc, boot_wall_ns, config_wall_ns;
    uint64_t image_offset; /* pa - va of the kernel's own bytes */
} clock_state;

union vvar_page clock_vvar __attribute__((aligned(PAGE_SIZE)));

static void set_rate(uint64_t khz)
{
    if (khz == 0 || khz > TSC_KHZ_MAX)
        khz = TSC_KHZ_GUESS;
    clock_state.tsc_khz = khz;
    clock_state.mult = (1000000ull << CLOCK_SHIFT) / khz;
}

void clock_init(const struct bootinfo *boot, uint64_t config_tsc_khz,
                uint64_t config_wall_ns)
{
    uint64_t khz = boot->tsc_khz ? boot->tsc_khz : config_tsc_khz;

    clock_state.tsc_base = arch_cycles();
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

static uint64_t mono_of_tsc(uint64_t tsc)
{
    if (UNLIKELY(clock_state.tsc_khz == 0))
        find_rate();
    /* Another CPU's TSC may lie a little behind the one that booted. */
    if (UNLIKELY(tsc < clock_state.tsc_base))
        return 0;
    return vvar_ns(tsc - clock_state.tsc_base, clock_state.mult);
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
        if (since - mono > WALL_UPTIME_MAX)
            since = mono;
        real = clock_state.config_wall_ns + since;
    } else if (clock_state.is_pc) {
        real = pc_read_rtc_ns();
    }
    clock_state.real_offset_ns = real - mono;
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
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    v->seq += 1;
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
    return clock_mono_ns() + clock_state.real_offset_ns;
}

static struct list watches = LIST_INIT(watches);

void clock_watch_add(struct clock_watch *w)
{
    list_push_back(&watches, &w->link);
}

void clock_set_real_ns(uint64_t now_ns)
{
    uint64_t by_ns = now_ns - clock_real_ns();

    clock_state.real_offset_ns += by_ns;
    publish();
    LIST_FOR_EACH(it, &watches)
    {
        struct clock_watch *w = LIST_ENTRY(it, struct clock_watch, link);

        w->stepped(w, (int64_t)by_ns);
    }
}
