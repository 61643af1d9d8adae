// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Documents into structs: every field of the specification once (tests/data/spec/full.json), what engines really send
 * (tests/data/engines), and a table of small documents with the exact error of each.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/sched.h>
#include <stdlib.h>

#include "base/fd.h"
#include "spec/load.h"

static const char *data_path(char *buffer, size_t size, const char *name)
{
    const char *root = getenv("SOURCE_ROOT");

    snprintf(buffer, size, "%s/tests/data/%s", root ? root : ".", name);
    return buffer;
}

/* What a test loads and reads; done() after a failed check is left to the end of the process. */
struct loaded {
    struct arena arena;
    struct document document;
    struct error err;
    const struct spec *spec;
};

static void loaded_done(struct loaded *loaded)
{
    document_done(&loaded->document);
    arena_done(&loaded->arena);
}

static int load_file(struct loaded *loaded, const char *path)
{
    int r = arena_init(&loaded->arena, ARENA_DEFAULT_SIZE, &loaded->err);

    if (r == 0)
        r = document_read(&loaded->document, AT_FDCWD, path, &loaded->err);
    return r < 0 ? r : spec_load(&loaded->document, &loaded->arena, &loaded->spec, &loaded->err);
}

/* TEXT as config.json. */
static int load_text(struct loaded *loaded, const char *text)
{
    int r = arena_init(&loaded->arena, ARENA_DEFAULT_SIZE, &loaded->err);

    loaded->document = (struct document){ "config.json", strdup(text), strlen(text) };
    return r < 0 ? r : spec_load(&loaded->document, &loaded->arena, &loaded->spec, &loaded->err);
}

static struct loaded full;

static void full_loads(void)
{
    char path[4096];

    CHECK_INT(load_file(&full, data_path(path, sizeof path, "spec/full.json")), 0);
    CHECK_STR(full.spec->oci_version, "1.3.0");
    CHECK_STR(full.spec->hostname, "host");
    CHECK_STR(full.spec->domainname, "domain");
    CHECK_STR(full.spec->root->path, "rootfs");
    CHECK(full.spec->root->readonly);
    CHECK_INT(full.spec->n_annotations, 2);
    CHECK_STR(spec_annotation(full.spec, "org.example.key"), "value");
    CHECK_STR(spec_annotation(full.spec, "empty"), "");
    CHECK(!spec_annotation(full.spec, "none"));
}

static void full_process(void)
{
    const struct spec_process *p = full.spec->process;

    CHECK(p->terminal && p->console_height.set && p->console_width.set);
    CHECK_INT(p->console_height.value, 25);
    CHECK_INT(p->console_width.value, 80);
    CHECK_INT(p->uid, 1000);
    CHECK_INT(p->gid, 4294967295);
    CHECK(p->umask.set && p->umask.value == 022);
    CHECK_INT(p->n_additional_gids, 2);
    CHECK_INT(p->additional_gids[1], 6);
    CHECK_STR(p->username, "someone");
    CHECK_INT(p->n_args, 3);
    CHECK_STR(p->args[2], "exit 3");
    CHECK_STR(p->command_line, "sh");
    CHECK_INT(p->n_env, 2);
    CHECK_STR(p->env[1], "EMPTY=");
    CHECK_STR(p->cwd, "/work");
    CHECK(p->no_new_privileges);
    CHECK_STR(p->apparmor_profile, "profile");
    CHECK_STR(p->selinux_label, "a:b:c:s0");
    CHECK(p->oom_score_adj.set && p->oom_score_adj.value == -500);
}

static void full_process_limits(void)
{
    const struct spec_process *p = full.spec->process;
    const struct spec_capabilities *c = p->capabilities;

    CHECK_INT(c->n_bounding, 2);
    CHECK_STR(c->bounding[1], "CAP_KILL");
    CHECK_INT(c->n_effective, 1);
    CHECK_STR(c->effective[0], "CAP_CHOWN");
    CHECK_INT(c->n_permitted, 1);
    CHECK_STR(c->permitted[0], "CAP_FOWNER");
    CHECK_INT(c->n_inheritable, 1);
    CHECK_STR(c->inheritable[0], "CAP_FSETID");
    CHECK_INT(c->n_ambient, 1);
    CHECK_STR(c->ambient[0], "CAP_SETUID");
    CHECK_INT(p->n_rlimits, 2);
    CHECK_STR(p->rlimits[0].type, "RLIMIT_NOFILE");
    CHECK(p->rlimits[0].soft == 1024 && p->rlimits[0].hard == UINT64_MAX);
    CHECK(p->rlimits[1].soft == 0 && p->rlimits[1].hard == (uint64_t) INT64_MAX + 1);
    CHECK_INT(p->scheduler->policy, 6);
    CHECK_INT(p->scheduler->nice, -19);
    CHECK_INT(p->scheduler->priority, 7);
    CHECK_INT(p->scheduler->flags, 0x41);
    CHECK_INT(p->scheduler->runtime, 100);
    CHECK_INT(p->scheduler->deadline, 200);
    CHECK_INT(p->scheduler->period, 300);
    CHECK_INT(p->io_priority->class, 3);
    CHECK_INT(p->io_priority->priority, 4);
    CHECK_STR(p->affinity_initial, "0-1");
    CHECK_STR(p->affinity_final, "2, 3");
}

static void full_mounts(void)
{
    const struct spec_mount *m = full.spec->mounts;

    CHECK_INT(full.spec->n_mounts, 2);
    CHECK_STR(m->destination, "/data");
    CHECK_STR(m->type, "bind");
    CHECK_STR(m->source, "/srv");
    CHECK_INT(m->n_options, 2);
    CHECK_STR(m->options[1], "ro");
    CHECK_INT(m->n_uid_mappings, 1);
    CHECK_INT(m->uid_mappings[0].host_id, 100000);
    CHECK_INT(m->uid_mappings[0].size, 65536);
    CHECK_INT(m->n_gid_mappings, 1);
    CHECK_INT(m->gid_mappings[0].container_id, 1);
    CHECK_STR(m[1].destination, "proc");
    CHECK(!m[1].type && !m[1].source && !m[1].options && m[1].n_options == 0);
}

static void full_hooks(void)
{
    for (int kind = 0; kind < N_HOOK_KINDS; kind++) {
        const struct spec_hooks *hooks = &full.spec->hooks[kind];
        char path[] = "/hook/0", env[] = "K=0";

        path[6] = env[2] = (char) ('0' + kind);
        CHECK_INT(hooks->n_hooks, kind == HOOK_POSTSTART ? 2 : 1);
        CHECK_STR(hooks->hooks[0].path, path);
        CHECK_INT(hooks->hooks[0].n_args, 2);
        CHECK_STR(hooks->hooks[0].args[1], hook_kind_name((enum hook_kind) kind));
        CHECK(hooks->hooks[0].has_env && hooks->hooks[0].n_env == 1);
        CHECK_STR(hooks->hooks[0].env[0], env);
        CHECK(hooks->hooks[0].timeout.set && hooks->hooks[0].timeout.value == kind + 1);
    }
    CHECK(!full.spec->hooks[HOOK_POSTSTART].hooks[1].has_env);
    CHECK(!full.spec->hooks[HOOK_POSTSTART].hooks[1].timeout.set);
}

