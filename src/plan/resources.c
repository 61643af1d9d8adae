// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The list of rows, the table of controllers, and the converters that are a line or two: pids, hugetlb, rdma, network,
 * unified. cgroup v1 files are those of Documentation/admin-guide/cgroup-v1, v2 of cgroup-v2.rst.
 */
#include "plan/resources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/ops.h"

/* ---- the list ---- */

static void out_of_memory(struct resource_rows *rows)
{
    if (!rows->failed)
        error_set(rows->err, -ENOMEM, "linux.resources: out of memory");
    rows->failed = true;
}

static struct resource_row *next_row(struct resource_rows *rows)
{
    struct resource_row *more;

    if (rows->n < rows->capacity)
        return &rows->rows[rows->n++];
    more = arena_new(rows->arena, struct resource_row, 2 * rows->capacity + 16);
    if (!more) {
        out_of_memory(rows);
        return NULL;
    }
    if (rows->n)
        memcpy(more, rows->rows, rows->n * sizeof *more);
    rows->rows = more;
    rows->capacity = 2 * rows->capacity + 16;
    return &rows->rows[rows->n++];
}

static const char *text_vprintf(struct resource_rows *rows, const char *format, va_list args)
{
    va_list again;
    int length;
    char *text;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = length < 0 ? NULL : arena_alloc(rows->arena, 1, (size_t) length + 1);
    if (!text) {
        out_of_memory(rows);
        return "";
    }
    vsnprintf(text, (size_t) length + 1, format, args);
    return text;
}

const char *resource_text(struct resource_rows *rows, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = text_vprintf(rows, format, args);
    va_end(args);
    return text;
}

void resource_row(struct resource_rows *rows, const char *field, const char *file, unsigned flags, const char *value,
                  ...)
{
    struct resource_row *row = rows->failed ? NULL : next_row(rows);
    va_list args;

    if (!row)
        return;
    va_start(args, value);
    *row = (struct resource_row){ field, file, text_vprintf(rows, value, args), flags };
    va_end(args);
}

void resource_limit(struct resource_rows *rows, const char *field, const char *file, int64_t value,
                    const char *unlimited)
{
    if (value < 0)
        resource_row(rows, field, file, 0, "%s", unlimited);
    else
        resource_row(rows, field, file, 0, "%" PRId64, value);
}

void resource_fail(struct resource_rows *rows, const char *field, const char *format, ...)
{
    va_list args;

    if (rows->failed)
        return;
    rows->failed = true;
    va_start(args, format);
    error_set(rows->err, -EINVAL, "%s: %s", field, text_vprintf(rows, format, args));
    va_end(args);
}

void resource_no_counterpart(struct resource_rows *rows, const char *field, const char *controller, const char *version)
{
    resource_fail(rows, field, "controller \"%s\" of cgroup %s has nothing like it", controller, version);
}

void resource_warn(struct resource_rows *rows, const char *field, const char *text)
{
    const char **more = arena_new(rows->arena, const char *, rows->n_warnings + 1);

    if (!more) {
        out_of_memory(rows);
        return;
    }
    if (rows->n_warnings)
        memcpy(more, rows->warnings, rows->n_warnings * sizeof *more);
    more[rows->n_warnings++] = resource_text(rows, "%s: %s", field, text);
    rows->warnings = more;
}

/* ---- the small controllers ---- */

/* 0 is a real limit: no process can be forked. */
static void pids_rows(struct resource_rows *rows, const struct spec_resources *resources)
{
    if (resources->pids_limit.set)
        resource_limit(rows, "linux.resources.pids.limit", "pids.max", resources->pids_limit.value, "max");
}

/* "2MB": a number and a unit, as the kernel names its files. */
static bool page_size_valid(const char *size)
{
    size_t digits = strspn(size, "0123456789");

    return digits > 0 && digits < 8 && size[0] != '0' && strchr("KMG", size[digits]) && size[digits] != '\0' &&
           strcmp(size + digits + 1, "B") == 0;
}

/* The limit, and its twin that counts reservations, where the kernel has one (5.7). */
static void hugetlb_rows(struct resource_rows *rows, const struct spec_resources *resources, const char *file)
{
    for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
        const struct spec_hugepage_limit *limit = &resources->hugepage_limits[i];
        const char *field = resource_text(rows, "linux.resources.hugepageLimits[%zu]", i);
        const char *size = limit->page_size ? limit->page_size : "";

        if (!page_size_valid(size)) {
            resource_fail(rows, field, "\"%s\" is not a page size like \"2MB\"", size);
            return;
        }
        resource_row(rows, field, resource_text(rows, "hugetlb.%s.%s", size, file), 0, "%" PRIu64, limit->limit);
        resource_row(rows, field, resource_text(rows, "hugetlb.%s.rsvd.%s", size, file), CGROUP_WRITE_OPTIONAL,
                     "%" PRIu64, limit->limit);
    }
}

