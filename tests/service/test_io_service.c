/* A whole process on the frame: readiness, admin page, signals, exit codes. */
#include "support/runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/http_client.h"
#include "io/service.h"
#include "support/loop_wait.h"

enum { BOUND_MS = 20000 };

/* --- the service, which runs in a child --- */

static const struct config_key keys[] = {
    {"start.fails", CONFIG_BOOL, "false", 0, 0, NULL, false, "Fails to start."},
    {"drain.hangs", CONFIG_BOOL, "false", 0, 0, NULL, false, "Never drains."},
    {"ready.after", CONFIG_DURATION, "50ms", 0, 60000, NULL, true, "Becomes ready then."},
};
static const struct config_table table = {"sw-test", "A test.", keys, 3};

struct child {
    struct service *service;
    struct loop_timer *timer;
};

static struct child the_child;

static void become_ready(void *ctx)
{
    struct child *child = ctx;
    service_set_unready(child->service, "thing", NULL);
}

static int child_start(struct service *service, void **ret_state)
{
    const struct config *config = service_config(service);
    the_child.service = service;
    service_set_unready(service, "thing", "still warming up");
    if (config_bool(config, "start.fails")) {
        return ERR_UNAVAILABLE;
    }
    *ret_state = &the_child;
    int error = loop_timer_new(service_loop(service), LOOP_MONOTONIC, become_ready, &the_child,
                               &the_child.timer);
    if (error == 0) {
        loop_timer_after(the_child.timer, config_int(config, "ready.after"));
    }
    return error;
}

static void child_drain(void *state)
{
    struct child *child = state;
    if (!config_bool(service_config(child->service), "drain.hangs")) {
        service_drained(child->service);
    }
}

static void child_stop(void *state)
{
    struct child *child = state;
    loop_timer_free(child->timer);
}

static const struct service_definition definition = {
    .table = &table, .start = child_start, .drain = child_drain, .stop = child_stop};

/* --- the test --- */

struct world {
    struct loop *loop;
    struct http_client *client;
    pid_t child;
    char listen[64];
    char base[64];
    unsigned done;
    struct http_call_result last;
    char body[8192];
};

static struct world world;

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    const struct http_client_options options = {.in_flight_max = 4};
    struct address any = {.host = "127.0.0.1"};
    int fd = -1;
    if (loop_new(&world.loop) != 0 || http_client_new(world.loop, &options, &world.client) != 0 ||
        address_listen(&any, 1, &fd) != 0 || address_of_socket(fd, &any) != 0) {
        return 1;
    }
    (void)close(fd);
    (void)snprintf(world.listen, sizeof(world.listen), "admin.listen=127.0.0.1:%u", any.port);
    (void)snprintf(world.base, sizeof(world.base), "http://127.0.0.1:%u", any.port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (world.child > 0) {
        (void)kill(world.child, SIGKILL);
        (void)waitpid(world.child, NULL, 0);
    }
    http_client_free(world.client);
    loop_free(world.loop);
    return 0;
}

static void start_child(const char *setting)
{
    char *argv[] = {(char *)(uintptr_t) "sw-test", (char *)(uintptr_t) "--set", world.listen,
                    (char *)(uintptr_t) "--set",   (char *)(uintptr_t)setting,  NULL};
    world.child = fork();
    assert_true(world.child >= 0);
    if (world.child == 0) {
        _exit(service_main(&definition, 5, argv));
    }
}

