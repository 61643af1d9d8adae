// SPDX-License-Identifier: LGPL-2.1-or-later
/* One line of the table a file; a value that its property cannot say gives none. */
#include "plan/unit_properties.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/gvariant.h"
#include "plan/ops.h"

enum { QUOTA_STEP = 10000, SECOND = 1000000, PERIOD = 100000, CPUS_MAX = 8192 };

/* ---- the list ---- */

static bool make_room(struct unit_properties *properties)
{
    const char **more;

    if (properties->n < properties->capacity)
        return true;
    more = arena_new(properties->arena, const char *, 2 * properties->capacity + 16);
    if (!more)
        return false;
    if (properties->n)
        memcpy(more, properties->list, properties->n * sizeof *more);
    properties->list = more;
    properties->capacity = 2 * properties->capacity + 16;
    return true;
}

void unit_property(struct unit_properties *properties, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        properties->arena->failed = true;
    else if (make_room(properties))
        properties->list[properties->n++] = arena_strdup(properties->arena, text);
    free(length < 0 ? NULL : text);
}

/* ---- values ---- */

/* A number of bytes as the kernel reads it, with a suffix; "max" and negative ones are no limit. */
static bool parse_amount(const char *text, uint64_t *ret)
{
    static const char suffixes[] = "KMGT";
    const char *suffix;
    char *end;

    if (strncmp(text, "max", 3) == 0 || text[0] == '-') {
        *ret = UINT64_MAX;
        return true;
    }
    errno = 0;
    *ret = isdigit((unsigned char) text[0]) ? strtoull(text, &end, 10) : (errno = EINVAL, 0);
    if (errno)
        return false;
    suffix = *end ? strchr(suffixes, toupper((unsigned char) *end)) : NULL;
    for (size_t i = 0; suffix && i <= (size_t) (suffix - suffixes); i++)
        *ret *= 1024;
    return *end == '\0' || (suffix && end[1] == '\0');
}

static bool parse_number(const char *text, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = isdigit((unsigned char) text[0]) ? strtoull(text, &end, 10) : (errno = EINVAL, 0);
    return !errno && *end == '\0';
}

/* systemd refuses 0 processes, and 0 bytes as a hard limit: 1 is the same, for the first one is there already. */
static void limit_from_one(struct unit_properties *properties, const char *name, const char *value)
{
    uint64_t amount;

    if (parse_amount(value, &amount))
        unit_property(properties, "%s=uint64 %" PRIu64, name, amount ? amount : 1);
}

static void limit(struct unit_properties *properties, const char *name, const char *value)
{
    uint64_t amount;

    if (parse_amount(value, &amount))
        unit_property(properties, "%s=uint64 %" PRIu64, name, amount);
}

static void number(struct unit_properties *properties, const char *name, const char *value)
{
    uint64_t amount;

    if (parse_number(value, &amount))
        unit_property(properties, "%s=uint64 %" PRIu64, name, amount);
}

/* Only newer versions of systemd have it: they alone undo what is in the file, and to others it is not sent. */
static void swap_limit(struct unit_properties *properties, const char *name, const char *value)
{
    uint64_t amount;

    if (parse_amount(value, &amount))
        unit_property(properties, UNIT_PROPERTY_IF_KNOWN "%s=uint64 %" PRIu64, name, amount);
}

static void swap_writeback(struct unit_properties *properties, const char *name, const char *value)
{
    if (strcmp(value, "0") == 0 || strcmp(value, "1") == 0)
        unit_property(properties, UNIT_PROPERTY_IF_KNOWN "%s=%s", name, value[0] == '1' ? "true" : "false");
}

/* A unit gets its policy when it is made, and none later. Without one the kernel kills one process, as without the file. */
static void oom_group(struct unit_properties *properties, const char *name, const char *value)
{
    (void) name;
    if (properties->new_unit && strcmp(value, "1") == 0)
        unit_property(properties, "OOMPolicy='kill'");
}

/* ---- cpu ---- */

static void cpu_max(struct unit_properties *properties, const char *name, const char *value)
{
    char *end;

    (void) name;
    properties->cpu_quota = (struct opt_i64){ true, -1 };
    if (strncmp(value, "max", 3) != 0)
        properties->cpu_quota.value = strtoll(value, &end, 10);
    value += strcspn(value, " ");
    if (*value)
        properties->cpu_period = (struct opt_i64){ true, strtoll(value + 1, &end, 10) };
    properties->cpu_changed = true;
}

static void cpu_quota(struct unit_properties *properties, const char *name, const char *value)
{
    (void) name;
    properties->cpu_quota = (struct opt_i64){ true, strtoll(value, NULL, 10) };
    properties->cpu_changed = true;
}

static void cpu_period(struct unit_properties *properties, const char *name, const char *value)
{
    (void) name;
    properties->cpu_period = (struct opt_i64){ true, strtoll(value, NULL, 10) };
    properties->cpu_changed = true;
}

/* An idle group has weight 0 for systemd, and what was said before of its weight no longer holds. */
static void cpu_idle(struct unit_properties *properties, const char *name, const char *value)
{
    if (strcmp(value, "1") == 0)
        unit_property(properties, "%s=uint64 0", name);
}

