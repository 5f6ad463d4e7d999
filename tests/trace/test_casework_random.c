/* Random walks over everything that can be said to casework. The world checks, after each step, the invariants of all
 * cases, that nothing is sent early, twice, or to somebody excluded or held, and that each case survives its record; here we only keep talking. A seed that
 * fails is printed, and becomes a trace of its own. */
#include "support/runner.h"

#include <shouwang/v1/case.pb-c.h>

#include "wire/case.h"
#include "wire/decode.h"
#include "world.h"

enum { SEEDS = 40, TURNS = 250 };

struct walk {
    struct world *world;
    uint64_t random;
};

static uint64_t next_random(struct walk *walk, uint64_t below)
{
    walk->random ^= walk->random << 13;
    walk->random ^= walk->random >> 7;
    walk->random ^= walk->random << 17;
    return walk->random % below;
}

static const char *pick(struct walk *walk, const char *const *texts, size_t count)
{
    return texts[next_random(walk, count)];
}

#define PICK(walk, texts) pick(walk, texts, sizeof(texts) / sizeof((texts)[0]))

static const char *const people[] = {"duty", "deputy", "psych", "teacher", "aide",
                                     "boss", "head",   "mum",   "dad",     "desk"};
static const char *const roles[] = {"duty_leader", "psych_teacher",   "class_teacher",
                                    "principal",   "grade_head",      "guardians",
                                    "bureau_duty", "county_designee", "team_member"};
static const char *const obligations[] = {"emergency_call", "on_scene",       "guardian_contact",
                                          "phone_report",   "written_report", "follow_up",
                                          "final_report",   "hold",           "interview",
                                          "interview_done", "nothing"};

static void send_signal(struct walk *walk)
{
    static const char *const subjects[] = {"lan", "mei", "u-1", "teacher"};
    static const char *const kinds[] = {"self_harm", "bullying", "abuse_suspected",
                                        "panic",     "concern",  "self_harm_risk"};
    static const char *const asks[] = {"", "", "same_day", "24h", "3_school_days"};
    struct case_signal signal = world_signal(walk->world);
    struct case_input_party parties[2] = {
        {.ref = str_of(PICK(walk, subjects)), .role = CASE_PARTY_AFFECTED},
        {.ref = str_of(PICK(walk, people)), .role = CASE_PARTY_WITNESS}};
    if (next_random(walk, 6) == 0) {
        parties[1].role = CASE_PARTY_ALLEGED;
    }
    signal.subject = parties[0].ref;
    signal.unresolved = str_is(signal.subject, "u-1");
    signal.subject_kind = signal.unresolved                   ? CASE_SUBJECT_UNRESOLVED
                          : str_is(signal.subject, "teacher") ? CASE_SUBJECT_STAFF
                                                              : CASE_SUBJECT_STUDENT;
    signal.kind = str_of(PICK(walk, kinds));
    signal.level = (enum case_level)(CASE_LEVEL_ATTENTION + (int)next_random(walk, 4));
    signal.opens_episode = next_random(walk, 2) == 0;
    signal.silent = next_random(walk, 12) == 0;
    signal.mandatory_code = next_random(walk, 5) == 0 ? (uint32_t)next_random(walk, 10) : 0;
    signal.place = (enum case_place)(1 + next_random(walk, 3));
    signal.discovered_ms -= (int64_t)next_random(walk, 2) * (int64_t)next_random(walk, 2 * HOUR);
    signal.ask_interview = str_of(PICK(walk, asks));
    signal.only_on_file = next_random(walk, 8) == 0;
    signal.parties = parties;
    signal.party_count = 2;
    world_send(walk->world, signal);
}

