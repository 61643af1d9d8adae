// SPDX-License-Identifier: LGPL-2.1-or-later
/* linux.seccomp compiled to a BPF program, with tables that libseccomp filled when crun was built. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "spec/spec.h"

struct seccomp_filter {
    void *program;  /* struct sock_filter[], malloc'd; NULL when there is nothing to install */
    size_t size;    /* bytes */
    unsigned flags; /* SECCOMP_FILTER_FLAG_*, SECCOMP_FILTER_FLAG_NEW_LISTENER where a rule notifies */
};

/* Compile. Unknown system call names are skipped (FAIL_UNKNOWN: an error that names them); system calls newer than the
 * newest the profile knows get ENOSYS where the default action is an errno. WARN is called with one line for each thing
 * that was passed over (may be NULL). */
int seccomp_compile(const struct spec_seccomp *seccomp, bool fail_unknown, struct seccomp_filter *ret_filter,
                    void (*warn)(void *userdata, const char *text), void *userdata, struct error *err);
/* A program that was compiled elsewhere, in base64. */
int seccomp_raw(const char *base64, struct seccomp_filter *ret_filter, struct error *err);
void seccomp_filter_done(struct seccomp_filter *filter);

/* "2.5.4" of the library that was asked for the tables, NULL in a build without it. (libseccomp has the shorter name for itself.) */
const char *seccomp_library_version(void);

/* The names of all known actions, operators, architectures, flags, each list ended by NULL: for features. The library
 * of the build may not know every architecture (seccomp_knows_arch), the kernel not every flag (seccomp_has_flag). */
extern const char *const seccomp_actions[], *const seccomp_operators[], *const seccomp_archs[], *const seccomp_flags[];
bool seccomp_knows_arch(const char *name);
bool seccomp_has_flag(const char *name);
