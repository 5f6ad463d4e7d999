/* Policies of a pack: YAML trees -> core/casework/policy.h. Every fault has its place; a set that lacks what a pack must
 * have does not load. */
#include <stdio.h>
#include <string.h>

#include "core/casework/policy.h"
#include "core/org/role.h"
#include "wire/pack.h"
#include "wire/pack_policy.h"
#include "wire/yaml.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t duration_max_ms = INT64_C(400) * 24 * 60 * 60 * 1000;

/* An array of the arena; a fault when it is full. */
static void *take(struct policy_reader *reader, const struct yaml_node *at, size_t count,
                  size_t element_bytes)
{
    void *taken = arena_alloc_array(reader->arena, count, element_bytes);
    if (taken == NULL) {
        yaml_fail(reader->faults, at, "no memory left for the policies");
    }
    return taken;
}

static bool read_duration(struct policy_reader *reader, const struct yaml_node *node,
                          int64_t *ret_ms)
{
    return node == NULL || yaml_read_duration_ms(node, 0, duration_max_ms, reader->faults, ret_ms);
}

bool policy_read_texts(struct policy_reader *reader, const struct yaml_node *node,
                       policy_text_fn check, size_t max, struct policy_texts *ret_texts)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_list(node, true, max, reader->faults, &items, &count)) {
        return false;
    }
    struct str *texts = take(reader, node, count, sizeof(*texts));
    bool good = texts != NULL;
    for (size_t i = 0; texts != NULL && i < count; i++) {
        good &= check(reader, &items[i], &texts[i]);
    }
    if (good) {
        *ret_texts = (struct policy_texts){texts, count};
    }
    return good;
}

bool policy_read_word(struct policy_reader *reader, const struct yaml_node *node,
                      struct str *ret_text)
{
    return yaml_read_id(node, false, reader->faults, ret_text);
}

bool policy_read_role(struct policy_reader *reader, const struct yaml_node *node,
                      struct str *ret_role)
{
    const char *words[ORG_ROLE_COUNT];
    size_t index = 0;
    for (int i = 1; i < ORG_ROLE_COUNT; i++) {
        words[i - 1] = org_role_id((enum org_role)i);
    }
    if (!yaml_read_choice(node, words, ORG_ROLE_COUNT - 1, reader->faults, &index)) {
        return false;
    }
    *ret_role = str_of(words[index]);
    return true;
}

bool policy_read_channels(struct policy_reader *reader, const struct yaml_node *node,
                          struct policy_channels *ret_channels)
{
    static const char *const words[] = {"voice",  "sms",  "wecom",   "dingtalk",
                                        "feishu", "mail", "webhook", "feed"};
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_list(node, true, POLICY_CHANNELS_MAX, reader->faults, &items, &count)) {
        return false;
    }
    struct policy_channels channels = {.count = count};
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        size_t index = 0;
        good &= yaml_read_choice(&items[i], words, COUNT(words), reader->faults, &index);
        channels.items[i] = (enum case_channel)(index + 1);
        for (size_t k = 0; k < i && good; k++) {
            if (channels.items[k] == channels.items[i]) {
                yaml_fail(reader->faults, &items[i], "the channel is there already");
                good = false;
            }
        }
    }
    if (good) {
        *ret_channels = channels;
    }
    return good;
}

/* --- match ---------------------------------------------------------------------------------------------------------- */

static const char *const level_words[] = {"attention", "warning", "high", "crisis"};

static bool read_level(struct policy_reader *reader, const struct yaml_node *node,
                       enum case_level *ret_level)
{
    size_t index = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_choice(node, level_words, COUNT(level_words), reader->faults, &index)) {
        return false;
    }
    *ret_level = (enum case_level)(CASE_LEVEL_ATTENTION + (int)index);
    return true;
}

/* A list of words as bits 1 << value, the first word's value being 1. */
static bool read_bits(struct policy_reader *reader, const struct yaml_node *node,
                      const char *const *words, size_t word_count, uint32_t *ret_bits)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    bool good = true;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_list(node, true, word_count, reader->faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t index = 0;
        good &= yaml_read_choice(&items[i], words, word_count, reader->faults, &index);
        *ret_bits |= 1u << (index + 1);
    }
    return good;
}

static bool read_subject(struct policy_reader *reader, const struct yaml_node *node,
                         enum case_subject *ret_subject)
{
    static const char *const words[] = {"student", "staff", "group", "unit"};
    size_t index = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_choice(node, words, COUNT(words), reader->faults, &index)) {
        return false;
    }
    *ret_subject = (enum case_subject)(CASE_SUBJECT_STUDENT + (int)index);
    return true;
}

