#include "core/expr/utf8.h"

#include <string.h>

#include "base/assert.h"

static bool is_inside(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t utf8_next(struct str text, size_t at, uint32_t *ret_code)
{
    sw_assert(at < text.len);
    unsigned char first = (unsigned char)text.at[at];
    size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    uint32_t code = more == 0 ? first : first & (0x3FU >> more);
    for (size_t i = 1; i <= more; i++) {
        if (at + i >= text.len || !is_inside(text.at[at + i])) {
            *ret_code = 0xFFFD;
            return at + i;
        }
        code = code << 6 | ((unsigned char)text.at[at + i] & 0x3F);
    }
    *ret_code = code;
    return at + 1 + more;
}

bool utf8_is_good(struct str text, size_t *ret_bad_at)
{
    size_t from = 0;
    size_t at = 0;
    while (!str_is_utf8((struct str){text.at + from, text.len - from}, &at)) {
        if (text.at[from + at] != '\0') {
            if (ret_bad_at != NULL) {
                *ret_bad_at = from + at;
            }
            return false;
        }
        from += at + 1;
    }
    return true;
}

/* Eight bytes at a time: of a byte inside a code point, and of no other, bit 7 is set and bit 6 is not. */
size_t utf8_count(struct str text)
{
    const uint64_t ones = 0x0101010101010101U;
    size_t inside = 0;
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8) {
        uint64_t bytes = 0;
        memcpy(&bytes, text.at + at, 8);
        inside +=
            (size_t)((bytes >> 7 & ~bytes >> 6 & ones) * ones >> 56); /* the sum of the bytes */
    }
    for (; at < text.len; at++) {
        inside += is_inside(text.at[at]) ? 1 : 0;
    }
    return text.len - inside;
}

size_t utf8_offset(struct str text, size_t index)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_inside(text.at[i]) && index-- == 0) {
            return i;
        }
    }
    return index == 0 ? text.len : SIZE_MAX;
}

size_t utf8_write(uint32_t code, char ret_bytes[UTF8_MAX_BYTES])
{
    if (code < 0x80) {
        ret_bytes[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char marks[] = {0, 0xC0, 0xE0, 0xF0};
    ret_bytes[0] = (char)(marks[more] | code >> (6 * more));
    for (size_t i = 1; i <= more; i++) {
        ret_bytes[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3F));
    }
    return 1 + more;
}

int utf8_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
