#include "wire/tail.h"

#include <string.h>

#include "wire/decode.h"

enum { VARINT_MAX_BYTES = 10, WIRE_VARINT = 0, WIRE_BYTES = 2, ROOM_BYTES = 32 * 1024, MORE = 8 };

static struct tail start(uint8_t *room, size_t room_bytes)
{
    return (struct tail){.start = room, .at = room + room_bytes, .end = room + room_bytes};
}

int tail_encode(tail_write_fn write, const void *record, struct arena *arena, struct str *ret_value)
{
    uint8_t
        first[ROOM_BYTES]; /* where most records end; what there is more of goes into the arena */
    struct tail tail = start(first, sizeof(first));
    write(&tail, record);
    for (size_t bytes = MORE * ROOM_BYTES; tail.is_full; bytes *= MORE) {
        uint8_t *room = bytes <= MORE * DECODE_RECORD_MAX_BYTES ? arena_take(arena, bytes) : NULL;
        if (room == NULL) {
            return bytes > MORE * DECODE_RECORD_MAX_BYTES ? ERR_TOO_LARGE : ERR_MEMORY;
        }
        tail = start(room, bytes);
        write(&tail, record);
    }
    struct str written = {(const char *)tail.at, (size_t)(tail.end - tail.at)};
    if (written.len > DECODE_RECORD_MAX_BYTES) {
        return ERR_TOO_LARGE;
    }
    struct str copy = arena_copy_str(arena, written);
    if (copy.at == NULL) {
        return ERR_MEMORY;
    }
    *ret_value = copy;
    return 0;
}

static bool has_room(struct tail *tail, size_t bytes)
{
    tail->is_full |= (size_t)(tail->at - tail->start) < bytes;
    return !tail->is_full;
}

static void long_varint(struct tail *tail, uint64_t value)
{
    size_t bytes = (70 - (size_t)__builtin_clzll(value | 1)) / 7; /* of seven bits each */
    if (!has_room(tail, VARINT_MAX_BYTES)) {
        return;
    }
    tail->at -= bytes;
    for (size_t i = 0; i < bytes; i++) {
        tail->at[i] = (uint8_t)((value & 0x7f) | (i + 1 < bytes ? 0x80 : 0));
        value >>= 7;
    }
}

static void varint(struct tail *tail, uint64_t value)
{
    if (value < 0x80 && tail->at > tail->start) {
        *--tail->at = (uint8_t)value; /* most lengths and keys */
    } else {
        long_varint(tail, value);
    }
}

static void key(struct tail *tail, unsigned field, unsigned wire_type)
{
    varint(tail, field << 3 | wire_type);
}

void tail_number(struct tail *tail, unsigned field, uint64_t value)
{
    if (value != 0) {
        varint(tail, value);
        key(tail, field, WIRE_VARINT);
    }
}

void tail_bytes(struct tail *tail, unsigned field, struct str bytes)
{
    if (has_room(tail, bytes.len)) {
        tail->at -= bytes.len;
        if (bytes.len > 0) {
            memcpy(tail->at, bytes.at, bytes.len);
        }
    }
    varint(tail, bytes.len);
    key(tail, field, WIRE_BYTES);
}

void tail_text(struct tail *tail, unsigned field, struct str text)
{
    if (text.len > 0) {
        tail_bytes(tail, field, text);
    }
}

void tail_ident(struct tail *tail, unsigned field, struct ident id)
{
    if (!ident_is_none(id)) {
        tail_bytes(tail, field, ident_part(&id));
    }
}

uint8_t *tail_mark(const struct tail *tail)
{
    return tail->at;
}

void tail_message(struct tail *tail, unsigned field, const uint8_t *mark)
{
    varint(tail, (uint64_t)(mark - tail->at));
    key(tail, field, WIRE_BYTES);
}
