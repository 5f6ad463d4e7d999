/* Obligations and people: evidence, waivers, answers of the recipient.
 *
 * Whether a duty was met is judged by when it was performed; a record that comes after the deadline finds it breached
 * and makes it `met`, recorded late. A command whose broker time lies before a deadline that was already judged corrects
 * the judgement. */
#include "core/casework/obligation.h"

#include "base/assert.h"
#include "core/casework/machine.h"

bool obligation_is_open(const struct casefile *file, const struct obligation *obligation)
{
    const struct episode *episode = casefile_episode(file, obligation->episode);
    sw_assert(episode != NULL);
    if (episode->state == EPISODE_JOINED || episode->state == EPISODE_STOOD_DOWN) {
        return false;
    }
    switch (obligation->state) {
    case OBLIGATION_PENDING:
        return obligation->occurrence == 0;
    case OBLIGATION_WARNED:
    case OBLIGATION_BREACHED:
        return true;
    case OBLIGATION_MET:
    case OBLIGATION_MET_LATE:
    case OBLIGATION_WAIVED:
        return false;
    }
    return false;
}

bool obligation_is_met(const struct work *work, struct str id)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        const struct obligation *obligation = &work->file->obligations[i];
        if (obligation->episode == work->file->episode && str_equal(obligation->id, id)) {
            return obligation->state == OBLIGATION_MET || obligation->state == OBLIGATION_MET_LATE;
        }
    }
    return false;
}

static struct obligation *find(const struct work *work, const struct case_command *command)
{
    uint32_t episode = command->episode != 0 ? command->episode : work->file->episode;
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        if (obligation->episode == episode && str_equal(obligation->id, command->obligation)) {
            return obligation;
        }
    }
    return NULL;
}

static const struct case_evidence *given(const struct case_command *command, struct str key)
{
    for (size_t i = 0; i < command->evidence_count; i++) {
        const struct case_evidence *evidence = &command->evidence[i];
        if (str_equal(evidence->key, key) &&
            evidence->code.len + evidence->sealed.len + evidence->digest.len > 0) {
            return evidence;
        }
    }
    return NULL;
}

/* What goes in clear into the journal is of the policy's closed lists: a plain word anywhere else may be somebody's name. */
static bool is_all_listed(const struct policy_obligation *definition,
                          const struct case_command *command)
{
    for (size_t i = 0; i < command->evidence_count; i++) {
        const struct case_evidence *evidence = &command->evidence[i];
        if (evidence->code.len > 0 &&
            !policy_takes_code(definition, evidence->key, evidence->code)) {
            return false;
        }
    }
    return true;
}

/* A refusal's reason, or NULL. "not needed" is a decision: it wants its reason where there is a place for one. */
static const char *judge_evidence(const struct policy_obligation *definition,
                                  const struct case_command *command)
{
    bool not_needed = false;
    if (command->evidence_count > CASE_EVIDENCE_MAX) {
        return "too_much_evidence";
    }
    if (!is_all_listed(definition, command)) {
        return "evidence_code";
    }
    for (size_t i = 0; i < definition->evidence_count; i++) {
        const struct policy_evidence *wanted = &definition->evidence[i];
        const struct case_evidence *evidence = given(command, wanted->key);
        if (evidence == NULL && !wanted->optional) {
            return "evidence_missing";
        }
        if (evidence != NULL && wanted->type == POLICY_EVIDENCE_CODE) {
            if (evidence->code.len == 0) {
                return "evidence_code";
            }
            not_needed |= str_is(evidence->code, "not_needed");
        }
    }
    for (size_t i = 0; i < definition->evidence_count && not_needed; i++) {
        struct str key = definition->evidence[i].key;
        if (str_is(key, "reason") && given(command, key) == NULL) {
            return "evidence_missing";
        }
    }
    return NULL;
}

static void record(struct work *work, struct obligation *obligation,
                   const struct case_command *command)
{
    int64_t performed_ms = command->performed_ms;
    if (performed_ms <= 0 || performed_ms > work->now_ms) {
        performed_ms = work->now_ms;
    }
    obligation->performed_ms = performed_ms;
    obligation->recorded_ms = work->now_ms;
    obligation->by = command->actor;
    obligation->by_role = command->actor_role;
    obligation->evidence = command->evidence;
    obligation->evidence_count = command->evidence_count;
    obligation->answer = STR_LITERAL("");
}