static void full_linux(void)
{
    const struct spec_linux *l = full.spec->linux_;

    CHECK_INT(l->n_namespaces, N_NAMESPACE_KINDS);
    for (int kind = 0; kind < N_NAMESPACE_KINDS; kind++)
        CHECK_INT(l->namespaces[kind].type, kind);
    CHECK_STR(l->namespaces[1].path, "/proc/1/ns/pid");
    CHECK(!l->namespaces[2].path);
    CHECK(l->n_uid_mappings == 1 && l->uid_mappings[0].host_id == 1000);
    CHECK(l->n_gid_mappings == 1 && l->gid_mappings[0].size == UINT32_MAX);
    CHECK_STR(l->cgroups_path, "/machine/one");
    CHECK_STR(l->rootfs_propagation, "rslave");
    CHECK_INT(l->n_sysctl, 1);
    CHECK_STR(l->sysctl[0].key, "net.core.somaxconn");
    CHECK_STR(l->sysctl[0].value, "256");
    CHECK_INT(l->n_masked_paths, 1);
    CHECK_STR(l->masked_paths[0], "/proc/kcore");
    CHECK_INT(l->n_readonly_paths, 2);
    CHECK_STR(l->readonly_paths[1], "/proc/bus");
    CHECK_STR(l->mount_label, "system_u:object_r:x:s0");
}

static void full_devices(void)
{
    const struct spec_linux *l = full.spec->linux_;
    const struct spec_device *d = l->devices;

    CHECK_INT(l->n_devices, 2);
    CHECK_STR(d->path, "/dev/fuse");
    CHECK(d->type == 'c' && d->major.value == 10 && d->minor.value == 229);
    CHECK(d->file_mode.set && d->file_mode.value == 0666); /* the document has S_IFCHR | 0666 */
    CHECK(d->uid.set && d->uid.value == 0 && d->gid.set && d->gid.value == 3);
    CHECK(d[1].type == 'p' && !d[1].file_mode.set && !d[1].uid.set && !d[1].gid.set);
    CHECK_INT(l->n_net_devices, 2);
    CHECK_STR(l->net_devices[0].host_name, "eth0");
    CHECK_STR(l->net_devices[0].name, "net0");
    CHECK_STR(l->net_devices[1].host_name, "eth1");
    CHECK(!l->net_devices[1].name);
}

static void full_linux_small_objects(void)
{
    const struct spec_linux *l = full.spec->linux_;

    CHECK_STR(l->intel_rdt->clos_id, "clos");
    CHECK_INT(l->intel_rdt->n_schemata, 1);
    CHECK_STR(l->intel_rdt->schemata[0], "L3:0=ff");
    CHECK_STR(l->intel_rdt->l3_cache_schema, "L3:0=7f0;1=1f");
    CHECK_STR(l->intel_rdt->mem_bw_schema, "MB:0=20;1=70");
    CHECK(l->intel_rdt->enable_monitoring);
    CHECK_STR(l->memory_policy->mode, "MPOL_BIND");
    CHECK_STR(l->memory_policy->nodes, "0-3,7");
    CHECK_INT(l->memory_policy->n_flags, 1);
    CHECK_STR(l->memory_policy->flags[0], "MPOL_F_STATIC_NODES");
    CHECK_STR(l->personality->domain, "LINUX32");
    CHECK_INT(l->personality->n_flags, 1);
    CHECK(l->boottime.set && l->boottime.secs == -3 && l->boottime.nanosecs == 4);
    CHECK(l->monotonic.set && l->monotonic.secs == 5 && l->monotonic.nanosecs == 999999999);
}

static void full_memory_and_cpu(void)
{
    const struct spec_memory *m = full.spec->linux_->resources->memory;
    const struct spec_cpu *c = full.spec->linux_->resources->cpu;

    CHECK(m->limit.set && m->limit.value == 524288);
    CHECK(m->reservation.set && m->reservation.value == 262144);
    CHECK(m->swap.set && m->swap.value == -1);
    CHECK(m->kernel.set && m->kernel.value == 1);
    CHECK(m->kernel_tcp.set && m->kernel_tcp.value == 2);
    CHECK(m->swappiness.set && m->swappiness.value == 60);
    CHECK(m->disable_oom_killer.set && !m->disable_oom_killer.value);
    CHECK(m->use_hierarchy.set && m->use_hierarchy.value);
    CHECK(m->check_before_update.set && m->check_before_update.value);
    CHECK(c->shares.set && c->shares.value == 1024);
    CHECK(c->quota.set && c->quota.value == -1);
    CHECK(c->burst.set && c->burst.value == 1000);
    CHECK(c->period.set && c->period.value == 100000);
    CHECK(c->realtime_runtime.set && c->realtime_runtime.value == 950000);
    CHECK(c->realtime_period.set && c->realtime_period.value == 1000000);
    CHECK_STR(c->cpus, "0-3");
    CHECK_STR(c->mems, "0");
    CHECK(c->idle.set && c->idle.value == 1);
}

static void full_resources(void)
{
    const struct spec_resources *r = full.spec->linux_->resources;

    CHECK_INT(r->n_devices, 2);
    CHECK(!r->devices[0].allow && r->devices[0].type == 'a' && !r->devices[0].major.set && !r->devices[0].access);
    CHECK(r->devices[1].allow && r->devices[1].type == 'b' && r->devices[1].major.value == 8);
    CHECK(r->devices[1].minor.set && r->devices[1].minor.value == -1);
    CHECK_STR(r->devices[1].access, "rw");
    CHECK(r->pids_limit.set && r->pids_limit.value == 100);
    CHECK_INT(r->n_hugepage_limits, 1);
    CHECK_STR(r->hugepage_limits[0].page_size, "2MB");
    CHECK_INT(r->hugepage_limits[0].limit, 2097152);
    CHECK(r->network->class_id.set && r->network->class_id.value == 1048577);
    CHECK_INT(r->network->n_priorities, 1);
    CHECK_STR(r->network->priorities[0].name, "eth0");
    CHECK_INT(r->network->priorities[0].priority, 500);
    CHECK_INT(r->n_rdma, 2);
    CHECK_STR(r->rdma[0].device, "mlx5_1");
    CHECK(r->rdma[0].hca_handles.value == 3 && r->rdma[0].hca_objects.value == 10000);
    CHECK(r->rdma[1].hca_handles.set && !r->rdma[1].hca_objects.set);
    CHECK_INT(r->n_unified, 2);
    CHECK_STR(r->unified[0].key, "memory.high");
    CHECK_STR(r->unified[1].value, "");
}

