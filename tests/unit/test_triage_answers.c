/* The sealed answers of a screening: opened to be judged, or counted and left closed. The people in here are made up. */
#include "support/key_place.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/event.pb-c.h>

#include "io/seal_record.h"
#include "triage/part_inside.h"
#include "wire/decode.h"

/* What the part counts, instead of its metrics. */
static unsigned closed_count;
static char closed_reason[32];

void part_count(const struct part *part, int row, const char *first, const char *second)
{
    (void)part;
    (void)second;
    assert_int_equal(row, PART_ANSWERS_CLOSED);
    closed_count++;
    (void)snprintf(closed_reason, sizeof(closed_reason), "%s", first);
}

static struct instrument instrument = {
    .id = STR_LITERAL("A-2"), .version = STR_LITERAL("1"), .item_count = 2, .most = 3};
static const struct pack pack = {.instruments = {&instrument, 1}};

const struct pack *part_pack(const struct part *part, struct str unit)
{
    (void)part;
    (void)unit;
    return &pack;
}

struct desk {
    struct key_place place;
    struct part_shared shared;
    struct part part;
    struct event event;
};

static void open_desk(struct desk *desk)
{
    memset(desk, 0, sizeof(*desk));
    key_place_open(&desk->place);
    key_place_put(&desk->place, "school-1", "p-a");
    desk->shared.keyring = desk->place.keyring;
    desk->part.shared = &desk->shared;
    desk->part.keys = desk->place.erasure;
    arena_init(&desk->part.arena, PART_ARENA_BYTES);
    desk->event.unit = STR_LITERAL("school-1");
    desk->event.family = EVENT_FAMILY_SCREENING;
    closed_count = 0;
    closed_reason[0] = '\0';
}

static void close_desk(struct desk *desk)
{
    arena_fini(&desk->part.arena);
    key_place_close(&desk->place);
}

/* Puts the bytes into the event, sealed as answers of p-a. */
static void seal_answers(struct desk *desk, struct str plain)
{
    const struct vault_target target = {STR_LITERAL("school-1"), STR_LITERAL("p-a"),
                                        SEAL_CLASS_ANSWERS};
    struct sealed sealed;
    struct arena *arena = &desk->place.arena;
    assert_int_equal(vault_close(&desk->place.vault, &target, plain, arena, &sealed), 0);
    assert_int_equal(sealed_encode(&sealed, arena, &desk->event.screening.answers), 0);
}

static void seal_sheet(struct desk *desk)
{
    Shouwang__V1__ScreeningAnswers answers = SHOUWANG__V1__SCREENING_ANSWERS__INIT;
    Shouwang__V1__ItemAnswer item = SHOUWANG__V1__ITEM_ANSWER__INIT;
    Shouwang__V1__ItemAnswer *items[] = {&item};
    struct str plain;
    item.item = (char *)(uintptr_t) "9";
    item.value = 3;
    answers.items = items;
    answers.n_items = 1;
    answers.has_score = true;
    answers.score = 17;
    answers.valid = true;
    assert_int_equal(encode_message(&answers.base, &desk->place.arena, &plain), 0);
    seal_answers(desk, plain);
}

static void expect_closed(const struct desk *desk, const char *reason)
{
    assert_int_equal(closed_count, 1);
    assert_string_equal(closed_reason, reason);
    assert_false(desk->event.screening.answers_are_open);
    assert_int_equal(desk->event.screening.opened_count, 0);
    assert_false(desk->event.screening.has_score);
}

static void test_triage_answers_are_opened_to_be_judged(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    seal_sheet(&desk);
    assert_int_equal(part_open_answers(&desk.part, &desk.event), 0);
    const struct event_screening *screening = &desk.event.screening;
    assert_true(screening->answers_are_open && screening->has_score && screening->valid);
    assert_true(screening->score == 17.0);
    assert_int_equal(screening->opened_count, 1);
    assert_true(str_is(screening->items[0].item, "9"));
    assert_int_equal(screening->items[0].value, 3);
    assert_int_equal(closed_count, 0);
    close_desk(&desk);
}

