/* Steps and obligations of a policy file. */
#include <string.h>

#include "core/casework/policy.h"
#include "wire/pack_policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t duration_max_ms = INT64_C(400) * 24 * 60 * 60 * 1000;

static void *take(struct policy_reader *reader, const struct yaml_node *at, size_t count,
                  size_t element_bytes)
{
    void *taken = arena_alloc_array(reader->arena, count, element_bytes);
    if (taken == NULL) {
        yaml_fail(reader->faults, at, "no memory left for the policies");
    }
    return taken;
}

/* --- steps ---------------------------------------------------------------------------------------------------------- */

/* acked, on_scene, met(<obligation>) */
static bool read_unless(struct policy_reader *reader, const struct yaml_node *node,
                        const struct policy *policy, struct policy_step *step)
{
    struct str text;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_text(node, 64, reader->faults, &text)) {
        return false;
    }
    if (str_is(text, "acked")) {
        step->unless = POLICY_UNLESS_ACKED;
        return true;
    }
    if (str_is(text, "on_scene")) {
        step->unless_obligation = text;
    } else if (str_starts(text, STR_LITERAL("met(")) && text.at[text.len - 1] == ')') {
        step->unless_obligation = (struct str){text.at + 4, text.len - 5};
    } else {
        yaml_fail(reader->faults, node, "expected acked, on_scene or met(<obligation>)");
        return false;
    }
    step->unless = POLICY_UNLESS_MET;
    if (policy_obligation_index(policy, step->unless_obligation) < 0) {
        yaml_fail(reader->faults, node, "the policy has no obligation \"%.*s\"",
                  (int)step->unless_obligation.len, step->unless_obligation.at);
        return false;
    }
    return true;
}

/* each, any, or a number of roles */
static bool read_quorum(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_step *step)
{
    int64_t count = 0;
    if (node == NULL) {
        return true;
    }
    if (node->kind == YAML_SCALAR && str_is(node->text, "each")) {
        step->quorum = POLICY_QUORUM_EACH;
        return true;
    }
    if (node->kind == YAML_SCALAR && str_is(node->text, "any")) {
        step->quorum = POLICY_QUORUM_ANY;
        return true;
    }
    if (node->kind != YAML_SCALAR ||
        !str_to_int64(node->text, 1, (int64_t)step->roles.count, &count)) {
        yaml_fail(reader->faults, node, "expected each, any or a number of roles up to %zu",
                  step->roles.count);
        return false;
    }
    step->quorum = POLICY_QUORUM_COUNT;
    step->quorum_count = (uint32_t)count;
    return true;
}

static bool read_repeat(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_step *step)
{
    static const char *const words[] = {"until_acked"};
    size_t index = 0;
    step->repeat_until_acked = node != NULL;
    return node == NULL || yaml_read_choice(node, words, COUNT(words), reader->faults, &index);
}

static bool read_step(struct policy_reader *reader, const struct yaml_node *node,
                      const struct policy *policy, struct policy_step *step)
{
    const struct yaml_node *at, *notify, *via, *unless, *quorum, *takes_over, *repeat, *order,
        *purpose;
    const struct yaml_key keys[] = {
        {"at", true, &at},          {"notify", true, &notify},   {"via", true, &via},
        {"unless", false, &unless}, {"quorum", false, &quorum},  {"takes_over", false, &takes_over},
        {"repeat", false, &repeat}, {"in_order", false, &order}, {"purpose", false, &purpose}};
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    bool good = yaml_read_duration_ms(at, 0, duration_max_ms, reader->faults, &step->at_ms);
    good &= policy_read_texts(reader, notify, policy_read_role, POLICY_ROLES_MAX, &step->roles);
    good &= policy_read_channels(reader, via, &step->via);
    good &= read_unless(reader, unless, policy, step);
    good &= read_quorum(reader, quorum, step);
    good &= policy_read_texts(reader, takes_over, policy_read_role, POLICY_ROLES_MAX,
                              &step->takes_over);
    good &= read_repeat(reader, repeat, step);
    good &= order == NULL || yaml_read_bool(order, reader->faults, &step->in_order);
    if (good && step->in_order && step->repeat_until_acked) {
        yaml_fail(reader->faults, order, "a step in order ends with its last person: no repeat");
        good = false;
    }
    good &= purpose == NULL || policy_read_word(reader, purpose, &step->purpose);
    return good;
}

