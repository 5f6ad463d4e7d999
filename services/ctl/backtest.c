/* swctl backtest: the same events under two packs, in virtual time, and for whom that makes a difference. Nothing is written. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ctl/backtest_diff.h"
#include "ctl/backtest_events.h"
#include "ctl/backtest_people.h"
#include "ctl/commands.h"
#include "ctl/directory_open.h"
#include "ctl/pack_open.h"
#include "io/csv_out.h"
#include "io/loop.h"
#include "io/seal.h"
#include "wire/example.h"
#include "wire/json.h"

#define SIGNALS_MAX_BYTES (INT64_C(8) << 30)
enum { ROWS_SHOWN = 100, PROGRESS_STEPS = 40, CSV_MAX_BYTES = 1 << 30 };

/* Who judges: the pack of a folder, or that of the topic. */
struct side {
    struct backtest *test;
    struct pack *pack; /* NULL: the packs that are active */
    struct backtest_signals signals;
    struct replay_counts counts;
    double core_s; /* of the processor, spent in the replay */
};

struct backtest {
    struct ctl *ctl;
    struct backtest_span span;
    struct directory directory;    /* of the topic, where it is asked */
    struct backtest_people people; /* of files; nobody read: that of the topic */
    struct backtest_events events;
    struct arena arena; /* of signals and differences */
    struct side before;
    struct side after;
    bool shows_progress;
};

static const struct org *org_of(const struct backtest *test)
{
    const struct org *org = backtest_people_org(&test->people);
    return org != NULL ? org : test->directory.org;
}

/* ---- one side */

static const struct pack *pack_of(void *ctx, struct str unit)
{
    const struct side *side = ctx;
    if (side->pack != NULL) {
        return side->pack;
    }
    const struct org_unit *record = org_find_unit(org_of(side->test), unit);
    return pack_store_active(side->test->directory.packs,
                             record == NULL ? (struct str){NULL, 0} : record->jurisdiction);
}

static void take_signal(void *ctx, const struct replay_signal *signal)
{
    struct side *side = ctx;
    if (signal->at_ms >= side->test->span.from_ms) {
        backtest_keep_signal(&side->signals, signal);
    }
}