static void full_block_io(void)
{
    const struct spec_block_io *b = full.spec->linux_->resources->block_io;

    CHECK(b->weight.set && b->weight.value == 500 && b->leaf_weight.value == 1000);
    CHECK_INT(b->n_weight_devices, 1);
    CHECK(b->weight_devices[0].major == 8 && b->weight_devices[0].minor == 0);
    CHECK(b->weight_devices[0].weight.value == 100 && b->weight_devices[0].leaf_weight.value == 200);
    for (int kind = 0; kind < N_THROTTLE_KINDS; kind++) {
        CHECK_INT(b->throttle[kind].n_devices, 1);
        CHECK_INT(b->throttle[kind].devices[0].major, 8);
        CHECK_INT(b->throttle[kind].devices[0].minor, kind + 1);
        CHECK(b->throttle[kind].devices[0].rate == (kind == THROTTLE_WRITE_IOPS ? UINT64_MAX : 11 + (uint64_t) kind));
    }
}

static void full_seccomp(void)
{
    const struct spec_seccomp *s = full.spec->linux_->seccomp;

    CHECK_STR(s->default_action, "SCMP_ACT_ERRNO");
    CHECK(s->default_errno_ret.set && s->default_errno_ret.value == 38);
    CHECK_INT(s->n_architectures, 2);
    CHECK_STR(s->architectures[1], "SCMP_ARCH_LOONGARCH64");
    CHECK_INT(s->n_flags, 2);
    CHECK_STR(s->flags[0], "SECCOMP_FILTER_FLAG_LOG");
    CHECK_STR(s->listener_path, "/run/agent.sock");
    CHECK_STR(s->listener_metadata, "meta\xc3\xa4");
    CHECK_INT(s->n_syscalls, 2);
    CHECK_INT(s->syscalls[0].n_names, 2);
    CHECK_STR(s->syscalls[0].names[1], "write");
    CHECK_STR(s->syscalls[1].action, "SCMP_ACT_NOTIFY");
    CHECK(!s->syscalls[0].errno_ret.set && s->syscalls[1].errno_ret.set && s->syscalls[1].errno_ret.value == 1);
    CHECK_INT(s->syscalls[1].n_args, 1);
    CHECK_INT(s->syscalls[1].args[0].index, 2);
    CHECK(s->syscalls[1].args[0].value == UINT64_MAX - 1 && s->syscalls[1].args[0].value_two == 5);
    CHECK_STR(s->syscalls[1].args[0].op, "SCMP_CMP_MASKED_EQ");
}

/* A document around the part that a case is about. */
#define CONFIG(members)    "{\"ociVersion\":\"1.0.2\"," members "}"
#define PROCESS(members)   "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\"," members "}}"
#define LINUX(members)     "{\"ociVersion\":\"1.0.2\",\"linux\":{" members "}}"
#define RESOURCES(members) LINUX("\"resources\":{" members "}")
#define VERSION(version)   "{\"ociVersion\":\"" version "\"}"
#define DEEP_8             "[[[[[[[["
#define CLOSE_8            "]]]]]]]]"
#define LONG_10            "abcdefghij"
#define LONG_70            LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10

static const char *const good[] = {
    VERSION("1.0.0"),
    VERSION("1.0.2-dev"),
    VERSION("1.2.1+dev"),
    VERSION("1.0.0-rc5-dev"),
    VERSION("1.10.27"),
    " \t\r\n{\"ociVersion\":\"1.0.2\"}\n\n",
    CONFIG("\"future\":{\"a\":[1,2.5,null,\"x\"]}"),
    CONFIG("\"process\":null,\"root\":null,\"hostname\":null,\"mounts\":null,\"linux\":null,\"annotations\":null"),
    CONFIG("\"mounts\":[],\"hooks\":{},\"annotations\":{},\"linux\":{}"),
    "{\"OCIVERSION\":\"1.0.2\",\"Linux\":{\"Namespaces\":[{\"TYPE\":\"pid\"}]}}",
    PROCESS("\"user\":{\"uid\":0,\"gid\":-0}"),
    LINUX("\"rootfsPropagation\":\"\""),
    RESOURCES("\"memory\":{\"limit\":-1,\"swap\":0},\"cpu\":{\"quota\":9223372036854775807,\"idle\":0}"),
    RESOURCES("\"blockIO\":{\"weight\":0,\"leafWeight\":10},\"pids\":{\"limit\":-2}"),
    LINUX("\"resources\":{\"unified\":{\"a\":null}}"),
    RESOURCES("\"devices\":[{\"allow\":true,\"type\":\"\",\"access\":\"\"}]"),
    CONFIG("\"deep\":" DEEP_8 DEEP_8 DEEP_8 DEEP_8 CLOSE_8 CLOSE_8 CLOSE_8 CLOSE_8),
    LINUX("\"devices\":[{\"path\":\"/opt/..x/...\",\"type\":\"p\"}]"), /* none of them goes up */
    CONFIG("\"annotations\":{\"k\":\"a\\\\u0000\"}"),                  /* a backslash, not a NUL */
    CONFIG("\"root\":{\"path\":\"\\ud83d\\ude00\"}"),
};

static void good_documents_load(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        _cleanup_(loaded_done) struct loaded loaded = { 0 };

        load_text(&loaded, good[i]);
        CHECK_STR(loaded.err.text, "");
        CHECK(loaded.spec && loaded.spec->linux_);
    }
}

