#include "wire/event_open.h"

#include <string.h>

#include "wire/event.h"

static bool is_known(void *ctx, struct str unit, struct str ref)
{
    const struct event_opening *opening = ctx;
    return opening->org == NULL || org_find_person(opening->org, unit, ref) != NULL;
}

/* The person of that number, or whose id it is; the result is copied by the caller. */
static int identify(void *ctx, struct str unit, struct str identifier, struct arena *arena,
                    struct str *ret_ref, bool *ret_unresolved)
{
    const struct event_opening *opening = ctx;
    struct ident hash;
    char digest[IDENT_TEXT_BYTES];
    (void)arena;
    opening->hash(identifier.at, identifier.len, hash.bytes);
    ident_format(hash, digest);
    const struct org_person *person =
        opening->org == NULL ? NULL : org_find_identifier(opening->org, unit, str_of(digest));
    *ret_ref = person != NULL ? person->id : identifier;
    *ret_unresolved = person == NULL && !is_known(ctx, unit, identifier);
    return 0;
}

static void digest(void *ctx, struct str body, uint8_t ret_digest[IDENT_BYTES])
{
    const struct event_opening *opening = ctx;
    opening->hash(body.at, body.len, ret_digest);
}

/* Personal values go nowhere: nothing that judges reads them. */
static int leave_out(void *ctx, Shouwang__V1__KeyClass key_class, struct str unit,
                     struct str erasure_id, struct str clear, struct arena *arena,
                     Shouwang__V1__Sealed **ret_sealed)
{
    (void)ctx;
    (void)key_class;
    (void)unit;
    (void)erasure_id;
    (void)clear;
    (void)arena;
    *ret_sealed = NULL;
    return 0;
}

/* The packed answers of the draft; empty: none were given. */
static struct str answers_of(const struct event_draft *draft)
{
    for (size_t i = 0; i < draft->clear_count; i++) {
        if (strcmp(draft->clear[i].field->name, "answers") == 0) {
            return draft->clear[i].clear;
        }
    }
    return (struct str){NULL, 0};
}

int event_open(const struct cloudevent *source, int64_t now_ms, const struct event_opening *opening,
               struct arena *arena, struct fault *ret_fault, struct event *ret_event)
{
    struct event_draft draft;
    struct event event;
    const struct event_port port = {.identify = identify,
                                    .is_known = is_known,
                                    .digest = digest,
                                    .seal = leave_out,
                                    .ctx = (void *)(uintptr_t)opening};
    int error = event_read(source, now_ms, arena, ret_fault, &draft);
    error = error != 0 ? error : event_finish(&draft, &port, arena);
    error = error != 0 ? error : event_to_core(draft.event, draft.family, now_ms, arena, &event);
    if (error != 0) {
        return error;
    }
    struct str answers = answers_of(&draft);
    if (answers.len > 0) {
        error = event_open_answers(answers, arena, &event.screening);
    }
    if (error == 0) {
        *ret_event = event;
    }
    return error;
}
