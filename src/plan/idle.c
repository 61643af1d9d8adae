// SPDX-License-Identifier: LGPL-2.1-or-later
/* See idle.h. 0 shares are "not set". */
#include "plan/idle.h"

#include "plan/resources.h"

enum idle_change idle_change(const struct update_facts *facts, const struct spec_cpu *cpu)
{
    bool before = facts->cpu_idle.set && facts->cpu_idle.value != 0;
    bool after = cpu->idle.set ? cpu->idle.value != 0 : before;

    if (before)
        return after ? IDLE_STAYS : IDLE_ENDS;
    return after ? IDLE_BEGINS : IDLE_NO;
}

const char *idle_weight_file(bool v2)
{
    return v2 ? "cpu.weight" : "cpu.shares";
}

uint64_t idle_weight(const struct opt_u64 *shares, bool v2)
{
    if (!shares->set || !shares->value)
        return 0;
    return v2 ? cpu_weight(shares->value) : shares->value;
}

uint64_t idle_weight_to_keep(enum idle_change change, const struct update_facts *facts, const struct spec_cpu *cpu,
                             bool v2)
{
    uint64_t asked = idle_weight(&cpu->shares, v2);

    switch (change) {
    case IDLE_BEGINS:
        return asked || facts->cpu_weight.value <= 0 ? asked : (uint64_t) facts->cpu_weight.value;
    case IDLE_STAYS:
        return asked;
    case IDLE_NO:
    case IDLE_ENDS:
        break;
    }
    return 0;
}

uint64_t idle_weight_to_restore(const struct update_input *input, bool v2)
{
    const struct spec_resources *first = input->made_with;

    if (input->kept_weight || !first || !first->cpu)
        return input->kept_weight;
    return idle_weight(&first->cpu->shares, v2);
}
