#include "sim/dice.h"

#include <math.h>

#include "base/assert.h"

/* splitmix64: any start is as good as any other. */
uint64_t dice_next(struct dice *dice)
{
    dice->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = dice->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void dice_init(struct dice *ret_dice, uint64_t seed, uint64_t stream)
{
    ret_dice->state = seed;
    ret_dice->state = dice_next(ret_dice) ^ (stream * UINT64_C(0xD1B54A32D192ED03));
}

uint64_t dice_below(struct dice *dice, uint64_t below)
{
    sw_assert(below > 0);
    return dice_next(dice) % below;
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    sw_assert(low <= high);
    return low + (int64_t)dice_below(dice, (uint64_t)(high - low) + 1);
}

int64_t dice_spread(struct dice *dice, int64_t low, int64_t high)
{
    sw_assert(low > 0 && low <= high);
    double part = (double)(dice_next(dice) >> 11) / (double)(UINT64_C(1) << 53);
    return (int64_t)((double)low * exp2(part * log2((double)high / (double)low)));
}

bool dice_chance(struct dice *dice, unsigned per_mille)
{
    return dice_below(dice, 1000) < per_mille;
}