/* clang-format off */
static const struct {
    const char *text, *error;
} bad[] = {
    /* syntax */
    { "", "config.json:1:1: empty file" },
    { " \n ", "config.json:1:1: empty file" },
    { "{", "config.json:1:2: unexpected end of file" },
    { "{\n\"a\":\n", "config.json:3:1: unexpected end of file" },
    { "{\"a\":\"b", "config.json:1:8: unexpected end of file" },
    { "{\"a\":tru", "config.json:1:9: unexpected end of file" },
    { "{\"a\":1", "config.json:1:7: unexpected end of file" },
    { "{}x", "config.json:1:3: expected the end of the file, found 'x'" },
    { "{\n}\n{}", "config.json:3:1: expected the end of the file, found '{'" },
    { "{\"a\":1 \"b\":2}", "config.json:1:8: expected ',' or '}' after a value, found '\"'" },
    { "{\"a\":1,}", "config.json:1:8: expected a value, found '}'" },
    { "[1 2]", "config.json:1:4: expected ',' or ']' after an element, found '2'" },
    { "[1,]", "config.json:1:4: expected a value, found ']'" },
    { "{a:1}", "config.json:1:2: expected a name in double quotes or '}', found 'a'" },
    { "{\"a\" 1}", "config.json:1:6: expected ':' after a name, found '1'" },
    { "{\"a\":\"\\q\"}", "config.json:1:8: malformed escape in a string, found 'q'" },
    { "{\"a\":nil}", "config.json:1:7: expected null, found 'i'" },
    { "{\"a\":True}", "config.json:1:6: expected true or false, found 'T'" },
    { "{'a':1}", "config.json:1:2: expected a name in double quotes or '}', found '''" },
    { "{\"a\":1,'\"':1}", "config.json:1:8: expected a name in double quotes or '}', found '''" },
    { "{\"a\":NaN}", "config.json:1:6: expected a value, found 'N'" },
    { "{\"a\":\n[Infinity]}", "config.json:2:2: expected a value, found 'I'" },
    { "{\"a\":-Infinity}", "config.json:1:7: expected a value, found 'I'" },
    { "{\"a\":1.}", "config.json:1:7: malformed number, found '.'" },
    { "{\"a\":-.5}", "config.json:1:7: malformed number, found '.'" },
    { "{\"a\":00}", "config.json:1:6: malformed number, found '0'" },
    { "{\"a\":-01}", "config.json:1:7: malformed number, found '0'" },
    { "{\"a\":1.e5}", "config.json:1:7: malformed number, found '.'" },
    { "// comment\n{}", "config.json:1:1: expected a value, found '/'" },
    { "{\"a\":\xc3\xa4}", "config.json:1:6: expected a value, found '\xc3\xa4'" },
    { "{\"\xc3\xa4\":\x01}", "config.json:1:6: expected a value, found '\\u0001'" },
    { "\xef\xbb\xbf{}", "config.json:1:1: begins with a byte order mark, expected UTF-8 without one" },
    { "{\"a\":\"\xff\"}", "config.json:1:7: not valid UTF-8" },
    { "{\"a\":" DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8,
      "config.json:1:69: nested more than 64 levels deep" },
    /* top level */
    { "null", "config.json:1:1: expected an object, found null" },
    { "\n 12", "config.json:2:2: expected an object, found 12" },
    { "[]", "config.json:1:1: expected an object, found an array" },
    { "{}", "config.json:1:1: ociVersion: required, but missing" },
    { VERSION("2.0.0"),
      "config.json:1:15: ociVersion: expected a 1.x.y version of the specification, found \"2.0.0\"" },
    { VERSION("1.0"), "config.json:1:15: ociVersion: expected a 1.x.y version of the specification, found \"1.0\"" },
    { VERSION("1.0.0 "),
      "config.json:1:15: ociVersion: expected a 1.x.y version of the specification, found \"1.0.0 \"" },
    { VERSION("1.01.0"),
      "config.json:1:15: ociVersion: expected a 1.x.y version of the specification, found \"1.01.0\"" },
    { VERSION("1.0.0-"),
      "config.json:1:15: ociVersion: expected a 1.x.y version of the specification, found \"1.0.0-\"" },
    /* types */
    { CONFIG("\"hostname\":1"), "config.json:1:34: hostname: expected a string, found 1" },
    { CONFIG("\n\"root\": {\n  \"readonly\": true\n}"), "config.json:2:9: root.path: required, but missing" },
    { CONFIG("\"root\":{\"path\":null}"), "config.json:1:38: root.path: required, but missing" },
    { CONFIG("\"root\":{\"path\":\"r\",\"readonly\":\"yes\"}"),
      "config.json:1:53: root.readonly: expected true or false, found \"yes\"" },
    { CONFIG("\"root\":[]"), "config.json:1:30: root: expected an object, found an array" },
    { CONFIG("\"mounts\":{}"), "config.json:1:32: mounts: expected an array of objects, found an object" },
    { CONFIG("\"mounts\":[{\"destination\":\"/a\"},{\"source\":\"x\"}]"),
      "config.json:1:54: mounts[1].destination: required, but missing" },
    { CONFIG("\"mounts\":[null]"), "config.json:1:33: mounts[0]: expected an object, found null" },
    { CONFIG("\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ro\",7]}]"),
      "config.json:1:69: mounts[0].options[1]: expected a string, found 7" },
    { CONFIG("\"annotations\":[]"), "config.json:1:37: annotations: expected an object of strings, found an array" },
    { CONFIG("\"annotations\":{\"a.b\":\"\",\"c\\\"d\\n\":true}"),
      "config.json:1:56: annotations[\"c\\\"d\\n\"]: expected a string, found true" },
    { PROCESS("\"args\":\"sh\""), "config.json:1:51: process.args: expected an array of strings, found \"sh\"" },
    { PROCESS("\"args\":[null]"), "config.json:1:52: process.args[0]: expected a string, found null" },
    { LINUX("\"netDevices\":{\"eth0\":1}"),
      "config.json:1:53: linux.netDevices[\"eth0\"]: expected an object, found 1" },
    { LINUX("\"netDevices\":1"), "config.json:1:45: linux.netDevices: expected an object of objects, found 1" },
    /* numbers that no limit has */
    { RESOURCES("\"memory\":{\"limit\":-2}"),
      "config.json:1:63: linux.resources.memory.limit: expected an integer from 0 on, or -1 for no limit, found -2" },
    { RESOURCES("\"memory\":{\"reservation\":-2}"),
      "config.json:1:69: linux.resources.memory.reservation: expected an integer from 0 on, or -1 for no limit, found -2" },
    { RESOURCES("\"memory\":{\"swap\":-2}"),
      "config.json:1:62: linux.resources.memory.swap: expected an integer from 0 on, or -1 for no limit, found -2" },
    { RESOURCES("\"memory\":{\"kernel\":-2}"),
      "config.json:1:64: linux.resources.memory.kernel: expected an integer from 0 on, or -1 for no limit, found -2" },
    { RESOURCES("\"memory\":{\"kernelTCP\":-2}"),
      "config.json:1:67: linux.resources.memory.kernelTCP: expected an integer from 0 on, or -1 for no limit, found -2" },
    { RESOURCES("\"cpu\":{\"quota\":-9223372036854775808}"),
      "config.json:1:60: linux.resources.cpu.quota: expected an integer from 0 on, or -1 for no limit, found -9223372036854775808" },
    { RESOURCES("\"cpu\":{\"realtimeRuntime\":-5}"),
      "config.json:1:70: linux.resources.cpu.realtimeRuntime: expected an integer from 0 on, or -1 for no limit, found -5" },
    { RESOURCES("\"cpu\":{\"idle\":2}"),
      "config.json:1:59: linux.resources.cpu.idle: expected an integer from 0 to 1, found 2" },
    { RESOURCES("\"cpu\":{\"idle\":-1}"),
      "config.json:1:59: linux.resources.cpu.idle: expected an integer from 0 to 1, found -1" },
    { RESOURCES("\"memory\":{\"swappiness\":101}"),
      "config.json:1:68: linux.resources.memory.swappiness: expected an integer from 0 to 100, found 101" },
    { RESOURCES("\"blockIO\":{\"weight\":9}"),
      "config.json:1:65: linux.resources.blockIO.weight: expected an integer from 10 to 1000, or 0, found 9" },
    { RESOURCES("\"blockIO\":{\"leafWeight\":1001}"),
      "config.json:1:69: linux.resources.blockIO.leafWeight: expected an integer from 10 to 1000, or 0, found 1001" },
    { RESOURCES("\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":5}]}"),
      "config.json:1:102: linux.resources.blockIO.weightDevice[0].weight: expected an integer from 10 to 1000, or 0, "
      "found 5" },
    { RESOURCES("\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":-1,\"minor\":0,\"rate\":5}]}"),
      "config.json:1:90: linux.resources.blockIO.throttleReadBpsDevice[0].major: expected an integer from 0 to 4095, "
      "found -1" },
    /* control characters in strings */
    { CONFIG("\"hostname\":\"a\nb\""), "config.json:1:36: a control character in a string, expected \\u000a" },
    { CONFIG("\n\"x\":[\"\\\"\\\\\",\n\"\t\"]"), "config.json:3:2: a control character in a string, expected \\u0009" },
    { CONFIG("\"x\":\"1234567\x1f\""), "config.json:1:35: a control character in a string, expected \\u001f" },
    { CONFIG("\"\x01\":1"), "config.json:1:24: a control character in a string, expected \\u0001" },
    /* halves of a surrogate pair: no character, and no text could be made of them */
    { CONFIG("\"hostname\":\"a\\ud800b\""), "config.json:1:36: half of a surrogate pair in a string" },
    { CONFIG("\"x\":\"\\uDBFF\""), "config.json:1:28: half of a surrogate pair in a string" },
    { CONFIG("\"x\":\"\\udc00\\ud800\""), "config.json:1:28: half of a surrogate pair in a string" },
    { CONFIG("\"x\":\"\\ud83d\\u0041\""), "config.json:1:28: half of a surrogate pair in a string" },
    { CONFIG("\"x\":\"\\ud83d\\ude00\\ude00\""), "config.json:1:40: half of a surrogate pair in a string" },
    { CONFIG("\"\\ud800\":1"), "config.json:1:24: half of a surrogate pair in a string" },
    /* paths, variables, device numbers */
    { CONFIG("\"mounts\":[{\"destination\":\"\"}]"),
      "config.json:1:48: mounts[0].destination: expected a path, found \"\"" },
    { LINUX("\"maskedPaths\":[\"/\"]"),
      "config.json:1:47: linux.maskedPaths[0]: expected an absolute path below \"/\", found \"/\"" },
    { LINUX("\"maskedPaths\":[\"/a\",\"/.\"]"),
      "config.json:1:52: linux.maskedPaths[1]: expected an absolute path below \"/\", found \"/.\"" },
    { LINUX("\"maskedPaths\":[\"proc/kcore\"]"),
      "config.json:1:47: linux.maskedPaths[0]: expected an absolute path below \"/\", found \"proc/kcore\"" },
    { LINUX("\"readonlyPaths\":[\"//\"]"),
      "config.json:1:49: linux.readonlyPaths[0]: expected an absolute path below \"/\", found \"//\"" },
    { LINUX("\"readonlyPaths\":[\"/a/./..//\"]"),
      "config.json:1:49: linux.readonlyPaths[0]: expected an absolute path below \"/\", found \"/a/./..//\"" },
    { LINUX("\"readonlyPaths\":[\"\"]"),
      "config.json:1:49: linux.readonlyPaths[0]: expected an absolute path below \"/\", found \"\"" },
    { CONFIG("\"hostname\":\"a\\nb\""),
      "config.json:1:34: hostname: expected a name of at most 64 bytes without control characters, found \"a\\nb\"" },
    { CONFIG("\"domainname\":\"\\u007f\""),
      "config.json:1:36: domainname: expected a name of at most 64 bytes without control characters, found \"\\u007f\"" },
    { PROCESS("\"env\":[\"A=\",\"B\"]"), "config.json:1:56: process.env[1]: expected NAME=VALUE, found \"B\"" },
    { PROCESS("\"env\":[\"=x\"]"), "config.json:1:51: process.env[0]: expected NAME=VALUE, found \"=x\"" },
    { PROCESS("\"env\":[\"\"]"), "config.json:1:51: process.env[0]: expected NAME=VALUE, found \"\"" },
    { PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}"),
      "config.json:1:95: process.ioPriority.priority: expected an integer from 0 to 7, found 8" },
    { PROCESS("\"consoleSize\":{\"height\":65536,\"width\":1}"),
      "config.json:1:68: process.consoleSize.height: expected an integer from 0 to 65535, found 65536" },
    { PROCESS("\"user\":{\"umask\":512}"),
      "config.json:1:60: process.user.umask: expected an integer from 0 to 511, found 512" },
    { LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":-1,\"minor\":0}]"),
      "config.json:1:79: linux.devices[0].major: expected an integer from 0 to 4095, found -1" },
    { LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"b\",\"major\":8,\"minor\":1048576}]"),
      "config.json:1:89: linux.devices[0].minor: expected an integer from 0 to 1048575, found 1048576" },
    { LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"minor\":0}]"),
      "config.json:1:43: linux.devices[0].major: required for a device of type c, but missing" },
    { LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"u\",\"major\":1}]"),
      "config.json:1:43: linux.devices[0].minor: required for a device of type u, but missing" },
    { LINUX("\"devices\":[{\"path\":\"dev/x\",\"type\":\"p\"}]"),
      "config.json:1:51: linux.devices[0].path: expected an absolute path below \"/\" without \"..\", found \"dev/x\"" },
    { LINUX("\"devices\":[{\"path\":\"/p\",\"type\":\"p\",\"gid\":4294967295}]"),
      "config.json:1:73: linux.devices[0].gid: expected an integer from 0 to 4294967294, found 4294967295" },
    { LINUX("\"devices\":[{\"path\":\"/p\",\"type\":\"p\",\"fileMode\":65536}]"),
      "config.json:1:78: linux.devices[0].fileMode: expected an integer from 0 to 65535, found 65536" },
    { LINUX("\"devices\":[{\"path\":\"/dev/../x\",\"type\":\"p\"}]"),
      "config.json:1:51: linux.devices[0].path: expected an absolute path below \"/\" without \"..\", found "
      "\"/dev/../x\"" },
    { LINUX("\"devices\":[{\"path\":\"/x/..\",\"type\":\"p\"}]"),
      "config.json:1:51: linux.devices[0].path: expected an absolute path below \"/\" without \"..\", found \"/x/..\"" },
    /* found values */
    { CONFIG("\"mounts\":\"" LONG_70 "\""),
      "config.json:1:32: mounts: expected an array of objects, found \"" LONG_10 LONG_10 LONG_10 LONG_10 LONG_10
      LONG_10 "...\"" },
    { CONFIG("\"mounts\":\"a\\n\\u001b[31m\\u009b\\\"\\\\\xc3\xa4\""),
      "config.json:1:32: mounts: expected an array of objects, found \"a\\n\\u001b[31m\\u009b\\\"\\\\\xc3\xa4\"" },
    /* integers */
    { PROCESS("\"user\":{\"uid\":-1}"),
      "config.json:1:58: process.user.uid: expected an integer from 0 to 4294967295, found -1" },
    { PROCESS("\"user\":{\"uid\":4294967296}"),
      "config.json:1:58: process.user.uid: expected an integer from 0 to 4294967295, found 4294967296" },
    { PROCESS("\"user\":{\"uid\":1e3}"), "config.json:1:58: process.user.uid: expected an integer, found 1e3" },
    { PROCESS("\"user\":{\"uid\":1.5}"), "config.json:1:58: process.user.uid: expected an integer, found 1.5" },
    { PROCESS("\"user\":{\"uid\":1.0}"), "config.json:1:58: process.user.uid: expected an integer, found 1.0" },
    { PROCESS("\"user\":{\"uid\":\"0\"}"), "config.json:1:58: process.user.uid: expected an integer, found \"0\"" },
    { PROCESS("\"user\":{\"uid\":NaN}"), "config.json:1:58: expected a value, found 'N'" },
    { PROCESS("\"user\":{\"additionalGids\":[1,-2]}"),
      "config.json:1:72: process.user.additionalGids[1]: expected an integer from 0 to 4294967295, found -2" },
    { PROCESS("\"oomScoreAdj\":1001"),
      "config.json:1:58: process.oomScoreAdj: expected an integer from -1000 to 1000, found 1001" },
    { PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":18446744073709551616,\"hard\":1}]"),
      "config.json:1:83: process.rlimits[0].soft: expected an integer from 0 to 18446744073709551615, found "
      "18446744073709551616" },
    { PROCESS("\"consoleSize\":{\"height\":1}"), "config.json:1:58: process.consoleSize.width: required, but missing" },
    { PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"nice\":2147483648}"),
      "config.json:1:86: process.scheduler.nice: expected an integer from -2147483648 to 2147483647, found "
      "2147483648" },
    { RESOURCES("\"pids\":{\"limit\":\"ten\"}"),
      "config.json:1:61: linux.resources.pids.limit: expected an integer, found \"ten\"" },
    { RESOURCES("\"pids\":{}"), "config.json:1:52: linux.resources.pids.limit: required, but missing" },
    { RESOURCES("\"pids\":{\"limit\":9223372036854775808}"),
      "config.json:1:61: linux.resources.pids.limit: expected an integer from -9223372036854775808 to "
      "9223372036854775807, found 9223372036854775808" },
    { RESOURCES("\"pids\":{\"limit\":-9223372036854775809}"),
      "config.json:1:61: linux.resources.pids.limit: expected an integer from -9223372036854775808 to "
      "9223372036854775807, found -9223372036854775809" },
    { RESOURCES("\"pids\":{\"limit\":99999999999999999999}"),
      "config.json:1:61: linux.resources.pids.limit: expected an integer from -9223372036854775808 to "
      "9223372036854775807, found 99999999999999999999" },
    { RESOURCES("\"blockIO\":{\"weight\":65536}"),
      "config.json:1:65: linux.resources.blockIO.weight: expected an integer from 10 to 1000, or 0, found 65536" },
    { RESOURCES("\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8}]}"),
      "config.json:1:82: linux.resources.blockIO.throttleReadIOPSDevice[0].minor: required, but missing" },
    { CONFIG("\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}"),
      "config.json:1:67: hooks.poststop[0].timeout: expected an integer from 1 to 9223372036854775807, found 0" },
    /* words and patterns */
    { LINUX("\"namespaces\":[{\"type\":\"Pid\"}]"),
      "config.json:1:54: linux.namespaces[0].type: expected one of mount, pid, network, uts, ipc, user, cgroup, "
      "time, found \"Pid\"" },
    { LINUX("\"namespaces\":[{}]"), "config.json:1:46: linux.namespaces[0].type: required, but missing" },
    { LINUX("\"namespaces\":[{\"type\":\"uts\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"pid\"}]"),
      "config.json:1:99: linux.namespaces[3].type: duplicate of linux.namespaces[1], \"pid\"" },
    { LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}]"),
      "config.json:1:67: linux.namespaces[0].path: expected an absolute path, found \"proc/1/ns/pid\"" },
    { LINUX("\"rootfsPropagation\":\"none\""),
      "config.json:1:52: linux.rootfsPropagation: expected one of private, shared, slave, unbindable, rprivate, "
      "rshared, rslave, runbindable, found \"none\"" },
    { LINUX("\"personality\":{\"domain\":\"DOS\"}"),
      "config.json:1:56: linux.personality.domain: expected one of LINUX, LINUX32, found \"DOS\"" },
    { LINUX("\"seccomp\":{}"), "config.json:1:42: linux.seccomp.defaultAction: required, but missing" },
    { LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"ALLOW\"}]}"),
      "config.json:1:115: linux.seccomp.syscalls[0].action: expected one of SCMP_ACT_KILL, "
      "SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, "
      "SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, found \"ALLOW\"" },
    { LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"cc\"}]"),
      "config.json:1:67: linux.devices[0].type: expected one of the letters cbup, found \"cc\"" },
    { LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"\"}]"),
      "config.json:1:67: linux.devices[0].type: expected one of the letters cbup, found \"\"" },
    { LINUX("\"maskedPaths\":[\"proc\"]"),
      "config.json:1:47: linux.maskedPaths[0]: expected an absolute path below \"/\", found \"proc\"" },
    { RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]"),
      "config.json:1:79: linux.resources.devices[0].access: expected a set of the letters r, w, m, found \"rx\"" },
    { RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]"),
      "config.json:1:75: linux.resources.hugepageLimits[0].pageSize: expected a page size like 2MB, found "
      "\"2M\"" },
    { LINUX("\"intelRdt\":{\"memBwSchema\":\"MB\"}"),
      "config.json:1:58: linux.intelRdt.memBwSchema: expected one line that begins with MB:, found \"MB\"" },
    { CONFIG("\"process\":{\"cwd\":\"x\"}"), "config.json:1:40: process.cwd: expected an absolute path, found \"x\"" },
    { CONFIG("\"process\":{\"cwd\":\"\"}"), "config.json:1:40: process.cwd: expected an absolute path, found \"\"" },
    { CONFIG("\"process\":{}"), "config.json:1:33: process.cwd: required, but missing" },
    { PROCESS("\"rlimits\":[{\"type\":\"NOFILE\",\"soft\":1,\"hard\":1}]"),
      "config.json:1:63: process.rlimits[0].type: expected a name like RLIMIT_NOFILE, found \"NOFILE\"" },
    { PROCESS("\"execCPUAffinity\":{\"initial\":\"a\"}"),
      "config.json:1:73: process.execCPUAffinity.initial: expected a list of CPUs like 0-3,7, found \"a\"" },
    { PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}"),
      "config.json:1:86: process.scheduler.flags[0]: expected one of SCHED_FLAG_RESET_ON_FORK, "
      "SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, "
      "SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX, found \"X\"" },
    { CONFIG("\"hooks\":{\"prestart\":[{\"path\":\"bin/x\"}]}"),
      "config.json:1:52: hooks.prestart[0].path: expected an absolute path, found \"bin/x\"" },
    /* NUL characters */
    { CONFIG("\"hostname\":\"a\\u0000b\""),
      "config.json:1:34: hostname: expected a string without NUL characters, found \"a\\u0000b\"" },
    { CONFIG("\"hostname\\u0000x\":\"a\""), "config.json:1:32: a NUL character in a string" },
    /* names: as the specification writes them in the path, as the document writes them for the place */
    { CONFIG("\"HostName\":1"), "config.json:1:34: hostname: expected a string, found 1" },
    { CONFIG("\"host\\u006eame\":1"), "config.json:1:39: hostname: expected a string, found 1" },
    { CONFIG("\"hostname\":\"a\",\"hostname\":2"), "config.json:1:49: hostname: expected a string, found 2" },
};
/* clang-format on */