static void say_digest(struct work *work, struct effect_journal *line, struct str digest)
{
    enum { DIGEST_MAX = 64 };
    static const char digits[] = "0123456789abcdef";
    char text[2 * DIGEST_MAX];
    size_t len = digest.len < DIGEST_MAX ? digest.len : DIGEST_MAX;
    for (size_t i = 0; i < len; i++) {
        unsigned byte = (unsigned char)digest.at[i];
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    work_fact(work, line, "digest", (struct str){text, 2 * len});
}

/* Codes, and the digest and version of what was written: the journal keeps each version, the case the newest. */
static void say_evidence(struct work *work, struct effect_journal *line,
                         const struct obligation *obligation)
{
    for (size_t i = 0; i < obligation->evidence_count && line->fact_count < EFFECT_FACTS_MAX - 2;
         i++) {
        const struct case_evidence *evidence = &obligation->evidence[i];
        if (evidence->code.len > 0) {
            work_fact(work, line, "code", evidence->code);
        }
        if (evidence->version > 1) {
            work_fact_number(work, line, "version", evidence->version);
        }
        if (evidence->digest.len > 0 && line->fact_count < EFFECT_FACTS_MAX) {
            say_digest(work, line, evidence->digest);
        }
    }
}

static void say_done(struct work *work, const struct obligation *obligation, const char *what)
{
    struct effect_journal *line = obligation_journal(work, obligation, what);
    work_fact_number(work, line, "performed_ms", (uint64_t)obligation->performed_ms);
    if (obligation->recorded_late) {
        work_fact(work, line, "recorded_late", STR_LITERAL("true"));
    }
    if (obligation->done > 0) {
        work_fact_number(work, line, "report", obligation->done);
    }
    say_evidence(work, line, obligation);
}

/* A report settles what is owed; one that comes early, the occurrence that is next. */
static void meet_recurring(struct work *work, struct obligation *obligation)
{
    bool late = obligation->state == OBLIGATION_BREACHED;
    if (obligation->owed > 0) {
        notice_cancel_cause(
            work,
            obligation_cause(work, obligation, late ? "breach" : "due", obligation->occurrence - 1),
            "met");
        obligation_transition(obligation, OBLIGATION_PENDING);
    } else {
        obligation->due_ms += obligation->due_ms == CASE_NEVER
                                  ? 0
                                  : obligation_definition(work, obligation)->every_ms;
        obligation->occurrence++;
    }
    obligation->owed = 0;
    obligation->done++;
    say_done(work, obligation, late ? "obligation_met_late" : "obligation_met");
}

static void meet_single(struct work *work, struct obligation *obligation)
{
    bool in_time = obligation->performed_ms <= obligation->due_ms;
    bool breached = obligation->state == OBLIGATION_BREACHED;
    bool corrects = breached && work->now_ms <= obligation->due_ms;
    obligation->warn_ms = CASE_NEVER;
    obligation->recorded_late = in_time && breached && !corrects;
    obligation_transition(obligation, in_time ? OBLIGATION_MET : OBLIGATION_MET_LATE);
    if (obligation->warned > 0) {
        notice_cancel_cause(work, obligation_cause(work, obligation, "warn", obligation->warned),
                            "met");
    }
    if (breached) {
        notice_cancel_cause(work, obligation_cause(work, obligation, "breach", 0),
                            corrects ? "corrected" : "met");
    }
    if (corrects) {
        obligation->breached_ms = 0;
        (void)obligation_journal(work, obligation, "obligation_corrected");
    }
    say_done(work, obligation, in_time ? "obligation_met" : "obligation_met_late");
}

static bool has_code(const struct obligation *obligation, struct str code)
{
    for (size_t i = 0; i < obligation->evidence_count; i++) {
        if (str_equal(obligation->evidence[i].code, code)) {
            return true;
        }
    }
    return code.len == 0;
}

/* Whether it waits for that one to begin. */
static bool follows(const struct work *work, const struct obligation *obligation,
                    const struct obligation *before)
{
    return obligation->episode == before->episode && obligation->anchor == POLICY_ANCHOR_AFTER &&
           obligation->anchor_ms == 0 && obligation->state == OBLIGATION_PENDING &&
           obligation->policy.len > 0 &&
           str_equal(obligation_definition(work, obligation)->after, before->id);
}

/* What waited for something that does not come is not owed; nor is what waits for that. */
static void drop(struct work *work, struct obligation *obligation, const struct obligation *before)
{
    obligation->by = before->by;
    obligation->reason = STR_LITERAL("not_asked");
    obligation_transition(obligation, OBLIGATION_WAIVED);
    obligation_journal(work, obligation, "obligation_waived")->reason = STR_LITERAL("not_asked");
}

static void drop_followers(struct work *work)
{
    struct casefile *file = work->file;
    bool again = true;
    while (again) { /* each round ends one of them */
        again = false;
        for (size_t i = 0; i < file->obligation_count; i++) {
            for (size_t k = 0; k < file->obligation_count; k++) {
                if (file->obligations[i].state == OBLIGATION_WAIVED &&
                    follows(work, &file->obligations[k], &file->obligations[i])) {
                    drop(work, &file->obligations[k], &file->obligations[i]);
                    again = true;
                }
            }
        }
    }
}

static void start_followers(struct work *work, const struct obligation *done)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        if (!follows(work, obligation, done)) {
            continue;
        }
        if (has_code(done, obligation_definition(work, obligation)->after_code)) {
            obligation_start(work, obligation, done->performed_ms);
            obligation_tell_started(work, obligation);
        } else {
            drop(work, obligation, done);
        }
    }
    drop_followers(work);
}

