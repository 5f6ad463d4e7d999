/* The readers of single things in a directory file. */
#include "wire/directory_reader.h"

#include "base/assert.h"

enum { DAY_MINUTES = 24 * 60 };

void *directory_reader_take(struct directory_reader *reader, size_t count, size_t element_bytes)
{
    void *taken = arena_alloc_array(&reader->import->arena, count, element_bytes);
    if (taken == NULL) {
        reader->error = ERR_MEMORY;
    }
    return taken;
}

/* A text of the tree as one of the import; absent: empty. */
struct str directory_reader_text(struct directory_reader *reader, const struct yaml_node *node,
                                 size_t max_bytes)
{
    struct str text = {NULL, 0};
    if (node == NULL) {
        return text;
    }
    if (!yaml_read_text(node, max_bytes, reader->faults, &text)) {
        reader->is_good = false;
        return (struct str){NULL, 0};
    }
    struct str copy = arena_copy_str(&reader->import->arena, text);
    if (copy.at == NULL) {
        reader->error = ERR_MEMORY;
    }
    return copy;
}

struct str directory_reader_ref(struct directory_reader *reader, const struct yaml_node *node)
{
    return directory_reader_text(reader, node, DIRECTORY_REF_MAX_BYTES);
}

bool directory_reader_mapping(struct directory_reader *reader, const struct yaml_node *node,
                              const struct yaml_key *keys, size_t count)
{
    bool is_read = yaml_read_mapping(node, keys, count, reader->faults);
    reader->is_good = reader->is_good && is_read;
    return is_read;
}

/* The items of a list, which may be a single one; absent: none. */
size_t directory_reader_list(struct directory_reader *reader, const struct yaml_node *node,
                             size_t max, const struct yaml_node **ret_items)
{
    size_t count = 0;
    if (node != NULL && !yaml_read_list(node, true, max, reader->faults, ret_items, &count)) {
        reader->is_good = false;
        return 0;
    }
    return count;
}

struct str *directory_reader_texts(struct directory_reader *reader, const struct yaml_node *node,
                                   size_t max, size_t *ret_count)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, max, &items);
    struct str *texts = directory_reader_take(reader, count, sizeof(*texts));
    for (size_t i = 0; texts != NULL && i < count; i++) {
        texts[i] = directory_reader_text(reader, &items[i], ORG_SOURCE_MAX_BYTES);
    }
    *ret_count = texts == NULL ? 0 : count;
    return texts;
}

size_t directory_reader_choice(struct directory_reader *reader, const struct yaml_node *node,
                               const char *const *words, size_t count)
{
    size_t choice = 0;
    if (node != NULL && !yaml_read_choice(node, words, count, reader->faults, &choice)) {
        reader->is_good = false;
    }
    return choice;
}

bool directory_reader_bool(struct directory_reader *reader, const struct yaml_node *node)
{
    bool value = false;
    if (node != NULL && !yaml_read_bool(node, reader->faults, &value)) {
        reader->is_good = false;
    }
    return value;
}

void directory_reader_fail(struct directory_reader *reader, const struct yaml_node *at,
                           const char *text)
{
    yaml_fail(reader->faults, at, "%s", text);
    reader->is_good = false;
}

static bool read_digits(struct str text, size_t at, size_t len, int64_t max, int64_t *ret_value)
{
    struct str digits = {text.at + at, len};
    return text.len >= at + len && digits.at[0] != '-' && str_to_int64(digits, 0, max, ret_value);
}

uint32_t directory_reader_clock(struct directory_reader *reader, const struct yaml_node *node)
{
    int64_t minute = 0;
    struct str text = directory_reader_text(reader, node, 16);
    if (text.len > 0 && !yaml_parse_clock(text, &minute)) {
        directory_reader_fail(reader, node, "not a time of day, expected \"HH:MM\"");
    }
    return (uint32_t)minute;
}

/* The day of "YYYY-MM-DD" at the begin of the text, since 1970. */
static bool read_date(struct str text, int64_t *ret_day)
{
    static const uint32_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (text.len < 10 || text.at[4] != '-' || text.at[7] != '-' ||
        !read_digits(text, 0, 4, 9999, &year) || !read_digits(text, 5, 2, 12, &month) ||
        !read_digits(text, 8, 2, 31, &day) || year < 1970 || month < 1 || day < 1 ||
        day > month_days[month - 1]) {
        return false;
    }
    *ret_day = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    return true;
}

int64_t directory_reader_day(struct directory_reader *reader, const struct yaml_node *node)
{
    int64_t day = 0;
    struct str text = directory_reader_text(reader, node, 16);
    if (text.len > 0 && (text.len != 10 || !read_date(text, &day))) {
        directory_reader_fail(reader, node, "not a day, expected \"YYYY-MM-DD\"");
    }
    return day;
}

/* "YYYY-MM-DD HH:MM" on the unit's wall clock, in milliseconds since 1970 on it. */
int64_t directory_reader_local(struct directory_reader *reader, const struct yaml_node *node)
{
    int64_t day = 0;
    int64_t minute = 0;
    struct str text = directory_reader_text(reader, node, 32);
    if (text.len == 0) {
        return 0;
    }
    if (text.len != 16 || text.at[10] != ' ' || !read_date(text, &day) ||
        !yaml_parse_clock((struct str){text.at + 11, 5}, &minute)) {
        directory_reader_fail(reader, node, "not a local time, expected \"YYYY-MM-DD HH:MM\"");
        return 0;
    }
    return (day * DAY_MINUTES + minute) * 60000;
}

enum org_role directory_reader_role(struct directory_reader *reader, const struct yaml_node *node)
{
    const char *words[ORG_ROLE_COUNT - 1];
    for (int role = 1; role < ORG_ROLE_COUNT; role++) {
        words[role - 1] = org_role_id((enum org_role)role);
    }
    return (enum org_role)(directory_reader_choice(reader, node, words, ORG_ROLE_COUNT - 1) + 1);
}
