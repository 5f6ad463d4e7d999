#include "io/csv_out.h"

#include <string.h>

#include "support/runner.h"

static void test_csv_out_quotes_and_defuses_formulas(void **state)
{
    (void)state;
    static const char expected[] =
        "\xef\xbb\xbf"
        "plain,\"a,b\",\"say \"\"hi\"\"\",'=1+1,'+1,'-1,'@x,\"'=\"\"a\"\"\",-5,\r\n"
        "\"two\nlines\",守望,2026-11-24 16:00:00,\r\n";
    struct buffer buffer;
    struct csv_out out;
    buffer_init(&buffer, 4096);
    csv_out_init(&out, &buffer);
    csv_out_text(&out, "plain");
    csv_out_text(&out, "a,b");
    csv_out_text(&out, "say \"hi\"");
    csv_out_text(&out, "=1+1");
    csv_out_text(&out, "+1");
    csv_out_text(&out, "-1");
    csv_out_text(&out, "@x");
    csv_out_text(&out, "=\"a\"");
    csv_out_int(&out, -5);
    csv_out_text(&out, "");
    csv_out_end_row(&out);
    csv_out_text(&out, "two\nlines");
    csv_out_text(&out, "守望");
    csv_out_time(&out, INT64_C(1795507200000), 8 * 3600);
    csv_out_time(&out, 0, 0);
    csv_out_end_row(&out);
    assert_int_equal(buffer.len, strlen(expected));
    assert_memory_equal(buffer.bytes, expected, buffer.len);
    buffer_fini(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_out_quotes_and_defuses_formulas),
    };
    return RUN_TESTS(argc, argv, tests);
}
