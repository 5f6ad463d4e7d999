#include "sim/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/command.pb-c.h>
#include <shouwang/v1/event.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>
#include <shouwang/v1/receipt.pb-c.h>
#include <shouwang/v1/signal.pb-c.h>

#include "base/assert.h"
#include "sim/check_inside.h"
#include "sim/kept_out.h"
#include "wire/reader.h"

enum { ARENA_BYTES = 1 << 30, SCRATCH_BYTES = 64 << 20, MAP_MAX = 1 << 22 };

void check_init(struct check *check, struct machine_world *world, struct ledger *ledger,
                const struct policy_set *policies)
{
    *check = (struct check){
        .world = world, .ledger = ledger, .policies = policies, .healed_ms = INT64_MAX};
    arena_init(&check->arena, ARENA_BYTES);
    arena_init(&check->scratch, SCRATCH_BYTES);
    map_init(&check->events, MAP_MAX, 0);
    map_init(&check->signals, MAP_MAX, 0);
    map_init(&check->commands, MAP_MAX, 0);
    map_init(&check->acks, MAP_MAX, 0);
    map_init(&check->conflicts, MAP_MAX, 0);
    map_init(&check->duties, MAP_MAX, 0);
    map_init(&check->lives, MAP_MAX, 0);
    map_init(&check->words, MAP_MAX, 0);
    map_init(&check->calls, MAP_MAX, 0);
}

void check_fini(struct check *check)
{
    map_fini(&check->events);
    map_fini(&check->signals);
    map_fini(&check->commands);
    map_fini(&check->acks);
    map_fini(&check->conflicts);
    map_fini(&check->duties);
    map_fini(&check->lives);
    map_fini(&check->words);
    map_fini(&check->calls);
    arena_fini(&check->arena);
    arena_fini(&check->scratch);
}

int64_t check_now(const struct check *check)
{
    return agenda_now(check->world->agenda);
}

bool check_is_well(const struct check *check)
{
    enum { SETTLING_MS = 2 * 60 * 60 * 1000 }; /* restarts, queues and waits of before */
    return check->healed_ms != INT64_MAX && check_now(check) - check->healed_ms > SETTLING_MS;
}

void check_fail(struct check *check, const char *format, ...)
{
    va_list arguments;
    if (check->has_found) {
        return;
    }
    check->has_found = true;
    check->found_ms = check_now(check);
    va_start(arguments, format);
    (void)vsnprintf(check->text, sizeof(check->text), format, arguments);
    va_end(arguments);
}

void *check_entry(struct check *check, struct map *map, struct str key, size_t bytes,
                  struct str **ret_key)
{
    struct entry {
        struct str key;
    };
    struct entry *entry = map_get(map, key);
    *ret_key = NULL;
    if (entry == NULL) {
        entry = arena_alloc(&check->arena, bytes);
        sw_assert(entry != NULL);
        struct str kept = arena_copy_str(&check->arena, key);
        sw_assert(map_add(map, kept, entry) == 0);
        *ret_key = &entry->key;
        **ret_key = kept;
    }
    return entry;
}

const char *check_id(struct ident id)
{
    static char texts[4][IDENT_TEXT_BYTES];
    static unsigned next;
    char *text = texts[next++ % 4];
    ident_format(id, text);
    return text;
}

/* --- what is seen for the first time ----------------------------------------------------------------------------------- */

static void see_event(struct check *check, const struct broker_record *record)
{
    struct str *key;
    arena_reset(&check->scratch);
    const Shouwang__V1__Event *event = (const Shouwang__V1__Event *)ledger_decode(
        record, &shouwang__v1__event__descriptor, &check->scratch);
    (void)check_entry(check, &check->events, str_of(event->id), sizeof(struct check_event), &key);
}

