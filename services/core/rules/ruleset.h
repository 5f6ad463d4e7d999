/* The rules of a pack, compiled: features over events, and conditions that give a level. Built by wire/pack_rules, read by
 * triage; immutable once built. All texts, arrays and expressions belong to the builder's arena. */
#ifndef CORE_RULES_RULESET_H
#define CORE_RULES_RULESET_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/expr/expr.h"
#include "core/roster/calendar.h"
#include "core/rules/event.h"
#include "core/rules/feature.h"
#include "core/rules/level.h"
#include "core/rules/reads.h"
#include "core/rules/signal.h"
#include "core/rules/why.h"

enum {
    RULESET_RULES_MAX = 512,
    RULESET_FEATURES_MAX = 64,
    RULESET_EXPECTATIONS_MAX = 32,
    RULESET_DATES_MAX = 16,
    RULESET_FLAGS_MAX = 16,
    RULESET_ID_MAX_BYTES = 48,
    RULESET_VERSION_MAX_BYTES = 16,
    RULESET_ON_MAX = 6,       /* kinds of events of one rule */
    RULESET_COST_MAX = 20000, /* of one expression */
};

/* Of one number: sums of them stay exact to far less than 1e-9. */
#define FEATURE_NUMBER_MAX 1e6

#define RULESET_WINDOW_MAX_MS (100 * INT64_C(86400000))
#define RULESET_LATENESS_MAX_MS (14 * INT64_C(86400000))
#define RULESET_LATENESS_MS (2 * INT64_C(86400000))
#define RULESET_LIVE_WITHIN_MS (48 * INT64_C(3600000))

/* Whom the signal of a rule is about: whom the event is about, or the class, grade or school that they are in. */
enum rule_about {
    RULE_ABOUT_SUBJECT,
    RULE_ABOUT_CLASS,
    RULE_ABOUT_GRADE,
    RULE_ABOUT_SCHOOL,
    RULE_ABOUT_COUNTY, /* judged where the county is placed, by what it counts: it sees no event but its kind */
};

struct rule {
    struct str id;
    struct str version;                 /* of the rule, as its authors count; "1" if they do not */
    enum event_kind on[RULESET_ON_MAX]; /* none: an expectation's, or the question's */
    size_t on_count;
    const struct expr *when;
    struct reads reads;     /* of `when` */
    uint64_t uses_features; /* bits by index: those that `when` or `why` read */
    enum rule_about about;
    enum case_level level;
    enum level_layer layer;
    struct str case_kind;
    struct str tell[SIGNAL_TELL_MAX];
    size_t tell_count;
    struct str ask_interview; /* empty: none */
    struct str ask_flagged;   /* of a pupil with a flag that stands; empty: the same */
    struct why_text why;      /* no parts: the id stands for it */
    bool only_on_file;        /* counts only for a pupil with an open case at high or above */
    bool waits;               /* until it is plausible: see struct plausibility */
};

/* Of whom something is expected: each class that has pupils, the school, or each pupil. */
enum expect_scope { EXPECT_CLASS, EXPECT_SCHOOL, EXPECT_STUDENT };

/* On which local days there is a deadline. */
enum expect_days { EXPECT_SCHOOL_DAYS, EXPECT_EVERY_DAY, EXPECT_DATES };

struct expect_date {
    uint32_t month;
    uint32_t day;
};

/* Something that must happen: an event by a time of the day. It counts if it came on that day, or, with `within_ms`, not longer
 * ago than that; then what is missing is told when that much has passed, and again each time as much has. */
struct expectation {
    const char *id; /* unique among features and expectations */
    enum event_family from;
    const struct expr *where; /* sees `event` and `calendar` */
    uint64_t kinds;           /* bits 1 << enum event_kind: for others `where` never holds */
    enum expect_scope scope;
    enum expect_days days;
    struct expect_date dates[RULESET_DATES_MAX]; /* of EXPECT_DATES, each year */
    size_t date_count;
    int64_t by_ms;     /* of the local day */
    int64_t grace_ms;  /* judged so much later: what was in time may be on its way */
    int64_t within_ms; /* 0: on the day */
    int64_t
        known_days; /* holds only where such an event came within so many days before; 0: everywhere */
    struct str flags[RULESET_FLAGS_MAX]; /* only pupils with one of them; none: all */
    size_t flag_count;
    struct rule
        otherwise; /* what it means that none came; `why` sees an `event` of our own. Of pupils, about their class or
                            * school: those who miss it are told of together, event.absent_count of event.enrolled_count */
};

