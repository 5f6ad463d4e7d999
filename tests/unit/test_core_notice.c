/* The pure parts of the notifier: the life of a notice, calls per number, what stops a notice. Made-up ids only. */
#include "support/runner.h"

#include "core/notice/life.h"
#include "core/notice/quota.h"
#include "core/notice/stops.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* --- Life --------------------------------------------------------------------------------------------------------------- */

static struct notice_life queued(int64_t expires_ms)
{
    struct notice_life life = {.expires_ms = expires_ms};
    notice_transition(&life, CASE_DELIVERY_QUEUED);
    return life;
}

static void answer(struct notice_life *life, enum notice_answer_kind kind, int64_t retry_after_ms,
                   int64_t now_ms)
{
    struct notice_answer result = {.kind = kind, .retry_after_ms = retry_after_ms};
    life->attempt++;
    notice_apply_answer(life, &result, now_ms);
}

static void test_notice_states_follow_the_table(void **state)
{
    (void)state;
    static const struct {
        enum case_delivery from;
        enum case_delivery to;
        bool may;
    } rows[] = {
        {CASE_DELIVERY_NONE, CASE_DELIVERY_QUEUED, true},
        {CASE_DELIVERY_NONE, CASE_DELIVERY_ACCEPTED, false},
        {CASE_DELIVERY_QUEUED, CASE_DELIVERY_CANCELLED, true},
        {CASE_DELIVERY_QUEUED, CASE_DELIVERY_ACKED, true}, /* a callback faster than the answer */
        {CASE_DELIVERY_ACCEPTED, CASE_DELIVERY_CANCELLED, false}, /* nothing calls it back */
        {CASE_DELIVERY_ACCEPTED, CASE_DELIVERY_EXPIRED, false},
        {CASE_DELIVERY_ACCEPTED, CASE_DELIVERY_DELIVERED, true},
        {CASE_DELIVERY_DELIVERED, CASE_DELIVERY_ACCEPTED, false},
        {CASE_DELIVERY_DELIVERED, CASE_DELIVERY_ACKED, true},
        {CASE_DELIVERY_REACHED, CASE_DELIVERY_DELIVERED, false},
        {CASE_DELIVERY_REACHED, CASE_DELIVERY_FAILED, false},
        {CASE_DELIVERY_ACKED, CASE_DELIVERY_REFUSED, false},
        {CASE_DELIVERY_FAILED, CASE_DELIVERY_QUEUED, false},
        {CASE_DELIVERY_DELIVERED, CASE_DELIVERY_DELIVERED, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(notice_may_become(rows[i].from, rows[i].to), rows[i].may);
    }
    assert_true(notice_is_end(CASE_DELIVERY_UNKNOWN));
    assert_true(notice_is_end(CASE_DELIVERY_ACKED));
    assert_false(notice_is_end(CASE_DELIVERY_REACHED));
}

static void test_notice_waits_longer_each_time(void **state)
{
    (void)state;
    static const int64_t waits_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct notice_life life = queued(DAY_MS);
    for (size_t i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
        answer(&life, NOTICE_ANSWER_LATER, -1, 1000);
        assert_int_equal(life.state, CASE_DELIVERY_QUEUED);
        assert_int_equal(life.next_ms, 1000 + waits_ms[i]);
    }
}

static void test_notice_urgent_waits_less(void **state)
{
    (void)state;
    struct notice_life life = queued(DAY_MS);
    struct notice_answer later = {
        .kind = NOTICE_ANSWER_LATER, .retry_after_ms = -1, .is_urgent = true};
    for (life.attempt = 1; life.attempt <= 20; life.attempt++) {
        notice_apply_answer(&life, &later, 0);
        assert_true(life.next_ms <= NOTICE_RETRY_URGENT_MAX_MS);
    }
    assert_int_equal(life.next_ms, NOTICE_RETRY_URGENT_MAX_MS);
}

static void test_notice_waits_as_long_as_the_provider_asks(void **state)
{
    (void)state;
    struct notice_life life = queued(DAY_MS);
    answer(&life, NOTICE_ANSWER_THROTTLED, 7000, 0);
    assert_int_equal(life.next_ms, 7000);
    answer(&life, NOTICE_ANSWER_THROTTLED, 0, 0); /* never less than our own wait */
    assert_int_equal(life.next_ms, 1000);
    answer(&life, NOTICE_ANSWER_THROTTLED, INT64_MAX, 0);
    assert_int_equal(life.next_ms, NOTICE_RETRY_AFTER_MAX_MS);
}

static void test_notice_ends_when_the_wait_outlasts_it(void **state)
{
    (void)state;
    static const struct {
        enum notice_answer_kind kind;
        enum case_delivery end;
    } rows[] = {
        {NOTICE_ANSWER_LATER, CASE_DELIVERY_FAILED},
        {NOTICE_ANSWER_THROTTLED, CASE_DELIVERY_THROTTLED},
        {NOTICE_ANSWER_NEVER, CASE_DELIVERY_FAILED},
        {NOTICE_ANSWER_SILENT, CASE_DELIVERY_UNKNOWN},
        {NOTICE_ANSWER_STOPPED, CASE_DELIVERY_CANCELLED},
        {NOTICE_ANSWER_TAKEN, CASE_DELIVERY_ACCEPTED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct notice_life life = queued(500);
        answer(&life, rows[i].kind, -1, 0);
        assert_int_equal(life.state, rows[i].end);
    }
    struct notice_life life = queued(501);
    answer(&life, NOTICE_ANSWER_LATER, -1, 0);
    assert_int_equal(life.state, CASE_DELIVERY_QUEUED);
}

static void test_notice_repeats_silence_only_where_it_may(void **state)
{
    (void)state;
    struct notice_answer silent = {.kind = NOTICE_ANSWER_SILENT, .retry_after_ms = -1};
    struct notice_life life = queued(DAY_MS);
    silent.is_urgent = true;
    life.attempt = 1;
    notice_apply_answer(&life, &silent, 0);
    assert_int_equal(life.state, CASE_DELIVERY_QUEUED);
    silent.is_urgent = false;
    notice_apply_answer(&life, &silent, 0);
    assert_int_equal(life.state, CASE_DELIVERY_UNKNOWN);
}

static void test_notice_only_the_right_key_acknowledges(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        const char *digits;
        enum case_delivery word;
    } rows[] = {
        {"reached", "1", CASE_DELIVERY_ACKED},    {"delivered", "1", CASE_DELIVERY_ACKED},
        {"reached", "2", CASE_DELIVERY_REFUSED},  {"reached", "9", CASE_DELIVERY_REACHED},
        {"reached", "11", CASE_DELIVERY_REACHED}, {"reached", "", CASE_DELIVERY_REACHED},
        {"acked", "", CASE_DELIVERY_REACHED},     {"delivered", "", CASE_DELIVERY_DELIVERED},
        {"refused", "", CASE_DELIVERY_REFUSED},   {"failed", "", CASE_DELIVERY_FAILED},
        {"cancelled", "", CASE_DELIVERY_NONE},    {"", "", CASE_DELIVERY_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(notice_word(str_of(rows[i].state), str_of(rows[i].digits)), rows[i].word);
    }
}

/* --- Quota -------------------------------------------------------------------------------------------------------------- */

static const struct quota_limits provider_limits = {1, 5, 20};

static void test_quota_keeps_each_limit(void **state)
{
    (void)state;
    struct quota quota = {.count = 0};
    assert_true(quota_allows(&quota, &provider_limits, 0));
    quota_take(&quota, 0);
    assert_false(quota_allows(&quota, &provider_limits, MINUTE_MS - 1));
    assert_true(quota_allows(&quota, &provider_limits, MINUTE_MS));
    for (int64_t i = 1; i < 5; i++) {
        quota_take(&quota, i * MINUTE_MS);
    }
    assert_false(quota_allows(&quota, &provider_limits, 10 * MINUTE_MS));
    assert_true(quota_allows(&quota, &provider_limits, HOUR_MS));
    for (int64_t i = 0; i < 15; i++) {
        quota_take(&quota, (i + 1) * HOUR_MS);
    }
    assert_false(quota_allows(&quota, &provider_limits, 20 * HOUR_MS));
    assert_true(quota_allows(&quota, &provider_limits, DAY_MS)); /* the first one is a day old */
}

static void test_quota_off_allows_everything(void **state)
{
    (void)state;
    struct quota quota = {.count = 0};
    const struct quota_limits off = {0, 0, 0};
    for (int64_t i = 0; i < 3 * QUOTA_CALLS_MAX; i++) {
        assert_true(quota_allows(&quota, &off, 0));
        quota_take(&quota, 0);
    }
    assert_int_equal(quota.count, QUOTA_CALLS_MAX);
}

static void test_quota_bears_a_clock_that_goes_back(void **state)
{
    (void)state;
    struct quota quota = {.count = 0};
    quota_take(&quota, 1000);
    quota_take(&quota, 10);
    assert_int_equal(quota.at_ms[1], 1000);
    assert_false(quota_is_idle(&quota, DAY_MS + 999));
    assert_true(quota_is_idle(&quota, DAY_MS + 1000));
}

/* --- Stops -------------------------------------------------------------------------------------------------------------- */

static struct ident id_of(uint8_t n)
{
    return (struct ident){{n}};
}

static struct stop_question question_of(uint8_t notice)
{
    return (struct stop_question){
        .id = id_of(notice),
        .case_id = id_of(100),
        .unit = STR_LITERAL("no-3"),
        .person = STR_LITERAL("p-a"),
        .role = STR_LITERAL("duty_leader"),
        .generation = 2,
    };
}

static struct stop whole_case(uint8_t id)
{
    return (struct stop){.kind = STOP_CANCEL, .id = id_of(id), .case_id = id_of(100)};
}

static bool stopped(const struct stops *stops, uint8_t notice)
{
    struct stop_question question = question_of(notice);
    return stops_check(stops, NULL, &question).len > 0;
}

static void test_stops_cancel_by_id_covers_nothing_else(void **state)
{
    (void)state;
    struct stops *stops = stops_new(1);
    struct ident ids[] = {id_of(1), id_of(2)};
    struct stop stop = whole_case(50);
    stop.notices = ids;
    stop.notice_count = 2;
    stop.reason = STR_LITERAL("acked");
    assert_int_equal(stops_put(stops, &stop), 0);
    assert_true(stopped(stops, 1));
    assert_true(stopped(stops, 2));
    assert_false(stopped(stops, 3)); /* of the same person and generation */
    struct stop_question question = question_of(1);
    assert_true(str_is(stops_check(stops, NULL, &question), "acked"));
    question.case_id = id_of(101);
    assert_int_equal(stops_check(stops, NULL, &question).len, 0);
    assert_true(stops_remove(stops, id_of(50)));
    assert_false(stopped(stops, 1));
    assert_false(stops_remove(stops, id_of(50)));
    assert_int_equal(stops_count(stops), 0);
    stops_free(stops);
}

/* Of several cancels that hold, the one that came first gives the reason; each may go without the others. */
static void test_stops_cancels_of_one_notice_stand_each_by_itself(void **state)
{
    (void)state;
    struct stops *stops = stops_new(1);
    struct ident ids[] = {id_of(1), id_of(2)};
    const char *const reasons[] = {"first", "second", "third"};
    struct stop_question question = question_of(1);
    for (uint8_t i = 0; i < 3; i++) {
        struct stop stop = whole_case((uint8_t)(50 + i));
        stop.notices = i == 1 ? NULL : ids; /* the second is for the whole case */
        stop.notice_count = i == 1 ? 0 : 2;
        stop.reason = str_of(reasons[i]);
        assert_int_equal(stops_put(stops, &stop), 0);
    }
    for (uint8_t i = 0; i < 3; i++) {
        assert_true(str_is(stops_check(stops, NULL, &question), reasons[i]));
        assert_true(stops_remove(stops, id_of((uint8_t)(50 + i))));
    }
    assert_false(stopped(stops, 1));
    assert_false(stopped(stops, 2));
    stops_free(stops);
}

static void test_stops_cancel_without_ids_takes_what_matches(void **state)
{
    (void)state;
    struct stops *stops = stops_new(1);
    struct stop stop = whole_case(50);
    stop.generation_at_most = 1;
    assert_int_equal(stops_put(stops, &stop), 0);
    assert_false(stopped(stops, 1)); /* a later generation */
    stop.generation_at_most = 2;
    stop.person = STR_LITERAL("p-b");
    assert_int_equal(stops_put(stops, &stop), 0); /* in place of the first */
    assert_int_equal(stops_count(stops), 1);
    assert_false(stopped(stops, 1));
    stop.person = STR_LITERAL("p-a");
    stop.role = STR_LITERAL("principal");
    assert_int_equal(stops_put(stops, &stop), 0);
    assert_false(stopped(stops, 1));
    stop.role = STR_LITERAL("");
    assert_int_equal(stops_put(stops, &stop), 0);
    assert_true(stopped(stops, 1));
    stops_free(stops);
}

static void test_stops_too_much_is_refused(void **state)
{
    (void)state;
    struct stops *stops = stops_new(1);
    static struct ident ids[STOP_IDS_MAX + 1];
    struct stop stop = whole_case(50);
    stop.notices = ids;
    stop.notice_count = STOP_IDS_MAX + 1;
    assert_int_equal(stops_put(stops, &stop), ERR_TOO_LARGE);
    assert_int_equal(stops_count(stops), 0);
    stops_free(stops);
}

static void put_person(struct org *org, const char *id, const char *household, const char *digest)
{
    struct org_address address = {CASE_CHANNEL_SMS, str_of(digest), STR_LITERAL("")};
    struct org_record record = {.kind = ORG_RECORD_PERSON,
                                .person = {.id = str_of(id),
                                           .unit = STR_LITERAL("no-3"),
                                           .kind = ORG_PERSON_GUARDIAN,
                                           .household = str_of(household),
                                           .addresses = &address,
                                           .address_count = 1}};
    assert_int_equal(org_put(org, &record), 0);
}

static void test_stops_conflict_reaches_household_and_numbers(void **state)
{
    (void)state;
    struct stops *stops = stops_new(1);
    const struct org_setup setup = {.seed = 1};
    struct org *org = org_new(&setup);
    put_person(org, "p-suspect", "h-1", "aa");
    put_person(org, "p-wife", "h-1", "bb");
    put_person(org, "p-office", "h-2", "aa"); /* shares a number */
    put_person(org, "p-free", "h-3", "cc");
    struct stop stop = {.kind = STOP_CONFLICT,
                        .id = id_of(60),
                        .case_id = id_of(100),
                        .person = STR_LITERAL("p-suspect")};
    assert_int_equal(stops_put(stops, &stop), 0);
    static const struct {
        const char *person;
        const char *digest;
        bool is_out;
    } rows[] = {
        {"p-suspect", "aa", true}, {"p-suspect", "", true},   {"p-wife", "bb", true},
        {"p-office", "aa", true},  {"p-office", "", false},   {"p-free", "cc", false},
        {"p-unknown", "", false},  {"p-unknown", "aa", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stop_question question = question_of(1);
        question.person = str_of(rows[i].person);
        question.address_digest = str_of(rows[i].digest);
        assert_int_equal(stops_is_conflicted(stops, org, &question), rows[i].is_out);
        assert_int_equal(str_is(stops_check(stops, org, &question), "conflict"), rows[i].is_out);
    }
    const struct stop *found = stops_find_conflict(stops, id_of(100), STR_LITERAL("p-suspect"));
    assert_non_null(found);
    assert_null(stops_find_conflict(stops, id_of(100), STR_LITERAL("p-wife")));
    assert_true(stops_remove(stops, found->id));
    struct stop_question question = question_of(1);
    question.person = STR_LITERAL("p-suspect");
    assert_false(stops_is_conflicted(stops, org, &question));
    org_free(org);
    stops_free(stops);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notice_states_follow_the_table),
        cmocka_unit_test(test_notice_waits_longer_each_time),
        cmocka_unit_test(test_notice_urgent_waits_less),
        cmocka_unit_test(test_notice_waits_as_long_as_the_provider_asks),
        cmocka_unit_test(test_notice_ends_when_the_wait_outlasts_it),
        cmocka_unit_test(test_notice_repeats_silence_only_where_it_may),
        cmocka_unit_test(test_notice_only_the_right_key_acknowledges),
        cmocka_unit_test(test_quota_keeps_each_limit),
        cmocka_unit_test(test_quota_off_allows_everything),
        cmocka_unit_test(test_quota_bears_a_clock_that_goes_back),
        cmocka_unit_test(test_stops_cancel_by_id_covers_nothing_else),
        cmocka_unit_test(test_stops_cancels_of_one_notice_stand_each_by_itself),
        cmocka_unit_test(test_stops_cancel_without_ids_takes_what_matches),
        cmocka_unit_test(test_stops_too_much_is_refused),
        cmocka_unit_test(test_stops_conflict_reaches_household_and_numbers),
    };
    return RUN_TESTS(argc, argv, tests);
}
