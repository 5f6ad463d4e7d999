/* The published cases of the Mustache specification, from the folder of test data. */
#include "support/runner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/template_case.h"

struct tally {
    size_t passed;
    size_t failed;
};

static void count(const struct template_case *result, void *ctx)
{
    struct tally *tally = ctx;
    tally->passed += result->passed;
    tally->failed += !result->passed;
    if (!result->passed) {
        print_error("%.*s: expected \"%.*s\", got \"%.*s\" %s\n", (int)result->name.len,
                    result->name.at, (int)result->expected.len, result->expected.at,
                    (int)result->got.len, result->got.at,
                    result->fault != NULL ? result->fault : "");
    }
}

static void run_file(const char *path, struct tally *tally)
{
    static char text[256 * 1024];
    const char *fault = "";
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(template_case_run((struct str){text, len}, count, tally, &fault), 0);
}

static void test_mustache_passes_the_published_cases(void **state)
{
    (void)state;
    const char *data = getenv("SHOUWANG_DATA");
    assert_non_null(data);
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/mustache", data);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    struct tally tally = {0};
    size_t files = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t len = strlen(entry->d_name);
        if (len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0) {
            (void)snprintf(path, sizeof(path), "%s/mustache/%s", data, entry->d_name);
            run_file(path, &tally);
            files++;
        }
    }
    assert_int_equal(closedir(folder), 0);
    assert_true(files >= 6);
    assert_true(tally.passed >= 60);
    assert_int_equal(tally.failed, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mustache_passes_the_published_cases),
    };
    return RUN_TESTS(argc, argv, tests);
}
