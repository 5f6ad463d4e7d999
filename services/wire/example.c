/* A file of examples: its people, then each example with its steps. What is said of an event is turned into the body that a
 * sender would have posted and read as such (wire/event_open). */
#include "wire/example_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/fault.h"
#include "wire/json.h"

enum {
    UNTIL_MS = 10 * 60 * 1000, /* time goes on after the last step, where nothing else is said */
    DAY_MS = 24 * 3600 * 1000,
};

bool example_out_of_memory(struct example_reading *reading)
{
    reading->error = ERR_MEMORY;
    return false;
}

/* --- times ----------------------------------------------------------------------------------------------------------- */

bool example_parse_time(struct str text, int64_t *ret_ms)
{
    char zoned[32];
    if (text.len != 16 && text.len != 19) {
        return false;
    }
    int len = snprintf(zoned, sizeof(zoned), "%.10sT%.*s%s+08:00", text.at, (int)text.len - 11,
                       text.at + 11, text.len == 16 ? ":00" : "");
    return text.at[10] == ' ' && len > 0 && json_parse_time(str_of(zoned), ret_ms);
}

void example_format_time(int64_t at_ms, char ret_text[EXAMPLE_TIME_BYTES])
{
    char text[JSON_TIME_BYTES];
    json_format_time(at_ms + (int64_t)ZONE_DEFAULT_OFFSET_S * 1000, text);
    memcpy(ret_text, text, EXAMPLE_TIME_BYTES - 1);
    ret_text[10] = ' ';
    ret_text[EXAMPLE_TIME_BYTES - 1] = '\0';
}

static bool read_time(struct example_reading *reading, const struct yaml_node *node,
                      int64_t *ret_ms)
{
    struct str text;
    if (!yaml_read_text(node, EXAMPLE_NAME_BYTES, reading->faults, &text)) {
        return false;
    }
    if (!example_parse_time(text, ret_ms)) {
        yaml_fail(reading->faults, node, "expected a time as in 2026-10-12 09:00, found \"%.*s\"",
                  (int)text.len, text.at);
        return false;
    }
    return true;
}

/* --- an event as its sender would have posted it --------------------------------------------------------------------- */

/* A plain scalar that reads as a number or a truth is one; whatever stands in quotes is a text. */
static json_t *scalar_of(const struct yaml_node *node)
{
    int64_t integer = 0;
    double real = 0;
    if (node->is_plain && str_is(node->text, "true")) {
        return json_true();
    }
    if (node->is_plain && str_is(node->text, "false")) {
        return json_false();
    }
    if (node->is_plain && str_to_int64(node->text, INT64_MIN, INT64_MAX, &integer)) {
        return json_integer(integer);
    }
    if (node->is_plain && str_to_double(node->text, &real)) {
        return json_real(real);
    }
    return json_stringn(node->text.len == 0 ? "" : node->text.at, node->text.len);
}

