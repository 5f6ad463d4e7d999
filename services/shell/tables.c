#include "shell/tables.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/assert.h"
#include "io/kafka.h"
#include "io/log.h"
#include "io/seal.h"
#include "wire/directory.h"

enum { SCRATCH_BYTES = 4 << 20 };

struct tables {
    struct kafka_reader *reader;
    struct org *org;
    struct erasure_keys *keys;
    struct pack_store *packs; /* NULL: not asked for */
    struct arena scratch;
    struct tables_setup setup;
    uint64_t refused;
};

static int apply(struct tables *tables, const struct kafka_record *record, struct fault *ret_fault)
{
    const struct str *value = record->value.at == NULL ? NULL : &record->value;
    if (record->topic == TOPIC_KEYS) {
        return erasure_apply(tables->keys, record->key, value);
    }
    if (pack_owns_key(record->key)) {
        struct yaml_faults faults;
        faults.count = 0; /* its texts are large */
        return tables->packs == NULL
                   ? 0
                   : pack_store_apply(tables->packs, record->key, value, &faults, NULL);
    }
    return directory_apply(tables->org, &tables->scratch, record->key, value, ret_fault);
}

static void take(void *ctx, const struct kafka_record *record)
{
    struct tables *tables = ctx;
    struct fault fault = {.reason = REJECT_NONE};
    int error = apply(tables, record, &fault);
    if (error != 0 && error != ERR_UNSUPPORTED) { /* a kind of a later version */
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
    tables->setup.caught_up(tables->setup.ctx);
}

static int make_stores(struct tables *tables)
{
    const struct org_setup setup = {.seed = (uint64_t)loop_monotonic_us(),
                                    .keep_sealed = tables->setup.keep_sealed};
    tables->org = org_new(&setup);
    if (tables->setup.keep_packs) {
        tables->packs = pack_store_new(seal_digest);
    }
    if (tables->org == NULL || (tables->setup.keep_packs && tables->packs == NULL)) {
        return ERR_MEMORY;
    }
    return erasure_new(&tables->keys);
}

int tables_new(struct loop *loop, const struct config *config, const struct tables_setup *setup,
               struct tables **ret_tables)
{
    static const struct kafka_source sources[] = {
        {.topic = TOPIC_DIRECTORY, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_KEYS, .from = KAFKA_FROM_BEGINNING}};
    struct tables *tables = calloc(1, sizeof(*tables));
    if (tables == NULL) {
        return ERR_MEMORY;
    }
    tables->setup = *setup;
    arena_init(&tables->scratch, SCRATCH_BYTES);
    int error = make_stores(tables);
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
    pack_store_free(tables->packs);
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

const struct pack_store *tables_packs(const struct tables *tables)
{
    sw_assert(tables->packs != NULL);
    return tables->packs;
}

uint64_t tables_refused(const struct tables *tables)
{
    return tables->refused;
}

int64_t tables_lag(const struct tables *tables)
{
    return kafka_reader_lag(tables->reader);
}