static void bad_documents_say_why(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        _cleanup_(loaded_done) struct loaded loaded = { 0 };
        int r = load_text(&loaded, bad[i].text);

        if (strcmp(loaded.err.text, bad[i].error) != 0)
            printf("# document: %s\n", bad[i].text);
        CHECK_STR(loaded.err.text, bad[i].error);
        CHECK_INT(r, -EINVAL);
    }
}

/* A document of N times ITEM in an unknown member. */
static char *many(const char *item, size_t n)
{
    size_t length = strlen(item);
    char *text = malloc(n * length + 100), *end = text;

    end += sprintf(end, "{\"ociVersion\":\"1.0.2\",\"zz\":[");
    for (; n > 0; n--, end += length)
        memcpy(end, item, length);
    memcpy(end, "0]}", 4);
    return text;
}

/* json-c's tree of them would take hundreds of bytes each: they are counted before. Strings are not. */
static void too_many_values(void)
{
    static const struct {
        const char *item;
        size_t n;
        const char *error;
    } rows[] = {
        {"{},",        300000,  "config.json:1:900023: more than 300000 objects and arrays"           },
        { "[],",       300000,  "config.json:1:900023: more than 300000 objects and arrays"           },
        { "1,",        2000000, "config.json:1:4000024: more than 2000000 values"                     },
        { "{'\"':0},", 100000,  "config.json:1:30: expected a name in double quotes or '}', found '''"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        _cleanup_(loaded_done) struct loaded loaded = { 0 };
        _cleanup_free_ char *text = many(rows[i].item, rows[i].n);

        CHECK_INT(load_text(&loaded, text), -EINVAL);
        CHECK_STR(loaded.err.text, rows[i].error);
    }
}

/* What JSON has, however odd. */
static void good_numbers(void)
{
    _cleanup_(loaded_done) struct loaded loaded = { 0 };

    CHECK_INT(load_text(&loaded, CONFIG("\"zz\":[0,-0,0.0,-0.5,10,100,1.00,1e00,1E-05,1e+05,0e0,-0.0e-00,1.05]")), 0);
}

static void many_commas_in_strings(void)
{
    _cleanup_(loaded_done) struct loaded loaded = { 0 };
    _cleanup_free_ char *text = many("\"[{,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\",", 50000);

    CHECK_INT(load_text(&loaded, text), 0);
}

static void exact_names_win(void)
{
    _cleanup_(loaded_done) struct loaded loaded = { 0 };

    CHECK_INT(load_text(&loaded, CONFIG("\"hostname\":\"exact\",\"HOSTNAME\":\"loose\"")), 0);
    CHECK_STR(loaded.spec->hostname, "exact");
}

static void empty_env_is_given(void)
{
    _cleanup_(loaded_done) struct loaded loaded = { 0 };
    const struct spec_hook *hooks;

    CHECK_INT(load_text(&loaded, CONFIG("\"hooks\":{\"prestart\":[{\"path\":\"/a\",\"env\":[]},{\"path\":\"/b\"}]}")),
              0);
    hooks = loaded.spec->hooks[HOOK_PRESTART].hooks;
    CHECK(hooks[0].has_env && hooks[0].n_env == 0 && !hooks[0].env);
    CHECK(!hooks[1].has_env);
}

static void nothing_is_dropped_from_a_small_arena(void)
{
    _cleanup_(document_done) struct document document = { "config.json", strdup(CONFIG("\"hostname\":\"h\"")), 0 };
    struct arena arena = { .size = 64, .base = (char *) &(char[64]){ 0 } };
    struct error err = { 0 };
    const struct spec *spec;

    document.size = strlen(document.text);
    CHECK_INT(spec_load(&document, &arena, &spec, &err), -ENOMEM);
    CHECK_STR(err.text, "config.json: cannot allocate memory");
}

struct problems {
    char text[4][ERROR_TEXT_SIZE];
    size_t n;
};

static void collect(void *userdata, const struct error *problem)
{
    struct problems *problems = userdata;

    if (problems->n < 4)
        memcpy(problems->text[problems->n], problem->text, sizeof problem->text);
    problems->n++;
}

static int check_text(const char *text, struct problems *problems)
{
    _cleanup_(document_done) struct document document = { "config.json", strdup(text), strlen(text) };
    _cleanup_(arena_done) struct arena arena;
    struct error err = { 0 };

    if (arena_init(&arena, ARENA_DEFAULT_SIZE, &err) < 0)
        return -1;
    return spec_check(&document, &arena, collect, problems, &(const struct spec *){ NULL });
}

static void check_reports_all(void)
{
    struct problems problems = { 0 };

    CHECK_INT(check_text("{\"process\":{\"user\":{\"uid\":\"x\"}},\"linux\":{\"namespaces\":[{\"type\":\"pid\"},"
                         "{\"type\":\"pid\"}],\"sysctl\":7}}",
                         &problems),
              5);
    CHECK_INT(problems.n, 5);
    CHECK_STR(problems.text[0], "config.json:1:1: ociVersion: required, but missing");
    CHECK_STR(problems.text[1], "config.json:1:27: process.user.uid: expected an integer, found \"x\"");
    CHECK_STR(problems.text[2], "config.json:1:12: process.cwd: required, but missing");
    CHECK_STR(problems.text[3],
              "config.json:1:79: linux.namespaces[1].type: duplicate of linux.namespaces[0], \"pid\"");
}

static void check_of_good_and_unreadable(void)
{
    struct problems problems = { 0 };

    CHECK_INT(check_text(VERSION("1.0.0"), &problems), 0);
    CHECK_INT(problems.n, 0);
    CHECK_INT(check_text("{", &problems), 1);
    CHECK_INT(problems.n, 1);
    CHECK_STR(problems.text[0], "config.json:1:2: unexpected end of file");
}

static void check_ends(void)
{
    _cleanup_free_ char *text = malloc(100000);
    struct problems problems = { 0 };
    size_t used = (size_t) sprintf(text, "%s", "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[0");

    for (int i = 0; i < 20000; i++)
        used += (size_t) sprintf(text + used, ",0");
    sprintf(text + used, "]}}");
    CHECK_INT(check_text(text, &problems), 100);
    CHECK_INT(problems.n, 100);
}

static void process_and_resources(void)
{
    struct document process = { "process.json", (char *) "{\"cwd\":\"/\",\"args\":[\"a\"]}", 0 };
    struct document resources = { "<stdin>", (char *) "{\"memory\":{\"limit\":-1},\"pids\":{\"limit\":true}}", 0 };
    struct document mounts = { "mounts.json",
                               (char *) "[{\"destination\":\"/a\"},{\"destination\":\"/b\",\"options\":[\"ro\"]}]", 0 };
    struct document bad_mounts = { "mounts.json", (char *) "[{\"destination\":\"/a\"}, {\"type\":\"tmpfs\"}]", 0 };
    const struct spec_resources *spec_resources;
    const struct spec_process *spec_process;
    struct spec_mount *list;
    struct error err = { 0 };
    struct arena arena;
    size_t n;

    process.size = strlen(process.text);
    resources.size = strlen(resources.text);
    mounts.size = strlen(mounts.text);
    bad_mounts.size = strlen(bad_mounts.text);
    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, &err), 0);
    CHECK_INT(spec_load_process(&process, &arena, &spec_process, &err), 0);
    CHECK_STR(spec_process->args[0], "a");
    CHECK_INT(spec_load_resources(&resources, &arena, &spec_resources, &err), -EINVAL);
    CHECK_STR(err.text, "<stdin>:1:40: pids.limit: expected an integer, found true");
    CHECK_INT(spec_load_process(&resources, &arena, &spec_process, NULL), -EINVAL);
    CHECK_INT(spec_load_mounts(&mounts, &arena, &list, &n, &err), 0);
    CHECK_INT(n, 2);
    CHECK_STR(list[1].destination, "/b");
    CHECK_STR(list[1].options[0], "ro");
    CHECK_INT(spec_load_mounts(&bad_mounts, &arena, &list, &n, &err), -EINVAL);
    CHECK_STR(err.text, "mounts.json:1:24: [1].destination: required, but missing");
    CHECK_INT(spec_load_mounts(&process, &arena, &list, &n, &err), -EINVAL);
    arena_done(&arena);
}

