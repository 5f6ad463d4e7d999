#include "intake/upload.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intake/maps.h"
#include "intake/reply.h"
#include "intake/take.h"
#include "io/log.h"
#include "shell/bearer.h"
#include "wire/json.h"

enum { ROWS_PER_TURN = 20, BUSY_MS = 20 };

static void upload_free(struct upload *upload)
{
    list_remove(&upload->link);
    upload->intake->upload_count--;
    loop_timer_free(upload->turn);
    import_free(upload->import);
    import_view_free(upload->view);
    csv_free(upload->csv);
    free(upload);
}

void upload_free_all(struct intake *intake)
{
    while (intake->uploads.next != NULL && !list_is_empty(&intake->uploads)) {
        upload_free(LIST_ENTRY(intake->uploads.next, struct upload, link));
    }
}

/* Once all is read and Kafka has answered for all that was taken, the sender gets its answer. */
static void settle(struct upload *upload)
{
    if (upload->is_read && upload->waiting == 0) {
        reply_upload(upload);
        upload_free(upload);
    }
}

/* --- What was not taken ---------------------------------------------------------------------------------------------- */

/* Our names are clean; what a header says may be anything. */
static void keep_name(struct upload_error *error, struct str name)
{
    bool is_clean = name.len < sizeof(error->name);
    for (size_t i = 0; is_clean && i < name.len; i++) {
        is_clean = name.at[i] >= 0x20 && name.at[i] < 0x7F;
    }
    if (is_clean && name.len > 0) {
        memcpy(error->name, name.at, name.len);
    }
}

/* A fault of a row by our names: in the file it is another column. */
static struct upload_error error_at(const struct upload *upload, size_t row,
                                    const struct import_fault *fault)
{
    struct upload_error error = {.reason = fault->reason, .row = row, .column = fault->column};
    keep_name(&error, fault->name);
    if (upload->view != NULL && fault->column > 0) {
        keep_name(&error, import_view_header(upload->view).fields[fault->column - 1]);
        error.column = import_view_column(upload->view, fault->column);
    }
    return error;
}

static void refuse(struct upload *upload, const struct upload_error *error)
{
    upload->refused_count++;
    upload->forbidden_count += reply_is_forbidden(error->reason) ? 1 : 0;
    counters_event(&upload->intake->counters, "refused");
    counters_refused(&upload->intake->counters, reject_reason_code(error->reason));
    if (upload->error_count < UPLOAD_ERRORS_MAX) {
        upload->errors[upload->error_count++] = *error;
    }
}

static void refuse_at(struct upload *upload, size_t row, const struct import_fault *fault)
{
    struct upload_error error = error_at(upload, row, fault);
    refuse(upload, &error);
}

/* Nothing more is read. */
static void stop_at(struct upload *upload, size_t row)
{
    upload->unread_from = row;
    upload->is_read = true;
}

static void come_again(struct upload *upload)
{
    upload->unavailable_count++;
    counters_event(&upload->intake->counters, "unavailable");
}

/* --- Rows ------------------------------------------------------------------------------------------------------------ */

/* Kafka's answer for one event. */
static void produced(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct upload *upload = ctx;
    (void)partition;
    (void)offset;
    upload->intake->in_flight--;
    upload->waiting--;
    if (error == 0) {
        upload->accepted_count++;
        counters_accepted(&upload->intake->counters, upload->setup.family);
    } else {
        log_debug("produce_failed", log_error_code("why", error));
        come_again(upload);
    }
    settle(upload);
}

/* False: it must come again. */
static bool take_item(struct upload *upload, const struct org_token *token, size_t row,
                      const struct import_item *item)
{
    const struct take take = {token, &item->event, produced, upload};
    struct fault fault = {.reason = REJECT_NONE};
    struct import_fault where = item->fault;
    enum event_family family = EVENT_FAMILY_NONE;
    int error = ERR_INVALID;
    if (item->json != NULL) {
        error = take_event(upload->intake, &take, &fault, &family);
        where = (struct import_fault){.reason = fault.reason,
                                      .column = import_column_of(upload->import, &fault)};
    }
    if (error == ERR_TOO_LARGE) {
        where = (struct import_fault){.reason = REJECT_TOO_LARGE};
    }
    if (error == 0) {
        upload->waiting++;
    } else if (error == ERR_INVALID || error == ERR_TOO_LARGE) {
        refuse_at(upload, row, &where);
    } else {
        come_again(upload);
        return false;
    }
    return true;
}

