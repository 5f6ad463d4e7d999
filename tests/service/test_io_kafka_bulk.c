/* The tools' bulk writer against a real broker: what lies above the schools is in every partition, and a batch is seen
 * whole or not at all. All names are made up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/org/org.h"
#include "io/kafka_bulk.h"
#include "support/loop_wait.h"
#include "support/runner.h"
#include "wire/directory.h"

enum { PARTITIONS = 3, WAIT_MS = 20000, TIMEOUT_MS = 15000 };

/* What a reader of all partitions has, each partition by itself as a service has it. */
struct world {
    struct config *config;
    struct loop *loop;
    struct arena arena;
    struct org *orgs[PARTITIONS];
    unsigned records;
    unsigned caught_up;
};

static void world_init(struct world *world, const char *name)
{
    static const struct config_table table = {.program = "test", .summary = "test"};
    const char *bootstrap = getenv("SW_TEST_BOOTSTRAP");
    char servers[128], prefix[64];
    const char *settings[] = {servers, prefix, NULL};
    const struct topics_plan plan = {.partition_count = PARTITIONS, .is_single = true};
    struct buffer text;
    assert_non_null(bootstrap);
    memset(world, 0, sizeof(*world));
    snprintf(servers, sizeof(servers), "bootstrap.servers=%s", bootstrap);
    snprintf(prefix, sizeof(prefix), "topic.prefix=bulk%d.%s", (int)getpid(), name);
    buffer_init(&text, 65536);
    assert_int_equal(
        config_parse(&table, NULL, (struct str){NULL, 0}, settings, &text, &world->config), 0);
    assert_int_equal(topics_create(world->config, &plan, &text), 0);
    buffer_fini(&text);
    arena_init(&world->arena, 1 << 20);
    assert_int_equal(loop_new(&world->loop), 0);
}

static void forget(struct world *world)
{
    for (size_t i = 0; i < PARTITIONS; i++) {
        org_free(world->orgs[i]);
        world->orgs[i] = NULL;
    }
}

static void world_fini(struct world *world)
{
    forget(world);
    arena_fini(&world->arena);
    loop_free(world->loop);
    config_free(world->config);
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct world *world = ctx;
    struct fault fault;
    assert_in_range(record->partition, 0, PARTITIONS - 1);
    world->records++;
    (void)!directory_apply(world->orgs[record->partition], &world->arena, record->key,
                           record->value.at == NULL ? NULL : &record->value, &fault);
}

static void caught_up(void *ctx)
{
    ((struct world *)ctx)->caught_up++;
}

/* Reads the directory anew, to its end. */
static void read_directory(struct world *world)
{
    const struct kafka_source source = {.topic = TOPIC_DIRECTORY, .from = KAFKA_FROM_BEGINNING};
    const struct kafka_reader_calls calls = {.record = take, .caught_up = caught_up};
    const struct org_setup setup = {.seed = 1};
    struct kafka_reader *reader = NULL;
    forget(world);
    for (size_t i = 0; i < PARTITIONS; i++) {
        world->orgs[i] = org_new(&setup);
        assert_non_null(world->orgs[i]);
    }
    world->records = 0;
    world->caught_up = 0;
    assert_int_equal(kafka_reader_new(world->loop, world->config, &source, 1, &reader), 0);
    kafka_reader_set_calls(reader, &calls, world);
    assert_true(loop_wait_count(world->loop, &world->caught_up, 1, WAIT_MS));
    kafka_reader_free(reader);
}

/* The record of a unit; its bytes are kept until the fourth one after it. */
static struct kafka_output unit_record(struct world *world, const char *id, const char *parent,
                                       char key[ORG_KEY_MAX_BYTES])
{
    struct str above[] = {str_of(parent)};
    const struct org_record record = {
        .kind = ORG_RECORD_UNIT,
        .unit = {.id = str_of(id),
                 .kind = parent[0] == '\0' ? ORG_UNIT_COUNTY : ORG_UNIT_SCHOOL,
                 .parent = str_of(parent),
                 .above = above,
                 .above_count = parent[0] == '\0' ? 0 : 1}};
    static char bytes[4][512];
    static size_t next;
    char *slot = bytes[next++ % 4];
    struct str value;
    arena_reset(&world->arena);
    assert_int_equal(directory_encode(&record, &world->arena, &value), 0);
    assert_true(value.len <= sizeof(bytes[0]));
    memcpy(slot, value.at, value.len);
    return (struct kafka_output){.topic = TOPIC_DIRECTORY,
                                 .unit = str_of(id),
                                 .key = org_record_key(&record, key),
                                 .value = {slot, value.len}};
}

static struct kafka_bulk *bulk_new(struct world *world)
{
    struct kafka_bulk *bulk = NULL;
    assert_int_equal(kafka_bulk_new(world->config, TIMEOUT_MS, &bulk), 0);
    return bulk;
}

static size_t partitions_with(const struct world *world, const char *unit)
{
    size_t count = 0;
    for (size_t i = 0; i < PARTITIONS; i++) {
        count += org_find_unit(world->orgs[i], str_of(unit)) != NULL ? 1 : 0;
    }
    return count;
}

