/* Each request reads the partner's topic by a reader of its own, from the cursor on: until it has enough, or stands at the
 * end and has something or has waited long enough. A few at a time; more are told to come again. */
#include "console/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "io/kafka.h"
#include "shell/bearer.h"
#include "shouwang/v1/feed.pb-c.h"
#include "wire/decode.h"
#include "wire/json.h"

enum {
    PARTITIONS_MAX = 1024,
    LIMIT = 100,
    LIMIT_MAX = 500,
    WAIT_MAX_S = 30,
    SILENCE_MS = 10000, /* of Kafka, before its end is reached */
    REPLY_BYTES_MAX = 4 << 20,
    RECORD_BYTES_MAX = 16 << 20,
};

struct reading {
    struct list node;
    struct feed *feed;
    struct http_request *request;
    struct kafka_reader *reader;
    struct loop_timer *timer;
    int64_t next[PARTITIONS_MAX]; /* offsets; -1: its beginning */
    int64_t limit;
    int64_t count;
    int64_t until_ms; /* monotonic */
    bool is_full;     /* no more goes in */
    bool at_end;
    bool gap;
    struct buffer entries;
    struct arena scratch;
};

struct feed {
    struct console *console;
    struct list readings;
    size_t count;
};

/* ---- the cursor: "<partition>-<offset>." for each partition */

static bool read_cursor(struct reading *reading, const char *text)
{
    for (size_t i = 0; i < PARTITIONS_MAX; i++) {
        reading->next[i] = -1;
    }
    while (*text != '\0') {
        const char *dash = strchr(text, '-');
        const char *dot = dash == NULL ? NULL : strchr(dash, '.');
        int64_t partition;
        int64_t offset;
        if (dot == NULL ||
            !str_to_int64((struct str){text, (size_t)(dash - text)}, 0, PARTITIONS_MAX - 1,
                          &partition) ||
            !str_to_int64((struct str){dash + 1, (size_t)(dot - dash - 1)}, 0, INT64_MAX,
                          &offset)) {
            return false;
        }
        reading->next[partition] = offset;
        text = dot + 1;
    }
    return true;
}

static void add_cursor(const struct reading *reading, struct buffer *text)
{
    for (size_t i = 0; i < PARTITIONS_MAX; i++) {
        if (reading->next[i] >= 0) {
            buffer_format(text, "%zu-%" PRId64 ".", i, reading->next[i]);
        }
    }
}

/* ---- one request */

static void reading_free(struct reading *reading)
{
    list_remove(&reading->node);
    reading->feed->count--;
    kafka_reader_free(reading->reader);
    loop_timer_free(reading->timer);
    buffer_fini(&reading->entries);
    arena_fini(&reading->scratch);
    free(reading);
}

/* Where all was read, partitions without a record have a position, too; else they begin where they began. */
static void note_positions(struct reading *reading)
{
    int64_t offsets[PARTITIONS_MAX];
    size_t count = reading->at_end && !reading->is_full
                       ? kafka_reader_positions(reading->reader, 0, PARTITIONS_MAX, offsets)
                       : 0;
    for (size_t i = 0; i < count; i++) {
        reading->next[i] = offsets[i];
    }
}

static void answer(struct reading *reading)
{
    struct buffer text;
    buffer_init(&text, REPLY_BYTES_MAX + (64 << 10));
    note_positions(reading);
    buffer_add_text(&text, "{\"entries\":[");
    buffer_add(&text, buffer_str(&reading->entries));
    buffer_add_text(&text, "],\"cursor\":\"");
    add_cursor(reading, &text);
    buffer_format(&text, "\",\"gap\":%s}", reading->gap ? "true" : "false");
    http_reply_json(reading->request, 200, buffer_str(&text));
    buffer_fini(&text);
    reading_free(reading);
}

/* What the reader's calls may not do themselves. */
static void turn(void *ctx)
{
    struct reading *reading = ctx;
    int64_t now_ms = loop_monotonic_ms();
    if (reading->is_full ||
        (reading->at_end && (reading->count > 0 || now_ms >= reading->until_ms))) {
        answer(reading);
    } else if (!reading->at_end && now_ms >= reading->until_ms + SILENCE_MS) {
        http_reply_text(reading->request, 503, "the feed cannot be read now: is there one yet?");
        reading_free(reading);
    } else {
        loop_timer_set(reading->timer, reading->until_ms + (reading->at_end ? 0 : SILENCE_MS));
    }
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct reading *reading = ctx;
    ProtobufCMessage *message = NULL;
    struct fault fault = {.reason = REJECT_NONE};
    struct str json;
    if (reading->is_full) {
        return; /* the rest of its batch: not shown, and not behind the cursor */
    }
    arena_reset(&reading->scratch);
    if (decode_message(&shouwang__v1__feed_entry__descriptor, record->value, &reading->scratch,
                       &fault, &message) == 0 &&
        json_write_message(message, JSON_WRITE_TIMES, &reading->scratch, &json) == 0) {
        size_t before = reading->entries.len;
        buffer_add_text(&reading->entries, before > 0 ? "," : "");
        buffer_add(&reading->entries, json);
        if (reading->entries.overflowed) {
            reading->entries.len = before;
            reading->is_full = true;
            loop_timer_after(reading->timer, 0);
            return;
        }
        reading->is_full = ++reading->count == reading->limit;
    }
    reading->next[record->partition] = record->offset + 1;
    loop_timer_after(reading->timer, 0);
}

