/* What a step of casework asks the shell to do, in order. Everything in it lives in the effects' arena until reset,
 * but for the files of EFFECT_CASE. */
#ifndef CORE_CASEWORK_EFFECT_H
#define CORE_CASEWORK_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/str.h"
#include "core/casework/casefile.h"

enum {
    EFFECTS_MAX =
        4096, /* of one step; reaching it is a bug: bounds on people, steps and obligations keep below */
    EFFECT_FACTS_MAX = 12,
    EFFECT_MERGED_MAX = 64,
    EFFECT_IDS_MAX = 128,
};

enum effect_kind {
    EFFECT_CASE,    /* a case changed: persist it */
    EFFECT_JOURNAL, /* one line */
    EFFECT_NOTICE,
    EFFECT_CONTROL,
    EFFECT_ALERT,
};

enum effect_lane { EFFECT_LANE_URGENT, EFFECT_LANE_BULK };

struct effect_fact {
    struct str key;
    struct str value;
};

struct effect_journal {
    struct str unit;
    struct ident case_id; /* none: of the unit */
    uint64_t case_number;
    uint32_t episode;
    struct str what; /* code: "case_opened", "step_fired", "obligation_met" … */
    struct str actor;
    struct str actor_role;
    struct ident command_id; /* none: no command caused it */
    struct str outcome;      /* of a command: "applied", "refused" */
    struct str reason;       /* code */
    struct ident cause_id;   /* signal or notice that caused it */
    enum case_level level;
    struct str sealed; /* one encoded Sealed, or empty */
    struct effect_fact facts[EFFECT_FACTS_MAX];
    size_t fact_count;
};

struct effect_notice {
    struct ident id;
    enum effect_lane lane;
    struct str unit;
    struct ident case_id;
    uint64_t case_number;
    struct str person;
    struct str role;
    enum case_channel channel;
    struct str address_digest;
    struct str purpose;
    struct str audience;
    enum case_level level;
    struct str legal_basis;
    uint32_t generation;
    struct str cause;
    uint32_t firing;
    const struct ident *merged;
    size_t merged_count;
    int64_t created_ms;
    int64_t expires_ms;
    bool late;
    bool wants_key_press;
    bool may_wait; /* told with others at the pack's digest times */
    struct str subject;
    struct str kind;
    enum case_place place;
    enum case_danger danger;
    enum case_injury injury;
    int64_t occurred_ms; /* 0: not known */
    struct str obligation;
    int64_t due_ms;
    struct str taken_over_role;
    int64_t taken_over_ms;
    struct str group;
    struct str callback; /* encoded Sealed values, passed along */
    struct str with_pupil;
    struct str place_detail;
};

enum effect_control_kind { EFFECT_CANCEL, EFFECT_CONFLICT_SET, EFFECT_CONFLICT_CLEARED };

struct effect_control {
    enum effect_control_kind kind;
    struct ident id;
    struct str unit;
    struct ident case_id;
    const struct ident *notice_ids; /* cancel: these; none: all that match */
    size_t notice_count;
    struct str person;
    struct str role;
    uint32_t generation_at_most; /* 0: any */
    struct str reason;           /* acked, stood_down, level_changed, met, corrected */
    int64_t until_ms;
};

struct effect_alert {
    struct ident id;
    struct str unit;
    struct ident case_id;
    struct str what; /* opened, raised, lowered, acknowledged, settled, breached, roster_gap … */
    enum case_level level;
    uint32_t layer;
    struct str kind;
    enum case_state state;
    struct str obligation;
    int64_t due_ms;
    uint32_t generation;
};

/* A case that is not as it was: casework_get has it as it is now, casework_get_before as it was. */
struct effect_change {
    struct ident case_id;
    struct str unit;
};

struct effect {
    enum effect_kind kind;
    int64_t at_ms; /* the instant it belongs to: an input's time or a deadline */
    union {
        struct effect_change change;
        struct effect_journal journal;
        struct effect_notice notice;
        struct effect_control control;
        struct effect_alert alert;
    };
};

struct effects {
    struct arena arena;
    struct effect **items;
    size_t count;
    size_t capacity;
};

/* Caller's storage; takes no memory yet. */
void effects_init(struct effects *ret_effects);
void effects_fini(struct effects *effects);

/* Forgets all effects and keeps the memory. Called by casework_step before it writes. */
void effects_reset(struct effects *effects);

/* A new zeroed effect at the end, or NULL when memory is out (the step then fails as a whole). */
struct effect *effects_add(struct effects *effects, enum effect_kind kind, int64_t at_ms);

#endif
