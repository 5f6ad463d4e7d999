#include "support/runner.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "io/loop.h"
#include "support/loop_wait.h"

static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    return loop_new(&loop);
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

struct firing {
    enum loop_clock clock;
    int64_t due_ms;
    unsigned count;
    unsigned early;
    struct loop_timer *timer;
};

static void fired(void *ctx)
{
    struct firing *firing = ctx;
    int64_t now_ms = firing->clock == LOOP_UTC ? loop_utc_ms() : loop_monotonic_ms();
    firing->count++;
    firing->early += now_ms < firing->due_ms;
}

static void test_loop_timer_is_never_early(void **state)
{
    (void)state;
    enum { TIMERS = 200 };
    struct firing firings[TIMERS] = {{0}};
    unsigned count = 0;
    for (int i = 0; i < TIMERS; i++) {
        struct firing *firing = &firings[i];
        firing->clock = i % 2 == 0 ? LOOP_UTC : LOOP_MONOTONIC;
        firing->due_ms = (i % 2 == 0 ? loop_utc_ms() : loop_monotonic_ms()) + i % 50;
        assert_int_equal(loop_timer_new(loop, firing->clock, fired, firing, &firing->timer), 0);
        loop_timer_set(firing->timer, firing->due_ms);
    }
    assert_true(loop_wait_count(loop, &firings[49].count, 1, 5000));
    for (int i = 0; i < TIMERS; i++) {
        assert_true(loop_wait_count(loop, &firings[i].count, 1, 1000));
        assert_int_equal(firings[i].early, 0);
        count += firings[i].count;
        loop_timer_free(firings[i].timer);
    }
    assert_int_equal(count, TIMERS);
}

static void test_loop_timer_moves_and_clears(void **state)
{
    (void)state;
    struct firing moved = {.clock = LOOP_MONOTONIC};
    struct firing cleared = {.clock = LOOP_UTC};
    assert_int_equal(loop_timer_new(loop, LOOP_MONOTONIC, fired, &moved, &moved.timer), 0);
    assert_int_equal(loop_timer_new(loop, LOOP_UTC, fired, &cleared, &cleared.timer), 0);
    loop_timer_set(cleared.timer, 5); /* long past */
    loop_timer_clear(cleared.timer);
    loop_timer_after(moved.timer, 60000);
    loop_timer_after(moved.timer, 10);
    assert_true(loop_wait_count(loop, &moved.count, 1, 5000));
    loop_timer_set(cleared.timer, 0);
    assert_int_equal(cleared.count, 0);
    assert_true(loop_wait_count(loop, &cleared.count, 1, 5000));
    assert_int_equal(moved.count, 1);
    loop_timer_free(moved.timer);
    loop_timer_free(cleared.timer);
}

struct hooked {
    struct loop_hook *hook;
    unsigned left;
    unsigned calls;
};

static bool run_hook(void *ctx)
{
    struct hooked *hooked = ctx;
    hooked->calls++;
    if (hooked->left == 0) {
        return false;
    }
    hooked->left--;
    return hooked->left > 0;
}

static void test_loop_hook_runs_until_its_inbox_is_empty(void **state)
{
    (void)state;
    struct hooked hooked = {.left = 1000};
    assert_int_equal(loop_hook_new(loop, run_hook, &hooked, &hooked.hook), 0);
    assert_true(loop_wait_count(loop, &hooked.calls, 1000, 5000));
    assert_int_equal(hooked.left, 0);
    unsigned calls = hooked.calls;
    loop_hook_kick(hooked.hook);
    loop_turn(loop, 1000);
    assert_true(hooked.calls > calls);
    loop_hook_free(hooked.hook);
}

static void *send_wakes(void *ctx)
{
    for (int i = 0; i < 1000; i++) {
        loop_wake_send(ctx);
    }
    return NULL;
}

static void count_up(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void test_loop_wake_comes_from_another_thread(void **state)
{
    (void)state;
    unsigned woken = 0;
    struct loop_wake *wake;
    pthread_t thread;
    assert_int_equal(loop_wake_new(loop, count_up, &woken, &wake), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_wakes, wake), 0);
    assert_true(loop_wait_count(loop, &woken, 1, 5000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    loop_wake_free(wake);
}

struct watched {
    struct loop_fd *watch;
    int fd;
    unsigned reads;
};

static void readable(void *ctx, unsigned events)
{
    struct watched *watched = ctx;
    char byte;
    assert_true((events & LOOP_READABLE) != 0);
    assert_int_equal(read(watched->fd, &byte, 1), 1);
    if (++watched->reads == 3) {
        loop_fd_free(watched->watch); /* from its own callback */
    }
}

static void test_loop_fd_tells_until_it_is_freed(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct watched watched = {.fd = ends[0]};
    assert_int_equal(loop_fd_new(loop, ends[0], readable, &watched, &watched.watch), 0);
    assert_int_equal(write(ends[1], "abcd", 4), 4);
    loop_turn_for(loop, 20);
    assert_int_equal(watched.reads, 0); /* nothing is wanted yet */
    assert_int_equal(loop_fd_want(watched.watch, LOOP_READABLE), 0);
    assert_true(loop_wait_count(loop, &watched.reads, 3, 5000));
    loop_turn_for(loop, 20);
    assert_int_equal(watched.reads, 3);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_loop_first_signal_stops_and_hup_reloads(void **state)
{
    (void)state;
    unsigned count = 0;
    assert_int_equal(loop_on_signals(loop, count_up, count_up, &count), 0);
    assert_int_equal(raise(SIGHUP), 0);
    assert_true(loop_wait_count(loop, &count, 1, 5000));
    assert_int_equal(raise(SIGTERM), 0);
    assert_true(loop_wait_count(loop, &count, 2, 5000));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_loop_timer_is_never_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loop_timer_moves_and_clears, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loop_hook_runs_until_its_inbox_is_empty, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_loop_wake_comes_from_another_thread, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_loop_fd_tells_until_it_is_freed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_loop_first_signal_stops_and_hup_reloads, set_up,
                                        tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
