#include "core/notice/digest.h"

#include "base/assert.h"

enum { MINUTE_MS = 60 * 1000 };

/* The instant of a minute of a local day; past its end it is of the next. */
static int64_t instant(const struct zone *zone, int64_t day, uint32_t minute)
{
    return zone_from_local(zone, day, (int64_t)minute * MINUTE_MS);
}

int64_t digest_wake_ms(const struct policy_digest *plan, const struct zone *zone, int64_t at_ms)
{
    struct zone_local local = zone_to_local(zone, at_ms);
    uint32_t minute = (uint32_t)(local.day_ms / MINUTE_MS);
    if (!policy_is_quiet(plan, minute)) {
        return at_ms;
    }
    int64_t day = local.day + (minute >= plan->quiet_to_minute ? 1 : 0);
    int64_t wake_ms = instant(zone, day, plan->quiet_to_minute);
    return wake_ms > at_ms ? wake_ms : at_ms; /* an hour that comes twice */
}

int64_t digest_next_ms(const struct policy_digest *plan, const struct zone *zone, int64_t now_ms)
{
    struct zone_local local = zone_to_local(zone, now_ms);
    sw_assert(plan->count <= POLICY_DIGESTS_MAX);
    if (plan->count == 0) {
        return digest_wake_ms(plan, zone, now_ms);
    }
    for (int64_t day = local.day; day <= local.day + 1; day++) {
        for (size_t i = 0; i < plan->count; i++) {
            int64_t at_ms = instant(zone, day, plan->at_minute[i]);
            if (at_ms > now_ms) {
                return at_ms;
            }
        }
    }
    return instant(zone, local.day + 2,
                   plan->at_minute[0]); /* a day that a clock change made shorter */
}

int64_t digest_slot_ms(const struct policy_digest *plan, const struct zone *zone,
                       enum case_channel channel, int64_t now_ms, int64_t expires_ms)
{
    bool is_written = channel == CASE_CHANNEL_SMS || channel == CASE_CHANNEL_WECOM ||
                      channel == CASE_CHANNEL_MAIL;
    if (plan->count == 0 || !is_written) {
        return now_ms;
    }
    int64_t slot_ms = digest_next_ms(plan, zone, now_ms);
    return slot_ms < expires_ms ? slot_ms : now_ms;
}

struct ident digest_id(const struct digest_slot *slot, ident_hash_fn hash)
{
    int64_t numbers[3] = {(int64_t)slot->channel, slot->slot_ms, (int64_t)slot->part};
    const struct str parts[] = {
        STR_LITERAL("digest"), slot->unit, slot->person, {(const char *)numbers, sizeof(numbers)}};
    return ident_derive(hash, parts, sizeof(parts) / sizeof(parts[0]));
}
