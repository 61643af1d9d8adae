// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A profile as ranges of system call numbers, the form that program.h writes. Here is decided what a number gets that
 * the profile does not name: the default action; or ENOSYS, when it is above the highest number that is named. A C
 * library tries a new system call and falls back to an old one when it hears ENOSYS; from a profile that was written
 * before the call existed it would hear EPERM and give up.
 */
#pragma once

#include "base/error.h"
#include "seccomp/program.h"

struct seccomp_profile {
    const struct seccomp_rule *rules;
    size_t n_rules;
    uint32_t default_code;
    uint32_t unknown_code; /* above the highest number */
    uint32_t foreign_code; /* other architectures */
    const uint32_t *archs; /* libseccomp's tokens */
    size_t n_archs;
};

/* Write the program for all architectures of PROFILE. -ENOMEM, or -EFBIG above the kernel's limit. */
int seccomp_profile_write(const struct seccomp_profile *profile, struct program *program);
