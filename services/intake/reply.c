#include "intake/reply.h"

#include <stdio.h>

#include "base/assert.h"

/* Refusals that are no plain 400. */
static const struct {
    enum reject_reason reason;
    unsigned status;
} statuses[] = {
    {REJECT_TOO_LARGE, 413},        {REJECT_BAD_CONTENT_TYPE, 415},
    {REJECT_UNIT_UNKNOWN, 403},     {REJECT_UNIT_NOT_ALLOWED, 403},
    {REJECT_KIND_NOT_ALLOWED, 403}, {REJECT_SOURCE_NOT_ALLOWED, 403},
};

static unsigned status_of(enum reject_reason reason)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].reason == reason) {
            return statuses[i].status;
        }
    }
    return 400;
}

/* Printable ASCII: ids, codes and paths are nothing else. */
static void add_quoted(struct buffer *buffer, const char *text)
{
    buffer_add_text(buffer, "\"");
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            buffer_add_text(buffer, "\\");
        }
        buffer_add(buffer, (struct str){at, 1});
    }
    buffer_add_text(buffer, "\"");
}

static void add_member(struct buffer *buffer, const char *name, const char *text)
{
    buffer_format(buffer, ",\"%s\":", name);
    add_quoted(buffer, text);
}

static void add_fault(struct buffer *buffer, const struct fault *fault)
{
    buffer_add_text(buffer, "\"status\":\"refused\"");
    add_member(buffer, "reason", reject_reason_code(fault->reason));
    add_member(buffer, "text", reject_reason_text(fault->reason));
    add_member(buffer, "field", fault->path);
    if (fault->at_byte != FAULT_NO_BYTE) {
        buffer_format(buffer, ",\"at_byte\":%lld", (long long)fault->at_byte);
    }
}

static void add_item(struct buffer *buffer, const struct item *item)
{
    buffer_add_text(buffer, "{");
    if (item->id[0] != '\0') {
        buffer_add_text(buffer, "\"id\":");
        add_quoted(buffer, item->id);
        buffer_add_text(buffer, ",");
    }
    switch (item->state) {
    case ITEM_ACCEPTED:
        buffer_add_text(buffer, "\"status\":\"accepted\"");
        break;
    case ITEM_REFUSED:
        add_fault(buffer, &item->fault);
        break;
    case ITEM_UNAVAILABLE:
        buffer_add_text(buffer, "\"status\":\"unavailable\"");
        break;
    case ITEM_WAITING:
        sw_assert(!"an item that has ended");
    }
    buffer_add_text(buffer, "}");
}

/* Answers with what is in intake->reply; `wait_ms` > 0 adds Retry-After, rounded up to seconds. */
static void answer(struct intake *intake, struct http_request *request, unsigned status,
                   int64_t wait_ms)
{
    char seconds[24];
    snprintf(seconds, sizeof(seconds), "%lld", (long long)((wait_ms + 999) / 1000));
    const struct http_header_pair headers[] = {{"Retry-After", seconds}};
    sw_assert(!intake->reply.overflowed);
    http_reply(request, &(struct http_answer){.status = status,
                                              .content_type = "application/json",
                                              .body = buffer_str(&intake->reply),
                                              .headers = headers,
                                              .header_count = wait_ms > 0 ? 1 : 0});
}

bool reply_is_forbidden(enum reject_reason reason)
{
    return status_of(reason) == 403;
}

struct tally {
    size_t states[ITEM_UNAVAILABLE + 1];
    size_t forbidden;
};

static struct tally tally_of(const struct submission *submission)
{
    struct tally tally = {.forbidden = 0};
    for (size_t i = 0; i < submission->count; i++) {
        const struct item *item = &submission->items[i];
        tally.states[item->state]++;
        tally.forbidden += item->state == ITEM_REFUSED && reply_is_forbidden(item->fault.reason);
    }
    return tally;
}

static unsigned status_of_all(const struct submission *submission, const struct tally *tally)
{
    if (tally->states[ITEM_UNAVAILABLE] > 0) {
        return 503;
    }
    if (tally->states[ITEM_REFUSED] == 0) {
        return 202;
    }
    if (!submission->is_batch) {
        return status_of(submission->items[0].fault.reason);
    }
    return tally->forbidden == tally->states[ITEM_REFUSED] ? 403 : 400;
}

