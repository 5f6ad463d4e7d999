/* Times may be written short: "09:22" is of the day of the time before it. */
#include "wire/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/notice/life.h"
#include "wire/example_inside.h"

enum {
    UNTIL_MS = 10 * 60 * 1000, /* time goes on after the last step, where nothing else is said */
    DAYS_MAX = 400,
    DAY_MS = 24 * 3600 * 1000,
    TIME_TEXT_BYTES = EXAMPLE_TIME_BYTES - 1,
    DATE_BYTES = 11, /* "2026-10-12 " */
};

/* --- times ----------------------------------------------------------------------------------------------------------- */

/* The day that a short time belongs to. */
struct days {
    char date[DATE_BYTES + 1]; /* empty: none yet */
};

/* Puts the whole time of the first word of a line into `ret_text`; false: it is no time. `ret_len`: of what it stands for. */
static bool complete_time(struct days *days, struct str line, char ret_text[EXAMPLE_TIME_BYTES],
                          size_t *ret_len)
{
    bool is_whole = line.len >= DATE_BYTES && line.at[4] == '-' && line.at[10] == ' ';
    size_t skip = is_whole ? DATE_BYTES : 0;
    const char *space = line.len > skip ? memchr(line.at + skip, ' ', line.len - skip) : NULL;
    size_t len = space == NULL ? line.len : (size_t)(space - line.at);
    int64_t at_ms = 0;
    char text[EXAMPLE_TIME_BYTES];
    if (is_whole) {
        memcpy(days->date, line.at, DATE_BYTES);
    }
    if (days->date[0] == '\0' || len - skip > 8) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%.11s%.*s", days->date, (int)(len - skip), line.at + skip);
    if (!example_parse_time(str_of(text), &at_ms)) {
        return false;
    }
    example_format_time(at_ms, ret_text);
    *ret_len = len;
    return true;
}

static bool read_time(struct example_reading *reading, struct days *days,
                      const struct yaml_node *node, int64_t *ret_ms)
{
    struct str text;
    char whole[EXAMPLE_TIME_BYTES];
    size_t len = 0;
    if (!yaml_read_text(node, EXAMPLE_NAME_BYTES, reading->faults, &text)) {
        return false;
    }
    if (!complete_time(days, text, whole, &len) || len != text.len ||
        !example_parse_time(str_of(whole), ret_ms)) {
        yaml_fail(reading->faults, node,
                  "expected a time as in 2026-10-12 09:00, or 09:22 of the day of the time before; "
                  "found \"%.*s\"",
                  (int)text.len, text.at);
        return false;
    }
    return true;
}

/* --- steps ----------------------------------------------------------------------------------------------------------- */

static const struct yaml_node *find(const struct yaml_node *node, const char *key)
{
    for (size_t i = 0; i < node->count && node->kind == YAML_MAPPING; i++) {
        if (str_is(node->pairs[i].key.text, key)) {
            return &node->pairs[i].value;
        }
    }
    return NULL;
}

static bool read_command(struct example_reading *reading, struct scenario_step *step)
{
    const struct yaml_node *at = NULL;
    const struct yaml_node *by = NULL;
    const struct yaml_node *does = NULL;
    const struct yaml_node *number = NULL;
    const struct yaml_key keys[] = {
        {"at", true, &at}, {"by", true, &by}, {"does", true, &does}, {"case", false, &number}};
    return yaml_read_mapping(step->node, keys, 4, reading->faults) &&
           yaml_read_text(by, EXAMPLE_NAME_BYTES, reading->faults, &step->by) &&
           yaml_read_text(does, SCENARIO_DOES_MAX_BYTES, reading->faults, &step->does) &&
           (number == NULL ||
            yaml_read_int64(number, 1, 1000, reading->faults, &step->case_number));
}

static bool read_channel(struct example_reading *reading, const struct yaml_node *node,
                         enum case_channel *ret_channel)
{
    const char *names[CASE_CHANNEL_COUNT - 1];
    size_t index = 0;
    for (int channel = 1; channel < CASE_CHANNEL_COUNT; channel++) {
        names[channel - 1] = case_channel_name((enum case_channel)channel);
    }
    if (!yaml_read_choice(node, names, CASE_CHANNEL_COUNT - 1, reading->faults, &index)) {
        return false;
    }
    *ret_channel = (enum case_channel)(index + 1);
    return true;
}