/* So many pupils absent at once that it may be a fault. Signals of rules that wait are kept for `settle_ms`; what has come by
 * then is judged as a whole: a question to a person, or each on its own. */
struct plausibility {
    bool is_set;
    int64_t settle_ms;
    int64_t hold_ms;       /* a question without an answer ends */
    uint32_t class_share;  /* hundredths of a percent: more than that is not plausible */
    uint32_t school_share; /* likewise */
    uint32_t at_least;     /* fewer pupils than that are no crowd */
    struct rule question;
};

/* Variables of a rule's environment, by index; that of an event alone ends before the features. */
enum { RULESET_EVENT, RULESET_CALENDAR, RULESET_FEATURES, RULESET_VARIABLES };

/* Rules about events of one kind, in their order, and the features that they read. */
struct rules_about {
    const struct rule **rules;
    size_t count;
    uint64_t uses_features;
};

struct ruleset {
    uint8_t hash[SIGNAL_HASH_BYTES]; /* of the pack */
    int64_t live_within_ms;
    struct calendar calendar; /* school days */
    const struct feature *features;
    size_t feature_count;
    const struct rule *rules; /* in order of files, then of their places */
    size_t rule_count;
    const struct expectation *expectations;
    size_t expectation_count;
    struct rules_about about[2][EVENT_KIND_COUNT]; /* in a unit; of a county */
    struct plausibility plausibility;
    struct expr_schema features_schema; /* the object `features` */
    struct expr_variable variables[RULESET_VARIABLES];
};

/* The environment of a feature's expressions: `event` and `calendar`. */
struct expr_env ruleset_event_env(void);

/* Makes the object `features` and the environment from the features that are set. ERR_MEMORY. */
SW_NODISCARD int ruleset_bind_features(struct ruleset *ruleset, struct arena *arena);

/* Sorts the rules, once they are all there, by what they are about. ERR_MEMORY. */
SW_NODISCARD int ruleset_sort_rules(struct ruleset *ruleset, struct arena *arena);

/* The environment of a rule's expressions; valid as long as the set. */
struct expr_env ruleset_env(const struct ruleset *ruleset);

/* The kinds of events for which a condition may hold, as bits: it is looked at without being evaluated. ERR_MEMORY. */
SW_NODISCARD int ruleset_kinds_of(struct str where, enum event_family from, uint64_t *ret_kinds);

/* The index of the feature of that id, or -1. */
int ruleset_find_feature(const struct ruleset *ruleset, struct str id);

/* `real` for operators on numbers: NAN where max, min and last have nothing to say. */
union feature_value {
    int64_t integer;
    double real;
};

/* Sees to it that the values of a feature are there. */
typedef void (*feature_count_fn)(void *ctx, size_t feature);

/* What a feature's operators give for one subject at one event; by index of feature and op. Counted when an expression reads
 * them: most conditions are decided without. */
struct feature_values {
    union feature_value ops[RULESET_FEATURES_MAX][RULESET_OPS_MAX];
    feature_count_fn count; /* NULL: they are all there */
    void *ctx;
};

_Static_assert(RULESET_FEATURES_MAX <= 64, "rule.uses_features has a bit for each");
_Static_assert(EVENT_KIND_COUNT <= 64, "feature.kinds has a bit for each");

/* Whether the operator gives a double; else an int. */
bool feature_op_is_real(enum feature_op_kind kind);

/* The features that a text reads, as bits by their index. */
uint64_t ruleset_features_of(const struct ruleset *ruleset, struct str source);

/* The expectation of that id, or NULL. */
const struct expectation *ruleset_find_expectation(const struct ruleset *ruleset, struct str id);

/* The object `features` over values. */
struct expr_value ruleset_features(const struct ruleset *ruleset,
                                   const struct feature_values *values);

#endif
