#include "relay/areas.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "core/org/org.h"
#include "io/kafka.h"
#include "io/log.h"
#include "io/seal.h"
#include "wire/directory.h"

enum { SCRATCH_BYTES = 4 << 20, UNITS_MAX = 1 << 20 };

struct areas {
    struct org *org; /* of units alone */
    struct arena scratch;
    struct kafka_reader *reader;
    loop_fn caught_up;
    void *ctx;
};

static void take(void *ctx, const struct kafka_record *record)
{
    static const char ending[] = "/unit";
    struct areas *areas = ctx;
    struct str key = record->key;
    size_t len = sizeof(ending) - 1;
    if (key.len < len || !str_is((struct str){key.at + key.len - len, len}, ending)) {
        return;
    }
    struct fault fault = {.reason = REJECT_NONE};
    int error = directory_apply(areas->org, &areas->scratch, key,
                                record->value.at == NULL ? NULL : &record->value, &fault);
    if (error != 0 && error != ERR_UNSUPPORTED) {
        log_warn("unit_refused", log_count("partition", record->partition),
                 log_count("offset", record->offset), log_error_code("why", error));
    }
}

static void read_all(void *ctx)
{
    struct areas *areas = ctx;
    log_info("areas_read", log_count("units", (int64_t)org_count(areas->org)));
    areas->caught_up(areas->ctx);
}

int areas_new(struct loop *loop, const struct config *config, loop_fn caught_up, void *ctx,
              struct areas **ret_areas)
{
    static const struct kafka_source source = {.topic = TOPIC_DIRECTORY,
                                               .from = KAFKA_FROM_BEGINNING};
    struct areas *areas = calloc(1, sizeof(*areas));
    if (areas == NULL) {
        return ERR_MEMORY;
    }
    areas->caught_up = caught_up;
    areas->ctx = ctx;
    arena_init(&areas->scratch, SCRATCH_BYTES);
    uint64_t seed;
    seal_random(&seed, sizeof(seed));
    areas->org = org_new(&(struct org_setup){.record_max = UNITS_MAX, .seed = seed});
    int error = areas->org == NULL ? ERR_MEMORY : 0;
    error = error != 0 ? error : kafka_reader_new(loop, config, &source, 1, &areas->reader);
    if (error != 0) {
        areas_free(areas);
        return error;
    }
    kafka_reader_set_calls(
        areas->reader, &(struct kafka_reader_calls){.record = take, .caught_up = read_all}, areas);
    *ret_areas = areas;
    return 0;
}

void areas_free(struct areas *areas)
{
    if (areas != NULL) {
        kafka_reader_free(areas->reader);
        org_free(areas->org);
        arena_fini(&areas->scratch);
        free(areas);
    }
}

struct str areas_path(const struct areas *areas, struct str unit, char room[AREA_PATH_BYTES])
{
    struct str chain[ORG_CHAIN_MAX];
    size_t count = 0;
    const struct org_unit *at = org_find_unit(areas->org, unit);
    for (; at != NULL && count < ORG_CHAIN_MAX;
         at = at->parent.len == 0 ? NULL : org_find_unit(areas->org, at->parent)) {
        chain[count++] = at->id;
    }
    size_t len = 0;
    if (count == 0) {
        len = (size_t)snprintf(room, AREA_PATH_BYTES, unit.len == 0 ? "?." : "?.%.*s.",
                               (int)(unit.len < 64 ? unit.len : 64), unit.at);
    }
    while (count > 0) {
        struct str id = chain[--count];
        len += (size_t)snprintf(room + len, AREA_PATH_BYTES - len, "%.*s.", (int)id.len, id.at);
    }
    return (struct str){room, len};
}
