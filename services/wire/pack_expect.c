/* Expectations and plausibility of a pack: YAML trees -> core/rules/ruleset.h.
 *
 *     expectations:
 *       - id: roll_am
 *         for: class                       # each class that has pupils; or: school
 *         on: school_days                  # or: every_day
 *         from: attendance
 *         where: event.kind == "roll"
 *         by: "08:40"                      # local time
 *         grace: 1m                        # what was in time may come so late; this is the default
 *         if_seen_within: 14d              # a class that never sent one is not waited for; left out: all are
 *         else: {level: attention, layer: class, kind: roll_missing, tell: [class_teacher]}
 *         why: "…"
 *     plausibility: {settle: 2m, class: 30%, school: 10%, at_least: 3, hold: 12h, then: {…}, why: "…"} */
#include "wire/pack_rules_parts.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    KNOWN_DAYS_MAX = 60
};

/* "08:40". */
static bool read_time(struct rules_reader *reader, const struct yaml_node *node, int64_t *ret_ms)
{
    int64_t hour = 0;
    int64_t minute = 0;
    struct str text = node->text;
    bool is_time = node->kind == YAML_SCALAR && text.len == 5 && text.at[2] == ':' &&
                   str_to_int64((struct str){text.at, 2}, 0, 23, &hour) &&
                   str_to_int64((struct str){text.at + 3, 2}, 0, 59, &minute);
    if (!is_time) {
        yaml_fail(reader->faults, node, "expected a time of the day as in \"08:40\"");
        return false;
    }
    *ret_ms = hour * HOUR_MS + minute * MINUTE_MS;
    return true;
}

static bool read_known(struct rules_reader *reader, const struct yaml_node *node, int64_t *ret_days)
{
    int64_t within_ms = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_duration_ms(node, DAY_MS, KNOWN_DAYS_MAX * (int64_t)DAY_MS, reader->faults,
                               &within_ms)) {
        return false;
    }
    *ret_days = within_ms / DAY_MS;
    return true;
}

static bool read_words(struct rules_reader *reader, const struct yaml_node *scope,
                       const struct yaml_node *days, struct expectation *expectation)
{
    static const char *const scopes[] = {"class", "school"};
    static const char *const calendars[] = {"school_days", "every_day"};
    size_t index = 0;
    bool is_good = yaml_read_choice(scope, scopes, 2, reader->faults, &index);
    expectation->is_of_class = index == 0;
    is_good = yaml_read_choice(days, calendars, 2, reader->faults, &index) && is_good;
    expectation->is_every_day = index == 1;
    return is_good;
}

bool rules_read_expectation(struct rules_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *id, *scope, *days, *from, *where, *by, *known, *grace, *otherwise, *why;
    const struct yaml_key keys[] = {{"id", true, &id},          {"for", true, &scope},
                                    {"on", true, &days},        {"from", true, &from},
                                    {"where", true, &where},    {"by", true, &by},
                                    {"else", true, &otherwise}, {"if_seen_within", false, &known},
                                    {"grace", false, &grace},   {"why", false, &why}};
    const struct expr_env env = ruleset_event_env();
    struct expectation *expectation = &reader->expectations[reader->rules->expectation_count];
    struct str text;
    *expectation = (struct expectation){.grace_ms = MINUTE_MS};
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reader->faults) ||
        !yaml_read_id(id, false, reader->faults, &text) || !rules_is_new(reader, id, text)) {
        return false;
    }
    expectation->id = rules_keep_text(reader, text);
    expectation->otherwise.id = str_of(expectation->id);
    bool is_good = read_words(reader, scope, days, expectation);
    is_good = rules_read_family(reader, from, &expectation->from) && is_good;
    expectation->where = rules_read_condition(reader, where, &env);
    is_good = read_time(reader, by, &expectation->by_ms) && is_good;
    is_good = read_known(reader, known, &expectation->known_days) && is_good;
    is_good = (grace == NULL ||
               yaml_read_duration_ms(grace, 0, HOUR_MS, reader->faults, &expectation->grace_ms)) &&
              is_good;
    is_good = rules_read_then(reader, otherwise, &expectation->otherwise) && is_good;
    is_good =
        (why == NULL || rules_read_why(reader, why, &env, &expectation->otherwise)) && is_good;
    if (is_good && expectation->otherwise.level == CASE_LEVEL_CRISIS) {
        yaml_fail(reader->faults, otherwise, "what did not come decides up to high");
        is_good = false;
    }
    reader->rules->expectation_count++;
    return is_good && expectation->where != NULL;
}

static bool read_numbers(struct rules_reader *reader, const struct yaml_node *at_least,
                         const struct yaml_node *settle, const struct yaml_node *hold)
{
    struct plausibility *plausibility = &reader->rules->plausibility;
    int64_t least = 3;
    bool is_good = at_least == NULL || yaml_read_int64(at_least, 1, 1000, reader->faults, &least);
    is_good =
        yaml_read_duration_ms(settle, 1000, HOUR_MS, reader->faults, &plausibility->settle_ms) &&
        is_good;
    is_good = yaml_read_duration_ms(hold, HOUR_MS, 7 * (int64_t)DAY_MS, reader->faults,
                                    &plausibility->hold_ms) &&
              is_good;
    plausibility->at_least = (uint32_t)least;
    return is_good;
}

bool rules_read_plausibility(struct rules_reader *reader, const struct yaml_node *node)
{
    static const struct str id = {"plausibility", 12};
    const struct yaml_node *settle, *hold, *of_class, *of_school, *at_least, *then, *why;
    const struct yaml_key keys[] = {
        {"settle", true, &settle},    {"hold", true, &hold},          {"class", true, &of_class},
        {"school", true, &of_school}, {"at_least", false, &at_least}, {"then", true, &then},
        {"why", false, &why}};
    const struct expr_env env = ruleset_event_env();
    struct plausibility *plausibility = &reader->rules->plausibility;
    if (plausibility->is_set) {
        yaml_fail(reader->faults, node, "the pack has a plausibility already");
        return false;
    }
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reader->faults)) {
        return false;
    }
    *plausibility = (struct plausibility){.is_set = true, .question.id = id};
    bool is_good = read_numbers(reader, at_least, settle, hold);
    is_good = yaml_read_percent(of_class, reader->faults, &plausibility->class_share) && is_good;
    is_good = yaml_read_percent(of_school, reader->faults, &plausibility->school_share) && is_good;
    is_good = rules_read_then(reader, then, &plausibility->question) && is_good;
    return (why == NULL || rules_read_why(reader, why, &env, &plausibility->question)) && is_good;
}
