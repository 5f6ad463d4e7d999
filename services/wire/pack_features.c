/* Features of a pack: YAML trees -> core/rules/ruleset.h.
 *
 *     features:
 *       - id: life_events
 *         from: incident
 *         where: event.kind == "life_event"
 *         scope: student                   # or: class, grade, school, county
 *         window: 90d
 *         lateness: 2d                     # this is the default
 *         ops: {count: count(), who: distinct(event.reporter_ref), load: sum(1.0, 90d), in_a_row: streak()}
 *
 * sum(NUMBER) or sum(NUMBER, HALF-LIFE), max(NUMBER), min(NUMBER), last(NUMBER), median(NUMBER): all of one feature see the same
 * number. */
#include <string.h>

#include "wire/pack_rules_parts.h"

/* A feature while its operators are read. */
struct feature_reading {
    struct feature *feature;
    struct str number; /* the text of the number, once there is one */
    bool has_sum;
};

/* How an operator is written. */
struct op_form {
    const char *name;
    enum feature_op_kind kind;
};

static const struct op_form forms[] = {
    {"count", FEATURE_COUNT}, {"streak", FEATURE_STREAK}, {"distinct", FEATURE_DISTINCT},
    {"sum", FEATURE_SUM},     {"max", FEATURE_MAX},       {"min", FEATURE_MIN},
    {"last", FEATURE_LAST},   {"median", FEATURE_MEDIAN},
};

/* The form whose name the text begins with, and the place behind its bracket; NULL: none. */
static const struct op_form *find_form(struct str text, size_t *ret_inside)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t len = strlen(forms[i].name);
        if (text.len > len + 1 && str_is((struct str){text.at, len}, forms[i].name) &&
            text.at[len] == '(' && text.at[text.len - 1] == ')') {
            *ret_inside = len + 1;
            return &forms[i];
        }
    }
    return NULL;
}

/* Takes ", 90d" off the end of a sum's arguments, if it is there. */
static bool take_half_life(struct str *text, int64_t *ret_half_life_ms)
{
    size_t comma = text->len;
    while (comma > 0 && text->at[comma - 1] != ',') {
        comma--;
    }
    size_t from = comma;
    while (from < text->len && text->at[from] == ' ') {
        from++;
    }
    int64_t ms = 0;
    bool has_one = comma > 0 &&
                   str_to_duration_ms((struct str){text->at + from, text->len - from}, &ms) &&
                   ms > 0;
    if (has_one) {
        text->len = comma - 1;
        *ret_half_life_ms = ms;
    }
    return has_one;
}

static bool is_number(const struct expr *expr)
{
    enum expr_kind kind = expr_type_of(expr).kind;
    return kind == EXPR_INT || kind == EXPR_DOUBLE || kind == EXPR_DYN;
}

/* The feature's one number, the same in each operator. What is kept in a window is in the clear: nothing sealed goes in. */
static bool read_number(struct rules_reader *reader, const struct yaml_node *node,
                        struct feature_reading *reading)
{
    struct expr_env env = ruleset_event_env();
    if (reading->number.at != NULL) {
        bool is_same = str_equal(reading->number, node->text);
        if (!is_same) {
            yaml_fail(
                reader->faults, node,
                "the operators of a feature see one number: make another feature for this one");
        }
        return is_same;
    }
    const struct expr *expr = rules_read_expression(reader, node, &env);
    reading->number = node->text;
    reading->feature->number = expr;
    if (expr != NULL && !is_number(expr)) {
        yaml_fail(reader->faults, node, "expected a number");
        return false;
    }
    return expr != NULL;
}

static bool read_distinct(struct rules_reader *reader, const struct yaml_node *node,
                          struct feature_reading *reading)
{
    struct expr_env env = ruleset_event_env();
    if (reading->feature->value != NULL) {
        yaml_fail(reader->faults, node, "a feature has one distinct(): make another feature");
        return false;
    }
    reading->feature->value = rules_read_expression(reader, node, &env);
    struct str path;
    for (size_t at = 0; reads_next_path(node->text, &at, &path);) {
        bool is_subject = str_is(path, "event.subject");
        reading->feature->is_per_subject = reading->feature->is_per_subject || is_subject;
    }
    return reading->feature->value != NULL;
}

/* What stands in the brackets. */
static bool read_argument(struct rules_reader *reader, const struct yaml_node *node,
                          enum feature_op_kind kind, struct feature_reading *reading)
{
    struct yaml_node inside = *node;
    bool has_argument = kind != FEATURE_COUNT && kind != FEATURE_STREAK;
    int64_t half_life_ms = 0;
    if (!has_argument) {
        bool is_empty = node->text.len == 0;
        if (!is_empty) {
            yaml_fail(reader->faults, node, "count() and streak() have nothing in their brackets");
        }
        return is_empty;
    }
    if (kind == FEATURE_DISTINCT) {
        return read_distinct(reader, node, reading);
    }
    bool has_half_life = kind == FEATURE_SUM && take_half_life(&inside.text, &half_life_ms);
    if (kind == FEATURE_SUM && reading->has_sum && half_life_ms != reading->feature->half_life_ms) {
        yaml_fail(reader->faults, node, "a feature has one half-life: make another feature");
        return false;
    }
    reading->has_sum = reading->has_sum || kind == FEATURE_SUM;
    reading->feature->half_life_ms = has_half_life ? half_life_ms : reading->feature->half_life_ms;
    return read_number(reader, &inside, reading);
}