static json_t *json_of(const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        return scalar_of(node);
    }
    json_t *json = node->kind == YAML_SEQUENCE ? json_array() : json_object();
    for (size_t i = 0; i < node->count; i++) {
        int failed = 0;
        if (node->kind == YAML_SEQUENCE) {
            failed = json_array_append_new(json, json_of(&node->items[i]));
        } else {
            struct str key = node->pairs[i].key.text;
            failed = json_object_setn_new(json, key.at, key.len, json_of(&node->pairs[i].value));
        }
        if (failed != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

/* What an event of an example may say beside its body. */
struct said {
    const struct yaml_node *at;
    const struct yaml_node *type;
    const struct yaml_node *answer;
    const struct yaml_node *id;
    const struct yaml_node *about; /* who is affected */
    const struct yaml_node *by;    /* who reports */
    const struct yaml_node *sheet; /* answers, the first is of item 1 */
};

static const struct yaml_node **slot_of(struct said *said, struct str key)
{
    const struct {
        const char *name;
        const struct yaml_node **slot;
    } slots[] = {{"at", &said->at},      {"type", &said->type},   {"answer", &said->answer},
                 {"id", &said->id},      {"about", &said->about}, {"by", &said->by},
                 {"sheet", &said->sheet}};
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        if (str_is(key, slots[i].name)) {
            return slots[i].slot;
        }
    }
    return NULL;
}

/* The body, without what `said` takes; NULL: memory is out. */
static json_t *begin_body(const struct yaml_node *node, struct str unit, struct said *ret_said)
{
    json_t *body = json_pack("{s:s%}", "unit", unit.at, unit.len);
    *ret_said = (struct said){.at = NULL};
    for (size_t i = 0; i < node->count && body != NULL; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        const struct yaml_node **slot = slot_of(ret_said, pair->key.text);
        if (slot != NULL) {
            *slot = &pair->value;
        } else if (json_object_setn_new(body, pair->key.text.at, pair->key.text.len,
                                        json_of(&pair->value)) != 0) {
            json_decref(body);
            body = NULL;
        }
    }
    return body;
}

static bool add_party(const struct yaml_node *node, const char *role, json_t *body)
{
    if (node == NULL) {
        return true;
    }
    json_t *parties = json_object_get(body, "parties");
    if (parties == NULL) {
        parties = json_array();
        if (json_object_set_new(body, "parties", parties) != 0) {
            return false;
        }
    }
    return json_array_append_new(parties, json_pack("{s:s%,s:s}", "ref",
                                                    node->text.at == NULL ? "" : node->text.at,
                                                    node->text.len, "role", role)) == 0;
}

/* Both the answers and how many there are. */
static bool add_sheet(const struct yaml_node *node, json_t *body)
{
    if (node == NULL) {
        return true;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < node->count && items != NULL && node->kind == YAML_SEQUENCE; i++) {
        char number[24];
        (void)snprintf(number, sizeof(number), "%zu", i + 1);
        json_t *item = json_pack("{s:s,s:o}", "item", number, "value", json_of(&node->items[i]));
        if (json_array_append_new(items, item) != 0) {
            json_decref(items);
            return false;
        }
    }
    return json_object_set_new(body, "item_count", json_integer((json_int_t)node->count)) == 0 &&
           json_object_set_new(body, "answers",
                               json_pack("{s:o,s:b}", "items", items, "valid", 1)) == 0;
}

static bool fail_event(struct example_reading *reading, const struct yaml_node *node,
                       const struct fault *fault)
{
    yaml_fail(reading->faults, node, "%s: %s", fault->path, reject_reason_text(fault->reason));
    return false;
}

/* Reads the body as intake does. */
static bool open_event(struct example_reading *reading, const struct yaml_node *node,
                       const struct said *said, const json_t *body, struct example_step *step)
{
    char type[2 * EXAMPLE_NAME_BYTES];
    struct str kind;
    struct fault fault = {.reason = REJECT_NONE};
    struct str id = STR_LITERAL("");
    if (!yaml_read_text(said->type, EXAMPLE_NAME_BYTES, reading->faults, &kind) ||
        !yaml_read_text(said->id, EXAMPLE_NAME_BYTES, reading->faults, &id)) {
        return false;
    }
    (void)snprintf(type, sizeof(type), "shouwang.%.*s", (int)kind.len, kind.at);
    const struct cloudevent source = {
        .id = id, .source = STR_LITERAL("/examples"), .type = str_of(type), .json = body};
    int error =
        event_open(&source, step->at_ms, &reading->opening, reading->arena, &fault, &step->event);
    if (error == ERR_MEMORY) {
        return example_out_of_memory(reading);
    }
    return error == 0 || fail_event(reading, node, &fault);
}

/* Events without an id are numbered: "e1", "e2" … */
static bool number(struct example_reading *reading, size_t index, struct said *said)
{
    char text[24];
    struct yaml_node *node = arena_alloc(reading->arena, sizeof(*node));
    (void)snprintf(text, sizeof(text), "e%zu", index + 1);
    if (said->id != NULL) {
        return true;
    }
    struct str id = arena_copy_str(reading->arena, str_of(text));
    if (node == NULL || id.at == NULL) {
        return example_out_of_memory(reading);
    }
    *node = (struct yaml_node){.kind = YAML_SCALAR, .text = id};
    said->id = node;
    return true;
}

static bool read_answer(struct example_reading *reading, const struct yaml_node *node,
                        struct example_step *step)
{
    static const char *const words[] = {"real", "fault"};
    size_t index = 0;
    if (!yaml_read_choice(node, words, 2, reading->faults, &index)) {
        return false;
    }
    step->is_answer = true;
    step->is_fault = index == 1;
    return true;
}

/* The body with its short forms; NULL after a fault, or out of memory. */
static json_t *make_body(struct example_reading *reading, const struct yaml_node *node,
                         struct said *ret_said)
{
    if (node->kind != YAML_MAPPING) {
        yaml_fail(reading->faults, node, "expected an event: {at: …, type: incident.concern, …}");
        return NULL;
    }
    json_t *body = begin_body(node, reading->unit, ret_said);
    if (body == NULL || !add_party(ret_said->about, "affected", body) ||
        !add_party(ret_said->by, "reporter", body) || !add_sheet(ret_said->sheet, body)) {
        (void)example_out_of_memory(reading);
        json_decref(body);
        return NULL;
    }
    return body;
}

bool example_read_event(struct example_reading *reading, const struct yaml_node *node, size_t index,
                        struct example_step *step)
{
    struct said said;
    json_t *body = make_body(reading, node, &said);
    bool is_good = body != NULL && number(reading, index, &said) &&
                   open_event(reading, node, &said, body, step);
    json_decref(body);
    return is_good;
}

static bool read_step(struct example_reading *reading, const struct yaml_node *node, size_t index,
                      struct example_step *step)
{
    struct said said;
    json_t *body = make_body(reading, node, &said);
    bool is_good = false;
    if (body == NULL) {
        return false;
    }
    if (said.at == NULL || (said.type == NULL) == (said.answer == NULL)) {
        yaml_fail(reading->faults, node,
                  "expected the key \"at\", and either \"type\" or \"answer\"");
    } else if (read_time(reading, said.at, &step->at_ms)) {
        is_good = said.answer != NULL
                      ? read_answer(reading, said.answer, step)
                      : example_put_reporter(reading, said.by) && number(reading, index, &said) &&
                            open_event(reading, node, &said, body, step);
    }
    json_decref(body);
    return is_good;
}

/* --- an example ------------------------------------------------------------------------------------------------------ */

static bool read_steps(struct example_reading *reading, const struct yaml_node *node,
                       struct example *example)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL) { /* nothing comes: only time passes */
        return true;
    }
    if (!yaml_read_list(node, false, EXAMPLE_STEPS_MAX, reading->faults, &items, &count)) {
        return false;
    }
    struct example_step *steps = arena_alloc_array(reading->arena, count, sizeof(*steps));
    bool is_good = steps != NULL || example_out_of_memory(reading);
    for (size_t i = 0; i < count && steps != NULL; i++) {
        bool is_read = read_step(reading, &items[i], i, &steps[i]);
        if (is_read && i > 0 && is_good && steps[i].at_ms < steps[i - 1].at_ms) {
            yaml_fail(reading->faults, &items[i], "is earlier than the one before it");
            is_read = false;
        }
        is_good = is_good && is_read;
    }
    example->steps = steps;
    example->step_count = count;
    return is_good;
}

