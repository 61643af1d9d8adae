// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Strict on purpose: a user that is misread is root more often than not (CVE-2026-30892). strtoul(3) takes blanks,
 * signs, nothing at all, and wraps negative numbers; here every byte must be a digit, and there must be one. A leading
 * zero is refused too: "010" is 8 to who thinks of C, and 10 to us.
 */
#include "spec/user.h"

#include <errno.h>
#include <string.h>

enum { DIGITS_MAX = 10 };

static int parse_digits(const char *text, size_t length, uint32_t *ret_id)
{
    uint64_t value = 0;

    if (length == 0 || length > DIGITS_MAX || (text[0] == '0' && length > 1))
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        value = value * 10 + (uint64_t) (text[i] - '0');
    }
    if (value >= UINT32_MAX)
        return -EINVAL;
    *ret_id = (uint32_t) value;
    return 0;
}

int user_parse_id(const char *text, uint32_t *ret_id)
{
    return parse_digits(text, strlen(text), ret_id);
}

int user_parse(const char *text, uint32_t *ret_uid, struct opt_u32 *ret_gid, struct error *err)
{
    const char *colon = strchr(text, ':');
    uint32_t uid = 0, gid = 0;
    int r = parse_digits(text, colon ? (size_t) (colon - text) : strlen(text), &uid);

    if (r == 0 && colon)
        r = user_parse_id(colon + 1, &gid);
    if (r < 0)
        return error_set(
            err, r, "expected UID or UID:GID, numbers from 0 to 4294967294 without leading zeros, found \"%s\"", text);
    *ret_uid = uid;
    *ret_gid = (struct opt_u32){ .set = colon != NULL, .value = gid };
    return 0;
}
