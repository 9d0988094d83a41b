/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock_test.c - clock arithmetic, the RTC's registers, the PIT.
 *
 * Method: a fake TSC and fake ports stand in for the machine. The PIT counts
 * with the fake TSC, so the measured rate must come out as the one it was
 * given, and the RTC's bytes must decode to what `date` gives for them.
 */
/* unit: kernel/time/pc_clock.c */
#include "tests/unit.h"

#include "abi/bootinfo.h"
#include "arch/arch.h"
#include "core/panic.h"
#include "core/printf.h"
#include "time/clock.h"
#include "time/pc_clock.h"
#include "time/vvar.h"

#include "kernel/time/clock.c"

/* rdtsc cannot be faked in place: these tests use rates so slow that the few
 * real ticks between two calls do not show, or compare bounds. */

static uint64_t pit_start, port_reads;
static uint16_t pit_latched;
static bool pit_high;
static uint64_t fake_khz;
static bool has_pit;
static unsigned away_in; /* the look in which the host is elsewhere for 60 ms */

static uint64_t real_tsc(void)
{
    return __builtin_ia32_rdtsc();
}

uint8_t arch_in8(uint16_t port)
{
    port_reads++;
    if (port != 0x42 || !has_pit)
        return 0xff;
    pit_high = !pit_high;
    return pit_high ? (uint8_t)pit_latched : (uint8_t)(pit_latched >> 8);
}

static void be_away(void)
{
    uint64_t start = real_tsc();

    while (real_tsc() - start < 60 * fake_khz)
        continue;
}

void arch_out8(uint16_t port, uint8_t value)
{
    if (port == 0x43 && value == 0x80 && away_in && --away_in == 0)
        be_away();
    if (port == 0x43 && value == 0xb0)
        pit_start = real_tsc();
    if (port == 0x43 && value == 0x80) {
        unsigned __int128 t = real_tsc() - pit_start;

        pit_latched =
            (uint16_t)(0xffff - (uint64_t)(t * 1193182 / 1000 / fake_khz));
        pit_high = false;
    }
}

void kprintf(const char *format, ...)
{
    (void)format;
}

void panic(const char *format, ...)
{
    printf("# panic: %s\n", format);
    abort();
}

static struct bootinfo boot = { .platform = BOOTINFO_MONITOR,
                                .kernel_pa = 0x100000,
                                .kernel_va = 0x7f0000000000 };

TEST(mult_is_exact_enough_for_a_day)
{
    for (uint64_t khz = 999; khz < 6000000; khz = khz * 3 / 2) {
        uint64_t mult = (1000000ull << CLOCK_SHIFT) / khz;
        uint64_t ticks = khz * 1000 * 86400; /* one day */
        uint64_t day = 86400 * NS_PER_SEC, got = vvar_ns(ticks, mult);

        CHECK(got <= day);
        CHECK(day - got <= 60);
    }
}

TEST(a_deadline_is_reached_at_its_tick)
{
    uint64_t tsc0;

    boot.tsc_khz = 2893437;
    tsc0 = real_tsc();
    clock_init(&boot, 0, 0);
    for (uint64_t ns = CLOCK_START_NS; ns < 1ull << 58; ns = ns * 7 + 1) {
        uint64_t tsc = clock_tsc_of_mono(ns);
        uint64_t mult = (1000000ull << CLOCK_SHIFT) / boot.tsc_khz;
        uint64_t base = clock_state.tsc_base;

        CHECK(vvar_ns(tsc - base, mult) >= ns);
        CHECK(vvar_ns(tsc - base - 3, mult) < ns + (ns >> 40) + 2);
    }
    CHECK_EQ(clock_tsc_of_mono(UINT64_MAX), UINT64_MAX);
    /* What was due before the kernel started is due, whatever the TSC was. */
    CHECK(clock_tsc_of_mono(0) >= tsc0);
    CHECK(clock_tsc_of_mono(CLOCK_START_NS - 1) <= real_tsc());
}

/* Under QEMU the TSC is near 0 when the kernel starts. */
TEST(time_goes_on_where_its_base_is_before_the_tscs_zero)
{
    boot.tsc_khz = 2000000;
    clock_init(&boot, 0, 0);
    clock_state.tsc_start = 1000;
    set_rate(boot.tsc_khz);
    CHECK_EQ(mono_of_tsc(1000), CLOCK_START_NS);
    CHECK_EQ(mono_of_tsc(3000), CLOCK_START_NS + 1000);
    CHECK_EQ(mono_of_tsc(0), CLOCK_START_NS - 500);
    CHECK_EQ(clock_tsc_of_mono(CLOCK_START_NS + 1000), 3000);
    CHECK_EQ(clock_tsc_of_mono(1), 1000);
}