bool policy_read_steps(struct policy_reader *reader, const struct yaml_node *node,
                       struct policy *policy)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, false, POLICY_STEPS_MAX, reader->faults, &items, &count)) {
        return false;
    }
    struct policy_step *steps = take(reader, node, count, sizeof(*steps));
    bool good = steps != NULL;
    for (size_t i = 0; i < count && steps != NULL; i++) {
        good &= read_step(reader, &items[i], policy, &steps[i]);
        if (good && i > 0 && steps[i].at_ms < steps[i - 1].at_ms) {
            yaml_fail(reader->faults, &items[i], "earlier than the step before it");
            good = false;
        }
    }
    policy->steps = steps;
    policy->step_count = good ? count : 0;
    return good;
}

/* --- obligations ---------------------------------------------------------------------------------------------------- */

static bool read_evidence_type(struct policy_reader *reader, const struct yaml_node *node,
                               struct policy_evidence *evidence)
{
    static const char *const words[] = {"text", "text?", "list", "list?"};
    size_t index = 0;
    if (node->kind == YAML_SEQUENCE) {
        evidence->type = POLICY_EVIDENCE_CODE;
        const struct yaml_node *items = NULL;
        size_t count = 0;
        if (!yaml_read_list(node, false, POLICY_KEYS_MAX, reader->faults, &items, &count)) {
            return false;
        }
        struct str *codes = take(reader, node, count, sizeof(*codes));
        bool good = codes != NULL;
        for (size_t i = 0; i < count && codes != NULL; i++) {
            good &= yaml_read_text(&items[i], 64, reader->faults, &codes[i]);
        }
        evidence->codes = (struct policy_texts){codes, count};
        return good;
    }
    if (!yaml_read_choice(node, words, COUNT(words), reader->faults, &index)) {
        return false;
    }
    evidence->type = index < 2 ? POLICY_EVIDENCE_TEXT : POLICY_EVIDENCE_LIST;
    evidence->optional = index % 2 == 1;
    return true;
}

static bool read_evidence(struct policy_reader *reader, const struct yaml_node *node,
                          struct policy_obligation *obligation)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind != YAML_MAPPING || node->count == 0 || node->count > POLICY_EVIDENCE_MAX) {
        yaml_fail(reader->faults, node, "expected a mapping of 1 to %d names", POLICY_EVIDENCE_MAX);
        return false;
    }
    struct policy_evidence *evidence = take(reader, node, node->count, sizeof(*evidence));
    bool good = evidence != NULL;
    for (size_t i = 0; i < node->count && evidence != NULL; i++) {
        good &= policy_read_word(reader, &node->pairs[i].key, &evidence[i].key);
        good &= read_evidence_type(reader, &node->pairs[i].value, &evidence[i]);
    }
    obligation->evidence = evidence;
    obligation->evidence_count = good ? node->count : 0;
    return good;
}

/* A word, or {after: <obligation>}. */
static bool read_anchor(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_obligation *obligation)
{
    static const char *const words[] = {"opened",    "occurred",      "discovered",
                                        "confirmed", "level_reached", "settled"};
    const struct yaml_node *after, *code;
    const struct yaml_key keys[] = {{"after", true, &after}, {"if", false, &code}};
    size_t index = 0;
    if (node->kind == YAML_MAPPING) {
        obligation->anchor = POLICY_ANCHOR_AFTER;
        return yaml_read_mapping(node, keys, COUNT(keys), reader->faults) &&
               policy_read_word(reader, after, &obligation->after) &&
               (code == NULL || policy_read_word(reader, code, &obligation->after_code));
    }
    if (!yaml_read_choice(node, words, COUNT(words), reader->faults, &index)) {
        return false;
    }
    obligation->anchor = (enum policy_anchor)index;
    return true;
}