static void show_progress(const struct backtest *test, const char *name, size_t done)
{
    char bar[PROGRESS_STEPS + 1] = "";
    size_t full =
        test->events.count == 0 ? PROGRESS_STEPS : done * PROGRESS_STEPS / test->events.count;
    for (size_t i = 0; i < PROGRESS_STEPS; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    fprintf(stderr, "\r%-9s [%s] %zu of %zu events", name, bar, done, test->events.count);
    if (done == test->events.count) {
        fputc('\n', stderr);
    }
}

static int replay_all(struct side *side, struct replay *replay, const char *name)
{
    const struct backtest *test = side->test;
    size_t step = test->events.count / PROGRESS_STEPS + 1;
    int error = 0;
    for (size_t i = 0; i < test->events.count && error == 0; i++) {
        const struct backtest_event *event = &test->events.items[i];
        error = replay_event(replay, &event->event, event->time_ms);
        if (test->shows_progress && i % step == 0) {
            show_progress(test, name, i);
        }
    }
    if (test->shows_progress && error == 0) {
        show_progress(test, name, test->events.count);
    }
    return error != 0 ? error : replay_run_until(replay, test->span.to_ms);
}

static enum ctl_exit judge_side(struct side *side, const char *name)
{
    struct backtest *test = side->test;
    const struct replay_setup setup = {
        .org = org_of(test), .pack_of = pack_of, .signal = take_signal, .ctx = side};
    struct replay *replay = replay_new(&setup);
    clock_t began = clock();
    side->signals.arena = &test->arena;
    int error = replay == NULL ? ERR_MEMORY : replay_all(side, replay, name);
    side->core_s = (double)(clock() - began) / CLOCKS_PER_SEC;
    if (error == 0) {
        side->counts = replay_counts(replay);
    }
    replay_free(replay);
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

/* ---- what is said */

static const char *level_of(const struct backtest_signal *signal)
{
    return signal == NULL ? "normal" : case_level_name(signal->level);
}

static const struct backtest_signal *shown(const struct backtest_difference *difference)
{
    return difference->after != NULL ? difference->after : difference->before;
}

static void say_row(const struct backtest_difference *difference)
{
    static const struct backtest_signal none = {.at_ms = 0};
    const struct backtest_signal *signal = shown(difference);
    const struct backtest_signal *old = difference->before == NULL ? &none : difference->before;
    const struct backtest_signal *new = difference->after == NULL ? &none : difference->after;
    char at[EXAMPLE_TIME_BYTES];
    example_format_time(signal->at_ms, at);
    ctl_say(
        "%-7s  %s  %-9s -> %-9s  %.*s %.*s %.*s: %.*s -> %.*s",
        backtest_change_name(difference->change), at, level_of(difference->before),
        level_of(difference->after), (int)signal->unit.len, signal->unit.at, (int)signal->kind.len,
        signal->kind.at, (int)signal->subject.len, signal->subject.at,
        old->rules.len == 0 ? 1 : (int)old->rules.len, old->rules.len == 0 ? "-" : old->rules.at,
        new->rules.len == 0 ? 1 : (int)new->rules.len, new->rules.len == 0 ? "-" : new->rules.at);
}

static void add_side(struct buffer *text, const char *name, const struct backtest_signal *signal)
{
    buffer_format(text, ", \"%s\": ", name);
    if (signal == NULL) {
        buffer_add_text(text, "null");
        return;
    }
    buffer_format(text, "{\"level\": \"%s\", \"at_ms\": %" PRId64 ", \"kind\": ",
                  case_level_name(signal->level), signal->at_ms);
    buffer_add_json(text, signal->kind);
    buffer_add_text(text, ", \"rules\": ");
    buffer_add_json(text, signal->rules);
    buffer_add_text(text, ", \"ask_interview\": ");
    buffer_add_json(text, signal->ask_interview);
    buffer_add_text(text, ", \"tell\": ");
    buffer_add_json(text, signal->tell);
    buffer_format(text, ", \"silent\": %s, \"only_on_file\": %s}",
                  signal->is_silent ? "true" : "false", signal->only_on_file ? "true" : "false");
}

static void say_json(const struct backtest_difference *difference)
{
    const struct backtest_signal *signal = shown(difference);
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_format(&text,
                  "{\"change\": \"%s\", \"unit\": ", backtest_change_name(difference->change));
    buffer_add_json(&text, signal->unit);
    buffer_add_text(&text, ", \"subject\": ");
    buffer_add_json(&text, signal->subject);
    buffer_add_text(&text, ", \"event\": ");
    buffer_add_json(&text, signal->event_id);
    add_side(&text, "before", difference->before);
    add_side(&text, "after", difference->after);
    ctl_say("%.*s}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void add_csv_side(struct csv_out *out, const struct backtest_signal *signal)
{
    static const struct backtest_signal none = {.at_ms = 0};
    const struct backtest_signal *side = signal == NULL ? &none : signal;
    csv_out_text(out, level_of(signal));
    csv_out_str(out, side->kind);
    csv_out_str(out, side->rules);
    csv_out_str(out, side->ask_interview);
    csv_out_str(out, side->tell);
}

static void add_csv_row(struct csv_out *out, const struct backtest_difference *difference)
{
    const struct backtest_signal *signal = shown(difference);
    csv_out_text(out, backtest_change_name(difference->change));
    csv_out_time(out, signal->at_ms, ZONE_DEFAULT_OFFSET_S);
    csv_out_str(out, signal->unit);
    csv_out_str(out, signal->subject);
    csv_out_str(out, signal->event_id);
    add_csv_side(out, difference->before);
    add_csv_side(out, difference->after);
    csv_out_end_row(out);
}

static enum ctl_exit write_csv(const char *path, const struct backtest_difference *differences,
                               size_t count)
{
    static const char *const titles[] = {
        "change",       "at",          "unit",         "subject",          "event",
        "level_before", "kind_before", "rules_before", "interview_before", "tell_before",
        "level_after",  "kind_after",  "rules_after",  "interview_after",  "tell_after"};
    struct buffer text;
    struct csv_out out;
    buffer_init(&text, CSV_MAX_BYTES);
    csv_out_init(&out, &text);
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        csv_out_text(&out, titles[i]);
    }
    csv_out_end_row(&out);
    for (size_t i = 0; i < count; i++) {
        add_csv_row(&out, &differences[i]);
    }
    FILE *file = text.overflowed ? NULL : fopen(path, "we");
    bool is_written = file != NULL && fwrite(text.bytes, 1, text.len, file) == text.len;
    is_written = (file == NULL || fclose(file) == 0) && is_written;
    buffer_fini(&text);
    return is_written ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s cannot be written", path);
}

static double events_a_second(const struct backtest *test)
{
    double seconds = test->before.core_s + test->after.core_s;
    return seconds <= 0 ? 0 : 2 * (double)test->events.count / seconds;
}

static void say_totals(const struct backtest *test, const size_t *counts)
{
    const struct side *sides[] = {&test->before, &test->after};
    ctl_say(test->ctl->json
                ? "{\"events\": %zu, \"refused\": %" PRIu64 ", \"answers_closed\": %" PRIu64
                  ", \"signals_before\": %zu, \"signals_after\": %zu, \"raised\": %zu, "
                  "\"lowered\": %zu, \"changed\": %zu, \"core_events_per_second\": %.0f}"
                : "%zu events, %" PRIu64 " refused, %" PRIu64
                  " with answers that stay closed; signals %zu -> %zu: %zu raised, %zu lowered, "
                  "%zu changed; %.0f events/s in the core",
            test->events.count, test->events.refused, test->events.closed,
            test->before.signals.count, test->after.signals.count, counts[BACKTEST_RAISED],
            counts[BACKTEST_LOWERED], counts[BACKTEST_CHANGED], events_a_second(test));
    for (size_t i = 0; i < 2; i++) {
        if (sides[i]->counts.rule_errors + sides[i]->counts.evicted > 0) {
            fprintf(stderr,
                    "swctl: %s: %" PRIu64 " expressions without a value, %" PRIu64
                    " entries of windows that fell out\n",
                    i == 0 ? "before" : "after", sides[i]->counts.rule_errors,
                    sides[i]->counts.evicted);
        }
    }
}

static enum ctl_exit tell(struct backtest *test)
{
    struct backtest_difference *differences = NULL;
    size_t count = 0;
    size_t counts[BACKTEST_CHANGES] = {0};
    const char *path = ctl_option(test->ctl, "--csv");
    if (backtest_compare(&test->before.signals, &test->after.signals, &test->arena, &differences,
                         &count) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        counts[differences[i].change]++;
        if (test->ctl->json) {
            say_json(&differences[i]);
        } else if (i < ROWS_SHOWN) {
            say_row(&differences[i]);
        }
    }
    if (count > ROWS_SHOWN && !test->ctl->json) {
        ctl_say("… and %zu more (--csv FILE has all)", count - ROWS_SHOWN);
    }
    say_totals(test, counts);
    return path == NULL ? CTL_OK : write_csv(path, differences, count);
}

/* ---- the command */

/* RFC 3339, or a day, which begins at midnight in China. */
static enum ctl_exit read_time(struct ctl *ctl, const char *option, int64_t *ret_ms)
{
    const char *text = ctl_option(ctl, option);
    char day[32];
    if (text == NULL) {
        return CTL_OK;
    }
    (void)snprintf(day, sizeof(day), "%s 00:00", text);
    if (!json_parse_time(str_of(text), ret_ms) && !example_parse_time(str_of(day), ret_ms) &&
        !example_parse_time(str_of(text), ret_ms)) {
        return ctl_fail(CTL_USAGE, "%s: expected a day, or a time as 2026-11-24T08:00:00+08:00",
                        option);
    }
    return CTL_OK;
}

static enum ctl_exit read_packs(struct backtest *test)
{
    struct ctl *ctl = test->ctl;
    const char *against = ctl_option(ctl, "--against");
    enum ctl_exit code = ctl_pack_open(ctl, ctl->words[0], &test->after.pack);
    return code != CTL_OK || against == NULL ? code
                                             : ctl_pack_open(ctl, against, &test->before.pack);
}

/* Against whom parties are held: without any directory everybody is known. */
static const struct org *known_of(const struct backtest *test)
{
    return test->people.nobody != NULL ? NULL : org_of(test);
}

static enum ctl_exit read_events(struct backtest *test)
{
    struct ctl *ctl = test->ctl;
    bool has_files = ctl_option(ctl, "--events") != NULL;
    bool needs_topic = !has_files || ctl_option(ctl, "--against") == NULL;
    enum ctl_exit code =
        needs_topic ? directory_open(ctl, DIRECTORY_PACKS, &test->directory) : CTL_OK;
    if (code == CTL_OK && (ctl_option(ctl, "--directory") != NULL || !needs_topic)) {
        code = backtest_read_people(ctl, &test->people);
    }
    if (code == CTL_OK) {
        code = has_files ? backtest_read_files(ctl, known_of(test), test->span, &test->events)
                         : backtest_read_kafka(ctl, test->span, &test->events);
    }
    backtest_sort(&test->events);
    return code;
}

/* Time ends with the last event, or with --to where that is not in the future of the log. */
static void end_time(struct backtest *test)
{
    size_t count = test->events.count;
    int64_t last_ms = count == 0 ? test->span.from_ms : test->events.items[count - 1].time_ms;
    if (ctl_option(test->ctl, "--to") == NULL) {
        test->span.to_ms = last_ms;
    }
}

static enum ctl_exit run_test(struct backtest *test)
{
    enum ctl_exit code = read_time(test->ctl, "--from", &test->span.from_ms);
    code = code != CTL_OK ? code : read_time(test->ctl, "--to", &test->span.to_ms);
    if (code == CTL_OK && test->span.to_ms < test->span.from_ms) {
        code = ctl_fail(CTL_USAGE, "--to is before --from");
    }
    code = code != CTL_OK ? code : read_packs(test);
    code = code != CTL_OK ? code : read_events(test);
    if (code != CTL_OK) {
        return code;
    }
    end_time(test);
    code = judge_side(&test->before, "before");
    code = code != CTL_OK ? code : judge_side(&test->after, "after");
    return code != CTL_OK ? code : tell(test);
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct backtest test = {.ctl = ctl, .span = {0, loop_utc_ms()}};
    if (seal_init() != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "no entropy");
    }
    test.before.test = &test;
    test.after.test = &test;
    test.shows_progress = isatty(STDERR_FILENO) != 0;
    backtest_events_init(&test.events);
    arena_init(&test.arena, (size_t)SIGNALS_MAX_BYTES);
    enum ctl_exit code = run_test(&test);
    arena_fini(&test.arena);
    backtest_events_fini(&test.events);
    pack_free(test.before.pack);
    pack_free(test.after.pack);
    backtest_people_fini(&test.people);
    directory_close(&test.directory);
    return code;
}

static const struct ctl_option options[] = {
    {"--from", "TIME", "differences from then on; what lies before fills the windows (all)"},
    {"--to", "TIME", "until then (the last event)"},
    {"--against", "PACK", "the pack to compare with (those that are active)"},
    {"--events", "FILE",
     "CloudEvents, one a line or an array, instead of Kafka's; may be repeated"},
    {"--directory", "FILE", "with --events: who is who, as for swctl import directory"},
    {"--csv", "FILE", "write all differences there"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_backtest = {
    .name = "backtest",
    .arguments = "PACK",
    .help = "Who would have been raised or lowered, and when, had this pack judged.",
    .options = options,
    .run = run,
};
