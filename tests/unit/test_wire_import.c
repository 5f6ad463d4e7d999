/* Rows of made-up files as events, and what is wrong with them. */
#include "wire/import.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "wire/event.h"
#include "wire/import_map.h"
#include "wire/json.h"

/* 2026-11-24 */
#define NOW_MS INT64_C(1795564800000)

static struct arena arena;
static const struct instrument instruments[] = {
    {.id = STR_LITERAL("Q-3"),
     .version = STR_LITERAL("1"),
     .item_count = 3,
     .most = 3,
     .is_reversed = {false, true}},
    {.id = STR_LITERAL("R"), .version = STR_LITERAL("2"), .item_count = 1, .most = 1},
};
static const struct instrument_set set = {instruments, 2};

/* Not a real digest: enough to tell rows apart. */
static void mix(void *ctx, struct str bytes, uint8_t ret_digest[IDENT_BYTES])
{
    uint64_t state = 1469598103934665603u;
    (void)ctx;
    for (size_t i = 0; i < bytes.len; i++) {
        state = (state ^ (uint8_t)bytes.at[i]) * 1099511628211u;
    }
    for (size_t i = 0; i < IDENT_BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ret_digest[i] = (uint8_t)(state >> 56);
    }
}

static struct import_setup setup_of(enum event_family family)
{
    return (struct import_setup){
        .family = family, .unit = STR_LITERAL("no-1"), .instruments = &set, .digest = mix};
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* Cells by commas, no quotes. */
static struct csv_row row_of(const char *text, size_t number)
{
    static struct str fields[16];
    struct csv_row row = {fields, 0, number};
    const char *at = text;
    for (;;) {
        size_t len = strcspn(at, ",");
        assert_true(row.count < sizeof(fields) / sizeof(fields[0]));
        fields[row.count++] = (struct str){at, len};
        if (at[len] == '\0') {
            break;
        }
        at += len + 1;
    }
    return row;
}

static struct import *begin(const struct import_setup *setup, const char *header)
{
    struct import *import = NULL;
    struct import_fault fault = {.reason = REJECT_NONE};
    struct csv_row row = row_of(header, 1);
    int error = import_begin(setup, &row, &fault, &import);
    if (error != 0) {
        print_message("%s in column %zu\n", reject_reason_code(fault.reason), fault.column);
    }
    assert_int_equal(error, 0);
    return import;
}

static void assert_header_refused(const struct import_setup *setup, const char *header,
                                  enum reject_reason reason, size_t column)
{
    struct import *import = NULL;
    struct import_fault fault = {.reason = REJECT_NONE};
    struct csv_row row = row_of(header, 1);
    assert_int_equal(import_begin(setup, &row, &fault, &import), ERR_INVALID);
    assert_string_equal(reject_reason_code(fault.reason), reject_reason_code(reason));
    assert_int_equal(fault.column, column);
}

static size_t take(struct import *import, const char *text, size_t number,
                   struct import_item items[IMPORT_ITEMS_MAX])
{
    struct csv_row row = row_of(text, number);
    size_t count = 0;
    assert_int_equal(import_row(import, &row, &arena, items, &count), 0);
    return count;
}

/* The event of an item as event_read takes it. */
static const Shouwang__V1__Event *read_item(const struct import_item *item,
                                            struct event_draft *draft)
{
    struct fault fault = {.reason = REJECT_NONE};
    assert_int_equal(item->fault.reason, REJECT_NONE);
    int error = event_read(&item->event, NOW_MS, &arena, &fault, draft);
    if (error != 0) {
        print_message("%s %s\n", fault.path, reject_reason_code(fault.reason));
    }
    assert_int_equal(error, 0);
    return draft->event;
}

struct bad_row {
    const char *row;
    enum reject_reason reason;
    size_t column;
};

/* The first event of the row is refused for this. */
static void assert_refused(const struct import_item *item, const struct bad_row *bad)
{
    assert_string_equal(reject_reason_code(item->fault.reason), reject_reason_code(bad->reason));
    assert_int_equal(item->fault.column, bad->column);
    assert_null(item->json);
}

static void drop(struct import_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_drop(items[i].json);
    }
}

