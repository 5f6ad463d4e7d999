#include "triage_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/casework/casework.h"
#include "core/org/org.h"
#include "support/runner.h"
#include "wire/county_fact.h"
#include "wire/instrument.h"
#include "wire/pack.h"
#include "wire/pack_rules.h"
#include "wire/signal.h"
#include "wire/signal_write.h"
#include "wire/triage_state.h"

struct entity {
    char key[192];
    char value[8192];
    size_t len; /* 0: it is not there */
};

enum { TRIAGE_FACTS_MAX = 32, TRIAGE_FACT_BYTES = 1024 };

struct kept_fact {
    char bytes[TRIAGE_FACT_BYTES];
    size_t len;
};

struct triage_world {
    struct kept_fact facts[TRIAGE_FACTS_MAX];
    size_t fact_count;
    struct entity *entities; /* the changelog, compacted */
    size_t entity_count;
    struct case_signal asked; /* the question asked last */
    struct org *org;
    struct triage *triage;
    struct arena pack_arena;
    struct arena arena;
    struct ruleset rules;
    struct pack *pack; /* of triage_world_new_reference */
    struct event_item items[EVENT_ITEMS_MAX];
    char item_names[EVENT_ITEMS_MAX][24];
    bool has_rules;
    bool is_large; /* without the narrow bounds that most tests have */
    bool shows_near;
    int64_t now_ms;
    unsigned event_count;
    char id[16];
    struct event_party parties[EVENT_PARTIES_MAX];
    struct triage_result last;
    char trace[TRIAGE_TRACE_BYTES];
    size_t used;
};

#define WORLD_START INT64_C(1760000000000) /* 2025-10-09 16:53:20 in China, a Thursday */

