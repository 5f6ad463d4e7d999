/* Inputs of one partition. A record is decoded in wire, stepped in casework, and what comes out is written by
 * perform.c. Signals wait, unread, while there are no policies to judge them by. */
#include "escalator/part_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"
#include "io/seal.h"
#include "wire/command.h"
#include "wire/directory.h"
#include "wire/receipt.h"
#include "wire/signal.h"

const struct metric_row part_metric_rows[PART_METRICS] = {
    [PART_INPUTS] = {.name = "sw_escalator_inputs_total",
                     .kind = METRIC_COUNTER,
                     .help = "records stepped",
                     .labels = {"topic"}},
    [PART_REJECTS] = {.name = "sw_escalator_rejects_total",
                      .kind = METRIC_COUNTER,
                      .help = "records that could not be taken",
                      .labels = {"topic", "reason"}},
    [PART_NOTICES] = {.name = "sw_escalator_notices_total",
                      .kind = METRIC_COUNTER,
                      .help = "notices queued",
                      .labels = {"lane", "purpose"}},
    [PART_JOURNAL_LINES] = {.name = "sw_escalator_journal_lines_total",
                            .kind = METRIC_COUNTER,
                            .help = "lines of the journal"},
    [PART_ALERTS] = {.name = "sw_escalator_alerts_total",
                     .kind = METRIC_COUNTER,
                     .help = "alerts for integrators",
                     .labels = {"what"}},
    [PART_REPEATED] = {.name = "sw_escalator_commands_repeated_total",
                       .kind = METRIC_COUNTER,
                       .help = "commands dropped: their id was seen"},
    [PART_DIRECTORY_FAULTS] = {.name = "sw_escalator_directory_faults_total",
                               .kind = METRIC_COUNTER,
                               .help = "records of the directory that could not be taken",
                               .labels = {"reason"}},
    [PART_LATENESS] = {.name = "sw_escalator_timer_lateness_seconds",
                       .kind = METRIC_HISTOGRAM,
                       .help = "from a deadline to its step",
                       .scale = 1000},
    [PART_CASES] = {.name = "sw_escalator_cases", .kind = METRIC_GAUGE, .help = "cases in memory"},
};

static void count(struct part *part, int row, const char *first, const char *second)
{
    const char *values[] = {first, second};
    metric_add(metric_with(part->shared->metric[row], first != NULL ? values : NULL), 1);
}

void *part_new(void *ctx, struct stream_partition *partition, int32_t index)
{
    struct part_shared *shared = ctx;
    struct part *part = calloc(1, sizeof(*part));
    const struct org_setup org_setup = {.seed = (uint64_t)index + 1};
    if (part == NULL) {
        return NULL;
    }
    part->shared = shared;
    part->partition = partition;
    part->index = index;
    map_init(&part->units, PART_UNITS_MAX, (uint64_t)index + 7);
    arena_init(&part->arena, PART_ARENA_BYTES);
    effects_init(&part->effects);
    part->org = org_new(&org_setup);
    part->packs = pack_store_new(seal_digest);
    if (part->org != NULL && part->packs != NULL) {
        const struct casework_setup setup = {
            .hash = seal_hash128,
            .policies_of = part_policies_of,
            .ctx = part,
            .org = part->org,
            .case_max = shared->case_max,
            .start_ms = loop_utc_ms(),
        };
        part->casework = casework_new(&setup);
    }
    if (part->casework == NULL) {
        part_free(part);
        return NULL;
    }
    return part;
}

static void count_cases(struct part *part, size_t now)
{
    part->shared->case_count += (int64_t)now - (int64_t)part->counted;
    part->counted = now;
    metric_set(metric_with(part->shared->metric[PART_CASES], NULL), part->shared->case_count);
}

void part_free(void *object)
{
    struct part *part = object;
    if (part == NULL) {
        return;
    }
    if (part->counted > 0) {
        count_cases(part, 0);
    }
    casework_free(part->casework);
    pack_store_free(part->packs);
    org_free(part->org);
    part_unpin_all(part);
    for (size_t i = 0; i < part->units.count; i++) {
        free(part->units.entries[i].value);
    }
    map_fini(&part->units);
    effects_fini(&part->effects);
    arena_fini(&part->arena);
    free(part);
}

struct part_unit *part_get_unit(struct part *part, struct str unit)
{
    struct part_unit *entry = map_get(&part->units, unit);
    if (entry != NULL) {
        return entry;
    }
    entry = calloc(1, sizeof(*entry) + unit.len + 1);
    if (entry == NULL) {
        return NULL;
    }
    char *name = (char *)(entry + 1);
    if (unit.len > 0) {
        memcpy(name, unit.at, unit.len);
    }
    entry->name = (struct str){name, unit.len};
    if (map_add(&part->units, entry->name, entry) != 0) {
        free(entry);
        return NULL;
    }
    return entry;
}

/* --- the changelog --------------------------------------------------------------------------------------------------- */

static int load_case(struct part *part, struct ident id, struct str value)
{
    struct casefile file;
    struct fault fault;
    if (value.at == NULL) {
        casework_forget(part->casework, id);
        return 0;
    }
    int error = case_decode(value, &part->arena, &file, &fault);
    return error != 0 ? error : casework_put(part->casework, &file);
}