static void test_import_gives_a_result_for_each_instrument(void **state)
{
    (void)state;
    struct import_item items[IMPORT_ITEMS_MAX];
    struct event_draft draft;
    struct import_setup setup = setup_of(EVENT_FAMILY_SCREENING);
    struct import *import =
        begin(&setup, "person,Q-3/1,Q-3/2,Q-3/3,Q-3/version,R/1,R/version,date,campaign");
    assert_int_equal(import_item_count(import), 2);
    assert_int_equal(take(import, "S1,1,1,3,1,0,2,2026-11-02,2026-autumn", 2, items), 2);
    const Shouwang__V1__Event *event = read_item(&items[0], &draft);
    assert_string_equal(event->kind, "result");
    assert_string_equal(event->unit, "no-1");
    assert_true(event->history);
    assert_string_equal(event->screening->instrument, "Q-3");
    assert_string_equal(event->screening->campaign, "2026-autumn");
    assert_int_equal(event->screening->item_count, 3);
    assert_int_equal(event->occurred_at_ms, INT64_C(1793548800000)); /* midnight in China */
    assert_int_equal(event->reported_at_ms, NOW_MS);
    assert_int_equal(draft.identifier_count, 1);
    assert_true(str_is(draft.identifiers[0].identifier, "S1"));
    assert_non_null(strstr(draft.body.at, "\"score\":6.0"));
    event = read_item(&items[1], &draft);
    assert_string_equal(event->screening->instrument, "R");
    assert_false(str_equal(items[0].event.id, items[1].event.id));
    drop(items, 2);
    import_free(import);
}

static void test_import_keeps_what_is_good_of_a_row(void **state)
{
    (void)state;
    static const struct bad_row bad[] = {
        {"S1,4,1,3,1,7,1,2", REJECT_OUT_OF_RANGE, 2},
        {"S1,,1,3,1,7,1,2", REJECT_MISSING, 2},
        {"S1,1,x,3,1,7,1,2", REJECT_BAD_NUMBER, 3},
        {"S1,1,1,3,9,7,1,2", REJECT_WRONG_INSTRUMENT, 5},
        {"S1,1,1,3,,7,1,2", REJECT_MISSING, 5},
        {"S1,1,1,3,1,7,1,2", REJECT_CONFLICT, 6},
    };
    struct import_item items[IMPORT_ITEMS_MAX];
    struct import_setup setup = setup_of(EVENT_FAMILY_SCREENING);
    struct import *import =
        begin(&setup, "person,Q-3/1,Q-3/2,Q-3/3,Q-3/version,Q-3/score,R/1,R/version");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(take(import, bad[i].row, i + 2, items), 2);
        assert_refused(&items[0], &bad[i]);
        assert_int_equal(items[1].fault.reason, REJECT_NONE);
        drop(items, 2);
    }
    assert_int_equal(take(import, "S1,1,1,3,1", 9, items), 1);
    assert_int_equal(items[0].fault.reason, REJECT_WRONG_COUNT);
    assert_int_equal(items[0].fault.column, 0);
    import_free(import);
}

static void test_import_tells_equal_rows_apart_and_knows_them_again(void **state)
{
    (void)state;
    static const char header[] = "Q-3/1,Q-3/2,Q-3/3,Q-3/version";
    char ids[3][IDENT_TEXT_BYTES];
    struct import_item items[IMPORT_ITEMS_MAX];
    struct import_setup setup = setup_of(EVENT_FAMILY_SCREENING);
    setup.is_made_up = true;
    for (int round = 0; round < 2; round++) {
        struct import *import = begin(&setup, header);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(take(import, i == 1 ? "0,0,1,1" : "0,0,0,1", i + 2, items), 1);
            if (round == 0) {
                (void)snprintf(ids[i], sizeof(ids[i]), "%.*s", (int)items[0].event.id.len,
                               items[0].event.id.at);
            }
            assert_true(str_is(items[0].event.id, ids[i]));
            drop(items, 1);
        }
        import_free(import);
    }
    assert_string_not_equal(ids[0], ids[1]);
    assert_string_not_equal(ids[0], ids[2]);
    /* A piece of the same file, cut before its last row. */
    struct import *piece = begin(&setup, "row,equal,Q-3/1,Q-3/2,Q-3/3,Q-3/version");
    struct event_draft draft;
    assert_int_equal(take(piece, "4,1,0,0,0,1", 2, items), 1);
    assert_true(str_is(items[0].event.id, ids[2]));
    (void)read_item(&items[0], &draft);
    assert_true(str_is(draft.identifiers[0].identifier, "made-up-3"));
    drop(items, 1);
    import_free(piece);
}

