// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the specification's spellings to the numbers of kernel and libseccomp. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <seccomp.h>

struct seccomp_action {
    uint32_t code;    /* SCMP_ACT_*, without an errno */
    bool takes_errno; /* ERRNO and TRACE */
    bool notifies;
};

/* Each is 0, or -EINVAL for a spelling that is not known here. */
int seccomp_action_find(const char *name, struct seccomp_action *ret_action);
int seccomp_operator_find(const char *name, enum scmp_compare *ret_operator);
/* The token of libseccomp; also -EINVAL when the library that crun was built with is too old for the architecture. */
int seccomp_arch_find(const char *name, uint32_t *ret_token);
