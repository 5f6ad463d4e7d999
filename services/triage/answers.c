/* The sealed answers of a screening, opened to be judged; they leave this process nowhere. */
#include <shouwang/v1/event.pb-c.h>

#include "io/seal_record.h"
#include "triage/part_inside.h"
#include "wire/decode.h"

static int read_answers(struct part *part, struct str plain, struct event_screening *screening)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;
    int error = decode_message(&shouwang__v1__screening_answers__descriptor, plain, &part->arena,
                               &fault, &message);
    if (error != 0) {
        return error;
    }
    const Shouwang__V1__ScreeningAnswers *answers = (const Shouwang__V1__ScreeningAnswers *)message;
    struct event_item *items = arena_alloc_array(&part->arena, answers->n_items, sizeof(*items));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < answers->n_items; i++) {
        items[i] = (struct event_item){str_of(answers->items[i]->item), answers->items[i]->value};
    }
    screening->items = items;
    screening->opened_count = answers->n_items;
    screening->has_score = answers->has_score;
    screening->score = answers->score;
    screening->valid = answers->valid;
    screening->answers_are_open = true;
    return 0;
}

int part_open_answers(struct part *part, struct event *event)
{
    struct sealed sealed;
    struct str plain;
    if (event->family != EVENT_FAMILY_SCREENING || event->screening.answers.len == 0) {
        return 0;
    }
    const struct vault vault = {part->shared->keyring, part->keys};
    int error = sealed_decode(event->screening.answers, &part->arena, &sealed);
    error = error != 0 ? error : vault_open(&vault, event->unit, &sealed, &part->arena, &plain);
    error = error != 0 ? error : read_answers(part, plain, &event->screening);
    if (error != 0 && error != ERR_MEMORY) {
        part_count(part, PART_ANSWERS_CLOSED, error_name(error), NULL);
        return 0;
    }
    return error;
}