static void test_import_reads_rolls_of_a_class_or_a_school(void **state)
{
    (void)state;
    struct import_item items[IMPORT_ITEMS_MAX];
    struct event_draft draft;
    struct import_setup setup = setup_of(EVENT_FAMILY_ATTENDANCE);
    setup.is_live = true;
    struct import *import =
        begin(&setup, "date,time,unit,group,session,state,enrolled,absent,present_pct");
    assert_int_equal(take(import, "20261102,08:00,no-2,g7c1,am,,41,3,100", 2, items), 1);
    const Shouwang__V1__Event *event = read_item(&items[0], &draft);
    assert_string_equal(event->kind, "roll");
    assert_string_equal(event->unit, "no-2");
    assert_string_equal(event->scope->group, "g7c1");
    assert_false(event->history);
    assert_int_equal(event->attendance->enrolled_count, 41);
    assert_int_equal(event->attendance->absent_count, 3);
    assert_int_equal(event->attendance->absent_share, 0);
    assert_int_equal(event->reported_at_ms, INT64_C(1793577600000));
    drop(items, 1);
    assert_int_equal(take(import, "20261102,08:00,no-2,,am,,,,93.4", 3, items), 1);
    event = read_item(&items[0], &draft);
    assert_string_equal(event->scope->group, "");
    assert_int_equal(event->attendance->absent_share, 660);
    drop(items, 1);
    assert_int_equal(take(import, "20261102,08:00,no-2,,am,,,,not_taken", 4, items), 1);
    event = read_item(&items[0], &draft);
    assert_int_equal(event->attendance->state, SHOUWANG__V1__ROLL_STATE__ROLL_STATE_NOT_TAKEN);
    drop(items, 1);
    import_free(import);
}

static void test_import_says_which_column_is_wrong(void **state)
{
    (void)state;
    static const struct bad_row bad[] = {
        {"20260230,08:00,no-2,,am,90", REJECT_BAD_TIME, 1},
        {",08:00,no-2,,am,90", REJECT_MISSING, 1},
        {"20261102,8,no-2,,am,90", REJECT_BAD_TIME, 2},
        {"20261102,08:00,,,am,90", REJECT_MISSING, 3},
        {"20261102,08:00,no-2,,am,100.01", REJECT_BAD_NUMBER, 6},
        {"20261102,08:00,no-2,,am,NS", REJECT_BAD_NUMBER, 6},
        {"20261102,08:00,no-2,,am,", REJECT_MISSING, 6},
    };
    struct import_item items[IMPORT_ITEMS_MAX];
    struct event_draft draft;
    struct fault fault;
    struct import_setup setup = setup_of(EVENT_FAMILY_ATTENDANCE);
    struct import *import = begin(&setup, "date,time,unit,group,session,present_pct");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(take(import, bad[i].row, i + 2, items), 1);
        assert_refused(&items[0], &bad[i]);
    }
    /* What only event_read knows has its column too. */
    assert_int_equal(take(import, "20261102,08:00,NO,,am,90", 9, items), 1);
    assert_int_equal(event_read(&items[0].event, NOW_MS, &arena, &fault, &draft), ERR_INVALID);
    assert_int_equal(import_column_of(import, &fault), 3);
    drop(items, 1);
    assert_int_equal(take(import, "20291102,08:00,no-2,,am,90", 10, items), 1);
    assert_int_equal(event_read(&items[0].event, NOW_MS, &arena, &fault, &draft), ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_TIME_IN_FUTURE);
    assert_int_equal(import_column_of(import, &fault), 1);
    drop(items, 1);
    import_free(import);
}