static void hugetlb_rows_v1(struct resource_rows *rows, const struct spec_resources *resources)
{
    hugetlb_rows(rows, resources, "limit_in_bytes");
}

static void hugetlb_rows_v2(struct resource_rows *rows, const struct spec_resources *resources)
{
    hugetlb_rows(rows, resources, "max");
}

static const char *rdma_value(struct resource_rows *rows, const char *name, struct opt_u32 limit)
{
    return limit.set ? resource_text(rows, " %s=%" PRIu32, name, limit.value) : "";
}

static void rdma_rows(struct resource_rows *rows, const struct spec_resources *resources)
{
    for (size_t i = 0; i < resources->n_rdma; i++) {
        const struct spec_rdma *rdma = &resources->rdma[i];

        if (rdma->hca_handles.set || rdma->hca_objects.set)
            resource_row(rows, resource_text(rows, "linux.resources.rdma[\"%s\"]", rdma->device), "rdma.max", 0,
                         "%s%s%s", rdma->device, rdma_value(rows, "hca_handle", rdma->hca_handles),
                         rdma_value(rows, "hca_object", rdma->hca_objects));
    }
}

static void net_cls_rows_v1(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_network *network = resources->network;

    if (network && network->class_id.set)
        resource_row(rows, "linux.resources.network.classID", "net_cls.classid", 0, "%" PRIu32,
                     network->class_id.value);
}

static void net_prio_rows_v1(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_network *network = resources->network;

    for (size_t i = 0; network && i < network->n_priorities; i++)
        resource_row(rows, resource_text(rows, "linux.resources.network.priorities[%zu]", i), "net_prio.ifpriomap", 0,
                     "%s %" PRIu32, network->priorities[i].name, network->priorities[i].priority);
}

/* Files that move, kill or stop processes, or change what the cgroup is, cannot be given back when an update fails. */
static bool is_no_resource(const char *file)
{
    static const char *const files[] = { "cgroup.procs",  "cgroup.threads", "cgroup.kill",
                                         "cgroup.freeze", "cgroup.type",    "cgroup.subtree_control" };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(file, files[i]) == 0)
            return true;
    return false;
}

void resource_rows_unified(struct resource_rows *rows, const struct spec_resources *resources)
{
    for (size_t i = 0; i < resources->n_unified; i++) {
        const struct string_pair *pair = &resources->unified[i];
        const char *field = resource_text(rows, "linux.resources.unified[\"%s\"]", pair->key);

        if (is_no_resource(pair->key))
            resource_fail(rows, field, "not a resource: it acts on the processes of the cgroup");
        if (!strchr(pair->key, '.') || strchr(pair->key, '/') || pair->key[0] == '.')
            resource_fail(rows, field, "not the name of a cgroup file");
        resource_row(rows, field, pair->key, 0, "%s", pair->value);
    }
}

const struct resource_controller resource_controllers[N_RESOURCE_CONTROLLERS] = {
    [RESOURCE_MEMORY] = {"memory",    "memory",  memory_rows_v1,   memory_rows_v2  },
    [RESOURCE_CPUSET] = { "cpuset",   "cpuset",  cpuset_rows,      cpuset_rows     },
    [RESOURCE_CPU] = { "cpu",      "cpu",     cpu_rows_v1,      cpu_rows_v2     },
    [RESOURCE_PIDS] = { "pids",     "pids",    pids_rows,        pids_rows       },
    [RESOURCE_IO] = { "blkio",    "io",      block_io_rows_v1, block_io_rows_v2},
    [RESOURCE_HUGETLB] = { "hugetlb",  "hugetlb", hugetlb_rows_v1,  hugetlb_rows_v2 },
    [RESOURCE_RDMA] = { "rdma",     "rdma",    rdma_rows,        rdma_rows       },
    [RESOURCE_NET_CLS] = { "net_cls",  NULL,      net_cls_rows_v1,  NULL            },
    [RESOURCE_NET_PRIO] = { "net_prio", NULL,      net_prio_rows_v1, NULL            },
};
