#include "wire/notice.h"

#include <stdio.h>

#include <shouwang/v1/alert.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>

#include "wire/decode.h"
#include "wire/writer.h"

_Static_assert((int)SHOUWANG__V1__CHANNEL__CHANNEL_FEED == (int)CASE_CHANNEL_FEED, "same values");

static char *write_number(struct writer *writer, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return writer_text(writer, str_of(text));
}

static void write_reason(struct writer *writer, const struct effect_notice *notice,
                         Shouwang__V1__Notice *to)
{
    to->purpose = writer_text(writer, notice->purpose);
    to->audience = writer_text(writer, notice->audience);
    to->level = (Shouwang__V1__Level)notice->level;
    to->legal_basis = writer_text(writer, notice->legal_basis);
    to->generation = notice->generation;
    to->cause = writer_text(writer, notice->cause);
    to->firing = notice->firing;
    to->merged = writer_idents(writer, notice->merged, notice->merged_count);
    to->n_merged = notice->merged_count;
    to->late = notice->late;
    to->obligation = writer_text(writer, notice->obligation);
    to->due_at_ms = notice->due_ms;
    to->taken_over_role = writer_text(writer, notice->taken_over_role);
    to->taken_over_at_ms = notice->taken_over_ms;
}

/* What the notice says in codes, for the templates of whoever may see it. */
static void write_facts(struct writer *writer, const struct effect_notice *notice,
                        Shouwang__V1__Notice *to)
{
    enum { FACTS_MAX = 3, FACT_BYTES = 64 };
    char text[FACT_BYTES];
    char **facts = writer_take(writer, FACTS_MAX, sizeof(*facts));
    size_t count = 0;
    if (facts == NULL) {
        return;
    }
    if (notice->danger != CASE_DANGER_NONE) {
        (void)snprintf(text, sizeof(text), "danger=%s", case_danger_name(notice->danger));
        facts[count++] = writer_text(writer, str_of(text));
    }
    if (notice->injury != CASE_INJURY_NONE) {
        (void)snprintf(text, sizeof(text), "injury=%s", case_injury_name(notice->injury));
        facts[count++] = writer_text(writer, str_of(text));
    }
    if (notice->occurred_ms > 0) {
        (void)snprintf(text, sizeof(text), "happened_at=%lld", (long long)notice->occurred_ms);
        facts[count++] = writer_text(writer, str_of(text));
    }
    to->facts = facts;
    to->n_facts = count;
}

int notice_encode(const struct effect_notice *notice, struct arena *arena, struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__Notice record = SHOUWANG__V1__NOTICE__INIT;
    record.id = writer_ident(&writer, notice->id);
    record.unit = writer_text(&writer, notice->unit);
    record.case_id = writer_ident(&writer, notice->case_id);
    record.case_number = write_number(&writer, notice->case_number);
    record.person = writer_text(&writer, notice->person);
    record.role = writer_text(&writer, notice->role);
    record.channel = (Shouwang__V1__Channel)notice->channel;
    record.address_digest = writer_text(&writer, notice->address_digest);
    record.created_at_ms = notice->created_ms;
    record.expires_at_ms = notice->expires_ms;
    record.wants_key_press = notice->wants_key_press;
    record.may_wait = notice->may_wait;
    record.subject = writer_text(&writer, notice->subject);
    record.kind = writer_text(&writer, notice->kind);
    record.place = writer_text(&writer, str_of(case_place_name(notice->place)));
    record.group = writer_text(&writer, notice->group);
    record.callback = writer_sealed(&writer, notice->callback);
    record.with_pupil = writer_sealed(&writer, notice->with_pupil);
    record.place_detail = writer_sealed(&writer, notice->place_detail);
    write_reason(&writer, notice, &record);
    write_facts(&writer, notice, &record);
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

int notice_encode_control(const struct effect_control *control, struct arena *arena,
                          struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__Control record = SHOUWANG__V1__CONTROL__INIT;
    Shouwang__V1__Cancel cancel = SHOUWANG__V1__CANCEL__INIT;
    Shouwang__V1__ConflictSet conflict_set = SHOUWANG__V1__CONFLICT_SET__INIT;
    Shouwang__V1__ConflictCleared conflict_cleared = SHOUWANG__V1__CONFLICT_CLEARED__INIT;
    record.id = writer_ident(&writer, control->id);
    record.unit = writer_text(&writer, control->unit);
    record.case_id = writer_ident(&writer, control->case_id);
    record.until_ms = control->until_ms;
    switch (control->kind) {
    case EFFECT_CANCEL:
        cancel.notice_ids = writer_idents(&writer, control->notice_ids, control->notice_count);
        cancel.n_notice_ids = control->notice_count;
        cancel.person = writer_text(&writer, control->person);
        cancel.role = writer_text(&writer, control->role);
        cancel.generation_at_most = control->generation_at_most;
        cancel.reason = writer_text(&writer, control->reason);
        record.action_case = SHOUWANG__V1__CONTROL__ACTION_CANCEL;
        record.cancel = &cancel;
        break;
    case EFFECT_CONFLICT_SET:
        conflict_set.person = writer_text(&writer, control->person);
        record.action_case = SHOUWANG__V1__CONTROL__ACTION_CONFLICT_SET;
        record.conflict_set = &conflict_set;
        break;
    case EFFECT_CONFLICT_CLEARED:
        conflict_cleared.person = writer_text(&writer, control->person);
        record.action_case = SHOUWANG__V1__CONTROL__ACTION_CONFLICT_CLEARED;
        record.conflict_cleared = &conflict_cleared;
        break;
    }
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}

int notice_encode_alert(const struct effect_alert *alert, int64_t at_ms, struct arena *arena,
                        struct str *ret_value)
{
    struct writer writer = {.arena = arena};
    Shouwang__V1__Alert record = SHOUWANG__V1__ALERT__INIT;
    record.id = writer_ident(&writer, alert->id);
    record.unit = writer_text(&writer, alert->unit);
    record.case_id = writer_ident(&writer, alert->case_id);
    record.what = writer_text(&writer, alert->what);
    record.level = (Shouwang__V1__Level)alert->level;
    record.layer = (Shouwang__V1__Layer)alert->layer;
    record.kind = writer_text(&writer, alert->kind);
    record.state = writer_text(&writer, str_of(case_state_name(alert->state)));
    record.at_ms = at_ms;
    record.obligation = writer_text(&writer, alert->obligation);
    record.due_at_ms = alert->due_ms;
    record.generation = alert->generation;
    return writer.error != 0 ? writer.error : encode_message(&record.base, arena, ret_value);
}