static void kinds_have_names_and_flags(void)
{
    CHECK_STR(namespace_kind_name(NAMESPACE_MOUNT), "mount");
    CHECK_STR(namespace_kind_name(NAMESPACE_TIME), "time");
    CHECK_INT(namespace_kind_flag(NAMESPACE_MOUNT), CLONE_NEWNS);
    CHECK_INT(namespace_kind_flag(NAMESPACE_USER), CLONE_NEWUSER);
    CHECK_INT(namespace_kind_flag(NAMESPACE_TIME), CLONE_NEWTIME);
    CHECK_STR(hook_kind_name(HOOK_PRESTART), "prestart");
    CHECK_STR(hook_kind_name(HOOK_POSTSTOP), "poststop");
}

static int load_process(struct loaded *loaded)
{
    const struct spec_process *process;

    return spec_load_process(&loaded->document, &loaded->arena, &process, &loaded->err);
}

static int load_resources(struct loaded *loaded)
{
    const struct spec_resources *resources;

    return spec_load_resources(&loaded->document, &loaded->arena, &resources, &loaded->err);
}

static int load_config(struct loaded *loaded)
{
    return spec_load(&loaded->document, &loaded->arena, &loaded->spec, &loaded->err);
}

/* Every recorded document called NAME goes through LOAD. */
static void recorded_documents(const char *name, int (*load)(struct loaded *loaded))
{
    char pattern[4096];
    glob_t found = { 0 };

    data_path(pattern, sizeof pattern - strlen(name), "engines/*/");
    glob(strcat(pattern, name), 0, NULL, &found);
    printf("# %zu recorded %s\n", found.gl_pathc, name);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        _cleanup_(loaded_done) struct loaded loaded = { 0 };

        CHECK_INT(arena_init(&loaded.arena, ARENA_DEFAULT_SIZE, &loaded.err), 0);
        CHECK_INT(document_read(&loaded.document, AT_FDCWD, found.gl_pathv[i], &loaded.err), 0);
        load(&loaded);
        CHECK_STR(loaded.err.text, "");
    }
    CHECK(found.gl_pathc > 0);
    globfree(&found);
}

