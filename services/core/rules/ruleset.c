#include "core/rules/ruleset.h"

#include "base/assert.h"
#include "core/expr/holds.h"
#include "core/rules/schema.h"

/* The schema of one feature knows which of the values are its own. */
struct feature_schema {
    struct expr_schema schema; /* first: the schema is the whole */
    size_t index;
    struct expr_field fields[RULESET_OPS_MAX];
};

static const struct expr_variable event_variables[] = {
    {"event", {.kind = EXPR_OBJECT, .schema = &schema_event}},
    {"calendar", {.kind = EXPR_OBJECT, .schema = &schema_calendar}},
};

struct expr_env ruleset_event_env(void)
{
    return (struct expr_env){.variables = event_variables, .count = RULESET_FEATURES};
}

static bool get_op(const struct expr_schema *schema, const void *at, size_t field,
                   struct expr_value *ret_value)
{
    const struct feature_schema *feature = (const struct feature_schema *)schema;
    const struct feature_values *values = at;
    sw_assert(field < schema->field_count);
    if (values->count != NULL) {
        values->count(values->ctx, feature->index);
    }
    union feature_value value = values->ops[feature->index][field];
    if (schema->fields[field].type.kind == EXPR_INT) {
        *ret_value = expr_int(value.integer);
        return true;
    }
    bool is_given = value.real == value.real; /* not NAN */
    *ret_value = expr_double(is_given ? value.real : 0.0);
    return is_given;
}

static bool get_feature(const struct expr_schema *schema, const void *at, size_t field,
                        struct expr_value *ret_value)
{
    sw_assert(field < schema->field_count);
    *ret_value = expr_object(schema->fields[field].type.schema, at);
    return true;
}

bool feature_op_is_real(enum feature_op_kind kind)
{
    return kind != FEATURE_COUNT && kind != FEATURE_DISTINCT && kind != FEATURE_STREAK;
}

int ruleset_bind_features(struct ruleset *ruleset, struct arena *arena)
{
    size_t count = ruleset->feature_count;
    sw_assert(count <= RULESET_FEATURES_MAX);
    struct expr_field *fields = arena_alloc_array(arena, count, sizeof(*fields));
    struct feature_schema *schemas = arena_alloc_array(arena, count, sizeof(*schemas));
    if (fields == NULL || schemas == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct feature *feature = &ruleset->features[i];
        struct feature_schema *schema = &schemas[i];
        schema->index = i;
        for (size_t op = 0; op < feature->op_count; op++) {
            bool is_real = feature_op_is_real(feature->ops[op].kind);
            schema->fields[op] = (struct expr_field){
                feature->ops[op].name, {.kind = is_real ? EXPR_DOUBLE : EXPR_INT}, false};
        }
        schema->schema =
            (struct expr_schema){feature->id, schema->fields, feature->op_count, get_op};
        fields[i] = (struct expr_field){
            feature->id, {.kind = EXPR_OBJECT, .schema = &schema->schema}, false};
    }
    ruleset->features_schema = (struct expr_schema){"features", fields, count, get_feature};
    ruleset->variables[RULESET_EVENT] = event_variables[RULESET_EVENT];
    ruleset->variables[RULESET_CALENDAR] = event_variables[RULESET_CALENDAR];
    ruleset->variables[RULESET_FEATURES] = (struct expr_variable){
        "features", {.kind = EXPR_OBJECT, .schema = &ruleset->features_schema}};
    return 0;
}

static bool is_about(const struct rule *rule, bool is_of_county, enum event_kind kind)
{
    bool is_on = false;
    for (size_t i = 0; i < rule->on_count; i++) {
        is_on = is_on || rule->on[i] == kind;
    }
    return is_on && (rule->about == RULE_ABOUT_COUNTY) == is_of_county;
}

int ruleset_sort_rules(struct ruleset *ruleset, struct arena *arena)
{
    for (int of_county = 0; of_county < 2; of_county++) {
        for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
            struct rules_about *about = &ruleset->about[of_county][kind];
            size_t capacity = 0;
            for (size_t i = 0; i < ruleset->rule_count; i++) {
                const struct rule *rule = &ruleset->rules[i];
                if (!is_about(rule, of_county == 1, (enum event_kind)kind)) {
                    continue;
                }
                about->rules = arena_grow_array(arena, about->rules, about->count, &capacity,
                                                sizeof(about->rules[0]));
                if (about->rules == NULL) {
                    return ERR_MEMORY;
                }
                about->rules[about->count++] = rule;
                about->uses_features |= rule->uses_features;
            }
        }
    }
    return 0;
}

int ruleset_kinds_of(struct str where, enum event_family from, uint64_t *ret_kinds)
{
    enum { SCRATCH_BYTES = 4 << 20 };
    uint64_t kinds = UINT64_C(1) << EVENT_KIND_UNKNOWN;
    struct arena scratch;
    int error = 0;
    arena_init(&scratch, SCRATCH_BYTES);
    for (int kind = EVENT_KIND_UNKNOWN + 1; kind < EVENT_KIND_COUNT && error == 0; kind++) {
        const struct str word = str_of(event_kind_name((enum event_kind)kind));
        const struct holds_words words = {STR_LITERAL("event.kind"), &word, 1};
        bool is_never = event_kind_family((enum event_kind)kind) != from;
        error =
            is_never ? 0 : holds_never(where, (struct holds_given){&words, 1}, &scratch, &is_never);
        kinds |= is_never ? 0 : UINT64_C(1) << kind;
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    if (error == 0) {
        *ret_kinds = kinds;
    }
    return error;
}

struct expr_env ruleset_env(const struct ruleset *ruleset)
{
    return (struct expr_env){.variables = ruleset->variables, .count = RULESET_VARIABLES};
}

int ruleset_find_feature(const struct ruleset *ruleset, struct str id)
{
    for (size_t i = 0; i < ruleset->feature_count; i++) {
        if (str_is(id, ruleset->features[i].id)) {
            return (int)i;
        }
    }
    return -1;
}

uint64_t ruleset_features_of(const struct ruleset *ruleset, struct str source)
{
    const struct str features = STR_LITERAL("features.");
    uint64_t bits = 0;
    struct str path;
    for (size_t at = 0; reads_next_path(source, &at, &path);) {
        struct str id = {path.at + features.len, 0};
        size_t left = str_starts(path, features) ? path.len - features.len : 0;
        while (id.len < left && id.at[id.len] != '.') {
            id.len++;
        }
        int index = left == 0 ? -1 : ruleset_find_feature(ruleset, id);
        bits |= index < 0 ? 0 : UINT64_C(1) << index;
    }
    return bits;
}

const struct expectation *ruleset_find_expectation(const struct ruleset *ruleset, struct str id)
{
    for (size_t i = 0; i < ruleset->expectation_count; i++) {
        if (str_is(id, ruleset->expectations[i].id)) {
            return &ruleset->expectations[i];
        }
    }
    return NULL;
}

struct expr_value ruleset_features(const struct ruleset *ruleset,
                                   const struct feature_values *values)
{
    return expr_object(&ruleset->features_schema, values);
}