static void take_end(void *ctx)
{
    struct reading *reading = ctx;
    reading->at_end = true;
    loop_timer_after(reading->timer, 0);
}

static void take_gap(void *ctx, enum topic topic, int32_t partition, int64_t from, int64_t to)
{
    struct reading *reading = ctx;
    (void)topic;
    (void)partition;
    (void)from;
    (void)to;
    reading->gap = true;
}

static int open_reader(struct reading *reading, struct str partner)
{
    struct console *console = reading->feed->console;
    const struct kafka_source source = {.partner = partner,
                                        .from = KAFKA_FROM_OFFSETS,
                                        .offsets = reading->next,
                                        .offset_count = PARTITIONS_MAX};
    int error = loop_timer_new(console->loop, LOOP_MONOTONIC, turn, reading, &reading->timer);
    error = error != 0 ? error
                       : kafka_reader_new(console->loop, service_config(console->service), &source,
                                          1, &reading->reader);
    if (error == 0) {
        kafka_reader_set_calls(
            reading->reader,
            &(struct kafka_reader_calls){.record = take, .caught_up = take_end, .gap = take_gap},
            reading);
        loop_timer_set(reading->timer, reading->until_ms + SILENCE_MS);
    }
    return error;
}

/* ---- requests */

/* The partner whose feed the token may read; empty: none. */
static struct str partner_of(const struct org_token *token)
{
    static const char head[] = "feed.";
    for (size_t i = 0; i < token->kind_count; i++) {
        struct str kind = token->kinds[i];
        struct str partner = {kind.at + sizeof(head) - 1, kind.len - (sizeof(head) - 1)};
        if (str_starts(kind, STR_LITERAL("feed.")) && partner.len >= 1 && partner.len <= 48 &&
            memchr(partner.at, '*', partner.len) == NULL &&
            memchr(partner.at, '.', partner.len) == NULL) {
            return partner;
        }
    }
    return STR_LITERAL("");
}

/* Of the query; not given: as it is. */
static bool read_number(const struct http_request *request, const char *name, int64_t min,
                        int64_t max, int64_t *ret_value)
{
    const char *text = http_query(request, name);
    return text == NULL || str_to_int64(str_of(text), min, max, ret_value);
}

static void begin(struct feed *feed, struct http_request *request, struct str partner,
                  int64_t limit, int64_t wait_s)
{
    const char *after = http_query(request, "after");
    struct reading *reading = feed->count < FEED_READERS_MAX ? calloc(1, sizeof(*reading)) : NULL;
    if (reading == NULL) {
        http_reply_text(request, 503, "too many readers: come again");
        return;
    }
    reading->feed = feed;
    reading->request = request;
    reading->limit = limit;
    reading->until_ms = loop_monotonic_ms() + wait_s * 1000;
    buffer_init(&reading->entries, REPLY_BYTES_MAX);
    arena_init(&reading->scratch, RECORD_BYTES_MAX);
    list_push_back(&feed->readings, &reading->node);
    feed->count++;
    if (!read_cursor(reading, after == NULL ? "" : after)) {
        http_reply_text(request, 400, "after: a cursor that an answer gave");
        reading_free(reading);
    } else if (open_reader(reading, partner) != 0) {
        http_reply_text(request, 503, "the feed cannot be read now");
        reading_free(reading);
    }
}

void feed_get(struct http_request *request, void *ctx)
{
    struct feed *feed = ctx;
    const struct org_token *token = bearer_token(
        tables_org(feed->console->tables), http_header(request, "Authorization"), loop_utc_ms());
    int64_t limit = LIMIT;
    int64_t wait_s = 0;
    if (token == NULL) {
        http_reply_text(request, 401, "a bearer token is wanted");
        return;
    }
    struct str partner = partner_of(token);
    if (partner.len == 0) {
        http_reply_text(request, 403, "this token reads no feed");
    } else if (!read_number(request, "limit", 1, LIMIT_MAX, &limit) ||
               !read_number(request, "wait", 0, WAIT_MAX_S, &wait_s)) {
        http_reply_text(request, 400, "limit: 1 to 500, wait: 0 to 30");
    } else {
        begin(feed, request, partner, limit, wait_s);
    }
}

struct feed *feed_new(struct console *console)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (feed != NULL) {
        feed->console = console;
        list_init(&feed->readings);
    }
    return feed;
}

void feed_free(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    while (!list_is_empty(&feed->readings)) {
        answer(LIST_ENTRY(feed->readings.next, struct reading, node));
    }
    free(feed);
}
