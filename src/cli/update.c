// SPDX-License-Identifier: GPL-2.0-or-later
/* update: options become numbers (sizes with their suffixes), and only those that were given reach the library. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/failure.h"

/* One text for each option, in the order of the table. */
enum {
    RESOURCES,
    BLKIO_WEIGHT,
    CPU_PERIOD,
    CPU_QUOTA,
    CPU_BURST,
    CPU_IDLE,
    CPU_RT_PERIOD,
    CPU_RT_RUNTIME,
    CPU_SHARES,
    CPUSET_CPUS,
    CPUSET_MEMS,
    KERNEL_MEMORY,
    KERNEL_MEMORY_TCP,
    MEMORY,
    MEMORY_RESERVATION,
    MEMORY_SWAP,
    PIDS_LIMIT,
    L3_CACHE_SCHEMA,
    MEM_BW_SCHEMA,
    N_TEXTS
};

struct update_texts {
    const char *text[N_TEXTS];
};

#define TEXT(index) (sizeof(const char *) * (index))

static const struct option options[] = {
    {"resources",           'r', OPTION_STRING, TEXT(RESOURCES),          "FILE", "the resources as JSON (-: standard input)"  },
    { "blkio-weight",       0,   OPTION_STRING, TEXT(BLKIO_WEIGHT),       "N",    "weight of block I/O, 10 to 1000, or 0"      },
    { "cpu-period",         0,   OPTION_STRING, TEXT(CPU_PERIOD),         "USEC", "period of the CPU quota"                    },
    { "cpu-quota",          0,   OPTION_STRING, TEXT(CPU_QUOTA),          "USEC", "CPU time in a period, -1: no limit"         },
    { "cpu-burst",          0,   OPTION_STRING, TEXT(CPU_BURST),          "USEC", "CPU time that may be saved up"              },
    { "cpu-idle",           0,   OPTION_STRING, TEXT(CPU_IDLE),           "N",    "1: run only when nothing else does"         },
    { "cpu-rt-period",      0,   OPTION_STRING, TEXT(CPU_RT_PERIOD),      "USEC", "period of the realtime quota"               },
    { "cpu-rt-runtime",     0,   OPTION_STRING, TEXT(CPU_RT_RUNTIME),     "USEC", "realtime CPU time in a period"              },
    { "cpu-share",          0,   OPTION_STRING, TEXT(CPU_SHARES),         "N",    "CPU shares against other containers"        },
    { "cpu-shares",         0,   OPTION_STRING, TEXT(CPU_SHARES),         "N",    NULL                                         },
    { "cpuset-cpus",        0,   OPTION_STRING, TEXT(CPUSET_CPUS),        "LIST", "CPUs to use"                                },
    { "cpuset-mems",        0,   OPTION_STRING, TEXT(CPUSET_MEMS),        "LIST", "memory nodes to use"                        },
    { "kernel-memory",      0,   OPTION_STRING, TEXT(KERNEL_MEMORY),      "SIZE",
     "kernel memory limit (ignored by current kernels)"                                                                        },
    { "kernel-memory-tcp",  0,   OPTION_STRING, TEXT(KERNEL_MEMORY_TCP),  "SIZE", "limit of TCP buffers"                       },
    { "memory",             0,   OPTION_STRING, TEXT(MEMORY),             "SIZE", "memory limit, -1: none"                     },
    { "memory-reservation", 0,   OPTION_STRING, TEXT(MEMORY_RESERVATION), "SIZE", "memory soft limit"                          },
    { "memory-swap",        0,   OPTION_STRING, TEXT(MEMORY_SWAP),        "SIZE", "limit of memory and swap together, -1: none"},
    { "pids-limit",         0,   OPTION_STRING, TEXT(PIDS_LIMIT),         "N",    "how many processes, -1: no limit"           },
    { "l3-cache-schema",    0,   OPTION_STRING, TEXT(L3_CACHE_SCHEMA),    "TEXT", "Intel RDT: L3 cache schema"                 },
    { "mem-bw-schema",      0,   OPTION_STRING, TEXT(MEM_BW_SCHEMA),      "TEXT", "Intel RDT: memory bandwidth schema"         },
};

/* ---- numbers ---- */

