/* What enters casework: checked values, borrowed for the length of one step. Sealed values and lists of reasons are
 * encoded bytes that casework passes along unopened. */
#ifndef CORE_CASEWORK_INPUT_H
#define CORE_CASEWORK_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/str.h"
#include "core/casework/casefile.h"
#include "core/casework/terms.h"

enum case_input_kind { CASE_INPUT_SIGNAL, CASE_INPUT_COMMAND, CASE_INPUT_RECEIPT, CASE_INPUT_TIME };

enum { CASE_TELL_MAX = 16 };

struct case_input_party {
    struct str ref;
    enum case_party_role role;
    enum case_conflict_reason conflict; /* excluded from the first minute */
    bool unresolved;
};

struct case_signal {
    struct ident id;
    struct str unit;
    struct str kind; /* of the case */
    struct str subject;
    enum case_subject subject_kind;
    enum case_level level;
    uint32_t layer;
    bool opens_episode;
    bool silent;
    bool unresolved;
    bool
        starts_plan; /* beside an interview that waits: its level is asked for by another reason, too */
    bool only_on_file; /* dropped but for a subject with an open case at high or above */
    enum case_place place;
    enum case_danger danger;
    enum case_injury injury;
    uint32_t mandatory_code;
    int64_t occurred_ms;
    int64_t discovered_ms;
    int64_t reported_ms;
    struct str group;
    struct str ask_interview; /* "", "same_day", a duration, or "3_school_days" */
    const struct str *tell;   /* roles */
    size_t tell_count;
    const struct case_input_party *parties;
    size_t party_count;
    const struct case_why *why;
    size_t why_count;
    struct str callback; /* encoded Sealed values */
    struct str with_pupil;
    struct str place_detail;
    struct str text;
};

enum case_command_kind {
    CASE_COMMAND_ACKNOWLEDGE,
    CASE_COMMAND_MET,
    CASE_COMMAND_WAIVE,
    CASE_COMMAND_REQUEST_HELP,
    CASE_COMMAND_SET_CONFLICT,
    CASE_COMMAND_CLEAR_CONFLICT,
    CASE_COMMAND_RELEASE_HOLD,
    CASE_COMMAND_CHANGE_LEVEL,
    CASE_COMMAND_JOIN_EPISODES,
    CASE_COMMAND_SETTLE,
    CASE_COMMAND_STAND_DOWN,
    CASE_COMMAND_CONFIRM_STAND_DOWN,
    CASE_COMMAND_CLOSE,
    CASE_COMMAND_NOTE,
    CASE_COMMAND_READ,
    CASE_COMMAND_RESPOND,
    CASE_COMMAND_LINK,
    CASE_COMMAND_URGE,
    CASE_COMMAND_HAND_OVER,
    CASE_COMMAND_TEAM,
    CASE_COMMAND_COUNT,
};

/* One struct for all kinds: a member that the kind does not use is empty. */
struct case_command {
    enum case_command_kind kind;
    struct ident id;
    struct str unit;
    struct ident case_id;
    struct str actor;
    struct str actor_role;
    struct str via;
    struct ident notice_id; /* acknowledge */
    struct str obligation;  /* met, waive, respond, urge */
    uint32_t occurrence;
    uint32_t episode;     /* met, waive, join, respond, urge */
    int64_t performed_ms; /* met; 0: at the command's time */
    const struct case_evidence *evidence;
    size_t evidence_count;
    struct str reason_code; /* waive, change level */
    struct str sealed;      /* whatever was typed, encoded Sealed */
    struct str person; /* conflict, release ("class"), link (the directory person), hand over */
    enum case_conflict_reason conflict;
    struct str role; /* request help */
    enum case_level level;
    struct ident other_case; /* join */
    enum case_stand_down_reason stand_down;
    bool confirmed;        /* confirm stand down */
    struct str code;       /* close: outcome; respond: answer; read: what */
    struct str unresolved; /* link */
    struct str digest;     /* note */
    int64_t until_ms;      /* team; 0: the person leaves now */
};

struct case_receipt {
    struct ident notice_id;
    struct str unit;
    struct ident case_id;
    struct str person;
    struct str role;
    enum case_channel channel;
    enum case_delivery state;
    struct str reason;
    bool is_digest; /* a notice of the notifier's own; those of the case have their own receipts */
    const struct ident *merged; /* notices that were merged into it: it answers for all */
    size_t merged_count;
};

struct case_input {
    enum case_input_kind kind;
    int64_t time_ms; /* broker time; of TIME: the instant that is reached */
    union {
        struct case_signal signal;
        struct case_command command;
        struct case_receipt receipt;
    };
};

#endif
