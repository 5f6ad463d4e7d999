/* Triage under virtual time: a made-up school, rules from a text, events in, a trace out. */
#ifndef TESTS_TRACE_TRIAGE_WORLD_H
#define TESTS_TRACE_TRIAGE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/triage.h"

enum { TRIAGE_TRACE_BYTES = 64 * 1024 };

#define TRIAGE_DAY INT64_C(86400000)
#define TRIAGE_HOUR INT64_C(3600000)

struct triage_world;

/* Pupils "p-an", "p-bo" of class "c1", "p-chen" of "c2", both in grade "g1", "p-dai" of "c3" in "g2", staff "t-wang", of
 * school "s1". `rules` is the text of a rules
 * file; NULL: no pack is active. */
struct triage_world *triage_world_new(const char *rules);
void triage_world_free(struct triage_world *world);

/* The time of the next event, and what a new event starts as: an incident of that kind, reported now by "t-wang" about
 * `affected` (NULL: nobody), danger past, no injury. The id is "e<n>", counted up. */
int64_t triage_world_now(const struct triage_world *world);
void triage_world_advance(struct triage_world *world, int64_t by_ms);
struct event triage_world_event(struct triage_world *world, const char *kind, const char *affected);

/* Steps the event and appends to the trace: its outcome, a line for each signal, a line for each reason. Every change of
 * state is encoded, decoded and put again, as a restore would do. */
void triage_world_send(struct triage_world *world, const struct event *event);

/* Takes back what the last event changed, as the abort of a transaction does. */
void triage_world_undo(struct triage_world *world);

/* The trace so far must be this; it is then emptied. */
void triage_world_expect(struct triage_world *world, const char *expected);

/* The last event's signal stands, among its reasons, on a text that is this. */
void triage_world_expect_why(const struct triage_world *world, const char *text);

struct triage *triage_world_triage(struct triage_world *world);

/* The id of the first signal of the last event; none when there was none. */
struct ident triage_world_signal_id(const struct triage_world *world);

#endif
