/* The instruments of a pack: what a result must be to count as one of its kind. Tools disagree between web copies and years,
 * so an instrument is pinned by id, version and number of items, and a result that differs is not taken. */
#ifndef WIRE_INSTRUMENT_H
#define WIRE_INSTRUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/rules/event.h"
#include "wire/yaml.h"

enum { INSTRUMENTS_MAX = 64 };

/* Items are numbered from 1. */
struct instrument {
    struct str id;      /* "PHQ-9" */
    struct str version; /* "2001" */
    size_t item_count;  /* 1 .. EVENT_ITEMS_MAX */
    int32_t least;      /* of one answer */
    int32_t most;
    bool is_reversed
        [EVENT_ITEMS_MAX]; /* by item - 1: counts as least + most - answer in the score */
};

struct instrument_set {
    const struct instrument *items;
    size_t count;
};

/* Reads the roots of all files under instruments/ of a pack; texts and the array in `arena`. ERR_INVALID: see `faults`;
 * ERR_MEMORY. */
SW_NODISCARD int instrument_read(const struct yaml_node *const *roots, size_t root_count,
                                 struct arena *arena, struct yaml_faults *faults,
                                 struct instrument_set *ret_set);

/* The instrument of that id, or NULL. */
const struct instrument *instrument_find(const struct instrument_set *set, struct str id);

/* The sum over the answers of all items, the reversed ones turned round. */
int64_t instrument_score(const struct instrument *instrument, const int32_t *answers);

#endif
