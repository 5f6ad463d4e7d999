/* Triage under virtual time: a made-up school, rules from a text, events in, a trace out. */
#ifndef TESTS_TRACE_TRIAGE_WORLD_H
#define TESTS_TRACE_TRIAGE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rules/triage.h"

enum { TRIAGE_TRACE_BYTES = 64 * 1024, TRIAGE_ENTITIES_MAX = 1024 };

#define TRIAGE_DAY INT64_C(86400000)
#define TRIAGE_HOUR INT64_C(3600000)

struct triage_world;

/* Pupils "p-an", "p-bo" of class "c1", "p-chen" of "c2", both in grade "g1", "p-dai" of "c3" in "g2", staff "t-wang", of
 * school "s1". `rules` is the text of a rules
 * file; NULL: no pack is active. */
struct triage_world *triage_world_new(const char *rules);

/* With the reference pack as it lies in the tree. */
struct triage_world *triage_world_new_reference(void);

void triage_world_free(struct triage_world *world);

/* So many more pupils in the class: "<group>-01", "<group>-02" …; made where it is not there. */
void triage_world_add_pupils(struct triage_world *world, const char *group, unsigned count);

/* The pupil of the world's first classes has that flag from now on, until `until_ms` (0: for good). */
void triage_world_flag(struct triage_world *world, const char *pupil, const char *group,
                       const char *code, int64_t until_ms);

/* From now on nothing waits until it is plausible. */
void triage_world_hold_nothing(struct triage_world *world);

/* The school lies in county "county-1" from now on, and so does a school "s2" without anybody. */
void triage_world_add_county(struct triage_world *world);

/* The county counts what the events since the last call told it, first to last or backward. Appends "county counts <event> of
 * <unit>" and what it gave. */
void triage_world_count_facts(struct triage_world *world, bool is_backward);

/* From now on the trace has a line for each rule that nearly held, too. */
void triage_world_show_near(struct triage_world *world);

/* The time of the next event, and what a new event starts as: an incident of that kind, reported now by "t-wang" about
 * `affected` (NULL: nobody), danger past, no injury. The id is "e<n>", counted up. */
int64_t triage_world_now(const struct triage_world *world);
void triage_world_advance(struct triage_world *world, int64_t by_ms);
struct event triage_world_event(struct triage_world *world, const char *kind, const char *affected);

/* A result of that instrument about a pupil: `items` values, the first is of item 1; no score. Steps of wire are taken as the
 * services take them: the score is made of the items where the pack's instrument says so. */
struct event triage_world_sheet(struct triage_world *world, const char *instrument,
                                const char *affected, const int32_t *items, size_t count);

/* Steps the event and appends to the trace: its outcome, a line for each signal, a line for each reason. Every change of
 * state is encoded, decoded and put again, as a restore would do. */
void triage_world_send(struct triage_world *world, const struct event *event);

/* Lets time pass to the instant, settling what is due on the way. Appends "<time of the step> time" and what it gave: signals as
 * above, "  released <kind> <subject>" for one that was held back, "  questions=1" and the like; steps that give nothing
 * leave no line. Times are of China: "10-10 08:40:00". */
void triage_world_run(struct triage_world *world, int64_t to_ms);

/* The instant of a local time of that day of the world, the first being 0. */
int64_t triage_world_at(const struct triage_world *world, int day, int hour, int minute);

/* A person's word on the question that was asked last. */
void triage_world_answer(struct triage_world *world, bool is_fault);

/* A new triage takes over: it has what the changelog says, and nothing else. */
void triage_world_restart(struct triage_world *world);

/* Other rules are active from now on. */
void triage_world_set_rules(struct triage_world *world, const char *rules);

/* Takes back what the last event changed, as the abort of a transaction does. */
void triage_world_undo(struct triage_world *world);

/* The trace so far must be this; it is then emptied. */
void triage_world_expect(struct triage_world *world, const char *expected);

/* The trace so far does not matter. */
void triage_world_forget(struct triage_world *world);

/* Signals that the last step let go. */
size_t triage_world_releases(const struct triage_world *world);

/* The last event's signal stands, among its reasons, on a text that is this. */
void triage_world_expect_why(const struct triage_world *world, const char *text);

/* What held at the last event: "<highest level>: <rule> <rule> …", in the order of its signals, but for pupils on file; "" when nothing did. Valid
 * until the next call. */
const char *triage_world_held(const struct triage_world *world);

/* The signals of the last step. Valid until the next one. */
const struct signal *triage_world_signals(const struct triage_world *world, size_t *ret_count);

struct triage *triage_world_triage(struct triage_world *world);

/* The id of the first signal of the last event; none when there was none. */
struct ident triage_world_signal_id(const struct triage_world *world);

#endif
