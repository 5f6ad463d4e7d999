/* What the files of the checks share. */
#ifndef TESTS_SIM_CHECK_INSIDE_H
#define TESTS_SIM_CHECK_INSIDE_H

#include <shouwang/v1/journal.pb-c.h>

#include "sim/check.h"

enum {
    CHECK_KEY_BYTES = 256,
    CHECK_CALLS_MAX = 32,
    CHECK_COMMANDS_KNOWN = 128,
    CHECK_LATE_MS = 2000
};

struct check_event {
    struct str id;
    unsigned signals;
};

struct check_signal {
    struct ident id;
    bool is_told; /* a line of the journal names it as its cause */
    bool may_be_dropped;
};

struct check_command {
    struct ident id;
    unsigned lines; /* with an outcome */
    uint64_t
        number; /* of its unit's answered commands: the escalator knows the last CHECK_COMMANDS_KNOWN of them */
};

/* An acknowledgement, or a conflict. */
struct check_ack {
    struct str key;
    struct ident case_id;
    bool is_active;
    int64_t since_ms; /* it was logged */
};

/* One obligation that is no recurring one, as the journal tells of it. */
struct check_duty {
    struct str key;
    unsigned ends; /* met, met late or waived, less those taken back */
};

/* A case as the journal tells of it. */
struct check_life {
    struct ident id;
    enum case_state state;
    enum case_level level;
    const struct policy *policy; /* of the plan in force; NULL: none */
    int64_t plan_ms;             /* it was made */
    int64_t restart_ms;          /* its ladder began anew */
    int holds;                   /* of persons and the class, not released */
    int conflicts;               /* not cleared */
    bool has_skipped;            /* a step, since the plan was made */
    bool
        has_moved; /* since then a step was skipped, or had been satisfied: what follows may come at once */
};

/* The last calls to a number. */
struct check_calls {
    struct str phone;
    int64_t at_ms[CHECK_CALLS_MAX]; /* a ring */
    size_t count;
};

/* What a person was told late of a case at one instant. */
struct check_word {
    struct str key;
    struct str cause;
};

int64_t check_now(const struct check *check);

/* Whether all has been well for a while: what is done then is done in time. */
bool check_is_well(const struct check *check);

/* The entry of a key, made on first use: `bytes` zeroed ones that begin with room for the key itself. */
void *check_entry(struct check *check, struct map *map, struct str key, size_t bytes,
                  struct str **ret_key);

/* The text of an id, in static storage: at most four at once. */
const char *check_id(struct ident id);

/* check_journal.c: a line. */
void check_line(struct check *check, const struct broker_record *record);

/* Whether the lines so far say of the case what its state says. */
void check_life(struct check *check, const struct casefile *file);

/* check_case.c: an encoding of a case. */
void check_case(struct check *check, const struct broker_record *record);

/* For how long the journal has said that the person in the role has the case; -1: it does not. */
int64_t check_acked_for_ms(struct check *check, struct ident case_id, struct str person,
                           struct str role);

#endif
