#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

bool str_starts(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_equal((struct str){text.at, prefix.len}, prefix);
}

size_t str_join(const struct str *parts, size_t count, size_t size, char *ret_text)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        sw_assert(parts[i].len < size - len);
        if (parts[i].len > 0) {
            memcpy(ret_text + len, parts[i].at, parts[i].len);
        }
        len += parts[i].len;
    }
    ret_text[len] = '\0';
    return len;
}

/* The length of the well-formed sequence at `at`, or 0 (Unicode 15, table 3-7: no overlong form, no surrogate). */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    unsigned char lead = at[0];
    if (lead < 0x80) {
        return lead != 0 ? 1 : 0;
    }
    size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : (lead & 0xF0) == 0xE0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (lead == 0xE0 && at[1] < 0xA0) || (lead == 0xF0 && at[1] < 0x90);
    bool surrogate = lead == 0xED && at[1] > 0x9F;
    bool too_high = lead == 0xF4 && at[1] > 0x8F;
    return overlong || surrogate || too_high ? 0 : length;
}

/* Eight bytes of ASCII without a NUL: none has its top bit, and none borrows from it when one is taken away. */
static bool is_plain_word(const char *at)
{
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return ((word | (word - UINT64_C(0x0101010101010101))) & tops) == 0;
}

bool str_is_utf8(struct str text, size_t *ret_at)
{
    for (size_t i = 0; i < text.len;) {
        if (text.len - i >= sizeof(uint64_t) && is_plain_word(text.at + i)) {
            i += sizeof(uint64_t);
            continue;
        }
        size_t length = utf8_sequence((const unsigned char *)text.at + i, text.len - i);
        if (length == 0) {
            if (ret_at != NULL) {
                *ret_at = i;
            }
            return false;
        }
        i += length;
    }
    return true;
}

bool str_to_int64(struct str text, int64_t min, int64_t max, int64_t *ret_value)
{
    size_t i = text.len > 0 && text.at[0] == '-' ? 1 : 0;
    bool negative = i == 1;
    int64_t value = 0;
    if (i == text.len) {
        return false;
    }
    for (; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        int digit = text.at[i] - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)(negative ? -digit : digit), &value)) {
            return false;
        }
    }
    if (value < min || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

bool str_to_duration_ms(struct str text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    const int64_t duration_max_ms = 400 * INT64_C(86400000);
    size_t digits = 0;
    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    struct str unit = {text.at + digits, text.len - digits};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        int64_t count = 0;
        if (str_is(unit, units[i].unit) &&
            str_to_int64((struct str){text.at, digits}, 0, duration_max_ms / units[i].ms, &count)) {
            *ret_ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}

/* Digits, a point with digits, an exponent: not what else the C library reads as a number. */
static bool is_decimal(struct str text)
{
    const char *const end = text.at + text.len;
    const char *at = text.at;
    size_t digits = 0;
    at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        digits++;
    }
    if (at < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            digits++;
        }
    }
    if (digits > 0 && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
        digits = 0;
        for (; at < end && *at >= '0' && *at <= '9'; at++) {
            digits++;
        }
    }
    return digits > 0 && at == end;
}

bool str_to_double(struct str text, double *ret_value)
{
    char copy[STR_NUMBER_MAX_BYTES + 1];
    if (text.len > STR_NUMBER_MAX_BYTES || !is_decimal(text)) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *ret_value = strtod(copy, NULL);
    return true;
}
