#include "wire/instrument.h"

#include <string.h>

#include "base/assert.h"

enum { ANSWER_MAX = 1000, ID_MAX_BYTES = EVENT_CODE_MAX_BYTES };

const struct instrument *instrument_find(const struct instrument_set *set, struct str id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_equal(set->items[i].id, id)) {
            return &set->items[i];
        }
    }
    return NULL;
}

int64_t instrument_score(const struct instrument *instrument, const int32_t *answers)
{
    int64_t score = 0;
    for (size_t i = 0; i < instrument->item_count; i++) {
        sw_assert(answers[i] >= instrument->least && answers[i] <= instrument->most);
        if (instrument->is_unscored[i]) {
            continue;
        }
        score += instrument->is_reversed[i] ? instrument->least + instrument->most - answers[i]
                                            : answers[i];
    }
    return score;
}

/* "0..3" */
static bool read_range(const struct yaml_node *node, struct yaml_faults *faults,
                       struct instrument *instrument)
{
    struct str text;
    int64_t least;
    int64_t most;
    if (!yaml_read_text(node, 16, faults, &text)) {
        return false;
    }
    const char *dots = memmem(text.at, text.len, "..", 2);
    size_t before = dots == NULL ? text.len : (size_t)(dots - text.at);
    if (dots == NULL ||
        !str_to_int64((struct str){text.at, before}, -ANSWER_MAX, ANSWER_MAX, &least) ||
        !str_to_int64((struct str){dots + 2, text.len - before - 2}, least, ANSWER_MAX, &most)) {
        yaml_fail(faults, node, "expected the least and the most of one answer, such as 0..3");
        return false;
    }
    instrument->least = (int32_t)least;
    instrument->most = (int32_t)most;
    return true;
}

/* Numbers of items; true by item - 1. */
static bool read_items(const struct yaml_node *node, struct yaml_faults *faults,
                       const struct instrument *instrument, bool ret_is_one[EVENT_ITEMS_MAX])
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, false, instrument->item_count, faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t item;
        if (!yaml_read_int64(&items[i], 1, (int64_t)instrument->item_count, faults, &item)) {
            return false;
        }
        ret_is_one[item - 1] = true;
    }
    return true;
}

static bool read_words(const struct yaml_node *node, struct yaml_faults *faults,
                       struct instrument_words *ret_words)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, false, INSTRUMENT_WORDS_MAX, faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!yaml_read_text(&items[i], ID_MAX_BYTES, faults, &ret_words->items[i])) {
            return false;
        }
    }
    ret_words->count = count;
    return true;
}

/* What an instrument need not have. */
struct extras {
    const struct yaml_node *reversed;
    const struct yaml_node *unscored;
    const struct yaml_node *score;
    const struct yaml_node *informants;
    const struct yaml_node *norm_sets;
};

static bool read_extras(const struct extras *extras, struct yaml_faults *faults,
                        struct instrument *instrument)
{
    static const char *const scores[] = {"sum", "by_sender"};
    size_t score = 0;
    bool is_good = extras->reversed == NULL ||
                   read_items(extras->reversed, faults, instrument, instrument->is_reversed);
    is_good = (extras->unscored == NULL ||
               read_items(extras->unscored, faults, instrument, instrument->is_unscored)) &&
              is_good;
    is_good =
        (extras->score == NULL || yaml_read_choice(extras->score, scores, 2, faults, &score)) &&
        is_good;
    is_good = (extras->informants == NULL ||
               read_words(extras->informants, faults, &instrument->informants)) &&
              is_good;
    instrument->is_scored_by_sender = score == 1;
    return (extras->norm_sets == NULL ||
            read_words(extras->norm_sets, faults, &instrument->norm_sets)) &&
           is_good;
}

static bool read_instrument(const struct yaml_node *node, struct yaml_faults *faults,
                            struct instrument *instrument)
{
    const struct yaml_node *id;
    const struct yaml_node *version;
    const struct yaml_node *items;
    const struct yaml_node *answers;
    struct extras extras = {NULL, NULL, NULL, NULL, NULL};
    const struct yaml_key keys[] = {{"id", true, &id},
                                    {"version", true, &version},
                                    {"items", true, &items},
                                    {"answers", true, &answers},
                                    {"reversed", false, &extras.reversed},
                                    {"unscored", false, &extras.unscored},
                                    {"score", false, &extras.score},
                                    {"informants", false, &extras.informants},
                                    {"norm_sets", false, &extras.norm_sets}};
    int64_t count;
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), faults) ||
        !yaml_read_text(id, ID_MAX_BYTES, faults, &instrument->id) ||
        !yaml_read_text(version, ID_MAX_BYTES, faults, &instrument->version) ||
        !yaml_read_int64(items, 1, EVENT_ITEMS_MAX, faults, &count) ||
        !read_range(answers, faults, instrument)) {
        return false;
    }
    if (memchr(instrument->id.at, '/', instrument->id.len) != NULL) {
        yaml_fail(faults, id, "an id without '/': columns of files are called id/item");
        return false;
    }
    instrument->item_count = (size_t)count;
    return read_extras(&extras, faults, instrument);
}

static bool read_file(const struct yaml_node *root, struct yaml_faults *faults,
                      struct instrument_set *set, struct instrument *instruments)
{
    const struct yaml_node *list = NULL;
    const struct yaml_node *items = NULL;
    size_t count = 0;
    const struct yaml_key keys[] = {{"instruments", true, &list}};
    if (!yaml_read_mapping(root, keys, 1, faults) ||
        !yaml_read_list(list, false, INSTRUMENTS_MAX, faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct instrument *instrument = &instruments[set->count];
        if (set->count == INSTRUMENTS_MAX) {
            yaml_fail(faults, &items[i], "a pack has at most %d instruments", INSTRUMENTS_MAX);
            return false;
        }
        if (!read_instrument(&items[i], faults, instrument)) {
            continue;
        }
        if (instrument_find(set, instrument->id) != NULL) {
            yaml_fail(faults, &items[i], "the instrument %.*s is there already",
                      (int)instrument->id.len, instrument->id.at);
        }
        set->count++;
    }
    return true;
}

int instrument_read(const struct yaml_node *const *roots, size_t root_count, struct arena *arena,
                    struct yaml_faults *faults, struct instrument_set *ret_set)
{
    size_t before = faults->count;
    struct instrument *instruments =
        arena_alloc_array(arena, INSTRUMENTS_MAX, sizeof(*instruments));
    if (instruments == NULL) {
        return ERR_MEMORY;
    }
    struct instrument_set set = {.items = instruments};
    for (size_t i = 0; i < root_count; i++) {
        (void)read_file(roots[i], faults, &set, instruments); /* its faults are in the list */
    }
    *ret_set = set;
    return faults->count > before ? ERR_INVALID : 0;
}
