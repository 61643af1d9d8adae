// SPDX-License-Identifier: LGPL-2.1-or-later
/* `crun check`: a collection of problems, and the parts that fill it. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "container/prepare.h"
#include "host/host.h"
#include "spec/load.h"

struct checking {
    const struct document *document;
    struct crun_check *check;
    size_t n_decoded; /* problems of the decoder, the first in the list: what follows from them is not said again */
    bool failed;      /* memory ran out */
};

/* A problem that begins with the path of a field, as the planner says it; said twice, it is kept once. */
void check_report(struct checking *checking, const char *text, bool warning);
void check_reportf(struct checking *checking, const char *format, ...) _printf_(2, 3);

/* check_host.c: what SPEC names and this host has not got: files, namespaces, interfaces, limits. */
void check_host(struct checking *checking, const struct spec *spec, const struct host *host, const char *bundle);

/* check_annotations.c: the same of what annotations, and the profile of FILTER, name. */
void check_annotations(struct checking *checking, const struct spec *spec, const struct seccomp_filter *filter);

/* check_mounts.c: and what mounts name. */
void check_mounts(struct checking *checking, const struct spec *spec, const char *bundle);
