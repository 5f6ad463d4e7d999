#include "sim/people.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sim/command.h"
#include "sim/county.h"
#include "sim/kept_out.h"
#include "wire/reader.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Somebody in a role who means to do something about a case. */
struct visit {
    struct people *people;
    struct ledger_case *entry;
    struct str person;
    struct str role;
    struct str ref; /* of the message, for the provider */
    struct ident notice_id;
    bool is_call;
};

static void work(void *ctx, uint64_t mark);

static void come_back(struct visit *visit)
{
    struct people *people = visit->people;
    if (dice_chance(people->dice, people->habits.dutiful)) {
        agenda_add(people->agenda,
                   agenda_now(people->agenda) +
                       dice_spread(people->dice, 20000, people->habits.duty_ms),
                   work, visit, 0);
    }
}

static struct command_draft draft_of(const struct visit *visit)
{
    return (struct command_draft){.people = visit->people,
                                  .unit = visit->entry->unit,
                                  .case_id = visit->entry->id,
                                  .actor = visit->person,
                                  .role = visit->role};
}

/* --- duties ------------------------------------------------------------------------------------------------------------ */

static bool is_owed(const struct obligation *obligation)
{
    bool open = obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED ||
                obligation->state == OBLIGATION_BREACHED;
    return open && obligation->anchor_ms > 0 && !str_is(obligation->id, "hold");
}

static bool is_of(const struct visit *visit, const struct casefile *file,
                  const struct obligation *obligation)
{
    const struct episode *episode = casefile_episode(file, obligation->episode);
    return str_equal(obligation->owner_role, visit->role) ||
           (str_is(obligation->owner_role, "first_acknowledger") && episode != NULL &&
            str_equal(episode->first_acknowledger, visit->person));
}

static bool do_duty(const struct visit *visit, const struct casefile *file, bool whose_ever)
{
    struct command_draft draft = draft_of(visit);
    for (size_t i = 0; i < file->obligation_count; i++) {
        const struct obligation *obligation = &file->obligations[i];
        bool is_due = obligation->occurrence == 0 || obligation->owed > 0;
        if (is_owed(obligation) && is_due && (whose_ever || is_of(visit, file, obligation))) {
            command_meet(&draft, obligation);
            return true;
        }
    }
    return false;
}

static bool has_open_duty(const struct casefile *file)
{
    for (size_t i = 0; i < file->obligation_count; i++) {
        bool is_due = file->obligations[i].occurrence == 0 || file->obligations[i].owed > 0;
        if (is_owed(&file->obligations[i]) && is_due) {
            return true;
        }
    }
    return false;
}

/* What the case needs next, whoever does it; true: something was done. */
static bool bring_forward(const struct visit *visit, const struct casefile *file)
{
    struct command_draft draft = draft_of(visit);
    draft.role = STR_LITERAL("duty_leader");
    switch (file->state) {
    case CASE_STOOD_DOWN:
        if (file->stand_down_by_ms == CASE_NEVER) {
            return false;
        }
        command_confirm_stand_down(&draft, true);
        return true;
    case CASE_CLOSED:
    case CASE_NONE:
        return false;
    case CASE_SETTLED:
    case CASE_MONITORING:
        if (!has_open_duty(file)) {
            command_close(&draft);
            return true;
        }
        return false;
    case CASE_OPEN:
    case CASE_ACKNOWLEDGED:
    case CASE_RESPONDING:
    case CASE_REOPENED:
        if (!has_open_duty(file)) {
            command_settle(&draft);
            return true;
        }
        return false;
    }
    return false;
}

static bool release(const struct visit *visit, const struct casefile *file)
{
    struct command_draft draft = draft_of(visit);
    for (size_t i = 0; i < file->hold_count; i++) {
        if (file->holds[i].state == HOLD_HELD && !kept_out_in_person(file, file->holds[i].what)) {
            command_release(&draft, file->holds[i].what);
            return true;
        }
    }
    return false;
}

static void work(void *ctx, uint64_t mark)
{
    struct visit *visit = ctx;
    struct people *people = visit->people;
    const struct casefile *file = &visit->entry->state->file;
    (void)mark;
    if (file->state == CASE_CLOSED) {
        return;
    }
    if (dice_chance(people->dice, people->habits.clumsy)) {
        struct command_draft draft = draft_of(visit);
        command_anything(&draft, file);
    } else if (!do_duty(visit, file, false)) {
        bool is_in_charge = str_is(visit->role, "duty_leader") || str_is(visit->role, "principal");
        if (is_in_charge && !release(visit, file)) {
            (void)bring_forward(visit, file);
        }
    }
    come_back(visit);
}

/* --- the telephone ----------------------------------------------------------------------------------------------------- */

static void answer(void *ctx, uint64_t mark)
{
    struct visit *visit = ctx;
    struct people *people = visit->people;
    (void)mark;
    if (visit->is_call) {
        provider_tell(people->provider, visit->ref, "reached",
                      dice_chance(people->dice, 700) ? "1" : "");
    } else if (!str_is(visit->role, "guardians")) {
        struct command_draft draft = draft_of(visit);
        command_acknowledge(&draft, visit->notice_id);
    }
    come_back(visit);
}

void people_ring(struct people *people, const struct provider_sent *sent)
{
    const struct ledger_notice *notice = ledger_find_notice(people->ledger, sent->notice_id);
    if (notice == NULL || !dice_chance(people->dice, people->habits.answers)) {
        return; /* a digest, which the notifier made; or nobody is there */
    }
    struct ledger_case *entry =
        ledger_find_case(people->ledger, reader_ident(notice->record->case_id));
    struct visit *visit = arena_alloc(people->arena, sizeof(*visit));
    sw_assert(visit != NULL && entry != NULL);
    *visit = (struct visit){.people = people,
                            .entry = entry,
                            .person = sent->person,
                            .role = sent->role,
                            .ref = sent->ref,
                            .notice_id = sent->notice_id,
                            .is_call = str_is(sent->channel, "voice")};
    agenda_add(people->agenda,
               agenda_now(people->agenda) +
                   dice_spread(people->dice, 1000, people->habits.answer_ms),
               answer, visit, 0);
}

/* --- everybody at work ------------------------------------------------------------------------------------------------- */

static void look(void *ctx, uint64_t mark)
{
    struct people *people = ctx;
    for (struct ledger_case *entry = people->ledger->first_case; entry != NULL;
         entry = entry->next) {
        /* Two take turns: what one stood down the other confirms; neither is ever accused. */
        const char *who = people->command_count % 2 == 0 ? "head" : "deputy";
        struct visit visit = {.people = people,
                              .entry = entry,
                              .person = str_of(who),
                              .role = STR_LITERAL("duty_leader")};
        const struct casefile *file = &entry->state->file;
        if (entry->is_closed) {
            continue;
        }
        entry->is_closed = file->state == CASE_CLOSED;
        if (!release(&visit, file) && !bring_forward(&visit, file)) {
            (void)do_duty(&visit, file, true);
        }
    }
    agenda_add(people->agenda, agenda_now(people->agenda) + people->habits.look_ms, look, people,
               mark);
}

void people_look_after(struct people *people)
{
    look(people, 0);
}

void people_calm_down(struct people *people)
{
    people->habits.clumsy = 0;
    people->habits.look_ms = 2 * HOUR_MS;
}
