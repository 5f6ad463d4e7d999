#include "support/outside.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/directory.h"
#include "wire/pack.h"

/* --- Kafka ----------------------------------------------------------------------------------------------------------- */

static void produced(void *ctx, int error, int32_t partition, int64_t offset)
{
    struct outside *out = ctx;
    (void)partition;
    (void)offset;
    assert_int_equal(error, 0);
    out->produced++;
}

void outside_put(struct outside *out, const struct kafka_output *output)
{
    unsigned before = out->produced;
    assert_int_equal(kafka_produce(out->producer, output, produced, out), 0);
    assert_true(loop_wait_count(out->loop, &out->produced, before + 1, OUTSIDE_WAIT_MS));
}

void outside_put_bytes(struct outside *out, enum topic topic, struct str key, struct str value)
{
    const struct kafka_output output = {
        .topic = topic, .unit = topic_unit_of_key(key), .key = key, .value = value};
    outside_put(out, &output);
}

void outside_put_org(struct outside *out, const struct org_record *record)
{
    char key[ORG_KEY_MAX_BYTES];
    struct str value;
    assert_int_equal(directory_encode(record, &out->arena, &value), 0);
    outside_put_bytes(out, TOPIC_DIRECTORY, org_record_key(record, key), value);
}

void outside_put_key(struct outside *out, const char *unit, const char *id)
{
    const struct seal_owner owner = {str_of(unit), str_of(id)};
    struct str key;
    struct str value;
    assert_int_equal(erasure_make_record(&owner, 1, &out->arena, &key, &value), 0);
    assert_int_equal(erasure_apply(out->erasure, key, &value), 0);
    outside_put_bytes(out, TOPIC_KEYS, key, value);
}

/* In place: the file's bytes are the arena's. */
static void patch_files(const struct pack_file *files, size_t count, const struct pack_patch *patch)
{
    size_t len = strlen(patch->from);
    assert_int_equal(len, strlen(patch->to));
    for (size_t i = 0; i < count; i++) {
        char *at = memmem(files[i].content.at, files[i].content.len, patch->from, len);
        if (at != NULL) {
            memcpy(at, patch->to, len);
            return;
        }
    }
    fail_msg("the pack has no %s", patch->from);
}

static void put_pack_of(struct outside *out, const struct pack *pack, const char *unit)
{
    const struct pack_activation activation = {STR_LITERAL("fenyang"), STR_LITERAL("test"), 1};
    for (size_t i = 0; i <= pack->file_count; i++) {
        struct kafka_output output = {.topic = TOPIC_DIRECTORY, .unit = str_of(unit)};
        int error =
            i < pack->file_count
                ? pack_file_record(pack, i, &out->arena, &output.key, &output.value)
                : pack_active_record(pack, &activation, &out->arena, &output.key, &output.value);
        assert_int_equal(error, 0);
        outside_put(out, &output);
    }
}

void outside_put_pack(struct outside *out, const char *const *units, size_t unit_count,
                      const struct pack_patch *patches, size_t patch_count)
{
    static struct yaml_faults faults;
    const struct pack_file *files = NULL;
    struct pack *pack = NULL;
    size_t count = 0;
    assert_int_equal(pack_read_folder(SW_SOURCE_DIR "/config/packs/reference", &out->arena, &faults,
                                      &files, &count),
                     0);
    for (size_t i = 0; i < patch_count; i++) {
        patch_files(files, count, &patches[i]);
    }
    assert_int_equal(pack_build(files, count, seal_digest, &faults, &pack), 0);
    for (size_t i = 0; i < unit_count; i++) {
        put_pack_of(out, pack, units[i]);
    }
    pack_free(pack);
}

/* --- HTTP ------------------------------------------------------------------------------------------------------------ */

static void answered(const struct http_call_result *result, void *ctx)
{
    struct outside *out = ctx;
    out->status = result->error == 0 ? result->status : 0;
    out->retry_after_ms = result->retry_after_ms;
    (void)snprintf(out->body, sizeof(out->body), "%.*s", (int)result->body.len,
                   result->body.len == 0 ? "" : result->body.at);
    out->answered++;
}

unsigned outside_call(struct outside *out, const struct http_call_options *options)
{
    struct http_call_options bounded = *options;
    unsigned before = out->answered;
    bounded.timeout_ms = OUTSIDE_WAIT_MS;
    bounded.response_max_bytes = sizeof(out->body);
    assert_int_equal(http_client_call(out->http, &bounded, answered, out, NULL), 0);
    assert_true(loop_wait_count(out->loop, &out->answered, before + 1, OUTSIDE_WAIT_MS));
    return out->status;
}

unsigned outside_get(struct outside *out, uint16_t port, const char *path)
{
    char url[96];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    return outside_call(out, &(struct http_call_options){.method = "GET", .url = url});
}

uint16_t outside_free_port(void)
{
    enum { LOWEST = 16000, COUNT = 16000 }; /* below those that outgoing connections are given */
    static unsigned next;
    struct address address = {.host = "127.0.0.1"};
    int fd = -1;
    do {
        next = (next == 0 ? (unsigned)getpid() * 31u : next) + 1;
        address.port = (uint16_t)(LOWEST + next % COUNT);
    } while (address_listen(&address, 1, &fd) != 0);
    (void)close(fd);
    return address.port;
}

