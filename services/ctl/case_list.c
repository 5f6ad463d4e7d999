/* swctl cases: what the escalator's changelog says. */
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>

#include "base/ident.h"
#include "ctl/commands.h"
#include "ctl/latest.h"
#include "wire/decode.h"
#include "wire/json.h"

enum { SCRATCH_BYTES = 32 << 20 };

static const Shouwang__V1__Case *decode_case(struct str value, struct arena *arena)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    return decode_message(&shouwang__v1__case__descriptor, value, arena, &fault, &message) == 0
               ? (const Shouwang__V1__Case *)message
               : NULL;
}

/* Which cases are shown, and in which order. */
struct listing {
    bool only_open;
    bool interviews; /* those that owe one: the worst first, then who has waited longest */
};

/* The open obligation that is due first, of those with that id (NULL: any); NULL: none. */
static const Shouwang__V1__Obligation *first_due(const Shouwang__V1__Case *record, const char *id)
{
    const Shouwang__V1__Obligation *first = NULL;
    for (size_t i = 0; i < record->n_episodes; i++) {
        for (size_t k = 0; k < record->episodes[i]->n_obligations; k++) {
            const Shouwang__V1__Obligation *obligation = record->episodes[i]->obligations[k];
            bool open = strcmp(obligation->state, "pending") == 0 ||
                        strcmp(obligation->state, "warned") == 0 ||
                        strcmp(obligation->state, "breached") == 0;
            bool wanted = id == NULL || strcmp(obligation->id, id) == 0;
            if (open && wanted && obligation->due_at_ms > 0 &&
                (first == NULL || obligation->due_at_ms < first->due_at_ms)) {
                first = obligation;
            }
        }
    }
    return first;
}

static void say_case(const Shouwang__V1__Case *record, const struct listing *listing)
{
    const Shouwang__V1__Obligation *next =
        first_due(record, listing->interviews ? "interview" : NULL);
    char id[IDENT_TEXT_BYTES];
    char opened[JSON_TIME_BYTES];
    char due[JSON_TIME_BYTES] = "-";
    struct ident ident = {{0}};
    const ProtobufCEnumValue *state = protobuf_c_enum_descriptor_get_value(
        &shouwang__v1__case_state__descriptor, (int)record->state);
    const ProtobufCEnumValue *level =
        protobuf_c_enum_descriptor_get_value(&shouwang__v1__level__descriptor, (int)record->level);
    memcpy(ident.bytes, record->id.data, record->id.len == IDENT_BYTES ? IDENT_BYTES : 0);
    ident_format(ident, id);
    json_format_time(record->opened_at_ms, opened);
    if (next != NULL) {
        json_format_time(next->due_at_ms, due);
    }
    ctl_say("%-16s %s %-20s %-14s %-10s %-14s opened %s due %s", record->number, id, record->unit,
            record->kind, level == NULL ? "?" : level->name + sizeof("LEVEL_") - 1,
            state == NULL ? "?" : state->name + sizeof("CASE_STATE_") - 1, opened, due);
}

static bool is_open(const Shouwang__V1__Case *record)
{
    return record->state != SHOUWANG__V1__CASE_STATE__CASE_STATE_CLOSED &&
           record->state != SHOUWANG__V1__CASE_STATE__CASE_STATE_STOOD_DOWN;
}

static bool is_wanted(const Shouwang__V1__Case *record, const struct listing *listing)
{
    return (!listing->only_open || is_open(record)) &&
           (!listing->interviews || (is_open(record) && first_due(record, "interview") != NULL));
}

/* By when they opened; interviews by level, then by when they were asked for. */
static int64_t order_of(const Shouwang__V1__Case *record, const struct listing *listing)
{
    const int64_t level_ms = INT64_C(1) << 50; /* later than any instant */
    const Shouwang__V1__Obligation *interview =
        listing->interviews ? first_due(record, "interview") : NULL;
    return interview == NULL ? record->opened_at_ms
                             : interview->anchor_ms - (int64_t)record->level * level_ms;
}

static void say_all(struct ctl *ctl, struct latest *cases, const struct listing *listing)
{
    struct arena scratch;
    bool first = true;
    arena_init(&scratch, SCRATCH_BYTES);
    for (size_t i = 0; i < latest_count(cases); i++) {
        arena_reset(&scratch);
        const Shouwang__V1__Case *record = decode_case(latest_at(cases, i)->value, &scratch);
        latest_at(cases, i)->order = record == NULL ? 0 : order_of(record, listing);
    }
    latest_sort(cases);
    fputs(ctl->json ? "[" : "", stdout);
    for (size_t i = 0; i < latest_count(cases); i++) {
        struct str text;
        arena_reset(&scratch);
        const Shouwang__V1__Case *record = decode_case(latest_at(cases, i)->value, &scratch);
        if (record == NULL || !is_wanted(record, listing)) {
            continue;
        }
        if (!ctl->json) {
            say_case(record, listing);
        } else if (json_write_message(&record->base, JSON_WRITE_TIMES, &scratch, &text) == 0) {
            printf("%s%.*s", first ? "" : ",\n", (int)text.len, text.at);
            first = false;
        }
    }
    fputs(ctl->json ? "]\n" : "", stdout);
    arena_fini(&scratch);
}

static enum ctl_exit run_cases(struct ctl *ctl)
{
    struct latest cases;
    enum ctl_exit code = latest_read(ctl, TOPIC_CASES, ctl_option(ctl, "--unit"), "/case/", &cases);
    if (code == CTL_OK) {
        const struct listing listing = {.only_open = ctl_option(ctl, "--open") != NULL,
                                        .interviews = ctl_option(ctl, "--interviews") != NULL};
        say_all(ctl, &cases, &listing);
    }
    latest_fini(&cases);
    return code;
}

static const struct ctl_option cases_options[] = {
    {"--unit", "UNIT", "only this unit's"},
    {"--open", NULL, "only those that are neither closed nor stood down"},
    {"--interviews", NULL,
     "the queue: those that owe an interview, by level, then by waiting time"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_cases = {
    .name = "cases",
    .arguments = "",
    .help = "List the cases, oldest first.",
    .options = cases_options,
    .run = run_cases,
};