static bool read_owner(struct policy_reader *reader, const struct yaml_node *node,
                       struct str *ret_owner)
{
    if (node->kind == YAML_SCALAR && str_is(node->text, "first_acknowledger")) {
        *ret_owner = node->text;
        return true;
    }
    return policy_read_role(reader, node, ret_owner);
}

static bool read_warn(struct policy_reader *reader, const struct yaml_node *node,
                      struct policy_obligation *obligation)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_list(node, true, POLICY_WARNINGS_MAX, reader->faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t after_ms = i > 0 ? obligation->warn_ms[i - 1] + 1 : 1;
        int64_t before_ms = obligation->within_ms > 1 ? obligation->within_ms - 1 : 1;
        if (!yaml_read_duration_ms(&items[i], after_ms, before_ms, reader->faults,
                                   &obligation->warn_ms[i])) {
            return false;
        }
    }
    obligation->warn_count = count;
    return true;
}

static bool read_breach(struct policy_reader *reader, const struct yaml_node *node,
                        struct policy_obligation *obligation)
{
    const struct yaml_node *notify, *via;
    const struct yaml_key keys[] = {{"notify", true, &notify}, {"via", false, &via}};
    if (node == NULL) {
        return true;
    }
    return yaml_read_mapping(node, keys, COUNT(keys), reader->faults) &&
           policy_read_texts(reader, notify, policy_read_role, POLICY_ROLES_MAX,
                             &obligation->breach_roles) &&
           policy_read_channels(reader, via, &obligation->breach_via);
}

/* Either a deadline or a period; only a period goes on until something. */
static bool read_time(struct policy_reader *reader, const struct yaml_node *node,
                      const struct yaml_node *within, const struct yaml_node *every,
                      struct policy_obligation *obligation)
{
    enum { PERIOD_MIN_MS = 1000 };
    if ((within == NULL) == (every == NULL)) {
        yaml_fail(reader->faults, node, "expected either within or every");
        return false;
    }
    return within != NULL ? yaml_read_duration_ms(within, 1, duration_max_ms, reader->faults,
                                                  &obligation->within_ms)
                          : yaml_read_duration_ms(every, PERIOD_MIN_MS, duration_max_ms,
                                                  reader->faults, &obligation->every_ms);
}

static bool read_obligation(struct policy_reader *reader, const struct yaml_node *node,
                            struct policy_obligation *obligation)
{
    static const char *const untils[] = {"settled"};
    static const char *const clocks[] = {"always", "school_days", "working_hours"};
    const struct yaml_node *id, *within, *every, *anchor, *until, *owner, *to, *warn, *evidence,
        *breach, *pass_to, *needs, *clock;
    const struct yaml_key keys[] = {
        {"id", true, &id},          {"within", false, &within},   {"every", false, &every},
        {"anchor", true, &anchor},  {"until", false, &until},     {"owner", true, &owner},
        {"to", false, &to},         {"warn", false, &warn},       {"evidence", false, &evidence},
        {"breach", false, &breach}, {"pass_to", false, &pass_to}, {"needs", false, &needs},
        {"clock", false, &clock}};
    size_t index = 0;
    if (!yaml_read_mapping(node, keys, COUNT(keys), reader->faults)) {
        return false;
    }
    bool good = policy_read_word(reader, id, &obligation->id);
    good &= read_time(reader, node, within, every, obligation);
    good &= read_anchor(reader, anchor, obligation);
    good &= read_owner(reader, owner, &obligation->owner);
    good &= to == NULL || policy_read_role(reader, to, &obligation->to);
    good &= read_evidence(reader, evidence, obligation);
    good &= read_breach(reader, breach, obligation);
    good &=
        policy_read_texts(reader, pass_to, policy_read_role, POLICY_PASS_MAX, &obligation->pass_to);
    good &=
        policy_read_texts(reader, needs, policy_read_word, POLICY_NEEDS_MAX, &obligation->needs);
    if (good && pass_to != NULL &&
        (every != NULL || warn != NULL || breach == NULL || to == NULL ||
         str_is(obligation->owner, "first_acknowledger"))) {
        yaml_fail(reader->faults, node,
                  "pass_to goes with within, to and breach: whose it is until somebody accepts, "
                  "and who is told when nobody does");
        return false;
    }
    if (clock != NULL) {
        good &= yaml_read_choice(clock, clocks, COUNT(clocks), reader->faults, &index);
        obligation->clock = (enum policy_clock)index;
    }
    if (good && clock != NULL && every != NULL) {
        yaml_fail(reader->faults, node, "clock goes with within");
        return false;
    }
    if (good && (until != NULL || warn != NULL) && (until != NULL) != (every != NULL)) {
        yaml_fail(reader->faults, node, "until goes with every, warn with within");
        return false;
    }
    if (until != NULL) {
        good &= yaml_read_choice(until, untils, COUNT(untils), reader->faults, &index);
        obligation->until_settled = true;
    }
    return good && read_warn(reader, warn, obligation);
}

