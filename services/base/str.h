/* A borrowed run of bytes, mostly UTF-8 text; never NUL-terminated by contract. A value type. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *at; /* may be NULL when len is 0 */
    size_t len;     /* bytes */
};

#define STR_LITERAL(text) ((struct str){(text), sizeof(text) - 1})

/* The bytes of a C string without its NUL; NULL gives the empty one. */
static inline struct str str_of(const char *text)
{
    return text == NULL ? (struct str){NULL, 0} : (struct str){text, strlen(text)};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* As memcmp, the shorter first when one begins the other. */
int str_compare(struct str a, struct str b);

bool str_starts(struct str text, struct str prefix);

/* In the header, for the length of a literal to be known where it is written. */
static inline bool str_is(struct str text, const char *literal)
{
    bool may_be = text.len == 0 || literal == NULL || text.at[0] == literal[0]; /* most are not */
    return may_be && str_equal(text, str_of(literal));
}

/* Writes the parts one after the other, and a NUL; how many bytes without it, which `size` has room for (asserted). */
size_t str_join(const struct str *parts, size_t count, size_t size, char *ret_text);

/* Whether the bytes are well-formed UTF-8 without NUL; on false `ret_at` (may be NULL) is the offset of the first bad
 * byte. */
bool str_is_utf8(struct str text, size_t *ret_at);

/* A decimal integer in [min, max], digits with an optional '-', nothing else before or behind it. */
bool str_to_int64(struct str text, int64_t min, int64_t max, int64_t *ret_value);

/* The double nearest to a decimal number, "-4.5e-3", infinite when it is too large; false: anything else, or longer than
 * STR_NUMBER_MAX_BYTES. */
enum { STR_NUMBER_MAX_BYTES = 1000 };
bool str_to_double(struct str text, double *ret_value);

/* A duration of policy files, "90s", "15m", "2h", "14d", "250ms" (one number and one unit), in milliseconds, at most
 * 400 days. */
bool str_to_duration_ms(struct str text, int64_t *ret_ms);

#endif
