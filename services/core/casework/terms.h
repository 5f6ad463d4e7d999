/* The closed vocabularies of casework. Values equal those of the records (shouwang/v1), so that a converter only
 * checks the range; 0 is always "not given". Open lists (kinds, roles, reasons) are texts. */
#ifndef CORE_CASEWORK_TERMS_H
#define CORE_CASEWORK_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* How bad; a higher value is worse. */
enum case_level {
    CASE_LEVEL_NONE,
    CASE_LEVEL_NORMAL,
    CASE_LEVEL_ATTENTION,
    CASE_LEVEL_WARNING,
    CASE_LEVEL_HIGH,
    CASE_LEVEL_CRISIS,
};

enum case_subject {
    CASE_SUBJECT_NONE,
    CASE_SUBJECT_STUDENT,
    CASE_SUBJECT_STAFF,
    CASE_SUBJECT_GROUP,
    CASE_SUBJECT_UNIT,
    CASE_SUBJECT_UNRESOLVED, /* matched as a student */
};

enum case_place {
    CASE_PLACE_NONE,
    CASE_PLACE_ON_CAMPUS,
    CASE_PLACE_OFF_CAMPUS,
    CASE_PLACE_UNKNOWN
};

enum case_danger {
    CASE_DANGER_NONE,
    CASE_DANGER_HAPPENING,
    CASE_DANGER_IMMINENT,
    CASE_DANGER_PAST,
    CASE_DANGER_UNKNOWN,
};

enum case_injury {
    CASE_INJURY_NONE,
    CASE_INJURY_NO,
    CASE_INJURY_UNTREATED,
    CASE_INJURY_NEEDS_TREATMENT,
    CASE_INJURY_UNKNOWN,
};

enum case_channel {
    CASE_CHANNEL_NONE,
    CASE_CHANNEL_VOICE,
    CASE_CHANNEL_SMS,
    CASE_CHANNEL_WECOM,
    CASE_CHANNEL_DINGTALK,
    CASE_CHANNEL_FEISHU,
    CASE_CHANNEL_MAIL,
    CASE_CHANNEL_WEBHOOK,
    CASE_CHANNEL_FEED,
    CASE_CHANNEL_COUNT,
};

/* What became of a notice. */
enum case_delivery {
    CASE_DELIVERY_NONE,
    CASE_DELIVERY_QUEUED,
    CASE_DELIVERY_ACCEPTED,
    CASE_DELIVERY_DELIVERED,
    CASE_DELIVERY_REACHED,
    CASE_DELIVERY_ACKED,
    CASE_DELIVERY_REFUSED,
    CASE_DELIVERY_FAILED,
    CASE_DELIVERY_THROTTLED,
    CASE_DELIVERY_CANCELLED,
    CASE_DELIVERY_EXPIRED,
    CASE_DELIVERY_UNKNOWN,
};

enum case_party_role {
    CASE_PARTY_NONE,
    CASE_PARTY_AFFECTED,
    CASE_PARTY_ALLEGED,
    CASE_PARTY_WITNESS,
    CASE_PARTY_REPORTER,
};

enum case_conflict_reason {
    CASE_CONFLICT_NONE,
    CASE_CONFLICT_PUPIL_FEARS,
    CASE_CONFLICT_UNFIT_NOW,
    CASE_CONFLICT_SUSPECTED_OFFENDER,
};

enum case_stand_down_reason {
    CASE_STAND_DOWN_NONE,
    CASE_STAND_DOWN_MISTAKEN,
    CASE_STAND_DOWN_DUPLICATE,
    CASE_STAND_DOWN_FALSE_REPORT,
    CASE_STAND_DOWN_WRONG_PERSON,
};

/* Kinds of one family merge into one open case of a subject. */
enum case_family {
    CASE_FAMILY_NONE,
    CASE_FAMILY_SELF_HARM,
    CASE_FAMILY_VIOLENCE,
    CASE_FAMILY_ABUSE,
    CASE_FAMILY_SAFETY,
    CASE_FAMILY_ROLL,      /* something expected did not come: a roll, a feed */
    CASE_FAMILY_DOUBT,     /* so many absent that it may be a fault: a question */
    CASE_FAMILY_CLUSTER,   /* more pupils than expected, close in time or place */
    CASE_FAMILY_WELLBEING, /* whatever is in no other, unknown kinds too */
};

enum case_family case_family_of(struct str kind);

/* Whether an interview asked for so ("same_day", "24h", "3_school_days") pages nobody and waits in the psychology teacher's
 * queue: one that has school days does. */
bool case_interview_waits(struct str ask);

/* "self_harm" …; static storage. "none" outside of the enum. */
const char *case_family_name(enum case_family family);
const char *case_level_name(enum case_level level);
const char *case_channel_name(enum case_channel channel);
const char *case_place_name(enum case_place place);
const char *case_delivery_name(enum case_delivery delivery);
const char *case_danger_name(enum case_danger danger);
const char *case_injury_name(enum case_injury injury);
const char *case_subject_name(enum case_subject subject);

/* The value of a name as above; false, and nothing written, for any other text. */
bool case_level_parse(struct str text, enum case_level *ret_level);
bool case_channel_parse(struct str text, enum case_channel *ret_channel);
bool case_place_parse(struct str text, enum case_place *ret_place);
bool case_danger_parse(struct str text, enum case_danger *ret_danger);
bool case_injury_parse(struct str text, enum case_injury *ret_injury);
bool case_subject_parse(struct str text, enum case_subject *ret_subject);

#endif
