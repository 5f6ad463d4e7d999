/* The reference pack judges each instrument by its own cut-offs, one answer below and at them. */
#include <string.h>

#include "support/runner.h"
#include "triage_world.h"

/* A sheet whose first items are `high` until the score is reached; `item` (0: none) has `answer`. */
struct sheet {
    const char *instrument;
    int32_t least;
    int32_t most;
    size_t count;
    int32_t score; /* over all items; less than least * count: as it comes */
    size_t item;
    int32_t answer;
    const char *held;
};

static void fill(const struct sheet *sheet, int32_t items[EVENT_ITEMS_MAX])
{
    int32_t left = sheet->score - (int32_t)sheet->count * sheet->least;
    for (size_t i = 0; i < sheet->count; i++) {
        items[i] = sheet->least;
    }
    if (sheet->item > 0) {
        items[sheet->item - 1] = sheet->answer;
        left -= sheet->answer - sheet->least;
    }
    for (size_t i = 0; i < sheet->count; i++) {
        int32_t more = sheet->most - sheet->least < left ? sheet->most - sheet->least : left;
        if (i + 1 != sheet->item && more > 0) {
            items[i] += more;
            left -= more;
        }
    }
}

static const struct sheet sheets[] = {
    {"PHQ-9", 0, 3, 9, 9, 0, 0, ""},
    {"PHQ-9", 0, 3, 9, 10, 0, 0, "attention: phq9_10"},
    {"PHQ-9", 0, 3, 9, 14, 0, 0, "attention: phq9_10"},
    {"PHQ-9", 0, 3, 9, 15, 0, 0, "warning: phq9_15 phq9_10"},
    {"PHQ-9", 0, 3, 9, 20, 0, 0, "warning: phq9_20 phq9_15 phq9_10"},
    {"PHQ-9", 0, 3, 9, 1, 9, 1, "warning: phq9_item9"},
    {"PHQ-9", 0, 3, 9, 12, 9, 3, "high: phq9_item9_3 phq9_10"},
    {"PHQ-A", 0, 3, 9, 2, 9, 2, "warning: phq9_item9"},
    {"PHQ-A", 0, 3, 9, 10, 0, 0, "attention: phq9_10"},
    {"PHQ-9M", 0, 3, 11, 1, 11, 1, "warning: phq9m_thoughts"},
    {"GAD-7", 0, 3, 7, 9, 0, 0, ""},
    {"GAD-7", 0, 3, 7, 10, 0, 0, "attention: gad7_10"},
    {"GAD-7", 0, 3, 7, 15, 0, 0, "warning: gad7_15 gad7_10"},
    {"MHT", 0, 1, 100, 64, 0, 0, ""},
    {"MHT", 0, 1, 100, 65, 0, 0, "warning: mht_65"},
    {"SCL-90", 1, 5, 90, 92, 15, 2, "warning: scl90_item15"},
    {"SCL-90-0", 0, 4, 90, 1, 15, 1, "warning: scl90_0_item15"},
    {"SCL-90-0", 0, 4, 90, 1, 59, 1, "warning: scl90_0_item59"},
    {"SCL-90-0", 0, 4, 90, 1, 63, 1, "warning: scl90_0_item63"},
    {"MSSMHS", 1, 5, 60, 119, 0, 0, ""},
    {"MSSMHS", 1, 5, 60, 120, 0, 0, "attention: mssmhs_2"},
    {"MSSMHS", 1, 5, 60, 180, 0, 0, "warning: mssmhs_3 mssmhs_2"},
    {"MSSMHS", 1, 5, 60, 240, 0, 0, "warning: mssmhs_4 mssmhs_3 mssmhs_2"},
    {"K10", 1, 5, 10, 19, 0, 0, ""},
    {"K10", 1, 5, 10, 20, 0, 0, "attention: k10_20"},
    {"K10", 1, 5, 10, 25, 0, 0, "warning: k10_25 k10_20"},
    {"K10", 1, 5, 10, 30, 0, 0, "warning: k10_30 k10_25 k10_20"},
    {"CDI", 0, 2, 27, 1, 9, 1, "warning: cdi_item9"},
    {"NONE-7", 0, 3, 9, 27, 0, 0, ""},
};