static void test_kafka_bulk_county_reaches_every_partition_and_survives_a_tombstone(void **state)
{
    (void)state;
    struct world world;
    char county_key[ORG_KEY_MAX_BYTES], city_key[ORG_KEY_MAX_BYTES], school_key[ORG_KEY_MAX_BYTES];
    world_init(&world, "county");
    struct kafka_output county = unit_record(&world, "county", "", county_key);
    struct kafka_output city = unit_record(&world, "city", "", city_key);
    struct kafka_output school = unit_record(&world, "no-3", "county", school_key);
    struct kafka_bulk *bulk = bulk_new(&world);
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &county), 0);
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &city), 0);
    assert_int_equal(kafka_bulk_write(bulk, &school), 0);
    assert_int_equal(kafka_bulk_commit(bulk), 0);
    read_directory(&world);
    assert_int_equal(world.records, 2 * PARTITIONS + 1);
    assert_int_equal(partitions_with(&world, "county"), PARTITIONS);
    assert_int_equal(partitions_with(&world, "no-3"), 1);
    int32_t placed = topic_partition_of(STR_LITERAL("no-3"), PARTITIONS);
    assert_non_null(org_find_unit(world.orgs[placed], STR_LITERAL("no-3")));

    /* Another unit above goes from every partition, and the school from its own: the county stays. */
    city.value = KAFKA_NONE;
    school.value = KAFKA_NONE;
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &city), 0);
    assert_int_equal(kafka_bulk_write(bulk, &school), 0);
    assert_int_equal(kafka_bulk_commit(bulk), 0);
    read_directory(&world);
    assert_int_equal(partitions_with(&world, "city"), 0);
    assert_int_equal(partitions_with(&world, "no-3"), 0);
    assert_int_equal(partitions_with(&world, "county"), PARTITIONS);

    /* And what was taken away comes back everywhere. */
    struct str kept = county.value;
    county.value = KAFKA_NONE;
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &county), 0);
    county.value = kept;
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &county), 0);
    assert_int_equal(kafka_bulk_commit(bulk), 0);
    read_directory(&world);
    assert_int_equal(partitions_with(&world, "county"), PARTITIONS);
    kafka_bulk_free(bulk);
    world_fini(&world);
}

static void test_kafka_bulk_batch_is_seen_whole_or_not_at_all(void **state)
{
    (void)state;
    struct world world;
    char key[ORG_KEY_MAX_BYTES];
    world_init(&world, "whole");
    struct kafka_output county = unit_record(&world, "county", "", key);
    struct kafka_bulk *bulk = bulk_new(&world);
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &county), 0);
    kafka_bulk_free(bulk); /* not committed */
    read_directory(&world);
    assert_int_equal(world.records, 0);
    bulk = bulk_new(&world);
    assert_int_equal(kafka_bulk_write_everywhere(bulk, &county), 0);
    county.value = (struct str){"", KAFKA_VALUE_MAX + 1}; /* never read */
    assert_int_equal(kafka_bulk_write(bulk, &county), ERR_TOO_LARGE);
    kafka_bulk_free(bulk);
    read_directory(&world);
    assert_int_equal(world.records, 0);
    world_fini(&world);
}

static void test_kafka_bulk_ends_what_a_predecessor_left(void **state)
{
    (void)state;
    struct world world;
    char key[ORG_KEY_MAX_BYTES];
    world_init(&world, "twice");
    const struct kafka_output county = unit_record(&world, "county", "", key);
    struct kafka_bulk *older = bulk_new(&world);
    assert_int_equal(kafka_bulk_write_everywhere(older, &county), 0);
    struct kafka_bulk *newer = bulk_new(&world);
    assert_int_equal(kafka_bulk_write_everywhere(newer, &county), 0);
    assert_int_equal(kafka_bulk_commit(newer), 0);
    assert_int_equal(kafka_bulk_commit(older), ERR_FENCED);
    read_directory(&world);
    assert_int_equal(world.records, PARTITIONS);
    kafka_bulk_free(older);
    kafka_bulk_free(newer);
    world_fini(&world);
}

static void test_kafka_bulk_full_batch_is_committed_by_itself(void **state)
{
    (void)state;
    struct world world;
    char key[ORG_KEY_MAX_BYTES];
    world_init(&world, "full");
    const struct kafka_output school = unit_record(&world, "no-3", "county", key);
    struct kafka_bulk *bulk = bulk_new(&world);
    for (size_t i = 0; i < KAFKA_BULK_RECORDS + 1; i++) {
        assert_int_equal(kafka_bulk_write(bulk, &school), 0);
    }
    kafka_bulk_free(bulk); /* the last one is not committed */
    read_directory(&world);
    assert_int_equal(world.records, KAFKA_BULK_RECORDS);
    world_fini(&world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kafka_bulk_county_reaches_every_partition_and_survives_a_tombstone),
        cmocka_unit_test(test_kafka_bulk_batch_is_seen_whole_or_not_at_all),
        cmocka_unit_test(test_kafka_bulk_ends_what_a_predecessor_left),
        cmocka_unit_test(test_kafka_bulk_full_batch_is_committed_by_itself),
    };
    return RUN_TESTS(argc, argv, tests);
}