static void engines_documents_load(void)
{
    recorded_documents("config.json", load_config);
    recorded_documents("process.json", load_process);
    recorded_documents("resources.json", load_resources);
}

static const struct test tests[] = {
    {"full.json loads",                                full_loads                           },
    { "full: process",                                 full_process                         },
    { "full: process limits",                          full_process_limits                  },
    { "full: mounts",                                  full_mounts                          },
    { "full: hooks",                                   full_hooks                           },
    { "full: linux",                                   full_linux                           },
    { "full: devices",                                 full_devices                         },
    { "full: small objects of linux",                  full_linux_small_objects             },
    { "full: memory and cpu",                          full_memory_and_cpu                  },
    { "full: resources",                               full_resources                       },
    { "full: blockIO",                                 full_block_io                        },
    { "full: seccomp",                                 full_seccomp                         },
    { "good documents load",                           good_documents_load                  },
    { "bad documents say why",                         bad_documents_say_why                },
    { "too many values",                               too_many_values                      },
    { "good numbers",                                  good_numbers                         },
    { "many commas in strings",                        many_commas_in_strings               },
    { "exact names win",                               exact_names_win                      },
    { "an empty env is given",                         empty_env_is_given                   },
    { "a small arena is an error",                     nothing_is_dropped_from_a_small_arena},
    { "check reports all",                             check_reports_all                    },
    { "check of a good and of an unreadable document", check_of_good_and_unreadable         },
    { "check ends",                                    check_ends                           },
    { "process and resources documents",               process_and_resources                },
    { "kinds have names and flags",                    kinds_have_names_and_flags           },
    { "engines' documents load",                       engines_documents_load               },
};

TEST_MAIN(tests)
