// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A walk over a cgroup and everything below it. What is below is made by the container and may be nested as deeply as
 * it likes, so there is neither recursion nor a descriptor for each level: one descriptor moves down by name and up by
 * "..".
 */
#pragma once

#include <stddef.h>

struct cgroup_visitor {
    int (*enter)(int fd, void *userdata); /* at each cgroup, before those below it; or NULL */
    int (*leave)(int parent_fd, const char *name,
                 void *userdata); /* after those below NAME; not for the top; or NULL */
    void *userdata;
};

/* Walk from TOP_FD, a descriptor of a directory, which stays the caller's. A visitor's negative result ends the walk
 * and is returned. Cgroups that vanish meanwhile are passed over. */
int cgroup_walk(int top_fd, const struct cgroup_visitor *visitor);
