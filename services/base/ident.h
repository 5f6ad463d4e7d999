/* Ids that are derived, never drawn: the same reason gives the same id after any replay.
 *
 * The hash itself is a port: `base` and `core` name no algorithm, the shell gives `seal_hash128`. */
#ifndef BASE_IDENT_H
#define BASE_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { IDENT_BYTES = 16, IDENT_TEXT_BYTES = 2 * IDENT_BYTES + 1 };

/* A 128-bit id; all zero means "none". Compared as bytes. */
struct ident {
    uint8_t bytes[IDENT_BYTES];
};

/* Hashes `len` bytes, collision-resistant, unkeyed. */
typedef void (*ident_hash_fn)(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES]);

/* The id of a reason given in parts. Each part goes in with its length, so that ("ab","c") and ("a","bc") differ; all
 * parts together at most 4,096 bytes less 4 for each part (asserted). */
struct ident ident_derive(ident_hash_fn hash, const struct str *parts, size_t part_count);

bool ident_equal(struct ident a, struct ident b);
bool ident_is_none(struct ident id);

/* 32 lower-case hexadecimal digits and a NUL. */
void ident_format(struct ident id, char ret_text[IDENT_TEXT_BYTES]);

/* Reads exactly 32 hexadecimal digits of either case. */
bool ident_parse(struct str text, struct ident *ret_id);

/* The 16 bytes as a part for ident_derive; borrows `id`. */
struct str ident_part(const struct ident *id);

#endif
