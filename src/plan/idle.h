// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The weight of an idle group. Linux takes none while cpu.idle is 1, and gives the default back when that ends: whoever asked
 * for another one before finds it lost. So an update that makes a container idle says which weight it had, to be kept
 * in the state, and the one that ends it writes that, or else the one of config.json.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plan/update.h"

enum idle_change {
    IDLE_NO,     /* it is not idle, and stays so */
    IDLE_BEGINS, /* an update makes it idle */
    IDLE_STAYS,
    IDLE_ENDS,
};

enum idle_change idle_change(const struct update_facts *facts, const struct spec_cpu *cpu);

/* The file that has the weight, and what SHARES are in it. */
const char *idle_weight_file(bool v2);
uint64_t idle_weight(const struct opt_u64 *shares, bool v2);

/* What the update CHANGE has to be kept, if CPU asks for its shares or not; 0: nothing. */
uint64_t idle_weight_to_keep(enum idle_change change, const struct update_facts *facts, const struct spec_cpu *cpu,
                             bool v2);

/* What an idleness that ends gives back; 0: what the kernel has. */
uint64_t idle_weight_to_restore(const struct update_input *input, bool v2);