static void see_signal(struct check *check, const struct broker_record *record)
{
    arena_reset(&check->scratch);
    const Shouwang__V1__Signal *signal = (const Shouwang__V1__Signal *)ledger_decode(
        record, &shouwang__v1__signal__descriptor, &check->scratch);
    struct check_signal *entry = arena_alloc(&check->arena, sizeof(*entry));
    struct check_event *event = map_get(&check->events, str_of(signal->event_id));
    sw_assert(entry != NULL);
    *entry = (struct check_signal){.id = reader_ident(signal->id),
                                   .may_be_dropped = signal->only_on_file};
    if (map_add(&check->signals, ident_part(&entry->id), entry) != 0) {
        check_fail(check, "a signal twice: %s, of event %s", check_id(entry->id), signal->event_id);
    }
    if (event != NULL) {
        event->signals++;
    }
}

static void see_command(struct check *check, const struct broker_record *record)
{
    arena_reset(&check->scratch);
    const Shouwang__V1__Command *command = (const Shouwang__V1__Command *)ledger_decode(
        record, &shouwang__v1__command__descriptor, &check->scratch);
    struct ident id = reader_ident(command->id);
    if (map_get(&check->commands, ident_part(&id)) != NULL) {
        return; /* people repeat themselves */
    }
    struct check_command *entry = arena_alloc(&check->arena, sizeof(*entry));
    sw_assert(entry != NULL);
    entry->id = id;
    sw_assert(map_add(&check->commands, ident_part(&entry->id), entry) == 0);
}

/* --- notices ----------------------------------------------------------------------------------------------------------- */

/* Notices of a step, not of what else is said in a case. */
static void check_uncovered(struct check *check, const Shouwang__V1__Notice *notice)
{
    struct ident case_id = reader_ident(notice->case_id);
    if (check_acked_for_ms(check, case_id, str_of(notice->person), str_of(notice->role)) >= 0) {
        check_fail(check, "covered by an acknowledgement: step %s of case %s to %s as %s",
                   notice->cause, check_id(case_id), notice->person, notice->role);
    }
}

/* What is overdue after an outage comes as one word. */
static void check_late(struct check *check, const Shouwang__V1__Notice *notice)
{
    char room[CHECK_KEY_BYTES];
    struct str *key;
    if (!notice->late) {
        return;
    }
    int len =
        snprintf(room, sizeof(room), "%s/%s/%" PRId64, check_id(reader_ident(notice->case_id)),
                 notice->person, notice->created_at_ms);
    struct check_word *word =
        check_entry(check, &check->words, (struct str){room, (size_t)len}, sizeof(*word), &key);
    if (key == NULL) {
        check_fail(check, "late, and not in one: %s: %.*s and %s", room, (int)word->cause.len,
                   word->cause.at, notice->cause);
    } else {
        word->cause = arena_copy_str(&check->arena, str_of(notice->cause));
    }
}

static void see_notice(struct check *check, const struct broker_record *record)
{
    arena_reset(&check->scratch);
    const Shouwang__V1__Notice *notice = (const Shouwang__V1__Notice *)ledger_decode(
        record, &shouwang__v1__notice__descriptor, &check->scratch);
    struct ledger_notice *entry = ledger_find_notice(check->ledger, reader_ident(notice->id));
    struct ledger_case *of = ledger_find_case(check->ledger, reader_ident(notice->case_id));
    int64_t step = 0;
    if (entry->seen++ > 0) {
        check_fail(check, "a notice twice: %s, cause %s, to %s", check_id(entry->id), notice->cause,
                   notice->person);
        return;
    }
    if (of == NULL) {
        check_fail(check, "a notice of no case: %s", check_id(entry->id));
        return;
    }
    const struct casefile *file = &of->state->file;
    if (kept_out_by_conflict(file, str_of(notice->person)) ||
        kept_out_by_hold(file, str_of(notice->person))) {
        check_fail(check, "told in conflict: case %s, cause %s, to %s", check_id(of->id),
                   notice->cause, notice->person);
    }
    check_late(check, notice);
    if (file->silent) {
        check_fail(check, "told of history: case %s, cause %s, to %s", check_id(of->id),
                   notice->cause, notice->person);
    }
    if (notice->created_at_ms > check_now(check) + check->skew_max_ms) {
        check_fail(check, "a notice of the future: %s", check_id(entry->id));
    }
    if (str_to_int64(str_of(notice->cause), 0, POLICY_STEPS_MAX, &step)) {
        check_uncovered(check, notice);
    }
}