static struct str trim(struct str line)
{
    while (line.len > 0 && strchr(" \t\r", line.at[0]) != NULL) {
        line = (struct str){line.at + 1, line.len - 1};
    }
    while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL) {
        line.len--;
    }
    return line;
}

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

bool example_read_lines(struct example_reading *reading, const struct yaml_node *node,
                        const struct str **ret_lines, size_t *ret_count)
{
    struct str rest;
    size_t count = 0;
    if (!yaml_read_text(node, YAML_FILE_MAX_BYTES, reading->faults, &rest)) {
        return false;
    }
    struct str *lines = arena_alloc_array(reading->arena, EXAMPLE_LINES_MAX, sizeof(*lines));
    if (lines == NULL) {
        return example_out_of_memory(reading);
    }
    while (rest.len > 0) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.at);
        struct str line = trim((struct str){rest.at, len});
        size_t skip = end == NULL ? len : len + 1;
        rest = (struct str){rest.at + skip, rest.len - skip};
        bool is_comment = str_is(line, "#") || str_starts(line, STR_LITERAL("# "));
        if (line.len == 0 || is_comment || str_is(line, "none")) {
            continue;
        }
        if (count == EXAMPLE_LINES_MAX) {
            yaml_fail(reading->faults, node, "more than %d lines", EXAMPLE_LINES_MAX);
            return false;
        }
        lines[count++] = line;
    }
    *ret_lines = lines;
    *ret_count = count;
    return true;
}

static bool read_signals(struct example_reading *reading, const struct yaml_node *node,
                         struct example *example)
{
    const struct str *lines = NULL;
    if (!example_read_lines(reading, node, &lines, &example->line_count)) {
        return false;
    }
    qsort((void *)(uintptr_t)lines, example->line_count, sizeof(*lines), by_text);
    example->lines = lines;
    return true;
}