static int load_policies(struct part *part, struct part_unit *unit, struct str value)
{
    struct case_policies policies;
    struct fault fault;
    int error = case_decode_policies(value, &part->arena, &policies, &fault);
    if (error != 0) {
        return error;
    }
    struct part_pinned *pinned = part_find_pinned(part, policies.hash);
    if (pinned == NULL) {
        error = part_pin(part, &policies, &pinned);
    }
    for (size_t i = 0; i < part->pinned_count && error == 0; i++) {
        unit->stored |= part->pinned[i] == pinned ? UINT64_C(1) << i : 0;
    }
    return error;
}

static int load_head(struct part *part, struct part_unit *unit, struct str value)
{
    struct fault fault;
    unit->head = (struct case_head){0};
    int error = value.at != NULL ? case_decode_head(value, &part->arena, &unit->head, &fault) : 0;
    return error != 0
               ? error
               : casework_set_unit_number(part->casework, unit->name, unit->head.case_number);
}

static int load_commands(struct part *part, struct part_unit *unit, struct str value)
{
    const struct ident *ids = NULL;
    size_t id_count = 0;
    struct fault fault;
    int error =
        value.at != NULL ? case_decode_commands(value, &part->arena, &ids, &id_count, &fault) : 0;
    if (error != 0) {
        return error;
    }
    unit->command_count = id_count < PART_COMMANDS_MAX ? id_count : PART_COMMANDS_MAX;
    for (size_t i = 0; i < unit->command_count; i++) {
        unit->commands[i] = ids[id_count - unit->command_count + i];
    }
    return 0;
}

/* Undoing a batch that stored policies first: they are known still, and will be stored again. */
static void unload_policies(struct part *part, struct part_unit *unit, struct str key)
{
    char own[CASE_KEY_MAX_BYTES];
    for (size_t i = 0; i < part->pinned_count; i++) {
        if (str_equal(case_policy_key(unit->name, part->pinned[i]->set.hash, own), key)) {
            unit->stored &= ~(UINT64_C(1) << i);
        }
    }
}

int part_load(void *object, struct str key, struct str value)
{
    struct part *part = object;
    enum case_entity entity = CASE_ENTITY_CASE;
    struct str unit_name;
    struct ident id;
    int error = ERR_CORRUPT;
    arena_reset(&part->arena);
    if (!case_parse_key(key, &entity, &unit_name, &id)) {
        return ERR_CORRUPT;
    }
    struct part_unit *unit = part_get_unit(part, unit_name);
    if (unit == NULL) {
        return ERR_MEMORY;
    }
    switch (entity) {
    case CASE_ENTITY_CASE:
        error = load_case(part, id, value);
        break;
    case CASE_ENTITY_POLICY:
        if (value.at == NULL) {
            unload_policies(part, unit, key);
            error = 0;
        } else {
            error = load_policies(part, unit, value);
        }
        break;
    case CASE_ENTITY_JOURNAL:
        error = load_head(part, unit, value);
        break;
    case CASE_ENTITY_COMMANDS:
        error = load_commands(part, unit, value);
        break;
    }
    if (error != 0) {
        log_error("changelog_refused", log_code_str("key", key), log_error_code("error", error));
    }
    count_cases(part, casework_case_count(part->casework));
    return error;
}

/* --- the directory ---------------------------------------------------------------------------------------------------- */

/* While no pack is active nothing can be judged: signals stay in their topic. */
static void review_packs(struct part *part)
{
    bool wanted = part->is_live && pack_store_active(part->packs, STR_LITERAL("")) == NULL;
    if (wanted == part->is_paused) {
        return;
    }
    part->is_paused = wanted;
    stream_partition_pause(part->partition, TOPIC_SIGNALS, wanted);
    part->shared->set_unready(part->shared->ctx, wanted ? "no_pack" : NULL);
    if (wanted) {
        log_warn("no_pack", log_count("partition", part->index));
    }
}

static void take_pack(struct part *part, const struct kafka_record *record)
{
    struct yaml_faults *faults = yaml_faults_new();
    const struct pack *pack = NULL;
    const struct str *value = record->value.at != NULL ? &record->value : NULL;
    if (faults == NULL) {
        part->shared->fail(part->shared->ctx, "memory");
        return;
    }
    int error = pack_store_apply(part->packs, record->key, value, faults, &pack);
    if (error == ERR_INVALID) {
        count(part, PART_DIRECTORY_FAULTS, "pack", NULL);
        log_error("pack_refused", log_code_str("key", record->key),
                  log_count("faults", (int64_t)faults->count));
    } else if (error != 0) {
        part->shared->fail(part->shared->ctx, error_name(error));
    } else if (pack != NULL) {
        log_info("pack_active", log_count("partition", part->index),
                 log_count("policies", (int64_t)pack->policies.count));
    }
    free(faults);
    review_packs(part);
}

