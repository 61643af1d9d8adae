// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources.cpu. 0 is "not set" for shares, quota and periods. Order: a period before its quota, a quota before
 * the burst that may not exceed it, and the idle class last.
 *
 * shares and weight: ceil(10^((log2(x)^2 + 125 log2(x)) / 612 - 7/34)), which takes 2, 1024, 262144 to 1, 100, 10000.
 * It is worked out by series here, because libm would be one more library to load at every start.
 */
#include "plan/resources.h"

#include <inttypes.h>

#include "plan/ops.h"

#define FIELD(name) "linux.resources.cpu." name

#define LN_2           0.69314718055994530942
#define LN_10          2.30258509299404568402
#define SHARES_MIN     2
#define SHARES_MAX     262144
#define PERIOD_DEFAULT 100000 /* microseconds, the kernel's */

/* log2 of X >= 1: halve into [1, 2), then 2 artanh((x - 1) / (x + 1)). */
static double log2_series(double x)
{
    double whole = 0, ratio, power, sum = 0;

    for (; x >= 2; x /= 2)
        whole++;
    ratio = (x - 1) / (x + 1);
    power = ratio;
    for (int k = 1; k < 40; k += 2, power *= ratio * ratio)
        sum += power / k;
    return whole + 2 * sum / LN_2;
}

/* e^Y for 0 <= Y <= 10. */
static double exp_series(double y)
{
    double term = 1, sum = 1;

    for (int k = 1; k < 80; k++) {
        term *= y / k;
        sum += term;
    }
    return sum;
}

uint64_t cpu_weight(uint64_t shares)
{
    double log, weight;
    uint64_t whole;

    if (shares < SHARES_MIN)
        shares = SHARES_MIN;
    if (shares > SHARES_MAX)
        shares = SHARES_MAX;
    log = log2_series((double) shares);
    weight = exp_series(LN_10 * ((log * log + 125 * log) / 612 - 7.0 / 34));
    whole = (uint64_t) (weight + 1e-9);
    return whole + (weight - (double) whole > 1e-9);
}

static bool asked(struct opt_u64 value)
{
    return value.set && value.value != 0;
}

static bool asked_signed(struct opt_i64 value)
{
    return value.set && value.value != 0;
}

/* An idle group takes no weight, and the one that it had is forgotten (plan/idle.h). */
static bool asked_weight(const struct spec_cpu *cpu)
{
    return asked(cpu->shares) && !asked_signed(cpu->idle);
}

static void realtime_rows_v1(struct resource_rows *rows, const struct spec_cpu *cpu)
{
    if (asked(cpu->realtime_period))
        resource_row(rows, FIELD("realtimePeriod"), "cpu.rt_period_us", 0, "%" PRIu64, cpu->realtime_period.value);
    if (asked_signed(cpu->realtime_runtime))
        resource_row(rows, FIELD("realtimeRuntime"), "cpu.rt_runtime_us", 0, "%" PRId64, cpu->realtime_runtime.value);
}

void cpu_rows_v1(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_cpu *cpu = resources->cpu;

    if (!cpu)
        return;
    if (asked_weight(cpu))
        resource_row(rows, FIELD("shares"), "cpu.shares", 0, "%" PRIu64, cpu->shares.value);
    if (asked(cpu->period))
        resource_row(rows, FIELD("period"), "cpu.cfs_period_us", 0, "%" PRIu64, cpu->period.value);
    if (asked_signed(cpu->quota))
        resource_limit(rows, FIELD("quota"), "cpu.cfs_quota_us", cpu->quota.value, "-1");
    if (cpu->burst.set)
        resource_row(rows, FIELD("burst"), "cpu.cfs_burst_us", cpu->burst.value ? 0 : CGROUP_WRITE_OPTIONAL, "%" PRIu64,
                     cpu->burst.value);
    realtime_rows_v1(rows, cpu);
    if (cpu->idle.set)
        resource_row(rows, FIELD("idle"), "cpu.idle", cpu->idle.value ? 0 : CGROUP_WRITE_OPTIONAL, "%" PRId64,
                     cpu->idle.value);
}

/* Quota and period in one write. */
static void bandwidth_row_v2(struct resource_rows *rows, const struct spec_cpu *cpu)
{
    uint64_t period = asked(cpu->period) ? cpu->period.value : PERIOD_DEFAULT;
    const char *field = asked_signed(cpu->quota) ? FIELD("quota") : FIELD("period");

    if (!asked(cpu->period) && !asked_signed(cpu->quota))
        return;
    if (asked_signed(cpu->quota) && cpu->quota.value > 0)
        resource_row(rows, field, "cpu.max", 0, "%" PRId64 " %" PRIu64, cpu->quota.value, period);
    else
        resource_row(rows, field, "cpu.max", 0, "max %" PRIu64, period);
}

void cpu_rows_v2(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_cpu *cpu = resources->cpu;

    if (!cpu)
        return;
    if (asked_weight(cpu))
        resource_row(rows, FIELD("shares"), "cpu.weight", 0, "%" PRIu64, cpu_weight(cpu->shares.value));
    bandwidth_row_v2(rows, cpu);
    if (cpu->burst.set)
        resource_row(rows, FIELD("burst"), "cpu.max.burst", cpu->burst.value ? 0 : CGROUP_WRITE_OPTIONAL, "%" PRIu64,
                     cpu->burst.value);
    if (cpu->idle.set)
        resource_row(rows, FIELD("idle"), "cpu.idle", cpu->idle.value ? 0 : CGROUP_WRITE_OPTIONAL, "%" PRId64,
                     cpu->idle.value);
    if (asked(cpu->realtime_period))
        resource_no_counterpart(rows, FIELD("realtimePeriod"), "cpu", "v2");
    if (asked_signed(cpu->realtime_runtime))
        resource_no_counterpart(rows, FIELD("realtimeRuntime"), "cpu", "v2");
}

void cpuset_rows(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_cpu *cpu = resources->cpu;

    if (cpu && cpu->cpus && cpu->cpus[0])
        resource_row(rows, FIELD("cpus"), "cpuset.cpus", 0, "%s", cpu->cpus);
    if (cpu && cpu->mems && cpu->mems[0])
        resource_row(rows, FIELD("mems"), "cpuset.mems", 0, "%s", cpu->mems);
}
