/* Bytes as text: hexadecimal and base64 (RFC 4648, standard alphabet). */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Lower case, two digits a byte and a NUL: `ret_text` has 2 * len + 1 bytes. */
void bytes_format_hex(const uint8_t *bytes, size_t len, char *ret_text);

/* An even number of digits of either case, at most 2 * max; false leaves `ret_len` alone. */
bool bytes_parse_hex(struct str text, uint8_t *ret_bytes, size_t max, size_t *ret_len);

/* With padding and a NUL: `ret_text` has bytes_base64_size(len) bytes. */
void bytes_format_base64(const uint8_t *bytes, size_t len, char *ret_text);
size_t bytes_base64_size(size_t len);

/* Padding may be missing; nothing else may (no line breaks, no stray bits). `ret_bytes` has room for 3 bytes per 4
 * characters begun. */
bool bytes_parse_base64(struct str text, uint8_t *ret_bytes, size_t *ret_len);

#endif
