// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rows of cgroups on the parent's side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "launch/rows.h"

const struct cgroup_dir *launch_cgroup_dir(const struct launch *launch, int64_t hierarchy)
{
    return &launch->state->cgroups[hierarchy];
}

/* The field of the configuration for whose sake HIERARCHY is needed: that of the controller which the error names, or
 * else the first one; NULL: none. */
static const char *wanting_field(const struct launch *launch, int64_t hierarchy, const char *error)
{
    const struct blob *blob = launch->plan->blob;
    const struct op *ops = blob_ops(blob);
    const char *first = NULL;

    for (uint32_t i = 0; i < blob->n_ops; i++) {
        const char *file = ops[i].kind == OP_CGROUP_WRITE ? text(launch, ops[i].cgroup_write.file) : NULL;
        char quoted[64];

        if (!file || ops[i].cgroup_write.hierarchy != hierarchy || (ops[i].cgroup_write.flags & CGROUP_WRITE_OPTIONAL))
            continue;
        first = first ? first : text(launch, ops[i].what);
        snprintf(quoted, sizeof quoted, "\"%.*s\"", (int) strcspn(file, "."), file);
        if (strstr(error, quoted))
            return text(launch, ops[i].what);
    }
    return first;
}

static bool lacks_something(int code)
{
    return code == -ENOENT || code == -EACCES || code == -EPERM || code == -EROFS || code == -EOPNOTSUPP;
}

int launch_cgroup_make(struct launch *launch, const struct op_cgroup_make *row, struct error *err)
{
    const char *field;
    bool made = false;
    int r = cgroup_make(launch_cgroup_dir(launch, row->hierarchy), text(launch, row->enable), (unsigned) row->flags,
                        &made, err);

    if (r >= 0)
        launch->cgroups[row->hierarchy] = made ? LAUNCH_CGROUP_MADE : LAUNCH_CGROUP_FOUND;
    if (r < 0 && r != -EBUSY && (row->flags & CGROUP_MAKE_OPTIONAL)) { /* another's is another's, asked for or not */
        log_write(launch->log, LOG_LEVEL_DEBUG, "%s", err->text);
        return 0;
    }
    field = lacks_something(r) ? wanting_field(launch, row->hierarchy, err->text) : NULL;
    if (field)
        error_prefix(err, "%s", field);
    return r;
}

static bool passed_over(int code, int64_t flags)
{
    return (flags & CGROUP_WRITE_OPTIONAL) && (code == -ENOENT || code == -EOPNOTSUPP);
}

int launch_cgroup_write(struct launch *launch, const struct op_cgroup_write *row, struct error *err)
{
    int r =
        cgroup_write(launch_cgroup_dir(launch, row->hierarchy), text(launch, row->file), text(launch, row->value), err);

    if (row->flags & CGROUP_WRITE_OR_NEXT) {
        launch->skip_next = r >= 0;
        return r == -ENOENT ? 0 : r;
    }
    if (r == -EACCES) /* a cgroup that we make is ours */
        return error_append(err, " (the limits of a delegated cgroup are root's to set: one below it can be yours, see "
                                 "linux.cgroupsPath)");
    return passed_over(r, row->flags) ? 0 : r;
}

int launch_cgroup_devices(struct launch *launch, const struct op_cgroup_devices *row, struct error *err)
{
    int r = cgroup_attach_devices(launch_cgroup_dir(launch, row->hierarchy),
                                  blob_bytes(launch->plan->blob, row->program), row->program.size, err);

    return r < 0 && (row->flags & CGROUP_WRITE_OPTIONAL) ? 0 : r;
}

int launch_cgroup_find(struct launch *launch, const struct op_cgroup_find *row, struct error *err)
{
    _cleanup_close_ int fd = cgroup_open(launch_cgroup_dir(launch, row->hierarchy), err);
    int r = fd < 0 ? fd : 0;

    if (r >= 0)
        launch->cgroups[row->hierarchy] = LAUNCH_CGROUP_FOUND;
    return r < 0 && row->flags & CGROUP_MAKE_OPTIONAL ? 0 : r;
}

/* Out of its own cgroup for the time of set-up: what set-up allocates is not charged to the container. */
int launch_cgroup_leave(struct launch *launch, const struct op_cgroup_leave *row, struct error *err)
{
    struct cgroup_dir outside = *launch_cgroup_dir(launch, row->hierarchy);

    outside.path = text(launch, row->path);
    return cgroup_join(&outside, launch->state->pid, err);
}

int launch_cgroup_delegate(struct launch *launch, const struct op_cgroup_delegate *row, struct error *err)
{
    const char *enable = text(launch, row->enable);
    struct cgroup_dir below = *launch_cgroup_dir(launch, row->hierarchy);
    _cleanup_free_ char *path = NULL;
    int r;

    if (asprintf(&path, "%s/%s", below.path, text(launch, row->name)) < 0)
        return error_errno(err, -ENOMEM, "make");
    below.path = path;
    r = cgroup_delegate(&below, (uid_t) row->uid, (gid_t) row->gid, err);
    if (r >= 0)
        r = cgroup_join(&below, launch->state->pid, err);
    return r >= 0 && enable ? cgroup_enable(&below, enable, err) : r;
}

/* An optional cgroup that could not be made is not joined either. */
int launch_cgroup_join(struct launch *launch, uint64_t mask, struct error *err)
{
    for (size_t i = 0; i < launch->state->n_cgroups; i++) {
        int r;

        if (!(mask >> i & 1) || launch->cgroups[i] == LAUNCH_CGROUP_NONE)
            continue;
        r = cgroup_join(launch_cgroup_dir(launch, (int64_t) i), launch->state->pid, err);
        if (r < 0)
            return r;
    }
    return 0;
}
