// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A filter that was compiled elsewhere (annotation run.oci.seccomp_bpf_data): struct sock_filter[] in base64. Whether it
 * is a program at all the kernel checks; here only what it needs to be loaded with.
 */
#include "seccomp/seccomp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* The value of a digit of base64 (RFC 4648, either alphabet), or -1. */
static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
    const char *found = c ? strchr(digits, c) : NULL;

    if (!found)
        return -1;
    return found - digits < 64 ? (int) (found - digits) : (int) (found - digits) - 2;
}

/* Into OUT, which has room for three bytes of every four digits. -EINVAL, or the number of bytes. */
static long decode(const char *text, unsigned char *out)
{
    size_t length = strlen(text), n = 0;
    unsigned bits = 0, n_bits = 0;

    while (length > 0 && (text[length - 1] == '=' || text[length - 1] == '\n'))
        length--;
    for (size_t i = 0; i < length; i++) {
        int value = digit(text[i]);

        if (value < 0)
            return -EINVAL;
        bits = bits << 6 | (unsigned) value;
        n_bits += 6;
        if (n_bits >= 8)
            out[n++] = (unsigned char) (bits >> (n_bits -= 8));
    }
    return (long) n;
}

/* A program that may ask an agent gets a listener. */
static bool notifies(const struct sock_filter *program, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (program[i].code == (BPF_RET | BPF_K) && (program[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
            return true;
    return false;
}

int seccomp_raw(const char *base64, struct seccomp_filter *ret_filter, struct error *err)
{
    struct sock_filter *program = malloc(strlen(base64) + sizeof *program);
    long size = program ? decode(base64, (unsigned char *) program) : -ENOMEM;
    size_t n = size > 0 ? (size_t) size / sizeof *program : 0;

    if (size > 0 && (size_t) size == n * sizeof *program && n <= BPF_MAXINSNS) {
        *ret_filter = (struct seccomp_filter){ program, (size_t) size,
                                               notifies(program, n) ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0 };
        return 0;
    }
    free(program);
    if (size == -ENOMEM)
        return error_errno(err, -ENOMEM, "linux.seccomp");
    return error_set(err, -EINVAL,
                     "annotations[\"run.oci.seccomp_bpf_data\"]: expected 1 to %d instructions of 8 bytes in base64",
                     BPF_MAXINSNS);
}

void seccomp_filter_done(struct seccomp_filter *filter)
{
    free(filter->program);
    *filter = (struct seccomp_filter){ 0 };
}