static void after_done(struct work *work, const struct obligation *obligation)
{
    start_followers(work, obligation);
    step_review(work);
    life_review_monitoring(work);
}

static uint32_t version_of(const struct obligation *obligation, struct str key)
{
    for (size_t i = 0; i < obligation->evidence_count; i++) {
        if (str_equal(obligation->evidence[i].key, key)) {
            return obligation->evidence[i].version > 0 ? obligation->evidence[i].version : 1;
        }
    }
    return 0;
}

/* What was handed in already is handed in anew: a new version, and the instant at which it was done stays. */
static const char *revise(struct work *work, struct obligation *obligation,
                          const struct case_command *command)
{
    const char *refusal = judge_evidence(obligation_definition(work, obligation), command);
    struct case_evidence *evidence = arena_alloc_array(
        &work->effects->arena, command->evidence_count, sizeof(*command->evidence));
    if (refusal != NULL) {
        return refusal;
    }
    if (evidence == NULL) {
        work->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < command->evidence_count; i++) {
        evidence[i] = command->evidence[i];
        evidence[i].version = version_of(obligation, evidence[i].key) + 1;
    }
    obligation->evidence = evidence;
    obligation->evidence_count = command->evidence_count;
    obligation->answer = STR_LITERAL("");
    say_evidence(work, obligation_journal(work, obligation, "obligation_revised"), obligation);
    return NULL;
}

/* Whether all that must come before it is met: a waiver is no certificate. */
static bool has_needs(const struct work *work, const struct obligation *obligation)
{
    const struct policy_texts needs = obligation_definition(work, obligation)->needs;
    size_t met = 0;
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        const struct obligation *other = &work->file->obligations[i];
        for (size_t k = 0; k < needs.count && other->episode == obligation->episode; k++) {
            met += str_equal(other->id, needs.items[k]) &&
                           (other->state == OBLIGATION_MET || other->state == OBLIGATION_MET_LATE)
                       ? 1
                       : 0;
        }
    }
    return met >= needs.count;
}

