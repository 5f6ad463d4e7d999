/* The main program of a test file: runs the one case named on the command line, or all.
 *
 * A test file ends with
 *     int main(int argc, char **argv) { const struct CMUnitTest tests[] = {...}; return RUN_TESTS(...); }
 * each entry on a line of its own beginning with cmocka_unit_test, which is where ctest finds the names. */
#ifndef TESTS_SUPPORT_RUNNER_H
#define TESTS_SUPPORT_RUNNER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Sets cmocka's filter to argv[1] if there is one; answers false, with a message on stderr, when no case in
 * `tests` has that name (a filter that matches nothing would otherwise pass). */
bool runner_select(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#define RUN_TESTS(argc, argv, tests)                                                               \
    (runner_select(argc, argv, tests, sizeof(tests) / sizeof((tests)[0]))                          \
         ? cmocka_run_group_tests(tests, NULL, NULL)                                               \
         : 2)

#endif
