/* Rosters of a directory file -> entries. One line of a shift stands for each of its days, and for each of the people who take
 * turns in it. */
#include "base/assert.h"
#include "wire/directory_file_parts.h"
#include "wire/directory_reader.h"

enum { DAY_MINUTES = 24 * 60, WEEK_DAYS = 7, TURNS_MAX = 53 };

#define KEYS(keys) (keys), sizeof(keys) / sizeof((keys)[0])

enum turn { TURN_NONE, TURN_WEEK, TURN_DAY };

/* One line: who takes turns, and on which days. */
struct line {
    struct roster_shift shift;
    const struct str *people;
    size_t person_count;
    enum turn turn;
    uint32_t weekdays[WEEK_DAYS];
    size_t weekday_count;
};

static uint32_t read_weekday(struct directory_reader *reader, const struct yaml_node *node)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    return (uint32_t)directory_reader_choice(reader, node, days, WEEK_DAYS) + 1;
}

static void read_days(struct directory_reader *reader, const struct yaml_node *node,
                      struct line *line)
{
    const struct yaml_node *items = NULL;
    line->weekday_count = directory_reader_list(reader, node, WEEK_DAYS, &items);
    for (size_t i = 0; i < line->weekday_count; i++) {
        line->weekdays[i] = read_weekday(reader, &items[i]);
    }
}

/* What a turn needs: people, a day to count from, and no weekdays where each day is another's. */
static void judge_turn(struct directory_reader *reader, const struct yaml_node *node,
                       const struct line *line)
{
    bool takes_turns = line->turn != TURN_NONE;
    if (takes_turns != (line->person_count > 1)) {
        directory_reader_fail(reader, node,
                              "several persons take turns: `turn: week` or `turn: day`");
    } else if (takes_turns && line->shift.first_day == 0) {
        directory_reader_fail(reader, node, "whose turn it is counts from a day: `starting`");
    } else if ((line->turn == TURN_DAY) != (line->weekday_count == 0)) {
        directory_reader_fail(reader, node, "expected `days`, or `turn: day` without them");
    }
}

static bool read_line(struct directory_reader *reader, const struct yaml_node *node,
                      struct line *ret_line)
{
    static const char *const turns[] = {"none", "week", "day"};
    static const char *const on_days[] = {"every", "school", "other"};
    const struct yaml_node *days, *from, *to, *person, *substitute, *campus, *turn, *starting,
        *until, *on;
    const struct yaml_key keys[] = {
        {"days", false, &days},
        {"from", true, &from},
        {"to", true, &to},
        {"person", true, &person},
        {"substitute", false, &substitute},
        {"campus", false, &campus},
        {"turn", false, &turn},
        {"starting", false, &starting},
        {"until", false, &until},
        {"on", false, &on},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return false;
    }
    uint32_t start = directory_reader_clock(reader, from);
    uint32_t end = directory_reader_clock(reader, to);
    *ret_line = (struct line){
        .shift = {.start_minute = start % DAY_MINUTES,
                  .length_minutes = end > start ? end - start : end + DAY_MINUTES - start,
                  .substitute = directory_reader_ref(reader, substitute),
                  .campus = directory_reader_ref(reader, campus),
                  .first_day = directory_reader_day(reader, starting),
                  .last_day = directory_reader_day(reader, until),
                  .days = (enum roster_days)directory_reader_choice(reader, on, on_days, 3)},
        .turn = (enum turn)directory_reader_choice(reader, turn, turns, 3),
    };
    ret_line->people = directory_reader_texts(reader, person, TURNS_MAX, &ret_line->person_count);
    read_days(reader, days, ret_line);
    judge_turn(reader, node, ret_line);
    return ret_line->person_count > 0 && ret_line->people != NULL;
}

static size_t count_shifts(const struct line *line)
{
    return line->person_count * (line->weekday_count > 0 ? line->weekday_count : 1);
}

/* Each person's own first day and period: their turns never meet. */
static void write_shifts(const struct line *line, struct roster_shift *ret_shifts)
{
    uint32_t turn_days = line->turn == TURN_DAY ? 1 : WEEK_DAYS;
    size_t days = line->weekday_count > 0 ? line->weekday_count : 1;
    for (size_t p = 0; p < line->person_count; p++) {
        for (size_t d = 0; d < days; d++) {
            struct roster_shift *shift = &ret_shifts[p * days + d];
            *shift = line->shift;
            shift->person = line->people[p];
            shift->weekday = line->weekday_count > 0 ? line->weekdays[d] : 0;
            if (line->turn != TURN_NONE) {
                shift->first_day += (int64_t)p * turn_days;
                shift->period_days = (uint32_t)line->person_count * turn_days;
            }
        }
    }
}

