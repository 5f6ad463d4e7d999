#include "support/runner.h"

#include <stdio.h>
#include <string.h>

bool runner_select(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    if (argc < 2) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tests[i].name, argv[1]) == 0) {
            cmocka_set_test_filter(argv[1]);
            return true;
        }
    }
    fprintf(stderr, "no case named %s\n", argv[1]);
    return false;
}