/* Not a real digest: enough to tell reasons apart. */
static void mix(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES])
{
    uint64_t state = 1469598103934665603u;
    for (size_t i = 0; i < len; i++) {
        state = (state ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
    }
    for (size_t i = 0; i < IDENT_BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ret_hash[i] = (uint8_t)(state >> 56);
    }
}

static void read_rules(struct triage_world *world, const char *text)
{
    static struct yaml_faults faults;
    const struct yaml_node *root = NULL;
    faults.count = 0;
    int error = yaml_parse("rules.yaml", str_of(text), &world->pack_arena, &faults, &root);
    if (error == 0) {
        error = pack_read_rules(&root, 1, &world->pack_arena, &faults, &world->rules);
    }
    for (size_t i = 0; i < faults.count; i++) {
        print_message("%s\n", faults.texts[i]);
    }
    assert_int_equal(error, 0);
    world->has_rules = true;
}

static const struct ruleset *rules_of(void *ctx, struct str unit)
{
    const struct triage_world *world = ctx;
    (void)unit;
    return world->has_rules ? &world->rules : NULL;
}

static void make_triage(struct triage_world *world)
{
    const struct triage_setup setup = {.hash = mix,
                                       .rules_of = rules_of,
                                       .encode = signal_encode,
                                       .ctx = world,
                                       .org = world->org,
                                       .seen_max = world->is_large ? 0 : 16,
                                       .window_max = world->is_large ? 0 : 64,
                                       .seed = 1};
    world->triage = triage_new(&setup);
    assert_non_null(world->triage);
}

struct triage_world *triage_world_new(const char *rules)
{
    struct triage_world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    arena_init(&world->pack_arena, 64 * 1024 * 1024);
    arena_init(&world->arena, TRIAGE_ARENA_BYTES);
    world->org = triage_people_make();
    world->now_ms = WORLD_START;
    world->entities = calloc(TRIAGE_ENTITIES_MAX, sizeof(*world->entities));
    assert_non_null(world->entities);
    make_triage(world);
    if (rules != NULL) {
        read_rules(world, rules);
    }
    return world;
}

static void digest(const void *bytes, size_t len, uint8_t ret_hash[PACK_HASH_BYTES])
{
    mix(bytes, len, ret_hash);
    memset(ret_hash + IDENT_BYTES, 0, PACK_HASH_BYTES - IDENT_BYTES);
}

struct triage_world *triage_world_new_reference(void)
{
    static struct yaml_faults faults;
    const struct pack_file *files = NULL;
    size_t count = 0;
    struct triage_world *world = triage_world_new(NULL);
    faults.count = 0;
    assert_int_equal(
        pack_read_folder(SW_REFERENCE_PACK, &world->pack_arena, &faults, &files, &count), 0);
    assert_int_equal(pack_build_parts(files, count, digest, &faults, &world->pack), 0);
    world->rules = *world->pack->rules;
    world->has_rules = true;
    world->is_large = true;
    triage_free(world->triage);
    make_triage(world);
    return world;
}

void triage_world_free(struct triage_world *world)
{
    pack_free(world->pack);
    triage_free(world->triage);
    org_free(world->org);
    arena_fini(&world->arena);
    arena_fini(&world->pack_arena);
    free(world->entities);
    free(world);
}

struct org *triage_world_org(struct triage_world *world)
{
    return world->org;
}

void triage_world_hold_nothing(struct triage_world *world)
{
    world->rules.plausibility.is_set = false;
}

void triage_world_show_near(struct triage_world *world)
{
    world->shows_near = true;
}

int64_t triage_world_now(const struct triage_world *world)
{
    return world->now_ms;
}

void triage_world_advance(struct triage_world *world, int64_t by_ms)
{
    world->now_ms += by_ms;
}

struct event triage_world_event(struct triage_world *world, const char *kind, const char *affected)
{
    size_t count = 0;
    (void)snprintf(world->id, sizeof(world->id), "e%u", ++world->event_count);
    world->parties[count++] =
        (struct event_party){.ref = STR_LITERAL("t-wang"), .role = CASE_PARTY_REPORTER};
    if (affected != NULL) {
        world->parties[count++] =
            (struct event_party){.ref = str_of(affected), .role = CASE_PARTY_AFFECTED};
    }
    struct event event = {
        .id = str_of(world->id),
        .source = STR_LITERAL("/made-up"),
        .unit = STR_LITERAL("s1"),
        .family = EVENT_FAMILY_INCIDENT,
        .kind = event_kind_find(EVENT_FAMILY_INCIDENT, str_of(kind)),
        .kind_name = str_of(kind),
        .parties = world->parties,
        .party_count = count,
        .discovered_ms = world->now_ms,
        .reported_ms = world->now_ms,
        .incident = {.place = CASE_PLACE_ON_CAMPUS,
                     .danger = CASE_DANGER_PAST,
                     .injury = CASE_INJURY_NO},
    };
    mix(world->id, strlen(world->id), event.body_digest.bytes);
    return event;
}

struct event triage_world_sheet(struct triage_world *world, const char *instrument,
                                const char *affected, const int32_t *items, size_t count)
{
    struct event event = triage_world_event(world, "result", affected);
    event.family = EVENT_FAMILY_SCREENING;
    event.kind = EVENT_KIND_RESULT;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(world->item_names[i], sizeof(world->item_names[i]), "%zu", i + 1);
        world->items[i] = (struct event_item){str_of(world->item_names[i]), items[i]};
    }
    event.screening = (struct event_screening){.instrument = str_of(instrument),
                                               .answers_are_open = true,
                                               .items = world->items,
                                               .opened_count = count,
                                               .valid = true};
    if (world->pack != NULL) {
        instrument_complete(&world->pack->instruments, &event.screening);
    }
    return event;
}

static void say(struct triage_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct triage_world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(world->trace + world->used, sizeof(world->trace) - world->used, format,
                          arguments);
    va_end(arguments);
    assert_true(wrote >= 0 && (size_t)wrote < sizeof(world->trace) - world->used);
    world->used += (size_t)wrote;
}

