/* Inputs of one partition: tables into directory, packs and keys; events through the core; the changelog back. */
#include <stdlib.h>
#include <string.h>

#include "core/rules/ruleset.h"
#include "io/log.h"
#include "io/seal.h"
#include "triage/part_inside.h"
#include "wire/command.h"
#include "wire/county_fact.h"
#include "wire/directory.h"
#include "wire/signal_write.h"
#include "wire/triage_state.h"

const struct metric_row part_metric_rows[PART_METRICS] = {
    [PART_EVENTS] = {.name = "sw_triage_events_total",
                     .kind = METRIC_COUNTER,
                     .help = "events by what became of them",
                     .labels = {"topic", "outcome"}},
    [PART_SIGNALS] = {.name = "sw_triage_signals_total",
                      .kind = METRIC_COUNTER,
                      .help = "signals written",
                      .labels = {"level"}},
    [PART_REJECTS] = {.name = "sw_triage_rejects_total",
                      .kind = METRIC_COUNTER,
                      .help = "records that could not be taken",
                      .labels = {"topic", "reason"}},
    [PART_PLACED] = {.name = "sw_triage_placed_again_total",
                     .kind = METRIC_COUNTER,
                     .help = "events in a wrong partition or without a key, written once more",
                     .labels = {"topic"}},
    [PART_RULE_ERRORS] = {.name = "sw_triage_rule_errors_total",
                          .kind = METRIC_COUNTER,
                          .help = "expressions of rules that had no value"},
    [PART_EVICTED] = {.name = "sw_triage_evicted_total",
                      .kind = METRIC_COUNTER,
                      .help = "state forgotten before its time: a bound was reached",
                      .labels = {"what"}},
    [PART_ANSWERS_CLOSED] = {.name = "sw_triage_answers_closed_total",
                             .kind = METRIC_COUNTER,
                             .help = "answers that could not be opened",
                             .labels = {"reason"}},
    [PART_WITHOUT_PACK] = {.name = "sw_triage_without_pack_total",
                           .kind = METRIC_COUNTER,
                           .help = "events judged by their facts alone: no pack was active"},
    [PART_HELD] = {.name = "sw_triage_held_total",
                   .kind = METRIC_COUNTER,
                   .help = "signals that waited until they were plausible",
                   .labels = {"what"}},
    [PART_QUESTIONS] = {.name = "sw_triage_questions_total",
                        .kind = METRIC_COUNTER,
                        .help = "so many absent that a person was asked"},
    [PART_MISSED] = {.name = "sw_triage_missed_total",
                     .kind = METRIC_COUNTER,
                     .help = "expectations that were not met in time"},
    [PART_FACTS] = {.name = "sw_triage_county_facts_total",
                    .kind = METRIC_COUNTER,
                    .help = "events that a county counts, sent to it"},
    [PART_DIRECTORY_FAULTS] = {.name = "sw_triage_directory_faults_total",
                               .kind = METRIC_COUNTER,
                               .help = "records of the tables that could not be taken",
                               .labels = {"reason"}},
};

void part_count(const struct part *part, int row, const char *first, const char *second)
{
    const char *values[] = {first, second};
    metric_add(metric_with(part->shared->metric[row], first != NULL ? values : NULL), 1);
}

void part_fail(const struct part *part, int error)
{
    part->shared->fail(part->shared->ctx, error_name(error));
}

const struct pack *part_pack(const struct part *part, struct str unit)
{
    const struct org_unit *record = org_find_unit(part->org, unit);
    struct str jurisdiction = record != NULL ? record->jurisdiction : STR_LITERAL("");
    return pack_store_active(part->packs, jurisdiction);
}

static const struct ruleset *rules_of(void *ctx, struct str unit)
{
    const struct pack *pack = part_pack(ctx, unit);
    return pack == NULL ? NULL : pack->rules;
}

void *part_new(void *ctx, struct stream_partition *partition, int32_t index)
{
    struct part_shared *shared = ctx;
    struct part *part = calloc(1, sizeof(*part));
    const struct org_setup org_setup = {.seed = (uint64_t)index + 1};
    (void)partition;
    if (part == NULL) {
        return NULL;
    }
    part->shared = shared;
    part->index = index;
    arena_init(&part->arena, PART_ARENA_BYTES);
    part->org = org_new(&org_setup);
    part->packs = pack_store_new(seal_digest);
    int error = erasure_new(&part->keys);
    if (part->org != NULL && part->packs != NULL && error == 0) {
        const struct triage_setup setup = {
            .hash = seal_hash128,
            .rules_of = rules_of,
            .encode = signal_encode,
            .ctx = part,
            .org = part->org,
            .seen_max = shared->seen_max,
            .window_max = shared->window_max,
            .seed = (uint64_t)index + 3,
        };
        part->triage = triage_new(&setup);
    }
    if (part->triage == NULL) {
        part_free(part);
        return NULL;
    }
    return part;
}

