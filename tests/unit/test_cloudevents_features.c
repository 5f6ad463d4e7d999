/* The published conformance features of CloudEvents, from the folder of test data: each scenario's request or message is
 * parsed and compared with the attributes and the JSON that it lists. */
#include "wire/cloudevents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "support/runner.h"
#include "wire/json.h"

enum { ROWS_MAX = 16, TEXT_MAX = 4096 };

struct table {
    char cells[ROWS_MAX][2][128]; /* the first row is the heading */
    size_t count;
};

/* One scenario: its blocks between """ and its tables, in their order. */
struct scenario {
    char texts[2][TEXT_MAX];
    size_t text_count;
    struct table tables[3];
    size_t table_count;
    bool is_kafka;
};

static void add_line(char *text, const char *line)
{
    size_t len = strlen(text);
    snprintf(text + len, TEXT_MAX - len, "%s\n", line);
}

/* The cells of "| a | b |" without the spaces around them. */
static void add_row(struct table *table, const char *line)
{
    assert_true(table->count < ROWS_MAX);
    for (size_t column = 0; column < 2 && *line == '|'; column++) {
        line += 1 + strspn(line + 1, " ");
        size_t len = strcspn(line, "|");
        const char *next = line + len;
        while (len > 0 && line[len - 1] == ' ') {
            len--;
        }
        snprintf(table->cells[table->count][column], 128, "%.*s", (int)len, line);
        line = next;
    }
    table->count++;
}

/* Reads the lines up to the next scenario; answers where that begins. */
static char *read_scenario(char *at, struct scenario *ret_scenario)
{
    bool in_text = false, in_table = false;
    while (at != NULL && *at != '\0') {
        char *line = at + strspn(at, " ");
        char *end = strchr(at, '\n');
        if (strncmp(line, "Scenario", 8) == 0 && !in_text) {
            return line;
        }
        char text[256];
        snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
        bool is_row = text[0] == '|' && !in_text;
        ret_scenario->table_count += is_row && !in_table;
        in_table = is_row;
        if (strcmp(text, "\"\"\"") == 0) {
            ret_scenario->text_count += in_text;
            in_text = !in_text;
        } else if (in_text) {
            add_line(ret_scenario->texts[ret_scenario->text_count], text);
        } else if (is_row) {
            add_row(&ret_scenario->tables[ret_scenario->table_count - 1], text);
        } else if (strstr(text, "Kafka message with") != NULL) {
            ret_scenario->is_kafka = true;
        }
        at = end == NULL ? NULL : end + 1;
    }
    return NULL;
}

/* A value with the scenario's content type put in. */
static const char *filled(const char *text, const char *content_type)
{
    static char result[TEXT_MAX];
    const char *mark = strstr(text, "<contentType>");
    if (mark == NULL) {
        return text;
    }
    snprintf(result, sizeof(result), "%.*s%s%s", (int)(mark - text), text, content_type,
             mark + strlen("<contentType>"));
    return result;
}

static void expect_event(const struct scenario *scenario, const struct table *attributes,
                         const char *content_type, const struct cloudevent *event)
{
    struct fault fault;
    struct json_t *expected = NULL;
    const struct {
        const char *name;
        struct str value;
    } have[] = {{"id", event->id},     {"specversion", event->specversion},
                {"type", event->type}, {"source", event->source},
                {"time", event->time}, {"datacontenttype", event->datacontenttype}};
    for (size_t row = 1; row < attributes->count; row++) {
        size_t i = 0;
        while (i < 6 && strcmp(have[i].name, attributes->cells[row][0]) != 0) {
            i++;
        }
        assert_true(i < 6);
        assert_true(str_is(have[i].value, filled(attributes->cells[row][1], content_type)));
    }
    assert_int_equal(json_parse_text(str_of(scenario->texts[1]), &fault, &expected), 0);
    assert_true(json_equal(expected, event->json));
    json_drop(expected);
}

