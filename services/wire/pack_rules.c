#include "wire/pack_rules_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/near.h"
#include "core/org/role.h"
#include "wire/zone_file.h"

static bool is_out_of_memory(struct rules_reader *reader, const void *taken)
{
    reader->error = taken == NULL ? ERR_MEMORY : reader->error;
    return taken == NULL;
}

/* A copy with a NUL. */
const char *rules_keep_text(struct rules_reader *reader, struct str text)
{
    struct str kept = arena_copy_str(reader->arena, text);
    return is_out_of_memory(reader, kept.at) ? "" : kept.at;
}

/* --- Expressions ----------------------------------------------------------------------------------------------------- */

/* With the time zones of the system. */
static struct expr_env with_zones(const struct rules_reader *reader, const struct expr_env *env)
{
    struct expr_env zoned = *env;
    zoned.find_zone = zone_file_find;
    zoned.zone_ctx = reader->arena;
    return zoned;
}

const struct expr *rules_read_expression(struct rules_reader *reader, const struct yaml_node *node,
                                         const struct expr_env *env)
{
    struct str text;
    struct expr_error error;
    const struct expr *expr = NULL;
    struct expr_env zoned = with_zones(reader, env);
    if (!yaml_read_text(node, EXPR_SOURCE_MAX_BYTES, reader->faults, &text)) {
        return NULL;
    }
    int code = expr_compile(text, &zoned, reader->arena, &error, &expr);
    if (code == ERR_INVALID) {
        yaml_fail_inside(reader->faults, node, error.line, error.column, error.text);
    } else if (code != 0) {
        reader->error = code;
    }
    return code == 0 ? expr : NULL;
}

/* A condition: of type bool, or dyn. */
const struct expr *rules_read_condition(struct rules_reader *reader, const struct yaml_node *node,
                                        const struct expr_env *env)
{
    const struct expr *expr = rules_read_expression(reader, node, env);
    if (expr == NULL) {
        return NULL;
    }
    struct expr_type type = expr_type_of(expr);
    if (type.kind != EXPR_BOOL && type.kind != EXPR_DYN) {
        char text[64];
        expr_type_format(&type, text, sizeof(text));
        yaml_fail(reader->faults, node, "expected a condition, found a value of type %s", text);
        return NULL;
    }
    return expr;
}

bool rules_read_kinds(struct rules_reader *reader, const struct yaml_node *node,
                      enum event_family from, uint64_t *ret_kinds)
{
    int error = ruleset_kinds_of(node->text, from, ret_kinds);
    reader->error = error != 0 ? error : reader->error;
    return error == 0;
}

/* --- Rules ----------------------------------------------------------------------------------------------------------- */

bool rules_read_family(struct rules_reader *reader, const struct yaml_node *node,
                       enum event_family *ret_family)
{
    static const char *const words[] = {"screening", "attendance", "incident"};
    size_t index = 0;
    if (!yaml_read_choice(node, words, sizeof(words) / sizeof(words[0]), reader->faults, &index)) {
        return false;
    }
    *ret_family = event_family_find(str_of(words[index]));
    return true;
}

/* "incident.concern". */
static bool read_kind(struct rules_reader *reader, const struct yaml_node *node,
                      enum event_kind *ret_kind)
{
    struct str text;
    struct near near;
    if (!yaml_read_text(node, EVENT_KIND_MAX_BYTES * 2, reader->faults, &text)) {
        return false;
    }
    near = near_start(text);
    for (int kind = EVENT_KIND_UNKNOWN + 1; kind < EVENT_KIND_COUNT; kind++) {
        char name[EVENT_KIND_MAX_BYTES * 2];
        enum event_family family = event_kind_family((enum event_kind)kind);
        (void)snprintf(name, sizeof(name), "%s.%s", event_family_name(family),
                       event_kind_name((enum event_kind)kind));
        if (str_is(text, name)) {
            *ret_kind = (enum event_kind)kind;
            return true;
        }
        near_offer(&near, str_of(rules_keep_text(reader, str_of(name))));
    }
    if (near.best.len > 0) {
        yaml_fail(reader->faults, node, "unknown kind \"%.*s\": did you mean \"%.*s\"?",
                  (int)text.len, text.at, (int)near.best.len, near.best.at);
    } else {
        yaml_fail(reader->faults, node, "unknown kind \"%.*s\", expected one as incident.concern",
                  (int)text.len, text.at);
    }
    return false;
}

/* One kind, or a list of them. */
static bool read_on(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, true, RULESET_ON_MAX, reader->faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_kind(reader, &items[i], &rule->on[rule->on_count])) {
            return false;
        }
        rule->on_count++;
    }
    return true;
}

