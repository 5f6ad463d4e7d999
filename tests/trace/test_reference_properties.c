/* What holds for the reference pack whatever comes: the order of arrival inside the lateness changes nothing, and an event more
 * never lowers a level. Seeded; the seed of a failure is printed. The people are made up. */
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"
#include "triage_world.h"

enum { EVENTS_MAX = 14, HELD_MAX = 512, ROUNDS = 60, PUPILS = 4 };

/* One event to come. */
struct draft {
    int what;
    int pupil;
    int reporter;
    int64_t ago_ms;
    int32_t answer;
};

/* All that held: hashes of subject and rule, each once, ascending; and the highest level about each pupil. */
struct outcome {
    uint64_t held[HELD_MAX];
    size_t count;
    enum case_level levels[PUPILS];
};

static const char *const pupils[PUPILS] = {"p-an", "p-bo", "p-chen", "p-dai"};

static uint64_t state;

static int64_t pick(int64_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)below);
}

static struct draft draw(void)
{
    return (struct draft){.what = (int)pick(6),
                          .pupil = (int)pick(PUPILS),
                          .reporter = (int)pick(3),
                          .ago_ms = pick(47) * TRIAGE_HOUR + pick(2),
                          .answer = (int32_t)pick(4)};
}

static struct event make(struct triage_world *world, const struct draft *draft,
                         struct event_party parties[2])
{
    static const char *const reporters[] = {"t-wang", "t-li", "t-zhao"};
    static const char *const kinds[] = {"concern", "life_event", "bullying", "self_harm"};
    const char *pupil = pupils[draft->pupil];
    int32_t items[9] = {3, 3, draft->answer, draft->answer, 3, 0, 0, 0, draft->answer};
    if (draft->what == 4) {
        struct event sheet = triage_world_sheet(world, "PHQ-9", pupil, items, 9);
        sheet.occurred_ms = triage_world_now(world) - draft->ago_ms;
        return sheet;
    }
    struct event event =
        triage_world_event(world, draft->what < 4 ? kinds[draft->what] : "absent", pupil);
    event.occurred_ms = triage_world_now(world) - draft->ago_ms;
    if (draft->what == 5) {
        event.family = EVENT_FAMILY_ATTENDANCE;
        event.kind = EVENT_KIND_ABSENT;
        event.attendance = (struct event_attendance){.state = EVENT_ROLL_ABSENT_UNEXPLAINED};
    } else {
        event.incident.injury =
            draft->answer == 3 ? CASE_INJURY_NEEDS_TREATMENT : CASE_INJURY_UNTREATED;
    }
    parties[0] = (struct event_party){.ref = str_of(reporters[draft->reporter]),
                                      .role = CASE_PARTY_REPORTER};
    parties[1] = (struct event_party){.ref = str_of(pupil), .role = CASE_PARTY_AFFECTED};
    event.parties = parties;
    event.party_count = 2;
    return event;
}

static void note(struct outcome *outcome, struct str subject, struct str rule)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < subject.len + rule.len; i++) {
        char c = i < subject.len ? subject.at[i] : rule.at[i - subject.len];
        hash = (hash ^ (uint8_t)c) * 1099511628211u;
    }
    for (size_t i = 0; i < outcome->count; i++) {
        if (outcome->held[i] == hash) {
            return;
        }
    }
    assert_true(outcome->count < HELD_MAX);
    outcome->held[outcome->count++] = hash;
}

static void note_signals(const struct triage_world *world, struct outcome *outcome)
{
    size_t count = 0;
    const struct signal *signals = triage_world_signals(world, &count);
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < signals[s].why_count; i++) {
            note(outcome, signals[s].subject.ref, signals[s].why[i].rule);
        }
        for (size_t p = 0; p < PUPILS; p++) {
            bool is_higher =
                str_is(signals[s].subject.ref, pupils[p]) && signals[s].level > outcome->levels[p];
            outcome->levels[p] = is_higher ? signals[s].level : outcome->levels[p];
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

/* A new world, all of it today. */
static void play(const struct draft *drafts, const size_t *order, size_t count,
                 struct outcome *ret_outcome)
{
    struct triage_world *world = triage_world_new_reference();
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    triage_world_advance(world, 5 * TRIAGE_DAY);
    for (size_t i = 0; i < count; i++) {
        struct event_party parties[2];
        struct event event = make(world, &drafts[order[i]], parties);
        triage_world_send(world, &event);
        triage_world_forget(world);
        note_signals(world, ret_outcome);
    }
    qsort(ret_outcome->held, ret_outcome->count, sizeof(uint64_t), compare);
    triage_world_free(world);
}

static void test_reference_the_order_of_arrival_changes_nothing(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct draft drafts[EVENTS_MAX];
        size_t order[EVENTS_MAX];
        struct outcome first;
        struct outcome second;
        state = seed;
        for (size_t i = 0; i < EVENTS_MAX; i++) {
            drafts[i] = draw();
            order[i] = i;
        }
        play(drafts, order, EVENTS_MAX, &first);
        for (size_t i = EVENTS_MAX - 1; i > 0; i--) {
            size_t other = (size_t)pick((int64_t)i + 1);
            size_t kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        play(drafts, order, EVENTS_MAX, &second);
        if (first.count != second.count ||
            memcmp(first.held, second.held, first.count * sizeof(uint64_t)) != 0) {
            fail_msg("seed %d: %zu reasons, then %zu", (int)seed, first.count, second.count);
        }
        assert_memory_equal(first.levels, second.levels, sizeof(first.levels));
    }
}

static void test_reference_an_event_more_lowers_no_level(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct draft drafts[EVENTS_MAX];
        size_t order[EVENTS_MAX];
        struct outcome without;
        struct outcome with;
        state = seed + 1000;
        for (size_t i = 0; i < EVENTS_MAX; i++) {
            drafts[i] = draw();
            order[i] = i;
        }
        play(drafts, order + 1, EVENTS_MAX - 1, &without);
        play(drafts, order, EVENTS_MAX, &with);
        for (size_t p = 0; p < PUPILS; p++) {
            if (with.levels[p] < without.levels[p]) {
                fail_msg("seed %d: %s", (int)seed, pupils[p]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_the_order_of_arrival_changes_nothing),
        cmocka_unit_test(test_reference_an_event_more_lowers_no_level),
    };
    return RUN_TESTS(argc, argv, tests);
}
