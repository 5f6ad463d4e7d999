#include "notifier/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "core/notice/digest.h"
#include "notifier/entity.h"
#include "notifier/flight.h"
#include "wire/decode.h"
#include "wire/reader.h"

enum {
    LIFE_MS = 12 * 60 * 60 * 1000, /* of a digest */
    AGAIN_MS = 50,
    GROUP_KEY_BYTES = NOTIFIER_KEY_BYTES + 32,
    FACT_BYTES = 32,
};

struct digest_group {
    struct list members; /* of struct held, by their node */
    int64_t slot_ms;
    uint32_t timer;
    uint32_t next_part;
    struct str key; /* behind the struct */
};

/* NULL: no pack, and nothing waits. */
static const struct policy_digest *plan_of(const struct part *part, struct str unit)
{
    const struct org_unit *record = org_find_unit(part->org, unit);
    const struct pack *pack =
        pack_store_active(part->packs, record != NULL ? record->jurisdiction : STR_LITERAL(""));
    return pack != NULL ? &pack->policies.digest : NULL;
}

void digest_place(struct part *part, struct held *held, int64_t now_ms)
{
    const struct policy_digest *plan = held->may_wait ? plan_of(part, held->unit) : NULL;
    if (plan == NULL) {
        return;
    }
    struct zone zone = org_zone(part->org, held->unit);
    int64_t slot_ms = digest_slot_ms(plan, &zone, held->channel, now_ms, held->life.expires_ms);
    if (slot_ms > now_ms) {
        held->waits = true;
        held->life.next_ms = slot_ms;
    }
}

int64_t digest_not_before(const struct part *part, const struct held *held, int64_t now_ms)
{
    const struct policy_digest *plan = held->may_wait ? plan_of(part, held->unit) : NULL;
    if (plan == NULL) {
        return now_ms;
    }
    struct zone zone = org_zone(part->org, held->unit);
    return digest_wake_ms(plan, &zone, now_ms);
}

/* --- Groups ------------------------------------------------------------------------------------ */

static struct str group_key(const struct held *held, char ret_bytes[GROUP_KEY_BYTES])
{
    int len = snprintf(ret_bytes, GROUP_KEY_BYTES, "%.*s/%.*s/%s/%lld", (int)held->unit.len,
                       held->unit.at, (int)held->person.len, held->person.at,
                       case_channel_name(held->channel), (long long)held->life.next_ms);
    return (struct str){ret_bytes, (size_t)len};
}

static void group_free(struct part *part, struct digest_group *group)
{
    sw_assert(list_is_empty(&group->members));
    (void)map_remove(&part->digests, group->key);
    part_timer_give(part, group->timer);
    free(group);
}

static int group_new(struct part *part, struct str key, int64_t slot_ms,
                     struct digest_group **ret_group)
{
    struct digest_group *group = calloc(1, sizeof(*group) + key.len);
    if (group == NULL) {
        return ERR_MEMORY;
    }
    memcpy(group + 1, key.at, key.len);
    group->key = (struct str){(const char *)(group + 1), key.len};
    group->slot_ms = slot_ms;
    list_init(&group->members);
    group->timer = part_timer_take(part, PART_TIMER_DIGEST, group);
    int error = group->timer == 0 ? ERR_MEMORY : map_add(&part->digests, group->key, group);
    if (error == 0) {
        error = part_timer_set(part, group->timer, slot_ms);
        if (error != 0) {
            (void)map_remove(&part->digests, group->key);
        }
    }
    if (error != 0) {
        part_timer_give(part, group->timer);
        free(group);
        return error;
    }
    *ret_group = group;
    return 0;
}

int digest_join(struct part *part, struct held *held)
{
    char bytes[GROUP_KEY_BYTES];
    struct str key = group_key(held, bytes);
    struct digest_group *group = map_get(&part->digests, key);
    int error = group != NULL ? 0 : group_new(part, key, held->life.next_ms, &group);
    if (error == 0) {
        list_remove(&held->node);
        list_push_back(&group->members, &held->node);
    }
    return error;
}

void digest_free_all(struct part *part)
{
    for (size_t i = 0; i < part->digests.count; i++) {
        free(part->digests.entries[i].value);
    }
    map_fini(&part->digests);
}

/* --- Merging ----------------------------------------------------------------------------------- */

/* One digest in the making. Everything is in the part's arena. */
struct merging {
    struct part *part;
    Shouwang__V1__Notice notice;
    struct str *subjects; /* each once */
    size_t subject_count;
    bool is_interviews; /* all of them: pupils who wait for one */
};

static ProtobufCBinaryData copy_id(struct part *part, struct ident id)
{
    struct str copy = arena_copy_str(&part->arena, ident_part(&id));
    uint8_t *bytes = NULL;
    memcpy(&bytes, &copy.at, sizeof(bytes));
    return (ProtobufCBinaryData){bytes != NULL ? IDENT_BYTES : 0, bytes};
}

static void add_subject(struct merging *merging, struct str subject)
{
    for (size_t i = 0; i < merging->subject_count; i++) {
        if (str_equal(merging->subjects[i], subject)) {
            return;
        }
    }
    merging->subjects[merging->subject_count++] = subject;
}

