#include "core/expr/near.h"

#include "base/assert.h"

struct near near_start(struct str wanted)
{
    return (struct near){.wanted = wanted, .best = {NULL, 0}, .distance = SIZE_MAX};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, row by row. */
static size_t edit_distance(struct str a, struct str b)
{
    size_t row[NEAR_NAME_MAX_BYTES + 1];
    sw_assert(b.len <= NEAR_NAME_MAX_BYTES);
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

void near_offer(struct near *near, struct str candidate)
{
    if (near->wanted.len > NEAR_NAME_MAX_BYTES || candidate.len > NEAR_NAME_MAX_BYTES) {
        return;
    }
    size_t distance = edit_distance(near->wanted, candidate);
    size_t allowed = candidate.len / 3 > 2 ? candidate.len / 3 : 2;
    if (distance < near->distance && distance <= allowed && distance < candidate.len) {
        near->best = candidate;
        near->distance = distance;
    }
}