void part_free(void *object)
{
    struct part *part = object;
    if (part != NULL) {
        triage_free(part->triage);
        pack_store_free(part->packs);
        erasure_free(part->keys);
        org_free(part->org);
        arena_fini(&part->arena);
        free(part);
    }
}

/* --- the changelog --------------------------------------------------------------------------------------------------- */

int part_load(void *object, struct str key, struct str value)
{
    struct part *part = object;
    struct triage_state state;
    arena_reset(&part->arena);
    int error = triage_state_decode(key, value.at != NULL ? &value : NULL, &part->arena, &state);
    error = error != 0 ? error : triage_put(part->triage, key, &state);
    if (error != 0) {
        log_error("changelog_refused", log_code_str("key", key), log_error_code("error", error));
    }
    return error;
}

/* --- tables ---------------------------------------------------------------------------------------------------------- */

static void log_faults(const struct yaml_faults *faults)
{
    for (size_t i = 0; i < faults->count && i < YAML_FAULTS_MAX; i++) {
        log_error("pack_fault", log_code("what", faults->texts[i]));
    }
}

static int take_pack(struct part *part, const struct kafka_record *record)
{
    struct yaml_faults *faults = yaml_faults_new();
    const struct pack *pack = NULL;
    const struct str *value = record->value.at != NULL ? &record->value : NULL;
    if (faults == NULL) {
        return ERR_MEMORY;
    }
    int error = pack_store_apply(part->packs, record->key, value, faults, &pack);
    if (error == ERR_INVALID) {
        log_faults(faults);
    } else if (pack != NULL) {
        triage_refresh(part->triage);
        log_info("pack_active", log_count("partition", part->index),
                 log_count("rules", (int64_t)pack->rules->rule_count));
    }
    free(faults);
    return error;
}

/* "<unit>/unit". */
static bool is_unit_key(struct str key)
{
    static const struct str end = {"/unit", 5};
    return key.len > end.len && str_equal((struct str){key.at + key.len - end.len, end.len}, end);
}

static int take_record(struct part *part, const struct kafka_record *record,
                       const char **ret_reason)
{
    const struct str *value = record->value.at != NULL ? &record->value : NULL;
    struct fault fault;
    if (record->topic == TOPIC_KEYS) {
        *ret_reason = "key";
        return erasure_apply(part->keys, record->key, value);
    }
    if (pack_owns_key(record->key)) {
        *ret_reason = "pack";
        return take_pack(part, record);
    }
    if (is_unit_key(record->key)) {
        triage_refresh(part->triage);
    }
    int error = directory_apply(part->org, &part->arena, record->key, value, &fault);
    *ret_reason = error == ERR_INVALID ? reject_reason_code(fault.reason) : "unsupported";
    return error;
}