void reply_submission(struct submission *submission)
{
    struct intake *intake = submission->intake;
    struct buffer *buffer = &intake->reply;
    struct tally tally = tally_of(submission);
    unsigned status = status_of_all(submission, &tally);
    buffer_clear(buffer);
    if (submission->is_batch) {
        buffer_format(buffer, "{\"accepted\":%zu,\"refused\":%zu,\"unavailable\":%zu,\"items\":[",
                      tally.states[ITEM_ACCEPTED], tally.states[ITEM_REFUSED],
                      tally.states[ITEM_UNAVAILABLE]);
    }
    for (size_t i = 0; i < submission->count; i++) {
        buffer_add_text(buffer, i == 0 ? "" : ",");
        add_item(buffer, &submission->items[i]);
    }
    buffer_add_text(buffer, submission->is_batch ? "]}\n" : "\n");
    answer(intake, submission->request, status, status == 503 ? intake->retry_after_ms : 0);
    counters_answered(&intake->counters, status, loop_monotonic_us() - submission->began_us);
}

static void add_error(struct buffer *buffer, const struct upload_error *error)
{
    buffer_format(buffer, "{\"row\":%zu", error->row);
    if (error->column > 0) {
        buffer_format(buffer, ",\"column\":%zu", error->column);
    }
    if (error->lines > 1) {
        buffer_format(buffer, ",\"lines\":%zu", error->lines);
    }
    if (error->name[0] != '\0') {
        add_member(buffer, "name", error->name);
    }
    add_member(buffer, "reason", reject_reason_code(error->reason));
    add_member(buffer, "text", reject_reason_text(error->reason));
    buffer_add_text(buffer, "}");
}

void reply_upload(struct upload *upload)
{
    struct intake *intake = upload->intake;
    struct buffer *buffer = &intake->reply;
    unsigned status = upload->unavailable_count > 0                      ? 503
                      : upload->refused_count == 0                       ? 202
                      : upload->forbidden_count == upload->refused_count ? 403
                                                                         : 400;
    buffer_clear(buffer);
    buffer_format(buffer,
                  "{\"rows\":%zu,\"rows_refused\":%zu,\"accepted\":%zu,\"refused\":%zu,"
                  "\"unavailable\":%zu,\"errors\":[",
                  upload->row_count, upload->row_refused_count, upload->accepted_count,
                  upload->refused_count, upload->unavailable_count);
    for (size_t i = 0; i < upload->error_count; i++) {
        buffer_add_text(buffer, i == 0 ? "" : ",");
        add_error(buffer, &upload->errors[i]);
    }
    buffer_format(buffer, "],\"errors_left_out\":%zu,\"unread_from\":%zu}\n",
                  upload->refused_count - upload->error_count, upload->unread_from);
    answer(intake, upload->request, status, status == 503 ? intake->retry_after_ms : 0);
    counters_answered(&intake->counters, status, -1);
}

void reply_fault(struct intake *intake, struct http_request *request, const struct fault *fault)
{
    buffer_clear(&intake->reply);
    buffer_add_text(&intake->reply, "{");
    add_fault(&intake->reply, fault);
    buffer_add_text(&intake->reply, "}\n");
    answer(intake, request, status_of(fault->reason), 0);
    counters_refused(&intake->counters, reject_reason_code(fault->reason));
    counters_answered(&intake->counters, status_of(fault->reason), 0);
}

void reply_later(struct intake *intake, struct http_request *request, unsigned status,
                 const char *code, int64_t wait_ms)
{
    buffer_clear(&intake->reply);
    buffer_format(&intake->reply, "{\"status\":\"unavailable\",\"reason\":\"%s\"}\n", code);
    answer(intake, request, status, wait_ms > 0 ? wait_ms : 1);
    counters_refused(&intake->counters, code);
    counters_answered(&intake->counters, status, 0);
}

void reply_unauthorized(struct intake *intake, struct http_request *request)
{
    static const struct http_header_pair headers[] = {{"WWW-Authenticate", "Bearer"}};
    http_reply(request,
               &(struct http_answer){
                   .status = 401,
                   .content_type = "application/json",
                   .body = STR_LITERAL("{\"status\":\"refused\",\"reason\":\"unauthorized\"}\n"),
                   .headers = headers,
                   .header_count = 1});
    counters_refused(&intake->counters, "unauthorized");
    counters_answered(&intake->counters, 401, 0);
}