static bool read_word(struct example_reading *reading, struct scenario_step *step)
{
    static const char *const words[] = {"reached", "delivered", "refused", "failed"};
    const struct yaml_node *at = NULL;
    const struct yaml_node *by = NULL;
    const struct yaml_node *answers = NULL;
    const struct yaml_node *key = NULL;
    const struct yaml_node *says = NULL;
    const struct yaml_node *number = NULL;
    const struct yaml_key keys[] = {{"at", true, &at},           {"by", true, &by},
                                    {"answers", true, &answers}, {"key", false, &key},
                                    {"says", false, &says},      {"case", false, &number}};
    size_t word = 0;
    struct str digits = STR_LITERAL("");
    bool is_good =
        yaml_read_mapping(step->node, keys, sizeof(keys) / sizeof(keys[0]), reading->faults) &&
        yaml_read_text(by, EXAMPLE_NAME_BYTES, reading->faults, &step->by) &&
        read_channel(reading, answers, &step->channel) &&
        (key == NULL || yaml_read_text(key, 8, reading->faults, &digits)) &&
        (says == NULL || yaml_read_choice(says, words, 4, reading->faults, &word)) &&
        (number == NULL || yaml_read_int64(number, 1, 1000, reading->faults, &step->case_number));
    step->state = notice_word(str_of(words[word]), digits);
    return is_good;
}

static bool read_provider(struct example_reading *reading, struct scenario_step *step)
{
    static const char *const words[] = {"up", "down"};
    const struct yaml_node *at = NULL;
    const struct yaml_node *provider = NULL;
    const struct yaml_key keys[] = {{"at", true, &at}, {"provider", true, &provider}};
    size_t index = 0;
    bool is_good = yaml_read_mapping(step->node, keys, 2, reading->faults) &&
                   yaml_read_choice(provider, words, 2, reading->faults, &index);
    step->is_down = index == 1;
    return is_good;
}

static bool read_outage(struct example_reading *reading, struct days *days,
                        struct scenario_step *step)
{
    const struct yaml_node *at = NULL;
    const struct yaml_node *until = NULL;
    const struct yaml_key keys[] = {{"at", true, &at}, {"outage_until", true, &until}};
    if (!yaml_read_mapping(step->node, keys, 2, reading->faults) ||
        !read_time(reading, days, until, &step->until_ms)) {
        return false;
    }
    if (step->until_ms < step->at_ms) {
        yaml_fail(reading->faults, until, "is earlier than the step");
        return false;
    }
    return true;
}

static bool read_change(struct example_reading *reading, struct scenario_step *step)
{
    const struct yaml_node *at = NULL;
    const struct yaml_key keys[] = {{"at", true, &at}, {"directory", true, &step->directory}};
    return yaml_read_mapping(step->node, keys, 2, reading->faults);
}

/* What kind it is shows in the key that only that kind has. */
static bool read_step(struct example_reading *reading, struct days *days,
                      struct scenario_step *step)
{
    static const char *const own_keys[] = {
        [SCENARIO_EVENT] = "type",        [SCENARIO_COMMAND] = "does",
        [SCENARIO_WORD] = "answers",      [SCENARIO_DIRECTORY] = "directory",
        [SCENARIO_PROVIDER] = "provider", [SCENARIO_OUTAGE] = "outage_until"};
    int kind = SCENARIO_EVENT;
    while (kind <= SCENARIO_OUTAGE && find(step->node, own_keys[kind]) == NULL) {
        kind++;
    }
    const struct yaml_node *at = find(step->node, "at");
    if (kind > SCENARIO_OUTAGE || at == NULL) {
        yaml_fail(reading->faults, step->node,
                  "expected the key \"at\", and one of type, does, answers, directory, provider, "
                  "outage_until");
        return false;
    }
    step->kind = (enum scenario_step_kind)kind;
    if (!read_time(reading, days, at, &step->at_ms)) {
        return false;
    }
    switch (step->kind) {
    case SCENARIO_EVENT: /* read when its time has come */
        return true;
    case SCENARIO_COMMAND:
        return read_command(reading, step);
    case SCENARIO_WORD:
        return read_word(reading, step);
    case SCENARIO_DIRECTORY:
        return read_change(reading, step);
    case SCENARIO_PROVIDER:
        return read_provider(reading, step);
    case SCENARIO_OUTAGE:
        return read_outage(reading, days, step);
    }
    return false;
}

