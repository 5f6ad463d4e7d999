#include "support/runner.h"

#include <stdio.h>
#include <string.h>

#include "io/metrics.h"

enum { ACCEPTED, OPEN, LATENCY, ROWS };

static const int64_t bounds[] = {10, 100};
static const struct metric_row rows[ROWS] = {
    [ACCEPTED] = {.name = "sw_test_accepted_total",
                  .kind = METRIC_COUNTER,
                  .help = "Accepted.",
                  .labels = {"kind", "unit"}},
    [OPEN] = {.name = "sw_test_open", .kind = METRIC_GAUGE, .help = "Open."},
    [LATENCY] = {.name = "sw_test_latency_seconds",
                 .kind = METRIC_HISTOGRAM,
                 .help = "Latency.",
                 .scale = 1000,
                 .bounds = bounds,
                 .bound_count = 2},
};

struct world {
    struct metrics *metrics;
    struct metric *metric[ROWS];
    struct buffer text;
};

static struct world world;

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    buffer_init(&world.text, 1 << 20);
    return metrics_new(&world.metrics) != 0 ||
           metrics_register(world.metrics, rows, ROWS, world.metric) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    metrics_free(world.metrics);
    buffer_fini(&world.text);
    return 0;
}

static void test_metrics_exposition(void **state)
{
    (void)state;
    metric_add(metric_with(world.metric[ACCEPTED], (const char *[]){"a\"b", "u\\1"}), 2);
    metric_add(metric_with(world.metric[ACCEPTED], (const char *[]){"a\"b", "u\\1"}), 3);
    metric_set(metric_with(world.metric[OPEN], NULL), -4);
    metric_observe(metric_with(world.metric[LATENCY], NULL), 10);
    metric_observe(metric_with(world.metric[LATENCY], NULL), 11);
    metric_observe(metric_with(world.metric[LATENCY], NULL), 5000);
    metrics_expose(world.metrics, &world.text);
    assert_string_equal(world.text.bytes,
                        "# HELP sw_test_accepted_total Accepted.\n"
                        "# TYPE sw_test_accepted_total counter\n"
                        "sw_test_accepted_total{kind=\"a\\\"b\",unit=\"u\\\\1\"} 5\n"
                        "# HELP sw_test_open Open.\n"
                        "# TYPE sw_test_open gauge\n"
                        "sw_test_open -4\n"
                        "# HELP sw_test_latency_seconds Latency.\n"
                        "# TYPE sw_test_latency_seconds histogram\n"
                        "sw_test_latency_seconds_bucket{le=\"0.01\"} 1\n"
                        "sw_test_latency_seconds_bucket{le=\"0.1\"} 2\n"
                        "sw_test_latency_seconds_bucket{le=\"+Inf\"} 3\n"
                        "sw_test_latency_seconds_sum 5.021\n"
                        "sw_test_latency_seconds_count 3\n");
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(world.text.bytes, 1, world.text.len, promtool), world.text.len);
    assert_int_equal(pclose(promtool), 0);
}

static void test_metrics_series_are_bounded(void **state)
{
    (void)state;
    char kind[32];
    for (int i = 0; i < 3 * METRIC_SERIES_MAX; i++) {
        (void)snprintf(kind, sizeof(kind), "kind%d", i);
        metric_add(metric_with(world.metric[ACCEPTED], (const char *[]){kind, "u"}), 1);
    }
    metrics_expose(world.metrics, &world.text);
    char other[96];
    (void)snprintf(other, sizeof(other), "{kind=\"other\",unit=\"other\"} %d\n",
                   2 * METRIC_SERIES_MAX);
    assert_non_null(strstr(world.text.bytes, other));
    metric_add(metric_with(world.metric[ACCEPTED], (const char *[]){"kind5", "u"}), 1);
    assert_int_equal(
        metric_value(metric_with(world.metric[ACCEPTED], (const char *[]){"kind5", "u"})), 2);
}

static void collect(void *ctx)
{
    metric_set(metric_with(world.metric[OPEN], NULL), *(const int64_t *)ctx);
}

static void test_metrics_collect_before_exposition(void **state)
{
    (void)state;
    int64_t value = 17;
    assert_int_equal(metrics_on_collect(world.metrics, collect, &value), 0);
    metrics_expose(world.metrics, &world.text);
    assert_non_null(strstr(world.text.bytes, "\nsw_test_open 17\n"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_metrics_exposition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_metrics_series_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_metrics_collect_before_exposition, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
