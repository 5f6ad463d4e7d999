/* Whole CSV files as events. The first byte chooses what the rest is: a map, or a file of answers or attendance. Every item is
 * an event in form, or has a reason and a column that exists. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/event.h"
#include "wire/import_map.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1795564800000)

static const struct instrument instruments[] = {
    {.id = {"A", 1}, .version = {"1", 1}, .item_count = 2, .most = 3},
    {.id = {"B", 1}, .version = {"1", 1}, .item_count = 1, .least = -1, .most = 1},
};
static const struct instrument_set set = {instruments, 2};

static void mix(void *ctx, struct str bytes, uint8_t ret_digest[IDENT_BYTES])
{
    uint64_t state[2] = {1469598103934665603u, 88172645463325252u};
    (void)ctx;
    for (size_t i = 0; i < bytes.len; i++) {
        state[0] = (state[0] ^ (uint8_t)bytes.at[i]) * 1099511628211u;
        state[1] = (state[1] + (uint8_t)bytes.at[i]) * 6364136223846793005u + 1;
    }
    memcpy(ret_digest, state, IDENT_BYTES);
}

static void check_item(const struct import *import, struct import_item *item, size_t columns,
                       struct arena *arena)
{
    struct fault fault = {.reason = REJECT_NONE};
    struct event_draft draft;
    sw_assert((item->json == NULL) == (item->fault.reason != REJECT_NONE));
    sw_assert(item->fault.column <= columns);
    if (item->json == NULL) {
        return;
    }
    sw_assert(item->event.id.len == 2 * IDENT_BYTES);
    if (event_read(&item->event, NOW_MS, arena, &fault, &draft) != 0) {
        sw_assert(fault.reason != REJECT_NONE);
        sw_assert(import_column_of(import, &fault) <= columns);
    }
    json_drop(item->json);
}

static void read_rows(struct csv *csv, const struct import_setup *setup)
{
    struct import_item items[IMPORT_ITEMS_MAX];
    struct import_fault fault;
    struct csv_fault bad;
    struct csv_row row;
    struct import *import = NULL;
    struct arena arena;
    arena_init(&arena, 8 << 20);
    for (enum csv_result result = csv_next(csv, &row, &bad); result != CSV_END;
         result = csv_next(csv, &row, &bad)) {
        size_t count = 0;
        arena_reset(&arena);
        if (result == CSV_BAD) {
            continue;
        }
        if (import == NULL && import_begin(setup, &row, &fault, &import) != 0) {
            sw_assert(fault.reason != REJECT_NONE && fault.column <= row.count);
            break;
        }
        if (import_row(import, &row, &arena, items, &count) == 0) {
            for (size_t i = 0; i < count; i++) {
                check_item(import, &items[i], row.count, &arena);
            }
        }
    }
    import_free(import);
    arena_fini(&arena);
}

static void read_map(struct str text)
{
    static struct yaml_faults faults;
    static const struct str names[] = {{"a", 1}, {"b", 1}};
    static const struct str cells[] = {{"X1", 2}, {"", 0}};
    const struct csv_row header = {names, 2, 1};
    const struct csv_row row = {cells, 2, 2};
    const struct import_map *map = NULL;
    struct import_fault fault;
    struct arena arena;
    arena_init(&arena, 8 << 20);
    faults.count = 0;
    int error = import_map_read("m", text, &arena, &faults, &map);
    sw_assert((error == ERR_INVALID) == (faults.count > 0) || error != 0);
    struct import_view *view = NULL;
    if (error == 0 && import_view_new(map, &header, &fault, &view) == 0) {
        struct csv_row ours;
        sw_assert(import_view_row(view, &row, &fault, &ours) == 0);
        sw_assert(ours.count == import_view_header(view).count);
        import_view_free(view);
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv *csv = NULL;
    if (size < 2) {
        return 0;
    }
    struct str text = {(const char *)data + 1, size - 1};
    if (data[0] % 3 == 0) {
        read_map(text);
        return 0;
    }
    const struct import_setup setup = {
        .family = data[0] % 3 == 1 ? EVENT_FAMILY_SCREENING : EVENT_FAMILY_ATTENDANCE,
        .unit = STR_LITERAL("no-1"),
        .is_made_up = data[0] >= 128,
        .instruments = &set,
        .digest = mix,
    };
    sw_assert(csv_new(&csv) == 0);
    csv_feed(csv, text);
    csv_end(csv);
    read_rows(csv, &setup);
    csv_free(csv);
    return 0;
}