static void take_items(struct upload *upload, const struct org_token *token,
                       const struct csv_row *row)
{
    struct import_item items[IMPORT_ITEMS_MAX];
    size_t count = 0;
    size_t refused = upload->refused_count;
    bool is_good = import_row(upload->import, row, &upload->intake->arena, items, &count) == 0;
    if (!is_good) {
        come_again(upload);
    }
    for (size_t i = 0; i < count; i++) {
        is_good = is_good && take_item(upload, token, row->number, &items[i]);
        json_drop(items[i].json);
    }
    upload->row_refused_count += upload->refused_count > refused ? 1 : 0;
    if (!is_good) {
        stop_at(upload, row->number);
    }
}

static void take_header(struct upload *upload, const struct csv_row *header)
{
    struct import_fault fault = {.reason = REJECT_NONE};
    int error = import_view_new(upload->map, header, &fault, &upload->view);
    if (error == 0) {
        struct csv_row ours = import_view_header(upload->view);
        error = import_begin(&upload->setup, &ours, &fault, &upload->import);
    }
    if (error == ERR_INVALID) {
        refuse_at(upload, header->number, &fault);
    } else if (error != 0) {
        come_again(upload);
    }
    if (error != 0) {
        stop_at(upload, header->number);
    }
}

static void take_row(struct upload *upload, const struct org_token *token,
                     const struct csv_row *row)
{
    struct import_fault fault = {.reason = REJECT_NONE};
    struct csv_row ours;
    if (upload->import == NULL) {
        take_header(upload, row);
        return;
    }
    upload->row_count++;
    arena_reset(&upload->intake->arena);
    int error = import_view_row(upload->view, row, &fault, &ours);
    if (error == 0) {
        take_items(upload, token, &ours);
    } else if (error == ERR_INVALID) {
        upload->row_refused_count++;
        refuse_at(upload, row->number, &fault);
    } else {
        come_again(upload);
        stop_at(upload, row->number);
    }
}

/* Without a good header there is nothing to read the rows by. */
static void take_bad(struct upload *upload, const struct csv_fault *bad)
{
    const struct upload_error error = {
        .reason = bad->reason, .row = bad->row, .column = bad->column, .lines = bad->lines};
    refuse(upload, &error);
    if (upload->import == NULL) {
        stop_at(upload, bad->row);
    } else {
        upload->row_count++;
        upload->row_refused_count++;
    }
}

static void take_end(struct upload *upload)
{
    const struct import_fault fault = {.reason = REJECT_MISSING};
    if (upload->import == NULL) {
        refuse_at(upload, 1, &fault); /* an empty file */
    }
    upload->is_read = true;
}

/* How long to wait before the next row: events that wait for Kafka, or a bucket that is half empty. 0: not at all. */
static int64_t must_wait_ms(struct upload *upload, const struct org_token *token)
{
    struct intake *intake = upload->intake;
    int64_t wait_ms = 0;
    size_t events = upload->import == NULL ? 0 : import_item_count(upload->import);
    if (intake->in_flight + events > intake->in_flight_max) {
        return BUSY_MS;
    }
    return gate_take_spare(intake->gate, token, events, loop_monotonic_ms(), &wait_ms) ? 0
                                                                                       : wait_ms;
}

/* Some rows, then whatever else the loop has to do. */
static void read_on(void *ctx)
{
    struct upload *upload = ctx;
    struct intake *intake = upload->intake;
    const struct org_token *token = bearer_token(
        tables_org(intake->tables), http_header(upload->request, "authorization"), loop_utc_ms());
    int64_t wait_ms = 0;
    if (token == NULL || intake->is_draining) {
        come_again(upload); /* the token was good when the file came: another may bring the rest */
        stop_at(upload, upload->row_count + 2);
    }
    for (int i = 0; i < ROWS_PER_TURN && !upload->is_read && wait_ms == 0; i++) {
        struct csv_row row;
        struct csv_fault bad;
        wait_ms = must_wait_ms(upload, token);
        enum csv_result result = wait_ms > 0 ? CSV_MORE : csv_next(upload->csv, &row, &bad);
        if (result == CSV_ROW) {
            take_row(upload, token, &row);
        } else if (result == CSV_BAD) {
            take_bad(upload, &bad);
        } else if (result == CSV_END) {
            take_end(upload);
        }
    }
    if (!upload->is_read) {
        loop_timer_after(upload->turn, wait_ms);
    }
    settle(upload);
}

/* --- The request ----------------------------------------------------------------------------------------------------- */

static void digest_row(void *ctx, struct str bytes, uint8_t ret_digest[IDENT_BYTES])
{
    const struct intake *intake = ctx;
    keyring_body_digest(intake->keyring, bytes, ret_digest);
}