TEST(monotonic_time_starts_at_ten_seconds_and_grows)
{
    uint64_t last = 0;

    boot.tsc_khz = 2000000;
    clock_init(&boot, 0, 0);
    CHECK(clock_mono_ns() - CLOCK_START_NS < NS_PER_SEC / 10);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_ns();

        CHECK(now >= last);
        last = now;
    }
}

TEST(bootinfo_goes_before_config)
{
    boot.tsc_khz = 1000000;
    boot.wall_tsc = real_tsc();
    boot.wall_ns = 1700000000 * NS_PER_SEC;
    clock_init(&boot, 5000000, 42);
    CHECK(clock_ns_of_cycles(1000) == 1000);
    CHECK_EQ(clock_real_ns() / NS_PER_SEC, 1700000000);
}

/* A TSC that stands for two minutes, or more where this host is up for weeks,
 * when the guest's kernel starts: no machine takes so long to start it. */
TEST(a_host_that_hands_through_its_tsc_is_noticed)
{
    const uint64_t start = 1700000000 * NS_PER_SEC;
    uint64_t tsc = real_tsc();

    boot.wall_ns = 0;
    boot.tsc_khz = tsc / MAX(120000, tsc / TSC_KHZ_MAX + 1);
    clock_state.real_known = false;
    clock_init(&boot, 0, start);
    CHECK_EQ((clock_real_ns() - start) / NS_PER_SEC, 0);
}

TEST(setting_the_clock_publishes_it)
{
    boot.tsc_khz = 1000000;
    clock_init(&boot, 0, 0);
    CHECK_EQ(clock_vvar.vvar.seq, 0);
    clock_set_real_ns(5 * NS_PER_SEC);
    CHECK_EQ(clock_real_ns() / NS_PER_SEC, 5);
    CHECK_EQ(clock_vvar.vvar.seq, 2);
    clock_publish();
    CHECK_EQ(clock_vvar.vvar.seq, 2);
    clock_set_real_ns(9 * NS_PER_SEC);
    CHECK_EQ(clock_vvar.vvar.seq, 4);
    CHECK_EQ(clock_vvar.vvar.mult, 1ull << CLOCK_SHIFT);
}

static struct clock_reading host;
static unsigned host_asked;

static bool host_time(struct clock_reading *out)
{
    *out = host;
    host_asked++;
    return true;
}

/* A host whose clock runs 40 ppm faster than the TSC's nominal rate: found out
 * once, followed to some ns from then on. 1 GHz: a tick is a ns. The readings
 * are far in the future, so that the real TSC does not matter. */
TEST(the_hosts_clock_is_followed)
{
    const uint64_t far = 1ull << 52, start_ns = 1700000000ull * NS_PER_SEC;
    struct clock_reading r = { .tsc = far, .real_ns = start_ns };
    uint64_t mono;

    boot.tsc_khz = 1000000;
    clock_init(&boot, 0, 0);
    sync_to(&r); /* a step: the wall clock stood at 1970 */
    mono = mono_of_tsc(far);
    CHECK_EQ(real_of_mono(mono), start_ns);
    CHECK_EQ(clock_state.rate, 0);
    for (unsigned i = 1; i <= 4; i++) {
        uint64_t past = i * 16 * NS_PER_SEC;
        uint64_t should = start_ns + past + past / 25000;
        int64_t error = (int64_t)(should - real_of_mono(mono + past));

        if (i == 1)
            CHECK_EQ(error, 640000); /* 40 ppm of 16 s */
        else if (i == 4)
            CHECK(error > -1000 && error < 1000);
        r = (struct clock_reading){ far + past, should };
        sync_to(&r);
        /* Made up for bit by bit: the clock does not jump. */
        CHECK_EQ(real_of_mono(mono + past), should - (uint64_t)error);
    }
    CHECK(clock_state.rate > 40 * 4294 && clock_state.rate < 40 * 4296);
}

TEST(a_host_that_had_slept_is_followed_at_once)
{
    const uint64_t far = 1ull << 52;
    struct clock_reading r = { far, 1000 * NS_PER_SEC };

    boot.tsc_khz = 1000000;
    clock_init(&boot, 0, 0);
    sync_to(&r);
    r.tsc += NS_PER_SEC;
    r.real_ns += 3600 * NS_PER_SEC;
    sync_to(&r);
    CHECK_EQ(real_of_mono(mono_of_tsc(r.tsc)), 4600 * NS_PER_SEC);
    CHECK_EQ(clock_state.rate, 0); /* not taken for a fast clock */
    CHECK_EQ(clock_state.slew, 0);
}