/* Parses a body by its content type, attributes of binary mode by `header`. */
static void expect_parsed(const struct scenario *scenario, const char *content_type,
                          const char *body, const struct table *headers)
{
    struct arena arena;
    struct fault fault;
    struct json_t *json = NULL;
    struct cloudevent event;
    struct cloudevent_header named[ROWS_MAX];
    size_t count = 0;
    const struct table *attributes = &scenario->tables[scenario->is_kafka ? 1 : 0];
    arena_init(&arena, 65536);
    assert_int_equal(json_parse_text(str_of(body), &fault, &json), 0);
    for (size_t row = 0; headers != NULL && row < headers->count; row++) {
        named[count++] =
            (struct cloudevent_header){headers->cells[row][0], str_of(headers->cells[row][1])};
    }
    if (cloudevent_mode(content_type) == CLOUDEVENT_STRUCTURED) {
        assert_int_equal(cloudevent_read_object(json, &arena, &fault, &event), 0);
    } else {
        assert_int_equal(cloudevent_mode(content_type), CLOUDEVENT_BINARY);
        assert_int_equal(cloudevent_read_kafka(named, count, &fault, &event), 0);
        event.json = json; /* the value of a record is its reader's */
    }
    expect_event(scenario, attributes, content_type, &event);
    json_drop(json);
    arena_fini(&arena);
}

struct request {
    struct table headers;
    const char *content_type;
};

static const char *header_of(void *ctx, const char *name)
{
    const struct request *request = ctx;
    for (size_t row = 0; row < request->headers.count; row++) {
        if (strcasecmp(request->headers.cells[row][0], name) == 0) {
            return filled(request->headers.cells[row][1], request->content_type);
        }
    }
    return NULL;
}

/* "Name: value" lines behind the request line, a blank one, the body. */
static const char *split_request(const char *text, struct request *ret_request)
{
    const char *line = strchr(text, '\n') + 1;
    while (*line != '\n') {
        struct table *headers = &ret_request->headers;
        size_t len = strcspn(line, "\n");
        size_t colon = strcspn(line, ":");
        snprintf(headers->cells[headers->count][0], 128, "%.*s", (int)colon, line);
        snprintf(headers->cells[headers->count][1], 128, "%.*s", (int)(len - colon - 2),
                 line + colon + 2);
        headers->count++;
        line += len + 1;
    }
    return line + 1;
}

static void expect_http(const struct scenario *scenario, const char *content_type)
{
    struct request request = {.content_type = content_type};
    const char *body = split_request(scenario->texts[0], &request);
    if (cloudevent_mode(content_type) == CLOUDEVENT_STRUCTURED) {
        expect_parsed(scenario, content_type, body, NULL);
        return;
    }
    struct arena arena;
    struct fault fault;
    struct json_t *json = NULL;
    struct cloudevent event;
    arena_init(&arena, 65536);
    assert_int_equal(json_parse_text(str_of(body), &fault, &json), 0);
    assert_int_equal(cloudevent_read_http(header_of, &request, json, &arena, &fault, &event), 0);
    expect_event(scenario, &scenario->tables[0], content_type, &event);
    json_drop(json);
    arena_fini(&arena);
}

/* Runs every scenario of a file once per example; answers how many runs there were. */
static size_t run_file(const char *name)
{
    static char text[64 * 1024];
    char path[1024];
    size_t runs = 0;
    snprintf(path, sizeof(path), "%s/cloudevents/%s", getenv("SHOUWANG_DATA"), name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    for (char *at = strstr(text, "Scenario"); at != NULL;) {
        static struct scenario scenario;
        memset(&scenario, 0, sizeof(scenario));
        at = read_scenario(strchr(at, '\n') + 1, &scenario);
        size_t own = scenario.is_kafka ? 2 : 1; /* tables before the examples */
        bool has_examples = scenario.table_count > own;
        size_t examples = has_examples ? scenario.tables[own].count - 1 : 1;
        for (size_t i = 0; i < examples; i++) {
            const char *content_type =
                has_examples ? scenario.tables[own].cells[i + 1][0] : "application/json";
            if (scenario.is_kafka) {
                expect_parsed(&scenario, content_type, scenario.texts[0], &scenario.tables[0]);
            } else {
                expect_http(&scenario, content_type);
            }
            runs++;
        }
    }
    return runs;
}

static void test_cloudevents_passes_the_published_features(void **state)
{
    (void)state;
    assert_int_equal(run_file("http-protocol-binding.feature"), 4);
    assert_int_equal(run_file("kafka-protocol-binding.feature"), 3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cloudevents_passes_the_published_features),
    };
    return RUN_TESTS(argc, argv, tests);
}