static void read_shifts(struct directory_reader *reader, const struct yaml_node *node,
                        struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ROSTER_SHIFTS_MAX, &items);
    struct line *lines = directory_reader_take(reader, count, sizeof(*lines));
    size_t shift_count = 0;
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        if (!read_line(reader, &items[i], &lines[i])) {
            lines[i].person_count = 0;
        }
        shift_count += count_shifts(&lines[i]);
    }
    entry->shifts = directory_reader_take(reader, shift_count, sizeof(*entry->shifts));
    entry->record.roster.shift_count = 0;
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        write_shifts(&lines[i], &entry->shifts[entry->record.roster.shift_count]);
        entry->record.roster.shift_count += count_shifts(&lines[i]);
    }
}

static void read_overrides(struct directory_reader *reader, const struct yaml_node *node,
                           struct directory_entry *entry)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ROSTER_OVERRIDES_MAX, &items);
    entry->overrides = directory_reader_take(reader, count, sizeof(*entry->overrides));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *from, *to, *person, *substitute, *campus, *instead_of;
        const struct yaml_key keys[] = {
            {"from", true, &from},      {"to", true, &to},
            {"person", false, &person}, {"substitute", false, &substitute},
            {"campus", false, &campus}, {"instead_of", false, &instead_of},
        };
        if (directory_reader_mapping(reader, &items[i], KEYS(keys))) {
            entry->overrides[i] = (struct roster_override){
                .from_ms = directory_reader_local(reader, from),
                .to_ms = directory_reader_local(reader, to),
                .person = directory_reader_ref(reader, person),
                .substitute = directory_reader_ref(reader, substitute),
                .campus = directory_reader_ref(reader, campus),
                .instead_of = directory_reader_ref(reader, instead_of),
            };
        }
    }
    entry->record.roster.override_count = count;
}

static void read_holidays(struct directory_reader *reader, const struct yaml_node *node,
                          struct roster *roster)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ROSTER_HOLIDAYS_MAX, &items);
    struct calendar_span *holidays = directory_reader_take(reader, count, sizeof(*holidays));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *from, *to;
        const struct yaml_key keys[] = {{"from", true, &from}, {"to", true, &to}};
        if (directory_reader_mapping(reader, &items[i], KEYS(keys))) {
            holidays[i] = (struct calendar_span){directory_reader_day(reader, from),
                                                 directory_reader_day(reader, to)};
        }
    }
    roster->holidays = holidays;
    roster->holiday_count = count;
}

static void read_make_up_days(struct directory_reader *reader, const struct yaml_node *node,
                              struct roster *roster)
{
    const struct yaml_node *items = NULL;
    size_t count = directory_reader_list(reader, node, ROSTER_MAKE_UP_DAYS_MAX, &items);
    struct roster_make_up *make_ups = directory_reader_take(reader, count, sizeof(*make_ups));
    for (size_t i = 0; reader->error == 0 && i < count; i++) {
        const struct yaml_node *day, *as;
        const struct yaml_key keys[] = {{"day", true, &day}, {"as", true, &as}};
        if (directory_reader_mapping(reader, &items[i], KEYS(keys))) {
            make_ups[i] = (struct roster_make_up){directory_reader_day(reader, day),
                                                  read_weekday(reader, as)};
        }
    }
    roster->make_up_days = make_ups;
    roster->make_up_count = count;
}

void directory_read_roster(struct directory_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *unit, *role, *shifts, *overrides, *holidays, *make_up_days;
    const struct yaml_key keys[] = {
        {"unit", true, &unit},          {"role", true, &role},
        {"shifts", true, &shifts},      {"overrides", false, &overrides},
        {"holidays", false, &holidays}, {"make_up_days", false, &make_up_days},
    };
    if (!directory_reader_mapping(reader, node, KEYS(keys))) {
        return;
    }
    struct directory_entry *entry =
        directory_import_new_entry(reader->import, ORG_RECORD_ROSTER, node);
    if (entry == NULL) {
        reader->error = ERR_MEMORY;
        return;
    }
    entry->record.roster.unit = directory_reader_ref(reader, unit);
    entry->record.roster.role = str_of(org_role_id(directory_reader_role(reader, role)));
    read_shifts(reader, shifts, entry);
    read_overrides(reader, overrides, entry);
    read_holidays(reader, holidays, &entry->record.roster);
    read_make_up_days(reader, make_up_days, &entry->record.roster);
}
