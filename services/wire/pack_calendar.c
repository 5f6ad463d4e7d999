#include "wire/pack_calendar.h"

#include "core/roster/zone.h"

struct list {
    struct calendar_span *spans;
    size_t count;
};

struct reading {
    struct yaml_faults *faults;
    struct calendar calendar;
    struct list terms;
    struct list holidays;
    struct list make_ups;
    struct calendar_key_date *key_dates;
};

static bool read_digits(struct str text, size_t at, size_t count, int64_t *ret_number)
{
    return str_to_int64((struct str){text.at + at, count}, 0, 9999, ret_number);
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    uint32_t next = month == 12 ? 1 : (uint32_t)month + 1;
    return zone_day_of(month == 12 ? year + 1 : year, next, 1) -
           zone_day_of(year, (uint32_t)month, 1);
}

/* "2026-10-01". */
static bool read_day(struct reading *reading, const struct yaml_node *node, int64_t *ret_day)
{
    struct str text = node->text;
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    bool is_date = node->kind == YAML_SCALAR && text.len == 10 && text.at[4] == '-' &&
                   text.at[7] == '-' && read_digits(text, 0, 4, &year) &&
                   read_digits(text, 5, 2, &month) && read_digits(text, 8, 2, &day);
    if (!is_date || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month)) {
        yaml_fail(reading->faults, node, "expected a date as in 2026-10-01");
        return false;
    }
    *ret_day = zone_day_of(year, (uint32_t)month, (uint32_t)day);
    return true;
}

static bool read_ends(struct reading *reading, const struct yaml_node *from,
                      const struct yaml_node *to, struct calendar_span *ret_span)
{
    if (!read_day(reading, from, &ret_span->first_day) ||
        !read_day(reading, to, &ret_span->last_day)) {
        return false;
    }
    if (ret_span->last_day < ret_span->first_day) {
        yaml_fail(reading->faults, to, "this day lies before `from`");
        return false;
    }
    return true;
}

/* A date, or {from, to}. */
static bool read_span(struct reading *reading, const struct yaml_node *node,
                      struct calendar_span *ret_span)
{
    const struct yaml_node *from = NULL;
    const struct yaml_node *to = NULL;
    const struct yaml_key keys[] = {{"from", true, &from}, {"to", true, &to}};
    if (node->kind == YAML_SCALAR) {
        bool is_good = read_day(reading, node, &ret_span->first_day);
        ret_span->last_day = ret_span->first_day;
        return is_good;
    }
    return yaml_read_mapping(node, keys, 2, reading->faults) &&
           read_ends(reading, from, to, ret_span);
}

static void read_spans(struct reading *reading, const struct yaml_node *node, struct list *list)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL ||
        !yaml_read_list(node, true, CALENDAR_SPANS_MAX, reading->faults, &items, &count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct calendar_span span;
        if (list->count == CALENDAR_SPANS_MAX) {
            yaml_fail(reading->faults, &items[i], "a pack has at most %d of these",
                      CALENDAR_SPANS_MAX);
            return;
        }
        if (read_span(reading, &items[i], &span)) {
            list->spans[list->count++] = span;
        }
    }
}

/* {name, from, to}. */
static bool read_key_date(struct reading *reading, const struct yaml_node *node,
                          struct calendar_key_date *ret_date)
{
    const struct yaml_node *name = NULL;
    const struct yaml_node *from = NULL;
    const struct yaml_node *to = NULL;
    const struct yaml_key keys[] = {
        {"name", true, &name}, {"from", true, &from}, {"to", true, &to}};
    return yaml_read_mapping(node, keys, 3, reading->faults) &&
           yaml_read_id(name, false, reading->faults, &ret_date->name) &&
           read_ends(reading, from, to, &ret_date->span);
}

static void read_key_dates(struct reading *reading, const struct yaml_node *node)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    struct calendar *calendar = &reading->calendar;
    if (node == NULL ||
        !yaml_read_list(node, true, CALENDAR_SPANS_MAX, reading->faults, &items, &count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (calendar->key_date_count == CALENDAR_SPANS_MAX) {
            yaml_fail(reading->faults, &items[i], "a pack has at most %d of these",
                      CALENDAR_SPANS_MAX);
            return;
        }
        struct calendar_key_date *date = &reading->key_dates[calendar->key_date_count];
        calendar->key_date_count += read_key_date(reading, &items[i], date) ? 1 : 0;
    }
}

static void read_weekdays(struct reading *reading, const struct yaml_node *node)
{
    static const char *const words[] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday"};
    const struct yaml_node *items = NULL;
    size_t count = 0;
    if (node == NULL || !yaml_read_list(node, true, 7, reading->faults, &items, &count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t index = 0;
        if (yaml_read_choice(&items[i], words, 7, reading->faults, &index)) {
            reading->calendar.weekdays |= UINT32_C(1) << (index + 1);
        }
    }
}

static void read_root(struct reading *reading, const struct yaml_node *root)
{
    const struct yaml_node *weekdays = NULL;
    const struct yaml_node *terms = NULL;
    const struct yaml_node *holidays = NULL;
    const struct yaml_node *make_ups = NULL;
    const struct yaml_node *key_dates = NULL;
    const struct yaml_key keys[] = {{"weekdays", false, &weekdays},
                                    {"terms", false, &terms},
                                    {"holidays", false, &holidays},
                                    {"make_up_days", false, &make_ups},
                                    {"key_dates", false, &key_dates}};
    if (yaml_read_mapping(root, keys, sizeof(keys) / sizeof(keys[0]), reading->faults)) {
        read_weekdays(reading, weekdays);
        read_spans(reading, terms, &reading->terms);
        read_spans(reading, holidays, &reading->holidays);
        read_spans(reading, make_ups, &reading->make_ups);
        read_key_dates(reading, key_dates);
    }
}

int pack_read_calendars(const struct yaml_node *const *roots, size_t root_count,
                        struct arena *arena, struct yaml_faults *faults,
                        struct calendar *ret_calendar)
{
    struct reading reading = {.faults = faults};
    size_t before = faults->count;
    struct list *lists[] = {&reading.terms, &reading.holidays, &reading.make_ups};
    for (size_t i = 0; i < 3 && root_count > 0; i++) {
        lists[i]->spans = arena_alloc_array(arena, CALENDAR_SPANS_MAX, sizeof(*lists[i]->spans));
        if (lists[i]->spans == NULL) {
            return ERR_MEMORY;
        }
    }
    reading.key_dates = arena_alloc_array(arena, root_count == 0 ? 0 : CALENDAR_SPANS_MAX,
                                          sizeof(*reading.key_dates));
    if (reading.key_dates == NULL) {
        return ERR_MEMORY;
    }
    reading.calendar.key_dates = reading.key_dates;
    for (size_t i = 0; i < root_count; i++) {
        read_root(&reading, roots[i]);
    }
    if (faults->count > before) {
        return ERR_INVALID;
    }
    reading.calendar.terms = reading.terms.spans;
    reading.calendar.term_count = reading.terms.count;
    reading.calendar.holidays = reading.holidays.spans;
    reading.calendar.holiday_count = reading.holidays.count;
    reading.calendar.make_up_days = reading.make_ups.spans;
    reading.calendar.make_up_count = reading.make_ups.count;
    *ret_calendar = reading.calendar;
    return 0;
}