/* Takes one part in, and out of the changelog and memory. False: memory is out. */
static bool add_part(struct merging *merging, struct held *held, struct stream_effects *effects)
{
    struct part *part = merging->part;
    Shouwang__V1__Notice *to = &merging->notice;
    const Shouwang__V1__Notice *from = held_record(part, held);
    if (from == NULL) {
        return false;
    }
    if (to->n_merged == 0) { /* texts of the record borrow from the arena: they outlive `held` */
        to->unit = from->unit;
        to->person = from->person;
        to->role = from->role;
        to->audience = from->audience;
        to->level = from->level;
        to->legal_basis = from->legal_basis;
        to->channel = from->channel;
    }
    to->address_digest = from->address_digest;
    to->merged[to->n_merged] = copy_id(part, held->id);
    to->merged_cases[to->n_merged] = copy_id(part, held->case_id);
    if (to->merged[to->n_merged].data == NULL || to->merged_cases[to->n_merged].data == NULL) {
        return false;
    }
    to->n_merged++;
    to->n_merged_cases++;
    add_subject(merging, str_of(from->subject));
    merging->is_interviews &= strcmp(from->obligation, "interview") == 0;
    held_touch(part, held, effects);
    held_write_gone(part, held, effects);
    held_drop(part, held);
    return true;
}

static bool begin(struct merging *merging, struct part *part)
{
    Shouwang__V1__Notice *notice = &merging->notice;
    merging->part = part;
    merging->is_interviews = true;
    shouwang__v1__notice__init(notice);
    merging->subjects =
        arena_alloc_array(&part->arena, DIGEST_PARTS_MAX, sizeof(*merging->subjects));
    notice->merged = arena_alloc_array(&part->arena, DIGEST_PARTS_MAX, sizeof(*notice->merged));
    notice->merged_cases =
        arena_alloc_array(&part->arena, DIGEST_PARTS_MAX, sizeof(*notice->merged_cases));
    return merging->subjects != NULL && notice->merged != NULL && notice->merged_cases != NULL;
}

/* The id of the group's next digest: one that is held already is another's. */
static struct ident next_id(struct digest_group *group, const struct merging *merging)
{
    struct ident id;
    do {
        const struct digest_slot slot = {
            .unit = str_of(merging->notice.unit),
            .person = str_of(merging->notice.person),
            .channel = (enum case_channel)merging->notice.channel,
            .slot_ms = group->slot_ms,
            .part = group->next_part++,
        };
        id = digest_id(&slot, seal_hash128);
    } while (held_find(merging->part, id) != NULL);
    return id;
}

/* Takes the finished digest as a notice of its own. */
static int hold(struct merging *merging, struct ident id, int64_t now_ms,
                struct stream_effects *effects)
{
    static char purpose[] = "digest";
    static char interview[] = "interview";
    struct part *part = merging->part;
    Shouwang__V1__Notice *notice = &merging->notice;
    char count[FACT_BYTES];
    char *facts[] = {count};
    struct held *held = NULL;
    struct str bytes;
    (void)snprintf(count, sizeof(count), "count=%zu",
                   merging->is_interviews ? merging->subject_count : notice->n_merged);
    notice->id = copy_id(part, id);
    notice->purpose = purpose;
    if (merging->is_interviews) {
        notice->obligation = interview;
    }
    notice->facts = facts;
    notice->n_facts = 1;
    notice->may_wait = true; /* it keeps out of quiet hours */
    notice->created_at_ms = now_ms;
    notice->expires_at_ms = now_ms + LIFE_MS;
    int error =
        notice->id.data == NULL ? ERR_MEMORY : encode_message(&notice->base, &part->arena, &bytes);
    if (error == 0) {
        error = held_add(part, notice, bytes, LANE_BULK, &held);
    }
    if (error == 0) {
        held_write(part, held, effects);
        held_schedule(part, held, now_ms);
        flight_unpark(part, held->id);
        counters_add(&part->notifier->counters, COUNTER_DIGESTS, case_channel_name(held->channel),
                     NULL);
    }
    return error;
}

void digest_due(struct part *part, struct digest_group *group, int64_t now_ms,
                struct stream_effects *effects)
{
    struct merging merging = {0};
    bool is_good = begin(&merging, part);
    while (is_good && !list_is_empty(&group->members) &&
           merging.notice.n_merged < DIGEST_PARTS_MAX && part->digest_budget > 0) {
        part->digest_budget--;
        is_good = add_part(&merging, LIST_ENTRY(group->members.next, struct held, node), effects);
    }
    if (is_good && merging.notice.n_merged > 0) {
        is_good = hold(&merging, next_id(group, &merging), now_ms, effects) == 0;
    }
    if (is_good && list_is_empty(&group->members)) {
        group_free(part, group);
    } else if (!is_good || part_timer_set(part, group->timer, now_ms + AGAIN_MS) != 0) {
        service_fail(part->notifier->service, error_name(ERR_MEMORY));
    }
}
