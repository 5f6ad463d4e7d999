/* Notices stay in one list in the order of their coming: a tool's school has few, and whoever asks for the last one finds it. */
#include "shell/outbox.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "core/notice/digest.h"
#include "core/notice/life.h"
#include "core/notice/stops.h"

enum { OUTBOX_ARENA_BYTES = 512 << 20, SEED = 1 };

struct letter {
    struct effect_notice notice;
    struct notice_life life;
    enum case_channel via;
    bool waits; /* for a digest */
};

struct callee {
    struct str digest;
    struct quota quota;
};

struct outbox {
    struct outbox_setup setup;
    struct arena arena;
    struct stops *stops;
    uint64_t stop_order;
    struct letter **letters;
    size_t count;
    size_t capacity;
    struct callee *callees;
    size_t callee_count;
    size_t callee_capacity;
    bool is_down;
};

struct outbox *outbox_new(const struct outbox_setup *setup)
{
    struct outbox *outbox = heap_alloc(sizeof(*outbox));
    if (outbox == NULL) {
        return NULL;
    }
    outbox->setup = *setup;
    arena_init(&outbox->arena, OUTBOX_ARENA_BYTES);
    outbox->stops = stops_new(SEED);
    if (outbox->stops == NULL) {
        outbox_free(outbox);
        return NULL;
    }
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox != NULL) {
        stops_free(outbox->stops);
        arena_fini(&outbox->arena);
        heap_free(outbox);
    }
}

/* --- news ------------------------------------------------------------------------------------------------------------- */

static void tell(struct outbox *outbox, const struct letter *letter, struct str reason,
                 int64_t now_ms)
{
    const struct outbox_news news = {.at_ms = now_ms,
                                     .notice = &letter->notice,
                                     .state = letter->life.state,
                                     .via = letter->via,
                                     .reason = reason,
                                     .is_first = true};
    outbox->setup.news(outbox->setup.ctx, &news);
}

static void end(struct outbox *outbox, struct letter *letter, enum case_delivery state,
                struct str reason, int64_t now_ms)
{
    letter->waits = false;
    notice_transition(&letter->life, state);
    tell(outbox, letter, reason, now_ms);
}

/* --- sending ---------------------------------------------------------------------------------------------------------- */

static struct quota *quota_of(struct outbox *outbox, struct str digest)
{
    for (size_t i = 0; i < outbox->callee_count; i++) {
        if (str_equal(outbox->callees[i].digest, digest)) {
            return &outbox->callees[i].quota;
        }
    }
    struct callee *callees = arena_grow_array(&outbox->arena, outbox->callees, outbox->callee_count,
                                              &outbox->callee_capacity, sizeof(*callees));
    if (callees == NULL) {
        return NULL;
    }
    outbox->callees = callees;
    struct callee *callee = &callees[outbox->callee_count++];
    *callee = (struct callee){.digest = digest};
    return &callee->quota;
}

static struct str stopped(const struct outbox *outbox, const struct effect_notice *notice)
{
    const struct stop_question question = {.id = notice->id,
                                           .case_id = notice->case_id,
                                           .unit = notice->unit,
                                           .person = notice->person,
                                           .role = notice->role,
                                           .generation = notice->generation,
                                           .address_digest = notice->address_digest};
    return stops_check(outbox->stops, outbox->setup.org, &question);
}

static const struct policy_digest *plan_of(const struct outbox *outbox,
                                           const struct effect_notice *notice)
{
    return notice->may_wait ? outbox->setup.plan_of(outbox->setup.ctx, notice->unit) : NULL;
}

/* One try. A call past the quota of its number goes as an SMS. */
static int send_one(struct outbox *outbox, struct letter *letter, int64_t now_ms)
{
    const struct effect_notice *notice = &letter->notice;
    struct quota *quota = NULL;
    letter->via = notice->channel;
    if (notice->channel == CASE_CHANNEL_VOICE) {
        quota = quota_of(outbox, notice->address_digest);
        if (quota == NULL) {
            return ERR_MEMORY;
        }
        letter->via = quota_allows(quota, &outbox->setup.voice, now_ms) ? CASE_CHANNEL_VOICE
                                                                        : CASE_CHANNEL_SMS;
    }
    const struct notice_answer answer = {.kind = outbox->is_down ? NOTICE_ANSWER_LATER
                                                                 : NOTICE_ANSWER_TAKEN,
                                         .retry_after_ms = -1,
                                         .is_urgent = notice->lane == EFFECT_LANE_URGENT};
    letter->life.attempt++;
    notice_apply_answer(&letter->life, &answer, now_ms);
    if (answer.kind == NOTICE_ANSWER_TAKEN && letter->via == CASE_CHANNEL_VOICE) {
        quota_take(quota, now_ms);
    }
    if (letter->life.state != CASE_DELIVERY_QUEUED) {
        tell(outbox, letter, STR_LITERAL(""), now_ms);
    }
    return 0;
}