void outside_wait_ready(struct outside *out, uint16_t admin_port)
{
    int64_t until_ms = loop_monotonic_ms() + OUTSIDE_WAIT_MS;
    while (outside_get(out, admin_port, "/readyz") != 200) {
        assert_true(loop_monotonic_ms() < until_ms);
    }
}

long outside_metric(struct outside *out, uint16_t admin_port, const char *series)
{
    char line[160];
    long sum = 0;
    assert_int_equal(outside_get(out, admin_port, "/metrics"), 200);
    (void)snprintf(line, sizeof(line), "\n%s", series);
    for (const char *at = strstr(out->body, line); at != NULL; at = strstr(at + 1, line)) {
        sum += strtol(strchr(at, ' ') + 1, NULL, 10);
    }
    return sum;
}

/* --- The process ----------------------------------------------------------------------------------------------------- */

pid_t outside_spawn(struct outside *out, const char *program, const char *const *settings,
                    const char *log)
{
    enum { SETTINGS_MAX = 16, OWN_MAX = 3 };
    char own[OWN_MAX][160];
    size_t own_count = out->keyring == NULL ? 2 : 3;
    const char *argv[2 * (SETTINGS_MAX + OWN_MAX) + 2] = {program};
    size_t count = 1;
    (void)snprintf(own[0], sizeof(own[0]), "bootstrap.servers=%s", out->bootstrap);
    (void)snprintf(own[1], sizeof(own[1]), "topic.prefix=%s", out->prefix);
    (void)snprintf(own[2], sizeof(own[2]), "keys.dir=%s/keys", out->folder);
    for (size_t i = 0; i < own_count || settings[i - own_count] != NULL; i++) {
        assert_true(i < SETTINGS_MAX + own_count);
        argv[count++] = "--set";
        argv[count++] = i < own_count ? own[i] : settings[i - own_count];
    }
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion leaves nothing behind */
        if (log != NULL) {
            (void)dup2(open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), STDERR_FILENO);
        }
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

void outside_end(pid_t pid, int signal_number)
{
    int status = 0;
    assert_int_equal(kill(pid, signal_number), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (signal_number == SIGTERM) {
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* drained */
    }
}

/* --- All of it ------------------------------------------------------------------------------------------------------- */

static void make_config(struct outside *out, int partition_count)
{
    static const struct config_table table = {.program = "test", .summary = "test"};
    char servers[128];
    char prefix[80];
    const char *settings[] = {servers, prefix, "kafka.message.max.bytes=1048000", NULL};
    const struct topics_plan plan = {.partition_count = partition_count,
                                     .is_single = true,
                                     .inputs = topic_group_inputs,
                                     .input_count = topic_group_input_count};
    struct buffer errors;
    (void)snprintf(servers, sizeof(servers), "bootstrap.servers=%s", out->bootstrap);
    (void)snprintf(prefix, sizeof(prefix), "topic.prefix=%s", out->prefix);
    buffer_init(&errors, 65536);
    assert_int_equal(
        config_parse(&table, NULL, (struct str){NULL, 0}, settings, &errors, &out->config), 0);
    assert_int_equal(topics_create(out->config, &plan, &errors), 0);
    buffer_fini(&errors);
}

static bool producer_is_up(void *ctx)
{
    return kafka_producer_is_up(((struct outside *)ctx)->producer);
}

void outside_open(struct outside *out, const struct outside_plan *plan)
{
    static unsigned made = 0; /* each has its own topics, also where one process runs all cases */
    char keys[80];
    out->bootstrap = plan->bootstrap != NULL ? plan->bootstrap : getenv("SW_TEST_BOOTSTRAP");
    assert_non_null(out->bootstrap);
    (void)snprintf(out->folder, sizeof(out->folder), "/tmp/sw-%s-XXXXXX", plan->name);
    assert_non_null(mkdtemp(out->folder));
    (void)snprintf(out->prefix, sizeof(out->prefix), "%s%d-%u", plan->name, (int)getpid(), made++);
    (void)snprintf(keys, sizeof(keys), "%s/keys", out->folder);
    arena_init(&out->arena, 64 << 20);
    assert_int_equal(seal_init(), 0);
    if (plan->key_uses != 0) {
        assert_int_equal(keyring_generate(keys), 0);
        assert_int_equal(keyring_load(keys, plan->key_uses, NULL, &out->keyring), 0);
    }
    assert_int_equal(erasure_new(&out->erasure), 0);
    make_config(out, plan->partition_count);
    assert_int_equal(loop_new(&out->loop), 0);
    assert_int_equal(kafka_producer_new(out->loop, out->config, OUTSIDE_WAIT_MS, &out->producer),
                     0);
    assert_int_equal(
        kafka_reader_new(out->loop, out->config, plan->sources, plan->source_count, &out->reader),
        0);
    kafka_reader_set_calls(out->reader, &(struct kafka_reader_calls){.record = plan->take},
                           plan->ctx);
    assert_int_equal(http_client_new(out->loop, &(struct http_client_options){0}, &out->http), 0);
    assert_true(loop_wait(out->loop, producer_is_up, out, OUTSIDE_WAIT_MS));
}

void outside_close(struct outside *out)
{
    char command[96];
    http_client_free(out->http);
    kafka_reader_free(out->reader);
    kafka_producer_free(out->producer);
    loop_free(out->loop);
    config_free(out->config);
    keyring_free(out->keyring);
    erasure_free(out->erasure);
    arena_fini(&out->arena);
    (void)snprintf(command, sizeof(command), "rm -rf %s", out->folder);
    assert_int_equal(system(command), 0);
}
