#include "notifier/claim.h"

#include <stdio.h>

#include "base/assert.h"

enum { KEEP_MS = 24 * 60 * 60 * 1000, KEY_BYTES = 192, VALUE_BYTES = 96 };

static void make_key(const struct flight *flight, char ret_key[KEY_BYTES])
{
    (void)snprintf(ret_key, KEY_BYTES, "%s:notice:%s", flight->notifier->topic_prefix,
                   flight->id_text);
}

static void make_ttl(const struct flight *flight, char ret_ttl[24])
{
    int64_t left_ms = flight->expires_ms - loop_utc_ms();
    left_ms = left_ms > 0 ? left_ms : 0;
    left_ms = left_ms < 7LL * KEEP_MS ? left_ms : 7LL * KEEP_MS;
    (void)snprintf(ret_ttl, 24, "%lld", (long long)(left_ms + KEEP_MS));
}

/* Sends and does not wait; a claim that is lost is the window that is counted. */
static void put(const struct flight *flight, const char *value)
{
    char key[KEY_BYTES];
    char ttl[24];
    make_key(flight, key);
    make_ttl(flight, ttl);
    struct str arguments[] = {STR_LITERAL("SET"), str_of(key), str_of(value), STR_LITERAL("PX"),
                              str_of(ttl)};
    struct redis_command command = {arguments, 5, 0};
    if (redis_send(flight->notifier->redis, &command, NULL, NULL) != 0) {
        return; /* away: nothing to do */
    }
}

static enum claim_outcome read_old(struct flight *flight, const struct redis_value *value)
{
    struct str old = redis_value_str(value);
    if (redis_value_type(value) == REDIS_NIL || str_is(old, flight->notifier->claim)) {
        return CLAIM_OURS;
    }
    if (str_starts(old, STR_LITERAL("accepted"))) {
        return CLAIM_ACCEPTED;
    }
    put(flight, flight->notifier->claim);
    return CLAIM_THEIRS;
}

static void claimed(enum redis_outcome outcome, const struct redis_value *value, void *ctx)
{
    struct flight *flight = ctx;
    claim_done_fn done = flight->claim_done;
    done(flight, outcome == REDIS_REPLY ? read_old(flight, value) : CLAIM_AWAY);
}

bool claim_begin(struct flight *flight, claim_done_fn done)
{
    char key[KEY_BYTES];
    char ttl[24];
    make_key(flight, key);
    make_ttl(flight, ttl);
    struct str arguments[] = {
        STR_LITERAL("SET"), str_of(key),        str_of(flight->notifier->claim),
        STR_LITERAL("NX"),  STR_LITERAL("GET"), STR_LITERAL("PX"),
        str_of(ttl)};
    struct redis_command command = {arguments, 7, 0};
    flight->claim_done = done;
    return redis_send(flight->notifier->redis, &command, claimed, flight) == 0;
}

void claim_end(const struct flight *flight)
{
    char key[KEY_BYTES];
    char value[VALUE_BYTES];
    sw_assert(flight->is_claimed);
    switch (flight->answer.kind) {
    case NOTICE_ANSWER_TAKEN:
        (void)snprintf(value, sizeof(value), "accepted %s", flight->message_id);
        put(flight, value);
        return;
    case NOTICE_ANSWER_SILENT:
        return;
    case NOTICE_ANSWER_LATER:
    case NOTICE_ANSWER_THROTTLED:
    case NOTICE_ANSWER_NEVER:
    case NOTICE_ANSWER_STOPPED:
        break;
    }
    make_key(flight, key);
    struct str arguments[] = {STR_LITERAL("DEL"), str_of(key)};
    struct redis_command command = {arguments, 2, 0};
    if (redis_send(flight->notifier->redis, &command, NULL, NULL) != 0) {
        return; /* it stays ours: the next attempt finds it so */
    }
}