static void test_reference_sheets_are_judged_at_their_cut_offs(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]); i++) {
        int32_t items[EVENT_ITEMS_MAX];
        fill(&sheets[i], items);
        struct event event =
            triage_world_sheet(world, sheets[i].instrument, "p-an", items, sheets[i].count);
        triage_world_send(world, &event);
        triage_world_forget(world);
        if (strcmp(triage_world_held(world), sheets[i].held) != 0) {
            fail_msg("%s, %d: %s", sheets[i].instrument, sheets[i].score, triage_world_held(world));
        }
    }
    triage_world_free(world);
}

/* Sheets whose score is the sender's: no sum of items stands in for it. */
static void test_reference_scores_of_the_sender_are_judged(void **state)
{
    static const struct {
        const char *instrument;
        const char *informant;
        const char *norm_set;
        double score;
        const char *held;
    } cases[] = {
        {"SDQ", "parent", "uk", 13, ""},
        {"SDQ", "parent", "uk", 14, "attention: sdq_parent_uk_14"},
        {"SDQ", "parent", "uk", 17, "warning: sdq_parent_uk_17 sdq_parent_uk_14"},
        {"SDQ", "parent", "mongolia", 16, ""},
        {"SDQ", "parent", "mongolia", 17, "attention: sdq_parent_mongolia_17"},
        {"SDQ", "parent", "mongolia", 20, "warning: sdq_parent_mongolia_20 sdq_parent_mongolia_17"},
        {"SDQ", "teacher", "uk_4_band", 12, "attention: sdq_teacher_12"},
        {"SDQ", "teacher", "uk_4_band", 19,
         "warning: sdq_teacher_19 sdq_teacher_16 sdq_teacher_12"},
        {"SDQ", "self", "uk", 16, "attention: sdq_self_uk_16"},
        {"SDQ", "self", "mongolia", 40, ""}, /* no bands for that pair */
        {"CES-D", "", "", 19, ""},
        {"CES-D", "", "", 20, "attention: cesd_20"},
        {"CDI", "", "", 19, "attention: cdi_19"},
        {"SCL-90", "", "", 160, ""},
        {"SCL-90", "", "", 161, "attention: scl90_total"},
        {"SCL-90-0", "", "", 71, "attention: scl90_0_total"},
        {"MHT", "", "", 65, "warning: mht_65"},
    };
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event event = triage_world_sheet(world, cases[i].instrument, "p-an", NULL, 0);
        event.screening.informant = str_of(cases[i].informant);
        event.screening.norm_set = str_of(cases[i].norm_set);
        event.screening.has_score = true;
        event.screening.score = cases[i].score;
        triage_world_send(world, &event);
        triage_world_forget(world);
        assert_string_equal(triage_world_held(world), cases[i].held);
    }
    triage_world_free(world);
}

/* Seven of the validity items are ticked: nothing is said of the pupil, however high the score. */
static void test_reference_mht_that_is_void_is_asked_for_again(void **state)
{
    int32_t items[100];
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    for (int ticked = 6; ticked <= 7; ticked++) {
        for (int i = 0; i < 100; i++) {
            int number = i + 1;
            bool is_validity = number >= 82 && number % 2 == 0;
            items[i] = is_validity ? (number - 82) / 2 < ticked : i < 70;
        }
        struct event event = triage_world_sheet(world, "MHT", "p-an", items, 100);
        assert_true(event.screening.score == 70.0); /* the scale itself is not summed */
        triage_world_send(world, &event);
        triage_world_forget(world);
        assert_string_equal(triage_world_held(world),
                            ticked < 7 ? "warning: mht_65" : "attention: mht_void");
    }
    triage_world_free(world);
}

