/* Expectations and plausibility of a pack: YAML trees -> core/rules/ruleset.h.
 *
 *     expectations:
 *       - id: roll_am
 *         for: class                       # each class that has pupils; or: school, student
 *         flagged: [left_behind]           # of students: only those with one of these flags
 *         about: class                     # of students, on dates: those who miss it are told of together
 *         on: school_days                  # or: every_day, dates
 *         dates: ["04-20"]                 # each year; with `on: dates`
 *         within: 14d                      # it counts if it came in that time before; left out: on that day
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
    KNOWN_DAYS_MAX = 60,
    WITHIN_DAYS_MAX = 200,
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

/* What an expectation may say of whom and when. */
struct words {
    const struct yaml_node *scope;
    const struct yaml_node *flagged;
    const struct yaml_node *about;
    const struct yaml_node *days;
    const struct yaml_node *dates;
    const struct yaml_node *within;
};

static bool read_flags(struct rules_reader *reader, const struct yaml_node *node,
                       struct expectation *expectation)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, true, RULESET_FLAGS_MAX, reader->faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!yaml_read_id(&items[i], false, reader->faults, &expectation->flags[i])) {
            return false;
        }
    }
    expectation->flag_count = count;
    return true;
}

/* "04-20". */
static bool read_dates(struct rules_reader *reader, const struct yaml_node *node,
                       struct expectation *expectation)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, true, RULESET_DATES_MAX, reader->faults, &items, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct str text = items[i].text;
        int64_t month = 0;
        int64_t day = 0;
        bool is_date = items[i].kind == YAML_SCALAR && text.len == 5 && text.at[2] == '-' &&
                       str_to_int64((struct str){text.at, 2}, 1, 12, &month) &&
                       str_to_int64((struct str){text.at + 3, 2}, 1, 31, &day);
        if (!is_date) {
            yaml_fail(reader->faults, &items[i], "expected a month and a day as in \"04-20\"");
            return false;
        }
        expectation->dates[i] = (struct expect_date){(uint32_t)month, (uint32_t)day};
    }
    expectation->date_count = count;
    return true;
}

/* What must be said together, and what cannot be. */
static bool check_words(struct rules_reader *reader, const struct words *words,
                        const struct expectation *expectation)
{
    bool is_of_students = expectation->scope == EXPECT_STUDENT;
    bool is_together = expectation->otherwise.about != RULE_ABOUT_SUBJECT;
    if ((expectation->days == EXPECT_DATES) != (words->dates != NULL)) {
        yaml_fail(reader->faults, words->days, "`on: dates` and `dates` belong together");
        return false;
    }
    if (!is_of_students && (words->flagged != NULL || words->about != NULL)) {
        yaml_fail(reader->faults, words->flagged != NULL ? words->flagged : words->about,
                  "only of students");
        return false;
    }
    if (is_together &&
        (expectation->days != EXPECT_DATES || expectation->otherwise.about != RULE_ABOUT_CLASS)) {
        yaml_fail(reader->faults, words->about, "expected class, and `on: dates`");
        return false;
    }
    if ((is_of_students || expectation->days == EXPECT_DATES) && words->within == NULL) {
        yaml_fail(reader->faults, words->scope, "`within` says how long ago it may have come");
        return false;
    }
    return true;
}

static bool read_words(struct rules_reader *reader, const struct words *words,
                       struct expectation *expectation)
{
    static const char *const scopes[] = {"class", "school", "student"};
    static const char *const calendars[] = {"school_days", "every_day", "dates"};
    size_t index = 0;
    bool is_good = yaml_read_choice(words->scope, scopes, 3, reader->faults, &index);
    expectation->scope = (enum expect_scope)index;
    is_good = yaml_read_choice(words->days, calendars, 3, reader->faults, &index) && is_good;
    expectation->days = (enum expect_days)index;
    is_good =
        (words->flagged == NULL || read_flags(reader, words->flagged, expectation)) && is_good;
    is_good = (words->dates == NULL || read_dates(reader, words->dates, expectation)) && is_good;
    is_good = rules_read_about(reader, words->about, &expectation->otherwise) && is_good;
    is_good = (words->within == NULL ||
               yaml_read_duration_ms(words->within, DAY_MS, WITHIN_DAYS_MAX * (int64_t)DAY_MS,
                                     reader->faults, &expectation->within_ms)) &&
              is_good;
    return is_good && check_words(reader, words, expectation);
}

bool rules_read_expectation(struct rules_reader *reader, const struct yaml_node *node)
{
    struct words words = {NULL, NULL, NULL, NULL, NULL, NULL};
    const struct yaml_node *id, *from, *where, *by, *known, *grace, *otherwise, *why;
    const struct yaml_key keys[] = {{"id", true, &id},
                                    {"for", true, &words.scope},
                                    {"flagged", false, &words.flagged},
                                    {"about", false, &words.about},
                                    {"on", true, &words.days},
                                    {"dates", false, &words.dates},
                                    {"within", false, &words.within},
                                    {"from", true, &from},
                                    {"where", true, &where},
                                    {"by", true, &by},
                                    {"else", true, &otherwise},
                                    {"if_seen_within", false, &known},
                                    {"grace", false, &grace},
                                    {"why", false, &why}};
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
    bool is_good = read_words(reader, &words, expectation);
    is_good = rules_read_family(reader, from, &expectation->from) && is_good;
    expectation->where = rules_read_condition(reader, where, &env);
    is_good = rules_read_kinds(reader, where, expectation->from, &expectation->kinds) && is_good;
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