void part_table(void *object, const struct kafka_record *record)
{
    struct part *part = object;
    struct fault fault;
    const struct str *value = record->value.at != NULL ? &record->value : NULL;
    arena_reset(&part->arena);
    if (pack_owns_key(record->key)) {
        take_pack(part, record);
        return;
    }
    int error = directory_apply(part->org, &part->arena, record->key, value, &fault);
    if (error == ERR_INVALID || error == ERR_UNSUPPORTED) {
        const char *reason =
            error == ERR_INVALID ? reject_reason_code(fault.reason) : "unsupported";
        count(part, PART_DIRECTORY_FAULTS, reason, NULL);
    } else if (error != 0) {
        part->shared->fail(part->shared->ctx, error_name(error));
    }
}

void part_live(void *object)
{
    struct part *part = object;
    part->is_live = true;
    review_packs(part);
}

/* --- streams ---------------------------------------------------------------------------------------------------------- */

static int decode(struct part *part, const struct kafka_record *record,
                  struct case_input *ret_input, struct str *ret_unit, struct fault *ret_fault)
{
    int error = ERR_UNSUPPORTED;
    ret_input->time_ms = record->time_ms;
    if (record->topic == TOPIC_COMMANDS) {
        ret_input->kind = CASE_INPUT_COMMAND;
        error = command_decode(record->value, &part->arena, &ret_input->command, ret_fault);
        *ret_unit = ret_input->command.unit;
    } else if (record->topic == TOPIC_RECEIPTS) {
        ret_input->kind = CASE_INPUT_RECEIPT;
        error = receipt_decode(record->value, &part->arena, &ret_input->receipt, ret_fault);
        *ret_unit = ret_input->receipt.unit;
    } else if (record->topic == TOPIC_SIGNALS) {
        ret_input->kind = CASE_INPUT_SIGNAL;
        error = signal_decode(record->value, &part->arena, &ret_input->signal, ret_fault);
        *ret_unit = ret_input->signal.unit;
    }
    sw_assert(error != ERR_UNSUPPORTED);
    if (error == 0 && !str_equal(*ret_unit, record->key)) {
        return fault_set(ret_fault, REJECT_BAD_KEY, "",
                         FAULT_NO_BYTE); /* another partition may own the unit */
    }
    return error;
}

static const char *topic_label(enum topic topic)
{
    return topic_rows[topic].suffix;
}

static void step_input(struct part *part, const struct kafka_record *record,
                       const struct case_input *input, struct str unit,
                       struct stream_effects *effects)
{
    struct fault fault;
    int error = casework_step(part->casework, input, &part->effects);
    if (error == 0) {
        part_perform(part, unit, effects);
        count(part, PART_INPUTS, topic_label(record->topic), NULL);
    } else if (error == ERR_FULL || error == ERR_NOT_FOUND) {
        (void)fault_set(&fault, error == ERR_FULL ? REJECT_TOO_MANY : REJECT_CONFLICT, "",
                        FAULT_NO_BYTE);
        log_error("input_refused", log_code("topic", topic_label(record->topic)),
                  log_error_code("error", error));
        part_reject(part, record, &fault, effects);
    } else {
        part->shared->fail(part->shared->ctx, error_name(error));
    }
}

void part_step(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct part *part = object;
    struct case_input input;
    struct str unit = STR_LITERAL("");
    struct fault fault;
    arena_reset(&part->arena);
    int error = decode(part, record, &input, &unit, &fault);
    if (error == ERR_INVALID) {
        part_reject(part, record, &fault, effects);
        return;
    }
    if (error != 0) {
        part->shared->fail(part->shared->ctx, error_name(error));
        return;
    }
    if (input.kind == CASE_INPUT_COMMAND) {
        stream_hurry(effects); /* somebody waits for the answer */
        if (!part_take_command(part, unit, input.command.id, effects)) {
            count(part, PART_REPEATED, NULL, NULL);
            return;
        }
    }
    step_input(part, record, &input, unit, effects);
    count_cases(part, casework_case_count(part->casework));
}

void part_refuse(void *object, const struct kafka_record *record, struct stream_effects *effects)
{
    struct part *part = object;
    const struct fault fault = {.reason = REJECT_TOO_LARGE, .at_byte = FAULT_NO_BYTE};
    arena_reset(&part->arena);
    part_reject(part, record, &fault, effects);
}

int64_t part_next_deadline(const void *object)
{
    const struct part *part = object;
    return casework_next_deadline(part->casework);
}

void part_step_time(void *object, int64_t now_ms, struct stream_effects *effects)
{
    enum { TURNS_MAX = 200 };
    struct part *part = object;
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        int64_t deadline_ms = casework_next_deadline(part->casework);
        if (deadline_ms > now_ms) {
            return;
        }
        struct case_input input = {.kind = CASE_INPUT_TIME, .time_ms = now_ms};
        arena_reset(&part->arena);
        int error = casework_step(part->casework, &input, &part->effects);
        if (error != 0) {
            part->shared->fail(part->shared->ctx, error_name(error));
            return;
        }
        if (part->effects.count > 0) {
            metric_observe(metric_with(part->shared->metric[PART_LATENESS], NULL),
                           now_ms - deadline_ms);
            part_perform(part, STR_LITERAL(""), effects);
        }
    }
}
