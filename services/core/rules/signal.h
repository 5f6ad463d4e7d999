/* A rule that held, with the values that made it hold. A value type that borrows from its event, its rules and the arena it
 * was made in. */
#ifndef CORE_RULES_SIGNAL_H
#define CORE_RULES_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ident.h"
#include "base/str.h"
#include "core/casework/terms.h"
#include "core/rules/event.h"
#include "core/rules/level.h"

enum {
    SIGNAL_WHY_MAX = 16, /* further reasons are counted in `why_cut` */
    SIGNAL_VALUES_MAX = 16,
    SIGNAL_NEAR_MAX = 4, /* further ones are left out */
    SIGNAL_TELL_MAX = 16,
    SIGNAL_HASH_BYTES = 32,
};

/* One value that a reason stands on: a code, a count or a time, never an answer. */
struct signal_value {
    struct str name;  /* "event.danger" */
    struct str value; /* "imminent" */
};

struct signal_why {
    struct str rule;    /* "concern_repeated", "facts/danger" */
    struct str version; /* of the rule; empty: built in */
    struct str text;    /* for people, its values put in */
    const struct signal_value *values;
    size_t value_count;
};

/* Who a signal is about. */
struct signal_subject {
    struct str ref; /* person, group or unit id */
    enum case_subject kind;
    struct str group; /* class of a pupil, or the group itself; may be empty */
    bool is_unresolved;
};

struct signal {
    struct ident id; /* of event, rule and subject */
    const struct event *event;
    struct signal_subject subject;
    struct str kind; /* of the case */
    enum case_level level;
    enum level_layer layer;
    struct str rule;     /* the one that decided the level */
    const uint8_t *pack; /* SIGNAL_HASH_BYTES; NULL: facts alone, without a pack */
    const struct signal_why *why;
    size_t why_count;
    size_t why_cut;
    const struct signal_why *
        near; /* rules of the same family that one number alone kept from holding: the term as text */
    size_t near_count;
    bool opens_episode;
    bool is_silent; /* history, or too old: recorded, nobody is told */
    bool id_reused;
    bool starts_plan; /* beside an interview that waits: a reason of the level asks for none */
    bool waits;       /* until it is plausible: kept back by triage, never written so */
    bool
        only_on_file; /* counts only for a pupil with an open case at high or above; the escalator knows */
    struct str tell[SIGNAL_TELL_MAX]; /* roles, each once */
    size_t tell_count;
    struct str ask_interview; /* "", "same_day", "24h", "3_school_days" */
};

#endif
