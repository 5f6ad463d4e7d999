/* Password checks on their thread; made-up passwords. */
#include "support/runner.h"

#include <string.h>

#include "console/sign_in.h"
#include "io/seal.h"
#include "support/loop_wait.h"

enum { BOUND_MS = 20000 };

struct world {
    struct loop *loop;
    struct sign_in *sign_in;
    char text[SEAL_PASSWORD_TEXT_BYTES];
    unsigned good;
    unsigned bad;
    unsigned done;
};

static struct world world;

static int open_world(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    assert_int_equal(seal_init(), 0);
    assert_int_equal(loop_new(&world.loop), 0);
    assert_int_equal(sign_in_new(world.loop, &world.sign_in), 0);
    assert_int_equal(seal_password_hash(STR_LITERAL("made-up"), world.text), 0);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    sign_in_free(world.sign_in);
    loop_free(world.loop);
    return 0;
}

static void done(bool good, void *ctx)
{
    struct world *w = ctx;
    w->good += good ? 1 : 0;
    w->bad += good ? 0 : 1;
    w->done++;
}

static int check(const char *text, struct str password)
{
    return sign_in_check(world.sign_in, str_of(text), password, done, &world);
}

static void test_sign_in_knows_the_password(void **state)
{
    (void)state;
    assert_int_equal(check(world.text, STR_LITERAL("made-up")), 0);
    assert_int_equal(check(world.text, STR_LITERAL("made-up ")), 0);
    assert_int_equal(check("", STR_LITERAL("made-up")), 0); /* no such user */
    assert_int_equal(world.done, 0);                        /* never from inside */
    assert_true(loop_wait_count(world.loop, &world.done, 3, BOUND_MS));
    assert_int_equal(world.good, 1);
}

static void test_sign_in_refuses_what_does_not_fit(void **state)
{
    (void)state;
    char long_password[SIGN_IN_TEXT_BYTES] = {0};
    assert_int_equal(check(world.text, (struct str){long_password, sizeof(long_password)}),
                     ERR_TOO_LARGE);
    unsigned taken = 0;
    int error = 0;
    while (error == 0) {
        error = check(world.text, STR_LITERAL("guess"));
        taken += error == 0 ? 1 : 0;
    }
    assert_int_equal(error, ERR_FULL);
    assert_true(taken >= SIGN_IN_QUEUE_MAX);
    sign_in_free(world.sign_in); /* what is queued is answered, all of it */
    world.sign_in = NULL;
    assert_int_equal(world.done, taken);
    assert_int_equal(world.good, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sign_in_knows_the_password, open_world, close_world),
        cmocka_unit_test_setup_teardown(test_sign_in_refuses_what_does_not_fit, open_world,
                                        close_world),
    };
    return RUN_TESTS(argc, argv, tests);
}
