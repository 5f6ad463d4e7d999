/* What obligation.c (what persons do) and obligation_due.c (what time does) share. Internal to casework. */
#ifndef CORE_CASEWORK_OBLIGATION_H
#define CORE_CASEWORK_OBLIGATION_H

#include "core/casework/parts.h"

/* Its definition in the policy it came from, or the built-in one. Never NULL: a case is only loaded with its pack. */
const struct policy_obligation *obligation_definition(const struct work *work,
                                                      const struct obligation *obligation);

/* When its clock has run for so long: pauses only as its policy says. */
int64_t obligation_time_at(const struct work *work, const struct policy_obligation *definition,
                           int64_t anchor_ms, int64_t after_ms);

/* "phone_report/warn/1"; of a later episode "e2/phone_report/warn/1". */
struct str obligation_cause(struct work *work, const struct obligation *obligation,
                            const char *tail, uint32_t number);

/* Starts the clock of one whose anchor is there. */
void obligation_start(struct work *work, struct obligation *obligation, int64_t anchor_ms);

/* A journal line that names the obligation. */
struct effect_journal *obligation_journal(struct work *work, const struct obligation *obligation,
                                          const char *what);

/* Tells everybody in its owner's role. */
void obligation_tell_owner(struct work *work, const struct obligation *obligation, struct str cause,
                           const char *purpose);

/* That its clock has begun; of one that is passed on, whoever is asked knows. */
void obligation_tell_started(struct work *work, const struct obligation *obligation);

/* Tells everybody in a role that it is due, by a notice that may wait, to be read with others of its sort. */
void obligation_tell_later(struct work *work, const struct obligation *obligation, struct str role,
                           struct str cause);

/* pass.c: obligations that go from one to the next until somebody accepts. */
bool obligation_passes(const struct work *work, const struct obligation *obligation);
/* Asks the next one who was not asked yet, with a deadline of its own. False: nobody is left. */
bool obligation_ask_next(struct work *work, struct obligation *obligation);
/* What is still with somebody is stopped, and the recipient is told. */
void obligation_say_accepted(struct work *work, const struct obligation *obligation);

#endif