static void test_reference_an_acute_answer_in_an_interview_is_a_crisis(void **state)
{
    static const struct {
        const char *instrument;
        int32_t items[6];
        size_t count;
        const char *held;
    } cases[] = {
        {"C-SSRS", {0, 0, 0, 0, 0, 0}, 6, ""},
        {"C-SSRS", {1, 0}, 2, "warning: cssrs_low"},
        {"C-SSRS", {0, 1, 1, 0, 0, 0}, 6, "high: cssrs_moderate"},
        {"C-SSRS", {0, 0, 0, 0, 0, 1}, 6, "high: cssrs_moderate"},
        {"C-SSRS", {0, 0, 0, 0, 0, 2}, 6, "crisis: cssrs_high cssrs_moderate"},
        {"C-SSRS", {1, 1, 0, 1, 0, 0}, 6, "crisis: cssrs_high"},
        {"C-SSRS", {1, 1, 0, 0, 1, 0}, 6, "crisis: cssrs_high"},
        {"ASQ", {0, 0, 0, 0}, 4, ""},
        {"ASQ", {0, 0, 1, 0, 0}, 5, "high: asq_positive"},
        {"ASQ", {0, 0, 1, 0, 1}, 5, "crisis: asq_acute asq_positive"},
    };
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event event =
            triage_world_sheet(world, cases[i].instrument, "p-an", cases[i].items, cases[i].count);
        event.kind_name = STR_LITERAL("interview");
        event.kind = EVENT_KIND_INTERVIEW;
        triage_world_send(world, &event);
        triage_world_forget(world);
        assert_string_equal(triage_world_held(world), cases[i].held);
    }
    triage_world_free(world);
}

/* Many items a little, and none that is critical. */
static void test_reference_scl90_counts_its_positive_items(void **state)
{
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    for (int positive = 43; positive <= 44; positive++) {
        int32_t items[90] = {0};
        int left = positive;
        for (int number = 16; number <= 90 && left > 0; number++) {
            bool is_critical = number == 59 || number == 63;
            items[number - 1] = is_critical ? 0 : 1;
            left -= is_critical ? 0 : 1;
        }
        struct event event = triage_world_sheet(world, "SCL-90-0", "p-an", items, 90);
        triage_world_send(world, &event);
        triage_world_forget(world);
        assert_string_equal(triage_world_held(world),
                            positive == 43 ? "" : "attention: scl90_0_positive");
    }
    triage_world_free(world);
}

/* A flag brings the interview forward, as long as it stands, and leaves the level. */
static void test_reference_a_flag_brings_the_interview_forward(void **state)
{
    int32_t items[9] = {3, 3, 3, 1};
    struct triage_world *world = triage_world_new_reference();
    (void)state;
    triage_world_flag(world, "p-an", "c1", "left_behind", 0);
    triage_world_flag(world, "p-bo", "c1", "left_behind", triage_world_now(world));
    for (int i = 0; i < 2; i++) {
        struct event event = triage_world_sheet(world, "PHQ-9", i == 0 ? "p-an" : "p-bo", items, 9);
        triage_world_send(world, &event);
    }
    triage_world_expect(world, "e1 judged\n"
                               "  attention wellbeing p-an school phq9_10 ask=5_school_days\n"
                               "    phq9_10 event.score=(sealed) event.instrument=PHQ-9\n"
                               "e2 judged\n"
                               "  attention wellbeing p-bo school phq9_10 ask=10_school_days\n"
                               "    phq9_10 event.score=(sealed) event.instrument=PHQ-9\n");
    triage_world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_sheets_are_judged_at_their_cut_offs),
        cmocka_unit_test(test_reference_scores_of_the_sender_are_judged),
        cmocka_unit_test(test_reference_mht_that_is_void_is_asked_for_again),
        cmocka_unit_test(test_reference_an_acute_answer_in_an_interview_is_a_crisis),
        cmocka_unit_test(test_reference_scl90_counts_its_positive_items),
        cmocka_unit_test(test_reference_a_flag_brings_the_interview_forward),
    };
    return RUN_TESTS(argc, argv, tests);
}
