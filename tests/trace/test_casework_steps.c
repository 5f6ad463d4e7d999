/* Steps: who is called when, until somebody has it. */
#include "support/runner.h"

#include "world.h"

static void test_casework_crisis_calls_step_after_step(void **state)
{
    struct world *world = world_new();
    (void)state;
    world_show(world, SHOW_NOTICES);
    world_send(world, world_signal(world));
    world_expect(world, "0:00:00 notice step/0#0 duty voice+sms+wecom\n"
                        "0:00:00 notice step/0#0 psych voice+sms+wecom\n"
                        "0:00:00 notice step/0#0 teacher voice+sms+wecom\n");
    world_run(world, 3 * MINUTE + 1);
    world_expect(world, "0:01:05 notice step/0#1 duty voice\n"
                        "0:01:05 notice step/0#1 psych voice\n"
                        "0:01:05 notice step/0#1 teacher voice\n"
                        "0:02:00 notice step/1#0 mum sms\n"
                        "0:02:00 notice step/1#0 dad sms\n"
                        "0:02:10 notice step/0#2 duty voice\n"
                        "0:02:10 notice step/0#2 psych voice\n"
                        "0:02:10 notice step/0#2 teacher voice\n"
                        "0:03:00 notice emergency_call/breach#0 duty voice\n"
                        "0:03:00 notice emergency_call/breach#0 psych voice\n"
                        "0:03:00 notice emergency_call/breach#0 teacher voice\n"
                        "0:03:00 notice emergency_call/breach#0 boss voice\n"
                        "0:03:00 notice step/2#0 boss voice+sms\n");
    world_free(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casework_crisis_calls_step_after_step),
    };
    return RUN_TESTS(argc, argv, tests);
}
