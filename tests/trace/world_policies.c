#include "world_policies.h"

#include "world.h"

#define S(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define TEXTS(array)                                                                               \
    {                                                                                              \
        array, sizeof(array) / sizeof((array)[0])                                                  \
    }

static const struct str first_roles[] = {S("duty_leader"), S("psych_teacher"), S("class_teacher")};
static const struct str guardians[] = {S("guardians")};
static const struct str principal[] = {S("principal")};
static const struct str bureau[] = {S("bureau_duty")};
static const struct str psych[] = {S("psych_teacher")};
static const struct str duty[] = {S("duty_leader")};
static const struct str class_and_psych[] = {S("class_teacher"), S("psych_teacher")};
static const struct str grade_head[] = {S("grade_head")};
static const struct str designee[] = {S("county_designee")};
static const struct str crisis_kinds[] = {S("self_harm"), S("threat"), S("accident"), S("missing"),
                                          S("panic")};
static const struct str confirmed_kinds[] = {S("dorm_missing")};
static const struct str ordered_kinds[] = {S("left_campus")};
static const struct str abuse_kinds[] = {S("abuse_suspected")};
static const struct str calls[] = {S("120"), S("110"), S("not_needed")};

static const struct policy_evidence emergency_evidence[] = {
    {.key = S("caller")},
    {.key = S("call"), .type = POLICY_EVIDENCE_CODE, .codes = TEXTS(calls)},
    {.key = S("reason"), .optional = true},
};
static const struct policy_evidence attempts[] = {
    {.key = S("attempts"), .type = POLICY_EVIDENCE_LIST}};

#define ALL3                                                                                       \
    {                                                                                              \
        {CASE_CHANNEL_VOICE, CASE_CHANNEL_SMS, CASE_CHANNEL_WECOM}, 3                              \
    }
#define VOICE_SMS                                                                                  \
    {                                                                                              \
        {CASE_CHANNEL_VOICE, CASE_CHANNEL_SMS}, 2                                                  \
    }
#define VOICE                                                                                      \
    {                                                                                              \
        {CASE_CHANNEL_VOICE}, 1                                                                    \
    }
#define SMS                                                                                        \
    {                                                                                              \
        {CASE_CHANNEL_SMS}, 1                                                                      \
    }
#define WECOM_SMS                                                                                  \
    {                                                                                              \
        {CASE_CHANNEL_WECOM, CASE_CHANNEL_SMS}, 2                                                  \
    }

static const struct policy_step crisis_steps[] = {
    {.at_ms = 0, .roles = TEXTS(first_roles), .via = ALL3, .quorum = POLICY_QUORUM_EACH},
    {.at_ms = 2 * MINUTE,
     .roles = TEXTS(guardians),
     .via = SMS,
     .unless = POLICY_UNLESS_MET,
     .unless_obligation = S("guardian_contact"),
     .purpose = S("guardian_calling")},
    {.at_ms = 3 * MINUTE,
     .roles = TEXTS(principal),
     .via = VOICE_SMS,
     .unless = POLICY_UNLESS_ACKED},
    {.at_ms = 10 * MINUTE,
     .roles = TEXTS(bureau),
     .via = VOICE,
     .unless = POLICY_UNLESS_MET,
     .unless_obligation = S("on_scene"),
     .repeat_until_acked = true},
};

static const struct policy_obligation crisis_obligations[] = {
    {.id = S("emergency_call"),
     .within_ms = 3 * MINUTE,
     .owner = S("first_acknowledger"),
     .evidence = emergency_evidence,
     .evidence_count = 3,
     .breach_roles = TEXTS(principal),
     .breach_via = VOICE},
    {.id = S("on_scene"),
     .within_ms = 10 * MINUTE,
     .owner = S("duty_leader"),
     .breach_roles = TEXTS(principal)},
    {.id = S("guardian_contact"),
     .within_ms = 10 * MINUTE,
     .owner = S("class_teacher"),
     .evidence = attempts,
     .evidence_count = 1,
     .breach_roles = TEXTS(psych)},
    {.id = S("phone_report"),
     .anchor = POLICY_ANCHOR_DISCOVERED,
     .within_ms = 30 * MINUTE,
     .owner = S("duty_leader"),
     .to = S("bureau_duty"),
     .warn_ms = {15 * MINUTE, 25 * MINUTE},
     .warn_count = 2,
     .breach_roles = TEXTS(principal)},
    {.id = S("written_report"),
     .anchor = POLICY_ANCHOR_DISCOVERED,
     .within_ms = 2 * HOUR,
     .owner = S("duty_leader"),
     .to = S("bureau_duty"),
     .warn_ms = {60 * MINUTE, 100 * MINUTE},
     .warn_count = 2,
     .breach_roles = TEXTS(principal)},
    {.id = S("follow_up"),
     .every_ms = 2 * HOUR,
     .until_settled = true,
     .owner = S("duty_leader"),
     .to = S("bureau_duty"),
     .breach_roles = TEXTS(principal)},
    {.id = S("final_report"),
     .anchor = POLICY_ANCHOR_SETTLED,
     .within_ms = 72 * HOUR,
     .owner = S("principal"),
     .to = S("bureau_duty")},
};

