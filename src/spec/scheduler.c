// SPDX-License-Identifier: LGPL-2.1-or-later
/* "process.scheduler": the arguments of sched_setattr(2), with the kernel's numbers for its names. */
#include "spec/shapes.h"
#include "spec/spec.h"

/* <sched.h> and <linux/sched.h> cannot be included together, and neither has all of these. */
/* clang-format off */
static const struct word policies[] = {
    { "SCHED_OTHER",    0 },
    { "SCHED_FIFO",     1 },
    { "SCHED_RR",       2 },
    { "SCHED_BATCH",    3 },
    { "SCHED_ISO",      4 }, /* reserved, never implemented: the kernel refuses it */
    { "SCHED_IDLE",     5 },
    { "SCHED_DEADLINE", 6 },
    { NULL },
};

static const struct word flags[] = {
    { "SCHED_FLAG_RESET_ON_FORK",  0x01 },
    { "SCHED_FLAG_RECLAIM",        0x02 },
    { "SCHED_FLAG_DL_OVERRUN",     0x04 },
    { "SCHED_FLAG_KEEP_POLICY",    0x08 },
    { "SCHED_FLAG_KEEP_PARAMS",    0x10 },
    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
    { "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
    { NULL },
};
/* clang-format on */

static const struct field fields[] = {
    ENUM("policy", spec_scheduler, policy, .required = true, .words = policies),
    I32("nice", spec_scheduler, nice),
    I32("priority", spec_scheduler, priority),
    FLAGS("flags", spec_scheduler, flags, .words = flags),
    U64("runtime", spec_scheduler, runtime),
    U64("deadline", spec_scheduler, deadline),
    U64("period", spec_scheduler, period),
};

const struct shape shape_scheduler = SHAPE(spec_scheduler, fields);