static const struct {
    size_t text, offset;
    bool size;
} numbers[] = {
    {BLKIO_WEIGHT,        offsetof(struct crun_update_options, blkio_weight),       false},
    { CPU_PERIOD,         offsetof(struct crun_update_options, cpu_period),         false},
    { CPU_QUOTA,          offsetof(struct crun_update_options, cpu_quota),          false},
    { CPU_BURST,          offsetof(struct crun_update_options, cpu_burst),          false},
    { CPU_IDLE,           offsetof(struct crun_update_options, cpu_idle),           false},
    { CPU_RT_PERIOD,      offsetof(struct crun_update_options, cpu_rt_period),      false},
    { CPU_RT_RUNTIME,     offsetof(struct crun_update_options, cpu_rt_runtime),     false},
    { CPU_SHARES,         offsetof(struct crun_update_options, cpu_shares),         false},
    { PIDS_LIMIT,         offsetof(struct crun_update_options, pids_limit),         false},
    { KERNEL_MEMORY,      offsetof(struct crun_update_options, kernel_memory),      true },
    { KERNEL_MEMORY_TCP,  offsetof(struct crun_update_options, kernel_memory_tcp),  true },
    { MEMORY,             offsetof(struct crun_update_options, memory),             true },
    { MEMORY_RESERVATION, offsetof(struct crun_update_options, memory_reservation), true },
    { MEMORY_SWAP,        offsetof(struct crun_update_options, memory_swap),        true },
};

/* The power of two of a suffix: b, k, m, g or t, also as "kb" and "KiB"; -1 if it is none. */
static int suffix_shift(const char *suffix)
{
    static const char letters[] = "bkmgt";
    const char *letter;

    if (!*suffix)
        return 0;
    letter = strchr(letters, tolower((unsigned char) *suffix++));
    if (!letter)
        return -1;
    if (tolower((unsigned char) *suffix) == 'i')
        suffix++;
    if (tolower((unsigned char) *suffix) == 'b')
        suffix++;
    return *suffix ? -1 : 10 * (int) (letter - letters);
}

/* The first option of a text: others are its aliases. */
static const char *option_name(size_t text)
{
    const struct option *option = options;

    while (option->offset != TEXT(text))
        option++;
    return option->name;
}

static int parse_number(size_t index, const char *text, bool size, struct crun_number *ret, struct crun_error *err)
{
    char *end;
    long long value;
    int shift;

    errno = 0;
    value = strtoll(text, &end, 10);
    shift = size ? suffix_shift(end) : *end ? -1 : 0;
    if (!option_begins_number(text + (*text == '-')) || errno || shift < 0 || value > (INT64_MAX >> shift) ||
        (value < 0 && shift > 0))
        return failure_set(err, -EINVAL, "invalid value \"%s\" for --%s: expected %s", text, option_name(index),
                           size ? "a size like 512m, or -1" : "a number");
    *ret = (struct crun_number){ true, value * (1LL << shift) };
    return 0;
}

/* ---- the command ---- */

static int update_run(struct program *program, struct crun_error *err)
{
    const char *const *text = ((const struct update_texts *) program->values)->text;
    struct crun_update_options wishes = {
        .resources = text[RESOURCES],
        .cpuset_cpus = text[CPUSET_CPUS],
        .cpuset_mems = text[CPUSET_MEMS],
        .l3_cache_schema = text[L3_CACHE_SCHEMA],
        .mem_bw_schema = text[MEM_BW_SCHEMA],
    };
    int r = 0;

    for (size_t i = 0; r >= 0 && i < sizeof numbers / sizeof numbers[0]; i++)
        if (text[numbers[i].text])
            r = parse_number(numbers[i].text, text[numbers[i].text], numbers[i].size,
                             (struct crun_number *) ((char *) &wishes + numbers[i].offset), err);
    return r < 0 ? r : crun_update(program->context, program->operands[0], &wishes, err);
}

const struct command command_update = {
    .name = "update",
    .operands = "ID",
    .summary = "change the resources of a container",
    .description = "Sizes take the suffixes k, m and g. What is not named stays as it is.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct update_texts),
    .n_min = 1,
    .n_max = 1,
    .run = update_run,
};
