// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * process.scheduler. sched_setattr(2) has one "invalid argument" for everything; which value it is, and what it may be,
 * is known before.
 */
#include <errno.h>
#include <inttypes.h>

#include "plan/plan.h"
#include "plan/scheduler.h"

/* sched(7) */
enum policy { OTHER, FIFO, RR, BATCH, ISO, IDLE, DEADLINE, N_POLICIES };
enum { RESET_ON_FORK = 0x01, KEEP_POLICY = 0x08, KEEP_PARAMS = 0x10 }; /* what is kept is not looked at */
enum { RUNTIME_MIN = 1024 };                                           /* nanoseconds */
enum { NICE_MIN = -20, NICE_MAX = 19 };

static const struct policy_range {
    const char *name;
    int32_t min, max;
    const char *range;
} policies[N_POLICIES] = {
    [OTHER] = {"SCHED_OTHER",  0, 0,  "0 alone"},
      [FIFO] = { "SCHED_FIFO",  1, 99, "1 to 99"},
    [RR] = { "SCHED_RR",    1, 99, "1 to 99"},
      [BATCH] = { "SCHED_BATCH", 0, 0,  "0 alone"},
    [IDLE] = { "SCHED_IDLE",  0, 0,  "0 alone"},
};

static void check_priority(struct planner *planner, const struct spec_scheduler *scheduler)
{
    const struct policy_range *policy = &policies[scheduler->policy];

    if (scheduler->priority < policy->min || scheduler->priority > policy->max)
        plan_fail(planner, -EINVAL, "process.scheduler.priority: %" PRId32 " is out of range for %s (%s)",
                  scheduler->priority, policy->name, policy->range);
}

static bool has_nice(const struct spec_scheduler *scheduler)
{
    return scheduler->policy == OTHER || scheduler->policy == BATCH;
}

/* The kernel would take the nearest. */
static void check_nice(struct planner *planner, const struct spec_scheduler *scheduler)
{
    if (has_nice(scheduler) && (scheduler->nice < NICE_MIN || scheduler->nice > NICE_MAX))
        plan_fail(planner, -EINVAL, "process.scheduler.nice: %" PRId32 " is out of range (%d to %d)", scheduler->nice,
                  NICE_MIN, NICE_MAX);
}

static void check_deadline(struct planner *planner, const struct spec_scheduler *s)
{
    if (s->priority != 0)
        plan_fail(planner, -EINVAL,
                  "process.scheduler.priority: %" PRId32 " is out of range for SCHED_DEADLINE (0 alone)", s->priority);
    if (s->deadline < RUNTIME_MIN || s->deadline > INT64_MAX)
        plan_fail(planner, -EINVAL,
                  "process.scheduler.deadline: %" PRIu64 " is out of range for SCHED_DEADLINE (%d nanoseconds or more)",
                  s->deadline, RUNTIME_MIN);
    else if (s->runtime < RUNTIME_MIN || s->runtime > s->deadline)
        plan_fail(planner, -EINVAL,
                  "process.scheduler.runtime: %" PRIu64
                  " is out of range for SCHED_DEADLINE (%d nanoseconds to the deadline, %" PRIu64 ")",
                  s->runtime, RUNTIME_MIN, s->deadline);
    else if (s->period != 0 && (s->period < s->deadline || s->period > INT64_MAX))
        plan_fail(planner, -EINVAL,
                  "process.scheduler.period: %" PRIu64
                  " is out of range for SCHED_DEADLINE (0, or the deadline, %" PRIu64 ", or more)",
                  s->period, s->deadline);
}

static void check(struct planner *planner, const struct spec_scheduler *scheduler)
{
    if (scheduler->flags & (KEEP_POLICY | KEEP_PARAMS))
        return;
    if (scheduler->policy == ISO)
        plan_fail(planner, -EINVAL, "process.scheduler.policy: Linux has no SCHED_ISO");
    else if (scheduler->policy == DEADLINE)
        check_deadline(planner, scheduler);
    else
        check_priority(planner, scheduler);
    check_nice(planner, scheduler);
}

static void warn_of(struct planner *planner, const char *field, const char *policies_of_it)
{
    plan_warn(planner, "process.scheduler.%s: has no effect with this policy, it is for %s", field, policies_of_it);
}

/* sched(7): what the kernel does not look at. */
static void warn_of_unused(struct planner *planner, const struct spec_scheduler *scheduler)
{
    bool deadline = scheduler->policy == DEADLINE;

    if (scheduler->flags & (KEEP_POLICY | KEEP_PARAMS))
        return;
    if (scheduler->nice && !has_nice(scheduler))
        warn_of(planner, "nice", "SCHED_OTHER and SCHED_BATCH");
    if (scheduler->runtime && !deadline)
        warn_of(planner, "runtime", "SCHED_DEADLINE");
    if (scheduler->deadline && !deadline)
        warn_of(planner, "deadline", "SCHED_DEADLINE");
    if (scheduler->period && !deadline)
        warn_of(planner, "period", "SCHED_DEADLINE");
}

bool scheduler_is_not_inherited(const struct spec_scheduler *scheduler)
{
    return scheduler && (scheduler->policy == DEADLINE || scheduler->flags & RESET_ON_FORK);
}

void plan_scheduler(struct planner *planner, const struct spec_scheduler *scheduler)
{
    struct op *op;

    if (!scheduler)
        return;
    check(planner, scheduler);
    warn_of_unused(planner, scheduler);
    op = plan_add(planner, OP_SCHEDULER, SIDE_INIT, "process.scheduler");
    op->scheduler.policy = scheduler->policy;
    op->scheduler.nice = scheduler->nice;
    op->scheduler.priority = scheduler->priority;
    op->scheduler.flags = (int64_t) scheduler->flags;
    op->scheduler.runtime = (int64_t) scheduler->runtime;
    op->scheduler.deadline = (int64_t) scheduler->deadline;
    op->scheduler.period = (int64_t) scheduler->period;
}
