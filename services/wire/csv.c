#include "wire/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* Where in a row the next byte stands. */
enum state {
    STATE_FIELD,  /* at the first byte of a field */
    STATE_PLAIN,  /* in a field without quotes */
    STATE_QUOTED, /* between quotes */
    STATE_QUOTE,  /* behind a quote that ends the field, or is the first of two */
    STATE_RETURN, /* behind a CR: only LF may follow */
    STATE_SKIP,   /* in a bad row: on to the end of the line */
};

struct csv {
    struct str bytes; /* fed and not read */
    bool is_ended;
    bool is_over; /* CSV_END was answered, or a quote was never closed */
    enum state state;
    size_t mark; /* bytes of the byte order mark that may still come */
    size_t number;
    size_t lines;      /* begun by this row */
    bool is_quoted;    /* the row holds a quote: it is no blank line */
    size_t text_bytes; /* in use of `text` */
    size_t field_at;   /* where the current field begins in `text` */
    size_t count;      /* finished fields */
    struct csv_fault fault;
    struct str fields[CSV_COLUMNS_MAX];
    char text[CSV_ROW_MAX_BYTES];
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";
enum { MARK_BYTES = sizeof(byte_order_mark) - 1 };

static void begin_row(struct csv *csv)
{
    csv->state = STATE_FIELD;
    csv->number++;
    csv->lines = 1;
    csv->is_quoted = false;
    csv->text_bytes = 0;
    csv->field_at = 0;
    csv->count = 0;
    csv->fault.reason = REJECT_NONE;
}

int csv_new(struct csv **ret_csv)
{
    struct csv *csv = calloc(1, sizeof(*csv));
    if (csv == NULL) {
        return ERR_MEMORY;
    }
    csv->mark = MARK_BYTES;
    begin_row(csv);
    *ret_csv = csv;
    return 0;
}

void csv_free(struct csv *csv)
{
    free(csv);
}

void csv_feed(struct csv *csv, struct str bytes)
{
    sw_assert(csv->bytes.len == 0 && !csv->is_ended);
    csv->bytes = bytes;
}

void csv_end(struct csv *csv)
{
    csv->is_ended = true;
}

/* The first fault of a row is the one that is told. */
static void blame(struct csv *csv, enum reject_reason reason, size_t column)
{
    if (csv->fault.reason == REJECT_NONE) {
        csv->fault.reason = reason;
        csv->fault.column = column;
    }
}

static void add_byte(struct csv *csv, char byte)
{
    if (csv->text_bytes == CSV_ROW_MAX_BYTES) {
        blame(csv, REJECT_TOO_LARGE, 0);
    } else {
        csv->text[csv->text_bytes++] = byte;
    }
}

static void end_field(struct csv *csv)
{
    struct str field = {csv->text + csv->field_at, csv->text_bytes - csv->field_at};
    if (csv->count == CSV_COLUMNS_MAX) {
        blame(csv, REJECT_TOO_MANY, 0);
        return;
    }
    if (memchr(field.at, '\0', field.len) != NULL) {
        blame(csv, REJECT_NUL_IN_TEXT, csv->count + 1);
    } else if (!str_is_utf8(field, NULL) && csv->fault.reason == REJECT_NONE) {
        blame(csv, REJECT_BAD_UTF8, csv->count + 1);
    }
    csv->fields[csv->count++] = field;
    csv->field_at = csv->text_bytes;
}

/* A byte that may not stand here: the rest of the line belongs to the bad row. */
static void skip_rest(struct csv *csv, enum reject_reason reason)
{
    blame(csv, reason, csv->count + 1);
    csv->state = STATE_SKIP;
}

/* What a byte does outside of quotes. Answers whether the row ends with it. */
static bool take_plain(struct csv *csv, char byte)
{
    switch (byte) {
    case ',':
        end_field(csv);
        csv->state = STATE_FIELD;
        return false;
    case '\n':
        end_field(csv);
        return true;
    case '\r':
        csv->state = STATE_RETURN;
        return false;
    case '"':
        if (csv->state == STATE_FIELD) {
            csv->is_quoted = true;
            csv->state = STATE_QUOTED;
        } else {
            skip_rest(csv, REJECT_BAD_QUOTES);
        }
        return false;
    default:
        if (csv->state == STATE_QUOTE) {
            skip_rest(csv, REJECT_BAD_QUOTES);
        } else {
            csv->state = STATE_PLAIN;
            add_byte(csv, byte);
        }
        return false;
    }
}

static bool take_byte(struct csv *csv, char byte)
{
    switch (csv->state) {
    case STATE_FIELD:
    case STATE_PLAIN:
        return take_plain(csv, byte);
    case STATE_QUOTED:
        csv->lines += byte == '\n' ? 1 : 0;
        if (byte == '"') {
            csv->state = STATE_QUOTE;
        } else {
            add_byte(csv, byte);
        }
        return false;
    case STATE_QUOTE:
        if (byte == '"') {
            csv->state = STATE_QUOTED;
            add_byte(csv, byte);
            return false;
        }
        return take_plain(csv, byte);
    case STATE_RETURN:
        if (byte == '\n') {
            end_field(csv);
            return true;
        }
        skip_rest(csv, REJECT_BAD_CHARACTER);
        return false;
    case STATE_SKIP:
        return byte == '\n';
    }
    return false;
}

/* The mark is read over at the very start, however it is cut; part of it belongs to the first field. */
static void skip_mark(struct csv *csv)
{
    while (csv->mark > 0 && csv->bytes.len > 0 &&
           csv->bytes.at[0] == byte_order_mark[MARK_BYTES - csv->mark]) {
        csv->mark--;
        csv->bytes = (struct str){csv->bytes.at + 1, csv->bytes.len - 1};
    }
    if (csv->mark > 0 && (csv->bytes.len > 0 || csv->is_ended)) {
        for (size_t i = 0; i < MARK_BYTES - csv->mark; i++) {
            csv->state = STATE_PLAIN;
            add_byte(csv, byte_order_mark[i]);
        }
        csv->mark = 0;
    }
}

/* Hands the finished row out; false: a blank line. */
static bool give_row(struct csv *csv, struct csv_row *ret_row, struct csv_fault *ret_fault,
                     enum csv_result *ret_result)
{
    bool is_blank = csv->count == 1 && csv->fields[0].len == 0 && !csv->is_quoted;
    bool is_good = csv->fault.reason == REJECT_NONE;
    if (is_good && is_blank) {
        begin_row(csv);
        return false;
    }
    if (is_good) {
        *ret_row = (struct csv_row){csv->fields, csv->count, csv->number};
    } else {
        csv->fault.row = csv->number;
        csv->fault.lines = csv->lines;
        *ret_fault = csv->fault;
    }
    *ret_result = is_good ? CSV_ROW : CSV_BAD;
    begin_row(csv);
    return true;
}

/* What is left at the end of the file: a row without its line end, or nothing. */
static bool end_row(struct csv *csv)
{
    csv->is_over = true;
    bool is_begun = csv->state != STATE_FIELD || csv->count > 0;
    if (csv->state == STATE_QUOTED) {
        csv->fault.reason = REJECT_NONE; /* whatever else is wrong follows from it */
        blame(csv, REJECT_BAD_QUOTES, csv->count + 1);
    } else if (is_begun && csv->state != STATE_SKIP) {
        end_field(csv);
    }
    return is_begun;
}

enum csv_result csv_next(struct csv *csv, struct csv_row *ret_row, struct csv_fault *ret_fault)
{
    enum csv_result result = CSV_MORE;
    skip_mark(csv);
    while (csv->bytes.len > 0) {
        char byte = csv->bytes.at[0];
        csv->bytes = (struct str){csv->bytes.at + 1, csv->bytes.len - 1};
        if (take_byte(csv, byte) && give_row(csv, ret_row, ret_fault, &result)) {
            return result;
        }
    }
    if (!csv->is_ended) {
        return CSV_MORE;
    }
    if (!csv->is_over && end_row(csv) && give_row(csv, ret_row, ret_fault, &result)) {
        return result;
    }
    return CSV_END;
}
