// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The numbers of CRIU's RPC, as rpc.proto of Debian's package criu (or libcriu-dev) has them; tests/unit/criu_fields.py
 * holds them against the file where it is installed. Only what we send or read stands here. A number never changes its
 * meaning (protocol buffers), and a field that an older criu does not know is passed over by it.
 */
#pragma once

enum criu_request_type {
    CRIU_REQ_TYPE_DUMP = 1,
    CRIU_REQ_TYPE_RESTORE = 2,
    CRIU_REQ_TYPE_PRE_DUMP = 4,
    CRIU_REQ_TYPE_NOTIFY = 6,
};

enum criu_req_field {
    CRIU_REQ_TYPE = 1,
    CRIU_REQ_OPTS = 2,
    CRIU_REQ_NOTIFY_SUCCESS = 3,
};

enum criu_resp_field {
    CRIU_RESP_TYPE = 1,
    CRIU_RESP_SUCCESS = 2,
    CRIU_RESP_RESTORE = 4,
    CRIU_RESP_NOTIFY = 5,
    CRIU_RESP_CR_ERRNO = 7,
};

enum criu_restore_resp_field { CRIU_RESTORE_RESP_PID = 1 };

enum criu_notify_field {
    CRIU_NOTIFY_SCRIPT = 1,
    CRIU_NOTIFY_PID = 2,
};

enum criu_opts_field {
    CRIU_OPTS_IMAGES_DIR_FD = 1,
    CRIU_OPTS_PID = 2,
    CRIU_OPTS_LEAVE_RUNNING = 3,
    CRIU_OPTS_EXT_UNIX_SK = 4,
    CRIU_OPTS_TCP_ESTABLISHED = 5,
    CRIU_OPTS_SHELL_JOB = 7,
    CRIU_OPTS_FILE_LOCKS = 8,
    CRIU_OPTS_LOG_LEVEL = 9,
    CRIU_OPTS_LOG_FILE = 10,
    CRIU_OPTS_PS = 11,
    CRIU_OPTS_NOTIFY_SCRIPTS = 12,
    CRIU_OPTS_ROOT = 13,
    CRIU_OPTS_PARENT_IMG = 14,
    CRIU_OPTS_TRACK_MEM = 15,
    CRIU_OPTS_AUTO_DEDUP = 16,
    CRIU_OPTS_WORK_DIR_FD = 17,
    CRIU_OPTS_LINK_REMAP = 18,
    CRIU_OPTS_MANAGE_CGROUPS = 24,
    CRIU_OPTS_CG_ROOT = 25,
    CRIU_OPTS_RST_SIBLING = 26,
    CRIU_OPTS_INHERIT_FD = 27,
    CRIU_OPTS_MANAGE_CGROUPS_MODE = 34,
    CRIU_OPTS_EXTERNAL = 37,
    CRIU_OPTS_EMPTY_NS = 38,
    CRIU_OPTS_JOIN_NS = 39,
    CRIU_OPTS_FREEZE_CGROUP = 44,
    CRIU_OPTS_TCP_SKIP_IN_FLIGHT = 46,
    CRIU_OPTS_LAZY_PAGES = 48,
    CRIU_OPTS_ORPHAN_PTS_MASTER = 50,
    CRIU_OPTS_CONFIG_FILE = 51,
    CRIU_OPTS_TCP_CLOSE = 52,
    CRIU_OPTS_LSM_PROFILE = 53,
    CRIU_OPTS_LSM_MOUNT_CONTEXT = 63,
    CRIU_OPTS_NETWORK_LOCK = 64,
};

enum criu_page_server_info_field {
    CRIU_PAGE_SERVER_INFO_ADDRESS = 1,
    CRIU_PAGE_SERVER_INFO_PORT = 2,
};

enum inherit_fd_field {
    INHERIT_FD_KEY = 1,
    INHERIT_FD_FD = 2,
};

enum cgroup_root_field {
    CGROUP_ROOT_CTRL = 1,
    CGROUP_ROOT_PATH = 2,
};

enum join_namespace_field {
    JOIN_NAMESPACE_NS = 1,
    JOIN_NAMESPACE_NS_FILE = 2,
};

enum criu_cg_mode {
    CRIU_CG_MODE_IGNORE = 0,
    CRIU_CG_MODE_SOFT = 3,
    CRIU_CG_MODE_FULL = 4,
    CRIU_CG_MODE_STRICT = 5,
};

enum criu_network_lock_method {
    CRIU_NETWORK_LOCK_METHOD_IPTABLES = 1,
    CRIU_NETWORK_LOCK_METHOD_NFTABLES = 2,
    CRIU_NETWORK_LOCK_METHOD_SKIP = 3, /* since CRIU 3.19 */
};
