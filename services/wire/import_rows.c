#include "wire/import_rows.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/map.h"

enum {
    SCRATCH_BYTES = CSV_ROW_MAX_BYTES + 4 * CSV_COLUMNS_MAX,
    ARENA_BYTES = 64 * IMPORT_ROWS_MAX,
};

struct seen_row {
    struct ident digest;
    size_t count;
};

struct import_rows {
    import_digest_fn digest;
    void *ctx;
    struct arena arena;
    struct map map; /* digest -> struct seen_row */
    char scratch[SCRATCH_BYTES];
};

int import_rows_new(import_digest_fn digest, void *ctx, struct import_rows **ret_rows)
{
    struct import_rows *rows = heap_alloc(sizeof(*rows));
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    rows->digest = digest;
    rows->ctx = ctx;
    arena_init(&rows->arena, ARENA_BYTES);
    map_init(&rows->map, IMPORT_ROWS_MAX, (uint64_t)(uintptr_t)rows);
    *ret_rows = rows;
    return 0;
}

void import_rows_free(struct import_rows *rows)
{
    if (rows != NULL) {
        map_fini(&rows->map);
        arena_fini(&rows->arena);
        heap_free(rows);
    }
}

size_t import_rows_add_part(char *bytes, size_t len, struct str part)
{
    uint32_t part_len = (uint32_t)part.len;
    for (size_t i = 0; i < sizeof(part_len); i++) {
        bytes[len++] = (char)(part_len >> (8 * i));
    }
    if (part.len > 0) {
        memcpy(bytes + len, part.at, part.len);
    }
    return len + part.len;
}

struct ident import_rows_digest(struct import_rows *rows, const struct csv_row *row, size_t skip,
                                size_t skip_too)
{
    struct ident digest;
    size_t len = 0;
    for (size_t i = 0; i < row->count; i++) {
        bool is_skipped = i + 1 == skip || i + 1 == skip_too;
        len = is_skipped ? len : import_rows_add_part(rows->scratch, len, row->fields[i]);
    }
    rows->digest(rows->ctx, (struct str){rows->scratch, len}, digest.bytes);
    return digest;
}

int import_rows_count(struct import_rows *rows, struct ident digest, size_t *ret_equal)
{
    struct seen_row *seen = map_get(&rows->map, ident_part(&digest));
    if (seen == NULL) {
        seen = arena_alloc(&rows->arena, sizeof(*seen));
        if (seen == NULL) {
            return ERR_MEMORY;
        }
        seen->digest = digest;
        int error = map_add(&rows->map, ident_part(&seen->digest), seen);
        if (error != 0) {
            return error;
        }
    }
    *ret_equal = seen->count++;
    return 0;
}