/* systemd keeps whole percents of a processor when it reads the unit again: rounded up, nobody gets less than asked. */
static uint64_t quota_per_second(int64_t quota, int64_t period)
{
    unsigned __int128 exact = (unsigned __int128) quota * SECOND;
    uint64_t per_second = (uint64_t) ((exact + (uint64_t) period - 1) / (uint64_t) period);

    return (per_second + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
}

void unit_properties_finish(struct unit_properties *properties)
{
    int64_t quota = properties->cpu_quota.set ? properties->cpu_quota.value : -1;
    int64_t period = properties->cpu_period.value > 0 ? properties->cpu_period.value : PERIOD;

    if (!properties->cpu_changed)
        return;
    if (properties->cpu_period.set)
        unit_property(properties, "CPUQuotaPeriodUSec=uint64 %" PRId64, period);
    unit_property(properties, "CPUQuotaPerSecUSec=uint64 %" PRIu64,
                  quota > 0 ? quota_per_second(quota, period) : UINT64_MAX);
}

/* "0-2,7" as bits, from the lowest byte on. */
static bool parse_list(const char *text, uint8_t *bits, size_t *ret_size)
{
    *ret_size = 0;
    while (*text && *text != '\n') {
        char *end;
        unsigned long first = isdigit((unsigned char) *text) ? strtoul(text, &end, 10) : CPUS_MAX, last = first;

        if (first < CPUS_MAX && *end == '-' && isdigit((unsigned char) end[1]))
            last = strtoul(end + 1, &end, 10);
        if (last >= CPUS_MAX || last < first || (*end && *end != ',' && *end != '\n'))
            return false;
        for (unsigned long i = first; i <= last; i++)
            bits[i / 8] |= (uint8_t) (1u << i % 8);
        *ret_size = last / 8 + 1 > *ret_size ? last / 8 + 1 : *ret_size;
        text = end + (*end == ',');
    }
    return true;
}

static void number_list(struct unit_properties *properties, const char *name, const char *value)
{
    uint8_t bits[CPUS_MAX / 8] = { 0 };
    const char *text = "";
    size_t size;

    if (!parse_list(value, bits, &size))
        return;
    for (size_t i = 0; text && i < size; i++)
        text = arena_printf(properties->arena, "%s%s0x%02x", text, i ? ", " : "", bits[i]);
    unit_property(properties, "%s=@ay [%s]", name, text ? text : "");
}

/* ---- block devices ---- */

/* "8:0 REST": the length of the numbers, 0 if it begins otherwise. */
static size_t device_length(const char *value)
{
    size_t major = strspn(value, "0123456789"), minor;

    if (!major || value[major] != ':')
        return 0;
    minor = strspn(value + major + 1, "0123456789");
    return minor && value[major + 1 + minor] == ' ' ? major + 1 + minor : 0;
}

static void device_amount(struct unit_properties *properties, const char *name, const char *value, const char *amount)
{
    uint64_t n;

    if (parse_amount(amount, &n))
        unit_property(properties, "%s=[('/dev/block/%.*s', uint64 %" PRIu64 ")]", name, (int) device_length(value),
                      value, n);
}

/* What systemd makes bfq's weight WEIGHT of: it has 1 to 10000, and divides what lies above 100 by 11. */
static uint64_t of_bfq(uint64_t weight)
{
    return weight <= 100 ? weight : 100 + (weight - 100) * 11;
}

/* io.weight and io.bfq.weight have the weight of all devices, or of one, in the same file. */
static void put_io_weight(struct unit_properties *properties, const char *value, bool bfq)
{
    size_t device = device_length(value);
    const char *text = value + (device ? device + 1 : strncmp(value, "default ", 8) == 0 ? 8 : 0);
    uint64_t weight;

    if (!parse_number(text, &weight))
        return;
    if (bfq)
        weight = of_bfq(weight);
    if (device)
        unit_property(properties, "IODeviceWeight=[('/dev/block/%.*s', uint64 %" PRIu64 ")]", (int) device, value,
                      weight);
    else
        unit_property(properties, "IOWeight=uint64 %" PRIu64, weight);
}

static void io_weight(struct unit_properties *properties, const char *name, const char *value)
{
    (void) name;
    put_io_weight(properties, value, false);
}

static void bfq_weight(struct unit_properties *properties, const char *name, const char *value)
{
    (void) name;
    put_io_weight(properties, value, true);
}

static void io_max(struct unit_properties *properties, const char *name, const char *value)
{
    static const char *const keys[][2] = {
        {"rbps=",   "IOReadBandwidthMax" },
        { "wbps=",  "IOWriteBandwidthMax"},
        { "riops=", "IOReadIOPSMax"      },
        { "wiops=", "IOWriteIOPSMax"     },
    };
    const char *word = value + device_length(value);

    (void) name;
    while (device_length(value) && *word == ' ') {
        size_t length = strcspn(++word, " ");
        char *one = arena_strndup(properties->arena, word, length);

        for (size_t i = 0; one && i < sizeof keys / sizeof keys[0]; i++)
            if (strncmp(one, keys[i][0], strlen(keys[i][0])) == 0)
                device_amount(properties, keys[i][1], value, one + strlen(keys[i][0]));
        word += length;
    }
}

/* ---- the table ---- */

static const struct {
    const char *file;
    void (*convert)(struct unit_properties *properties, const char *name, const char *value);
    const char *property;
} files[] = {
    {"memory.max",              limit_from_one, "MemoryMax"           },
    { "memory.high",            limit_from_one, "MemoryHigh"          },
    { "memory.low",             limit,          "MemoryLow"           },
    { "memory.min",             limit,          "MemoryMin"           },
    { "memory.swap.max",        limit,          "MemorySwapMax"       },
    { "memory.zswap.max",       swap_limit,     "MemoryZSwapMax"      }, /* systemd 253 */
    { "memory.zswap.writeback", swap_writeback, "MemoryZSwapWriteback"}, /* systemd 256 */
    { "memory.oom.group",       oom_group,      NULL                  },
    { "memory.limit_in_bytes",  limit_from_one, "MemoryLimit"         },
    { "pids.max",               limit_from_one, "TasksMax"            },
    { "cpu.weight",             number,         "CPUWeight"           },
    { "cpu.shares",             number,         "CPUShares"           },
    { "cpu.max",                cpu_max,        NULL                  },
    { "cpu.idle",               cpu_idle,       "CPUWeight"           },
    { "cpu.cfs_quota_us",       cpu_quota,      NULL                  },
    { "cpu.cfs_period_us",      cpu_period,     NULL                  },
    { "cpuset.cpus",            number_list,    "AllowedCPUs"         },
    { "cpuset.mems",            number_list,    "AllowedMemoryNodes"  },
    { "io.weight",              io_weight,      NULL                  },
    { "io.bfq.weight",          bfq_weight,     NULL                  },
    { "io.max",                 io_max,         NULL                  },
};

/* Of a row and its substitute only one is written. The first ones are all bfq's. */
static bool is_written(struct unit_properties *properties, const struct resource_row *row)
{
    bool substitute = properties->substitute_next;

    properties->substitute_next = row->flags & CGROUP_WRITE_OR_NEXT;
    return properties->substitute_next ? properties->bfq : !(substitute && properties->bfq);
}

void unit_property_of_row(struct unit_properties *properties, const struct resource_row *row)
{
    if (!is_written(properties, row))
        return;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(files[i].file, row->file) == 0)
            files[i].convert(properties, files[i].property, row->value);
}

