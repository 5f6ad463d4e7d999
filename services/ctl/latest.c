#include "ctl/latest.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "ctl/log_reader.h"

enum { KEYS_MAX = 8 << 20 };

static void take(void *ctx, const struct kafka_record *record)
{
    struct latest *latest = ctx;
    if (record->key.at == NULL ||
        memmem(record->key.at, record->key.len, latest->kind, strlen(latest->kind)) == NULL ||
        (latest->unit != NULL && !str_is(topic_unit_of_key(record->key), latest->unit))) {
        return;
    }
    heap_free(map_remove(&latest->by_key, record->key));
    if (record->value.at == NULL || latest->error != 0) {
        return;
    }
    struct latest_entry *entry =
        heap_alloc(sizeof(*entry) + record->key.len + record->value.len + 1);
    if (entry == NULL) {
        latest->error = ERR_MEMORY;
        return;
    }
    memcpy(entry->bytes, record->key.at, record->key.len);
    memcpy(entry->bytes + record->key.len, record->value.at, record->value.len);
    entry->key = (struct str){entry->bytes, record->key.len};
    entry->value = (struct str){entry->bytes + record->key.len, record->value.len};
    latest->error = map_add(&latest->by_key, entry->key, entry);
    if (latest->error != 0) {
        heap_free(entry);
    }
}

enum ctl_exit latest_read(struct ctl *ctl, enum topic topic, const char *unit, const char *kind,
                          struct latest *ret_latest)
{
    *ret_latest = (struct latest){.unit = unit, .kind = kind};
    map_init(&ret_latest->by_key, KEYS_MAX, 1);
    enum ctl_exit code = log_read_all(ctl, topic, take, ret_latest);
    if (code == CTL_OK && ret_latest->error != 0) {
        code = ctl_fail(CTL_UNAVAILABLE, "%s", error_text(ret_latest->error));
    }
    return code;
}

static int by_order(const void *a, const void *b)
{
    const struct map_entry *left = a;
    const struct map_entry *right = b;
    int64_t left_order = ((const struct latest_entry *)left->value)->order;
    int64_t right_order = ((const struct latest_entry *)right->value)->order;
    return (left_order > right_order) - (left_order < right_order);
}

void latest_sort(struct latest *latest)
{
    if (latest->by_key.count > 0) {
        qsort(latest->by_key.entries, latest->by_key.count, sizeof(struct map_entry), by_order);
    }
}

size_t latest_count(const struct latest *latest)
{
    return latest->by_key.count;
}

struct latest_entry *latest_at(const struct latest *latest, size_t index)
{
    sw_assert(index < latest->by_key.count);
    return latest->by_key.entries[index].value;
}

void latest_fini(struct latest *latest)
{
    for (size_t i = 0; i < latest->by_key.count; i++) {
        heap_free(latest->by_key.entries[i].value);
    }
    map_fini(&latest->by_key);
}
