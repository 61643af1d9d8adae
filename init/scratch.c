// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that the rows of mounts are done with. They are closed together by one close_range(2), before the next row of
 * another kind at the latest: nothing that waits (for a hook, `start`, the parent) has them open. The range holds nothing
 * else: what is kept has a number below or above it (last_kept, scratch_keep).
 */
#include "init/init.h"

enum { SCRATCH_MAX = 16 }; /* a caller's RLIMIT_NOFILE may be small */

static int last_kept(const struct init *init)
{
    const int kept[] = { init->report_fd, init->listen_fd,    init->state_fd,     init->proc_fd,
                         init->root_fd,   init->null_file.fd, init->empty_dir.fd, init->device_dir.fd };
    int last = init->blob->fd_base + BLOB_FD_SLOTS + (int) init->blob->n_slots - 1;

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        last = kept[i] > last ? kept[i] : last;
    return last;
}

static bool leaves_scratch(uint16_t kind)
{
    return kind == OP_MOUNT || kind == OP_BIND || kind == OP_READONLY_PATH || kind == OP_MASK_PATH;
}

/* Between rows, never in one: what a row works on may have taken a number in between that had become free. */
void scratch_close_before(struct init *init, const struct op *op)
{
    struct scratch *scratch = &init->scratch;

    if (scratch->n == 0 || (leaves_scratch(op->kind) && scratch->n < SCRATCH_MAX))
        return;
    if (sys_close_range((unsigned) scratch->first, (unsigned) scratch->last, 0) < 0)
        for (int fd = scratch->first; fd <= scratch->last; fd++)
            sys_close(fd);
    scratch->n = 0;
}

void scratch_leave(struct init *init, int fd)
{
    struct scratch *scratch = &init->scratch;
    int kept = last_kept(init);

    if (init->changes.kept || fd <= kept || (scratch->n > 0 && kept > scratch->first)) {
        sys_close(fd);
        return;
    }
    scratch->first = scratch->n == 0 || fd < scratch->first ? fd : scratch->first;
    scratch->last = scratch->n == 0 || fd > scratch->last ? fd : scratch->last;
    scratch->n++;
}

int scratch_keep(struct init *init, int fd)
{
    const struct scratch *scratch = &init->scratch;
    int above;

    if (fd < 0 || scratch->n == 0 || fd > scratch->last)
        return fd;
    above = sys_fcntl(fd, F_DUPFD_CLOEXEC, scratch->last + 1);
    sys_close(fd);
    return above;
}
