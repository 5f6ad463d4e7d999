/* Rows and faults of CSV files, whole and cut anywhere. */
#include "wire/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

/* All that a text gives, as one line a row: "2: a|b", "3,1: bad_quotes" (column, and lines when more than one). */
static void read_pieces(struct str text, size_t piece, char *ret_text, size_t size)
{
    struct csv *csv = NULL;
    struct csv_row row;
    struct csv_fault fault;
    size_t len = 0;
    ret_text[0] = '\0';
    assert_int_equal(csv_new(&csv), 0);
    for (enum csv_result result = csv_next(csv, &row, &fault); result != CSV_END;
         result = csv_next(csv, &row, &fault)) {
        if (result == CSV_MORE && text.len == 0) {
            csv_end(csv);
        } else if (result == CSV_MORE) {
            struct str next = {text.at, text.len < piece ? text.len : piece};
            csv_feed(csv, next);
            text = (struct str){text.at + next.len, text.len - next.len};
        } else if (result == CSV_BAD) {
            len += (size_t)snprintf(ret_text + len, size - len, "%zu,%zu: %s", fault.row,
                                    fault.column, reject_reason_code(fault.reason));
            len += fault.lines > 1
                       ? (size_t)snprintf(ret_text + len, size - len, " in %zu", fault.lines)
                       : 0;
            len += (size_t)snprintf(ret_text + len, size - len, "\n");
        } else {
            len += (size_t)snprintf(ret_text + len, size - len, "%zu: ", row.number);
            for (size_t i = 0; i < row.count; i++) {
                len += (size_t)snprintf(ret_text + len, size - len, "%s%.*s", i == 0 ? "" : "|",
                                        (int)row.fields[i].len, row.fields[i].at);
            }
            len += (size_t)snprintf(ret_text + len, size - len, "\n");
        }
    }
    csv_free(csv);
}

static void assert_read(struct str text, const char *expected)
{
    enum { SIZE = 4096 };
    char whole[SIZE];
    char cut[SIZE];
    read_pieces(text, text.len + 1, whole, sizeof(whole));
    assert_string_equal(whole, expected);
    for (size_t piece = 1; piece < text.len && piece < 8; piece++) {
        read_pieces(text, piece, cut, sizeof(cut));
        assert_string_equal(cut, expected);
    }
}

static void test_csv_reads_rows_of_either_line_end(void **state)
{
    (void)state;
    assert_read(STR_LITERAL("a,b\r\n1,\n,2\n3,4"), "1: a|b\n2: 1|\n3: |2\n4: 3|4\n");
    assert_read(STR_LITERAL("a"), "1: a\n");
    assert_read(STR_LITERAL("a\r"), "1: a\n");
    assert_read(STR_LITERAL(""), "");
    assert_read(STR_LITERAL("a,"), "1: a|\n");
}

static void test_csv_numbers_blank_lines_and_leaves_them_out(void **state)
{
    (void)state;
    assert_read(STR_LITERAL("a\n\r\n\n1\n\r\n"), "1: a\n4: 1\n");
    assert_read(STR_LITERAL("a\n\"\"\n1\n"), "1: a\n2: \n3: 1\n");
}

static void test_csv_reads_quotes(void **state)
{
    (void)state;
    assert_read(STR_LITERAL("\"a,b\",\"say \"\"so\"\"\",\"\"\n\"two\nlines\",x\r\ny"),
                "1: a,b|say \"so\"|\n2: two\nlines|x\n3: y\n");
}

static void test_csv_skips_a_byte_order_mark(void **state)
{
    (void)state;
    assert_read(STR_LITERAL("\xEF\xBB\xBF\"a\",守望\n"), "1: a|守望\n");
    assert_read(STR_LITERAL("\xEF\xBB"
                            "x\n1\n"),
                "1,1: bad_utf8\n2: 1\n");
    assert_read(STR_LITERAL("\xEF\xBB"), "1,1: bad_utf8\n");
}

static void test_csv_tells_a_bad_row_and_goes_on(void **state)
{
    (void)state;
    assert_read(STR_LITERAL("a,b\nx,y\"z,\"\n\"q\"w,1\n3,4\n"),
                "1: a|b\n2,2: bad_quotes\n3,1: bad_quotes\n4: 3|4\n");
    assert_read(STR_LITERAL("a\n\xFF,1\nb\0c\nd\re\nf\n"),
                "1: a\n2,1: bad_utf8\n3,1: nul_in_text\n4,1: bad_character\n5: f\n");
}

static void test_csv_ends_at_a_quote_that_is_never_closed(void **state)
{
    (void)state;
    assert_read(STR_LITERAL("a,b\n1,\"2\n3,4\n5,6\n"), "1: a|b\n2,2: bad_quotes in 4\n");
    assert_read(STR_LITERAL("a\n\""), "1: a\n2,1: bad_quotes\n");
    assert_read(STR_LITERAL("a\n\"b\""), "1: a\n2: b\n");
}

/* `count` times a text between a head and a tail; the caller's. */
static struct str repeat(const char *head, const char *part, size_t count, const char *tail)
{
    size_t part_len = strlen(part);
    size_t head_len = strlen(head);
    size_t len = head_len + part_len * count + strlen(tail);
    char *text = malloc(len + 1);
    assert_non_null(text);
    memcpy(text, head, head_len);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + head_len + i * part_len, part, part_len);
    }
    memcpy(text + head_len + count * part_len, tail, strlen(tail) + 1);
    return (struct str){text, len};
}

static void assert_read_and_free(struct str text, const char *expected)
{
    char found[4096];
    read_pieces(text, 1000, found, sizeof(found));
    assert_string_equal(found, expected);
    free((void *)(uintptr_t)text.at);
}

static void test_csv_bounds_a_row(void **state)
{
    (void)state;
    assert_read_and_free(repeat("a\n", "x", 10 * CSV_ROW_MAX_BYTES, "\nb\n"),
                         "1: a\n2,0: too_large\n3: b\n");
    assert_read_and_free(repeat("a\n\"", "x\n", CSV_ROW_MAX_BYTES, "\"\nb\n"),
                         "1: a\n2,0: too_large in 65537\n3: b\n");
    assert_read_and_free(repeat("", ",", CSV_COLUMNS_MAX, "\nb\n"), "1,0: too_many\n2: b\n");
    assert_read_and_free(repeat("a\n\"", "x", 2 * CSV_ROW_MAX_BYTES, ""),
                         "1: a\n2,1: bad_quotes\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_reads_rows_of_either_line_end),
        cmocka_unit_test(test_csv_numbers_blank_lines_and_leaves_them_out),
        cmocka_unit_test(test_csv_reads_quotes),
        cmocka_unit_test(test_csv_skips_a_byte_order_mark),
        cmocka_unit_test(test_csv_tells_a_bad_row_and_goes_on),
        cmocka_unit_test(test_csv_ends_at_a_quote_that_is_never_closed),
        cmocka_unit_test(test_csv_bounds_a_row),
    };
    return RUN_TESTS(argc, argv, tests);
}
