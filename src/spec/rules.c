// SPDX-License-Identifier: LGPL-2.1-or-later
/* How strings have to look: the patterns of the specification's schemas and the rules of its text. */
#include "spec/shapes.h"

#include <string.h>

static const char digits[] = "0123456789";

static bool is_absolute(const char *value)
{
    return value[0] == '/';
}

const struct text_rule rule_absolute_path = { "an absolute path", is_absolute };

/* How many components PATH goes down, by its spelling: ".." takes one back, but nobody gets above the root. */
static size_t depth_of(const char *path)
{
    size_t depth = 0;

    for (size_t n; *path; path += n) {
        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.')
            depth -= depth > 0;
        else if (n > 0 && !(n == 1 && path[0] == '.'))
            depth++;
    }
    return depth;
}

/* What is done to the path must not be done to the whole root. */
static bool is_inner_path(const char *value)
{
    return is_absolute(value) && depth_of(value) > 0;
}

const struct text_rule rule_inner_path = { "an absolute path below \"/\"", is_inner_path };

/* Whether ".." is a component of PATH. */
static bool goes_up(const char *path)
{
    for (size_t n; *path; path += n) {
        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.')
            return true;
    }
    return false;
}

/* Of a node that is made: one spelling only, for the defaults of /dev are told from it by text. */
static bool is_node_path(const char *value)
{
    return is_inner_path(value) && !goes_up(value);
}

const struct text_rule rule_node_path = { "an absolute path below \"/\" without \"..\"", is_node_path };

static bool is_some_path(const char *value)
{
    return *value != '\0';
}

const struct text_rule rule_some_path = { "a path", is_some_path };

static bool is_variable(const char *value)
{
    return *value != '=' && strchr(value, '=');
}

const struct text_rule rule_variable = { "NAME=VALUE", is_variable };

/* The kernel would take them; what prints the name, as a shell's prompt does, or writes it into /etc/hosts would not. */
static bool has_control(const char *value)
{
    for (; *value; value++)
        if ((unsigned char) *value < ' ' || *value == 0x7f)
            return true;
    return false;
}

/* cgroup file systems take no newline, and /proc/PID/cgroup is read by lines. */
static bool is_control_free(const char *value)
{
    return !has_control(value);
}

const struct text_rule rule_control_free = { "a text without control characters", is_control_free };

/* uname(2): __NEW_UTS_LEN */
static bool is_node_name(const char *value)
{
    return strlen(value) <= 64 && !has_control(value);
}

const struct text_rule rule_node_name = { "a name of at most 64 bytes without control characters", is_node_name };

/* Over a number as SemVer 2.0.0 writes it, "0" or without a leading zero; NULL when there is none. */
static const char *skip_number(const char *p)
{
    size_t n = strspn(p, digits);

    return n == 0 || (n > 1 && p[0] == '0') ? NULL : p + n;
}

/* "1.MINOR.PATCH", and "-PRE" or "+BUILD" behind it: the 1.x versions promise to be compatible. */
static bool is_version_1(const char *value)
{
    const char *p = strncmp(value, "1.", 2) == 0 ? skip_number(value + 2) : NULL;

    p = p && *p == '.' ? skip_number(p + 1) : NULL;
    if (!p)
        return false;
    if (*p == '\0')
        return true;
    return (*p == '-' || *p == '+') && p[1] &&
           p[strspn(p, "-+.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] == '\0';
}

const struct text_rule rule_oci_version = { "a 1.x.y version of the specification", is_version_1 };

static bool is_rlimit_name(const char *value)
{
    const char *name = value + strlen("RLIMIT_");

    return strncmp(value, "RLIMIT_", strlen("RLIMIT_")) == 0 && *name &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

const struct text_rule rule_rlimit_name = { "a name like RLIMIT_NOFILE", is_rlimit_name };

static bool is_cpu_list(const char *value)
{
    return value[strspn(value, "0123456789, -")] == '\0';
}

const struct text_rule rule_cpu_list = { "a list of CPUs like 0-3,7", is_cpu_list };

static bool is_page_size(const char *value)
{
    const char *unit = value + strspn(value, digits);

    return unit > value && value[0] != '0' && *unit && strchr("KMG", *unit) && strcmp(unit + 1, "B") == 0;
}

const struct text_rule rule_page_size = { "a page size like 2MB", is_page_size };

static bool is_device_access(const char *value)
{
    return value[strspn(value, "rwm")] == '\0';
}

const struct text_rule rule_device_access = { "a set of the letters r, w, m", is_device_access };

static bool is_mem_bw_schema(const char *value)
{
    return strncmp(value, "MB:", 3) == 0 && !strchr(value, '\n');
}

const struct text_rule rule_mem_bw_schema = { "one line that begins with MB:", is_mem_bw_schema };