/* ---- devices ---- */

/* Whether systemd has one name for the devices of both. */
static bool same_devices(const struct device_rule *a, const struct device_rule *b)
{
    return a->major == b->major && (a->major == DEVICE_EVERY || a->minor == b->minor);
}

/* Of several entries for one name systemd keeps the last: all accesses go into the first. 0: an earlier one has them. */
static unsigned entry_access(const struct device_rules *rules, size_t i, unsigned type)
{
    unsigned access = 0;

    for (size_t k = 0; k < rules->n; k++) {
        const struct device_rule *rule = &rules->rules[k];

        if (!rule->allow || !(rule->types & type) || !same_devices(rule, &rules->rules[i]))
            continue;
        if (k < i)
            return 0;
        access |= rule->access;
    }
    return access;
}

static void device_entry(struct unit_properties *properties, const struct device_rules *rules, size_t i, unsigned type)
{
    const char *name = type == DEVICE_CHAR ? "char" : "block";
    const struct device_rule *rule = &rules->rules[i];
    unsigned access = entry_access(rules, i, type);
    char pattern[64];

    if (!access)
        return;
    if (rule->major == DEVICE_EVERY)
        snprintf(pattern, sizeof pattern, "%s-*", name);
    else if (rule->minor == DEVICE_EVERY)
        snprintf(pattern, sizeof pattern, "%s-%" PRId32, name, rule->major);
    else
        snprintf(pattern, sizeof pattern, "/dev/%s/%" PRId32 ":%" PRId32, name, rule->major, rule->minor);
    unit_property(properties, "DeviceAllow=[('%s', '%s%s%s')]", pattern, access & ACCESS_READ ? "r" : "",
                  access & ACCESS_WRITE ? "w" : "", access & ACCESS_MKNOD ? "m" : "");
}

void unit_device_properties(struct unit_properties *properties, const struct device_rules *rules)
{
    bool all = device_rules_allow_all(rules);

    unit_property(properties, "DevicePolicy='%s'", all ? "auto" : "strict");
    unit_property(properties, "DeviceAllow=@a(ss) []"); /* forgets what was allowed before */
    for (size_t i = 0; !all && i < rules->n; i++) {
        if (!rules->rules[i].allow)
            continue;
        if (rules->rules[i].types & DEVICE_CHAR)
            device_entry(properties, rules, i, DEVICE_CHAR);
        if (rules->rules[i].types & DEVICE_BLOCK)
            device_entry(properties, rules, i, DEVICE_BLOCK);
    }
}