static bool read_op(struct rules_reader *reader, const struct yaml_pair *pair,
                    struct feature_reading *reading)
{
    const struct yaml_node *node = &pair->value;
    struct str id;
    struct str text;
    size_t inside = 0;
    if (!yaml_read_id(&pair->key, false, reader->faults, &id) ||
        !yaml_read_text(node, EXPR_SOURCE_MAX_BYTES, reader->faults, &text)) {
        return false;
    }
    const struct op_form *form = find_form(text, &inside);
    if (form == NULL) {
        yaml_fail(reader->faults, node,
                  "expected count(), streak(), distinct(EXPRESSION), sum(NUMBER), sum(NUMBER, "
                  "HALF-LIFE), max(NUMBER), min(NUMBER), last(NUMBER) or median(NUMBER)");
        return false;
    }
    struct yaml_node argument = *node;
    argument.text = (struct str){text.at + inside, text.len - inside - 1};
    argument.column += (uint32_t)inside;
    struct feature *feature = reading->feature;
    feature->ops[feature->op_count++] =
        (struct feature_op){rules_keep_text(reader, id), form->kind};
    return read_argument(reader, &argument, form->kind, reading);
}

static bool read_ops(struct rules_reader *reader, const struct yaml_node *node,
                     struct feature *feature)
{
    struct feature_reading reading = {.feature = feature};
    bool is_good = true;
    if (node->kind != YAML_MAPPING || node->count == 0 || node->count > RULESET_OPS_MAX) {
        yaml_fail(reader->faults, node, "expected a mapping of 1 to %d names to count(), sum(…) …",
                  RULESET_OPS_MAX);
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        is_good = read_op(reader, &node->pairs[i], &reading) && is_good;
    }
    const struct expr *kept[] = {feature->value, feature->number};
    for (size_t i = 0; i < 2; i++) {
        if (kept[i] != NULL && expr_reads_sealed(kept[i])) {
            yaml_fail(reader->faults, node,
                      "answers are sealed, and what a window keeps is in the clear");
            is_good = false;
        }
    }
    return is_good;
}

static bool read_scope(struct rules_reader *reader, const struct yaml_node *node,
                       enum feature_scope *ret_scope)
{
    static const char *const words[] = {"student", "class", "grade", "school", "county"};
    size_t index = 0;
    if (!yaml_read_choice(node, words, sizeof(words) / sizeof(words[0]), reader->faults, &index)) {
        return false;
    }
    *ret_scope = (enum feature_scope)index;
    return true;
}

bool rules_is_new(struct rules_reader *reader, const struct yaml_node *node, struct str id)
{
    if (ruleset_find_feature(reader->rules, id) < 0 &&
        ruleset_find_expectation(reader->rules, id) == NULL) {
        return true;
    }
    yaml_fail(reader->faults, node, "a feature or expectation \"%.*s\" is there already",
              (int)id.len, id.at);
    return false;
}

bool rules_read_feature(struct rules_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *id = NULL;
    const struct yaml_node *from = NULL;
    const struct yaml_node *where = NULL;
    const struct yaml_node *scope = NULL;
    const struct yaml_node *window = NULL;
    const struct yaml_node *ops = NULL;
    const struct yaml_node *lateness = NULL;
    const struct yaml_key keys[] = {{"id", true, &id},         {"from", true, &from},
                                    {"where", true, &where},   {"scope", true, &scope},
                                    {"window", true, &window}, {"lateness", false, &lateness},
                                    {"ops", true, &ops}};
    struct str text;
    struct expr_env env = ruleset_event_env();
    struct feature *feature = &reader->features[reader->rules->feature_count];
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reader->faults) ||
        !yaml_read_id(id, false, reader->faults, &text)) {
        return false;
    }
    if (!rules_is_new(reader, id, text)) {
        return false;
    }
    *feature =
        (struct feature){.id = rules_keep_text(reader, text), .lateness_ms = RULESET_LATENESS_MS};
    bool is_good = rules_read_family(reader, from, &feature->from);
    is_good = read_scope(reader, scope, &feature->scope) && is_good;
    is_good = yaml_read_duration_ms(window, 1000, RULESET_WINDOW_MAX_MS, reader->faults,
                                    &feature->window_ms) &&
              is_good;
    is_good = (lateness == NULL || yaml_read_duration_ms(lateness, 0, RULESET_LATENESS_MAX_MS,
                                                         reader->faults, &feature->lateness_ms)) &&
              is_good;
    feature->where = rules_read_condition(reader, where, &env);
    is_good = rules_read_kinds(reader, where, feature->from, &feature->kinds) && is_good;
    is_good = read_ops(reader, ops, feature) && is_good;
    reader->rules->feature_count++;
    return is_good && feature->where != NULL;
}
