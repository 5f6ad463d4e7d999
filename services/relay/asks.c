/* A question is answered at once where memory has all of it and the credit covers it; else it becomes a job with a
 * reader of its own. A job sends while it has credit and its client takes it, and stops reading otherwise; few jobs run at
 * a time, and one whose client gives no credit for a while ends. */
#include "relay/asks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "io/buffer.h"
#include "io/kafka.h"
#include "relay/wish.h"

enum { PEER_MAX_BYTES = 256, POSITION_MAX_BYTES = 64 * 1024, AGAIN_MS = 20 };

struct job {
    struct list node;
    struct asks *of;
    struct wish wish;
    char peer[PEER_MAX_BYTES];
    size_t peer_len;
    struct kafka_reader *reader;
    struct list pending; /* parcels read and not yet sent */
    bool is_read;        /* to the end seen at its start */
    int64_t credit_ms;   /* when credit last came, monotonic */
    struct loop_timer *timer;
};

struct asks {
    struct asks_setup setup;
    struct list jobs;
    size_t job_count;
    struct asks_counts counts;
};

/* ---- answers */

static int answer(struct asks *asks, struct str peer, const struct str *frames, size_t count)
{
    return zmq_server_answer(asks->setup.server, peer, frames, count);
}

static void refuse(struct asks *asks, struct str peer, struct str id, const char *reason)
{
    const struct str frames[] = {STR_LITERAL("ERROR"), id, str_of(reason)};
    asks->counts.refused++;
    (void)answer(asks, peer, frames, 3); /* a peer that has gone misses nothing */
}

static int send_parcel(struct asks *asks, struct str peer, struct str id,
                       const struct parcel *parcel)
{
    struct str frames[2 + PARCEL_PARTS] = {STR_LITERAL("DATA"), id};
    memcpy(&frames[2], parcel->parts, sizeof(parcel->parts));
    return answer(asks, peer, frames, 2 + PARCEL_PARTS);
}

static void add_position(struct buffer *text, struct str name, const int64_t *offsets, size_t count)
{
    buffer_add(text, name);
    for (size_t i = 0; i < count; i++) {
        buffer_format(text, " %zu:%" PRId64, i, offsets[i]);
    }
}

/* END with the next offset of every partition, of each stream that was wished for. `next` answers those of one. */
static int send_end(struct asks *asks, struct str peer, const struct wish *wish,
                    const struct job *job)
{
    struct str frames[2 + WISH_STREAMS_MAX] = {STR_LITERAL("END"), {wish->id, wish->id_len}};
    struct buffer texts[WISH_STREAMS_MAX];
    for (size_t i = 0; i < wish->stream_count; i++) {
        int64_t offsets[RECENT_PARTITIONS_MAX];
        uint32_t number = wish->streams[i].number;
        size_t count = job != NULL
                           ? kafka_reader_positions(job->reader, i, RECENT_PARTITIONS_MAX, offsets)
                           : streams_positions(asks->setup.streams, number, offsets);
        buffer_init(&texts[i], POSITION_MAX_BYTES);
        add_position(&texts[i], streams_name(asks->setup.streams, number), offsets, count);
        frames[2 + i] = buffer_str(&texts[i]);
    }
    int error = answer(asks, peer, frames, 2 + wish->stream_count);
    for (size_t i = 0; i < wish->stream_count; i++) {
        buffer_fini(&texts[i]);
    }
    return error;
}

/* ---- from memory */

/* All of the stream from the offset wished for on is in memory, and nothing is wished for that this relay has not yet. */
static bool reaches_back(const struct asks *asks, const struct wish_stream *stream)
{
    int64_t live[RECENT_PARTITIONS_MAX];
    const struct recent *recent = streams_recent(asks->setup.streams);
    size_t count = streams_positions(asks->setup.streams, stream->number, live);
    for (size_t i = 0; i < count; i++) {
        int64_t floor = recent_floor(recent, stream->number, (int32_t)i);
        int64_t wished = stream->offsets[i];
        if (wished < (floor < 0 ? live[i] : floor) || wished > live[i]) {
            return false;
        }
    }
    return true;
}

struct from_memory {
    struct asks *asks;
    const struct wish *wish;
    struct str peer;
    int64_t count;
    int error;
};

static void count_parcel(void *ctx, const struct parcel *parcel)
{
    struct from_memory *work = ctx;
    work->count += wish_wants(work->wish, parcel);
}

static void send_wanted(void *ctx, const struct parcel *parcel)
{
    struct from_memory *work = ctx;
    if (work->error == 0 && wish_wants(work->wish, parcel)) {
        struct str id = {work->wish->id, work->wish->id_len};
        work->error = send_parcel(work->asks, work->peer, id, parcel);
    }
}

