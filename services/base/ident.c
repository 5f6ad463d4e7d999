#include "base/ident.h"

#include <string.h>

#include "base/assert.h"

struct ident ident_derive(ident_hash_fn hash, const struct str *parts, size_t part_count)
{
    uint8_t joined[4096];
    size_t length = 0;
    sw_assert(hash != NULL);
    for (size_t i = 0; i < part_count; i++) {
        sw_assert(parts[i].len <= sizeof(joined) - 4 - length);
        uint32_t part_length = (uint32_t)parts[i].len;
        for (int shift = 0; shift < 32; shift += 8) {
            joined[length++] = (uint8_t)(part_length >> shift);
        }
        if (parts[i].len > 0) {
            memcpy(joined + length, parts[i].at, parts[i].len);
        }
        length += parts[i].len;
    }
    struct ident id;
    hash(joined, length, id.bytes);
    return id;
}

bool ident_equal(struct ident a, struct ident b)
{
    uint64_t of_a[2];
    uint64_t of_b[2];
    _Static_assert(sizeof(of_a) == IDENT_BYTES, "an ident is two words");
    memcpy(of_a, a.bytes, sizeof(of_a));
    memcpy(of_b, b.bytes, sizeof(of_b));
    return of_a[0] == of_b[0] && of_a[1] == of_b[1];
}

bool ident_is_none(struct ident id)
{
    return ident_equal(id, (struct ident){{0}});
}

void ident_format(struct ident id, char ret_text[IDENT_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < IDENT_BYTES; i++) {
        ret_text[2 * i] = digits[id.bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[id.bytes[i] & 15];
    }
    ret_text[IDENT_TEXT_BYTES - 1] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ident_parse(struct str text, struct ident *ret_id)
{
    struct ident id;
    if (text.len != IDENT_TEXT_BYTES - 1) {
        return false;
    }
    for (size_t i = 0; i < IDENT_BYTES; i++) {
        int high = hex_digit(text.at[2 * i]);
        int low = hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_id = id;
    return true;
}

struct str ident_part(const struct ident *id)
{
    return (struct str){(const char *)id->bytes, IDENT_BYTES};
}