void part_table(void *object, const struct kafka_record *record)
{
    struct part *part = object;
    const char *reason = "";
    arena_reset(&part->arena);
    int error = take_record(part, record, &reason);
    if (error == ERR_INVALID || error == ERR_UNSUPPORTED) {
        part_count(part, PART_DIRECTORY_FAULTS, reason, NULL);
        log_error("table_refused", log_code_str("key", record->key), log_code("reason", reason));
    } else if (error != 0) {
        part_fail(part, error);
    }
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

enum event_family part_family(enum topic topic)
{
    return topic == TOPIC_EVENTS_INCIDENT     ? EVENT_FAMILY_INCIDENT
           : topic == TOPIC_EVENTS_ATTENDANCE ? EVENT_FAMILY_ATTENDANCE
                                              : EVENT_FAMILY_SCREENING;
}

static const char *outcome_name(const struct triage_result *result)
{
    return result->outcome == TRIAGE_REPEATED   ? "repeated"
           : result->outcome == TRIAGE_CONFLICT ? "conflict"
           : result->id_reused                  ? "id_reused"
                                                : "judged";
}

static void count_some(const struct part *part, int row, const char *what, uint32_t count)
{
    const char *values[] = {what, NULL};
    if (count > 0) {
        metric_add(metric_with(part->shared->metric[row], what != NULL ? values : NULL), count);
    }
}

static void count_state(const struct part *part, const struct triage_result *result)
{
    count_some(part, PART_RULE_ERRORS, NULL, result->rule_errors);
    count_some(part, PART_EVICTED, "seen", result->seen_evicted);
    count_some(part, PART_EVICTED, "window", result->windows_evicted);
    count_some(part, PART_HELD, "held", result->held);
    count_some(part, PART_HELD, "released", (uint32_t)result->release_count);
    count_some(part, PART_HELD, "dropped", result->dropped);
    count_some(part, PART_QUESTIONS, NULL, result->questions);
    count_some(part, PART_MISSED, NULL, result->missed);
}

/* What a step decided: counted, then in the order of the effects. */
static void perform(struct part *part, const struct triage_result *result, int64_t time_ms,
                    struct stream_effects *effects)
{
    count_state(part, result);
    part_put_changes(part, result, effects);
    part_emit_signals(part, result, time_ms, effects);
    part_emit_fact(part, result, effects);
}

static void judge(struct part *part, const struct kafka_record *record, struct event *event,
                  struct stream_effects *effects)
{
    struct triage_result result;
    const struct triage_input input = {.event = event, .time_ms = record->time_ms};
    int error = part_open_answers(part, event);
    error = error != 0 ? error : triage_step(part->triage, &input, &part->arena, &result);
    if (error != 0) {
        part_fail(part, error);
        return;
    }
    if (rules_of(part, event->unit) == NULL) {
        part_count(part, PART_WITHOUT_PACK, NULL, NULL);
    }
    part_count(part, PART_EVENTS, topic_rows[record->topic].suffix, outcome_name(&result));
    perform(part, &result, record->time_ms, effects);
    if (result.outcome == TRIAGE_CONFLICT) {
        struct fault fault;
        (void)fault_set(&fault, REJECT_CONFLICT, "/id", FAULT_NO_BYTE);
        part_reject(part, record, event->unit, &fault, effects);
    }
}

static void take_event(struct part *part, const struct kafka_record *record,
                       struct stream_effects *effects)
{
    struct event event;
    struct str unit = STR_LITERAL("");
    struct fault fault;
    switch (part_read(part, record, &event, &unit, &fault)) {
    case PART_READ:
        judge(part, record, &event, effects);
        break;
    case PART_MISPLACED:
        part_place_again(part, record, unit, effects);
        break;
    case PART_REFUSED:
        part_reject(part, record, unit, &fault, effects);
        break;
    case PART_BROKEN:
        part_fail(part, ERR_MEMORY);
        break;
    }
}

/* --- commands -------------------------------------------------------------------------------------------------------- */

/* The escalator answers commands and refuses bad ones; here they are only overheard. */
static void take_command(struct part *part, const struct kafka_record *record,
                         struct stream_effects *effects)
{
    struct case_command command;
    struct triage_result result;
    struct fault fault;
    int error = record->value.at == NULL
                    ? ERR_INVALID
                    : command_decode(record->value, &part->arena, &command, &fault);
    struct triage_answer answer;
    if (error == ERR_MEMORY) {
        part_fail(part, error);
    }
    if (error != 0 || !triage_read_answer(&command, record->time_ms, &answer)) {
        return;
    }
    error = triage_step_answer(part->triage, &answer, &part->arena, &result);
    if (error != 0) {
        part_fail(part, error);
        return;
    }
    perform(part, &result, record->time_ms, effects);
}

/* --- facts of counties ----------------------------------------------------------------------------------------------- */

/* Only we write them: one that makes no sense is counted and goes to rejects. */
static void take_fact(struct part *part, const struct kafka_record *record,
                      struct stream_effects *effects)
{
    struct county_fact fact;
    struct triage_result result;
    struct fault fault;
    int error = record->value.at == NULL
                    ? fault_set(&fault, REJECT_BAD_PROTOBUF, "", FAULT_NO_BYTE)
                    : county_fact_decode(record->value, &part->arena, &fact, &fault);
    if (error == ERR_INVALID) {
        part_reject(part, record, STR_LITERAL(""), &fault, effects);
        return;
    }
    error = error != 0
                ? error
                : triage_step_fact(part->triage, &fact, record->time_ms, &part->arena, &result);
    if (error != 0) {
        part_fail(part, error);
        return;
    }
    perform(part, &result, record->time_ms, effects);
}

void part_step(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct part *part = object;
    arena_reset(&part->arena);
    if (record->topic == TOPIC_COMMANDS) {
        take_command(part, record, effects);
    } else if (record->topic == TOPIC_FACTS_COUNTY) {
        take_fact(part, record, effects);
    } else {
        take_event(part, record, effects);
    }
}

void part_refuse(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct part *part = object;
    struct event event;
    struct str unit = STR_LITERAL("");
    struct fault fault;
    arena_reset(&part->arena);
    (void)part_read(part, record, &event, &unit, &fault); /* for the unit, if it has one */
    fault = (struct fault){.reason = REJECT_TOO_LARGE, .at_byte = FAULT_NO_BYTE};
    part_reject(part, record, unit, &fault, effects);
}

/* --- time ------------------------------------------------------------------------------------------------------------ */

int64_t part_next_deadline(const void *object)
{
    const struct part *part = object;
    return triage_next_deadline(part->triage);
}

void part_step_time(void *object, int64_t now_ms, struct stream_effects *effects)
{
    struct part *part = object;
    struct triage_result result;
    arena_reset(&part->arena);
    int error = triage_step_time(part->triage, now_ms, &part->arena, &result);
    if (error != 0) {
        part_fail(part, error);
        return;
    }
    perform(part, &result, now_ms, effects);
}
