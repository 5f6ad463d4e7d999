#include "core/casework/policy.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, DAY_MS = 24 * 60 * MINUTE_MS };

bool policy_is_quiet(const struct policy_digest *digest, uint32_t minute)
{
    uint32_t from = digest->quiet_from_minute;
    uint32_t to = digest->quiet_to_minute;
    return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

void policy_set_defaults(struct policy_set *ret_set)
{
    *ret_set = (struct policy_set){
        .work_from_minute = 8 * 60,
        .work_to_minute = 17 * 60,
        .voice_gap_ms = 65 * SECOND_MS,
        .channel_gap_ms = 5 * MINUTE_MS,
        .repeat_gap_ms = 5 * MINUTE_MS,
        .join_within_ms = 10 * MINUTE_MS,
        .stand_down_confirm_ms = DAY_MS,
        .hold_within_ms = 10 * MINUTE_MS,
        .ack_expiry_ms = {[CASE_LEVEL_HIGH] = 60 * MINUTE_MS, [CASE_LEVEL_CRISIS] = 10 * MINUTE_MS},
    };
}

static bool names_kind(const struct policy_match *match, struct str kind)
{
    for (size_t i = 0; i < match->kinds.count; i++) {
        if (str_equal(match->kinds.items[i], kind)) {
            return true;
        }
    }
    return false;
}

static bool bit_matches(uint32_t bits, int value)
{
    return bits == 0 || (bits >> value & 1) != 0;
}

static enum case_subject matched_subject(enum case_subject subject)
{
    return subject == CASE_SUBJECT_UNRESOLVED ? CASE_SUBJECT_STUDENT : subject;
}

static bool matches(const struct policy_match *match, const struct policy_query *query)
{
    enum case_subject subject = matched_subject(query->subject);
    bool abuse = str_is(query->kind, "abuse_suspected");
    bool staff = subject == CASE_SUBJECT_STAFF;
    if ((match->level != CASE_LEVEL_NONE && match->level != query->level) ||
        (match->subject != CASE_SUBJECT_NONE && match->subject != subject) ||
        (match->kinds.count > 0 && !names_kind(match, query->kind))) {
        return false;
    }
    if ((abuse && match->kinds.count == 0 && !staff) ||
        (staff && match->subject == CASE_SUBJECT_NONE)) {
        return false; /* the general policies would tell those who may be the danger */
    }
    return bit_matches(match->places, (int)query->place) &&
           bit_matches(match->dangers, (int)query->danger) &&
           bit_matches(match->injuries, (int)query->injury);
}

static int key_count(const struct policy_match *match)
{
    return (match->level != CASE_LEVEL_NONE) + (match->kinds.count > 0) +
           (match->subject != CASE_SUBJECT_NONE) + (match->places != 0) + (match->dangers != 0) +
           (match->injuries != 0);
}

const struct policy *policy_find(const struct policy_set *set, const struct policy_query *query)
{
    const struct policy *best = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct policy *policy = &set->policies[i];
        if (matches(&policy->match, query) &&
            (best == NULL || key_count(&policy->match) > key_count(&best->match))) {
            best = policy;
        }
    }
    return best;
}

const struct policy *policy_by_id(const struct policy_set *set, struct str id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_equal(set->policies[i].id, id)) {
            return &set->policies[i];
        }
    }
    return NULL;
}

int policy_obligation_index(const struct policy *policy, struct str id)
{
    for (size_t i = 0; i < policy->obligation_count; i++) {
        if (str_equal(policy->obligations[i].id, id)) {
            return (int)i;
        }
    }
    return -1;
}

bool policy_step_wants_ack(const struct policy_step *step)
{
    for (size_t i = 0; i < step->roles.count; i++) {
        if (!str_is(step->roles.items[i], "guardians")) {
            return true;
        }
    }
    return false;
}

bool policy_takes_code(const struct policy_obligation *obligation, struct str key, struct str code)
{
    for (size_t e = 0; e < obligation->evidence_count; e++) {
        const struct policy_evidence *evidence = &obligation->evidence[e];
        for (size_t i = 0; i < evidence->codes.count && str_equal(evidence->key, key); i++) {
            if (str_equal(evidence->codes.items[i], code)) {
                return true;
            }
        }
    }
    return false;
}

bool policy_set_takes_code(const struct policy_set *set, struct str obligation, struct str key,
                           struct str code)
{
    for (size_t i = 0; i < set->count; i++) {
        int index = policy_obligation_index(&set->policies[i], obligation);
        if (index >= 0 && policy_takes_code(&set->policies[i].obligations[index], key, code)) {
            return true;
        }
    }
    return false;
}

static bool has_general(const struct policy_set *set, enum case_level level)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct policy_match *match = &set->policies[i].match;
        if (match->level == level && key_count(match) == 1) {
            return true;
        }
    }
    return false;
}

static bool has_special(const struct policy_set *set, bool staff)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct policy_match *match = &set->policies[i].match;
        if (key_count(match) != 1) {
            continue;
        }
        if (staff ? match->subject == CASE_SUBJECT_STAFF
                  : names_kind(match, STR_LITERAL("abuse_suspected"))) {
            return true;
        }
    }
    return false;
}

const char *policy_set_lacks(const struct policy_set *set)
{
    static const struct {
        enum case_level level;
        const char *sentence;
    } general[] = {
        {CASE_LEVEL_ATTENTION, "no policy for level attention without other keys"},
        {CASE_LEVEL_WARNING, "no policy for level warning without other keys"},
        {CASE_LEVEL_HIGH, "no policy for level high without other keys"},
        {CASE_LEVEL_CRISIS, "no policy for level crisis without other keys"},
    };
    for (size_t i = 0; i < sizeof(general) / sizeof(general[0]); i++) {
        if (!has_general(set, general[i].level)) {
            return general[i].sentence;
        }
    }
    if (!has_special(set, false)) {
        return "no policy for kind abuse_suspected without other keys";
    }
    if (!has_special(set, true)) {
        return "no policy for subject staff without other keys";
    }
    return set->last_responder_via.count == 0 ? "no last_responder" : NULL;
}
