/* One file of rules of a pack; what loads is judged on an event, with its reasons. */
#include <stdint.h>

#include "base/assert.h"
#include "core/rules/schema.h"
#include "wire/pack_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct ruleset *rules, struct arena *arena)
{
    static const struct event_item items[] = {{STR_LITERAL("9"), 3}};
    static const struct feature_values values;
    const struct event event = {.family = EVENT_FAMILY_SCREENING,
                                .kind_name = STR_LITERAL("result"),
                                .screening = {.items = items, .opened_count = 1}};
    const struct schema_day day = {.calendar = &rules->calendar, .local = {.weekday = 1}};
    const struct expr_value bindings[RULESET_VARIABLES] = {
        [RULESET_EVENT] = expr_object(&schema_event, &event),
        [RULESET_CALENDAR] = expr_object(&schema_calendar, &day),
        [RULESET_FEATURES] = ruleset_features(rules, &values),
    };
    const struct expr_run run = {bindings, arena, RULESET_COST_MAX};
    for (size_t i = 0; i < rules->rule_count; i++) {
        struct signal_why why;
        struct expr_value held = expr_evaluate(rules->rules[i].when, &run);
        sw_assert(held.kind == EXPR_BOOL || held.kind == EXPR_ERROR ||
                  expr_type_of(rules->rules[i].when).kind == EXPR_DYN);
        int error = why_render(&rules->rules[i].why, &run, &why);
        sw_assert(error != 0 || str_is_utf8(why.text, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yaml_faults faults;
    static struct ruleset rules;
    struct str content = {.at = (const char *)data, .len = size};
    const struct yaml_node *root = NULL;
    struct arena arena;
    faults.count = 0;
    arena_init(&arena, 64 * 1024 * 1024);
    if (yaml_parse("fuzz.yaml", content, &arena, &faults, &root) == 0) {
        int error = pack_read_rules(&root, 1, &arena, &faults, &rules);
        sw_assert((error == 0) == (faults.count == 0) || error == ERR_MEMORY);
        if (error == 0) {
            judge(&rules, &arena);
        }
    }
    arena_fini(&arena);
    return 0;
}
