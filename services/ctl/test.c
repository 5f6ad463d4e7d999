/* swctl test: the examples of a pack, each replayed from an empty state, and what it gave held against what it says. */
#include <stdlib.h>
#include <string.h>

#include "core/rules/ruleset.h"
#include "ctl/commands.h"
#include "ctl/diff.h"
#include "ctl/pack_open.h"
#include "ctl/signal_line.h"
#include "io/seal.h"
#include "shell/replay.h"
#include "wire/example.h"

enum { EXAMPLE_ARENA_BYTES = 256 << 20, LINE_BYTES = 2048, RULES_MAX = 4096 };

/* The rules that held in any example. */
struct rules_held {
    struct str items[RULES_MAX];
    size_t count;
};

struct test {
    struct ctl *ctl;
    const struct pack *pack;
    struct arena arena; /* of one example */
    struct str lines[EXAMPLE_LINES_MAX];
    size_t line_count;
    bool is_cut; /* it gave more lines than an example can say, or memory is out */
    struct rules_held held;
    size_t passed;
    size_t failed;
};

/* ---- what it gave */

static void hold(struct test *test, struct str rule)
{
    struct rules_held *held = &test->held;
    for (size_t i = 0; i < held->count; i++) {
        if (str_equal(held->items[i], rule)) {
            return;
        }
    }
    struct str copy = arena_copy_str(&test->ctl->arena, rule);
    if (held->count < RULES_MAX && copy.at != NULL) {
        held->items[held->count++] = copy;
    }
}

static void take_signal(void *ctx, const struct replay_signal *signal)
{
    struct test *test = ctx;
    struct buffer text;
    char at[EXAMPLE_TIME_BYTES];
    buffer_init(&text, LINE_BYTES);
    example_format_time(signal->at_ms, at);
    buffer_format(&text, "%s ", at);
    signal_line_add(signal, &text);
    struct str line = arena_copy_str(&test->arena, buffer_str(&text));
    buffer_fini(&text);
    for (size_t i = 0; i < signal->rule_count; i++) {
        hold(test, signal->rules[i]);
    }
    if (test->line_count == EXAMPLE_LINES_MAX || line.at == NULL) {
        test->is_cut = true;
        return;
    }
    test->lines[test->line_count++] = line;
}

static const struct pack *pack_of(void *ctx, struct str unit)
{
    const struct test *test = ctx;
    (void)unit;
    return test->pack;
}

static int replay_steps(struct replay *replay, const struct example *example)
{
    int error = replay_run_until(replay, example->from_ms);
    for (size_t i = 0; i < example->step_count && error == 0; i++) {
        const struct example_step *step = &example->steps[i];
        error = step->is_answer
                    ? replay_answer(replay, STR_LITERAL(EXAMPLE_UNIT), step->is_fault, step->at_ms)
                    : replay_event(replay, &step->event, step->at_ms);
    }
    return error != 0 ? error : replay_run_until(replay, example->until_ms);
}

static int run_example(struct test *test, const struct org *org, const struct example *example)
{
    const struct replay_setup setup = {
        .org = org, .pack_of = pack_of, .signal = take_signal, .ctx = test};
    struct replay *replay = replay_new(&setup);
    test->line_count = 0;
    test->is_cut = false;
    int error = replay == NULL ? ERR_MEMORY : replay_steps(replay, example);
    replay_free(replay);
    return error != 0 ? error : test->is_cut ? ERR_FULL : 0;
}

/* ---- what is said of it */

static void add_lines(struct buffer *text, const struct diff_line *lines, size_t count, char sign)
{
    size_t written = 0;
    for (size_t i = 0; i < count; i++) {
        if (lines[i].sign == sign) {
            buffer_add_text(text, written++ == 0 ? "" : ", ");
            buffer_add_json(text, lines[i].text);
        }
    }
}

