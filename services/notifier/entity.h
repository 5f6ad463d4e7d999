/* The entities of a part, in memory and in the changelog: notices held, stops kept, calls counted per number. Everything
 * here is called from a step or from load. Internal to the notifier. */
#ifndef NOTIFIER_ENTITY_H
#define NOTIFIER_ENTITY_H

#include <shouwang/v1/notice.pb-c.h>

#include "notifier/notifier.h"

/* A control kept: the core's stop, and its record for the changelog. */
struct stop_entity {
    struct ident id;
    uint32_t timer;
    struct str unit;   /* behind the struct */
    struct str record; /* the encoded Control */
};

/* The calls to one number: `<unit>/quota/<address digest>`. */
struct callee {
    struct quota quota; /* as in the changelog */
    uint32_t underway;  /* calls begun and not answered yet */
    uint32_t timer;
    struct str key; /* behind the struct */
};

/* --- Timers of a part. Index 0 is none. ------------------------------------------------------------------------------ */

/* 0 when memory is out. */
uint32_t part_timer_take(struct part *part, enum part_timer_kind kind, void *owner);
void part_timer_give(struct part *part, uint32_t timer);
SW_NODISCARD int part_timer_set(struct part *part, uint32_t timer, int64_t due_ms);

/* --- Notices --------------------------------------------------------------------------------------------------------- */

struct held *held_find(const struct part *part, struct ident id);

/* A new one, queued, in no list, from a checked record whose bytes are `bytes`. ERR_MEMORY, ERR_FULL, ERR_EXISTS. */
SW_NODISCARD int held_add(struct part *part, const Shouwang__V1__Notice *notice, struct str bytes,
                          enum notifier_lane lane, struct held **ret_held);

/* Out of memory (the computer's, not an error): map, list, timer. */
void held_drop(struct part *part, struct held *held);

/* The record, decoded in the part's arena; NULL: memory is out. */
const Shouwang__V1__Notice *held_record(struct part *part, const struct held *held);

/* Before it is changed in a step, and after. A dropped one is written by held_write_gone. */
void held_touch(struct part *part, const struct held *held, struct stream_effects *effects);
void held_write(struct part *part, const struct held *held, struct stream_effects *effects);
void held_write_gone(struct part *part, const struct held *held, struct stream_effects *effects);

/* Whether a notice of the id is known to have ended a short while ago. False proves nothing. */
bool held_ended_lately(const struct part *part, struct ident id);
void held_note_ended(struct part *part, struct ident id);

/* Queued ones go to the end of their lane, or wait for their time; the others wait for their end. */
void held_schedule(struct part *part, struct held *held, int64_t now_ms);

struct stop_question held_question(const struct held *held);

/* --- Stops ----------------------------------------------------------------------------------------------------------- */

/* From a checked record that cancels or sets a conflict. ERR_MEMORY, ERR_FULL, ERR_TOO_LARGE. */
SW_NODISCARD int stop_add(struct part *part, const Shouwang__V1__Control *control,
                          struct str bytes);
void stop_drop(struct part *part, struct ident id);

/* The one kept longest, where there is no room for another. */
struct ident stop_oldest(const struct part *part);

/* Around a change of one, as for notices: `before` and after. */
void stop_write_new(struct part *part, struct ident id, struct stream_effects *effects);
void stop_write_gone(struct part *part, struct ident id, struct stream_effects *effects);

/* --- Calls ----------------------------------------------------------------------------------------------------------- */

/* Made on first use; NULL when memory is out. */
struct callee *callee_of(struct part *part, struct str unit, struct str digest);

/* Counts a call that was made, in a step. */
void callee_count(struct part *part, struct callee *callee, int64_t at_ms,
                  struct stream_effects *effects);

/* Its timer came: forgets it when nothing of the last day is left. */
void callee_review(struct part *part, struct callee *callee, int64_t now_ms,
                   struct stream_effects *effects);

/* --- The changelog ----------------------------------------------------------------------------------------------------- */

/* stream_definition's load. */
int entity_load(void *part, struct str key, struct str value);

/* Frees all of them. */
void entity_free_all(struct part *part);

#endif