static int child_exit(void)
{
    int status = 0;
    assert_int_equal(waitpid(world.child, &status, 0), world.child);
    world.child = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void call_done(const struct http_call_result *result, void *ctx)
{
    struct world *w = ctx;
    w->done++;
    w->last = *result;
    (void)snprintf(w->body, sizeof(w->body), "%.*s", (int)result->body.len,
                   result->body.len == 0 ? "" : result->body.at);
}

static unsigned ask(const char *method, const char *path, const char *body)
{
    char url[128];
    (void)snprintf(url, sizeof(url), "%s%s", world.base, path);
    const struct http_call_options options = {
        .method = method, .url = url, .body = str_of(body), .timeout_ms = 5000};
    unsigned before = world.done;
    assert_int_equal(http_client_call(world.client, &options, call_done, &world, NULL), 0);
    assert_true(loop_wait_count(world.loop, &world.done, before + 1, BOUND_MS));
    return world.last.status;
}

struct wanted {
    unsigned status;
};

static bool ready_says(void *ctx)
{
    const struct wanted *wanted = ctx;
    return ask("GET", "/readyz", NULL) == wanted->status;
}

static void assert_ready_becomes(unsigned status)
{
    struct wanted wanted = {status};
    assert_true(loop_wait(world.loop, ready_says, &wanted, BOUND_MS));
}

static void test_service_is_ready_and_drains(void **state)
{
    (void)state;
    start_child("ready.after=300ms");
    assert_ready_becomes(503);
    assert_string_equal(world.body, "thing: still warming up\n");
    assert_ready_becomes(200);
    assert_int_equal(ask("GET", "/healthz", NULL), 200);
    assert_int_equal(kill(world.child, SIGTERM), 0);
    assert_int_equal(child_exit(), 0);
}

static void test_service_admin_page(void **state)
{
    (void)state;
    start_child("ready.after=0s");
    assert_ready_becomes(200);
    assert_int_equal(ask("GET", "/metrics", NULL), 200);
    assert_non_null(strstr(world.body, "\nsw_ready 1\n"));
    assert_non_null(strstr(world.body, "# TYPE process_cpu_seconds_total counter\n"));
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_true(fputs(world.body, promtool) >= 0);
    assert_int_equal(pclose(promtool), 0);
    assert_int_equal(ask("GET", "/show/state", NULL), 200);
    assert_non_null(strstr(world.body, "ready yes\nlog info\n"));
    assert_int_equal(ask("POST", "/set/log", "debug\n"), 200);
    assert_int_equal(ask("POST", "/set/log", "loud"), 400);
    assert_int_equal(ask("GET", "/show/state", NULL), 200);
    assert_non_null(strstr(world.body, "log debug\n"));
    assert_int_equal(ask("GET", "/show/config", NULL), 200);
    assert_non_null(strstr(world.body, "ready.after = 0s\n"));
    assert_int_equal(ask("GET", "/show/counters", NULL), 200);
    assert_null(strstr(world.body, "#"));
    assert_int_equal(ask("GET", "/show/queues", NULL), 200);
    assert_int_equal(ask("GET", "/show/unknown", NULL), 404);
    assert_int_equal(ask("GET", "/help", NULL), 200);
    assert_int_equal(ask("POST", "/drain", ""), 202);
    assert_int_equal(child_exit(), 0);
}

static void test_service_exit_codes(void **state)
{
    (void)state;
    start_child("start.fails=true");
    assert_int_equal(child_exit(), 1);
    start_child("start.fals=true");
    assert_int_equal(child_exit(), 2);
    assert_int_equal(setenv("SW_DRAIN_TIMEOUT", "100ms", 1), 0);
    start_child("drain.hangs=true");
    assert_ready_becomes(200);
    assert_int_equal(kill(world.child, SIGTERM), 0);
    assert_int_equal(child_exit(), 3);
    assert_int_equal(setenv("SW_DRAIN_TIMEOUT", "60s", 1), 0);
    start_child("drain.hangs=true");
    assert_ready_becomes(200);
    assert_int_equal(kill(world.child, SIGTERM), 0);
    assert_ready_becomes(503); /* draining */
    assert_int_equal(kill(world.child, SIGINT), 0);
    assert_int_equal(child_exit(), 130);
    assert_int_equal(unsetenv("SW_DRAIN_TIMEOUT"), 0);
}

static void test_service_listens_alone(void **state)
{
    (void)state;
    start_child("ready.after=0s");
    assert_ready_becomes(200);
    pid_t first = world.child;
    start_child("ready.after=0s"); /* the same admin address */
    assert_int_equal(child_exit(), 1);
    world.child = first;
}

static void write_config(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool level_is_debug(void *ctx)
{
    (void)ctx;
    return ask("GET", "/show/state", NULL) == 200 && strstr(world.body, "log debug\n") != NULL;
}

static void test_service_reloads_what_may_change(void **state)
{
    (void)state;
    char path[] = "/tmp/sw-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    write_config(path, "log.level = info\nslot = 1\n");
    char *argv[] = {(char *)(uintptr_t) "sw-test",
                    (char *)(uintptr_t) "--config",
                    path,
                    (char *)(uintptr_t) "--set",
                    world.listen,
                    NULL};
    world.child = fork();
    assert_true(world.child >= 0);
    if (world.child == 0) {
        _exit(service_main(&definition, 5, argv));
    }
    assert_ready_becomes(200);
    /* A key that may not change refuses the whole file. */
    write_config(path, "log.level = error\nslot = 2\n");
    assert_int_equal(kill(world.child, SIGHUP), 0);
    write_config(path, "log.level = debug\nslot = 1\n");
    assert_int_equal(kill(world.child, SIGHUP), 0);
    assert_true(loop_wait(world.loop, level_is_debug, NULL, BOUND_MS));
    assert_int_equal(ask("GET", "/show/config", NULL), 200);
    assert_non_null(strstr(world.body, "slot = 1\n"));
    /* One that is not good neither. */
    write_config(path, "log.level = nonsense\n");
    assert_int_equal(kill(world.child, SIGHUP), 0);
    assert_true(loop_wait(world.loop, level_is_debug, NULL, BOUND_MS));
    assert_int_equal(kill(world.child, SIGTERM), 0);
    assert_int_equal(child_exit(), 0);
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_service_is_ready_and_drains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service_admin_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service_exit_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service_listens_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service_reloads_what_may_change, set_up, tear_down),
    };
    return RUN_TESTS(argc, argv, tests);
}