static void say_json(const struct example *example, const struct diff_line *lines, size_t count,
                     bool is_same)
{
    struct buffer text;
    buffer_init(&text, 1 << 22);
    buffer_add_text(&text, "{\"example\": ");
    buffer_add_json(&text, example->id);
    buffer_add_text(&text, ", \"file\": ");
    buffer_add_json(&text, str_of(example->place->path));
    buffer_format(&text, ", \"line\": %u, \"passed\": %s, \"missing\": [", example->place->line,
                  is_same ? "true" : "false");
    add_lines(&text, lines, count, '-');
    buffer_add_text(&text, "], \"unexpected\": [");
    add_lines(&text, lines, count, '+');
    ctl_say("%.*s]}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void say_diff(const struct example *example, const struct diff_line *lines, size_t count)
{
    ctl_say("FAILED %s:%u %.*s", example->place->path, example->place->line, (int)example->id.len,
            example->id.at);
    for (size_t i = 0; i < count; i++) {
        ctl_say("  %c %.*s", lines[i].sign, (int)lines[i].text.len, lines[i].text.at);
    }
}

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Lines begin with their time; what is said at one instant has no order. */
static int compare(struct test *test, const struct example *example)
{
    qsort(test->lines, test->line_count, sizeof(test->lines[0]), by_text);
    const struct diff_lines expected = {example->lines, example->line_count};
    const struct diff_lines given = {test->lines, test->line_count};
    struct diff_line *lines = NULL;
    size_t count = 0;
    int error = diff_make(expected, given, &test->arena, &lines, &count);
    bool is_same = true;
    for (size_t i = 0; i < count; i++) {
        is_same = is_same && lines[i].sign == ' ';
    }
    if (error != 0) {
        return error;
    }
    test->passed += is_same ? 1 : 0;
    test->failed += is_same ? 0 : 1;
    if (test->ctl->json) {
        say_json(example, lines, count, is_same);
    } else if (!is_same) {
        say_diff(example, lines, count);
    }
    return 0;
}

/* ---- files and totals */

static enum ctl_exit run_file(struct test *test, const struct pack_file *file,
                              struct yaml_faults *faults)
{
    struct example_file examples = {.org = NULL};
    int error =
        example_read(file->path, file->content, seal_hash128, &test->ctl->arena, faults, &examples);
    if (error != 0 && error != ERR_MEMORY) {
        return CTL_REFUSED; /* told with those of the other files */
    }
    for (size_t i = 0; i < examples.count && error == 0; i++) {
        arena_reset(&test->arena);
        error = run_example(test, examples.org, &examples.examples[i]);
        error = error != 0 ? error : compare(test, &examples.examples[i]);
    }
    org_free(examples.org);
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s: %s", file->path, error_text(error));
}

static bool has_held(const struct test *test, struct str rule)
{
    for (size_t i = 0; i < test->held.count; i++) {
        if (str_equal(test->held.items[i], rule)) {
            return true;
        }
    }
    return false;
}

/* Rules that no example makes hold are no mistake, and named only when asked for. */
static void say_totals(const struct test *test)
{
    const struct ruleset *rules = test->pack->rules;
    bool names_them = ctl_option(test->ctl, "--unheld") != NULL;
    size_t held = 0;
    for (size_t i = 0; i < rules->rule_count; i++) {
        struct str rule = rules->rules[i].id;
        bool is_held = has_held(test, rule);
        held += is_held ? 1 : 0;
        if (!is_held && names_them) {
            ctl_say(test->ctl->json ? "{\"unheld\": \"%.*s\"}" : "no example: %.*s", (int)rule.len,
                    rule.at);
        }
    }
    ctl_say(test->ctl->json
                ? "{\"passed\": %zu, \"failed\": %zu, \"rules\": %zu, \"rules_held\": %zu}"
                : "%zu passed, %zu failed; of %zu rules %zu held in an example",
            test->passed, test->failed, rules->rule_count, held);
}

static enum ctl_exit run_files(struct test *test)
{
    struct yaml_faults *faults = arena_alloc(&test->ctl->arena, sizeof(*faults));
    enum ctl_exit worst = CTL_OK;
    if (faults == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < test->pack->file_count; i++) {
        const struct pack_file *file = &test->pack->files[i];
        if (str_starts(str_of(file->path), STR_LITERAL("examples/"))) {
            enum ctl_exit code = run_file(test, file, faults);
            worst = code > worst ? code : worst;
        }
    }
    if (worst == CTL_UNAVAILABLE) {
        return worst;
    }
    say_totals(test);
    if (faults->count > 0) {
        return ctl_tell_faults(faults, "examples/");
    }
    if (test->passed + test->failed == 0) {
        return ctl_fail(CTL_REFUSED, "%s: there are no examples", test->ctl->words[0]);
    }
    return test->failed == 0 ? CTL_OK : CTL_REFUSED;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct pack *pack = NULL;
    struct test *test = arena_alloc(&ctl->arena, sizeof(*test));
    if (test == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    enum ctl_exit code = ctl_pack_open(ctl, ctl->words[0], &pack);
    if (code == CTL_OK) {
        *test = (struct test){.ctl = ctl, .pack = pack};
        arena_init(&test->arena, EXAMPLE_ARENA_BYTES);
        code = run_files(test);
        arena_fini(&test->arena);
        pack_free(pack);
    }
    return code;
}

static const struct ctl_option options[] = {
    {"--unheld", NULL, "also name the rules that held in no example"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_test = {
    .name = "test",
    .arguments = "PACK",
    .help = "Run the examples of a pack: events in, signals out, under virtual time.",
    .options = options,
    .run = run,
};
