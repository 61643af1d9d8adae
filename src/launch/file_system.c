// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fsopen, fsconfig, fsmount on the host's side, for a container that runs: the device of an ext4 and the directories of an
 * overlay are named by paths of the host, which the kernel looks up where the caller is.
 */
#include "launch/file_system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/mounts.h"

enum { VALUE_SIZE = 256, LOG_SIZE = 256 }; /* fsconfig takes values of less than 256 bytes */

/* The kernel's own words, if it has any: "e overlay: ...". */
static int fail(int fs_fd, int code, const char *call, const char *detail, struct error *err)
{
    char log[LOG_SIZE];
    ssize_t length = read(fs_fd, log, sizeof log - 1);

    if (length <= 2)
        return error_errno(err, code, "%s \"%s\"", call, detail);
    log[length] = '\0';
    log[strcspn(log, "\n")] = '\0';
    return error_set(err, code, "%s", log + 2);
}

static void unquote(char *value)
{
    size_t length = strlen(value);

    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return;
    memmove(value, value + 1, length - 2);
    value[length - 2] = '\0';
}

static int set_string(int fs_fd, const char *key, const char *value, struct error *err)
{
    int r = strlen(value) < VALUE_SIZE ? sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, key, value, 0) : -ENAMETOOLONG;

    if (r == -ENAMETOOLONG)
        return error_set(err, r,
                         "option \"%s\": longer than the 255 bytes that fsconfig(2) takes (mount it on the host, "
                         "and add a bind mount)",
                         key);
    return r < 0 ? fail(fs_fd, r, "fsconfig", key, err) : 0;
}

static int set_option(int fs_fd, const char *option, struct error *err)
{
    _cleanup_free_ char *key = strdup(option);
    char *value = key ? strchr(key, '=') : NULL;
    int r;

    if (!key)
        return error_errno(err, -ENOMEM, "fsconfig");
    if (!value || value == key) {
        r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, key, NULL, 0);
        return r < 0 ? fail(fs_fd, r, "fsconfig", option, err) : 0;
    }
    *value++ = '\0';
    unquote(value);
    return set_string(fs_fd, key, value, err);
}

static int configure(int fs_fd, const char *type, const char *source, char *const *options, struct error *err)
{
    int r = set_string(fs_fd, "source", source, err);

    for (; r >= 0 && *options; options++)
        r = set_option(fs_fd, *options, err);
    if (r < 0)
        return r;
    r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    return r < 0 ? fail(fs_fd, r, "fsconfig", type, err) : 0;
}

int file_system_make(const char *type, const char *source, char *const *options, struct error *err)
{
    _cleanup_close_ int fs_fd = sys_fsopen(type, FSOPEN_CLOEXEC);
    int r;

    if (fs_fd < 0)
        return error_errno(err, fs_fd, "fsopen \"%s\"", type);
    r = configure(fs_fd, type, source, options, err);
    if (r < 0)
        return r;
    r = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
    return r < 0 ? fail(fs_fd, r, "fsmount", type, err) : r;
}

bool file_system_known(const char *type)
{
    _cleanup_close_ int fs_fd = sys_fsopen(type, FSOPEN_CLOEXEC);

    return fs_fd != -ENODEV;
}

int file_system_takes(const char *type, const char *option, struct error *err)
{
    _cleanup_close_ int fs_fd = sys_fsopen(type, FSOPEN_CLOEXEC);

    return fs_fd < 0 || strlen(option) >= VALUE_SIZE ? 0 : set_option(fs_fd, option, err);
}