/* What is queued and due: the last look, as before the bytes go out. */
static int send_due(struct outbox *outbox, struct letter *letter, int64_t now_ms)
{
    const struct policy_digest *plan = plan_of(outbox, &letter->notice);
    struct zone zone = org_zone(outbox->setup.org, letter->notice.unit);
    struct str reason = stopped(outbox, &letter->notice);
    int64_t wake_ms = plan == NULL ? now_ms : digest_wake_ms(plan, &zone, now_ms);
    if (now_ms >= letter->life.expires_ms) {
        end(outbox, letter, CASE_DELIVERY_EXPIRED, STR_LITERAL(""), now_ms);
    } else if (reason.len > 0) {
        end(outbox, letter, CASE_DELIVERY_CANCELLED, reason, now_ms);
    } else if (wake_ms > now_ms) {
        letter->life.next_ms = wake_ms;
    } else {
        return send_one(outbox, letter, now_ms);
    }
    return 0;
}

/* --- digests ---------------------------------------------------------------------------------------------------------- */

static bool goes_with(const struct letter *first, const struct letter *other)
{
    return other->waits && other->life.next_ms == first->life.next_ms &&
           other->notice.channel == first->notice.channel &&
           str_equal(other->notice.unit, first->notice.unit) &&
           str_equal(other->notice.person, first->notice.person);
}

/* One message for all that goes with it. While the provider is down the digest is tried again as its parts would be. */
static void send_digest(struct outbox *outbox, size_t index, int64_t now_ms)
{
    struct letter *first = outbox->letters[index];
    size_t count = 0;
    for (size_t i = index; i < outbox->count; i++) {
        count += goes_with(first, outbox->letters[i]) ? 1 : 0;
    }
    if (outbox->is_down) {
        for (size_t i = outbox->count; i-- > index;) {
            if (goes_with(first, outbox->letters[i])) {
                outbox->letters[i]->life.next_ms = now_ms + NOTICE_RETRY_MAX_MS;
            }
        }
        return;
    }
    struct outbox_news news = {.at_ms = now_ms, .via = first->notice.channel, .is_first = true};
    const struct letter key = *first;
    for (size_t i = index; i < outbox->count; i++) {
        struct letter *letter = outbox->letters[i];
        if (goes_with(&key, letter)) {
            letter->waits = false;
            notice_transition(&letter->life, CASE_DELIVERY_ACCEPTED);
            news.notice = &letter->notice;
            news.state = letter->life.state;
            news.digest_count = count;
            outbox->setup.news(outbox->setup.ctx, &news);
            news.is_first = false;
        }
    }
}

/* --- in --------------------------------------------------------------------------------------------------------------- */

static bool keep(struct outbox *outbox, struct str *text)
{
    struct str copy = text->len == 0 ? STR_LITERAL("") : arena_copy_str(&outbox->arena, *text);
    *text = copy;
    return copy.at != NULL;
}

/* Only what is asked about later is kept; sealed values are not. */
static struct letter *keep_letter(struct outbox *outbox, const struct effect_notice *notice)
{
    struct letter *letter = arena_alloc(&outbox->arena, sizeof(*letter));
    struct ident *merged = arena_alloc_array(&outbox->arena, notice->merged_count, sizeof(*merged));
    if (letter == NULL || merged == NULL) {
        return NULL;
    }
    letter->notice = *notice;
    struct effect_notice *kept = &letter->notice;
    if (notice->merged_count > 0) {
        memcpy(merged, notice->merged, notice->merged_count * sizeof(*merged));
    }
    kept->merged = merged;
    kept->callback = kept->with_pupil = kept->place_detail = STR_LITERAL("");
    struct str *texts[] = {&kept->unit,       &kept->person,      &kept->role,
                           &kept->purpose,    &kept->audience,    &kept->address_digest,
                           &kept->cause,      &kept->subject,     &kept->kind,
                           &kept->obligation, &kept->legal_basis, &kept->taken_over_role,
                           &kept->group};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!keep(outbox, texts[i])) {
            return NULL;
        }
    }
    letter->via = notice->channel;
    return letter;
}

