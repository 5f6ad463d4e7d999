#include "core/casework/pack_text.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

/* How a text begins: 0 is the empty one, SEEN + n the nth of this case, OWN one that is written out; odd numbers are words. */
enum { TEXT_EMPTY = 0, TEXT_OWN = 2, TEXT_SEEN = 4, TEXT_STEP = 2 };

enum { WORDS_ARENA_BYTES = WORDS_MAX * 64, TIME_ZERO = 0, TIME_NEVER = 1, TIME_FIRST = 2 };

/* --- the dictionary --------------------------------------------------------------------------------------------------- */

void words_init(struct words *words)
{
    memset(words, 0, sizeof(*words));
    map_init(&words->by_text, WORDS_MAX, 0x515b);
    arena_init(&words->arena, WORDS_ARENA_BYTES);
}

void words_fini(struct words *words)
{
    heap_free(words->texts);
    map_fini(&words->by_text);
    arena_fini(&words->arena);
}

static size_t address_hash(struct str text)
{
    return ((uintptr_t)text.at * UINT64_C(0x9E3779B97F4A7C15) >> 40) & (WORDS_KNOWN - 1);
}

static bool reserve_words(struct words *words)
{
    if (words->count < words->capacity) {
        return true;
    }
    size_t capacity = words->capacity == 0 ? 64 : 2 * words->capacity;
    struct str *texts =
        words->count < WORDS_MAX ? heap_alloc_array(capacity, sizeof(*texts)) : NULL;
    if (texts == NULL) {
        return false;
    }
    if (words->count > 0) {
        memcpy(texts, words->texts, words->count * sizeof(*texts));
    }
    heap_free(words->texts);
    words->texts = texts;
    words->capacity = capacity;
    return true;
}

/* The word's number + 1, added where there is room; 0: not a word. */
static size_t find_word(struct words *words, struct str text)
{
    size_t known = address_hash(text);
    size_t number = words->known[known];
    if (number > 0 && words->texts[number - 1].at == text.at &&
        words->texts[number - 1].len == text.len) {
        return number;
    }
    if (text.len > WORD_MAX_BYTES) {
        return 0;
    }
    /* The value of a word is its number, as an address: texts move when there are more. */
    number = (size_t)(uintptr_t)map_get(&words->by_text, text);
    if (number == 0) {
        struct str copy =
            reserve_words(words) ? arena_copy_str(&words->arena, text) : (struct str){NULL, 0};
        number = words->count + 1;
        if (copy.at == NULL || map_add(&words->by_text, copy, (void *)(uintptr_t)number) != 0) {
            return 0;
        }
        words->texts[words->count++] = copy;
    }
    words->known[address_hash(words->texts[number - 1])] = (uint32_t)number;
    return number;
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */

void codec_start_write(struct codec *codec, struct words *words, uint8_t *room, size_t room_bytes)
{
    codec->words = words;
    codec->read_words = words;
    codec->from = NULL;
    codec->to = room;
    codec->end = room + room_bytes;
    codec->is_full = false;
    codec->base_ms = 0;
    codec->seen_count = 0;
    memset(codec->found, 0, sizeof(codec->found));
}

void codec_start_read(struct codec *codec, const struct words *words, const uint8_t *from)
{
    codec->words = NULL;
    codec->read_words = words;
    codec->from = from;
    codec->base_ms = 0;
    codec->seen_count = 0;
}

static bool has_room(struct codec *codec, size_t bytes)
{
    codec->is_full |= (size_t)(codec->end - codec->to) < bytes;
    return !codec->is_full;
}

static void write_number(struct codec *codec, uint64_t value)
{
    enum { NUMBER_MAX_BYTES = 10 };
    if (!has_room(codec, NUMBER_MAX_BYTES)) {
        return;
    }
    while (value >= 0x80) {
        *codec->to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *codec->to++ = (uint8_t)value;
}

static uint64_t read_number(struct codec *codec)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *codec->from++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
        sw_assert(shift < 63);
    }
}