/* same_day, a duration, or a number of school days. */
static bool read_interview(struct rules_reader *reader, const struct yaml_node *node,
                           struct str *ret_ask)
{
    enum { SCHOOL_DAYS_MAX = 60 };
    static const char suffix[] = "_school_days";
    struct str text;
    int64_t number = 0;
    if (!yaml_read_text(node, 32, reader->faults, &text)) {
        return false;
    }
    size_t digits = text.len > sizeof(suffix) - 1 ? text.len - (sizeof(suffix) - 1) : 0;
    bool is_days = digits > 0 &&
                   str_is((struct str){text.at + digits, text.len - digits}, suffix) &&
                   str_to_int64((struct str){text.at, digits}, 1, SCHOOL_DAYS_MAX, &number);
    if (!is_days && !str_is(text, "same_day") && !str_to_duration_ms(text, &number)) {
        yaml_fail(reader->faults, node,
                  "expected same_day, a duration as in 24h, or a number as in 3_school_days");
        return false;
    }
    *ret_ask = text;
    return true;
}

/* {interview: 10_school_days, flagged: 5_school_days}. */
static bool read_ask(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *interview = NULL;
    const struct yaml_node *flagged = NULL;
    const struct yaml_key keys[] = {{"interview", true, &interview}, {"flagged", false, &flagged}};
    return yaml_read_mapping(node, keys, 2, reader->faults) &&
           read_interview(reader, interview, &rule->ask_interview) &&
           (flagged == NULL || read_interview(reader, flagged, &rule->ask_flagged));
}

static bool read_tell(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule)
{
    const struct yaml_node *items = NULL;
    bool is_good =
        yaml_read_list(node, true, SIGNAL_TELL_MAX, reader->faults, &items, &rule->tell_count);
    for (size_t i = 0; is_good && i < rule->tell_count; i++) {
        const char *words[ORG_ROLE_COUNT];
        size_t index = 0;
        for (int role = ORG_ROLE_NONE + 1; role < ORG_ROLE_COUNT; role++) {
            words[role - 1] = org_role_id((enum org_role)role);
        }
        is_good = yaml_read_choice(&items[i], words, ORG_ROLE_COUNT - 1, reader->faults, &index);
        rule->tell[i] = items[i].text;
    }
    return is_good;
}

static bool read_level(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule)
{
    static const char *const words[] = {"attention", "warning", "high", "crisis"};
    size_t index = 0;
    if (!yaml_read_choice(node, words, sizeof(words) / sizeof(words[0]), reader->faults, &index)) {
        return false;
    }
    bool is_known = case_level_parse(str_of(words[index]), &rule->level);
    sw_assert(is_known);
    return true;
}

bool rules_read_then(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule)
{
    static const char *const layers[] = {"student", "class", "grade", "school", "county", "city"};
    const struct yaml_node *level = NULL;
    const struct yaml_node *layer = NULL;
    const struct yaml_node *kind = NULL;
    const struct yaml_node *told = NULL;
    const struct yaml_node *ask = NULL;
    const struct yaml_key keys[] = {{"level", true, &level},
                                    {"layer", true, &layer},
                                    {"kind", true, &kind},
                                    {"tell", false, &told},
                                    {"ask", false, &ask}};
    size_t index = 0;
    rule->version = rule->version.len == 0 ? STR_LITERAL("1") : rule->version;
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reader->faults)) {
        return false;
    }
    bool is_good = read_level(reader, level, rule);
    is_good = yaml_read_choice(layer, layers, sizeof(layers) / sizeof(layers[0]), reader->faults,
                               &index) &&
              is_good;
    rule->layer = (enum level_layer)(LEVEL_LAYER_STUDENT + (int)index);
    is_good = yaml_read_id(kind, false, reader->faults, &rule->case_kind) && is_good;
    is_good = (told == NULL || read_tell(reader, told, rule)) && is_good;
    return (ask == NULL || read_ask(reader, ask, rule)) && is_good;
}

/* Inference decides up to `high`; what a person saw or answered in an interview may be a crisis. */
static bool check_cap(struct rules_reader *reader, const struct yaml_node *then,
                      const struct rule *rule)
{
    bool is_inference = expr_uses(rule->when, RULESET_FEATURES);
    for (size_t i = 0; i < rule->on_count; i++) {
        is_inference = is_inference || rule->on[i] == EVENT_KIND_RESULT;
    }
    if (rule->level == CASE_LEVEL_CRISIS && is_inference) {
        yaml_fail(reader->faults, then,
                  "scores and features decide up to high: crisis is for facts and interviews");
        return false;
    }
    return true;
}

bool rules_read_why(struct rules_reader *reader, const struct yaml_node *node,
                    const struct expr_env *env, struct rule *rule)
{
    struct str text;
    struct expr_error error;
    struct expr_env zoned = with_zones(reader, env);
    if (!yaml_read_text(node, WHY_SOURCE_MAX_BYTES, reader->faults, &text)) {
        return false;
    }
    int code = why_compile(text, &zoned, reader->arena, &error, &rule->why);
    if (code == ERR_INVALID) {
        yaml_fail_inside(reader->faults, node, error.line, error.column, error.text);
    } else if (code != 0) {
        reader->error = code;
    }
    return code == 0;
}

