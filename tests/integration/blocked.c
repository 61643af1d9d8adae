// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sandbox that does not know, or does not allow, some system calls:
 *
 *     blocked ENOSYS|EPERM CALL,CALL,... COMMAND [ARG...]
 *
 * runs COMMAND with a seccomp filter that gives that error for these calls and lets all others pass. The numbers are
 * the same on every architecture from 424 on; the older ones come from the headers.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    {"pidfd_send_signal", 424             },
    { "open_tree",        428             },
    { "move_mount",       429             },
    { "fsopen",           430             },
    { "fsconfig",         431             },
    { "fsmount",          432             },
    { "fspick",           433             },
    { "pidfd_open",       434             },
    { "clone3",           435             },
    { "close_range",      436             },
    { "openat2",          437             },
    { "faccessat2",       439             },
    { "mount_setattr",    442             },
    { "keyctl",           SYS_keyctl      },
    { "memfd_create",     SYS_memfd_create},
    { "bpf",              SYS_bpf         },
    { "execveat",         SYS_execveat    },
    { "setns",            SYS_setns       },
    { "setgroups",        SYS_setgroups   },
    { "statx",            SYS_statx       },
    { "unshare",          SYS_unshare     },
    { "prctl",            SYS_prctl       },
    { "pivot_root",       SYS_pivot_root  },
};

static int find(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            return (int) calls[i].number;
    return -1;
}

int main(int argc, char **argv)
{
    enum { MAX = 64 };
    struct sock_filter filter[MAX] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
    struct sock_fprog program = { .filter = filter, .len = 1 };
    unsigned error;

    if (argc < 4)
        return fprintf(stderr, "usage: blocked ENOSYS|EPERM CALL,... COMMAND...\n"), 125;
    error = strcmp(argv[1], "ENOSYS") == 0 ? ENOSYS : EPERM;
    for (char *name = strtok(argv[2], ","); name; name = strtok(NULL, ",")) {
        int number = find(name);

        if (number < 0 || program.len > MAX - 3)
            return fprintf(stderr, "blocked: unknown call %s\n", name), 125;
        filter[program.len++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned) number, 0, 1);
        filter[program.len++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    filter[program.len++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
            return perror("blocked: seccomp"), 125;
    }
    execvp(argv[3], argv + 3);
    return perror(argv[3]), 127;
}
