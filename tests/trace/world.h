/* A school in virtual time: inputs go into one casework, effects come out as lines of text.
 *
 * The people are made up. Lines are rendered here, from typed effects, so that a wording in the code breaks no test:
 *     "0:03:00 notice 2#0 principal voice+sms"
 * Notices of one instant to one person for one reason are one line. */
#ifndef TESTS_TRACE_WORLD_H
#define TESTS_TRACE_WORLD_H

#include "core/casework/casework.h"
#include "core/org/org.h"

#define WORLD_START_MS INT64_C(1764000000000)

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* So many pupils may wait for an interview before the county's centre is told. */
enum { WORLD_INTERVIEWS_EACH = 3 };

enum world_show {
    SHOW_NOTICES = 1,
    SHOW_JOURNAL = 2, /* but for step_fired and the like, which notices show */
    SHOW_CONTROL = 4,
    SHOW_ALERTS = 8,
    SHOW_DETAIL = 16, /* all journal lines */
};

struct world;

/* A school "s1" in county "c1" with everybody in place: duty, psych, teacher, head, boss (principal), dad and mum (of
 * pupil "lan" in class k1), desk (bureau duty), chief (county designee), centre (county centre), last, cop, doctor; deputy is the duty leader's
 * substitute, aide the class teacher's. */
struct world *world_new(void);
void world_free(struct world *world);

struct casework *world_casework(struct world *world);
struct org *world_org(struct world *world);

/* Lets time come to start + at_ms, firing what is due before; then later inputs are at that instant. */
void world_run(struct world *world, int64_t at_ms);

/* As after an outage: time jumps there in one step. */
void world_jump(struct world *world, int64_t at_ms);

/* A signal that a test completes before it is sent; "lan", self_harm, crisis, on campus, opens an episode, discovered now. */
struct case_signal world_signal(struct world *world);
void world_send(struct world *world, struct case_signal signal);

/* A command of `actor` in `role` on the case opened last; sent by world_do, which answers "applied" or the reason of the
 * refusal. */
struct case_command world_command(struct world *world, enum case_command_kind kind,
                                  const char *actor, const char *role);
const char *world_do(struct world *world, struct case_command command);
const char *world_ack(struct world *world, const char *actor, const char *role);
const char *world_met(struct world *world, const char *obligation, int64_t performed_at_ms);

/* A command with a broker time other than the world's. */
const char *world_do_at(struct world *world, struct case_command command, int64_t at_ms);

/* A receipt for the notice sent last to a person over a channel. */
void world_receipt(struct world *world, const char *person, enum case_channel channel,
                   enum case_delivery state);

/* The receipt that was said last, once more. */
void world_receipt_again(struct world *world);

/* Whether every notice to the person since world_show may wait: it went to the lane of what is read in the course of the
 * day. True also when there was none. */
bool world_only_waits(const struct world *world, const char *person);

/* Whether any notice went to the person over the channel. */
bool world_was_sent(const struct world *world, const char *person, enum case_channel channel);

/* The case opened last. */
const struct casefile *world_case(const struct world *world);
const struct obligation *world_obligation(const struct world *world, const char *id);

/* Each step is tried with its first, second, third … allocation failing, until none fails. `fail_nth` lets the nth from now
 * fail; 0: none. */
typedef void (*world_fail_fn)(unsigned nth);
void world_fail(struct world *world, world_fail_fn fail_nth);

/* Called with every case that changed. */
typedef void (*world_watch_fn)(const struct casefile *file);
void world_watch(struct world *world, world_watch_fn watch);

/* Cases in the order of their opening; commands go to the one selected. */
size_t world_case_count(const struct world *world);
void world_select(struct world *world, size_t index);

/* Notices sent in all; at most WORLD_SENT_MAX are kept (asserted). */
size_t world_sent_count(const struct world *world);
enum { WORLD_SENT_MAX = 65536 };

/* ms since the start. */
int64_t world_now(const struct world *world);

/* Starts rendering anew, showing these kinds (bits of enum world_show). */
void world_show(struct world *world, unsigned show);

/* Fails with both texts when what was rendered since world_show is something else. */
void world_expect(struct world *world, const char *expected);

/* Whether a notice went to the person since world_show; and how many for a cause ("" for any). */
size_t world_count(const struct world *world, const char *person, const char *cause);

/* Whether a cancel since world_show names a notice that went to the person for that cause. */
bool world_is_cancelled(const struct world *world, const char *person, const char *cause);

/* How many notices since world_show that went to the person for that cause no cancel names. */
size_t world_left(const struct world *world, const char *person, const char *cause);
#endif
