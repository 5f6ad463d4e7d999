#include "wire/zone_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define FOLDER "/usr/share/zoneinfo/"
#define FROM_S INT64_C(1577836800) /* 2020-01-01 */

enum { HEADER_BYTES = 44, NAME_MAX_BYTES = 64, TIME_BYTES = 8, TYPE_BYTES = 6 };

/* What the header counts. */
struct counts {
    uint64_t ut;
    uint64_t standard;
    uint64_t leap;
    uint64_t time;
    uint64_t type;
    uint64_t chars;
};

static uint64_t read_big(const char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | (unsigned char)at[i];
    }
    return value;
}

static bool read_header(struct str bytes, struct counts *ret_counts)
{
    if (bytes.len < HEADER_BYTES || memcmp(bytes.at, "TZif", 4) != 0 || bytes.at[4] < '2') {
        return false;
    }
    *ret_counts = (struct counts){
        .ut = read_big(bytes.at + 20, 4),
        .standard = read_big(bytes.at + 24, 4),
        .leap = read_big(bytes.at + 28, 4),
        .time = read_big(bytes.at + 32, 4),
        .type = read_big(bytes.at + 36, 4),
        .chars = read_big(bytes.at + 40, 4),
    };
    return true;
}

/* Counts are 32 bits each, so that the sum cannot overflow. */
static uint64_t block_bytes(const struct counts *counts, uint64_t time_bytes)
{
    return counts->time * (time_bytes + 1) + counts->type * TYPE_BYTES + counts->chars +
           counts->leap * (time_bytes + 4) + counts->standard + counts->ut;
}

static bool read_offset(const char *types, const struct counts *counts, size_t type,
                        int32_t *ret_offset_s)
{
    if (type >= counts->type) {
        return false;
    }
    int32_t offset_s = (int32_t)(uint32_t)read_big(types + type * TYPE_BYTES, 4);
    if (offset_s < -ZONE_OFFSET_MAX_S || offset_s > ZONE_OFFSET_MAX_S) {
        return false;
    }
    *ret_offset_s = offset_s;
    return true;
}

/* The changes of the second block, the one with 64-bit times. */
static int read_changes(struct str block, const struct counts *counts, struct arena *arena,
                        struct zone *ret_zone)
{
    const char *types = block.at + counts->time * (TIME_BYTES + 1);
    struct zone_offset *offsets = arena_alloc_array(arena, ZONE_OFFSETS_MAX, sizeof(*offsets));
    size_t count = 1;
    if (offsets == NULL) {
        return ERR_MEMORY;
    }
    offsets[0].from_ms = 0;
    if (!read_offset(types, counts, 0, &offsets[0].offset_s)) {
        return ERR_INVALID;
    }
    int64_t last_s = INT64_MIN;
    for (size_t i = 0; i < counts->time; i++) {
        int64_t at_s = (int64_t)read_big(block.at + i * TIME_BYTES, TIME_BYTES);
        size_t type = (unsigned char)block.at[counts->time * TIME_BYTES + i];
        int32_t offset_s = 0;
        if ((i > 0 && at_s <= last_s) || at_s > INT64_MAX / 1000 ||
            !read_offset(types, counts, type, &offset_s)) {
            return ERR_INVALID;
        }
        last_s = at_s;
        if (at_s < FROM_S) {
            offsets[0].offset_s = offset_s;
        } else if (offset_s != offsets[count - 1].offset_s) {
            if (count == ZONE_OFFSETS_MAX) {
                return ERR_TOO_LARGE;
            }
            offsets[count++] = (struct zone_offset){at_s * 1000, offset_s};
        }
    }
    *ret_zone = (struct zone){offsets, count};
    return 0;
}

int zone_file_parse(struct str bytes, struct arena *arena, struct zone *ret_zone)
{
    struct counts first;
    struct counts second;
    if (bytes.len > ZONE_FILE_MAX_BYTES || !read_header(bytes, &first)) {
        return ERR_INVALID;
    }
    uint64_t skip = HEADER_BYTES + block_bytes(&first, 4);
    if (skip > bytes.len) {
        return ERR_INVALID;
    }
    struct str rest = {bytes.at + skip, bytes.len - skip};
    if (!read_header(rest, &second) || HEADER_BYTES + block_bytes(&second, TIME_BYTES) > rest.len) {
        return ERR_INVALID;
    }
    struct str block = {rest.at + HEADER_BYTES, rest.len - HEADER_BYTES};
    return read_changes(block, &second, arena, ret_zone);
}

/* Letters, digits, '_', '-', '+' and '/', and no way out of the folder. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '+';
        if (!is_word && (c != '/' || i == 0)) {
            return false;
        }
    }
    return name.len >= 1 && name.len <= NAME_MAX_BYTES;
}

int zone_file_read(struct str name, struct arena *arena, struct zone *ret_zone)
{
    char path[sizeof(FOLDER) + NAME_MAX_BYTES];
    if (!is_name(name)) {
        return ERR_NOT_FOUND;
    }
    snprintf(path, sizeof(path), "%s%.*s", FOLDER, (int)name.len, name.at);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    char *bytes = arena_alloc(arena, ZONE_FILE_MAX_BYTES + 1);
    size_t len = bytes == NULL ? 0 : fread(bytes, 1, ZONE_FILE_MAX_BYTES + 1, file);
    (void)fclose(file); /* was only read */
    return bytes == NULL ? ERR_MEMORY : zone_file_parse((struct str){bytes, len}, arena, ret_zone);
}

int zone_file_find(void *ctx, struct str name, struct zone *ret_zone)
{
    return zone_file_read(name, ctx, ret_zone);
}