/* What it reads, in its condition and in its reason. */
static bool find_reads(struct rules_reader *reader, struct str condition,
                       const struct expr_env *env, struct rule *rule)
{
    int error = reads_compile(condition, env, reader->arena, &rule->reads);
    rule->uses_features = ruleset_features_of(reader->rules, condition);
    for (size_t i = 0; i < rule->why.count; i++) {
        bool is_hole = rule->why.parts[i].hole != NULL;
        rule->uses_features |=
            is_hole ? ruleset_features_of(reader->rules, rule->why.parts[i].text) : 0;
    }
    reader->error = error != 0 ? error : reader->error;
    return error == 0;
}

/* A rule about the county sees what the county counts, the kind of the event and the day; and what the county counts is seen by
 * no other. */
static bool check_county(struct rules_reader *reader, const struct yaml_node *when,
                         const struct rule *rule)
{
    bool is_about = rule->about == RULE_ABOUT_COUNTY;
    for (size_t i = 0; i < reader->rules->feature_count; i++) {
        bool is_of = reader->features[i].scope == FEATURE_COUNTY;
        if ((rule->uses_features >> i & 1) != 0 && is_of != is_about) {
            yaml_fail(reader->faults, when,
                      is_about ? "a rule about the county sees features of county scope only"
                               : "what a county counts is seen by rules `about: county` only");
            return false;
        }
    }
    for (size_t i = 0; is_about && i < rule->reads.count; i++) {
        struct str path = rule->reads.items[i].path;
        if (str_starts(path, STR_LITERAL("event.")) && !str_is(path, "event.kind")) {
            yaml_fail(reader->faults, when, "a rule about the county sees no event but event.kind");
            return false;
        }
    }
    return true;
}

