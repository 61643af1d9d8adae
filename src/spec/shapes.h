// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The shapes that one noun's file gives to another: the C struct each decodes into is in its name. How a string field
 * has to look (struct text_rule) is shared here too.
 */
#pragma once

#include "spec/decode.h"

extern const struct shape shape_spec;
extern const struct shape shape_root;
extern const struct shape shape_process;
extern const struct shape shape_scheduler;
extern const struct shape shape_hooks; /* into struct spec itself */
extern const struct shape shape_mount;
extern const struct shape shape_id_map;
extern const struct shape shape_linux;
extern const struct shape shape_device;
extern const struct shape shape_net_device;
extern const struct shape shape_namespace;
extern const struct shape shape_resources;
extern const struct shape shape_block_io;
extern const struct shape shape_seccomp;
extern const struct shape shape_intel_rdt;
extern const struct shape shape_memory_policy;
extern const struct shape shape_personality;
extern const struct shape shape_time_offsets; /* into struct spec_linux itself */

/* Of a struct spec_linux: each kind of namespace once. */
void check_namespaces(struct decoder *decoder, const struct json_path *path, const void *object);

/* Of a struct spec_linux: numbers that the kernel has for every node that needs some. */
void check_devices(struct decoder *decoder, const struct json_path *path, const void *object);

extern const struct text_rule rule_absolute_path;
extern const struct text_rule rule_inner_path; /* absolute, and not "/" in any spelling */
extern const struct text_rule rule_node_path;  /* the same without ".." */
extern const struct text_rule rule_some_path;  /* not empty */
extern const struct text_rule rule_variable;   /* NAME=VALUE, as environ(7) has them */
extern const struct text_rule rule_node_name;  /* fits into struct utsname */
extern const struct text_rule rule_control_free;
extern const struct text_rule rule_oci_version;
extern const struct text_rule rule_rlimit_name; /* ^RLIMIT_[A-Z]+$ */
extern const struct text_rule rule_cpu_list;    /* ^[0-9, -]*$ */
extern const struct text_rule rule_page_size;   /* ^[1-9][0-9]*[KMG]B$ */
extern const struct text_rule rule_device_access;
extern const struct text_rule rule_mem_bw_schema; /* ^MB:[^\n]*$ */
