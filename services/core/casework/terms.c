#include "core/casework/terms.h"

#include <stddef.h>

struct family_row {
    const char *kind;
    enum case_family family;
};

static const struct family_row family_table[] = {
    {"self_harm", CASE_FAMILY_SELF_HARM},    {"self_harm_risk", CASE_FAMILY_SELF_HARM},
    {"interview", CASE_FAMILY_SELF_HARM},    {"threat", CASE_FAMILY_VIOLENCE},
    {"bullying", CASE_FAMILY_VIOLENCE},      {"abuse_suspected", CASE_FAMILY_ABUSE},
    {"accident", CASE_FAMILY_SAFETY},        {"missing", CASE_FAMILY_SAFETY},
    {"absent", CASE_FAMILY_SAFETY},          {"panic", CASE_FAMILY_SAFETY},
    {"left_campus", CASE_FAMILY_SAFETY},     {"dorm_missing", CASE_FAMILY_SAFETY},
    {"roll_missing", CASE_FAMILY_ROLL},      {"feed_silent", CASE_FAMILY_ROLL},
    {"attendance_doubt", CASE_FAMILY_DOUBT}, {"cluster", CASE_FAMILY_CLUSTER},
};

enum case_family case_family_of(struct str kind)
{
    for (size_t i = 0; i < sizeof(family_table) / sizeof(family_table[0]); i++) {
        if (str_is(kind, family_table[i].kind)) {
            return family_table[i].family;
        }
    }
    return CASE_FAMILY_WELLBEING;
}

bool case_interview_waits(struct str ask)
{
    static const struct str suffix = {"_school_days", 12};
    return ask.len > suffix.len &&
           str_equal((struct str){ask.at + ask.len - suffix.len, suffix.len}, suffix);
}

/* Names stand at their value; "none" at 0. */
static const char *const family_names[] = {"none", "self_harm", "violence", "abuse",    "safety",
                                           "roll", "doubt",     "cluster",  "wellbeing"};
static const char *const level_names[] = {"none",    "normal", "attention",
                                          "warning", "high",   "crisis"};
static const char *const channel_names[] = {"none",   "voice", "sms",     "wecom", "dingtalk",
                                            "feishu", "mail",  "webhook", "feed"};
static const char *const place_names[] = {"none", "on_campus", "off_campus", "unknown"};
static const char *const danger_names[] = {"none", "happening", "imminent", "past", "unknown"};
static const char *const injury_names[] = {"none", "no", "untreated", "needs_treatment", "unknown"};
static const char *const subject_names[] = {"none",  "student", "staff",
                                            "group", "unit",    "unresolved"};
static const char *const delivery_names[] = {"none",      "queued",    "accepted", "delivered",
                                             "reached",   "acked",     "refused",  "failed",
                                             "throttled", "cancelled", "expired",  "unknown"};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static const char *name_at(const char *const *names, size_t count, int value)
{
    return value > 0 && (size_t)value < count ? names[value] : "none";
}

/* The value of a name, or 0. */
static int value_of(const char *const *names, size_t count, struct str text)
{
    for (size_t i = 1; i < count; i++) {
        if (str_is(text, names[i])) {
            return (int)i;
        }
    }
    return 0;
}

const char *case_family_name(enum case_family family)
{
    return name_at(family_names, COUNT(family_names), (int)family);
}

const char *case_delivery_name(enum case_delivery delivery)
{
    return name_at(delivery_names, COUNT(delivery_names), (int)delivery);
}

#define NAMED(term)                                                                                \
    const char *case_##term##_name(enum case_##term term)                                          \
    {                                                                                              \
        return name_at(term##_names, COUNT(term##_names), (int)term);                              \
    }                                                                                              \
    bool case_##term##_parse(struct str text, enum case_##term *ret_##term)                        \
    {                                                                                              \
        int value = value_of(term##_names, COUNT(term##_names), text);                             \
        if (value != 0) {                                                                          \
            *ret_##term = (enum case_##term)value;                                                 \
        }                                                                                          \
        return value != 0;                                                                         \
    }

NAMED(level)
NAMED(channel)
NAMED(place)
NAMED(danger)
NAMED(injury)
NAMED(subject)
