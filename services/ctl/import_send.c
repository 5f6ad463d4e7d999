#include "ctl/import_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/intake_post.h"
#include "io/loop.h"
#include "io/seal.h"
#include "wire/import_rows.h"
#include "wire/json.h"

enum {
    PIECE_ROWS = 200,
    PIECE_BYTES = 512 * 1024, /* below intake's import.body.max */
    PLACE_COLUMNS = 2,        /* row, equal */
    PROBLEMS_BYTES = 64 << 20,
    TIMEOUT_MS = 60000,
    PAUSE_MS = 1000,
    BAR_WIDTH = 30,
};

struct totals {
    size_t rows;
    size_t rows_refused;
    size_t accepted; /* events */
    size_t refused;
};

struct import_send {
    struct ctl *ctl;
    const char *path;
    struct import_options options;
    const struct import_view *view;
    struct import_rows *rows;
    struct loop *loop; /* to wait on */
    struct buffer header;
    struct buffer piece;
    size_t numbers[PIECE_ROWS]; /* of its rows in the file */
    size_t count;
    struct totals totals;
    struct buffer problems; /* as JSON */
    size_t problem_count;
    bool has_bar;
};

static void digest(void *ctx, struct str bytes, uint8_t ret_digest[IDENT_BYTES])
{
    (void)ctx;
    seal_hash128(bytes.at, bytes.len, ret_digest); /* only compared here: it needs no key */
}

enum ctl_exit import_send_new(struct ctl *ctl, const char *path,
                              const struct import_options *options, struct import_send **ret_send)
{
    struct import_send *send = calloc(1, sizeof(*send));
    int error = send == NULL ? ERR_MEMORY : import_rows_new(digest, NULL, &send->rows);
    error = error != 0 ? error : loop_new(&send->loop);
    if (error != 0) {
        import_send_free(send);
        return ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
    }
    send->ctl = ctl;
    send->path = path;
    send->options = *options;
    send->has_bar = !ctl->json && isatty(STDERR_FILENO) != 0;
    buffer_init(&send->header, PIECE_BYTES);
    buffer_init(&send->piece, 2 * PIECE_BYTES);
    buffer_init(&send->problems, PROBLEMS_BYTES);
    *ret_send = send;
    return CTL_OK;
}

void import_send_free(struct import_send *send)
{
    if (send != NULL) {
        import_rows_free(send->rows);
        loop_free(send->loop);
        buffer_fini(&send->header);
        buffer_fini(&send->piece);
        buffer_fini(&send->problems);
        free(send);
    }
}

/* --- What is said ---------------------------------------------------------------------------------------------------- */

static void draw_bar(const struct import_send *send)
{
    size_t done = send->totals.rows;
    size_t total = send->options.row_count;
    size_t filled = total == 0 ? BAR_WIDTH : done * BAR_WIDTH / total;
    filled = filled > BAR_WIDTH ? BAR_WIDTH : filled;
    if (send->has_bar) {
        fprintf(stderr, "\r[%.*s%*s] %zu of %zu rows, %zu refused", (int)filled,
                "##############################", (int)(BAR_WIDTH - filled), "", done, total,
                send->totals.rows_refused);
    }
}

/* The bar gives its line to what is said. */
static void clear_bar(const struct import_send *send)
{
    if (send->has_bar) {
        fprintf(stderr, "\r\033[K");
    }
}

static void add_problem_json(struct import_send *send, const struct import_problem *problem)
{
    struct buffer *text = &send->problems;
    buffer_format(text, "%s{\"row\": %zu", send->problem_count == 0 ? "" : ", ", problem->row);
    if (problem->column > 0) {
        buffer_format(text, ", \"column\": %zu", problem->column);
    }
    if (problem->lines > 1) {
        buffer_format(text, ", \"lines\": %zu", problem->lines);
    }
    if (problem->name.len > 0) {
        buffer_add_text(text, ", \"name\": ");
        buffer_add_json(text, problem->name);
    }
    buffer_add_text(text, ", \"reason\": ");
    buffer_add_json(text, problem->code);
    buffer_add_text(text, ", \"text\": ");
    buffer_add_json(text, problem->text);
    buffer_add_text(text, "}");
}

static void say_problem(const struct import_send *send, const struct import_problem *problem)
{
    clear_bar(send);
    fprintf(stderr, "%s: row %zu", send->path, problem->row);
    if (problem->lines > 1) {
        fprintf(stderr, " (%zu lines)", problem->lines);
    }
    if (problem->column > 0) {
        fprintf(stderr, ", column %zu", problem->column);
    }
    if (problem->name.len > 0) {
        fprintf(stderr, " %.*s", (int)problem->name.len, problem->name.at);
    }
    fprintf(stderr, ": %.*s\n", (int)problem->text.len, problem->text.at);
}

