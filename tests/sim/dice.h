/* Numbers of a seed: the same seed, the same run. One stream of them per subject, so that a change in one subject leaves
 * the others as they were. */
#ifndef TESTS_SIM_DICE_H
#define TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* `stream` tells the subjects of one seed apart. */
void dice_init(struct dice *ret_dice, uint64_t seed, uint64_t stream);

uint64_t dice_next(struct dice *dice);

/* 0 … below - 1; `below` > 0. */
uint64_t dice_below(struct dice *dice, uint64_t below);

/* low … high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);

/* Between them too, but the logarithm is even: as often 2 s as 2 h. `low` > 0. */
int64_t dice_spread(struct dice *dice, int64_t low, int64_t high);

/* True in `per_mille` of 1,000 throws. */
bool dice_chance(struct dice *dice, unsigned per_mille);

#endif