static bool read_match(struct policy_reader *reader, const struct yaml_node *node,
                       struct policy_match *ret_match)
{
    static const char *const places[] = {"on_campus", "off_campus", "unknown"};
    static const char *const dangers[] = {"happening", "imminent", "past", "unknown"};
    static const char *const injuries[] = {"no", "untreated", "needs_treatment", "unknown"};
    const struct yaml_node *level, *kind, *subject, *place, *danger, *injury;
    const struct yaml_key keys[] = {{"level", false, &level},     {"kind", false, &kind},
                                    {"subject", false, &subject}, {"place", false, &place},
                                    {"danger", false, &danger},   {"injury", false, &injury}};
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    bool good = read_level(reader, level, &ret_match->level);
    good &= policy_read_texts(reader, kind, policy_read_word, POLICY_KEYS_MAX, &ret_match->kinds);
    good &= read_subject(reader, subject, &ret_match->subject);
    good &= read_bits(reader, place, places, COUNT(places), &ret_match->places);
    good &= read_bits(reader, danger, dangers, COUNT(dangers), &ret_match->dangers);
    good &= read_bits(reader, injury, injuries, COUNT(injuries), &ret_match->injuries);
    return good;
}

/* --- one policy ----------------------------------------------------------------------------------------------------- */

static bool read_policy(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy *policy)
{
    const struct yaml_node *id, *match, *steps, *obligations;
    const struct yaml_key keys[] = {{"id", true, &id},
                                    {"match", true, &match},
                                    {"steps", true, &steps},
                                    {"obligations", false, &obligations}};
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    bool good = yaml_read_id(id, true, reader->faults, &policy->id);
    good &= read_match(reader, match, &policy->match);
    good &= policy_read_obligations(reader, obligations, policy);
    good &= policy_read_steps(reader, steps, policy);
    return good;
}

static bool read_policies(struct policy_reader *reader, const struct yaml_node *node,
                          struct policy_set *set, struct policy *policies)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    bool good = yaml_read_list(node, false, POLICY_POLICIES_MAX - set->count, reader->faults,
                               &items, &count);
    for (size_t i = 0; i < count; i++) {
        struct policy policy = {0};
        if (!read_policy(reader, &items[i], &policy)) {
            good = false;
            continue;
        }
        if (policy_by_id(set, policy.id) != NULL) {
            yaml_fail(reader->faults, &items[i], "a policy \"%.*s\" is there already",
                      (int)policy.id.len, policy.id.at);
            good = false;
            continue;
        }
        policies[set->count++] = policy;
    }
    return good;
}

/* --- settings of the pack ------------------------------------------------------------------------------------------- */

static bool read_expiry(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_set *set)
{
    const struct yaml_node *levels[COUNT(level_words)];
    struct yaml_key keys[COUNT(level_words)];
    bool good = true;
    if (node == NULL) {
        return true;
    }
    for (size_t i = 0; i < COUNT(level_words); i++) {
        keys[i] = (struct yaml_key){level_words[i], false, &levels[i]};
    }
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(level_words); i++) {
        good &= read_duration(reader, levels[i], &set->ack_expiry_ms[CASE_LEVEL_ATTENTION + i]);
    }
    return good;
}

static bool read_timing(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_set *set)
{
    const struct yaml_node *voice, *channel, *repeat, *join, *confirm, *hold, *expiry;
    const struct yaml_key keys[] = {
        {"voice_gap", false, &voice},        {"channel_gap", false, &channel},
        {"repeat_gap", false, &repeat},      {"join_within", false, &join},
        {"confirm_within", false, &confirm}, {"hold_within", false, &hold},
        {"ack_expires", false, &expiry}};
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    bool good = read_duration(reader, voice, &set->voice_gap_ms);
    good &= read_duration(reader, channel, &set->channel_gap_ms);
    good &= read_duration(reader, repeat, &set->repeat_gap_ms);
    good &= read_duration(reader, join, &set->join_within_ms);
    good &= read_duration(reader, confirm, &set->stand_down_confirm_ms);
    good &= read_duration(reader, hold, &set->hold_within_ms);
    good &= read_expiry(reader, expiry, set);
    if (good && (set->voice_gap_ms == 0 || set->channel_gap_ms == 0 || set->repeat_gap_ms == 0)) {
        yaml_fail(reader->faults, node, "a gap is 0: expected a duration above it");
        good = false;
    }
    return good;
}

static bool read_quiet(struct policy_reader *reader, const struct yaml_node *node,
                       struct policy_digest *digest)
{
    const struct yaml_node *from, *to;
    const struct yaml_key keys[] = {{"from", true, &from}, {"to", true, &to}};
    return node == NULL || (yaml_read_mapping(node, keys, COUNT(keys), reader->faults) &&
                            yaml_read_clock(from, reader->faults, &digest->quiet_from_minute) &&
                            yaml_read_clock(to, reader->faults, &digest->quiet_to_minute));
}

