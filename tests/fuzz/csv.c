/* A CSV file: in one piece and cut anywhere it gives the same rows and faults, in the order of their numbers. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct csv *csv;
    struct str rest;
    size_t piece;
    size_t number; /* of the last row */
};

static enum csv_result read_next(struct reading *reading, struct csv_row *ret_row,
                                 struct csv_fault *ret_fault)
{
    enum csv_result result = csv_next(reading->csv, ret_row, ret_fault);
    while (result == CSV_MORE) {
        struct str next = {reading->rest.at,
                           reading->rest.len < reading->piece ? reading->rest.len : reading->piece};
        if (next.len == 0) {
            csv_end(reading->csv);
        } else {
            csv_feed(reading->csv, next);
        }
        reading->rest = (struct str){next.at + next.len, reading->rest.len - next.len};
        result = csv_next(reading->csv, ret_row, ret_fault);
    }
    if (result != CSV_END) {
        size_t number = result == CSV_ROW ? ret_row->number : ret_fault->row;
        sw_assert(number > reading->number);
        reading->number = number;
    }
    return result;
}

static void check_row(const struct csv_row *row, const struct csv_row *same)
{
    size_t bytes = 0;
    sw_assert(row->count > 0 && row->count <= CSV_COLUMNS_MAX && row->count == same->count);
    for (size_t i = 0; i < row->count; i++) {
        bytes += row->fields[i].len;
        sw_assert(str_is_utf8(row->fields[i], NULL));
        sw_assert(str_equal(row->fields[i], same->fields[i]));
    }
    sw_assert(bytes <= CSV_ROW_MAX_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv_row rows[2];
    struct csv_fault faults[2];
    size_t piece = size == 0 ? 1 : (size_t)data[0] + 1;
    struct str text = {(const char *)data + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0};
    struct reading whole = {.rest = text, .piece = text.len + 1};
    struct reading cut = {.rest = text, .piece = piece};
    sw_assert(csv_new(&whole.csv) == 0 && csv_new(&cut.csv) == 0);
    enum csv_result result = CSV_ROW;
    while (result != CSV_END) {
        result = read_next(&whole, &rows[0], &faults[0]);
        sw_assert(read_next(&cut, &rows[1], &faults[1]) == result);
        sw_assert(whole.number == cut.number);
        if (result == CSV_ROW) {
            check_row(&rows[0], &rows[1]);
        } else if (result == CSV_BAD) {
            sw_assert(faults[0].reason != REJECT_NONE && faults[0].reason == faults[1].reason);
            sw_assert(faults[0].column == faults[1].column && faults[0].lines == faults[1].lines);
        }
    }
    csv_free(whole.csv);
    csv_free(cut.csv);
    return 0;
}