static bool is_csv(const char *content_type)
{
    static const char type[] = "text/csv";
    size_t len = sizeof(type) - 1;
    return content_type != NULL && strncasecmp(content_type, type, len) == 0 &&
           (content_type[len] == '\0' || content_type[len] == ';' || content_type[len] == ' ');
}

/* A flag of the query: REJECT_UNKNOWN_VALUE when it has another value than the one. */
static bool read_flag(struct http_request *request, const char *name, const char *value,
                      struct fault *ret_fault, bool *ret_is_set)
{
    const char *text = http_query(request, name);
    *ret_is_set = text != NULL;
    if (text != NULL && strcmp(text, value) != 0) {
        (void)fault_set(ret_fault, REJECT_UNKNOWN_VALUE, "", FAULT_NO_BYTE);
        fault_inside(ret_fault, name);
        return false;
    }
    return true;
}

static bool read_unit(struct upload *upload, const struct org_token *token, struct fault *ret_fault)
{
    const struct org *org = tables_org(upload->intake->tables);
    const char *unit = http_query(upload->request, "unit");
    enum reject_reason reason = unit == NULL || unit[0] == '\0'            ? REJECT_MISSING
                                : strlen(unit) >= sizeof(upload->unit)     ? REJECT_TOO_LONG
                                : org_find_unit(org, str_of(unit)) == NULL ? REJECT_UNIT_UNKNOWN
                                : !org_is_within(org, str_of(unit), token->unit)
                                    ? REJECT_UNIT_NOT_ALLOWED
                                    : REJECT_NONE;
    if (reason != REJECT_NONE) {
        (void)fault_set(ret_fault, reason, "/unit", FAULT_NO_BYTE);
        return false;
    }
    memcpy(upload->unit, unit, strlen(unit) + 1);
    return true;
}

/* What the query says. */
static bool read_setup(struct upload *upload, const struct org_token *token,
                       struct fault *ret_fault)
{
    struct import_setup *setup = &upload->setup;
    const char *map = http_query(upload->request, "map");
    if (!read_unit(upload, token, ret_fault) ||
        !read_flag(upload->request, "live", "true", ret_fault, &setup->is_live) ||
        !read_flag(upload->request, "subjects", "made-up", ret_fault, &setup->is_made_up)) {
        return false;
    }
    upload->map = map == NULL ? NULL : maps_find(upload->intake->maps, map);
    if (map != NULL && (upload->map == NULL || import_map_family(upload->map) != setup->family)) {
        (void)fault_set(ret_fault, REJECT_UNKNOWN_VALUE, "/map", FAULT_NO_BYTE);
        return false;
    }
    setup->unit = str_of(upload->unit);
    setup->instruments = take_instruments(upload->intake, setup->unit);
    setup->org = tables_org(upload->intake->tables);
    setup->digest = digest_row;
    setup->ctx = upload->intake;
    return true;
}

static struct upload *upload_new(struct intake *intake, struct http_request *request,
                                 enum event_family family)
{
    struct upload *upload = calloc(1, sizeof(*upload));
    if (upload == NULL) {
        return NULL;
    }
    upload->intake = intake;
    upload->request = request;
    upload->setup.family = family;
    list_push_back(&intake->uploads, &upload->link);
    intake->upload_count++;
    if (csv_new(&upload->csv) != 0 ||
        loop_timer_new(intake->loop, LOOP_MONOTONIC, read_on, upload, &upload->turn) != 0) {
        upload_free(upload);
        return NULL;
    }
    csv_feed(upload->csv, http_body(request));
    csv_end(upload->csv);
    return upload;
}

static void begin(struct http_request *request, struct intake *intake, enum event_family family)
{
    const struct org_token *token = take_admit(intake, request);
    struct fault fault;
    if (token == NULL) {
        return;
    }
    if (!is_csv(http_header(request, "content-type"))) {
        (void)fault_set(&fault, REJECT_BAD_CONTENT_TYPE, "", FAULT_NO_BYTE);
        reply_fault(intake, request, &fault);
        return;
    }
    struct upload *upload =
        intake->upload_count < UPLOADS_MAX ? upload_new(intake, request, family) : NULL;
    if (upload == NULL) {
        reply_later(intake, request, 503, "busy", intake->retry_after_ms);
    } else if (!read_setup(upload, token, &fault)) {
        upload_free(upload);
        reply_fault(intake, request, &fault);
    } else {
        loop_timer_after(upload->turn, 0);
    }
}

void upload_begin_screening(struct http_request *request, void *ctx)
{
    begin(request, ctx, EVENT_FAMILY_SCREENING);
}

void upload_begin_attendance(struct http_request *request, void *ctx)
{
    begin(request, ctx, EVENT_FAMILY_ATTENDANCE);
}