const char *obligation_meet(struct work *work, const struct case_command *command)
{
    struct obligation *obligation = find(work, command);
    if (obligation == NULL) {
        return "unknown_obligation";
    }
    if (work->file->state == CASE_CLOSED || work->file->state == CASE_STOOD_DOWN) {
        return "not_open";
    }
    bool open = obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED ||
                obligation->state == OBLIGATION_BREACHED;
    bool is_done = obligation->state == OBLIGATION_MET || obligation->state == OBLIGATION_MET_LATE;
    if (is_done && obligation->policy.len > 0 && command->evidence_count > 0) {
        return revise(work, obligation, command);
    }
    if (!open || (obligation->policy.len == 0 && str_is(obligation->id, "hold"))) {
        return "not_owed";
    }
    if (obligation->anchor_ms == 0) {
        return "not_started";
    }
    const char *refusal = judge_evidence(obligation_definition(work, obligation), command);
    if (refusal == NULL && !has_needs(work, obligation)) {
        refusal = "gate_not_met";
    }
    if (refusal != NULL) {
        return refusal;
    }
    record(work, obligation, command);
    if (obligation_passes(work, obligation)) {
        obligation_say_accepted(work, obligation);
    }
    if (obligation->occurrence > 0) {
        meet_recurring(work, obligation);
    } else {
        meet_single(work, obligation);
    }
    after_done(work, obligation);
    return NULL;
}

void obligation_meet_built_in(struct work *work, struct str id, struct str by)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        /* Of an episode that is stood down, too: it may be taken up again, and what was released is not asked for then. */
        if (obligation_may(obligation->state, OBLIGATION_MET) && obligation->policy.len == 0 &&
            str_equal(obligation->id, id)) {
            obligation->performed_ms = work->now_ms;
            obligation->recorded_ms = work->now_ms;
            obligation->by = by;
            meet_single(work, obligation);
            after_done(work, obligation);
        }
    }
}

static void waive(struct work *work, struct obligation *obligation, struct str by,
                  struct str reason)
{
    obligation->by = by;
    obligation->reason = reason;
    obligation->warn_ms = CASE_NEVER;
    if (obligation->occurrence > 0 && obligation->owed > 0 && !str_is(reason, "stood_down") &&
        !str_is(reason, "joined")) {
        obligation->owed = 0; /* what came due is let go, the next occurrence is not */
        obligation_transition(obligation, OBLIGATION_PENDING);
    } else {
        obligation_transition(obligation, OBLIGATION_WAIVED);
    }
    struct effect_journal *line = obligation_journal(work, obligation, "obligation_waived");
    line->reason = work_copy(work, reason);
}

const char *obligation_waive(struct work *work, const struct case_command *command)
{
    struct obligation *obligation = find(work, command);
    if (obligation == NULL) {
        return "unknown_obligation";
    }
    if (command->reason_code.len == 0) {
        return "reason_missing";
    }
    bool open = obligation->state == OBLIGATION_PENDING || obligation->state == OBLIGATION_WARNED ||
                obligation->state == OBLIGATION_BREACHED;
    if (!open || (obligation->policy.len == 0 && str_is(obligation->id, "hold"))) {
        return "not_owed"; /* a hold is released, not waived */
    }
    waive(work, obligation, command->actor, command->reason_code);
    drop_followers(work);
    life_review_monitoring(work);
    return NULL;
}

void obligation_waive_all(struct work *work, uint32_t episode, struct str by, const char *reason)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        if (obligation->episode == episode &&
            obligation_may(obligation->state, OBLIGATION_WAIVED)) {
            waive(work, obligation, by, str_of(reason));
        }
    }
}

/* 处置完成 ends the reports that go on until then; what is owed stays owed. */
void obligation_settle_recurring(struct work *work)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        struct obligation *obligation = &work->file->obligations[i];
        if (obligation->occurrence > 0 &&
            casefile_episode(work->file, obligation->episode)->state == EPISODE_SETTLED &&
            obligation_definition(work, obligation)->until_settled) {
            obligation->due_ms = CASE_NEVER;
        }
    }
}

bool obligation_all_settled_done(const struct work *work)
{
    for (size_t i = 0; i < work->file->obligation_count; i++) {
        const struct obligation *obligation = &work->file->obligations[i];
        if (obligation->anchor == POLICY_ANCHOR_SETTLED &&
            obligation_is_open(work->file, obligation)) {
            return false;
        }
    }
    return true;
}

/* Gives a report back: it is owed again, and breached at once when its deadline has passed. */
static void give_back(struct work *work, struct obligation *obligation)
{
    obligation_transition(obligation, OBLIGATION_PENDING);
    obligation->returned++;
    obligation->recorded_late = false;
    obligation_tell_owner(work, obligation,
                          obligation_cause(work, obligation, "returned", obligation->returned),
                          "returned");
}