static bool set_times(struct example_reading *reading, const struct yaml_node *from,
                      const struct yaml_node *until, struct example *example)
{
    size_t count = example->step_count;
    if (count == 0 && (from == NULL || until == NULL)) {
        yaml_fail(reading->faults, example->place,
                  "expected \"events\", or both \"from\" and \"until\"");
        return false;
    }
    int64_t last_ms = count == 0 ? 0 : example->steps[count - 1].at_ms;
    example->from_ms = count == 0 ? 0 : example->steps[0].at_ms;
    example->until_ms = last_ms + UNTIL_MS;
    if ((from != NULL && !read_time(reading, from, &example->from_ms)) ||
        (until != NULL && !read_time(reading, until, &example->until_ms))) {
        return false;
    }
    if ((count > 0 && example->from_ms > example->steps[0].at_ms) || example->until_ms < last_ms ||
        example->until_ms < example->from_ms ||
        example->until_ms - example->from_ms > 400 * (int64_t)DAY_MS) {
        yaml_fail(
            reading->faults, example->place,
            "expected \"from\" before the first event, \"until\" behind the last, at most 400 "
            "days apart");
        return false;
    }
    return true;
}

static bool read_example(struct example_reading *reading, const struct yaml_node *node,
                         struct example *example)
{
    const struct yaml_node *id = NULL;
    const struct yaml_node *from = NULL;
    const struct yaml_node *until = NULL;
    const struct yaml_node *events = NULL;
    const struct yaml_node *signals = NULL;
    const struct yaml_key keys[] = {{"id", true, &id},
                                    {"from", false, &from},
                                    {"until", false, &until},
                                    {"events", false, &events},
                                    {"signals", true, &signals}};
    example->place = node;
    return yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reading->faults) &&
           yaml_read_id(id, false, reading->faults, &example->id) &&
           read_steps(reading, events, example) && read_signals(reading, signals, example) &&
           set_times(reading, from, until, example);
}

static bool is_new(struct example_reading *reading, const struct example *examples, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_equal(examples[i].id, examples[index].id)) {
            yaml_fail(reading->faults, examples[index].place, "an example before it has this id");
            return false;
        }
    }
    return true;
}

static bool read_examples(struct example_reading *reading, const struct yaml_node *node,
                          struct example_file *file)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (!yaml_read_list(node, false, EXAMPLES_MAX, reading->faults, &items, &count)) {
        return false;
    }
    struct example *examples = arena_alloc_array(reading->arena, count, sizeof(*examples));
    bool is_good = examples != NULL || example_out_of_memory(reading);
    for (size_t i = 0; i < count && examples != NULL; i++) {
        is_good = read_example(reading, &items[i], &examples[i]) && is_new(reading, examples, i) &&
                  is_good;
    }
    file->examples = examples;
    file->count = count;
    return is_good;
}

/* --- a file ---------------------------------------------------------------------------------------------------------- */

static bool read_root(struct example_reading *reading, const struct yaml_node *root,
                      struct example_file *file)
{
    const struct yaml_node *classes = NULL;
    const struct yaml_node *flags = NULL;
    const struct yaml_node *examples = NULL;
    const struct yaml_key keys[] = {
        {"classes", true, &classes}, {"flags", false, &flags}, {"examples", true, &examples}};
    return yaml_read_mapping(root, keys, sizeof(keys) / sizeof(keys[0]), reading->faults) &&
           example_put_people(reading, root, classes, flags) &&
           read_examples(reading, examples, file);
}

int example_read(const char *path, struct str content, ident_hash_fn hash, struct arena *arena,
                 struct yaml_faults *faults, struct example_file *ret_file)
{
    const struct org_setup setup = {.seed = 1};
    const struct yaml_node *root = NULL;
    struct example_file file = {.count = 0};
    int error = yaml_parse(path, content, arena, faults, &root);
    if (error != 0) {
        return error;
    }
    file.org = org_new(&setup);
    if (file.org == NULL) {
        return ERR_MEMORY;
    }
    struct example_reading reading = {.arena = arena,
                                      .faults = faults,
                                      .opening = {.org = file.org, .hash = hash},
                                      .unit = STR_LITERAL(EXAMPLE_UNIT),
                                      .org = file.org};
    bool is_good = read_root(&reading, root, &file);
    if (reading.error != 0 || !is_good) {
        org_free(file.org);
        return reading.error != 0 ? reading.error : ERR_INVALID;
    }
    *ret_file = file;
    return 0;
}
