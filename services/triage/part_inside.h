/* What the files of a part share. Internal to triage. */
#ifndef TRIAGE_PART_INSIDE_H
#define TRIAGE_PART_INSIDE_H

#include "base/arena.h"
#include "core/org/org.h"
#include "core/rules/triage.h"
#include "io/erasure.h"
#include "triage/part.h"
#include "wire/fault.h"
#include "wire/pack.h"

enum {
    PART_ARENA_BYTES =
        TRIAGE_ARENA_BYTES + 16 * 1024 * 1024 /* and one record, its answers, what is written */
};

struct part {
    struct part_shared *shared;
    int32_t index;
    struct org *org;
    struct erasure_keys *keys;
    struct pack_store *packs;
    struct triage *triage;
    struct arena arena; /* of one call */
};

/* One more in a counter with at most two labels; NULL: none. */
void part_count(const struct part *part, int row, const char *first, const char *second);

/* Ends the process. */
void part_fail(const struct part *part, int error);

/* The pack that judges for the unit; NULL: none yet. */
const struct pack *part_pack(const struct part *part, struct str unit);

/* "incident" … of a topic of events. */
enum event_family part_family(enum topic topic);

/* --- input.c: from a record to a checked event ----------------------------------------------------------------------- */

enum part_reading {
    PART_READ,      /* here it is */
    PART_MISPLACED, /* of another partition, or without its key: to be written once more */
    PART_REFUSED,   /* with a fault */
    PART_BROKEN,    /* memory is out: the process ends */
};

/* Reads one record. `ret_unit` is the record's unit as far as it is known and clean, else empty. */
enum part_reading part_read(struct part *part, const struct kafka_record *record,
                            struct event *ret_event, struct str *ret_unit, struct fault *ret_fault);

/* --- answers.c ------------------------------------------------------------------------------------------------------- */

/* Opens the answers of a screening into the event. What cannot be opened is counted and stays closed: the rules that
 * need it are errors, the event is kept. ERR_MEMORY. */
SW_NODISCARD int part_open_answers(struct part *part, struct event *event);

/* --- perform.c: from a result to effects ----------------------------------------------------------------------------- */

void part_put_changes(struct part *part, const struct triage_result *result,
                      struct stream_effects *effects);
void part_emit_signals(struct part *part, const struct triage_result *result, int64_t time_ms,
                       struct stream_effects *effects);

/* What the county counts of the event, placed by the county. */
void part_emit_fact(struct part *part, const struct triage_result *result,
                    struct stream_effects *effects);

/* The same record once more, placed by its unit. */
void part_place_again(struct part *part, const struct kafka_record *record, struct str unit,
                      struct stream_effects *effects);

/* A record that cannot be taken goes to rejects, with its place, its bytes sealed under the unit's key. */
void part_reject(struct part *part, const struct kafka_record *record, struct str unit,
                 const struct fault *fault, struct stream_effects *effects);

#endif
