/* The strict readers of yaml.h: each says what it expected, and where. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/near.h"
#include "wire/yaml.h"

enum { SHOWN_MAX_BYTES = 60 }; /* of a value that a fault quotes */

static const char *kind_name(const struct yaml_node *node)
{
    switch (node->kind) {
    case YAML_SCALAR:
        return "a single value";
    case YAML_SEQUENCE:
        return "a list";
    case YAML_MAPPING:
        return "a mapping";
    }
    sw_assert(!"a kind of node");
    return "";
}

static int shown(struct str text)
{
    return (int)(text.len < SHOWN_MAX_BYTES ? text.len : SHOWN_MAX_BYTES);
}

/* `expected` such as "a duration as in 90s". */
static bool fail_value(const struct yaml_node *node, struct yaml_faults *faults,
                       const char *expected)
{
    if (node->kind == YAML_SCALAR) {
        yaml_fail(faults, node, "expected %s, found \"%.*s\"", expected, shown(node->text),
                  node->text.len == 0 ? "" : node->text.at);
    } else {
        yaml_fail(faults, node, "expected %s, found %s", expected, kind_name(node));
    }
    return false;
}

static bool fail_unknown_key(const struct yaml_node *key, const struct yaml_key *keys,
                             size_t key_count, struct yaml_faults *faults)
{
    struct near near = near_start(key->text);
    char known[YAML_FAULT_MAX_BYTES] = "";
    size_t used = 0;
    for (size_t i = 0; i < key_count; i++) {
        near_offer(&near, str_of(keys[i].name));
        int wrote =
            snprintf(known + used, sizeof(known) - used, "%s%s", i == 0 ? "" : ", ", keys[i].name);
        used += wrote > 0 && (size_t)wrote < sizeof(known) - used ? (size_t)wrote : 0;
    }
    if (near.best.len > 0) {
        yaml_fail(faults, key, "unknown key \"%.*s\": did you mean \"%.*s\"?", shown(key->text),
                  key->text.at, (int)near.best.len, near.best.at);
    } else {
        yaml_fail(faults, key, "unknown key \"%.*s\", expected one of: %s", shown(key->text),
                  key->text.at, known);
    }
    return false;
}

static const struct yaml_key *find_key(const struct yaml_key *keys, size_t key_count,
                                       struct str name)
{
    for (size_t i = 0; i < key_count; i++) {
        if (str_is(name, keys[i].name)) {
            return &keys[i];
        }
    }
    return NULL;
}

bool yaml_read_mapping(const struct yaml_node *node, const struct yaml_key *keys, size_t key_count,
                       struct yaml_faults *faults)
{
    sw_assert(key_count <= YAML_KEYS_MAX);
    for (size_t i = 0; i < key_count; i++) {
        *keys[i].ret_node = NULL;
    }
    if (node->kind != YAML_MAPPING) {
        return fail_value(node, faults, "a mapping");
    }
    bool is_good = true;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_key *key = find_key(keys, key_count, node->pairs[i].key.text);
        if (key == NULL) {
            is_good = fail_unknown_key(&node->pairs[i].key, keys, key_count, faults);
        } else {
            *key->ret_node = &node->pairs[i].value;
        }
    }
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].is_required && *keys[i].ret_node == NULL) {
            yaml_fail(faults, node, "the key \"%s\" is missing", keys[i].name);
            is_good = false;
        }
    }
    return is_good;
}

bool yaml_read_list(const struct yaml_node *node, bool or_single, size_t max,
                    struct yaml_faults *faults, const struct yaml_node **ret_items,
                    size_t *ret_count)
{
    const struct yaml_node *items = node->kind == YAML_SEQUENCE ? node->items : node;
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;
    if (node->kind != YAML_SEQUENCE && !or_single) {
        return fail_value(node, faults, "a list");
    }
    if (count == 0 || count > max) {
        yaml_fail(faults, node, "expected 1 to %zu items, found %zu", max, count);
        return false;
    }
    *ret_items = items;
    *ret_count = count;
    return true;
}

bool yaml_read_text(const struct yaml_node *node, size_t max_bytes, struct yaml_faults *faults,
                    struct str *ret_text)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0) {
        return fail_value(node, faults, "a text");
    }
    if (node->text.len > max_bytes) {
        yaml_fail(faults, node, "a text of at most %zu bytes is expected here", max_bytes);
        return false;
    }
    *ret_text = node->text;
    return true;
}

static bool is_id(struct str text, bool path)
{
    bool at_start = true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_inner = (c >= '0' && c <= '9') || c == '_';
        bool is_slash = path && c == '/';
        if (at_start ? !is_letter : !is_letter && !is_inner && !is_slash) {
            return false;
        }
        at_start = is_slash;
    }
    return !at_start;
}

bool yaml_read_id(const struct yaml_node *node, bool path, struct yaml_faults *faults,
                  struct str *ret_id)
{
    enum { ID_MAX_BYTES = 48 };
    if (node->kind != YAML_SCALAR || node->text.len > ID_MAX_BYTES || !is_id(node->text, path)) {
        return fail_value(node, faults, "an id in snake_case of at most 48 bytes");
    }
    *ret_id = node->text;
    return true;
}

