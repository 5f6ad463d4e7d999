/* Sends, as the provider hears them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/receipt.pb-c.h>

#include "base/assert.h"
#include "sim/check_inside.h"
#include "sim/kept_out.h"
#include "sim/fakes.h"
#include "wire/reader.h"

enum { MINUTE_MS = 60 * 1000 };

/* What was stopped still goes out for a second at most; from a process that was away, for as long as it may believe that it is
 * the owner. */
static int64_t lag_ms(const struct check *check, const struct machine *from)
{
    enum { WELL_MS = 50 };
    bool is_well = from->is_in_contact && check->world->latency_ms <= WELL_MS &&
                   broker_delay(check->world->broker) <= WELL_MS;
    return is_well ? 1000 : MACHINE_SESSION_MS / 2 + 1000;
}

/* A number is called once a minute at most; what is sent again inside the window does not count. */
static void check_quota(struct check *check, const struct provider_sent *sent)
{
    const struct county_person *person = county_find(sent->person);
    struct str *key;
    if (person == NULL || !sent->is_accepted || !sent->is_told || sent->was_had ||
        !str_is(sent->channel, "voice")) {
        return;
    }
    char room[CHECK_KEY_BYTES];
    const struct ledger_notice *notice = ledger_find_notice(check->ledger, sent->notice_id);
    int len = snprintf(room, sizeof(room), "%s/%s", notice->record->unit, person->phone);
    struct check_calls *calls =
        check_entry(check, &check->calls, (struct str){room, (size_t)len}, sizeof(*calls), &key);
    int64_t now_ms = check_now(check);
    if (calls->count > 0 && now_ms - calls->at_ms[(calls->count - 1) % CHECK_CALLS_MAX] <
                                MINUTE_MS - 5000 - 2 * check->skew_max_ms) {
        check_fail(check, "called twice within a minute: %s", room);
    }
    calls->at_ms[calls->count++ % CHECK_CALLS_MAX] = now_ms;
}

/* Twice at the provider: only while nobody of us knew that it had been taken. */
static void check_again(struct check *check, const struct provider_sent *sent,
                        const struct ledger_notice *notice)
{
    char key[80];
    (void)snprintf(key, sizeof(key), "sim:notice:%s", check_id(sent->notice_id));
    bool is_known =
        !store_is_away(check->world->store) &&
        str_starts(store_get(check->world->store, str_of(key)), STR_LITERAL("accepted"));
    bool is_recorded =
        (notice->states & 1u << SHOUWANG__V1__NOTICE_STATE__NOTICE_STATE_ACCEPTED) != 0;
    bool was_emptied = check->store_emptied_ms >= notice->accepted_ms;
    if (is_recorded && check_now(check) - notice->recorded_ms > lag_ms(check, sent->from)) {
        check_fail(check, "sent again although recorded: notice %s, cause %s, to %s",
                   check_id(notice->id), notice->record->cause, notice->record->person);
    } else if (is_known) {
        check_fail(check, "sent again although claimed as accepted: notice %s, cause %s, to %s",
                   check_id(notice->id), notice->record->cause, notice->record->person);
    } else if (!notice->is_urgent && !was_emptied) {
        check_fail(check, "a bulk notice sent again: %s, cause %s, to %s", check_id(notice->id),
                   notice->record->cause, notice->record->person);
    }
    check->repeated++;
}

/* What may wait is not told at night. */
static void check_quiet(struct check *check, const struct provider_sent *sent)
{
    enum { MINUTES = 24 * 60, EAST_MINUTES = 8 * 60, CLOCKS_MS = 5000 };
    int64_t now_ms = check_now(check);
    const struct policy_digest *digest = &check->policies->digest;
    uint32_t before = (uint32_t)(((now_ms - CLOCKS_MS) / MINUTE_MS + EAST_MINUTES) % MINUTES);
    uint32_t after = (uint32_t)(((now_ms + CLOCKS_MS) / MINUTE_MS + EAST_MINUTES) % MINUTES);
    if (check->skew_max_ms < CLOCKS_MS && policy_is_quiet(digest, before) &&
        policy_is_quiet(digest, after)) {
        check_fail(check, "told at night what may wait: %s to %.*s", check_id(sent->notice_id),
                   (int)sent->person.len, sent->person.at);
    }
}

void check_send(struct check *check, const struct provider_sent *sent)
{
    struct ledger_notice *notice = ledger_find_notice(check->ledger, sent->notice_id);
    int64_t now_ms = check_now(check);
    check->sends++;
    if (notice == NULL || notice->record->may_wait) {
        check_quiet(check, sent);
    }
    if (notice == NULL) {
        return; /* a digest */
    }
    if (now_ms > notice->record->expires_at_ms + check->skew_max_ms + 1000) {
        check_fail(check, "sent after its end: notice %s to %s", check_id(notice->id),
                   notice->record->person);
    }
    if (notice->cancelled_ms > 0 && now_ms - notice->cancelled_ms > lag_ms(check, sent->from)) {
        check_fail(check, "sent %" PRId64 " ms after its cancel: notice %s, cause %s, to %s",
                   now_ms - notice->cancelled_ms, check_id(notice->id), notice->record->cause,
                   notice->record->person);
    }
    struct ledger_case *of = ledger_find_case(check->ledger, reader_ident(notice->record->case_id));
    const struct casefile *file = &of->state->file;
    if ((kept_out_by_conflict(file, sent->person) || kept_out_by_hold(file, sent->person)) &&
        now_ms - file->changed_ms > lag_ms(check, sent->from)) {
        check_fail(check, "sent in conflict: notice %s of case %s to %s", check_id(notice->id),
                   check_id(of->id), notice->record->person);
    }
    if (check_is_well(check) && notice->is_urgent && notice->accepted == 0 &&
        now_ms - notice->logged_ms > CHECK_LATE_MS) {
        check_fail(check, "sent late by %" PRId64 " ms: notice %s, cause %s, to %s",
                   now_ms - notice->logged_ms, check_id(notice->id), notice->record->cause,
                   notice->record->person);
    }
    int64_t step = 0;
    if (str_to_int64(str_of(notice->record->cause), 0, POLICY_STEPS_MAX, &step) &&
        check_acked_for_ms(check, of->id, sent->person, sent->role) > lag_ms(check, sent->from)) {
        check_fail(check, "sent although acknowledged: notice %s of case %s to %s",
                   check_id(notice->id), check_id(of->id), notice->record->person);
    }
    if (sent->is_accepted && sent->was_had) {
        check_again(check, sent, notice);
    }
    notice->accepted_ms =
        sent->is_accepted && notice->accepted++ == 0 ? now_ms : notice->accepted_ms;
    check_quota(check, sent);
}
