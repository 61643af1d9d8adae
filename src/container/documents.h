// SPDX-License-Identifier: LGPL-2.1-or-later
/* Documents that need no container: what the runtime can do, and a configuration to start from. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* The features document of the OCI specification, pretty-printed; malloc'd. -ENOMEM is the only failure. */
int features_document(char **ret_json, struct error *err);

/* The config.json that `crun spec [--rootless]` writes: a shell in the read-only root file system "rootfs" with few
 * capabilities. ROOTLESS: in a user namespace whose root is the caller. malloc'd; -ENOMEM is the only failure. */
int spec_document(bool rootless, char **ret_json, struct error *err);
