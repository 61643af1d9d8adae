// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that `checkpoint` and `restore` have in common: CRIU's. Both fill a structure that begins with struct
 * crun_checkpoint_options. */
#pragma once

#include <stddef.h>

#include "cli/options.h"

static const struct option_choice manage_cgroups_choices[] = {
    {"soft",             CRUN_CGROUPS_SOFT },
    { "full",                 CRUN_CGROUPS_FULL },
    { "strict",CRUN_CGROUPS_STRICT },
    { "ignore",          CRUN_CGROUPS_IGNORE },
    { NULL                },
};

static const struct option_choice network_lock_choices[] = {
    {"iptables",                  CRUN_NETWORK_LOCK_IPTABLES },
    { "nftables",                          CRUN_NETWORK_LOCK_NFTABLES },
    { "skip",CRUN_NETWORK_LOCK_SKIP },
    { NULL                    },
};

#define CRIU_AT(member) offsetof(struct crun_checkpoint_options, member)

/* clang-format off */
#define CHECKPOINT_OPTIONS                                                                                         \
    { "image-path", 0, OPTION_STRING, CRIU_AT(image_path), "DIR", "where the images are (default: checkpoint)" },  \
    { "work-path", 0, OPTION_STRING, CRIU_AT(work_path), "DIR", "where logs and working files go (default: the images' directory)" }, \
    { "parent-path", 0, OPTION_STRING, CRIU_AT(parent_path), "DIR", "images of the checkpoint before this one, from --image-path" }, \
    { "leave-running", 0, OPTION_FLAG, CRIU_AT(leave_running), NULL, "let the container run on" },                 \
    { "tcp-established", 0, OPTION_FLAG, CRIU_AT(tcp_established), NULL, "allow open TCP connections" },           \
    { "tcp-skip-in-flight", 0, OPTION_FLAG, CRIU_AT(tcp_skip_in_flight), NULL, "skip TCP connections that are being made" }, \
    { "tcp-close", 0, OPTION_FLAG, CRIU_AT(tcp_close), NULL, "close TCP connections" },                            \
    { "ext-unix-sk", 0, OPTION_FLAG, CRIU_AT(ext_unix_sk), NULL, "allow external unix sockets" },                  \
    { "shell-job", 0, OPTION_FLAG, CRIU_AT(shell_job), NULL, "allow shell jobs" },                                 \
    { "file-locks", 0, OPTION_FLAG, CRIU_AT(file_locks), NULL, "handle file locks" },                              \
    { "link-remap", 0, OPTION_FLAG, CRIU_AT(link_remap), NULL, "allow removed files that are still open" },        \
    { "lazy-pages", 0, OPTION_FLAG, CRIU_AT(lazy_pages), NULL, "move memory on demand (userfaultfd)" },            \
    { "status-fd", 0, OPTION_UNSIGNED, CRIU_AT(status_fd), "FD", "gets a zero byte when the page server is ready" }, \
    { "page-server", 0, OPTION_STRING, CRIU_AT(page_server), "ADDR:PORT", "send memory to this page server" },     \
    { "pre-dump", 0, OPTION_FLAG, CRIU_AT(pre_dump), NULL, "dump memory only and let the container run on" },      \
    { "manage-cgroups-mode", 0, OPTION_CHOICE, CRIU_AT(manage_cgroups_mode), "MODE", "CRIU's part in cgroups: soft, full, strict or ignore", manage_cgroups_choices }, \
    { "empty-ns", 0, OPTION_STRING, CRIU_AT(empty_ns), "NAMESPACE", "make a namespace (network) but do not restore its content" }, \
    { "auto-dedup", 0, OPTION_FLAG, CRIU_AT(auto_dedup), NULL, "drop memory from the images that is in newer ones" }, \
    { "network-lock", 0, OPTION_CHOICE, CRIU_AT(network_lock), "METHOD", "how the network is locked: iptables, nftables or skip", network_lock_choices }
/* clang-format on */