static bool is_covered(const Shouwang__V1__Control *control, const struct ledger_notice *notice)
{
    const Shouwang__V1__Cancel *cancel = control->cancel;
    if (!ident_equal(reader_ident(control->case_id), reader_ident(notice->record->case_id))) {
        return false;
    }
    for (size_t i = 0; i < cancel->n_notice_ids; i++) {
        if (ident_equal(reader_ident(cancel->notice_ids[i]), notice->id)) {
            return true;
        }
    }
    return cancel->n_notice_ids == 0 &&
           (cancel->person[0] == '\0' || strcmp(cancel->person, notice->record->person) == 0) &&
           (cancel->role[0] == '\0' || strcmp(cancel->role, notice->record->role) == 0) &&
           (cancel->generation_at_most == 0 ||
            notice->record->generation <= cancel->generation_at_most);
}

static void see_control(struct check *check, const struct broker_record *record)
{
    arena_reset(&check->scratch);
    const Shouwang__V1__Control *control = (const Shouwang__V1__Control *)ledger_decode(
        record, &shouwang__v1__control__descriptor, &check->scratch);
    if (control->action_case != SHOUWANG__V1__CONTROL__ACTION_CANCEL) {
        return;
    }
    const struct ledger_case *of = ledger_find_case(check->ledger, reader_ident(control->case_id));
    for (struct ledger_notice *notice = of == NULL ? NULL : of->first_notice; notice != NULL;
         notice = notice->next_of_case) {
        if (notice->cancelled_ms == 0 && is_covered(control, notice)) {
            notice->cancelled_ms = check_now(check);
        }
    }
}

/* Once it has ended nothing may follow but what people at its end say. */
static void see_receipt(struct check *check, const struct broker_record *record)
{
    arena_reset(&check->scratch);
    const Shouwang__V1__Receipt *receipt = (const Shouwang__V1__Receipt *)ledger_decode(
        record, &shouwang__v1__receipt__descriptor, &check->scratch);
    struct ledger_notice *notice =
        ledger_find_notice(check->ledger, reader_ident(receipt->notice_id));
    uint32_t bit = 1u << (unsigned)receipt->state;
    if (notice == NULL) {
        return; /* of a digest, which the notifier made of others */
    }
    if (receipt->state == SHOUWANG__V1__NOTICE_STATE__NOTICE_STATE_ACCEPTED &&
        (notice->states & bit) != 0) {
        check_fail(check, "accepted twice in receipts: notice %s to %s", check_id(notice->id),
                   notice->record->person);
    }
    notice->states |= bit;
    notice->recorded_ms = notice->recorded_ms > 0 ? notice->recorded_ms : check_now(check);
}

void check_record(struct check *check, const struct broker_record *record)
{
    switch ((int)record->record.topic) {
    case TOPIC_EVENTS_INCIDENT:
        see_event(check, record);
        break;
    case TOPIC_SIGNALS:
        see_signal(check, record);
        break;
    case TOPIC_COMMANDS:
        see_command(check, record);
        break;
    case TOPIC_JOURNAL:
        check_line(check, record);
        break;
    case TOPIC_CASES:
        check_case(check, record);
        break;
    case TOPIC_NOTICES_URGENT:
    case TOPIC_NOTICES_BULK:
        see_notice(check, record);
        break;
    case TOPIC_NOTICES_CONTROL:
        see_control(check, record);
        break;
    case TOPIC_RECEIPTS:
        see_receipt(check, record);
        break;
    case TOPIC_REJECTS:
        check_fail(check, "a reject of partition %d", (int)record->record.partition);
        break;
    default:
        break;
    }
}