/* Whether some evidence of the obligation has the code. */
static bool takes_code(const struct policy *policy, struct str id, struct str code)
{
    int index = policy_obligation_index(policy, id);
    const struct policy_obligation *obligation = index < 0 ? NULL : &policy->obligations[index];
    for (size_t i = 0; obligation != NULL && i < obligation->evidence_count; i++) {
        if (policy_takes_code(obligation, obligation->evidence[i].key, code)) {
            return true;
        }
    }
    return false;
}

static bool judge_names(struct policy_reader *reader, const struct yaml_node *items,
                        const struct policy *policy)
{
    bool good = true;
    for (size_t i = 0; i < policy->obligation_count; i++) {
        const struct policy_obligation *obligation = &policy->obligations[i];
        bool reserved = str_is(obligation->id, "hold") || str_is(obligation->id, "interview");
        if (policy_obligation_index(policy, obligation->id) != (int)i || reserved) {
            yaml_fail(reader->faults, &items[i], "the id is %s",
                      reserved ? "built in" : "there already");
            good = false;
        }
        bool follows = obligation->anchor == POLICY_ANCHOR_AFTER;
        if (follows && (policy_obligation_index(policy, obligation->after) < 0 ||
                        str_equal(obligation->after, obligation->id))) {
            yaml_fail(reader->faults, &items[i], "after: the policy has no such other obligation");
            good = false;
        }
        if (follows && obligation->after_code.len > 0 &&
            !takes_code(policy, obligation->after, obligation->after_code)) {
            yaml_fail(reader->faults, &items[i],
                      "if: no evidence of that obligation has such a code");
            good = false;
        }
        for (size_t k = 0; k < obligation->needs.count; k++) {
            int needed = policy_obligation_index(policy, obligation->needs.items[k]);
            if (needed < 0 || needed == (int)i) {
                yaml_fail(reader->faults, &items[i],
                          "needs: the policy has no such other obligation");
                good = false;
            }
        }
    }
    return good;
}

bool policy_read_obligations(struct policy_reader *reader, const struct yaml_node *node,
                             struct policy *policy)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_list(node, false, POLICY_OBLIGATIONS_MAX, reader->faults, &items, &count)) {
        return false;
    }
    struct policy_obligation *obligations = take(reader, node, count, sizeof(*obligations));
    bool good = obligations != NULL;
    for (size_t i = 0; i < count && obligations != NULL; i++) {
        good &= read_obligation(reader, &items[i], &obligations[i]);
    }
    policy->obligations = obligations;
    policy->obligation_count = good ? count : 0;
    return good && judge_names(reader, items, policy);
}