static bool read_steps(struct example_reading *reading, const struct yaml_node *node,
                       struct days *days, struct scenario *scenario)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, false, SCENARIO_STEPS_MAX, reading->faults, &items, &count)) {
        return false;
    }
    struct scenario_step *steps = arena_alloc_array(reading->arena, count, sizeof(*steps));
    bool is_good = steps != NULL || example_out_of_memory(reading);
    for (size_t i = 0; i < count && steps != NULL; i++) {
        steps[i].node = &items[i];
        bool is_read = read_step(reading, days, &steps[i]);
        if (is_read && i > 0 && is_good && steps[i].at_ms < steps[i - 1].at_ms) {
            yaml_fail(reading->faults, &items[i], "is earlier than the one before it");
            is_read = false;
        }
        is_good = is_good && is_read;
    }
    scenario->steps = steps;
    scenario->step_count = count;
    return is_good;
}

/* --- what is expected ------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Each line with the whole of its time. */
static bool read_expected(struct example_reading *reading, const struct yaml_node *node,
                          struct days *days, struct scenario *scenario)
{
    const struct str *lines = NULL;
    size_t count = 0;
    if (!example_read_lines(reading, node, &lines, &count)) {
        return false;
    }
    struct str *whole = arena_alloc_array(reading->arena, count, sizeof(*whole));
    for (size_t i = 0; i < count && whole != NULL; i++) {
        char text[EXAMPLE_TIME_BYTES];
        size_t len = 0;
        if (!complete_time(days, lines[i], text, &len)) {
            yaml_fail(reading->faults, node, "a line begins with its time; found \"%.*s\"",
                      (int)(lines[i].len < 60 ? lines[i].len : 60), lines[i].at);
            return false;
        }
        size_t rest = lines[i].len - len;
        char *at = arena_alloc(reading->arena, TIME_TEXT_BYTES + rest + 1);
        if (at == NULL) {
            return example_out_of_memory(reading);
        }
        memcpy(at, text, TIME_TEXT_BYTES);
        memcpy(at + TIME_TEXT_BYTES, lines[i].at + len, rest);
        whole[i] = (struct str){at, TIME_TEXT_BYTES + rest};
    }
    if (whole == NULL) {
        return example_out_of_memory(reading);
    }
    qsort(whole, count, sizeof(*whole), by_text);
    scenario->expect = whole;
    scenario->expect_count = count;
    return true;
}

static bool set_times(struct example_reading *reading, const struct yaml_node *until,
                      struct days *days, struct scenario *scenario)
{
    const struct scenario_step *last = &scenario->steps[scenario->step_count - 1];
    int64_t last_ms = last->until_ms > last->at_ms ? last->until_ms : last->at_ms;
    scenario->until_ms = last_ms + UNTIL_MS;
    if (until != NULL && !read_time(reading, days, until, &scenario->until_ms)) {
        return false;
    }
    if (scenario->from_ms > scenario->steps[0].at_ms || scenario->until_ms < last_ms ||
        scenario->until_ms - scenario->from_ms > DAYS_MAX * (int64_t)DAY_MS) {
        yaml_fail(reading->faults, scenario->place,
                  "expected \"from\" before the first step, \"until\" behind the last, at most "
                  "%d days apart",
                  DAYS_MAX);
        return false;
    }
    return true;
}

