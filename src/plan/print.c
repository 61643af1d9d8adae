// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A plan in words: one line a row, whose it is, what it is for, what it does. The catalogue describes every field, so
 * a row is printed from that description, with numbers that are flags spelled out where a reader would ask.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "plan/capabilities.h"
#include "plan/plan.h"
#include "sys/compat.h"

struct printer {
    FILE *out;
    const struct blob *blob;
};

/* ---- flags as words ---- */

struct flag_name {
    uint64_t flag;
    const char *name;
};

static const struct flag_name clone_names[] = {
    {CLONE_NEWNS,      "mount"  },
    { CLONE_NEWPID,    "pid"    },
    { CLONE_NEWNET,    "network"},
    { CLONE_NEWUTS,    "uts"    },
    { CLONE_NEWIPC,    "ipc"    },
    { CLONE_NEWUSER,   "user"   },
    { CLONE_NEWCGROUP, "cgroup" },
    { CLONE_NEWTIME,   "time"   },
    { 0,               NULL     },
};

static const struct flag_name attr_names[] = {
    {MOUNT_ATTR_RDONLY,       "ro"         },
    { MOUNT_ATTR_NOSUID,      "nosuid"     },
    { MOUNT_ATTR_NODEV,       "nodev"      },
    { MOUNT_ATTR_NOEXEC,      "noexec"     },
    { MOUNT_ATTR_NOATIME,     "noatime"    },
    { MOUNT_ATTR_STRICTATIME, "strictatime"},
    { MOUNT_ATTR_NODIRATIME,  "nodiratime" },
    { MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
    { 0,                      NULL         },
};

static const struct flag_name propagation_names[] = {
    {MS_REC,         "recursive" },
    { MS_PRIVATE,    "private"   },
    { MS_SLAVE,      "slave"     },
    { MS_SHARED,     "shared"    },
    { MS_UNBINDABLE, "unbindable"},
    { 0,             NULL        },
};

static const struct flag_name mount_flag_names[] = {
    {MOUNT_NO_FOLLOW,        "dest-nofollow"  },
    { MOUNT_COPY_UP,         "tmpcopyup"      },
    { MOUNT_PLAIN_DIR,       "plain-directory"},
    { MOUNT_KEEP_MODE,       "mode-of-target" },
    { MOUNT_OWNER_IF_MAPPED, "owner-if-mapped"},
    { MOUNT_FALLBACK_BIND,   "or-bind-source" },
    { MOUNT_CGROUP,          "of-cgroups"     },
    { 0,                     NULL             },
};

static const struct flag_name bind_flag_names[] = {
    {BIND_RECURSIVE,         "recursive"      },
    { BIND_NO_FOLLOW,        "dest-nofollow"  },
    { BIND_SOURCE_NO_FOLLOW, "src-nofollow"   },
    { BIND_COPY_SYMLINK,     "copy-symlink"   },
    { BIND_PLAIN_DIR,        "plain-directory"},
    { BIND_TREE_SENT,        "tree-sent"      },
    { BIND_OVER_PROC,        "over-proc"      },
    { BIND_PROC_FILE,        "proc-file"      },
    { 0,                     NULL             },
};

static const struct flag_name root_flag_names[] = {
    {ROOT_AS_IT_IS, "as-it-is"},
    { 0,            NULL      },
};

static const struct flag_name open_flag_names[] = {
    {AT_SYMLINK_NOFOLLOW, "src-nofollow"},
    { 0,                  NULL          },
};

/* sched_setattr(2) and seccomp(2); headers of the C libraries have not all of them. */
static const struct flag_name scheduler_flag_names[] = {
    {0x01,  "SCHED_FLAG_RESET_ON_FORK" },
    { 0x02, "SCHED_FLAG_RECLAIM"       },
    { 0x04, "SCHED_FLAG_DL_OVERRUN"    },
    { 0x08, "SCHED_FLAG_KEEP_POLICY"   },
    { 0x10, "SCHED_FLAG_KEEP_PARAMS"   },
    { 0x20, "SCHED_FLAG_UTIL_CLAMP_MIN"},
    { 0x40, "SCHED_FLAG_UTIL_CLAMP_MAX"},
    { 0,    NULL                       },
};

static const struct flag_name seccomp_flag_names[] = {
    {0x01,  "SECCOMP_FILTER_FLAG_TSYNC"             },
    { 0x02, "SECCOMP_FILTER_FLAG_LOG"               },
    { 0x04, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"        },
    { 0x08, "SECCOMP_FILTER_FLAG_NEW_LISTENER"      },
    { 0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"       },
    { 0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
    { 0,    NULL                                    },
};

static const struct flag_name make_flag_names[] = {
    {CGROUP_MAKE_V2,        "v2"         },
    { CGROUP_MAKE_CPUSET,   "fill-cpuset"},
    { CGROUP_MAKE_OPTIONAL, "optional"   },
    { CGROUP_MAKE_SCOPE,    "scope"      },
    { 0,                    NULL         },
};

static const struct flag_name write_flag_names[] = {
    {CGROUP_WRITE_OPTIONAL, "optional"   },
    { CGROUP_WRITE_OR_NEXT, "or-next-row"},
    { 0,                    NULL         },
};

static void put_flags(const struct printer *p, const struct flag_name *names, uint64_t value)
{
    const char *separator = "";

    for (; names->name; names++)
        if ((value & names->flag) == names->flag) {
            fprintf(p->out, "%s%s", separator, names->name);
            value &= ~names->flag;
            separator = ",";
        }
    if (value)
        fprintf(p->out, "%s%#" PRIx64, separator, value);
}

static void put_capabilities(const struct printer *p, uint64_t mask)
{
    const char *separator = "";

    for (int i = 0; capability_names[i]; i++)
        if (mask >> i & 1) {
            fprintf(p->out, "%s%s", separator, capability_names[i] + 4);
            separator = ",";
        }
    if (!mask)
        fputs("none", p->out);
}

static const char *const sync_names[] = {
    [SYNC_INIT_WAITS] = "init waits for the parent",
    [SYNC_PARENT_WAITS] = "the parent waits for init",
    [SYNC_BOTH_WAIT] = "both wait",
};

/* ---- numbers that are not plain ---- */

enum number_style {
    PLAIN,
    OCTAL,
    CLONE_FLAGS,
    ATTR,
    PROPAGATION,
    MOUNT_FLAGS,
    BIND_FLAGS,
    MAKE_FLAGS,
    WRITE_FLAGS,
    ROOT_FLAGS,
    OPEN_FLAGS,
    SCHEDULER_FLAGS,
    SECCOMP_FLAGS,
    CAPABILITIES,
    MODE,
    HIERARCHIES,
    LIMIT,
    NAMESPACE,
};

struct number_row {
    enum op_kind kind;
    const char *field;
    enum number_style style;
};

static const struct number_row number_rows[] = {
    {OP_CLONE,             "flags",       CLONE_FLAGS    },
    { OP_UNSHARE,          "flags",       CLONE_FLAGS    },
    { OP_REFORK,           "flags",       CLONE_FLAGS    },
    { OP_SETNS,            "type",        CLONE_FLAGS    },
    { OP_MOUNT,            "attr",        ATTR           },
    { OP_MOUNT,            "flags",       MOUNT_FLAGS    },
    { OP_BIND,             "set",         ATTR           },
    { OP_BIND,             "clear",       ATTR           },
    { OP_BIND,             "reset",       ATTR           },
    { OP_BIND,             "rset",        ATTR           },
    { OP_BIND,             "rclear",      ATTR           },
    { OP_BIND,             "flags",       BIND_FLAGS     },
    { OP_REMOUNT,          "set",         ATTR           },
    { OP_REMOUNT,          "clear",       ATTR           },
    { OP_PROPAGATION,      "flags",       PROPAGATION    },
    { OP_PROPAGATE,        "flags",       PROPAGATION    },
    { OP_ROOT_PROPAGATION, "flags",       PROPAGATION    },
    { OP_CGROUP_MAKE,      "flags",       MAKE_FLAGS     },
    { OP_CGROUP_FIND,      "flags",       MAKE_FLAGS     },
    { OP_CGROUP_WRITE,     "flags",       WRITE_FLAGS    },
    { OP_CGROUP_DEVICES,   "flags",       WRITE_FLAGS    },
    { OP_CGROUP_JOIN,      "mask",        HIERARCHIES    },
    { OP_ROOT,             "flags",       ROOT_FLAGS     },
    { OP_OPEN,             "flags",       OPEN_FLAGS     },
    { OP_SCHEDULER,        "flags",       SCHEDULER_FLAGS},
    { OP_SECCOMP,          "flags",       SECCOMP_FLAGS  },
    { OP_SYNC,             "mode",        MODE           },
    { OP_DEVICE,           "mode",        OCTAL          },
    { OP_UMASK,            "mask",        OCTAL          },
    { OP_BOUNDING,         "keep",        CAPABILITIES   },
    { OP_CAPABILITIES,     "effective",   CAPABILITIES   },
    { OP_CAPABILITIES,     "permitted",   CAPABILITIES   },
    { OP_CAPABILITIES,     "inheritable", CAPABILITIES   },
    { OP_CAPABILITIES,     "ambient",     CAPABILITIES   },
    { OP_RLIMIT,           "soft",        LIMIT          },
    { OP_RLIMIT,           "hard",        LIMIT          },
    { OP_RLIMIT_RAISE,     "hard",        LIMIT          },
};

static enum number_style style_of(enum op_kind kind, const char *field)
{
    for (size_t i = 0; i < sizeof number_rows / sizeof number_rows[0]; i++)
        if (number_rows[i].kind == kind && strcmp(number_rows[i].field, field) == 0)
            return number_rows[i].style;
    return PLAIN;
}

/* Their numbers, as the other cgroup rows have them. */
static void put_hierarchies(const struct printer *p, uint64_t mask)
{
    const char *separator = "";

    for (int i = 0; i < 64; i++)
        if (mask >> i & 1) {
            fprintf(p->out, "%s%d", separator, i);
            separator = ",";
        }
}

static void put_limit(const struct printer *p, int64_t value)
{
    if (value == -1)
        fputs("unlimited", p->out);
    else
        fprintf(p->out, "%" PRIu64, (uint64_t) value);
}

static void put_number(const struct printer *p, enum op_kind kind, const char *field, int64_t value)
{
    uint64_t bits = (uint64_t) value;

    switch (style_of(kind, field)) {
    case PLAIN:
    case NAMESPACE:
        fprintf(p->out, "%" PRId64, value);
        break;
    case OCTAL:
        fprintf(p->out, "%#" PRIo64, bits);
        break;
    case HIERARCHIES:
        put_hierarchies(p, bits);
        break;
    case ROOT_FLAGS:
        put_flags(p, root_flag_names, bits);
        break;
    case OPEN_FLAGS:
        put_flags(p, open_flag_names, bits);
        break;
    case SCHEDULER_FLAGS:
        put_flags(p, scheduler_flag_names, bits);
        break;
    case SECCOMP_FLAGS:
        put_flags(p, seccomp_flag_names, bits);
        break;
    case CLONE_FLAGS:
        put_flags(p, clone_names, bits);
        break;
    case ATTR:
        put_flags(p, attr_names, bits);
        break;
    case PROPAGATION:
        put_flags(p, propagation_names, bits);
        break;
    case MOUNT_FLAGS:
        put_flags(p, mount_flag_names, bits);
        break;
    case BIND_FLAGS:
        put_flags(p, bind_flag_names, bits);
        break;
    case MAKE_FLAGS:
        put_flags(p, make_flag_names, bits);
        break;
    case WRITE_FLAGS:
        put_flags(p, write_flag_names, bits);
        break;
    case CAPABILITIES:
        put_capabilities(p, bits);
        break;
    case LIMIT:
        put_limit(p, value);
        break;
    case MODE:
        fputs(value >= 0 && value <= SYNC_BOTH_WAIT ? sync_names[value] : "?", p->out);
        break;
    }
}

/* ---- fields ---- */

/* A character that would end the line, or mean something to a terminal. */
static bool is_control(char c)
{
    return (unsigned char) c < 0x20 || c == 0x7f;
}

/* With control characters escaped: a line stays a line. */
static void put_words(const struct printer *p, const char *text)
{
    for (; *text; text++)
        if (is_control(*text))
            fprintf(p->out, *text == '\n' ? "\\n" : "\\x%02x", (unsigned char) *text);
        else
            fputc(*text, p->out);
}

static void put_text(const struct printer *p, const char *text)
{
    fputc('"', p->out);
    for (char c[2] = ""; (c[0] = *text); text++) {
        if (c[0] == '"' || c[0] == '\\')
            fputc('\\', p->out);
        put_words(p, c);
    }
    fputc('"', p->out);
}

static void put_str(const struct printer *p, const char *field, op_str ref)
{
    const char *text = blob_str(p->blob, ref);

    if (!text)
        return;
    fprintf(p->out, " %s ", field);
    put_text(p, text);
}

static void put_list(const struct printer *p, const char *field, struct op_list list)
{
    const uint64_t *words = (const uint64_t *) ((const char *) p->blob + list.offset);

    if (!list.offset || !list.n)
        return;
    fprintf(p->out, " %s [", field);
    for (uint32_t i = 0; i < list.n; i++) {
        fputs(i ? ", " : "", p->out);
        put_text(p, (const char *) p->blob + words[i]);
    }
    fputc(']', p->out);
}

static void put_bytes(const struct printer *p, const char *field, struct op_bytes bytes)
{
    if (bytes.size)
        fprintf(p->out, " %s %u bytes", field, bytes.size);
}

/* Zero is what a field has that was not asked for; only some numbers speak at zero too. */
static bool is_silent(enum op_kind kind, const char *field, int64_t value)
{
    if (value != 0)
        return false;
    return !(kind == OP_IDENTITY || kind == OP_SYNC || kind == OP_UMASK || kind == OP_CAPABILITIES ||
             kind == OP_BOUNDING || kind == OP_RLIMIT || kind == OP_OOM_SCORE_ADJ || kind == OP_HOME) ||
           strcmp(field, "state") == 0;
}

static void put_field_number(const struct printer *p, enum op_kind kind, const char *field, int64_t value)
{
    if (is_silent(kind, field, value) || (strcmp(field, "hierarchy") == 0 && value < 0))
        return;
    fprintf(p->out, " %s ", field);
    put_number(p, kind, field, value);
}

static void put_slot(const struct printer *p, const char *field, op_slot slot)
{
    if (slot != SLOT_NONE)
        fprintf(p->out, " %s #%d", field, slot);
}

#define PRINT_STR(f)   put_str(p, #f, row->f);
#define PRINT_LIST(f)  put_list(p, #f, row->f);
#define PRINT_BYTES(f) put_bytes(p, #f, row->f);
#define PRINT_NUM(f)   put_field_number(p, (enum op_kind) op->kind, #f, row->f);
#define PRINT_SLOT(f)  put_slot(p, #f, row->f);
#define PRINT_CASE(NAME, name, fields)                                                                                 \
    case OP_##NAME: {                                                                                                  \
        const struct op_##name *row = &op->name;                                                                       \
                                                                                                                       \
        (void) row;                                                                                                    \
        fields break;                                                                                                  \
    }

static void put_fields(const struct printer *p, const struct op *op)
{
    switch ((enum op_kind) op->kind) {
        OP_CATALOGUE(PRINT_CASE, PRINT_STR, PRINT_LIST, PRINT_BYTES, PRINT_NUM, PRINT_SLOT)
    case N_OP_KINDS:
        break;
    }
}

/* ---- rows ---- */

#define ROW_NAME(NAME, name, fields) [OP_##NAME] = #name,
static const char *const row_names[] = { OP_CATALOGUE(ROW_NAME, , , , , ) };

const char *plan_row_name(const struct op *row)
{
    return row_names[row->kind];
}

static const char *const side_names[] = { [SIDE_PARENT] = "parent", [SIDE_INIT] = "init", [SIDE_BOTH] = "both" };

static void put_row(const struct printer *p, const struct op *op)
{
    const char *what = blob_str(p->blob, op->what);

    fprintf(p->out, "%-6s  %-16s", side_names[op->side], plan_row_name(op));
    put_fields(p, op);
    if (what) {
        fputs("  # ", p->out);
        put_words(p, what);
    }
    fputc('\n', p->out);
}

static void put_remarks(const struct printer *p, const char *kind, const char *const *remarks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(p->out, "%s: ", kind);
        put_words(p, remarks[i]);
        fputc('\n', p->out);
    }
}

int plan_print(const struct plan *plan, char **ret_text, struct error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct printer p = { .out = open_memstream(&text, &size), .blob = plan->blob };
    const struct op *ops = blob_ops(plan->blob);

    if (!p.out)
        return error_errno(err, -errno, "print the plan");
    for (uint32_t i = 0; i < plan->blob->n_ops; i++)
        put_row(&p, &ops[i]);
    put_remarks(&p, "note", plan->notes, plan->n_notes);
    put_remarks(&p, "warning", plan->warnings, plan->n_warnings);
    if (ferror(p.out) | fclose(p.out)) {
        free(text);
        return error_errno(err, -ENOMEM, "print the plan");
    }
    *ret_text = text;
    return 0;
}