static void show_why(struct triage_world *world, const char *how, const struct signal_why *why)
{
    say(world, "    %s%.*s", how, (int)why->rule.len, why->rule.at);
    for (size_t v = 0; v < why->value_count; v++) {
        say(world, " %.*s=%.*s", (int)why->values[v].name.len, why->values[v].name.at,
            (int)why->values[v].value.len, why->values[v].value.at);
    }
    say(world, "\n");
}

static void show_signal(struct triage_world *world, const struct signal *signal)
{
    say(world, "  %s %.*s %.*s %s %.*s", case_level_name(signal->level), (int)signal->kind.len,
        signal->kind.at, (int)signal->subject.ref.len, signal->subject.ref.at,
        level_layer_name(signal->layer), (int)signal->rule.len, signal->rule.at);
    if (signal->subject.kind != CASE_SUBJECT_STUDENT) {
        say(world, " %s", case_subject_name(signal->subject.kind));
    }
    for (size_t i = 0; i < signal->tell_count; i++) {
        say(world, " tell=%.*s", (int)signal->tell[i].len, signal->tell[i].at);
    }
    say(world, "%s", signal->only_on_file ? " only_on_file" : "");
    if (signal->ask_interview.len > 0) {
        say(world, " ask=%.*s", (int)signal->ask_interview.len, signal->ask_interview.at);
    }
    say(world, "%s%s%s\n", signal->opens_episode ? " episode" : "",
        signal->is_silent ? " silent" : "", signal->id_reused ? " reused" : "");
    for (size_t i = 0; i < signal->why_count; i++) {
        show_why(world, "", &signal->why[i]);
    }
    for (size_t i = 0; world->shows_near && i < signal->near_count; i++) {
        show_why(world, "nearly ", &signal->near[i]);
    }
}

static void keep_entity(struct triage_world *world, struct str key, struct str value)
{
    size_t i = 0;
    while (i < world->entity_count && !str_is(key, world->entities[i].key)) {
        i++;
    }
    assert_true(i < TRIAGE_ENTITIES_MAX && value.len <= sizeof(world->entities[i].value));
    struct entity *entity = &world->entities[i];
    world->entity_count += i == world->entity_count ? 1 : 0;
    (void)snprintf(entity->key, sizeof(entity->key), "%.*s", (int)key.len, key.at);
    entity->len = value.len;
    if (value.len > 0) {
        memcpy(entity->value, value.at, value.len);
    }
}

static void round_trip(struct triage_world *world, struct str key, const struct triage_state *state)
{
    struct triage_state again;
    struct str value = {NULL, 0};
    if (state->is_there) {
        assert_int_equal(triage_state_encode(state, &world->arena, &value), 0);
    }
    keep_entity(world, key, value);
    assert_int_equal(
        triage_state_decode(key, state->is_there ? &value : NULL, &world->arena, &again), 0);
    assert_int_equal(triage_put(world->triage, key, &again), 0);
}

/* "10-10 08:40:00 time". */
static void say_time(struct triage_world *world)
{
    char text[32];
    time_t seconds = (time_t)(world->now_ms / 1000 + 8 * 3600);
    struct tm parts;
    assert_non_null(gmtime_r(&seconds, &parts));
    assert_true(strftime(text, sizeof(text), "%m-%d %H:%M:%S", &parts) > 0);
    say(world, "%s time\n", text);
}

static void show_release(struct triage_world *world, struct str bytes)
{
    struct case_signal signal;
    struct fault fault;
    assert_int_equal(signal_decode(bytes, &world->arena, &signal, &fault), 0);
    say(world, "  released %.*s %.*s\n", (int)signal.kind.len, signal.kind.at,
        (int)signal.subject.len, signal.subject.at);
}

/* A question is answered by its case, which is known by the signal that opened it. */
static void keep_question(struct triage_world *world, const struct signal *signal)
{
    static char subject[64];
    if (str_is(signal->kind, "attendance_doubt")) {
        (void)snprintf(subject, sizeof(subject), "%.*s", (int)signal->subject.ref.len,
                       signal->subject.ref.at);
        world->asked = (struct case_signal){.id = signal->id,
                                            .unit = STR_LITERAL("s1"),
                                            .kind = STR_LITERAL("attendance_doubt"),
                                            .subject = str_of(subject)};
    }
}