int outbox_take(struct outbox *outbox, const struct effect_notice *notice, int64_t now_ms)
{
    struct letter **letters = arena_grow_array(&outbox->arena, outbox->letters, outbox->count,
                                               &outbox->capacity, sizeof(struct letter *));
    struct letter *letter = letters == NULL ? NULL : keep_letter(outbox, notice);
    if (letter == NULL) {
        return ERR_MEMORY;
    }
    outbox->letters = letters;
    letters[outbox->count++] = letter;
    letter->life = (struct notice_life){
        .state = CASE_DELIVERY_QUEUED, .next_ms = now_ms, .expires_ms = notice->expires_ms};
    const struct policy_digest *plan = plan_of(outbox, notice);
    if (plan != NULL) {
        struct zone zone = org_zone(outbox->setup.org, notice->unit);
        letter->life.next_ms =
            digest_slot_ms(plan, &zone, notice->channel, now_ms, notice->expires_ms);
        letter->waits = letter->life.next_ms > now_ms;
    }
    struct str reason = stopped(outbox, notice);
    if (reason.len > 0) {
        end(outbox, letter, CASE_DELIVERY_CANCELLED, reason, now_ms);
        return 0;
    }
    return letter->waits ? 0 : send_due(outbox, letter, now_ms);
}

static void sweep(struct outbox *outbox, struct ident case_id, int64_t now_ms)
{
    for (size_t i = 0; i < outbox->count; i++) {
        struct letter *letter = outbox->letters[i];
        if (letter->life.state != CASE_DELIVERY_QUEUED ||
            !ident_equal(letter->notice.case_id, case_id)) {
            continue;
        }
        struct str reason = stopped(outbox, &letter->notice);
        if (reason.len > 0) {
            end(outbox, letter, CASE_DELIVERY_CANCELLED, reason, now_ms);
        }
    }
}

int outbox_control(struct outbox *outbox, const struct effect_control *control, int64_t now_ms)
{
    if (control->kind == EFFECT_CONFLICT_CLEARED) {
        const struct stop *stop;
        while ((stop = stops_find_conflict(outbox->stops, control->case_id, control->person)) !=
               NULL) {
            (void)stops_remove(outbox->stops, stop->id);
        }
        return 0;
    }
    const struct stop stop = {.kind = control->kind == EFFECT_CANCEL ? STOP_CANCEL : STOP_CONFLICT,
                              .id = control->id,
                              .case_id = control->case_id,
                              .notices = control->notice_ids,
                              .notice_count = control->notice_count,
                              .person = control->person,
                              .role = control->role,
                              .generation_at_most = control->generation_at_most,
                              .reason = control->reason,
                              .order = ++outbox->stop_order,
                              .until_ms = control->until_ms};
    int error = stops_put(outbox->stops, &stop);
    if (error == 0) {
        sweep(outbox, control->case_id, now_ms);
    }
    return error;
}

/* --- time ------------------------------------------------------------------------------------------------------------- */

int64_t outbox_next_deadline(const struct outbox *outbox)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < outbox->count; i++) {
        const struct notice_life *life = &outbox->letters[i]->life;
        if (life->state == CASE_DELIVERY_QUEUED) {
            int64_t due_ms = life->next_ms < life->expires_ms ? life->next_ms : life->expires_ms;
            next_ms = due_ms < next_ms ? due_ms : next_ms;
        }
    }
    return next_ms;
}

int outbox_run(struct outbox *outbox, int64_t now_ms)
{
    int error = 0;
    for (size_t i = 0; i < outbox->count && error == 0; i++) {
        struct letter *letter = outbox->letters[i];
        bool is_over = letter->life.expires_ms <= now_ms;
        if (letter->life.state != CASE_DELIVERY_QUEUED ||
            (letter->life.next_ms > now_ms && !is_over)) {
            continue;
        }
        if (letter->waits && !is_over) {
            send_digest(outbox, i, now_ms);
        } else {
            error = send_due(outbox, letter, now_ms);
        }
    }
    return error;
}

/* --- the provider ----------------------------------------------------------------------------------------------------- */

void outbox_set_provider(struct outbox *outbox, bool is_down)
{
    outbox->is_down = is_down;
}

bool outbox_word(struct outbox *outbox, const struct outbox_word *word, int64_t now_ms)
{
    for (size_t i = outbox->count; i-- > 0;) {
        struct letter *letter = outbox->letters[i];
        bool is_meant =
            str_equal(letter->notice.person, word->person) &&
            (word->channel == CASE_CHANNEL_NONE || letter->via == word->channel) &&
            (word->case_id == NULL || ident_equal(letter->notice.case_id, *word->case_id));
        if (is_meant && letter->life.state != CASE_DELIVERY_QUEUED &&
            notice_may_become(letter->life.state, word->state)) {
            end(outbox, letter, word->state, word->reason, now_ms);
            return true;
        }
    }
    return false;
}

struct str outbox_role_of(const struct outbox *outbox, struct ident case_id, struct str person)
{
    for (size_t i = outbox->count; i-- > 0;) {
        const struct effect_notice *notice = &outbox->letters[i]->notice;
        if (ident_equal(notice->case_id, case_id) && str_equal(notice->person, person)) {
            return notice->role;
        }
    }
    return STR_LITERAL("");
}
