// SPDX-License-Identifier: GPL-2.0-or-later
/* The shared library as another program sees it: the public header and nothing else. */
#include "test.h"

#include <crun.h>
#include <stdlib.h>

static void documents(void)
{
    struct crun_context_options options = CRUN_CONTEXT_OPTIONS_INIT;
    struct crun_context *context = NULL;
    struct crun_error err = { 0 };
    char *json = NULL;

    CHECK_INT(crun_context_new(&options, &context, &err), 0);
    CHECK_INT(crun_spec(true, &json, &err), 0);
    CHECK(strstr(json, "\"ociVersion\""));
    free(json);
    CHECK_INT(crun_features(context, &json, &err), 0);
    CHECK(strstr(json, "\"ociVersionMin\""));
    free(json);
    crun_context_free(context);
}

static void errors_have_a_text(void)
{
    struct crun_context_options options = CRUN_CONTEXT_OPTIONS_INIT;
    struct crun_context *context = NULL;
    struct crun_error err = { 0 };

    options.log_format = "xml";
    CHECK(crun_context_new(&options, &context, &err) < 0);
    CHECK_STR(err.text, "--log-format: expected \"text\" or \"json\", found \"xml\"");
    CHECK(!context);
}

static void signals_have_numbers(void)
{
    CHECK_INT(crun_signal_number("SIGKILL"), 9);
    CHECK_INT(crun_signal_number("term"), 15);
    CHECK_INT(crun_signal_number("RTMIN+3"), 37);
    CHECK_INT(crun_signal_number("17"), 17);
    CHECK(crun_signal_number("NOPE") < 0);
    CHECK(crun_signal_number("RTMIN+99") < 0);
}

static const struct test tests[] = {
    {"documents",             documents           },
    { "errors have a text",   errors_have_a_text  },
    { "signals have numbers", signals_have_numbers},
};

TEST_MAIN(tests)