/* When what may wait is told, and when nothing of it is. */
static bool read_digest(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_digest *ret_digest)
{
    const struct yaml_node *at, *quiet;
    const struct yaml_node *items = NULL;
    const struct yaml_key keys[] = {{"at", true, &at}, {"quiet", false, &quiet}};
    struct policy_digest digest = {.count = 0};
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults) ||
        !read_quiet(reader, quiet, &digest) ||
        !yaml_read_list(at, true, POLICY_DIGESTS_MAX, reader->faults, &items, &digest.count)) {
        return false;
    }
    for (size_t i = 0; i < digest.count; i++) {
        if (!yaml_read_clock(&items[i], reader->faults, &digest.at_minute[i])) {
            return false;
        }
        if ((i > 0 && digest.at_minute[i] <= digest.at_minute[i - 1]) ||
            policy_is_quiet(&digest, digest.at_minute[i])) {
            yaml_fail(reader->faults, &items[i], "expected ascending times outside of quiet hours");
            return false;
        }
    }
    *ret_digest = digest;
    return true;
}

/* How many may wait for an interview of one psychology teacher before the county's centre is told of them. */
static bool read_interviews(struct policy_reader *reader, const struct yaml_node *node,
                            struct policy_set *set)
{
    const struct yaml_node *each;
    const struct yaml_key keys[] = {{"a_teacher", true, &each}};
    int64_t count = 0;
    if (node == NULL) {
        return true;
    }
    bool good = yaml_read_mapping(node, keys, COUNT(keys), reader->faults) &&
                yaml_read_int64(each, 1, 10000, reader->faults, &count);
    set->interviews_each = good ? (uint32_t)count : set->interviews_each;
    return good;
}

static bool read_working_hours(struct policy_reader *reader, const struct yaml_node *node,
                               struct policy_set *set)
{
    const struct yaml_node *from, *to;
    const struct yaml_key keys[] = {{"from", true, &from}, {"to", true, &to}};
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults) ||
        !yaml_read_clock(from, reader->faults, &set->work_from_minute) ||
        !yaml_read_clock(to, reader->faults, &set->work_to_minute)) {
        return false;
    }
    if (set->work_to_minute <= set->work_from_minute) {
        yaml_fail(reader->faults, node, "working hours end before they begin");
        return false;
    }
    return true;
}

static bool read_root(struct policy_reader *reader, const struct yaml_node *root,
                      struct policy_set *set, struct policy *policies)
{
    const struct yaml_node *list, *last_responder, *timing, *digest, *interviews, *hours, *via;
    const struct yaml_key keys[] = {
        {"policies", true, &list},          {"last_responder", false, &last_responder},
        {"timing", false, &timing},         {"digest", false, &digest},
        {"interviews", false, &interviews}, {"working_hours", false, &hours}};
    const struct yaml_key responder_keys[] = {{"via", true, &via}};
    if (!yaml_read_mapping(root, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    bool good = read_timing(reader, timing, set);
    good &= read_digest(reader, digest, &set->digest);
    good &= read_interviews(reader, interviews, set);
    good &= read_working_hours(reader, hours, set);
    if (last_responder != NULL) {
        good &= yaml_read_mapping(last_responder, responder_keys, 1, reader->faults) &&
                policy_read_channels(reader, via, &set->last_responder_via);
    }
    good &= read_policies(reader, list, set, policies);
    return good;
}

bool pack_read_policies(const struct yaml_node *const *roots, size_t root_count,
                        struct arena *arena, struct yaml_faults *faults, struct policy_set *ret_set)
{
    struct policy_reader reader = {arena, faults};
    struct policy_set set;
    struct policy *policies = arena_alloc_array(arena, POLICY_POLICIES_MAX, sizeof(*policies));
    bool good = policies != NULL;
    policy_set_defaults(&set);
    set.policies = policies;
    if (!good) {
        yaml_fail_at(faults, "policies", 0, 0, "no memory left for the policies");
    }
    for (size_t i = 0; i < root_count && policies != NULL; i++) {
        good &= read_root(&reader, roots[i], &set, policies);
    }
    const char *lacks = good ? policy_set_lacks(&set) : NULL;
    if (lacks != NULL) {
        yaml_fail_at(faults, "policies", 0, 0, lacks);
    }
    if (!good || lacks != NULL) {
        return false;
    }
    memcpy(set.hash, ret_set->hash, sizeof(set.hash));
    *ret_set = set;
    return true;
}