/* False: it takes more than memory or credit has. */
static bool answer_from_memory(struct asks *asks, const struct wish *wish, struct str peer)
{
    const struct recent *recent = streams_recent(asks->setup.streams);
    struct from_memory work = {.asks = asks, .wish = wish, .peer = peer};
    for (size_t i = 0; i < wish->stream_count; i++) {
        if (!reaches_back(asks, &wish->streams[i])) {
            return false;
        }
    }
    recent_each(recent, count_parcel, &work);
    if (work.count > wish->credit) {
        return false;
    }
    recent_each(recent, send_wanted, &work);
    /* A queue that is full has lost the answer's end: the client asks again when none comes. */
    work.error = work.error != 0 ? work.error : send_end(asks, peer, wish, NULL);
    asks->counts.from_memory++;
    return true;
}

/* ---- from Kafka */

static void job_free(struct job *job)
{
    list_remove(&job->node);
    job->of->job_count--;
    kafka_reader_free(job->reader);
    loop_timer_free(job->timer);
    wish_fini(&job->wish);
    for (struct list *node = list_pop_front(&job->pending); node != NULL;
         node = list_pop_front(&job->pending)) {
        free(LIST_ENTRY(node, struct parcel, node));
    }
    free(job);
}

static struct str peer_of(const struct job *job)
{
    return (struct str){job->peer, job->peer_len};
}

static struct str id_of(const struct job *job)
{
    return (struct str){job->wish.id, job->wish.id_len};
}

/* 0: all that is pending went out, or there is no credit. */
static int send_pending(struct job *job)
{
    int error = 0;
    while (error == 0 && job->wish.credit > 0 && !list_is_empty(&job->pending)) {
        struct parcel *parcel = LIST_ENTRY(job->pending.next, struct parcel, node);
        error = send_parcel(job->of, peer_of(job), id_of(job), parcel);
        if (error == 0) {
            job->wish.credit--;
            list_remove(&parcel->node);
            free(parcel);
        }
    }
    return error;
}

/* The job's one clock: sends, reads on, ends. */
static void turn(void *ctx)
{
    struct job *job = ctx;
    struct asks *asks = job->of;
    int error = send_pending(job);
    if (error == 0 && job->is_read && list_is_empty(&job->pending)) {
        error = send_end(asks, peer_of(job), &job->wish, job);
        if (error == 0) {
            job_free(job);
            return;
        }
    }
    int64_t waited_ms = loop_monotonic_ms() - job->credit_ms;
    if (error != 0 && error != ERR_FULL) {
        job_free(job); /* the peer has gone */
        return;
    }
    bool waits = !list_is_empty(&job->pending) || job->wish.credit == 0;
    if (waits && waited_ms > asks->setup.patience_ms) {
        refuse(asks, peer_of(job), id_of(job), "no_credit");
        job_free(job);
        return;
    }
    kafka_reader_pause(job->reader, waits || job->is_read);
    loop_timer_after(job->timer, error == ERR_FULL ? AGAIN_MS : asks->setup.patience_ms);
}

static void take_record(void *ctx, const struct kafka_record *record)
{
    struct job *job = ctx;
    const struct streams *streams = job->of->setup.streams;
    char room[AREA_PATH_BYTES];
    /* Alerts are number 0, and the other one is the client's feed. */
    const struct wish_stream *stream = &job->wish.streams[0];
    if (job->wish.stream_count > 1 && record->topic != TOPIC_ALERTS) {
        stream = &job->wish.streams[1];
    }
    struct parcel *parcel = parcel_new(streams_name(streams, stream->number), stream->number,
                                       areas_path(job->of->setup.areas, record->key, room), record);
    if (parcel == NULL || !wish_wants(&job->wish, parcel)) {
        free(parcel);
        return;
    }
    list_push_back(&job->pending, &parcel->node);
    kafka_reader_pause(job->reader, true); /* what its batch still has comes all the same */
    loop_timer_after(job->timer, 0);
}

static void take_end(void *ctx)
{
    struct job *job = ctx;
    job->is_read = true;
    loop_timer_after(job->timer, 0);
}

static void take_gap(void *ctx, enum topic topic, int32_t partition, int64_t from, int64_t to)
{
    struct job *job = ctx;
    size_t index = job->wish.stream_count > 1 && topic != TOPIC_ALERTS ? 1 : 0;
    char text[96];
    int len = snprintf(text, sizeof(text), "%" PRId32 " %" PRId64 " %" PRId64, partition, from, to);
    const struct str frames[] = {
        STR_LITERAL("GAP"),
        id_of(job),
        streams_name(job->of->setup.streams, job->wish.streams[index].number),
        {text, (size_t)len}};
    (void)answer(job->of, peer_of(job), frames, 4); /* a warning: END says where it stands */
}

