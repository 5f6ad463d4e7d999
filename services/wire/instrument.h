/* The instruments of a pack: what a result must be to count as one of its kind. Tools disagree between web copies and years,
 * so an instrument is pinned by id, version and number of items, and a result that differs is not taken. */
#ifndef WIRE_INSTRUMENT_H
#define WIRE_INSTRUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/rules/event.h"
#include "wire/fault.h"
#include "wire/yaml.h"

enum { INSTRUMENTS_MAX = 64, INSTRUMENT_WORDS_MAX = 8 };

/* Words of which a result must have one: informants, sets of norms. */
struct instrument_words {
    struct str items[INSTRUMENT_WORDS_MAX];
    size_t count; /* 0: nothing is asked */
};

/* Items are numbered from 1. */
struct instrument {
    struct str id;      /* "PHQ-9" */
    struct str version; /* "2001" */
    size_t item_count;  /* 1 .. EVENT_ITEMS_MAX */
    int32_t least;      /* of one answer */
    int32_t most;
    bool is_reversed
        [EVENT_ITEMS_MAX]; /* by item - 1: counts as least + most - answer in the score */
    bool is_unscored[EVENT_ITEMS_MAX]; /* by item - 1: no part of the score */
    bool is_scored_by_sender; /* the score is no sum of the items: without it there is none */
    struct instrument_words informants;
    struct instrument_words norm_sets;
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

/* The sum over the answers of all scored items, the reversed ones turned round. */
int64_t instrument_score(const struct instrument *instrument, const int32_t *answers);

struct event_draft;

/* Whether a body counts as a result of the pack's instrument: version and number of items, as far as they are given; informant
 * and norm set, where the instrument asks for them; each answer within its range, of a result all of them. An instrument
 * that the set has not is not checked. ERR_INVALID with a path from the CloudEvent's root; ERR_MEMORY. */
SW_NODISCARD int instrument_check(const struct instrument_set *set, const struct event_draft *draft,
                                  struct arena *arena, struct fault *ret_fault);

/* Gives opened answers without a score the score of their items, where they are all there and it is their sum. */
void instrument_complete(const struct instrument_set *set, struct event_screening *screening);

#endif
