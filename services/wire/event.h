/* Events: a CloudEvent as a sender writes it -> the record of topics events.*, and the checks that every event passes,
 * whether it comes over HTTP or from a foreign producer on the topic.
 *
 * The body of a CloudEvent of type shouwang.<family>.<kind> is a JSON object: the fields of message Event, the facts of
 * the family's detail beside them ("place", "danger" …) or under its name ("incident": {…}), personal values as clear
 * text ("text", "reporter_name", "callback", "with_pupil", "place_detail"), parties by opaque "ref" or by the sender's
 * own "identifier". id, source, kind come from the CloudEvent. Members the schema does not know are kept, sealed.
 *
 * Reading has two halves, so that the service decides in between whether the sender may write this, before anything is
 * hashed or sealed: event_read, then event_finish. */
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shouwang/v1/event.pb-c.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "core/rules/event.h"
#include "wire/cloudevents.h"
#include "wire/fault.h"

enum {
    EVENT_FUTURE_MAX_MS = 5 * 60 * 1000,
    EVENT_SEALED_MAX = 8,
    EVENT_TYPE_MAX_BYTES = 80 /* of a CloudEvent type of ours */
};

/* The family and kind of a CloudEvent type; false: not one of ours. `ret_kind` borrows from `type`. */
bool event_parse_type(struct str type, enum event_family *ret_family, struct str *ret_kind);

/* What the service must do for a body that names people and tells in its own words. */
struct event_port {
    /* The opaque id of the sender's own identifier: the directory's person, or the keyed hash "u-…" with
     * `ret_unresolved`. The text goes into `arena`. 0 or ERR_MEMORY. */
    int (*identify)(void *ctx, struct str unit, struct str identifier, struct arena *arena,
                    struct str *ret_ref, bool *ret_unresolved);
    /* Whether the directory knows this opaque id in the unit. */
    bool (*is_known)(void *ctx, struct str unit, struct str ref);
    /* A keyed hash of the body, so that a retry can be told from another body. */
    void (*digest)(void *ctx, struct str body, uint8_t ret_digest[IDENT_BYTES]);
    /* Seals `clear` for the class under the erasure key of `erasure_id` (a person or the unit). 0 or ERR_*. */
    int (*seal)(void *ctx, Shouwang__V1__KeyClass key_class, struct str unit, struct str erasure_id,
                struct str clear, struct arena *arena, Shouwang__V1__Sealed **ret_sealed);
    void *ctx;
};

/* A personal value of the body that waits for its seal. */
struct event_clear {
    const ProtobufCFieldDescriptor *field;
    struct str clear;
    Shouwang__V1__Sealed **slot;
};

/* A party named by the sender's own identifier. */
struct event_identifier {
    Shouwang__V1__Party *party;
    struct str identifier;
};

/* A body half read: everything but what needs the port. Borrows from the CloudEvent and its JSON. */
struct event_draft {
    Shouwang__V1__Event *event; /* in the arena */
    enum event_family family;
    struct event_clear clear[EVENT_SEALED_MAX];
    size_t clear_count;
    struct event_identifier identifiers[EVENT_PARTIES_MAX];
    size_t identifier_count;
    struct str body;  /* canonical JSON of the data */
    struct str extra; /* JSON of the members that the schema does not know; empty: none */
};

/* Reads and checks all that needs no port; `now_ms` fills the times that were not given. ERR_INVALID with a path from the
 * CloudEvent's root ("/data/parties/2/role"), ERR_MEMORY. */
SW_NODISCARD int event_read(const struct cloudevent *source, int64_t now_ms, struct arena *arena,
                            struct fault *ret_fault, struct event_draft *ret_draft);

/* Resolves the parties and seals: the event of the draft is then complete. ERR_* of the port. */
SW_NODISCARD int event_finish(struct event_draft *draft, const struct event_port *port,
                              struct arena *arena);

/* Whether the facts given are of the family (or none are). */
bool event_detail_fits(const Shouwang__V1__Event *event, enum event_family family);

/* What every event fulfils: wire/limits.def, and one table of checks beyond it. `now_ms` is the clock or the broker time; what
 * intake has taken is held against the time it was taken.
 * ERR_INVALID with a path from the record's root. */
SW_NODISCARD int event_check(const Shouwang__V1__Event *event, int64_t now_ms,
                             struct fault *ret_fault);

/* What a foreign producer's record fulfils beyond that: the family of its topic, no sealed value, nothing that only
 * intake may set, headers that agree (`headers` may be NULL: none were given). ERR_INVALID. */
SW_NODISCARD int event_check_foreign(const Shouwang__V1__Event *event, enum event_family family,
                                     const struct cloudevent *headers, struct fault *ret_fault);

/* The attributes of an event's record; texts borrow from the event, the type and time lie in `arena`. ERR_MEMORY. */
SW_NODISCARD int event_attributes(const Shouwang__V1__Event *event, enum event_family family,
                                  struct arena *arena, struct cloudevent *ret_attributes);

/* The event as rules and triage see it. Texts borrow from `record`, arrays and encoded sealed values lie in `arena`. The
 * record has passed decode_message and event_check; an open enum's unknown value becomes UNKNOWN, an unknown sign its bit.
 * The answers of a screening stay closed. Times that are missing are taken from `broker_ms`; a foreign producer's event
 * has no body digest, the caller makes one of the record's bytes. ERR_MEMORY. */
SW_NODISCARD int event_to_core(const Shouwang__V1__Event *record, enum event_family family,
                               int64_t broker_ms, struct arena *arena, struct event *ret_event);

/* Puts opened answers, the bytes of a ScreeningAnswers, into the screening; they lie in `arena`. ERR_INVALID: not such bytes;
 * ERR_MEMORY. */
SW_NODISCARD int event_open_answers(struct str plain, struct arena *arena,
                                    struct event_screening *screening);

#endif
