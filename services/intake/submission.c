#include "intake/submission.h"

#include <stdlib.h>
#include <string.h>

#include "intake/reply.h"
#include "intake/take.h"
#include "io/log.h"
#include "wire/json.h"

static struct submission *submission_new(struct intake *intake, struct http_request *request,
                                         size_t count)
{
    struct submission *submission =
        calloc(1, sizeof(*submission) + count * sizeof(submission->items[0]));
    if (submission == NULL) {
        return NULL;
    }
    submission->intake = intake;
    submission->request = request;
    submission->began_us = loop_monotonic_us();
    submission->waiting = 1;
    submission->count = count;
    for (size_t i = 0; i < count; i++) {
        submission->items[i].submission = submission;
    }
    list_push_back(&intake->submissions, &submission->link);
    return submission;
}

static void submission_free(struct submission *submission)
{
    list_remove(&submission->link);
    free(submission);
}

void submission_free_all(struct intake *intake)
{
    while (intake->submissions.next != NULL && !list_is_empty(&intake->submissions)) {
        submission_free(LIST_ENTRY(intake->submissions.next, struct submission, link));
    }
}

/* One answer less to wait for; after the last one the sender gets its own. */
static void settle(struct submission *submission)
{
    if (--submission->waiting == 0) {
        reply_submission(submission);
        submission_free(submission);
    }
}

static void item_end(struct item *item, enum item_state state)
{
    struct counters *counters = &item->submission->intake->counters;
    item->state = state;
    if (state == ITEM_ACCEPTED) {
        counters_accepted(counters, item->family);
    } else if (state == ITEM_REFUSED) {
        counters_event(counters, "refused");
        counters_refused(counters, reject_reason_code(item->fault.reason));
    } else {
        counters_event(counters, "unavailable");
    }
}

/* What became of an error on the way to Kafka. */
static void item_fail(struct item *item, int error)
{
    if (error == ERR_TOO_LARGE) {
        (void)fault_set(&item->fault, REJECT_TOO_LARGE, "", FAULT_NO_BYTE);
    }
    item_end(item,
             error == ERR_INVALID || error == ERR_TOO_LARGE ? ITEM_REFUSED : ITEM_UNAVAILABLE);
}

/* Kafka's answer for one event. */
static void produced(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct item *item = ctx;
    (void)partition;
    (void)offset;
    item->submission->intake->in_flight--;
    if (error == 0) {
        item_end(item, ITEM_ACCEPTED);
    } else {
        log_debug("produce_failed", log_error_code("why", error));
        item_fail(item, error);
    }
    settle(item->submission);
}

/* So that the sender knows which one is meant; an id that could not be written back as it is, is left out. */
static void keep_id(struct item *item, struct str id)
{
    bool clean = id.len < sizeof(item->id);
    for (size_t i = 0; clean && i < id.len; i++) {
        clean = id.at[i] > 0x20 && id.at[i] < 0x7F;
    }
    if (clean) {
        memcpy(item->id, id.at, id.len);
    }
}

static int send_item(struct item *item, const struct org_token *token,
                     const struct cloudevent *source)
{
    struct submission *submission = item->submission;
    const struct take take = {token, source, produced, item};
    keep_id(item, source->id);
    int error = take_event(submission->intake, &take, &item->fault, &item->family);
    submission->waiting += error == 0 ? 1 : 0;
    return error;
}

static const char *header_of(void *ctx, const char *name)
{
    return http_header(ctx, name);
}

/* Reads one event from `json`: an object of structured or batch mode, or the data of binary mode. */
static int read_source(struct item *item, enum cloudevent_mode mode, const struct json_t *json,
                       struct cloudevent *ret_source)
{
    struct submission *submission = item->submission;
    struct arena *arena = &submission->intake->arena;
    arena_reset(arena);
    if (mode == CLOUDEVENT_BINARY) {
        return cloudevent_read_http(header_of, submission->request, json, arena, &item->fault,
                                    ret_source);
    }
    if (mode == CLOUDEVENT_BATCH && http_body(submission->request).len > CLOUDEVENT_MAX_BYTES &&
        json_compact_bytes(json) > CLOUDEVENT_MAX_BYTES) {
        return fault_set(&item->fault, REJECT_TOO_LARGE, "", CLOUDEVENT_MAX_BYTES);
    }
    return cloudevent_read_object(json, arena, &item->fault, ret_source);
}

static void take_items(struct submission *submission, const struct org_token *token,
                       enum cloudevent_mode mode, const struct json_t *json)
{
    for (size_t i = 0; i < submission->count; i++) {
        struct item *item = &submission->items[i];
        struct cloudevent source;
        const struct json_t *one = mode == CLOUDEVENT_BATCH ? json_element(json, i) : json;
        int error = read_source(item, mode, one, &source);
        if (error == 0) {
            error = send_item(item, token, &source);
        }
        if (error != 0) {
            item_fail(item, error);
        }
    }
}

/* How many events the body holds, when it holds what its mode asks for. */
static int count_events(enum cloudevent_mode mode, const struct json_t *json,
                        struct fault *ret_fault, size_t *ret_count)
{
    *ret_count = 1;
    if (mode != CLOUDEVENT_BATCH) {
        return 0;
    }
    if (!json_array_of(json, ret_count)) {
        return fault_set(ret_fault, REJECT_BAD_TYPE, "", FAULT_NO_BYTE);
    }
    return *ret_count > CLOUDEVENT_BATCH_MAX
               ? fault_set(ret_fault, REJECT_TOO_MANY, "", FAULT_NO_BYTE)
               : 0;
}

static void take_body(struct intake *intake, struct http_request *request,
                      const struct org_token *token, enum cloudevent_mode mode)
{
    struct json_t *json = NULL;
    struct fault fault;
    size_t count = 0;
    int64_t wait_ms = 0;
    struct submission *submission = NULL;
    int error = json_parse_text(http_body(request), &fault, &json);
    if (error == 0) {
        error = count_events(mode, json, &fault, &count);
    }
    if (error == ERR_INVALID) {
        reply_fault(intake, request, &fault);
    } else if (error == 0 &&
               !gate_take(intake->gate, token, count, loop_monotonic_ms(), &wait_ms)) {
        reply_later(intake, request, 429, "rate", wait_ms);
    } else if (error != 0 || (submission = submission_new(intake, request, count)) == NULL) {
        reply_later(intake, request, 503, "busy", intake->retry_after_ms);
    } else {
        submission->is_batch = mode == CLOUDEVENT_BATCH;
        take_items(submission, token, mode, json);
        settle(submission);
    }
    json_drop(json);
}

void submission_begin(struct http_request *request, void *ctx)
{
    struct intake *intake = ctx;
    const struct org_token *token = take_admit(intake, request);
    if (token == NULL) {
        return;
    }
    enum cloudevent_mode mode = cloudevent_mode(http_header(request, "content-type"));
    struct fault fault;
    if (mode == CLOUDEVENT_PROTOBUF || mode == CLOUDEVENT_UNSUPPORTED) {
        (void)fault_set(&fault, REJECT_BAD_CONTENT_TYPE, "", FAULT_NO_BYTE);
        reply_fault(intake, request, &fault);
    } else if (mode != CLOUDEVENT_BATCH && http_body(request).len > CLOUDEVENT_MAX_BYTES) {
        (void)fault_set(&fault, REJECT_TOO_LARGE, "", CLOUDEVENT_MAX_BYTES);
        reply_fault(intake, request, &fault);
    } else {
        take_body(intake, request, token, mode);
    }
}