static bool read_scenario(struct example_reading *reading, const struct yaml_node *node,
                          struct scenario *scenario)
{
    const struct yaml_node *id = NULL, *from = NULL, *until = NULL, *steps = NULL, *show = NULL,
                           *expect = NULL, *never = NULL;
    const struct yaml_key keys[] = {
        {"id", true, &id},         {"directory", false, &scenario->directory},
        {"from", true, &from},     {"steps", true, &steps},
        {"until", false, &until},  {"show", false, &show},
        {"expect", true, &expect}, {"never", false, &never}};
    struct days days = {.date = ""};
    scenario->place = node;
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reading->faults) ||
        !yaml_read_id(id, false, reading->faults, &scenario->id) ||
        !read_time(reading, &days, from, &scenario->from_ms)) {
        return false;
    }
    struct days first = days;
    return read_steps(reading, steps, &days, scenario) &&
           set_times(reading, until, &days, scenario) &&
           read_expected(reading, expect, &first, scenario) &&
           (show == NULL ||
            example_read_lines(reading, show, &scenario->show, &scenario->show_count)) &&
           (never == NULL ||
            example_read_lines(reading, never, &scenario->never, &scenario->never_count));
}

/* --- a file ----------------------------------------------------------------------------------------------------------- */

static bool is_new(struct example_reading *reading, const struct scenario *scenarios, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_equal(scenarios[i].id, scenarios[index].id)) {
            yaml_fail(reading->faults, scenarios[index].place, "a scenario before it has this id");
            return false;
        }
    }
    return true;
}

static bool read_scenarios(struct example_reading *reading, const struct yaml_node *node,
                           struct scenario_file *file)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, false, SCENARIOS_MAX, reading->faults, &items, &count)) {
        return false;
    }
    struct scenario *scenarios = arena_alloc_array(reading->arena, count, sizeof(*scenarios));
    bool is_good = scenarios != NULL || example_out_of_memory(reading);
    for (size_t i = 0; i < count && scenarios != NULL; i++) {
        is_good = read_scenario(reading, &items[i], &scenarios[i]) &&
                  is_new(reading, scenarios, i) && is_good;
    }
    file->scenarios = scenarios;
    file->count = count;
    return is_good;
}

static bool read_people(struct example_reading *reading, const struct yaml_node *node,
                        struct scenario_file *file)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL) {
        return true;
    }
    if (!yaml_read_list(node, true, SCENARIO_FILES_MAX, reading->faults, &items, &count)) {
        return false;
    }
    struct str *people = arena_alloc_array(reading->arena, count, sizeof(*people));
    if (people == NULL) {
        return example_out_of_memory(reading);
    }
    for (size_t i = 0; i < count; i++) {
        if (!yaml_read_text(&items[i], 200, reading->faults, &people[i])) {
            return false;
        }
    }
    file->people = people;
    file->people_count = count;
    return true;
}

int scenario_read(const char *path, struct str content, struct arena *arena,
                  struct yaml_faults *faults, struct scenario_file *ret_file)
{
    const struct yaml_node *root = NULL, *about = NULL, *people = NULL, *scenarios = NULL;
    struct scenario_file file = {.count = 0};
    const struct yaml_key keys[] = {{"about", false, &about},
                                    {"people", false, &people},
                                    {"directory", false, &file.directory},
                                    {"scenarios", true, &scenarios}};
    struct str text;
    int error = yaml_parse(path, content, arena, faults, &root);
    if (error != 0) {
        return error == ERR_TOO_LARGE ? ERR_INVALID : error;
    }
    struct example_reading reading = {.arena = arena, .faults = faults};
    bool is_good =
        yaml_read_mapping(root, keys, sizeof(keys) / sizeof(keys[0]), faults) &&
        (about == NULL || yaml_read_text(about, SCENARIO_DOES_MAX_BYTES, faults, &text)) &&
        read_people(&reading, people, &file) && read_scenarios(&reading, scenarios, &file);
    if (reading.error != 0 || !is_good) {
        return reading.error != 0 ? reading.error : ERR_INVALID;
    }
    *ret_file = file;
    return 0;
}

int scenario_open_event(const struct scenario_step *step, size_t index,
                        const struct scenario_opening *opening, struct arena *arena,
                        struct yaml_faults *faults, struct event *ret_event)
{
    struct example_reading reading = {.arena = arena,
                                      .faults = faults,
                                      .opening = {.org = opening->org, .hash = opening->hash},
                                      .unit = opening->unit};
    struct example_step read = {.at_ms = step->at_ms};
    if (!example_read_event(&reading, step->node, index, &read)) {
        return reading.error != 0 ? reading.error : ERR_INVALID;
    }
    *ret_event = read.event;
    return 0;
}
