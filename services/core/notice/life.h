/* The life of one notice on its way to a provider: its states, what an answer of the provider means, when to try again.
 *
 *     queued -> accepted -> delivered -> reached -> acked | refused | failed
 *     queued -> cancelled | expired | failed | throttled | unknown
 *
 * `accepted` and on: a provider has it, and nothing calls it back. Pure: time is given. */
#ifndef CORE_NOTICE_LIFE_H
#define CORE_NOTICE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/casework/terms.h"

enum {
    NOTICE_RETRY_FIRST_MS = 500,
    NOTICE_RETRY_MAX_MS = 30 * 1000,
    NOTICE_RETRY_URGENT_MAX_MS = 5 * 1000,
    NOTICE_RETRY_AFTER_MAX_MS = 60 * 60 * 1000, /* a provider that asks for more gets this */
};

struct notice_life {
    enum case_delivery state;
    uint32_t attempt;   /* sends begun so far */
    int64_t next_ms;    /* not before it, while queued */
    int64_t expires_ms; /* not sent at or after it */
};

/* Whether the table of states allows it. Staying is not a change. */
bool notice_may_become(enum case_delivery from, enum case_delivery to);

/* No later word of a provider changes it. */
bool notice_is_end(enum case_delivery state);

/* The only writer of `state`; asserts that the change is legal. */
void notice_transition(struct notice_life *life, enum case_delivery to);

enum notice_answer_kind {
    NOTICE_ANSWER_TAKEN,     /* the provider has it */
    NOTICE_ANSWER_LATER,     /* busy or down: try again */
    NOTICE_ANSWER_THROTTLED, /* a limit of the provider: try again after `retry_after_ms` */
    NOTICE_ANSWER_NEVER,     /* will never take it */
    NOTICE_ANSWER_STOPPED,   /* not sent: it may not go there any more */
    NOTICE_ANSWER_SILENT,    /* no answer: it may or may not have it */
};

struct notice_answer {
    enum notice_answer_kind kind;
    int64_t retry_after_ms; /* negative: not said */
    bool is_urgent; /* tried again sooner, and after SILENT too: rather twice than not at all */
};

/* What an answer to a send does to a queued notice: it becomes accepted, failed, cancelled, throttled (a limit that outlasts
 * it) or unknown, or stays queued with `next_ms` moved. */
void notice_apply_answer(struct notice_life *life, const struct notice_answer *answer,
                         int64_t now_ms);

/* What a provider's word says about how far it came; NONE for a text that is no such word. Only the key "1" acknowledges:
 * an answered call is not an acknowledgement, "2" refuses, any other key only shows that somebody is there. */
enum case_delivery notice_word(struct str state, struct str digits);

#endif
