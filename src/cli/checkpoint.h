// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that `checkpoint` and `restore` have in common: CRIU's. */
#pragma once

#include "cli/options.h"

static const struct option_choice manage_cgroups_choices[] = {
    {"soft",    0 },
    { "full",        1 },
    { "strict", 2 },
    { "ignore", 3 },
    { NULL       },
};

/* clang-format off */
#define CHECKPOINT_OPTIONS                                                                                         \
    { "image-path", 0, OPTION_STRING, 0, "DIR", "where the images are" },                                          \
    { "work-path", 0, OPTION_STRING, 0, "DIR", "where logs and working files go" },                                \
    { "parent-path", 0, OPTION_STRING, 0, "DIR", "images of the checkpoint before this one" },                     \
    { "leave-running", 0, OPTION_FLAG, 0, NULL, "let the container run on" },                                      \
    { "tcp-established", 0, OPTION_FLAG, 0, NULL, "allow open TCP connections" },                                  \
    { "tcp-skip-in-flight", 0, OPTION_FLAG, 0, NULL, "skip TCP connections that are being made" },                 \
    { "tcp-close", 0, OPTION_FLAG, 0, NULL, "close TCP connections" },                                             \
    { "ext-unix-sk", 0, OPTION_FLAG, 0, NULL, "allow external unix sockets" },                                     \
    { "shell-job", 0, OPTION_FLAG, 0, NULL, "allow shell jobs" },                                                  \
    { "file-locks", 0, OPTION_FLAG, 0, NULL, "handle file locks" },                                                \
    { "link-remap", 0, OPTION_FLAG, 0, NULL, "allow removed files that are still open" },                          \
    { "lazy-pages", 0, OPTION_FLAG, 0, NULL, "move memory on demand (userfaultfd)" },                              \
    { "status-fd", 0, OPTION_UNSIGNED, 0, "FD", "gets a byte when the page server is ready" },                     \
    { "page-server", 0, OPTION_STRING, 0, "ADDR:PORT", "send memory to this page server" },                        \
    { "pre-dump", 0, OPTION_FLAG, 0, NULL, "dump memory only and let the container run on" },                      \
    { "manage-cgroups-mode", 0, OPTION_CHOICE, 0, "MODE", "soft, full, strict or ignore", manage_cgroups_choices }, \
    { "empty-ns", 0, OPTION_STRING, 0, "NAMESPACE", "make a namespace but do not restore its content" },           \
    { "auto-dedup", 0, OPTION_FLAG, 0, NULL, "drop memory from the images that is in newer ones" },                \
    { "network-lock", 0, OPTION_STRING, 0, "METHOD", "how the network is locked: iptables, nftables or skip" }
/* clang-format on */