static const struct policy_step general_crisis_steps[] = {
    {.at_ms = 0, .roles = TEXTS(first_roles), .via = ALL3},
    {.at_ms = 3 * MINUTE,
     .roles = TEXTS(principal),
     .via = VOICE_SMS,
     .unless = POLICY_UNLESS_ACKED},
};
static const struct policy_step high_steps[] = {
    {.at_ms = 0, .roles = TEXTS(psych), .via = VOICE_SMS},
    {.at_ms = 15 * MINUTE, .roles = TEXTS(duty), .via = VOICE_SMS, .unless = POLICY_UNLESS_ACKED},
    {.at_ms = 60 * MINUTE,
     .roles = TEXTS(principal),
     .via = VOICE_SMS,
     .unless = POLICY_UNLESS_ACKED},
};
static const struct policy_obligation high_obligations[] = {
    {.id = S("interview_done"), .within_ms = 24 * HOUR, .owner = S("psych_teacher")},
};
static const struct policy_obligation confirmed_obligations[] = {
    {.id = S("first_report"),
     .within_ms = 30 * MINUTE,
     .owner = S("duty_leader"),
     .to = S("bureau_duty")},
    {.id = S("detailed_report"),
     .anchor = POLICY_ANCHOR_CONFIRMED,
     .within_ms = 60 * MINUTE,
     .owner = S("principal"),
     .to = S("bureau_duty")},
};
static const struct policy_step warning_steps[] = {
    {.at_ms = 0, .roles = TEXTS(class_and_psych), .via = WECOM_SMS, .quorum = POLICY_QUORUM_ANY},
    {.at_ms = 60 * MINUTE,
     .roles = TEXTS(grade_head),
     .via = WECOM_SMS,
     .unless = POLICY_UNLESS_ACKED},
    {.at_ms = 120 * MINUTE, .roles = TEXTS(duty), .via = WECOM_SMS, .unless = POLICY_UNLESS_ACKED},
};
static const struct policy_step attention_steps[] = {
    {.at_ms = 0, .roles = TEXTS(class_and_psych), .via = {{CASE_CHANNEL_WECOM}, 1}},
};
static const struct policy_step abuse_steps[] = {
    {.at_ms = 0, .roles = TEXTS(first_roles), .via = VOICE_SMS},
    {.at_ms = 1 * MINUTE, .roles = TEXTS(guardians), .via = SMS, .purpose = S("guardian_calling")},
    {.at_ms = 10 * MINUTE,
     .roles = TEXTS(designee),
     .via = VOICE_SMS,
     .unless = POLICY_UNLESS_ACKED},
};
static const struct policy_step ordered_steps[] = {
    {.at_ms = 0, .roles = TEXTS(first_roles), .via = VOICE_SMS},
    {.at_ms = 1 * MINUTE,
     .roles = TEXTS(guardians),
     .via = VOICE_SMS,
     .unless = POLICY_UNLESS_MET,
     .unless_obligation = S("guardian_contact"),
     .in_order = true,
     .purpose = S("guardian_calling")},
    {.at_ms = 30 * MINUTE, .roles = TEXTS(designee), .via = VOICE_SMS},
};
static const struct policy_step staff_steps[] = {
    {.at_ms = 0, .roles = TEXTS(principal), .via = VOICE_SMS},
    {.at_ms = 10 * MINUTE,
     .roles = TEXTS(designee),
     .via = VOICE_SMS,
     .unless = POLICY_UNLESS_ACKED},
};

#define STEPS(array) .steps = array, .step_count = sizeof(array) / sizeof((array)[0])
#define OBLIGATIONS(array)                                                                         \
    .obligations = array, .obligation_count = sizeof(array) / sizeof((array)[0])

static const struct policy policies[] = {
    {.id = S("test/crisis"),
     .match = {.level = CASE_LEVEL_CRISIS,
               .kinds = TEXTS(crisis_kinds),
               .subject = CASE_SUBJECT_STUDENT,
               .places = 1u << CASE_PLACE_ON_CAMPUS},
     STEPS(crisis_steps),
     OBLIGATIONS(crisis_obligations)},
    {.id = S("test/general_crisis"),
     .match = {.level = CASE_LEVEL_CRISIS},
     STEPS(general_crisis_steps)},
    {.id = S("test/confirmed"),
     .match = {.level = CASE_LEVEL_CRISIS, .kinds = TEXTS(confirmed_kinds)},
     STEPS(general_crisis_steps),
     OBLIGATIONS(confirmed_obligations)},
    {.id = S("test/ordered"),
     .match = {.level = CASE_LEVEL_CRISIS,
               .kinds = TEXTS(ordered_kinds),
               .subject = CASE_SUBJECT_STUDENT},
     STEPS(ordered_steps),
     OBLIGATIONS(crisis_obligations)},
    {.id = S("test/high"),
     .match = {.level = CASE_LEVEL_HIGH},
     STEPS(high_steps),
     OBLIGATIONS(high_obligations)},
    {.id = S("test/warning"), .match = {.level = CASE_LEVEL_WARNING}, STEPS(warning_steps)},
    {.id = S("test/attention"), .match = {.level = CASE_LEVEL_ATTENTION}, STEPS(attention_steps)},
    {.id = S("test/abuse"), .match = {.kinds = TEXTS(abuse_kinds)}, STEPS(abuse_steps)},
    {.id = S("test/staff"), .match = {.subject = CASE_SUBJECT_STAFF}, STEPS(staff_steps)},
};

const struct policy_set *world_policies(void)
{
    static struct policy_set set;
    policy_set_defaults(&set);
    set.hash[0] = 1;
    set.interviews_each = WORLD_INTERVIEWS_EACH;
    set.policies = policies;
    set.count = sizeof(policies) / sizeof(policies[0]);
    set.last_responder_via = (struct policy_channels)VOICE_SMS;
    return &set;
}
