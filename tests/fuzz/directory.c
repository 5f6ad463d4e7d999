/* One record of topic directory: its key, a newline, its value. What is taken is put, asked for and written again. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "core/org/resolve.h"
#include "wire/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct org *org, const struct org_record *record)
{
    static struct org_resolution found;
    struct str unit = record->kind == ORG_RECORD_PERSON ? record->person.unit : record->roster.unit;
    struct str subject =
        record->kind == ORG_RECORD_PERSON ? record->person.id : (struct str){NULL, 0};
    for (int role = 0; role < ORG_ROLE_COUNT; role++) {
        struct org_query query = {
            .role = (enum org_role)role, .unit = unit, .subject = subject, .at_ms = 1};
        org_resolve(org, &query, &found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    if (end == NULL) {
        return 0;
    }
    struct str key = {(const char *)data, (size_t)(end - data)};
    struct str value = {(const char *)end + 1, size - key.len - 1};
    struct org_setup setup = {.keep_sealed = true};
    struct org *org = org_new(&setup);
    struct arena arena;
    struct org_record record;
    struct fault fault;
    arena_init(&arena, 8 * 1024 * 1024);
    sw_assert(org != NULL);
    if (directory_decode(key, value, &arena, &record, &fault) == 0) {
        struct str again;
        sw_assert(org_put(org, &record) == 0);
        if (record.kind == ORG_RECORD_PERSON || record.kind == ORG_RECORD_ROSTER) {
            ask(org, &record);
        }
        sw_assert(directory_encode(&record, &arena, &again) == 0);
        sw_assert(org_remove(org, key));
        sw_assert(org_count(org) == 0);
    }
    arena_fini(&arena);
    org_free(org);
    return 0;
}
