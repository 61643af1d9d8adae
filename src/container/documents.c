// SPDX-License-Identifier: LGPL-2.1-or-later
/* The verbs that only answer: spec, features, plan, version. */
#include "container/documents.h"

#include "base/fd.h"
#include "cgroup/systemd.h"
#include "container/prepare.h"
#include "criu/session.h"

#define FEATURES "+SELINUX +APPARMOR +CAP +SECCOMP +EBPF +JSON_C"

/* What other programs do is a feature where they are there. */
static const char *const feature_tags[2][2] = {
    {FEATURES,              FEATURES " +CRIU"            },
    { "+SYSTEMD " FEATURES, "+SYSTEMD " FEATURES " +CRIU"},
};

int crun_spec(bool rootless, char **ret_json, struct crun_error *err)
{
    return spec_document(rootless, ret_json, own_error(err));
}

int crun_features(struct crun_context *context, char **ret_json, struct crun_error *err)
{
    return features_document(ret_json, own_error(err));
}

int crun_plan(struct crun_context *context, const char *id, const struct crun_create_options *options, char **ret_text,
              struct crun_error *error)
{
    struct error *err = own_error(error);
    struct crun_create_options attached = *options;
    struct prepared prepared;
    int r;

    r = prepare(context, id, &attached, PREPARE_PLAN, &prepared, err);
    if (r < 0)
        return r;
    r = plan_print(&prepared.plan, ret_text, err);
    prepared_done(&prepared);
    return r;
}

const char *crun_version(void)
{
    return CRUN_VERSION;
}

const char *crun_spec_version(void)
{
    return "1.3.0";
}

const char *crun_feature_tags(void)
{
    _cleanup_free_ char *helper = NULL, *criu = NULL;
    bool has_systemd = systemd_helper(&helper, NULL) >= 0, has_criu = criu_find(NULL, &criu, NULL) >= 0;

    return feature_tags[has_systemd][has_criu];
}
