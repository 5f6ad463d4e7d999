#include "intake/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "io/seal.h"

struct bucket {
    uint8_t hash[ORG_TOKEN_HASH_BYTES];
    int64_t filled_at_ms;
    int64_t level; /* thousandths of an event */
};

struct gate {
    int64_t per_second;
    int64_t burst;
    struct map buckets;
};

int gate_new(int64_t per_second, int64_t burst, struct gate **ret_gate)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    uint64_t seed = 0;
    if (gate == NULL) {
        return ERR_MEMORY;
    }
    seal_random(&seed, sizeof(seed));
    gate->per_second = per_second;
    gate->burst = burst;
    map_init(&gate->buckets, GATE_TOKENS_MAX, seed);
    *ret_gate = gate;
    return 0;
}

static void forget_buckets(struct gate *gate)
{
    while (gate->buckets.count > 0) {
        struct map_entry last = gate->buckets.entries[gate->buckets.count - 1];
        (void)map_remove(&gate->buckets, last.key); /* the value is in hand */
        free(last.value);
    }
}

void gate_free(struct gate *gate)
{
    if (gate == NULL) {
        return;
    }
    forget_buckets(gate);
    map_fini(&gate->buckets);
    free(gate);
}

/* The token's bucket, a full one when it is new; NULL when memory is out. */
static struct bucket *bucket_of(struct gate *gate, const struct org_token *token,
                                int64_t monotonic_ms)
{
    struct str key = {(const char *)token->hash, sizeof(token->hash)};
    struct bucket *bucket = map_get(&gate->buckets, key);
    if (bucket != NULL) {
        return bucket;
    }
    bucket = calloc(1, sizeof(*bucket));
    if (bucket == NULL) {
        return NULL;
    }
    memcpy(bucket->hash, token->hash, sizeof(bucket->hash));
    bucket->filled_at_ms = monotonic_ms;
    bucket->level = gate->burst * 1000;
    if (gate->buckets.count == GATE_TOKENS_MAX) {
        forget_buckets(gate);
    }
    key.at = (const char *)bucket->hash;
    if (map_add(&gate->buckets, key, bucket) != 0) {
        free(bucket);
        return NULL;
    }
    return bucket;
}

/* Takes `cost` out of the bucket if `floor` is left after it. */
static bool take(struct gate *gate, struct bucket *bucket, int64_t cost, int64_t floor,
                 int64_t monotonic_ms, int64_t *ret_wait_ms)
{
    int64_t most = gate->burst * 1000;
    int64_t elapsed_ms = monotonic_ms - bucket->filled_at_ms;
    int64_t to_full_ms = (most - bucket->level) / gate->per_second + 1;
    bucket->level = elapsed_ms >= to_full_ms ? most : bucket->level + elapsed_ms * gate->per_second;
    bucket->filled_at_ms = monotonic_ms;
    if (bucket->level < cost + floor) {
        *ret_wait_ms = (cost + floor - bucket->level) / gate->per_second + 1;
        return false;
    }
    bucket->level -= cost;
    return true;
}

bool gate_take(struct gate *gate, const struct org_token *token, size_t events,
               int64_t monotonic_ms, int64_t *ret_wait_ms)
{
    struct bucket *bucket = bucket_of(gate, token, monotonic_ms);
    int64_t most = gate->burst * 1000;
    int64_t cost = events > (size_t)gate->burst ? most : (int64_t)events * 1000;
    if (bucket == NULL) {
        *ret_wait_ms = 1000;
        return false;
    }
    return take(gate, bucket, cost, 0, monotonic_ms, ret_wait_ms);
}

bool gate_take_spare(struct gate *gate, const struct org_token *token, size_t events,
                     int64_t monotonic_ms, int64_t *ret_wait_ms)
{
    struct bucket *bucket = bucket_of(gate, token, monotonic_ms);
    int64_t half = gate->burst * 1000 / 2;
    int64_t cost = (int64_t)events * 1000 > half ? half : (int64_t)events * 1000;
    if (bucket == NULL) {
        *ret_wait_ms = 1000;
        return false;
    }
    return take(gate, bucket, cost, half, monotonic_ms, ret_wait_ms);
}

enum reject_reason gate_allows(const struct org *org, const struct org_token *token,
                               const struct gate_claim *claim, int64_t utc_ms)
{
    char kind[EVENT_KIND_MAX_BYTES + 32];
    if (org_find_unit(org, claim->unit) == NULL) {
        return REJECT_UNIT_UNKNOWN;
    }
    if (!org_is_within(org, claim->unit, token->unit)) {
        return REJECT_UNIT_NOT_ALLOWED;
    }
    if (token->source.len > 0 && !str_equal(token->source, claim->source)) {
        return REJECT_SOURCE_NOT_ALLOWED;
    }
    int len = snprintf(kind, sizeof(kind), "%s.%.*s", event_family_name(claim->family),
                       (int)claim->kind.len, claim->kind.at);
    return org_token_allows(org, token, claim->unit, (struct str){kind, (size_t)len}, utc_ms)
               ? REJECT_NONE
               : REJECT_KIND_NOT_ALLOWED;
}