static void show_result(struct triage_world *world)
{
    const struct triage_result *result = &world->last;
    const uint32_t counts[] = {result->held, result->dropped, result->questions, result->missed};
    static const char *const names[] = {"held", "dropped", "questions", "missed"};
    for (size_t i = 0; i < result->release_count; i++) {
        show_release(world, result->releases[i]);
    }
    for (size_t i = 0; i < result->signal_count; i++) {
        struct str value;
        show_signal(world, &result->signals[i]);
        keep_question(world, &result->signals[i]);
        assert_int_equal(signal_encode(&result->signals[i], &world->arena, &value), 0);
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        if (counts[i] > 0) {
            say(world, "  %s=%u\n", names[i], counts[i]);
        }
    }
    for (size_t i = 0; i < result->change_count; i++) {
        round_trip(world, result->changes[i].key, &result->changes[i].after);
    }
}

/* On its way to the county, as bytes. */
static void keep_fact(struct triage_world *world)
{
    if (world->last.fact == NULL) {
        return;
    }
    struct str bytes;
    assert_int_equal(county_fact_encode(world->last.fact, &world->arena, &bytes), 0);
    assert_true(world->fact_count < TRIAGE_FACTS_MAX && bytes.len <= TRIAGE_FACT_BYTES);
    struct kept_fact *kept = &world->facts[world->fact_count++];
    memcpy(kept->bytes, bytes.at, bytes.len);
    kept->len = bytes.len;
}

void triage_world_send(struct triage_world *world, const struct event *event)
{
    static const char *const outcomes[] = {"judged", "repeated", "conflict"};
    const struct triage_input input = {.event = event, .time_ms = world->now_ms};
    arena_reset(&world->arena);
    assert_int_equal(triage_step(world->triage, &input, &world->arena, &world->last), 0);
    say(world, "%.*s %s", (int)event->id.len, event->id.at, outcomes[world->last.outcome]);
    if (world->last.rule_errors > 0) {
        say(world, " rule_errors=%u", world->last.rule_errors);
    }
    if (world->last.seen_evicted + world->last.windows_evicted > 0) {
        say(world, " evicted=%u+%u", world->last.seen_evicted, world->last.windows_evicted);
    }
    say(world, "\n");
    show_result(world);
    keep_fact(world);
}

void triage_world_count_facts(struct triage_world *world, bool is_backward)
{
    for (size_t i = 0; i < world->fact_count; i++) {
        const struct kept_fact *kept = &world->facts[is_backward ? world->fact_count - 1 - i : i];
        struct county_fact fact;
        struct fault fault;
        arena_reset(&world->arena);
        assert_int_equal(
            county_fact_decode((struct str){kept->bytes, kept->len}, &world->arena, &fact, &fault),
            0);
        assert_int_equal(
            triage_step_fact(world->triage, &fact, world->now_ms, &world->arena, &world->last), 0);
        say(world, "county counts %.*s of %.*s\n", (int)fact.id.len, fact.id.at, (int)fact.unit.len,
            fact.unit.at);
        show_result(world);
    }
    world->fact_count = 0;
}

int64_t triage_world_at(const struct triage_world *world, int day, int hour, int minute)
{
    (void)world;
    int64_t local_day = (WORLD_START + 8 * TRIAGE_HOUR) / TRIAGE_DAY + day;
    return local_day * TRIAGE_DAY + (hour - 8) * TRIAGE_HOUR + minute * (TRIAGE_HOUR / 60);
}

static bool gave_something(const struct triage_result *result)
{
    return result->signal_count + result->release_count + result->dropped + result->questions +
               result->missed >
           0;
}

