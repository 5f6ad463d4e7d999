/* Code points of texts that are well-formed UTF-8. Private to core/expr. */
#ifndef CORE_EXPR_UTF8_H
#define CORE_EXPR_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { UTF8_MAX_BYTES = 4 };

/* The byte behind the code point at `at` < text.len, which is put in `ret_code`. Ill-formed text gives U+FFFD and at least
 * one byte. */
size_t utf8_next(struct str text, size_t at, uint32_t *ret_code);

/* Whether it is well-formed, NUL being a character like any other; else `ret_bad_at` (may be NULL) is the first byte that
 * is not. */
bool utf8_is_good(struct str text, size_t *ret_bad_at);

/* How many there are. */
size_t utf8_count(struct str text);

/* The byte where the code point at `index` begins; text.len behind the last, SIZE_MAX beyond. */
size_t utf8_offset(struct str text, size_t index);

/* The value of a hexadecimal digit, or -1. */
int utf8_hex_digit(char c);

/* The bytes of one; their number. */
size_t utf8_write(uint32_t code, char ret_bytes[UTF8_MAX_BYTES]);

#endif
