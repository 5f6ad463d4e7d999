#include "wire/bytes.h"

void bytes_format_hex(const uint8_t *bytes, size_t len, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * len] = '\0';
}

/* The values of hexadecimal digits, and one more; 0: not a digit. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool bytes_parse_hex(struct str text, uint8_t *ret_bytes, size_t max, size_t *ret_len)
{
    if (text.len % 2 != 0 || text.len / 2 > max) {
        return false;
    }
    for (size_t i = 0; i < text.len / 2; i++) {
        unsigned high = hex_values[(unsigned char)text.at[2 * i]];
        unsigned low = hex_values[(unsigned char)text.at[2 * i + 1]];
        if (high == 0 || low == 0) {
            return false;
        }
        ret_bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    *ret_len = text.len / 2;
    return true;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t bytes_base64_size(size_t len)
{
    return (len + 2) / 3 * 4 + 1;
}

void bytes_format_base64(const uint8_t *bytes, size_t len, char *ret_text)
{
    char *at = ret_text;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)bytes[i + 2] : 0);
        *at++ = alphabet[group >> 18];
        *at++ = alphabet[group >> 12 & 63];
        *at++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *at++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *at = '\0';
}

/* The value of a base64 character, or -1. */
static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

bool bytes_parse_base64(struct str text, uint8_t *ret_bytes, size_t *ret_len)
{
    size_t len = text.len;
    if (len % 4 == 0) {
        len -= len > 0 && text.at[len - 1] == '=';
        len -= len > 0 && len % 4 == 3 && text.at[len - 1] == '=';
    }
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t written = 0;
    for (size_t i = 0; i < len; i++) {
        int value = base64_value(text.at[i]);
        if (value < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xFFFF;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            ret_bytes[written++] = (uint8_t)(bits >> bit_count);
        }
    }
    if (len % 4 == 1 || (bits & ((1U << bit_count) - 1)) != 0) {
        return false;
    }
    *ret_len = written;
    return true;
}
