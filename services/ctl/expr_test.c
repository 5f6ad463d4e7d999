/* swctl expr test: runs a file of conformance cases of the rules' language, and counts them by file and section. */
#include <stdio.h>

#include "ctl/commands.h"
#include "wire/expr_case.h"

enum { FILE_MAX_BYTES = 16 << 20, NAME_BYTES = 96 };

struct tally {
    char name[NAME_BYTES]; /* "macros/all" */
    size_t counts[EXPR_CASE_VERDICTS];
};

struct tallies {
    struct ctl *ctl;
    struct tally *items; /* in the order of the file */
    size_t count;
    size_t capacity;
    size_t totals[EXPR_CASE_VERDICTS];
    bool is_full;
};

static struct tally *find_tally(struct tallies *tallies, const struct expr_case *result)
{
    char name[NAME_BYTES];
    int len = snprintf(name, sizeof(name), "%.*s/%.*s", (int)result->file.len,
                       result->file.len == 0 ? "" : result->file.at, (int)result->section.len,
                       result->section.len == 0 ? "" : result->section.at);
    for (size_t i = tallies->count; i-- > 0 && len > 0;) {
        if (str_is(str_of(name), tallies->items[i].name)) {
            return &tallies->items[i];
        }
    }
    struct tally *items = arena_grow_array(&tallies->ctl->arena, tallies->items, tallies->count,
                                           &tallies->capacity, sizeof(*items));
    if (items == NULL) {
        tallies->is_full = true;
        return NULL;
    }
    tallies->items = items;
    struct tally *tally = &items[tallies->count++];
    *tally = (struct tally){.counts = {0}};
    (void)snprintf(tally->name, sizeof(tally->name), "%s", name);
    return tally;
}

static void say_json_case(const struct expr_case *result, const char *verdict)
{
    const struct str parts[] = {result->file, result->section, result->name, result->source,
                                str_of(result->reason)};
    static const char *const names[] = {"file", "section", "name", "expr", "reason"};
    struct buffer text;
    buffer_init(&text, 1 << 18);
    buffer_format(&text, "{\"verdict\": \"%s\"", verdict);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buffer_format(&text, ", \"%s\": ", names[i]);
        buffer_add_json(&text, parts[i]);
    }
    ctl_say("%.*s}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void one(const struct expr_case *result, void *ctx)
{
    struct tallies *tallies = ctx;
    struct tally *tally = find_tally(tallies, result);
    tallies->totals[result->verdict]++;
    if (tally != NULL) {
        tally->counts[result->verdict]++;
    }
    if (result->verdict == EXPR_CASE_PASSED) {
        return;
    }
    const char *verdict = result->verdict == EXPR_CASE_FAILED ? "failed" : "omitted";
    if (tallies->ctl->json) {
        say_json_case(result, verdict);
        return;
    }
    ctl_say("%s %.*s/%.*s/%.*s: %s", verdict, (int)result->file.len, result->file.at,
            (int)result->section.len, result->section.at, (int)result->name.len, result->name.at,
            result->reason);
}

static void say_counts(const struct ctl *ctl, const char *name, const size_t *counts)
{
    struct buffer text;
    if (!ctl->json) {
        ctl_say("%-48s %6zu passed %6zu failed %6zu omitted", name, counts[EXPR_CASE_PASSED],
                counts[EXPR_CASE_FAILED], counts[EXPR_CASE_OMITTED]);
        return;
    }
    buffer_init(&text, 1 << 16);
    buffer_add_text(&text, "{\"section\": ");
    buffer_add_json(&text, str_of(name));
    ctl_say("%.*s, \"passed\": %zu, \"failed\": %zu, \"omitted\": %zu}", (int)text.len, text.bytes,
            counts[EXPR_CASE_PASSED], counts[EXPR_CASE_FAILED], counts[EXPR_CASE_OMITTED]);
    buffer_fini(&text);
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct tallies tallies = {.ctl = ctl};
    struct str text;
    size_t line = 0;
    int error = ctl_read_file(ctl, ctl->words[0], FILE_MAX_BYTES, &text);
    if (error != 0) {
        return ctl_fail(CTL_USAGE, "%s: %s", ctl->words[0], error_text(error));
    }
    error = expr_case_run(text, one, &tallies, &line);
    if (error == ERR_INVALID) {
        return ctl_fail(CTL_USAGE, "%s:%zu: not a case", ctl->words[0], line);
    }
    if (error != 0 || tallies.is_full) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < tallies.count; i++) {
        say_counts(ctl, tallies.items[i].name, tallies.items[i].counts);
    }
    say_counts(ctl, "all", tallies.totals);
    return tallies.totals[EXPR_CASE_FAILED] == 0 ? CTL_OK : CTL_REFUSED;
}

const struct ctl_command ctl_command_expr_test = {
    .name = "expr test",
    .arguments = "FILE.jsonl",
    .help = "Run the cases of a conformance file of the Common Expression Language.",
    .run = run,
};