void triage_world_run(struct triage_world *world, int64_t to_ms)
{
    int64_t due_ms;
    while ((due_ms = triage_next_deadline(world->triage)) <= to_ms) {
        world->now_ms = due_ms > world->now_ms ? due_ms : world->now_ms;
        arena_reset(&world->arena);
        assert_int_equal(
            triage_step_time(world->triage, world->now_ms, &world->arena, &world->last), 0);
        if (gave_something(&world->last)) {
            say_time(world);
        }
        show_result(world);
    }
    world->now_ms = to_ms;
}

void triage_world_answer(struct triage_world *world, bool is_fault)
{
    const struct triage_answer answer = {.unit = STR_LITERAL("s1"),
                                         .case_id = casework_case_id(mix, &world->asked),
                                         .is_fault = is_fault,
                                         .time_ms = world->now_ms};
    arena_reset(&world->arena);
    assert_int_equal(triage_step_answer(world->triage, &answer, &world->arena, &world->last), 0);
    say(world, "answered %s\n", is_fault ? "fault" : "real");
    show_result(world);
}

void triage_world_restart(struct triage_world *world)
{
    triage_free(world->triage);
    make_triage(world);
    for (size_t i = 0; i < world->entity_count; i++) {
        const struct entity *entity = &world->entities[i];
        struct str value = {entity->value, entity->len};
        struct triage_state state;
        arena_reset(&world->arena);
        assert_int_equal(triage_state_decode(str_of(entity->key), entity->len > 0 ? &value : NULL,
                                             &world->arena, &state),
                         0);
        assert_int_equal(triage_put(world->triage, str_of(entity->key), &state), 0);
    }
}

void triage_world_set_rules(struct triage_world *world, const char *rules)
{
    read_rules(world, rules);
    triage_refresh(world->triage);
}

void triage_world_undo(struct triage_world *world)
{
    for (size_t i = world->last.change_count; i > 0; i--) {
        round_trip(world, world->last.changes[i - 1].key, &world->last.changes[i - 1].before);
    }
}

void triage_world_expect(struct triage_world *world, const char *expected)
{
    world->trace[world->used] = '\0';
    world->used = 0;
    assert_string_equal(world->trace, expected);
}

void triage_world_forget(struct triage_world *world)
{
    world->used = 0;
}

size_t triage_world_releases(const struct triage_world *world)
{
    return world->last.release_count;
}

void triage_world_expect_why(const struct triage_world *world, const char *text)
{
    assert_true(world->last.signal_count > 0);
    const struct signal *signal = &world->last.signals[0];
    for (size_t i = 0; i < signal->why_count; i++) {
        if (str_is(signal->why[i].text, text)) {
            return;
        }
    }
    fail_msg("no reason is %s", text);
}

const char *triage_world_held(const struct triage_world *world)
{
    static char text[1024];
    enum case_level level = CASE_LEVEL_NONE;
    size_t used = 0;
    for (size_t s = 0; s < world->last.signal_count; s++) {
        const struct signal *signal = &world->last.signals[s];
        level = !signal->only_on_file && signal->level > level ? signal->level : level;
    }
    text[0] = '\0';
    for (size_t s = 0; s < world->last.signal_count; s++) {
        const struct signal *signal = &world->last.signals[s];
        for (size_t i = 0; !signal->only_on_file && i < signal->why_count; i++) {
            struct str rule = signal->why[i].rule;
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %.*s",
                                     used == 0 ? case_level_name(level) : "", used == 0 ? ":" : "",
                                     (int)rule.len, rule.at);
            assert_true(used < sizeof(text));
        }
    }
    return text;
}

const struct signal *triage_world_signals(const struct triage_world *world, size_t *ret_count)
{
    *ret_count = world->last.signal_count;
    return world->last.signals;
}

struct triage *triage_world_triage(struct triage_world *world)
{
    return world->triage;
}

struct ident triage_world_signal_id(const struct triage_world *world)
{
    return world->last.signal_count == 0 ? (struct ident){{0}} : world->last.signals[0].id;
}