/* One thing that was not taken. */
static void tell(struct import_send *send, struct import_problem problem)
{
    if (problem.reason != REJECT_NONE) {
        problem.code = str_of(reject_reason_code(problem.reason));
        problem.text = str_of(reject_reason_text(problem.reason));
    }
    if (send->ctl->json) {
        add_problem_json(send, &problem);
    } else {
        say_problem(send, &problem);
    }
    send->problem_count++;
}

void import_send_problem(struct import_send *send, const struct import_problem *problem)
{
    send->totals.rows++;
    send->totals.rows_refused++;
    send->totals.refused++;
    tell(send, *problem);
}

/* --- Pieces ---------------------------------------------------------------------------------------------------------- */

static void add_cell(struct buffer *text, struct str cell)
{
    bool is_quoted = false;
    for (size_t i = 0; i < cell.len && !is_quoted; i++) {
        is_quoted = strchr(",\"\r\n", cell.at[i]) != NULL;
    }
    buffer_add_text(text, is_quoted ? ",\"" : ",");
    for (size_t i = 0; i < cell.len; i++) {
        buffer_add(text, cell.at[i] == '"' ? STR_LITERAL("\"\"") : (struct str){cell.at + i, 1});
    }
    buffer_add_text(text, is_quoted ? "\"" : "");
}

int import_send_header(struct import_send *send, const struct import_view *view)
{
    struct csv_row header = import_view_header(view);
    if (header.count + PLACE_COLUMNS > CSV_COLUMNS_MAX) {
        return ERR_FULL;
    }
    send->view = view;
    buffer_add_text(&send->header, "row,equal");
    for (size_t i = 0; i < header.count; i++) {
        add_cell(&send->header, header.fields[i]);
    }
    buffer_add_text(&send->header, "\n");
    buffer_add(&send->piece, buffer_str(&send->header));
    return send->header.overflowed || send->piece.overflowed ? ERR_MEMORY : 0;
}

static int64_t number_of(const struct json_t *object, const char *name)
{
    int64_t number = 0;
    (void)json_integer_of(json_member(object, name), &number); /* what is not there is 0 */
    return number;
}

/* What intake says of a row of the piece, as a row of the file. */
static void take_error(struct import_send *send, const struct json_t *error)
{
    size_t row = (size_t)number_of(error, "row");
    size_t column = (size_t)number_of(error, "column");
    struct import_problem problem = {
        .row = row >= 2 && row - 2 < send->count ? send->numbers[row - 2] : row,
        .column =
            column > PLACE_COLUMNS ? import_view_column(send->view, column - PLACE_COLUMNS) : 0,
        .name = json_text_of(json_member(error, "name")),
        .code = json_text_of(json_member(error, "reason")),
        .text = json_text_of(json_member(error, "text")),
    };
    tell(send, problem);
}

/* The piece has been read to its end, or none of it will ever be. */
static enum ctl_exit take_answer(struct import_send *send, const struct json_t *answer)
{
    const struct json_t *errors = json_member(answer, "errors");
    size_t count = 0;
    send->totals.rows += send->count;
    send->totals.rows_refused += (size_t)number_of(answer, "rows_refused");
    send->totals.accepted += (size_t)number_of(answer, "accepted");
    send->totals.refused += (size_t)number_of(answer, "refused");
    if (json_array_of(errors, &count)) {
        for (size_t i = 0; i < count; i++) {
            take_error(send, json_element(errors, i));
        }
    }
    draw_bar(send);
    if (number_of(answer, "unread_from") > 0) {
        clear_bar(send);
        return ctl_fail(CTL_REFUSED, "%s: intake takes none of it", send->path);
    }
    return CTL_OK;
}

static enum ctl_exit read_answer(struct import_send *send, const struct intake_answer *answer)
{
    struct json_t *tree = NULL;
    struct fault fault;
    struct str body = buffer_str(&answer->body);
    bool is_told = json_parse_text(body, &fault, &tree) == 0 && json_member(tree, "rows") != NULL;
    enum ctl_exit code = CTL_OK;
    if (is_told) {
        code = take_answer(send, tree);
    } else {
        clear_bar(send);
        code = ctl_fail(CTL_REFUSED, "%s: intake answers %u %.*s", send->path, answer->status,
                        (int)body.len, body.len == 0 ? "" : body.at);
    }
    json_drop(tree);
    return code;
}