static void send_command(struct walk *walk)
{
    static const struct case_evidence evidence[] = {
        {.key = {"caller", 6}, .sealed = {"\x08\x01", 2}},
        {.key = {"call", 4}, .code = {"110", 3}},
        {.key = {"attempts", 8}, .sealed = {"\x08\x01", 2}}};
    static const char *const answers[] = {"confirmed", "returned", "true", ""};
    if (world_case_count(walk->world) == 0) {
        return;
    }
    world_select(walk->world, next_random(walk, world_case_count(walk->world)));
    enum case_command_kind kind =
        next_random(walk, 3) == 0 ? CASE_COMMAND_ACKNOWLEDGE
                                  : (enum case_command_kind)next_random(walk, CASE_COMMAND_COUNT);
    struct case_command command =
        world_command(walk->world, kind, PICK(walk, people), PICK(walk, roles));
    command.obligation = str_of(PICK(walk, obligations));
    command.performed_ms =
        WORLD_START_MS + world_now(walk->world) - (int64_t)next_random(walk, HOUR);
    command.evidence = evidence;
    command.evidence_count = next_random(walk, 4);
    command.reason_code = next_random(walk, 4) == 0 ? STR_LITERAL("") : STR_LITERAL("because");
    command.person = next_random(walk, 4) == 0 ? STR_LITERAL("class") : str_of(PICK(walk, people));
    command.conflict = (enum case_conflict_reason)next_random(walk, 4);
    command.role = STR_LITERAL("police_liaison");
    command.level = (enum case_level)next_random(walk, 6);
    struct ident own = command.case_id;
    world_select(walk->world, next_random(walk, world_case_count(walk->world)));
    command.other_case = next_random(walk, 2) == 0 ? own : world_case(walk->world)->id;
    command.stand_down = (enum case_stand_down_reason)next_random(walk, 5);
    command.confirmed = next_random(walk, 2) == 0;
    command.code = str_of(PICK(walk, answers));
    if (kind == CASE_COMMAND_TEAM && next_random(walk, 3) > 0) {
        command.sealed = STR_LITERAL("\x08\x01");
        command.until_ms = WORLD_START_MS + world_now(walk->world) +
                           (int64_t)next_random(walk, 40 * (uint64_t)HOUR);
    }
    (void)world_do(walk->world, command);
}

static void send_receipt(struct walk *walk)
{
    const char *person = PICK(walk, people);
    enum case_channel channel = (enum case_channel)(1 + next_random(walk, 3));
    world_show(walk->world, 0);
    if (world_was_sent(walk->world, person, channel)) {
        world_receipt(walk->world, person, channel,
                      (enum case_delivery)(1 + next_random(walk, 11)));
    }
}

static void let_time_pass(struct walk *walk)
{
    static const int64_t reach_ms[] = {10 * SECOND, 5 * MINUTE, HOUR, 30 * (int64_t)HOUR};
    int64_t to_ms = world_now(walk->world) + 1 +
                    (int64_t)next_random(walk, (uint64_t)reach_ms[next_random(walk, 4)]);
    if (next_random(walk, 3) == 0) {
        world_jump(walk->world, to_ms);
    } else {
        world_run(walk->world, to_ms);
    }
}

/* A case is loaded from the changelog in the middle of it all. */
static void put_back(struct walk *walk)
{
    if (world_case_count(walk->world) > 0) {
        world_select(walk->world, next_random(walk, world_case_count(walk->world)));
        struct casefile file = *world_case(walk->world);
        assert_int_equal(casework_put(world_casework(walk->world), &file), 0);
        casework_check(world_casework(walk->world));
    }
}

/* What the changelog would hold says the same as the case. */
static void expect_round_trip(const struct casefile *file)
{
    static unsigned turn;
    struct arena arena;
    if (turn++ % 32 != 0) {
        return; /* it is the slowest part by far */
    }
    struct str first;
    struct str second;
    struct casefile read;
    struct fault fault;
    arena_init(&arena, 16 << 20);
    assert_int_equal(case_encode(file, &arena, &first), 0);
    assert_int_equal(case_decode(first, &arena, &read, &fault), 0);
    assert_null(casefile_fault(&read));
    assert_int_equal(casefile_next_due(&read, INT64_MIN).at_ms,
                     casefile_next_due(file, INT64_MIN).at_ms);
    assert_int_equal(case_encode(&read, &arena, &second), 0);
    assert_true(str_equal(first, second));
    ProtobufCMessage *message = NULL; /* and it is what protobuf-c writes, to the byte */
    assert_int_equal(
        decode_message(&shouwang__v1__case__descriptor, first, &arena, &fault, &message), 0);
    assert_int_equal(message->n_unknown_fields, 0);
    assert_int_equal(encode_message(message, &arena, &second), 0);
    assert_true(str_equal(first, second));
    arena_fini(&arena);
}

static void walk_once(uint64_t seed)
{
    struct walk walk = {.world = world_new(), .random = seed * UINT64_C(0x9E3779B97F4A7C15)};
    print_message("seed %llu\n", (unsigned long long)seed);
    world_show(walk.world, 0);
    world_watch(walk.world, expect_round_trip);
    for (int turn = 0; turn < TURNS && world_sent_count(walk.world) < WORLD_SENT_MAX / 4; turn++) {
        switch (next_random(&walk, 8)) {
        case 0:
            send_signal(&walk);
            break;
        case 1:
        case 2:
        case 3:
            send_command(&walk);
            break;
        case 4:
            send_receipt(&walk);
            break;
        case 5:
            put_back(&walk);
            break;
        default:
            let_time_pass(&walk);
            break;
        }
    }
    world_free(walk.world);
}

static void test_casework_random_walks_keep_every_promise(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        walk_once(seed);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_random_walks_keep_every_promise),
    };
    return RUN_TESTS(argc, argv, tests);
}
