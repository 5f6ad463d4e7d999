/* Buckets of events: what can wait leaves half for what cannot. */
#include "intake/gate.h"

#include "io/seal.h"
#include "support/runner.h"

static void test_gate_keeps_half_for_what_cannot_wait(void **state)
{
    static const struct org_token token = {.hash = {1}};
    struct gate *gate = NULL;
    int64_t wait_ms = 0;
    (void)state;
    assert_int_equal(seal_init(), 0);
    assert_int_equal(gate_new(10, 20, &gate), 0);
    assert_true(gate_take_spare(gate, &token, 10, 1000, &wait_ms));
    assert_false(gate_take_spare(gate, &token, 3, 1000, &wait_ms));
    assert_int_equal(wait_ms, 301);
    assert_true(gate_take(gate, &token, 10, 1000, &wait_ms)); /* an incident goes first */
    assert_false(gate_take(gate, &token, 1, 1000, &wait_ms));
    assert_int_equal(wait_ms, 101);
    assert_false(gate_take_spare(gate, &token, 1, 1000, &wait_ms));
    assert_int_equal(wait_ms, 1101);
    assert_true(gate_take_spare(gate, &token, 1, 2101, &wait_ms));
    gate_free(gate);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_keeps_half_for_what_cannot_wait),
    };
    return RUN_TESTS(argc, argv, tests);
}