/* Two items of the pack's instrument, and no score. */
static void seal_items(struct desk *desk, int32_t first, int32_t second)
{
    Shouwang__V1__ScreeningAnswers answers = SHOUWANG__V1__SCREENING_ANSWERS__INIT;
    Shouwang__V1__ItemAnswer one = SHOUWANG__V1__ITEM_ANSWER__INIT;
    Shouwang__V1__ItemAnswer two = SHOUWANG__V1__ITEM_ANSWER__INIT;
    Shouwang__V1__ItemAnswer *items[] = {&two, &one};
    struct str plain;
    one.item = (char *)(uintptr_t) "1";
    one.value = first;
    two.item = (char *)(uintptr_t) "2";
    two.value = second;
    answers.items = items;
    answers.n_items = 2;
    assert_int_equal(encode_message(&answers.base, &desk->place.arena, &plain), 0);
    desk->event.screening = (struct event_screening){.instrument = STR_LITERAL("A-2")};
    seal_answers(desk, plain);
    assert_int_equal(part_open_answers(&desk->part, &desk->event), 0);
}

static void test_triage_answers_without_a_score_are_summed(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    seal_items(&desk, 3, 2);
    assert_true(desk.event.screening.has_score);
    assert_true(desk.event.screening.score == 5.0);
    seal_items(&desk, 3, 4); /* no such answer */
    assert_false(desk.event.screening.has_score);
    instrument.is_scored_by_sender = true;
    seal_items(&desk, 3, 2);
    assert_false(desk.event.screening.has_score);
    instrument.is_scored_by_sender = false;
    close_desk(&desk);
}

static void test_triage_answers_without_any_are_no_fault(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    assert_int_equal(part_open_answers(&desk.part, &desk.event), 0); /* refused: none were given */
    desk.event.family = EVENT_FAMILY_INCIDENT;
    assert_int_equal(part_open_answers(&desk.part, &desk.event), 0);
    assert_int_equal(closed_count, 0);
    assert_false(desk.event.screening.answers_are_open);
    close_desk(&desk);
}

static void test_triage_answers_of_an_erased_pupil_stay_closed(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    seal_sheet(&desk);
    assert_true(erasure_remove(desk.place.erasure, STR_LITERAL("school-1"), STR_LITERAL("p-a")));
    assert_int_equal(part_open_answers(&desk.part, &desk.event), 0);
    expect_closed(&desk, error_name(ERR_NOT_FOUND));
    close_desk(&desk);
}

/* Changed on the way, or of another unit: as if it were not there. */
static void test_triage_answers_that_were_changed_stay_closed(void **state)
{
    struct desk desk;
    struct str changed;
    (void)state;
    open_desk(&desk);
    seal_sheet(&desk);
    changed = arena_copy_str(&desk.place.arena, desk.event.screening.answers);
    ((char *)(uintptr_t)changed.at)[changed.len - 1] ^= 1;
    desk.event.screening.answers = changed;
    assert_int_equal(part_open_answers(&desk.part, &desk.event), 0);
    expect_closed(&desk, error_name(ERR_CORRUPT));
    close_desk(&desk);
}

static void test_triage_answers_that_are_no_sheet_stay_closed(void **state)
{
    struct desk desk;
    (void)state;
    open_desk(&desk);
    seal_answers(&desk, STR_LITERAL("\xff\xff no sheet"));
    assert_int_equal(part_open_answers(&desk.part, &desk.event), 0);
    expect_closed(&desk, error_name(ERR_INVALID));
    close_desk(&desk);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triage_answers_are_opened_to_be_judged),
        cmocka_unit_test(test_triage_answers_without_any_are_no_fault),
        cmocka_unit_test(test_triage_answers_without_a_score_are_summed),
        cmocka_unit_test(test_triage_answers_of_an_erased_pupil_stay_closed),
        cmocka_unit_test(test_triage_answers_that_were_changed_stay_closed),
        cmocka_unit_test(test_triage_answers_that_are_no_sheet_stay_closed),
    };
    return RUN_TESTS(argc, argv, tests);
}