static void pause_for(struct import_send *send, int64_t wait_ms)
{
    int64_t until_ms = loop_monotonic_ms() + wait_ms;
    for (int64_t left = wait_ms; left > 0; left = until_ms - loop_monotonic_ms()) {
        loop_turn(send->loop, (int)left);
    }
}

/* Whether the piece must come again. */
static bool is_away(int error, const struct intake_answer *answer)
{
    return error != 0 || answer->status == 503 || answer->status == 429;
}

static enum ctl_exit post_piece(struct import_send *send)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "/v1/import/%s?unit=%s%s%s",
                   event_family_name(send->options.family), send->options.unit,
                   send->options.is_live ? "&live=true" : "",
                   send->options.is_made_up ? "&subjects=made-up" : "");
    const struct intake_request request = {.path = path,
                                           .content_type = "text/csv; charset=utf-8",
                                           .body = buffer_str(&send->piece),
                                           .timeout_ms = TIMEOUT_MS};
    int64_t give_up_ms = loop_monotonic_ms() + config_int(send->ctl->config, "kafka.timeout");
    for (;;) {
        struct intake_answer answer;
        int error = intake_post(send->ctl, &request, &answer);
        bool again = is_away(error, &answer);
        unsigned status = answer.status;
        int64_t wait_ms = answer.retry_after_ms > 0 ? answer.retry_after_ms : PAUSE_MS;
        enum ctl_exit code = again ? CTL_UNAVAILABLE : read_answer(send, &answer);
        intake_answer_fini(&answer);
        if (!again) {
            return code;
        }
        if (loop_monotonic_ms() + wait_ms > give_up_ms) {
            clear_bar(send);
            return ctl_fail(
                code,
                "%s: intake does not take it now (status %u); import it again, what was "
                "taken is not taken twice",
                send->path, status);
        }
        pause_for(send, wait_ms);
    }
}

enum ctl_exit import_send_rest(struct import_send *send)
{
    if (send->count == 0) {
        return CTL_OK;
    }
    if (send->piece.overflowed) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    enum ctl_exit code = post_piece(send);
    buffer_clear(&send->piece);
    buffer_add(&send->piece, buffer_str(&send->header));
    send->count = 0;
    return code;
}

enum ctl_exit import_send_row(struct import_send *send, const struct csv_row *row)
{
    size_t equal = 0;
    struct ident same = import_rows_digest(send->rows, row, 0, 0);
    int error = import_rows_count(send->rows, same, &equal);
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s: %s", send->path, error_text(error));
    }
    buffer_format(&send->piece, "%zu,%zu", row->number, equal);
    for (size_t i = 0; i < row->count; i++) {
        add_cell(&send->piece, row->fields[i]);
    }
    buffer_add_text(&send->piece, "\n");
    send->numbers[send->count++] = row->number;
    return send->count == PIECE_ROWS || send->piece.len >= PIECE_BYTES ? import_send_rest(send)
                                                                       : CTL_OK;
}

static void say_outcome(const struct import_send *send, struct str contacts)
{
    const struct totals *totals = &send->totals;
    struct buffer text;
    clear_bar(send);
    if (!send->ctl->json) {
        ctl_say("%s: %zu rows, %zu of them with something refused: %zu events taken%s, %zu refused",
                send->path, totals->rows, totals->rows_refused, totals->accepted,
                send->options.is_live ? " live" : " as history", totals->refused);
        return;
    }
    buffer_init(&text, 2 * PROBLEMS_BYTES);
    buffer_add_text(&text, "{\"file\": ");
    buffer_add_json(&text, str_of(send->path));
    buffer_format(&text,
                  ", \"live\": %s, \"rows\": %zu, \"rows_refused\": %zu, \"accepted\": %zu, "
                  "\"refused\": %zu, \"contacts\": ",
                  send->options.is_live ? "true" : "false", totals->rows, totals->rows_refused,
                  totals->accepted, totals->refused);
    buffer_add(&text, contacts.len > 0 ? contacts : STR_LITERAL("[]"));
    buffer_add_text(&text, ", \"errors\": [");
    buffer_add(&text, buffer_str(&send->problems));
    buffer_add_text(&text, "]}");
    ctl_say("%.*s", (int)text.len, text.bytes);
    buffer_fini(&text);
}

enum ctl_exit import_send_end(struct import_send *send, enum ctl_exit code, struct str contacts)
{
    if (code == CTL_OK && send->totals.refused > 0) {
        code = CTL_REFUSED;
    }
    say_outcome(send, contacts);
    return code;
}