uint64_t codec_number(struct codec *codec, uint64_t value)
{
    if (codec->words == NULL) {
        return read_number(codec);
    }
    write_number(codec, value);
    return value;
}

int64_t codec_time(struct codec *codec, int64_t time_ms)
{
    if (codec->words != NULL) {
        uint64_t apart = (uint64_t)time_ms - (uint64_t)codec->base_ms;
        uint64_t folded = apart << 1 ^ (apart >> 63 != 0 ? UINT64_MAX : 0); /* small either way */
        bool fits = folded < UINT64_MAX - TIME_FIRST; /* times are of this age of the world */
        sw_assert(fits || time_ms == INT64_MAX);
        write_number(codec, time_ms == 0           ? TIME_ZERO
                            : time_ms == INT64_MAX ? TIME_NEVER
                                                   : folded + TIME_FIRST);
        return time_ms;
    }
    uint64_t value = read_number(codec);
    if (value < TIME_FIRST) {
        return value == TIME_ZERO ? 0 : INT64_MAX;
    }
    value -= TIME_FIRST;
    uint64_t apart = value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0);
    return (int64_t)((uint64_t)codec->base_ms + apart);
}

void codec_ident(struct codec *codec, struct ident *id)
{
    if (codec->words == NULL) {
        memcpy(id->bytes, codec->from, IDENT_BYTES);
        codec->from += IDENT_BYTES;
    } else if (has_room(codec, IDENT_BYTES)) {
        memcpy(codec->to, id->bytes, IDENT_BYTES);
        codec->to += IDENT_BYTES;
    }
}

/* --- texts ------------------------------------------------------------------------------------------------------------ */

static size_t text_hash(struct str text)
{
    uint32_t tail = 0;
    size_t bytes = text.len < sizeof(tail) ? text.len : sizeof(tail);
    memcpy(&tail, text.at + text.len - bytes, bytes);
    return ((tail + (uint32_t)text.len) * UINT32_C(0x9E3779B1) >> 24) & (CODEC_FOUND - 1);
}

static void remember(struct codec *codec, struct str text)
{
    if (codec->seen_count < CODEC_SEEN_MAX) {
        codec->seen[codec->seen_count++] = text;
    }
}

static void write_text(struct codec *codec, struct str text)
{
    if (text.len == 0) {
        write_number(codec, TEXT_EMPTY);
        return;
    }
    size_t hash = text_hash(text);
    size_t place = codec->found[hash];
    if (place > 0 && str_equal(codec->seen[place - 1], text)) {
        write_number(codec, TEXT_SEEN + TEXT_STEP * (place - 1));
        return;
    }
    write_number(codec, TEXT_OWN);
    write_number(codec, text.len);
    if (has_room(codec, text.len)) {
        memcpy(codec->to, text.at, text.len);
        codec->to += text.len;
    }
    remember(codec, text);
    codec->found[hash] = (uint8_t)codec->seen_count;
}

static struct str read_text(struct codec *codec)
{
    uint64_t head = read_number(codec);
    struct str text = STR_LITERAL("");
    if ((head & 1) != 0) {
        sw_assert(head / 2 < codec->read_words->count);
        return codec->read_words->texts[head / 2];
    }
    if (head == TEXT_OWN) {
        text.len = (size_t)read_number(codec);
        text.at = (const char *)codec->from;
        codec->from += text.len;
        remember(codec, text);
    } else if (head != TEXT_EMPTY) {
        size_t place = (size_t)(head - TEXT_SEEN) / TEXT_STEP;
        sw_assert(place < codec->seen_count);
        text = codec->seen[place];
    }
    return text;
}

struct str codec_text(struct codec *codec, struct str text)
{
    if (codec->words == NULL) {
        return read_text(codec);
    }
    write_text(codec, text);
    return text;
}

struct str codec_word(struct codec *codec, struct str text)
{
    if (codec->words == NULL) {
        return read_text(codec);
    }
    size_t number = text.len > 0 ? find_word(codec->words, text) : 0;
    if (number > 0) {
        write_number(codec, 2 * (number - 1) + 1);
    } else {
        write_text(codec, text);
    }
    return text;
}