static bool has_rule(const struct rules_reader *reader, struct str id)
{
    for (size_t i = 0; i < reader->rules->rule_count; i++) {
        if (str_equal(reader->list[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* `only: on_file`, `wait: plausibility`. */
static bool read_limits(struct rules_reader *reader, const struct yaml_node *only,
                        const struct yaml_node *wait, struct rule *rule)
{
    static const char *const onlys[] = {"on_file"};
    static const char *const waits[] = {"plausibility"};
    size_t index = 0;
    bool is_good = only == NULL || yaml_read_choice(only, onlys, 1, reader->faults, &index);
    is_good = (wait == NULL || yaml_read_choice(wait, waits, 1, reader->faults, &index)) && is_good;
    rule->only_on_file = only != NULL;
    rule->waits = wait != NULL;
    if (only != NULL && wait != NULL) {
        yaml_fail(reader->faults, wait, "what is about a pupil on file never waits");
        return false;
    }
    bool is_on_attendance = rule->on_count == 0;
    for (size_t i = 0; i < rule->on_count; i++) {
        is_on_attendance =
            is_on_attendance || event_kind_family(rule->on[i]) == EVENT_FAMILY_ATTENDANCE;
    }
    if (wait != NULL && !is_on_attendance) {
        yaml_fail(reader->faults, wait, "only rules on attendance wait");
        return false;
    }
    return is_good;
}

/* As the rule's authors count it. */
static bool read_version(struct rules_reader *reader, const struct yaml_node *node,
                         struct rule *rule)
{
    return node == NULL ||
           yaml_read_text(node, RULESET_VERSION_MAX_BYTES, reader->faults, &rule->version);
}

bool rules_read_about(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule)
{
    static const char *const words[] = {"subject", "class", "grade", "school", "county"};
    size_t index = 0;
    bool is_good = node == NULL || yaml_read_choice(node, words, 5, reader->faults, &index);
    rule->about = (enum rule_about)index;
    return is_good;
}

static bool read_rule(struct rules_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *id = NULL;
    const struct yaml_node *on = NULL;
    const struct yaml_node *when = NULL;
    const struct yaml_node *then = NULL;
    const struct yaml_node *why = NULL;
    const struct yaml_node *only = NULL;
    const struct yaml_node *wait = NULL;
    const struct yaml_node *version = NULL;
    const struct yaml_node *about = NULL;
    const struct yaml_key keys[] = {
        {"about", false, &about},     {"id", true, &id},      {"on", true, &on},
        {"when", true, &when},        {"then", true, &then},  {"why", false, &why},
        {"version", false, &version}, {"only", false, &only}, {"wait", false, &wait}};
    struct expr_env env = ruleset_env(reader->rules);
    struct rule *rule = &reader->list[reader->rules->rule_count];
    *rule = (struct rule){.level = CASE_LEVEL_NONE};
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reader->faults) ||
        !yaml_read_id(id, false, reader->faults, &rule->id)) {
        return false;
    }
    if (has_rule(reader, rule->id)) {
        yaml_fail(reader->faults, id, "the rule \"%.*s\" is there already", (int)rule->id.len,
                  rule->id.at);
        return false;
    }
    bool is_good = read_on(reader, on, rule);
    is_good = read_version(reader, version, rule) && is_good;
    is_good = rules_read_about(reader, about, rule) && is_good;
    rule->when = rules_read_condition(reader, when, &env);
    is_good = rules_read_then(reader, then, rule) && is_good;
    is_good = (why == NULL || rules_read_why(reader, why, &env, rule)) && is_good;
    is_good = read_limits(reader, only, wait, rule) && is_good;
    is_good = is_good && rule->when != NULL && check_cap(reader, then, rule);
    is_good =
        is_good && find_reads(reader, when->text, &env, rule) && check_county(reader, when, rule);
    reader->rules->rule_count++;
    return is_good;
}

/* --- Files ----------------------------------------------------------------------------------------------------------- */

struct root {
    const struct yaml_node *live_within;
    const struct yaml_node *features;
    const struct yaml_node *rules;
    const struct yaml_node *expectations;
    const struct yaml_node *plausibility;
};

static bool read_root(struct rules_reader *reader, const struct yaml_node *node, struct root *root)
{
    const struct yaml_key keys[] = {{"live_within", false, &root->live_within},
                                    {"features", false, &root->features},
                                    {"rules", false, &root->rules},
                                    {"expectations", false, &root->expectations},
                                    {"plausibility", false, &root->plausibility}};
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reader->faults)) {
        return false;
    }
    return root->live_within == NULL ||
           yaml_read_duration_ms(root->live_within, 60000, RULESET_WINDOW_MAX_MS, reader->faults,
                                 &reader->rules->live_within_ms);
}

/* Reads each item of a list by `read`, at most `max` in all files together. */
static void read_items(struct rules_reader *reader, const struct yaml_node *node, size_t max,
                       const size_t *count,
                       bool (*read)(struct rules_reader *, const struct yaml_node *))
{
    const struct yaml_node *items = NULL;
    size_t item_count = 0;
    if (node == NULL || !yaml_read_list(node, false, max, reader->faults, &items, &item_count)) {
        return;
    }
    for (size_t i = 0; i < item_count; i++) {
        if (*count == max) {
            yaml_fail(reader->faults, &items[i], "a pack has at most %zu of these", max);
            return;
        }
        (void)read(reader, &items[i]); /* its faults are in the list */
    }
}

int pack_read_rules(const struct yaml_node *const *roots, size_t root_count, struct arena *arena,
                    struct yaml_faults *faults, struct ruleset *ret_rules)
{
    size_t before = faults->count;
    struct rules_reader reader = {.arena = arena, .faults = faults, .rules = ret_rules};
    struct root *parts = arena_alloc_array(arena, root_count, sizeof(*parts));
    reader.features = arena_alloc_array(arena, RULESET_FEATURES_MAX, sizeof(*reader.features));
    reader.list = arena_alloc_array(arena, RULESET_RULES_MAX, sizeof(*reader.list));
    reader.expectations =
        arena_alloc_array(arena, RULESET_EXPECTATIONS_MAX, sizeof(*reader.expectations));
    if (parts == NULL || reader.features == NULL || reader.list == NULL ||
        reader.expectations == NULL) {
        return ERR_MEMORY;
    }
    *ret_rules = (struct ruleset){.live_within_ms = RULESET_LIVE_WITHIN_MS,
                                  .features = reader.features,
                                  .rules = reader.list,
                                  .expectations = reader.expectations};
    for (size_t i = 0; i < root_count; i++) {
        (void)read_root(&reader, roots[i], &parts[i]); /* as above */
        read_items(&reader, parts[i].features, RULESET_FEATURES_MAX, &ret_rules->feature_count,
                   rules_read_feature);
    }
    int error = reader.error != 0 ? reader.error : ruleset_bind_features(ret_rules, arena);
    for (size_t i = 0; i < root_count && error == 0; i++) {
        read_items(&reader, parts[i].rules, RULESET_RULES_MAX, &ret_rules->rule_count, read_rule);
        read_items(&reader, parts[i].expectations, RULESET_EXPECTATIONS_MAX,
                   &ret_rules->expectation_count, rules_read_expectation);
        if (parts[i].plausibility != NULL) {
            (void)rules_read_plausibility(&reader, parts[i].plausibility); /* as above */
        }
        error = reader.error;
    }
    error = error != 0 ? error : ruleset_sort_rules(ret_rules, arena);
    return error != 0 ? error : faults->count > before ? ERR_INVALID : 0;
}
