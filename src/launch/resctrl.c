// SPDX-License-Identifier: LGPL-2.1-or-later
/* Groups of resctrl; see resctrl.h. What the kernel dislikes it explains in info/last_cmd_status. */
#include "launch/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

enum { FILE_LIMIT = 1 << 16 };

int resctrl_make(const char *path, bool must_exist, bool *ret_made, struct error *err)
{
    struct stat st;

    *ret_made = false;
    if (stat(path, &st) == 0)
        return 0;
    if (must_exist)
        return error_errno(err, -errno, "\"%s\" (without schemata the class must exist)", path);
    if (mkdir(path, 0755) < 0)
        return errno == ENOSPC ? error_set(err, -ENOSPC, "mkdir \"%s\": no class of service is free any more", path)
                               : error_errno(err, -errno, "mkdir \"%s\"", path);
    *ret_made = true;
    return 0;
}

/* ---- what is there and what is wanted ---- */

static size_t skip_blanks(const char *text)
{
    return strspn(text, " \t");
}

/* The line of resource NAME ("L3"): what follows its colon, or NULL. */
static const char *find_resource(const char *present, const char *name, size_t length)
{
    for (const char *line = present; *line;) {
        const char *at = line + skip_blanks(line);
        size_t all = strcspn(line, "\n");

        if (strncmp(at, name, length) == 0 && at[length] == ':')
            return at + length + 1;
        line += all + (line[all] == '\n');
    }
    return NULL;
}

/* "0=f;1=f0": the value of domain ID, by the BASE of the resource's numbers; false if it is not there. */
static bool find_value(const char *domains, unsigned long id, int base, unsigned long long *ret_value)
{
    while (*domains && *domains != '\n') {
        char *end;
        unsigned long found = strtoul(domains, &end, 10);

        if (end == domains || *end != '=')
            return false;
        *ret_value = strtoull(end + 1, &end, base);
        if (found == id)
            return true;
        domains = end + (*end == ';');
        domains += skip_blanks(domains);
        if (*domains != '\n' && *domains && strspn(domains, "0123456789") == 0)
            return false;
    }
    return false;
}

/* One wanted line, "L3:0=f;1=f0". Bandwidth is decimal, bit masks are hexadecimal. */
static bool line_agrees(const char *line, const char *present)
{
    const char *name = line + skip_blanks(line), *wanted, *there;
    size_t length = strcspn(name, ":\n");
    int base = strncmp(name, "MB", 2) == 0 || strncmp(name, "SMBA", 4) == 0 ? 10 : 16;

    if (name[length] != ':')
        return length == 0;
    wanted = name + length + 1;
    there = find_resource(present, name, length);
    while (there && *wanted && *wanted != '\n') {
        unsigned long long value, is = 0;
        char *end;
        unsigned long id = strtoul(wanted, &end, 10);

        if (end == wanted || *end != '=')
            return false;
        value = strtoull(end + 1, &end, base);
        if (!find_value(there, id, base, &is) || is != value)
            return false;
        wanted = end + (*end == ';');
    }
    return there != NULL;
}

bool resctrl_agrees(const char *wanted, const char *present)
{
    for (const char *line = wanted; *line;) {
        size_t length = strcspn(line, "\n");

        if (!line_agrees(line, present))
            return false;
        line += length + (line[length] == '\n');
    }
    return true;
}

/* ---- files ---- */

static int check_present(const char *file, const char *schemata, struct error *err)
{
    _cleanup_free_ char *present = NULL;
    size_t size;
    int r = file_read(AT_FDCWD, file, FILE_LIMIT, &present, &size);

    if (r < 0)
        return error_errno(err, r, "read \"%s\"", file);
    if (!resctrl_agrees(schemata, present))
        return error_set(err, -EINVAL, "the class exists, and \"%s\" says otherwise than the configuration", file);
    return 0;
}

int resctrl_apply(const char *path, const char *schemata, bool made, struct error *err)
{
    char file[4096];
    int r;

    snprintf(file, sizeof file, "%s/schemata", path);
    if (!made)
        return check_present(file, schemata, err);
    r = file_write(AT_FDCWD, file, schemata);
    return r < 0 ? error_errno(err, r, "write \"%s\" (see info/last_cmd_status of resctrl)", file) : 0;
}

int resctrl_join(const char *path, pid_t pid, struct error *err)
{
    char file[4096], number[16];
    int r;

    snprintf(file, sizeof file, "%s/tasks", path);
    snprintf(number, sizeof number, "%d", pid);
    r = file_write(AT_FDCWD, file, number);
    return r < 0 ? error_errno(err, r, "write \"%s\"", file) : 0;
}