static int open_reader(struct asks *asks, struct job *job)
{
    struct kafka_source sources[WISH_STREAMS_MAX];
    for (size_t i = 0; i < job->wish.stream_count; i++) {
        const struct wish_stream *stream = &job->wish.streams[i];
        sources[i] = (struct kafka_source){
            .topic = TOPIC_ALERTS,
            .partner = stream->number == 0 ? STR_LITERAL("")
                                           : streams_name(asks->setup.streams, stream->number),
            .from = KAFKA_FROM_OFFSETS,
            .offsets = stream->offsets,
            .offset_count = RECENT_PARTITIONS_MAX};
    }
    int error = kafka_reader_new(asks->setup.loop, asks->setup.config, sources,
                                 job->wish.stream_count, &job->reader);
    if (error == 0) {
        kafka_reader_set_calls(job->reader,
                               &(struct kafka_reader_calls){
                                   .record = take_record, .caught_up = take_end, .gap = take_gap},
                               job);
    }
    return error;
}

/* Takes the wish, whatever happens. */
static const char *start_job(struct asks *asks, struct wish *wish, struct str peer)
{
    struct job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        wish_fini(wish);
        return "no_memory";
    }
    job->of = asks;
    job->wish = *wish;
    memcpy(job->peer, peer.at, peer.len);
    job->peer_len = peer.len;
    job->credit_ms = loop_monotonic_ms();
    list_init(&job->pending);
    list_push_back(&asks->jobs, &job->node);
    asks->job_count++;
    int error = loop_timer_new(asks->setup.loop, LOOP_MONOTONIC, turn, job, &job->timer);
    error = error != 0 ? error : open_reader(asks, job);
    if (error != 0) {
        job_free(job);
        return "unavailable";
    }
    loop_timer_after(job->timer, asks->setup.patience_ms);
    asks->counts.from_kafka++;
    return NULL;
}

static struct job *find_job(struct asks *asks, struct str peer)
{
    for (struct list *node = asks->jobs.next; node != &asks->jobs; node = node->next) {
        struct job *job = LIST_ENTRY(node, struct job, node);
        if (str_equal(peer_of(job), peer)) {
            return job;
        }
    }
    return NULL;
}

/* ---- questions */

static void take_question(struct asks *asks, const struct client *client, struct str peer,
                          const struct str *frames, size_t count)
{
    struct wish wish;
    struct str id = frames[1].len <= WISH_ID_MAX_BYTES ? frames[1] : STR_LITERAL("");
    const char *reason = wish_read(client, asks->setup.streams, frames, count, &wish);
    if (reason == NULL && answer_from_memory(asks, &wish, peer)) {
        wish_fini(&wish);
        return;
    }
    if (reason == NULL && (asks->job_count >= ASK_JOBS_MAX || find_job(asks, peer) != NULL)) {
        reason = "busy";
    }
    if (reason != NULL) {
        wish_fini(&wish);
    } else {
        reason = start_job(asks, &wish, peer);
    }
    if (reason != NULL) {
        refuse(asks, peer, id, reason);
    }
}

static void take_credit(struct asks *asks, struct str peer, struct str id, struct str text)
{
    struct job *job = find_job(asks, peer);
    int64_t more;
    if (job == NULL || !str_equal(id_of(job), id)) {
        return; /* it has ended meanwhile */
    }
    if (!str_to_int64(text, 1, ASK_CREDIT_MAX, &more)) {
        refuse(asks, peer, id, "malformed");
        return;
    }
    job->wish.credit += more;
    job->wish.credit = job->wish.credit > ASK_CREDIT_MAX ? ASK_CREDIT_MAX : job->wish.credit;
    job->credit_ms = loop_monotonic_ms();
    loop_timer_after(job->timer, 0);
}

void asks_take(struct asks *asks, const struct client *client, struct str peer,
               const struct str *frames, size_t count)
{
    struct str id = count > 1 ? frames[1] : STR_LITERAL("");
    if (peer.len > PEER_MAX_BYTES) {
        return; /* libzmq's own bound is 255 */
    }
    if (count >= 4 && (str_is(frames[0], "SNAPSHOT") || str_is(frames[0], "RESUME"))) {
        take_question(asks, client, peer, frames, count);
    } else if (count == 3 && str_is(frames[0], "CREDIT")) {
        take_credit(asks, peer, id, frames[2]);
    } else if (count == 2 && str_is(frames[0], "CANCEL")) {
        struct job *job = find_job(asks, peer);
        if (job != NULL && str_equal(id_of(job), id)) {
            job_free(job);
        }
    } else {
        refuse(asks, peer, id.len <= WISH_ID_MAX_BYTES ? id : STR_LITERAL(""), "malformed");
    }
}

/* ---- life */

struct asks *asks_new(const struct asks_setup *setup)
{
    struct asks *asks = calloc(1, sizeof(*asks));
    if (asks != NULL) {
        asks->setup = *setup;
        list_init(&asks->jobs);
    }
    return asks;
}

void asks_free(struct asks *asks)
{
    if (asks == NULL) {
        return;
    }
    while (!list_is_empty(&asks->jobs)) {
        job_free(LIST_ENTRY(asks->jobs.next, struct job, node));
    }
    free(asks);
}

struct asks_counts asks_counts(const struct asks *asks)
{
    struct asks_counts counts = asks->counts;
    counts.running = asks->job_count;
    return counts;
}
