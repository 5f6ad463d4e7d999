/* Memory runs out at every possible place: a step that fails has done nothing. */
#include "support/runner.h"

#include <stdlib.h>

#include "world.h"

static unsigned countdown;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

static bool fails(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return fails() ? NULL : __real_realloc(old, bytes);
}

static void arm(unsigned nth)
{
    countdown = nth;
}

static void test_casework_memory_that_runs_out_changes_nothing(void **state)
{
    struct world *world = world_new();
    struct case_signal signal;
    (void)state;
    world_fail(world, arm);
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    world_expect(world, "0:00:00 notice 0#0 duty voice+sms+wecom\n"
                        "0:00:00 notice 0#0 psych voice+sms+wecom\n"
                        "0:00:00 notice 0#0 teacher voice+sms+wecom\n");
    world_run(world, 2 * MINUTE + 1);
    struct case_command conflict =
        world_command(world, CASE_COMMAND_SET_CONFLICT, "psych", "psych_teacher");
    conflict.person = STR_LITERAL("teacher");
    conflict.conflict = CASE_CONFLICT_PUPIL_FEARS;
    assert_string_equal(world_do(world, conflict), "applied");
    assert_string_equal(world_ack(world, "boss", "principal"), "applied");
    assert_string_equal(world_met(world, "on_scene", 1 * MINUTE), "applied");
    signal = world_signal(world);
    signal.subject = STR_LITERAL("mei");
    signal.kind = STR_LITERAL("abuse_suspected");
    world_send(world, signal);
    world_jump(world, 3 * HOUR);
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_memory_that_runs_out_changes_nothing),
    };
    return RUN_TESTS(argc, argv, tests);
}