/* The first report that its recipient confirms makes the happening a confirmed one. */
static void confirm(struct work *work, const struct obligation *obligation)
{
    struct episode *episode = casefile_episode(work->file, obligation->episode);
    if (episode->confirmed_ms == 0) {
        episode->confirmed_ms = work->now_ms;
        obligation_anchor(work, POLICY_ANCHOR_CONFIRMED, work->now_ms);
    }
}

/* Whoever was asked will not: the next one is asked, and where there is none it is breached. */
static const char *refuse(struct work *work, struct obligation *obligation,
                          const struct case_command *command)
{
    bool asked = obligation->state == OBLIGATION_PENDING && obligation->anchor_ms > 0;
    if (!obligation_passes(work, obligation)) {
        return "unknown_answer";
    }
    if (!asked) {
        return "not_owed";
    }
    work_fact(work, obligation_journal(work, obligation, "obligation_answered"), "answer",
              command->code);
    if (!obligation_ask_next(work, obligation)) {
        obligation->due_ms = work->now_ms;
    }
    return NULL;
}

const char *obligation_respond(struct work *work, const struct case_command *command)
{
    struct obligation *obligation = find(work, command);
    bool known = str_is(command->code, "confirmed") || str_is(command->code, "disputed") ||
                 str_is(command->code, "returned");
    bool is_over = work->file->state == CASE_CLOSED || work->file->state == CASE_STOOD_DOWN;
    if (obligation == NULL || (!known && !str_is(command->code, "refused"))) {
        return obligation == NULL ? "unknown_obligation" : "unknown_answer";
    }
    if (is_over && !str_is(command->code, "confirmed") && !str_is(command->code, "disputed")) {
        return "not_open"; /* nothing is owed anew of what is over */
    }
    if (!known) {
        return refuse(work, obligation, command);
    }
    const struct policy_obligation *definition = obligation_definition(work, obligation);
    if (definition->to.len == 0 || !str_equal(definition->to, command->actor_role)) {
        return "not_recipient";
    }
    bool done = obligation->state == OBLIGATION_MET || obligation->state == OBLIGATION_MET_LATE;
    if (!done && obligation->done == 0) {
        return "not_reported";
    }
    obligation->answer = command->code;
    work_fact(work, obligation_journal(work, obligation, "obligation_answered"), "answer",
              command->code);
    if (str_is(command->code, "returned") && done) {
        give_back(work, obligation);
    } else if (str_is(command->code, "confirmed")) {
        confirm(work, obligation);
    }
    return NULL;
}

/* The recipient, or one of those above the school. */
static bool may_urge(const struct policy_obligation *definition, struct str role)
{
    static const char *const above[] = {"principal", "bureau_duty", "county_designee",
                                        "county_centre"};
    for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
        if (str_is(role, above[i]) && !str_is(definition->owner, above[i])) {
            return true;
        }
    }
    return definition->to.len > 0 && str_equal(definition->to, role);
}

const char *obligation_urge(struct work *work, const struct case_command *command)
{
    enum { AGAIN_MS = 5 * 60 * 1000 };
    struct obligation *obligation = find(work, command);
    if (obligation == NULL) {
        return "unknown_obligation";
    }
    if (!obligation_is_open(work->file, obligation) && obligation->state != OBLIGATION_PENDING) {
        return "not_owed";
    }
    if (obligation->anchor_ms == 0) {
        return "not_started";
    }
    if (!may_urge(obligation_definition(work, obligation), command->actor_role)) {
        return "not_in_charge";
    }
    if (obligation->urged_ms > 0 && work->now_ms - obligation->urged_ms < AGAIN_MS) {
        return "too_soon";
    }
    obligation->urged++;
    obligation->urged_ms = work->now_ms;
    work_fact_number(work, obligation_journal(work, obligation, "obligation_urged"), "time",
                     obligation->urged);
    obligation_tell_owner(work, obligation,
                          obligation_cause(work, obligation, "urge", obligation->urged), "urge");
    return NULL;
}
