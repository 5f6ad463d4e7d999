/* The public conformance cases of the Common Expression Language. Each passes, but for those that need what the table of
 * core/expr/README.md leaves out: they are counted, and named with SHOW_OMITTED. */
#include <stdio.h>
#include <stdlib.h>

#include "support/runner.h"
#include "wire/expr_case.h"

static size_t counts[EXPR_CASE_VERDICTS];

static void tell(const struct expr_case *result, void *ctx)
{
    (void)ctx;
    counts[result->verdict]++;
    bool shows = result->verdict == EXPR_CASE_FAILED ||
                 (result->verdict == EXPR_CASE_OMITTED && getenv("SHOW_OMITTED") != NULL);
    if (shows) {
        print_message("%s %.*s/%.*s/%.*s: %.*s: %s\n",
                      result->verdict == EXPR_CASE_FAILED ? "FAILED" : "omitted",
                      (int)result->file.len, result->file.at, (int)result->section.len,
                      result->section.at, (int)result->name.len, result->name.at,
                      (int)result->source.len, result->source.at, result->reason);
    }
}

static void test_expr_conformance_fails_in_no_case(void **state)
{
    enum { FILE_MAX_BYTES = 16 << 20 };
    char path[4096];
    size_t line = 0;
    (void)state;
    const char *folder = getenv("SHOUWANG_DATA");
    char *text = malloc(FILE_MAX_BYTES);
    assert_true(folder != NULL && text != NULL);
    (void)snprintf(path, sizeof(path), "%s/cel-conformance.jsonl", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, FILE_MAX_BYTES, file);
    assert_true(len > 0 && len < FILE_MAX_BYTES);
    (void)fclose(file);
    assert_int_equal(expr_case_run((struct str){text, len}, tell, NULL, &line), 0);
    free(text);
    print_message("cel-conformance: %zu passed, %zu omitted, %zu failed\n",
                  counts[EXPR_CASE_PASSED], counts[EXPR_CASE_OMITTED], counts[EXPR_CASE_FAILED]);
    assert_int_equal(counts[EXPR_CASE_FAILED], 0);
    assert_true(counts[EXPR_CASE_PASSED] > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expr_conformance_fails_in_no_case),
    };
    return RUN_TESTS(argc, argv, tests);
}