TEST(the_host_is_asked_when_the_answer_is_old)
{
    boot.tsc_khz = 1000000;
    boot.wall_ns = 5 * NS_PER_SEC;
    boot.wall_tsc = real_tsc();
    clock_host_hook = host_time;
    clock_init(&boot, 0, 0);
    (void)clock_real_ns();
    CHECK_EQ(host_asked, 0);
    host = (struct clock_reading){ real_tsc(), 9 * NS_PER_SEC };
    clock_host_stepped();
    CHECK_EQ(host_asked, 1);
    CHECK_EQ(clock_real_ns() / NS_PER_SEC, 9);
    CHECK_EQ(clock_vvar.vvar.valid_until_ns, clock_state.valid_until_ns);
    clock_set_real_ns(7 * NS_PER_SEC); /* the program's own from now on */
    clock_host_stepped();
    CHECK_EQ(host_asked, 1);
    CHECK_EQ(clock_real_ns() / NS_PER_SEC, 7);
    clock_host_hook = NULL;
}

static int64_t stepped_by;

static void on_step(struct clock_watch *w, int64_t by_ns)
{
    (void)w;
    stepped_by = by_ns;
}

TEST(a_step_is_told)
{
    struct clock_watch w = { .stepped = on_step };

    boot.tsc_khz = 1000000;
    clock_init(&boot, 0, 0);
    clock_set_real_ns(5000 * NS_PER_SEC);
    clock_watch_add(&w);
    clock_set_real_ns(5007 * NS_PER_SEC);
    CHECK(stepped_by > (int64_t)(6 * NS_PER_SEC));
    CHECK(stepped_by <= (int64_t)(7 * NS_PER_SEC));
    list_remove(&w.link);
    stepped_by = 0;
    clock_set_real_ns(5000 * NS_PER_SEC);
    CHECK_EQ(stepped_by, 0);
}

TEST(image_addresses_are_offset)
{
    clock_init(&boot, 1000, 0);
    CHECK_EQ(clock_image_pa((void *)0x7f0000003210), 0x103210);
}

TEST(the_rate_is_measured_against_the_pit)
{
    has_pit = true;
    fake_khz = 2500000; /* of the fake PIT: so many TSC ticks a ms */
    uint64_t khz = pc_measure_tsc_khz();

    CHECK(khz > fake_khz - fake_khz / 100);
    CHECK(khz < fake_khz + fake_khz / 100);
}

/* In 60 ms the counter wraps. */
TEST(the_rate_is_right_though_the_host_was_elsewhere)
{
    static const unsigned looks[] = { 1, 5, 12, 30 };

    has_pit = true;
    fake_khz = 2500000;
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        uint64_t khz;

        away_in = looks[i];
        khz = pc_measure_tsc_khz();
        CHECK_EQ(away_in, 0);
        CHECK(khz > fake_khz - fake_khz / 100);
        CHECK(khz < fake_khz + fake_khz / 100);
    }
}

TEST(no_pit_is_found_out)
{
    has_pit = false;
    fake_khz = 2500000;
    CHECK_EQ(pc_measure_tsc_khz(), 0);
    CHECK(port_reads > 1000);
}

TEST(rtc_bcd_24_hours)
{
    struct rtc_regs r = { 0x59, 0x58, 0x23, 0x29, 0x02, 0x24, 0x20, 0x02 };

    CHECK_EQ(rtc_decode(&r), 1709251139); /* 2024-02-29 23:58:59 */
}

TEST(rtc_binary_12_hours)
{
    struct rtc_regs r = { 0, 0, 12 | 0x80, 1, 1, 70, 19, 0x04 };

    CHECK_EQ(rtc_decode(&r), 43200); /* noon, 1970-01-01 */
    r.hour = 12;
    CHECK_EQ(rtc_decode(&r), 0); /* midnight */
}

TEST(rtc_end_of_centuries)
{
    struct rtc_regs r = { 0, 0, 0, 0x01, 0x03, 0x00, 0x21, 0x02 };

    CHECK_EQ(rtc_decode(&r), 4107542400); /* 2100-03-01, no leap day before */
    r.century = 0xff;                     /* unknown: 20 is assumed */
    CHECK_EQ(rtc_decode(&r), 951868800);  /* 2000-03-01 */
}

TEST(rtc_nonsense_is_refused)
{
    struct rtc_regs r = { 0x59, 0x58, 0x23, 0x29, 0x13, 0x24, 0x20, 0x02 };

    CHECK_EQ(rtc_decode(&r), 0);
    r.month = 0;
    CHECK_EQ(rtc_decode(&r), 0);
}