static void test_import_refuses_headers(void **state)
{
    (void)state;
    struct import_setup screening = setup_of(EVENT_FAMILY_SCREENING);
    struct import_setup attendance = setup_of(EVENT_FAMILY_ATTENDANCE);
    assert_header_refused(&screening, "person,R/1,R/version,colour", REJECT_UNKNOWN_COLUMN, 4);
    assert_header_refused(&screening, "person,R/1,R/version,session", REJECT_UNKNOWN_COLUMN, 4);
    assert_header_refused(&screening, "person,R/1,R/version,R/1", REJECT_GIVEN_TWICE, 4);
    assert_header_refused(&screening, "person,Z/1,R/version", REJECT_UNKNOWN_INSTRUMENT, 2);
    assert_header_refused(&screening, "person,R/2,R/version", REJECT_WRONG_INSTRUMENT, 2);
    assert_header_refused(&screening, "person,Q-3/1,Q-3/2,Q-3/version", REJECT_WRONG_INSTRUMENT, 0);
    assert_header_refused(&screening, "R/1,R/version", REJECT_MISSING, 0);
    assert_header_refused(&screening, "person", REJECT_UNKNOWN_INSTRUMENT, 0);
    assert_header_refused(&screening, "person,R/1", REJECT_WRONG_INSTRUMENT, 0);
    assert_header_refused(&attendance, "session", REJECT_MISSING, 0);
    screening.is_made_up = true;
    assert_header_refused(&screening, "person,R/1,R/version", REJECT_EXCLUDES_ANOTHER, 1);
}

static void test_import_map_gives_a_file_our_names(void **state)
{
    (void)state;
    static struct yaml_faults faults;
    const struct import_map *map = NULL;
    struct import_view *view = NULL;
    struct import_fault fault = {.reason = REJECT_NONE};
    struct csv_row row = row_of("name,DAY,school,present", 1);
    faults.count = 0;
    assert_int_equal(
        import_map_read("m.yaml",
                        STR_LITERAL("of: attendance\n"
                                    "columns:\n"
                                    "  DAY: date\n"
                                    "  school: {as: unit, before: nyc-, lower: true}\n"
                                    "  present: {as: present_pct, words: {NS: not_taken}}\n"
                                    "constants: {time: \"08:00\"}\n"),
                        &arena, &faults, &map),
        0);
    assert_int_equal(import_map_family(map), EVENT_FAMILY_ATTENDANCE);
    assert_int_equal(import_view_new(map, &row, &fault, &view), 0);
    struct csv_row header = import_view_header(view);
    assert_int_equal(header.count, 4);
    assert_true(str_is(header.fields[1], "unit"));
    assert_true(str_is(header.fields[3], "time"));
    assert_int_equal(import_view_column(view, 2), 3);
    assert_int_equal(import_view_column(view, 4), 0);
    row = row_of("Somebody,20261102,01M015,NS", 7);
    struct csv_row ours;
    assert_int_equal(import_view_row(view, &row, &fault, &ours), 0);
    assert_int_equal(ours.number, 7);
    assert_int_equal(ours.count, 4);
    assert_true(str_is(ours.fields[0], "20261102"));
    assert_true(str_is(ours.fields[1], "nyc-01m015"));
    assert_true(str_is(ours.fields[2], "not_taken"));
    assert_true(str_is(ours.fields[3], "08:00"));
    row = row_of("Somebody,20261102,01M015", 8);
    assert_int_equal(import_view_row(view, &row, &fault, &ours), ERR_INVALID);
    assert_int_equal(fault.reason, REJECT_WRONG_COUNT);
    import_view_free(view);
    row = row_of("name,DAY,present", 1);
    assert_int_equal(import_view_new(map, &row, &fault, &view), ERR_INVALID);
    assert_true(str_is(fault.name, "school"));
}

static void test_import_map_faults_have_places(void **state)
{
    (void)state;
    static struct yaml_faults faults;
    static const char *const texts[][2] = {
        {"of: attendence\ncolumns: {a: date}\n",
         "m.yaml:1:5: unknown value \"attendence\": did you mean \"attendance\"?"},
        {"of: attendance\n", "m.yaml:1:1: the key \"columns\" is missing"},
        {"of: attendance\ncolumns: {a: {is: date}}\n", "m.yaml:2:15: unknown key \"is\""},
        {"of: attendance\ncolumns: [a]\n", "m.yaml:2:10: expected at most 512 columns of the file"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct import_map *map = NULL;
        faults.count = 0;
        assert_int_equal(import_map_read("m.yaml", str_of(texts[i][0]), &arena, &faults, &map),
                         ERR_INVALID);
        assert_true(strncmp(faults.texts[0], texts[i][1], strlen(texts[i][1])) == 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_import_gives_a_result_for_each_instrument, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_import_keeps_what_is_good_of_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_tells_equal_rows_apart_and_knows_them_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_reads_rolls_of_a_class_or_a_school, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_import_says_which_column_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_refuses_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_map_gives_a_file_our_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_map_faults_have_places, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