bool yaml_read_int64(const struct yaml_node *node, int64_t min, int64_t max,
                     struct yaml_faults *faults, int64_t *ret_value)
{
    if (node->kind == YAML_SCALAR && node->is_plain &&
        str_to_int64(node->text, min, max, ret_value)) {
        return true;
    }
    char expected[96];
    (void)snprintf(expected, sizeof(expected), "a whole number from %lld to %lld", (long long)min,
                   (long long)max);
    return fail_value(node, faults, expected);
}

bool yaml_read_bool(const struct yaml_node *node, struct yaml_faults *faults, bool *ret_value)
{
    bool is_true = node->kind == YAML_SCALAR && node->is_plain && str_is(node->text, "true");
    bool is_false = node->kind == YAML_SCALAR && node->is_plain && str_is(node->text, "false");
    if (!is_true && !is_false) {
        return fail_value(node, faults, "true or false");
    }
    *ret_value = is_true;
    return true;
}

bool yaml_read_duration_ms(const struct yaml_node *node, int64_t min_ms, int64_t max_ms,
                           struct yaml_faults *faults, int64_t *ret_ms)
{
    int64_t ms = 0;
    if (node->kind != YAML_SCALAR || !str_to_duration_ms(node->text, &ms)) {
        return fail_value(node, faults, "a duration as in 90s, 15m, 2h or 14d");
    }
    if (ms < min_ms || ms > max_ms) {
        yaml_fail(faults, node, "expected a duration from %lld ms to %lld ms, found %lld ms",
                  (long long)min_ms, (long long)max_ms, (long long)ms);
        return false;
    }
    *ret_ms = ms;
    return true;
}

bool yaml_read_percent(const struct yaml_node *node, struct yaml_faults *faults,
                       uint32_t *ret_basis_points)
{
    const char *expected = "a percentage as in 30% or 2.5%";
    enum { WHOLE_IN_BASIS_POINTS = 10000 };
    if (node->kind != YAML_SCALAR || node->text.len < 2 ||
        node->text.at[node->text.len - 1] != '%') {
        return fail_value(node, faults, expected);
    }
    struct str number = {node->text.at, node->text.len - 1};
    const char *point = memchr(number.at, '.', number.len);
    struct str whole = {number.at, point == NULL ? number.len : (size_t)(point - number.at)};
    struct str rest = {point == NULL ? "0" : point + 1,
                       point == NULL ? 1 : number.len - whole.len - 1};
    int64_t percents = 0;
    int64_t decimals = 0;
    if (!str_to_int64(whole, 0, 100, &percents) || whole.at[0] == '-' || rest.len > 2 ||
        !str_to_int64(rest, 0, 99, &decimals) || rest.at[0] == '-') {
        return fail_value(node, faults, expected);
    }
    int64_t value = percents * 100 + (rest.len == 1 ? decimals * 10 : decimals);
    if (value > WHOLE_IN_BASIS_POINTS) {
        return fail_value(node, faults, expected);
    }
    *ret_basis_points = (uint32_t)value;
    return true;
}

static bool read_two(const char *at, int64_t *ret_value)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') {
        return false;
    }
    *ret_value = (at[0] - '0') * 10 + (at[1] - '0');
    return true;
}

bool yaml_parse_clock(struct str text, int64_t *ret_minute)
{
    enum { DAY_MINUTES = 24 * 60 };
    int64_t hour = 0;
    int64_t minute = 0;
    if (text.len != 5 || text.at[2] != ':' || !read_two(text.at, &hour) ||
        !read_two(text.at + 3, &minute) || minute > 59 || hour * 60 + minute > DAY_MINUTES) {
        return false;
    }
    *ret_minute = hour * 60 + minute;
    return true;
}

bool yaml_read_clock(const struct yaml_node *node, struct yaml_faults *faults, uint32_t *ret_minute)
{
    int64_t minute = 0;
    if (node->kind != YAML_SCALAR || !yaml_parse_clock(node->text, &minute)) {
        return fail_value(node, faults, "a time of day, \"HH:MM\"");
    }
    *ret_minute = (uint32_t)minute;
    return true;
}

/* None of them: says which there are, and which may have been meant. */
static bool fail_choice(const struct yaml_node *node, const char *const *words, size_t count,
                        struct yaml_faults *faults)
{
    struct near near = near_start(node->text);
    char known[YAML_FAULT_MAX_BYTES] = "one of: ";
    size_t used = strlen(known);
    for (size_t i = 0; i < count; i++) {
        near_offer(&near, str_of(words[i]));
        int wrote =
            snprintf(known + used, sizeof(known) - used, "%s%s", i == 0 ? "" : ", ", words[i]);
        used += wrote > 0 && (size_t)wrote < sizeof(known) - used ? (size_t)wrote : 0;
    }
    if (node->kind == YAML_SCALAR && near.best.len > 0) {
        yaml_fail(faults, node, "unknown value \"%.*s\": did you mean \"%.*s\"?", shown(node->text),
                  node->text.at, (int)near.best.len, near.best.at);
        return false;
    }
    return fail_value(node, faults, known);
}

bool yaml_read_choice(const struct yaml_node *node, const char *const *words, size_t count,
                      struct yaml_faults *faults, size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (node->kind == YAML_SCALAR && str_is(node->text, words[i])) {
            *ret_index = i;
            return true;
        }
    }
    return fail_choice(node, words, count, faults);
}
