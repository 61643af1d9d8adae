// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The times of our rows, when somebody asked (--timeline): written into memory that the parent shares with us. The
 * mapping ends with the exec, so nothing of it is in the container.
 */
#include "init/init.h"
#include "sys/memory.h"

static int64_t now(void)
{
    struct timespec time = { 0 };

    sys_call(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

void timeline_begin(struct init *init, uint32_t row)
{
    if (init->times)
        init->times[row].begin = now();
}

void timeline_end(struct init *init, uint32_t row)
{
    if (init->times)
        init->times[row].end = now();
}

int timeline_map(struct init *init)
{
    size_t size = (init->n_ops + 1) * sizeof *init->times;
    int fd = slot_fd(init, (op_slot) init->blob->times - 1), r;
    struct stat st;
    void *memory;

    if (!init->blob->times)
        return 0;
    r = sys_fstat(fd, &st);
    if (r < 0 || (size_t) st.st_size < size)
        return init_explain(init, r < 0 ? r : -EBADMSG, "crun-init was given no room for its times");
    memory = sys_mmap(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    r = sys_mmap_failed(memory);
    if (r < 0)
        return init_fail(init, r, "mmap", NULL);
    init->times = memory;
    return 0;
}
