/* Numbers and texts of packed cases, written and read by the same calls: each answers what it was given when it writes, and
 * what stands there when it reads, so that both directions are one description. Internal to casework. */
#ifndef CORE_CASEWORK_PACK_TEXT_H
#define CORE_CASEWORK_PACK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ident.h"
#include "base/map.h"
#include "base/str.h"

enum {
    WORDS_MAX = 64 * 1024, /* further ones are written out in each case */
    WORD_MAX_BYTES = 48,
    WORDS_KNOWN = 256,    /* a power of two */
    CODEC_SEEN_MAX = 240, /* texts of one case that can be referred to */
    CODEC_FOUND = 64,     /* a power of two */
};

/* The dictionary: words are never taken out. */
struct words {
    struct map by_text;
    struct str *texts;
    size_t count;
    size_t capacity;
    uint32_t known[WORDS_KNOWN]; /* by the address that a text was given out under */
    struct arena arena;
};

struct codec {
    struct words *words; /* NULL: reading; then `read_words` */
    const struct words *read_words;
    const uint8_t *from;
    uint8_t *to;
    uint8_t *end;
    bool is_full; /* writing came to the end: nothing that was written counts */
    int64_t base_ms;
    size_t seen_count;
    struct str seen[CODEC_SEEN_MAX];
    uint8_t found[CODEC_FOUND]; /* place in `seen` + 1, by a hash */
};

void words_init(struct words *words);
void words_fini(struct words *words);

void codec_start_write(struct codec *codec, struct words *words, uint8_t *room, size_t room_bytes);
void codec_start_read(struct codec *codec, const struct words *words, const uint8_t *from);

uint64_t codec_number(struct codec *codec, uint64_t value);

/* Short for times near `base_ms`, for 0 and for CASE_NEVER. */
int64_t codec_time(struct codec *codec, int64_t time_ms);

void codec_ident(struct codec *codec, struct ident *id);

/* A text that is this case's own; what is read lies in the packed case. */
struct str codec_text(struct codec *codec, struct str text);

/* A text that many cases have; what is read lies in the dictionary, if there is room. */
struct str codec_word(struct codec *codec, struct str text);

#endif
