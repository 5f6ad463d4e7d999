#include "intake/tables.h"

#include <stdlib.h>

#include "base/arena.h"
#include "io/kafka.h"
#include "io/log.h"
#include "wire/directory.h"

enum { SCRATCH_BYTES = 4 << 20 };

struct tables {
    struct kafka_reader *reader;
    struct org *org;
    struct erasure_keys *keys;
    struct arena scratch;
    loop_fn caught_up;
    void *ctx;
    uint64_t refused;
};

static void take(void *ctx, const struct kafka_record *record)
{
    struct tables *tables = ctx;
    const struct str *value = record->value.at == NULL ? NULL : &record->value;
    struct fault fault = {.reason = REJECT_NONE};
    int error = record->topic == TOPIC_KEYS
                    ? erasure_apply(tables->keys, record->key, value)
                    : directory_apply(tables->org, &tables->scratch, record->key, value, &fault);
    if (error != 0 && error != ERR_UNSUPPORTED) { /* packs are not intake's */
        tables->refused++;
        log_warn("table_record_refused", log_code("topic", topic_rows[record->topic].suffix),
                 log_count("partition", record->partition), log_count("offset", record->offset),
                 log_error_code("why", error), log_code("reason", reject_reason_code(fault.reason)),
                 log_code("field", fault.path));
    }
}

static void caught_up(void *ctx)
{
    struct tables *tables = ctx;
    log_info("tables_read", log_count("records", (int64_t)org_count(tables->org)),
             log_count("keys", (int64_t)erasure_count(tables->keys)));
    tables->caught_up(tables->ctx);
}

int tables_new(struct loop *loop, const struct config *config, loop_fn caught_up_fn, void *ctx,
               struct tables **ret_tables)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_DIRECTORY, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_KEYS, .from = KAFKA_FROM_BEGINNING}};
    struct tables *tables = calloc(1, sizeof(*tables));
    if (tables == NULL) {
        return ERR_MEMORY;
    }
    tables->caught_up = caught_up_fn;
    tables->ctx = ctx;
    arena_init(&tables->scratch, SCRATCH_BYTES);
    struct org_setup setup = {.seed = (uint64_t)loop_monotonic_us()};
    tables->org = org_new(&setup);
    int error = tables->org == NULL ? ERR_MEMORY : erasure_new(&tables->keys);
    if (error == 0) {
        error = kafka_reader_new(loop, config, sources, 2, &tables->reader);
    }
    if (error != 0) {
        tables_free(tables);
        return error;
    }
    kafka_reader_set_calls(tables->reader,
                           &(struct kafka_reader_calls){.record = take, .caught_up = caught_up},
                           tables);
    *ret_tables = tables;
    return 0;
}

void tables_free(struct tables *tables)
{
    if (tables == NULL) {
        return;
    }
    kafka_reader_free(tables->reader);
    org_free(tables->org);
    erasure_free(tables->keys);
    arena_fini(&tables->scratch);
    free(tables);
}

const struct org *tables_org(const struct tables *tables)
{
    return tables->org;
}

const struct erasure_keys *tables_keys(const struct tables *tables)
{
    return tables->keys;
}

uint64_t tables_refused(const struct tables *tables)
{
    return tables->refused;
}

int64_t tables_lag(const struct tables *tables)
{
    return kafka_reader_lag(tables->reader);
}
