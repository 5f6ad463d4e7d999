/* What the text of one setting means, by the type of its key. */
#include "io/config_value.h"

#include <string.h>

static bool parse_size(struct str text, int64_t *ret_bytes)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}};
    int64_t factor = 1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct str unit = str_of(units[i].unit);
        if (text.len > unit.len && memcmp(text.at + text.len - unit.len, unit.at, unit.len) == 0) {
            factor = units[i].bytes;
            text.len -= unit.len;
            break;
        }
    }
    int64_t number;
    if (!str_to_int64(text, 0, INT64_MAX / factor, &number)) {
        return false;
    }
    *ret_bytes = number * factor;
    return true;
}

static bool is_choice(const char *choices, struct str text)
{
    for (const char *at = choices;; at++) {
        const char *end = strchrnul(at, '|');
        if (str_equal(text, (struct str){at, (size_t)(end - at)})) {
            return true;
        }
        if (*end == '\0') {
            return false;
        }
        at = end;
    }
}

const char *config_value_parse(const struct config_key *key, struct str text, int64_t *ret_number,
                               struct address *ret_address)
{
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        *ret_number = (int64_t)text.len;
        return str_is_utf8(text, NULL) ? NULL : "valid UTF-8";
    case CONFIG_INT:
        return str_to_int64(text, INT64_MIN, INT64_MAX, ret_number) ? NULL : "a whole number";
    case CONFIG_DURATION:
        return str_to_duration_ms(text, ret_number) ? NULL : "a duration such as 250ms, 90s, 2h";
    case CONFIG_SIZE:
        return parse_size(text, ret_number) ? NULL : "a size such as 4096, 64KiB, 16MiB";
    case CONFIG_BOOL:
        *ret_number = str_is(text, "true") ? 1 : 0;
        return str_is(text, "true") || str_is(text, "false") ? NULL : "true or false";
    case CONFIG_ADDRESS:
        return address_parse(text, ret_address) == 0 ? NULL : "an address such as 127.0.0.1:8080";
    case CONFIG_CHOICE:
        return is_choice(key->unit, text) ? NULL : key->unit;
    }
    return "a known type";
}

bool config_value_has_range(enum config_type type)
{
    return type == CONFIG_TEXT || type == CONFIG_SECRET || type == CONFIG_INT ||
           type == CONFIG_DURATION || type == CONFIG_SIZE;
}
