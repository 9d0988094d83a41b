/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpuinfo.c - what CPUID says, in /proc/cpuinfo's words.
 *
 * Each CPUID may be an exit, so they are done when somebody reads the file.
 */
#include <cpuid.h>

#include "arch/arch.h"
#include "core/printf.h"
#include "core/string.h"

/* Linux's names by bit, from bit 0; "-" where it has none to show. */
static const char leaf1_edx[] =
    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 "
    "pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe";
static const char leaf1_ecx[] =
    "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma "
    "cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt "
    "tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor";
static const char leaf7_ebx[] =
    "fsgsbase tsc_adjust - bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - "
    "mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb "
    "intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl";
static const char leaf7_ecx[] =
    "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq "
    "avx512_vnni avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid - - "
    "cldemote - movdiri movdir64b enqcmd";
static const char extended_edx[] =
    "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt "
    "pdpe1gb rdtscp - lm 3dnowext 3dnow";
static const char extended_ecx[] =
    "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse "
    "3dnowprefetch osvw ibs xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm "
    "topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx";

#define INTEL      0x756e6547u /* "Genu" */
#define CACHES_MAX 8u          /* that leaf 4 is asked for */

struct text {
    char *buf;
    size_t len, max;
};

static void put(struct text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n && t->len + 1 < t->max; i++)
        t->buf[t->len++] = s[i];
}

static void put_flags(struct text *t, const char *names, uint32_t bits)
{
    while (*names) {
        const char *end = strchr(names, ' ');
        size_t n = end ? (size_t)(end - names) : strlen(names);

        if ((bits & 1) && *names != '-') {
            put(t, " ", 1);
            put(t, names, n);
        }
        bits >>= 1;
        names += n + (end ? 1 : 0);
    }
}

static void put_all_flags(struct text *t)
{
    uint32_t a, b, c, d;

    put(t, "flags\t\t:", 8);
    __cpuid(1, a, b, c, d);
    put_flags(t, leaf1_edx, d);
    __cpuid(0x80000000, a, b, c, d);
    if (a >= 0x80000001) {
        __cpuid(0x80000001, a, b, c, d);
        put_flags(t, extended_edx, d);
        put_flags(t, extended_ecx, c);
    }
    put(t, " constant_tsc rep_good nopl", 27);
    __cpuid(1, a, b, c, d);
    put_flags(t, leaf1_ecx, c);
    __cpuid(0, a, b, c, d);
    if (a >= 7) {
        __cpuid_count(7, 0, a, b, c, d);
        put_flags(t, leaf7_ebx, b);
        put_flags(t, leaf7_ecx, c);
    }
    put(t, "\n", 1);
}

static void brand(char out[49])
{
    uint32_t w[12] = { 0 };

    __cpuid(0x80000000, w[0], w[1], w[2], w[3]);
    if (w[0] < 0x80000004) {
        strlcpy(out, "unknown", 49);
        return;
    }
    for (unsigned i = 0; i < 3; i++)
        __cpuid(0x80000002 + i, w[4 * i], w[4 * i + 1], w[4 * i + 2],
                w[4 * i + 3]);
    memcpy(out, w, 48);
    out[48] = '\0';
}

/* KiB of the cache that Linux names: Intel's of the highest level, others' L2;
 * 0: not said. */
static unsigned cache_kib(bool is_intel, uint32_t max)
{
    uint32_t a, b, c, d, size = 0;

    if (!is_intel) {
        __cpuid(0x80000000, a, b, c, d);
        if (a < 0x80000006)
            return 0;
        __cpuid(0x80000006, a, b, c, d);
        return c >> 16;
    }
    for (unsigned n = 0; max >= 4 && n < CACHES_MAX; n++) {
        __cpuid_count(4, n, a, b, c, d);
        if (!(a & 31))
            break; /* ways, partitions, bytes of a line, sets: each less one */
        size = ((b >> 22) + 1) * (((b >> 12) & 0x3ff) + 1) * ((b & 0xfff) + 1) *
               (c + 1) / 1024;
    }
    return size;
}

size_t arch_cpu_describe(unsigned cpu, uint64_t khz, char *buf, size_t buf_len)
{
    struct text t = { buf, 0, buf_len };
    uint32_t a, b, c, d, max, vendor[4] = { 0 };
    unsigned family, model, kib;
    char name[49], cache[32] = "";
    int n;

    __cpuid(0, max, vendor[0], vendor[2], vendor[1]);
    __cpuid(1, a, b, c, d);
    family = (a >> 8) & 15;
    model = (a >> 4) & 15;
    if (family == 6 || family == 15)
        model |= (a >> 12) & 0xf0;
    if (family == 15)
        family += (a >> 20) & 0xff;
    brand(name);
    kib = cache_kib(vendor[0] == INTEL, max);
    if (kib)
        snprintf(cache, sizeof(cache), "cache size\t: %u KB\n", kib);
    n = snprintf(buf, buf_len,
                 "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\n"
                 "model\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n"
                 "cpu MHz\t\t: %lu.%03lu\n%s"
                 "physical id\t: 0\nsiblings\t: %u\n"
                 "core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n"
                 "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\n"
                 "wp\t\t: yes\n",
                 cpu, (const char *)vendor, family, model, name, a & 15,
                 khz / 1000, khz % 1000, cache, arch_cpu_count(), cpu,
                 arch_cpu_count(), cpu, max);
    t.len = MIN((size_t)n, buf_len - 1);
    put_all_flags(&t);
    n = snprintf(buf + t.len, buf_len - t.len,
                 "bogomips\t: %lu.%02lu\nclflush size\t: %u\n"
                 "cache_alignment\t: 64\n"
                 "address sizes\t: 46 bits physical, 48 bits virtual\n"
                 "power management:\n\n",
                 khz / 500, khz / 5 % 100, ((b >> 8) & 255) * 8);
    return MIN(t.len + (size_t)n, buf_len - 1);
}
