/* Results held against the instruments of a pack. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/event.h"
#include "wire/instrument.h"

static int refuse(struct fault *ret_fault, enum reject_reason reason, const char *path)
{
    return fault_set(ret_fault, reason, path, FAULT_NO_BYTE);
}

static int check_word(const struct instrument_words *words, const char *given, const char *path,
                      struct fault *ret_fault)
{
    for (size_t i = 0; i < words->count; i++) {
        if (str_is(words->items[i], given)) {
            return 0;
        }
    }
    return words->count == 0
               ? 0
               : refuse(ret_fault, given[0] == '\0' ? REJECT_MISSING : REJECT_WRONG_INSTRUMENT,
                        path);
}

/* The number of an item, from 1; 0: it is none of the instrument's. */
static size_t item_number(const struct instrument *instrument, struct str item)
{
    int64_t number = 0;
    return str_to_int64(item, 1, (int64_t)instrument->item_count, &number) ? (size_t)number : 0;
}

static bool is_in_range(const struct instrument *instrument, int32_t answer)
{
    return answer >= instrument->least && answer <= instrument->most;
}

/* `is_whole`: all items must be there. A sheet that gives its score only has none. */
static int check_answers(const struct instrument *instrument,
                         const Shouwang__V1__ScreeningAnswers *answers, bool is_whole,
                         struct fault *ret_fault)
{
    bool is_seen[EVENT_ITEMS_MAX] = {false};
    for (size_t i = 0; i < answers->n_items; i++) {
        char path[64];
        size_t number = item_number(instrument, str_of(answers->items[i]->item));
        if (number == 0 || is_seen[number - 1]) {
            (void)snprintf(path, sizeof(path), "/data/answers/items/%zu/item", i);
            return refuse(ret_fault, REJECT_WRONG_INSTRUMENT, path);
        }
        is_seen[number - 1] = true;
        if (!is_in_range(instrument, answers->items[i]->value)) {
            (void)snprintf(path, sizeof(path), "/data/answers/items/%zu/value", i);
            return refuse(ret_fault, REJECT_OUT_OF_RANGE, path);
        }
    }
    bool is_short = answers->n_items > 0 && answers->n_items < instrument->item_count;
    return is_whole && is_short ? refuse(ret_fault, REJECT_WRONG_INSTRUMENT, "/data/answers/items")
                                : 0;
}

static int check_sheet(const struct instrument *instrument, const struct event_draft *draft,
                       struct arena *arena, struct fault *ret_fault)
{
    bool is_whole = strcmp(draft->event->kind, event_kind_name(EVENT_KIND_RESULT)) == 0;
    for (size_t i = 0; i < draft->clear_count; i++) {
        ProtobufCMessage *message = NULL;
        if (strcmp(draft->clear[i].field->name, "answers") != 0) {
            continue;
        }
        int error = decode_message(&shouwang__v1__screening_answers__descriptor,
                                   draft->clear[i].clear, arena, ret_fault, &message);
        return error != 0
                   ? error
                   : check_answers(instrument, (const Shouwang__V1__ScreeningAnswers *)message,
                                   is_whole, ret_fault);
    }
    return 0;
}

int instrument_check(const struct instrument_set *set, const struct event_draft *draft,
                     struct arena *arena, struct fault *ret_fault)
{
    const Shouwang__V1__Event *event = draft->event;
    if (event->detail_case != SHOUWANG__V1__EVENT__DETAIL_SCREENING) {
        return 0;
    }
    const Shouwang__V1__Screening *screening = event->screening;
    const struct instrument *instrument = instrument_find(set, str_of(screening->instrument));
    if (instrument == NULL) {
        return 0;
    }
    if (screening->version[0] != '\0' && !str_is(instrument->version, screening->version)) {
        return refuse(ret_fault, REJECT_WRONG_INSTRUMENT, "/data/version");
    }
    if (screening->item_count != 0 && screening->item_count != instrument->item_count) {
        return refuse(ret_fault, REJECT_WRONG_INSTRUMENT, "/data/item_count");
    }
    int error = screening->refused ? 0
                                   : check_word(&instrument->informants, screening->informant,
                                                "/data/informant", ret_fault);
    error =
        error != 0 || screening->refused
            ? error
            : check_word(&instrument->norm_sets, screening->norm_set, "/data/norm_set", ret_fault);
    return error != 0 ? error : check_sheet(instrument, draft, arena, ret_fault);
}

void instrument_complete(const struct instrument_set *set, struct event_screening *screening)
{
    const struct instrument *instrument = instrument_find(set, screening->instrument);
    int32_t values[EVENT_ITEMS_MAX] = {0};
    bool is_seen[EVENT_ITEMS_MAX] = {false};
    if (instrument == NULL || instrument->is_scored_by_sender || screening->has_score ||
        screening->opened_count != instrument->item_count) {
        return;
    }
    for (size_t i = 0; i < screening->opened_count; i++) {
        const struct event_item *item = &screening->items[i];
        size_t number = item_number(instrument, item->item);
        if (number == 0 || is_seen[number - 1] || !is_in_range(instrument, item->value)) {
            return;
        }
        is_seen[number - 1] = true;
        values[number - 1] = item->value;
    }
    screening->score = (double)instrument_score(instrument, values);
    screening->has_score = true;
}
